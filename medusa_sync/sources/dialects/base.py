"""A dialect says what the columns of a table mean, and which rows are one product."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from msgspec import Struct

from medusa_sync.core.currencies import CURRENCIES
from medusa_sync.sources.base import InvalidProductError, Remarks
from medusa_sync.sources.dialects.languages import meanings
from medusa_sync.sources.dialects.naming import Named, Naming
from medusa_sync.sources.schema import DELETED, LOCALE
from medusa_sync.sources.text import fold, is_shortened, shown

_PLACEHOLDERS = {"{n}": "([0-9]{1,4})", "{currency}": f"({'|'.join(sorted(CURRENCIES))})", "{name}": "(.+)"}
_KEYS = {"{key}": "(?P<key>.+)", "{locale}": f"(?P<key>{LOCALE.strip('^$')})"}
_AS_WRITTEN = {"{currency}": f"(?P<currency>{'|'.join(sorted(CURRENCIES))})", **_KEYS}
_SPLIT = re.compile(r"(\{[a-z]+\})")
LAST = 1_000  # the rank of names in other languages
_COMPLETE = 12  # digits of a barcode
_NONE: Mapping[str, str] = {}
_METAFIELD = re.compile(r".*\((product\.metafields\..+)\)")  # its name before that may change
_CODES = frozenset({"id", "sku", "barcode"})  # members of a product or variant
_QUOTED = re.compile(r'^="(.*)"$')  # a text, as a formula of Excel that keeps zeros in front


def _has_key(name: str) -> bool:
    return any(each in name for each in _KEYS)


class Column(Struct, frozen=True, dict=True):
    """A column that a dialect knows.

    Attributes:
        names: its spellings; the first one is its key. Upper and lower case, spaces and punctuation make no
            difference. A name with `{n}` or `{currency}` is that of a series, with a column for each
            number, currency or key. A `{name}` is anything, and so is a `{key}`. That and a `{locale}`
            count as they are written.
        field: of our own shape; empty if the column is known, but ignored. Several are separated by commas.
        rule: how it becomes the field, or why it is ignored.
        read: the value of the field, of a row and the key; None if the dialect does more than read a cell.
        repeats: it may occur several times: a series too.
        also: what people call it, too. Such a name is used if the table has none of `names`, and does not
            show that the table is of this dialect.
    """

    names: tuple[str, ...]
    field: str = ""
    rule: str = ""
    read: Callable[[Row, str], Any] | None = None
    repeats: bool = False
    also: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        return (*self.names, *self.also)[0]

    @property
    def has_codes(self) -> bool:
        """It has ids, SKUs or barcodes."""
        return not _CODES.isdisjoint(self._members)

    @property
    def has_ids(self) -> bool:
        return "id" in self._members

    @property
    def _members(self) -> list[str]:
        return [each.rpartition(".")[2] for each in self.field.split(", ")]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Of its folded names; the group is the number or currency."""
        parts = (_SPLIT.split(name) for name in self.names if not _has_key(name))
        found = ("".join(_PLACEHOLDERS.get(p) or fold(p) for p in each) for each in parts)
        return re.compile("|".join(found) or "(?!)")

    @cached_property
    def patterns(self) -> list[re.Pattern[str]]:
        """Of its names with a key or a locale."""
        parts = (_SPLIT.split(name) for name in self.names if _has_key(name))
        found = ("".join(_AS_WRITTEN.get(p) or re.escape(p) for p in each) for each in parts)
        return [re.compile(each, re.IGNORECASE) for each in found]

    def keyed(self, name: str) -> str:
        """The currency and the key in a name, such as `eur.Germany`; empty if it has none."""
        match = next(filter(None, (each.fullmatch(name) for each in self.patterns)), None)
        found = match.groupdict() if match else {}
        return ".".join(filter(None, (found.get("currency", "").lower(), found.get("key", "").strip())))


class Meaning(NamedTuple):
    """What a name means: a column, its number or currency, and the rank of the name, 0 for one of its own."""

    column: Column
    suffix: str
    rank: int


