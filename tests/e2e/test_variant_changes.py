"""SKUs, option values and options of variants change on a real store."""

from __future__ import annotations

from tests.e2e.shirts import (
    REMOVE,
    Rig,
    Row,
    identities,
    variant_ids,
)
from tests.flow.shirts import shirts

SIZE = 5


def test_swapped_skus_and_barcodes_end_up_correct_within_and_across_products(rig: Rig) -> None:
    before = identities(rig.shop)
    ids = variant_ids(rig.shop, 1) | variant_ids(rig.shop, 2)
    one, two = shirts(2)
    for first, second in (
        (one["variants"][0], one["variants"][1]),
        (one["variants"][2], two["variants"][2]),
    ):
        for name in ("sku", "barcode"):
            first[name], second[name] = second[name], first[name]
    rig.change(one, two)
    rig.follow(updated=2, unchanged=SIZE - 2)
    rig.is_held()
    assert identities(rig.shop) == before
    after = variant_ids(rig.shop, 1) | variant_ids(rig.shop, 2)
    assert [after[sku] for sku in ("SH1-S-R", "SH1-S-B", "SH1-M-R", "SH2-M-R")] == [
        ids[sku] for sku in ("SH1-S-B", "SH1-S-R", "SH2-M-R", "SH1-M-R")
    ]


def test_many_variants_are_created_and_changed(rig: Rig) -> None:
    row: Row = {
        "id": 99,
        "title": "Screws",
        "options": ["Length"],
        "variants": [
            {"id": each, "sku": f"SC-{each}", "price": each, "stock": 1, "options": {"Length": f"{each} mm"}}
            for each in range(1, 151)
        ],
    }
    rig.source.add(row)
    rig.follow(created=1, unchanged=SIZE)
    rig.is_held()
    before = identities(rig.shop)
    row["variants"][120] |= {"price": 9, "stock": 90, "sku": "SC", "options": {"Length": "other"}}
    row["variants"][121] |= {"price": 8}
    rig.change(row)
    rig.follow(updated=1, unchanged=SIZE)
    rig.is_held()
    assert identities(rig.shop) == before


def test_a_product_gets_variants_and_loses_them_without_losing_the_first(rig: Rig) -> None:
    plain: Row = {"id": 99, "title": "Cap", "price": 20, "stock": 3, "sku": "CAP-M"}
    rig.source.add(plain)
    rig.follow(created=1, unchanged=SIZE)
    rig.is_held()
    first = variant_ids(rig.shop, 99)["CAP-M"]
    before = identities(rig.shop)
    sized = {
        **{name: plain[name] for name in ("id", "title")},
        "options": ["Size"],
        "variants": [
            {"id": size, "sku": f"CAP-{size}", "price": 21, "stock": 5, "options": {"Size": size}}
            for size in "SML"
        ],
    }
    rig.change(sized)
    rig.follow(updated=1, unchanged=SIZE)
    rig.is_held()
    assert variant_ids(rig.shop, 99)["CAP-M"] == first
    assert before.items() <= identities(rig.shop).items()
    rig.change(plain)
    rig.follow(*REMOVE, updated=1, unchanged=SIZE)
    rig.is_held()
    assert identities(rig.shop) == before
