"""Metrics of the last run: a file for Prometheus' node exporter, or pushed to a Pushgateway."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from prometheus_client import CollectorRegistry, Gauge, generate_latest, write_to_textfile
from prometheus_client.parser import text_string_to_metric_families

from medusa_sync.core.result import Result, RunResult, Status
from medusa_sync.notify.ping import MonitorError, host_of, send

logger = logging.getLogger(__name__)

LAST_SUCCESS = "medusa_sync_last_success_timestamp_seconds"

_NEVER = 0.0  # an age of decades triggers every alert; a missing metric would trigger none
_MAX_BYTES = 64 * 1024  # more than our files have; the parser takes quadratic time on some other files
_TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"
_PRODUCTS = {
    Result.CREATED: "Products that the last run created.",
    Result.UPDATED: "Products that the last run updated.",
    Result.UNCHANGED: "Products that the last run found unchanged.",
    Result.SKIPPED: "Products that a setting of the last run left as they were.",
    Result.REJECTED: "Products of the source that the last run rejected as invalid.",
    Result.FAILED: "Products that the store or the tool refused in the last run.",
    Result.UNCONFIRMED: "Products that the last run sent without getting the response.",
    Result.NOT_ATTEMPTED: "Products that the last run did not send before it ended.",
    Result.REMOVED: "Products that the last run set to draft or deleted: the source no longer has them.",
}


def write_metrics(result: RunResult, path: Path, *, job: str, source: str) -> None:
    """Replace the metrics file; a failure is only logged.

    Unless this run exits with 0, the time of the last success is kept from the file. A file that is damaged,
    or belongs to another job, source or shard, is replaced.

    Nothing is written for a dry run, nor for a run that found the lock taken: the holder of the lock writes
    the file, and this run could overwrite its success with the time that it read before.
    """
    if result.dry_run or result.status is Status.LOCKED:
        return
    try:
        file = Path(os.path.realpath(path))
        if not file.exists() or file.is_file():  # a rename would replace a device
            labels = _labels(result, job, source)
            previous = _last_success(file, labels)
            last_success = _end_of(result) if result.exit_code == 0 else previous
            write_to_textfile(str(file), _registry_of(result, last_success, labels))
            return
        reason = "it is not a file"
    except (OSError, ValueError) as error:  # ValueError: a character that a file or its name cannot have
        reason = str(error)
    words = "the metrics were not written to %s: %s"
    logger.warning(words, path, reason, extra={"event": "metrics_not_written"})


def push_metrics(result: RunResult, url: str, *, job: str, source: str, store: str) -> None:
    """Push the metrics of a run to a Pushgateway; a failure is only logged.

    A success replaces everything that earlier runs pushed (PUT), so that metrics of older versions vanish.
    A failed run does not know when the last success was. It replaces only what it pushes (POST), which is
    everything else. Nothing is pushed for a dry run, nor for a run that found the lock taken.
    """
    if result.dry_run or result.status is Status.LOCKED:
        return
    is_success = result.exit_code == 0
    labels = _labels(result, job, source)
    registry = _registry_of(result, _end_of(result) if is_success else None, labels)
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


def _registry_of(
    result: RunResult, last_success: float | None, labels: Mapping[str, str]
) -> CollectorRegistry:
    """The metrics of a run, without the time of the last success if it is None."""
    registry, requests = CollectorRegistry(), result.requests

    def add(name: str, help_: str, value: float) -> None:
        Gauge(name, help_, tuple(labels), registry=registry).labels(**labels).set(value)

    if last_success is not None:
        add(LAST_SUCCESS, "Unix time at which the last run with exit code 0 ended, or 0.", last_success)
    add("medusa_sync_last_run_timestamp_seconds", "Unix time at which the last run ended.", _end_of(result))
    add("medusa_sync_last_run_duration_seconds", "Duration of the last run.", result.duration_s)
    add("medusa_sync_last_run_exit_code", "Exit code of the last run; 0 is success.", result.exit_code)
    for each, help_ in _PRODUCTS.items():  # the noun comes last: OpenMetrics reserves the ending `_created`
        add(f"medusa_sync_last_run_{each}_products", help_, result.counts[each])
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


def _last_success(file: Path, labels: Mapping[str, str]) -> float:
    """Read the time of the last success that an earlier run wrote."""
    try:
        with file.open("rb") as stream:
            value = _find(stream.read(_MAX_BYTES), labels)
    except FileNotFoundError:
        return _NEVER
    except OSError as error:
        words = "the metrics of the previous run cannot be read: %s"
        logger.warning(words, error, extra={"event": "metrics_unreadable"})
        return _NEVER
    if value is None:
        words = "%s is damaged, or belongs to another job, source or shard; it is replaced"
        logger.warning(words, file, extra={"event": "metrics_replaced"})
    return _NEVER if value is None else value


def _find(content: bytes, labels: Mapping[str, str]) -> float | None:
    if not content.endswith(b"\n"):  # truncated, maybe within the number
        return None
    try:
        values = [
            float(sample.value)
            for family in text_string_to_metric_families(content.decode())
            for sample in family.samples
            if sample.name == LAST_SUCCESS and sample.labels == labels
        ]
    except (ValueError, LookupError, OverflowError):  # raised by the parser on other files
        return None
    return values[0] if len(values) == 1 and values[0] >= 0 and math.isfinite(values[0]) else None
