"""The maps that come with this tool, and the items that they are for (see docs/maps.md)."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from medusa_sync.sources.base import Item
from medusa_sync.sources.text import fold

_PLACEHOLDER = re.compile(r"\{[a-z]+\}")


class BuiltIn(NamedTuple):
    """A map in this folder: a jq program in the file `<name>.jq`, and a row of `built-in.csv`.

    Attributes:
        what: the source that it is for.
        required: fields that an item of that source has.
        without: fields that it does not have, as a product of our own format would.
        size_name: for an API that counts its pages: the parameter for their size; empty for others.
        largest: the largest size that it accepts.
        children: a member with ids, each item of which is at an address of its own below that of the product.
        codes: columns of a table with ids, SKUs or barcodes.
        marks: fields by which a person recognises that source, because hardly any other has them.
    """

    name: str
    what: str
    required: Sequence[str]
    without: Sequence[str]
    size_name: str
    largest: int
    children: str
    codes: Sequence[str]
    marks: Sequence[str]

    def is_for(self, item: Mapping[str, Any]) -> bool:
        is_like = item.keys() >= {*self.required} and item.keys().isdisjoint(self.without)
        return is_like and ALSO.get(self.name, bool)(item)


def _is_shopify(item: Mapping[str, Any]) -> bool:
    options = item["options"]
    return isinstance(options, list) and bool(options) and all(isinstance(each, dict) for each in options)


def _is_woocommerce(item: Mapping[str, Any]) -> bool:
    types = ("simple", "variable", "grouped", "external")
    return "title" not in item and ("permalink" in item or item["type"] in types)


ALSO: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    # What else must be true of an item, so that it cannot be a product of our own format.
    "shopify-json": _is_shopify,
    "woocommerce-json": _is_woocommerce,
    "woocommerce-csv": lambda item: "SKU" in item or "ID" in item,
    "fakestore": lambda item: isinstance(item["rating"], dict) and "rate" in item["rating"],
}


def _table(name: str) -> list[list[str]]:
    return [*csv.reader(Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines())]


def _several(cell: str) -> list[str]:
    return cell.split("; ") if cell else []


BUILT_IN = [
    BuiltIn(
        name,
        what,
        _several(has),
        _several(lacks),
        size,
        int(top or 0),
        parts,
        _several(codes),
        _several(marks),
    )
    for name, what, has, lacks, size, top, parts, codes, marks in _table("built-in.csv")[1:]
]


def recognised(items: Iterable[Item]) -> BuiltIn | None:
    """The map for a source, by the fields of its first object; None if it needs none."""
    item = _first(items)
    return next((each for each in BUILT_IN if each.is_for(item)), None)


def resembled(items: Iterable[Item]) -> str:
    """The source that the first object is like, and what it lacks; empty if it is like none."""
    item = _first(items)
    for each in BUILT_IN:
        missing = [name for name in each.required if name not in item]
        if missing and item.keys() & {*each.marks}:
            return f"{each.what}, but without {', '.join(missing)}"
    return ""


def _first(items: Iterable[Item]) -> dict[str, Any]:
    return next(filter(None, (each.decoded for each in items)), {})


def in_english(columns: Mapping[str, int]) -> dict[str, int]:
    """The columns of a table; those that WooCommerce translates have their English names, too."""
    from medusa_sync.sources.dialects.base import Column  # only tables need it

    known = [Column(tuple(names)) for names in _table("woocommerce-csv.csv")]
    found = dict(columns)
    for name, index in columns.items():
        for column in known:
            if match := column.pattern.fullmatch(fold(name)):
                suffix = match[match.lastindex] if match.lastindex else ""
                found.setdefault(_PLACEHOLDER.sub(suffix, column.key), index)
    return found
