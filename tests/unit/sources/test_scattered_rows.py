"""Tables whose rows of a product are not next to each other: exports that are sorted by size or by SKU."""

import csv
import io
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources.base import Rejected, Row
from tests.unit.full_disk import files_limited_to
from tests.unit.sources.merchant import ITEM, as_rss
from tests.unit.sources.reading import peak_of, read, reading

SIZES = "SML"
NAMES = ("mug", "jug", "cup")


class Table(NamedTuple):
    """A kind of table: the rows of a product with some sizes, and the text of rows."""

    rows: Callable[[str, str], list[dict[str, str]]]
    text: Callable[[list[dict[str, str]]], bytes]


def csv_of(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, dict.fromkeys(chain.from_iterable(rows)), "", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def own(name: str, sizes: str) -> list[dict[str, str]]:
    first = {"title": name.title(), "images": f"https://a/{name}"}
    return [
        {"id": name, **(first if size == sizes[0] else {"title": "", "images": ""}), "price": "9"}
        | {"sku": f"{name}-{size}", "option1_name": "Size", "option1_value": size}
        for size in sizes
    ]


def shopify(name: str, sizes: str) -> list[dict[str, str]]:
    first = {"Title": name.title(), "Option1 Name": "Size", "Vendor": "Elm"}
    return [
        {"Handle": name, "Variant Price": "9", "Variant SKU": f"{name}-{size}", "Option1 Value": size}
        | (first if size == sizes[0] else dict.fromkeys(first, ""))
        for size in sizes
    ]


def medusa(name: str, sizes: str) -> list[dict[str, str]]:
    """The external id is only in one of the rows."""
    return [
        {"Product External Id": f"x-{name}" if size == sizes[0] else "", "Product Handle": name}
        | {"Product Title": name.title(), "Variant SKU": f"{name}-{size}", "Variant Price USD": "9"}
        | {"Variant Option 1 Name": "Size", "Variant Option 1 Value": size}
        for size in sizes
    ]


def google(name: str, sizes: str) -> list[dict[str, str]]:
    return [
        ITEM | {"id": f"{name}-{size}", "item_group_id": name, "title": name.title(), "size": size}
        for size in sizes
    ]


def woocommerce(name: str, sizes: str) -> list[dict[str, str]]:
    usual = {"ID": "", "Published": "1", "In stock?": "1", "Regular price": "9", "Attribute 1 name": "Size"}
    parent = {"Type": "variable", "SKU": name, "Name": name.title(), "Parent": "", "Attribute 1 value(s)": ""}
    variations = [
        {"Type": "variation", "SKU": f"{name}-{size}", "Name": "", "Parent": name}
        | {"Attribute 1 value(s)": size}
        for size in sizes
    ]
    return [usual | row for row in (parent, *variations)]


def feed_of(rows: list[dict[str, str]]) -> bytes:
    return as_rss([[*row.items()] for row in rows])


TABLES = {
    "own": Table(own, csv_of),
    "Shopify": Table(shopify, csv_of),
    "Medusa": Table(medusa, csv_of),
    "Google": Table(google, csv_of),
    "feed": Table(google, feed_of),
    "WooCommerce": Table(woocommerce, csv_of),
}


def by_id(rows: list[Row]) -> dict[str | None, Row]:
    found = {row.source_id: row for row in rows}
    assert len(found) == len(rows)
    return found


def seen(row: Row) -> Any:
    """What does not depend on the order of the rows of a product."""
    assert isinstance(row, DesiredProduct), row
    variants = sorted(str({**each.fields} | {"variant_rank": None}) for each in row.variants)
    return row.fields["title"], row.fields["images"], row.options, variants


@pytest.mark.parametrize("kind", sorted({*TABLES} - {"WooCommerce"}))
@given(data=st.data())
def test_the_order_of_rows_makes_no_difference(kind: str, data: st.DataObject) -> None:
    assert_same_in_any_order(TABLES[kind], data)


@settings(max_examples=3)
@given(data=st.data())
def test_the_order_of_rows_makes_no_difference_to_a_map(data: st.DataObject) -> None:
    assert_same_in_any_order(TABLES["WooCommerce"], data)


def assert_same_in_any_order(table: Table, data: st.DataObject) -> None:
    """If the rows of a product have their order, its fields and variants have the same order, too."""
    groups = [table.rows(name, SIZES[: data.draw(st.integers(1, 3))]) for name in NAMES]
    together = [*chain.from_iterable(groups)]
    expected = by_id(read(table.text(together)))
    assert len(expected) == len(NAMES)
    turns = data.draw(st.permutations([name for name, rows in zip(NAMES, groups, strict=True) for _ in rows]))
    left: dict[str, Iterator[dict[str, str]]] = dict(zip(NAMES, map(iter, groups), strict=True))
    assert by_id(read(table.text([next(left[name]) for name in turns]))) == expected
    mixed = by_id(read(table.text(data.draw(st.permutations(together)))))
    assert {source_id: seen(row) for source_id, row in mixed.items()} == {
        source_id: seen(row) for source_id, row in expected.items()
    }


@pytest.mark.parametrize("kind", ["own", "Shopify", "Medusa", "Google"])
@given(rows=st.permutations([(name, size) for name in NAMES for size in SIZES]))
def test_a_row_that_is_rejected_rejects_its_whole_product(kind: str, rows: list[tuple[str, str]]) -> None:
    table = TABLES[kind]
    all_rows = {
        (name, size): row for name in NAMES for row, size in zip(table.rows(name, SIZES), SIZES, strict=True)
    }
    text = table.text([all_rows[each] for each in rows])
    line = 2 + rows.index(("jug", "M"))
    lines = text.splitlines(keepends=True)
    lines[line - 1] = lines[line - 1].rstrip(b"\n") + b",one cell more\n"
    found = by_id(read(b"".join(lines)))
    rejected = [row for row in found.values() if isinstance(row, Rejected)]
    assert len(found) == 3
    assert [row.title for row in rejected] == ["Jug"]
    assert rejected[0].reason.startswith(f"line {line}: the row has ")


def test_nothing_is_delivered_of_a_table_with_scattered_rows_that_is_cut_off() -> None:
    """Any product may have rows in the part that is missing."""
    rows = [row for name in NAMES for row in own(name, "SM")]
    sorted_rows, scattered = csv_of(rows), csv_of(rows[::2] + rows[1::2])
    found = reading(sorted_rows, is_cut_off=True)
    assert (found.titles, bool(found.error)) == (["Mug", "Jug"], True)
    found = reading(scattered, is_cut_off=True)
    assert (found.rows, bool(found.error)) == ([], True)


@pytest.mark.usefixtures("small_pages")
def test_a_long_table_with_scattered_rows_is_not_in_memory(tmp_path: Path) -> None:
    """12 MB."""
    path = tmp_path / "mugs.csv"
    rows = [own(f"mug{number}", SIZES) for number in range(1_000)]
    long = [row | {"description": "x" * 4_000} for size in range(3) for row in [each[size] for each in rows]]
    path.write_bytes(csv_of(long))
    count, peak = peak_of(path)
    assert (count, peak < 4_000_000) == (1_000, True)


def test_on_a_full_disk_no_product_is_made_of_the_rows_that_could_be_kept(tmp_path: Path) -> None:
    """3 MB, of which SQLite keeps 2 in memory. It cannot read a file to which it could not write."""
    path = tmp_path / "mugs.csv"
    rows = [row for number in range(750) for row in own(f"mug{number}", "S")]
    path.write_bytes(csv_of([row | {"description": "x" * 4_000} for row in rows]))
    with files_limited_to(100_000):
        found = reading(path)
    assert found.error.startswith("the temporary file cannot be written (")
    assert not found.rows
