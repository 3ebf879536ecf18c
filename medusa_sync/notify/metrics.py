"""Metrics of the last run, in a file for the textfile collector of Prometheus' node exporter."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
from prometheus_client.parser import text_string_to_metric_families

from medusa_sync.core.result import Result, RunResult, Status

logger = logging.getLogger(__name__)

LAST_SUCCESS = "medusa_sync_last_success_timestamp_seconds"

_NEVER = 0.0  # an age of decades sets off every alert, where a missing metric would set off none
_MAX_BYTES = 64 * 1024  # our own file is far below; the parser needs quadratic time for what is not ours
_LABELS = ("job", "source")


def _ended_at(result: RunResult) -> float:
    return result.started_at.timestamp() + result.duration_s


# The number of products stands before the noun, because OpenMetrics keeps the ending `_created` for itself.
LAST_RUN: Mapping[str, tuple[str, Callable[[RunResult], float]]] = {
    "medusa_sync_last_run_timestamp_seconds": ("Unix time at which the last run ended.", _ended_at),
    "medusa_sync_last_run_duration_seconds": (
        "How long the last run took.",
        lambda result: result.duration_s,
    ),
    "medusa_sync_last_run_exit_code": (
        "Exit code of the last run; 0 is success.",
        lambda result: result.exit_code,
    ),
    "medusa_sync_last_run_created_products": (
        "Products that the last run created.",
        lambda result: result.counts[Result.CREATED],
    ),
    "medusa_sync_last_run_updated_products": (
        "Products that the last run updated.",
        lambda result: result.counts[Result.UPDATED],
    ),
    "medusa_sync_last_run_unchanged_products": (
        "Products that the last run found unchanged.",
        lambda result: result.counts[Result.UNCHANGED],
    ),
    "medusa_sync_last_run_rejected_products": (
        "Products of the source that the last run could not use.",
        lambda result: result.counts[Result.REJECTED],
    ),
    "medusa_sync_last_run_failed_products": (
        "Products that the store or the tool refused in the last run.",
        lambda result: result.counts[Result.FAILED],
    ),
    "medusa_sync_last_run_unconfirmed_products": (
        "Products that the last run sent without getting the response.",
        lambda result: result.counts[Result.UNCONFIRMED],
    ),
    "medusa_sync_last_run_not_attempted_products": (
        "Products that the last run did not get to before it ended.",
        lambda result: result.counts[Result.NOT_ATTEMPTED],
    ),
    "medusa_sync_last_run_removed_products": (
        "Products that the last run set to draft or deleted, because the source no longer has them.",
        lambda result: result.counts[Result.REMOVED],
    ),
    "medusa_sync_last_run_source_requests": (
        "Requests of the last run to the source, repeats included.",
        lambda result: result.requests.source,
    ),
    "medusa_sync_last_run_store_read_requests": (
        "Requests of the last run that read from the store, repeats included.",
        lambda result: result.requests.store_reads,
    ),
    "medusa_sync_last_run_store_write_requests": (
        "Requests of the last run that wrote to the store, repeats included.",
        lambda result: result.requests.store_writes,
    ),
    "medusa_sync_last_run_retries": (
        "Requests of the last run that were repeats.",
        lambda result: result.requests.retries,
    ),
}
"""Help text and value of each metric, by name."""


def write_metrics(result: RunResult, path: Path, *, job: str, source: str) -> None:
    """Put the metrics of a run in the place of those of the run before; a failure is only logged.

    The time of the last success is that of this run if it exits with 0, else the one that the file holds.
    A file that is damaged, or belongs to another job or source, holds none and is replaced.

    Nothing is written for a dry run, which stores nothing, nor for a run that found the lock taken: the
    holder of the lock writes metrics of its own, and its success must not be lost to an older reading.

    Args:
        result: the run.
        path: where to; a symbolic link is followed. The collector reads only names that end in `.prom`.
        job: the value of the label `job`.
        source: the value of the label `source`: the name of the source.
    """
    if result.dry_run or result.status is Status.LOCKED:
        return
    try:
        file = Path(os.path.realpath(path))
        if file.exists() and not file.is_file():  # a rename would replace a device
            logger.warning("the metrics were not written: %s is not a file", path)
            return
        before = _last_success(file, job, source)
        succeeded = _ended_at(result) if result.exit_code == 0 else before
        write_to_textfile(str(file), _registry(result, succeeded, (job, source)))
    except (OSError, ValueError) as error:  # ValueError: a text that no file, or no file name, can hold
        logger.warning("the metrics were not written to %s: %s", path, error)


def _registry(result: RunResult, succeeded: float, labels: tuple[str, str]) -> CollectorRegistry:
    registry = CollectorRegistry()

    def add(name: str, meaning: str, value: float) -> None:
        Gauge(name, meaning, _LABELS, registry=registry).labels(*labels).set(value)

    add(LAST_SUCCESS, "Unix time at which the last run with exit code 0 ended; 0 if none has.", succeeded)
    for name, (meaning, value_of) in LAST_RUN.items():
        add(name, meaning, value_of(result))
    return registry


def _last_success(file: Path, job: str, source: str) -> float:
    """The time that an earlier run has left in the file."""
    try:
        with file.open("rb") as stream:
            content = stream.read(_MAX_BYTES)
    except FileNotFoundError:
        return _NEVER
    except OSError as error:
        logger.warning("the metrics of earlier runs cannot be read: %s", error)
        return _NEVER
    value = _find(content, {"job": job, "source": source})
    if value is None:
        logger.warning("%s is damaged, or holds metrics of another job or source: it is replaced", file)
        return _NEVER
    return value


def _find(content: bytes, labels: Mapping[str, str]) -> float | None:
    if not content.endswith(b"\n"):  # a number that is cut off is still a number
        return None
    try:
        values = [
            float(sample.value)
            for family in text_string_to_metric_families(content.decode())
            for sample in family.samples
            if sample.name == LAST_SUCCESS and sample.labels == labels
        ]
    except (ValueError, LookupError, OverflowError):  # all that the parser raises at what is no metrics file
        return None
    return values[0] if len(values) == 1 and values[0] >= 0 and math.isfinite(values[0]) else None
