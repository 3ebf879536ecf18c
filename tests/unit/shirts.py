"""Builders for products with options and variants."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.change import Update
from medusa_sync.core.fields import OPTION, VARIANT_FIELDS, Place
from medusa_sync.core.options import DEFAULT
from medusa_sync.core.plan import plan_update
from medusa_sync.core.product import DesiredProduct, DesiredVariant, Value
from medusa_sync.core.record import Record, applied
from medusa_sync.core.stored import (
    ListedValue,
    StoredInventory,
    StoredInventoryItem,
    StoredLevel,
    StoredOption,
    StoredOptionValue,
    StoredPrice,
    StoredProduct,
    StoredVariant,
)
from medusa_sync.core.view import price_currency
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import LOCATION, desired_product, stored_product, with_record

# --- the source -----------------------------------------------------------------------------------------


def piece(values: Mapping[str, Any], /, **changes: Any) -> dict[str, Any]:
    """A variant as the source delivers it, without the fields that are set to `ABSENT`."""
    name = "-".join(map(str, values.values()))
    default = {"id": f"3-{name}", "sku": f"SH-{name}", "price": 20, "stock": 4, "options": dict(values)}
    return {name: value for name, value in (default | changes).items() if value is not ABSENT}


def size(name: str, /, **changes: Any) -> dict[str, Any]:
    """A variant with one option."""
    return piece({"Size": name}, **changes)


def shirt_row(*variants: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """What `row` needs to be a product with these variants."""
    of_single = dict.fromkeys(("sku", "stock", "price", "meta"), ABSENT)
    return of_single | {"variants": list(variants)} | changes


def shirt(*variants: Mapping[str, Any], number: int = 3, **changes: Any) -> DesiredProduct:
    """A product with these variants, as the store should hold it."""
    return desired_product(number, **shirt_row(*variants, **changes))


def shirt_of(*names: str, **changes: Any) -> DesiredProduct:
    """A product in these sizes; `changes` are those of all its variants."""
    return shirt(*(size(name, **changes) for name in names))


# --- the store ------------------------------------------------------------------------------------------


def option_id(name: str) -> str:
    return f"opt_{name}"


def variant_id(key: str) -> str:
    return f"variant_{key}"


def held(desired: DesiredProduct, variant: DesiredVariant, **changes: Any) -> StoredVariant:
    """The stored variant after `variant` was applied and the merchant made `changes`."""
    fields: dict[str, Any] = dict(variant.fields)
    levels = (StoredLevel(LOCATION, fields["stock"]),) if "stock" in fields else ()
    item = StoredInventoryItem(f"iitem_{variant.key}", StoredInventory(levels, fields.get("sku")))
    amounts = {
        price_currency(name, desired.currency): value
        for name, value in fields.items()
        if VARIANT_FIELDS[name].place is Place.PRICE
    }
    values = {name: fields[f"{OPTION}{name}"] for name in desired.options} or {DEFAULT: DEFAULT}
    stored = StoredVariant(
        id=variant_id(variant.key),
        title=fields.get("title", DEFAULT),
        sku=fields.get("sku"),
        barcode=fields.get("barcode"),
        weight=fields.get("weight"),
        manage_inventory="stock" in fields,
        options=tuple(StoredOptionValue(option_id(name), value) for name, value in values.items()),
        prices=tuple(
            StoredPrice(f"price_{variant.key}_{currency}", currency, amount)
            for currency, amount in amounts.items()
        ),
        inventory_items=(item,) if levels else (),
    )
    return structs.replace(stored, **changes)


def option(title: str, *values: str, **changes: Any) -> StoredOption:
    """An option of a stored product."""
    listed = tuple(ListedValue(f"optval_{value}", value) for value in values)
    return structs.replace(StoredOption(option_id(title), title, listed, is_exclusive=True), **changes)


def options_of(desired: DesiredProduct, **changes: Any) -> tuple[StoredOption, ...]:
    """The options of a stored product."""
    if not desired.options:
        return (option(DEFAULT, DEFAULT, **changes),)
    return tuple(
        option(
            name, *dict.fromkeys(str(each.fields[f"{OPTION}{name}"]) for each in desired.variants), **changes
        )
        for name in desired.options
    )


def record_of(desired: DesiredProduct) -> Record:
    """The record of a complete product."""
    return applied(
        desired,
        variants={each.key: variant_id(each.key) for each in desired.variants},
        options={name: option_id(name) for name in desired.options},
    )


def stored_shirt(
    desired: DesiredProduct,
    *merchants: StoredVariant,
    edits: Mapping[str, Mapping[str, Any]] = {},
    deleted: Collection[str] = (),
    is_exclusive: bool | None = True,
    **changes: Any,
) -> StoredProduct:
    """The stored product after `desired` was applied and the merchant made changes.

    Args:
        desired: what was applied.
        merchants: variants that the merchant added.
        edits: attributes of variants that the merchant changed, by key.
        deleted: keys of variants that the merchant deleted.
        is_exclusive: None for a store up to version 2.16.
        changes: attributes of the product.
    """
    variants = [
        held(desired, each, **edits.get(each.key, {})) for each in desired.variants if each.key not in deleted
    ]
    single = structs.replace(desired, variants=desired.variants[:1])
    stored = structs.replace(
        stored_product(single),
        options=options_of(desired, is_exclusive=is_exclusive),
        variants=(*merchants, *variants),
    )
    return structs.replace(with_record(stored, record_of(desired)), **changes)


def planned(desired: DesiredProduct, stored: StoredProduct, **how: Any) -> Update:
    return plan_update(desired, stored, **{"location_id": LOCATION} | how)


# --- what an update does --------------------------------------------------------------------------------

VariantStep = tuple[str, str, Value, Value]


def steps(desired: DesiredProduct, stored: StoredProduct, **how: Any) -> list[VariantStep]:
    """The planned changes: variant, field, stored value, planned value."""
    changes = planned(desired, stored, **how).changes
    return [(each.variant, each.field, each.stored, each.planned) for each in changes]


def matched(update: Update) -> dict[str, str | None]:
    """The id of the stored variant of each variant that is not new, by key."""
    return {
        each.desired.key: each.stored.id if each.stored else None
        for each in update.variants
        if not each.is_new
    }


def new_keys(update: Update) -> list[str]:
    """The keys of the variants that an update creates."""
    return [each.desired.key for each in update.variants if each.is_new]


# --- any shirt ------------------------------------------------------------------------------------------

_AMOUNTS: Final = st.integers(0, 10**6) | st.floats(0, 1e6)
_OPTIONAL: Final = {
    "barcode": st.uuids().map(str),
    "stock": st.integers(0, 100),
    "weight": _AMOUNTS,
    "prices": st.dictionaries(st.sampled_from(["eur", "gbp", "jpy"]), _AMOUNTS),
    "title": st.sampled_from(["A shirt", "x" * 50]),
}


@st.composite
def shirts(draw: st.DrawFn) -> DesiredProduct:
    """A product with up to six variants and two options, whose identities may be ids, SKUs or values."""
    names = draw(st.lists(st.sampled_from(["Size", "Colour", "Länge"]), min_size=1, max_size=2, unique=True))
    one_value = st.sampled_from(["S", "M", "L", "3", "x" * 50])
    values = draw(st.lists(st.tuples(*(one_value for _ in names)), min_size=1, max_size=6, unique=True))
    rows = []
    for number, each in enumerate(values):
        more = draw(st.fixed_dictionaries({}, optional=_OPTIONAL))
        identity: Any = draw(
            st.sampled_from([ABSENT, number + 100, f"{number}:a,b", "0" * 150 + str(number)])
        )
        sku: Any = draw(st.sampled_from([ABSENT, f"SKU {number}", f"{number}" * 50]))
        rows.append(
            piece(
                dict(zip(names, each, strict=True)), **{"stock": ABSENT, **more, "id": identity, "sku": sku}
            )
        )
    return shirt(*rows, options=draw(st.sampled_from([names, ABSENT])))
