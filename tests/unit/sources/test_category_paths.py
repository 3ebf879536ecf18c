"""Category paths become nested categories."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.fields import CATEGORIES
from medusa_sync.core.product import Category, DesiredProduct
from medusa_sync.sources.base import Rejected
from medusa_sync.sources.mapping import nested, to_row
from tests.unit.builders import desired_product, row
from tests.unit.sources.pages import MAPPING


def reason_of(**changes: Any) -> str:
    rejected = to_row(row(1, **changes), MAPPING)
    assert isinstance(rejected, Rejected)
    return rejected.reason


def test_a_product_is_in_the_last_category_of_its_path() -> None:
    desired = desired_product(category=None, categories=[["Apparel", "Men's Shirts", "Polos"]])
    assert desired.fields[CATEGORIES] == ("apparel-men-s-shirts-polos",)
    assert desired.categories == {
        "apparel": Category("Apparel"),
        "apparel-men-s-shirts": Category("Men's Shirts", "apparel"),
        "apparel-men-s-shirts-polos": Category("Polos", "apparel-men-s-shirts"),
    }


def test_a_product_without_paths_brings_no_categories() -> None:
    desired = desired_product(category="kitchen")
    assert (desired.fields[CATEGORIES], desired.categories) == (("kitchen",), {})


def test_a_path_of_one_name_is_the_category_of_that_slug() -> None:
    desired = desired_product(category="garden-tools", categories=[["Garden Tools"]])
    assert desired.fields[CATEGORIES] == ("garden-tools",)
    assert desired.categories == {"garden-tools": Category("Garden Tools")}


def test_a_product_may_have_a_category_and_paths() -> None:
    paths = [["Home", "Sale"], ["Garden", "Sale"], ["Home", "Sale"], ["Home"]]
    desired = desired_product(category="kitchen", categories=paths)
    assert desired.fields[CATEGORIES] == ("kitchen", "home-sale", "garden-sale", "home")
    assert desired.categories["home-sale"] == Category("Sale", "home")
    assert desired.categories["garden-sale"] == Category("Sale", "garden")


def test_a_category_may_have_the_name_of_the_one_above_it() -> None:
    leaves, categories = nested([["Toys", "Toys"]])
    assert leaves == ("toys-toys",)
    assert categories == {"toys": Category("Toys"), "toys-toys": Category("Toys", "toys")}


def test_of_two_paths_with_the_same_handle_the_first_one_counts() -> None:
    leaves, categories = nested([["Home & Garden"], ["Home", "Garden"]])
    assert leaves == ("home-garden",)
    assert categories["home-garden"] == Category("Home & Garden")


@pytest.mark.parametrize("nothing", ["", " \n", "&", "---", "★"])
def test_a_name_without_letters_or_digits_is_left_out(nothing: str) -> None:
    assert nested([["Home", nothing, "Sale"], [nothing, "Home"]]) == nested([["Home", "Sale"], ["Home"]])
    assert nested([[nothing], []]) == ((), {})


def test_names_are_on_one_line() -> None:
    assert nested([["  Wine \n Bar\x00s "]])[1] == {"wine-bars": Category("Wine Bars")}


def test_names_of_any_script_have_a_handle() -> None:
    leaves, categories = nested([["Одежда", "Рубашки"]])
    assert leaves == ("odezhda-rubashki",)
    assert [each.name for each in categories.values()] == ["Одежда", "Рубашки"]


def test_a_path_that_is_too_long_for_a_handle_is_rejected() -> None:
    assert desired_product(categories=[["x" * 199] * 5]).fields[CATEGORIES]
    reason = reason_of(categories=[["x" * 199] * 5 + ["Polos"]])
    assert reason == "categories: the path to 'Polos' is too long"


@pytest.mark.parametrize(
    ("paths", "where"),
    [
        ([["x"] * 21], "categories[0]: "),
        ([["x"]] * 51, "categories: "),
        ([["x" * 256]], "categories[0][0]: "),
        ([[1]], "categories[0][0]: "),
        (["Apparel > Shirts"], "categories[0]: "),
        ("Apparel > Shirts", "categories: "),
    ],
)
def test_paths_beyond_the_limits_are_rejected(paths: Any, where: str) -> None:
    assert reason_of(categories=paths).startswith(where)


NAMES = st.text(string.ascii_letters + string.digits + " &-é★", max_size=8)


@given(st.lists(st.lists(NAMES, max_size=5), max_size=5))
def test_every_category_has_its_ancestors_and_a_longer_handle(paths: list[list[str]]) -> None:
    leaves, categories = nested(paths)
    assert categories.keys() >= set(leaves)
    assert len(leaves) == len(set(leaves))
    for handle, category in categories.items():
        assert category.parent is None or category.parent in categories
        assert handle.startswith(f"{category.parent}-" if category.parent else "")
        assert category.name


@given(st.lists(st.lists(NAMES, max_size=5), max_size=5))
def test_any_paths_can_be_mapped(paths: list[list[str]]) -> None:
    assert isinstance(to_row(row(1, categories=paths), MAPPING), DesiredProduct)


def test_a_category_may_have_a_handle_of_its_own() -> None:
    shirts = {"name": "Shirts", "handle": "all-shirts"}
    desired = desired_product(
        category=None, categories=[["Apparel", shirts, "Polos"], {"name": "服", "handle": "Clothes!"}, shirts]
    )
    assert desired.fields[CATEGORIES] == ("all-shirts-polos", "clothes", "all-shirts")
    assert desired.categories == {
        "apparel": Category("Apparel"),
        "all-shirts": Category("Shirts", "apparel"),
        "all-shirts-polos": Category("Polos", "all-shirts"),
        "clothes": Category("服"),
    }


def test_a_category_without_a_handle_has_that_of_its_path() -> None:
    one = desired_product(category=None, categories=[["Apparel", {"name": "Shirts"}]])
    two = desired_product(category=None, categories=[["Apparel", "Shirts"]])
    assert (one.fields, one.categories) == (two.fields, two.categories)
