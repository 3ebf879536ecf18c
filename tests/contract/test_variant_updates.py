"""Updating variants, of one product or many at a time."""

from typing import Any, Final

import pytest

from tests.contract.shirts import CREATE, UPDATE, entry, sizes, values_of, variant
from tests.contract.shop import (
    DETAILS,
    MALFORMED,
    UNKNOWN_ERROR,
    USD,
    Refusal,
    Shop,
    View,
    exists,
    invalid,
    miscounted,
    options_of,
    prices_of,
    unlinked,
    variant_of,
)

TAKEN: Final = invalid("Variant (M / Red) with provided options already exists.")


@pytest.fixture(params=["workflow", "route"])
def update(request: pytest.FixtureRequest, shop: Shop, product: View) -> Any:
    """Updates variants of the product in one of two ways, which are the same to them."""

    def update(*bodies: View) -> View:
        if request.param == "route":
            return shop.variants(product, update=list(bodies))
        shop.workflow(UPDATE, product_variants=list(bodies))
        return shop.product(product["id"])

    return update


def test_everything_of_several_variants_can_change_in_one_call(update: Any, product: View) -> None:
    details = dict(zip(DETAILS, (1.5, 2, 3, 4, "a", "b", "c", "d"), strict=True))
    red, blue = variant_of(product, "S / Red"), variant_of(product, "S / Blue")
    usd = next(price for price in red["prices"] if price["currency_code"] == "usd")
    prices = [{**USD, "id": usd["id"], "amount": 99}, {"currency_code": "eur", "amount": 88}]
    changes = {
        "title": "XL / Red",
        "sku": "NEW",
        "barcode": "B",
        "allow_backorder": True,
        **sizes("XL"),
        **details,
    }
    seen = update(
        {"id": red["id"], **changes, "prices": prices},
        {"id": blue["id"], "title": "L / Blue", **sizes("L", "Blue")},
    )
    new = variant_of(seen, "XL / Red")
    assert (new["id"], new["sku"], new["barcode"], new["allow_backorder"]) == (red["id"], "NEW", "B", True)
    assert {name: new[name] for name in DETAILS} == details
    assert options_of(seen, new) == {"Size": "XL", "Colour": "Red"}
    assert {price[:2] for price in prices_of(seen, "XL / Red")} == {("usd", 99), ("eur", 88)}
    assert usd["id"] in {price["id"] for price in new["prices"]}
    assert new["inventory_items"] == red["inventory_items"]  # the item keeps its SKU
    moved = variant_of(seen, "L / Blue")
    assert options_of(seen, moved) == {"Size": "L", "Colour": "Blue"}
    assert moved == {**blue, "title": "L / Blue", "options": moved["options"]}
    assert values_of(seen) == values_of(product)
    for title in ("M / Red", "M / Blue"):
        assert variant_of(seen, title) == variant_of(product, title)


def test_metadata_is_merged(update: Any, product: View) -> None:
    steps: list[tuple[View | None, View | None]] = [
        ({"a": 1, "b": {"c": 1}}, {"a": 1, "b": {"c": 1}}),
        ({"a": "", "z": 2}, {"b": {"c": 1}, "z": 2}),
        ({}, {}),
        ({"d": 4}, {"d": 4}),
        (None, None),
    ]
    for sent, kept in steps:
        seen = update(entry(product, "S / Red", metadata=sent))
        assert variant_of(seen, "S / Red")["metadata"] == kept


REFUSED: list[tuple[View, Refusal]] = [
    (sizes("M"), TAKEN),
    (sizes("Huge"), invalid(unlinked("Huge", "Size"))),
    ({"options": {"Size": "L"}}, miscounted(1, "undefined")),
    ({"sku": "SH1-M-Red"}, exists("Product variant", sku="SH1-M-Red")),
    ({"sku": "NEW"}, exists("Product variant", sku="NEW")),
    ({"id": "gone"}, invalid("Cannot update non-existing variants with ids: gone")),
]


def test_one_refused_row_changes_nothing(shop: Shop, product: View) -> None:
    """The workflow gives no reason."""
    fine = entry(product, "S / Blue", title="New", sku="NEW", metadata={"a": 1}, **sizes("L", "Blue"))
    fine["prices"] = [{**USD, "amount": 1}]
    for changes, reason in REFUSED:
        bodies = [fine, entry(product, "S / Red", **changes)]
        assert shop.variants_refusal(product, update=bodies) == reason, changes
        assert shop.workflow_refusal(UPDATE, product_variants=bodies) == UNKNOWN_ERROR, changes
    malformed: list[View] = [{"title": None}, {"id": None}, {"inventory_items": []}]
    for wrong in malformed:
        assert shop.variants_refusal(product, update=[entry(product, "S / Red", **wrong)]) == MALFORMED
    assert shop.product(product["id"]) == product


def test_option_values_are_not_freed_for_the_same_call(shop: Shop, product: View) -> None:
    small, medium = entry(product, "S / Red"), entry(product, "M / Red")
    moved = [{**small, **sizes("M")}, {**medium, **sizes("L")}]
    assert shop.variants_refusal(product, update=moved) == TAKEN
    assert shop.variants_refusal(product, update=moved[::-1]) == TAKEN
    assert shop.product(product["id"]) == product
    seen = shop.variants(product, update=[{**small, **sizes("L")}, {**medium, **sizes("L")}])
    assert [options_of(seen, variant_of(seen, title)) for title in ("S / Red", "M / Red")] == [
        {"Size": "L", "Colour": "Red"}
    ] * 2


