"""Reads the products of a CSV file (see docs/formats.md)."""

from __future__ import annotations

import codecs
import csv
import io
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from io import BufferedReader
from itertools import chain, islice
from typing import Any, NamedTuple

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Item
from medusa_sync.sources.tables import Cells, Names, header_of, read_table
from medusa_sync.sources.text import shown

logger = logging.getLogger(__name__)

MAX_CELL = 2**24  # characters, also of a line: a quote that is never closed must not fill the memory
MAX_HEADER = 2**16  # characters, if a name has a line break

_BLOCK = 2**18  # bytes
_MARK = "\ufeff"
_UTF_8, _UTF_16, _WINDOWS = "UTF-8", "UTF-16", "Windows-1252"
_DEFAULTS = frozenset({"utf-8", "ascii", "iso8859-1", "cp1252"})
_BAD = re.compile("[\udc80-\udcff]")  # a byte that is not valid, as `surrogateescape` decodes it
_FOREIGN = {  # what no word has in Windows-1252
    "WINDOWS-1251": re.compile(rb"[\xc0-\xff]{5}"),  # five letters beyond ASCII in a row
    "WINDOWS-1250": re.compile(rb"[\xb3\xb9][a-z\xe0-\xff]"),  # a letter behind a small digit
}
_DELIMITERS = ",;\t|"
_JUDGED = 20  # rows that show whether a table is in columns
_WIDE = 10  # columns; in a narrow table, a short row is nothing unusual
_DELIMITER = re.compile(r'"?sep=([^\r\n"]?)"?\1*+\s*+', re.IGNORECASE)  # a first line for Excel
_ERROR = re.compile(r"\s*((<b>|PHP )?(Fatal|Parse) error(</b>)?:|<(!doctype|html)\b)", re.IGNORECASE)
_MALFORMED = "A cell with a quote must be in quotes, and each quote in it written twice. Is one missing?"
_ENDLESS = "Is a quote missing at the end of a cell? Correct the file, or shorten the cell."
_DOUBT = (
    "the file is read as Windows-1252, but may have another encoding. If its letters are wrong, convert it: "
    "iconv -f %s -t UTF-8 old.csv > new.csv"
)
_DAMAGED = (
    "Export it again as UTF-8. If all of it is Windows-1252, convert it: "
    "iconv -f WINDOWS-1252 -t UTF-8 old.csv > new.csv. If only some characters are damaged, correct them."
)


def read_csv(file: BufferedReader, *, charset: str, **how: Any) -> tuple[str, Iterator[Item]]:
    """Read the products of a CSV file, one after another, or its rows if they need a map.

    Raises:
        SourceError: no dialect knows the header, or the rest of the file cannot be read. The last product
            before that is left out, because it may have more rows.
    """
    csv.field_size_limit(MAX_CELL)  # of the whole process; nothing else in it reads CSV
    lines = _Lines(file, charset)
    delimiter, names = _header(lines)
    rows = _in_columns(_rows(lines, delimiter, len(names)), len(names))
    kind, items = read_table(names, rows, kind="CSV", decimal_comma=delimiter == ";", **how)
    return kind if lines.encoding == _UTF_8 else f"{kind}, {lines.encoding}", items


# --- lines ----------------------------------------------------------------------------------------------


