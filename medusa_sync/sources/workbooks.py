"""Reads the first visible sheet of an Excel workbook as a table (see docs/formats.md)."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, closing
from io import BufferedReader, FileIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 - it is a class

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import NO_SPACE, Item
from medusa_sync.sources.csv_files import read_csv

MAX_UNPACKED = 2**30  # bytes

_IN_MEMORY = 2**20  # bytes of the copy
_DAMAGED = (BadZipFile, ZlibError, ParseError, EOFError, KeyError, ValueError, TypeError, AttributeError)
_AGAIN = "Save the workbook again, or save it as CSV."


def read_workbook(file: BufferedReader, *, as_items: bool, **_: object) -> tuple[str, Iterator[Item]]:
    """Read a sheet row by row into a temporary CSV file, and the products of that.

    Raises:
        SourceError: it is damaged or too large, or openpyxl is not installed.
    """
    with ExitStack() as on_error:
        copy = on_error.enter_context(SpooledTemporaryFile(_IN_MEMORY))
        _read_end(file)
        try:
            _copy_sheet(file, copy)
        except _DAMAGED as error:
            raise SourceError(f"it is not an Excel workbook, or damaged ({error})", hint=_AGAIN) from error
        except OSError as error:
            reason = f"the temporary file cannot be written ({error.strerror})"
            raise SourceError(reason, hint=NO_SPACE) from error
        _read_end(file)
        copy.seek(0)
        kind, items = read_csv(io.BufferedReader(cast(FileIO, copy)), as_items=as_items, charset="utf-8")
        on_error.pop_all()
    return kind.replace("CSV", "Excel", 1), items


def _read_end(file: BufferedReader) -> None:
    """Let the file check that all of it is there and unchanged."""
    while file.read1(_IN_MEMORY):
        pass


def _copy_sheet(file: BufferedReader, copy: IO[bytes]) -> None:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise SourceError(
            "the file is an Excel workbook, and openpyxl, which reads those, is not installed",
            hint="Install medusa-sync with its extra `medusa-sync[excel]`, or save the workbook as CSV.",
        ) from error
    warnings.filterwarnings("ignore", module="openpyxl")  # for example about styles
    if sum(each.file_size for each in ZipFile(file).infolist()) > MAX_UNPACKED:
        raise SourceError(f"the workbook has more than {MAX_UNPACKED // 2**20} MB", hint="Save it as CSV.")
    with closing(load_workbook(file, read_only=True, data_only=True)) as workbook:
        sheets = [each for each in workbook.worksheets if each.sheet_state == "visible"]
        sheet = (sheets or workbook.worksheets)[0]
        sheet.reset_dimensions()  # some programs write wrong ones
        text = io.TextIOWrapper(copy, "utf-8", "replace", newline="")
        table = csv.writer(text, lineterminator="\n")
        table.writerows([_cell(value) for value in row] for row in sheet.iter_rows(values_only=True))
        text.detach()


def _cell(value: Any) -> str:
    """What Excel shows: `19.99` for 19.989999999999998, because it counts 15 digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, float) else str(value).removesuffix(" 00:00:00")  # of a date
