"""Finds out whether what a run created was written since, so that an undo does not delete it.

Only what a deletion would lose counts: not what was removed since, nor stock, which orders change, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from medusa_sync.core.fields import FIELDS, KINDS, TITLE, VARIANT, VARIANT_FIELDS, Field, followed
from medusa_sync.core.kept import RunName, later_runs
from medusa_sync.core.kinds.base import Merge
from medusa_sync.core.kinds.options import DEFAULT
from medusa_sync.core.record import History, Record, VariantRecord
from medusa_sync.core.remembered import remember, remember_text
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.value import Value, digest_of, first, members


class CreatedProduct(Struct, frozen=True):
    """A product that a run has created.

    Attributes:
        id: in the store.
        recorded: the digest of its record after the run; empty if the document of the run does not have it.
        later: the later runs that are known to have written it.
    """

    id: str
    recorded: str = ""
    later: tuple[RunName, ...] = ()


class Since(Struct, frozen=True):
    """Why something that a run created is not deleted.

    Attributes:
        reason: empty if nobody has written it since.
        by_run: a later run has written it.
    """

    reason: str = ""
    by_run: bool = False


_BY_RUN = Since(later_runs(()), by_run=True)
EDITED = "edited since the run"
NO_LONGER_OURS = "its record is gone, so it may be another product"
UNCONFIRMED = "its last write was not confirmed; sync once, and undo again"
_MOST = 3  # fields in a reason


def digest(record: Record) -> str:
    """What tells apart what was recorded of a product with all its variants."""
    variants = {key: _content(each.fields) for key, each in record.variants.items()}
    return digest_of([record.currency, record.titles, _content(record.fields), variants])


def variant_digest(entry: VariantRecord) -> str:
    """What tells apart what was recorded of a variant."""
    return digest_of(_content(entry.fields))


def _content(fields: Mapping[str, Value]) -> dict[str, object]:
    """Fields without stock, with numbers as they are after the store has kept them as JSON."""
    changed_by_orders = followed(fields)
    return {
        name: float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        for name, value in fields.items()
        if name not in changed_by_orders
    }


def written_since(stored: StoredProduct, recorded: str) -> Since:
    """Why a product that a run created is not deleted; `recorded` is as that of `CreatedProduct`."""
    record = stored.record
    if record is None:
        return Since(NO_LONGER_OURS)
    if record.pending is not None:
        return Since(UNCONFIRMED)
    if recorded not in {"", digest(record)}:
        return _BY_RUN
    known = {each.id: each for each in record.variants.values()}
    edits = [*_own_edits(stored, record)]
    for each in stored.variants:
        name = each.called(each.id)
        found = _edits(each, known[each.id], stored, record) if each.id in known else [VARIANT]
        edits += (f"{field} of {name}" if field != VARIANT else f"{VARIANT} {name}" for field in found)
    return _reason(edits)


def variant_written_since(
    variant: StoredVariant, stored: StoredProduct, record: Record, recorded: str
) -> Since:
    """Why a variant that a run created is not deleted."""
    entry = next((each for each in record.variants.values() if each.id == variant.id), None)
    if entry is None or recorded not in {"", variant_digest(entry)}:
        return _BY_RUN
    return _reason(_edits(variant, entry, stored, record))


def _reason(edits: Iterable[str]) -> Since:
    shown = first([*dict.fromkeys(edits)], _MOST)
    return Since(f"{EDITED}: {', '.join(shown)}" if shown else "")


def _own_edits(stored: StoredProduct, record: Record) -> Iterator[str]:
    """The fields of a product with a value that was not applied."""
    for field in FIELDS.known(dict.fromkeys([*FIELDS, *record.fields, *FIELDS.names_of(stored)])):
        name, applied = field.name, record.fields.get(field.name)
        if not field.kind.is_shown:
            continue
        value = stored.value(name, members(applied))
        if not field.kind.is_of_store(remember(value), record.fields, name) and _adds(field, value, applied):
            yield name
    for kind in KINDS:
        yield from kind.added_to_product(stored, record)


def _edits(
    variant: StoredVariant, entry: VariantRecord, stored: StoredProduct, record: Record
) -> Iterator[str]:
    """The fields of a variant with a value that was not applied."""
    names = record.meanings
    found = dict.fromkeys([*VARIANT_FIELDS, *entry.fields, *VARIANT_FIELDS.names_of(variant)])
    for field in VARIANT_FIELDS.known(found):
        name = field.name
        applied = entry.fields.get(name, DEFAULT if name == TITLE else None)
        if not field.kind.is_shown:
            continue
        value = field.kind.as_sent(variant.value(name, names), applied, History(applied), stored)
        if _adds(field, value, applied):
            yield name
    for kind in VARIANT_FIELDS.kinds:
        yield from kind.added(variant, entry.fields, names)


def _adds(field: Field, stored: Value, applied: Value) -> bool:
    """Whether the store holds something that was not applied."""
    if field.kind.merge is Merge.UNION:
        return not {*map(remember_text, members(stored))} <= {*members(applied)}
    return stored is not None and not field.kind.same(remember(stored), applied)
