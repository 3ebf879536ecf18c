"""Pushes the metrics of the last run to a Prometheus Pushgateway."""

from __future__ import annotations

import logging
from urllib.parse import quote, urlsplit

from prometheus_client import generate_latest

from medusa_sync.core.result import RunResult, Status
from medusa_sync.notify.delivery import DeliveryError, deliver, shown
from medusa_sync.notify.metrics import end_of, registry_of

logger = logging.getLogger(__name__)

_TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"


def push_metrics(result: RunResult, url: str, *, job: str, source: str, store: str) -> None:
    """Push the metrics of a run; a failure is only logged.

    A success replaces everything that earlier runs pushed (PUT), so that metrics of older versions vanish.
    A failed run does not know when the last success was. It replaces only what it pushes (POST), which is
    everything else. Nothing is pushed for a dry run, nor for a run that found the lock taken.

    Args:
        result: the run.
        url: of the gateway, possibly with credentials.
        job: a label, as are the source and the host of the store.
        source: name of the source.
        store: URL of the store.
    """
    if result.dry_run or result.status is Status.LOCKED:
        return
    is_success = result.exit_code == 0
    registry = registry_of(result, end_of(result) if is_success else None, job=job, source=source)
    groups = ("job", job), ("source", source), ("store", urlsplit(store).netloc)
    path = "/".join(f"{label}/{quote(value, safe='')}" for label, value in groups)
    try:
        method = "PUT" if is_success else "POST"
        deliver(method, f"{url.rstrip('/')}/metrics/{path}", generate_latest(registry), _TEXT_FORMAT)
    except DeliveryError as error:
        host = shown(urlsplit(url))
        logger.warning(
            "the metrics were not pushed to %s: %s; check --metrics-push",
            host,
            error,
            extra={"event": "metrics_not_pushed"},
        )
