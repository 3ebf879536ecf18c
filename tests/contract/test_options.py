"""Options of products and their values."""

from typing import Any

import pytest

from tests.contract.shirts import add_values, option_of, shirt, value_of, values_of
from tests.contract.shop import Refusal, Shop, View, exists, invalid, not_there, options_of, variant_of

FIT: dict[str, Any] = {"title": "Fit", "values": ["Slim", "Wide"], "is_exclusive": True}
IN_USE = invalid("Cannot unassign product option from product which has variants for that option")


@pytest.fixture
def product(shop: Shop) -> View:
    return shirt(shop)


def values(product: View, title: str, **parts: Any) -> dict[str, list[View]]:
    """The body of a change of values of an option."""
    return {"update": [{"product_option_id": option_of(product, title), **parts}]}


def rename_option(shop: Shop, product: View, title: str, new: str) -> View:
    shop.call("POST", f"/admin/product-options/{option_of(product, title)}", {"title": new})
    return shop.product(product["id"])


# --- adding and renaming ---


def test_an_option_is_added_without_values_for_the_variants(shop: Shop, product: View) -> None:
    seen = shop.options(product, add=[FIT])
    assert values_of(seen) == {**values_of(product), "Fit": ["Slim", "Wide"]}
    assert all(option["is_exclusive"] for option in seen["options"])
    assert seen["variants"] == product["variants"]
    red = variant_of(seen, "S / Red")
    complete = {"Size": "S", "Colour": "Red", "Fit": "Slim"}
    updated = shop.variants(seen, update=[{"id": red["id"], "options": complete}])
    assert options_of(updated, variant_of(updated, "S / Red")) == complete


def test_options_may_have_the_same_title(shop: Shop, product: View) -> None:
    seen = shop.options(shop.options(product, add=[FIT]), add=[FIT])
    seen = rename_option(shop, seen, "Size", "Colour")
    assert sorted(option["title"] for option in seen["options"]) == ["Colour", "Colour", "Fit", "Fit"]
    assert {options_of(seen, each)["Colour"] for each in seen["variants"]} <= {"S", "M", "Red", "Blue"}


@pytest.mark.parametrize(
    ("product_id", "added", "refusal"),
    [
        (
            *("", {**FIT, "values": ["a", "a"]}),
            exists("Product option value", option_id="<id>", value="a"),
        ),
        ("prod_gone", FIT, not_there("product_id", "prod_gone")),
    ],
)
def test_wrong_options_are_refused(
    shop: Shop, product: View, product_id: str, added: View, refusal: Refusal
) -> None:
    assert shop.options_refusal({"id": product_id or product["id"]}, add=[added]) == refusal
    assert shop.product(product["id"]) == product


def test_a_renamed_option_keeps_its_values_and_variants(shop: Shop, product: View) -> None:
    seen = rename_option(shop, product, "Size", "Grösse")
    assert values_of(seen) == {"Grösse": ["M", "S"], "Colour": ["Blue", "Red"]}
    assert seen["variants"] == product["variants"]
    message = 'Product option with id "opt_gone" not found'
    refusal = shop.refusal("POST", "/admin/product-options/opt_gone", {"title": "x"})
    assert refusal == (404, "not_found", message)


# --- values ---


def test_values_are_added_once_and_trimmed(shop: Shop, product: View) -> None:
    seen = add_values(shop, product, "Size", "L", " L ", "", "XL", "S")
    assert values_of(seen)["Size"] == ["L", "M", "S", "XL"]
    assert add_values(shop, seen, "Size", "L") == seen


def test_a_removed_value_keeps_its_id(shop: Shop, product: View) -> None:
    product = add_values(shop, product, "Size", "L")
    large = value_of(product, "Size", "L")
    seen = shop.options(product, **values(product, "Size", remove=[large], add=[{"value": "New"}]))
    assert values_of(seen)["Size"] == ["M", "New", "S"]
    assert value_of(add_values(shop, seen, "Size", "L"), "Size", "L") == large


def test_a_value_in_use_is_not_removed(shop: Shop, product: View) -> None:
    """Nothing of the call stays."""
    body = values(product, "Size", remove=[value_of(product, "Size", "S")], add=[{"value": "New"}])
    status, kind, message = shop.options_refusal(product, add=[FIT], **body)
    begin, _, titles = message.partition(": ")
    assert (status, kind, begin) == invalid(
        "Cannot unassign option values from product because the following variant(s) are using it"
    )
    assert sorted(titles.split(", ")) == ["S / Blue", "S / Red"]
    assert shop.product(product["id"]) == product


def test_values_of_other_options_are_ignored_or_refused(shop: Shop, product: View) -> None:
    product, other = add_values(shop, product, "Size", "L"), shirt(shop, 2)
    body = values(product, "Colour", remove=["optval_gone", value_of(product, "Size", "L")])
    assert shop.options(product, **body) == product
    for option_id, shown in ((option_of(other, "Size"), "<id>"), ("opt_gone", "opt_gone")):
        body = {"update": [{"product_option_id": option_id, "add": [{"value": "L"}]}]}
        message = f"Some product options are not linked to products: [<id>:{shown}]"
        assert shop.options_refusal(product, **body) == invalid(message)
    assert shop.product(other["id"]) == other


# --- removing ---


def test_an_unused_option_is_removed(shop: Shop, product: View) -> None:
    seen = shop.options(product, add=[FIT])
    assert shop.options(seen, remove=[option_of(seen, "Fit"), "opt_gone"]) == product


def test_an_option_in_use_is_not_removed(shop: Shop, product: View) -> None:
    assert shop.options_refusal(product, remove=[option_of(product, "Size")]) == IN_USE
    assert shop.batch_refusal(update=[{"id": product["id"], "option_ids": []}]) == IN_USE
    assert shop.product(product["id"]) == product
    bare = [{"id": each["id"], "options": {}} for each in product["variants"]]
    shop.variants(product, update=bare)
    assert set(values_of(shop.options(product, remove=[option_of(product, "Colour")]))) == {"Size"}


@pytest.mark.parametrize("sends_options", [True, False])
def test_an_option_is_removed_with_a_list_of_the_variants(shop: Shop, sends_options: Any) -> None:
    """The only way to remove an option in one call."""
    product = shirt(shop, colours=("Red",))
    kept = [{"options": {"Size": options_of(product, each)["Size"]}} for each in product["variants"]]
    variants = [
        {"id": each["id"], **(own if sends_options else {})}
        for each, own in zip(product["variants"], kept, strict=True)
    ]
    updated = shop.update(product, option_ids=[option_of(product, "Size")], variants=variants)
    assert values_of(updated) == {"Size": ["M", "S"]}
    for before, after in zip(product["variants"], updated["variants"], strict=True):
        assert options_of(updated, after) == {"Size": options_of(product, before)["Size"]}
        assert after == {**before, "options": after["options"]}


def test_option_ids_of_a_product_update_are_checked(shop: Shop, product: View) -> None:
    ids = [option_of(product, title) for title in ("Size", "Colour")]
    assert shop.update(product, option_ids=ids) == product
    variants = [{"id": variant_of(product, "S / Red")["id"], "options": {"Size": "S", "Colour": "Red"}}]
    body = {"id": product["id"], "option_ids": ids[:1], "variants": variants}
    message = (
        "Product has 1 option values but there were 2 provided option values for the variant: undefined."
    )
    assert shop.batch_refusal(update=[body]) == invalid(message)
    assert shop.product(product["id"]) == product
