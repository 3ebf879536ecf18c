"""The records to send with a write: the final one, or a note of what is being sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import chain, starmap

from msgspec import structs

from medusa_sync.core.change import Change
from medusa_sync.core.decided import (
    Decided,
    decide_own,
    decide_variants,
    is_partial,
    latest,
    recorded_own,
    recorded_variants,
    removed_options,
)
from medusa_sync.core.fields import NEWEST, REPEATING, newer_than
from medusa_sync.core.kinds.copies import recorded
from medusa_sync.core.kinds.prices import regions_of
from medusa_sync.core.kinds.stock import locations_of
from medusa_sync.core.record import CHANGES, AppliedOption, Dropped, Pending, Record, VariantRecord, Write
from medusa_sync.core.run_settings import is_earlier
from medusa_sync.core.stored import StoredVariant
from medusa_sync.core.value import Value


def final_record(change: Change, *, new: Mapping[str, str] = {}) -> Record:
    """The record of a product that is written completely; `new` has the ids of created variants, by key."""
    if change.keeps_record and change.stored.record is not None:
        return _without_deleted(change.stored.record, change.removed.values())
    record, desired, selection = change.record, change.desired, change.selection
    own, variants, is_limited = recorded_own(change), _entries(change, new), is_partial(change)
    names = set(chain(own, *(each.fields for each in variants.values())))
    applied = tuple(AppliedOption(name, change.options.ids.get(name, "")) for name in desired.options)
    settings = dict(desired.settings)
    is_older = record.sent_settings is None and CHANGES not in settings
    final = Record(
        fields=own,
        currency=desired.currency,
        options=record.options if is_limited and not selection.has_variants else applied,
        variants=variants,
        source="" if change.held or (is_limited and not _has_all(change)) else desired.digest,
        settings=None if is_limited and is_older else settings,
        regions={**record.regions, **regions_of(desired)},  # prices of dropped variants may have these names
        locations=locations_of(change, names),
        withheld=_withheld(change, variants),
        knows=NEWEST if all(selection.has(each.name) for each in newer_than(record.knows)) else record.knows,
    )
    return structs.replace(final, copies=recorded(change, final))


def _entries(change: Change, new: Mapping[str, str]) -> dict[str, VariantRecord]:
    """The variants as the record has them, by key; `new` has the ids of created ones."""
    record, wanted = change.record, {each.key for each in change.desired.variants}
    ids = {
        each.desired.key: (each.stored or record.variant(each.desired.key)).id
        for each in change.variants
        if not each.is_new  # it may replace one that is deleted first
    }
    ids |= new
    created = {each.key for each in change.new_variants}
    stays_dropped = is_partial(change) and not change.selection.has_variants
    entries = {}
    for key, fields in recorded_variants(change).items():
        if key in change.dropped:
            entries[key] = _of_dropped(change, key, fields)
        elif key in wanted:
            dropped = record.variant(key).dropped if stays_dropped and key not in created else None
            entries[key] = VariantRecord(ids.get(key, ""), fields, dropped)
        else:
            entries[key] = structs.replace(record.variants[key], fields=fields)
    return entries


def _of_dropped(change: Change, key: str, fields: dict[str, Value]) -> VariantRecord:
    entry = change.record.variants[key]
    return structs.replace(
        entry,
        id=change.dropped[key].id,
        fields=fields,
        dropped=Dropped.DRAFTED if key in change.drafted else entry.dropped or Dropped.KEPT,
        missing_since=entry.missing_since or change.missing_since,
    )


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
    if not is_partial(change):
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
    if update.has_changes or update.conflicts or update.adopted or update.learns:
        return False
    if update.copies.sends_any or update.copies.to_copy:
        return False
    if update.renews_settings and is_earlier(record.settings, update.desired.settings):
        return False
    is_same = update.record is record and not (record.withheld or update.withheld)
    is_marked = record.missing_since or update.missing_since
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
        options=_pending_titles(change),
        currency=final.currency,
        at=now,
        new=dict(new),
        fields=own.unconfirmed,
        settings=final.settings if final.settings != before.settings else None,
    )
    # Until levels have arrived, the default location is the former one.
    former = {name: own_id for name, own_id in before.locations.items() if not name}
    return structs.replace(
        final,
        fields=own.until_then,
        options=_noted_options(change, final),
        variants=_noted_variants(change, final, late),
        locations={**before.locations, **final.locations, **former},
        settings=before.settings,
        withheld=before.withheld,  # a run that is killed has not reported them
        pending=pending,
    )


def _has_to_be_checked(change: Change) -> bool:
    """Whether something has to be checked after the row is written, besides fields that arrive late."""
    return bool(
        change.is_creation
        or change.placed
        or change.removed
        or change.options.is_change
        or change.copies.resent_variants
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


def _noted_options(change: Change, final: Record) -> tuple[AppliedOption, ...]:
    synced = change.options.ids if change.selection.has_variants else {}
    return tuple(starmap(AppliedOption, {**final.option_ids, **synced, **removed_options(change)}.items()))


def _pending_titles(change: Change) -> dict[str, tuple[str, ...]]:
    """The pending titles of each option: those before and after it is renamed."""
    before, options = change.record.pending, change.options
    titles = dict(before.options) if before else {}
    for name, option in options.stored.items():
        if option is not None and name in options.renamed:
            titles[option.id] = latest(titles.get(option.id, ()), (option.title, name))
    return titles
