"""The command `products`: one run, or a loop of them; the only place that tells errors and exit codes."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable, Mapping
from typing import ParamSpec
from urllib.parse import urlsplit

from msgspec import structs

from medusa_sync.app.loop import run_loop
from medusa_sync.app.session import sync_products
from medusa_sync.app.signals import Signals
from medusa_sync.core.result import RunResult
from medusa_sync.errors import EXIT_CHANGES, EXIT_UNEXPECTED, MedusaSyncError, SettingsError
from medusa_sync.notify import dispatch
from medusa_sync.redact import Redactor
from medusa_sync.report import log
from medusa_sync.report.file import ReportError
from medusa_sync.report.json import print_json
from medusa_sync.report.output import Output, discard_unwritten, output_to, print_error
from medusa_sync.report.progress import progress_observer
from medusa_sync.report.summary import one_line
from medusa_sync.report.table import print_result
from medusa_sync.schedule import Schedule, time_zone
from medusa_sync.settings.load import load_settings
from medusa_sync.settings.options import OPTIONS, Settings

logger = logging.getLogger(__name__)

P = ParamSpec("P")

_THIS_MACHINE = frozenset({"localhost", "::1"})


def execute(flags: Mapping[str, str | bool | None]) -> int:
    """Do what the command line asks for.

    Args:
        flags: by the name of the setting; None for what the command line does not say.

    Returns:
        The exit code.
    """
    out, err = output_to(sys.stdout), output_to(sys.stderr)
    try:
        settings = _read(flags)
        # To a program in the foreground SIGHUP says that its terminal is gone.
        signals = Signals(*((signal.SIGHUP,) if settings.loop and not err.is_terminal else ()))
        job = _Job(flags, settings, signals, out, err)
    except MedusaSyncError as error:
        print_error(str(error), error.hint, err)
        return error.exit_code
    with signals, discard_unwritten(out):
        if not settings.loop:
            return job.run()
        return run_loop(job, signals.wait, run_now=settings.run_now, max_runs=settings.max_runs)


def _read(flags: Mapping[str, str | bool | None]) -> Settings:
    settings = load_settings(flags)
    dispatch.check(settings)
    return settings


def _schedule(settings: Settings) -> Schedule:
    try:
        return Schedule.read(settings.schedule, time_zone(settings.timezone))
    except ValueError as error:  # of the local zone: what was given has been read already
        raise SettingsError([f"{OPTIONS['timezone'].spelling}: {error}"]) from error


class _Job:
    """Runs by the settings that hold now.

    Args:
        flags: of the command line.
        settings: as they were read at the start.
        signals: that end a run.
        out: stdout.
        err: stderr.
    """

    def __init__(
        self,
        flags: Mapping[str, str | bool | None],
        settings: Settings,
        signals: Signals,
        out: Output,
        err: Output,
    ) -> None:
        self._flags = flags
        self._signals = signals
        self._out = out
        self._err = err
        self._take(settings)

    def _take(self, settings: Settings) -> None:
        """Raises SettingsError when the schedule cannot be followed."""
        if settings.loop:
            self.schedule = _schedule(settings)
        self._settings = settings
        self._redactor = Redactor(settings.secrets())
        self._log()

    def reload(self) -> None:
        """Read the settings again; if something is wrong with them, they stay as they were."""
        try:
            self._take(_read(self._flags))
        except MedusaSyncError as error:
            _log_error(str(error), "The settings stay as they were.")
        else:
            logger.info("the settings were read again")

    def _log(self) -> None:
        settings = self._settings
        log.log_to(
            self._err,
            job=settings.job_name,
            level=_level(settings, is_terminal=self._err.is_terminal),
            as_json=settings.log_format == "json",
            redact=self._redact,
        )
        _warn_of_plain_http(settings)

    def _redact(self, text: str) -> str:
        return self._redactor(text)

    def run(self) -> int:
        """Run once and tell what became of it; returns the exit code."""
        self._redactor = Redactor(self._settings.secrets())  # without the tokens of the runs before
        with log.run_id():
            try:
                dispatch.begin(self._settings)
                return self._tell(self._sync())
            except MedusaSyncError as error:
                return self._end_without_result(error.exit_code, str(error), error.hint)
            except Exception as error:  # the last resort: a defect of this program
                logger.debug("unexpected", exc_info=True)
                hint = "This is a defect of medusa-sync. Run with --verbose to see where, and report it."
                return self._end_without_result(
                    EXIT_UNEXPECTED, f"Unexpected {type(error).__name__}: {error}", hint
                )

    def _sync(self) -> RunResult:
        settings = self._settings
        with progress_observer(self._err, quiet=settings.quiet, dry_run=settings.dry_run) as observer:
            result = sync_products(settings, observer, signals=self._signals, redactor=self._redactor)
        if settings.exit_code and settings.dry_run and result.exit_code == 0 and result.changes:
            return structs.replace(result, exit_code=EXIT_CHANGES)
        return result

    def _end_without_result(self, exit_code: int, message: str, hint: str) -> int:
        _log_error(message, hint)
        dispatch.end_without_result(self._settings, exit_code, self._redactor(message))
        return exit_code

    def _tell(self, result: RunResult) -> int:
        codes = [result.exit_code, _attempt(self._print, result)]
        if result.error:
            _log_error(result.error, result.hint)
        if result.seen or not result.error:
            logger.info("%s", one_line(result))
        codes.append(_attempt(dispatch.end, self._settings, result))
        return next(filter(None, codes), 0)

    def _print(self, result: RunResult) -> None:
        settings = self._settings
        try:
            if settings.json:
                print_json(result, self._out)
            elif (result.seen or not result.error) and (not settings.quiet or result.exit_code != 0):
                print_result(result, self._out, verbose=settings.verbose)
            self._out.file.flush()
        except BrokenPipeError:
            logger.debug("whoever read stdout has seen enough")
        except OSError as error:
            raise ReportError(
                f"The result was not written to stdout: {error.strerror}.",
                hint="The run itself has done what it could; --report keeps its result in a file.",
            ) from error


def _attempt(tell: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> int:
    """Tell somebody of a run; returns the exit code of a failure to do so, else 0."""
    try:
        tell(*args, **kwargs)
    except MedusaSyncError as error:
        _log_error(str(error), error.hint)
        return error.exit_code
    return 0


def _log_error(message: str, hint: str) -> None:
    logger.error("%s", message, extra={"hint": hint})


def _level(settings: Settings, *, is_terminal: bool) -> int:
    if settings.quiet:
        return logging.ERROR
    if settings.verbose:
        return logging.DEBUG
    # At a terminal the table says it already; in a log a line with the time is what one looks for.
    return logging.WARNING if is_terminal and not settings.loop else logging.INFO


def _warn_of_plain_http(settings: Settings) -> None:
    parts = urlsplit(settings.medusa_url)
    host = parts.hostname or ""
    has_secret = settings.api_key is not None or settings.password is not None
    if has_secret and parts.scheme == "http" and host not in _THIS_MACHINE and not host.startswith("127."):
        logger.warning("the credentials go to %s unencrypted; use https", settings.medusa_url)
