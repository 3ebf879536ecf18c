"""Unique values that variants do not get: what is written instead, and what the record says."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from medusa_sync.core.change import Withheld
from medusa_sync.core.fields import VARIANT_FIELDS
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import Record


def without(desired: DesiredProduct, withheld: Iterable[Withheld]) -> DesiredProduct:
    """What is written instead of a product whose variants do not get some values, but keep what they have."""
    kept: dict[str, dict[str, Value]] = {}
    for each in withheld:
        kept.setdefault(each.key, {})[each.field] = each.stored
    variants = []
    for variant in desired.variants:
        fields = {**variant.fields, **kept.get(variant.key, {})}
        fields = {name: value for name, value in fields.items() if value is not None}
        variants.append(structs.replace(variant, fields=fields) if variant.key in kept else variant)
    return structs.replace(desired, variants=tuple(variants))


def recorded(record: Record) -> tuple[Withheld, ...]:
    """The values that were withheld earlier."""
    return tuple(
        Withheld(key, "", name, value, None, owner, owner, is_new=False)
        for key, own in record.withheld.items()
        for name, (value, owner) in own.items()
    )


def unique_values(desired: DesiredProduct) -> set[tuple[str, Value]]:
    """The unique fields and values that the variants of a product want."""
    return {
        (name, value)
        for variant in desired.variants
        for name, value in variant.fields.items()
        if VARIANT_FIELDS[name].unique
    }


def with_withheld(record: Record, withheld: Iterable[Withheld], before: Record | None) -> Record:
    """The record of a product some of whose variants do not get a value.

    Args:
        record: what is applied otherwise.
        withheld: the values.
        before: the record before; what was applied to such a field earlier stays.
    """
    variants, kept = dict(record.variants), dict[str, dict[str, tuple[str, str]]]()
    for each in withheld:
        kept.setdefault(each.key, {})[each.field] = each.value, each.owner_id
        entry = variants.get(each.key)
        if entry is not None:
            earlier = before.variants[each.key].fields if before and each.key in before.variants else {}
            fields = {name: value for name, value in entry.fields.items() if name != each.field}
            if each.field in earlier and each.stored is not None:
                fields[each.field] = earlier[each.field]
            variants[each.key] = structs.replace(entry, fields=fields)
    return structs.replace(record, variants=variants, withheld=kept) if kept else record
