"""Writes log records to stderr: coloured on a terminal, otherwise as lines of text or JSON."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from medusa_sync.report.escape import visible
from medusa_sync.report.output import Output, print_error, print_line

FIELDS = ("external_id", "outcome", "request", "duration_ms", "exit_code")
"""What records may have in addition, as `extra`."""

_OF_A_LIBRARY = "library"
_run_id: ContextVar[str] = ContextVar("run_id", default="")


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

    A record may carry `extra`: its `event`, some of `FIELDS`, and a `hint`, which is what to do next.

    Args:
        output: stderr.
        job: name of the job.
        level: the lowest level that is logged.
        as_json: write a JSON object per line, even on a terminal.
        redact: removes the secrets from a text.
    """
    handler = _Handler(output, job, as_json=as_json, redact=redact)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for library in ("httpx", "httpcore", "asyncio"):  # they log headers, including the authorization
        logging.getLogger(library).setLevel(logging.WARNING)


class _Handler(logging.Handler):
    def __init__(self, output: Output, job: str, *, as_json: bool, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._output = output
        self._job = job
        self._as_json = as_json
        self._redact = redact

    def emit(self, record: logging.LogRecord) -> None:
        message = self._redact(record.getMessage())
        hint = self._redact(getattr(record, "hint", ""))
        trace = self._redact(logging.Formatter().formatException(record.exc_info)) if record.exc_info else ""
        with suppress(OSError):  # a full disk must not end the run, and cannot be reported
            if self._as_json:
                self._write(self._json_line(record, message, hint, trace))
            elif self._output.is_terminal:
                self._print(record, message, hint, trace)
            else:
                self._write(self._line(record, message, hint, trace))

    def _write(self, line: str) -> None:
        self._output.file.write(line + "\n")
        self._output.file.flush()

    def _json_line(self, record: logging.LogRecord, message: str, hint: str, trace: str) -> str:
        entry = {
            "time": _time(record, f".{int(record.msecs):03}Z"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", _OF_A_LIBRARY),
            "job": self._job,
            "run_id": _run_id.get() or None,
            "run": _run_id.get() or None,  # its first name
            "logger": record.name,
            "message": message,
        }
        entry |= {name: self._redacted(getattr(record, name)) for name in FIELDS if hasattr(record, name)}
        entry |= {name: text for name, text in (("hint", hint), ("traceback", trace)) if text}
        return json.dumps(entry)  # ASCII: nothing in it can break a line

    def _redacted(self, value: object) -> object:
        if isinstance(value, dict):
            return {name: self._redacted(each) for name, each in value.items()}
        return self._redact(value) if isinstance(value, str) else value

    def _line(self, record: logging.LogRecord, message: str, hint: str, trace: str) -> str:
        """The record as text: one line, unless an error has several, or there is a traceback."""
        run = f"[{_run_id.get()}]" if _run_id.get() else ""
        head = f"{_time(record, 'Z')} {record.levelname} {self._job}{run}"
        first, *others = message.split("\n") if record.levelno >= logging.ERROR else [message]
        if hint and others:
            others.append(hint)
        elif hint:
            first = f"{first.rstrip('.')}. {hint}"
        others += trace.split("\n") if trace else []
        return "\n    ".join([f"{head}: {visible(first)}", *map(visible, others)])

    def _print(self, record: logging.LogRecord, message: str, hint: str, trace: str) -> None:
        if record.levelno >= logging.ERROR:
            print_error(message, hint, self._output)
        elif record.levelno >= logging.WARNING:
            print_line(self._output, ("warning: ", "yellow"), visible(message))
        else:
            now = time.strftime("%H:%M:%S", time.localtime(record.created))
            print_line(self._output, (f"{now} {visible(message)}", "dim"))
        for line in trace.split("\n") if trace else ():
            print_line(self._output, (visible(line), "dim"), indent=2)


def _time(record: logging.LogRecord, end: str) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + end