def test_a_variant_keeps_a_value_that_another_variant_of_the_call_gets(
    shop: Shop, update: Any, product: View
) -> None:
    """A mistake of Medusa; a call for this variant only corrects it."""
    shop.variants(product, delete=[entry(product, "S / Blue")["id"]])
    moved = entry(product, "S / Red", **sizes("L"))
    seen = update(moved, entry(product, "M / Blue", **sizes("S", "Blue")))

    def values(title: str) -> list[str]:
        return sorted(value["value"] for value in variant_of(seen, title)["options"])

    assert (values("S / Red"), values("M / Blue")) == (["L", "Red", "S"], ["Blue", "S"])
    seen = update(moved)
    assert (values("S / Red"), values("M / Blue")) == (["L", "Red"], ["Blue", "S"])


@pytest.mark.parametrize("column", ["sku", "barcode"])
def test_variants_cannot_exchange_a_unique_value(shop: Shop, product: View, column: str) -> None:
    """A value that another variant of the call only gives up may be free or not: it depends on the rows."""
    first, *_, last = sorted(product["variants"], key=lambda each: str(each["id"]))
    unique = [{"id": first["id"], column: "FIRST"}, {"id": last["id"], column: "LAST"}]
    product = shop.variants(product, update=unique)
    exchanged = [{"id": first["id"], column: "LAST"}, {"id": last["id"], column: "FIRST"}]
    status, kind, message = shop.variants_refusal(product, update=exchanged)
    assert (status, kind) == invalid("")[:2]
    assert message.endswith("already exists.")
    assert shop.workflow_refusal(UPDATE, product_variants=exchanged) == UNKNOWN_ERROR
    assert shop.product(product["id"]) == product


def test_managing_creates_and_links_an_item(shop: Shop, update: Any, product: View) -> None:
    """If one cannot be created, nothing changes, and prices stay."""
    seen = shop.variants(product, create=[variant("L", "Red", manage_inventory=False)])
    updated = update(
        entry(seen, "L / Red", manage_inventory=True),
        entry(seen, "S / Red", manage_inventory=True),
        entry(seen, "M / Red", manage_inventory=False),
    )
    assert variant_of(updated, "L / Red")["inventory_items"][0]["inventory"]["sku"] == "SH1-L-Red"
    assert variant_of(updated, "S / Red") == variant_of(seen, "S / Red")
    assert variant_of(updated, "M / Red")["inventory_items"] == []
    prices = [{**USD, "amount": 1}]
    bodies = [
        entry(updated, "M / Red", title="New", manage_inventory=True, prices=prices),
        entry(updated, "S / Red", title="New", prices=prices),
    ]
    reason = exists("Inventory item", sku="SH1-M-Red")
    assert shop.variants_refusal(product, update=bodies) == reason
    assert shop.workflow_refusal(UPDATE, product_variants=bodies) == reason
    assert shop.product(product["id"]) == updated


def test_a_variant_can_be_updated_at_its_own_endpoint(shop: Shop, product: View) -> None:
    """Medusa does not report an unknown one."""
    path = f"/admin/products/{product['id']}/variants"
    own = f"{path}/{variant_of(product, 'S / Red')['id']}"
    prices = [{"currency_code": "eur", "amount": 5}]
    shop.call("POST", own, {"sku": "MINE", "metadata": {"a": 1}, "prices": prices})
    shop.call("POST", own, {"metadata": {"b": 2}})
    shop.call("POST", f"{path}/variant_gone", {"title": "x"})
    updated = shop.product(product["id"])
    red = variant_of(updated, "S / Red")
    assert (red["sku"], red["metadata"]) == ("MINE", {"a": 1, "b": 2})
    assert {price[:2] for price in prices_of(updated, "S / Red")} == {("eur", 5)}
    for title in ("S / Blue", "M / Red", "M / Blue"):
        assert variant_of(updated, title) == variant_of(product, title)
    refusal = exists("Product variant", sku="SH1-M-Red")
    assert shop.refusal("POST", own, {"title": "New", "sku": "SH1-M-Red"}) == refusal
    assert shop.product(product["id"]) == updated
    assert shop.call("POST", own, {"title": "S / Red"}, fields="id") == {"product": {"id": product["id"]}}
    body = {"update": [{"id": own.rpartition("/")[2], "title": "S / Red"}]}
    [answer] = shop.call("POST", f"{path}/batch", body, fields="id")["updated"]
    assert answer["id"] == own.rpartition("/")[2]
    assert "options" not in answer


def test_the_image_of_a_variant(shop: Shop, product: View) -> None:
    """Workflows take it for new variants, the ordinary routes only for stored ones."""
    own, other = "http://images.test/own.png", "http://images.test/other.png"
    body = {**variant("L", "Red"), "thumbnail": own}
    assert shop.variants_refusal(product, create=[body]) == MALFORMED
    shop.workflow(CREATE, product_variants=[{"product_id": product["id"], **body}])
    seen = shop.product(product["id"])
    assert [variant_of(seen, title)["thumbnail"] for title in ("L / Red", "S / Red")] == [own, None]
    shop.workflow(UPDATE, product_variants=[entry(seen, "L / Red", thumbnail=other)])
    assert variant_of(shop.product(product["id"]), "L / Red")["thumbnail"] == other
    for thumbnail in (own, None):
        seen = shop.variants(product, update=[entry(product, "S / Red", thumbnail=thumbnail)])
        assert variant_of(seen, "S / Red")["thumbnail"] == thumbnail
