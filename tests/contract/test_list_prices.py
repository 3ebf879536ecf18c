"""Price lists and their prices."""

from typing import Any, Final

import pytest

from tests.contract.shirts import entry, shirt, variants_path
from tests.contract.shop import MALFORMED, USD, Refusal, Shop, View, invalid, prices_of, variant_of

NO_SET = invalid("No price set exist for variants: variant_gone")


@pytest.fixture
def sale(shop: Shop) -> str:
    return new_list(shop)


# --- lists ---


def test_lists_are_stored_as_sent_and_read_in_order(shop: Shop) -> None:
    shop.call("POST", LISTS, {"title": "A", "description": ""})
    body = {**SALE, "title": "A", "description": "B", "metadata": {"a": 1}}
    second = new_list(shop, **body)
    fields = "title,type,status,description,metadata"
    first, seen = shop.call("GET", LISTS, fields=fields, order="id")["price_lists"]
    assert seen == {**{name: body[name] for name in fields.split(",")}, "id": second}
    assert (first["status"], first["type"], first["metadata"]) == ("draft", "sale", None)


def test_deleting_a_list_deletes_its_prices(shop: Shop, product: View, sale: str) -> None:
    created(shop, sale, price(product, "S / Red"))
    for _ in range(2):
        response = shop.call("DELETE", f"{LISTS}/{sale}")
        assert response == {"id": sale, "object": "price_list", "deleted": True}
    assert (shop.call("GET", LISTS)["count"], stored(shop, sale)) == (0, [])
    assert refusal(shop, sale) == (404, "not_found", "Price lists with id: <id> was not found")
    assert shop.product(product["id"]) == product


# --- prices ---


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
    names = ("amount", "min_quantity", "price_list_id", "price_rules")
    assert [usd[name] for name in names] == [15, None, sale, []]
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


def test_a_price_can_be_created_twice(shop: Shop, product: View, sale: str) -> None:
    created(shop, sale, *[price(product, "S / Red", 3)] * 2)
    assert amounts(shop, sale) == [("usd", 3), ("usd", 3)]


def test_prices_are_updated(shop: Shop, product: View, sale: str) -> None:
    ids = created(shop, sale, price(product, "S / Red", 1), price(product, "S / Blue", 2))
    bodies = [
        {"id": ids[0], **price(product, "S / Red", 10)},
        {"id": ids[1], **price(product, "S / Blue", 20, currency_code="eur")},
    ]
    response = change(shop, sale, update=bodies)
    assert {each["id"]: each["amount"] for each in response["updated"]} == {ids[0]: 10, ids[1]: 20}
    assert amounts(shop, sale) == [("eur", 20), ("usd", 10)]


def test_a_deleted_price_stays_deleted(shop: Shop, product: View, sale: str) -> None:
    (price_id,) = created(shop, sale, price(product, "S / Red"))
    for _ in range(2):
        response = change(shop, sale, delete=[price_id, "price_gone"])
        deleted = {"ids": [price_id, "price_gone"], "object": "price", "deleted": True}
        assert response["deleted"] == deleted
    assert stored(shop, sale) == []


GONE = {"variant_id": "variant_gone", **USD, "amount": 1}
REFUSED: list[tuple[str, View, Refusal]] = [
    ("create", GONE, NO_SET),
    ("create", {**USD, "amount": 1}, MALFORMED),
    ("update", {**GONE, "id": "price_new"}, NO_SET),
    ("update", {**USD, "amount": 1, "id": "x"}, MALFORMED),
]
"""What is wrong in a batch, and the refusal."""


def test_a_refused_batch_undoes_creations_and_deletions(shop: Shop, product: View, sale: str) -> None:
    (price_id,) = created(shop, sale, price(product, "S / Red"))
    before = stored(shop, sale)
    for kind, wrong, expected in REFUSED:
        parts: dict[str, list[Any]] = {"create": [price(product, "S / Blue")], "delete": [price_id]}
        parts[kind] = [wrong]
        assert refusal(shop, sale, **parts) == expected, wrong
        assert stored(shop, sale) == before
    assert shop.product(product["id"]) == product


# --- variants ---


def test_prices_of_a_variant_and_of_a_list_do_not_affect_each_other(
    shop: Shop, product: View, sale: str
) -> None:
    created(shop, sale, price(product, "S / Red"))
    seen = shop.variants(product, update=[entry(product, "S / Red", prices=[{**USD, "amount": 1}])])
    assert prices_of(seen, "S / Red") == {("usd", 1, None, None, ())}
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


LISTS: Final = "/admin/price-lists"
SALE: Final[dict[str, Any]] = {
    "title": "Sale",
    "description": "",
    "type": "sale",
    "status": "active",
    "prices": [],
}
_FIELDS: Final = (
    "id,amount,currency_code,min_quantity,max_quantity,price_list_id,price_set.variant.id,"
    "price_rules.attribute,price_rules.value"
)


def new_list(shop: Shop, **changes: Any) -> str:
    """Create a price list; returns its id."""
    created: str = shop.call("POST", LISTS, {**SALE, **changes})["price_list"]["id"]
    return created


def stored(shop: Shop, sale: str) -> list[View]:
    prices: list[View] = shop.call("GET", f"{LISTS}/{sale}/prices", fields=_FIELDS, limit="1000")["prices"]
    return sorted(prices, key=lambda price: (price["currency_code"], price["amount"], price["id"]))


def amounts(shop: Shop, sale: str) -> list[tuple[str, float]]:
    return [(price["currency_code"], price["amount"]) for price in stored(shop, sale)]


def price(product: View, title: str, amount: float = 15, **more: Any) -> View:
    """The body of a new price of a variant."""
    return {"variant_id": variant_of(product, title)["id"], **USD, "amount": amount, **more}


def change(shop: Shop, sale: str, **parts: list[Any]) -> View:
    response: View = shop.call("POST", f"{LISTS}/{sale}/prices/batch", parts)
    return response


def created(shop: Shop, sale: str, *bodies: View) -> list[str]:
    """Create prices one by one; returns their ids in order."""
    return [change(shop, sale, create=[body])["created"][0]["id"] for body in bodies]


def refusal(shop: Shop, sale: str, **parts: list[Any]) -> tuple[int, str, str]:
    return shop.refusal("POST", f"{LISTS}/{sale}/prices/batch", parts)
