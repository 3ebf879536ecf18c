"""Joins the parts of products that a map makes of the items of a source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self

import msgspec

from medusa_sync.codes import Note
from medusa_sync.sources.base import Item
from medusa_sync.sources.groups import Groups
from medusa_sync.sources.lenient import identity
from medusa_sync.sources.maps.program import MAX_NUMBER
from medusa_sync.sources.text import is_shortened, shown, usable_id

_JOINED = ("variants", "images", "tags", "categories")


class Grouped:
    """Products that a map makes of items, in the order of their first parts."""

    def __init__(self) -> None:
        self._parts = Groups()
        self._items = 0
        self._without_products = 0  # items that gave none
        self._ambiguous = 0  # products whose parts have different titles and no variants
        self._example = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.close()

    def __len__(self) -> int:
        """The number of products, with those that are rejected."""
        return len(self._parts)

    @property
    def notes(self) -> list[Note]:
        notes: list[Note] = []
        if count := self._without_products:
            subject = "1 item of the source gives" if count == 1 else f"{count} items of the source give"
            most = (
                f" They are most of {self._items}: is it the right map?"
                if 2 * count > self._items > 1
                else ""
            )
            them = "it" if count == 1 else "them"
            text = f"{subject} no product, because the map leaves {them} out.{most}"
            notes.append(Note("left_out_by_map", text))
        if count := self._ambiguous:
            subject = "1 product is" if count == 1 else f"{count} products are"
            parts = (
                f"{subject} made of parts without variants, with different titles such as {self._example}."
            )
            notes.append(Note("ambiguous_ids", f"{parts} Is the id that the map gives unique?"))
        return notes

    def add(self, place: str, parts: Sequence[Any], error: str) -> None:
        """Add the parts that the map makes of an item, and the error that came after them, if there was one.

        Raises:
            SourceError: the disk is full.
        """
        self._items += 1
        self._without_products += not parts and not error
        for part in parts:
            if (source_id := _id_of(part)) is None:
                self._parts.add(None, place, problem=_unknown(part))
                continue
            self._parts.add(source_id, place, body=msgspec.json.encode(part))
            if error:  # the product may not be complete
                self._parts.add(source_id, place, problem=f"{place}: {error}")
        if error:  # it may have been a part of any product
            self._parts.add(None, place, problem=error)

    def products(self) -> Iterator[Item]:
        for _, source_id, place, problem, bodies in self._parts:
            parts: list[dict[str, Any]] = [*map(msgspec.json.decode, bodies)]
            whole = [part for part in parts if not part.get("variants")] if len(parts) > 1 else []
            titles = dict.fromkeys(str(title) for part in whole if (title := identity(part)[1]))
            if len(titles) > 1:
                self._ambiguous += 1
                self._example = self._example or " and ".join(map(shown, [*titles][:2]))
            title = parts[0].get("title") if parts else None
            named = {"id": source_id, "title": title if isinstance(title, str) else place}
            yield Item(named if problem else _joined(parts), problem=problem)


def _id_of(part: Any) -> str | None:
    value = part.get("id") if isinstance(part, dict) else None
    is_exact = not isinstance(value, int | float) or abs(value) <= MAX_NUMBER
    source_id = usable_id(value) if is_exact else None
    return None if source_id is None or is_shortened(source_id) else source_id


def _unknown(part: Any) -> str:
    """Why the product of a part is not known."""
    if not isinstance(part, dict):
        return f"the map gives {shown(msgspec.json.encode(part).decode())}, which is not a product"
    if "id" not in part:
        return "the map gives a product without an id"
    return f"the map gives a product with the id {shown(msgspec.json.encode(part['id']).decode())}"


def _joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """One product: lists are joined, and of other fields the first value counts."""
    if len(parts) == 1:
        return parts[0]
    product: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            known = product.get(name)
            if known is None:
                product[name] = value
            elif name in _JOINED and isinstance(known, list) and isinstance(value, list):
                product[name] = known + value
    return product
