"""Category paths become nested categories."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.fields import CATEGORIES
from medusa_sync.core.product import Category
from medusa_sync.sources.base import Rejected
from medusa_sync.sources.mapping import to_row
from tests.unit.builders import desired_product, row
from tests.unit.sources.pages import MAPPING

SHIRTS = {"name": "Shirts", "handle": "all-shirts"}
HOME = {"home": Category("Home"), "home-sale": Category("Sale", "home")}


@pytest.mark.parametrize(
    ("category", "paths", "leaves", "categories"),
    [
        (
            None,
            [["Apparel", "Men's Shirts", "Polos"]],
            ("apparel-men-s-shirts-polos",),
            {
                "apparel": Category("Apparel"),
                "apparel-men-s-shirts": Category("Men's Shirts", "apparel"),
                "apparel-men-s-shirts-polos": Category("Polos", "apparel-men-s-shirts"),
            },
        ),
        ("kitchen", None, ("kitchen",), {}),
        ("garden-tools", [["Garden Tools"]], ("garden-tools",), {"garden-tools": Category("Garden Tools")}),
        (
            "kitchen",
            [["Home", "Sale"], ["Garden", "Sale"], ["Home", "Sale"], ["Home"]],
            ("kitchen", "home-sale", "garden-sale", "home"),
            {**HOME, "garden": Category("Garden"), "garden-sale": Category("Sale", "garden")},
        ),
        # A category may have the name of the one above it.
        (
            None,
            [["Toys", "Toys"]],
            ("toys-toys",),
            {"toys": Category("Toys"), "toys-toys": Category("Toys", "toys")},
        ),
        # Of two paths with the same handle, the first one counts.
        (
            None,
            [["Home & Garden"], ["Home", "Garden"]],
            ("home-garden",),
            {"home-garden": Category("Home & Garden"), "home": Category("Home")},
        ),
        # A name without letters or digits is left out.
        *(
            (None, [["Home", nothing, "Sale"], [nothing, "Home"], [nothing], []], ("home-sale", "home"), HOME)
            for nothing in ("", " \n", "&", "---", "★")
        ),
        (None, [["  Wine \n Bar\x00s "]], ("wine-bars",), {"wine-bars": Category("Wine Bars")}),
        (
            None,
            [["Одежда", "Рубашки"]],
            ("odezhda-rubashki",),
            {"odezhda": Category("Одежда"), "odezhda-rubashki": Category("Рубашки", "odezhda")},
        ),
        # A category may have a handle of its own.
        (
            None,
            [["Apparel", SHIRTS, "Polos"], {"name": "服", "handle": "Clothes!"}, SHIRTS],
            ("all-shirts-polos", "clothes", "all-shirts"),
            {
                "apparel": Category("Apparel"),
                "all-shirts": Category("Shirts", "apparel"),
                "all-shirts-polos": Category("Polos", "all-shirts"),
                "clothes": Category("服"),
            },
        ),
        (None, [["Home", {"name": "Sale"}]], ("home-sale",), HOME),
    ],
)
def test_a_product_is_in_the_last_category_of_each_path(
    category: str | None, paths: Any, leaves: tuple[str, ...], categories: dict[str, Category]
) -> None:
    desired = desired_product(category=category, categories=paths)
    assert (desired.fields[CATEGORIES], desired.categories) == (leaves, categories)


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        ([["x" * 199] * 5 + ["Polos"]], "categories: the path to 'Polos' is too long"),
        ([["x"] * 21], "categories[0]: "),
        ([["x"]] * 51, "categories: "),
        ([["x" * 256]], "categories[0][0]: "),
        ([[1]], "categories[0][0]: "),
        (["Apparel > Shirts"], "categories[0]: "),
        ("Apparel > Shirts", "categories: "),
    ],
)
def test_paths_beyond_the_limits_are_rejected(paths: Any, reason: str) -> None:
    rejected = to_row(row(1, categories=paths), MAPPING)
    assert isinstance(rejected, Rejected)
    assert rejected.reason.startswith(reason)


NAMES = st.text(string.ascii_letters + string.digits + " &-é★", max_size=8)


@given(st.lists(st.lists(NAMES, max_size=5), max_size=5))
def test_every_category_has_its_ancestors_and_a_longer_handle(paths: list[list[str]]) -> None:
    desired = desired_product(category=None, categories=paths)
    leaves = desired.fields[CATEGORIES]
    assert isinstance(leaves, tuple)
    assert desired.categories.keys() >= set(leaves)
    assert len(leaves) == len(set(leaves))
    for handle, category in desired.categories.items():
        assert category.parent is None or category.parent in desired.categories
        assert handle.startswith(f"{category.parent}-" if category.parent else "")
        assert category.name
