"""Handles of new products: no two products of a store share one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from msgspec import Struct

from medusa_sync.core.product import DesiredProduct, Withheld
from medusa_sync.core.record import ONLY

HANDLE = "handle"
_MAX_HANDLE = 200  # characters
_NULL = "null"


class HandleOwner(Struct, frozen=True):
    """A product that has a handle, or gets it in this run.

    Attributes:
        external_id: None if it has none.
        name: what messages call it.
    """

    external_id: str | None
    name: str


def handle_candidates(desired: DesiredProduct) -> Iterator[str]:
    """Handles in order of preference: `<slug>`, `<slug>-<id>`, `<slug>-<id>-2`, and so on.

    The handle `null` is not used: Medusa reads it as no value, so it cannot be looked up.
    """
    base, own_id = _base(desired), slug(desired.source_id)
    if base:
        yield base
    with_id = f"{base}-{own_id}" if base and own_id else base or slug(desired.external_id)
    if with_id != base:
        yield with_id
    for number in count(2):
        yield f"{with_id}-{number}"


def is_named(desired: DesiredProduct) -> bool:
    """Whether the source names the handle, which is then a part of the address that it wants in the shop."""
    return bool(desired.handle and _base(desired))


def withheld_handle(desired: DesiredProduct, handle: str, owner: HandleOwner) -> Withheld:
    """The handle that the source names, for a product that gets another one."""
    wanted, owner_id = slug_of(desired), owner.external_id or ""
    return Withheld(ONLY, "", HANDLE, wanted, stored=handle, owner=owner.name, owner_id=owner_id)


def slug_of(desired: DesiredProduct) -> str:
    """The slug of the source's handle or of the title; empty if it has no letters or digits."""
    return slug(desired.handle or desired.title)


def _base(desired: DesiredProduct) -> str:
    base = slug_of(desired)
    return "" if base == _NULL else base


def slug(text: str) -> str:
    """The text as a part of a URL; empty if it has no letters or digits."""
    from slugify import slugify

    return slugify(text, max_length=_MAX_HANDLE)
