"""What a product and its record should be (docs/mapping.md)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from benchmarks.cheapest.server import Json, own_id

CURRENCY = "usd"
ONLY = ""  # the key of the variant of a product without variants

Fields = dict[str, Any]
Variants = dict[str, Fields]


def category_path(product: Json) -> list[tuple[str, str | None]]:
    """The handles of its categories from the top, and their names if the product has them."""
    if "category" in product:
        return [(product["category"], None)]
    (path,) = product["categories"]
    return [(slug(" ".join(path[: depth + 1])), name) for depth, name in enumerate(path)]


def desired(product: Json) -> Fields:
    """The fields of a product, by their name in the record."""
    dimensions = product.get("dimensions") or {}
    images = list(dict.fromkeys(product["images"]))
    fields = {
        "title": product["title"],
        "description": product.get("description"),
        "thumbnail": product.get("thumbnail", next(iter(images), None)),
        "weight": product.get("weight"),
        "length": dimensions.get("depth"),
        "height": dimensions.get("height"),
        "width": dimensions.get("width"),
        "type": product.get("type"),
        "categories": [category_path(product)[-1][0]],
        "tags": list(dict.fromkeys(product["tags"])),
        "images": images,
        "metadata.brand": product.get("brand"),
        "metadata.rating": product.get("rating"),
        "metadata.review_count": len(product["reviews"]) if "reviews" in product else None,
        "metadata.discount_percentage": product.get("discountPercentage"),
        "metadata.warranty_information": product.get("warrantyInformation"),
        "metadata.shipping_information": product.get("shippingInformation"),
        "metadata.return_policy": product.get("returnPolicy"),
        "metadata.minimum_order_quantity": product.get("minimumOrderQuantity"),
        "metadata.availability_status": product.get("availabilityStatus"),
    }
    return {name: value for name, value in fields.items() if value is not None}


def desired_variants(product: Json) -> Variants:
    """The fields of each variant, by its key in the record."""
    if "variants" not in product:
        return {ONLY: _variant(product, product["meta"].get("barcode"))}
    return {
        variant.get("id", variant["sku"]): {
            "title": " / ".join(variant["options"].values()),
            **_variant(variant, variant.get("barcode")),
            **{f"option.{name}": value for name, value in variant["options"].items()},
        }
        for variant in product["variants"]
    }


def _variant(source: Json, barcode: str | None) -> Fields:
    fields = {
        "sku": source.get("sku"),
        "barcode": barcode,
        "stock": source["stock"],
        "price": source["price"],
    }
    return {name: value for name, value in fields.items() if value is not None}


def new_variant(product: Json, key: str, fields: Fields) -> Json:
    """The body of a variant, with an inventory item of `new_item`."""
    kept: Json = {name: fields[name] for name in ("title", "sku", "barcode") if name in fields}
    options = {
        name.removeprefix("option."): value for name, value in fields.items() if name.startswith("option.")
    }
    return {
        "title": "Default",
        "options": options or {"Default": "Default"},
        "manage_inventory": True,
        "inventory_items": [{"inventory_item_id": item_id(product, key), "required_quantity": 1}],
        "prices": [{"currency_code": CURRENCY, "amount": fields["price"]}],
        **kept,
    }


def new_item(product: Json, key: str, fields: Fields, location_id: str) -> Json:
    """The body of the inventory item of a variant, with its stock."""
    return {
        "id": item_id(product, key),
        "sku": fields.get("sku"),
        "title": fields.get("title", "Default"),
        "location_levels": [{"location_id": location_id, "stocked_quantity": fields["stock"]}],
    }


def item_id(product: Json, key: str) -> str:
    return own_id("iitem", external_id(product), key)


def external_id(product: Json) -> str:
    return f"dummyjson:{product['id']}"


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def remembered(value: Any) -> Any:
    """A value as the record keeps it: long texts become a digest."""
    if isinstance(value, list):
        return [remembered(member) for member in value]
    if isinstance(value, dict):
        return {name: remembered(member) for name, member in value.items()}
    if isinstance(value, str) and (len(value) > 40 or re.fullmatch(r"#[0-9a-f]{12}", value)):
        return "#" + blake2b(value.encode(), digest_size=6).hexdigest()
    return value


def applied(product: Json, variant_ids: Mapping[str, str], option_ids: Mapping[str, str]) -> Json:
    """The record of a complete product; the ids are by key of the variant and by name of the option."""
    record: Json = {"version": 3, "fields": remembered(desired(product)), "currency": CURRENCY}
    if "options" in product:
        record["options"] = [[name, option_ids[name]] for name in product["options"]]
    record["variants"] = {
        key: [variant_ids[key], remembered(fields), None] for key, fields in desired_variants(product).items()
    }
    return record


def note(record: Json, before: Variants, late: Mapping[str, Iterable[str]], step: str) -> Json:
    """The record to send with a write: some fields of variants are not known to arrive.

    Args:
        record: of the complete product.
        before: the last applied fields of its variants.
        late: the names of those fields, by key of the variant.
        step: the kind of write.
    """
    variants, sent = dict(record["variants"]), {}
    for key, names in late.items():
        variant_id, now, _ = variants[key]
        old = before.get(key, {})
        fields = {name: value for name, value in now.items() if name not in names}
        fields |= {name: old[name] for name in names if name in old}
        variants[key] = [variant_id, fields, None]
        sent[key] = {name: [now[name]] for name in names}
    pending = {"step": step, "variants": sent, "currency": CURRENCY, "at": int(time.time())}
    return {**record, "variants": variants, "pending": pending}
