"""Metrics of the last run: a file for Prometheus' node exporter, or pushed to a Pushgateway."""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

from prometheus_client import CollectorRegistry, Gauge, generate_latest, write_to_textfile

from medusa_sync.core.outcome import Result
from medusa_sync.core.result import RunResult
from medusa_sync.notify.ping import MonitorError, host_of, send
from medusa_sync.report.summary import label

logger = logging.getLogger(__name__)

LAST_SUCCESS = "medusa_sync_last_success_timestamp_seconds"
LAST_COMPLETE = "medusa_sync_last_complete_timestamp_seconds"

_KEPT = {
    LAST_SUCCESS: "Unix time at which the last run with exit code 0 ended, or 0.",
    LAST_COMPLETE: "Unix time at which the last run ended that wrote all but rejected products, or 0.",
}

_NEVER = 0.0  # an age of decades triggers every alert; a missing metric would trigger none
_MAX_BYTES = 64 * 1024  # more than our files have
_TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"


def write_metrics(result: RunResult, path: Path, *, job: str, source: str) -> None:
    """Replace the metrics file; a failure is only logged.

    The times of the last success and of the last complete run are kept from the file, unless this run is one.
    A file that is damaged, or belongs to another job, source or shard, is replaced.
    """
    try:
        file = Path(os.path.realpath(path))
        if not file.exists() or file.is_file():  # a rename would replace a device
            labels = _labels(result, job, source)
            times = _previous(file, labels) | _times(result)
            write_to_textfile(str(file), _registry_of(result, times, labels))
            return
        reason = "it is not a file"
    except (OSError, ValueError) as error:  # ValueError: a character that a file or its name cannot have
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
    words = "the metrics were not written to %s: %s"
    logger.warning(words, path, reason, extra={"event": "metrics_not_written"})


def push_metrics(result: RunResult, url: str, *, job: str, source: str, store: str) -> None:
    """Push the metrics of a run to a Pushgateway; a failure is only logged.

    A success replaces everything that earlier runs pushed (PUT), so that metrics of older versions vanish.
    A failed run does not know when the last success was. It replaces only what it pushes (POST), which is
    everything else.
    """
    is_success = result.exit_code == 0
    labels = _labels(result, job, source)
    registry = _registry_of(result, _times(result), labels)
    groups = labels | {"store": urlsplit(store).netloc}
    path = "/".join(f"{label}/{quote(value, safe='')}" for label, value in groups.items())
    target = f"{url.rstrip('/')}/metrics/{path}"
    try:
        send("PUT" if is_success else "POST", target, generate_latest(registry), _TEXT_FORMAT)
    except MonitorError as error:
        words = "the metrics were not pushed to %s: %s; check --metrics-push"
        logger.warning(words, host_of(url), error, extra={"event": "metrics_not_pushed"})


def _labels(result: RunResult, job: str, source: str) -> dict[str, str]:
    """The labels of the metrics of a run; only those of a shard have its number."""
    shard = {"shard": str(result.shard.number)} if result.shard else {}
    return {"job": job, "source": source, **shard}


def _end_of(result: RunResult) -> float:
    """The Unix time at which a run ended."""
    return result.started_at.timestamp() + result.duration_s


def _times(result: RunResult) -> dict[str, float]:
    """The times that this run sets, by metric."""
    ended = {LAST_SUCCESS: result.exit_code == 0, LAST_COMPLETE: result.is_complete}
    return {name: _end_of(result) for name, is_so in ended.items() if is_so}


def _registry_of(
    result: RunResult, times: Mapping[str, float], labels: Mapping[str, str]
) -> CollectorRegistry:
    """The metrics of a run, with the times of `_KEPT` that are known."""
    registry, requests = CollectorRegistry(), result.requests
    add = partial(_add, registry, labels)
    for name, value in times.items():
        add(name, _KEPT[name], value)
    add("medusa_sync_last_run_timestamp_seconds", "Unix time at which the last run ended.", _end_of(result))
    add("medusa_sync_last_run_duration_seconds", "Duration of the last run.", result.duration_s)
    add("medusa_sync_last_run_exit_code", "Exit code of the last run; 0 is success.", result.exit_code)
    for each in Result:  # the noun comes last: OpenMetrics reserves the ending `_created`
        help_ = f"Products with this result in the last run: {label(each, dry_run=False)}."
        add(f"medusa_sync_last_run_{each}_products", help_, result.counts[each])
    if result.new_rejected is not None:
        help_ = "Rejected products of the last run that the run before did not reject."
        add("medusa_sync_last_run_new_rejected_products", help_, result.new_rejected)
        help_ = "Unix time of the last run with new rejected products, or 0."
        add("medusa_sync_last_new_rejected_timestamp_seconds", help_, result.last_new_rejected)
    help_ = "SKUs and barcodes that variants do not have, because something else has them."
    add("medusa_sync_last_run_withheld_values", help_, result.withheld)
    for kind, what, count in (
        ("source_requests", "to the source", requests.source),
        ("store_read_requests", "that read from the store", requests.store_reads),
        ("store_write_requests", "that wrote to the store", requests.store_writes),
    ):
        add(f"medusa_sync_last_run_{kind}", f"Requests of the last run {what}, including retries.", count)
    add("medusa_sync_last_run_retries", "Requests of the last run that were retries.", requests.retries)
    return registry


def _add(registry: CollectorRegistry, labels: Mapping[str, str], name: str, help_: str, value: float) -> None:
    Gauge(name, help_, tuple(labels), registry=registry).labels(**labels).set(value)


def _previous(file: Path, labels: Mapping[str, str]) -> dict[str, float]:
    """Read the times that earlier runs wrote; older versions wrote only that of the last success."""
    found: dict[str, float | None] = {}
    try:
        with file.open("rb") as stream:
            content = stream.read(_MAX_BYTES)
        found = {name: _find(content, name, labels) for name in _KEPT}
        if found[LAST_SUCCESS] is None:
            words = "%s is damaged, or belongs to another job, source or shard; it is replaced"
            logger.warning(words, file, extra={"event": "metrics_replaced"})
    except FileNotFoundError:
        pass
    except OSError as error:
        words = "the metrics of the previous run cannot be read from %s: %s"
        logger.warning(words, file, error.strerror, extra={"event": "metrics_unreadable"})
    success = found.get(LAST_SUCCESS) or _NEVER
    return {LAST_SUCCESS: success, LAST_COMPLETE: found.get(LAST_COMPLETE) or success}


def _find(content: bytes, metric: str, labels: Mapping[str, str]) -> float | None:
    registry = CollectorRegistry()
    _add(registry, labels, metric, "", 0)
    name = generate_latest(registry).rstrip().split(b"\n")[-1].rpartition(b" ")[0]
    found = re.findall(rb"^" + re.escape(name) + rb" ([0-9.e+]+)\n", content, re.MULTILINE)
    try:
        [value] = map(float, found)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
