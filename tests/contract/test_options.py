"""Options of products and their values."""

from typing import Any

import pytest

from tests.contract.shirts import add_values, option_of, shirt, value_of, values_of
from tests.contract.shop import Shop, View, exists, invalid, not_there, options_of, variant_of

FIT: dict[str, Any] = {"title": "Fit", "values": ["Slim", "Wide"], "is_exclusive": True}
IN_USE = invalid("Cannot unassign product option from product which has variants for that option")


@pytest.fixture
def product(shop: Shop) -> View:
    return shirt(shop)


def values(product: View, title: str, **parts: Any) -> dict[str, list[View]]:
    """The body of a change of values of an option."""
    return {"update": [{"product_option_id": option_of(product, title), **parts}]}


# --- adding and renaming ---


def test_an_option_is_added_without_values_for_the_variants(shop: Shop, product: View) -> None:
    """An unused one can be removed."""
    twice = exists("Product option value", option_id="<id>", value="a")
    assert shop.options_refusal(product, add=[{**FIT, "values": ["a", "a"]}]) == twice
    gone = not_there("product_id", "prod_gone")
    assert shop.options_refusal({"id": "prod_gone"}, add=[FIT]) == gone
    seen = shop.options(product, add=[FIT])
    assert values_of(seen) == {**values_of(product), "Fit": ["Slim", "Wide"]}
    assert all(option["is_exclusive"] for option in seen["options"])
    assert seen["variants"] == product["variants"]
    red = variant_of(seen, "S / Red")
    assert shop.options(seen, remove=[option_of(seen, "Fit"), "opt_gone"]) == product
    seen = shop.options(product, add=[FIT])
    complete = {"Size": "S", "Colour": "Red", "Fit": "Slim"}
    updated = shop.variants(seen, update=[{"id": red["id"], "options": complete}])
    assert options_of(updated, variant_of(updated, "S / Red")) == complete


def test_a_renamed_option_keeps_its_values_and_variants(shop: Shop, product: View) -> None:
    shop.call("POST", f"/admin/product-options/{option_of(product, 'Size')}", {"title": "Grösse"})
    seen = shop.product(product["id"])
    assert values_of(seen) == {"Grösse": ["M", "S"], "Colour": ["Blue", "Red"]}
    assert seen["variants"] == product["variants"]
    message = 'Product option with id "opt_gone" not found'
    refusal = shop.refusal("POST", "/admin/product-options/opt_gone", {"title": "x"})
    assert refusal == (404, "not_found", message)


# --- values ---


def test_values_are_added_once_and_trimmed_and_keep_their_ids_when_they_are_removed(
    shop: Shop, product: View
) -> None:
    seen = add_values(shop, product, "Size", "L", " L ", "", "\ufeffXL", "S")
    assert values_of(seen)["Size"] == ["L", "M", "S", "XL"]
    assert add_values(shop, seen, "Size", "L") == seen
    large = value_of(seen, "Size", "L")
    body = values(seen, "Size", remove=[large], add=[{"value": "New"}])
    assert values_of(shop.options(seen, **body))["Size"] == ["M", "New", "S", "XL"]
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


def test_a_change_of_another_option_is_refused(shop: Shop, product: View) -> None:
    other = shirt(shop, 2)
    for option_id, shown in ((option_of(other, "Size"), "<id>"), ("opt_gone", "opt_gone")):
        body = {"update": [{"product_option_id": option_id, "add": [{"value": "L"}]}]}
        message = f"Some product options are not linked to products: [<id>:{shown}]"
        assert shop.options_refusal(product, **body) == invalid(message)
    assert shop.product(other["id"]) == other


# --- removing ---


def test_an_option_in_use_is_not_removed(shop: Shop, product: View) -> None:
    assert shop.options_refusal(product, remove=[option_of(product, "Size")]) == IN_USE
    assert shop.batch_refusal(update=[{"id": product["id"], "option_ids": []}]) == IN_USE
    assert shop.product(product["id"]) == product
    ids = [option_of(product, title) for title in ("Size", "Colour")]
    assert shop.update(product, option_ids=ids) == product
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
