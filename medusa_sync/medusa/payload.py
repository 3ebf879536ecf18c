"""Turns a change into the JSON bodies that Medusa takes: of its product, its options and its variants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from medusa_sync.core.change import Change
from medusa_sync.core.fields import (
    CATEGORIES,
    CHANNELS,
    FIELDS,
    IMAGES,
    METADATA,
    OPTION,
    OPTIONS,
    TAGS,
    VARIANT_FIELDS,
    Merge,
    Part,
    locale_of,
    tracks,
)
from medusa_sync.core.inventory import StoredItem
from medusa_sync.core.merge import members
from medusa_sync.core.prices import PriceKey, price_key
from medusa_sync.core.product import DesiredProduct, DesiredVariant
from medusa_sync.core.product_options import DEFAULT
from medusa_sync.core.record import RECORD_KEY, Record, as_json
from medusa_sync.core.stored import (
    StoredImage,
    StoredOption,
    StoredProduct,
    StoredTranslation,
    StoredVariant,
)
from medusa_sync.core.value import Value
from medusa_sync.medusa.operations import new_variant_id
from medusa_sync.medusa.placement import Placement

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
    fields = {each.field: each.planned for each in change.own_changes if _is_in_row(each.field)}
    if fields:
        known: Ids = {  # what the product has, and what is added
            **ids,
            CATEGORIES: {**ids.get(CATEGORIES, {}), **stored.category_ids},
            TAGS: {**ids.get(TAGS, {}), **{tag.value: tag.id for tag in stored.tags}},
            CHANNELS: {**change.desired.channels, **stored.channel_ids(members(fields.get(CHANNELS)))},
            IMAGES: _image_ids(stored.images),
        }
        for name, value in fields.items():
            _set_product_field(body, name, value, known)
    return body


def _is_in_row(name: str) -> bool:
    is_later = FIELDS.knows(name) and FIELDS[name].part in {Part.TRANSLATION, Part.LEVEL}
    return name != OPTIONS and not is_later


def creation_body(change: Change, product_id: str, *, status: str, items: Items) -> dict[str, Any]:
    """What the body has in addition if it creates a product: the options, and the first variants."""
    desired = change.desired
    first = desired.variants[:FIRST_VARIANTS]
    options = {name: wanted_values(desired.variants, name) for name in desired.options}
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
    return {"id": product_id, "metadata": {RECORD_KEY: as_json(record)}}


def _set_product_field(body: dict[str, Any], name: str, value: Value, ids: Ids) -> None:
    field = FIELDS.get(name)  # none for the status
    if name.startswith(METADATA):
        body["metadata"][name.removeprefix(METADATA)] = "" if value is None else value  # "" deletes the key
    elif name == IMAGES:
        known = ids.get(name, {})
        body[name] = [_image(url, known.get(url)) for url in members(value)]
    elif field is not None and field.merge is Merge.UNION:
        linked = dict.fromkeys(ids[name][member] for member in members(value))  # a channel has two keys
        body[name] = [{"id": own} for own in linked]
    elif field is not None and field.is_term:
        body[f"{name}_id"] = None if value is None else ids[name][str(value)]
    else:
        body[name] = value


def _image(url: str, image_id: str | None) -> dict[str, str]:
    return {"url": url} if image_id is None else {"id": image_id, "url": url}


# --- translations ---


def translation_bodies(
    change: Change, product_id: str, written: Mapping[str, StoredVariant]
) -> list[dict[str, Any]]:
    """The translations that change, of a product and its variants; those that exist have an id.

    A text that is None is removed.
    """
    own = {each.field: each.planned for each in change.own_changes}
    bodies = _translations("product", product_id, own, change.stored.translations or ())
    for each in change.variants:
        if (variant := each.stored or written.get(each.desired.key)) is not None:
            bodies += _translations("product_variant", variant.id, each.new_values, variant.translations)
    return bodies


def _translations(
    reference: str, own_id: str, planned: Mapping[str, Value], stored: Iterable[StoredTranslation]
) -> list[dict[str, Any]]:
    texts: dict[str, dict[str, Value]] = {}
    for name, value in planned.items():
        if locale := locale_of(name):
            texts.setdefault(locale, {})[name.rpartition(".")[2]] = value
    ids = {each.locale_code: each.id for each in stored}
    return [
        {"id": ids[locale], "translations": own}
        if locale in ids
        else {"reference": reference, "reference_id": own_id, "locale_code": locale, "translations": own}
        for locale, own in texts.items()
    ]


# --- options and variants ---


def wanted_values(variants: Iterable[DesiredVariant], name: str) -> list[str]:
    """The values that variants have for an option, each once."""
    values = (variant.fields.get(f"{OPTION}{name}") for variant in variants)
    return list(dict.fromkeys(str(value) for value in values if value is not None))


def new_variants(change: Change, variants: Iterable[DesiredVariant], items: Items) -> list[dict[str, Any]]:
    """The bodies of new variants.

    Medusa wants a value for each option, also for those that the merchant added: the one of a sibling.
    """
    desired = change.desired
    values = {option.title: _usual_value(change.stored, option) for option in change.options.others}
    titles = {change.options.title(name): f"{OPTION}{name}" for name in change.options.stored}
    if change.is_creation and not titles:
        values = {DEFAULT: DEFAULT}
    plans = {plan.key: plan for plan in change.items if not plan.is_shared}
    bodies = []
    for each in variants:
        attributes, metadata, amounts = _parts(each.fields, desired)
        all_values = {**values, **{title: each.fields[field] for title, field in titles.items()}}
        is_tracked = bool(tracks(each.fields))
        body: dict[str, Any] = {
            "title": DEFAULT,
            "options": {title: value for title, value in all_values.items() if value is not None},
            "manage_inventory": is_tracked,
            "prices": [{**_identity(key), "amount": amount} for key, amount in amounts.items()],
            **attributes,
        }
        if metadata:
            body["metadata"] = metadata
        plan = change.shared if each.shares_stock else plans.get(each.key)
        if plan is not None and (item_id := plan.id_among(items)):
            body["inventory_items"] = [{"inventory_item_id": item_id, "required_quantity": 1}]
        bodies.append(body)
    return bodies


def _usual_value(stored: StoredProduct, option: StoredOption) -> str | None:
    """The value of a sibling, or else the first value of the option."""
    values = (variant.value_of(option.id) for variant in stored.variants)
    listed = (each.value for each in option.values)
    return next((value for value in (*values, *listed) if value is not None), None)


def variant_edits(update: Change) -> dict[str, dict[str, Any]]:
    """What changes of existing variants, by their id; stock levels and sale prices are written apart."""
    found: dict[str, dict[str, Any]] = {}
    for each in update.variants:
        variant, new_values = each.stored, each.new_values
        if variant is None:
            continue
        attributes, metadata, amounts = _parts(new_values, update.desired)
        edits: dict[str, Any] = {**attributes}
        if (is_tracked := tracks(new_values)) not in {None, variant.manage_inventory}:
            edits["manage_inventory"] = is_tracked  # Medusa makes the inventory item
        if metadata:  # all of it, because some routes and versions merge it, and others replace it
            edited = {key: "" if value is None else value for key, value in metadata.items()}  # "" deletes it
            edits["metadata"] = {**(variant.metadata or {}), **edited}
        if amounts:
            edits["prices"] = _prices(variant, amounts)
        if any(name.startswith(OPTION) for name in new_values):
            edits["options"] = _all_values(variant, new_values, update)
        if edits:
            found[variant.id] = edits
    return found


def kept_options(update: Change) -> dict[str, dict[str, Value]]:
    """The values of all variants for the options that are left when others are removed, by id."""
    new_values = {each.stored.id: each.new_values for each in update.variants if each.stored is not None}
    return {
        each.id: _all_values(each, new_values.get(each.id, {}), update) for each in update.stored.variants
    }


def _parts(
    fields: Mapping[str, Value], desired: DesiredProduct
) -> tuple[dict[str, Value], dict[str, Value], dict[PriceKey, Value]]:
    """What fields are in a body: attributes of a variant, keys of its metadata, and amounts of its prices."""
    attributes: dict[str, Value] = {}
    metadata: dict[str, Value] = {}
    amounts: dict[PriceKey, Value] = {}
    for name, value in fields.items():
        match VARIANT_FIELDS[name].part:
            case Part.VARIANT:
                attributes[name] = value
            case Part.METADATA:
                metadata[name.removeprefix(METADATA)] = value
            case Part.PRICE:
                amounts[price_key(name, desired.currency, desired.regions)] = value
            case _:
                pass  # options need other fields too; stock levels and sale prices are written apart
    return attributes, metadata, amounts


def _all_values(variant: StoredVariant, new_values: Mapping[str, Value], update: Change) -> dict[str, Value]:
    """The values of a variant for all options: Medusa takes them only together."""
    removed = {option.id for option in update.options.removed}
    titles = {option.id: option.title for option in update.stored.options if option.id not in removed}
    titles |= {option_id: name for name, option_id in update.options.renamed.items()}
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


def _prices(variant: StoredVariant, amounts: Mapping[PriceKey, Value]) -> list[dict[str, Any]]:
    """The whole list of prices with new amounts; None removes a price.

    Prices that stay have all that identifies them. Medusa merges prices with the same currency, quantities
    and rules (`hashPrice` in its pricing module), so some that have only an id would be lost.
    """
    prices: list[dict[str, Any]] = []
    left = dict(amounts)
    for price in variant.prices:
        body: dict[str, Any] = {
            "id": price.id,
            "currency_code": price.currency_code,
            "min_quantity": price.min_quantity,
            "max_quantity": price.max_quantity,
        }
        if price.rules:
            body["rules"] = price.rules
        if price.key not in left:
            prices.append(body)
        elif (amount := left.pop(price.key)) is not None:
            prices.append({**body, "amount": amount})
    added = ({**_identity(key), "amount": amount} for key, amount in left.items() if amount is not None)
    return [*prices, *added]


def _identity(key: PriceKey) -> dict[str, Any]:
    """What tells a new price apart, in a body."""
    rules = {"region_id": key.region} if key.region else None
    parts = {"rules": rules, "min_quantity": key.minimum, "max_quantity": key.maximum}
    return {"currency_code": key.currency, **{name: each for name, each in parts.items() if each is not None}}
