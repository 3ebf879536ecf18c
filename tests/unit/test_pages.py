"""Each command of the pages is run by a test, or is listed with the reason why not."""

from pathlib import Path

import pytest

from docs.build import DOCS
from tests.e2e.scenes import SCENES
from tests.pages import NOT_RUN, PAGES, TRANSCRIPTS, blocks, commands

MOST_PAGES, MOST_WORDS = 31, 31_000


def not_run(page: Path) -> list[str]:
    """The commands that a test should run, but does not."""
    if page.name in SCENES:
        return []
    return [each.first for each in commands(page) if page.name not in TRANSCRIPTS or each.language != "bash"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_each_command_of_a_page_is_run_by_a_test(page: Path) -> None:
    """Of a scene, which runs all of its page, or of a transcript; or tests/pages.py says why not."""
    assert not_run(page) == []


def test_what_is_not_run_is_still_on_its_page() -> None:
    first = {(page.name, each.first) for page in PAGES for each in blocks(page)}
    assert {(name, each) for name, reasons in NOT_RUN.items() for each in reasons} - first == set()


def test_scenes_and_transcripts_are_of_pages_with_commands() -> None:
    assert {*SCENES, *TRANSCRIPTS} == {page.name for page in PAGES if commands(page)}


def test_the_pages_are_few_and_short() -> None:
    pages = sorted(DOCS.glob("*.md"))
    assert len(pages) <= MOST_PAGES
    assert sum(len(each.read_text(encoding="utf-8").split()) for each in pages) <= MOST_WORDS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_every_block_of_a_page_is_found(page: Path) -> None:
    """One that is not closed, or has another form of a title, would hide a command."""
    lines = page.read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip().startswith("```")]) == 2 * len(list(blocks(page)))
