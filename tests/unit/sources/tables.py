"""CSV files for tests, as programs write them."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from hypothesis import strategies as st
from msgspec import Struct

from medusa_sync.sources.dialects.base import Dialect
from tests.unit.sources.reading import CUT_OFF, in_json, read, reading

T = TypeVar("T")
Catalogue = list[dict[str, Any]]

ALPHABET = "abcXYZ019 .,;:|>'\"\t\n\r-&<%éüß"  # in Windows-1252, no two of these letters look like UTF-8
UNICODE = ALPHABET + "żИ日本🎁\u2028\x0b\x85"
PROGRAMS = {  # what the file begins with, and its encoding
    "UTF-8": (b"", "utf-8"),
    "UTF-8 with a mark": (b"\xef\xbb\xbf", "utf-8"),
    "UTF-16, little": (b"\xff\xfe", "utf-16-le"),
    "UTF-16, big": (b"\xfe\xff", "utf-16-be"),
    "Windows-1252": (b"", "cp1252"),
}


class Style(Struct, frozen=True):
    """How a program writes a table."""

    program: str = "UTF-8"
    delimiter: str = ","
    line_end: str = "\n"
    has_last_line_end: bool = True

    @property
    def alphabet(self) -> str:
        return ALPHABET if self.program == "Windows-1252" else UNICODE

    def write(self, table: Iterable[Sequence[str]]) -> bytes:
        text = io.StringIO()
        csv.writer(
            text, delimiter=self.delimiter, lineterminator=self.line_end, quoting=csv.QUOTE_ALL
        ).writerows(table)
        mark, encoding = PROGRAMS[self.program]
        written = text.getvalue()
        return mark + (written if self.has_last_line_end else written.removesuffix(self.line_end)).encode(
            encoding
        )


STYLES = st.builds(
    Style,
    st.sampled_from(list(PROGRAMS)),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)


class File(Struct, frozen=True):
    """A file with its products."""

    catalogue: Catalogue
    content: bytes


def table_of(
    dialect: Dialect, rows: Sequence[Mapping[str, str]], columns: Sequence[str], generation: int = 0
) -> list[list[str]]:
    """A table with a header.

    Args:
        dialect: of the table.
        rows: cells by the dialect's key, in a series with `#` and the number or currency.
        columns: the keys in the order of the columns.
        generation: which of the names of a column its header has.
    """
    return [
        [_name(dialect, key, generation) for key in columns],
        *([row.get(key, "") for key in columns] for row in rows),
    ]


def _name(dialect: Dialect, key: str, generation: int) -> str:
    name, _, suffix = key.partition("#")
    [names] = [column.names for column in dialect.columns if column.key == name]
    wanted = [each for each in names if ("{" in each) == bool(suffix)]
    return wanted[generation % len(wanted)].replace("{n}", suffix).replace("{currency}", suffix)


@st.composite
def files(
    draw: st.DrawFn,
    dialect: Dialect,
    catalogues: Callable[[Style], st.SearchStrategy[Catalogue]],
    written: Callable[[Catalogue], Sequence[Mapping[str, str]]],
    columns: Sequence[str],
) -> File:
    """Files of a dialect, with the catalogues that they have.

    Args:
        draw: draws from a strategy.
        dialect: of the tables.
        catalogues: what programs with a style can write.
        written: the rows of a catalogue, as `table_of` takes them.
        columns: their keys; files have them in different orders.
    """
    style = draw(STYLES)
    catalogue = draw(catalogues(style))
    first = draw(st.integers(0, len(columns) - 1))
    in_order = [*columns[first:], *columns[:first]]
    table = table_of(dialect, written(catalogue), in_order, draw(st.integers(0, 1)))
    return File(catalogue, style.write(table))


def assert_all_is_read(file: File) -> None:
    """A table gives the same products as the same catalogue in our own format."""
    assert read(file.content) == in_json(*file.catalogue)


def assert_whole_products_are_read(file: File, length: int) -> None:
    """Check what is read of a file that is cut off."""
    found = reading(file.content[:length], is_cut_off=True)
    assert found.error == CUT_OFF
    assert found.rows == in_json(*file.catalogue)[: len(found.rows)]
    assert len(found.rows) < len(file.catalogue)


def texts(style: Style, *, without: str = "") -> st.SearchStrategy[str]:
    """Texts that the cells of a table can have: not empty, without white space at their ends."""
    return _texts("".join(each for each in style.alphabet if each not in without))


def words(style: Style, *, without: str = "") -> st.SearchStrategy[str]:
    """Texts on one line."""
    return texts(style, without=without + "\n\r\t\x0b\x85\u2028")


URLS = st.integers(0, 99).map(lambda number: f"https://cdn.example/{number}.png")


@cache
def perhaps(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | strategy


# Building a strategy takes longer than drawing from it.
@cache
def _texts(alphabet: str) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=1, max_size=12).map(str.strip).filter(bool)
