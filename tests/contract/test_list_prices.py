"""Prices in price lists."""

from typing import Any

import pytest

from tests.contract.sales import LISTS, USD, amounts, change, created, new_list, price, refusal, stored
from tests.contract.shirts import entry, shirt, stocked_shirt, variants_path
from tests.contract.shop import UNKNOWN_ERROR, Shop, View, invalid, prices_of, variant_of


@pytest.fixture
def product(shop: Shop) -> View:
    return stocked_shirt(shop)


@pytest.fixture
def sale(shop: Shop) -> str:
    return new_list(shop)


def test_prices_are_created_and_read_with_their_variants(shop: Shop, product: View, sale: str) -> None:
    bodies = [
        price(product, "S / Red", 15),
        price(product, "S / Red", 12, currency_code="EUR"),
        price(product, "S / Blue", 14, min_quantity=5, rules={"region_id": "reg_1"}),
    ]
    response = change(shop, sale, create=bodies)
    seen = stored(shop, sale)
    assert {each["id"] for each in response["created"]} == {each["id"] for each in seen}
    assert (response["updated"], response["deleted"]["ids"]) == ([], [])
    eur, ruled, usd = seen
    red = variant_of(product, "S / Red")["id"]
    assert (eur["currency_code"], eur["amount"], eur["price_set"]["variant"]["id"]) == ("eur", 12, red)
    assert (usd["amount"], usd["min_quantity"], usd["price_list_id"], usd["price_rules"]) == (
        15,
        None,
        sale,
        [],
    )
    assert ruled["min_quantity"] == 5
    assert ruled["price_rules"] == [{"attribute": "region_id", "value": "reg_1"}]
    for each in response["created"]:
        assert each["price_set"]["variant"]["id"] in {variant["id"] for variant in product["variants"]}
    assert shop.product(product["id"]) == product


def test_prices_are_read_in_pages(shop: Shop, product: View, sale: str) -> None:
    change(shop, sale, create=[price(product, each["title"]) for each in product["variants"]])
    path = f"{LISTS}/{sale}/prices"
    pages = [
        shop.call("GET", path, fields="id", limit="3", offset=offset, order="id") for offset in ("0", "3")
    ]
    assert [page["count"] for page in pages] == [4, 4]
    ids = [each["id"] for page in pages for each in page["prices"]]
    assert ids == sorted(each["id"] for each in stored(shop, sale))
    assert all(each.keys() == {"id"} for page in pages for each in page["prices"])
    assert shop.send("GET", path, q="x").status_code == 400


def test_the_same_price_can_be_created_twice(shop: Shop, product: View, sale: str) -> None:
    created(shop, sale, price(product, "S / Red"), price(product, "S / Red"))
    assert amounts(shop, sale) == [("usd", 15), ("usd", 15)]


def test_equal_new_prices_of_one_call_are_merged(shop: Shop, product: View, sale: str) -> None:
    bodies = [
        price(product, "S / Red", 1),
        price(product, "S / Blue", 2),
        price(product, "S / Red", 3, currency_code="USD"),
        price(product, "S / Red", 4, min_quantity=None),
        price(product, "S / Red", 5, min_quantity=2),
    ]
    change(shop, sale, create=bodies)
    assert amounts(shop, sale) == [("usd", 2), ("usd", 3), ("usd", 4), ("usd", 5)]


def test_prices_are_updated(shop: Shop, product: View, sale: str) -> None:
    ids = created(shop, sale, price(product, "S / Red", 1), price(product, "S / Blue", 2))
    bodies = [
        {"id": ids[0], **price(product, "S / Red", 10)},
        {"id": ids[1], **price(product, "S / Blue", 20, currency_code="eur")},
    ]
    response = change(shop, sale, update=bodies)
    assert {each["id"]: each["amount"] for each in response["updated"]} == {ids[0]: 10, ids[1]: 20}
    assert amounts(shop, sale) == [("eur", 20), ("usd", 10)]


def test_updates_of_a_variant_without_currencies_are_merged(shop: Shop, product: View, sale: str) -> None:
    """A mistake of Medusa: it applies only the last one."""
    bodies = [price(product, "S / Red", 1), price(product, "S / Red", 2, currency_code="eur")]
    ids = created(shop, sale, *bodies)
    variant_id = bodies[0]["variant_id"]
    updates = [{"id": each, "variant_id": variant_id, "amount": 9} for each in ids]
    assert len(change(shop, sale, update=updates)["updated"]) == 1
    assert amounts(shop, sale) == [("eur", 9), ("usd", 1)]


