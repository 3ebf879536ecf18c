"""Prices in several currencies and sale prices, in a real store and its storefront."""

from __future__ import annotations

from tests.e2e.fault_proxy import FaultProxy
from tests.e2e.shirts import (
    REMOVE,
    Rig,
    Row,
    as_stored,
    as_wanted,
    identities,
    listed_prices,
    offers_of,
    product,
    variant_ids,
)
from tests.e2e.shop import Shop
from tests.e2e.storefront import Storefront
from tests.flow.shirts import shirt
from tests.harness.dummyjson import dummyjson

SIZE = 20


def test_prices_in_two_currencies_follow_the_source_and_those_of_the_merchant_stay(
    rig: Rig, storefront: Storefront
) -> None:
    row = shirt(1)
    row["variants"][0]["prices"] = {"eur": 18}
    row["variants"][1]["prices"] = {"eur": 19.5}
    rig.change(row)
    rig.follow(updated=1, unchanged=SIZE - 1)
    rig.is_held()
    with Storefront(rig.shop, "eur") as in_europe:
        assert in_europe.price_in_cart(variant_ids(rig.shop)["SH1-S-R"]) == (18, None)
    theirs = product(rig.shop, 2)
    [own] = [each for each in theirs["variants"] if each["sku"] == "SH2-S-R"]
    kept = [{name: price[name] for name in ("id", "currency_code", "amount")} for price in own["prices"]]
    bulk = {"currency_code": "usd", "amount": 1, "min_quantity": 2}
    body = {"prices": [*kept, bulk, {"currency_code": "eur", "amount": 9}]}
    rig.shop.post(f"/admin/products/{theirs['id']}/variants/{own['id']}", body)
    row["variants"][0] |= {"price": 50, "prices": {"eur": 45}}
    del row["variants"][1]["prices"]
    other = shirt(2)
    other["variants"][0]["price"] = 60
    rig.change(row, other)
    rig.follow(updated=2, unchanged=SIZE - 2)
    assert as_stored(product(rig.shop, 1)) == as_wanted(row, rig.shop)
    prices = as_stored(product(rig.shop, 2))["variants"]["SH2-S-R"]["prices"]
    assert prices == [("eur", 9), ("usd", 1), ("usd", 60)]
    assert storefront.price_in_cart(own["id"]) == (60, None)
    assert storefront.price_in_cart(own["id"], 2) == (1, None)
    body_of_chf = shirt(3)
    body_of_chf["variants"][3]["prices"] = {"chf": 18}
    rig.change(body_of_chf)
    run = rig.run()
    assert (run.exit_code, run.counts) == (5, {"unchanged": SIZE - 1, "rejected": 1})
    [problem] = run.document["problems"]
    assert "in 'chf', but the store sells only in eur, usd" in problem["reason"]
    assert rig.proxy.writes == []


def on_sale(number: int, *indices: int, compared: float = 40) -> Row:
    row = shirt(number)
    for index in indices:
        row["variants"][index]["compareAtPrice"] = compared
    return row


def test_a_sale_begins_changes_and_ends_and_the_option_can_be_turned_off(
    rig: Rig, storefront: Storefront
) -> None:
    before = identities(rig.shop)
    ids = variant_ids(rig.shop, 1)
    rig.change(on_sale(1, 0, 3), on_sale(2, 1), on_sale(3, 1, compared=1))
    rig.follow("--sale-prices", updated=2, unchanged=SIZE - 2)
    rig.is_held(sale_prices=True)
    offered = storefront.offers()
    assert offered["SH1-S-R"] == offered["SH1-M-B"] == (21, 40, 1)
    assert offered["SH2-S-B"] == (22, 40, 2)
    assert offered["SH3-S-B"] == (23, 23, 3)
    assert storefront.price_in_cart(ids["SH1-S-R"]) == (21, 40)

    [sale] = rig.shop.get("/admin/price-lists", fields="id")["price_lists"]
    rig.shop.post(f"/admin/price-lists/{sale['id']}", {"title": "Sommerschlussverkauf"})
    row = on_sale(1, 0, compared=50)  # ends for one variant, changes for another, begins for a third
    row["variants"][0]["price"] = 15
    row["variants"][5]["compareAtPrice"] = 30
    rig.change(row, shirt(2))
    rig.follow("--sale-prices", updated=2, unchanged=SIZE - 2)
    rig.is_held(sale_prices=True)
    offered = storefront.offers()
    assert offered["SH1-S-R"] == (15, 50, 1)
    assert offered["SH1-L-B"] == (21, 30, 1)
    assert offered["SH1-M-B"] == (21, 21, 1)
    assert offered["SH2-S-B"] == (22, 22, 2)
    assert listed_prices(rig.shop) == [15, 21]

    rig.follow(updated=1, unchanged=SIZE - 1)  # without the option
    rig.is_held()
    assert storefront.offers() == offers_of(rig.source.products)
    assert listed_prices(rig.shop) == []
    assert identities(rig.shop) == before


def test_products_are_created_on_sale_and_the_prices_go_with_them(shop: Shop, proxy: FaultProxy) -> None:
    rows = [on_sale(number, 0, 1) for number in range(1, SIZE + 1)]
    with dummyjson(rows) as source, Storefront(shop) as storefront:
        rig = Rig(shop, source, proxy)
        rig.follow("--sale-prices", created=SIZE)
        rig.is_held(sale_prices=True)
        offered = storefront.offers()
        for number in range(1, SIZE + 1):
            assert offered[f"SH{number}-S-R"] == (20 + number, 40 if number < 20 else 20 + number, number)
        source.remove(1)
        rig.run("--sale-prices", *REMOVE)
        assert len(listed_prices(shop)) == 2 * (SIZE - 2)
