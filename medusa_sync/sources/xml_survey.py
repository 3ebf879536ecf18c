"""Finds out which elements of an XML file are its items: by what they have, and by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from io import BufferedReader

from msgspec import Struct, field

from medusa_sync.errors import SourceError
from medusa_sync.sources.text import fold
from medusa_sync.sources.xml_parser import Parser

ROOTS = {"rss": "RSS", "RDF": "RSS", "feed": "Atom"}
ITEMS = frozenset({"item", "entry"})  # of feeds
MAX_KINDS = 20_000  # of elements and attributes; a catalogue has fewer than 200

_LOWEST = 4  # of items, with the root as 1; categories around them do not count
_USUAL = re.compile(  # names of items of other XML
    r"offer|shopitem|product|item|o|goods?|ware|artikel|article|art[ií]culo|articolo|artigo|produ[ck]t|produit|"
    r"producto|prodotto|produto|товар"
)
_PART = re.compile(r"variante?|variation|varianta|wariant|sku|option|size")  # of items
_CATEGORY = re.compile(r"[ck]at[eé]gor(y|ie|ia|ía)|rubrik")
_ID = re.compile(r"id|\w*(id|nr|no|nummer|number|code|sku|ean|gtin)|ref\w*|kod|код|артикул")
_NAME = re.compile(
    r"\w*(name|nazwa|naam|title|titel|bezeichnung)|titre|nom|nombre|t[ií]tulo|nome|n[aá]zev|название"
)
_PRICE = re.compile(r"\w*(price|preis|prix|precio|prezzo|pre[cç]o|prijs|cena|pris|цена)\w*")


class Survey(Struct):
    """What is known of a file after its first reading.

    Attributes:
        root: its name; empty if there is none.
        name: that of its items.
        items: the ways to them.
        around: the ways to elements that have items in them.
        encoding: that the first line names; empty without one.
    """

    root: str
    name: str = ""
    items: frozenset[tuple[str, ...]] = frozenset()
    around: frozenset[tuple[str, ...]] = frozenset()
    encoding: str = ""

    def is_item(self, way: Sequence[str]) -> bool:
        return way[-1] == self.name and tuple(way) in self.items

    def is_category(self, way: Sequence[str]) -> bool:
        """Whether an element says what a category is, and has no items in it."""
        return way[-1] == "category" and tuple(way) not in self.around


class _Found(Struct):
    """Elements with the same way."""

    ways: list[tuple[str, ...]] = field(default_factory=list)
    count: int = 0
    elements: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    has_price: bool = False  # or an element in it has one

    @property
    def points(self) -> int:
        """How much of an id, a name and a price it has. A price alone is none of an item."""
        names = [*map(fold, self.elements | self.attributes)]
        found = sum(any(map(each.fullmatch, names)) for each in (_ID, _NAME))
        return found + (self.has_price and found > 0)


def survey(file: BufferedReader) -> Survey:
    """Find the items of a file. One item is enough to show a feed.

    Raises:
        SourceError: it has too many kinds of elements.
    """
    found: dict[tuple[str, ...], _Found] = {}
    kinds = 0

    def outside(way: Sequence[str], attributes: Mapping[str, str]) -> None:
        nonlocal kinds
        if kinds > MAX_KINDS or len(way) - sum(map(_is_category, way[1:])) > _LOWEST + 1:
            return
        each = found.get(key := tuple(way))
        if each is None:
            each = found[key] = _Found()
            kinds += 1
        each.count += 1
        if new := attributes.keys() - each.attributes:
            each.attributes |= new
            kinds += len(new)

    parser = Parser(lambda way: way[0] in ROOTS and way[-1] in ITEMS, outside=outside)
    with suppress(SourceError):  # it is raised again
        next(parser.items(file), None)
    if kinds > MAX_KINDS:
        reason = f"it has more than {MAX_KINDS:,} kinds of elements, so its items cannot be found"
        raise SourceError(reason, hint="Export one list of products, whose elements have the same names.")
    root = next(iter(found), ("",))
    if root[0] in ROOTS:
        return Survey(root[0], encoding=parser.encoding)
    candidates = dict(_candidates(found))
    name, points = root[0], 0
    if candidates:
        best = max(candidates, key=lambda way: _rank(way, candidates[way]))
        name, points = best[-1], candidates[best].points
    alike = [each for way, each in candidates.items() if way[-1] == name and each.points >= points]
    items = frozenset(way for each in alike for way in each.ways)
    around = frozenset(way[:depth] for way in items for depth in range(1, len(way)))
    return Survey(root[0], name, items, around, parser.encoding)


def _candidates(found: dict[tuple[str, ...], _Found]) -> Iterator[tuple[tuple[str, ...], _Found]]:
    """What may be items, by their ways without categories.

    They have elements in them, or an id, a name and a price. If there are none, these are all elements.
    """
    for way, each in found.items():
        if len(way) > 1:
            found[way[:-1]].elements.add(way[-1])
        if any(_PRICE.fullmatch(fold(name)) for name in (way[-1], *each.attributes)):
            for depth in range(1, len(way) + 1):
                found[way[:depth]].has_price = True
    joined: dict[tuple[str, ...], _Found] = {}
    for way, each in found.items():
        if len(way) > 1 and not _is_category(way[-1]):
            one = joined.setdefault(_without_categories(way), _Found())
            one.ways.append(way)
            one.count += each.count
            one.elements |= each.elements
            one.attributes |= each.attributes
            one.has_price |= each.has_price
    full = 3
    large = {way: each for way, each in joined.items() if each.elements or each.points == full}
    yield from (large or joined).items()


def _rank(way: Sequence[str], found: _Found) -> tuple[object, ...]:
    name = fold(way[-1])
    is_usual = _USUAL.fullmatch(name) is not None
    is_repeated = is_usual or found.count > 1
    is_part = _PART.fullmatch(name) is not None
    return not is_part, found.points + is_usual, is_usual, is_repeated, -len(way), len(found.elements)


def _without_categories(way: Sequence[str]) -> tuple[str, ...]:
    return (way[0], *(name for name in way[1:] if not _is_category(name)))


@lru_cache(maxsize=1_024)  # most elements have the same names
def _is_category(name: str) -> bool:
    return _CATEGORY.fullmatch(fold(name)) is not None