def test_an_update_moves_a_price_to_a_list_and_a_variant(shop: Shop, product: View, sale: str) -> None:
    other = new_list(shop)
    (price_id,) = created(shop, sale, price(product, "S / Red"))
    change(shop, other, update=[{"id": price_id, **price(product, "S / Blue")}])
    assert stored(shop, sale) == []
    (moved,) = stored(shop, other)
    assert moved["price_set"]["variant"]["id"] == variant_of(product, "S / Blue")["id"]


def test_an_unknown_price_is_created_by_an_update(shop: Shop, product: View, sale: str) -> None:
    change(shop, sale, update=[{"id": "price_new", **price(product, "S / Red")}])
    assert [each["id"] for each in stored(shop, sale)] == ["price_new"]


def test_a_deleted_price_stays_deleted(shop: Shop, product: View, sale: str) -> None:
    (price_id,) = created(shop, sale, price(product, "S / Red"))
    for _ in range(2):
        response = change(shop, sale, delete=[price_id, "price_gone"])
        deleted = {"ids": [price_id, "price_gone"], "object": "price", "deleted": True}
        assert response["deleted"] == deleted
    assert change(shop, sale, update=[{"id": price_id, **price(product, "S / Red")}])["updated"] == []
    assert stored(shop, sale) == []


def test_any_price_can_be_deleted(shop: Shop, product: View, sale: str) -> None:
    (price_id,) = created(shop, sale, price(product, "S / Red"))
    own = variant_of(product, "S / Red")["prices"][0]["id"]
    change(shop, new_list(shop), delete=[price_id, own])
    assert stored(shop, sale) == []
    left = variant_of(shop.product(product["id"]), "S / Red")["prices"]
    assert left == variant_of(product, "S / Red")["prices"][1:]


def refused_changes(product: View) -> list[tuple[str, View, tuple[int, str, str]]]:
    """Pairs of what is wrong in a batch, and the refusal."""
    own = variant_of(product, "M / Red")["prices"][0]["id"]
    gone = {"variant_id": "variant_gone", **USD, "amount": 1}
    without = {**USD, "amount": 1}
    new = {"id": "price_new", **price(product, "S / Blue")}
    no_set = invalid("No price set exist for variants: variant_gone")
    no_currency = {name: value for name, value in new.items() if name != "currency_code"}
    return [
        ("create", gone, no_set),
        ("create", without, invalid("Invalid request: Field 'create, 0, variant_id' is required")),
        ("update", {**gone, "id": "price_new"}, no_set),
        (
            "update",
            {**without, "id": "x"},
            invalid("Invalid request: Field 'update, 0, variant_id' is required"),
        ),
        ("update", no_currency, invalid("Cannot set field 'currency_code' of Price to null")),
        ("update", {**new, "id": own}, UNKNOWN_ERROR),
    ]


def test_a_refused_batch_undoes_creations_and_deletions(shop: Shop, product: View, sale: str) -> None:
    (price_id,) = created(shop, sale, price(product, "S / Red"))
    before = stored(shop, sale)
    for kind, wrong, expected in refused_changes(product):
        parts: dict[str, list[Any]] = {"create": [price(product, "S / Blue")], "delete": [price_id]}
        parts[kind] = [wrong]
        assert refusal(shop, sale, **parts) == expected, wrong
        assert stored(shop, sale) == before
    assert shop.product(product["id"]) == product


def test_a_refused_batch_does_not_undo_updates(shop: Shop, product: View, sale: str) -> None:
    """A mistake of Medusa."""
    (price_id,) = created(shop, sale, price(product, "S / Red", 1))
    update = {"id": price_id, **price(product, "S / Red", 2)}
    wrong = {"id": "price_new", "variant_id": update["variant_id"], "amount": 1}
    assert refusal(shop, sale, update=[update, wrong])[0] == 400
    assert amounts(shop, sale) == [("usd", 1)]
    gone = {**price(product, "S / Red"), "variant_id": "variant_gone"}
    assert refusal(shop, sale, update=[update], create=[gone])[0] == 400
    assert amounts(shop, sale) == [("usd", 2)]


