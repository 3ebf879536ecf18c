"""HTTP for both sides: one request with its time-outs, its repeats and a bound on the size of the answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from random import uniform
from typing import TypeVar
from urllib.parse import urlencode

import httpx
import msgspec
from msgspec import Struct

from medusa_sync.errors import AmbiguousWriteError, MedusaSyncError
from medusa_sync.redact import Redactor
from medusa_sync.stop import Stop

logger = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 64 * 1024 * 1024  # after decompression: a page of thousands of products is far below
MAX_WAIT_S = 60.0  # what a Retry-After may ask for at the most

_FIRST_WAIT_S = 0.25
_LONGEST_WAIT_S = 10.0
_MESSAGE_LENGTH = 500  # characters of a server's message that are shown
# The request has not reached the server, so that even a write may be sent again.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

T = TypeVar("T")
Query = Sequence[tuple[str, str | int]]


async def retry(
    operation: Callable[[int], Awaitable[T]],
    *,
    on: type[Exception] | Callable[[Exception], bool | float],
    attempts: int,
    stop: Stop,
) -> T:
    """Call `operation` until it succeeds, with pauses that double from `_FIRST_WAIT_S` to `_LONGEST_WAIT_S`.

    Args:
        operation: called with the number of the attempt, from 1.
        on: which errors are worth another attempt; a function may return the seconds to wait instead.
        attempts: at most.
        stop: ends a pause at once; no attempt follows.

    Raises:
        Exception: that of the last attempt.
    """
    attempt = 1
    while True:
        try:
            return await operation(attempt)
        except Exception as error:
            wait = isinstance(error, on) if isinstance(on, type) else on(error)
            if wait is False or attempt >= attempts:
                raise
            if not await stop.sleep(pause(attempt) if wait is True else wait):
                raise
        attempt += 1


def pause(attempt: int) -> float:
    """Seconds to wait after a failed attempt; they double, and vary so that clients do not come together."""
    longest = min(2 * _FIRST_WAIT_S * 2 ** (attempt - 1), _LONGEST_WAIT_S)
    return uniform(longest / 2, longest)  # noqa: S311 - no secret


class Answer(Struct, frozen=True):
    """A complete answer.

    Attributes:
        body: decompressed, at most `MAX_ANSWER_BYTES` long.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class _FailedError(Exception):
    """No usable answer.

    Attributes:
        sent: whether the server may have acted on the request.
        answered: whether it sent a response.
        wait: seconds that the server asked us to wait, if it did.
        may_pass: whether the next try may go better.
    """

    def __init__(
        self,
        message: str,
        *,
        sent: bool,
        answered: bool = False,
        wait: float | None = None,
        may_pass: bool = True,
    ) -> None:
        super().__init__(message)
        self.sent = sent
        self.answered = answered
        self.wait = wait
        self.may_pass = may_pass


