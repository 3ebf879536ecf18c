"""Writes the report file of a run, in the format of its suffix."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC
from itertools import count
from pathlib import Path
from typing import IO

from medusa_sync.core.ids import Shard
from medusa_sync.core.result import RunResult
from medusa_sync.errors import MedusaSyncError
from medusa_sync.settings.parsers import SHARD, STARTED_AT

_BYTE_ORDER_MARK = "\ufeff"  # without it, Excel takes UTF-8 for the code page of the country
OTHER_FILE = "Free disk space, check the permissions, or choose another file with {}."


class ReportError(MedusaSyncError):
    """The report cannot be written."""

    exit_code = 2


def check_report_path(path: Path) -> str | None:
    """Return why a report cannot be written to a path, or None if nothing is wrong with it."""
    file = Path(os.path.realpath(path))
    try:
        if file.exists() and not file.is_file():
            return f"{str(path)!r} is not a file"
    except OSError as error:
        return f"{str(path)!r} cannot be used ({error.strerror}); choose another name"
    if not file.parent.is_dir():
        return f"the folder {str(file.parent)!r} does not exist; create it first"
    if not os.access(file.parent, os.W_OK | os.X_OK):
        return f"the folder {str(file.parent)!r} is not writable; change its permissions or choose another"
    return None


def write_report(result: RunResult, path: Path) -> None:
    """Write the report completely, or raise `ReportError` and leave an existing file; links are followed.

    `STARTED_AT` in the path is replaced by the start of the run in UTC, such as `2026-11-29T21-50-00Z`, and
    `SHARD` by the part of the products, such as `3-of-8`. A name with the time is never that of another run.
    """
    started_at = result.started_at.astimezone(UTC)
    shard = result.shard or Shard(1, 1)
    named = str(path).replace(SHARD, f"{shard.number}-of-{shard.count}")
    is_of_run, named = STARTED_AT in named, named.replace(STARTED_AT, f"{started_at:%Y-%m-%dT%H-%M-%SZ}")
    path = Path(named)
    if problem := check_report_path(path):
        raise ReportError(f"The report was not written: {problem}.", hint="Correct --report.")
    content = _rendered(result, path.name.lower()).encode()
    with writing(f"The report {str(path)!r} was not written", OTHER_FILE.format("--report")):
        file = Path(os.path.realpath(path))
        with _reserved(file) if is_of_run else nullcontext(file) as free, replacing(free) as stream:
            stream.write(content)


@contextmanager
def _reserved(file: Path) -> Iterator[Path]:
    """A new file with this name, or else with a number behind it; it is removed if something fails here."""
    for number in count(1):
        new = file if number == 1 else file.with_name(f"{file.stem}_{number}{file.suffix}")
        with suppress(FileExistsError):
            new.touch(exist_ok=False)
            break
    try:
        yield new
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise


@contextmanager
def writing(what_failed: str, hint: str) -> Iterator[None]:
    """Raise `ReportError` if a file cannot be written in this context."""
    try:
        yield
    except OSError as error:
        raise ReportError(f"{what_failed}: {error.strerror}.", hint=hint) from error


def _rendered(result: RunResult, name: str) -> str:
    if name.endswith(".csv"):  # only one of these has to be imported
        from medusa_sync.report.csv import as_csv

        return f"{_BYTE_ORDER_MARK}{as_csv(result)}"
    if name.endswith(".html"):
        from medusa_sync.report.html import as_html

        return as_html(result)
    if name.endswith(".md"):
        from medusa_sync.report.markdown import as_markdown

        return as_markdown(result)
    from medusa_sync.report.json import as_json

    return as_json(result, pretty=True) + "\n"


@contextmanager
def replacing(file: Path, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """A file that replaces another one if nothing fails here; the umask applies to its mode."""
    temporary = file.with_name(f".medusa-sync-{secrets.token_hex(8)}.tmp")
    try:
        # Not with tempfile: its files ignore the umask, so only the owner could read the report.
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
            yield stream
        temporary.replace(file)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
