"""Turns the options and variants of a change into JSON bodies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from medusa_sync.core.change import FieldChange, Update
from medusa_sync.core.fields import METADATA, OPTION, SKU, STOCK, VARIANT_FIELDS, Place
from medusa_sync.core.inventory import StoredItem
from medusa_sync.core.options import DEFAULT
from medusa_sync.core.product import DesiredProduct, DesiredVariant, Value
from medusa_sync.core.stored import StoredOption, StoredPrice, StoredProduct, StoredVariant, price_currency

Bodies = Mapping[str, Mapping[str, Any]]
"""What changes of variants, by id."""

Items = Mapping[str, StoredItem] | None
"""Inventory items that new variants get, by SKU; None if the store has no stock location."""


def new_options(desired: DesiredProduct) -> list[dict[str, Any]]:
    """The options of a new product, with all values that its variants have."""
    if not desired.options:
        return [{"title": DEFAULT, "values": [DEFAULT]}]
    return [{"title": name, "values": wanted_values(desired.variants, name)} for name in desired.options]


def wanted_values(variants: Iterable[DesiredVariant], name: str) -> list[str]:
    """The values that variants have for an option, each once."""
    values = (variant.fields.get(f"{OPTION}{name}") for variant in variants)
    return list(dict.fromkeys(str(value) for value in values if value is not None))


def _parts(
    fields: Mapping[str, Value], currency: str
) -> tuple[dict[str, Value], dict[str, Value], dict[str, Value]]:
    """What fields are in a body: attributes of a variant, keys of its metadata, and amounts by currency."""
    attributes: dict[str, Value] = {}
    metadata: dict[str, Value] = {}
    amounts: dict[str, Value] = {}
    for name, value in fields.items():
        match VARIANT_FIELDS[name].place:
            case Place.VARIANT:
                attributes[name] = value
            case Place.METADATA:
                metadata[name.removeprefix(METADATA)] = value
            case Place.PRICE:
                amounts[price_currency(name, currency)] = value
            case _:
                pass  # options need other fields too; stock levels and sale prices are written apart
    return attributes, metadata, amounts


def _new_variant(
    variant: DesiredVariant, options: Mapping[str, Value], currency: str, items: Items
) -> dict[str, Any]:
    """The body of a new variant, with its option values by the titles of the options in the store."""
    attributes, metadata, amounts = _parts(variant.fields, currency)
    managed = items if STOCK in variant.fields else None
    body = {
        "title": DEFAULT,
        "options": options,
        "manage_inventory": managed is not None,
        "prices": [{"currency_code": code, "amount": amount} for code, amount in amounts.items()],
        **attributes,
    }
    if metadata:
        body["metadata"] = metadata
    if managed and (item := managed.get(str(variant.fields.get(SKU)))) is not None:
        body["inventory_items"] = [{"inventory_item_id": item.id, "required_quantity": 1}]
    return body


def new_variants(
    desired: DesiredProduct, variants: Iterable[DesiredVariant], items: Items
) -> list[dict[str, Any]]:
    """The bodies of variants of a new product."""

    def values(variant: DesiredVariant) -> dict[str, Value]:
        return {name: variant.fields[f"{OPTION}{name}"] for name in desired.options} or {DEFAULT: DEFAULT}

    return [_new_variant(each, values(each), desired.currency, items) for each in variants]


def added_variants(update: Update, items: Items) -> list[dict[str, Any]]:
    """The bodies of the variants that an update creates.

    Medusa wants a value for each option, also for those that the merchant added: the one of a sibling.
    """
    usual = {option.title: _usual_value(update.stored, option) for option in update.options.others}
    others: dict[str, Value] = {title: value for title, value in usual.items() if value is not None}
    titles = {update.options.title(name): f"{OPTION}{name}" for name in update.options.stored}

    def values(variant: DesiredVariant) -> dict[str, Value]:
        return {**others, **{title: variant.fields[field] for title, field in titles.items()}}

    return [
        _new_variant(each.desired, values(each.desired), update.desired.currency, items)
        for each in update.variants
        if each.is_new
    ]


def _usual_value(stored: StoredProduct, option: StoredOption) -> str | None:
    """The value of a sibling, or else the first value of the option."""
    values = (variant.value_of(option.id) for variant in stored.variants)
    listed = (each.value for each in option.values)
    return next((value for value in (*values, *listed) if value is not None), None)


def variant_edits(update: Update) -> dict[str, dict[str, Any]]:
    """What changes of existing variants, by their id; stock levels and sale prices are written apart."""
    edits = {
        each.stored.id: _edits(each.stored, each.changes, update)
        for each in update.variants
        if each.stored is not None
    }
    return {variant_id: body for variant_id, body in edits.items() if body}


def kept_options(update: Update) -> dict[str, dict[str, Value]]:
    """The values of all variants for the options that are left when others are removed, by id."""
    planned = {
        each.stored.id: {change.field: change.planned for change in each.changes}
        for each in update.variants
        if each.stored is not None
    }
    return {each.id: _all_values(each, planned.get(each.id, {}), update) for each in update.stored.variants}


def _edits(variant: StoredVariant, changes: Sequence[FieldChange], update: Update) -> dict[str, Any]:
    planned = {change.field: change.planned for change in changes}
    attributes, metadata, amounts = _parts(planned, update.desired.currency)
    edits: dict[str, Any] = {**attributes}
    if STOCK in planned and variant.manage_inventory == (planned[STOCK] is None):
        edits["manage_inventory"] = planned[STOCK] is not None  # Medusa makes the inventory item
    if metadata:  # all of it, because some routes and versions merge it, and others replace it
        sent = {key: "" if value is None else value for key, value in metadata.items()}  # "" deletes the key
        edits["metadata"] = {**(variant.metadata or {}), **sent}
    if amounts:
        edits["prices"] = _prices(variant, amounts)
    if any(name.startswith(OPTION) for name in planned):
        edits["options"] = _all_values(variant, planned, update)
    return edits


def _all_values(variant: StoredVariant, planned: Mapping[str, Value], update: Update) -> dict[str, Value]:
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
        if f"{OPTION}{name}" in planned:
            values[update.options.title(name)] = planned[f"{OPTION}{name}"]
    return values


def _prices(variant: StoredVariant, amounts: Mapping[str, Value]) -> list[dict[str, Any]]:
    """The whole list of prices with new amounts by currency; None removes a price."""
    prices = []
    left = dict(amounts)
    for price in variant.prices:
        currency = price.currency_code
        if currency not in amounts or price is not variant.price_in(currency):
            prices.append(_price_id(price))
        elif (amount := left.pop(currency)) is not None:
            prices.append({**_price_id(price), "amount": amount})
    added = ({"currency_code": currency, "amount": amount} for currency, amount in left.items())
    return prices + [price for price in added if price["amount"] is not None]


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


def all_variants(ids: Iterable[str], edits: Bodies) -> list[dict[str, Any]]:
    """The whole list of variants, because Medusa deletes those that are left out.

    Those whose options change come last: Medusa 2.21 fails if one without options follows them.
    """
    bodies = [{"id": variant_id, **edits.get(variant_id, {})} for variant_id in ids]
    return sorted(bodies, key=lambda body: "options" in body)
