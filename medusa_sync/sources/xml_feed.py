"""Reads the products of RSS and Atom feeds with Google Merchant's attributes (see docs/formats.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import BinaryIO
from xml.parsers import expat

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Item, Part, Reading, Refused
from medusa_sync.sources.dialects.base import Header, Row, fold
from medusa_sync.sources.dialects.google import GOOGLE
from medusa_sync.sources.dialects.groups import products
from medusa_sync.sources.text import shortened

_CHUNK = 64 * 1024
_MAX_TOKEN = 16 * 1024 * 1024  # bytes of a tag or comment, which the parser keeps in memory
_MAX_DEPTH = 1_000  # elements; a feed has 5
_MAX_TEXT = 100_000  # characters of an attribute; more than any field may have
_MAX_ITEM = 1_000_000  # characters of an item
_ROOTS = {"rss": "RSS", "RDF": "RSS", "feed": "Atom"}
_ITEMS = frozenset({"item", "entry"})
_GOOGLE = "base.google.com/ns/"
_OTHER = ("", "http://www.w3.org/2005/Atom", "http://purl.org/rss/1.0/")  # namespaces of feeds themselves
_KEYS = {fold(name): column.key for column in GOOGLE.columns if column.field for name in column.names} | {
    "summary": "description",
    "content": "description",
}
_REPEATED = frozenset(column.key for column in GOOGLE.columns if column.repeats)
_ENDED = frozenset(  # the errors of a document that ends too early
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
    )
)
_HEADER = Header((), {}, 0, "item")
_HINT = "The source must be an RSS 2.0 or Atom feed in UTF-8, or in the encoding that its first line names."
_BLANK = b"\xef\xbb\xbf \t\r\n"  # in front of the XML, where it is not allowed but common


def read_feed(file: BinaryIO, reading: Reading) -> Iterator[Part]:
    """Read the products of a feed, one after another, or its items if they need a map.

    Raises:
        SourceError: it is no feed, or not well-formed. All products before that are complete and were
            yielded, except the last one, which may have more items.
    """
    items = _items(file, reading)
    if not reading.as_items:
        return products((each.row() for each in items), GOOGLE)
    return (
        Refused(None, each.place, each.problem) if each.problem else Item(each.values(), each.place)
        for each in items
    )


def _items(file: BinaryIO, reading: Reading) -> Iterator[_Item]:
    parser = _Parser(reading)
    is_blank = True
    while chunk := file.read(_CHUNK):
        content = chunk.lstrip(_BLANK) if is_blank else chunk
        is_blank = is_blank and not content
        yield from parser.feed(content)
    if is_blank:
        raise SourceError("it is empty", hint=_HINT)
    yield from parser.feed(b"", is_last=True)


class _Parser:
    """Finds the items of a feed in its chunks.

    A document type declaration is refused at its start. So nothing can declare an entity: none can grow, and
    none can be read from another file or URL.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._encoding = ""
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.XmlDeclHandler = self._declaration
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._size = 0  # bytes so far
        self._depth = 0
        self._number = 0  # of items
        self._item: _Item | None = None
        self._item_depth = 0
        self._found: list[_Item] = []

    def feed(self, chunk: bytes, *, is_last: bool = False) -> Iterator[_Item]:
        """The items that end in a chunk."""
        self._size += len(chunk)
        problem: SourceError | None = None
        try:
            self._parser.Parse(chunk, is_last)
        except expat.ExpatError as error:
            problem = self._malformed(error)
        except SourceError as error:
            problem = error
        except (LookupError, ValueError) as error:
            if self._depth:
                raise
            problem = SourceError(f"its encoding cannot be read ({error})", hint=_HINT)
        found, self._found = self._found, []
        yield from found
        if problem is not None:
            raise problem
        if self._size - self._parser.CurrentByteIndex > _MAX_TOKEN:
            raise SourceError(
                f"{self._line}: a tag or comment has more than {_MAX_TOKEN // 2**20} MB", hint=_HINT
            )

    @property
    def _line(self) -> str:
        return f"line {self._parser.CurrentLineNumber}"

    def _malformed(self, error: expat.ExpatError) -> SourceError:
        where, what = f"line {error.lineno}, column {error.offset + 1}", expat.ErrorString(error.code)
        if self._depth and error.code in _ENDED:
            return SourceError(
                f"{where}: the feed is incomplete: it ends in the middle ({what})",
                hint="Write the file under another name, rename it when it is complete, and run again.",
            )
        return SourceError(f"{where}: it is not well-formed XML ({what})", hint=_HINT)

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self._encoding = encoding or ""

    def _doctype(self, name: str, *_: object) -> None:
        if name.lower() == "html":
            raise SourceError("it is HTML, not a feed", hint=_HINT)
        raise SourceError(
            f"{self._line}: it has a document type declaration (DTD), which could make a small file huge",
            hint="Remove <!DOCTYPE ...> from the feed; feeds do not need it.",
        )

    def _start(self, name: str, _attributes: Mapping[str, str]) -> None:
        local = name.rpartition(" ")[2]
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise SourceError(f"{self._line}: it is nested too deeply to be a feed", hint=_HINT)
        if self._depth == 1:
            self._root(local)
        if self._item is not None:
            self._item.start(name, self._depth - self._item_depth)
        elif local in _ITEMS:
            self._number += 1
            self._item, self._item_depth = _Item(self._number, has_all=self._reading.as_items), self._depth

    def _root(self, name: str) -> None:
        if name not in _ROOTS:
            kind = "HTML" if name.lower() == "html" else f"XML of another kind: <{shortened(name)}>"
            raise SourceError(f"it is {kind}, not a feed", hint=_HINT)
        encoding = "" if self._encoding.lower() in {"", "utf-8"} else f", {self._encoding}"
        kind = "" if self._reading.as_items else f" ({GOOGLE.name})"
        self._reading.detected(f"{_ROOTS[name]}{kind}{encoding}")

    def _text(self, text: str) -> None:
        if self._item is not None:
            self._item.add(text)

    def _end(self, _name: str) -> None:
        if self._item is not None:
            if self._depth == self._item_depth:
                self._found.append(self._item)
                self._item = None
            else:
                self._item.end(self._depth - self._item_depth)
        self._depth -= 1


