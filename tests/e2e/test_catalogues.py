"""Catalogues as shops have them, on a real store: files of several formats."""

from __future__ import annotations

import csv
import gzip
import json
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

PRODUCTS: list[dict[str, Any]] = [
    {"id": "m1", "title": "Mug", "price": 9.5, "sku": "MUG", "stock": 20, "tags": ["clay", "blue"]},
    {
        "id": "s1",
        "title": "Shirt, long",
        "description": "<p>Soft</p>",
        "categories": [["Apparel", "Shirts"]],
        "options": ["Size"],
        "variants": [
            {"id": "s1-S", "sku": "S1S", "price": 20, "stock": 4, "options": {"Size": "S"}},
            {"id": "s1-M", "sku": "S1M", "price": 22, "stock": 0, "options": {"Size": "M"}},
        ],
    },
]
LINES = "\n".join(map(json.dumps, PRODUCTS))
OWN_CSV = """id;title;description;price;sku;stock;tags;categories;variant_id;option1_name;option1_value
m1;Mug;;9.50;MUG;20;clay|blue;;;;
s1;Shirt, long;<p>Soft</p>;20;S1S;4;;Apparel > Shirts;s1-S;Size;S
s1;;;22;S1M;0;;;s1-M;;M
"""


def test_the_same_products_in_any_form_are_unchanged(store: Store, tmp_path: Path) -> None:
    forms = {
        "array.json": json.dumps(PRODUCTS).encode(),
        "object.json": json.dumps({"items": PRODUCTS, "total": 2}, indent=1).encode(),
        "lines.ndjson": LINES.encode(),
        "named-otherwise.txt": gzip.compress(LINES.encode()),
        "own.csv": OWN_CSV.encode("utf-8-sig"),
        "own-utf-16.csv": OWN_CSV.encode("utf-16"),
    }
    files = {name: tmp_path / name for name in forms}
    for name, content in forms.items():
        files[name].write_bytes(content)
    first = run(store, files["array.json"])
    assert (first.exit_code, first.counts) == (0, {"created": 2}), first.stderr
    for file in files.values():
        assert is_quiet(store, file), file.name
        piped = medusa_sync("--source", "-", "--source-name", "shop", "--json", store=store, stdin=file)
        assert piped.counts == {"unchanged": 2}, file.name


# --- other formats --------------------------------------------------------------------------------------

MEDUSA = (
    "Product Handle,Product Title,Product Status,Product External Id,Variant SKU,Variant Title,"
    "Variant Price USD,Variant Price EUR,Variant Option 1 Name,Variant Option 1 Value,Product Image 1 Url\n"
    "jug,Jug,published,j1,JUG-S,Small,10,9,Size,S,https://example.com/jug.png\n"
    "jug,Jug,published,j1,JUG-L,Large,15,14,Size,L,https://example.com/jug.png\n"
)
GOOGLE = (
    "id\ttitle\tprice\tavailability\titem_group_id\tsize\timage_link\tproduct_type\tquantity\n"
    "j-s\tJug\t10.00 USD\tin_stock\tj1\tS\thttps://example.com/jug.png\tKitchen > Jugs\t3\n"
    "j-l\tJug\t15.00 USD\tin_stock\tj1\tL\thttps://example.com/jug.png\tKitchen > Jugs\t0\n"
)
ITEM = """<item>
<g:id>{id}</g:id> <g:title>Jug</g:title> <g:price>{price} USD</g:price>
<g:availability>in_stock</g:availability>
<g:item_group_id>j1</g:item_group_id> <g:size>{size}</g:size> <g:quantity>{stock}</g:quantity>
<g:image_link>https://example.com/jug.png</g:image_link> <g:product_type>Kitchen &gt; Jugs</g:product_type>
</item>"""
RSS = (
    '<?xml version="1.0"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>'
    + ITEM.format(id="j-s", price="10.00", size="S", stock=3)
    + ITEM.format(id="j-l", price="15.00", size="L", stock=0)
    + "</channel></rss>\n"
)


