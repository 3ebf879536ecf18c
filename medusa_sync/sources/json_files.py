"""Reads JSON with a list of products, from files and as pages of an API, and NDJSON: one product at a time.

The digest of a product is made of its text in the file, and some files have NaN or lone surrogates: ijson,
which is as fast, gives neither.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import BufferedReader, BytesIO
from types import MappingProxyType
from typing import Any, cast

import msgspec
from msgspec import Raw, structs

from medusa_sync.errors import SourceError
from medusa_sync.redact import shortened
from medusa_sync.response import Response
from medusa_sync.sources.base import CHECK_SOURCE, ONE_PAGE, Item
from medusa_sync.sources.failures import failure, is_about_failure
from medusa_sync.sources.formats import LISTS
from medusa_sync.sources.json_page import JsonPage, about, decoded, is_about
from medusa_sync.sources.text import decode_json, parse_int

LONGEST = 16 * 1024 * 1024
"""Bytes or characters of a product; a longer one is not read into memory."""

_TOO_LONG = f"a value that is longer than {LONGEST // 2**20} MB"
_CHUNK = 256 * 1024  # bytes
_DECODER = json.JSONDecoder(parse_int=parse_int)
_SPACE = re.compile(r"[ \t\n\r]*")
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+(?P<closed>"?)|[\[\]{}]', re.DOTALL)
_AFTER = frozenset(",]} \t\n\r")
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_HINT = "Nothing was removed. Write the whole file, then run again."
_ENCODING = "Nothing was removed. Export it again as UTF-8."
_FAILED = "Nothing was removed. Run again; if it happens again, check the source and its credentials."
_SHAPE = (
    f"It must be an array of products, or an object with one of the arrays {', '.join(LISTS)}. For any other "
    "object, use --source-map with a program such as .result.articles[]; for one from a URL, also "
    "--source-format json."
)


# --- documents ------------------------------------------------------------------------------------------


def read_json(file: BufferedReader, *, as_items: bool, **_: object) -> tuple[str, Iterator[Item]]:
    """Read an array of products, or an object that has one. For a map, any other object is one item.

    Raises:
        SourceError: the document is malformed, incomplete, or has no list of products.
    """
    return "JSON", _all_of(_Document(file, "the file", as_item=as_items))


def _all_of(document: _Document) -> Iterator[Item]:
    for number, product in enumerate(document, 1):
        yield Item(product, f"product {number}" if document.lists else "the file")
    page = document.about()
    has_pages = (page.pages or 0) > 1 and not (document.lists and page.total)
    if page.next_url or page.has_more or has_pages:
        raise SourceError("the file is one page of several: it says that there are more", hint=ONE_PAGE)
    if page.total is not None and page.count < page.total:
        raise SourceError(f"the file has {page.count} of {page.total} products", hint=_HINT)


def read_page(response: Response, url: str, *, as_item: bool = False) -> JsonPage:
    """Read the same of a page. Its products are not decoded yet.

    Raises:
        SourceError: it is not JSON, or has another form.
    """
    if response.body.lstrip()[:1] == b"<":
        raise SourceError(f"{url}: the response is HTML, not JSON", hint=CHECK_SOURCE)
    document = _Document(BufferedReader(BytesIO(response.body)), "the response", as_item=as_item)
    headers = {**decoded(response.headers), **({"next": response.next_url} if response.next_url else {})}
    try:
        products = [*document]
        page = document.about(headers)
    except SourceError as error:
        hint = error.hint if error.hint in {_SHAPE, _FAILED} else CHECK_SOURCE
        raise SourceError(f"{url}: {error}", hint=hint) from error
    longest = max(document.lists, key=document.lists.__getitem__, default="")
    is_dummyjson = longest == "products" and document.others.get("total") is not None
    return structs.replace(page, items=products, is_dummyjson=is_dummyjson, url=response.url)


class _Document:
    """Iterates over the products of a JSON document.

    Attributes:
        lists: how many products each list of products has, by its name; empty for an array.
        others: members beside these that may say something about other pages, or about a failure.
    """

    def __init__(self, file: BufferedReader, subject: str, *, as_item: bool) -> None:
        self._text = _Text(file, subject)
        self._subject = subject
        self._as_item = as_item
        self.lists: dict[str, int] = {}
        self.others: dict[str, Any] = {}

    def __iter__(self) -> Iterator[Raw]:
        text = self._text
        start = text.next()
        if start not in {"[", "{"}:
            text.value()
            raise SourceError(f"{self._subject} is not a list of products in JSON", hint=_SHAPE)
        yield from self._array("") if start == "[" else self._object()
        if text.next():
            raise text.malformed("is not JSON: it goes on after its end")

    def about(self, headers: Mapping[str, Any] = MappingProxyType({})) -> JsonPage:
        """What the document says about itself and others, once all of it was read."""
        try:
            return about(self.others, headers, count=sum(self.lists.values()) if self.lists else None)
        except RecursionError as error:
            raise SourceError(f"{self._subject} is nested too deeply", hint=_SHAPE) from error

    def _array(self, name: str) -> Iterator[Raw]:
        self._text.take("[")
        self.lists[name] = 0
        for number in _members(self._text, "]"):
            self.lists[name] = number
            others = [each for each in self.lists if self.lists[each] and each != name] if number == 1 else []
            if others:
                problem = f"has two lists of products, {others[0]} and {name}"
                raise SourceError(f"{self._subject} {problem}", hint=_SHAPE)
            yield Raw(self._text.raw())

    def _object(self) -> Iterator[Raw]:
        text = self._text
        members: list[bytes] = []  # of an object without a list
        found: list[str] = []  # programs for lists of other names
        text.take("{")
        for _ in _members(text, "}"):
            if text.next() != '"':
                raise text.malformed("is not complete JSON: expected a name in quotes")
            name, key = text.value()
            text.take(":")
            if name in LISTS and text.next() == "[":
                yield from self._array(name)
                continue
            value, raw = text.value()
            if self._as_item and not self.lists:
                members.append(key + b":" + raw)
            if self._as_item or is_about(name) or is_about_failure(name):
                self.others[name] = value
            if isinstance(value, list) and value and isinstance(value[0], dict):
                found.append(f".{shortened(json.dumps(name))}[]")
        if why := failure(self.others, is_item=self._as_item and not self.lists):
            raise SourceError(f"{self._subject} says that it failed: {why}", hint=_FAILED)
        if not self.lists and not self._as_item:
            hint = _SHAPE.replace(".result.articles[]", ", ".join(found[:10]) or ".result.articles[]")
            raise SourceError(f"{self._subject} has no list of products", hint=hint)
        if not self.lists:
            yield Raw(b"{" + b",".join(members) + b"}")


def _members(text: _Text, end: str) -> Iterator[int]:
    """The numbers of the members of an array or object, which the caller takes."""
    number, mark = 0, ","
    if text.next() == end:
        mark = text.take(end)
    while mark != end:
        number += 1
        yield number
        mark = text.take(",", end)


class _Text:
    """A JSON document in any of its encodings, of which only the part that is being read is in memory."""

    def __init__(self, file: BufferedReader, subject: str) -> None:
        self._subject = subject
        self._read = file.read1
        self._encoding = json.detect_encoding(file.peek(4)[:4])
        self._decoder = codecs.getincrementaldecoder(self._encoding)("surrogatepass")
        self._text = ""  # what is in memory
        self._position = 0  # in `_text`
        self._line, self._column = 1, 1  # of the start of `_text`
        self._is_damaged = False  # after `_text`
        self._ended = False

    def next(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            self._position = cast(re.Match[str], _SPACE.match(self._text, self._position)).end()
            if self._position < len(self._text) or not self._more():
                return self._text[self._position : self._position + 1]

    def take(self, *expected: str) -> str:
        """Take one of the expected characters."""
        found = self.next()
        if found not in expected:
            raise self.malformed(f"is not complete JSON: expected {' or '.join(expected)}")
        self._position += 1
        return found

    def value(self) -> tuple[Any, bytes]:
        """Take a value, decoded and as JSON."""
        try:
            return self._value()
        except RecursionError as error:
            raise self.malformed("is nested too deeply") from error

    def raw(self) -> bytes:
        """Take a value as JSON, also one that is nested too deeply to be decoded."""
        try:
            return self._value()[1]
        except RecursionError:
            return self._deep()

    def _deep(self) -> bytes:
        """Take an object or array without decoding it: up to the bracket that closes it."""
        size, depth = 0, 0
        while True:
            for found in _TOKEN.finditer(self._text, self._position + size):
                if found[0][0] == '"' and not found["closed"]:
                    break  # the rest of the text is not read yet
                size = found.end() - self._position
                depth += (found[0] in "[{") - (found[0] in "]}")
                if not depth:
                    raw = self._text[self._position : found.end()]
                    self._position = found.end()
                    return raw.encode(errors="surrogatepass")
            if self._is_long(self._position):
                raise self.malformed(f"has {_TOO_LONG}")
            if not self._more():
                raise self.malformed("is not complete JSON: it ends within a value")

    def _is_long(self, start: int) -> bool:
        return len(self._text) - start > LONGEST

    def _value(self) -> tuple[Any, bytes]:
        self.next()
        while True:
            start = problem_at = self._position
            problem = "is not complete JSON"
            try:
                value, end = _DECODER.raw_decode(self._text, start)
            except json.JSONDecodeError as error:
                problem, problem_at = f"{problem}: {error.msg}", error.pos
            else:
                # Only what follows a number shows that it is complete.
                if self._ended or not isinstance(value, int | float) or self._text[end : end + 1] in _AFTER:
                    self._position = end
                    return value, self._text[start:end].encode(errors="surrogatepass")
            if self._is_long(start):
                problem += f", or it has {_TOO_LONG}"
            elif self._more():
                continue
            raise self.malformed(problem, problem_at)

    def malformed(self, problem: str, position: int | None = None, *, hint: str = _HINT) -> SourceError:
        """Describe a problem of the file at a position; default: where the next character is."""
        line, column = self._place(self._position if position is None else position)
        return SourceError(f"{self._subject} {problem} (line {line}, column {column})", hint=hint)

    def _more(self) -> bool:
        """Read on; False at the end.

        Raises:
            SourceError: the bytes that follow are not in the encoding of the file.
        """
        if self._is_damaged:
            problem = f"is not {self._encoding.upper()}"
            raise self.malformed(problem, len(self._text), hint=_ENCODING)
        if self._ended:
            return False
        rest = self._text[self._position :]
        self._line, self._column = self._place(self._position)
        chunk = self._read(max(_CHUNK, len(rest)))
        self._ended = not chunk
        try:
            more = self._decoder.decode(chunk, final=self._ended)
        except UnicodeDecodeError as error:  # what comes before them is read
            self._is_damaged, more = True, error.object[: error.start].decode(self._encoding, "surrogatepass")
        self._text, self._position = rest + more, 0
        return True

    def _place(self, position: int) -> tuple[int, int]:
        """The line and column of a position in `_text`, counted from 1."""
        lines = self._text.count("\n", 0, position)
        if not lines:
            return self._line, self._column + position
        return self._line + lines, position - self._text.rfind("\n", 0, position)


# --- lines ----------------------------------------------------------------------------------------------


def read_ndjson(file: BufferedReader, **_: object) -> tuple[str, Iterator[Item]]:
    """Read one product after another, in UTF-8; a line that is no product is refused alone.

    Raises:
        SourceError: the last line is incomplete, or the file is UTF-16.
    """
    return "NDJSON", _products(file)


def _products(file: BufferedReader) -> Iterator[Item]:
    for number, line in enumerate(_lines(file), 1):
        if number == 1 and line.startswith(_UTF16_MARKS):
            raise SourceError("the file is UTF-16", hint="Save it as UTF-8, the only encoding of NDJSON.")
        content = line.removeprefix(_UTF8_MARK if number == 1 else b"").rstrip(b"\r\n")
        if len(content) <= LONGEST and not content.strip():
            continue
        place = f"line {number}"
        problem = ""
        try:
            _check(content)
        except ValueError as error:
            if not line.endswith(b"\n"):
                raise SourceError(f"{place}: the file ends in the middle of a product", hint=_HINT) from error
            problem = str(error)
        yield Item(None if problem else Raw(content), place, problem=problem)


def _lines(file: BufferedReader) -> Iterator[bytes]:
    """Each line with its line break; what is far beyond `LONGEST` is left out."""
    while line := file.readline(LONGEST + 2):
        end = line
        while not end.endswith(b"\n") and (end := file.readline(_CHUNK)):
            pass
        yield line if line.endswith(b"\n") or not end else line + b"\n"


def _check(line: bytes) -> None:
    """Check that a line is JSON; a `ValueError` says why not."""
    if len(line) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST // 2**20} MB")
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        msgspec.json.decode(line)
        return
    try:
        decode_json(line)  # for example NaN or a lone surrogate
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON ({error.msg} in column {error.colno})") from error
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
