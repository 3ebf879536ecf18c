"""Decides which copy of a product stays, if two runs have created it."""

from __future__ import annotations

from collections.abc import Sequence

from medusa_sync.core.fields import FIELDS, VARIANT_FIELDS, Field, Merge, Place
from medusa_sync.core.merge import members
from medusa_sync.core.product import Value
from medusa_sync.core.record import Record, remember
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.view import product_value, variant_value


def surviving_copy(copies: Sequence[StoredProduct]) -> tuple[StoredProduct, list[StoredProduct]] | None:
    """Decide which of several products with the same external id stays.

    Two runs on different machines may both create a product. An acknowledged copy wins over one whose
    creation is pending, then the oldest wins. Only pending copies that nobody has edited are removed.

    Returns:
        The copy that stays and those to remove; None if more than one has to stay.
    """
    acknowledged = [copy for copy in copies if not copy.is_creation_pending]
    if len(acknowledged) > 1:
        return None
    survivor = acknowledged[0] if acknowledged else min(copies, key=lambda copy: copy.id)
    losers = [copy for copy in copies if copy.id != survivor.id]
    return (survivor, losers) if all(map(_is_untouched, losers)) else None


def _is_untouched(stored: StoredProduct) -> bool:
    """Whether a copy whose creation is pending holds only what its creation sent."""
    record, pending = stored.record, stored.pending
    if record is None or pending is None or len(stored.variants) > len(record.variants):
        return False
    return all(
        _is_one_of(FIELDS[name], remember(product_value(stored, name)), (value,))
        for name, value in record.fields.items()
        if FIELDS.knows(name)
    ) and all(_was_sent(variant, record) for variant in stored.variants)


def _was_sent(variant: StoredVariant, record: Record) -> bool:
    """Whether a variant holds what was sent for one of the variants of a product."""
    currency = record.pending.currency if record.pending else ""
    return any(
        all(
            _is_one_of(field, remember(variant_value(variant, name, currency, None)), values)
            for name, values in fields.items()
            if VARIANT_FIELDS.knows(name)
            and (field := VARIANT_FIELDS[name]).place in {Place.VARIANT, Place.PRICE}
        )
        for fields in (record.pending.variants.values() if record.pending else ())
    )


def _is_one_of(field: Field, held: Value, values: Sequence[Value]) -> bool:
    """Whether the store holds one of the values that were sent; a field may be missing until it commits."""
    if field.merge is Merge.UNION:
        return any(set(members(held)) == set(members(value)) for value in values)
    return held is None or any(field.same(held, value) for value in values)
