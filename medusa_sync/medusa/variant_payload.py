"""Turns the options and variants of a change into JSON bodies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from medusa_sync.core.change import FieldChange, Update
from medusa_sync.core.fields import METADATA, OPTION, SKU, STOCK, VARIANT_FIELDS, Place
from medusa_sync.core.options import DEFAULT
from medusa_sync.core.product import DesiredProduct, DesiredVariant, Value
from medusa_sync.core.stored import StoredOption, StoredProduct
from medusa_sync.core.stored_variant import StoredItem, StoredPrice, StoredVariant, price_currency

Bodies = Mapping[str, Mapping[str, Any]]
"""What changes of variants, by id."""


def new_options(desired: DesiredProduct) -> list[dict[str, Any]]:
    """The options of a new product, with all values that its variants have."""
    if not desired.options:
        return [{"title": DEFAULT, "values": [DEFAULT]}]
    return [{"title": name, "values": wanted_values(desired.variants, name)} for name in desired.options]


def wanted_values(variants: Iterable[DesiredVariant], name: str) -> list[str]:
    """The values that variants have for an option, each once."""
    values = (variant.fields.get(f"{OPTION}{name}") for variant in variants)
    return list(dict.fromkeys(str(value) for value in values if value is not None))


def _first_values(variant: DesiredVariant, names: Sequence[str]) -> dict[str, Value]:
    """The option values of a variant of a new product."""
    return {name: variant.fields[f"{OPTION}{name}"] for name in names} or {DEFAULT: DEFAULT}


def new_variant(
    variant: DesiredVariant,
    options: Mapping[str, Value],
    currency: str,
    *,
    keeps_stock: bool,
    items: Mapping[str, StoredItem],
) -> dict[str, Any]:
    """The body of a new variant.

    Args:
        variant: what the source wants.
        options: its values by the titles of the options in the store.
        currency: of the field `price`.
        keeps_stock: the store has a stock location.
        items: unused inventory items of the store, by SKU.
    """
    fields = variant.fields
    is_managed = keeps_stock and STOCK in fields
    item = items.get(str(fields.get(SKU))) if is_managed else None
    body: dict[str, Any] = {
        "title": DEFAULT,
        "options": options,
        "manage_inventory": is_managed,
        "prices": [
            {"currency_code": price_currency(name, currency), "amount": value}
            for name, value in fields.items()
            if VARIANT_FIELDS[name].place is Place.PRICE
        ],
        **{name: value for name, value in fields.items() if VARIANT_FIELDS[name].place is Place.VARIANT},
    }
    if metadata := {
        name.removeprefix(METADATA): value for name, value in fields.items() if name.startswith(METADATA)
    }:
        body["metadata"] = metadata
    if item is not None:
        body["inventory_items"] = [{"inventory_item_id": item.id, "required_quantity": 1}]
    return body


def new_variants(
    desired: DesiredProduct,
    variants: Iterable[DesiredVariant],
    *,
    keeps_stock: bool,
    items: Mapping[str, StoredItem],
) -> list[dict[str, Any]]:
    """The bodies of variants of a new product; see `new_variant`."""
    return [
        new_variant(
            each, _first_values(each, desired.options), desired.currency, keeps_stock=keeps_stock, items=items
        )
        for each in variants
    ]


def added_variants(
    update: Update, *, keeps_stock: bool, items: Mapping[str, StoredItem]
) -> list[dict[str, Any]]:
    """The bodies of the variants that an update creates.

    Medusa wants a value for each option, also for those that the merchant added: the one of a sibling.
    """
    others = {option.title: _usual_value(update.stored, option) for option in update.options.others}
    titles = {name: update.options.title(name) for name in update.options.stored}
    return [
        new_variant(
            each.desired,
            {
                **{title: value for title, value in others.items() if value is not None},
                **{title: each.desired.fields[f"{OPTION}{name}"] for name, title in titles.items()},
            },
            update.desired.currency,
            keeps_stock=keeps_stock,
            items=items,
        )
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
    changes = {each.stored.id: each.changes for each in update.variants if each.stored is not None}
    return {
        variant.id: _all_values(variant, changes.get(variant.id, ()), update)
        for variant in update.stored.variants
    }


def _edits(variant: StoredVariant, changes: Sequence[FieldChange], update: Update) -> dict[str, Any]:
    edits: dict[str, Any] = {}
    metadata: dict[str, Value] = {}
    prices: dict[str, Value] = {}
    sets_options = False
    for change in changes:
        match VARIANT_FIELDS[change.field].place:
            case Place.PRICE:
                prices[price_currency(change.field, update.desired.currency)] = change.planned
            case Place.OPTION:
                sets_options = True
            case Place.LEVEL:
                if variant.manage_inventory == (change.planned is None):
                    edits["manage_inventory"] = change.planned is not None  # Medusa makes the inventory item
            case Place.SALE:
                pass  # it is in a price list
            case Place.METADATA:  # "" deletes the key
                value = "" if change.planned is None else change.planned
                metadata[change.field.removeprefix(METADATA)] = value
            case _:
                edits[change.field] = change.planned
    if metadata:  # all of it, because some routes and versions merge it, and others replace it
        edits["metadata"] = {**(variant.metadata or {}), **metadata}
    if prices:
        edits["prices"] = _prices(variant, prices)
    if sets_options:
        edits["options"] = _all_values(variant, changes, update)
    return edits


def _all_values(variant: StoredVariant, changes: Sequence[FieldChange], update: Update) -> dict[str, Value]:
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
    planned = {change.field: change.planned for change in changes}
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
