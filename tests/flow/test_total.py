"""Wrong totals of a source over HTTP: a run that misses products does not exit 0."""

from collections.abc import Callable, Iterator

import pytest

from medusa_sync import RunResult
from tests.flow.stage import assert_exact, counts
from tests.flow.urls import sync as sync_url
from tests.harness.catalogue import products
from tests.harness.dummyjson import DummyJson, Request, Response, dummyjson, with_fields
from tests.harness.fake_medusa import FakeMedusa

pytestmark = pytest.mark.usefixtures("small_pages")

SIZE = 194


@pytest.fixture
def server() -> Iterator[DummyJson]:
    with dummyjson(products(SIZE)) as server:
        yield server


def sync(server: DummyJson, store: FakeMedusa, *, limit: int | None = None) -> RunResult:
    return sync_url(server.url, store, limit=limit, on_missing="delete")


def state_total(server: DummyJson, total: Callable[[int], int]) -> None:
    """Change the total that the server states, by `skip`."""

    def answer(request: Request) -> Response | None:
        if request.path != "/products":
            return None
        return with_fields(server.normal_response(request), total=total(int(request.query["skip"])))

    server.intercept = answer


@pytest.mark.parametrize(
    "total",
    [lambda _skip: 50, lambda _skip: 0, lambda skip: 50 if skip else SIZE, lambda skip: SIZE if skip else 50],
)
def test_total_that_is_too_small_misses_no_product(server: DummyJson, total: Callable[[int], int]) -> None:
    store = FakeMedusa()
    sync(server, store)
    state_total(server, total)
    result = sync(server, store)
    assert (result.exit_code, counts(result), result.seen) == (0, {"unchanged": SIZE}, SIZE)
    assert_exact(server.products, store)


def test_total_that_is_too_large_is_an_error_and_nothing_is_removed(server: DummyJson) -> None:
    store = FakeMedusa()
    sync(server, store)
    rows = server.products
    server.products = rows[:150]
    state_total(server, lambda _skip: SIZE)
    result = sync(server, store)
    assert (result.exit_code, result.seen) == (3, 150)
    assert_exact(rows, store)


def serve_rows_from(server: DummyJson, start: Callable[[int], int], total: int) -> None:
    """Let the server start its pages elsewhere than `skip` says, and state a total."""

    def answer(request: Request) -> Response | None:
        if request.path != "/products":
            return None
        query = request.query | {"skip": str(start(int(request.query["skip"])))}
        return with_fields(server.normal_response(Request("GET", request.path, query, {})), total=total)

    server.intercept = answer


@pytest.mark.parametrize(
    ("start", "delivered", "pages"),
    [
        pytest.param(lambda _skip: 0, 100, 2, id="skip is ignored"),
        pytest.param(lambda skip: skip % SIZE, SIZE, 3, id="starts again after the last product"),
    ],
)
def test_beyond_the_total_a_page_with_nothing_new_is_the_end(
    server: DummyJson, start: Callable[[int], int], delivered: int, pages: int
) -> None:
    store = FakeMedusa()
    serve_rows_from(server, start, total=50)
    result = sync(server, store)
    assert (result.exit_code, counts(result)) == (0, {"created": delivered})
    assert len([request for request in server.requests if request.path == "/products"]) == pages


def test_source_that_repeats_itself_is_an_error_and_nothing_is_removed(server: DummyJson) -> None:
    store = FakeMedusa()
    sync(server, store)
    serve_rows_from(server, lambda _skip: 0, total=SIZE)
    result = sync(server, store)
    assert (result.exit_code, result.seen) == (3, 100)
    assert_exact(server.products, store)
