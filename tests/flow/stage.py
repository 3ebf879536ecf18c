"""Whole runs in memory, from a source that is a list to the fake store."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
import pytest

from medusa_sync.core.policy import OnMissing, Share
from medusa_sync.core.result import Outcome, Requests, RunResult
from medusa_sync.errors import SourceError, StoreError
from medusa_sync.http import HttpClient
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.client import ApiKey, Credentials, MedusaClient
from medusa_sync.medusa.placement import PlacementOptions
from medusa_sync.sources.base import Page, Source
from medusa_sync.sources.mapping import MappingOptions, deliver
from medusa_sync.stop import Stop
from medusa_sync.sync.options import PlanOptions, SyncOptions
from medusa_sync.sync.run import Run
from tests.harness.fake_medusa import FakeMedusa, Request

SOURCE_NAME = "dummyjson"
BATCHES = "/admin/products/batch"


class Killed(BaseException):
    """The process is killed: nothing catches this."""


FAULTS: dict[str, Callable[[], BaseException]] = {
    "lost before": lambda: httpx.ReadError("reset"),
    "timed out": lambda: httpx.ReadTimeout("slow"),
    "killed": Killed,
}


def fault_at(number: int, fault: str) -> Callable[..., None]:
    """A hook of the fake store that fails at one of its calls."""
    seen = 0

    def hit(*_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            raise FAULTS[fault]()  # noqa: RSE102 - a function that returns an exception

    return hit


@dataclass
class ListSource:
    """A source in memory, with rows of DummyJSON.

    Attributes:
        currency: of its prices.
        sale_prices: discounts become sale prices.
        ends_after: number of pages after which it fails; None for never.
        asked: the ids that `has` was called with.
    """

    rows: list[Any]
    page_size: int = 30
    currency: str = "usd"
    sale_prices: bool = False
    ends_after: int | None = None
    asked: list[str] = field(default_factory=list)
    format: str = ""
    in_one_piece: bool = False
    notes: Sequence[str] = ()

    async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        rows = self.rows[:limit]
        for number, start in enumerate(range(0, len(rows), self.page_size)):
            if number == self.ends_after:
                raise SourceError("the source failed")
            page = [
                deliver(row, MappingOptions(SOURCE_NAME, self.currency, self.sale_prices))
                for row in rows[start : start + self.page_size]
            ]
            yield Page(tuple(page), len(self.rows))

    async def category_names(self) -> Mapping[str, str]:
        return {}

    async def has(self, source_id: str) -> bool:
        self.asked.append(source_id)
        return any(str(row["id"]) == source_id for row in self.rows)


class Watcher:
    """An observer that records the outcomes."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def fetched(self, seen: int, total: int | None) -> None:
        """Ignored: tests look at the outcomes."""

    def settled(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


def options(**changes: Any) -> SyncOptions:
    defaults: dict[str, Any] = {
        "job": "sync-products",
        "source_name": SOURCE_NAME,
        "source_url": "memory",
        "store_url": "http://medusa.test",
        "wanted": PlacementOptions("usd"),
        "status": "published",
        "plan": PlanOptions(),
        "on_missing": OnMissing.KEEP,
        "max_removals": Share(10, is_percentage=True),
        "dry_run": False,
        "batch_size": 15,
        "concurrency": 2,
        "max_retries": 2,
        "limit": None,
        "max_duration_s": None,
    }
    return SyncOptions(**defaults | changes)


async def run_once(
    source: Source,
    store: FakeMedusa,
    *,
    credentials: Credentials | None = None,
    watcher: Watcher | None = None,
    stop: Stop | None = None,
    **changes: Any,
) -> RunResult:
    """One run, with the same parts as in a session."""
    requests = Requests()
    stop = stop or Stop()
    chosen = options(**changes)

    def count(method: str, _url: str) -> None:
        if method == "GET":
            requests.store_reads += 1
        else:
            requests.store_writes += 1

    async with httpx.AsyncClient(transport=store, base_url=store.url) as client:
        http = HttpClient(
            client,
            max_retries=chosen.max_retries,
            unavailable=StoreError,
            on_request=count,
            on_retry=lambda: None,
            stop=stop,
        )
        api = AdminApi(MedusaClient(http, credentials or ApiKey(store.api_key)))
        return await Run(source, api, chosen, requests, watcher or Watcher(), stop).execute()


def sync(source: ListSource, store: FakeMedusa, **changes: Any) -> RunResult:
    return asyncio.run(run_once(source, store, **changes))


def writes(store: FakeMedusa) -> list[Request]:
    return [request for request in store.requests if request.method != "GET"]


def details_read(store: FakeMedusa) -> list[set[str]]:
    """The external ids of the products whose details were requested, by request."""
    queries = [request.query for request in store.requests if request.method == "GET"]
    return [
        {value for key, value in query if key == "external_id[]"}
        for query in queries
        if "variants.price_set" in dict(query).get("fields", "")
    ]


def is_creation(request: httpx.Request) -> bool:
    """Whether a request creates products."""
    return bool(created_by(request))


def created_by(request: httpx.Request | Request) -> list[Any]:
    """The products that a request creates."""
    if request.method == "POST" and request.url.path == BATCHES:
        return list(json.loads(request.content).get("create", ()))
    return sent_in_bulk(request, "create-products")


def sent_in_bulk(request: httpx.Request | Request, workflow: str) -> list[Any]:
    """The things in a bulk call of a workflow; empty for any other request."""
    path = request.url.path
    if not (path.startswith("/admin/workflows-executions/") and path.split("/")[3] == workflow):
        return []
    [things] = json.loads(request.content)["input"].values()
    return list(things)


def sync_killed(
    moment: Literal["before", "after"],
    is_hit: Callable[[httpx.Request], object],
    source: ListSource,
    store: FakeMedusa,
    **changes: Any,
) -> None:
    """A run that is killed before or after a request."""

    def kill(request: httpx.Request, *_: httpx.Response) -> None:
        if is_hit(request):
            raise Killed

    setattr(store, moment, kill)
    with pytest.raises(Killed):
        sync(source, store, **changes)
    setattr(store, moment, None)


def kill_at_step(store: FakeMedusa, name: str) -> None:
    """Kill the store for good at the first step with this name."""

    def between(_request: httpx.Request, step: str) -> None:
        if step == name:
            store.before = stay_down
            raise httpx.ReadError("reset")

    def stay_down(_request: httpx.Request) -> httpx.Response:
        store.crash()
        return httpx.Response(503)

    store.linger, store.between = 1_000, between


def copies_of(store: FakeMedusa) -> Callable[[], FakeMedusa]:
    """Return a function that makes copies of the store, much faster than deepcopy."""
    store.requests.clear()
    content = pickle.dumps(store)

    def copy() -> FakeMedusa:
        copied: FakeMedusa = pickle.loads(content)  # noqa: S301 - written above
        return copied

    return copy


def counts(result: RunResult) -> dict[str, int]:
    """The counts that are not zero."""
    return {each.value: count for each, count in result.counts.items() if count}


def assert_exact(rows: Sequence[dict[str, Any]], store: FakeMedusa) -> None:
    """The store has every row once, as mapped, with its stock, and no duplicate tag or category."""
    products = store.products
    assert products.keys() == {f"{SOURCE_NAME}:{row['id']}" for row in rows}
    for row in rows:
        product = products[f"{SOURCE_NAME}:{row['id']}"]
        [variant] = product.variants
        assert (product.title, variant.sku) == (row["title"], row["sku"])
        assert [(p.currency_code, p.amount) for p in variant.prices] == [("usd", row["price"])]
        assert store.level_of(row["sku"]) == row["stock"], row["id"]
    values = [tag.value for tag in store.state.tags.values()]
    assert len(values) == len(set(values))
    handles = [category.handle for category in store.state.categories.values()]
    assert len(handles) == len(set(handles))
