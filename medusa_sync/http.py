"""HTTP requests with time limits, retries and a maximum response size."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from random import uniform
from time import monotonic
from typing import BinaryIO, TypeVar
from urllib.parse import urlencode

import httpx
import msgspec
from msgspec import Struct

from medusa_sync.errors import AmbiguousWriteError, MedusaSyncError
from medusa_sync.redact import Redactor
from medusa_sync.stop import Stop

logger = logging.getLogger(__name__)

MAX_RESPONSE_BYTES = 64 * 1024 * 1024  # decompressed; a page of thousands of products is much smaller
MAX_WAIT_S = 60.0  # for Retry-After

_FIRST_WAIT_S = 0.25
_LONGEST_WAIT_S = 10.0
_MESSAGE_LENGTH = 500  # characters of a server's message
# The request did not reach the server, so even a write can be sent again.
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
    """Call `operation` until it succeeds, with pauses in between.

    Args:
        operation: takes the number of the attempt, starting at 1.
        on: the errors to retry. A function can return the seconds to wait instead of True.
        attempts: maximum.
        stop: once it is set, pauses end and no attempt follows.

    Raises:
        Exception: the error of the last attempt.
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
    """Return the seconds to wait after an attempt: doubled each time, and random to spread clients out."""
    longest = min(2 * _FIRST_WAIT_S * 2 ** (attempt - 1), _LONGEST_WAIT_S)
    return uniform(longest / 2, longest)  # noqa: S311 - no secret


class Response(Struct, frozen=True):
    """A complete response.

    Attributes:
        body: decompressed, not longer than `MAX_RESPONSE_BYTES`.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Download(Struct, frozen=True):
    """A response in a temporary file.

    Attributes:
        file: open for reading, at its start. It has no name in the file system.
        url: for messages, without secrets.
        content_type: empty if the server sent none.
        error: why the response is incomplete; None if all of it came.
    """

    file: BinaryIO
    url: str
    content_type: str
    error: MedusaSyncError | None = None


class _FailedError(Exception):
    """There is no usable response.

    Attributes:
        sent: the server may have executed the request.
        responded: the server sent a response.
        may_retry: the same request may succeed.
        wait: seconds to wait, if the server asked for it.
    """

    def __init__(
        self,
        message: str,
        *,
        sent: bool,
        responded: bool = False,
        may_retry: bool = True,
        wait: float | None = None,
    ) -> None:
        super().__init__(message)
        self.sent = sent
        self.responded = responded
        self.may_retry = may_retry
        self.wait = wait


class Rate(Struct, frozen=True):
    """How many requests may begin in how many seconds."""

    requests: int
    seconds: float


class HttpClient:
    """Requests to one server.

    Args:
        client: the connection pool. The sum of its connect and read timeouts limits each attempt; on its own,
            the read timeout would start again with each byte.
        max_retries: how many times a failed request is sent again.
        unavailable: creates the error to raise when all attempts have failed.
        on_request: called with the method and URL of each attempt.
        on_retry: called before each retry.
        stop: once it is set, nothing is retried.
        redactor: hides secrets that the server sends back.
        rate: of all requests; None is unlimited.
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
        rate: Rate | None = None,
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
        self._rate = rate
        self._begun = deque[float](maxlen=rate.requests if rate else 0)  # when the latest requests began

    async def retry(
        self,
        operation: Callable[[int], Awaitable[T]],
        *,
        on: type[Exception] | Callable[[Exception], bool | float],
        attempts: int | None = None,
    ) -> T:
        """Call the function `retry` with the stop token and, by default, the attempts of this client."""
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
    ) -> Response:
        """Send a request, retry it if that is safe, and return the response, also for 3xx and 4xx.

        Args:
            method: the HTTP method.
            url: absolute, or relative to the base URL of the client; without a query.
            query: the query of the URL.
            body: JSON.
            headers: in addition to those of the client.
            repeatable: sending the request twice is safe. Other requests are only retried if the server has
                not executed them.

        Raises:
            AmbiguousWriteError: the request is not repeatable, and may have been executed.
            MedusaSyncError: all attempts failed; created by `unavailable`.
        """

        def wait_for(error: Exception) -> bool | float:
            if not isinstance(error, _FailedError) or not error.may_retry:
                return False
            if error.sent and not repeatable:
                return False
            return True if error.wait is None else error.wait

        async def attempt(number: int) -> Response:
            if number > 1:
                self._on_retry()
                logger.info("attempt %d of %d: %s %s", number, self._attempts, method, url)
            await self._keep_rate()
            return await self._once(method, url, query, body, headers)

        try:
            return await self.retry(attempt, on=wait_for)
        except _FailedError as error:
            message = f"{method} {url}: {error}"
            if error.sent and not repeatable:
                raise AmbiguousWriteError(message, responded=error.responded) from error
            raise self._unavailable(message) from error

    async def _keep_rate(self) -> None:
        if self._rate is None:
            return
        now = monotonic()
        is_full = len(self._begun) == self._rate.requests
        begin = max(now, self._begun[0] + self._rate.seconds) if is_full else now
        self._begun.append(begin)
        if begin > now:
            await self._stop.sleep(begin - now)

    async def _once(
        self,
        method: str,
        url: str,
        query: Query,
        body: bytes | None,
        headers: Mapping[str, str] | None,
    ) -> Response:
        self._on_request(method, url)
        started = monotonic()
        try:
            target = f"{url}?{urlencode(query)}" if query else url
            request = self._client.build_request(method, target, content=body, headers=headers)
            if body is not None:
                request.headers["content-type"] = "application/json"
            async with asyncio.timeout(self._limit_s):
                stream = await self._client.send(request, stream=True)
                try:
                    response = await _read(stream)
                finally:
                    await stream.aclose()
        except (httpx.TransportError, TimeoutError) as error:
            raise _FailedError(_describe(error), sent=not isinstance(error, _NOT_SENT)) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _FailedError(_describe(error), sent=True, may_retry=False) from error
        status, size, elapsed = response.status, len(response.body), monotonic() - started
        logger.debug("%s %s: %d, %d bytes in %.0f ms", method, url, status, size, elapsed * 1000)
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _FailedError(
                describe_response(response, self.redactor),
                sent=status != HTTPStatus.TOO_MANY_REQUESTS,
                responded=True,
                wait=_retry_after(response.headers),
            )
        return response


