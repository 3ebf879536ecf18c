"""Plans what happens to the variants that the source no longer has, and that stay."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain

from medusa_sync.core.change import VariantChange
from medusa_sync.core.field_changes import DRAFTING, FieldChange
from medusa_sync.core.fields import UNIQUE, VARIANT_FIELDS
from medusa_sync.core.kinds.base import Meanings
from medusa_sync.core.kinds.stock import names_by_location, names_to_empty
from medusa_sync.core.product import DesiredProduct, DesiredVariant
from medusa_sync.core.record import Record
from medusa_sync.core.stored import StoredVariant
from medusa_sync.core.value import Value


def dropped_changes(
    desired: DesiredProduct,
    record: Record,
    names: Meanings,
    dropped: Mapping[str, StoredVariant],
    variants: Iterable[VariantChange],
    drafted: Collection[str],
) -> Iterator[VariantChange]:
    """The changes of dropped variants: they lose unique values that others of the product get.

    Customers can no longer buy drafted ones.

    Args:
        desired: what the source wants.
        record: what was last applied, with the names that the source uses now.
        names: what these mean.
        dropped: the variants, by key.
        variants: the changes of those that the source has.
        drafted: the keys of those that are drafted.
    """
    wanted = {(name, each.new_values.get(name)) for each in variants for name in UNIQUE}
    wanted |= {(each.field, each.value) for each in desired.withheld}
    applied = (each.fields for each in record.variants.values())
    wanted_fields = (each.fields for each in desired.variants)
    fields = chain(applied, record.pending_values.values(), wanted_fields)
    by_location = names_by_location(fields, names)
    for key, stored in dropped.items():
        lost: dict[str, Value] = {
            each: None for each in UNIQUE if (each, getattr(stored, each) or "") in wanted
        }
        keeps_items = key in drafted and stored.is_kit
        if key in drafted and not keeps_items:
            lost |= dict.fromkeys(names_to_empty(stored, by_location), 0)
        changes = tuple(_losses(stored.called(key), stored, lost, names))
        if changes or keeps_items:
            own = DesiredVariant(key, stored.called(key), {})
            yield VariantChange(own, stored, changes=changes, keeps_items=keeps_items)


def _losses(
    name: str, stored: StoredVariant, lost: Mapping[str, Value], names: Meanings
) -> Iterator[FieldChange]:
    """The changes of a dropped variant that has what it loses."""
    for each, after in lost.items():
        current = stored.value(each, names)
        if current:
            why = "" if after is None else DRAFTING
            reserved = VARIANT_FIELDS[each].kind.reserved(stored, each, names)
            yield FieldChange(each, current, after, current, after, name, why, reserved=reserved)
