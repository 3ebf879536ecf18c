"""Turns a change into the JSON body that Medusa's batch call takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct

from medusa_sync.core.change import Create, Update
from medusa_sync.core.fields import CATEGORIES, FIELDS, IMAGES, METADATA, PRICE, STOCK, TAGS, Place
from medusa_sync.core.merge import members
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import RECORD_KEY, Record
from medusa_sync.core.stored import (
    StoredImage,
    StoredItem,
    StoredPrice,
    StoredProduct,
    StoredVariant,
    WrittenProduct,
)
from medusa_sync.core.view import owned_price
from medusa_sync.medusa.placement import Placement

_OPTION = "Default"
_OWN = tuple(field.name for field in FIELDS.values() if field.place is Place.VARIANT)


class Ids(Struct, frozen=True):
    """Ids that a body refers to: categories by handle, tags by value, images by URL."""

    categories: Mapping[str, str]
    tags: Mapping[str, str]
    images: Mapping[str, str] = {}


def create_body(
    change: Create,
    record: Record,
    *,
    status: str,
    placement: Placement,
    ids: Ids,
    item: StoredItem | None,
) -> dict[str, Any]:
    """The body that creates a product. It sets what Medusa would leave out, such as the sales channel.

    Args:
        change: what is created.
        record: of the new product.
        status: of the new product, unless the source says it.
        placement: of the new product.
        ids: of its categories and tags.
        item: an unused inventory item with its SKU, if the store has one.
    """
    desired = change.desired
    body: dict[str, Any] = {
        "handle": change.handle,
        "external_id": desired.external_id,
        "status": desired.status or status,
        "sales_channels": [{"id": placement.sales_channel_id}],
        "shipping_profile_id": placement.shipping_profile_id,
        "options": [{"title": _OPTION, "values": [_OPTION]}],
        "variants": [_new_variant(desired, managed=placement.location_id is not None, item=item)],
        "metadata": {RECORD_KEY: record},
    }
    for name, value in desired.fields.items():
        if not FIELDS[name].is_of_variant and value not in (None, ()):
            _set_product_field(body, name, value, ids)
    return body


def update_body(change: Update, record: Record, *, placement: Placement, ids: Ids) -> dict[str, Any]:
    """The body that updates a product: the changed fields, the record, and what an adopted product lacks."""
    stored = change.stored
    body: dict[str, Any] = {"id": stored.id, "metadata": {RECORD_KEY: record}}
    if change.adopted:
        body["external_id"] = change.desired.external_id
    if change.placed and not any(stored.sales_channels):  # None is a link to a deleted channel
        body["sales_channels"] = [{"id": placement.sales_channel_id}]
    if change.placed and stored.shipping_profile is None:
        body["shipping_profile_id"] = placement.shipping_profile_id
    known = _known_ids(stored, ids)
    values = {each.field: each.planned for each in change.changes}
    for name, value in values.items():
        if name not in FIELDS or not FIELDS[name].is_of_variant:  # the status is not in the table
            _set_product_field(body, name, value, known)
    if change.variant is not None:
        edits = _variant_edits(change.variant, values, change.desired.currency)
        if edits:
            body["variants"] = _variants(stored, change.variant, edits)
    return body


def _known_ids(stored: StoredProduct, ids: Ids) -> Ids:
    """The ids of what the product has, and of what is added."""
    return Ids(
        categories={**ids.categories, **{category.handle: category.id for category in stored.categories}},
        tags={**ids.tags, **{tag.value: tag.id for tag in stored.tags}},
        images=_image_ids(stored.images),
    )


def release_body(change: Update, fields: Collection[str], record: Record) -> dict[str, Any]:
    """The body that clears unique fields of the variant, so that another product can have their values."""
    body: dict[str, Any] = {"id": change.stored.id, "metadata": {RECORD_KEY: record}}
    if change.variant is not None:
        body["variants"] = _variants(change.stored, change.variant, dict.fromkeys(fields))
    return body


def _variants(
    stored: StoredProduct, variant: StoredVariant, edits: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The whole list of variants, because Medusa deletes those that are left out."""
    others = [{"id": other.id} for other in stored.variants if other.id != variant.id]
    return [{"id": variant.id, **edits}, *others]


def distinct_images_body(product: WrittenProduct) -> dict[str, Any] | None:
    """The body that stores each image once; None if no image is repeated."""
    ids = _image_ids(product.images)
    if len(ids) == len(product.images):
        return None
    return {"id": product.id, "images": [_image(url, image_id) for url, image_id in ids.items()]}


def _image_ids(images: Sequence[StoredImage]) -> dict[str, str]:
    """Ids by URL, in order. If two runs stored the same image, the older one counts."""
    ids: dict[str, str] = {}
    for image in images:
        ids[image.url] = min(ids.get(image.url, image.id), image.id)
    return ids


def record_body(product_id: str, record: Record) -> dict[str, Any]:
    return {"id": product_id, "metadata": {RECORD_KEY: record}}


def _set_product_field(body: dict[str, Any], name: str, value: Value, ids: Ids) -> None:
    if name.startswith(METADATA):
        body["metadata"][name.removeprefix(METADATA)] = "" if value is None else value  # "" deletes the key
    elif name == CATEGORIES:
        body[name] = [{"id": ids.categories[handle]} for handle in members(value)]
    elif name == TAGS:
        body[name] = [{"id": ids.tags[tag]} for tag in members(value)]
    elif name == IMAGES:
        body[name] = [_image(url, ids.images.get(url)) for url in members(value)]
    else:
        body[name] = value


def _image(url: str, image_id: str | None) -> dict[str, str]:
    return {"url": url} if image_id is None else {"id": image_id, "url": url}


def _new_variant(desired: DesiredProduct, *, managed: bool, item: StoredItem | None) -> dict[str, Any]:
    fields = desired.fields
    managed = managed and fields[STOCK] is not None
    items = [{"inventory_item_id": item.id, "required_quantity": 1}] if item and managed else []
    return {
        "title": _OPTION,
        "options": {_OPTION: _OPTION},
        "manage_inventory": managed,
        "prices": [{"currency_code": desired.currency, "amount": fields[PRICE]}],
        **({"inventory_items": items} if items else {}),
        **{name: fields[name] for name in _OWN if fields[name] is not None},
    }


def _variant_edits(variant: StoredVariant, changes: Mapping[str, Value], currency: str) -> dict[str, Any]:
    edits: dict[str, Any] = {name: changes[name] for name in _OWN if name in changes}
    if PRICE in changes:
        owned = owned_price(variant, currency)
        price: dict[str, Any] = {"currency_code": currency, "amount": changes[PRICE]}
        edits["prices"] = [
            _price_id(other) if other is not owned else {**_price_id(other), **price}
            for other in variant.prices
        ]
        if owned is None:
            edits["prices"].append(price)
    if STOCK in changes and not variant.manage_inventory:
        edits["manage_inventory"] = True  # Medusa makes the inventory item
    return edits


def _price_id(price: StoredPrice) -> dict[str, Any]:
    """A price that stays, with all that identifies it.

    Medusa merges prices with the same currency, quantities and rules (`hashPrice` in its pricing module), so
    some that have only an id would be lost.
    """
    body: dict[str, Any] = {
        "id": price.id,
        "currency_code": price.currency_code,
        "min_quantity": price.min_quantity,
        "max_quantity": price.max_quantity,
    }
    return {**body, "rules": price.rules} if price.rules else body
