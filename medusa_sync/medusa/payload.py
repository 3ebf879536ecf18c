"""Turns a change into the JSON bodies that Medusa takes: of its product, its options and its variants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from medusa_sync.core.change import Change
from medusa_sync.core.fields import VARIANT_FIELDS, kind_of
from medusa_sync.core.inventory import StoredItem
from medusa_sync.core.kinds.copies import with_copies
from medusa_sync.core.kinds.images import THUMBNAIL
from medusa_sync.core.kinds.options import DEFAULT, OPTION
from medusa_sync.core.kinds.stock import is_shared
from medusa_sync.core.placement import Placement
from medusa_sync.core.product import DesiredVariant
from medusa_sync.core.record import RECORD_KEY, Record
from medusa_sync.core.record_form import as_json
from medusa_sync.core.stored import StoredOption, StoredProduct, StoredVariant
from medusa_sync.core.value import Value
from medusa_sync.medusa.operations import new_variant_id

FIRST_VARIANTS = 100  # that a product is created with; others are added, which takes less time in all


Ids = Mapping[str, Mapping[str, str]]
"""Ids that a body refers to, by field and value: those of tags by value, of images by URL."""

Items = Mapping[str, StoredItem]
"""Inventory items that new variants get, by SKU."""


def product_body(
    change: Change, product_id: str, record: Record, *, placement: Placement, ids: Ids
) -> dict[str, Any]:
    """The body that creates or updates a product: the record, and the fields that change.

    New and adopted products get what Medusa would leave out, such as the sales channel. `ids` are those of
    terms.
    """
    stored, body = change.stored, record_body(product_id, record)
    is_placed = change.is_creation or change.placed
    if is_placed and not any(stored.sales_channels):  # None is a link to a deleted channel
        body["sales_channels"] = [{"id": placement.sales_channel_id}]
    if is_placed and stored.shipping_profile is None:
        body["shipping_profile_id"] = placement.shipping_profile_id
    for each in change.row_changes:
        name, kind = each.field, kind_of(each.field)
        kind.put(body, name, each.planned, {**ids.get(name, {}), **kind.ids(change, each.planned)})
    for name in change.copies.resent:
        value, kind = stored.value(name), kind_of(name)
        kind.put(body, name, value, kind.ids(change, value))
    return with_copies(body, change)


def creation_body(change: Change, product_id: str, *, status: str, items: Items) -> dict[str, Any]:
    """What the body has in addition if it creates a product: the options, and the first variants."""
    desired = change.desired
    first = desired.variants[:FIRST_VARIANTS]
    wanted = [each.fields for each in desired.variants]
    options = {name: option_values(wanted, name) for name in desired.options}
    bodies = zip(first, new_variants(change, first, items), strict=True)
    return {
        "external_id": desired.external_id,
        "handle": change.handle,
        "status": desired.status or status,
        "options": [
            {"title": name, "values": values} for name, values in (options or {DEFAULT: [DEFAULT]}).items()
        ],
        "variants": [{"id": new_variant_id(product_id, each.key), **body} for each, body in bodies],
    }


def record_body(product_id: str, record: Record) -> dict[str, Any]:
    return {"id": product_id, "metadata": {RECORD_KEY: as_json(record)}}


# --- options and variants ---


def option_values(variants: Iterable[Mapping[str, Value]], name: str) -> list[str]:
    """The values for an option that variants with these fields have, each once."""
    values = (fields.get(f"{OPTION}{name}") for fields in variants)
    return list(dict.fromkeys(str(value) for value in values if value is not None))


def new_variants(change: Change, variants: Iterable[DesiredVariant], items: Items) -> list[dict[str, Any]]:
    """The bodies of new variants.

    Medusa wants a value for each option, also for those that the merchant added: the one of a sibling.
    """
    values = {option.title: _usual_value(change.stored, option) for option in change.options.others}
    titles = {change.options.title(name): f"{OPTION}{name}" for name in change.options.stored}
    if change.is_creation and not titles:
        values = {DEFAULT: DEFAULT}
    plans = {plan.key: plan for plan in change.items if not plan.is_shared}
    bodies, names = list[dict[str, Any]](), change.desired.meanings()
    for each in variants:
        all_values = {**values, **{title: each.fields[field] for title, field in titles.items()}}
        body: dict[str, Any] = {
            "title": DEFAULT,
            "options": {title: value for title, value in all_values.items() if value is not None},
        }
        for kind, own in VARIANT_FIELDS.by_kind(each.fields).items():
            body |= kind.created(own, names)
        plan = change.shared if is_shared(each.fields) else plans.get(each.key)
        if plan is not None and (item_id := plan.id_among(items)):
            body["inventory_items"] = [{"inventory_item_id": item_id, "required_quantity": 1}]
        bodies.append(with_copies(body, change))
    return bodies


def _usual_value(stored: StoredProduct, option: StoredOption) -> str | None:
    """The value of a sibling, or else the first value of the option."""
    values = (variant.value_of(option.id) for variant in stored.variants)
    listed = (each.value for each in option.values)
    return next((value for value in (*values, *listed) if value is not None), None)


def variant_edits(update: Change) -> dict[str, dict[str, Any]]:
    """What changes of existing variants, by their id; stock levels and sale prices are written apart."""
    found, names = dict[str, dict[str, Any]](), update.desired.meanings()
    for each in update.variants:
        variant, new_values = each.stored, each.new_values
        if variant is None:
            continue
        edits: dict[str, Any] = {}
        for kind, own in VARIANT_FIELDS.by_kind(new_values).items():
            edits |= kind.edited(variant, own, names)
        if any(name.startswith(OPTION) for name in new_values):
            edits["options"] = _all_values(variant, new_values, update)
        if variant.id in update.copies.resent_variants:
            edits[THUMBNAIL] = variant.thumbnail
        if edits:
            found[variant.id] = with_copies(edits, update)
    return found


def kept_options(update: Change) -> dict[str, dict[str, Value]]:
    """The values of all variants for the options that are left when others are removed, by id."""
    new_values = {each.stored.id: each.new_values for each in update.variants if each.stored is not None}
    return {
        each.id: _all_values(each, new_values.get(each.id, {}), update) for each in update.stored.variants
    }


def _all_values(variant: StoredVariant, new_values: Mapping[str, Value], update: Change) -> dict[str, Value]:
    """The values of a variant for all options: Medusa takes them only together."""
    titles = update.options.titles_of(update.stored.options)
    values: dict[str, Value] = {
        titles[option.id]: variant.value_of(option.id) or _usual_value(update.stored, option)
        for option in update.stored.options
        if option.id in titles
    }
    values = {title: value for title, value in values.items() if value is not None}
    for name in update.options.stored:
        if f"{OPTION}{name}" in new_values:
            values[update.options.title(name)] = new_values[f"{OPTION}{name}"]
    return values
