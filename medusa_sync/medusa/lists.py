"""Reads lists of the Admin API in pages, and finds their entries by the values of a field."""

from __future__ import annotations

import string
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import TypeVar

from medusa_sync.http import Query
from medusa_sync.medusa import responses
from medusa_sync.medusa.client import MedusaClient

T = TypeVar("T")
_QUERY_BYTES = 12_000  # as sent; the server refuses a request line above 16 kB with 431
_UNESCAPED = frozenset(string.ascii_letters + string.digits)
_PAGE_SIZE = 500
# Medusa reads the query value `null` as no value. A search (`q`) for a part of the word finds it.
NULL = "null"
_PART_OF_NULL = "nul"


async def find(
    client: MedusaClient,
    path: str,
    key: str,
    values: Sequence[str],
    fields: str,
    page: type[responses.Page[T]],
) -> list[T]:
    """The entries of a list that have one of these values in a unique field."""
    found: list[T] = []
    wanted = set(values)
    for part in chunks(key, values):
        query = [*part, ("fields", fields), ("limit", len(part))]
        entries = (await client.get(path, query, page)).entries
        found += [entry for entry in entries if getattr(entry, key) in wanted]
    if NULL in wanted:
        async for entries in walk(client, path, [("q", _PART_OF_NULL), ("fields", fields)], page):
            found += [entry for entry in entries if getattr(entry, key) == NULL]
    return found


async def walk(
    client: MedusaClient,
    path: str,
    query: Query,
    page: type[responses.Page[T]],
    *,
    size: int = _PAGE_SIZE,
    newest_first: bool = False,
) -> AsyncIterator[Sequence[T]]:
    """A list in pages by age, because ids are ULIDs. Oldest first, new entries come at the end."""
    offset = 0
    order = "-id" if newest_first else "id"
    while True:
        bounds: Query = [("order", order), ("limit", size), ("offset", offset)]
        response = await client.get(path, [*query, *bounds], page)
        yield response.entries
        offset += len(response.entries)
        if is_last(len(response.entries), response.limit):
            return


def is_last(size: int, limit: int) -> bool:
    """Whether a page is the last one; the count does not say: with the index engine, it is an estimate."""
    return size < max(limit, 1)


def chunks(key: str, values: Iterable[str]) -> Iterator[list[tuple[str, str | int]]]:
    """Query parameters `key[]=value`, in parts that fit into a request line."""
    part: list[tuple[str, str | int]] = []
    size = 0
    for value in values:
        length = len(key) + 8 + sum(1 if chr(byte) in _UNESCAPED else 3 for byte in value.encode())
        if part and size + length > _QUERY_BYTES:
            yield _unsplit(part)
            part, size = [], 0
        part.append((f"{key}[]", value))
        size += length
    if part:
        yield _unsplit(part)


def _unsplit(part: list[tuple[str, str | int]]) -> list[tuple[str, str | int]]:
    """Send a single value with a comma twice: Medusa splits a list of one value at its commas."""
    return part if len(part) > 1 or "," not in str(part[0][1]) else part * 2