@pytest.mark.parametrize(
    ("name", "content", "detected"),
    [
        ("medusa.csv", MEDUSA, "CSV (Medusa)"),
        ("google.tsv", GOOGLE, "CSV (Google Merchant)"),
        ("feed.xml", RSS, "RSS (Google Merchant)"),
    ],
)
def test_exports_and_feeds_become_products_with_variants(
    shop: Shop, tmp_path: Path, name: str, content: str, detected: str
) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    result = run(shop.store, file)
    assert (result.exit_code, result.counts) == (0, {"created": 1}), result.stderr
    assert result.document["source"]["format"] == detected
    [product] = shop.products()
    titles = {option["id"]: option["title"].lower() for option in product["options"]}
    prices = {
        (titles[value["option_id"]], value["value"]): price["amount"]
        for variant in product["variants"]
        for value in variant["options"]
        for price in variant["prices"]
        if price["currency_code"] == "usd"
    }
    assert (product["external_id"], prices) == ("shop:j1", {("size", "S"): 10, ("size", "L"): 15})
    assert [image["url"] for image in product["images"]] == ["https://example.com/jug.png"]
    assert is_quiet(shop.store, file)


def test_rss_and_a_table_of_the_same_feed_are_the_same(store: Store, tmp_path: Path) -> None:
    table, feed = tmp_path / "google.tsv", tmp_path / "feed.xml"
    table.write_text(GOOGLE, encoding="utf-8")
    feed.write_text(RSS, encoding="utf-8")
    assert run(store, table).counts == {"created": 1}
    assert is_quiet(store, feed)


def test_nested_categories_are_created_once(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "paths.json"
    paths = [["Home", "Kitchen", "Mugs"], ["Office", "Kitchen"]]
    rows = [{"id": n, "title": f"Mug {n}", "price": 1, "categories": paths} for n in range(1, 4)]
    file.write_text(json.dumps(rows), encoding="utf-8")
    assert run(shop.store, file, "--batch-size", "1").counts == {"created": 3}
    found = shop.get("/admin/product-categories", fields="handle,name,parent_category.handle", limit=100)
    parents = {
        each["handle"]: (each["name"], (each["parent_category"] or {}).get("handle"))
        for each in found["product_categories"]
    }
    assert parents == {
        "home": ("Home", None),
        "home-kitchen": ("Kitchen", "home"),
        "home-kitchen-mugs": ("Mugs", "home-kitchen"),
        "office": ("Office", None),
        "office-kitchen": ("Kitchen", "office"),
    }
    for product in shop.products():
        assert {each["handle"] for each in product["categories"]} == {"home-kitchen-mugs", "office-kitchen"}
    assert is_quiet(shop.store, file)


# --- incomplete files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "gzip"])
def test_what_precedes_the_cut_is_stored_and_nothing_is_removed(
    shop: Shop, tmp_path: Path, form: str
) -> None:
    whole = tmp_path / "whole.ndjson"
    rows: list[dict[str, Any]] = [
        {"id": n, "title": f"Cup {n}", "price": n, "stock": 1} for n in range(1, 61)
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    whole.write_bytes(lines)
    assert run(shop.store, whole).counts == {"created": 60}
    later = [{**row, "price": row["price"] + 1} for row in rows]
    table = "id,title,price,stock\n" + "".join(
        f"{row['id']},{row['title']},{row['price']},1\n" for row in later
    )
    text = {
        "json": json.dumps(later),
        "ndjson": "".join(json.dumps(row) + "\n" for row in later),
        "csv": table,
        "gzip": table,
    }[form].encode()
    body = gzip.compress(text) if form == "gzip" else text
    cut = tmp_path / "cut"
    cut.write_bytes(body[: len(body) * 2 // 3])
    result = run(shop.store, cut, "--on-missing", "delete", "--max-removals", "100%")
    assert result.exit_code == 3
    assert str(cut) in result.stderr
    assert 10 < result.counts["updated"] < 60
    assert len(shop.products()) == 60
