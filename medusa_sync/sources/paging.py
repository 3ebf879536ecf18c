"""The pages of an API: how each kind of API is asked for the next one, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import Annotated, Any, Protocol, TypeVar
from urllib.parse import quote, urldefrag, urljoin

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from medusa_sync.errors import SourceError
from medusa_sync.response import origin
from medusa_sync.sources.base import CHECK_SOURCE, Item, PageOfParts
from medusa_sync.sources.formats import LISTS
from medusa_sync.sources.mapping import UNREADABLE, readable, usable_id
from medusa_sync.sources.schema import Id
from medusa_sync.sources.text import decode_json

PAGE_SIZE = 1_000
MAX_PAGES = 10_000  # of those that name the next one: they could go on forever
MAX_EMPTY = 100  # in a row

_PREFETCHED = 3  # pages that are requested at the same time, once the total is known
_BROKEN = "Nothing was removed. The source is broken: each page must name the next one, and the last none."

T = TypeVar("T")


# --- pages ----------------------------------------------------------------------------------------------


class JsonPage(Struct, frozen=True):
    """A page of products.

    Attributes:
        items: not decoded yet, or decoded if the page is not quite valid.
        total: how many products the source says it has.
        pages: how many pages it says it has.
        has_more: the source says that more products follow.
        next_url: of the next page, absolute or relative.
        cursor: that names the next page.
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
    products: list[Any] | UnsetType = UNSET
    items: Any = None  # may be something else if there are `products`
    data: Any = None
    total: Annotated[int, Meta(ge=0)] | None = None
    next: str | None = None
    next_cursor: Any = None
    has_more: Any = None
    hasMore: Any = None  # noqa: N815 - the other spelling
    total_pages: Any = None
    totalPages: Any = None  # noqa: N815 - the other spelling


class _RawPage(_Page):
    products: list[Raw] | UnsetType = UNSET  # decoded one at a time, which takes less memory


_ANY_PAGE: Any = _Page | list[Any]
_ANY_RAW_PAGE: Any = _RawPage | list[Raw]


