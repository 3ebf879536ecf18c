"""Responses of a server, and what they say."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, BinaryIO

import httpx
import msgspec
from msgspec import Struct

from medusa_sync.errors import MedusaSyncError
from medusa_sync.redact import Redactor

MAX_WAIT_S = 60.0  # for Retry-After

_GZIP = 31  # for zlib
_MESSAGE_LENGTH = 500  # characters of a server's message
_MESSAGES = ("message", "detail", "error_description", "errors", "error", "title")
_NOT_TLS = "[SSL: WRONG_VERSION_NUMBER]"
_DEPTH = 3  # of a message in objects and lists


class Response(Struct, frozen=True):
    """A complete response.

    Attributes:
        body: decompressed.
        url: that sent it, after redirects.
        next_url: of the `Link` header with `rel="next"`, absolute or relative.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str = ""
    next_url: str | None = None


class Download(Struct, frozen=True):
    """A response in a temporary file.

    Attributes:
        file: open for reading, at its start. It has no name in the file system.
        url: for messages, without secrets.
        head: the response without its body.
        error: why the response is incomplete; None if all of it came.
    """

    file: BinaryIO
    url: str
    head: Response
    error: MedusaSyncError | None = None

    @property
    def content_type(self) -> str:
        """Empty if the server sent none."""
        return self.head.headers.get("content-type", "")

    @property
    def conditions(self) -> Mapping[str, str]:
        """Headers with which the server answers 304 if nothing has changed; empty if it cannot tell."""
        headers = self.head.headers
        modified = headers.get("last-modified", "")
        if modified and modified == headers.get("date"):  # it may change again within this second
            return {}
        found = {"if-none-match": headers.get("etag", ""), "if-modified-since": modified}
        return {name: value for name, value in found.items() if value}


def head_of(stream: httpx.Response) -> Response:
    """Return a response without its body."""
    links = (link["url"] for rel, link in stream.links.items() if rel and "next" in rel.lower().split())
    return Response(stream.status_code, stream.headers, b"", str(stream.url), next(links, None))


async def body_of(stream: httpx.Response) -> AsyncIterator[bytes]:
    """The body of a response, decompressed. Unlike httpx, it raises an error if the data is cut off.

    Only gzip is requested, because other encodings may be cut off without a sign.

    Raises:
        httpx.HTTPError: the body is damaged or incomplete.
    """
    encodings = [each.strip().lower() for each in stream.headers.get("content-encoding", "").split(",")]
    encodings = [each for each in encodings if each not in {"", "identity"}]
    if not encodings:
        async for chunk in stream.aiter_bytes():
            yield chunk
        return
    if encodings not in (["gzip"], ["x-gzip"]):
        problem = f"the response is compressed with {', '.join(encodings)}, which was not requested"
        raise httpx.RemoteProtocolError(problem)
    decoder: Any = None
    async for part in stream.aiter_raw():
        rest = part
        while rest:
            if decoder is None or decoder.eof:  # several members can follow each other
                decoder = zlib.decompressobj(wbits=_GZIP)
            try:
                yield decoder.decompress(rest)
            except zlib.error as error:
                raise httpx.DecodingError(str(error)) from error
            rest = decoder.unused_data
    if decoder is not None and not decoder.eof:
        raise httpx.RemoteProtocolError("the compressed response is cut off")


def describe_response(response: Response, redactor: Redactor) -> str:
    """Describe an error response: its status and, if it has one, the message of the server."""
    description = f"the server responded with {response.status}"
    message = " ".join(redactor(_message(_error(response))).split())  # redacted before it is cut
    if response.status == HTTPStatus.FORBIDDEN and response.body.lstrip().startswith(b"<"):
        return f"{description}, in HTML: a firewall in front of it may have refused a text in the request"
    return f"{description}: {message[:_MESSAGE_LENGTH]}" if message else description


def error_type(response: Response) -> str:
    """Return the type of Medusa's errors, such as `not_found`; empty if the response has none."""
    return str(_error(response).get("type", ""))


def _error(response: Response) -> dict[str, Any]:
    try:
        return msgspec.json.decode(response.body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):  # for example HTML from a proxy
        return {}


def _message(error: Any, depth: int = 0) -> str:
    """The message of Medusa, of Shopify (`errors`), of RFC 9457 (`detail`, `title`) or of others."""
    match error:
        case str():
            return error
        case [first, *_] if depth < _DEPTH:
            return _message(first, depth + 1)
        case dict() if depth < _DEPTH:
            found = (_message(error.get(name), depth + 1) for name in _MESSAGES)
            return next(filter(None, found), "")
    return ""


def retry_after(headers: Mapping[str, str]) -> float | None:
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


def date_of(header: str) -> int | None:
    """The time of the server that a `Date` header says, in seconds since 1970; None if it says none."""
    try:
        return int(parsedate_to_datetime(header).timestamp())
    except (ValueError, TypeError, OverflowError):  # invalid: ignored
        return None


def describe_error(error: Exception, scheme: str = "") -> str:
    """Describe an error of httpx, whose own message is often empty.

    Args:
        error: of httpx, or of a time limit.
        scheme: of the URL, if the response had not begun.
    """
    match error:
        case httpx.ConnectError() if _NOT_TLS in str(error):
            return f"no connection; the server may expect http:// at this port ({error})"
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return "no connection within the time limit"
        case httpx.TimeoutException() | TimeoutError():
            return "no complete response within the time limit"
        case httpx.ConnectError():
            return f"no connection ({error})" if str(error) else "no connection"
        case httpx.DecodingError():
            return "the compressed response is damaged"
        case httpx.NetworkError() | httpx.RemoteProtocolError():
            what = str(error).rstrip(".") or "the connection was dropped"
            is_plain = scheme == "http"
            return f"{what}; the server may expect https:// at this port" if is_plain else what
        case _:
            return str(error) or type(error).__name__


def origin(url: str) -> tuple[str, bytes, int | None]:
    """Return the scheme, host and port of a URL; the port is None if it is that of the scheme.

    Raises:
        ValueError: the URL is invalid.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from error
    return parsed.scheme, parsed.raw_host, parsed.port
