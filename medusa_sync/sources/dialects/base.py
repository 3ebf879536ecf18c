"""A dialect says what the columns of a table mean, and which rows are one product."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from medusa_sync.core.ids import IdSet
from medusa_sync.core.product import CURRENCIES
from medusa_sync.sources.base import Item, Rejected
from medusa_sync.sources.text import shown

MAX_ROWS = 20_000  # of a product; more than 10,000 variants are rejected anyway
MAX_SIZE = 2**26  # characters in the rows of a product, which are all in memory

_TITLE_LENGTH = 200  # of rejected products
_PLACEHOLDERS = {"{n}": "([0-9]{1,4})", "{currency}": f"({'|'.join(sorted(CURRENCIES))})", "{name}": "(.+)"}
_SHORTENED = re.compile(r"[0-9]([.,][0-9]+)?[eE]\+[0-9]{2}")


class InvalidRowError(Exception):
    """A product is rejected because of one of its rows; the message names the row and its column."""


class Column(Struct, frozen=True):
    """A column that a dialect knows.

    Attributes:
        names: its spellings; the first one is its key. Upper and lower case, spaces and punctuation make no
            difference. A name with `{n}` is that of numbered columns, one with `{currency}` that of a column
            per currency: a series. A `{name}` is anything.
        field: of our own shape; empty if the column is known, but ignored. Several are separated by commas.
        rule: how it becomes the field, or why it is ignored.
        read: the value of the field, of a row and the key; None if the dialect does more than read a cell.
        repeats: it may occur several times: a series too.
    """

    names: tuple[str, ...]
    field: str = ""
    rule: str = ""
    read: Callable[[Row, str], Any] | None = None
    repeats: bool = False

    @property
    def key(self) -> str:
        return self.names[0]


class Dialect(Struct, frozen=True):
    """How a kind of table describes products.

    Attributes:
        name: such as `Shopify`.
        columns: those that it knows; all others are ignored too.
        required: keys of columns without which a table is not of this dialect.
        identity: of products and variants, in words.
        source_id: the id of the product that a row belongs to; empty if it has none.
        product: rows with the same id, in our own shape. It raises `InvalidRowError`.
        continues: whether a row belongs to the product of the row before it, even if it lacks its id. It gets
            the row and the first row of that product.
    """

    name: str
    columns: tuple[Column, ...]
    required: tuple[str, ...]
    identity: str
    source_id: Callable[[Row], str]
    product: Callable[[Sequence[Row]], Mapping[str, Any]]
    continues: Callable[[Row, Row], bool] = lambda _row, _first: False

    @property
    def title(self) -> str:
        """The key of the column with the title of a product."""
        return next(each.key for each in self.columns if each.field == "title")


# --- headers --------------------------------------------------------------------------------------------


class Header(Struct, frozen=True):
    """The columns of a table, as a dialect knows them.

    Attributes:
        keys: the index and key of each column that is not ignored; in a series, the key has its number or
            currency too: `price_{currency} eur`.
        series: by the key of a series, its keys by number or currency, in the order of the numbers.
        names: of the columns, as the table has them, by key.
        known: how many columns the dialect knows.
        missing: names of required columns that the table lacks.
        repeated: the names of two columns that mean the same; empty if there are none.
        unit: what a row is called in messages: `line` or `item`.
        decimal_comma: numbers may have one.
    """

    dialect: Dialect
    keys: tuple[tuple[int, str], ...]
    series: Mapping[str, Mapping[str, str]]
    names: Mapping[str, str]
    known: int
    missing: tuple[str, ...]
    repeated: tuple[str, ...]
    unit: str
    decimal_comma: bool

    def row(self, number: int, values: Sequence[str], problem: str = "") -> Row:
        """A row of the table.

        Args:
            number: of the line on which it begins, or of the item.
            values: of its cells, in the order of the header.
            problem: why its product is rejected.
        """
        width = len(values)
        cells = {
            key: value
            for index, key in self.keys
            if index < width and values[index] and (value := values[index].strip())
        }
        return Row(self, number, cells, problem)


class Row(Struct, frozen=True):
    """The cells of a row that are not empty, by key.

    Attributes:
        number: of its line or item.
        problem: why its product is rejected, whatever its cells are.
    """

    header: Header
    number: int
    cells: Mapping[str, str]
    problem: str = ""

    @property
    def place(self) -> str:
        """Where it is: `line 7`."""
        return f"{self.header.unit} {self.number}"

    def __getitem__(self, key: str) -> str:
        """The text of a cell; empty if the table has no such column."""
        return self.cells.get(key, "")

    def series(self, key: str) -> Mapping[str, str]:
        """The keys of cells by their number or currency."""
        keys = self.header.series.get(key, {})
        return {suffix: each for suffix, each in keys.items() if each in self.cells}

    def error(self, key: str, reason: str) -> InvalidRowError:
        """Why its product is rejected: `line 7: Variant Price is empty`."""
        return InvalidRowError(f"{self.place}: {self.header.names.get(key, key)} {reason}")


def fold(name: str) -> str:
    """The name of a column without what people and programs vary: `variant_id`, `Variant ID`, `variantId`."""
    return "".join(filter(str.isalnum, name.casefold()))


def recognise(
    dialect: Dialect, names: Sequence[str], *, unit: str = "line", decimal_comma: bool = False
) -> Header:
    """Find the columns of a dialect in the header of a table."""
    find = _finder(dialect.columns)
    found: dict[str, tuple[int, str]] = {}
    series: dict[str, list[str]] = {}
    repeated: tuple[str, ...] = ()
    known = 0
    numbers = Counter[str]()
    for index, name in enumerate(names):
        column, suffix = find(name)
        known += column is not None
        if column is None or not column.field:
            continue
        if column.repeats:
            numbers[column.key] += 1
            suffix = str(numbers[column.key])
        key = f"{column.key} {suffix}" if suffix else column.key
        if key in found:
            repeated = found[key][1], name.strip()
            continue
        found[key] = index, name.strip()
        if suffix:
            series.setdefault(column.key, []).append(suffix)
    present = found.keys() | series.keys()
    return Header(
        dialect,
        tuple((index, key) for key, (index, _) in found.items()),
        {
            key: {each: f"{key} {each}" for each in sorted(own, key=lambda each: (len(each), each))}
            if own[0].isdecimal()
            else {each: f"{key} {each}" for each in own}
            for key, own in series.items()
        },
        {key: name for key, (_, name) in found.items()},
        known,
        tuple(key for key in dialect.required if key not in present),
        repeated,
        unit,
        decimal_comma,
    )


def _finder(columns: Iterable[Column]) -> Callable[[str], tuple[Column | None, str]]:
    """Finds the column for a name, and in a series its number or currency."""
    exact: dict[str, Column] = {}
    patterns: list[tuple[re.Pattern[str], Column]] = []
    for column in columns:
        for name in column.names:
            if "{" in name:
                parts = re.split(r"(\{[a-z]+\})", name)
                pattern = "".join(_PLACEHOLDERS.get(part, re.escape(fold(part))) for part in parts)
                patterns.append((re.compile(pattern), column))
            else:
                exact[fold(name)] = column

    def find(name: str) -> tuple[Column | None, str]:
        folded = fold(name)
        if column := exact.get(folded):
            return column, ""
        found = ((match[1], each) for pattern, each in patterns if (match := pattern.fullmatch(folded)))
        suffix, column = next(found, ("", None))
        return column, suffix

    return find


# --- products -------------------------------------------------------------------------------------------


def products(rows: Iterable[Row], dialect: Dialect) -> Iterator[Item | Rejected]:
    """The products of a table, whose rows follow one another.

    If reading the rows fails, the last product is left out, because it may have more of them.
    """
    begun = IdSet()
    group: _Group | None = None
    for row in rows:
        is_next = group is not None and dialect.continues(row, group.rows[0])
        source_id = group.source_id if group and is_next else dialect.source_id(row)
        if not source_id:
            yield Rejected(None, None, row.place, row.problem or "it belongs to no product: it has no id")
        elif is_shortened(source_id):  # products with different ids can have the same one now
            reason = f"its id is {shown(source_id)}: a spreadsheet has lost its last digits"
            yield Rejected(None, None, row.place, reason)
        elif group is not None and source_id == group.source_id:
            group.add(row)
        else:
            if group is not None:
                yield group.product(dialect, begun)
            group = _Group(source_id, row)
    if group is not None:
        yield group.product(dialect, begun)


class _Group:
    """The rows of a product, as far as they are not too many."""

    def __init__(self, source_id: str, first: Row) -> None:
        self.source_id = source_id
        self.rows: list[Row] = []
        self._size = 0
        self._is_too_large = False
        self.add(first)

    def add(self, row: Row) -> None:
        self._last = row.number
        self._size += sum(map(len, row.cells.values()))
        self._is_too_large = len(self.rows) >= MAX_ROWS or self._size > MAX_SIZE
        if not self._is_too_large or not self.rows:
            self.rows.append(row)

    def product(self, dialect: Dialect, begun: IdSet) -> Item | Rejected:
        reason = self._problem(dialect, begun)
        if not reason:
            try:
                return Item(dialect.product(self.rows))
            except InvalidRowError as error:
                reason = str(error)
        return Rejected(None, self.source_id, self.rows[0][dialect.title][:_TITLE_LENGTH], reason)

    def _problem(self, dialect: Dialect, begun: IdSet) -> str:
        """Why the product is rejected in any dialect; empty if it is not."""
        first = self.rows[0]
        unit = first.header.unit
        where = first.place if first.number == self._last else f"{unit}s {first.number} to {self._last}"
        if not begun.add(self.source_id):
            return (
                f"{where}: the product has begun before; its rows do not follow one another, or two products "
                "have the same id"
            )
        if self._is_too_large:
            return f"{where}: the product has more than {MAX_ROWS:,} rows or {MAX_SIZE:,} characters"
        if bad := next((row for row in self.rows if row.problem), None):
            return f"{bad.place}: {bad.problem}"
        if not first[dialect.title]:
            reason = f"is empty; the first {unit} of a product must have it"
            return str(first.error(dialect.title, reason))
        return ""


def is_shortened(text: str) -> bool:
    """Whether a spreadsheet has made a long number such as `7.12393E+11` of a code."""
    return _SHORTENED.fullmatch(text) is not None
