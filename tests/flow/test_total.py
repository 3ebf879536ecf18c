"""What a source says about its size, over HTTP: no run that misses products exits 0."""

import asyncio
from collections.abc import Callable, Iterator

import httpx
import pytest

from medusa_sync.core.policy import OnMissing
from medusa_sync.core.result import RunResult
from medusa_sync.errors import SourceError
from medusa_sync.http import HttpClient
from medusa_sync.sources.dummyjson import HttpSource
from medusa_sync.stop import Stop
from tests.flow.stage import SOURCE_NAME, assert_exact, counts, run_once
from tests.harness.catalogue import products
from tests.harness.dummyjson import DummyJson, Request, Response, dummyjson, with_fields
from tests.harness.fake_medusa import FakeMedusa

SIZE = 194


@pytest.fixture
def server() -> Iterator[DummyJson]:
    with dummyjson(products(SIZE)) as server:
        yield server


def sync(server: DummyJson, store: FakeMedusa, *, limit: int | None = None) -> RunResult:
    async def run() -> RunResult:
        async with httpx.AsyncClient() as client:
            http = HttpClient(
                client,
                max_retries=0,
                unavailable=SourceError,
                on_request=lambda _method, _url: None,
                on_retry=lambda: None,
                stop=Stop(),
            )
            source = HttpSource(http, server.url, source_name=SOURCE_NAME, currency="usd")
            return await run_once(source, store, limit=limit, on_missing=OnMissing.DELETE)

    return asyncio.run(run())


def saying(server: DummyJson, total: Callable[[int], int]) -> None:
    """Let the server say another total, by what is skipped."""

    def answer(request: Request) -> Response | None:
        if request.path != "/products":
            return None
        return with_fields(server.answer(request), total=total(int(request.query["skip"])))

    server.intercept = answer


@pytest.mark.parametrize(
    "total",
    [lambda _skip: 50, lambda _skip: 0, lambda skip: 50 if skip else SIZE, lambda skip: SIZE if skip else 50],
)
def test_a_total_that_is_too_small_misses_no_product(server: DummyJson, total: Callable[[int], int]) -> None:
    store = FakeMedusa()
    sync(server, store)
    saying(server, total)
    result = sync(server, store)
    assert (result.exit_code, counts(result), result.seen) == (0, {"unchanged": SIZE}, SIZE)
    assert_exact(server.products, store)


def test_a_total_that_is_too_large_is_an_error_and_nothing_is_removed(server: DummyJson) -> None:
    store = FakeMedusa()
    sync(server, store)
    rows = server.products
    server.products = rows[:150]
    saying(server, lambda _skip: SIZE)
    result = sync(server, store)
    assert (result.exit_code, result.seen) == (3, 150)
    assert_exact(rows, store)


def test_a_source_that_ignores_skip_and_has_a_small_total_comes_to_an_end(server: DummyJson) -> None:
    store = FakeMedusa()

    def first_page(request: Request) -> Response | None:
        if request.path != "/products":
            return None
        query = request.query | {"skip": "0"}
        return with_fields(server.answer(Request("GET", request.path, query, {})), total=50)

    server.intercept = first_page
    result = sync(server, store)
    assert (result.exit_code, counts(result)) == (0, {"created": 100})
    assert len([request for request in server.requests if request.path == "/products"]) == 2
