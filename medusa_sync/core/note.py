"""The records to send with a write: the final one, or a note of what is being sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import chain, starmap
from typing import Any

from msgspec import structs

from medusa_sync.core.change import Change, FieldChange, VariantChange
from medusa_sync.core.fields import SKU, VARIANT_FIELDS, followed, kind_of
from medusa_sync.core.inventory import item_renames
from medusa_sync.core.kinds.base import Merge
from medusa_sync.core.kinds.options import OPTION
from medusa_sync.core.kinds.stock import OTHER_STOCK, STOCK, stock_of
from medusa_sync.core.product import Value
from medusa_sync.core.product_options import OptionPlan
from medusa_sync.core.record import (
    AppliedOption,
    Dropped,
    Pending,
    Record,
    VariantRecord,
    Write,
    applied,
    remember,
)
from medusa_sync.core.run_settings import is_earlier
from medusa_sync.core.steps import Step
from medusa_sync.core.stored import StoredVariant

_KEPT = 8  # pending values of a field

Late = Mapping[str, Mapping[str, Collection[Value]]]
"""The values that fields of variants may get after the product row, by key of the variant and field."""


def final_record(change: Change, *, new: Mapping[str, str] = {}, options: Mapping[str, str] = {}) -> Record:
    """The record of a product that is written completely.

    Args:
        change: what is written.
        new: ids of created variants, by key.
        options: ids of the options of a new product, by name.
    """
    if change.keeps_record and change.stored.record is not None:
        return _without_deleted(change.stored.record, change.removed.values())
    withheld: dict[str, dict[str, tuple[str, str]]] = {}
    for each in change.withheld:
        withheld.setdefault(each.key, {})[each.field] = each.value, each.owner_id
    ids = {
        each.desired.key: (each.stored or change.record.variant(each.desired.key)).id
        for each in change.variants
        if not each.is_new  # it may replace one that is deleted first
    }
    full = applied(change.desired, variants={**ids, **new}, options={**change.options.ids, **options})
    regions = {**change.record.regions, **full.regions}  # prices of dropped variants may have these names
    record = change.selection.merged(structs.replace(full, withheld=withheld, regions=regions), change.record)
    # New variants get all their fields, also those that the run does not sync.
    variants = {**record.variants, **{each.key: full.variants[each.key] for each in change.new_variants}}
    for key, kept in _not_written(change).items():
        if key in variants:
            fields = {**variants[key].fields, **kept}
            fields = {name: value for name, value in fields.items() if value is not None}
            variants[key] = structs.replace(variants[key], fields=fields)
    variants |= {key: _dropped(change, key, stored) for key, stored in change.dropped.items()}
    names = chain(record.fields, *(each.fields for each in variants.values()))
    named = stock_of(dict.fromkeys(names))
    return structs.replace(
        record,
        variants=variants,
        locations={
            **{name: own for name, own in change.locations.items() if f"{OTHER_STOCK}{name}" in named},
            **_default_location(change),
        },
        source="" if change.held else record.source,  # it stays stale
    )


def _default_location(change: Change) -> dict[str, str]:
    """The default stock location, if this tool wrote stock there: it may empty what it wrote."""
    before, now = change.record.locations.get("", ""), change.desired.locations.get("", "")
    if not any(isinstance(each.get(STOCK), int) for each in change.desired.stocks):
        return {}
    if not change.selection.has(STOCK):
        return {"": before} if before else {}
    changes = chain(change.own_changes, *(each.changes for each in change.variants))
    is_written = any(each.field == STOCK and isinstance(each.planned, int) for each in changes)
    is_written |= any(isinstance(each.fields.get(STOCK), int) for each in change.new_items)
    return {"": now} if now and (before or is_written) else {}


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


def _not_written(update: Change) -> dict[str, dict[str, Value]]:
    """What stays applied to held prices and withheld values, by key and field; None if nothing is."""
    kept: dict[str, dict[str, Value]] = {}
    record = update.record
    for variant in update.variants:
        for each in variant.held:
            history = record.history(each.field, variant.desired.key)
            current = remember(each.stored)
            values = kept.setdefault(variant.desired.key, {})
            values[each.field] = current if current in history.pending else history.applied  # it has arrived
    for value in update.withheld:
        history, current = record.history(value.field, value.key), remember(value.stored)
        has_arrived = current is None or current in history.pending
        kept.setdefault(value.key, {})[value.field] = current if has_arrived else history.applied
    return kept


def is_recorded(update: Change) -> bool:
    """Whether nothing is left to do: nothing is sent, and the record stays as it is."""
    record = update.stored.record
    if update.keeps_record:
        return not update.steps
    if record is None or update.stored.has_old_record:
        return False
    if update.has_changes or update.conflicts or update.adopted:
        return False
    if update.renews_settings and is_earlier(record.settings, update.desired.settings):
        return False
    is_same = update.record is record and not (record.withheld or update.withheld)
    is_marked = record.missing_since or update.missing_since
    if is_same and not is_marked and update.selection.is_up_to_date(record, update.desired):
        return True
    # New settings alone write nothing, and an upgrade neither.
    return structs.replace(final_record(update), source=record.source, settings=record.settings) == record


def _removed_options(update: Change) -> Mapping[str, str]:
    """Ids of the options that are removed, by the name that was applied."""
    removed = {option.id for option in update.options.removed}
    return {name: option_id for name, option_id in update.record.option_ids.items() if option_id in removed}


def _dropped(update: Change, key: str, stored: StoredVariant) -> VariantRecord:
    """The record of a variant that the source dropped; pending values that have arrived are applied."""
    entry, pending = update.record.variants[key], update.record.pending_values.get(key, {})
    new_values = next((each.new_values for each in update.variants if each.desired.key == key), {})
    fields = {name: value for name, value in entry.fields.items() if new_values.get(name, value) is not None}
    for name, values in pending.items():
        current = remember(stored.value(name, update.names))
        if VARIANT_FIELDS[name].merge is Merge.FOLLOW or current is None:
            fields.pop(name, None)
        elif current in values:
            fields[name] = current
    dropped = entry.dropped or Dropped.KEPT
    if key in update.drafted:
        # A variant that comes back gets its stock again, or is not tracked any more.
        if not stored.is_kit:
            fields |= dict.fromkeys(followed({**entry.fields, **pending}), 0)
        dropped = Dropped.DRAFTED
    since = entry.missing_since or update.missing_since
    return structs.replace(entry, id=stored.id, fields=fields, dropped=dropped, missing_since=since)


def note(change: Change, *, now: float, new: Mapping[str, str] = {}) -> Record:
    """The record to send with a product row: a note if the result has to be checked, else the final record.

    Fields that commit late have to be checked, and added images, because another run may add them too. Until
    they are acknowledged, the record keeps what was applied to them before.

    Args:
        change: what is written.
        now: in seconds since 1970.
        new: ids that new variants get, by key.
    """
    if change.keeps_record:
        return final_record(change)
    before, final, options = change.record, final_record(change), change.options
    gone = _removed_options(change) if options.removed else {}
    late = {each.desired.key: _late_values(change, each, gone) for each in change.variants}
    renames = item_renames(change) if Step.RENAME_ITEMS in change.steps else {}
    withheld = {each.key for each in change.withheld if each.field == SKU}
    for key, rename in renames.items():  # a later call renames them
        sku = rename.sku if key in withheld else rename.new_sku  # which may be the merchant's
        late[key] = {SKU: (sku,), **late.get(key, {})}
    late = {key: values for key, values in late.items() if values}
    late_own = _late_own_values(change)
    is_single_commit = not (late or late_own or options.is_change or change.placed or change.removed)
    if is_single_commit and not (
        change.is_creation
        or any(any(change.added(each.field)) for each in change.own_changes if kind_of(each.field).repeats)
    ):
        return final
    synced = options.ids if change.selection.has_variants else {}
    names = {**final.option_ids, **synced, **gone}
    removed = {  # by this tool; they may not be deleted yet
        key: structs.replace(before.variant(key), id=stored.id, dropped=Dropped.REMOVED)
        for key, stored in change.removed.items()
    }
    drafted = {  # their stock may not be 0 yet
        key: structs.replace(final.variants[key], dropped=before.variant(key).dropped or Dropped.KEPT)
        for key in change.drafted
    }
    # Until levels have arrived, the default location is the former one.
    former = {name: own for name, own in before.locations.items() if not name}
    after = structs.replace(
        final,
        options=tuple(starmap(AppliedOption, names.items())),
        variants={**final.variants, **removed, **drafted},
        locations={**before.locations, **final.locations, **former},
        settings=before.settings,
        withheld=before.withheld,  # a run that is killed has not reported them
    )
    step = Write.CREATION if change.is_creation else Write.ADOPTION if change.placed else Write.UPDATE
    variants = dict(after.variants)
    for key, values in late.items():
        own = _without(values, variants[key].fields, before.variant(key).fields)
        variants[key] = structs.replace(variants[key], fields=own)
    fields = _without(late_own, after.fields, before.fields)
    pending_values = {
        key: _with_earlier(before.pending_values.get(key, {}), own) for key, own in late.items()
    }
    titles, pending_fields = _pending_titles(before, options), _with_earlier(before.pending_fields, late_own)
    settings = final.settings if final.settings != before.settings else None
    pending = Pending(step, pending_values, titles, after.currency, now, dict(new), pending_fields, settings)
    return structs.replace(after, fields=fields, variants=variants, pending=pending)


def _without(
    late: Collection[str], after: Mapping[str, Value], before: Mapping[str, Value]
) -> dict[str, Value]:
    """What is applied before the late fields arrive."""
    kept = {name: before[name] for name in late if name in before}
    return {name: value for name, value in after.items() if name not in late} | kept


def _late_own_values(change: Change) -> dict[str, Collection[Value]]:
    """The values that fields of the product get after its row; of a set, what the source wants."""
    late = (each for each in change.own_changes if kind_of(each.field).is_late)
    return {each.field: _possible(change.record.fields, each) for each in late}


def _possible(before: Mapping[str, Value], change: FieldChange) -> tuple[Value, ...]:
    """The values that a field may have while it is written."""
    if isinstance(change.planned, tuple):
        return (change.desired,)
    # A stored value that was never applied may still be there if the write is interrupted.
    return (change.planned,) if change.field in before else (change.stored, change.planned)


def _late_values(
    change: Change, variant: VariantChange, removed_options: Iterable[str]
) -> Mapping[str, Collection[Value]]:
    """The values that fields of a variant get after the product row."""
    if variant.is_new:
        return {name: (value,) for name, value in variant.desired.fields.items()}
    before = change.record.variant(variant.desired.key).fields
    removed = {f"{OPTION}{name}": (None,) for name in removed_options}
    return {name: values for name, values in removed.items() if name in before} | {
        each.field: _possible(before, each) for each in variant.changes
    }


def _with_earlier(
    earlier: Mapping[str, tuple[Value, ...]], late: Mapping[str, Collection[Value]]
) -> dict[str, tuple[Value, ...]]:
    """The pending values of each field."""
    return {name: _latest(earlier.get(name, ()), map(remember, now)) for name, now in late.items()}


def _pending_titles(before: Record, options: OptionPlan) -> dict[str, tuple[str, ...]]:
    """The pending titles of each option: those before and after it is renamed."""
    titles = dict(before.pending.options) if before.pending else {}
    for name, option in options.stored.items():
        if option is not None and name in options.renamed:
            titles[option.id] = _latest(titles.get(option.id, ()), (option.title, name))
    return titles


def _latest(earlier: Iterable[Any], now: Iterable[Any]) -> tuple[Any, ...]:
    """The latest of what earlier runs have sent, and then what is sent now, each once."""
    new = dict.fromkeys(now)
    return (*(value for value in earlier if value not in new), *new)[-_KEPT:]
