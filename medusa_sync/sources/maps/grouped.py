"""Joins the parts of products that a map makes of the items of a source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import msgspec

from medusa_sync.codes import Note
from medusa_sync.errors import SourceError
from medusa_sync.sources import base, lenient
from medusa_sync.sources.base import Item
from medusa_sync.sources.dialects import identity
from medusa_sync.sources.groups import Groups
from medusa_sync.sources.maps.program import MAX_NUMBER
from medusa_sync.sources.text import id_problem, is_shortened, shown, usable_id

_SHOWN = 10  # reasons
_SEVERAL = 2
_JOINED = ("variants", "images", "tags", "categories")
_REST = "(rest)"  # of items; no product has such a field
LEFT_OUT = "leftOut"
"""The only member of what a map gives in place of a product, with the reason."""


class Grouped:
    """Products that a map makes of items, in the order of their first parts.

    Once all parts are added, `known_by` is the field that is read as the id, because the map gives none, and
    `lacks_ids` says that no product has a usable one.

    Args:
        are_foreign: the map is not the user's, who could change it.
    """

    def __init__(self, *, are_foreign: bool) -> None:
        self._are_foreign = are_foreign
        self._parts = Groups()
        self._items = 0
        self._without_products = 0  # items that gave none
        self._reasons = Counter[str]()  # why
        self._ids = 0  # parts with one
        self._nameless: list[dict[str, Any]] = []  # the first parts without one
        self._ambiguous = 0  # products with parts that differ, but are no variants
        self._different: dict[str, None] = {}  # in which fields
        self._example = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.close()

    def __len__(self) -> int:
        """The number of products, with those that are rejected."""
        return len(self._parts)

    @cached_property
    def known_by(self) -> str:
        return "" if self._ids else identity.taken(self._nameless)

    @property
    def lacks_ids(self) -> bool:
        return bool(self._nameless) and not self._ids and not self.known_by

    @property
    def notes(self) -> list[Note]:
        notes: list[Note] = []
        if count := self._without_products:
            notes.append(Note("left_out_by_map", self._left_out(count)))
        if count := self._ambiguous:
            subject = "1 product is" if count == 1 else f"{count} products are"
            names = ", ".join(map(shown, [*self._different][:_SHOWN]))
            parts = f"{subject} made of parts without variants that differ in {names}: {self._example}."
            notes.append(Note("ambiguous_ids", f"{parts} Is the id that the map gives unique?"))
        return notes

    def _left_out(self, count: int) -> str:
        subject = "1 item of the source gives" if count == 1 else f"{count} items of the source give"
        them = "it" if count == 1 else "them"
        most = (
            f" They are {'most' if count < self._items else 'all'} of {self._items}: is it the right map?"
            if 2 * count > self._items > 1
            else ""
        )
        reasons = ", ".join(f"{reason}: {number:,}" for reason, number in self._reasons.most_common(_SHOWN))
        return f"{subject} no product, because the map leaves {them} out{reasons and f' ({reasons})'}.{most}"

    def add(self, place: str, given: Sequence[Any], error: str, rest: Mapping[str, Any] = {}) -> None:
        """Add the parts that the map makes of an item, and the error that came after them, if there was one.

        `rest` is what the map does not read of the item.

        Raises:
            SourceError: the disk is full.
        """
        self._items += 1
        parts = [part for part in given if not (isinstance(part, dict) and part.keys() == {LEFT_OUT})]
        if not parts and not error:
            self._without_products += 1
            self._reasons.update({str(part[LEFT_OUT]) for part in given})
        for part in parts:
            source_id = _id_of(part)
            if source_id is None:
                if isinstance(part, dict) and len(self._nameless) < base.PAGE_SIZE:
                    self._nameless.append(part)
                self._parts.add(None, place, body=msgspec.json.encode(part))
                continue
            self._ids += 1
            self._parts.add(source_id, place, body=msgspec.json.encode(part))
            if rest:  # apart, because equal parts count once
                self._parts.add(source_id, place, body=msgspec.json.encode({_REST: rest}))
            if error:  # the product may not be complete
                self._parts.add(source_id, place, problem=f"{place}: {error}")
        if error:  # it may have been a part of any product
            self._parts.add(None, place, problem=error)

    def check(self) -> None:
        """Check that some items give a product.

        Raises:
            SourceError: none does. The source would look empty.
        """
        if self._items and not len(self):
            [note] = self.notes
            others = "Export other products too, or write a map for these."
            hint = others if self._are_foreign else "Check the map, or export other products too."
            raise SourceError(note, hint=f"Nothing was removed. {hint}")

    def products(self) -> Iterator[Item]:
        for _, source_id, place, problem, bodies in self._parts:
            parts: list[Any] = [*map(msgspec.json.decode, bodies)]
            rest = _rest_of(parts)
            product = _joined(parts)
            if problem or source_id is not None:
                title = product.get("title")
                called = {"id": source_id, "title": title if isinstance(title, str) else place}
                value = called if problem else product
                yield Item(value, problem=problem, rest=rest, is_foreign=self._are_foreign)
                self._compare([part for part in parts if not part.get("variants")])
            elif self.known_by and isinstance(product, dict):
                value = {**product, "id": product.get(self.known_by)}
                yield Item(value, place, rest=rest, is_foreign=self._are_foreign)
            else:
                yield Item({"title": place}, problem=_unknown(product))

    def _compare(self, parts: Sequence[dict[str, Any]]) -> None:
        """Note whether parts of a product that are no variants differ."""
        if len(parts) < _SEVERAL:
            return
        values = {
            name: dict.fromkeys(str(value) for part in parts if _is_scalar(value := part.get(name)))
            for name in dict.fromkeys(name for part in parts for name in part)
        }
        different = {name: [*each] for name, each in values.items() if len(each) > 1}
        if different:
            self._ambiguous += 1
            self._different |= dict.fromkeys(different)
            self._example = self._example or " and ".join(map(shown, next(iter(different.values()))[:2]))


def _is_scalar(value: Any) -> bool:
    return value not in (None, "") and not isinstance(value, dict | list)


def _id_of(part: Any) -> str | None:
    value = lenient.identity(part)[0] if isinstance(part, dict) else None
    is_exact = not isinstance(value, int | float) or abs(value) <= MAX_NUMBER
    source_id = usable_id(value) if is_exact else None
    return None if source_id is None or is_shortened(source_id) else source_id


def _unknown(part: Any) -> str:
    """Why the product of a part is not known."""
    text = shown(msgspec.json.encode(part).decode())
    if not isinstance(part, dict):
        return f"the map gives {text}, which is not a product"
    value = lenient.identity(part)[0]
    if value is None and "id" not in part:
        return "the map gives a product without an id"
    why = f": {problem}" if (problem := id_problem(value)) and value is not None else ""
    return f"the map gives a product with the id {shown(msgspec.json.encode(value).decode())}{why}"


def _rest_of(parts: list[Any]) -> dict[str, Any]:
    """Take out what the map does not read; of a name, the first value counts."""
    rest: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, dict):
            rest = part.pop(_REST, {}) | rest
    return rest


def _joined(parts: list[Any]) -> Any:
    """One product: lists are joined, and of other fields the first value counts."""
    if len(parts) <= 1:
        return parts[0] if parts else {}
    product: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            known = product.get(name)
            if known is None or known == "":
                product[name] = value
            elif name in _JOINED and isinstance(known, list) and isinstance(value, list):
                product[name] = known + value
    return product
