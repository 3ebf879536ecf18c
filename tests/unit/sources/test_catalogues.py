"""Catalogues of other programs become products as `tests/catalogues/golden/` has them."""

import pytest

from tests.catalogues import CATALOGUES, golden_of, rendered
from tests.catalogues.ecosystem import differences


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_catalogue_becomes_its_golden_products(name: str) -> None:
    """If this is meant, `python -m tests.catalogues` writes the new ones."""
    assert rendered(name) == golden_of(name).read_text(encoding="utf-8")


def test_there_is_no_golden_file_without_its_catalogue() -> None:
    folder = golden_of("").parent
    assert {each.name for each in folder.iterdir()} == {golden_of(name).name for name in CATALOGUES}


def test_the_difference_of_a_change_names_what_became_other() -> None:
    product = {"external_id": "shop:1", "fields": {"title": "Mug"}}
    before = {"format": "CSV", "notes": ["a"], "rows": [product, {"rejected": "2", "reason": "price"}]}
    after = {"format": "XML", "notes": ["b"], "rows": [{**product, "fields": {"title": "Jug"}}]}
    same = {"format": "JSON", "notes": [], "rows": []}
    found = differences({"x": before, "y": same, "z": same}, {"x": after, "y": same, "z": {"refused": "no"}})
    assert list(found) == [
        "x: format: CSV -> XML",
        "x: products that differ: 1, such as shop:1",
        "x: rejected: 1 -> 0",
        "x: - a",
        "x: + b",
        "z: refused: None -> no",
        "z: format: JSON -> None",
        "2 of 3 catalogues are read in another way.",
    ]
