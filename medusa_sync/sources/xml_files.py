"""Reads RSS and Atom feeds with Google Merchant's attributes, and the items of other XML for a map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from io import BufferedReader
from itertools import chain, islice
from typing import Any

from medusa_sync.errors import SourceError
from medusa_sync.redact import shortened
from medusa_sync.sources.base import Item
from medusa_sync.sources.dialects.base import Header, Row
from medusa_sync.sources.dialects.google import GOOGLE
from medusa_sync.sources.dialects.products import products
from medusa_sync.sources.maps import recognised
from medusa_sync.sources.text import fold
from medusa_sync.sources.xml_parser import Element, Parser, grouped

_ROOTS = {"rss": "RSS", "RDF": "RSS", "feed": "Atom"}
_ITEMS = frozenset({"item", "entry"})
_GOOGLE = "base.google.com/ns/"
_WORDPRESS = "wordpress.org/export/"
_OTHER = ("", "http://www.w3.org/2005/Atom", "http://purl.org/rss/1.0/")  # namespaces of feeds themselves
_PAGES = frozenset({"next", "prev-archive"})  # what a link is to
_SAME = {"summary": "description", "content": "description"}  # Atom's
_WANTED = frozenset(fold(name) for column in GOOGLE.columns if column.field for name in column.names)
_NAMES = frozenset({"offer", "shopitem", "product", "item", "o"})  # that items of other XML often have
_LOWEST, _DEEPEST = 4, 20  # of these, with the root as 1, and of categories
_MAP = "Only RSS and Atom feeds, and the formats of docs/maps.md, need no map: name one with --source-map."
_WHOLE = "Nothing was removed. The pages of a feed are not followed: set --source to a feed of all products."
_EXPORT = "Use Products > Export of WooCommerce, which writes a CSV file, or the URL of its REST API."


def read_xml(file: BufferedReader, *, as_items: bool, **_: object) -> tuple[str, Iterator[Item]]:
    """Read the products of a feed, one after another, or the items of any XML if they need a map.

    Raises:
        SourceError: it needs a map, or it is not well-formed. All products before that are complete and were
            yielded, except the last one of a feed, which may have more items.
    """
    way = _way_to_items(file)
    file.seek(0)
    root = way[0]
    parser = _Feed(as_items=as_items) if root in _ROOTS else _Other(way)
    found = parser.items(file)
    first = [*islice(found, 1)]  # it shows that the file is what it seems to be
    numbered = enumerate(chain(first, found), 1)
    encoding = "" if parser.encoding.lower() in {"", "utf-8"} else f", {parser.encoding}"
    if root in _ROOTS and not as_items:

        def read() -> Iterator[Row]:
            file.seek(0)
            return (_row(each, number) for number, each in enumerate(_Feed(as_items=False).items(file), 1))

        return f"{_ROOTS[root]} ({GOOGLE.name}){encoding}", products(read, GOOGLE)
    if not as_items and recognised(Item(parser.value(each)) for each in first) is None:
        raise SourceError(f"it is XML of another kind: <{shortened(root)}>, not a feed", hint=_MAP)
    items = (Item(parser.value(each), f"item {number}", problem=each.problem) for number, each in numbered)
    return f"{_ROOTS.get(root, 'XML')}{encoding}", items


# --- feeds ----------------------------------------------------------------------------------------------


class _Feed(Parser):
    """An RSS or Atom feed. Elements without their attributes are what a map gets."""

    def __init__(self, *, as_items: bool) -> None:
        super().__init__()
        self._as_items = as_items
        self._is_page = False  # it names another one (RFC 5005)

    def is_item(self, way: Sequence[str], /) -> bool:
        return way[-1] in _ITEMS

    def is_wanted(self, name: str, depth: int, /) -> bool:
        """Whether the dialect knows it; for a map, whether it is of the feed itself or Google's."""
        namespace, _, local = name.rpartition(" ")
        if _WORDPRESS in namespace and not self._as_items:
            raise SourceError("it is an export of WordPress (WXR), not a feed", hint=_EXPORT)
        is_known = _GOOGLE in namespace or namespace in _OTHER
        return depth == 1 and is_known and (self._as_items or _key(local) in _WANTED)

    def outside(self, way: Sequence[str], attributes: Mapping[str, str], /) -> None:
        rel = attributes.get("rel", "").lower() if way[-1] == "link" and attributes.get("href") else ""
        self._is_page = self._is_page or rel in _PAGES

    def items(self, file: BufferedReader) -> Iterator[Element]:
        yield from super().items(file)
        if self._is_page:
            raise SourceError("the feed is one page of several: it names another one", hint=_WHOLE)

    def value(self, item: Element) -> dict[str, Any]:
        """The attributes by their names without a prefix."""
        return grouped(_preferred(item, str))


