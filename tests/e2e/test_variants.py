"""Products with variants through their whole life, in a real store and its storefront."""

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.e2e.rig import REMOVE, Rig, Row
from tests.e2e.storefront import Offer, Storefront
from tests.harness.shirts import shirt, shirts, variant
from tests.tiers import deep
from tests.world.exact import assert_exact, assert_stored, differences
from tests.world.shop import WEIGHT

SIZE = 14
DRAFT = ("--on-missing", "draft", "--max-removals", "100%")


def offers_of(rows: list[Row]) -> dict[str, Offer]:
    """What the storefront has to show, without sales."""
    return {
        each.get("sku") or " / ".join(each["options"].values()): (each["price"], each["price"], each["stock"])
        for row in rows
        for each in row["variants"]
    }


def test_shirts_are_created_with_all_variants_and_can_be_bought(rig: Rig, storefront: Storefront) -> None:
    rig.is_held()
    assert_exact(rig.shop, rig.source.products)
    assert storefront.offers() == offers_of(rig.source.products)
    ids = rig.variant_ids(3)
    assert storefront.price_in_cart(ids["SH3-M-R"], quantity=3) == (23, None)
    with pytest.raises(httpx.HTTPStatusError):
        storefront.price_in_cart(ids["SH3-M-R"], quantity=4)
    rig.is_quiet()


# --- changes --------------------------------------------------------------------------------------------


def changed(number: int, **changes: object) -> Row:
    """A shirt whose first variant has changed."""
    first, *others = shirt(number)["variants"]
    return shirt(number, variants=[first | changes, *others])


def extended(number: int, *more: Row) -> Row:
    return shirt(number, variants=[*shirt(number)["variants"], *more])


def with_options(number: int, names: list[str], values_of: Callable[[str, str], tuple[str, ...]]) -> Row:
    """A shirt with other options, whose values are made of size and colour."""
    variants = [
        each | {"options": dict(zip(names, values_of(*each["options"].values()), strict=True))}
        for each in shirt(number)["variants"]
    ]
    return shirt(number, options=names, variants=variants)


def test_one_run_follows_all_kinds_of_changes_and_keeps_every_variant(
    rig: Rig, storefront: Storefront
) -> None:
    before, ids = rig.identities(), rig.variant_ids(4, 5)
    larger = {"S": "M", "M": "L", "L": "S"}
    one, two = shirt(4), shirt(5)
    of_one, of_two = one["variants"], two["variants"]
    for first, second in ((of_one[0], of_one[1]), (of_one[2], of_two[2])):  # within and across products
        for name in ("sku", "barcode"):
            first[name], second[name] = second[name], first[name]
    rows = [
        changed(1, price=99.95, stock=0),
        changed(2, sku="NEW", barcode="4099", title="Small and red", weight=WEIGHT),
        changed(3, price=7, stock=70, sku="ALL", options={"Size": "XS", "Colour": "Green"}),
        one,
        two,
        extended(6, variant(6, "XXL", "Blue", price=31, stock=8)),
        extended(7, variant(7, "XXL", "Red"), variant(7, "XL", "Blue", sku=None, barcode=None)),
        with_options(8, ["Size", "Farbe"], lambda size, colour: (size, colour)),
        with_options(9, ["Size", "Colour"], lambda size, colour: (f"size {size}", colour)),
        with_options(10, ["Length", "Colour"], lambda size, colour: (f"{size} cm", colour)),
        with_options(11, ["Colour", "Size"], lambda size, colour: (size, colour)),
        with_options(12, ["Size", "Colour"], lambda size, colour: (larger[size], colour)),
        with_options(13, ["Size", "Colour", "Fit"], lambda size, colour: (size, colour, "Slim")),
    ]
    rig.change(*rows)
    rig.follow(updated=len(rows))
    rig.is_held()
    assert storefront.offers() == offers_of(rig.source.products)
    assert before.items() <= rig.identities().items()
    after = rig.variant_ids(4, 5)
    assert [after[sku] for sku in ("SH4-S-R", "SH4-S-B", "SH4-M-R", "SH5-M-R")] == [
        ids[sku] for sku in ("SH4-S-B", "SH4-S-R", "SH5-M-R", "SH4-M-R")
    ]


def without_blue(number: int) -> Row:
    variants = [each for each in shirt(number)["variants"] if each["options"]["Colour"] == "Red"]
    return shirt(number, variants=variants)


@deep
def test_dropped_variants_stay_then_lose_their_stock_then_are_deleted(
    rig: Rig, storefront: Storefront
) -> None:
    rig.change(without_blue(1), without_blue(2))
    rig.follow()
    assert_stored(rig.shop, shirts(SIZE))

    rig.follow(*DRAFT, updated=2)
    offered = storefront.offers()
    for number in (1, 2):
        assert [offered[f"SH{number}-{size}-B"] for size in "SML"] == [(20 + number, 20 + number, 0)] * 3
    rig.change(shirt(2))  # they come back
    rig.follow(*DRAFT, updated=1)
    found = differences(rig.shop, shirts(SIZE))
    assert {each.split()[0] for each in found} == {"dummyjson:1"}, "whose stock is 0"

    rig.change(without_blue(2))
    limited = rig.run("--on-missing", "delete", "--max-removals", "5")
    assert limited.exit_code == 6
    assert f"6 of {6 * SIZE} variants" in limited.document["problems"][0]["reason"]
    rig.follow(*REMOVE, updated=2)
    assert storefront.offers() == offers_of(rig.source.products)
    assert_exact(rig.shop, rig.source.products)
    rig.change(shirt(1))  # they come back, as new ones
    rig.follow(*REMOVE, updated=1)

    before, row = rig.identities(), without_blue(2)
    for each in row["variants"]:
        del each["options"]["Colour"]
    rig.change(row | {"options": ["Size"]})
    rig.follow(*REMOVE, updated=1)
    rig.is_held()
    assert rig.identities() == before


