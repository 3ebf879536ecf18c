"""Finds the cells of a workbook that have an error or no saved value: calamine reads both as empty."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from struct import unpack_from
from typing import IO
from xml.parsers import expat
from zipfile import ZipFile, is_zipfile

from medusa_sync.sources.workbooks import compound

Fault = tuple[int, int, str]
"""The row and the column of a cell, both from 0, and what it has."""

NO_VALUE = "a formula without a saved value"
_OTHER = "an error"

_CHUNK = 2**16
_LAST_ROW = 2**20
_ERRORS = {
    **dict(zip((0, 7, 15, 23), ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!"), strict=True)),
    **dict(zip((29, 36, 42, 43), ("#NAME?", "#NUM!", "#N/A", "#GETTING_DATA"), strict=True)),
}
# Numbers of records, by their names in the specifications of .xlsb and .xls.
_ROW_HDR, _CELL_ERROR, _FMLA_ERROR, _BUNDLE_SH = 0, 3, 11, 156
_BOF, _EOF, _BOUND_SHEET, _BOOL_ERR, _FORMULA = (
    {0x9, 0x209, 0x409, 0x809},
    0xA,
    0x85,
    0x205,
    {6, 0x206, 0x406},
)
_ERROR_RESULT = re.compile(rb".{6}\x02.(.).{3}\xff\xff", re.DOTALL)  # of a formula
_ODS_ERROR = re.compile(r"Err:\d+|#(NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|N/A)")
_FAULTY = re.compile(
    rb"""=\s*["']e["']|<(\w+:)?f[\s/>]|\0"""
)  # what a sheet with a fault has; or it is UTF-16
_REFERENCE = re.compile(r"([A-Z]+)([0-9]+)")


def faults(file: IO[bytes], sheet: int) -> Iterator[Fault]:
    """The faults of a sheet, which has a number from 0, in any order."""
    file.seek(0)
    if not is_zipfile(file):
        yield from _of_xls(compound.workbook(file), sheet)
        return
    with ZipFile(file) as archive:
        parts = {each.replace("\\", "/").lower(): each for each in archive.namelist()}
        if (content := parts.get("content.xml")) is not None:
            yield from _of_ods(archive.open(content), sheet)
            return
        is_binary = "xl/workbook.bin" in parts
        name = "xl/workbook.bin" if is_binary else "xl/workbook.xml"
        relations = _Relations(archive.open(parts[f"xl/_rels/{posixpath.basename(name)}.rels"])).targets
        book = archive.open(parts[name])
        path = relations[_binary_ids(book.read())[sheet] if is_binary else _Sheets(book).ids[sheet]]
        path = path.lstrip("/") if path.startswith("/") else posixpath.normpath(f"xl/{path}")
        part = parts[path.replace("\\", "/").lower()]
        if is_binary:
            yield from _of_xlsb(archive.open(part).read())
        elif _may_have(archive.open(part)):
            yield from _Cells(archive.open(part)).faults()


# --- XML ------------------------------------------------------------------------------------------------


class _Xml:
    """Calls its methods with the elements of a file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = lambda name, attributes: self.start(_local(name), attributes)
        self._parser.EndElementHandler = lambda name: self.end(_local(name))

    def start(self, name: str, attributes: Mapping[str, str]) -> None: ...

    def end(self, name: str) -> None: ...

    def chunks(self) -> Iterator[None]:
        try:
            with self._file:
                while chunk := self._file.read(_CHUNK):
                    self._parser.Parse(chunk, False)  # noqa: FBT003 - it takes no names
                    yield
        finally:
            del self._parser  # its handlers refer to this object


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


class _Relations(_Xml):
    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.targets: dict[str, str] = {}
        for _ in self.chunks():
            pass

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "Relationship":
            self.targets[attributes["Id"]] = attributes["Target"]


class _Sheets(_Xml):
    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.ids: list[str] = []
        for _ in self.chunks():
            pass

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "sheet":
            self.ids += [value for key, value in attributes.items() if key.endswith("/relationships id")]


def _may_have(file: IO[bytes]) -> bool:
    """Whether a sheet may have faults; a parser would take longer."""
    end = b""
    with file:
        while chunk := file.read(_CHUNK):
            if _FAULTY.search(end + chunk):
                return True
            end = chunk[-50:]
    return False


class _Cells(_Xml):
    """The cells of a sheet in Excel's XML."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self._parser.CharacterDataHandler = self._text
        self._found: list[Fault] = []
        self._row = self._column = -1
        self._type = ""
        self._has_formula = self._has_value = self._is_value = False
        self._error = ""

    def faults(self) -> Iterator[Fault]:
        for _ in self.chunks():
            yield from self._found
            self._found.clear()

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "c":
            self._column += 1
            if match := _REFERENCE.fullmatch(attributes.get("r", "")):
                self._row, self._column = int(match[2]) - 1, _column(match[1])
            self._type = attributes.get("t", "")
            self._has_formula, self._has_value, self._error = False, False, ""
        elif name == "f":
            self._has_formula = True
        elif name == "v":
            self._is_value = True
            self._has_value = self._has_value or self._type == "str"  # that may be empty
        elif name == "row":
            self._row, self._column = int(attributes.get("r", self._row + 2)) - 1, -1

    def _text(self, text: str) -> None:
        if self._is_value:
            self._has_value = True
            self._error += text if self._type == "e" and len(self._error) < _CHUNK else ""

    def end(self, name: str) -> None:
        if name == "v":
            self._is_value = False
        elif name == "c":
            no_value = NO_VALUE if self._has_formula and not self._has_value else ""
            if what := (self._error or _OTHER) if self._type == "e" else no_value:
                self._found.append((self._row, self._column, what))


