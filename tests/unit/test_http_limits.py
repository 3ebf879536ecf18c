"""Time limits of requests, and of pauses between attempts."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.errors import AmbiguousWriteError, InterruptedRunError, StoreError
from medusa_sync.http import HttpClient
from medusa_sync.retry import retry
from medusa_sync.stop import Stop
from tests.unit.builders import STORE_URL

pytestmark = pytest.mark.anyio

INTERRUPTED = InterruptedRunError("Interrupted", signal_number=15)
SOON_S = 0.05
LIMIT_S = 2  # on a busy machine
AN_HOUR = httpx.Timeout(3600)


@contextmanager
def soon() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < LIMIT_S


@pytest.fixture
async def clients() -> AsyncIterator[Any]:
    """A function that creates clients with two attempts."""
    pools: list[httpx.AsyncClient] = []

    def client(stop: Stop, timeout: httpx.Timeout = AN_HOUR) -> HttpClient:
        pool = httpx.AsyncClient(
            base_url=STORE_URL,
            timeout=timeout,
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            trust_env=False,
        )
        pools.append(pool)
        return HttpClient(
            pool,
            max_retries=1,
            unavailable=StoreError,
            on_request=lambda _method, _url: None,
            on_retry=lambda: None,
            stop=stop,
        )

    yield client
    for pool in pools:
        await pool.aclose()


# --- a response ------------------------------------------------------------------------------------------


class Drip(httpx.AsyncByteStream):
    """A body that sends single bytes, each one within the time limit."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(SOON_S / 5)
            yield b" "


def short(connect: float = SOON_S, read: float = SOON_S) -> httpx.Timeout:
    return httpx.Timeout(read, connect=connect)


@pytest.mark.usefixtures("no_waiting")
async def test_endless_read_is_retried(httpx_mock: HTTPXMock, clients: Any) -> None:
    httpx_mock.add_response(stream=Drip())
    httpx_mock.add_response(content=b"{}")
    with soon():
        response = await clients(Stop(), short()).send("GET", "/things", repeatable=True)
    assert response.body == b"{}"


async def test_endless_write_is_ambiguous(httpx_mock: HTTPXMock, clients: Any) -> None:
    httpx_mock.add_response(stream=Drip())
    with soon(), pytest.raises(AmbiguousWriteError, match="no complete response within the time limit"):
        await clients(Stop(), short()).send("POST", "/things", body=b"{}", repeatable=False)


async def test_response_can_take_as_long_as_both_limits(httpx_mock: HTTPXMock, clients: Any) -> None:
    async def respond(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(SOON_S)
        return httpx.Response(200)

    httpx_mock.add_callback(respond)
    client = clients(Stop(), short(connect=LIMIT_S, read=LIMIT_S))
    assert (await client.send("POST", "/things", body=b"{}", repeatable=False)).status == 200


# --- between attempts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("after", [0, SOON_S], ids=["stopped-before", "stopped-while-waiting"])
async def test_retry_after_does_not_delay_the_end_of_a_run(
    httpx_mock: HTTPXMock, clients: Any, method: str, after: float
) -> None:
    stop = Stop()
    httpx_mock.add_response(429, headers={"retry-after": "3600"})
    asyncio.get_running_loop().call_later(after, stop.set, INTERRUPTED)
    with soon(), pytest.raises(StoreError, match="429"):
        await clients(stop).send(method, "/things", repeatable=method == "GET")


async def test_no_attempt_follows_when_the_run_ends() -> None:
    stop, attempts = Stop(), []

    async def fail(number: int) -> None:
        attempts.append(number)
        if number == 2:
            stop.set(INTERRUPTED)
        raise StoreError("down")

    with pytest.raises(StoreError, match="down"):
        await retry(fail, on=lambda _error: 0.0, attempts=10, stop=stop)
    assert attempts == [1, 2]


async def test_pauses_stay_within_their_bounds(waits: list[float]) -> None:
    async def fail(_number: int) -> None:
        raise StoreError("down")

    with pytest.raises(StoreError, match="down"):
        await retry(fail, on=StoreError, attempts=20, stop=Stop())
    assert len(waits) == 19
    assert all(0.25 <= wait <= 10 for wait in waits)
    assert waits[-1] >= 5


async def test_other_errors_are_not_retried(waits: list[float]) -> None:
    async def fail(_number: int) -> None:
        raise StoreError("down")

    with pytest.raises(StoreError, match="down"):
        await retry(fail, on=AmbiguousWriteError, attempts=20, stop=Stop())
    assert waits == []
