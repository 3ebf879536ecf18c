"""What happened to a product in a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

from msgspec import Struct, structs

from medusa_sync.core.change import Change, withheld_earlier
from medusa_sync.core.field_changes import Conflict, FieldChange
from medusa_sync.core.fields import VARIANT, kind_of
from medusa_sync.core.product import DesiredProduct, Withheld
from medusa_sync.core.product_options import WrittenOption
from medusa_sync.core.stored import StoredVariant
from medusa_sync.core.value import Value, members


class Result(StrEnum):
    """What happened to a product. Each product that the source delivered has exactly one outcome."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"  # a setting says that it is not written
    REJECTED = "rejected"  # invalid at the source; not sent
    FAILED = "failed"  # refused by the store or by this tool
    UNCONFIRMED = "unconfirmed"  # written, response lost
    NOT_ATTEMPTED = "not_attempted"  # the run ended before it was sent
    REMOVED = "removed"  # an orphan


class Action(StrEnum):
    """The write that a product got."""

    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"
    DRAFT = "draft"
    DELETE = "delete"


class Written(Struct, frozen=True):
    """What was written, in the terms of the store: names are not enough to undo a change.

    Attributes:
        id: of the product; empty if a dry run would create it. Of one that was created, only this is known,
            its handle, and what was recorded.
        handle: of the product.
        currency: of the field `price`.
        variants: ids by key.
        recorded: digests of the records of new variants, by key; that of a product that was created is None.
        shared_item: id of the inventory item that its variants shared before.
    """

    id: str
    currency: str = ""
    variants: Mapping[str, str] = {}
    options: tuple[WrittenOption, ...] = ()
    recorded: Mapping[str | None, str] = {}
    shared_item: str = ""
    handle: str = ""


def written(change: Change, product_id: str, first: Change, new: Mapping[str, StoredVariant]) -> Written:
    """What a change of a product has written.

    Args:
        change: the last one of the run.
        product_id: in the store.
        first: the first one, which shows what the store had before the run.
        new: the variants that were read after they were written, by key.
    """
    if change.is_creation:
        return Written(product_id, handle=change.handle or "")
    known = {each.desired.key: each.stored for each in change.variants if each.stored and not each.is_new}
    variants = {each.id: each.id for each in change.stored.variants}  # others lose removed options
    variants |= {key: each.id for key, each in {**change.dropped, **change.removed, **known, **new}.items()}
    return Written(
        product_id,
        change.desired.currency,
        variants,
        change.options.written(first.stored, change.stored),
        shared_item=first.shared_item or "",
        handle=change.stored.handle,
    )


class Outcome(Struct, frozen=True):
    """The single outcome of a product in a run.

    Attributes:
        reason: why it is skipped, rejected, failed, unconfirmed or not attempted.
        held: prices that were not written, because they would move too far.
        withheld: unique values that variants do not get, because something else has them.
        action: None if nothing was written.
        blocked: why a part of the product is not written; None for the final outcome.
        written: None if nothing was.
    """

    external_id: str | None
    title: str
    result: Result
    reason: str = ""
    changes: tuple[FieldChange, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    action: Action | None = None
    held: tuple[FieldChange, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    blocked: str | None = None
    written: Written | None = None

    @property
    def newly_withheld(self) -> tuple[Withheld, ...]:
        """The values that were not withheld before; the others are only counted."""
        return tuple(each for each in self.withheld if each.is_new)

    @property
    def withheld_before(self) -> tuple[Withheld, ...]:
        """The values that were withheld before; they are listed by themselves."""
        return tuple(each for each in self.withheld if not each.is_new)

    @classmethod
    def of(cls, product: DesiredProduct, result: Result, reason: str = "") -> Outcome:
        return cls(product.external_id, product.title, result, reason)


Changes = Mapping[tuple[str | None, str], FieldChange]
"""Changes that a run has made to a product, by key of the variant and field, from the value before it."""


def with_changes(made: Changes, more: Iterable[FieldChange]) -> Changes:
    """Add changes to those that were made before; all fields of a variant that was created are one change."""
    created = {key for (key, field), each in made.items() if field == VARIANT and each.stored is None}
    changes = dict(made)
    for each in more:
        place = each.key, each.field
        if place in made:
            changes[place] = structs.replace(made[place], planned=each.planned)
        elif each.key not in created:
            changes[place] = each
    return changes


def arrived(changes: Changes, plan: Change) -> Changes:
    """What differs between the first read and the last one, as `plan` shows it, among changes that were sent.

    A field that the plan leaves as it is has what was sent.
    """
    known: list[FieldChange | Conflict | Withheld]
    known = [*plan.changes, *plan.conflicts, *plan.held, *plan.withheld]
    now: dict[tuple[str | None, str], Value] = {(each.key, each.field): each.stored for each in known}
    now |= {(key, VARIANT): each.called(key) for key, each in plan.dropped.items()}
    found = {own: structs.replace(each, planned=now.get(own, each.planned)) for own, each in changes.items()}
    return {own: each for own, each in found.items() if not _is_as_before(each)}


def _is_as_before(change: FieldChange) -> bool:
    """Whether a field has what it had; the order of members counts if it means something."""
    before, now = members(change.stored), members(change.planned)
    return before == now if kind_of(change.field).is_ordered else {*before} == {*now}


def gained(change: Change) -> Action | None:
    """The write that makes a product one of the source; None for one that was one before."""
    return Action.CREATE if change.is_creation else Action.ADOPT if change.adopted else None


def outcome_of(
    change: Change, changes: Collection[FieldChange], gain: Action | None, *, gets_copies: bool = False
) -> Outcome:
    """The outcome of a product after its last change; `changes` and `gain` are those of the whole run.

    `gets_copies` is whether it refers to copies of images instead of what they were made of.
    """
    action = gain or (Action.UPDATE if changes or gets_copies else None)
    result = Result.CREATED if action is Action.CREATE else Result.UPDATED if action else Result.UNCHANGED
    not_synced = (each for each in withheld_earlier(change.record) if not change.selection.has(each.field))
    return Outcome(
        change.desired.external_id,
        change.desired.title,
        result,
        changes=() if action is Action.CREATE else tuple(changes),
        conflicts=change.conflicts,
        action=action,
        held=change.held,
        withheld=(*change.withheld, *not_synced),
        blocked=change.blocked,
    )
