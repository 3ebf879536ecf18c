"""Reads a JSON document with a list of products, one product at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from medusa_sync.errors import SourceError
from medusa_sync.sources import lenient
from medusa_sync.sources.base import Entry, Refused
from medusa_sync.sources.decoding import entry
from medusa_sync.sources.formats import LISTS
from medusa_sync.sources.json_text import JsonText

_HINT = "Nothing was removed. Write the whole file, then run again."
_ONE_PAGE = (
    "Nothing was removed. Pages are followed only from a URL that does not end like a file; a file must have "
    "all products."
)
_SHAPE = f"It must be an array of products, or an object with one of the arrays {', '.join(LISTS)}."


def read_json(stream: BinaryIO, detected: Callable[[str], object]) -> Iterator[Entry | Refused]:
    """Read an array of products, or an object that has one.

    Raises:
        SourceError: the document is malformed, incomplete, or has no list of products.
    """
    text = JsonText(stream)
    start = text.next()
    if start not in {"[", "{"}:
        raise SourceError("the file is not a list of products in JSON", hint=_SHAPE)
    detected("JSON")
    yield from _array(text) if start == "[" else _object(text)
    if text.next():
        raise text.malformed("is not JSON: it goes on after its end")


def _array(text: JsonText) -> Iterator[Entry | Refused]:
    text.take("[")
    if text.next() == "]":
        text.take("]")
        return
    number, end = 0, ""
    while end != "]":
        number += 1
        value, raw = text.value()
        yield entry(value, raw, f"product {number}")
        end = text.take(",", "]")


def _object(text: JsonText) -> Iterator[Entry | Refused]:
    found, total, following, count = "", None, None, 0
    for name in _names(text):
        if name in LISTS and text.next() == "[":
            if found:
                raise SourceError(f"the file has two lists of products, {found} and {name}", hint=_SHAPE)
            found = name
            for each in _array(text):
                count += 1
                yield each
        else:
            value, _ = text.value()
            if name == "total":
                total = lenient.whole(value) if isinstance(value, float) else value
            following = value if name == "next" else following
    if not found:
        raise SourceError("the file has no list of products", hint=_SHAPE)
    if total is not None and (not isinstance(total, int) or total < 0):
        raise SourceError("the total of the file is not a number of products", hint=_HINT)
    if total is not None and count < total:
        raise SourceError(f"the file has {count} of {total} products", hint=_HINT)
    if following and isinstance(following, str):
        raise SourceError("the file is one page of several: it names the next one", hint=_ONE_PAGE)


def _names(text: JsonText) -> Iterator[str]:
    """The names of the members of an object; the caller takes each value."""
    text.take("{")
    if text.next() == "}":
        text.take("}")
        return
    end = ""
    while end != "}":
        if text.next() != '"':
            raise text.malformed("is not complete JSON: expected a name in quotes")
        name, _ = text.value()
        text.take(":")
        yield name
        end = text.take(",", "}")
