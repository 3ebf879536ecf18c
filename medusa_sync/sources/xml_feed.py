"""Reads the products of RSS and Atom feeds with Google Merchant's attributes (see docs/formats.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from io import BufferedReader
from itertools import chain, islice
from xml.parsers import expat

from medusa_sync.errors import SourceError
from medusa_sync.redact import shortened
from medusa_sync.sources.base import ONE_PAGE, Item
from medusa_sync.sources.dialects.base import Header, Row, products
from medusa_sync.sources.dialects.google import GOOGLE
from medusa_sync.sources.text import fold

_CHUNK = 64 * 1024
MAX_TOKEN = 16 * 1024 * 1024  # bytes of a tag or comment, which the parser keeps in memory
_MAX_DEPTH = 1_000  # elements; a feed has 5
_MAX_TEXT = 100_000  # characters of an attribute; more than any field may have
_MAX_ITEM = 1_000_000  # characters of an item
_ROOTS = {"rss": "RSS", "RDF": "RSS", "feed": "Atom"}
_ITEMS = frozenset({"item", "entry"})
_GOOGLE = "base.google.com/ns/"
_OTHER = ("", "http://www.w3.org/2005/Atom", "http://purl.org/rss/1.0/")  # namespaces of feeds themselves
_PAGES = frozenset({"next", "prev-archive"})  # what a link is to
_SAME = {"summary": "description", "content": "description"}  # Atom's
_WANTED = frozenset(fold(name) for column in GOOGLE.columns if column.field for name in column.names)
_ENDED = frozenset(  # errors of a feed that ends too early
    expat.errors.codes[getattr(expat.errors, f"XML_ERROR_{name}")]
    for name in ("NO_ELEMENTS", "UNCLOSED_TOKEN", "UNCLOSED_CDATA_SECTION", "PARTIAL_CHAR")
)
_HINT = "The source must be an RSS 2.0 or Atom feed in UTF-8, or in the encoding that its first line names."
_BLANK = b"\xef\xbb\xbf \t\r\n"  # in front of the XML, where it is not allowed but common


def read_feed(file: BufferedReader, *, as_items: bool, **_: object) -> tuple[str, Iterator[Item]]:
    """Read the products of a feed, one after another, or its items if they need a map.

    Raises:
        SourceError: it is no feed, or not well-formed. All products before that are complete and were
            yielded, except the last one, which may have more items.
    """
    parser = _Parser(as_items=as_items)
    items = _items(file, parser)
    items = chain([*islice(items, 1)], items)  # the first one shows that it is a feed
    if not as_items:
        return parser.format, products((each.row() for each in items), GOOGLE)
    return parser.format, (Item(each.values(), each.place, problem=each.problem) for each in items)


def _items(file: BufferedReader, parser: _Parser) -> Iterator[_Item]:
    is_blank = True
    while chunk := file.read1(_CHUNK):
        content = chunk.lstrip(_BLANK) if is_blank else chunk
        is_blank = is_blank and not content
        yield from parser.feed(content)
    yield from parser.feed(b"", is_last=True)
    if parser.is_page:
        raise SourceError("the feed is one page of several: it names another one", hint=ONE_PAGE)


class _Parser:
    """Finds the items of a feed in its chunks.

    Attributes:
        format: of the feed; empty until the first element.
        is_page: it names another page (RFC 5005).

    A document type declaration is refused at its start. So nothing can declare an entity: none can grow, and
    none can be read from another file or URL.
    """

    def __init__(self, *, as_items: bool) -> None:
        self.format = ""
        self.is_page = False
        self._as_items = as_items
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
        self._name = ""  # of the attribute that is read
        self._length = 0  # of its text
        self._texts: list[str] | None = None  # of it; None if it is not wanted
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
        if self._size - self._parser.CurrentByteIndex > MAX_TOKEN:
            raise self._error(f"a tag or comment has more than {MAX_TOKEN // 2**20} MB")

    def _error(self, problem: str, hint: str = _HINT) -> SourceError:
        return SourceError(f"line {self._parser.CurrentLineNumber}: {problem}", hint=hint)

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

    def _doctype(self, *_: object) -> None:
        raise self._error(
            "it has a document type declaration (DTD), which could make a small file huge",
            "Remove <!DOCTYPE ...> from the feed; feeds do not need it.",
        )

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error("it is nested too deeply to be a feed")
        if self._depth == 1:
            self._root(local)
        if self._item is None and local == "link" and attributes.get("href"):
            self.is_page = self.is_page or attributes.get("rel", "").lower() in _PAGES
        if self._item is None and local in _ITEMS:
            self._number += 1
            self._item, self._item_depth = _Item(self._number), self._depth
        elif self._item is not None and self._depth == self._item_depth + 1:
            is_known = _GOOGLE in namespace or namespace in _OTHER
            is_wanted = is_known and (self._as_items or _key(local) in _WANTED)
            self._name, self._length, self._texts = name, 0, [] if is_wanted else None

    def _root(self, name: str) -> None:
        if name not in _ROOTS:
            raise SourceError(f"it is XML of another kind: <{shortened(name)}>, not a feed", hint=_HINT)
        encoding = "" if self._encoding.lower() in {"", "utf-8"} else f", {self._encoding}"
        self.format = f"{_ROOTS[name]}{'' if self._as_items else f' ({GOOGLE.name})'}{encoding}"

    def _text(self, text: str) -> None:
        item = self._item
        if item is None or self._texts is None or self._depth != self._item_depth + 1:
            return
        self._length += len(text)
        if self._length > _MAX_TEXT:
            item.problem = f"{self._name.rpartition(' ')[2]} has more than {_MAX_TEXT:,} characters"
        elif item.size > _MAX_ITEM:
            item.problem = f"it has more than {_MAX_ITEM:,} characters"
        else:
            item.size += len(text)
            self._texts.append(text)

    def _end(self, name: str) -> None:
        if self._item is not None and self._depth == self._item_depth:
            self._found.append(self._item)
            self._item = None
        elif self._item is not None and self._depth == self._item_depth + 1:
            namespace, _, local = name.rpartition(" ")
            if value := "".join(self._texts or ()).strip():
                self._item.attributes.append((_GOOGLE in namespace, local, value))
            self._texts = None
        self._depth -= 1


class _Item:
    """The attributes of an item: all of them for a map, else those that the dialect knows.

    Those in Google's namespace take precedence over those of the feed: `g:id` over the `id` of Atom.

    Attributes:
        attributes: whether it is Google's, the name and the text of each.
        problem: why its product is rejected.
        size: characters in the attributes.
    """

    def __init__(self, number: int) -> None:
        self.place = f"item {number}"
        self.attributes: list[tuple[bool, str, str]] = []
        self.problem = ""
        self.size = 0
        self._number = number

    def values(self) -> dict[str, str | list[str]]:
        """The attributes by their names without a prefix; those that are repeated have a list."""
        found: dict[str, list[str]] = {}
        for name, value in self._preferred(str):
            found.setdefault(name, []).append(value)
        return {name: each[0] if len(each) == 1 else each for name, each in found.items()}

    def row(self) -> Row:
        """A row of a table that has the same attributes; of two that mean the same, the first."""
        found = dict.fromkeys(self._preferred(_key))
        names: list[str] = []
        for name, _ in found:
            same = _SAME.get(name, name)
            names.append(name if same in names else same)
        header = _header(tuple(names))
        problem = f"it has two values for {header.repeated[0]}" if header.repeated else ""
        return header.row(self._number, [value for _, value in found], self.problem or problem)

    def _preferred(self, key: Callable[[str], str]) -> list[tuple[str, str]]:
        googles = {key(name) for is_googles, name, _ in self.attributes if is_googles}
        return [
            (name, value)
            for is_googles, name, value in self.attributes
            if is_googles or key(name) not in googles
        ]


@lru_cache(maxsize=1_024)  # most items have the same names
def _header(names: tuple[str, ...]) -> Header:
    return Header(GOOGLE, names, unit="item")


@lru_cache(maxsize=1_024)
def _key(name: str) -> str:
    """What names of the same attribute have in common."""
    return fold(_SAME.get(name, name))
