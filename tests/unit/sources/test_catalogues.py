"""Catalogues of other programs become products as `tests/catalogues/golden/` has them."""

import pytest

from tests.catalogues import CATALOGUES, golden_of, rendered


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_catalogue_becomes_its_golden_products(name: str) -> None:
    """If this is meant, `python -m tests.catalogues` writes the new ones."""
    assert rendered(name) == golden_of(name).read_text(encoding="utf-8")


def test_there_is_no_golden_file_without_its_catalogue() -> None:
    folder = golden_of("").parent
    assert {each.name for each in folder.iterdir()} == {golden_of(name).name for name in CATALOGUES}
