"""The pages agree with the code."""

import re
from pathlib import Path

import pytest

from docs.build import README, filled, pages
from medusa_sync.core.fields import FIELDS, METADATA, VARIANT_FIELDS
from medusa_sync.errors import EXIT_CODES
from medusa_sync.settings.options import ALL_OPTIONS

ROOT = README.parent
PAGES = [README, *sorted(ROOT.glob("docs/*.md"))]
PLACEHOLDERS = re.compile(r"\b[NM2]\b|'usd'|\.\.\.|[a-zA-Z_]+: ")
OF_OTHERS = {"Expected int | float, got str", "already exists"}  # messages of msgspec and of Medusa


def test_generated_tables_are_up_to_date() -> None:
    for page, blocks in pages().items():
        text = page.read_text(encoding="utf-8")
        assert filled(text, blocks) == text, "run `make docs`"


def test_the_page_of_options_names_each_flag_and_each_variable() -> None:
    lines = (ROOT / "docs" / "options.md").read_text(encoding="utf-8").splitlines()
    for option in ALL_OPTIONS:
        start = f"| `{option.flag}" if option.flag else f"| - | `{option.variable}`"
        [row] = [
            line
            for line in lines
            if re.match(rf"{re.escape(start)}[ `]", line) or line.startswith(f"{start} ")
        ]
        assert not option.variable or f"| `{option.variable}` |" in row
        assert option.help.replace("|", "\\|") in row


def test_troubleshooting_quotes_messages_of_the_package() -> None:
    sources = sorted((ROOT / "medusa_sync").rglob("*.py"))
    code = re.sub(r'"\s+f?"', "", "".join(path.read_text(encoding="utf-8") for path in sources))
    table = README.read_text(encoding="utf-8").partition("## Troubleshooting")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (.*?) (?<!\\)\|", table, re.MULTILINE)
    quoted = [text.replace("\\|", "|") for cell in cells for text in re.findall(r"`([^`]+)`", cell)]
    assert len(quoted) > 20
    words = {word.strip() for text in quoted for word in PLACEHOLDERS.split(text)}
    assert {word for word in words if word not in code} == OF_OTHERS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_work(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_headings(page: Path) -> None:
    for name, anchor in re.findall(r"\]\(((?!https?:)[^)#]*)#([^)]+)\)", page.read_text(encoding="utf-8")):
        target = page.parent / name if name else page
        titles = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        slugs = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
        assert anchor in slugs


def test_each_exit_code_has_a_section_on_what_to_do() -> None:
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    headings = " ".join(re.findall(r"^## ([\d and,]+):", text, re.MULTILINE))
    assert set(map(int, re.findall(r"\d+", headings))) == {*EXIT_CODES, 143}
    sections = re.split(r"^##+ ", text, flags=re.MULTILINE)[1:]
    for section in sections:
        if not section.startswith("6: "):  # its guards have their own
            assert section.count("**The shop:**") == section.count("**Now:**") == 1, section[:40]


def test_files_that_the_pages_name_exist() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"`((?:tests|docs|benchmarks)/[^`*]+\.\w+)`", text))
    assert len(named) > 20
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_mapping_page_names_every_field() -> None:
    text = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
    quoted = " ".join(re.findall(r"`([^`]+)`", text))
    words = re.findall(r"\w+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", quoted).lower())  # keys are in snake_case
    assert {name.removeprefix(METADATA) for name in [*FIELDS, *VARIANT_FIELDS]} <= set(words)


def test_benchmarks_page_has_results() -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert "| 5,000 |" in text.partition("<!-- results -->")[2]
