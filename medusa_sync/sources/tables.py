"""Makes items of the rows of a table, whatever file has them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, starmap
from typing import Generic, NamedTuple, TypeVar

from medusa_sync.errors import SourceError
from medusa_sync.sources import base
from medusa_sync.sources.base import Item, Remarks
from medusa_sync.sources.dialects import best, is_known, known_columns
from medusa_sync.sources.dialects.base import by_place, numeric_codes, shortened_code
from medusa_sync.sources.dialects.products import products
from medusa_sync.sources.maps import of_table

T = TypeVar("T")

ABOVE = 20  # rows above the header


class Cells(NamedTuple):
    """A row.

    Attributes:
        number: of its line or row.
        problem: why its product is rejected.
        numbers: which of the values were no texts.
    """

    number: int
    values: Sequence[str]
    problem: str = ""
    numbers: Collection[int] = ()


class Names(NamedTuple, Generic[T]):
    """What may be a header, and the row that it is."""

    names: list[str]
    row: T

    @property
    def rank(self) -> tuple[int, int]:
        """How many columns are known, and how many have a name."""
        return known_columns(self.names), len([*filter(None, self.names)])

    @property
    def is_above(self) -> bool:
        """Whether it may be a title or instructions: at most one cell, or one that begins with `#`."""
        return self.names[0].startswith("#") or len([*filter(None, self.names)]) <= 1


def header_of(rows: Iterable[Names[T]]) -> tuple[Names[T], list[T]]:
    """The header, and the rows below it that were read to find it.

    Raises:
        SourceError: there is none.
    """
    tried: list[Names[T]] = []
    for each in rows:
        tried.append(each)
        if len(tried) == ABOVE or not each.is_above:
            break
    if not tried:
        raise SourceError("it has no header", hint="The first line must name the columns.")
    found = max(tried, key=lambda each: each.rank)
    return found, [each.row for each in tried[tried.index(found) + 1 :]]


def read_table(  # noqa: PLR0913 - what its reader knows, and what is wanted of it
    names: Sequence[str],
    rows: Iterable[Cells],
    *,
    as_items: bool,
    kind: str,
    unit: str = "line",
    decimal_comma: bool = False,
    keeps_rest: bool = False,
) -> tuple[str, Iterator[Item]]:
    """The format of a table, such as `CSV (Shopify)`, and its products, or its rows if they need a map.

    Raises:
        SourceError: no dialect knows the header.
    """
    given: dict[str, int] = {}
    for index, (name, placed) in enumerate(zip(names, by_place(names), strict=True)):
        given.setdefault(placed, index)
        if given[placed] != index:
            given.setdefault(f"{placed} ({names[: index + 1].count(name)})", index)
        given.setdefault(name, index)  # a map may read the first column without a name as `.[""]`
    known, columns, like = of_table(given, is_known=is_known(names))
    if as_items or known is not None:
        remarks = Remarks(has_decimal_commas=decimal_comma)
        return kind, _items(rows, columns, known.codes if known else (), unit, remarks)
    first: list[Cells] = []
    rest = iter(rows)

    def examples() -> list[dict[str, str]]:
        first.extend(islice(rest, base.PAGE_SIZE))
        return [_by_name(each.values, columns) for each in first]

    header = best(names, examples, unit=unit, decimal_comma=decimal_comma, like=like)
    if keeps_rest:
        header.keep_rest()
    all_rows = chain(first, rest)
    return f"{kind} ({header.dialect.name})", products(starmap(header.row, all_rows), header.dialect)


def _items(
    rows: Iterable[Cells], columns: Mapping[str, int], codes: Sequence[str], unit: str, remarks: Remarks
) -> Iterator[Item]:
    for number, values, problem, numbers in rows:
        cells = _by_name(values, columns)
        found = {name: cells[name] for name in codes if name in cells}
        if numbers:
            codes_here = {name: code for name, code in found.items() if columns[name] in numbers}
            remarks.numeric |= numeric_codes(codes_here)
        yield Item(cells, f"{unit} {number}", problem or shortened_code(found), remarks=remarks)


def _by_name(values: Sequence[str], columns: Mapping[str, int]) -> dict[str, str]:
    width = len(values)
    return {name: values[index].strip() if index < width else "" for name, index in columns.items()}
