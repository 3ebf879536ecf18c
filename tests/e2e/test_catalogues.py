"""A real export of Shopify on a real store."""

from __future__ import annotations

import csv
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.e2e.command import Finished, medusa_sync
from tests.e2e.exact import assert_quiet
from tests.e2e.shop import Shop
from tests.e2e.stored import Stored, stored_in

SHOPIFY = Path(__file__).parents[1] / "catalogues" / "shopify-tableware.csv"


def wanted_of(rows: list[dict[str, str]]) -> dict[str, Any]:
    """What the store has to hold of a product, read from the export by hand."""
    first = rows[0]
    names = [first[f"Option{n} Name"] for n in (1, 2, 3) if first[f"Option{n} Name"]]
    is_plain = [row["Option1 Value"] for row in rows if row["Option1 Value"]] == ["Default Title"]
    variants = {}
    for row in rows:
        if row["Variant Price"]:
            values = ["Default"] if is_plain else [row[f"Option{n} Value"] for n in range(1, len(names) + 1)]
            price, compared = float(row["Variant Price"]), float(row["Variant Compare At Price"] or 0)
            prices = (compared, price) if compared > price else (price, None)
            stock = max(int(row["Variant Inventory Qty"]), 0) if row["Variant Inventory Tracker"] else None
            variants[tuple(sorted(values))] = (*prices, stock)
    return {
        "handle": first["Handle"],
        "title": first["Title"],
        "description": first["Body (HTML)"].replace("\u2028", "\n").strip() or None,
        "status": "published" if first["Published"] == "true" else "draft",
        "tags": tuple(sorted(tag.strip() for tag in first["Tags"].split(",") if tag.strip())),
        "brand": first["Vendor"],
        "type": first["Type"] or None,
        "images": tuple(dict.fromkeys(row["Image Src"] for row in rows if row["Image Src"])),
        "options": {"Default"} if is_plain else set(names),
        "variants": variants,
    }


def held_of(product: Stored) -> dict[str, Any]:
    """The same, as the store holds it."""
    fields = ("title", "description", "tags", "brand", "images")
    return {
        **{name: product.owned[name] for name in fields},
        **{name: product.others[name] for name in ("handle", "type")},
        "status": product.status,
        "options": set(product.options.values()),
        "variants": {
            tuple(sorted(each.values.values())): (
                *(each.owned[name] for name in ("price", "sale_price")),
                each.owned["stock"] if each.is_managed else None,
            )
            for each in product.variants.values()
        },
    }


def test_an_export_of_shopify_is_stored_exactly_and_one_changed_cell_changes_one_field(
    shop: Shop, tmp_path: Path
) -> None:
    def run(source: Path) -> Finished:
        flags = ("--source-name", "shop", "--sale-prices", "--json")
        return medusa_sync("--source", str(source), *flags, store=shop.store)

    with SHOPIFY.open(encoding="utf-8", newline="") as file:
        rows = groupby((row for row in csv.DictReader(file) if row["Handle"]), key=lambda row: row["Handle"])
        wanted = {f"shop:{handle}": wanted_of(list(own)) for handle, own in rows}
    result = run(SHOPIFY)
    assert (result.exit_code, result.counts) == (0, {"created": 20})
    assert result.document["source"]["format"] == "CSV (Shopify)"
    assert {key: held_of(each) for key, each in stored_in(shop, "shop").items()} == wanted
    assert len(shop.sale_prices("shop")) > 5
    assert_quiet(run(SHOPIFY), 20)

    changed = tmp_path / "changed.csv"
    changed.write_text(SHOPIFY.read_text(encoding="utf-8").replace(",27,48,", ",26,48,"), encoding="utf-8")
    result = run(changed)
    assert result.counts == {"updated": 1, "unchanged": 19}
    [change] = result.document["changes"]
    assert (change["external_id"], change["fields"]) == ("shop:harbour-mug", {})
    assert [each["fields"] for each in change["variants"]] == [{"sale_price": {"from": 27, "to": 26}}]
