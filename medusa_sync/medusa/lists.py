"""Reads lists of the Admin API in pages, and finds their entries by the values of a field."""

from __future__ import annotations

import string
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from functools import cache
from math import inf
from typing import Any, Generic, TypeVar

from msgspec import Struct, defstruct

from medusa_sync.http import Query
from medusa_sync.medusa.client import MedusaClient

T = TypeVar("T")
_QUERY_BYTES = 12_000  # as sent; the server refuses a request line above 16 kB with 431
_UNESCAPED = frozenset(string.ascii_letters + string.digits)
_PAGE_SIZE = 500
# Medusa reads the query value `null` as no value. A search (`q`) for a part of the word finds it.
NULL = "null"
_PART_OF_NULL = "nul"


class Page(Struct, Generic[T]):
    """One page of a list.

    Attributes:
        limit: how many entries it can have.
        count: how many the list has.
        estimate_count: set only if the entries come from the index engine.
    """

    entries: list[T]
    limit: int
    count: int | None = None
    estimate_count: int | None = None

    @property
    def is_last(self) -> bool:
        """Whether no page follows; the count does not say: with the index engine, it is an estimate."""
        return len(self.entries) < max(self.limit, 1)


class List(Struct, Generic[T], frozen=True):
    """A list that the Admin API has.

    Attributes:
        name: of the list in a response.
        type: of its entries.
        fields: that are asked for.
        query: what is sent besides.
    """

    path: str
    name: str
    type: type[T]
    fields: str
    query: Query = ()


@cache
def _page_type(list_: List[Any]) -> Any:
    """The type of a page, whose entries have the name of the list in the response."""
    type_: Any = list_.type
    return defstruct("Page", [("entries", list[type_])], bases=(Page,), rename={"entries": list_.name})


async def read(client: MedusaClient, list_: List[T], query: Query) -> Page[T]:
    full_query: Query = [*query, *list_.query, ("fields", list_.fields)]
    page: Page[T] = await client.get(list_.path, full_query, _page_type(list_))
    return page


async def find(client: MedusaClient, list_: List[T], key: str, values: Sequence[str]) -> list[T]:
    """The entries that have one of these values in a unique field."""
    found: list[T] = []
    wanted = set(values)
    for part in chunks(key, values):
        entries = (await read(client, list_, [*part, ("limit", len(part))])).entries
        found += [each for each in entries if getattr(each, key) in wanted]
    if NULL in wanted:
        null = walk(client, list_, [("q", _PART_OF_NULL)])
        found += [each async for each in null if getattr(each, key) == NULL]
    return found


async def walk(
    client: MedusaClient,
    list_: List[T],
    query: Query = (),
    *,
    size: int = _PAGE_SIZE,
) -> AsyncIterator[T]:
    """The entries, oldest first, because ids are ULIDs; a page is read when it is asked for."""
    offset = 0
    while True:
        bounds: Query = [("order", "id"), ("limit", size), ("offset", offset)]
        page = await read(client, list_, [*query, *bounds])
        for entry in page.entries:
            yield entry
        offset += len(page.entries)
        if page.is_last:
            return


def chunks(key: str, values: Iterable[str]) -> Iterator[list[tuple[str, str | int]]]:
    """Query parameters `key[]=value`, in parts that fit into a request line."""

    def length(value: str) -> int:
        return len(key) + 8 + sum(1 if chr(byte) in _UNESCAPED else 3 for byte in value.encode())

    for part in fitting(values, length, most=_QUERY_BYTES):
        # Medusa splits a list of one value at its commas.
        repeated = part * 2 if len(part) == 1 and "," in part[0] else part
        yield [(f"{key}[]", value) for value in repeated]


def fitting(
    things: Iterable[T], size_of: Callable[[T], int], *, most: int, count: float = inf
) -> Iterator[list[T]]:
    """Things in parts of at most this size and count; a larger thing gets a part of its own."""
    part: list[T] = []
    left = most
    for thing in things:
        size = size_of(thing)
        if part and (size > left or len(part) == count):
            yield part
            part, left = [], most
        part.append(thing)
        left -= size
    if part:
        yield part
