"""Pure: a change -> the JSON that Medusa's batch call takes for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct, structs

from medusa_sync.medusa.references import Places
from medusa_sync.models import (
    METADATA,
    RECORD_KEY,
    Create,
    DesiredProduct,
    Record,
    StoredPrice,
    StoredVariant,
    Update,
    Value,
)
from medusa_sync.plan import owned_price, read_record

_VARIANT_FIELDS = frozenset({"sku", "barcode", "price", "stock"})
_OPTION = "Default"


class Ids(Struct, frozen=True):
    """Ids that a body refers to: categories by handle, tags by value."""

    categories: Mapping[str, str]
    tags: Mapping[str, str]


def create_body(change: Create, record: Record, *, status: str, places: Places, ids: Ids) -> dict[str, Any]:
    """The whole product; Medusa's own defaults are draft, no sales channel and no shipping profile."""
    desired = change.desired
    body: dict[str, Any] = {
        "handle": change.handle,
        "external_id": desired.external_id,
        "status": status,
        "sales_channels": [{"id": places.sales_channel_id}],
        "shipping_profile_id": places.shipping_profile_id,
        "options": [{"title": _OPTION, "values": [_OPTION]}],
        "variants": [_new_variant(desired, managed=places.location_id is not None)],
        "metadata": {RECORD_KEY: record},
    }
    for name, value in desired.fields.items():
        if name not in _VARIANT_FIELDS and value not in (None, ()):
            _set_product_field(body, name, value, ids, {})
    return body


def update_body(change: Update, record: Record, *, places: Places, ids: Ids) -> dict[str, Any]:
    """Only the fields that differ, and the record; an adopted product also gets what it never had."""
    body: dict[str, Any] = {"id": change.stored.id, "metadata": {RECORD_KEY: record}}
    if change.adopted:
        body["external_id"] = change.desired.external_id
        if not change.stored.sales_channels:
            body["sales_channels"] = [{"id": places.sales_channel_id}]
        if change.stored.shipping_profile is None:
            body["shipping_profile_id"] = places.shipping_profile_id
    image_ids = {image.url: image.id for image in change.stored.images}
    differences = {difference.field: difference.after for difference in change.differences}
    for name, value in differences.items():
        if name not in _VARIANT_FIELDS:
            _set_product_field(body, name, value, ids, image_ids)
    edits = _variant_edits(change.variant, differences, change.desired.currency)
    if edits:
        body["variants"] = _variants(change, edits)
    return body


def release_body(change: Update, fields: Collection[str]) -> dict[str, Any]:
    """Take fields of the variant away, and from the record: it is no edit of the merchant then."""
    body: dict[str, Any] = {"id": change.stored.id, "variants": _variants(change, dict.fromkeys(fields))}
    record = read_record(change.stored.metadata)
    if record is not None:
        kept = {name: value for name, value in record.fields.items() if name not in fields}
        body["metadata"] = {RECORD_KEY: structs.replace(record, fields=kept)}
    return body


def _variants(change: Update, edits: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The list replaces the one in the store: variants that are left out would be deleted."""
    others = [{"id": other.id} for other in change.stored.variants if other.id != change.variant.id]
    return [{"id": change.variant.id, **edits}, *others]


def record_body(product_id: str, record: Record) -> dict[str, Any]:
    return {"id": product_id, "metadata": {RECORD_KEY: record}}


def _set_product_field(
    body: dict[str, Any], name: str, value: Value, ids: Ids, image_ids: Mapping[str, str]
) -> None:
    if name.startswith(METADATA):
        # An empty string is how Medusa deletes a key.
        body["metadata"][name.removeprefix(METADATA)] = "" if value is None else value
        return
    members = value if isinstance(value, tuple) else ()
    match name:
        case "categories":
            body[name] = [{"id": ids.categories[handle]} for handle in members]
        case "tags":
            body[name] = [{"id": ids.tags[tag]} for tag in members]
        case "images":
            body[name] = [_image(url, image_ids.get(url)) for url in members]
        case _:
            body[name] = value


def _image(url: str, image_id: str | None) -> dict[str, str]:
    return {"url": url} if image_id is None else {"id": image_id, "url": url}


def _new_variant(desired: DesiredProduct, *, managed: bool) -> dict[str, Any]:
    fields = desired.fields
    return {
        "title": _OPTION,
        "options": {_OPTION: _OPTION},
        "manage_inventory": managed and fields["stock"] is not None,
        "prices": [{"currency_code": desired.currency, "amount": fields["price"]}],
        **{name: fields[name] for name in ("sku", "barcode") if fields[name] is not None},
    }


def _variant_edits(variant: StoredVariant, differences: Mapping[str, Value], currency: str) -> dict[str, Any]:
    edits: dict[str, Any] = {name: differences[name] for name in ("sku", "barcode") if name in differences}
    if "price" in differences:
        owned = owned_price(variant, currency)
        price: dict[str, Any] = {"currency_code": currency, "amount": differences["price"]}
        edits["prices"] = [
            _price_id(other) if other is not owned else {**_price_id(other), **price}
            for other in variant.prices
        ]
        if owned is None:
            edits["prices"].append(price)
    if "stock" in differences and not variant.manage_inventory:
        edits["manage_inventory"] = True  # Medusa makes the inventory item
    return edits


def _price_id(price: StoredPrice) -> dict[str, Any]:
    """A price that stays. Medusa folds prices together that look alike, so that the id alone would lose some:
    what tells them apart goes along (pricing module, `hashPrice`).
    """
    body: dict[str, Any] = {
        "id": price.id,
        "currency_code": price.currency_code,
        "min_quantity": price.min_quantity,
        "max_quantity": price.max_quantity,
    }
    return {**body, "rules": price.rules} if price.rules else body