async def _read(stream: httpx.Response) -> Response:
    chunks: list[bytes] = []
    size = 0
    async for chunk in stream.aiter_bytes():
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_RESPONSE_BYTES:
            message = f"the response is longer than {MAX_RESPONSE_BYTES // 2**20} MB"
            raise _FailedError(message, sent=True, may_retry=False)
    return Response(stream.status_code, stream.headers, b"".join(chunks))


def describe_response(response: Response, redactor: Redactor) -> str:
    """Describe an error response: its status and, if it has one, the message of the server."""
    description = f"the server responded with {response.status}"
    try:
        body = msgspec.json.decode(response.body, type=_ErrorBody)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):  # for example HTML from a proxy
        return description
    message = " ".join(redactor(body.message).split())  # redacted before it is cut
    return f"{description}: {message[:_MESSAGE_LENGTH]}"


class _ErrorBody(Struct):
    message: str


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Parse a `Retry-After` header (RFC 9110, 10.2.3); return seconds, at most `MAX_WAIT_S`."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = (
            float(value)
            if value.isdigit()
            else (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        )
    except (ValueError, TypeError, OverflowError):  # invalid: ignored
        return None
    return min(max(seconds, 0.0), MAX_WAIT_S)


def _describe(error: Exception) -> str:
    """Describe an error of httpx, whose own message is often empty."""
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return "no connection within the time limit"
        case httpx.TimeoutException() | TimeoutError():
            return "no complete response within the time limit"
        case httpx.ConnectError():
            return f"no connection ({error})" if str(error) else "no connection"
        case httpx.DecodingError():
            return "the compressed response is damaged"
        case _:
            return str(error) or type(error).__name__
