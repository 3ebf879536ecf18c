"""Prices in several currencies and sale prices, in a real store and its storefront."""

from tests.e2e.rig import REMOVE, Rig, Row
from tests.e2e.storefront import Storefront
from tests.flow.shirts import shirt

SIZE = 5


def test_prices_in_two_currencies_follow_the_source_and_those_of_the_merchant_stay(
    rig: Rig, storefront: Storefront
) -> None:
    row = shirt(1)
    row["variants"][0]["prices"] = {"eur": 18}
    row["variants"][1]["prices"] = {"eur": 19.5}
    rig.change(row)
    rig.follow(updated=1)
    rig.is_held()
    with Storefront(rig.shop, "eur") as in_europe:
        assert in_europe.price_in_cart(rig.variant_ids(1)["SH1-S-R"]) == (18, None)

    theirs = rig.shop.by_external_id()["dummyjson:2"]
    [own] = [each for each in theirs["variants"] if each["sku"] == "SH2-S-R"]
    kept = [{name: price[name] for name in ("id", "currency_code", "amount")} for price in own["prices"]]
    bulk = {"currency_code": "usd", "amount": 1, "min_quantity": 2}
    rig.shop.edit_variant(theirs, own, prices=[*kept, bulk, {"currency_code": "eur", "amount": 9}])
    row["variants"][0] |= {"price": 50, "prices": {"eur": 45}}
    del row["variants"][1]["prices"]
    other = shirt(2)
    other["variants"][0]["price"] = 60
    rig.change(row, other)
    rig.follow(updated=2)
    ids = rig.variant_ids(1, 2)
    ours, merchants = (
        {key: each.owned["price.eur"] for key, each in rig.stored(number).variants.items()}
        for number in (1, 2)
    )
    assert {key: euros for key, euros in ours.items() if euros} == {ids["SH1-S-R"]: 45}
    assert {key: euros for key, euros in merchants.items() if euros} == {own["id"]: 9}
    assert rig.stored(2).variants[own["id"]].others["other prices"] == [("usd", 2, 1)]
    assert storefront.price_in_cart(own["id"]) == (60, None)
    assert storefront.price_in_cart(own["id"], 2) == (1, None)

    in_francs = shirt(3)
    in_francs["variants"][3]["prices"] = {"chf": 18}
    rig.change(in_francs)
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
    before = rig.identities()
    ids = rig.variant_ids(1)
    rig.change(on_sale(1, 0, 3), on_sale(2, 1), on_sale(3, 1, compared=1))
    rig.source.add(on_sale(99, 0, 1, compared=200))
    rig.follow("--sale-prices", updated=2, created=1)
    rig.is_held(sale_prices=True)
    offered = storefront.offers()
    assert offered["SH1-S-R"] == offered["SH1-M-B"] == (21, 40, 1)
    assert offered["SH2-S-B"] == (22, 40, 2)
    assert offered["SH3-S-B"] == (23, 23, 3)
    assert offered["SH99-S-R"] == (119, 200, 99)
    assert storefront.price_in_cart(ids["SH1-S-R"]) == (21, 40)

    [sale] = rig.shop.get("/admin/price-lists", fields="id")["price_lists"]
    rig.shop.post(f"/admin/price-lists/{sale['id']}", {"title": "Sommerschlussverkauf"})
    row = on_sale(1, 0, compared=50)  # ends for one variant, changes for another, begins for a third
    row["variants"][0]["price"] = 15
    row["variants"][5]["compareAtPrice"] = 30
    rig.change(row, shirt(2))
    rig.source.remove(99)  # its prices go with it
    rig.follow("--sale-prices", *REMOVE, updated=2, removed=1)
    rig.is_held(sale_prices=True)
    offered = storefront.offers()
    assert offered["SH1-S-R"] == (15, 50, 1)
    assert offered["SH1-L-B"] == (21, 30, 1)
    assert offered["SH1-M-B"] == (21, 21, 1)
    assert sorted(price["amount"] for price in rig.shop.sale_prices()) == [15, 21]

    rig.follow(updated=1)  # without the option
    rig.is_held()
    assert {price == before_sale for price, before_sale, _ in storefront.offers().values()} == {True}
    assert rig.shop.sale_prices() == []
    assert rig.identities() == before
