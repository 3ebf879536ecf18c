"""Products with variants through their whole life, on a real store and in its storefront."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.e2e.exact import assert_exact, assert_stored, differences
from tests.e2e.rig import DRAFT, REMOVE, Rig, Row, without_blue
from tests.e2e.shop import WEIGHT
from tests.e2e.storefront import Offer, Storefront
from tests.flow.shirts import shirt, shirts, variant

SIZE = 8


def offers_of(rows: list[Row]) -> dict[str, Offer]:
    """What the storefront has to show, without sales."""
    return {
        each["sku"]: (each["price"], each["price"], each["stock"]) for row in rows for each in row["variants"]
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


def test_a_change_of_one_variant_changes_only_that_variant(rig: Rig, storefront: Storefront) -> None:
    before, ids = rig.identities(), rig.variant_ids(6, 7)
    changes: list[dict[str, Any]] = [
        {"price": 99.95},
        {"stock": 0},
        {"sku": "NEW", "barcode": "4099", "title": "Small and red", "weight": WEIGHT},
        {"options": {"Size": "XS", "Colour": "Red"}},
        {"price": 7, "stock": 70, "sku": "ALL", "options": {"Size": "XS", "Colour": "Green"}},
    ]
    rows = shirts(7)
    for row, change in zip(rows, changes, strict=False):
        row["variants"][0] |= change
    one, two = rows[5]["variants"], rows[6]["variants"]
    for first, second in ((one[0], one[1]), (one[2], two[2])):  # within and across products
        for name in ("sku", "barcode"):
            first[name], second[name] = second[name], first[name]
    rig.change(*rows)
    rig.follow(updated=len(rows))
    rig.is_held()
    assert storefront.offers() == offers_of(rig.source.products)
    assert rig.identities() == before
    after = rig.variant_ids(6, 7)
    assert [after[sku] for sku in ("SH6-S-R", "SH6-S-B", "SH6-M-R", "SH7-M-R")] == [
        ids[sku] for sku in ("SH6-S-B", "SH6-S-R", "SH7-M-R", "SH6-M-R")
    ]


def test_a_new_size_is_added_with_its_values_item_stock_and_price(rig: Rig, storefront: Storefront) -> None:
    before = rig.identities()
    rows = [
        shirt(number, variants=[*shirt(number)["variants"], *more])
        for number, more in (
            (1, [variant(1, "XXL", "Blue", price=31, stock=8)]),
            (2, [variant(2, "XXL", "Red"), variant(2, "XL", "Blue", sku=None, barcode=None)]),
            (3, [variant(3, "XXL", "Red", stock=None)]),
        )
    ]
    rig.change(*rows)
    rig.follow(updated=3)
    rig.is_held()
    assert before.items() <= rig.identities().items()
    offered = storefront.offers()
    assert offered["SH1-XXL-B"] == (31, 31, 8)
    assert offered["XL / Blue"] == (22, 22, 2)
    assert len(offered) == 6 * SIZE + 4


# --- options --------------------------------------------------------------------------------------------


def renamed(row: Row, names: dict[str, str]) -> Row:
    """The product with other names of its options."""
    variants = [
        {**each, "options": {names.get(name, name): value for name, value in each["options"].items()}}
        for each in row["variants"]
    ]
    return {**row, "options": [names.get(name, name) for name in row["options"]], "variants": variants}


def with_values(row: Row, name: str, new: Callable[[str], str]) -> Row:
    variants = [
        {**each, "options": {**each["options"], name: new(each["options"].get(name, ""))}}
        for each in row["variants"]
    ]
    return {**row, "variants": variants}


def exchanged(row: Row) -> Row:
    """The product with the option values of each variant at the one before it."""
    values = [each["options"] for each in row["variants"]]
    variants = zip(row["variants"], [*values[1:], values[0]], strict=True)
    return {**row, "variants": [{**each, "options": value} for each, value in variants]}


def test_changes_of_options_and_values_keep_the_variants(rig: Rig) -> None:
    before = rig.identities()
    rows = [
        renamed(shirt(1), {"Colour": "Farbe"}),
        with_values(shirt(2), "Size", {"S": "Small", "M": "Medium", "L": "L"}.__getitem__),
        with_values(renamed(shirt(3), {"Size": "Length"}), "Length", "{} cm".format),
        renamed(shirt(4), {"Size": "Colour", "Colour": "Size"}),
        exchanged(shirt(5)),
        with_values({**shirt(6), "options": ["Size", "Colour", "Fit"]}, "Fit", lambda _: "Slim"),
    ]
    rig.change(*rows)
    rig.follow(updated=len(rows))
    rig.is_held()
    assert rig.identities() == before


def test_a_dropped_option_is_removed_and_the_variants_stay(rig: Rig) -> None:
    rig.change(without_blue(1))  # so that sizes alone tell the variants apart
    rig.follow(*REMOVE, updated=1)
    before = rig.identities()
    row = without_blue(1)
    for each in row["variants"]:
        del each["options"]["Colour"]
    rig.change(row | {"options": ["Size"]})
    rig.follow(*REMOVE, updated=1)
    rig.is_held()
    assert rig.identities() == before


# --- dropped variants -----------------------------------------------------------------------------------


def test_dropped_variants_stay_then_lose_their_stock_then_are_deleted(
    rig: Rig, storefront: Storefront
) -> None:
    dropped = {1, 2}
    blue = [f"SH{number}-{size}-B" for number in dropped for size in "SML"]
    rig.change(*map(without_blue, dropped))
    rig.follow()
    assert_stored(rig.shop, shirts(SIZE))

    rig.follow(*DRAFT, updated=2)
    offered = storefront.offers()
    assert [offered[sku] for sku in blue] == [(20 + number, 20 + number, 0) for number in (1, 1, 1, 2, 2, 2)]
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
    rig.is_held()
