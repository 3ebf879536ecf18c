"""Finds the items of an XML file, which may be of any size."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from io import BufferedReader
from typing import Any
from xml.parsers import expat

from msgspec import Struct, field

from medusa_sync.errors import SourceError
from medusa_sync.redact import shortened

_CHUNK = 64 * 1024
MAX_NAMES = 50_000  # of elements and attributes, which the parser keeps
MAX_NAMES_SIZE = 2**22  # characters of them
MAX_TOKEN = 16 * 1024 * 1024  # bytes of a tag or comment, which the parser keeps in memory
_MAX_DEPTH = 200  # elements; a feed has 5
_MAX_ITEM = 1_000_000  # characters; more than all fields may have
_ENDED = frozenset(  # errors of a file that ends too early
    expat.errors.codes[getattr(expat.errors, f"XML_ERROR_{name}")]
    for name in ("NO_ELEMENTS", "UNCLOSED_TOKEN", "UNCLOSED_CDATA_SECTION", "PARTIAL_CHAR")
)
_HINT = "The source must be XML in UTF-8, or in the encoding that its first line names."
_ENTITY = "Replace each entity such as &name; by its text, and remove <!ENTITY ...> from the file."
_NAMES = "Export the products as elements of the same name, with numbers and codes as their values."
_EMPTY = frozenset({"br", "hr", "img", "wbr"})  # elements of HTML without an end
# fmt: off
_ONLY_HTML = frozenset([
    "p", "br", "div", "span", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "hr",
    "table", "blockquote", "center", "font",
])
_HTML = _ONLY_HTML | frozenset([  # others may be anything: a feed has `<imgs><i url=.../></imgs>`
    "a", "abbr", "b", "big", "caption", "cite", "code", "col", "colgroup", "dd", "del", "dl", "dt", "i",
    "img", "ins", "li", "mark", "nobr", "pre", "q", "s", "small", "strike", "sub", "sup", "tbody", "td",
    "tfoot", "th", "thead", "tr", "tt", "u", "wbr",
])
# fmt: on
_TAG = re.compile("</?[a-zA-Z]")
_BLANK = b"\xef\xbb\xbf \t\r\n"  # in front of the XML, where it is not allowed but common


class Element(Struct):
    """An element of an item, or the item.

    Attributes:
        name: with its namespace and a space in front, if it has one.
        content: the text in it, but not in its children.
        at: how much of the content of its parent comes before it.
        problem: of an item: why its product is rejected.
        is_noted: only the start of its text is kept, which shows that it has one.
    """

    name: str
    attributes: Mapping[str, str]
    children: list[Element] = field(default_factory=list)
    content: str = ""
    at: int = 0
    problem: str = ""
    is_noted: bool = False

    @property
    def local(self) -> str:
        return _local(self.name)

    @property
    def namespace(self) -> str:
        return self.name.rpartition(" ")[0]

    @property
    def text(self) -> str:
        """Its text; if all elements in it are of HTML, with these."""
        if not self.children or not self._names <= _HTML:
            return self.content.strip()
        is_html_already = _TAG.search(self.content) is not None
        return _html(self, str if is_html_already else _escaped).strip()

    def value(self, meaning: Callable[[str], str] = str) -> Any:
        """A text, or an object with attributes as `@name`, elements, and a text beside them as `#text`.

        The name of an element of a foreign namespace has that in front if it means the same as another one.
        """
        names = self._names
        is_text = not names.isdisjoint(_ONLY_HTML) or bool(self.content.strip())
        is_text = not names or (is_text and names <= _HTML)
        members = [(f"@{_local(name)}", text) for name, text in self.attributes.items()]
        own = {meaning(child.local) for child in self.children if child.namespace == self.namespace}
        for child in () if is_text else self.children:
            is_foreign = child.namespace != self.namespace and meaning(child.local) in own
            members.append((child.name if is_foreign else child.local, child.value(meaning)))
        text = self.text if is_text else self.content.strip()
        return grouped([*members, ("#text", text)] if members and text else members) or text

    @property
    def _names(self) -> set[str]:
        return {child.local.lower() for child in self.children}


def grouped(members: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a name that is repeated has an array."""
    found: dict[str, list[Any]] = {}
    for name, value in members:
        found.setdefault(name, []).append(value)
    return {name: each[0] if len(each) == 1 else each for name, each in found.items()}