def decode_page(body: bytes, subject: str) -> JsonPage:
    """Decode an array, or an object with `products`, `items` or `data`.

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
    for key in LISTS:
        items = getattr(page, key)
        if isinstance(items, list):
            pages = next((each for each in (page.total_pages, page.totalPages) if type(each) is int), None)
            return JsonPage(
                items,
                page.total,
                pages,
                has_more=page.has_more is True or page.hasMore is True,
                next_url=page.next or None,
                cursor=page.next_cursor if isinstance(page.next_cursor, str) else "",
                is_dummyjson=key == "products" and page.total is not None,
            )
    raise SourceError(
        f"{subject} is not {what}: expected an array, or an object with `products`, `items` or `data`",
        hint=CHECK_SOURCE,
    )


def decode(body: bytes, type_: type[T], subject: str, what: str, *, undecoded: type[T] | None = None) -> T:
    """Decode with msgspec, or leniently if that fails, so that only one product is rejected.

    Args:
        body: JSON.
        type_: the result.
        subject: of the error message.
        what: describes the type in the error message.
        undecoded: the type whose products are decoded one at a time, which takes less memory.

    Raises:
        SourceError: neither can decode it.
    """
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        body.decode()  # products are decoded later, so check here that all of it is UTF-8
        decoded: T = msgspec.json.decode(body, type=undecoded or type_)
        return decoded
    try:
        return msgspec.convert(decode_json(body), type_)
    except RecursionError as error:
        raise SourceError(f"{subject} is nested too deeply to be {what}", hint=CHECK_SOURCE) from error
    except msgspec.ValidationError as error:
        raise SourceError(f"{subject} is not {what}: {readable(error)}", hint=CHECK_SOURCE) from error
    except ValueError as error:  # not JSON, or not UTF-8
        kind = "is HTML, not JSON" if body.lstrip()[:1] == b"<" else f"is not complete JSON ({error})"
        raise SourceError(f"{subject} {kind}", hint=CHECK_SOURCE) from error


class _Identity(Struct):
    id: Id | float


def identity(item: Any) -> str:
    """What tells an item from others: its id, else a digest of its contents."""
    try:
        body = item if isinstance(item, Raw) else msgspec.json.encode(item)
        with suppress(msgspec.MsgspecError):
            if (source_id := usable_id(msgspec.json.decode(body, type=_Identity).id)) is not None:
                return source_id
    except UNREADABLE:
        body = repr(item).encode(errors="replace")
    return blake2b(bytes(body), digest_size=16).hexdigest()


# --- kinds ----------------------------------------------------------------------------------------------


class Place(Struct, frozen=True):
    """How far an API was read.

    Attributes:
        page: the latest one.
        number: of that page, from 1.
        position: how many items came, with those of the page.
        limit: how many are wanted; None for all.
        size: of a page, as it is requested.
        size_name: the parameter for it; empty if the URL has it, or if there is none.
    """

    page: JsonPage
    number: int
    position: int
    limit: int | None
    size: int
    size_name: str


class Kind(Struct, frozen=True):
    """A kind of paging.

    Attributes:
        name: of the kind.
        used: which APIs it is for.
        sends: what a request for a page has.
        ends: what is the last page.
        following: what to request next, as far as it is known; nothing after the last page.
        is_counted: the source can be asked for any page. If it ignores that, it sends the same page again.
    """

    name: str
    used: str
    sends: str
    ends: str
    following: Callable[[Place], Sequence[str]]
    is_counted: bool


def _offsets(at: Place) -> Sequence[str]:
    count, total = len(at.page.items), at.page.total or 0
    if not count or at.position == at.page.total:
        return []
    end = total if at.limit is None else min(total, at.limit)
    # If the total is too small or missing, only a page with nothing new is the end.
    positions = range(at.position, end, count)[:_PREFETCHED] or [at.position]
    return [offset_query(at.size, position, at.limit) for position in positions]


def offset_query(size: int, position: int, limit: int | None) -> str:
    return f"limit={size if limit is None else min(size, limit - position)}&skip={position}"


def _numbers(at: Place) -> Sequence[str]:
    pages, following = at.page.pages, at.number + 1
    is_total = pages is None and at.position == at.page.total
    if is_total or (at.number >= pages if pages else not at.page.items):
        return []
    numbers = range(following, max(following, pages or 0) + 1)[:_PREFETCHED]
    return [number_query(at.size_name, at.size, number) for number in numbers]


def number_query(size_name: str, size: int, number: int) -> str:
    return f"{size_name}={size}&page={number}" if size_name else f"page={number}"


OFFSET = Kind(
    "offset",
    "all others, such as DummyJSON",
    "`limit`, `skip`",
    "so many products came as `total` says; without a total, a page is empty or has nothing new",
    _offsets,
    is_counted=True,
)
NUMBER = Kind(
    "page number",
    "a URL with `page=` in its query, Shopify, WooCommerce",
    "`page`; to Shopify also `limit=250`, to WooCommerce `per_page=100`",
    "so many pages came as `X-WP-TotalPages`, `total_pages` or `totalPages` says; otherwise, a page is empty",
    _numbers,
    is_counted=True,
)
LINK = Kind(
    "link",
    'a first response with a `Link` header with `rel="next"`, or a member `next`',
    "the URL that the page before names",
    "a page names no other; if the source has a `total`, so many products came",
    lambda at: [at.page.next_url] if at.page.next_url else [],
    is_counted=False,
)
CURSOR = Kind(
    "cursor",
    "a first response with a member `next_cursor` and without `total`",
    "`cursor`, with the value of `next_cursor`, and `limit`",
    "a page has no `next_cursor`",
    lambda at: [f"limit={at.size}&cursor={quote(at.page.cursor, safe='')}"] if at.page.cursor else [],
    is_counted=False,
)
KINDS = (NUMBER, LINK, CURSOR, OFFSET)
"""The first one that an API fits is used."""


def kind_of(first: JsonPage) -> Kind:
    """The kind of an API that does not count its pages, by its first response."""
    if first.next_url is not None:
        return LINK
    return CURSOR if first.cursor and first.total is None else OFFSET


# --- reading --------------------------------------------------------------------------------------------


class Requests(Protocol):
    """Requests pages of an API."""

    @property
    def url(self) -> str:
        """Of the products, without a query."""

    async def page(self, query: str) -> JsonPage:
        """Request a page by its part of the query."""

    async def linked(self, url: str) -> JsonPage:
        """Request a page that another one named."""


async def read_pages(
    api: Requests,
    kind: Kind,
    first: JsonPage,
    limit: int | None,
    *,
    size: int = 0,
    size_name: str = "",
    number: int = 1,
) -> AsyncGenerator[PageOfParts, None]:
    """The first page and all that follow.

    Args:
        api: that sends them.
        kind: of the API.
        first: the first page.
        limit: how many items are wanted; None for all.
        size: of pages, as they are requested; 0 if the URL says it.
        size_name: the parameter for it; empty if pages are requested without a size.
        number: of the first page.

    Raises:
        SourceError: a page cannot be read, or the source ends before its total, or perhaps before its end.
    """
    page, position, empty = first, 0, 0
    previous = JsonPage([])
    named = set[str]()
    requests: dict[str, asyncio.Task[JsonPage]] = {}
    try:
        while True:
            total = page.total or 0
            items = page.items[: None if limit is None else limit - position]
            is_open = kind is OFFSET or (kind is NUMBER and page.pages is None)
            beyond_total = is_open and position > total
            if beyond_total and _is_repeated(items, previous.items):
                start = position - len(previous.items)
                asked = size if limit is None else min(size, limit - start)
                _check_end(api.url, page, previous, asked or len(items))
                return
            position += len(items)
            at = Place(page, number, position, limit, size, size_name)
            following = [] if position == limit else kind.following(at)
            is_early = not following and position < total and position != limit
            empty = 0 if items else empty + 1
            if empty == MAX_EMPTY and following:
                raise SourceError(
                    f"{api.url}: the source does not end: it has sent {empty} empty pages that name a next "
                    "one",
                    hint=_BROKEN,
                )
            for key in requests.keys() - set(following):
                await cancel([requests.pop(key)])
            for key in following:  # requested while the caller works on this page
                if key not in requests:
                    requests[key] = asyncio.create_task(_request(api, kind, key, page, named))
            if items or not is_early:
                parts = (Item(each, f"item {n} of page {number}") for n, each in enumerate(items, 1))
                yield PageOfParts(tuple(parts), page.total, beyond_total)
            if is_early:
                raise SourceError(
                    f"{api.url}: the source ended after {position} of {total} products",
                    hint="No product was removed. Run again; if it happens again, the source is broken.",
                )
            if not following:
                return
            previous, number = page, number + 1
            page = await requests.pop(following[0])
    finally:
        await cancel(requests.values())


def _is_repeated(items: Sequence[Any], previous: Sequence[Any]) -> bool:
    """Whether the items are the first ones of the page before; their contents may have changed."""
    return [*map(identity, items)] == [*map(identity, previous[: len(items)])]


def _check_end(url: str, page: JsonPage, previous: JsonPage, asked: int) -> None:
    """Check that a source that sends the same page again has no others.

    Raises:
        SourceError: it may have.
    """
    count = len(previous.items)
    if page.items and page.total is None and count == asked:
        raise SourceError(
            f"{url}: the source sent the same {count} products again",
            hint="It seems to ignore which page is requested, so it may have more products.",
        )
    if previous.has_more or (page.items and (previous.pages or 0) > 1):
        raise SourceError(
            f"{url}: the source says that it has more products, but does not send them",
            hint="No product was removed. If it counts its pages, add page=1 to the query of --source.",
        )


async def _request(api: Requests, kind: Kind, key: str, page: JsonPage, named: set[str]) -> JsonPage:
    """Request a page: by its part of the query, or by its URL if the page before names it."""
    if kind.is_counted:
        return await api.page(key)
    if kind is LINK:
        try:
            key = urldefrag(urljoin(page.url, key)).url
            origin(key)
        except ValueError as error:
            raise SourceError(f"{api.url}: the URL of the next page is invalid", hint=_BROKEN) from error
    if key in named:
        raise SourceError(f"{api.url}: the pages form a loop: one names an earlier page", hint=_BROKEN)
    if len(named) + 1 >= MAX_PAGES:
        raise SourceError(
            f"{api.url}: the source does not end: it has more than {MAX_PAGES} pages",
            hint="No product was removed. Ask for larger pages in the query of --source.",
        )
    named.add(key)
    return await (api.linked(key) if kind is LINK else api.page(key))


async def cancel(requests: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel requests, and wait until they have ended."""
    cancelled = list(requests)
    for request in cancelled:
        request.cancel()
    await asyncio.gather(*cancelled, return_exceptions=True)