def _row(item: Element, number: int) -> Row:
    """A row of a table that has the same attributes; of two that mean the same, the first."""
    found = dict.fromkeys(_preferred(item, _key))
    names: list[str] = []
    for name, _ in found:
        same = _SAME.get(name, name)
        names.append(name if same in names else same)
    header = _header(tuple(names))
    problem = f"it has two values for {header.repeated[0]}" if header.repeated else ""
    return header.row(number, [value for _, value in found], item.problem or problem)


def _preferred(item: Element, key: Callable[[str], str]) -> list[tuple[str, str]]:
    """Names and texts. Google's attributes take precedence: `g:id` over the `id` of Atom."""
    found = [(_GOOGLE in each.name, each.local, text) for each in item.children if (text := each.text)]
    googles = {key(name) for is_googles, name, _ in found if is_googles}
    return [(name, text) for is_googles, name, text in found if is_googles or key(name) not in googles]


@lru_cache(maxsize=1_024)  # most items have the same names
def _header(names: tuple[str, ...]) -> Header:
    return Header(GOOGLE, names, unit="item")


@lru_cache(maxsize=1_024)
def _key(name: str) -> str:
    """What names of the same attribute have in common."""
    return fold(_SAME.get(name, name))


# --- other XML ------------------------------------------------------------------------------------------


class _Other(Parser):
    """XML of any kind."""

    def __init__(self, way_to_items: Sequence[str]) -> None:
        super().__init__()
        self._way_to_items = way_to_items
        self._categories: dict[str | None, Element] = {}  # that come before the items, by their ids

    def is_item(self, way: Sequence[str], /) -> bool:
        return way == self._way_to_items or way[-1] == "category"

    def items(self, file: BufferedReader) -> Iterator[Element]:
        for found in super().items(file):
            if found.local == self._way_to_items[-1]:
                yield found
            else:
                self._categories[found.attributes.get("id")] = found

    def value(self, item: Element) -> Any:
        """The item as JSON. If it has the id of a category, as in YML, it gets the names down to that."""
        value, names = item.value, list[str]()
        category = str(value.get("categoryId")) if isinstance(value, dict) else None
        while (found := self._categories.get(category)) and len(names) < _DEEPEST:
            names.insert(0, found.text)
            category = found.attributes.get("parentId")
        return {"categories": [names], **value} if names else value


class _Survey(Parser):
    """Counts the elements of a file by the names on the way to them; one item is enough to show a feed."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[tuple[str, ...]] = Counter()

    def is_item(self, way: Sequence[str], /) -> bool:
        return way[0] in _ROOTS and way[-1] in _ITEMS

    def outside(self, way: Sequence[str], _attributes: Mapping[str, str], /) -> None:
        if len(way) <= _LOWEST + 1:
            self.counts[tuple(way)] += 1


def _way_to_items(file: BufferedReader) -> list[str]:
    """The names on the way to the items of a file; only the first of them if it is a feed.

    Items have elements in them. They have a name that is usual, or repeat, or have most kinds of elements.
    """
    survey = _Survey()
    with suppress(SourceError):  # it is raised again
        next(survey.items(file), None)
    counts, root = survey.counts, next(iter(survey.counts), ("",))
    parents = [way[:-1] for way in counts if way[:-1] not in {(), root}]
    kinds = Counter(parents or counts.keys() - {root})
    if root[0] in _ROOTS or not kinds:
        return [*root]
    return [*max(kinds, key=lambda way: (way[-1].lower() in _NAMES, counts[way] > 1, -len(way), kinds[way]))]
