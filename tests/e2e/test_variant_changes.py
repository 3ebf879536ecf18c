"""SKUs, option values and options of variants change on a real store."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.shirts import (
    REMOVE,
    Rig,
    Row,
    identities,
    variant_ids,
    without_blue,
)
from tests.flow.shirts import shirt, shirts
from tests.tiers import deep

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


@deep
def test_variants_exchange_their_option_values(rig: Rig) -> None:
    before = identities(rig.shop)
    row = shirt(1)
    variants = row["variants"]
    values = [each["options"] for each in variants]
    for each, value in zip(variants, [*values[1:], values[0]], strict=True):
        each["options"] = value
    rig.change(row)
    rig.follow(updated=1, unchanged=SIZE - 1)
    rig.is_held()
    assert identities(rig.shop) == before


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


def renamed(row: Row, old: str, new: str) -> Row:
    variants = [
        {**each, "options": {new if name == old else name: value for name, value in each["options"].items()}}
        for each in row["variants"]
    ]
    return {
        **row,
        "options": [new if name == old else name for name in row["options"]],
        "variants": variants,
    }


def with_values(row: Row, name: str, new: Callable[[str], str]) -> Row:
    variants = [
        {**each, "options": {**each["options"], name: new(each["options"].get(name, ""))}}
        for each in row["variants"]
    ]
    return {**row, "variants": variants}


@deep
def test_renamed_options_and_values_keep_the_variants(rig: Rig) -> None:
    before = identities(rig.shop)
    rows = [
        renamed(shirt(1), "Colour", "Farbe"),
        with_values(shirt(2), "Size", {"S": "Small", "M": "Medium", "L": "L"}.__getitem__),
        with_values(renamed(shirt(3), "Size", "Length"), "Length", "{} cm".format),
        renamed(renamed(renamed(shirt(4), "Size", "x"), "Colour", "Size"), "x", "Colour"),
    ]
    rig.change(*rows)
    rig.follow(updated=4, unchanged=SIZE - 4)
    rig.is_held()
    assert identities(rig.shop) == before


@deep
def test_an_added_option_keeps_the_variants(rig: Rig) -> None:
    before = identities(rig.shop)
    row = with_values({**shirt(1), "options": ["Size", "Colour", "Fit"]}, "Fit", lambda _: "Slim")
    rig.change(row)
    rig.follow(updated=1, unchanged=SIZE - 1)
    rig.is_held()
    assert identities(rig.shop) == before


@deep
def test_a_dropped_option_is_removed_and_the_variants_stay(rig: Rig) -> None:
    rig.change(without_blue(1))  # so that sizes alone tell the variants apart
    rig.follow(*REMOVE, updated=1, unchanged=SIZE - 1)
    before = identities(rig.shop)
    row = without_blue(1)
    for each in row["variants"]:
        del each["options"]["Colour"]
    rig.change(row | {"options": ["Size"]})
    rig.follow(*REMOVE, updated=1, unchanged=SIZE - 1)
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
