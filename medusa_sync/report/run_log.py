"""Logs what a run decides for each product, and its result."""

from __future__ import annotations

import logging
from itertools import islice

from medusa_sync.core.result import Outcome, Result, RunResult
from medusa_sync.report import summary
from medusa_sync.report.progress import NoProgress

logger = logging.getLogger(__name__)


class OutcomeLog(NoProgress):
    """Logs the outcome of each product that is not unchanged.

    Args:
        observer: gets everything as well.
        dry_run: nothing is written.
    """

    def __init__(self, observer: NoProgress, *, dry_run: bool) -> None:
        self._observer = observer
        self._dry_run = dry_run

    def fetched(self, seen: int, total: int | None) -> None:
        self._observer.fetched(seen, total)

    def settled(self, outcome: Outcome) -> None:
        self._observer.settled(outcome)
        if outcome.result is Result.UNCHANGED:
            return
        words = f"{outcome.external_id or '(no id)'}: {summary.label(outcome.result, dry_run=self._dry_run)}"
        logger.debug(
            "%s",
            f"{words}: {outcome.reason}" if outcome.reason else words,
            extra={"event": "product", "external_id": outcome.external_id, "outcome": outcome.result.value},
        )


def log_result(result: RunResult, *, as_json: bool, is_printed: bool) -> None:
    """Log what ended the run early, and its summary.

    Args:
        result: the run.
        as_json: also log the first products with problems and conflicts, because readers of a JSON log may
            not see stdout.
        is_printed: the result is on stdout as text; a log of text does not repeat it if it is one line.
    """
    if as_json:
        _log_products(result)
    if result.error:
        logger.error(
            "%s",
            result.error,
            extra={"event": "run_ended_early", "hint": result.hint, "exit_code": result.exit_code},
        )
    if as_json or result.seen or not result.error:
        is_repeated = is_printed and not as_json and summary.up_to_date(result) is not None
        duration = round(result.duration_s * 1000)
        logger.log(
            logging.DEBUG if is_repeated else logging.INFO,
            "%s",
            summary.one_line(result),
            extra={"event": "run_ended", "exit_code": result.exit_code, "duration_ms": duration},
        )


def _log_products(result: RunResult) -> None:
    for outcome in islice(result.problems, summary.LISTED):
        external_id, title = summary.name(outcome)
        what = outcome.result.value
        logger.warning(
            "%s %s (%s): %s",
            what,
            external_id,
            title,
            outcome.reason,
            extra={"event": "problem", "external_id": outcome.external_id, "outcome": what},
        )
    held = (outcome for outcome in result.changes if outcome.held) if result.held else ()
    for outcome in islice(held, summary.LISTED):
        for each in outcome.held:
            logger.warning(
                "held back %s (%s): %s: store %r, source %r",
                outcome.external_id,
                outcome.title,
                each.name,
                each.stored,
                each.desired,
                extra={"event": "held", "external_id": outcome.external_id},
            )
    contested = (outcome for outcome in result.changes if outcome.conflicts) if result.conflicts else ()
    for outcome in islice(contested, summary.LISTED):
        for conflict in outcome.conflicts:
            logger.warning(
                "conflict %s (%s): %s: store %r, source %r; the %s wins",
                outcome.external_id,
                outcome.title,
                conflict.name,
                conflict.stored,
                conflict.desired,
                conflict.kept.value,
                extra={"event": "conflict", "external_id": outcome.external_id},
            )
