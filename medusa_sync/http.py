"""HTTP requests with time limits, retries and a maximum response size."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from time import monotonic
from typing import IO, Any, BinaryIO, TypeVar, cast
from urllib.parse import urlencode

import httpx
from msgspec import Struct, structs

from medusa_sync.errors import AmbiguousWriteError, MedusaSyncError
from medusa_sync.redact import Redactor
from medusa_sync.response import (
    Download,
    Response,
    body_of,
    describe_error,
    describe_response,
    head_of,
    retry_after,
)
from medusa_sync.retry import Pace, Rate, retry
from medusa_sync.stop import Stop

logger = logging.getLogger(__name__)

MAX_RESPONSE_BYTES = 64 * 1024 * 1024  # decompressed; a page of thousands of products is much smaller
MAX_DOWNLOAD_BYTES = 4 * 2**30  # decompressed

_IN_MEMORY = 4 * 2**20  # bytes of a download that need no file on disk
# The request did not reach the server, so even a write can be sent again.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

T = TypeVar("T")
Query = Sequence[tuple[str, str | int]]
Downloads = dict[tuple[str, str], Download]
"""The latest downloads by URL and query, of which the next run needs no other copy."""
_Receive = Callable[[httpx.Response, asyncio.Timeout], Awaitable[Response]]


class Upload(Struct, frozen=True):
    """A file that is sent in a form.

    Attributes:
        name: that the server sees.
        file: open for reading; what is sent begins at its start.
        type: its content type.
    """

    name: str
    file: BinaryIO
    type: str


Body = bytes | Sequence[Upload] | None
"""JSON, or files that are sent as a form."""


class _Request(Struct, frozen=True):
    """A request, as often as it is sent; `receive` reads the response, and can extend the time limit."""

    method: str
    url: str
    query: Query | str
    body: Body
    headers: Mapping[str, str] | None
    receive: _Receive
    repeatable: bool


@dataclass
class _FailedError(Exception):
    """There is no usable response.

    Attributes:
        sent: the server may have executed the request.
        status: of the response; None if there was none.
        may_retry: the same request may succeed.
        wait: seconds to wait, if the server asked for it.
    """

    message: str
    sent: bool
    status: int | None = None
    may_retry: bool = True
    wait: float | None = None


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
        kept: downloads of earlier runs, which are only sent again if they have changed; None keeps none.
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
        kept: Downloads | None = None,
    ) -> None:
        self._client = client
        self._base = str(client.base_url).removesuffix("/")
        connect, read = client.timeout.connect, client.timeout.read
        self._limit_s = None if connect is None or read is None else connect + read
        self._attempts = max_retries + 1
        self._unavailable = unavailable
        self._on_request = on_request
        self._on_retry = on_retry
        self._stop = stop
        self.redactor = redactor or Redactor()
        self._pace = Pace(rate, stop)
        self._kept = kept

    @property
    def is_stopping(self) -> bool:
        """Whether the run ends, so that nothing more is tried."""
        return self._stop.is_set

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
        query: Query | str = (),
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool,
    ) -> Response:
        """Send a request, retry it if that is safe, and return the response, also for 3xx and 4xx.

        Args:
            method: of HTTP.
            url: absolute, or relative to the base URL of the client; without a query.
            query: a text is already encoded, and sent as it is.
            body: JSON, or files.
            headers: in addition to those of the client.
            repeatable: sending the request twice is safe. Other requests are only retried if the server has
                not executed them.

        Raises:
            AmbiguousWriteError: the request is not repeatable, and may have been executed.
            MedusaSyncError: all attempts failed; created by `unavailable`.
        """
        return await self._send(_Request(method, url, query, body, headers, _read, repeatable))

    async def download(
        self,
        url: str,
        *,
        query: Query | str = (),
        headers: Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> Download | Response:
        """Send a GET request, and write the body of the response to a temporary file.

        An attempt may take any time as long as bytes arrive. If all attempts failed, but the response had
        begun in one of them, return what the latest of these received, with the error. A response with
        another status than 200 is returned as it is. A body of more than `limit` bytes, decompressed, is an
        error; the default is `MAX_DOWNLOAD_BYTES`. The other arguments are those of `send`.

        Raises:
            MedusaSyncError: all attempts failed; created by `unavailable`.
        """
        most = MAX_DOWNLOAD_BYTES if limit is None else limit
        head: Response | None = None
        before = None if self._kept is None else self._kept.get((url, str(query)))
        headers = {**(headers or {}), **(before.conditions if before else {})}

        async def receive(stream: httpx.Response, timer: asyncio.Timeout) -> Response:
            nonlocal head
            if stream.status_code != HTTPStatus.OK:
                return await _read(stream, timer)
            head = head_of(stream)
            try:
                file.seek(0)
                file.truncate()
                self._extend(timer)
                async for chunk in body_of(stream):
                    file.write(chunk)
                    if file.tell() > most:
                        raise _too_long(most)
                    self._extend(timer)
                file.flush()
            except OSError as error:
                head = None  # what is in the file is not what the server sent
                message = f"the temporary file cannot be written ({error.strerror})"
                raise _FailedError(message, sent=True, may_retry=False) from error
            return head

        with ExitStack() as stack:
            kind = SpooledTemporaryFile if self._kept is None else _Reusable
            file = kind(_IN_MEMORY)  # the caller closes it
            stack.callback(_discard, file)
            error = None
            try:
                request = _Request("GET", url, query, None, headers, receive, repeatable=True)
                response = await self._send(request)
                if before is not None and response.status == HTTPStatus.NOT_MODIFIED:
                    before.file.seek(0)
                    return before
                if response.status != HTTPStatus.OK:
                    return response
            except MedusaSyncError as failure:
                if head is None:
                    raise
                response, error = head, failure
            file.seek(0)
            stack.pop_all()
            download = Download(cast(BinaryIO, file), url, response, error)
            if self._kept is not None and error is None:
                self._kept[url, str(query)] = download
            return download

    async def start(
        self, url: str, *, query: Query | str = (), headers: Mapping[str, str], size: int
    ) -> Response:
        """Send a GET request, and read only the first bytes of the response; raises what `send` does."""

        async def receive(stream: httpx.Response, _timer: asyncio.Timeout) -> Response:
            body = bytearray()
            async for chunk in stream.aiter_bytes():
                body += chunk
                if len(body) >= size:
                    break
            return structs.replace(head_of(stream), body=bytes(body[:size]))

        return await self._send(_Request("GET", url, query, None, headers, receive, repeatable=True))

    def _extend(self, timer: asyncio.Timeout) -> None:
        """Give the next byte the time limit for reading."""
        seconds = self._client.timeout.read
        timer.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)

    async def _send(self, request: _Request) -> Response:
        method, url = request.method, request.url

        def wait_for(error: Exception) -> bool | float:
            if not isinstance(error, _FailedError) or not error.may_retry:
                return False
            if error.sent and not request.repeatable:
                return False
            return True if error.wait is None else error.wait

        async def attempt(number: int) -> Response:
            if number > 1:
                self._on_retry()
                about = {"method": method, "url": url, "attempt": number}
                words = "attempt %d of %d: %s %s", number, self._attempts, method, url
                logger.info(*words, extra={"event": "retry", "request": about})
            await self._pace.begin()
            return await self._once(request)

        try:
            return await self.retry(attempt, on=wait_for)
        except _FailedError as error:
            message = f"{method} {url}: {error.message}"
            if error.sent and not request.repeatable:
                raise AmbiguousWriteError(message, status=error.status) from error
            raise self._unavailable(message) from error

    async def _once(self, request: _Request) -> Response:
        method, url, query = request.method, request.url, request.query
        self._on_request(method, url)
        started = monotonic()
        encoded = query if isinstance(query, str) else urlencode(query)
        target = f"{self._base}{url}" if url.startswith("/") else url  # httpx reads a relative URL twice
        target += f"?{encoded}" if encoded else ""
        stream = None
        try:
            sent = self._client.build_request(
                method, target, headers=request.headers, **_content(request.body)
            )
            if isinstance(request.body, bytes):
                sent.headers["content-type"] = "application/json"
            async with asyncio.timeout(self._limit_s) as timer:
                stream = await self._client.send(sent, stream=True)
                try:
                    response = await request.receive(stream, timer)
                finally:
                    await stream.aclose()
        except (httpx.TransportError, TimeoutError) as error:
            words = describe_error(error, "" if stream else sent.url.scheme)
            raise _FailedError(words, sent=not isinstance(error, _NOT_SENT)) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _FailedError(describe_error(error), sent=True, may_retry=False) from error
        status, size, elapsed = response.status, stream.num_bytes_downloaded, monotonic() - started
        line = "%s %s: %d, %d bytes in %.0f ms", method, url, status, size, elapsed * 1000
        about = {"method": method, "url": url, "status": status, "bytes": size}
        logger.debug(
            *line, extra={"event": "request", "request": about, "duration_ms": round(elapsed * 1000)}
        )
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _FailedError(
                describe_response(response, self.redactor),
                sent=status != HTTPStatus.TOO_MANY_REQUESTS,
                status=status,
                wait=retry_after(response.headers),
            )
        return response


def _content(body: Body) -> dict[str, Any]:
    """The arguments of a request that send a body."""
    if body is None or isinstance(body, bytes):
        return {} if body is None else {"content": body}
    return {"files": [("files", (each.name, each.file, each.type)) for each in body]}


async def _read(stream: httpx.Response, _timer: asyncio.Timeout) -> Response:
    body = bytearray()
    async for chunk in body_of(stream):
        body += chunk
        if len(body) > MAX_RESPONSE_BYTES:
            raise _too_long(MAX_RESPONSE_BYTES)
    return structs.replace(head_of(stream), body=bytes(body))


def _too_long(limit: int) -> _FailedError:
    message = f"the response is longer than {limit // 2**20} MB"
    return _FailedError(message, sent=True, may_retry=False)


class _Reusable(SpooledTemporaryFile[bytes]):
    """A file that stays open, because the next run may read it again, until nothing refers to it."""

    def close(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def __del__(self) -> None:
        super().close()


def _discard(file: IO[bytes]) -> None:
    with suppress(OSError):  # closing writes what the disk has no space for
        file.close()