class Parser:
    """Finds the items of a file in its chunks.

    The declaration of an entity is refused at its start. So none can grow, and none can be read from another
    file or URL.

    Args:
        is_item: whether an element is an item, by the names on the way to it.
        is_wanted: whether an element in an item is wanted, by its name and its depth there.
        is_noted: whether it only matters that such an element of an item has a text, by its name.
        outside: called with each element that is in no item, by the names on the way to it.

    Attributes:
        encoding: that the first line names; empty without one.
    """

    def __init__(
        self,
        is_item: Callable[[Sequence[str]], bool],
        is_wanted: Callable[[str, int], bool] = lambda _name, _depth: True,
        outside: Callable[[Sequence[str], Mapping[str, str]], None] = lambda _way, _attributes: None,
        is_noted: Callable[[str], bool] = lambda _name: False,
    ) -> None:
        self._is_item, self._is_wanted, self._outside = is_item, is_wanted, outside
        self._is_noted = is_noted
        self.encoding = ""
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.XmlDeclHandler = self._declaration
        self._parser.EntityDeclHandler = self._entity
        self._parser.SkippedEntityHandler = self._entity
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._size = 0  # bytes so far
        self._names = 0  # different ones so far
        self._way: list[str] = []
        self._open: list[Element | None] = []  # of the item; None if it is not wanted
        self._inside = 0  # characters of the item
        self._found: list[Element] = []

    def items(self, file: BufferedReader) -> Iterator[Element]:
        """The items of a file.

        Raises:
            SourceError: it is not well-formed. All items before that are complete.
        """
        is_blank = True
        file.seek(0)
        try:
            while chunk := file.read1(_CHUNK):
                content = chunk.lstrip(_BLANK) if is_blank else chunk
                is_blank = is_blank and not content
                yield from self._feed(content)
            yield from self._feed(b"", is_last=True)
        finally:
            del self._parser  # its handlers refer to this object, so both would stay in memory

    def _feed(self, chunk: bytes, *, is_last: bool = False) -> Iterator[Element]:
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
            if self._way:
                raise
            problem = SourceError(f"its encoding cannot be read ({error})", hint=_HINT)
        found, self._found = self._found, []
        yield from found
        if problem is not None:
            raise problem
        if self._size - self._parser.CurrentByteIndex > MAX_TOKEN:
            raise self._error(f"a tag or comment has more than {MAX_TOKEN // 2**20} MB")
        names = self._parser.intern
        if len(names) != self._names:
            self._names = len(names)
            if self._names > MAX_NAMES or sum(map(len, names)) > MAX_NAMES_SIZE:
                raise self._error("its elements and attributes have too many different names", _NAMES)

    def _error(self, problem: str, hint: str = _HINT) -> SourceError:
        return SourceError(f"line {self._parser.CurrentLineNumber}: {problem}", hint=hint)

    def _malformed(self, error: expat.ExpatError) -> SourceError:
        where, what = f"line {error.lineno}, column {error.offset + 1}", expat.ErrorString(error.code)
        if self._way and error.code in _ENDED:
            return SourceError(
                f"{where}: the file is incomplete: it ends in the middle ({what})",
                hint="Write the file under another name, rename it when it is complete, and run again.",
            )
        return SourceError(f"{where}: it is not well-formed XML ({what})", hint=_HINT)

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.encoding = encoding or ""

    def _entity(self, name: str, *_: object) -> None:
        raise self._error(f"it has the entity {shortened(name)}, which could make a small file huge", _ENTITY)

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._way.append(_local(name))
        if len(self._way) > _MAX_DEPTH:
            raise self._error("it is nested too deeply to be a catalogue")
        if not self._open and not self._is_item(self._way):
            self._outside(self._way, attributes)
            return
        if not self._open:
            self._item, self._inside = Element(name, attributes), 0
            self._open.append(self._item)
            return
        parent, element = self._open[-1], None
        if parent is not None and not parent.is_noted and self._is_wanted(name, len(self._open)):
            is_noted = len(self._open) == 1 and self._is_noted(name)
            attributes = {} if is_noted else attributes
            element = Element(name, attributes, at=len(parent.content), is_noted=is_noted)
            attached = sum(map(len, (*attributes, *attributes.values()))) if attributes else 0
            if self._grows(len(name) + attached):
                parent.children.append(element)
        self._open.append(element)

    def _text(self, text: str) -> None:
        if self._open and (element := self._open[-1]):
            if element.is_noted:
                element.content = element.content or text.strip()[:1]
            elif self._grows(len(text)):
                element.content += text

    def _grows(self, size: int) -> bool:
        """Count characters of the item; returns False if it has too many."""
        self._inside += size
        if self._inside > _MAX_ITEM:
            self._item.problem = f"it has more than {_MAX_ITEM:,} characters"
        return self._inside <= _MAX_ITEM

    def _end(self, _name: str) -> None:
        self._way.pop()
        if self._open:
            self._open.pop()
            self._found += [] if self._open else [self._item]


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


# --- markup ---------------------------------------------------------------------------------------------


def _html(element: Element, written: Callable[[str], str]) -> str:
    """What is in an element, in the order of the source."""
    parts, end = list[str](), 0
    for child in element.children:
        parts += [written(element.content[end : child.at]), _tagged(child)]
        end = child.at
    return "".join([*parts, written(element.content[end:])])


def _tagged(element: Element) -> str:
    tag = element.local.lower()
    attributes = (f' {_local(name)}="{escape(text)}"' for name, text in element.attributes.items())
    inside = "" if tag in _EMPTY else f"{_html(element, _escaped)}</{tag}>"
    return f"<{tag}{''.join(attributes)}>{inside}"


def _escaped(text: str) -> str:
    return escape(text, quote=False)
