"""The command `products`: one run, or a loop of runs."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import structs

from medusa_sync.app import arguments
from medusa_sync.app.defaults import of_defaults
from medusa_sync.app.failure import failed, refuse
from medusa_sync.app.session import sync_products
from medusa_sync.app.signals import Signals
from medusa_sync.codes import Note
from medusa_sync.core.result import RunResult, Status
from medusa_sync.errors import EXIT_CHANGES, MedusaSyncError, SettingsError
from medusa_sync.http import Downloads
from medusa_sync.notify import dispatch
from medusa_sync.redact import Redactor, redacted
from medusa_sync.report import log, output, summary
from medusa_sync.report.escape import coded
from medusa_sync.report.progress import progress_observer
from medusa_sync.report.text import print_listed_once, print_result, print_settings
from medusa_sync.settings.load import Flags, Loaded, load
from medusa_sync.settings.options import OPTIONS, Settings
from medusa_sync.settings.secrets import public_part

if TYPE_CHECKING:
    from medusa_sync.schedule import Schedule

logger = logging.getLogger(__name__)

_THIS_MACHINE = frozenset({"localhost", "::1"})


def execute(flags: Flags) -> int:
    """Run the command and return its exit code."""
    out, err = output.output_to(sys.stdout), output.output_to(sys.stderr)
    try:
        lists = flags.get("undo") == "list"
        loaded = _load(flags, needs_credentials=not lists)
        settings = loaded.settings
        if lists:
            from medusa_sync.app.listed import print_kept_runs  # few runs need it

            return print_kept_runs(settings, out)
        # On a terminal, SIGHUP keeps its meaning: the terminal was closed.
        reloads = settings.loop and not err.is_terminal
        if settings.save_plan == "-":
            out = err
        signals = Signals(signal.SIGHUP) if reloads else Signals()
        job = _Job(flags, loaded, signals, out, err)
    except MedusaSyncError as error:
        return refuse(flags, error)
    with signals, output.discard_unwritten(out):
        if not settings.loop:
            return job.run()
        from medusa_sync.app.loop import run_loop  # few runs need it

        # Somebody who looks on sees the pace after the first line.
        names_each = not err.is_terminal or settings.verbose
        return run_loop(
            job,
            signals.wait,
            run_now=settings.run_now,
            max_runs=settings.max_runs,
            names_each=names_each,
        )


def show_settings(flags: Flags) -> int:
    """Print every setting and where it comes from, and return the exit code. Nothing is contacted."""
    out, err = output.output_to(sys.stdout), output.output_to(sys.stderr)
    with output.discard_unwritten(out):
        try:
            loaded = _load(flags, needs_credentials=False)
            if loaded.settings.loop:
                _schedule(loaded.settings)
            with output.lossy(err):
                for warning in () if loaded.settings.quiet else loaded.warnings:
                    text = coded(Note("misspelled_variable", warning))
                    output.print_line(err, ("warning: ", "yellow"), text)
            with output.printing("The settings were", out):
                print_settings(loaded, out)
        except MedusaSyncError as error:
            return refuse(flags, error)
    return 0


def _load(flags: Flags, *, needs_credentials: bool = True) -> Loaded:
    arguments.hide_secrets(flags)
    loaded = load(flags, needs_credentials=needs_credentials)
    dispatch.check(loaded.settings)
    return loaded


class _Job:
    """Runs with the current settings."""

    def __init__(
        self, flags: Flags, loaded: Loaded, signals: Signals, out: output.Output, err: output.Output
    ) -> None:
        self._flags = flags
        self._signals = signals
        self._out = out
        self._err = err
        self._warned: set[str] = set()
        self._use(loaded)

    def _use(self, loaded: Loaded) -> None:
        settings = loaded.settings
        if settings.loop:
            self.schedule = _schedule(settings)
        self._loaded = loaded
        self._downloads: Downloads | None = {} if settings.loop else None
        self._settings = settings
        self._redactor = Redactor(settings.secrets())
        log.log_to(
            self._err,
            job=settings.job_name,
            level=_level(settings, is_terminal=self._err.is_terminal),
            as_json=settings.log_format == "json",
            redact=self._redact,
        )
        _warn_of_plain_http(settings)
        for warning in loaded.warnings:
            if warning not in self._warned:
                logger.warning("%s", warning, extra={"event": "misspelled_variable"})
        self._warned.update(loaded.warnings)

    def _redact(self, text: str) -> str:
        return self._redactor(text)  # that of the current run

    def reload(self) -> None:
        """Read the settings again; keep the current ones if the new ones are invalid."""
        try:
            self._use(_load(self._flags))
        except MedusaSyncError as error:
            hint = "The settings stay as they were."
            logger.error("%s", error, extra={"event": "settings_invalid", "hint": hint})  # noqa: TRY400 - no traceback for users
        else:
            logger.info("the settings were read again", extra={"event": "settings_reloaded"})

    def run(self) -> int:
        """Run once, report the result, and return the exit code."""
        self._redactor = Redactor(self._settings.secrets())  # forget the tokens of earlier runs
        with log.run_id():
            try:
                dispatch.begin(self._settings)
                return self._report(self._sync())
            except MedusaSyncError as error:
                failure = error
            except Exception as error:
                from medusa_sync.app import crash  # hopefully, no run needs it

                hint = crash.report(error, self._loaded, self._redact)
                logger.debug("traceback of the unexpected error", exc_info=True, extra={"event": "traceback"})
                failure = MedusaSyncError(f"Unexpected {type(error).__name__}: {error}", hint=hint)
            code = failure.exit_code
            logger.error(
                "%s", failure, extra={"event": "run_failed", "hint": failure.hint, "exit_code": code}
            )
            if self._settings.json:
                _attempt(partial(self._print, redacted(failed(failure, self._settings), self._redactor)))
            dispatch.end_without_result(self._settings, code, self._redact(str(failure)))
            return code

    def _sync(self) -> RunResult:
        settings = self._settings
        with progress_observer(
            self._err,
            settings.limit,
            quiet=settings.quiet,
            in_log=settings.log_format == "json",
            dry_run=settings.dry_run,
        ) as observer:
            result = sync_products(
                settings,
                observer,
                signals=self._signals,
                redactor=self._redactor,
                downloads=self._downloads,
            )
        notes = (*of_defaults(self._loaded, result), *result.notes)
        result = structs.replace(result, notes=notes, run_id=log.current_run())
        if not (result.dry_run or result.undoes or result.status is Status.LOCKED or settings.apply_plan):
            from medusa_sync.app.rejected import with_new_rejected

            result = with_new_rejected(result, settings)
        if settings.exit_code and settings.dry_run and result.exit_code == 0 and result.changes:
            return structs.replace(result, exit_code=EXIT_CHANGES)
        return result

    def _report(self, result: RunResult) -> int:
        """Print, log and notify; return the exit code of the run, or else of the first output that failed."""
        settings = self._settings
        if settings.keep_runs:
            _keep(result, settings)
        codes = [result.exit_code, _attempt(partial(self._print, result))]
        is_printed = not (settings.json or settings.quiet or settings.verbose or self._is_logged(result))
        log.log_result(result, as_json=settings.log_format == "json", is_printed=is_printed)
        codes += map(_attempt, dispatch.outputs(settings, result))
        exit_code = next(filter(None, codes), 0)
        dispatch.end(settings, structs.replace(result, exit_code=exit_code))
        return exit_code

    def _is_logged(self, result: RunResult) -> bool:
        """Whether the log has the only line about a run, with its time: stdout goes to the same place."""
        settings = self._settings
        in_text = settings.log_format == "text" and not settings.verbose and not settings.quiet
        is_loop_on_terminal = settings.loop and self._out.is_terminal and self._err.is_terminal
        is_one_line = summary.up_to_date(result) is not None and not (result.notes or result.problems)
        is_one_place = is_loop_on_terminal or output.are_one_file(self._out, self._err)
        return in_text and is_one_line and is_one_place

    def _print(self, result: RunResult) -> None:
        settings = self._settings
        hint = "The run itself was not affected. Use --report to write the result to a file."
        with output.printing("The result was", self._out, hint):
            if settings.json:
                from medusa_sync.report.json import print_json  # the types of the document take a while

                print_json(result, self._out)
            elif settings.quiet and result.exit_code == 0:
                print_listed_once(result, self._out)
                for note in of_defaults(self._loaded, result):
                    output.print_line(self._out, ("note: ", "yellow"), coded(note))
            elif summary.has_content(result) and not self._is_logged(result):
                print_result(result, self._out, verbose=settings.verbose)


def _keep(result: RunResult, settings: Settings) -> None:
    """Keep the document of a run that wrote something; a failure is a warning."""
    if not result.is_needed_later:
        return
    from medusa_sync.app.kept import KeptRuns  # many runs write nothing

    try:
        KeptRuns.of(settings).keep(result, settings.keep_runs)
    except (OSError, MedusaSyncError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        words = "--undo cannot take this run back, because its document was not kept: %s"
        logger.warning(words, reason, extra={"event": "run_not_kept"})


def _attempt(step: Callable[[], None]) -> int:
    """Call a step that may fail; return 0, or log the error and return its exit code."""
    try:
        step()
    except MedusaSyncError as error:
        logger.error("%s", error, extra={"event": "result_not_written", "hint": error.hint})  # noqa: TRY400 - no traceback for users
        return error.exit_code
    return 0


def _schedule(settings: Settings) -> Schedule:
    from medusa_sync.schedule import Schedule, time_zone

    try:
        return Schedule.read(settings.schedule, time_zone(settings.timezone))
    except ValueError as error:  # from the local zone; the settings themselves were checked before
        raise SettingsError([f"{OPTIONS['timezone'].spelling}: {error}"]) from error


def _level(settings: Settings, *, is_terminal: bool) -> int:
    if settings.quiet:
        return logging.ERROR
    if settings.verbose:
        return logging.DEBUG
    # On a terminal, the table already shows the result of a single run.
    return logging.WARNING if is_terminal and not settings.loop else logging.INFO


def _warn_of_plain_http(settings: Settings) -> None:
    urls = []
    if settings.api_key is not None or settings.password is not None:
        urls.append(settings.medusa_url)
    if settings.authorization() is not None and "://" in settings.source:
        urls.append(public_part(settings.source))
    for url in urls:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme == "http" and host not in _THIS_MACHINE and not host.startswith("127."):
            words = "the credentials are sent to %s unencrypted; use https"
            logger.warning(words, url, extra={"event": "unencrypted"})
