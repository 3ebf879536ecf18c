"""Takes back what a run wrote: merges what was before it, what it wrote and what the store holds.

It is the merge of a sync in which the values before the run are desired, and those that it wrote were last
applied: a value that the store no longer holds was edited since, and is kept. The record of the product stays
as it is, so later runs take what is undone for edits of the merchant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import structs

from medusa_sync.core.change import DRAFTING, UNDO, Change, Conflict, FieldChange
from medusa_sync.core.fields import SHARED, STATUS, STOCK, VARIANT, stock_of
from medusa_sync.core.plan import plan_update
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import NO_RECORD, Record, VariantRecord, remember, remember_text
from medusa_sync.core.result import Result
from medusa_sync.core.selection import PlanOptions
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.errors import ProductFailedError

_SINCE = "edited since the run"
_LATER = "a later run wrote it; undo that first"
FOREVER = "the run deleted it, which cannot be undone"
_FOR_SALE = "it has no stock of its own to set to 0; --on-missing delete removes it"


class Undone(DesiredProduct, frozen=True):
    """A product of a run that is undone; it wants what the store held before, of what the run changed.

    The key of a variant is its id.

    Attributes:
        name: what reports call it.
        id: in the store.
        applied: what the run wrote, with the titles that options have since. What an undo that is interrupted
            may have left, such as an SKU that is cleared before another variant gets it, is pending.
        statuses: before the run and after it; None if it did not change.
        lost: fields and variants that cannot be restored.
        is_deleted: the run deleted the product.
    """

    name: str = ""
    id: str = ""
    applied: Record = NO_RECORD
    statuses: tuple[str, str] | None = None
    lost: tuple[Conflict, ...] = ()
    is_deleted: bool = False

    @property
    def title(self) -> str:
        return self.name

    def obstacle(self, copies: Sequence[StoredProduct]) -> tuple[Result, str] | None:
        """Why nothing of it is undone, with the outcome; None if nothing is in the way."""
        if self.is_deleted:
            return Result.SKIPPED, FOREVER
        if not copies:
            return Result.SKIPPED, "the store no longer has it"
        if all(each.id != self.id for each in copies):
            return Result.SKIPPED, "it was deleted and created again since the run"
        if any(each.record is None for each in copies):
            return Result.FAILED, "its record is gone, so it may be another product"
        if any(each.pending for each in copies):
            return Result.FAILED, "its last write was not confirmed; sync once, and undo again"
        return None


def plan_change(
    desired: DesiredProduct,
    stored: StoredProduct,
    how: PlanOptions,
    *,
    removed_ids: Collection[str] = (),
    deletes: bool = False,
) -> Change:
    """Decide what to send for a stored product, as `plan_update` does, or to undo a run."""
    if not isinstance(desired, Undone) or stored.record is None:
        return plan_update(desired, stored, how, removed_ids=removed_ids, deletes=deletes)
    staying = () if deletes else _staying(desired, stored, stored.record)
    desired = _sharing(desired, stored.record)
    before = structs.replace(stored, record=_applied(desired, stored.record, {each.id for each in staying}))
    change = plan_update(desired, before, how, removed_ids=removed_ids, deletes=deletes)
    if change.new_variants:
        raise ProductFailedError("a variant is incomplete; sync once, and undo again")
    statuses = [*_statuses(desired, stored.status)] if how.selection.has(STATUS) else []
    own = [*(_exact(each, desired) for each in change.own_changes), *statuses]
    written = {each.id: each.fields for each in stored.record.variants.values()}
    variants = (
        structs.replace(
            each,
            changes=_marked(each.changes),
            conflicts=tuple(_kept(each.conflicts, written.get(each.desired.key, {}))),
        )
        for each in change.variants
    )
    names = (each.called(each.id) for each in staying)
    kept = [Conflict(VARIANT, name, None, OnConflict.STORE, name, reason=_FOR_SALE) for name in names]
    return structs.replace(
        change,
        stored=structs.replace(change.stored, record=stored.record),
        own_changes=_marked(each for each in own if isinstance(each, FieldChange)),
        own_conflicts=(
            *_kept(change.own_conflicts, stored.record.fields),
            *_kept((each for each in statuses if isinstance(each, Conflict)), {}),
            *desired.lost,
            *kept,
        ),
        variants=tuple(variants),
        keeps_record=True,
    )


def _staying(undone: Undone, stored: StoredProduct, record: Record) -> list[StoredVariant]:
    """The variants that the run created, and whose stock cannot be set to 0: they have none, or share it."""
    new = undone.applied.variants.keys() - {each.key for each in undone.variants}
    stock = {each.id: {*stock_of(each.fields).values()} for each in record.variants.values()}
    return [each for each in stored.variants if each.id in new and stock.get(each.id, set()) <= {SHARED}]


def _sharing(undone: Undone, record: Record) -> Undone:
    """With what variants share: without it, the item that they share looks like that of one of them."""
    fields = {each.id: each.fields for each in record.variants.values()}
    shared = {key: {STOCK: SHARED} for key, each in fields.items() if each.get(STOCK) == SHARED}
    variants = tuple(
        structs.replace(each, fields={**shared.get(each.key, {}), **each.fields}) for each in undone.variants
    )
    applied = {
        key: structs.replace(each, fields={**shared.get(key, {}), **each.fields})
        for key, each in undone.applied.variants.items()
    }
    return structs.replace(
        undone, variants=variants, applied=structs.replace(undone.applied, variants=applied)
    )


def _applied(undone: Undone, record: Record, staying: Collection[str]) -> Record:
    """What the run wrote, with what the record of the product knows about the store."""
    changed = {each.key for each in undone.variants}
    known = {each.id: each.fields for each in record.variants.values()}
    variants = {  # a new one loses its stock, or leaves option values that no other variant has
        key: each if key in changed else VariantRecord(key, dict(known.get(key, {})))
        for key, each in undone.applied.variants.items()
        if key not in staying
    }
    return structs.replace(
        undone.applied,
        currency=undone.currency,
        regions=record.regions,
        locations=record.locations,
        variants=variants,
    )


def _exact(change: FieldChange, undone: Undone) -> FieldChange:
    """A change of a set that nobody has edited since gives its members the order that they had."""
    applied, stored = undone.applied.fields.get(change.field) or (), change.stored
    if not isinstance(stored, tuple) or tuple(map(remember_text, stored)) != applied:
        return change
    return structs.replace(change, planned=undone.fields.get(change.field) or ())


def _statuses(undone: Undone, status: str) -> Iterator[FieldChange | Conflict]:
    if undone.statuses is None:
        return
    before, after = undone.statuses
    if status == after:
        yield FieldChange(STATUS, after, before, after, before)
    elif status != before:
        yield Conflict(STATUS, status, before, OnConflict.STORE)


def _marked(changes: Iterable[FieldChange]) -> tuple[FieldChange, ...]:
    """The changes of an undo; the stock of a drafted variant is taken back only if it is 0 still."""
    return tuple(
        structs.replace(each, setting=each.setting if each.setting == DRAFTING else UNDO)
        for each in changes
        if not stock_of({each.field: None}) or 0 in {each.planned, each.stored}
    )


def _kept(conflicts: Iterable[Conflict], written: Mapping[str, Value]) -> Iterator[Conflict]:
    """Conflicts with the reason; `written` is what the last run has written."""
    for each in conflicts:
        is_later = each.field != VARIANT and remember(each.stored) == written.get(each.field)
        yield structs.replace(each, reason=_LATER if is_later else _SINCE)
