"""Products with variants through their whole life, on a real store and in its storefront."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.e2e.exact import assert_in_order, assert_no_duplicates_or_leftovers
from tests.e2e.fault_proxy import FaultProxy
from tests.e2e.shirts import (
    DRAFT,
    REMOVE,
    WEIGHT,
    Rig,
    as_stored,
    as_wanted,
    assert_held,
    identities,
    offers_of,
    product,
    variant_ids,
    without_blue,
)
from tests.e2e.shop import Shop
from tests.e2e.storefront import Storefront
from tests.flow.shirts import shirt, shirts, variant
from tests.harness.dummyjson import dummyjson
from tests.tiers import deep

SIZE = 20


def test_shirts_are_created_with_all_variants_and_can_be_bought(rig: Rig, storefront: Storefront) -> None:
    rig.is_held()
    assert_no_duplicates_or_leftovers(rig.shop, except_for=["product and variant"])
    assert storefront.offers() == offers_of(rig.source.products)
    ids = variant_ids(rig.shop, 3)
    assert storefront.price_in_cart(ids["SH3-M-R"], quantity=3) == (23, None)
    with pytest.raises(httpx.HTTPStatusError):
        storefront.price_in_cart(ids["SH3-M-R"], quantity=4)
    rig.is_quiet()


@deep
def test_a_change_of_one_variant_changes_only_that_variant(rig: Rig, storefront: Storefront) -> None:
    before = identities(rig.shop)
    changes: list[dict[str, Any]] = [
        {"price": 99.95},
        {"stock": 0},
        {"sku": "NEW", "barcode": "4099", "title": "Small and red", "weight": WEIGHT},
        {"options": {"Size": "XS", "Colour": "Red"}},
        {"price": 7, "stock": 70, "sku": "ALL", "options": {"Size": "XS", "Colour": "Green"}},
    ]
    rows = shirts(len(changes))
    for row, change in zip(rows, changes, strict=True):
        row["variants"][0] |= change
    rig.change(*rows)
    rig.follow(updated=len(changes), unchanged=SIZE - len(changes))
    rig.is_held()
    assert storefront.offers() == offers_of(rig.source.products)
    assert identities(rig.shop) == before


def test_a_new_size_is_added_with_its_values_item_stock_and_price(rig: Rig, storefront: Storefront) -> None:
    before = identities(rig.shop)
    rows = [
        shirt(number, variants=[*shirt(number)["variants"], *more])
        for number, more in (
            (1, [variant(1, "XXL", "Blue", price=31, stock=8)]),
            (2, [variant(2, "XXL", "Red"), variant(2, "XL", "Blue", sku=None, barcode=None)]),
            (3, [variant(3, "XXL", "Red", stock=None)]),
        )
    ]
    rig.change(*rows)
    rig.follow(updated=3, unchanged=SIZE - 3)
    rig.is_held()
    assert before.items() <= identities(rig.shop).items()
    offered = storefront.offers()
    assert offered["SH1-XXL-B"] == (31, 31, 8)
    assert offered["XL / Blue"] == (22, 22, 2)
    assert len(offered) == 6 * SIZE + 4


def test_dropped_variants_stay_then_lose_their_stock_then_are_deleted(
    rig: Rig, storefront: Storefront
) -> None:
    dropped = {1, 2}
    blue = [f"SH{number}-{size}-B" for number in dropped for size in "SML"]
    rig.change(*map(without_blue, dropped))
    rig.follow(unchanged=SIZE)
    assert_held(rig.shop, shirts(SIZE))

    rig.follow(*DRAFT, updated=2, unchanged=SIZE - 2)
    offered = storefront.offers()
    assert [offered[sku] for sku in blue] == [(20 + number, 20 + number, 0) for number in (1, 1, 1, 2, 2, 2)]
    rig.change(shirt(2))  # they come back
    rig.follow(*DRAFT, updated=1, unchanged=SIZE - 1)
    assert as_stored(product(rig.shop, 2)) == as_wanted(shirt(2), rig.shop)

    rig.change(without_blue(2))
    limited = rig.run("--on-missing", "delete", "--max-removals", "5")
    assert limited.exit_code == 6
    assert "6 of 120 variants" in limited.document["problems"][0]["reason"]
    rig.follow(*REMOVE, updated=2, unchanged=SIZE - 2)
    rig.is_held()
    assert storefront.offers() == offers_of(rig.source.products)
    assert_no_duplicates_or_leftovers(rig.shop, except_for=["product and variant"])
    rig.change(shirt(1))  # they come back, as new ones
    rig.follow(*REMOVE, updated=1, unchanged=SIZE - 1)
    rig.is_held()


@deep
def test_a_missing_option_value_rejects_its_product_and_nothing_else(shop: Shop, proxy: FaultProxy) -> None:
    rows = shirts(SIZE)
    del rows[1]["variants"][2]["options"]["Colour"]
    with dummyjson(rows) as source:
        rig = Rig(shop, source, proxy)
        run = rig.run()
        assert_in_order(run, 5)
        assert run.counts == {"created": SIZE - 1, "rejected": 1}
        reason = run.document["problems"][0]["reason"]
        assert reason == "variant SH2-M-R: it has no value for the option 'Colour'"
        assert_held(shop, [rows[0], *rows[2:]])
        rig.change(shirt(2))
        rig.follow(created=1, unchanged=SIZE - 1)
        rig.is_held()
