"""Pings that tell a monitor from outside that runs begin and end, in the manner of healthchecks.io."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit, urlunsplit

import httpx

from medusa_sync import __version__

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 10_000  # what healthchecks.io keeps at the least; its servers differ

_TIMEOUT_S = 5.0
_HEADERS = {"user-agent": f"medusa-sync/{__version__}", "content-type": "text/plain; charset=utf-8"}
# healthchecks.io answers 200 even where it has taken no notice of a ping.
_IGNORED = {
    b"OK (not found)": "the server knows no such check",
    b"OK (rate limited)": "the server takes no more pings for now",
}


class _FailedError(Exception):
    """The ping has not arrived, or was not accepted.

    Attributes:
        may_pass: whether the next try may go better.
    """

    def __init__(self, message: str, *, may_pass: bool) -> None:
        super().__init__(message)
        self.may_pass = may_pass


def ping_start(url: str) -> None:
    """Say that a run begins, so that one that never ends is noticed too; a failure is only logged.

    Args:
        url: the address of the check. All of it behind the host is a secret: who knows it can ping.
    """
    _ping(url, "/start", "")


def ping_end(url: str, exit_code: int, body: str) -> None:
    """Say how a run has ended: success, or its exit code; a failure is only logged.

    Args:
        url: the address of the check.
        exit_code: of the run.
        body: a summary for people; what is beyond `MAX_BODY_BYTES` is cut off.
    """
    _ping(url, f"/{exit_code}" if exit_code != 0 else "", body)


def _ping(url: str, event: str, body: str) -> None:
    shown = "the ping address"
    try:
        parts = urlsplit(url)
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/..."
        target = urlunsplit(parts._replace(path=parts.path.rstrip("/") + event, fragment=""))
        # A redirect is not followed: it would carry the secret to another place, and turn POST into GET.
        with httpx.Client(headers=_HEADERS, timeout=_TIMEOUT_S, follow_redirects=False) as client:
            _post(client, target, _content(body))
    except _FailedError as error:
        logger.warning("the ping to %s failed: %s", shown, error)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError):
        logger.warning("the ping to %s failed: the address cannot be used", shown)
    except OSError as error:  # of the certificates that SSL_CERT_FILE names
        logger.warning("the ping to %s failed: %s", shown, error)


def _content(body: str) -> bytes:
    """The body, cut between two characters where it is too long."""
    return body.encode("utf-8", "replace")[:MAX_BODY_BYTES].decode("utf-8", "ignore").encode()


def _post(client: httpx.Client, target: str, content: bytes) -> None:
    try:
        _post_once(client, target, content)
    except _FailedError as error:
        if not error.may_pass:
            raise
        _post_once(client, target, content)


def _post_once(client: httpx.Client, target: str, content: bytes) -> None:
    try:
        with client.stream("POST", target, content=content) as response:
            said = next(response.iter_bytes(), b"")  # not the whole: no answer may hold up a run
    except httpx.UnsupportedProtocol:
        raise
    except httpx.HTTPError as error:
        raise _FailedError(_describe(error), may_pass=True) from None  # its request shows the address
    if not response.is_success:
        raise _FailedError(f"the server answered {response.status_code}", may_pass=response.is_server_error)
    if reason := _IGNORED.get(said.strip()):
        raise _FailedError(reason, may_pass=False)


def _describe(error: httpx.HTTPError) -> str:
    """What went wrong, in words that cannot hold the address."""
    match error:
        case httpx.TimeoutException():
            return f"no answer within {_TIMEOUT_S:g} s"
        case httpx.ConnectError():
            return f"no connection ({error})" if str(error) else "no connection"
        case _:
            return type(error).__name__
