"""What has to be written for one product."""

from __future__ import annotations

from msgspec import Struct

from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import Record
from medusa_sync.core.stored import StoredProduct, StoredVariant


class FieldChange(Struct, frozen=True):
    """One field of a changed product.

    Attributes:
        stored: what the store holds.
        planned: what it will hold; a set may hold more than the source wants.
        applied: what was last applied, in the form of the record; None if nothing is known.
        desired: what the source wants.
    """

    field: str
    stored: Value
    planned: Value
    applied: Value = None
    desired: Value = None


class Conflict(Struct, frozen=True):
    """A field that source and merchant have both changed since the last run, each in a way of its own.

    Attributes:
        kept: whose value the store holds from now on.
    """

    field: str
    stored: Value
    desired: Value
    kept: OnConflict


class Create(Struct, frozen=True):
    """A new product.

    Attributes:
        replaces: id of the incomplete product that a killed store left in its place.
    """

    desired: DesiredProduct
    handle: str
    replaces: str | None = None


class Update(Struct, frozen=True):
    """Changes of a product that is in the store.

    Attributes:
        record: what was last applied; None if nothing is known.
        variant: the one of `stored` that carries the source's price and SKU; None if it was deleted.
        changes: the fields to send; empty if only the record has to follow.
        conflicts: fields that the merchant has changed as well.
        adopted: the store held the product without our external id.
        placed: a sales channel and a shipping profile are added if the product has none.
    """

    desired: DesiredProduct
    stored: StoredProduct
    record: Record | None
    variant: StoredVariant | None
    changes: tuple[FieldChange, ...]
    conflicts: tuple[Conflict, ...] = ()
    adopted: bool = False
    placed: bool = False

    @property
    def is_up_to_date(self) -> bool:
        """Whether not even the record has to be written."""
        return (
            not (self.changes or self.conflicts or self.adopted)
            and self.record is not None
            and self.record.pending is None
            and not self.record.drafted
            and not self.record.changed(self.desired)
        )


Change = Create | Update
