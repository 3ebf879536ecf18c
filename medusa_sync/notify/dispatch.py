"""Tells those who look from outside how a run went: report file, metrics, monitor, GitHub."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

from medusa_sync import report
from medusa_sync.core.result import RunResult, Status
from medusa_sync.errors import SettingsError
from medusa_sync.notify import github, ping
from medusa_sync.report import files
from medusa_sync.settings import OPTIONS, Settings


def check(settings: Settings) -> None:
    """Look at what can be told before a run.

    Raises:
        SettingsError: the report would not come to anything.
    """
    if settings.report is None:
        return
    path = Path(settings.report)
    problem = files.check_report_path(path)
    if path.resolve() == Path(settings.source).resolve():
        problem = f"{settings.report!r} is the source; choose another file"
    if problem:
        raise SettingsError([f"{OPTIONS['report'].spelling}: {problem}"])


def begin(settings: Settings) -> None:
    """A run begins; what goes wrong here is only logged."""
    if settings.ping_url is not None and not settings.dry_run:
        ping.ping_start(settings.ping_url)


def end(settings: Settings, result: RunResult) -> None:
    """A run has ended. A ping or metrics that do not get through are only logged.

    Raises:
        ReportError: the report cannot be written.
    """
    if settings.metrics_file is not None:
        from medusa_sync.notify import metrics  # Prometheus' client brings along a web server

        path = Path(settings.metrics_file)
        metrics.write_metrics(result, path, job=settings.job_name, source=settings.source_name)
    # The run that holds the lock tells of itself.
    if settings.ping_url is not None and not settings.dry_run and result.status is not Status.LOCKED:
        ping.ping_end(settings.ping_url, result.exit_code, _as_text(result))
    if settings.report is not None:
        files.write_report(result, Path(settings.report))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in github.workflow_commands(result):
            sys.stderr.write(f"{line}\n")  # stdout is the result's
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        github.append_step_summary(result, Path(summary))


def end_without_result(settings: Settings, exit_code: int, message: str) -> None:
    """A run has died, or was stopped at once; a ping that does not get through is only logged."""
    if settings.ping_url is not None and not settings.dry_run:
        ping.ping_end(settings.ping_url, exit_code, message)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        sys.stderr.write(github.annotation("error", settings.job_name, message) + "\n")


def _as_text(result: RunResult) -> str:
    text = io.StringIO()
    report.print_result(result, report.output_to(text))
    return text.getvalue()
