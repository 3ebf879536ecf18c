"""What the record of a product says of each field, decided once: until it has arrived, and then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, structs

from medusa_sync.core.change import Change, VariantChange
from medusa_sync.core.field_changes import FieldChange
from medusa_sync.core.fields import VARIANT_FIELDS, followed, kind_of
from medusa_sync.core.item_plans import of_renamed_items
from medusa_sync.core.kinds.base import Merge
from medusa_sync.core.record import Dropped, VariantRecord
from medusa_sync.core.remembered import remember
from medusa_sync.core.stored import StoredVariant
from medusa_sync.core.value import Value, latest, members

_Values = Mapping[str, Value]
_Sent = Mapping[str, tuple[Value, ...]]


class Decided(Struct, frozen=True):
    """What is decided about the fields of a product, or of a variant.

    Attributes:
        applied: what the record has of them.
        pending: what earlier writes have sent and may not have arrived.
        recorded: what the record has of them once everything has arrived.
        sent: the values that fields may have which arrive later than the row of the product.
    """

    applied: _Values
    pending: _Sent
    recorded: _Values
    sent: _Sent

    @property
    def until_then(self) -> dict[str, Value]:
        """What the record has of them until everything has arrived."""
        kept = {name: self.applied[name] for name in self.sent if name in self.applied}
        return {name: value for name, value in self.recorded.items() if name not in self.sent} | kept

    @property
    def unconfirmed(self) -> dict[str, tuple[Value, ...]]:
        """What may arrive until then, by field."""
        return {
            name: latest(self.pending.get(name, ()), map(remember, values))
            for name, values in self.sent.items()
        }


def recorded_own(change: Change) -> dict[str, Value]:
    """What is recorded of the fields of the product itself."""
    wanted = {name: value for name, value in change.desired.fields.items() if value is not None}
    return _recorded(change, wanted, change.record.fields if change.is_partial else None)


def recorded_variants(change: Change, new: Mapping[str, str]) -> dict[str, VariantRecord]:
    """What is recorded of variants, by key; `new` has the ids of created ones."""
    wanted, kept = {each.key: each.fields for each in change.desired.variants}, _kept(change)
    own = {each.desired.key: each for each in change.variants}
    found = {}
    for key in _keys(change):
        if key in change.dropped:
            entry = _of_dropped(change, key, change.dropped[key])
        elif key in wanted:
            entry = _of_wanted(change, key, wanted[key], own.get(key), new.get(key, ""))
        else:
            entry = change.record.variants[key]
        if key in kept:
            fields = {**entry.fields, **kept[key]}
            left = {name: value for name, value in fields.items() if value is not None}
            entry = structs.replace(entry, fields=left)
        found[key] = entry
    return found


def decide_own(change: Change, recorded: _Values) -> Decided:
    """What is decided about the fields of the product itself."""
    record, late = change.record, (each for each in change.own_changes if kind_of(each.field).is_late)
    sent = {each.field: _possible(record.fields, each) for each in late}
    return Decided(record.fields, record.pending_fields, recorded, sent)


def decide_variants(change: Change, recorded: Mapping[str, VariantRecord]) -> dict[str, Decided]:
    """What is decided about the variants that get something, by key."""
    record, renamed, lost = change.record, of_renamed_items(change), change.lost_fields
    own = {each.desired.key: each for each in change.variants}
    found = {}
    for key in {**own, **renamed}:
        is_new = key in own and own[key].is_new
        applied = {} if is_new else record.variant(key).fields  # those may be of one that was deleted
        sent = {**renamed.get(key, {}), **(_sent(applied, own[key], lost) if key in own else {})}
        if sent:
            pending = record.pending_values.get(key, {})
            found[key] = Decided(applied, pending, recorded[key].fields, sent)
    return found


def _keys(change: Change) -> Iterator[str]:
    """The keys of the variants that the record will have."""
    variants = (
        change.record.variants if change.leaves_variants else (each.key for each in change.desired.variants)
    )
    new = (each.key for each in change.new_variants)
    yield from dict.fromkeys([*variants, *new, *change.dropped])


def _recorded(change: Change, wanted: _Values, before: _Values | None) -> dict[str, Value]:
    """What is recorded of fields: what the source wants, and what was applied to those that are not synced.

    Without `before`, all of them are.
    """
    if before is None:
        return {name: remember(value) for name, value in wanted.items()}
    has = change.selection.has
    fields = {name: remember(value) for name, value in wanted.items() if has(name)}
    return fields | {name: value for name, value in before.items() if not has(name)}


def _kept(change: Change) -> dict[str, dict[str, Value]]:
    """What stays applied to held prices and withheld values, by key and field; None if nothing is."""
    kept: dict[str, dict[str, Value]] = {}
    record = change.record
    for variant in change.variants:
        for each in variant.held:
            history = record.history(each.field, variant.desired.key)
            current = remember(each.stored)
            values = kept.setdefault(variant.desired.key, {})
            values[each.field] = current if current in history.pending else history.applied  # it has arrived
    for value in change.withheld:
        history, current = record.history(value.field, value.key), remember(value.stored)
        has_arrived = current is None or current in history.pending
        kept.setdefault(value.key, {})[value.field] = current if has_arrived else history.applied
    return kept


def _of_wanted(
    change: Change, key: str, wanted: _Values, own: VariantChange | None, new_id: str
) -> VariantRecord:
    """What is recorded of a variant that the source has; `own` is what is written for it."""
    before, is_new = change.record.variant(key), own is not None and own.is_new
    is_old = change.is_partial and key in change.record.variants and not is_new
    fields = _recorded(change, wanted, before.fields if is_old else None)
    known = "" if own is None or is_new else (own.stored or before).id  # it may replace one that is deleted
    dropped = before.dropped if change.leaves_variants and not is_new else None
    if dropped is Dropped.DRAFTED and any(map(change.selection.has, followed(fields))):
        dropped = Dropped.KEPT  # it has the stock of the source again
    return VariantRecord(new_id or known, fields, dropped)


def _of_dropped(change: Change, key: str, stored: StoredVariant) -> VariantRecord:
    """What is recorded of a variant that the source dropped; pending values that have arrived are applied."""
    entry = change.record.variants[key]
    applied, pending = entry.fields, change.record.pending_values.get(key, {})
    new_values = next((each.new_values for each in change.variants if each.desired.key == key), {})
    fields = {name: value for name, value in applied.items() if new_values.get(name, value) is not None}
    for name, values in pending.items():
        current = remember(stored.value(name, change.names))
        follows = VARIANT_FIELDS[name].kind.merge is Merge.FOLLOW
        if current is not None and current in (values[-1:] if follows else values):
            fields[name] = current
        elif follows or current is None:  # a newer one may still arrive
            fields.pop(name, None)
    if key in change.drafted and not stored.is_kit:
        # A variant that comes back gets its stock again, or is not tracked any more.
        fields |= dict.fromkeys(followed({**applied, **pending}), 0)
    return structs.replace(
        entry,
        id=stored.id,
        fields=fields,
        dropped=Dropped.DRAFTED if key in change.drafted else entry.dropped or Dropped.KEPT,
        missing_since=entry.missing_since or change.how.missing_since,
    )


def _sent(applied: _Values, variant: VariantChange, lost: Iterable[str]) -> _Sent:
    """The values that fields of a variant get: all of them arrive after the row of the product.

    `lost` are the fields that it loses.
    """
    if variant.is_new:
        return {name: (value,) for name, value in variant.desired.fields.items()}
    return {name: (None,) for name in lost if name in applied} | {
        each.field: _possible(applied, each) for each in variant.changes
    }


def _possible(applied: _Values, change: FieldChange) -> tuple[Value, ...]:
    """The values that a field may have while it is written."""
    if isinstance(change.planned, tuple):  # without the members that the merchant has taken away
        sent = [each for each in members(change.desired) if each in change.planned]
        ours = members(applied.get(change.field))
        replaced = [each for each in members(change.stored) if remember(each) in ours]
        return (tuple(dict.fromkeys([*sent, *replaced])),)
    # A stored value that was never applied may still be there if the write is interrupted.
    return (change.planned,) if change.field in applied else (change.stored, change.planned)
