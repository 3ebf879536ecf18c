"""What can be noted before the store is read: changes that the source and the record alone show.

Most changes of a catalogue are about what customers pay and what is left. They are written after the row of
the product, which then only gets the note of what is being sent. So the note is written first, and the store
is read once, right before what it has is replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import chain

from msgspec import structs

from medusa_sync.core.change import Change, VariantChange
from medusa_sync.core.field_changes import FieldChange
from medusa_sync.core.fields import NEWEST, kind_of
from medusa_sync.core.inventory import ItemPlan
from medusa_sync.core.kinds.copies import remain
from medusa_sync.core.kinds.prices import named_by_record
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import Record, applied
from medusa_sync.core.run_settings import changed_of
from medusa_sync.core.selection import PlanSettings
from medusa_sync.core.steps import ONCE_NOTED, Step
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.value import Value


class Announced(Change, frozen=True, dict=True):
    """A change as the record foresees it; the plan that follows from the stored product takes its place.

    Its selection has the fields that change. The others are as the record says, so nothing else is read.
    """

    @cached_property
    def steps(self) -> frozenset[Step]:
        return frozenset({Step.ROW, Step.PLAN_AGAIN})

    @cached_property
    def items(self) -> tuple[ItemPlan, ...]:
        return ()

    @property
    def changes(self) -> tuple[FieldChange, ...]:
        """None: what the store has is not known yet."""
        return ()

    @property
    def foreseen(self) -> set[str]:
        """The names of the fields that change."""
        return {each.field for each in (*self.own_changes, *chain(*(one.changes for one in self.variants)))}

    def foresees(self, update: Change) -> bool:
        """Whether the plan that follows from the stored product can take its place once the note is sent.

        Otherwise, the product is read as a whole: it lost variants, or needs what comes before the row.
        """
        left = {each.id for each in update.stored.variants}
        return update.steps <= ONCE_NOTED and all(each.id in left for each in self.record.variants.values())


def announce(desired: DesiredProduct, stored: StoredProduct, how: PlanSettings) -> Announced | None:
    """The change of a product as its record foresees it, if all of it is written after the row.

    Args:
        desired: what the source wants.
        stored: the product with its record; its details were not read.
        how: to decide.

    Returns:
        None if the details have to be read first.
    """
    record, wanted = stored.record, applied(desired)
    if record is None or not (_is_whole(record, desired, how) and record.has_parts_of(wanted)):
        return None
    has = how.selection.has
    own = [each for each in _changed(record.fields, desired.fields, wanted.fields) if has(each.field)]
    variants = []
    for each in desired.variants:
        entry, new = record.variants[each.key], wanted.variants[each.key].fields
        found = _changed(entry.fields, each.fields, new, each.name)
        own_changes = tuple(change for change in found if has(change.field))
        variants.append(VariantChange(each, StoredVariant(entry.id), changes=own_changes))
    changes = [*chain(own, *(variant.changes for variant in variants))]
    # A value that the source has for the first time must not be taken for one that was sent before, and a run
    # that holds all amounts back writes nothing.
    is_first = any(each.applied is None for each in changes)
    may_be_held = how.amount_limit is not None and any(kind_of(each.field).is_amount for each in changes)
    come_apart = all(kind_of(each.field).comes_apart(each.applied, each.desired) for each in changes)
    if not changes or is_first or may_be_held or not come_apart:
        return None
    return Announced(
        named_by_record(desired, record, how.selection),
        stored,
        record,
        tuple(own),
        variants=tuple(variants),
        how=structs.replace(how, selection=how.selection.narrowed({each.field for each in changes})),
    )


def _is_whole(record: Record, desired: DesiredProduct, how: PlanSettings) -> bool:
    """Whether the record says all about the product, and the names of its fields mean what they meant."""
    return bool(
        record.is_settled
        and record.settings is not None
        and record.knows == NEWEST
        and not (how.overwrite or how.explains or record.withheld or desired.withheld or record.missing_since)
        and record.currency == desired.currency
        and not changed_of(record, desired, how.selection)
        and not record.former_location(desired.locations)
        and not remain(record, desired.copying, how.selection)
        and record.regions.items() <= {**record.regions, **desired.regions}.items()
        and record.locations.items() <= {**record.locations, **desired.locations}.items()
    )


def _changed(
    before: Mapping[str, Value], wanted: Mapping[str, Value], remembered: Mapping[str, Value], name: str = ""
) -> Iterator[FieldChange]:
    """What the source changed of fields; `remembered` is what the record will have of them."""
    for field in dict.fromkeys((*remembered, *before)):
        old, new = before.get(field), wanted.get(field)
        if old != remembered.get(field):
            yield FieldChange(field, old, new, old, new, name)
