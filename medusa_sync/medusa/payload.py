"""Turns a change into the JSON body that Medusa's batch call takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from medusa_sync.core.change import Create, Update
from medusa_sync.core.fields import CATEGORIES, FIELDS, IMAGES, METADATA, OPTIONS, TAGS, Merge
from medusa_sync.core.inventory import StoredItem
from medusa_sync.core.merge import members
from medusa_sync.core.product import Value
from medusa_sync.core.record import RECORD_KEY, Record
from medusa_sync.core.stored import StoredImage, StoredProduct
from medusa_sync.medusa.operations import own_id
from medusa_sync.medusa.placement import Placement
from medusa_sync.medusa.variant_payload import new_options, new_variants

FIRST_VARIANTS = 100  # that a product is created with; others are added, which takes less time in all


Ids = Mapping[str, Mapping[str, str]]
"""Ids that a body refers to, by field and value: those of tags by value, of images by URL."""


def create_body(
    change: Create,
    product_id: str,
    record: Record,
    *,
    status: str,
    placement: Placement,
    ids: Ids,
    items: Mapping[str, StoredItem],
) -> dict[str, Any]:
    """The body that creates a product. It sets what Medusa would leave out, such as the sales channel.

    `ids` are those of its terms, and `items` are unused inventory items, by SKU, which its variants get.
    """
    desired, first = change.desired, change.desired.variants[:FIRST_VARIANTS]
    variants = new_variants(desired, first, items if placement.location_id else None)
    body: dict[str, Any] = {
        "id": product_id,
        "handle": change.handle,
        "external_id": desired.external_id,
        "status": desired.status or status,
        "sales_channels": [{"id": placement.sales_channel_id}],
        "shipping_profile_id": placement.shipping_profile_id,
        "options": new_options(desired),
        "variants": [
            {"id": new_variant_id(product_id, each.key), **own}
            for each, own in zip(first, variants, strict=True)
        ],
        "metadata": {RECORD_KEY: record},
    }
    for name, value in desired.fields.items():
        if value not in (None, ()):
            _set_product_field(body, name, value, ids)
    return body


def new_product_id(external_id: str, generation: int) -> str:
    """The id of a product that this tool creates; each time that it was deleted, the next generation."""
    return own_id("prod", external_id, str(generation))


def new_variant_id(product_id: str, key: str) -> str:
    """The id of a variant that this tool creates together with its product."""
    return own_id("variant", product_id, key)


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
    known: Ids = {  # what the product has, and what is added
        **ids,
        CATEGORIES: {**ids.get(CATEGORIES, {}), **{each.slug: each.id for each in stored.categories}},
        TAGS: {**ids.get(TAGS, {}), **{tag.value: tag.id for tag in stored.tags}},
        IMAGES: _image_ids(stored.images),
    }
    for each in change.own_changes:
        if each.field != OPTIONS:  # they are written apart
            _set_product_field(body, each.field, each.planned, known)
    return body


def release_bodies(change: Update, fields: Mapping[str, Mapping[str, Value]]) -> list[dict[str, Any]]:
    """The bodies that clear unique fields of variants, so that other variants can have their values."""
    ids = {each.desired.key: each.stored.id for each in change.variants if each.stored is not None}
    ids |= {key: stored.id for key, stored in change.dropped.items()}
    product_id = change.stored.id
    return [
        {"id": ids[key], "product_id": product_id, **dict.fromkeys(names)} for key, names in fields.items()
    ]


def distinct_images_body(product: StoredProduct) -> dict[str, Any] | None:
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
    elif name == IMAGES:
        known = ids.get(name, {})
        body[name] = [_image(url, known.get(url)) for url in members(value)]
    elif name in FIELDS and FIELDS[name].is_term:
        if FIELDS[name].merge is Merge.UNION:
            body[name] = [{"id": ids[name][member]} for member in members(value)]
        else:
            body[f"{name}_id"] = None if value is None else ids[name][str(value)]
    else:
        body[name] = value


def _image(url: str, image_id: str | None) -> dict[str, str]:
    return {"url": url} if image_id is None else {"id": image_id, "url": url}
