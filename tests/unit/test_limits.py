"""No wait is longer than it may be: neither for an answer, nor between attempts."""

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
from medusa_sync.http import HttpClient, retry
from medusa_sync.stop import Stop
from tests.unit.builders import STORE_URL

pytestmark = pytest.mark.anyio

INTERRUPTED = InterruptedRunError("Interrupted", signal_number=15)
SOON_S = 0.05
AT_ONCE_S = 2  # on a busy machine
FOR_EVER = httpx.Timeout(3600)


@contextmanager
def at_once() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < AT_ONCE_S


@pytest.fixture
async def clients() -> AsyncIterator[Any]:
    """Makes clients that try twice and end with a token."""
    pools: list[httpx.AsyncClient] = []

    def client(stop: Stop, timeout: httpx.Timeout = FOR_EVER) -> HttpClient:
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


# --- an answer ------------------------------------------------------------------------------------------


class Drip(httpx.AsyncByteStream):
    """A body that comes a byte at a time, each of them well within a time limit."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(SOON_S / 5)
            yield b" "


def short(connect: float = SOON_S, read: float = SOON_S) -> httpx.Timeout:
    return httpx.Timeout(read, connect=connect)


@pytest.mark.usefixtures("no_waiting")
async def test_a_read_that_never_ends_is_given_up_and_tried_again(
    httpx_mock: HTTPXMock, clients: Any
) -> None:
    httpx_mock.add_response(stream=Drip())
    httpx_mock.add_response(content=b"{}")
    with at_once():
        answer = await clients(Stop(), short()).send("GET", "/things", repeatable=True)
    assert answer.body == b"{}"


async def test_a_write_that_never_ends_is_ambiguous(httpx_mock: HTTPXMock, clients: Any) -> None:
    httpx_mock.add_response(stream=Drip())
    with at_once(), pytest.raises(AmbiguousWriteError, match="no complete answer within the time limit"):
        await clients(Stop(), short()).send("POST", "/things", body=b"{}", repeatable=False)


async def test_an_answer_may_take_as_long_as_the_limits_say(httpx_mock: HTTPXMock, clients: Any) -> None:
    async def respond(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(SOON_S)
        return httpx.Response(200)

    httpx_mock.add_callback(respond)
    client = clients(Stop(), short(connect=AT_ONCE_S, read=AT_ONCE_S))
    assert (await client.send("POST", "/things", body=b"{}", repeatable=False)).status == 200


# --- between attempts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("after", [0, SOON_S], ids=["stopped-before", "stopped-while-waiting"])
async def test_a_retry_after_does_not_delay_the_end_of_a_run(
    httpx_mock: HTTPXMock, clients: Any, method: str, after: float
) -> None:
    stop = Stop()
    httpx_mock.add_response(429, headers={"retry-after": "3600"})
    asyncio.get_running_loop().call_later(after, stop.set, INTERRUPTED)
    with at_once(), pytest.raises(StoreError, match="429"):
        await clients(stop).send(method, "/things", repeatable=method == "GET")


async def test_no_attempt_follows_when_the_run_has_to_end() -> None:
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


async def test_an_error_that_is_not_named_is_raised_at_once(waits: list[float]) -> None:
    async def fail(_number: int) -> None:
        raise StoreError("down")

    with pytest.raises(StoreError, match="down"):
        await retry(fail, on=AmbiguousWriteError, attempts=20, stop=Stop())
    assert waits == []
