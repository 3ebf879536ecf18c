"""Handles for new products."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from medusa_sync.core.product import DesiredProduct

_MAX_LENGTH = 200
_NULL = "null"


def slug_of(desired: DesiredProduct) -> str:
    """The slug of the source's handle or of the title; empty if it has no letters or digits."""
    return slug(desired.handle or desired.title)


def handle_candidates(desired: DesiredProduct) -> Iterator[str]:
    """Handles in order of preference: `<slug>`, `<slug>-<id>`, `<slug>-<id>-2`, and so on.

    A handle of the source is part of the product's address in the shop, so it has no alternatives. The handle
    `null` is not used: Medusa reads it as no value, so it cannot be looked up.
    """
    base, own_id = slug_of(desired), slug(desired.source_id)
    if base == _NULL:
        base = ""
    if base:
        yield base
    if base and desired.handle:
        return
    with_id = f"{base}-{own_id}" if base and own_id else base or slug(desired.external_id)
    if with_id != base:
        yield with_id
    for number in count(2):
        yield f"{with_id}-{number}"


def slug(text: str) -> str:
    """The text as a part of a URL; empty if it has no letters or digits."""
    from slugify import slugify

    return slugify(text, max_length=_MAX_LENGTH)