class _Item:
    """Collects the attributes of an item: all of them for a map, else those that the dialect knows.

    Google's namespace takes precedence over that of the feed: `g:id` over the `id` of Atom.

    Attributes:
        place: such as `item 7`.
        problem: why its product is refused.
    """

    def __init__(self, number: int, *, has_all: bool) -> None:
        self.place = f"item {number}"
        self.problem = ""
        self._number = number
        self._has_all = has_all
        self._values: dict[str, list[str]] = {}  # in Google's namespace
        self._others: dict[str, list[str]] = {}
        self._target: list[str] | None = None  # where the text of the current attribute goes
        self._name = ""
        self._is_googles = False
        self._size = 0  # of the current attribute
        self._total = 0  # of all attributes that are kept
        self._depth = 0

    def start(self, name: str, depth: int) -> None:
        """An element at this depth below the item begins; attributes are at 1."""
        self._depth = depth
        if depth == 1:
            namespace, _, self._name = name.rpartition(" ")
            self._is_googles = _GOOGLE in namespace
            is_known = self._is_googles or namespace in _OTHER
            is_wanted = is_known and (self._has_all or _key(self._name))
            self._size, self._target = 0, [] if is_wanted else None

    def add(self, text: str) -> None:
        if self._target is None or self._depth != 1:
            return
        self._size += len(text)
        if self._size > _MAX_TEXT:
            self.problem = f"{self._name} has more than {_MAX_TEXT:,} characters"
        elif self._total > _MAX_ITEM:
            self.problem = f"it has more than {_MAX_ITEM:,} characters"
        else:
            self._total += len(text)
            self._target.append(text)

    def end(self, depth: int) -> None:
        self._depth = depth - 1
        if depth == 1 and self._target is not None:
            if value := "".join(self._target).strip():
                values = self._values if self._is_googles else self._others
                values.setdefault(self._name, []).append(value)
            self._target = None

    def values(self) -> dict[str, str | list[str]]:
        """The attributes by their names without a prefix; those that are repeated have a list."""
        return {
            name: each[0] if len(each) == 1 else each
            for name, each in {**self._others, **self._values}.items()
        }

    def row(self) -> Row:
        """A row of the table that has the same attributes."""
        values = _by_key(self._others) | _by_key(self._values)
        cells = {key: each[0] for key, each in values.items() if key not in _REPEATED}
        series = {
            key: {str(number): value for number, value in enumerate(values[key], 1)}
            for key in _REPEATED & values.keys()
        }
        return Row(_HEADER, self._number, cells, series, self.problem)


def _by_key(values: Mapping[str, list[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, each in values.items():
        found.setdefault(_key(name), []).extend(each)
    return found


@lru_cache(maxsize=1_024)
def _key(name: str) -> str:
    """The key of the column for an attribute; empty if it is ignored."""
    return _KEYS.get(fold(name), "")