class Dialect(Struct, frozen=True, dict=True):
    """How a kind of table describes products.

    Attributes:
        columns: those that it knows; the first one that fits a name counts, and all others are ignored too.
        required: keys of columns without which a table is not of this dialect.
        identity: of products and variants, in words.
        ids: keys of columns with the id of a product; the first one that is not empty counts.
        product: rows with the same id, in our own shape. It raises `InvalidProductError`.
        alias: the key of a column that identifies the product of a row without the first of `ids`.
        is_own: it is that of this tool. Its names are known in other languages, too.
    """

    name: str
    columns: tuple[Column, ...]
    required: tuple[str, ...]
    identity: str
    ids: tuple[str, ...]
    product: Callable[[Sequence[Row]], Mapping[str, Any]]
    alias: str = ""
    is_own: bool = False

    def meaning(self, name: str) -> Meaning | None:
        """What a name means; None if nothing."""
        folded = fold(name)
        for each in self.columns:
            if match := each.pattern.fullmatch(folded):
                return Meaning(each, (match[match.lastindex] if match.lastindex else "") or "", 0)
            if key := each.keyed(name.strip()):
                return Meaning(each, key, 0)
        ranks = (
            (each, {fold(also): rank for rank, also in enumerate(each.also, 1)}) for each in self.columns
        )
        found = next((Meaning(each, "", own[folded]) for each, own in ranks if folded in own), None)
        return self._translated(folded) if found is None and self.is_own else found

    def _translated(self, folded: str) -> Meaning | None:
        """What a name means in another language; None if nothing, or not one thing alone."""
        keys = meanings().get(folded, ())
        columns = [each for each in self.columns if each.key in keys]
        return Meaning(columns[0], "", LAST) if len(columns) == 1 else None

    @cached_property
    def title(self) -> str:
        """The key of the column with the title of a product."""
        return self._key_of("title")

    @cached_property
    def deleted(self) -> str:
        """The key of the column that says that a product is deleted; empty if there is none."""
        return self._key_of(DELETED)

    def _key_of(self, field: str) -> str:
        return next((each.key for each in self.columns if each.field == field), "")


def by_place(names: Sequence[str]) -> list[str]:
    """The names of columns; one without a name has its place, such as `column 5`."""
    return [name.strip() or f"column {number}" for number, name in enumerate(names, 1)]


def shortened_code(codes: Mapping[str, str]) -> str:
    """The problem of a row with these codes, by the names of their columns; empty if there is none."""
    found = (f"{name} is {shown(code)}" for name, code in codes.items() if is_shortened(code))
    return next((f"{each}: a spreadsheet has lost its last digits" for each in found), "")


def numeric_codes(codes: Mapping[str, str]) -> dict[str, None]:
    """The names of the columns of codes that are numbers, and so short that zeros in front may be missing."""
    return {name: None for name, code in codes.items() if 0 < len(code) < _COMPLETE}


# --- tables ---------------------------------------------------------------------------------------------


