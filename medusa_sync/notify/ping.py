"""Pings a monitor when a run begins and ends, as healthchecks.io expects it."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit, urlunsplit

import httpx

from medusa_sync import __version__

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 10_000  # every healthchecks.io server keeps at least this much

_TIMEOUT_S = 5.0
_HEADERS = {"user-agent": f"medusa-sync/{__version__}", "content-type": "text/plain; charset=utf-8"}
# healthchecks.io responds with 200 even if it ignores a ping.
_IGNORED = {
    b"OK (not found)": "the server does not know this check",
    b"OK (rate limited)": "the server limits the rate of pings and ignored this one",
}


class _FailedError(Exception):
    """The ping did not arrive or was refused.

    Attributes:
        may_retry: the same ping may succeed.
    """

    def __init__(self, message: str, *, may_retry: bool) -> None:
        super().__init__(message)
        self.may_retry = may_retry


def ping_start(url: str) -> None:
    """Report that a run begins: the monitor notices if it never ends. A failure is only logged."""
    _ping(url, "/start", "")


def ping_end(url: str, exit_code: int, body: str) -> None:
    """Report how a run ended; a failure is only logged.

    Args:
        url: of the check; everything after the host is a secret that permits pings.
        exit_code: of the run.
        body: a summary for people, truncated to `MAX_BODY_BYTES`.
    """
    _ping(url, f"/{exit_code}" if exit_code != 0 else "", body)


def _ping(url: str, event: str, body: str) -> None:
    shown = "the ping URL"
    try:
        parts = urlsplit(url)
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/..."
        target = urlunsplit(parts._replace(path=parts.path.rstrip("/") + event, fragment=""))
        # A redirect could send the secret to another host and turn POST into GET.
        with httpx.Client(headers=_HEADERS, timeout=_TIMEOUT_S, follow_redirects=False) as client:
            _post(client, target, body)
    except _FailedError as error:
        logger.warning("the ping to %s failed: %s", shown, error)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError):
        logger.warning("the ping to %s failed: the URL is invalid; correct --ping-url", shown)
    except OSError as error:  # reading the certificates that SSL_CERT_FILE names
        logger.warning("the ping to %s failed: %s", shown, error)


def _post(client: httpx.Client, target: str, body: str) -> None:
    # Truncated between two characters.
    content = body.encode("utf-8", "replace")[:MAX_BODY_BYTES].decode("utf-8", "ignore").encode()
    try:
        _post_once(client, target, content)
    except _FailedError as error:
        if not error.may_retry:
            raise
        _post_once(client, target, content)


def _post_once(client: httpx.Client, target: str, content: bytes) -> None:
    try:
        with client.stream("POST", target, content=content) as response:
            start = next(response.iter_bytes(), b"")  # an endless response must not delay the run
    except httpx.UnsupportedProtocol:
        raise
    except httpx.HTTPError as error:
        raise _FailedError(_describe(error), may_retry=True) from None  # its request contains the URL
    if not response.is_success:
        message = f"the server responded with {response.status_code}"
        raise _FailedError(message, may_retry=response.is_server_error)
    if reason := _IGNORED.get(start.strip()):
        raise _FailedError(reason, may_retry=False)


def _describe(error: httpx.HTTPError) -> str:
    """Describe the error without the URL."""
    match error:
        case httpx.TimeoutException():
            return f"no response within {_TIMEOUT_S:g} s"
        case httpx.ConnectError():
            return f"no connection ({error})" if str(error) else "no connection"
        case _:
            return type(error).__name__
