"""Excel workbooks: the first visible sheet is a table like one of CSV."""

import io
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from medusa_sync.sources import workbooks
from tests.unit.sources.reading import only, peak_of, read, reading, variant_of

openpyxl = pytest.importorskip("openpyxl", reason="the extra `excel` is not installed")
HEADER = ["id", "title", "price", "sku", "barcode", "stock", "option1_name", "option1_value", "description"]
ROWS: list[list[Any]] = [
    [1, "Mug", 9.5, "M-S", 4006381333931, 4.0, "Size", "S", 'Big\nred, "new"'],
    [1, None, 19.989999999999998, "M-L", None, 0, None, "L"],
    [],
    ["002", "Jug é 日本", 8, True, "0115", None, None, None, date(2026, 1, 2)],
]
TABLE = """id,title,price,sku,barcode,stock,option1_name,option1_value,description
1,Mug,9.5,M-S,4006381333931,4,Size,S,"Big\nred, ""new""\"
1,,19.99,M-L,,0,,L,

002,Jug é 日本,8,true,0115,,,,2026-01-02
"""


def workbook(*sheets: list[list[Any]], hidden: int = 0) -> bytes:
    """A workbook, of whose sheets the first ones may be hidden."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {number}")
        sheet.sheet_state = "hidden" if number < hidden else "visible"
        for row in rows:
            sheet.append(row)
    found = io.BytesIO()
    book.save(found)
    return found.getvalue()


def test_a_workbook_is_the_same_as_a_table() -> None:
    content = workbook([["notes"]], [HEADER, *ROWS], [["more"]], hidden=1)
    expected = read(TABLE)
    for found in (reading(content, suffix=".xlsx"), reading(content), reading(content, format_="xlsx")):
        assert (found.error, found.format, found.rows) == ("", "Excel (medusa-sync)", expected)


def test_a_workbook_may_need_a_map() -> None:
    row = {"Type": "simple", "SKU": "A-1", "Name": "Mug", "Published": 1, "Regular price": 9}
    found = reading(workbook([[*row], [*row.values()]]))
    assert (found.format, found.ids) == ("Excel (woocommerce-csv)", ["A-1"])


def test_a_code_of_more_than_15_digits_is_lost_as_in_a_table() -> None:
    [mug] = read(workbook([HEADER, [1, "Mug", 9, None, 12345678901234567890.0]]))
    assert "a spreadsheet has lost its last digits" in getattr(mug, "reason", "")


def test_a_price_is_the_one_that_excel_shows() -> None:
    assert variant_of(only(workbook([HEADER[:3], [1, "Mug", 0.1 + 0.2]])))["price"] == 0.3


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_damaged_workbook_is_an_error(kept: float) -> None:
    content = workbook([HEADER, *ROWS])
    found = reading(content[: int(len(content) * kept)], suffix=".xlsx")
    assert (found.rows, found.error.partition(" (")[0]) == ([], "it is not an Excel workbook, or damaged")
    assert found.hint


def test_a_workbook_that_would_fill_the_disk_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 2**10)
    assert reading(workbook([HEADER, *ROWS])).error == "the workbook has more than 0 MB"


def test_without_its_package_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    found = reading(workbook([HEADER, *ROWS]))
    assert "openpyxl, which reads those, is not installed" in found.error
    assert "medusa-sync[excel]" in found.hint


@pytest.mark.usefixtures("small_pages")
def test_a_long_workbook_is_not_in_memory(tmp_path: Path) -> None:
    """The texts that its cells share are."""
    path = tmp_path / "mugs.xlsx"
    path.write_bytes(workbook([HEADER, *([number, "Mug", 9, "", "x" * 400] for number in range(3_000))]))
    count, peak = peak_of(path)
    assert (count, peak < 4_000_000) == (3_000, True)