class Header:
    """The columns of a table, as a dialect knows them.

    Attributes:
        unit: what a row is called in messages: `line` or `item`.
        decimal_comma: numbers may have one.
        given: the names as the table has them.
        names: of the columns that are not ignored, by key; in a series, the key has its number or currency
            too: `price_{currency} eur`.
        series: by the key of a series, its keys by number or currency, in the order of the numbers.
        known: how many columns have one of the dialect's own names.
        unknown: the names of the others, and of those for which the table has a better one, by index.
        remarks: about the rows so far.
        missing: required columns that the table lacks.
        repeated: the names of two columns that mean the same.
    """

    def __init__(
        self,
        dialect: Dialect,
        names: Sequence[str],
        *,
        unit: str = "line",
        decimal_comma: bool = False,
        remarks: Remarks | None = None,
    ) -> None:
        self.dialect = dialect
        self.unit = unit
        self.decimal_comma = decimal_comma
        self.given = tuple(names)
        self.names: dict[str, str] = {}
        self.series: dict[str, dict[str, str]] = {}
        self.repeated: tuple[str, ...] = ()
        self._columns: list[tuple[int, str]] = []  # the index and key of each
        self._codes: list[str] = []  # the keys of those with codes
        self._quoted: list[str] = []  # of these, those that may be quoted
        self._padded: dict[int, str] = {}  # the names of those with SKUs and barcodes, by index
        found = [(name.strip(), dialect.meaning(name)) for name in names]
        self.known = sum(meaning is not None and not meaning.rank for _, meaning in found)
        called = by_place(names)
        self.unknown = {index: called[index] for index, (_, meaning) in enumerate(found) if meaning is None}
        self._choose(found)
        self.remarks = remarks or Remarks()
        self._empty = dict(self.unknown)
        self._ignored = [
            (index, name)
            for index, (name, meaning) in enumerate(found)
            if meaning and not meaning.column.field
        ]
        self.missing = [key for key in dialect.required if key not in self.names | self.series]
        self._rest: dict[int, str] = {}

    def keep_rest(self) -> None:
        """Give rows that follow what they have in columns that mean nothing."""
        named = {**self.unknown, **dict(self._ignored)}
        self._rest = {index: _METAFIELD.sub(r"\1", name) for index, name in named.items()}

    def _choose(self, names: Sequence[tuple[str, Meaning | None]]) -> None:
        """Choose the columns that count among these names."""
        found = [
            Named((index, each), each.column.key, each.rank, each.column.repeats)
            for index, (_, each) in enumerate(names)
            if each and each.column.field
        ]
        for each, counts in Naming().choose(found):
            index, meaning = each.of
            if counts:
                self._add(index, names[index][0], meaning)
            else:
                self.unknown[index] = names[index][0]
        for key, own in self.series.items():
            if all(map(str.isdecimal, own)):
                self.series[key] = dict(sorted(own.items(), key=lambda each: int(each[0])))

    def _add(self, index: int, name: str, meaning: Meaning) -> None:
        """Add a column that counts."""
        column, suffix, _ = meaning
        if column.repeats:
            suffix = str(len(self.series.get(column.key, ())) + 1)
        key = f"{column.key} {suffix}" if suffix else column.key
        if key in self.names:
            self.repeated = self.names[key], name
            return
        self.names[key] = name
        self._columns.append((index, key))
        if column.has_codes:
            self._codes.append(key)
            if not column.has_ids:  # those stay as earlier versions have read them
                self._padded[index] = name
                self._quoted.append(key)
        if suffix:
            self.series.setdefault(column.key, {})[suffix] = key

    def identify_by(self, name: str) -> None:
        """Read a column as the id, too."""
        index, self.remarks.known_by = self.given.index(name), name
        self.unknown.pop(index, None)
        self._empty.pop(index, None)
        key = self.dialect.ids[0]
        self.names[key] = name
        self._columns.append((index, key))
        self._codes.append(key)

    def row(
        self, number: int, values: Sequence[str], problem: str = "", numbers: Collection[int] = ()
    ) -> Row:
        width = len(values)
        if numbers:
            found = {name: values[index] for index, name in self._padded.items() if index in numbers}
            self.remarks.numeric |= numeric_codes(found)
        cells = {
            key: value
            for index, key in self._columns
            if index < width and values[index] and (value := values[index].strip())
        }
        if self._empty:
            filled = [index for index in self._empty if index < width and values[index].strip()]
            self.remarks.leave_out([*map(self._empty.pop, filled)])
        for index, name in self._ignored:
            if index < width and values[index].strip():
                self.remarks.ignored[name] = self.remarks.ignored.get(name, 0) + 1
        codes = self._codes_of(cells)
        rest = self._rest_of(values) if self._rest else _NONE
        return Row(self, number, cells, problem or shortened_code(codes), rest)

    def _codes_of(self, cells: dict[str, str]) -> dict[str, str]:
        """The codes among cells by name of the column; formulas in `cells` become texts."""
        cells |= {key: _QUOTED.sub(r"\1", cells[key]) for key in self._quoted if key in cells}
        return {self.names[key]: cells[key] for key in self._codes if key in cells}

    def _rest_of(self, values: Sequence[str]) -> dict[str, str]:
        found = {name: values[index].strip() for index, name in self._rest.items() if index < len(values)}
        return {name: value for name, value in found.items() if value}


class Row(Struct, frozen=True):
    """The cells of a row that are not empty, by key.

    Attributes:
        number: of the line on which it begins, or of the item.
        problem: why its product is rejected, whatever its cells are.
        rest: what it has in columns that mean nothing, if that is kept.
    """

    header: Header
    number: int
    cells: Mapping[str, str]
    problem: str = ""
    rest: Mapping[str, str] = _NONE

    @property
    def place(self) -> str:
        return f"{self.header.unit} {self.number}"

    @property
    def source_id(self) -> str:
        """The id of the product that it belongs to; empty if it has none, or only the start of one."""
        found = next(filter(None, map(self.__getitem__, self.header.dialect.ids)), "")
        return "" if is_shortened(found) else found

    def __getitem__(self, key: str) -> str:
        """The text of a cell; empty if the table has no such column."""
        return self.cells.get(key, "")

    def series(self, key: str) -> Mapping[str, str]:
        """The keys of cells by their number or currency."""
        keys = self.header.series.get(key)
        if keys is None:
            return _NONE
        return {suffix: each for suffix, each in keys.items() if each in self.cells}

    def leave_out(self, key: str) -> None:
        """Say that a column is not used, because a cell of it cannot be read."""
        self.header.remarks.leave_out([self.header.names[key]])

    def error(self, key: str, reason: str) -> InvalidProductError:
        """Why its product is rejected: `line 7: Variant Price is empty`."""
        return InvalidProductError(f"{self.place}: {self.header.names.get(key, key)} {reason}")
