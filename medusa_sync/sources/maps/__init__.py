"""The maps that come with this tool, and the items that they are for (see docs/maps.md)."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from medusa_sync.sources.base import Item
from medusa_sync.sources.maps.names import Names
from medusa_sync.sources.text import fold

_USES = re.compile(r"^# uses: (.+)$", re.MULTILINE)


class BuiltIn(NamedTuple):
    """A map in this folder: a jq program in the file `<name>.jq`, and a row of `built-in.csv`.

    Attributes:
        what: the source that it is for.
        required: fields that an item of that source has, and `<name>` for the root of XML.
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

    def is_for(self, item: Mapping[str, Any], root: str = "") -> bool:
        names = {*item, f"<{root}>"}
        is_like = names.issuperset(self.required) and names.isdisjoint(self.without)
        return is_like and ALSO.get(self.name, bool)(item)

    def likeness(self, names: Collection[str]) -> str:
        """What a source with these names is like, and what it lacks; empty if it is not like this one."""
        missing = [name for name in self.required if name not in names]
        is_like = bool(missing) and not {*self.marks}.isdisjoint(names)
        return f"{self.what}, but without {', '.join(missing)}" if is_like else ""


def _is_shopify(item: Mapping[str, Any]) -> bool:
    options = item["options"]
    return isinstance(options, list) and bool(options) and all(isinstance(each, dict) for each in options)


def _is_woocommerce(item: Mapping[str, Any]) -> bool:
    types = ("simple", "variable", "grouped", "external")
    return "title" not in item and ("permalink" in item or item["type"] in types)


_TRANSLATED = ("woocommerce-csv", "woocommerce-languages")  # their columns are in the language of a user
ALSO: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    # What else must be true of an item, so that it cannot be a product of our own format.
    "shopify-json": _is_shopify,
    "woocommerce-json": _is_woocommerce,
    **dict.fromkeys(_TRANSLATED, lambda item: "SKU" in item or "ID" in item),
    "fakestore": lambda item: isinstance(item["rating"], dict) and "rate" in item["rating"],
}


def _table(name: str) -> list[list[str]]:
    return [*csv.reader(Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines())]


def _several(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("; ")) if cell else ()


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
    first = next((item for item in items if item.decoded), None)
    found = (each for each in BUILT_IN if first is not None and each.is_for(first.decoded, first.root))
    return next(found, None)


def resembled(items: Iterable[Item]) -> str:
    """The source that the first object is like, and what it lacks; empty if it is like none."""
    first = next(filter(None, (each.decoded for each in items)), {})
    return next(filter(None, (each.likeness(first) for each in BUILT_IN)), "")


class Table(NamedTuple):
    """The map for a table, and its columns, also by the names that the map reads; or what it is like."""

    map: BuiltIn | None
    columns: Mapping[str, int]
    like: str = ""


def of_table(columns: Mapping[str, int], *, is_known: bool) -> Table:
    """How a table is read; one that `is_known` has a dialect, unless its names are exactly those of a map."""
    exact = next((each for each in BUILT_IN if each.is_for(columns)), None)
    if exact or is_known:
        return Table(exact, columns)
    folded, like = {*map(fold, columns)}, ""
    for each in BUILT_IN:
        if each.codes and folded.isdisjoint(map(fold, each.without)):
            names = names_of(each.name, each.required)
            last_first = reversed([*columns.items()])  # of two that mean the same, the first counts
            renamed = {known: index for name, index in last_first if (known := names.known(name))}
            if each.is_for(renamed):
                return Table(each, {**columns, **renamed})
            if 2 * len({*each.required} & renamed.keys()) > len(
                each.required
            ):  # a name alone may be anything
                like = like or each.likeness(renamed)
    return Table(None, columns, like or resembled([Item(columns)]))


@cache
def names_of(name: str, first: Iterable[str] = ()) -> Names:
    """The names of the fields that a map in this folder reads; of those that are alike, the `first` count."""
    text = text_of(path_of(name).read_text(encoding="utf-8"))
    spellings = _table("woocommerce-csv.csv") if name in _TRANSLATED else ()
    return Names(text, first, spellings)


def path_of(name: str) -> Path:
    return Path(__file__).with_name(f"{name}.jq")


def text_of(program: str) -> str:
    """A program with the map that it uses, as a function."""
    if (using := _USES.search(program)) and using[1] in {each.name for each in BUILT_IN}:
        used = path_of(using[1]).read_text(encoding="utf-8")
        return f"def {using[1].replace('-', '_')}: {used}\n;\n{program}"
    return program