class HttpClient:
    """Requests to one server.

    Args:
        client: the connection pool. Its connect and read timeouts added up limit each attempt as a whole:
            the read timeout alone starts again with each byte.
        max_retries: how many times a request is sent again before it counts as failed.
        unavailable: what to raise, with its advice, when the server stays unavailable.
        on_request: called once for each request on the wire with its method and URL.
        on_retry: called once for each repeat.
        stop: nothing is sent again once it is set.
        redactor: hides secrets that the server may send back; learns those that are found out later.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        max_retries: int,
        unavailable: Callable[[str], MedusaSyncError],
        on_request: Callable[[str, str], None],
        on_retry: Callable[[], None],
        stop: Stop,
        redactor: Redactor | None = None,
    ) -> None:
        self._client = client
        connect, read = client.timeout.connect, client.timeout.read
        self._limit_s = None if connect is None or read is None else connect + read
        self._attempts = max_retries + 1
        self._unavailable = unavailable
        self._on_request = on_request
        self._on_retry = on_retry
        self._stop = stop
        self.redactor = redactor or Redactor()

    async def retry(
        self,
        operation: Callable[[int], Awaitable[T]],
        *,
        on: type[Exception] | Callable[[Exception], bool | float],
        attempts: int | None = None,
    ) -> T:
        """`retry` until the run has to end; without `attempts` as often as a request is sent."""
        return await retry(operation, on=on, attempts=attempts or self._attempts, stop=self._stop)

    async def send(
        self,
        method: str,
        url: str,
        *,
        query: Query = (),
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool,
    ) -> Answer:
        """Send a request, again when that is safe, and return the answer whatever its status is.

        Args:
            method: the HTTP method.
            url: absolute, or relative to the base URL of the client; without a query.
            query: of the URL.
            body: JSON.
            headers: sent besides those of the client.
            repeatable: sending it twice does no harm. What is not repeatable is sent again only when the
                server has not acted on it.

        Raises:
            AmbiguousWriteError: what is not repeatable may or may not have been carried out.
            MedusaSyncError: what `unavailable` gives, when every try has failed.
        """

        def wait_for(error: Exception) -> bool | float:
            if not isinstance(error, _FailedError) or not error.may_pass:
                return False
            if error.sent and not repeatable:
                return False
            return True if error.wait is None else error.wait

        async def attempt(number: int) -> Answer:
            if number > 1:
                self._on_retry()
                logger.info("try %d of %d: %s %s", number, self._attempts, method, url)
            return await self._once(method, url, query, body, headers)

        try:
            return await self.retry(attempt, on=wait_for)
        except _FailedError as error:
            if error.sent and not repeatable:
                raise AmbiguousWriteError(str(error), answered=error.answered) from error
            raise self._unavailable(str(error)) from error

    async def _once(
        self,
        method: str,
        url: str,
        query: Query,
        body: bytes | None,
        headers: Mapping[str, str] | None,
    ) -> Answer:
        self._on_request(method, url)
        started = datetime.now(UTC)
        try:
            target = f"{url}?{urlencode(query)}" if query else url
            request = self._client.build_request(method, target, content=body, headers=headers)
            if body is not None:
                request.headers["content-type"] = "application/json"
            async with asyncio.timeout(self._limit_s):
                response = await self._client.send(request, stream=True)
                try:
                    answer = await self._read(method, url, response)
                finally:
                    await response.aclose()
        except (httpx.TransportError, TimeoutError) as error:
            what = f"{method} {url}: {_describe(error)}"
            raise _FailedError(what, sent=not isinstance(error, _NOT_SENT)) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            what = f"{method} {url}: {_describe(error)}"
            raise _FailedError(what, sent=True, may_pass=False) from error
        logger.debug(
            "%s %s: %d, %d bytes in %.0f ms", method, url, answer.status, len(answer.body), _ms(started)
        )
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _FailedError(
                f"{method} {url}: {describe_answer(answer, self.redactor)}",
                sent=answer.status != HTTPStatus.TOO_MANY_REQUESTS,
                answered=True,
                wait=_retry_after(answer.headers),
            )
        return answer

    @staticmethod
    async def _read(method: str, url: str, response: httpx.Response) -> Answer:
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.aiter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_ANSWER_BYTES:
                what = f"{method} {url}: the answer is longer than {MAX_ANSWER_BYTES // 2**20} MB"
                raise _FailedError(what, sent=True, may_pass=False)
        return Answer(response.status_code, response.headers, b"".join(chunks))


def describe_answer(answer: Answer, redactor: Redactor) -> str:
    """The status of an answer that is no success, with the server's own message where it gives one.

    Args:
        answer: of the server.
        redactor: hides secrets in the message before it is cut.
    """
    try:
        said = msgspec.json.decode(answer.body, type=_ErrorBody)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):  # HTML of a proxy, nothing, or worse
        return f"the server answered {answer.status}"
    message = " ".join(redactor(said.message).split())  # one line
    return f"the server answered {answer.status}: {message[:_MESSAGE_LENGTH]}"


class _ErrorBody(Struct):
    message: str


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait from a `Retry-After` of either form (RFC 9110, 10.2.3), at most `MAX_WAIT_S`."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = (
            float(value)
            if value.isdigit()
            else (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        )
    except (ValueError, TypeError, OverflowError):  # no number, no date with its zone: as if not there
        return None
    return min(max(seconds, 0.0), MAX_WAIT_S)


def _describe(error: Exception) -> str:
    """What went wrong, in words; httpx's own are often empty."""
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return "no connection within the time limit"
        case httpx.TimeoutException() | TimeoutError():
            return "no complete answer within the time limit"
        case httpx.ConnectError():
            return f"no connection ({error})" if str(error) else "no connection"
        case httpx.DecodingError():
            return "the compressed answer is damaged"
        case _:
            return str(error) or type(error).__name__


def _ms(started: datetime) -> float:
    return (datetime.now(UTC) - started).total_seconds() * 1000
