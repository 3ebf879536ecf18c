"""Takes back what a run wrote: merges what was before it, what it wrote and what the store holds.

It is the merge of a sync in which the values before the run are desired, and those that it wrote were last
applied: a value that the store no longer holds was edited since, and is kept. The record of the product stays
as it is, so later runs take what is undone for edits of the merchant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import structs

from medusa_sync.core.change import Change
from medusa_sync.core.field_changes import DRAFTING, UNDO, Conflict, FieldChange
from medusa_sync.core.fields import VARIANT, kind_of
from medusa_sync.core.kept import Overwritten, later_runs, runs_of, writers
from medusa_sync.core.kinds.base import Meanings, Merge
from medusa_sync.core.kinds.copies import by_source
from medusa_sync.core.kinds.options import with_id
from medusa_sync.core.kinds.prices import named_by_record
from medusa_sync.core.outcome import Result
from medusa_sync.core.plan import plan_update
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.product_options import without_gone
from medusa_sync.core.record import NO_RECORD, Record, VariantRecord
from medusa_sync.core.remembered import remember_text
from medusa_sync.core.selection import PlanSettings
from medusa_sync.core.since import EDITED, NO_LONGER_OURS, UNCONFIRMED, Since, variant_written_since
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.undone_drafts import counted, drafted, rejoined, why_not_drafted, without_edited
from medusa_sync.core.value import Value, members
from medusa_sync.errors import ProductFailedError

FOREVER = "the run deleted it, which cannot be undone"


class Undone(DesiredProduct, frozen=True):
    """A product of a run that is undone; it wants what the store held before, of what the run changed.

    The key of a variant is its id.

    Attributes:
        name: what reports call it.
        id: in the store.
        after: what the run wrote, with the titles that options have since. What an undo that is interrupted
            may have left, such as an SKU that is cleared before another variant gets it, is pending.
        lost: fields and variants that cannot be restored.
        is_deleted: the run deleted the product.
        recorded: digests of the records of variants that the run created, by id.
        shared_item: id of the inventory item that drafted variants shared; empty if it is not known.
        overwritten: what later runs have written to the product.
    """

    name: str = ""
    id: str = ""
    after: Record = NO_RECORD
    lost: tuple[Conflict, ...] = ()
    is_deleted: bool = False
    recorded: Mapping[str, str] = {}
    shared_item: str = ""
    overwritten: tuple[Overwritten, ...] = ()

    @property
    def title(self) -> str:
        return self.name

    @property
    def created(self) -> set[str]:
        """The ids of the variants that the run created."""
        return self.after.variants.keys() - {each.key for each in self.variants}

    def obstacle(self, copies: Sequence[StoredProduct]) -> tuple[Result, str] | None:
        """Why nothing of it is undone, with the outcome; None if nothing is in the way."""
        if self.is_deleted:
            return Result.SKIPPED, FOREVER
        if not copies:
            return Result.SKIPPED, "the store no longer has it"
        if all(each.id != self.id for each in copies):
            return Result.SKIPPED, "it was deleted and created again since the run"
        if any(each.record is None for each in copies):
            return Result.FAILED, NO_LONGER_OURS
        if any(each.pending for each in copies):
            return Result.FAILED, UNCONFIRMED
        return None


def plan_change(
    desired: DesiredProduct,
    stored: StoredProduct,
    how: PlanSettings,
    *,
    removed_ids: Collection[str] = (),
    deletes: bool = False,
) -> Change:
    """Decide what to send for a stored product, as `plan_update` does, or to undo a run."""
    stored = by_source(stored, desired)
    if not isinstance(desired, Undone) or stored.record is None:
        return plan_update(desired, stored, how, removed_ids=removed_ids, deletes=deletes)
    desired = counted(desired, stored.record)
    known = without_gone(desired, stored)
    staying = _staying(known, stored, stored.record, deletes=deletes)
    undone, losing = rejoined(known, stored, stored.record), drafted(known)
    after_run = structs.replace(stored, record=_after(undone, stored.record, staying))
    change = plan_update(undone, after_run, how, removed_ids=removed_ids, deletes=deletes)
    if change.new_variants:
        raise ProductFailedError("a variant is incomplete; sync once, and undo again")
    own = [exact for each in change.own_changes if (exact := _exact(each, undone)).planned != each.stored]
    applied = stored.record.meanings
    latest = {
        each.id: {with_id(name, applied): value for name, value in each.fields.items()}
        for each in stored.record.variants.values()
    }
    variants = (without_edited(each) if each.desired.key in losing else each for each in change.variants)
    variants = (
        structs.replace(
            each,
            changes=_marked(each.changes),
            conflicts=tuple(
                _kept(
                    each.conflicts, latest.get(each.desired.key, {}), undone, change.names, each.desired.key
                )
            ),
        )
        for each in variants
    )
    return structs.replace(
        change,
        desired=named_by_record(desired, stored.record, how.selection),  # it may be planned again
        stored=structs.replace(change.stored, record=stored.record),
        own_changes=_marked(own),
        own_conflicts=(
            *_kept(change.own_conflicts, stored.record.own_values, undone, change.names),
            *undone.lost,
            *(staying.values() if how.selection.has_variants else ()),
        ),
        variants=tuple(variants),
        keeps_record=True,
    )


def _staying(undone: Undone, stored: StoredProduct, record: Record, *, deletes: bool) -> dict[str, Conflict]:
    """Why variants that the run created stay, by id: written since, or without stock to set to 0."""

    def reason(variant: StoredVariant) -> Since:
        if deletes:
            return variant_written_since(variant, stored, record, undone.recorded.get(variant.id, ""))
        return Since(why_not_drafted(record, variant.id))

    def kept(variant: StoredVariant, since: Since) -> Conflict:
        name, key = variant.called(variant.id), variant.id
        later = runs_of(undone.overwritten, key) if since.by_run else None
        why = since.reason if later is None else later_runs(later)
        return Conflict(VARIANT, name, None, OnConflict.STORE, name, key, why, later)

    new = (each for each in stored.variants if each.id in undone.created)
    return {each.id: kept(each, why) for each in new if (why := reason(each)).reason}


def _after(undone: Undone, record: Record, staying: Collection[str]) -> Record:
    """What the run wrote, with what the record of the product knows about the store."""
    changed = {each.key for each in undone.variants}
    known = {each.id: each.fields for each in record.variants.values()}
    variants = {  # a new one loses its stock, or leaves option values that no other variant has
        key: each if key in changed else VariantRecord(key, dict(known.get(key, {})))
        for key, each in undone.after.variants.items()
        if key not in staying
    }
    return structs.replace(
        undone.after,
        currency=undone.currency,
        regions=record.regions,
        locations=record.locations,
        variants=variants,
        copies=record.copies,
    )


def _exact(change: FieldChange, undone: Undone) -> FieldChange:
    """A change of a set gives its members the order that they had, unless somebody has edited it since."""
    kind, stored, planned = kind_of(change.field), members(change.stored), members(change.planned)
    if kind.merge is not Merge.UNION:
        return change
    if tuple(map(remember_text, stored)) == (undone.after.fields.get(change.field) or ()):
        return structs.replace(change, planned=undone.fields.get(change.field) or ())
    if not kind.is_ordered:
        return change
    kept = dict.fromkeys(each for each in stored if each in planned)
    return structs.replace(change, planned=tuple(dict.fromkeys([*kept, *planned])))


def _marked(changes: Iterable[FieldChange]) -> tuple[FieldChange, ...]:
    return tuple(
        structs.replace(each, setting=each.setting if each.setting == DRAFTING else UNDO) for each in changes
    )


def _kept(
    conflicts: Iterable[Conflict],
    latest: Mapping[str, Value],
    undone: Undone,
    names: Meanings,
    key: str | None = None,
) -> Iterator[Conflict]:
    """Conflicts of the product or of a variant with the reason.

    Args:
        conflicts: what they are about.
        latest: what the record has of it; options are called by their ids.
        undone: the product of the run.
        names: what the names in conflicts mean.
        key: of the variant; None for the product.
    """
    for each in conflicts:
        later = None
        if each.field != VARIANT:
            name = with_id(each.field, names)
            later = writers(undone.overwritten, (key, name), each.stored, latest.get(name))
        yield structs.replace(each, reason=EDITED if later is None else later_runs(later), later=later)
