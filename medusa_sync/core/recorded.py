"""The records to send with a write: the final one, or a note of what is being sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import chain

from msgspec import structs

from medusa_sync.core.change import Change
from medusa_sync.core.fields import KINDS, NEWEST, REPEATING, kind_of, newer_than
from medusa_sync.core.kinds.base import Merge
from medusa_sync.core.record import CHANGES, Dropped, Pending, Record, VariantRecord, Write
from medusa_sync.core.recorded_fields import (
    Decided,
    decide_own,
    decide_variants,
    recorded_own,
    recorded_variants,
)
from medusa_sync.core.run_settings import is_earlier
from medusa_sync.core.steps import Step
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.value import latest


def final_record(change: Change, *, new: Mapping[str, str] = {}) -> Record:
    """The record of a product that is written completely; `new` has the ids of created variants, by key."""
    if change.keeps_record and change.stored.record is not None:
        return _without_deleted(change.stored.record, change.removed.values())
    record, desired, selection = change.record, change.desired, change.selection
    own, variants, is_limited = recorded_own(change), recorded_variants(change, new), change.is_partial
    settings = dict(desired.settings)
    is_older = record.sent_settings is None and CHANGES not in settings
    final = Record(
        fields=own,
        currency=desired.currency,
        variants=variants,
        source="" if change.held or (is_limited and not _has_all(change)) else desired.digest,
        settings=None if is_limited and is_older else settings,
        withheld=_withheld(change, variants),
        knows=NEWEST if all(selection.has(each.name) for each in newer_than(record.knows)) else record.knows,
    )
    for kind in KINDS:
        final = kind.recorded(change, final)
    return final


def _has_all(change: Change) -> bool:
    """Whether everything is synced that the source wants or the record has, so that nothing is left to do."""
    own = [name for name, value in change.desired.fields.items() if value is not None]
    variants = (each.fields for each in change.desired.variants)
    return change.selection.has_all(chain(own, *variants, change.record.names))


def _withheld(change: Change, entries: Collection[str]) -> dict[str, dict[str, tuple[str, str]]]:
    """The values that variants do not get, by key and field, with those that are not synced."""
    withheld: dict[str, dict[str, tuple[str, str]]] = {}
    for each in change.withheld:
        withheld.setdefault(each.key, {})[each.field] = each.value, each.owner_id
    before, has = change.record.withheld, change.selection.has
    if not change.is_partial:
        return withheld
    mixed = {
        key: {name: value for name, value in withheld.get(key, {}).items() if has(name)}
        | {name: value for name, value in before.get(key, {}).items() if not has(name)}
        for key in entries
        if key not in change.dropped
    }
    return {key: values for key, values in mixed.items() if values}


def _without_deleted(record: Record, deleted: Collection[StoredVariant]) -> Record:
    """The record of a product of which an undo deletes variants: the source can have them again."""
    if not deleted:
        return record
    ids = {each.id for each in deleted}
    variants = {
        key: structs.replace(each, dropped=Dropped.REMOVED) if each.id in ids else each
        for key, each in record.variants.items()
    }
    return structs.replace(record, variants=variants, source="")


def is_recorded(update: Change) -> bool:
    """Whether nothing is left to do: nothing is sent, and the record stays as it is."""
    record = update.stored.record
    if update.keeps_record:
        return not update.steps
    if record is None or update.stored.has_old_record:
        return False
    if update.has_changes or update.conflicts or update.adopted or (update.newer and update.how.overwrite):
        return False
    if update.copies.sends_any or update.copies.to_copy:
        return False
    if update.how.accept_settings and is_earlier(record.settings, update.desired.settings):
        return False
    is_same = update.record is record and not (record.withheld or update.withheld)
    is_marked = record.missing_since or update.how.missing_since
    if is_same and not is_marked and update.selection.is_up_to_date(record, update.desired):
        return True
    # New settings alone write nothing, and an upgrade neither.
    final = structs.replace(final_record(update), source=record.source, settings=record.settings)
    return final.known_to(record) == record


def note(change: Change, *, now: float, new: Mapping[str, str] = {}) -> Record:
    """The record to send with a product row: a note if what arrives has to be checked, else the final record.

    Fields that commit late have to be checked, and added images, because another run may add them too. Until
    they are acknowledged, the record keeps what was applied to them before.

    Args:
        change: what is written.
        now: in seconds since 1970.
        new: ids that new variants get, by key.
    """
    if change.keeps_record:
        return final_record(change)
    before, final = change.record, final_record(change)
    own, late = decide_own(change, final.fields), decide_variants(change, final.variants)
    if not (own.sent or late or _has_to_be_checked(change)):
        return final
    pending = Pending(
        Write.CREATION if change.is_creation else Write.ADOPTION if change.placed else Write.UPDATE,
        variants={key: each.unconfirmed for key, each in late.items()},
        currency=final.currency,
        at=now,
        new=dict(new),
        fields=own.unconfirmed,
        settings=final.settings if final.settings != before.settings else None,
    )
    noted = structs.replace(
        final,
        fields=own.until_then,
        variants=_noted_variants(change, final, late),
        settings=before.settings,
        withheld=before.withheld,  # a run that is killed has not reported them
        pending=pending,
    )
    for kind in KINDS:
        noted = kind.noted(change, noted)
    return noted


def _has_to_be_checked(change: Change) -> bool:
    """Whether something has to be checked after the row is written, besides fields that arrive late."""
    return bool(
        change.is_creation
        or change.placed
        or not change.steps.isdisjoint({Step.PLAN_AGAIN, Step.RENAME_ITEMS})
        or any(any(change.added(name)) for name in REPEATING)
    )


def _noted_variants(change: Change, final: Record, late: Mapping[str, Decided]) -> dict[str, VariantRecord]:
    """The variants until everything has arrived."""
    before = change.record
    removed = {  # by this tool; they may not be deleted yet
        key: structs.replace(before.variant(key), id=stored.id, dropped=Dropped.REMOVED)
        for key, stored in change.removed.items()
    }
    drafted = {  # their stock may not be 0 yet
        key: structs.replace(final.variants[key], dropped=before.variant(key).dropped or Dropped.KEPT)
        for key in change.drafted
    }
    variants = {**final.variants, **removed, **drafted}
    return {
        key: structs.replace(entry, fields=late[key].until_then) if key in late else entry
        for key, entry in variants.items()
    }


def with_note(stored: StoredProduct, noted: Record | None) -> StoredProduct:
    """A product that another run may have written since this one has noted what it sends to its variants.

    Without the note, nothing else shows that a value is no edit: one that this run has cleared, or one from
    before a call that the store has undone.
    """
    record, own = stored.record, noted.pending if noted is not None else None
    if record in (None, noted) or own is None or noted is None:
        return stored
    pending = record.pending or Pending(Write.UPDATE, currency=record.currency)
    variants = dict(pending.variants)
    for key, fields in own.variants.items():
        before, theirs = noted.variant(key).fields, variants.get(key, {})
        ours = {
            name: latest((before.get(name), *values), theirs.get(name, ()))
            for name, values in fields.items()
            if kind_of(name).merge is Merge.REPLACE
        }
        variants[key] = {**theirs, **ours}
    noting = structs.replace(record, pending=structs.replace(pending, variants=variants))
    return structs.replace(stored, record=noting)
