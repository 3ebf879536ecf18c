"""Sent prices replace the prices of a variant; equal ones are merged."""

from typing import Any

import pytest

from tests.contract.shop import UNKNOWN_ERROR, Shop, View, prices_of, variant_of

USD: dict[str, Any] = {"currency_code": "usd"}
EUR: dict[str, Any] = {"currency_code": "eur"}


@pytest.fixture
def product(shop: Shop) -> View:
    prices = [
        {**USD, "amount": 10},
        {**EUR, "amount": 9},
        {**USD, "amount": 8, "min_quantity": 10, "max_quantity": 20},
        {**EUR, "amount": 7, "rules": {"region_id": "reg_1"}},
        {**EUR, "amount": 6, "rules": {"region_id": "reg_1", "customer_group_id": "group_1"}},
    ]
    return shop.create(variant={"prices": prices})


ALL = {
    ("usd", 10, None, None, ()),
    ("eur", 9, None, None, ()),
    ("usd", 8, 10, 20, ()),
    ("eur", 7, None, None, (("region_id", "reg_1"),)),
    ("eur", 6, None, None, (("customer_group_id", "group_1"), ("region_id", "reg_1"))),
}


def test_prices_read_by_their_price_set_look_the_same(shop: Shop, product: View) -> None:
    names = ("id", "amount", "currency_code", "min_quantity", "price_rules.attribute", "price_rules.value")

    def shown(path: str) -> list[View]:
        fields = ",".join(f"{path}.{name}" for name in names)
        response = shop.call("GET", "/admin/products", **{"id[]": [product["id"]], "fields": fields})
        (variant,) = response["products"][0]["variants"]
        assert variant.keys() == {"id", "prices"}
        return sorted(variant["prices"], key=lambda price: str(price["id"]))

    assert shown("variants.price_set.prices") == shown("variants.prices")
    assert len(shown("variants.prices")) == len(ALL)


def priced(shop: Shop, product: View, *prices: dict[str, Any]) -> View:
    return shop.update(product, variants=[{"id": variant_of(product)["id"], "prices": list(prices)}])


def identified(price: View) -> dict[str, Any]:
    """The fields that identify a price."""
    names = ("id", "currency_code", "min_quantity", "max_quantity", "rules")
    return {name: price[name] for name in names if price[name] != {}}


def ids_by_amount(product: View) -> dict[float, str]:
    return {price["amount"]: price["id"] for price in variant_of(product)["prices"]}


def test_prices_are_stored_as_sent(product: View) -> None:
    assert prices_of(product) == ALL


def test_rules_are_returned_only_with_both_of_their_columns(shop: Shop, product: View) -> None:
    fields = "id,variants.prices.id,variants.prices.amount"
    for more in ("", ",variants.prices.price_rules.value", ",variants.prices.price_rules.attribute"):
        seen = shop.call("GET", f"/admin/products/{product['id']}", fields=f"{fields}{more}")["product"]
        assert [price["rules"] for price in seen["variants"][0]["prices"]] == [{}] * 5


def test_prices_sent_with_all_identifying_fields_keep_id_amount_and_rules(shop: Shop, product: View) -> None:
    prices = [
        {**identified(price), **({"amount": 11} if price["amount"] == 10 else {})}
        for price in variant_of(product)["prices"]
    ]
    updated = priced(shop, product, *prices)
    assert prices_of(updated) == {*ALL, ("usd", 11, None, None, ())} - {("usd", 10, None, None, ())}
    assert ids_by_amount(updated) == {
        (11 if amount == 10 else amount): price_id for amount, price_id in ids_by_amount(product).items()
    }


def test_prices_that_are_not_sent_are_deleted(shop: Shop, product: View) -> None:
    updated = priced(shop, product, {**USD, "id": ids_by_amount(product)[10], "amount": 12})
    assert prices_of(updated) == {("usd", 12, None, None, ())}
    assert priced(shop, product)["variants"][0]["prices"] == []


def test_a_price_without_an_id_is_new(shop: Shop, product: View) -> None:
    updated = priced(shop, product, {**USD, "amount": 10})
    assert ids_by_amount(updated)[10] != ids_by_amount(product)[10]


@pytest.mark.parametrize("names", [["id"], ["id", "amount"]])
def test_prices_without_a_currency_are_merged(shop: Shop, product: View, names: list[str]) -> None:
    prices = variant_of(product)["prices"]
    updated = priced(shop, product, *({name: price[name] for name in names} for price in prices))
    assert [price["id"] for price in variant_of(updated)["prices"]] == [prices[-1]["id"]]


