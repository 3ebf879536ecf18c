"""Sent prices replace the prices of a variant."""

from typing import Any, Final

import pytest

from tests.contract.shop import USD, Shop, View, prices_of, variant_of

EUR: Final[dict[str, Any]] = {"currency_code": "eur"}
BOUNDS: Final = {"min_quantity": 10, "max_quantity": 20}
REGION: Final = {"rules": {"region_id": "reg_1"}}
PRICES: Final = [
    {**USD, "amount": 10},
    {**EUR, "amount": 9},
    {**USD, "amount": 8, **BOUNDS},
    {**EUR, "amount": 7, **REGION},
    {**EUR, "amount": 6, "rules": {"region_id": "reg_1", "customer_group_id": "group_1"}},
]
ALL: Final = {
    ("usd", 10, None, None, ()),
    ("eur", 9, None, None, ()),
    ("usd", 8, 10, 20, ()),
    ("eur", 7, None, None, (("region_id", "reg_1"),)),
    ("eur", 6, None, None, (("customer_group_id", "group_1"), ("region_id", "reg_1"))),
}


@pytest.fixture
def product(shop: Shop) -> View:
    return shop.create(variant={"prices": PRICES})


@pytest.fixture(params=["update-product-variants", "variants/batch"])
def priced(request: pytest.FixtureRequest, shop: Shop, product: View) -> Any:
    """Writes the prices of the variant in one of two ways, which are the same to it."""
    own = variant_of(product)["id"]

    def priced(*prices: View) -> View:
        body = {"id": own, "prices": list(prices)}
        if request.param == "variants/batch":
            return shop.variants(product, update=[body])
        shop.workflow(request.param, product_variants=[body])
        return shop.product(product["id"])

    return priced


def identified(price: View) -> dict[str, Any]:
    """The fields that identify a price."""
    names = ("id", "currency_code", "min_quantity", "max_quantity", "rules")
    return {name: price[name] for name in names if price[name] != {}}


def ids_by_amount(product: View) -> dict[float, str]:
    return {price["amount"]: price["id"] for price in variant_of(product)["prices"]}


def test_prices_are_stored_as_sent_and_shown_in_two_ways(shop: Shop, product: View) -> None:
    names = ("id", "amount", "currency_code", "min_quantity", "price_rules.attribute", "price_rules.value")

    def shown(path: str) -> list[View]:
        fields = ",".join(f"{path}.{name}" for name in names)
        response = shop.call("GET", "/admin/products", **{"id[]": [product["id"]], "fields": fields})
        (variant,) = response["products"][0]["variants"]
        assert variant.keys() == {"id", "prices"}
        return sorted(variant["prices"], key=lambda price: str(price["id"]))

    assert prices_of(product) == ALL
    assert shown("variants.price_set.prices") == shown("variants.prices")
    assert len(shown("variants.prices")) == len(ALL)
    fields = "id,variants.prices.id,variants.prices.amount"
    for more in ("", ",variants.prices.price_rules.value", ",variants.prices.price_rules.attribute"):
        seen = shop.call("GET", f"/admin/products/{product['id']}", fields=f"{fields}{more}")["product"]
        rules = [price["rules"] for price in seen["variants"][0]["prices"]]
        assert rules == [{}] * 5, "they need both columns"


def test_prices_sent_with_all_identifying_fields_keep_id_amount_and_rules(priced: Any, product: View) -> None:
    prices = [
        {**identified(price), **({"amount": 11} if price["amount"] == 10 else {})}
        for price in variant_of(product)["prices"]
    ]
    updated = priced(*prices)
    assert prices_of(updated) == {*ALL, ("usd", 11, None, None, ())} - {("usd", 10, None, None, ())}
    assert ids_by_amount(updated) == {
        (11 if amount == 10 else amount): price_id for amount, price_id in ids_by_amount(product).items()
    }


def test_prices_that_are_not_sent_are_deleted_and_their_ids_can_be_used_again(
    priced: Any, product: View
) -> None:
    own, other = (ids_by_amount(product)[amount] for amount in (10, 9))
    assert ids_by_amount(priced({**USD, "id": own, "amount": 12})) == {12: own}
    assert ids_by_amount(priced({**EUR, "id": other, "amount": 1})) == {1: other}
    changed = priced({"id": other, "currency_code": "GBP", "min_quantity": 5, "rules": {"a": "1"}})
    assert prices_of(changed) == {("gbp", 1, 5, None, (("a", "1"),))}
    assert ids_by_amount(priced({"id": "price_own", **USD, "amount": 1})) == {1: "price_own"}
    assert prices_of(priced()) == set()
    assert ids_by_amount(priced({**USD, "amount": 10}))[10] not in {own, other}


@pytest.mark.parametrize("amount", [-1, 0, 9.99, 100, 0.1, 123_456_789.01, 1e21])
def test_amounts_are_returned_as_sent_and_currencies_are_not_checked(shop: Shop, amount: float) -> None:
    created = shop.create(variant={"prices": [{"currency_code": "zzz", "amount": amount}]})
    assert prices_of(created) == {("zzz", amount, None, None, ())}
