"""Compares changes with those of a saved plan: only what was approved is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b

from msgspec import Struct, json, structs

from medusa_sync.core.change import Change, FieldChange
from medusa_sync.core.fields import FIELDS, STATUS, TITLE, VARIANT, stock_of
from medusa_sync.core.handles import HANDLE
from medusa_sync.core.product import Approved, ApprovedChange, Value
from medusa_sync.core.result import Action
from medusa_sync.core.stored import StoredProduct

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
    """Changes as plans have them, with the handle of a product that is created."""
    found = [
        ApprovedChange(each.field, _in_order(each.stored), _in_order(each.planned), each.key, each.variant)
        for each in changes
    ]
    if change.is_creation:
        found.append(ApprovedChange(HANDLE, None, change.handle))
    return {(each.key, each.field): each for each in found}


def _in_order(value: Value) -> Value:
    """A value that does not depend on the order in which the store lists the members of a set."""
    return tuple(sorted(value)) if isinstance(value, tuple) else value


def approved(change: Change, made: Iterable[FieldChange], action: Action | None, placement: _Ids) -> Approved:
    """What a plan has of a product.

    Args:
        change: its last one.
        made: the changes of all its writes.
        action: of its outcome.
        placement: of new products and variants.
    """
    changes = changes_of(change, made)
    return Approved(
        change.desired.external_id,
        change.desired.title,
        action or KEEP,
        change.stored.id,
        tuple(changes[key] for key in sorted(changes, key=lambda key: (key[0] or "", *map(str, key)))),
        tuple(sorted({*change.removed, *change.drafted})),
        placement if _is_placed(change) else (),
    )


_Ids = tuple[str | None, ...]


def _is_placed(change: Change) -> bool:
    return change.is_creation or change.placed or bool(change.new_variants)


def moved(plan: Approved, change: Change, placement: _Ids, *, has_begun: bool) -> Iterator[Moved]:
    """What would be written otherwise than in a plan; nothing if it may be written.

    If the write has begun, what is left to do is a part of the plan, and fields may have no value yet.
    """
    if change.is_creation and plan.action != Action.CREATE:
        yield Moved(("the store no longer has it", "", ""))
        return
    if not change.is_creation and plan.id != change.stored.id and (plan.id or not has_begun):
        words = "it was created again" if plan.id else "the store has it now, and the plan creates it"
        yield Moved((words, "", ""))
        return
    if _is_placed(change) and plan.placement not in ((), placement):
        yield Moved(
            ("the sales channel, shipping profile or stock location of new products is another", "", "")
        )
    was, now = {(each.key, each.field): each for each in plan.changes}, changes_of(change, change.changes)
    for key in now if has_begun else {**was, **now}:
        before, after = was.get(key), now.get(key)
        if before != after and not (has_begun and after and _is_rest(after, before, was)):
            yield _moved(before, after, change)


def _is_rest(now: ApprovedChange, plan: ApprovedChange | None, was: Changes) -> bool:
    """Whether a change is left of those of a plan."""
    if plan is None:  # a field of a variant that was created, or an incomplete product that is replaced
        is_new = (now.key, VARIANT) in was and was[now.key, VARIANT].stored is None
        return is_new and not now.stored
    known = _members(plan.stored) | _members(plan.planned)
    return _members(now.stored) <= known and _members(now.planned) <= _members(plan.planned)


def _members(value: Value) -> set[Value]:
    return {*value} if isinstance(value, tuple) else set() if value is None else {value}


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
    if plan.key is None and stock_of({plan.field: None}):
        items = [each.stored for each in change.shared if each.stored]
        return items[0].value(plan.field, change.desired, change.locations) if items else None
    if plan.key is None:
        return _in_order(change.stored.value(plan.field)) if FIELDS.knows(plan.field) else None
    stored = next((each.stored for each in change.variants if each.desired.key == plan.key), None)
    known = (change.desired, change.locations, change.options.ids)
    return _in_order(stored.value(plan.field, *known)) if stored else None


def removal(stored: StoredProduct, action: str) -> Approved:
    """What a plan has of a product that is deleted, drafted, or marked as missing."""
    deleted = [ApprovedChange(STATUS, stored.status, None), ApprovedChange(TITLE, stored.title, None)]
    drafted = [ApprovedChange(STATUS, stored.status, "draft")]
    changes = {str(Action.DELETE): deleted, str(Action.DRAFT): drafted}
    record = structs.replace(stored.record, drafted=False, deleted=False) if stored.record else None
    return Approved(
        stored.external_id or "",
        stored.title,
        action,
        stored.id,
        tuple(changes.get(action, ())),
        record=blake2b(json.encode(record, order="deterministic"), digest_size=8).hexdigest(),
    )


def moved_removal(plan: Approved, stored: StoredProduct) -> Iterator[Moved]:
    """Why a product that a plan removes is another one now."""
    now = removal(stored, plan.action)
    if now.id != plan.id:
        yield Moved(("it was created again", "", ""))
    for before, after in zip(plan.changes, now.changes, strict=True):
        if before != after:
            yield Moved((f"{before.field} is ", " now, was ", " in the plan"), (after.stored, before.stored))
    if now.record != plan.record:
        yield Moved(("another run has written it since", "", ""))
