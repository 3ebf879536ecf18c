"""A page of an API: its items, and what it says about those that follow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

from msgspec import Struct, structs

from medusa_sync.sources.text import decode_json, fold, is_count, whole

_OBJECTS = re.compile(
    "(response|result)?(meta(data)?|info|pagination|paginator|pager|paging(info)?|page(info)?|links|cursor|summary)"
)
_SAYS = {  # what a page may say about others, by the folded names of members and headers
    "total": (
        r"(x|xwp|xpagination)?total(count|items|elements|results|records|products|size)?|odatacount|recordstotal|"
        r"numfound|nbhits"
    ),
    "count": r"count|found|resultcount",  # of all, or of this page
    "pages": r"(x|xwp)?totalpages|lastpage|(xpagination)?pagecount|pages|num(ber)?(of)?pages",
    "token": r"next(cursor|pagetoken|continuationtoken)",
    "own token": r"cursor|continuationtoken|offset|scrollid",  # of the next page, if nothing else names one
    "next": (
        r"(x|odata|has)*(next|more)(page|record|result|item|product|link|url|uri|href|token|cursor|offset|"
        r"start|marker|key|id|index|number|available|s)*|continu(e|ation)|(is)?truncated|lastevaluatedkey"
    ),
    "end": r"done|last|islast(page)?",
}
_RANGE = re.compile(r"(?!bytes)\w+ \d+-\d+/(\d+)")  # of products, not of bytes
_VALUES = ("href", "url", "link", "value")  # in an object that is in place of a value
_PREFIX = re.compile(r"next_?", re.IGNORECASE)
_NO = ("none", "false", "0", "")
_LONGEST_NAME = 100  # characters; a longer one says nothing about other pages


class JsonPage(Struct, frozen=True):
    """A page of products, and what it says about the source and the next page.

    Attributes:
        items: not decoded yet. The page itself for a map.
        count: how many products it has.
        total: how many products the source has.
        pages: how many pages the source has.
        has_more: it says that there are more.
        is_last: it says that there are no more.
        next_url: absolute or relative.
        token: the part of the query that asks for the next page, if that is requested with a token.
        is_item: it is the only item, because it has no list that is known.
        is_dummyjson: it has the form of DummyJSON's pages.
        url: that sent it.
    """

    items: list[Any]
    count: int = 0
    total: int | None = None
    pages: int | None = None
    has_more: bool = False
    is_last: bool = False
    next_url: str | None = None
    token: str = ""
    is_item: bool = False
    is_dummyjson: bool = False
    url: str = ""


def decoded(headers: Mapping[str, str]) -> dict[str, Any]:
    """Headers, with the total of `Content-Range: products 0-2/9`, and what `X-Pagination` of ASP.NET has."""
    found: dict[str, Any] = dict(headers)
    if ranged := _RANGE.fullmatch(headers.get("content-range", "")):
        found["total"] = ranged[1]
    with suppress(ValueError):
        found["pagination"] = decode_json(headers.get("x-pagination", "").encode())
    return found


def about(
    members: Mapping[str, Any], headers: Mapping[str, Any] = MappingProxyType({}), *, count: int | None
) -> JsonPage:
    """What a page says about itself and others, in its members or in headers.

    The count is that of its list; None if it is one item for a map, whose list is not known.
    """
    is_item = count is None
    beside = _longest(members) if is_item else count
    said = [*_said({**members, **headers}, beside, is_item=is_item)]
    total, pages = _total(said), [each.number for each in _of(said, "pages") if each.beside is not None]
    size = total.beside if total else beside
    return structs.replace(
        _following(said, takes_token=is_item or members.get("total") is None),  # others have an offset too
        count=1 if size is None else size,
        total=total.number if total else None,
        pages=next((each for each in pages if each is not None), None),
        is_item=is_item,
    )


def _total(said: Sequence[_Said]) -> _Said | None:
    """What names the total; a count does only if it is above that of its list."""
    totals = [each for each in _of(said, "total") if each.number is not None]
    totals += [each for each in _of(said, "count") if (each.number or 0) > (each.beside or 0)]
    return next((each for each in totals if each.beside is not None), None)


def _following(said: Sequence[_Said], *, takes_token: bool) -> JsonPage:
    """What is said about the next page."""
    ways = _ways(said, takes_token=takes_token)
    urls = [each.value for each in ways if each.kind == "next" and {*"/?"} & {*str(each.value)}]
    more = [each for each in ways if each.value not in urls and str(each.value).lower() not in _NO]
    tokens = [each for each in more if each.kind != "next" and each.value is not True]
    ends = [each.value for each in _of(said, "end") if isinstance(each.value, bool)]
    has_more = bool(more) or False in ends
    return JsonPage(
        [],
        has_more=has_more,
        is_last=not has_more and not urls and bool(ways or ends),
        next_url=next(iter(urls), None),
        token=_asking(tokens[0]) if tokens and takes_token else "",
    )


def _ways(said: Sequence[_Said], *, takes_token: bool) -> list[_Said]:
    """What names the next page; if nothing does, a token that may be that of the next page."""
    named = _of(said, "next", "token")
    if named or not takes_token:
        return named
    # A number may be that of this page.
    return [each for each in _of(said, "own token") if each.number is None and isinstance(each.value, str)]


class _Said(NamedTuple):
    """What a member says: a key of the table, and how long the list is that it is about, if there is one."""

    kind: str
    name: str
    value: Any
    beside: int | None

    @property
    def number(self) -> int | None:
        """The value as a whole number; in headers, it is a text."""
        text = str(whole(self.value) if isinstance(self.value, float) else self.value)
        return int(text) if is_count(text) else None


def _of(said: Sequence[_Said], *kinds: str) -> list[_Said]:
    return [each for each in said if each.kind in kinds]


def _said(
    members: Mapping[str, Any], beside: int | None, *, is_item: bool, has_list: bool = True
) -> Iterator[_Said]:
    """What members say. In an item for a map, those of any object say something that has a list."""
    for name, value in members.items():
        if has_list and (kind := says(name)):
            link = value if isinstance(value, dict) else {_VALUES[0]: value}
            said = next((link[each] for each in _VALUES if each in link), bool(link))
            yield _Said(kind, name, bool(said) if isinstance(said, dict | list) else said, beside)
    for name, value in members.items():
        if is_envelope(name) and isinstance(value, list):  # links with `rel` and `href`
            links = {str(each.get("rel")): each.get("href") for each in value if isinstance(each, dict)}
            yield from _said(links, beside, is_item=False)
        elif is_envelope(name) and isinstance(value, dict):
            yield from _said(value, beside, is_item=is_item)
        elif is_item and isinstance(value, dict):
            own = _longest(value)
            yield from _said(value, own, is_item=True, has_list=own is not None)


def says(name: str) -> str:
    """What a member with this name says about other pages, as a key of the table; empty if nothing."""
    folded = _folded(name)
    return next((kind for kind, names in _SAYS.items() if re.fullmatch(names, folded)), "")


def is_about(name: str) -> bool:
    """Whether a member beside a list may say something about other pages."""
    return is_envelope(name) or bool(says(name))


def is_envelope(name: str) -> bool:
    """Whether an object with this name may say something about its page."""
    return _OBJECTS.fullmatch(_folded(name)) is not None


def _folded(name: str) -> str:
    """The folded name of a member; empty if it is too long to say anything."""
    return fold(name) if len(name) <= _LONGEST_NAME else ""


def _longest(members: Mapping[str, Any]) -> int | None:
    """The length of the longest list of objects in an object, or in an object in it; None without one."""
    inner = [each for each in members.values() if isinstance(each, dict)]
    found = [value for each in (members, *inner) for value in each.values() if isinstance(value, list)]
    return max((len(each) for each in found if not each or isinstance(each[0], dict)), default=None)


def _asking(token: _Said) -> str:
    """The query for the page after a token: `cursor` for `next_cursor`, `pageToken` for `nextPageToken`."""
    name = _PREFIX.sub("", token.name)
    return f"{name[:1].lower()}{name[1:]}={quote(str(token.value), safe='')}"
