"""Pure: SKUs and barcodes that the products of a batch hand on among themselves.

The store refuses one that another product still has, even when the same call takes it away there.
"""

from __future__ import annotations

from collections.abc import Sequence

from medusa_sync.models import Update

_UNIQUE = frozenset({"sku", "barcode"})


def handed_on(updates: Sequence[Update]) -> list[tuple[Update, tuple[str, ...]]]:
    """The updates that hold what another one of them takes, each with the fields to be taken away first."""
    taken = {
        (difference.field, difference.after)
        for update in updates
        for difference in update.differences
        if difference.field in _UNIQUE and difference.after is not None
    }
    found = []
    for update in updates:
        held = ((difference.field, difference.before) for difference in update.differences)
        fields = tuple(field for field, value in held if (field, value) in taken)
        if fields:
            found.append((update, fields))
    return found
