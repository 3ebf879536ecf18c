"""Requests to source and store: pages, batches and bulk calls."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from hashlib import blake2b
from typing import Any

import httpx

SOURCE_PAGE = 1_000
STORE_PAGE = 2_000
PAGES_AT_ONCE = 4
AT_ONCE = 300  # products whose terms, inventory items or details are handled together
BATCHES_AT_ONCE = 2
ACKNOWLEDGED_AT_ONCE = 400  # products
BULK_BYTES = 90_000  # Medusa refuses more than 100 kB
SCAN = {"fields": "id,external_id,metadata", "order": "id"}
Json = dict[str, Any]


class Server:
    """Requests to the source or to the store."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url
        self.requests = 0
        self.writes = 0

    async def read(self, path: str, query: Any = None) -> bytes:
        return await self._send("GET", path, query, None)

    async def get(self, path: str, query: Any = None) -> Any:
        return json.loads(await self._send("GET", path, query, None))

    async def post(self, path: str, body: Json, fields: str = "id") -> Any:
        return json.loads(await self._send("POST", path, {"fields": fields}, encoded(body)))

    async def run(self, workflow: str, name: str, members: Sequence[Json]) -> None:
        """Run a workflow of Medusa for many members, with few calls below the limit of a body."""
        path = f"/admin/workflows-executions/{workflow}/run"

        async def call(part: Sequence[Json]) -> None:
            result = json.loads(await self._send("POST", path, None, encoded({"input": {name: part}})))
            done = result["acknowledgement"]
            if done["hasFailed"] or not done["hasFinished"]:
                raise RuntimeError(f"{workflow}: {done}")

        largest = max((len(encoded(member)) + 1 for member in members), default=1)
        await asyncio.gather(*map(call, parts(members, BULK_BYTES // largest)))

    async def _send(self, method: str, path: str, query: Any, content: bytes | None) -> bytes:
        self.requests += 1
        self.writes += method == "POST"
        headers = {"content-type": "application/json"} if content else None
        response = await self._client.request(
            method, self._url + path, params=query, content=content, headers=headers
        )
        if response.is_error:
            raise RuntimeError(f"{method} {path}: {response.status_code} {response.text[:300]}")
        return response.content


def encoded(body: Json) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def own_id(prefix: str, *names: object) -> str:
    """An id that follows from names, so that no response is needed to know it."""
    digest = blake2b("\0".join(map(str, names)).encode(), digest_size=13).hexdigest()
    return f"{prefix}_{digest.upper()}"


async def pages(
    read: Callable[[int], Awaitable[bytes]], size: int, total: Callable[[bytes], int]
) -> AsyncIterator[bytes]:
    """All pages in order; the first one says how many there are."""
    first = await read(0)
    offsets = range(size, total(first), size)
    slots = asyncio.Semaphore(PAGES_AT_ONCE)

    async def read_in_turn(offset: int) -> bytes:
        async with slots:
            return await read(offset)

    others = [asyncio.create_task(read_in_turn(offset)) for offset in offsets]
    yield first
    for page in others:
        yield await page


def source_pages(source: Server) -> AsyncIterator[bytes]:
    def read(skip: int) -> Awaitable[bytes]:
        return source.read("", {"limit": SOURCE_PAGE, "skip": skip})

    return pages(read, SOURCE_PAGE, lambda page: number_at_end(page, "total"))


def store_pages(store: Server) -> AsyncIterator[bytes]:
    def read(offset: int) -> Awaitable[bytes]:
        return store.read("/admin/products", {**SCAN, "limit": STORE_PAGE, "offset": offset})

    return pages(read, STORE_PAGE, lambda page: number_at_end(page, "count"))


def number_at_end(page: bytes, name: str) -> int:
    """A number after the long list of a page, without decoding the list."""
    found = re.search(rb'"%s":(\d+)' % name.encode(), page[-100:])
    if found is None:
        raise ValueError(f"no {name} in {page[-100:]!r}")
    return int(found[1])


async def store_defaults(store: Server) -> Json:
    fields = "id,default_sales_channel_id,default_location_id"
    page = await store.get("/admin/stores", {"limit": 1, "fields": fields})
    defaults: Json = page["stores"][0]
    return defaults


async def update(store: Server, bodies: Sequence[Json]) -> None:
    if bodies:
        await store.post("/admin/products/batch", {"update": bodies})


def parts(items: Sequence[Any], size: int) -> list[Any]:
    return [items[start : start + size] for start in range(0, len(items), size)]
