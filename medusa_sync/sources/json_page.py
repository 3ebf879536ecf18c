"""The forms of a JSON page of products."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import Annotated, Any, BinaryIO

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from medusa_sync.errors import SourceError
from medusa_sync.sources.decoding import CHECK_SOURCE, decode

_SAMPLE = 1024 * 1024  # bytes that show whether a response is JSON


class JsonPage(Struct, frozen=True):
    """A page of products.

    Attributes:
        products: not decoded yet, or decoded if the page is not quite valid.
        total: how many products the source says it has.
        next_url: of the next page, absolute.
        is_dummyjson: it has the form of DummyJSON's pages.
    """

    products: list[Any]
    total: int | None = None
    next_url: str | None = None
    is_dummyjson: bool = False


def decode_page(body: bytes, subject: str) -> JsonPage:
    """Decode an array, or an object with `products`, `items` or `data`; `next_url` may be relative.

    Args:
        body: JSON.
        subject: of the error message.

    Raises:
        SourceError: it is not JSON, or has another form.
    """
    what = "a page of products"
    page: Any = decode(body, _ANY_PAGE, subject, what, undecoded=_ANY_RAW_PAGE)
    if isinstance(page, list):
        return JsonPage(page)
    for key in ("products", "items", "data"):
        products = getattr(page, key)
        if isinstance(products, list):
            total = None if page.total is UNSET else page.total
            return JsonPage(products, total, page.next or None, key == "products" and total is not None)
    raise SourceError(
        f"{subject} is not {what}: expected an array, or an object with `products`, `items` or `data`",
        hint=CHECK_SOURCE,
    )


def is_json(file: BinaryIO) -> bool:
    """Whether a response is to be decoded as one JSON document; the file stays at its start.

    HTML and an empty response are, because the message that they are not JSON helps most. NDJSON is not:
    its first line is a document, and more follows.
    """
    line, rest = file.readline(_SAMPLE), file.read(_SAMPLE)
    file.seek(0)
    text = (line + rest).removeprefix(BOM_UTF8).lstrip()
    if text.startswith(b"[") or not text:
        return True
    if text.startswith(b"<"):
        return text[:14].lower().startswith((b"<!doctype html", b"<html"))
    is_one_line = not rest.strip()
    return _is_document(line) == is_one_line if text.startswith(b"{") else is_one_line and _is_document(line)


def _is_document(line: bytes) -> bool:
    try:
        msgspec.json.decode(line.removeprefix(BOM_UTF8), type=Raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


class _Page(Struct):
    products: list[Any] | UnsetType = UNSET
    items: Any = None  # may be something else if there are `products`
    data: Any = None
    total: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    next: str | None = None


class _RawPage(_Page):
    products: list[Raw] | UnsetType = UNSET  # decoded one at a time, which takes less memory


_ANY_PAGE: Any = _Page | list[Any]
_ANY_RAW_PAGE: Any = _RawPage | list[Raw]
