"""Posts which products a run has written, for storefronts and search engines (see docs/monitoring.md)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from hashlib import sha256
from hmac import new as hmac
from itertools import islice
from typing import Any

import msgspec

from medusa_sync.core.outcome import Outcome
from medusa_sync.core.result import RunResult
from medusa_sync.notify.ping import MonitorError, host_of, send
from medusa_sync.report.summary import one_line

logger = logging.getLogger(__name__)

_MOST = 500  # products of a request, which has about 100 kB then


def post_changes(result: RunResult, url: str, secret: str = "") -> None:
    """Post what a run has written, in parts. A failure ends it, and is only logged."""
    written = (each for each in result.changes if each.action is not None)
    about = {
        "version": 1,
        "text": f"{result.job}: {one_line(result)}",
        "job": result.job,
        "run_id": result.run_id,
        "source": result.source_name,
        "store_url": result.store_url,
    }
    run = f"{result.started_at:%Y%m%dT%H%M%S%f}-{result.run_id}"
    for number, changes in enumerate(_parts(written), 1):
        content = msgspec.json.encode({**about, "part": number, "changes": changes})
        headers = {"idempotency-key": f"{run}-{number}"}  # of a retry, too
        if secret:
            signature = hmac(secret.encode(), content, sha256).hexdigest()
            headers["x-hub-signature-256"] = f"sha256={signature}"
        try:
            send("POST", url, content, "application/json", headers)
        except MonitorError as error:
            words = "the changes of the run were not posted to %s: %s; check --on-change"
            logger.warning(words, host_of(url), error, extra={"event": "changes_not_posted"})
            return


def _parts(written: Iterator[Outcome]) -> Iterator[list[dict[str, Any]]]:
    while part := [_change(each) for each in islice(written, _MOST)]:
        yield part


def _change(outcome: Outcome) -> dict[str, Any]:
    return {
        "id": outcome.written.id if outcome.written else None,
        "external_id": outcome.external_id,
        "handle": outcome.written.handle if outcome.written else None,
        "action": outcome.action,
        "fields": list(dict.fromkeys(each.field for each in outcome.changes)),
    }
