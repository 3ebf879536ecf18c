"""Pings a monitor when a run begins and ends, as healthchecks.io expects it."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit, urlunsplit

from medusa_sync.notify.delivery import DeliveryError, deliver, shown

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 10_000  # every healthchecks.io server keeps at least this much

# healthchecks.io responds with 200 even if it ignores a ping.
_IGNORED = {
    b"OK (not found)": "the server does not know this check",
    b"OK (rate limited)": "the server limits the rate of pings and ignored this one",
}


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
    host, reason = "the ping URL", ""
    try:
        parts = urlsplit(url)
        host = shown(parts)
        target = urlunsplit(parts._replace(path=parts.path.rstrip("/") + event, fragment=""))
        start = deliver("POST", target, truncated(body), "text/plain; charset=utf-8")
        reason = _IGNORED.get(start.strip(), "")
    except DeliveryError as error:
        reason = str(error)
    except ValueError:
        reason = "the URL is invalid"
    if reason:
        logger.warning(
            "the ping to %s failed: %s; check --ping-url", host, reason, extra={"event": "ping_failed"}
        )


def truncated(body: str) -> bytes:
    """Encode a text, at most `MAX_BODY_BYTES` of it, cut between two characters."""
    return body.encode("utf-8", "replace")[:MAX_BODY_BYTES].decode("utf-8", "ignore").encode()
