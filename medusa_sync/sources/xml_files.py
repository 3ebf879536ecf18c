"""Reads RSS and Atom feeds with Google Merchant's attributes, and the items of other XML for a map."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from io import BufferedReader
from itertools import chain, islice
from typing import Any

from msgspec import structs

from medusa_sync.errors import SourceError
from medusa_sync.redact import shortened
from medusa_sync.sources.base import Item, Remarks
from medusa_sync.sources.dialects.base import Header, Row
from medusa_sync.sources.dialects.google import GOOGLE
from medusa_sync.sources.dialects.own import OWN
from medusa_sync.sources.dialects.products import products
from medusa_sync.sources.maps import recognised
from medusa_sync.sources.text import fold
from medusa_sync.sources.xml_parser import Element, Parser, grouped
from medusa_sync.sources.xml_survey import ITEMS, ROOTS, Survey, survey

_GOOGLE = "base.google.com/ns/"
_WORDPRESS = "wordpress.org/export/"
_OTHER = ("", "http://www.w3.org/2005/Atom", "http://purl.org/rss/1.0/")  # namespaces of feeds themselves
_PAGES = frozenset({"next", "prev-archive"})  # what a link is to
_CONTENT = "http://purl.org/rss/1.0/modules/content/ encoded"  # of RSS
_SAME = {"summary": "description", "content": "description", "encoded": "description"}
_FEED = structs.replace(  # what people call a column, too, may be anything in a feed
    GOOGLE, columns=tuple(structs.replace(each, also=()) if each.field else each for each in GOOGLE.columns)
)
_WANTED = frozenset(fold(name) for column in GOOGLE.columns if column.field for name in column.names)
MAX_CATEGORIES = 2**24  # characters of all of them, with 100 more for each
_DEEPEST = 20  # of categories
_UNIT = ("unit", "uom", "measure")  # how the names of attributes with one begin
_GRAMS = re.compile(r"gr?[.]?|gramm?\w*|гр?[.]?|грамм?\w*", re.IGNORECASE)  # noqa: RUF001 - Cyrillic
_MAP = (
    "Only feeds, known exports, and items with names such as <id>, <name> and <price> need no "
    "map: name one with --source-map."
)
_WHOLE = "Nothing was removed. The pages of a feed are not followed: set --source to a feed of all products."
_EXPORT = "Use Products > Export of WooCommerce, which writes a CSV file, or the URL of its REST API."


def read_xml(
    file: BufferedReader, *, as_items: bool, keeps_rest: bool = False, **_: object
) -> tuple[str, Iterator[Item]]:
    """Read the products of a feed, one after another, or the items of any XML if they need a map.

    Raises:
        SourceError: it needs a map, or it is not well-formed. All products before that are complete and were
            yielded, except the last one of a feed, which may have more items.
    """
    found = survey(file)
    encoding = "" if found.encoding.lower() in {"", "utf-8"} else f", {found.encoding}"
    kind = ROOTS.get(found.root, "XML")
    if found.root in ROOTS and not as_items:
        known = partial(_header, Remarks(), keeps_rest=keeps_rest)
        header_of = lru_cache(maxsize=1_024)(known)  # most items have the same names
        elements = _feed(file, as_items=False, keeps_rest=keeps_rest)
        rows = (_row(each, number, header_of) for number, each in enumerate(elements, 1))
        return f"{kind} ({GOOGLE.name}){encoding}", products(rows, _FEED)
    meaning = str if as_items else _meaning
    values = _plain(_feed(file, as_items=True)) if found.root in ROOTS else _others(file, found, meaning)
    items = (
        Item(value, f"item {number}", problem=problem, root=found.root)
        for number, (value, problem) in enumerate(values, 1)
    )
    first = [*islice(items, 1)]
    if as_items or recognised(first):
        return f"{kind}{encoding}", chain(first, items)
    as_json = (structs.replace(each, value=_as_json(each.value)) for each in chain(first, items))
    first = [*islice(as_json, 1)]
    if not (first and _is_product(first[0].value)):
        raise SourceError(f"it is XML of another kind: <{shortened(found.root)}>, not a feed", hint=_MAP)
    return f"{kind}{encoding}", chain(first, as_json)


# --- feeds ----------------------------------------------------------------------------------------------


def _feed(file: BufferedReader, *, as_items: bool, keeps_rest: bool = False) -> Iterator[Element]:
    """The items of an RSS or Atom feed, with the elements of the feed itself and Google's.

    Without a map, the texts of elements that become no field are only noted, unless the rest is kept.
    """
    is_page = False  # it names another one (RFC 5005)

    def is_wanted(name: str, depth: int) -> bool:
        namespace, _, _ = name.rpartition(" ")
        if _WORDPRESS in namespace and not as_items:
            raise SourceError("it is an export of WordPress (WXR), not a feed", hint=_EXPORT)
        return depth > 1 or _GOOGLE in namespace or namespace in _OTHER or name == _CONTENT

    def outside(way: Sequence[str], attributes: Mapping[str, str]) -> None:
        nonlocal is_page
        rel = attributes.get("rel", "").lower() if way[-1] == "link" and attributes.get("href") else ""
        is_page = is_page or rel in _PAGES

    def is_noted(name: str) -> bool:
        return not (as_items or keeps_rest) and _key(name.rpartition(" ")[2]) not in _WANTED

    yield from Parser(lambda way: way[-1] in ITEMS, is_wanted, outside, is_noted).items(file)
    if is_page:
        raise SourceError("the feed is one page of several: it names another one", hint=_WHOLE)


def _plain(items: Iterable[Element]) -> Iterator[tuple[Any, str]]:
    """The texts of elements by their names without a prefix, and the problem of each item."""
    return ((grouped(_preferred(each, str)), each.problem) for each in items)


def _row(item: Element, number: int, header_of: Callable[[tuple[str, ...]], Header]) -> Row:
    """A row of a table that has the same attributes; of two that mean the same, the first.

    A `content:encoded` is the description if there is no other one.
    """
    found = dict.fromkeys(sorted(_preferred(item, _key), key=lambda each: each[0] == "encoded"))
    names: list[str] = []
    for name, _ in found:
        same = _SAME.get(name, name)
        names.append(name if same in names else same)
    header = header_of(tuple(names))
    problem = f"it has two values for {header.repeated[0]}" if header.repeated else ""
    return header.row(number, [value for _, value in found], item.problem or problem)


def _preferred(item: Element, key: Callable[[str], str]) -> list[tuple[str, str]]:
    """Names and texts. Google's attributes take precedence: `g:id` over the `id` of Atom."""
    found = [(_GOOGLE in each.name, each.local, text) for each in item.children if (text := each.text)]
    googles = {key(name) for is_googles, name, _ in found if is_googles}
    return [(name, text) for is_googles, name, text in found if is_googles or key(name) not in googles]


