"""Reads the first visible sheet of a workbook as a table (see docs/formats.md)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from io import SEEK_END, BufferedReader
from itertools import chain
from signal import SIGABRT, SIGALRM
from tempfile import TemporaryFile
from typing import IO, Any

import msgspec

from medusa_sync.errors import SourceError
from medusa_sync.http import MAX_DOWNLOAD_BYTES
from medusa_sync.sources import workbooks
from medusa_sync.sources.base import NO_SPACE, Item
from medusa_sync.sources.child import command, environment
from medusa_sync.sources.tables import Cells, Names, header_of, read_table
from medusa_sync.sources.text import one_line

LONGEST_S = 300
MEMORY = 2**30  # bytes of the process
MAX_TEXT = 2**29  # bytes that it may write

_BLOCK = 2**20  # bytes
_AS_CSV = "Save it as CSV."
_WORKER = f"{workbooks.__name__}.worker"


def read_workbook(file: BufferedReader, *, charset: str = "", **how: Any) -> tuple[str, Iterator[Item]]:  # noqa: ARG001 - it has none
    """Read a sheet in a process of its own into a temporary file, and the products of that.

    Raises:
        SourceError: it is damaged or too large, or python-calamine is not installed.
    """
    if find_spec("python_calamine") is None:
        raise SourceError(
            "the file is an Excel workbook, and python-calamine, which reads those, is not installed",
            hint="Install medusa-sync with its extra `excel`, or save the workbook as CSV.",
        )
    with ExitStack() as on_error:
        try:
            rows = on_error.enter_context(TemporaryFile())
            with TemporaryFile() as copy:
                _copy(file, copy)
                _run(file, copy, rows)
        except OSError as error:
            reason = f"the temporary file cannot be written ({error.strerror})"
            raise SourceError(reason, hint=NO_SPACE) from error
        cells = _decoded(rows)
        header, below = header_of(Names([each.strip() for each in row.values] or [""], row) for row in cells)
        if header.row.problem:
            reason = f"row {header.row.number}: {header.row.problem}"
            raise SourceError(reason, hint="Write a text in its place.")
        found = read_table(header.names, chain(below, cells), kind="Excel", unit="row", **how)
        on_error.pop_all()
    return found


def _copy(file: BufferedReader, copy: IO[bytes]) -> None:
    """Copy the file to its end, which checks that all of it is there and unchanged."""
    size = 0
    while block := file.read1(_BLOCK):
        size += len(block)
        if size > MAX_DOWNLOAD_BYTES:
            raise SourceError(f"the workbook has more than {MAX_DOWNLOAD_BYTES // 2**20} MB", hint=_AS_CSV)
        copy.write(block)
    copy.seek(0)


def _run(file: BufferedReader, copy: IO[bytes], rows: IO[bytes]) -> None:
    """Let the worker write its lines. It is ended if nobody waits for them any more."""
    with TemporaryFile() as said:
        arguments = command(_WORKER, LONGEST_S, MEMORY, MAX_TEXT)
        with subprocess.Popen(  # noqa: S603 - nothing in it is of the source
            arguments, stdin=copy, stdout=rows, stderr=said, env=environment()
        ) as process:
            try:
                while (status := _ended(process)) is None:
                    if getattr(file.raw, "is_abandoned", False):
                        raise SourceError("it is no longer read")
            finally:
                process.kill()
        if status:
            said.seek(max(0, said.seek(0, SEEK_END) - _BLOCK))
            raise _failure(status, said.read())
    rows.seek(0)


def _ended(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(timeout=0.1)
    except subprocess.TimeoutExpired:
        return None


def _failure(status: int, said: bytes) -> SourceError:
    if status == -SIGALRM:
        return SourceError(f"reading the workbook takes longer than {LONGEST_S} s", hint=_AS_CSV)
    if status == -SIGABRT:
        reason = f"the workbook needs more than {MEMORY // 2**20} MB of memory"
        return SourceError(reason, hint=_AS_CSV)
    last = said.decode(errors="replace").strip().rpartition("\n")[2]
    try:
        reason, hint = json.loads(last)
    except ValueError:
        reason, hint = f"the process that reads the workbook has ended with status {status}: {last}", _AS_CSV
    return SourceError(one_line(reason[:300]) or "", hint=hint)


def _decoded(rows: IO[bytes]) -> Iterator[Cells]:
    with rows:
        for line in rows:
            yield Cells(*msgspec.json.decode(line))
