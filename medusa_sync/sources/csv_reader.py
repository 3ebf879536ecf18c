"""Reads the products of a CSV file (see docs/formats.md)."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import BinaryIO

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Entry, Refused
from medusa_sync.sources.csv_lines import MAX_ROW, Lines
from medusa_sync.sources.dialects.base import Header, Row
from medusa_sync.sources.dialects.cells import shown
from medusa_sync.sources.dialects.groups import products
from medusa_sync.sources.dialects.table import best, known_columns

_DELIMITERS = ",;\t"
_DELIMITER = re.compile(r'"?sep=(.)"?\1*\s*', re.IGNORECASE)  # a first line for Excel
_ERROR = re.compile(r"\s*((<b>|PHP )?(Fatal|Parse) error(</b>)?:|<(!doctype|html)\b)", re.IGNORECASE)


def read_csv(stream: BinaryIO, detected: Callable[[str], None] = lambda _: None) -> Iterator[Entry | Refused]:
    """Read the products of a CSV file, one after another.

    Args:
        stream: it raises `SourceError` at its end if that is not the end of the file.
        detected: called with the format, such as `CSV (Shopify)`, once the header is read, and again as soon
            as the encoding turns out not to be UTF-8.

    Raises:
        SourceError: no dialect knows the header, or the rest of the file cannot be read. The last product
            before that is left out, because it may have more rows.
    """
    csv.field_size_limit(MAX_ROW)  # of the whole process; nothing else in it reads CSV
    lines = Lines(stream)
    texts = iter(lines)
    delimiter, names = _header(lines, texts)
    found = best(names, decimal_comma=delimiter == ";")
    detected(_format(found.dialect.name, lines.encoding))

    def rows() -> Iterator[Row]:
        encoding = lines.encoding
        for row in _rows(lines, texts, delimiter, found.header):
            if lines.encoding != encoding:
                encoding = lines.encoding
                detected(_format(found.dialect.name, encoding))
            yield row

    yield from products(rows(), found.dialect)


def _format(dialect: str, encoding: str) -> str:
    return f"CSV ({dialect})" if encoding == "UTF-8" else f"CSV ({dialect}), {encoding}"


def _header(lines: Lines, texts: Iterator[str]) -> tuple[str, list[str]]:
    """The delimiter with which most columns are known, and the names of the columns."""
    delimiters = _DELIMITERS
    text, quotes = [_line(texts)], 0
    if named := _DELIMITER.fullmatch(text[0]):
        delimiters, text = named[1], [_line(texts)]
    if not text[0]:
        raise SourceError("it has no header", hint="The first line must name the columns.")
    lines.row = lines.number
    while (quotes := quotes + text[-1].count('"')) % 2 and (line := next(texts, "")):
        text.append(line)  # a name has a line break
    headers: dict[str, list[str]] = {}
    for delimiter in delimiters:
        with suppress(csv.Error):
            headers[delimiter] = next(csv.reader(text, delimiter=delimiter, strict=True))
    if not headers:
        raise SourceError(f"line {lines.row}: the header is not valid CSV", hint=_MALFORMED)
    return max(headers.items(), key=lambda each: (known_columns(each[1]), len(each[1])))


def _line(texts: Iterator[str]) -> str:
    """The next line that is not blank; empty if there is none."""
    return next(filter(str.strip, texts), "")


def _rows(lines: Lines, texts: Iterator[str], delimiter: str, header: Header) -> Iterator[Row]:
    """The rows below the header, without empty ones."""
    table = csv.reader(texts, delimiter=delimiter, strict=True)
    while True:
        lines.begin_row()
        try:
            values = next(table, None)
        except csv.Error as error:
            raise SourceError(
                f"line {lines.row}: the row is not valid CSV ({error})", hint=_MALFORMED
            ) from error
        if values is None:
            return
        if not any(map(str.strip, values)):
            continue
        if _ERROR.match(values[0]):
            raise SourceError(
                f"line {lines.row}: the row is an error message of the server: {shown(values[0])}",
                hint="Nothing was removed, because the rest of the file is missing. Repair the export.",
            )
        if lines.is_open and len(values) < header.width:
            raise SourceError(
                f"line {lines.row}: the file ends within a row: it has {len(values)} of {header.width} cells",
                hint="Export it again. If it is complete, add a line break at its end.",
            )
        yield header.row(lines.row, values, _problem(values, header.width))


def _problem(values: Sequence[str], width: int) -> str:
    """Why the product of a row is refused. Exports leave out empty cells at the end, or add some."""
    if not any(map(str.strip, values[width:])):
        return ""
    return f"the row has {len(values)} cells, but the header has {width}"


_MALFORMED = "A cell with a quote must be in quotes, and each quote in it written twice. Is one missing?"
