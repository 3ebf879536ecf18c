"""Counts what a run would change before its first write, and checks that it is not too much."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from medusa_sync.core.field_changes import FieldChange
from medusa_sync.core.kinds.status import DRAFT, PUBLISHED, STATUS
from medusa_sync.core.kinds.stock import LOCATION
from medusa_sync.core.policy import Share
from medusa_sync.core.record import NO_RECORD, Record, VariantRecord, applied
from medusa_sync.core.remembered import DIGEST, remember
from medusa_sync.core.stored import StoredProduct
from medusa_sync.core.undo import plan_change
from medusa_sync.core.value import Value, counted, excerpts
from medusa_sync.core.variants import fields_with_pending
from medusa_sync.errors import ChangeGuardError, ProductFailedError
from medusa_sync.redact import hidden
from medusa_sync.spool import Spool
from medusa_sync.sync.context import Context
from medusa_sync.sync.read.compare import Stale
from medusa_sync.sync.remove.orphans import LISTED, listed
from medusa_sync.sync.remove.removals import Removals
from medusa_sync.sync.write.apart import Apart

Removing = Callable[[], Removals | None]
"""What removes products, once the source was read."""

_FIELDS = 3  # changes that an error shows of each product
_LONG = 40  # characters of a value that it shows


async def guarded(
    context: Context, removals: Removing, stale: AsyncIterable[list[Stale]], allowed: Share
) -> AsyncGenerator[list[Stale], None]:
    """All stale products, in parts, after the check that not too much would change.

    Raises:
        ChangeGuardError: more would change than `--max-changes` allows.
        StoreError: the store cannot be read.
    """
    backlog = Spool[list[Stale]]()
    async for part in stale:
        backlog.add(part)
    if not context.stop.is_set:
        await _check(context, removals, backlog, allowed)
    for part in backlog:
        yield part


async def _check(
    context: Context, removals: Removing, backlog: Iterable[list[Stale]], allowed: Share
) -> None:
    count, names = 0, list[str]()
    fields = Counter[str]()  # products by field
    async for name, changes in _changed(context, removals, backlog):
        count += 1
        removal = "delete" if context.deletes else "draft"
        fields.update([*dict.fromkeys(each.field for each in changes)] or [removal])
        if len(names) < LISTED:
            names.append(f"{name}: {_described(changes) or removal}")
    owned = len(context.scan.overview.source_ids) - len(context.unrecorded)
    if allowed.allows(count, owned):
        return
    reason = f"{count:,} of {counted(owned)} would change; --max-changes is {allowed}. Nothing was written."
    most = [f"{field}: {number:,} of {counted(owned)}" for field, number in fields.most_common(1)]
    first = "" if context.mode.undoes else "Check the source. "
    how = f"run once with --max-changes {count} (SYNC_PRODUCTS_MAX_CHANGES)."
    hint = f"{first}If the changes are right, {how}"
    raise ChangeGuardError("\n".join([reason, *most, *listed(names, count)]), hint=hint)


async def _changed(
    context: Context, removals: Removing, backlog: Iterable[list[Stale]]
) -> AsyncGenerator[tuple[str, Sequence[FieldChange]], None]:
    """The products that would be updated, with their changes, and removed ones, which have none."""
    how, apart = context.plan, Apart(context)
    for part in backlog if how.update else ():
        known = [each for each in part if len(each.copies) == 1 and not _record(each).is_claim]
        stored = {each.desired.external_id: each for each in known}
        reads = how.overwrite or context.mode.reads_all
        found = await _by_store(context, stored, apart) if reads else _by_record(context, stored)
        for external_id, changes in found.items():
            if changes:
                yield f"{external_id} {stored[external_id].desired.title!r}", changes
    removing = removals()
    if removing is not None and context.delivery.error is None:
        for orphan in await removing.missing():
            yield f"{orphan.external_id} {orphan.title!r}", ()


def _by_record(context: Context, products: Mapping[str, Stale]) -> dict[str, Sequence[FieldChange]]:
    """What the source changed since products were written, or since an interrupted write was sent."""
    settings = context.settings
    selection = context.plan.selection

    def counts(variant: VariantRecord) -> bool:
        is_removed = variant.dropped in settings.removable and context.delay.is_over(variant.missing_since)
        return variant.dropped is None or is_removed

    changes: dict[str, Sequence[FieldChange]] = {}
    for external_id, each in products.items():
        record = _record(each)
        wanted = applied(each.desired).known_to(record)
        shared = {None, *(record.variants.keys() & wanted.variants.keys())}
        old, new = _values(selection.of(record), counts), _values(selection.of(wanted), counts)
        if selection.has_items and (former := record.former_location(each.desired.locations)):
            old[None, LOCATION], new[None, LOCATION] = former, each.desired.locations[""]
        names = {variant.key: variant.name for variant in each.desired.variants}
        changes[external_id] = [
            FieldChange(name, old.get((key, name)), value, variant=names.get(key or "", key or ""))
            for (key, name), value in {**dict.fromkeys(old), **new}.items()
            if value != old.get((key, name)) and (selection.has_variants or key in shared)
        ]
    return changes


def _record(product: Stale) -> Record:
    [stored] = product.copies
    return (stored.record if isinstance(stored, StoredProduct) else None) or NO_RECORD


def _values(record: Record, counts: Callable[[VariantRecord], bool]) -> dict[tuple[str | None, str], Value]:
    """The values of a product and of those of its variants that count, by key of the variant and field."""
    values: dict[tuple[str | None, str], Value] = {
        (None, name): value for name, value in record.fields.items()
    }
    if record.drafted:
        values[None, STATUS] = DRAFT
    else:
        values.setdefault((None, STATUS), PUBLISHED)
    values[None, "currency"] = record.currency
    fields = fields_with_pending(record)
    for key, variant in record.variants.items():
        if counts(variant):
            values |= {(key, name): value for name, value in fields[key].items()}
            withheld = record.withheld.get(key, {})
            values |= {(key, name): remember(value) for name, (value, _) in withheld.items()}
    return values


async def _by_store(
    context: Context, products: Mapping[str, Stale], apart: Apart
) -> dict[str, Sequence[FieldChange]]:
    """What would be restored."""
    wanted = {external_id: each.desired for external_id, each in products.items()}
    changes: dict[str, Sequence[FieldChange]] = {}
    for stored in await apart.read(wanted.values(), "external_id", list(wanted)):
        if isinstance(stored, StoredProduct) and (external_id := stored.external_id) in wanted:
            with suppress(ProductFailedError):
                changes[external_id] = plan_change(wanted[external_id], stored, context.plan).changes
    return changes


def _described(changes: Sequence[FieldChange]) -> str:
    shown = []
    for each in hidden(tuple(changes[:_FIELDS])):
        before, after = excerpts(each.stored, each.planned, _LONG)
        has_digest = DIGEST.search(f"{before} {after}")  # the record has it instead of a long text
        shown.append(each.name if has_digest else f"{each.name}: {before} -> {after}")
    rest = [f"{len(changes) - _FIELDS} more"] if len(changes) > _FIELDS else []
    return " ".join(", ".join([*shown, *rest]).split())  # one line
