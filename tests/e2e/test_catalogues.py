"""Catalogues as shops have them, on a real store: files of several formats."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Finished, medusa_sync
from tests.e2e.shop import Shop
from tests.harness.medusa import Store

SHOPIFY = Path(__file__).parents[1] / "catalogues" / "shopify-tableware.csv"


@pytest.fixture
def shop(store: Store) -> Iterator[Shop]:
    with Shop(store) as found:
        yield found


def run(store: Store, source: Path, *arguments: str, name: str = "shop") -> Finished:
    return medusa_sync("--source", str(source), "--source-name", name, "--json", *arguments, store=store)


def is_quiet(store: Store, source: Path, *arguments: str, name: str = "shop") -> bool:
    """Whether a run changes nothing and writes nothing."""
    result = run(store, source, *arguments, name=name)
    assert result.exit_code == 0, result.stderr
    return result.counts.keys() == {"unchanged"} and result.document["requests"]["store_writes"] == 0


# --- Shopify --------------------------------------------------------------------------------------------


def shopify_rows(path: Path = SHOPIFY) -> dict[str, list[dict[str, str]]]:
    """The rows of the export by handle."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Handle"]]
    return {handle: list(own) for handle, own in groupby(rows, key=lambda row: row["Handle"])}


def wanted_of(rows: list[dict[str, str]]) -> dict[str, Any]:
    """What the store has to hold of a product, read from the export by hand."""
    first = rows[0]
    names = [first[f"Option{n} Name"] for n in (1, 2, 3) if first[f"Option{n} Name"]]
    is_plain = [row["Option1 Value"] for row in rows if row["Option1 Value"]] == ["Default Title"]
    variants = {}
    for row in rows:
        if row["Variant Price"]:
            values = {name: row[f"Option{n} Value"] for n, name in enumerate(names, 1)}
            compared = float(row["Variant Compare At Price"] or 0)
            price = float(row["Variant Price"])
            on_sale = compared > price
            values = {"Default": "Default"} if is_plain else values
            variants[tuple(sorted(values.items()))] = {
                "price": compared if on_sale else price,
                "sale": price if on_sale else None,
                "stock": max(int(row["Variant Inventory Qty"]), 0)
                if row["Variant Inventory Tracker"]
                else None,
            }
    return {
        "handle": first["Handle"],
        "title": first["Title"],
        "description": first["Body (HTML)"].replace("\u2028", "\n").strip() or None,
        "status": "published" if first["Published"] == "true" else "draft",
        "tags": sorted(tag.strip() for tag in first["Tags"].split(",") if tag.strip()),
        "brand": first["Vendor"],
        "type": first["Type"] or None,
        "images": list(dict.fromkeys(row["Image Src"] for row in rows if row["Image Src"])),
        "options": {"Default"} if is_plain else set(names),
        "variants": variants,
    }


def held_of(product: dict[str, Any], sales: dict[str, float]) -> dict[str, Any]:
    """The same, as the store holds it."""
    titles = {option["id"]: option["title"] for option in product["options"]}
    variants = {}
    for variant in product["variants"]:
        values = {titles[each["option_id"]]: each["value"] for each in variant["options"]}
        levels = [
            level["stocked_quantity"]
            for item in variant["inventory_items"]
            for level in item["inventory"]["location_levels"]
        ]
        [price] = variant["prices"]
        variants[tuple(sorted(values.items()))] = {
            "price": price["amount"],
            "sale": sales.get(variant["id"]),
            "stock": levels[0] if variant["manage_inventory"] else None,
        }
    return {
        "handle": product["handle"],
        "title": product["title"],
        "description": product["description"],
        "status": product["status"],
        "tags": sorted(tag["value"] for tag in product["tags"]),
        "brand": product["metadata"]["brand"],
        "type": product["type"]["value"] if product["type"] else None,
        "images": [image["url"] for image in sorted(product["images"], key=lambda image: image["rank"])],
        "options": set(titles.values()),
        "variants": variants,
    }


def test_an_export_of_shopify_is_stored_exactly_and_one_changed_cell_changes_one_field(
    shop: Shop, tmp_path: Path
) -> None:
    store = shop.store
    result = run(store, SHOPIFY, "--sale-prices")
    assert (result.exit_code, result.counts) == (0, {"created": 20})
    assert result.document["source"]["format"] == "CSV (Shopify)"
    sales = {price["variant_id"]: price["amount"] for price in shop.sale_prices("shop")}
    held = {own.removeprefix("shop:"): held_of(each, sales) for own, each in shop.by_external_id().items()}
    assert held == {handle: wanted_of(rows) for handle, rows in shopify_rows().items()}
    assert len(sales) > 5
    assert is_quiet(store, SHOPIFY, "--sale-prices")

    changed = tmp_path / "changed.csv"
    changed.write_text(SHOPIFY.read_text(encoding="utf-8").replace(",27,48,", ",26,48,"), encoding="utf-8")
    result = run(store, changed, "--sale-prices")
    assert result.counts == {"updated": 1, "unchanged": 19}
    [change] = result.document["changes"]
    assert (change["external_id"], change["fields"]) == ("shop:harbour-mug", {})
    assert [each["fields"] for each in change["variants"]] == [{"sale_price": {"from": 27, "to": 26}}]


# --- the same products in other forms -------------------------------------------------------------------


# --- other formats --------------------------------------------------------------------------------------


# --- incomplete files -----------------------------------------------------------------------------------
