"""An export of Shopify, and the same products in the format of DummyJSON."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tests.harness import catalogue

TAGS, TYPES = 398, 45
_TAGS_EACH = 4
_VARIANTS = (1, 2, 4)  # of every third product
_NAMES = {each["slug"]: each["name"] for each in catalogue.CATEGORIES}


def exported(number: int) -> dict[str, Any]:
    """A product with the fields that an export has; the same number gives the same product."""
    product = catalogue.product(number)
    tags = ((number * _TAGS_EACH + index) % TAGS for index in range(_TAGS_EACH))
    body: dict[str, Any] = {
        **{name: product[name] for name in ("title", "description", "images")},
        "id": f"product-{number:05d}",
        "handle": f"product-{number:05d}",
        "brand": product.get("brand", "House brand"),
        "categories": [["Home & Garden", _NAMES[product["category"]]]],
        "type": f"Type {number % TYPES:02d}",
        "tags": [f"tag {tag:03d}" for tag in tags],
    }
    count = _VARIANTS[number % len(_VARIANTS)]
    if count == 1:
        return {**body, **{name: product[name] for name in ("sku", "price", "stock", "meta")}}
    in_variants = catalogue.in_variants(product, count)
    for variant in in_variants["variants"]:
        del variant["id"]
    return {**body, "options": in_variants["options"], "variants": in_variants["variants"]}


def write_export(path: Path, products: Sequence[dict[str, Any]]) -> None:
    rows = [row for product in products for row in _rows(product)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(column for row in rows for column in row)))
        writer.writeheader()
        writer.writerows(rows)


def _rows(product: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The first row has the product, and each one has a variant or an image or both."""
    only = {**product, **product.get("meta", {}), "options": {"Title": "Default Title"}}
    variants = product.get("variants", [only])
    row = {
        "Handle": product["handle"],
        "Title": product["title"],
        "Body (HTML)": product["description"],
        "Vendor": product["brand"],
        "Product Category": " > ".join(product["categories"][0]),
        "Type": product["type"],
        "Tags": ", ".join(product["tags"]),
        **{f"Option{place} Name": name for place, name in enumerate(variants[0]["options"], start=1)},
    }
    for variant, image in zip_longest(variants, product["images"]):
        if variant:
            values = enumerate(variant["options"].values(), start=1)
            row |= {f"Option{place} Value": value for place, value in values}
            row |= {
                "Variant SKU": variant["sku"],
                "Variant Inventory Tracker": "shopify",
                "Variant Inventory Qty": variant["stock"],
                "Variant Price": variant["price"],
                "Variant Barcode": variant["barcode"],
            }
        yield row | ({"Image Src": image} if image else {})
        row = {"Handle": product["handle"]}