class _Lines(Iterator[str]):
    r"""Iterates over lines with their ends, which are `\n`, `\r\n` or `\r`.

    A byte order mark decides the encoding. Without one, a text with any character in UTF-8 that is not ASCII
    is UTF-8, and a byte that is not valid in it is an error. Without such a character, the text is
    Windows-1252 if it is not ASCII. If a server names another encoding, the text has that, unless all of it
    is UTF-8. A mark at the start of a later line, where another file was appended, is left out.

    Attributes:
        number: how many lines there were so far.
        is_open: the last line has no line break.
        padded: cells with spaces around their quotes; None until the delimiter is known.
        mark: what lines with such cells have. Spaces before a quote stay unless the header has some, too.
    """

    def __init__(self, file: BufferedReader, charset: str) -> None:
        self.number = 0
        self.is_open = False
        self.padded: re.Pattern[str] | None = None
        self.mark = ""
        self._again: list[str] = []
        self._failure: SourceError | None = None
        self.encoding = self._recognise(file, _known(charset))
        file.seek(0)
        errors = "strict" if self.encoding == _UTF_16 else "surrogateescape"
        self._text = io.TextIOWrapper(file, self.encoding, errors, newline="")

    def __next__(self) -> str:
        """The next line.

        Raises:
            SourceError: the file is incomplete or damaged. The lines before that came first.
        """
        self.number += 1
        line = self._again.pop(0) if self._again else self._read()
        return self.padded.sub(r"\1\2", line) if self.padded and self.mark in line else line

    def _read(self) -> str:
        try:
            line = self._text.readline(MAX_CELL + 1)
        except UnicodeDecodeError as error:
            raise self._bad_byte(error.object[error.start]) from error
        if not line:
            self.number -= 1
            raise StopIteration
        if len(line) > MAX_CELL:
            reason = f"line {self.number}: it has more than {MAX_CELL:,} characters"
            raise SourceError(reason, hint=_ENDLESS)
        if "\0" in line:
            what = "it has a NUL byte; the file is damaged, or UTF-16 without a byte order mark"
            raise SourceError(
                f"line {self.number}: {what}", hint="Nothing was removed. Export it again as UTF-8."
            )
        if not line.isascii() and (bad := _BAD.search(line)):
            raise self._failure or self._bad_byte(ord(bad[0]) & 0xFF)
        self.is_open = not line.endswith(("\n", "\r"))
        return line.removeprefix(_MARK)

    def again(self, lines: Sequence[str]) -> None:
        """Return these lines again; they came last."""
        self._again, self.number = [*lines], self.number - len(lines)

    def _bad_byte(self, byte: int) -> SourceError:
        return self._damaged(f"the byte 0x{byte:02X} is not valid {self.encoding}")

    def _damaged(self, what: str) -> SourceError:
        return SourceError(f"line {self.number}: {what}", hint=_DAMAGED)

    def _recognise(self, file: BufferedReader, named: str) -> str:
        """Read until a character shows that the text is UTF-8, or to the end."""
        valid = codecs.getincrementaldecoder(_UTF_8)("strict" if named else "ignore")
        is_ascii, foreign = True, ""
        try:
            if file.peek(2)[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
                return _UTF_16
            while block := file.read1(_BLOCK):
                if not (is_ascii and block.isascii()):
                    is_ascii, found = False, (name for name, each in _FOREIGN.items() if each.search(block))
                    foreign = foreign or next(found, "")
                    if not valid.decode(block).isascii() and not named:
                        return _UTF_8
        except UnicodeDecodeError:
            return named
        except SourceError as error:  # what comes then may be in any encoding
            self._failure = error
        if named and is_ascii:
            return named
        if is_ascii or named or self._failure:
            return _UTF_8
        if foreign:
            logger.warning(_DOUBT, foreign, extra={"event": "doubtful_encoding"})
        return _WINDOWS


def _known(charset: str) -> str:
    """The encoding that a server names; empty if it is unknown, or one that servers name by default."""
    with suppress(LookupError, UnicodeError):  # `idna` is for no text, and UTF-16 is known by its mark
        io.TextIOWrapper(io.BytesIO(bytes(4)), charset, "surrogateescape").read()
        return "" if codecs.lookup(charset).name in _DEFAULTS else charset
    return ""


# --- rows -----------------------------------------------------------------------------------------------


def _header(lines: _Lines) -> tuple[str, list[str]]:
    """The delimiter with which most columns are known, and the names of the columns.

    A title or instructions above them are left out: a line with one cell, or one that begins with `#`.
    """
    delimiters, text = _DELIMITERS, _record(lines)
    if named := _DELIMITER.fullmatch("".join(text)):
        delimiters, text = named[1] or _DELIMITERS, _record(lines)
    candidates = (
        _columns(each, delimiters, lines.number)
        for each in chain([text], iter(partial(_record, lines), []))
        if each
    )
    header, below = header_of(candidates)
    lines.again([line for each in below for line in each.text])
    lines.padded = padded = _padded(header.row.delimiter)
    lines.mark = '"' if any(padded.sub(r"\1\2", line) != line for line in header.row.text) else '" '
    return header.row.delimiter, header.names


class _Line(NamedTuple):
    """What may be a header, and its delimiter."""

    text: Sequence[str]
    delimiter: str


def _columns(text: Sequence[str], delimiters: str, number: int) -> Names[_Line]:
    """The columns with the best of the delimiters."""
    found: list[Names[_Line]] = []
    for delimiter in delimiters:
        with suppress(csv.Error):
            unpadded = [_padded(delimiter).sub(r"\1\2", line) for line in text]
            cells = next(csv.reader(unpadded, delimiter=delimiter, strict=True))
            names = [each.replace(_MARK, "").strip() for each in cells]
            found.append(Names(names, _Line(text, delimiter)))
    if not found:
        first = number - len(text) + 1
        raise SourceError(f"line {first}: the header is not valid CSV", hint=_MALFORMED)
    return max(found, key=lambda each: each.rank)


def _record(lines: _Lines) -> list[str]:
    """The next line that is not blank, and those that follow if a name has a line break; empty at the end."""
    text = [*islice(filter(str.strip, lines), 1)]
    quotes, size = sum(line.count('"') for line in text), sum(map(len, text))
    while quotes % 2 and size < MAX_HEADER and (line := next(lines, "")):
        text.append(line)
        quotes, size = quotes + line.count('"'), size + len(line)
    return text


def _padded(delimiter: str) -> re.Pattern[str]:
    """A cell in quotes, with spaces between them and the delimiters.

    It never goes back: remembering where it could would take 190 bytes for each character of a cell.
    """
    mark = re.escape(delimiter)
    return re.compile(rf'(^|{mark}) *+("[^"]*+(?:""[^"]*+)*+") *+(?={mark}|[\r\n]|$)')


def _in_columns(rows: Iterator[Cells], width: int) -> Iterator[Cells]:
    """The rows of a table, unless a program has left out the empty cells between others, too.

    Then its rows lack more than half of their cells, nothing in them is empty, and their lengths differ.
    """
    first: list[Cells] = []
    failure: SourceError | None = None
    is_dense = width >= _WIDE
    try:
        while is_dense and len(first) < _JUDGED:
            first.append(next(rows))
            is_dense = _is_dense(first[-1].values, width)
    except StopIteration:
        pass
    except SourceError as error:  # it comes after the rows before it
        failure = error
    lengths = [len(each.values) for each in first]
    if is_dense and (len(lengths) == 1 or len({*lengths}) > 1):
        raise SourceError(
            f"line {first[0].number}: the row has {lengths[0]} cells, but the header has {width}. Empty "
            "cells seem to be left out, so nothing shows to which columns the others belong",
            hint="Nothing was removed. Export the table again, with a delimiter for each empty cell.",
        )
    yield from first
    if failure is not None:
        raise failure
    yield from rows


def _is_dense(values: Sequence[str], width: int) -> bool:
    """Whether a row lacks more than half of its cells, and has no empty one before the last."""
    return 2 * len(values) < width and all(map(str.strip, values[:-1]))


def _rows(lines: _Lines, delimiter: str, width: int) -> Iterator[Cells]:
    """The rows below the header, without empty ones."""
    table = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        number = lines.number + 1
        where = f"line {number}"
        try:
            values = next(table, None)
        except csv.Error as error:
            hint = _ENDLESS if "limit" in str(error) else _MALFORMED
            raise SourceError(f"{where}: the row is not valid CSV ({error})", hint=hint) from error
        if values is None:
            return
        if not any(map(str.strip, values)):
            continue
        if _ERROR.match(values[0]):
            raise SourceError(
                f"{where}: the row is an error message of the server: {shown(values[0])}",
                hint="Nothing was removed, because the rest of the file is missing. Repair the export.",
            )
        if lines.is_open and len(values) < width:
            raise SourceError(
                f"{where}: the file ends within a row: it has {len(values)} of {width} cells",
                hint="Export it again. If it is complete, add a line break at its end.",
            )
        # Exports leave out empty cells at the end, or add some.
        is_long = any(map(str.strip, values[width:]))
        problem = f"the row has {len(values)} cells, but the header has {width}" if is_long else ""
        yield Cells(number, values, problem)
