"""Finds products whose requests would be larger than the store accepts."""

from __future__ import annotations

from typing import Any

from msgspec import json

from medusa_sync.core.change import Change, Create, needed_terms
from medusa_sync.core.note import creation_note, update_note
from medusa_sync.medusa.client import MAX_BODY_BYTES
from medusa_sync.medusa.payload import create_body, update_body
from medusa_sync.medusa.placement import Placement
from medusa_sync.sync.variant_writer import new_ids

_SAFE = MAX_BODY_BYTES // 10  # bytes of a product whose request is small enough for sure
_ID = "x" * 31  # as long as those of the store


class Sizes:
    """The sizes of the requests that write products.

    Args:
        placement: of new products.
        status: of new products.
    """

    def __init__(self, placement: Placement, status: str) -> None:
        self._placement = placement
        self._status = status

    def excess(self, change: Change) -> str | None:
        """Why the store does not accept a product: its request would be too large."""
        if len(json.encode(change.desired)) < _SAFE:
            return None
        size = len(json.encode(self._body(change)))
        if size <= MAX_BODY_BYTES:
            return None
        return f"its request would have {size} bytes, more than the store accepts"

    def _body(self, change: Change) -> dict[str, Any]:
        ids = {name: dict.fromkeys(values, _ID) for name, values in needed_terms([change]).items()}
        if isinstance(change, Create):
            note = creation_note(change.desired, now=0)
            return create_body(
                change, _ID, note, status=self._status, placement=self._placement, ids=ids, items={}
            )
        note = update_note(change, renamed_items={}, now=0, new=new_ids(change))
        return update_body(change, note, placement=self._placement, ids=ids)
