"""A page of an API: its items, and what it says about those that follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Raw, Struct, structs

from medusa_sync.errors import SourceError
from medusa_sync.response import Response
from medusa_sync.sources.base import CHECK_SOURCE
from medusa_sync.sources.formats import LISTS
from medusa_sync.sources.mapping import readable
from medusa_sync.sources.text import decode_json, fold, is_count, whole

# What APIs call it, in folded names: of headers, of members, and of members of these objects.
_OBJECTS = ("meta", "pagination", "paging", "pageinfo", "page", "links")
_TOTAL = ("xwptotal", "xtotalcount", "total", "totalcount", "totalitems", "totalelements", "totalresults")
_PAGES = ("xwptotalpages", "totalpages", "lastpage", "pagecount")
_NEXT = ("next", "nexturl", "nextlink", "nextpage", "nextpageurl")
_MORE = ("hasmore", "hasnext", "hasnextpage", "nextcursor", "nexttoken", "nextpagetoken")
_NO = ("none", "false", "0", "")
_UNNAMED = "Nothing was removed. The next page must be named in a `Link` header or a member `next`."
SAID = frozenset({*_OBJECTS, *_TOTAL, *_PAGES, *_NEXT, *_MORE})


class JsonPage(Struct, frozen=True):
    """A page of products, and what it says about the source and the next page.

    Attributes:
        items: not decoded yet, or decoded if the page is not quite valid.
        total: how many products the source has.
        pages: how many pages the source has.
        has_more: it says that there are more.
        is_last: it says that there are no more.
        next_url: absolute or relative.
        cursor: of the next page, if that is requested with it.
        is_dummyjson: it has the form of DummyJSON's pages.
        url: that sent it.
    """

    items: list[Any]
    total: int | None = None
    pages: int | None = None
    has_more: bool = False
    is_last: bool = False
    next_url: str | None = None
    cursor: str = ""
    is_dummyjson: bool = False
    url: str = ""


_ANY: Any = dict[str, Any] | list[Any]
_ANY_RAW: Any = dict[str, Raw] | list[Raw]


def decode_page(response: Response, url: str, *, as_item: bool = False) -> JsonPage:
    """Decode an array, or an object with one of the arrays `LISTS`; any other object may be one item.

    Raises:
        SourceError: it is not JSON, or has another form.
    """
    try:
        body = _parsed(response.body)
        members = {"items": body} if isinstance(body, list) else body
        name = next((each for each in LISTS if isinstance(members.get(each), list)), None)
        page = about(members, response.headers, is_item=name is None)
    except RecursionError as error:
        raise _problem(url, "is nested too deeply to be a page of products") from error
    except msgspec.ValidationError as error:
        raise _problem(url, f"is not a page of products: {readable(error)}") from error
    except ValueError as error:  # not JSON, or not UTF-8
        is_html = response.body.lstrip()[:1] == b"<"
        raise _problem(url, "is HTML, not JSON" if is_html else f"is not complete JSON ({error})") from error
    following = response.next_url or page.next_url
    if name is None and as_item:
        if (page.has_more or (page.pages or 0) > 1) and not following:
            raise _problem(url, "says that there are more, but not at which URL", _UNNAMED)
        return JsonPage([Raw(response.body)], None if following else 1, next_url=following, url=response.url)
    if name is None:
        *names, last = (f"`{each}`" for each in LISTS)
        forms = f"an array, or an object with {', '.join(names)} or {last}"
        problem = f"{url}: the response is not a page of products: expected {forms}"
        hint = "A program of --source-map gets any other object as a whole, with --source-format json."
        raise SourceError(problem, hint=hint)
    return structs.replace(
        page,
        items=members[name],
        is_last=page.is_last and not following,
        next_url=following,
        is_dummyjson=name == "products" and members.get("total") is not None,
        url=response.url,
    )


def _parsed(body: bytes) -> dict[str, Any] | list[Any]:
    """Decode with msgspec, or leniently if that fails, so that only one product is rejected."""
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        body.decode()  # products are decoded later, so check here that all of it is UTF-8
        page: dict[str, Raw] | list[Raw] = msgspec.json.decode(body, type=_ANY_RAW)
        if isinstance(page, list):
            return page
        return {name: _member(name, raw) for name, raw in page.items()}
    decoded: dict[str, Any] | list[Any] = msgspec.convert(decode_json(body), _ANY)
    return decoded


def _member(name: str, raw: Raw) -> Any:
    is_list = name in LISTS and bytes(memoryview(raw)[:1]) == b"["
    return msgspec.json.decode(raw, type=list[Raw]) if is_list else decode_json(bytes(raw))


def about(
    members: Mapping[str, Any], headers: Mapping[str, str] = MappingProxyType({}), *, is_item: bool = False
) -> JsonPage:
    """What a list of products says about itself, in its members or in headers."""
    said: dict[str, Any] = {}
    for each in ({**members, **headers}, *_objects(members, is_item=is_item)):
        for name, value in each.items():
            if said.get(fold(name)) is None:
                said[fold(name)] = value
    links = [
        each.get("href", bool(each)) if isinstance(each, dict) else each for each in map(said.get, _NEXT)
    ]
    urls = [each for each in links if isinstance(each, str) and ("/" in each or "?" in each)]
    more = [*map(said.get, _MORE), *(each for each in links if each not in urls)]  # also a number or a token
    has_more = any(str(each).lower() not in _NO for each in more)
    cursor = said.get("nextcursor")
    return JsonPage(
        [],
        _whole(said, _TOTAL),
        _whole(said, _PAGES),
        has_more=has_more,
        is_last=not has_more and not urls and not said.keys().isdisjoint((*_NEXT, *_MORE)),
        next_url=next(iter(urls), None),
        cursor=cursor if isinstance(cursor, str) and members.get("total") is None else "",
    )


def _objects(members: Mapping[str, Any], *, is_item: bool) -> Iterator[Mapping[str, Any]]:
    """The objects in these members that are about the page; in an item, they may be within others."""
    for name, value in members.items():
        is_about = fold(name) in _OBJECTS
        if isinstance(value, list) and is_about:  # links with `rel` and `href`
            links = [each for each in value if isinstance(each, dict)]
            yield {str(each.get("rel")): each.get("href") for each in links}
        if isinstance(value, dict) and (is_about or is_item):
            if is_about:
                yield value
            yield from _objects(value, is_item=is_item)


def _whole(said: Mapping[str, Any], names: Iterable[str]) -> int | None:
    """The first whole number of these; in headers, it is a text."""
    found: Iterable[Any] = (whole(n) if isinstance(n, float) else n for n in map(said.get, names))
    return next((int(n) for n in found if is_count(str(n))), None)


def _problem(url: str, problem: str, hint: str = CHECK_SOURCE) -> SourceError:
    return SourceError(f"{url}: the response {problem}", hint=hint)
