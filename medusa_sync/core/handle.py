"""Handles for new products."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from medusa_sync.core.product import DesiredProduct

_MAX_LENGTH = 200


def slug_of(desired: DesiredProduct) -> str:
    """The slug of the source's handle or of the title; empty if it has no letters or digits."""
    return _slug(desired.handle or desired.title)


def handle_candidates(desired: DesiredProduct) -> Iterator[str]:
    """Handles in order of preference: `<slug>`, `<slug>-<id>`, `<slug>-<id>-2`, and so on."""
    slug, own_id = slug_of(desired), _slug(desired.source_id)
    if slug:
        yield slug
    with_id = f"{slug}-{own_id}" if slug and own_id else slug or _slug(desired.external_id)
    if with_id != slug:
        yield with_id
    for number in count(2):
        yield f"{with_id}-{number}"


def _slug(text: str) -> str:
    from slugify import slugify

    return slugify(text, max_length=_MAX_LENGTH)