def _column(letters: str) -> int:
    number = 0
    for letter in letters[:4]:
        number = number * 26 + ord(letter) - 64
    return number - 1


class _OdsCells(_Xml):
    """The cells of a sheet of OpenDocument."""

    def __init__(self, file: IO[bytes], sheet: int) -> None:
        super().__init__(file)
        self._parser.CharacterDataHandler = self._text
        self._left = sheet + 1  # tables that begin before the end of this one
        self._row, self._rows = -1, 0  # the first, and how many follow as copies
        self._column, self._columns = -1, 1
        self._is_cell, self._what, self._shown = False, "", ""
        self.found: list[Fault] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "table":
            self._left -= 1
        if self._left:
            return
        own = {_local(key): value for key, value in attributes.items()}
        if name == "table-row":
            self._row, self._column, self._columns = self._row + 1 + self._rows, -1, 1
            self._rows = int(own.get("number-rows-repeated", 1)) - 1
        elif name in {"table-cell", "covered-table-cell"}:
            self._column += self._columns
            self._columns = int(own.get("number-columns-repeated", 1))
            self._is_cell, self._shown = "formula" in own, ""
            types = {value for key, value in attributes.items() if _local(key) == "value-type"}
            self._what = _OTHER if "error" in types else "" if types or "formula" not in own else NO_VALUE

    def _text(self, text: str) -> None:
        if self._is_cell and len(self._shown) < _CHUNK:
            self._shown += text

    def end(self, name: str) -> None:
        if name == "table" and not self._left:
            self._left = -1
        if self._left or name not in {"table-cell", "covered-table-cell"}:
            return
        is_error = _ODS_ERROR.fullmatch(self._shown)
        if self._what or (self._is_cell and is_error):
            rows = range(self._row, min(self._row + self._rows + 1, _LAST_ROW))
            what = self._shown if is_error else self._what
            self.found += ((row, self._column, what) for row in rows)
        self._is_cell = False


def _of_ods(file: IO[bytes], sheet: int) -> Iterator[Fault]:
    cells = _OdsCells(file, sheet)
    for _ in cells.chunks():
        yield from cells.found
        cells.found.clear()


# --- records --------------------------------------------------------------------------------------------


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The numbers and contents of the records of a part of .xlsb."""
    at = 0
    while at < len(data):
        number, size = data[at], 0
        at += 1
        if number & 0x80:
            number = number & 0x7F | (data[at] & 0x7F) << 7
            at += 1
        for shift in (0, 7, 14, 21):
            byte = data[at]
            at += 1
            size |= (byte & 0x7F) << shift
            if not byte & 0x80:
                break
        yield number, data[at : at + size]
        at += size


def _binary_ids(book: bytes) -> list[str]:
    """The ids of the relations of all sheets."""
    bodies = [body for number, body in _records(book) if number == _BUNDLE_SH]
    return [body[12 : 12 + 2 * unpack_from("<I", body, 8)[0]].decode("utf-16-le") for body in bodies]


def _of_xlsb(data: bytes) -> Iterator[Fault]:
    row = 0
    for number, body in _records(data):
        if number == _ROW_HDR:
            (row,) = unpack_from("<I", body)
        elif number in {_CELL_ERROR, _FMLA_ERROR}:
            (column,) = unpack_from("<I", body)
            yield row, column, _ERRORS.get(body[8], _OTHER)


def _of_xls(data: bytes, sheet: int) -> Iterator[Fault]:
    starts = [unpack_from("<I", body)[0] for number, body in _of_biff(data, 0) if number == _BOUND_SHEET]
    for number, body in _of_biff(data, starts[sheet]):
        if number == _BOOL_ERR and body[7]:
            yield *unpack_from("<HH", body), _ERRORS.get(body[6], _OTHER)
        elif number in _FORMULA and (match := _ERROR_RESULT.match(body)):
            yield *unpack_from("<HH", body), _ERRORS.get(match[1][0], _OTHER)


def _of_biff(data: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The records from a start to its end; charts within are left out."""
    depth = 0
    while at + 4 <= len(data):
        number, size = unpack_from("<HH", data, at)
        depth += (number in _BOF) - (number == _EOF)
        if depth == 1:
            yield number, data[at + 4 : at + 4 + size]
        if not depth:
            return
        at += 4 + size
