"""What a saved plan does to a product."""

from __future__ import annotations

from msgspec import Struct

from medusa_sync.core.value import Value


class ApprovedChange(Struct, frozen=True, omit_defaults=True, rename={"stored": "from", "planned": "to"}):
    """A change that a plan has; the members of sets are in alphabetical order.

    Attributes:
        key: of the variant; None for a field of the product.
        variant: what reports call it.
    """

    field: str
    stored: Value
    planned: Value
    key: str | None = None
    variant: str = ""


class Approved(Struct, frozen=True, omit_defaults=True):
    """What a plan does to a product.

    Attributes:
        action: of the outcome; `keep` if only the record is written.
        id: of the product in the store; empty if it is created.
        changes: with the values before.
        removed: digests of what the record has of the dropped variants that are removed, by key.
        placement: ids of the sales channel, shipping profile and stock location that something new gets.
        record: a digest of the record of a product that is removed.
        pending: when the write was sent that was not confirmed before the plan was made; 0 if all were.
        is_hidden: it has a secret, which is replaced, so it cannot be carried out.
    """

    external_id: str
    title: str
    action: str
    id: str
    changes: tuple[ApprovedChange, ...]
    removed: dict[str, str] = {}
    placement: tuple[str | None, ...] = ()
    record: str = ""
    pending: float = 0
    is_hidden: bool = False
