"""Changes of single fields of a product or variant, and conflicts."""

from __future__ import annotations

from msgspec import Struct

from medusa_sync.core.kept import RunName
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.value import Value

UNDO, DRAFTING = "--undo", "--on-missing"


class FieldChange(Struct, frozen=True):
    """A change of one field.

    Attributes:
        stored: what the store holds.
        planned: what it will hold; a set may hold more than the source wants.
        applied: what was last applied, as `remember` gives it; None if nothing is known.
        desired: what the source wants.
        variant: what reports call the variant; empty for a field of the product.
        setting: the one that changes it, as the product was written with another value, or `UNDO`, or
            `DRAFTING`; empty if there is none.
        key: of the variant, which tells it apart; None for a field of the product.
        reserved: how much orders have reserved, which the store gets besides what is planned; None if the
            numbers have it already.
    """

    field: str
    stored: Value
    planned: Value
    applied: Value = None
    desired: Value = None
    variant: str = ""
    setting: str = ""
    key: str | None = None
    reserved: int | float | None = None

    @property
    def name(self) -> str:
        """The field with its variant, such as `price of S / Red`."""
        return _named(self.field, self.variant)


class Conflict(Struct, frozen=True):
    """A field that source and merchant both changed to different values since it was last applied.

    Attributes:
        kept: the side whose value wins.
        variant: what reports call the variant; empty for a field of the product.
        key: of the variant, which tells it apart; None for a field of the product.
        reason: why the stored value is kept, if a run is undone.
        later: the later runs that wrote this value, the oldest first, as far as they are known; None if none
            did.
    """

    field: str
    stored: Value
    desired: Value
    kept: OnConflict
    variant: str = ""
    key: str | None = None
    reason: str = ""
    later: tuple[RunName, ...] | None = None

    @property
    def name(self) -> str:
        return _named(self.field, self.variant)


def _named(field: str, variant: str) -> str:
    return f"{field} of {variant}" if variant else field
