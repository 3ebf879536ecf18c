"""Each command of the pages is run by a test, or is listed with the reason why not."""

from pathlib import Path

import pytest

from docs.build import DOCS
from tests.e2e.scenes import SCENES
from tests.pages import NOT_RUN, PAGES, blocks, commands

WALKED = {*SCENES, "tutorial.md"}
MOST_PAGES, MOST_WORDS = 30, 30_000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_each_command_of_a_page_is_run_by_a_test(page: Path) -> None:
    left = [each.first for each in commands(page)] if page.name not in WALKED else []
    assert left == [], "add a scene to tests/e2e/scenes.py, or the reason to NOT_RUN in tests/pages.py"


def test_what_is_not_run_is_still_on_a_page() -> None:
    first = {each.first for page in PAGES for each in blocks(page)}
    assert {*NOT_RUN} - first == set()
    assert all(NOT_RUN.values())


def test_the_scenes_are_those_of_pages_with_commands() -> None:
    assert {*WALKED} == {page.name for page in PAGES if commands(page)}


def test_the_pages_are_few_and_short() -> None:
    pages = sorted(DOCS.glob("*.md"))
    assert len(pages) <= MOST_PAGES
    assert sum(len(each.read_text(encoding="utf-8").split()) for each in pages) <= MOST_WORDS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_every_block_of_a_page_is_found(page: Path) -> None:
    """One that is not closed, or has another form of a title, would hide a command."""
    lines = page.read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip().startswith("```")]) == 2 * len(list(blocks(page)))