def test_prices_without_their_bounds_are_merged_with_the_plain_one(shop: Shop, product: View) -> None:
    prices = sorted(variant_of(product)["prices"], key=lambda price: -float(price["amount"]))
    updated = priced(
        shop, product, *({"id": price["id"], **USD} for price in prices if price["currency_code"] == "usd")
    )
    assert prices_of(updated) == {("usd", 8, 10, 20, ())}


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ({}, {}, {2}),
        ({"currency_code": "USD"}, {}, {2}),
        ({"rules": {}}, {}, {2}),
        ({}, {"min_quantity": None}, {1, 2}),
        ({"min_quantity": 1}, {"min_quantity": 1}, {2}),
        ({"min_quantity": 1}, {"min_quantity": 2}, {1, 2}),
        ({"rules": {"a": "1", "b": "2"}}, {"rules": {"b": "2", "a": "1"}}, {1, 2}),
    ],
)
def test_the_last_of_equal_new_prices_is_kept(
    shop: Shop, first: dict[str, Any], second: dict[str, Any], kept: set[float]
) -> None:
    prices = [{**USD, "amount": 1, **first}, {**USD, "amount": 2, **second}]
    created = shop.create(variant={"prices": prices})
    assert {price["amount"] for price in variant_of(created)["prices"]} == kept


def test_every_field_of_a_price_can_change(shop: Shop, product: View) -> None:
    price_id = ids_by_amount(product)[10]
    steps: list[tuple[dict[str, Any], tuple[Any, ...]]] = [
        ({"currency_code": "GBP"}, ("gbp", 10, None, None, ())),
        ({"min_quantity": 5}, ("gbp", 10, 5, None, ())),
        ({"min_quantity": None, "amount": 3}, ("gbp", 3, None, None, ())),
        ({"rules": {"region_id": "reg_2"}}, ("gbp", 3, None, None, (("region_id", "reg_2"),))),
        ({"amount": 4}, ("gbp", 4, None, None, (("region_id", "reg_2"),))),
        ({"rules": {}}, ("gbp", 4, None, None, ())),
    ]
    for change, expected in steps:
        updated = priced(shop, product, {"id": price_id, **change})
        assert prices_of(updated) == {expected}
        assert variant_of(updated)["prices"][0]["id"] == price_id


def test_a_price_with_an_unknown_id_is_created_with_that_id(shop: Shop, product: View) -> None:
    updated = priced(shop, product, {"id": "price_gone", **USD, "amount": 1})
    assert ids_by_amount(updated) == {1: "price_gone"}


def test_an_unknown_price_without_an_amount_is_an_unknown_error(shop: Shop, product: View) -> None:
    variant = {"id": variant_of(product)["id"], "prices": [{"id": "price_gone", **USD}]}
    assert shop.batch_refusal(update=[{"id": product["id"], "variants": [variant]}]) == UNKNOWN_ERROR
    assert shop.product(product["id"])["variants"][0]["prices"] != []
    assert prices_of(shop.product(product["id"])) == ALL


def test_a_price_of_another_variant_is_refused(shop: Shop, product: View) -> None:
    other = shop.create(2)
    price = {"id": variant_of(other)["prices"][0]["id"], **USD, "amount": 1}
    variant = {"id": variant_of(product)["id"], "prices": [price]}
    refusal = (400, "invalid_data", "Price with id: <id>, already exists.")
    assert shop.batch_refusal(update=[{"id": product["id"], "variants": [variant]}]) == refusal
    assert prices_of(shop.product(product["id"])) == ALL


def test_amounts_and_currencies_are_not_checked(shop: Shop) -> None:
    prices = [{**USD, "amount": -1}, {"currency_code": "zzz", "amount": 0}]
    created = shop.create(variant={"prices": prices})
    assert prices_of(created) == {("usd", -1, None, None, ()), ("zzz", 0, None, None, ())}


@pytest.mark.parametrize("amount", [9.99, 100, 0.1, 123_456_789.01, 1e21])
def test_amounts_are_returned_as_sent(shop: Shop, amount: float) -> None:
    created = shop.create(variant={"prices": [{**USD, "amount": amount}]})
    assert prices_of(created) == {("usd", amount, None, None, ())}


def test_prices_of_several_products_and_variants_are_not_mixed_up(shop: Shop) -> None:
    products = [shop.second_variant(shop.create(number)) for number in (1, 2)]
    shop.batch(
        update=[
            {
                "id": product["id"],
                "variants": [
                    {"id": variant_of(product, title)["id"], "prices": [{**USD, "amount": amount + number}]}
                    for title, amount in (("Two", 200), ("Default", 100))
                ],
            }
            for number, product in reversed(list(enumerate(products)))
        ]
    )
    seen = [shop.product(product["id"]) for product in products]
    assert [prices_of(product, title) for product in seen for title in ("Default", "Two")] == [
        {("usd", amount, None, None, ())} for amount in (100, 200, 101, 201)
    ]