def _header(remarks: Remarks, names: tuple[str, ...], *, keeps_rest: bool) -> Header:
    header = Header(_FEED, names, unit="item", remarks=remarks)
    if keeps_rest:
        header.keep_rest()
    return header


@lru_cache(maxsize=1_024)
def _key(name: str) -> str:
    """What names of the same attribute have in common."""
    return fold(_SAME.get(name, name))


# --- other XML ------------------------------------------------------------------------------------------


def _others(file: BufferedReader, found: Survey, meaning: Callable[[str], str]) -> Iterator[tuple[Any, str]]:
    """The items as JSON, and the problem of each.

    One that has the id of a category that came before, as in YML, gets the names down to that.
    """
    categories: dict[str | None, tuple[str, str | None]] = {}  # names and parents, by their ids
    size = 0
    for item in Parser(lambda way: found.is_item(way) or found.is_category(way)).items(file):
        if item.local != found.name:
            own, parent = item.attributes.get("id"), item.attributes.get("parentId")
            size += 100 + len(own or "") + len(parent or "") + len(item.text)
            if size > MAX_CATEGORIES:
                raise SourceError(f"its categories have more than {MAX_CATEGORIES:,} characters")
            categories |= {own: (item.text, parent)} if own else {}
            continue
        value, names = item.value(meaning), list[str]()
        category = str(value.get("categoryId")) if isinstance(value, dict) else None
        while category in categories and len(names) < _DEEPEST:
            name, category = categories[category]
            names.insert(0, name)
        yield {"categories": [names], **value} if names else value, item.problem


def _is_product(value: Any) -> bool:
    """Whether names of our own format say what its title and its price are."""
    meanings = map(OWN.meaning, value) if isinstance(value, dict) else ()
    return {"title", "price, prices"} <= {each.column.field for each in meanings if each}


def _as_json(value: Any, name: str = "") -> Any:
    """An item as JSON usually has it: attributes are members, and so are the elements of a list.

    An element in the list `images` is called `image`. Of attributes beside a text, only a currency and the
    unit of a weight count.
    """
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    if not isinstance(value, dict):
        return value
    members = {key.removeprefix("@"): _as_json(each, key) for key, each in value.items()}
    if text := members.get("#text"):
        if "currency" in members:
            return {"amount": text, "currency": members["currency"]}
        return _weight(text, members) if _is_weight(name) else text
    [key, each] = next(iter(members.items()))
    if len(members) == 1 and len(key) < len(name) and fold(name).startswith(fold(key)[:-1]):
        several = each if isinstance(each, list) else [each]
        is_path = fold(key) == "category" and all(isinstance(path, str) for path in several)
        return "|".join(several) if is_path else several
    return members


def _weight(text: str, members: Mapping[str, Any]) -> str:
    """A weight in grams, or as a table has one in another unit, such as `1.2 kg`."""
    units = (str(each) for key, each in members.items() if fold(key).startswith(_UNIT))
    unit = next(units, "").strip()
    return f"{text} {unit}" if unit and not _GRAMS.fullmatch(unit) else text


@lru_cache(maxsize=1_024)
def _meaning(name: str) -> str:
    """What names of the same field have in common; a field that may have several has several names."""
    found = OWN.meaning(name)
    if found is None or found.column.repeats:
        return fold(name)
    return f"{found.column.key} {found.suffix}"


@lru_cache(maxsize=1_024)
def _is_weight(name: str) -> bool:
    meaning = OWN.meaning(name)
    return meaning is not None and meaning.column.key == "weight"
