"""The table of all formats on their page: what is read, and where the details are."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from itertools import groupby
from operator import attrgetter

from medusa_sync.sources import maps
from medusa_sync.sources.dialects import DIALECTS
from medusa_sync.sources.dialects.base import Dialect
from medusa_sync.sources.dialects.google import GOOGLE
from medusa_sync.sources.dialects.own import OWN
from medusa_sync.sources.maps import BUILT_IN, BuiltIn

HEAD = ("format", "read, besides title and price")
_PARTS: Mapping[str, Collection[str]] = {
    "variants": {"options", "variants[].options"},
    "sale prices": {"compareAtPrice", "salePrice", "sale_price", "variants[].compareAtPrice"},
    "stock": {"stock", "variants[].stock"},
    "barcodes": {"barcode", "variants[].barcode"},
    "images": {"images"},
    "categories": {"categories"},
}


def rows() -> list[tuple[str, str]]:
    """The formats in the order in which they are tried."""
    return [
        ("[RSS and Atom feeds](#rss-and-atom-feeds)", _of_columns(GOOGLE.name)),
        *((f"{each[0].what} (`{name}`)", _read(_of_program(name))) for name, each in _maps()),
        *((_linked(each), _of_columns(each.name)) for each in DIALECTS),
        ("[medusa-sync JSON](catalogue.md): all other JSON, and XML with a name and a price", "all fields"),
        ("any other, with `--source-map`", "what the [map](maps.md) gives"),
    ]


def _maps() -> list[tuple[str, list[BuiltIn]]]:
    """The maps that come with the tool by their names; some are for several forms of a source."""
    return [(name, [*each]) for name, each in groupby(BUILT_IN, attrgetter("name"))]


def _linked(each: Dialect) -> str:
    heading = f"{each.name} CSV" if each is OWN else each.name
    return f"[{each.name} CSV](#{heading.lower().replace(' ', '-')})"


def _of_columns(dialect: str) -> str:
    [columns] = [each.columns for each in DIALECTS if each.name == dialect]
    sale = {"salePrice"} if any("sale_price" in column.names for column in columns) else set()
    return _read(sale | {field for column in columns for field in column.field.split(", ")})


def _of_program(name: str) -> set[str]:
    """The fields that a map makes: `images: ...`, or `stock` in `{sku, stock}`."""
    code = re.sub("#.*", "", maps.text_of(maps.path_of(name).read_text(encoding="utf-8")))
    return set(re.findall(r"(?<![.\w\"])(\w+)(?=\s*[:,}])", code))


def _read(fields: Collection[str]) -> str:
    read = [part for part, names in _PARTS.items() if {*names} & {*fields}]
    missing = [part for part in _PARTS if part not in read]
    if len(missing) > 1:
        return ", ".join(read)
    return f"all but {missing[0]}" if missing else "all"
