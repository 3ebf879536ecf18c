"""Compares changes with those of a saved plan: only what was approved is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct, json, structs

from medusa_sync.core.approved import Approved, ApprovedChange
from medusa_sync.core.change import Change
from medusa_sync.core.field_changes import FieldChange
from medusa_sync.core.fields import TITLE, UNIQUE, VARIANT, VARIANT_FIELDS, kind_of
from medusa_sync.core.handles import HANDLE
from medusa_sync.core.kinds.status import STATUS
from medusa_sync.core.outcome import Action
from medusa_sync.core.placement import PLACED_ELSEWHERE
from medusa_sync.core.product import DesiredProduct, Withheld
from medusa_sync.core.record import NO_RECORD, Record
from medusa_sync.core.stored import StoredProduct
from medusa_sync.core.value import Value, digest_of, members


class PlanLine(Struct, frozen=True):
    """A line of a saved plan; a product that is removed is None."""

    plan: Approved
    product: DesiredProduct | None = None


as_saved = json.Encoder(order="deterministic").encode
"""Encodes a line of a saved plan."""

KEEP = "keep"
"""The action of a plan that only writes the record."""
MARK = "mark"
"""The action of a plan that marks a product as missing."""

Changes = Mapping[tuple[str | None, str], ApprovedChange]
"""The changes of a product by key of the variant and field."""


class Moved(Struct, frozen=True):
    """A difference between a plan and what would be written now: `words`, with two values in them."""

    words: tuple[str, str, str]
    values: tuple[Value, Value] = (None, None)


def changes_of(change: Change, changes: Iterable[FieldChange]) -> Changes:
    """Changes as plans have them, with the handle of a product that is created, and all of new variants."""
    found = [
        ApprovedChange(each.field, _in_order(each.stored), _in_order(each.planned), each.key, each.variant)
        for each in changes
    ]
    if change.is_creation:
        found.append(ApprovedChange(HANDLE, None, change.handle))
    found += [
        ApprovedChange(name, None, value, each.key, each.name)
        for each in change.new_variants
        for name, value in each.fields.items()
    ]
    return {(each.key, each.field): each for each in found}


def _in_order(value: Value) -> Value:
    """A value that does not depend on the order in which the store lists the members of a set."""
    return tuple(sorted(value)) if isinstance(value, tuple) else value


def approved(
    change: Change,
    made: Iterable[FieldChange],
    action: Action | None,
    placement: _Ids,
    record: Record | None,
) -> Approved:
    """What a plan has of a product.

    Args:
        change: its last one.
        made: the changes of all its writes.
        action: of its outcome.
        placement: of new products and variants.
        record: that of the product as the store has it.
    """
    changes = changes_of(change, made)
    return Approved(
        change.desired.external_id,
        change.desired.title,
        action or KEEP,
        change.stored.id,
        tuple(changes[key] for key in sorted(changes, key=lambda key: (key[0] or "", *map(str, key)))),
        {key: _digest_of_variant(record, key) for key in sorted({*change.removed, *change.drafted})},
        placement if _is_placed(change) else (),
        pending=_sent_at(record),
    )


_Ids = tuple[str | None, ...]


def _sent_at(record: Record | None) -> float:
    """When the write was sent that is not confirmed; 0 if there is none. A claim has written nothing."""
    pending = record.pending if record else None
    return 0 if record is None or pending is None or record.is_claim else pending.at


def _digest_of_variant(record: Record | None, key: str) -> str:
    """A digest of what was applied to a variant, and of whether the source had it."""
    entry = (record or NO_RECORD).variant(key)
    return digest_of((entry.id, entry.fields, entry.dropped is None))


HIDDEN = "a secret is hidden in its plan (***); remove it at the source, or sync without a plan"
"""Why a product is not written whose plan has a secret."""


def without_secrets(line: PlanLine, hidden: Callable[[Value], Value]) -> PlanLine:
    """What is saved of a product that has a secret: only what its plan shows."""
    plan, title = line.plan, str(hidden(line.plan.title))
    changes = (
        ApprovedChange(
            each.field, hidden(each.stored), hidden(each.planned), variant=str(hidden(each.variant))
        )
        for each in plan.changes
    )
    plan = Approved(plan.external_id, title, plan.action, plan.id, tuple(changes), is_hidden=True)
    if line.product is None:
        return PlanLine(plan)
    own = line.product
    product = DesiredProduct(own.external_id, own.source_id, own.currency, {TITLE: title}, ())
    return PlanLine(plan, structs.replace(product, settings=own.settings))  # a guard compares them


def _is_placed(change: Change) -> bool:
    return change.is_creation or change.placed or bool(change.new_variants)


def has_begun(plan: Approved, change: Change) -> bool:
    """Whether a write was sent after the plan was made that is not confirmed; it may be that of the plan."""
    return _sent_at(change.stored.record) not in {0, plan.pending}


def moved(desired: DesiredProduct, change: Change, placement: _Ids, *, has_begun: bool) -> Iterator[Moved]:
    """What would be written otherwise than in the plan of a product; nothing if it may be written.

    If the write has begun, what is left to do has to be a part of the plan.
    """
    plan = desired.approved
    if plan is None:
        return
    if words := _other_product(plan, change, has_begun=has_begun):
        yield Moved((words, "", ""))
        return
    if _is_placed(change) and plan.placement not in ((), placement):
        yield Moved((PLACED_ELSEWHERE, "", ""))
    was, now = {(each.key, each.field): each for each in plan.changes}, changes_of(change, change.changes)
    planned = {(each.key, each.field) for each in desired.withheld}
    taken = {(each.key, each.field): each for each in change.withheld if each.owner}
    taken = {key: each for key, each in taken.items() if key not in planned}
    yield from map(_taken, taken.values())
    yield from _back(plan, change)
    may_be_rest = has_begun or change.keeps_record  # no record shows whether an undo has begun
    for key in now if has_begun else {**was, **now}:
        before, after = was.get(key), now.get(key)
        is_same = before == after or key in taken
        if not (is_same or _follows(before, after, change, may_be_rest=may_be_rest)):
            yield _moved(before, after, change)


def _other_product(plan: Approved, change: Change, *, has_begun: bool) -> str:
    """Why a product is not the one of its plan; empty if it is."""
    if change.is_creation:
        return "" if plan.action == Action.CREATE else "the store no longer has it"
    if plan.id == change.stored.id or (has_begun and not plan.id):
        return ""
    return "it was created again" if plan.id else "the store has it now, and the plan creates it"


def _follows(
    before: ApprovedChange | None, after: ApprovedChange | None, change: Change, *, may_be_rest: bool
) -> bool:
    """Whether a change is what is left of the plan, or the store has what the plan would write."""
    if after is not None:
        return may_be_rest and _is_rest(after, before, change)
    return before is not None and _is_done(before, change)


def _taken(value: Withheld) -> Moved:
    """A variant would not get a value, because something else has it now."""
    name = f"{value.field} of {value.variant}" if value.variant else value.field
    return Moved((f"{name}: {value.value!r} belongs to {value.owner} now", "", ""))


def _back(plan: Approved, change: Change) -> Iterator[Moved]:
    """The variants that would be removed, although the source had them when they were written last."""
    record, removed = change.stored.record or NO_RECORD, {**change.dropped, **change.removed}
    for key in plan.removed.keys() & {*change.removed, *change.drafted}:
        is_missing = record.variant(key).dropped is not None
        if not is_missing and _digest_of_variant(record, key) != plan.removed[key]:
            yield Moved((f"another run has written {removed[key].called(key)} since", "", ""))


def _is_rest(now: ApprovedChange, plan: ApprovedChange | None, change: Change) -> bool:
    """Whether a change is left of that of a plan."""
    if plan is None:
        return False
    record = change.record
    pending = record.pending_fields if now.key is None else record.pending_values.get(now.key, {})
    if now.field in pending and isinstance(plan.planned, tuple):  # the store may have removed all members
        known = {*members(plan.stored), *members(plan.planned)}
        return known >= {*members(now.stored)} and {*members(plan.planned)} >= {*members(now.planned)}
    is_unique = now.key is not None and now.field in UNIQUE
    # A variant loses a unique value before another one gets it, and its item before it gets one of its own.
    is_moving = now.field in pending and (is_unique or kind_of(now.field).of_items)
    is_stored = now.stored in (plan.stored, plan.planned) or (now.stored is None and is_moving)
    return is_stored and (now.planned == plan.planned or (is_unique and now.planned is None))


def _is_done(plan: ApprovedChange, change: Change) -> bool:
    """Whether the store has what a change that is not made now would write."""
    if plan.field != VARIANT:
        return _current(plan, change) == plan.planned
    return plan.planned is None and plan.key not in {
        *change.dropped,
        *(each.id for each in change.stored.variants),
    }


def _moved(before: ApprovedChange | None, now: ApprovedChange | None, change: Change) -> Moved:
    """The difference of one field; at least one of its changes is not None."""
    known = [each for each in (before, now) if each is not None]
    each = known[0]
    name = f"{each.field} of {each.variant}" if each.variant and each.field != VARIANT else each.field
    if each.field == VARIANT or before is None:
        when = "only now" if before is None else "only in the plan"
        return Moved((f"{name} changes {when}, from ", " to ", ""), (each.stored, each.planned))
    current = now.stored if now else _current(before, change)
    if current != before.stored or now is None:
        return Moved((f"{name} is ", " now, was ", " in the plan"), (current, before.stored))
    return Moved((f"{name} becomes ", " now, ", " in the plan"), (now.planned, before.planned))


def _current(plan: ApprovedChange, change: Change) -> Value:
    """What the store holds of a field that does not change."""
    if plan.key is None:
        return _in_order(change.current(plan.field))
    stored = next((each.stored for each in change.variants if each.desired.key == plan.key), None)
    is_known = stored is not None and VARIANT_FIELDS.knows(plan.field)
    return _in_order(stored.value(plan.field, change.names)) if stored and is_known else None


def removal(stored: StoredProduct, action: str) -> Approved:
    """What a plan has of a product that is deleted, drafted, or marked as missing."""
    deleted = [ApprovedChange(STATUS, stored.status, None), ApprovedChange(TITLE, stored.title, None)]
    drafted = [ApprovedChange(STATUS, stored.status, "draft")]
    changes = {str(Action.DELETE): deleted, str(Action.DRAFT): drafted}
    record = structs.replace(stored.record, deleted=False) if stored.record else None
    return Approved(
        stored.external_id or "",
        stored.title,
        action,
        stored.id,
        tuple(changes.get(action, ())),
        record=digest_of(record),
    )


def moved_removal(plan: Approved, stored: StoredProduct) -> Iterator[Moved]:
    """Why a product that a plan removes is another one now."""
    now = removal(stored, plan.action)
    if now.id != plan.id:
        yield Moved(("it was created again", "", ""))
    was = {each.field: each.stored for each in plan.changes}
    for each in now.changes:
        if each.stored != was.get(each.field):
            yield Moved(
                (f"{each.field} is ", " now, was ", " in the plan"), (each.stored, was.get(each.field))
            )
    if now.record != plan.record:
        yield Moved(("another run has written it since", "", ""))
