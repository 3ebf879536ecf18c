"""Planned changes of one product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from medusa_sync.core.fields import CATEGORIES
from medusa_sync.core.merge import members
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import Record
from medusa_sync.core.stored import StoredProduct, StoredVariant


class FieldChange(Struct, frozen=True):
    """A change of one field.

    Attributes:
        stored: what the store holds.
        planned: what it will hold; a set may hold more than the source wants.
        applied: what was last applied, as `remember` gives it; None if nothing is known.
        desired: what the source wants.
    """

    field: str
    stored: Value
    planned: Value
    applied: Value = None
    desired: Value = None


class Conflict(Struct, frozen=True):
    """A field that source and merchant both changed to different values since it was last applied.

    Attributes:
        kept: the side whose value wins.
    """

    field: str
    stored: Value
    desired: Value
    kept: OnConflict


class Create(Struct, frozen=True):
    """A new product.

    Attributes:
        replaces: id of the incomplete product that an interrupted creation left.
    """

    desired: DesiredProduct
    handle: str
    replaces: str | None = None


class Update(Struct, frozen=True):
    """Changes of a stored product.

    Attributes:
        record: what was last applied; None if nothing is known.
        variant: the variant that has the source's price and SKU; None if the merchant deleted it.
        changes: the fields to send; empty if only the record is written.
        conflicts: those that the source wins, and those that the store wins.
        adopted: the product is taken over; it has no external id of ours yet.
        placed: the product gets a sales channel and a shipping profile if it has none.
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
    def variant_id(self) -> str:
        """The id of the owned variant; empty if it is not known."""
        if self.variant is not None:
            return self.variant.id
        return self.record.variant if self.record else ""

    @property
    def is_up_to_date(self) -> bool:
        """Whether there is nothing to write, not even the record."""
        return (
            not (self.changes or self.conflicts or self.adopted)
            and self.record is not None
            and self.record.is_up_to_date(self.desired)
        )


Change = Create | Update


def added_members(changes: Iterable[Change], name: str) -> list[str]:
    """The members that changes add to a set, such as tags."""
    added: list[str] = []
    for change in changes:
        if isinstance(change, Create):
            added += members(change.desired.fields[name])
            continue
        for each in change.changes:
            if each.field == name:
                stored = members(each.stored)
                added += [member for member in members(each.planned) if member not in stored]
    return added


def needed_categories(changes: Sequence[Change]) -> list[str]:
    """The categories that changes add, and those of adopted products, which are activated."""
    return [*added_members(changes, CATEGORIES), *placed_categories(changes)]


def placed_categories(changes: Iterable[Change]) -> list[str]:
    """The categories that the source wants for adopted products."""
    placed = [change for change in changes if isinstance(change, Update) and change.placed]
    return [handle for change in placed for handle in members(change.desired.fields[CATEGORIES])]
