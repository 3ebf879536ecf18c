"""A dialect says what the columns of a table mean, and which rows are one product."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from msgspec import Struct

from medusa_sync.core.product import CURRENCIES

_PLACEHOLDERS = {"{n}": "([0-9]{1,4})", "{currency}": f"({'|'.join(sorted(CURRENCIES))})", "{name}": "(.+)"}


class InvalidRowError(Exception):
    """A product is refused because of one of its rows; the message names the row and its column."""


class Column(Struct, frozen=True):
    """A column that a dialect knows.

    Attributes:
        key: what the dialect calls it.
        names: its spellings. Upper and lower case, spaces and punctuation make no difference. A name with
            `{n}` stands for numbered columns, one with `{currency}` for a column per currency: a series. A
            `{name}` stands for anything.
        field: of our own shape; empty if the column is known, but ignored.
        rule: how it becomes the field, or why it is ignored.
        repeats: it may occur several times: a series too.
    """

    key: str
    names: tuple[str, ...]
    field: str = ""
    rule: str = ""
    repeats: bool = False


def ignored(reason: str, *names: str) -> Column:
    """Columns that a dialect knows, but does not use."""
    return Column(names[0], names, rule=reason)


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
    def named(self) -> Mapping[str, Column]:
        return {column.key: column for column in self.columns}


class Header(Struct, frozen=True):
    """The columns of a table.

    Attributes:
        columns: index and key of each column that is not ignored; in a series, its number or currency too.
        names: of the columns, as the table has them, by key.
        width: the number of all columns.
        unit: what a row is called in messages: `line` or `item`.
        decimal_comma: numbers may have one.
    """

    columns: tuple[tuple[int, str, str], ...]
    names: Mapping[str, str]
    width: int
    unit: str = "line"
    decimal_comma: bool = False

    def row(self, number: int, values: Sequence[str], problem: str = "") -> Row:
        """A row of the table.

        Args:
            number: of the line on which it begins, or of the item.
            values: of its cells, in the order of the header.
            problem: why its product is refused.
        """
        cells: dict[str, str] = {}
        series: dict[str, dict[str, str]] = {}
        width = len(values)
        for index, key, suffix in self.columns:
            if index < width and values[index] and (value := values[index].strip()):
                if suffix:
                    series.setdefault(key, {})[suffix] = value
                else:
                    cells[key] = value
        return Row(self, number, cells, series, problem)


class Row(Struct, frozen=True):
    """The cells of a row that are not empty, by the key of their column.

    Attributes:
        number: of its line or item.
        numbered: cells of series, by key and then by number or currency.
        problem: why its product is refused, whatever its cells are.
    """

    header: Header
    number: int
    cells: Mapping[str, str]
    numbered: Mapping[str, Mapping[str, str]]
    problem: str = ""

    @property
    def place(self) -> str:
        """Where it is: `line 7`."""
        return f"{self.header.unit} {self.number}"

    @property
    def size(self) -> int:
        """The number of characters in its cells."""
        return sum(map(len, chain(self.cells.values(), *(each.values() for each in self.numbered.values()))))

    def __getitem__(self, key: str) -> str:
        """The text of a cell; empty if the table has no such column."""
        return self.cells.get(key, "")

    def series(self, key: str) -> Mapping[str, str]:
        """The cells of numbered columns in the order of their numbers, or of a column for each currency."""
        return self.numbered.get(key, {})

    def error(self, key: str, reason: str) -> InvalidRowError:
        """Why its product is refused: `line 7: Variant Price is empty`.

        Args:
            key: of the column, or in a series, the key, a space and the number or currency.
            reason: such as `is empty`.
        """
        return InvalidRowError(f"{self.place}: {self.header.names.get(key, key)} {reason}")


def fold(name: str) -> str:
    """The name of a column without what people and programs vary: `variant_id`, `Variant ID`, `variantId`."""
    return "".join(filter(str.isalnum, name.casefold()))


class _Names:
    """Finds the column of a dialect by its name."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self._exact: dict[str, Column] = {}
        self._patterns: list[tuple[re.Pattern[str], Column]] = []
        for column in columns:
            for name in column.names:
                if "{" in name:
                    self._patterns.append((_pattern(name), column))
                else:
                    self._exact[fold(name)] = column

    def find(self, name: str) -> tuple[Column, str] | None:
        """The column, and in a series its number or currency."""
        folded = fold(name)
        if column := self._exact.get(folded):
            return column, ""
        for pattern, column in self._patterns:
            if match := pattern.fullmatch(folded):
                return column, match[1]
        return None


def _pattern(name: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[a-z]+\})", name)
    return re.compile("".join(_PLACEHOLDERS.get(part, re.escape(fold(part))) for part in parts))


class Recognised(Struct, frozen=True):
    """What a dialect finds in a header.

    Attributes:
        known: how many columns of the header the dialect knows.
        missing: names of required columns that the header lacks.
        repeated: the names of two columns that mean the same; empty if there are none.
    """

    dialect: Dialect
    header: Header
    known: int
    missing: tuple[str, ...]
    repeated: tuple[str, ...] = ()


def recognise(
    dialect: Dialect, names: Sequence[str], *, unit: str = "line", decimal_comma: bool = False
) -> Recognised:
    """Find the columns of a dialect in the header of a table."""
    find = _Names(dialect.columns).find
    columns: dict[tuple[str, str], tuple[int, str]] = {}
    repeated: tuple[str, ...] = ()
    known = 0
    numbers = Counter[str]()
    for index, name in enumerate(names):
        found = find(name)
        known += found is not None
        if found is None or not found[0].field:
            continue
        column, suffix = found
        if column.repeats:
            numbers[column.key] += 1
            suffix = str(numbers[column.key])
        if (column.key, suffix) in columns:
            repeated = columns[column.key, suffix][1], name.strip()
            continue
        columns[column.key, suffix] = index, name.strip()
    in_order = sorted(columns.items(), key=lambda each: int(each[0][1]) if each[0][1].isdecimal() else 0)
    header = Header(
        tuple((index, key, suffix) for (key, suffix), (index, _) in in_order),
        {f"{key} {suffix}".rstrip(): name for (key, suffix), (_, name) in columns.items()},
        len(names),
        unit,
        decimal_comma,
    )
    present = {key for key, _ in columns}
    missing = tuple(dialect.named[key].names[0] for key in dialect.required if key not in present)
    return Recognised(dialect, header, known, missing, repeated)
