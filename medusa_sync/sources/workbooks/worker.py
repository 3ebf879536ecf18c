"""Reads a sheet in a process of its own: `python -m ... SECONDS MEMORY TEXT < FILE`.

It writes a line for each row that is not empty: a list with its number, its cells, what is wrong with it, and
which cells were numbers. If it fails, the last line of stderr is a list with the reason and what to do.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, time
from errno import EFBIG
from typing import IO, Any

from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from medusa_sync.sources.child import limit_memory
from medusa_sync.sources.workbooks.faults import faults

MAX_ROW = 2**24  # characters, as in a CSV file

_AS_CSV = "Save it as CSV."
_AGAIN = "Save it again without a password, or save it as CSV."
_MIDNIGHT = time()


class _RefusedError(Exception):
    """The file cannot be read; the message is the reason."""


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run decides when it ends
    seconds, memory, most = map(int, sys.argv[1:])
    signal.alarm(seconds)  # ends the process, whatever it does
    limit_memory(memory)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    try:
        rows = _rows(sys.stdin.buffer)
        sys.stdout.writelines(rows)
        sys.stdout.flush()
    except MemoryError:
        os.abort()  # as Rust does
    except BaseException as error:  # noqa: BLE001 - calamine panics with one
        print("\n" + json.dumps(_described(error, most)), file=sys.stderr)  # noqa: T201 - its result
        sys.stderr.flush()
        os._exit(1)


def _rows(file: IO[bytes]) -> Iterator[str]:
    """The rows of the first visible sheet."""
    with CalamineWorkbook.from_path("/dev/stdin") as book:
        sheets = [each for each in enumerate(book.sheets_metadata) if each[1].typ == SheetTypeEnum.WorkSheet]
        if not sheets:
            raise _RefusedError("the workbook has no sheet with cells")
        visible = [each for each in sheets if each[1].visible == SheetVisibleEnum.Visible]
        number = (visible or sheets)[0][0]
        sheet = book.get_sheet_by_index(number)
    wrong: dict[int, tuple[int, str]] = {}  # the first fault of each row
    for row, column, what in faults(file, number):
        wrong[row] = min(wrong.get(row, (column, what)), (column, what))
    for row, values in enumerate(sheet.iter_rows()):
        while values and values[-1] == "":
            values.pop()
        fault = wrong.pop(row, None)
        if values or fault:
            yield _line(row, values, fault)
    for row, fault in sorted(wrong.items()):  # where nothing else is
        yield _line(row, [], fault)


def _line(row: int, values: Sequence[Any], fault: tuple[int, str] | None) -> str:
    cells = [*map(_text, values)]
    if sum(map(len, cells)) > MAX_ROW:
        raise _RefusedError(f"row {row + 1}: it has more than {MAX_ROW:,} characters")
    problem = f"{_reference(row, fault[0])} is {fault[1]}" if fault else ""
    numbers = [index for index, value in enumerate(values) if isinstance(value, float)]
    return json.dumps((row + 1, cells, problem, numbers)) + "\n"


def _reference(row: int, column: int) -> str:
    """The name of a cell, such as `AB7`."""
    letters = ""
    while column >= 0:
        letters, column = chr(65 + column % 26) + letters, column // 26 - 1
    return f"{letters}{row + 1}"


def _text(value: Any) -> str:
    """What Excel shows: `19.99` for 19.989999999999998, because it counts 15 digits."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.15g}"
    is_date = isinstance(value, datetime) and value.time() == _MIDNIGHT
    return str(value.date() if is_date else value)


def _described(error: BaseException, most: int) -> tuple[str, str]:
    """Why it fails, and what to do."""
    if isinstance(error, _RefusedError):
        return str(error), _AS_CSV
    if isinstance(error, OSError):
        if error.errno == EFBIG:
            return f"the sheet has more than {most // 2**20} MB of text", _AS_CSV
        from medusa_sync.sources.base import NO_SPACE  # it takes time

        return f"the temporary file cannot be written ({error.strerror})", NO_SPACE
    return f"it is not a workbook, or is damaged, or has a password ({error})", _AGAIN


if __name__ == "__main__":
    main()