def a_week_earlier(metadata: dict[str, Any]) -> dict[str, Any]:
    """The record of a product with earlier times."""
    text = json.dumps(metadata["medusa_sync"])
    earlier = re.sub(r"\b1[0-9]{9}\b", lambda time: str(int(time[0]) - 7 * 86_400), text)
    return {"medusa_sync": json.loads(earlier)}


@deep  # flow tests prove delays
def test_what_is_missing_is_marked_and_removed_after_a_week(rig: Rig) -> None:
    later, before = (*REMOVE, "--remove-after", "7d"), rig.variant_ids(1, 2)
    rig.source.products = [without_blue(1), *rig.source.products[2:]]
    plan = rig.run(*later, "--dry-run")
    assert (plan.exit_code, rig.proxy.writes) == (0, [])
    [note] = [each for each in plan.document["notes"] if "would be removed on" in each]
    assert note.count("missing since") == 4, "a product and three variants"
    run = rig.run(*later)
    assert (run.exit_code, run.counts, len(rig.proxy.writes)) == (0, {"unchanged": SIZE - 1}, 2)
    rig.is_quiet(*later)
    assert rig.variant_ids(1, 2) == before
    products = rig.shop.get("/admin/products", fields="id,metadata", limit=SIZE)["products"]
    bodies = [{"id": each["id"], "metadata": a_week_earlier(each["metadata"])} for each in products]
    rig.shop.post("/admin/products/batch", {"update": bodies})
    rig.run(*later)
    assert rig.shop.get("/admin/products", fields="id")["count"] == SIZE - 1
    assert set(rig.variant_ids(1)) == {each["sku"] for each in without_blue(1)["variants"]}
    rig.is_quiet(*later)


# --- prices ---------------------------------------------------------------------------------------------


@deep  # the prices of regions are a quick example
def test_prices_in_two_currencies_follow_the_source_and_those_of_the_merchant_stay(
    rig: Rig, storefront: Storefront
) -> None:
    row = shirt(1)
    row["variants"][0]["prices"], row["variants"][1]["prices"] = {"eur": 18}, {"eur": 19.5}
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
    rig.change(row, changed(2, price=60))
    rig.follow(updated=2)
    ours, merchants = (
        [each.owned["price.eur"] for each in rig.stored(number).variants.values() if each.owned["price.eur"]]
        for number in (1, 2)
    )
    assert (ours, merchants) == ([45], [9])
    assert storefront.price_in_cart(own["id"]) == (60, None)
    assert storefront.price_in_cart(own["id"], 2) == (1, None)


def on_sale(number: int, *indices: int, compared: float = 40) -> Row:
    row = shirt(number)
    for index in indices:
        row["variants"][index]["compareAtPrice"] = compared
    return row


def test_a_sale_begins_changes_and_ends_and_the_option_can_be_turned_off(
    rig: Rig, storefront: Storefront
) -> None:
    before = rig.identities()
    rig.change(on_sale(1, 0, 3), on_sale(2, 1), on_sale(3, 1, compared=1))
    rig.source.add(on_sale(99, 0, 1, compared=200))
    refused = rig.run("--sale-prices")
    assert (refused.exit_code, rig.proxy.writes) == (6, [])
    rig.follow("--sale-prices", "--accept-settings", updated=2, created=1)
    rig.is_held(sale_prices=True)
    offered = storefront.offers()
    assert offered["SH1-S-R"] == offered["SH1-M-B"] == (21, 40, 1)
    assert offered["SH3-S-B"] == (23, 23, 3)
    assert offered["SH99-S-R"] == (119, 200, 99)
    assert storefront.price_in_cart(rig.variant_ids(1)["SH1-S-R"]) == (21, 40)

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
    assert (offered["SH1-S-R"], offered["SH1-L-B"], offered["SH1-M-B"]) == (
        (15, 50, 1),
        (21, 30, 1),
        (21, 21, 1),
    )
    assert sorted(price["amount"] for price in rig.shop.sale_prices()) == [15, 21]

    assert rig.run().exit_code == 6
    rig.follow("--accept-settings", updated=1)  # without the option
    rig.is_held()
    assert {price == before_sale for price, before_sale, _ in storefront.offers().values()} == {True}
    assert rig.shop.sale_prices() == []
    assert rig.identities() == before


def test_customers_pay_the_price_of_their_region_and_quantity(rig: Rig) -> None:
    with (
        Storefront(rig.shop, "eur", "Europe") as europe,
        Storefront(rig.shop, "eur", "Nordics", "se") as nordics,
    ):

        def paid(storefront: Storefront) -> list[object]:
            own = rig.variant_ids(1)["SH1-S-R"]
            return [storefront.price_in_cart(own, quantity)[0] for quantity in (1, 9, 10, 99, 100)]

        prices = {"eur": 20, "eur.Europe": 17, "eur.10-99": 16, "eur.europe.10+": 15}
        rig.change(changed(1, prices=prices, stock=1_000))
        rig.follow(updated=1)
        assert (paid(europe), paid(nordics)) == ([17, 17, 15, 15, 15], [20, 20, 16, 16, 20])
        rig.change(changed(1, prices={"eur": 21, "eur.Europe": 18, "eur.100+": 12}, stock=1_000))
        rig.follow(updated=1)
        assert (paid(europe), paid(nordics)) == ([18] * 5, [21, 21, 21, 21, 12])
        rig.change(changed(1, price=18, prices={"eur": 30}, stock=1_000))
        rig.follow(updated=1)
        assert paid(europe) == [30] * 5
