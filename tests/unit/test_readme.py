"""The README agrees with the code and with the pages."""

import re

from docs.build import DOCS, README

TEXT = README.read_text(encoding="utf-8")


def test_it_has_at_most_140_lines() -> None:
    assert len(TEXT.splitlines()) <= 140


def test_it_shows_how_to_try_and_how_to_test() -> None:
    makefile = (README.parent / "Makefile").read_text(encoding="utf-8")
    commands = re.findall(r"^\$ make (\w+)", TEXT, re.MULTILINE)
    assert commands == ["demo", "test"]
    assert all(re.search(rf"^{command}:", makefile, re.MULTILINE) for command in commands)


def test_it_lists_the_promises() -> None:
    promises = TEXT.partition("## Promises")[2].partition("\n## ")[0]
    assert re.findall(r"^(\d)\. \*\*", promises, re.MULTILINE) == list("12345678")


def test_it_leads_to_the_pages() -> None:
    linked = set(re.findall(r"\]\(docs/([\w-]+\.md)", TEXT))
    assert linked <= {page.name for page in DOCS.glob("*.md")}
    assert {"tutorial.md", "options.md", "operating.md", "how-it-works.md", "upgrading.md"} <= linked