def test_amounts_currencies_and_other_fields_are_not_checked(shop: Shop, product: View, sale: str) -> None:
    body = price(product, "S / Red", -1, currency_code="zzz", foo=1)
    created(shop, sale, body)
    assert amounts(shop, sale) == [("zzz", -1)]


def test_a_batch_of_prices_may_have_two_megabytes(shop: Shop, sale: str) -> None:
    path = f"{LISTS}/{sale}/prices/batch"
    for size, status in ((110_000, 200), (2_200_000, 413)):
        assert shop.send("POST", path, {"delete": ["x" * size]}).status_code == status


# --- variants ---


def test_prices_of_a_variant_and_of_a_list_do_not_affect_each_other(
    shop: Shop, product: View, sale: str
) -> None:
    (price_id,) = created(shop, sale, price(product, "S / Red"))
    seen = shop.variants(product, update=[entry(product, "S / Red", prices=[{**USD, "amount": 1}])])
    assert prices_of(seen, "S / Red") == {("usd", 1, None, None, ())}
    assert amounts(shop, sale) == [("usd", 15)]
    taken = [{"id": price_id, **USD, "amount": 1}]
    message = "Price with id: <id>, already exists."
    wrong = [entry(product, "S / Red", prices=taken)]
    assert shop.variants_refusal(product, update=wrong) == invalid(message)
    assert amounts(shop, sale) == [("usd", 15)]


def test_prices_disappear_with_their_variants(shop: Shop, product: View, sale: str) -> None:
    other = shirt(shop, 2)
    change(shop, sale, create=[price(each, "S / Red") for each in (product, other)])
    change(shop, sale, create=[price(each, "M / Red", 16) for each in (product, other)])
    change(shop, sale, create=[price(product, "M / Blue", 17)])
    shop.variants(product, delete=[entry(product, "S / Red")["id"]])
    assert amounts(shop, sale) == [("usd", 15), ("usd", 16), ("usd", 16), ("usd", 17)]
    kept = [entry(product, title) for title in ("S / Blue", "M / Red")]
    shop.update(product, variants=kept)
    assert amounts(shop, sale) == [("usd", 15), ("usd", 16), ("usd", 16)]
    shop.call("DELETE", f"/admin/products/{other['id']}")
    assert amounts(shop, sale) == [("usd", 16)]


def test_a_variant_without_price_set_gets_no_price(shop: Shop, product: View, sale: str) -> None:
    shop.create(2)
    new = {"id": "variant_new", "title": "New", "prices": []}
    body = {"id": product["id"], "variants": [*({"id": each["id"]} for each in product["variants"]), new]}
    refused = shop.body(3, handle="product-2")
    assert shop.batch_refusal(create=[refused], update=[body])[0] == 400
    expected = invalid("No price set exist for variants: variant_new, variant_new")
    bodies = [{**USD, "amount": amount, "variant_id": "variant_new"} for amount in (1, 2)]
    assert refusal(shop, sale, create=bodies) == expected


def test_a_refused_deletion_restores_every_price_that_the_variant_had(
    shop: Shop, product: View, sale: str
) -> None:
    """A mistake of Medusa: a sale that ended begins again."""
    ended, other = created(shop, sale, price(product, "S / Red", 1), price(product, "S / Blue", 2))
    change(shop, sale, delete=[ended, other])
    shop.reserve(product, "S / Red")
    path = variants_path(product)
    assert shop.refusal("POST", path, {"delete": [entry(product, "S / Red")["id"]]})[0] == 400
    assert amounts(shop, sale) == [("usd", 1)]
    change(shop, sale, delete=[ended])
    assert shop.refusal("DELETE", f"/admin/products/{product['id']}")[0] == 400  # before it deleted anything
    assert amounts(shop, sale) == []


def test_an_undone_deletion_of_a_product_restores_every_price_that_it_had(
    shop: Shop, product: View, sale: str
) -> None:
    shop.create(2)
    (ended,) = created(shop, sale, price(product, "S / Red", 1))
    change(shop, sale, delete=[ended])
    refused = shop.body(3, handle="product-2")
    assert shop.batch_refusal(create=[refused], delete=[product["id"]])[0] == 400
    assert amounts(shop, sale) == [("usd", 1)]
