"""What a product and its record should be (docs/mapping.md)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from benchmarks.cheapest.server import Json

CURRENCY = "usd"
LATE = ("sku", "barcode", "price", "stock")  # fields that commit after the product row


def desired(product: Json) -> Json:
    """The fields of a product, by their name in the record."""
    dimensions = product.get("dimensions") or {}
    return {
        "title": product["title"],
        "subtitle": None,
        "description": product.get("description"),
        "thumbnail": product.get("thumbnail"),
        "weight": product.get("weight"),
        "length": dimensions.get("depth"),
        "height": dimensions.get("height"),
        "width": dimensions.get("width"),
        "origin_country": None,
        "hs_code": None,
        "mid_code": None,
        "material": None,
        "categories": [product["category"]],
        "tags": list(dict.fromkeys(product["tags"])),
        "images": list(dict.fromkeys(product["images"])),
        "sku": product.get("sku"),
        "barcode": product["meta"].get("barcode"),
        "price": product["price"],
        "stock": product["stock"],
        "metadata.brand": product.get("brand"),
        "metadata.rating": product.get("rating"),
        "metadata.review_count": len(product["reviews"]),
        "metadata.discount_percentage": product.get("discountPercentage"),
        "metadata.warranty_information": product.get("warrantyInformation"),
        "metadata.shipping_information": product.get("shippingInformation"),
        "metadata.return_policy": product.get("returnPolicy"),
        "metadata.minimum_order_quantity": product.get("minimumOrderQuantity"),
        "metadata.availability_status": product.get("availabilityStatus"),
    }


def external_id(product: Json) -> str:
    return f"dummyjson:{product['id']}"


def remembered(value: Any) -> Any:
    """A value as the record keeps it: long texts become a digest."""
    if isinstance(value, list):
        return [remembered(member) for member in value]
    if isinstance(value, str) and (len(value) > 40 or re.fullmatch(r"#[0-9a-f]{12}", value)):
        return "#" + blake2b(value.encode(), digest_size=6).hexdigest()
    return value


def applied(fields: Json, variant_id: str) -> Json:
    """The record of a complete product."""
    kept = {name: remembered(value) for name, value in fields.items()}
    return {"version": 2, "fields": kept, "currency": CURRENCY, "variant": variant_id}


def note(record: Json, before: Json, late: Iterable[str], step: str) -> Json:
    """The record to send with a write: some of its fields are not known to arrive."""
    now = record["fields"]
    kept = {name: before[name] for name in late if name in before}
    fields = {name: value for name, value in now.items() if name not in late} | kept
    sent = {name: [now[name]] for name in late}
    pending = {"step": step, "fields": sent, "currency": CURRENCY, "at": int(time.time())}
    noted = {**record, "fields": fields, "pending": pending}
    return {name: value for name, value in noted.items() if value != ""}
