"""Sends the result of a run to files, monitors and GitHub, as the settings say."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from medusa_sync.core.result import RunResult, Status
from medusa_sync.errors import SettingsError
from medusa_sync.notify import github, ping
from medusa_sync.report import file
from medusa_sync.report.output import lossy, output_to
from medusa_sync.report.summary import one_line
from medusa_sync.settings.options import OPTIONS, Settings


def check(settings: Settings) -> None:
    """Check before a run whether report and plan can be written; raise `SettingsError` if not."""
    problems = []
    inputs = filter(None, (settings.source, settings.undo, settings.apply_plan))
    used = dict.fromkeys(map(os.path.realpath, inputs), "is what a run reads")  # pathlib fails at a loop
    for name, given in (("report", settings.report), ("save_plan", settings.save_plan)):
        if given is None or given == "-":
            continue
        problem = file.check_report_path(Path(given))
        if (path := os.path.realpath(given)) in used:
            problem = f"{given!r} {used[path]}; choose another file"
        used[path] = f"is what {OPTIONS[name].flag} writes"
        problems += [f"{OPTIONS[name].spelling}: {problem}"] if problem else []
    if problems:
        raise SettingsError(problems)


def begin(settings: Settings) -> None:
    """Notify that a run begins; a failure is only logged."""
    if settings.ping_url and not settings.dry_run:
        ping.ping(settings.ping_url)


def outputs(settings: Settings, result: RunResult) -> Iterator[Callable[[], None]]:
    """Yield the steps that write the result; each may raise `ReportError`."""
    if settings.save_plan is not None and settings.dry_run:
        from medusa_sync.report.plan import save_plan  # few runs need it

        yield partial(save_plan, result, settings, settings.save_plan)
    if settings.report is not None:
        yield partial(file.write_report, result, Path(settings.report))
    if _is_github():
        yield lambda: _to_runner(github.workflow_commands(result))
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        yield partial(github.append_step_summary, result, Path(summary))


def end(settings: Settings, result: RunResult) -> None:
    """Notify monitors of the result of a run; a ping, a push or a metrics file that fails is only logged.

    They are not notified of a dry run, nor of a run that found the lock taken: the holder of the lock does
    that, and this run could overwrite its success with the time that it read before.
    """
    if result.dry_run or result.status is Status.LOCKED:
        return
    if settings.metrics_file is not None or settings.metrics_push is not None:
        from medusa_sync.notify import metrics  # slow to import: its library contains a web server

        names = {"job": settings.job_name, "source": settings.source_name}
        if settings.metrics_file is not None:
            metrics.write_metrics(result, Path(settings.metrics_file), **names)
        if settings.metrics_push is not None:
            metrics.push_metrics(result, settings.metrics_push, **names, store=settings.medusa_url)
    if settings.on_change is not None and result.changes:
        from medusa_sync.notify.changes import post_changes  # few runs need it

        secret = settings.on_change_secret
        post_changes(result, settings.on_change, secret.reveal() if secret else "")
    if settings.ping_url:
        error = result.error.partition("\n")[0]
        words = f"{one_line(result)}: {error}" if error else one_line(result)
        ping.ping(settings.ping_url, result.exit_code, words)


def end_without_result(settings: Settings, exit_code: int, message: str) -> None:
    """Notify that a run failed or was stopped without a result; a failure of the ping is only logged."""
    if settings.ping_url and not settings.dry_run:
        ping.ping(settings.ping_url, exit_code, message)
    if _is_github():
        _to_runner([github.workflow_command("error", settings.job_name, message)])


def _to_runner(commands: Iterable[str]) -> None:
    text = "".join(f"{command}\n" for command in commands)
    with lossy(output_to(sys.stderr)) as stderr:
        stderr.file.write(text)


def _is_github() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"
