"""The log on stderr: coloured on a terminal, otherwise lines of text or JSON. Logs the result of a run."""

from __future__ import annotations

import io
import json
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice

from medusa_sync.codes import code_of
from medusa_sync.core.result import RunResult
from medusa_sync.report import summary
from medusa_sync.report.changes import Kind, of_kind, plain_lines
from medusa_sync.report.escape import visible, visible_json, visible_lines
from medusa_sync.report.listing import LISTED
from medusa_sync.report.output import Output, Pipe, lossy, print_error, print_line

logger = logging.getLogger(__name__)

FIELDS = ("external_id", "outcome", "request", "duration_ms", "exit_code")
"""What records may have in addition, as `extra`."""

_latest: deque[str] = deque(maxlen=200)  # entries, of all levels

_run_id: ContextVar[str] = ContextVar("run_id", default="")


def current_run() -> str:
    """The id of the run of this context; empty if there is none."""
    return _run_id.get()


@contextmanager
def run_id() -> Iterator[str]:
    """Give all records of this context, and of the tasks started in it, the same id."""
    token = _run_id.set(uuid.uuid4().hex[:8])
    try:
        yield _run_id.get()
    finally:
        _run_id.reset(token)


def log_to(output: Output, *, job: str, level: int, as_json: bool, redact: Callable[[str], str]) -> None:
    """Send all records to stderr, replacing earlier handlers.

    A record may carry `extra`: its `event`, some of `FIELDS`, and a `hint`, which is what to do next. With
    `as_json`, it is an object per line, even on a terminal.
    """
    handler = _Handler(output, job, as_json=as_json, redact=redact)
    handler.setLevel(level)
    latest = _Handler(Pipe(_Latest()), job, as_json=False, redact=redact)
    logging.basicConfig(level=level, handlers=[handler, latest], force=True)
    logging.getLogger("medusa_sync").setLevel(logging.DEBUG)
    logging.getLogger(f"{__package__}.progress").setLevel(level)  # a record for each product would take long
    for library in ("httpx", "httpcore", "asyncio"):  # they log headers, including the authorization
        logging.getLogger(library).setLevel(logging.WARNING)


def latest() -> list[str]:
    """The latest entries of the log, also those that are not shown."""
    return [*_latest]


class _Latest(io.StringIO):
    def write(self, text: str) -> int:
        _latest.append(text.rstrip("\n"))
        return len(text)


class _Handler(logging.Handler):
    def __init__(self, output: Output, job: str, *, as_json: bool, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._output = output
        self._job = job
        self._as_json = as_json
        self._redact = redact

    def emit(self, record: logging.LogRecord) -> None:
        message = self._redact(record.getMessage())
        if not self._as_json and (code := _code(record)):
            message += f" [{code}]"
        hint = self._redact(getattr(record, "hint", ""))
        trace = self._redact(logging.Formatter().formatException(record.exc_info)) if record.exc_info else ""
        with lossy(self._output):
            if self._output.is_terminal and not self._as_json:
                self._print(record, message, hint, trace)
                return
            line_of = self._json_line if self._as_json else self._line
            self._output.file.write(line_of(record, message, hint, trace) + "\n")

    def _json_line(self, record: logging.LogRecord, message: str, hint: str, trace: str) -> str:
        entry = {
            "time": _time(record, f".{int(record.msecs):03}Z"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", "library"),
            "job": self._job,
            "run_id": _run_id.get() or None,
            "run": _run_id.get() or None,  # its first name
            "logger": record.name,
            "message": message,
        }
        others = {"code": _code(record), "hint": hint, "traceback": trace}
        entry |= {name: self._redacted(getattr(record, name)) for name in FIELDS if hasattr(record, name)}
        entry |= {name: text for name, text in others.items() if text}
        # Nothing in it can break a line.
        return visible_json(json.dumps(entry, ensure_ascii=False), ascii_only=True)

    def _redacted(self, value: object) -> object:
        if isinstance(value, dict):
            return {name: self._redacted(each) for name, each in value.items()}
        return self._redact(value) if isinstance(value, str) else value

    def _line(self, record: logging.LogRecord, message: str, hint: str, trace: str) -> str:
        """The record as text: one line, unless an error has several, or there is a traceback."""
        run = f"[{_run_id.get()}]" if _run_id.get() else ""
        head = f"{_time(record, 'Z')} {record.levelname} {self._job}{run}"
        first, *others = visible_lines(message) if record.levelno >= logging.ERROR else [visible(message)]
        if hint and others:
            others += visible_lines(hint)
        elif hint:
            end = "" if first.endswith((".", "?", "!")) else "."
            first = f"{first}{end} {visible(hint)}"
        others += visible_lines(trace) if trace else []
        return "\n    ".join([f"{head}: {first}", *others])

    def _print(self, record: logging.LogRecord, message: str, hint: str, trace: str) -> None:
        if record.levelno >= logging.ERROR:
            print_error(message, hint, self._output)
        elif record.levelno >= logging.WARNING:
            print_line(self._output, ("warning: ", "yellow"), visible(message))
        else:
            now = time.strftime("%H:%M:%S", time.localtime(record.created))
            print_line(self._output, (f"{now} {visible(message)}", "dim"))
        for line in visible_lines(trace) if trace else ():
            print_line(self._output, (line, "dim"), indent=2)


def _code(record: logging.LogRecord) -> str:
    return code_of(getattr(record, "event", "")) if record.levelno == logging.WARNING else ""


def _time(record: logging.LogRecord, end: str) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + end


def log_result(result: RunResult, *, as_json: bool, is_printed: bool) -> None:
    """Log what ended the run early, and its summary.

    Readers of a JSON log may not see stdout, so it also has the first products with problems and conflicts. A
    log of text does not repeat a result that is printed on stdout in one line.
    """
    if as_json:
        _log_products(result)
    if result.error:
        logger.error(
            "%s",
            result.error,
            extra={"event": "run_ended_early", "hint": result.hint, "exit_code": result.exit_code},
        )
    if as_json or summary.has_content(result):
        is_repeated = is_printed and not as_json and summary.up_to_date(result) is not None
        duration = round(result.duration_s * 1000)
        logger.log(
            logging.DEBUG if is_repeated else logging.INFO,
            "%s",
            summary.one_line(result),
            extra={"event": "run_ended", "exit_code": result.exit_code, "duration_ms": duration},
        )


def _log_products(result: RunResult) -> None:
    for outcome in islice(result.problems, LISTED):
        id_, what = outcome.external_id, outcome.result.value
        words = f"{what} {summary.named(outcome)}: {outcome.reason}"
        logger.warning("%s", words, extra={"event": "problem", "external_id": id_, "outcome": what})
    for id_, words in _of_kind(result, "held"):
        logger.warning("price over the limit: %s", words, extra={"event": "held", "external_id": id_})
    for id_, words in _of_kind(result, "withheld"):
        logger.warning("withheld %s", words, extra={"event": "withheld", "external_id": id_})
    for id_, words in _of_kind(result, "conflict"):
        logger.warning("conflict %s", words, extra={"event": "conflict", "external_id": id_})


def _of_kind(result: RunResult, kind: Kind) -> Iterator[tuple[str | None, str]]:
    """Yield the id of each of the first products with such changes, and the words about each of these."""
    for outcome, found in islice(of_kind(result, kind), LISTED):
        for line in plain_lines(outcome, "->", found):
            yield outcome.external_id, f"{summary.named(outcome)}: {line}"
