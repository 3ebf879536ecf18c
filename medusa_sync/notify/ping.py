"""Requests to monitors that cannot end a run or reveal a URL, and pings as healthchecks.io expects them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

import httpx

from medusa_sync import __version__

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 10_000  # every healthchecks.io server keeps at least this much
_TIMEOUT_S = 5.0  # for all of a request: on its own, the timeout of httpx would start again with each byte

# healthchecks.io responds with 200 even if it ignores a ping.
_IGNORED = {
    b"OK (not found)": "the server does not know this check",
    b"OK (rate limited)": "the server limits the rate of pings and ignored this one",
}


class MonitorError(Exception):
    """A request did not arrive or was refused; the message does not contain the URL."""


class _TryAgainError(MonitorError):
    """The same request may succeed."""


def send(method: str, url: str, content: bytes, content_type: str, others: Mapping[str, str] = {}) -> bytes:
    """Send a request, again if that may help; return the start of its response or raise `MonitorError`."""
    try:
        return asyncio.run(_send(method, url, content, {"content-type": content_type, **others}))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError):
        raise MonitorError("the URL is invalid") from None
    except (OSError, ImportError) as error:  # the certificates of SSL_CERT_FILE, or a SOCKS proxy
        raise MonitorError(str(error)) from None


async def _send(method: str, url: str, content: bytes, own: Mapping[str, str]) -> bytes:
    headers = {"user-agent": f"medusa-sync/{__version__}", **own}
    # A redirect could send the secret to another host and turn POST into GET.
    async with httpx.AsyncClient(headers=headers, timeout=_TIMEOUT_S, follow_redirects=False) as client:
        try:
            return await _send_once(client, method, url, content)
        except _TryAgainError:
            return await _send_once(client, method, url, content)


async def _send_once(client: httpx.AsyncClient, method: str, url: str, content: bytes) -> bytes:
    try:
        async with asyncio.timeout(_TIMEOUT_S), client.stream(method, url, content=content) as response:
            start = await anext(response.aiter_bytes(), b"")  # an endless response must not delay the run
    except httpx.UnsupportedProtocol:
        raise
    except (httpx.TimeoutException, TimeoutError):
        raise _TryAgainError(f"no response within {_TIMEOUT_S:g} s") from None
    except httpx.ConnectError as error:
        detail = f" ({error})" if str(error) else ""
        raise _TryAgainError(f"no connection{detail}") from None
    except httpx.NetworkError:
        raise _TryAgainError("the connection was dropped") from None
    except httpx.HTTPError as error:  # its request contains the URL
        raise _TryAgainError(type(error).__name__) from None
    if not response.is_success:
        error_type = _TryAgainError if response.is_server_error else MonitorError
        raise error_type(f"the server responded with {response.status_code}")
    return start


def host_of(url: str) -> str:
    """A URL without its credentials and its path, which may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/..."


def ping(url: str, exit_code: int | None = None, body: str = "") -> None:
    """Report that a run begins, or how it ended, with a summary. A failure is only logged."""
    event = "/start" if exit_code is None else f"/{exit_code}" if exit_code else ""
    host, reason = "the ping URL", ""
    try:
        host = host_of(url)
        parts = urlsplit(url)
        target = urlunsplit(parts._replace(path=parts.path.rstrip("/") + event, fragment=""))
        content = body.encode("utf-8", "replace")[:MAX_BODY_BYTES].decode("utf-8", "ignore").encode()
        response = send("POST", target, content, "text/plain; charset=utf-8")
        reason = _IGNORED.get(response.strip(), "")
    except MonitorError as error:
        reason = str(error)
    except ValueError:
        reason = "the URL is invalid"
    if reason:
        words = "the ping to %s failed: %s; check --ping-url"
        logger.warning(words, host, reason, extra={"event": "ping_failed"})
