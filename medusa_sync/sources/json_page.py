"""A page of an API: its items, and what it says about those that follow."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from medusa_sync.errors import SourceError
from medusa_sync.response import Response
from medusa_sync.sources.base import CHECK_SOURCE
from medusa_sync.sources.formats import LISTS
from medusa_sync.sources.mapping import readable
from medusa_sync.sources.text import decode_json


class JsonPage(Struct, frozen=True):
    """A page of products, and what it says about the source and the next page.

    Attributes:
        items: not decoded yet, or decoded if the page is not quite valid.
        total: how many products the source has.
        pages: how many pages the source has.
        next_url: absolute or relative.
        is_dummyjson: it has the form of DummyJSON's pages.
        url: that sent it.
    """

    items: list[Any]
    total: int | None = None
    pages: int | None = None
    has_more: bool = False
    next_url: str | None = None
    cursor: str = ""
    is_dummyjson: bool = False
    url: str = ""


class _Page(Struct):
    products: list[Any] | msgspec.UnsetType = msgspec.UNSET
    items: Any = None  # may be something else if there are `products`
    data: Any = None
    results: Any = None
    total: Annotated[int, Meta(ge=0)] | None = None
    next: str | None = None
    next_cursor: Any = None
    has_more: Any = None
    hasMore: Any = None  # noqa: N815 - the other spelling
    total_pages: Any = None
    totalPages: Any = None  # noqa: N815 - the other spelling


class _RawPage(_Page):
    products: list[Raw] | msgspec.UnsetType = msgspec.UNSET  # decoded one at a time: it takes less memory


_ANY_PAGE: Any = _Page | list[Any]
_ANY_RAW_PAGE: Any = _RawPage | list[Raw]


def decode_page(response: Response, url: str, *, as_item: bool = False) -> JsonPage:
    """Decode an array, or an object with one of the arrays `LISTS`; any other object may be one item.

    Raises:
        SourceError: it is not JSON, or has another form.
    """
    try:
        page = _parsed(response.body)
    except RecursionError as error:
        raise _problem(url, "is nested too deeply to be a page of products") from error
    except msgspec.ValidationError as error:
        raise _problem(url, f"is not a page of products: {readable(error)}") from error
    except ValueError as error:  # not JSON, or not UTF-8
        is_html = response.body.lstrip()[:1] == b"<"
        raise _problem(url, "is HTML, not JSON" if is_html else f"is not complete JSON ({error})") from error
    name = next((each for each in LISTS if isinstance(getattr(page, each), list)), None)
    if name is None and as_item:
        following = response.next_url or page.next or None
        return JsonPage([Raw(response.body)], None if following else 1, next_url=following, url=response.url)
    if name is None:
        *names, last = (f"`{each}`" for each in LISTS)
        forms = f"an array, or an object with {', '.join(names)} or {last}"
        problem = f"{url}: the response is not a page of products: expected {forms}"
        hint = "A program of --source-map gets any other object as a whole, with --source-format json."
        raise SourceError(problem, hint=hint)
    total, pages = (response.headers.get(each, "") for each in ("x-wp-total", "x-wp-totalpages"))
    is_counted = total.isdecimal() and pages.isdecimal()  # by WooCommerce
    return JsonPage(
        getattr(page, name),
        int(total) if is_counted else page.total,
        max(int(pages), 1)
        if is_counted
        else next((each for each in (page.total_pages, page.totalPages) if type(each) is int), None),
        has_more=page.has_more is True or page.hasMore is True,
        next_url=response.next_url or page.next or None,
        cursor=page.next_cursor if isinstance(page.next_cursor, str) else "",
        is_dummyjson=name == "products" and page.total is not None,
        url=response.url,
    )


def _parsed(body: bytes) -> _Page:
    """Decode with msgspec, or leniently if that fails, so that only one product is rejected."""
    page: Any = None
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        body.decode()  # products are decoded later, so check here that all of it is UTF-8
        page = msgspec.json.decode(body, type=_ANY_RAW_PAGE)
    if page is None:
        page = msgspec.convert(decode_json(body), _ANY_PAGE)
    return _Page(items=page) if isinstance(page, list) else page


def _problem(url: str, problem: str) -> SourceError:
    return SourceError(f"{url}: the response {problem}", hint=CHECK_SOURCE)
