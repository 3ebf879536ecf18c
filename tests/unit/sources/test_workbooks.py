"""Workbooks: the first visible sheet is a table like one of CSV, whatever else is in the file."""

import asyncio
import base64
import io
import re
import sys
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from struct import pack
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import openpyxl
import pytest

from medusa_sync.sources.workbooks import reader
from tests.unit.sources.pages import opened
from tests.unit.sources.reading import MAPPING, Found, only, peak_of, read, reading, reasons, variant_of

pytest.importorskip("python_calamine", reason="the extra `excel` is not installed")
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


# --- what is wrong with cells ---------------------------------------------------------------------------

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
CONTENT_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
STRICT = "http://purl.oclc.org/ooxml"  # as "Strict Open XML Spreadsheet" of Excel
IDS = ["id", "title", "price", "stock"]


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    found = io.BytesIO()
    with ZipFile(found, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content, ZIP_STORED if name == "mimetype" else ZIP_DEFLATED)
    return found.getvalue()


def related(target: str, type_: str, more: str = "") -> str:
    relation = f'<Relationship Id="r0" Type="{type_}" Target="{target}"/>'
    other = (
        f'<Relationship Id="r1" Type="{type_.rpartition("/")[0]}/{more}" Target="{more}.xml"/>'
        if more
        else ""
    )
    return f'<Relationships xmlns="{PACKAGE}">{relation}{other}</Relationships>'


def xlsx(
    rows: str, *, texts: str = "", main: str = MAIN, office: str = OFFICE, target: str = "s.xml"
) -> bytes:
    """A workbook with these rows below a header, which is row 1."""
    header = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in IDS)
    rows = f'<row r="1">{header}</row>{rows}'
    sheet = '<sheets><sheet name="S" sheetId="1" r:id="r0"/></sheets>'
    type_ = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    types = {"workbook": "sheet.main", "s": "worksheet", "sharedStrings": "sharedStrings"}
    overrides = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{type_}.{kind}+xml"/>'
        for part, kind in types.items()
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{CONTENT_TYPES}">{overrides}</Types>',
        "_rels/.rels": related("xl/workbook.xml", f"{office}/officeDocument"),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}">{sheet}</workbook>',
        "xl/_rels/workbook.xml.rels": related(target, f"{office}/worksheet", "sharedStrings"),
        "xl/s.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">{texts}</sst>',
    }
    return zipped(parts)


def row(number: int, stock: str = "", title: str = '<c t="str"><v>Mug</v></c>') -> str:
    return f'<row r="{number}"><c><v>{number}</v></c>{title}<c><v>9</v></c>{stock}</row>'


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ('<c t="e"><v>#N/A</v></c>', "#N/A"),
        ("<c t='e'><f>1/0</f><v>#DIV/0!</v></c>", "#DIV/0!"),
        ('<c r="D2" t="e"></c>', "an error"),
        ("<c><f>1+2</f><v></v></c>", "a formula without a saved value"),
        ("<c><f>1+2</f></c>", "a formula without a saved value"),
        ('<c t="str"><f>A1</f></c>', "a formula without a saved value"),
        ('<c t="str"><f>A1</f><v></v></c>', ""),
        ("<c><f>1+2</f><v>3</v></c>", ""),
        ("<c><v>3</v></c>", ""),
    ],
)
def test_an_error_and_a_formula_without_a_value_reject_the_row(cell: str, what: str) -> None:
    found = reading(xlsx(row(2, cell) + row(3, "<c><v>4</v></c>")))
    expected = [f"row 2: D2 is {what}"] if what else []
    assert [getattr(each, "reason", "") for each in found.rows] == (expected or [""]) + [""]
    assert found.error == ""


def test_an_error_is_neither_a_title_nor_an_id() -> None:
    error = '<c t="e"><v>#REF!</v></c>'
    content = xlsx(row(2, title=error) + f'<row r="3">{error}<c t="str"><v>Mug</v></c></row>')
    assert reasons(content) == ["row 2: B2 is #REF!", "A3 is #REF!"]


def test_a_row_of_nothing_but_formulas_without_values_is_not_left_out() -> None:
    formulas = "".join("<c><f>A1</f><v/></c>" for _ in IDS)
    assert reasons(xlsx(f'<row r="2">{formulas}</row>')) == ["A2 is a formula without a saved value"]


def test_an_error_in_the_header_is_an_error() -> None:
    content = workbook([[*IDS, "=1/0"], [1, "Mug", 9, 1, 1]])
    assert refused(content).error == "row 1: E1 is a formula without a saved value"


def test_rows_may_be_in_any_order_and_without_numbers() -> None:
    assert reading(xlsx(row(4) + row(2) + row(3))).ids == ["2", "3", "4"]
    bare = re.sub(r' r="\d+"', "", row(2, "<c/>") + row(3, '<c t="e"><v>#N/A</v></c>'))
    assert reasons(xlsx(bare)) == ["row 3: D3 is #N/A"]


def test_strict_open_xml_is_read_with_its_errors() -> None:
    content = xlsx(
        row(2) + row(3, '<c t="e"><v>#NUM!</v></c>'),
        main=f"{STRICT}/spreadsheetml/main",
        office=f"{STRICT}/officeDocument/relationships",
        target="/xl/s.xml",
    )
    found = reading(content)
    assert (found.ids, reasons(content)) == (["2"], ["row 3: D3 is #NUM!"])


def test_escapes_of_characters_are_not_shown_to_customers() -> None:
    shared = "<si><t>Big_x000D_\nred</t></si><si><t>_x005F_x000D_</t></si>"
    titles = ['<c t="s"><v>0</v></c>', '<c t="s"><v>1</v></c>']
    found = reading(xlsx("".join(row(n, title=title) for n, title in enumerate(titles, 2)), texts=shared))
    assert found.titles == ["Big red", "_x000D_"]


@pytest.mark.parametrize(
    ("header", "values", "expected"),
    [
        ("sku", [115, "A-7"], "Codes that are numbers: 'sku'. Do they lack zeros in front?"),
        ("EAN", [4006381333931, 40063813], "Codes that are numbers: 'EAN'. Do they lack zeros in front?"),
        ("sku", ["0115", "A-7"], ""),
        ("barcode", [4006381333931, "0115"], ""),
    ],
)
def test_numbers_as_codes_get_a_note(header: str, values: list[Any], expected: str) -> None:
    found = reading(
        workbook([["id", "title", "price", header], *([n, "Mug", 9, each] for n, each in enumerate(values))])
    )
    assert (found.overlooked, len(found.ids)) == (expected, 2)


def test_numbers_as_codes_get_a_note_with_a_map_too() -> None:
    mug: dict[str, Any] = {"Type": "simple", "SKU": 115, "Name": "Mug", "Published": 1, "Regular price": 9}
    assert "Codes that are numbers: 'SKU'" in reading(workbook([[*mug], [*mug.values()]])).overlooked


def test_a_place_is_the_number_that_excel_shows() -> None:
    rows: list[list[Any]] = [[], ["Prices"], IDS, [1, "Big\nmug", "x"], [], [2, "Jug", "x"]]
    assert [each.partition(":")[0] for each in reasons(workbook(rows))] == ["row 4", "row 6"]


# --- other kinds of workbooks ---------------------------------------------------------------------------


def ods(rows: str) -> bytes:
    namespaces = " xmlns:calcext='urn:c'" + "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    names = "".join(
        f"<table:table-cell office:value-type='string'><text:p>{each}</text:p></table:table-cell>"
        for each in IDS
    )
    hidden = "<table:table table:name='T'/>"
    table = (
        f"<table:table table:name='S'><table:table-row>{names}</table:table-row>{rows}</table:table>{hidden}"
    )
    body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": "<manifest/>",
            "content.xml": f"<office:document-content{namespaces}>{body}</office:document-content>",
        }
    )


def of_ods(cells: str, more: str = "") -> str:
    """A row of OpenDocument, of cells such as `2, Mug`."""
    each = (
        f"<table:table-cell office:value-type='string'><text:p>{t}</text:p></table:table-cell>"
        for t in cells.split(", ")
    )
    return f"<table:table-row>{''.join(each)}{more}</table:table-row>"


@pytest.mark.parametrize(
    ("attributes", "text", "what"),
    [
        ("table:formula='of:=NA()' office:value-type='string' calcext:value-type='error'", "#N/A", "#N/A"),
        ("table:formula='of:=X()' office:value-type='float' office:value='0'", "Err:508", "Err:508"),
        ("table:formula='of:=1/0' calcext:value-type='error'", "", "an error"),
        ("table:formula='of:=1'", "", "a formula without a saved value"),
        ("table:formula='of:=1' office:value-type='float' office:value='3'", "3", ""),
        ("table:number-columns-repeated='1000'", "", ""),
    ],
)
def test_a_workbook_of_opendocument_is_read(attributes: str, text: str, what: str) -> None:
    cell = f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"
    empty = "<table:table-row table:number-rows-repeated='3'><table:table-cell/></table:table-row>"
    content = ods(of_ods("2, Mug, 9") + empty + of_ods("6, Mug, 9", cell))
    found = reading(content, suffix=".ods")
    assert [getattr(each, "reason", "") for each in found.rows] == [
        "",
        f"row 6: D6 is {what}" if what else "",
    ]
    assert (found.format, found.error) == ("Excel (medusa-sync)", "")


XLS = base64.b85decode(  # a hidden sheet, then 1 Mug 9.5, 2 #N/A 8, 3 Jug =1/0; xlwt wrote it
    "c-rk)O=uHA6#iy*H-EHgQd6N7LkL(k_ELKhp+-e52rX3)iU>7rLJbW`3F$!(TCF(>f+xjGp%*VzFaDqhy?GESdJq&L"
    "(W4*;3Le_5Z{F@|syQ^E!ODKiym|9xzMa{5Z)SG)#ZtI3f48TKU$6%nYNj8aI-8*6cM2g;y=f}d$$gYe7wZasA34%v"
    ";8FW?ukxYtcNG$M^rs|&_moay8Y6{#Ce}ji=P{&&8pEK_DfT38QVOD*$JNPlg5?I5x4G?OmV4Q9h2<c%t%#FYN{%FU"
    "*>QYA#<?y?Qs6#w-ms+~U3jMA_`+3TwKcG>m`&yW&5Eerh6Rx4hBEm~F_o(zLM~juS2G5Dan|aSm}_sXU4ZQ0R@=P|"
    "?AN3Y%)&e^R3MfqAU|o!y&jy&rqh{xnKs-5hUM~O%h=8PuSyiF`2vY-nrchgQZ7UJbTK=Tp#bTpdkoJ^lD3o50F@5U"
    "Oa>H_S9@sHYH#N?&_*(i4%WlG5<;|}FW>t7a(H|+ImVV*-r=otV2c_!Ok7k9A_sreSTezk9V{>LT{p4b!!kngOL^~T"
    "m#rL{<2IMMwwL-DV7y9ht<$%WUjBIGLA3lKxt;XIq3XHF;_Ku*;xs2|;;U;8eWFj?xUTRp>Ey!RG2XH4{%!a0$&fvE"
    "(?0Avuz~=qVe3Scow%o(((dvTt(aAvrM8Y|Rckn_>WQtAGdosEQc1Jfq5)elTesT_W~()FUIzG_2;*(gV#@|>$!z5#"
    "L;7sbB!uEh=Em)wwFX>`xn8?xjk!Md_+~0eehM$Y1z9vNq5@H>=iou3;Bn!?g$oxhT)1d4g!L`KZ#L?U%CO&Gz4m{d"
    "6-qVtH_3mCqbSf-qR-NU$Wva#*{0%WBMjl(ORSOO{4Z2EPQ4c~g>fFoRMYWG-yfp>dDct}{kbL7Z2z@p#`%}~{|<*T"
    "{n`"
)


def test_a_workbook_of_the_old_kind_is_read() -> None:
    found = reading(zlib.decompress(XLS), suffix=".xls")
    assert [getattr(each, "reason", "") for each in found.rows] == [
        "",
        "row 3: B3 is #N/A",
        "row 4: C4 is #DIV/0!",
    ]


def record(number: int, body: bytes = b"") -> bytes:
    """A record of .xlsb."""
    head = bytes([number]) if number < 128 else bytes([number & 0x7F | 0x80, number >> 7])
    return head + bytes([len(body) & 0x7F | 0x80, len(body) >> 7]) + body


def wide(text: str) -> bytes:
    return pack("<I", len(text)) + text.encode("utf-16-le")


def test_a_binary_workbook_is_read() -> None:
    def cells(row: int, *cells: bytes) -> bytes:
        return record(0, pack("<I", row) + bytes(21)) + b"".join(cells)

    def text(column: int, value: str) -> bytes:
        return record(6, pack("<II", column, 0) + wide(value))

    rows = [
        cells(0, *(text(column, name) for column, name in enumerate(IDS))),
        cells(1, text(0, "2"), text(1, "Mug"), text(2, "9")),
        cells(2, text(0, "3"), text(1, "Mug"), record(3, pack("<IIB", 2, 0, 0x17))),
        cells(3, text(0, "4"), record(11, pack("<IIBHII", 1, 0, 0x2A, 0, 0, 0)), text(2, "9")),
    ]
    size = record(148, pack("<4I", 0, 3, 0, 3))
    sheet = record(129) + size + record(145) + b"".join(rows) + record(146) + record(130)
    book = (
        record(131)
        + record(143)
        + record(156, pack("<II", 0, 1) + wide("r0") + wide("S"))
        + record(144)
        + record(132)
    )
    content = zipped(
        {
            "_rels/.rels": related("xl/workbook.bin", f"{OFFICE}/officeDocument"),
            "xl/_rels/workbook.bin.rels": related("worksheets/sheet1.bin", f"{OFFICE}/worksheet"),
            "xl/workbook.bin": book,
            "xl/worksheets/sheet1.bin": sheet,
        }
    )
    found = reading(content, suffix=".xlsb")
    assert found.error == ""
    assert [getattr(each, "reason", "") for each in found.rows] == [
        "",
        "row 3: C3 is #REF!",
        "row 4: B4 is #N/A",
    ]


# --- what is no workbook, or too large ------------------------------------------------------------------


def refused(content: bytes) -> Found:
    found = reading(content, suffix=".xlsx")
    assert (found.rows, bool(found.hint)) == ([], True)
    return found


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_damaged_workbook_is_an_error(kept: float) -> None:
    content = workbook([HEADER, *ROWS])
    error = refused(content[: int(len(content) * kept)]).error
    assert error.startswith("it is not a workbook, or is damaged, or has a password")


@pytest.mark.parametrize(
    "content",
    [
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        zlib.decompress(XLS)[:3_000],
        zipped({"xl/workbook.xml": "<workbook/>"}),
        zipped({"xl/nothing": "", "mimetype": "application/vnd.oasis.opendocument.spreadsheet"}),
        xlsx('<row r="0"><c r="A0"><v>1</v></c></row>'),
        xlsx('<row r="2"><c r="ZZZZZZZZ2"><v>1</v></c></row>'),
        xlsx('<row r="99999999999"><c><v>1</v></c></row>'),
        xlsx('<row r="2"><c t="s"><v>99</v></c></row>'),
        xlsx('<row r="2"><c t="e"><v>x</v></c><!-- &amp; --></row></sheetData><sheetData><row r="x"/>'),
        xlsx(row(2), target="missing.xml"),
        xlsx(row(2)).replace(b"s.xml", b"t.xml", 1),
    ],
)
def test_a_workbook_that_nobody_can_read_is_an_error(content: bytes) -> None:
    assert refused(content).error


def test_a_workbook_whose_cells_are_far_apart_does_not_fill_the_memory() -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    assert refused(xlsx(row(2) + far)).error == "the workbook needs more than 1024 MB of memory"


def test_an_endless_sheet_has_no_more_rows_than_values() -> None:
    empty = (
        '<row r="3" spans="1:16384"><c r="XFD3" s="1"/></row><row r="1048576"><c r="A1048576" s="1"/></row>'
    )
    assert reading(xlsx(row(2) + empty)).ids == ["2"]


def test_a_workbook_does_not_fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that all cells share takes no space in the file."""
    monkeypatch.setattr(reader, "MAX_TEXT", 2**20)
    shared = f"<si><t>{'x' * 30_000}</t></si>"
    many = "".join(row(number, title='<c t="s"><v>0</v></c>') for number in range(2, 100))
    content = xlsx(many, texts=shared)
    assert len(content) < 5_000
    assert refused(content).error == "the sheet has more than 1 MB of text"


def test_a_workbook_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MEMORY", 2**27)
    content = xlsx(row(2), texts=f"<si><t>{'x' * 2**20}</t></si>" * 200)
    assert len(content) < 2**20
    assert refused(content).error == "the workbook needs more than 128 MB of memory"


def test_a_row_has_a_limit() -> None:
    shared = f"<si><t>{'x' * 2**20}</t></si>"
    cells = '<c t="s"><v>0</v></c>' * 17
    assert refused(xlsx(f'<row r="2">{cells}</row>', texts=shared)).error == (
        "row 2: it has more than 16,777,216 characters"
    )


@pytest.mark.parametrize(
    ("signal", "error"),
    [
        ("SIGALRM", "reading the workbook takes longer than 300 s"),
        ("SIGKILL", "the process that reads the workbook has ended with status -9: "),
    ],
)
def test_the_process_may_be_ended(monkeypatch: pytest.MonkeyPatch, signal: str, error: str) -> None:
    program = f"import os, signal; os.kill(os.getpid(), signal.{signal})"
    monkeypatch.setattr(reader, "command", lambda *_: [sys.executable, "-c", program])
    assert refused(workbook([HEADER, *ROWS])).error == error.strip()


def test_the_process_has_a_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is that of a clock, so also a process that waits for something ends."""
    monkeypatch.setattr(reader, "LONGEST_S", 1)
    assert "takes longer than 1 s" in refused(xlsx(row(2) + "<row><f/></row>" * 2**22)).error


def test_nobody_waits_for_a_workbook_after_a_signal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reader, "command", lambda *_: [sys.executable, "-c", "import time; time.sleep(60)"])
    path = tmp_path / "mugs.xlsx"
    path.write_bytes(workbook([HEADER, *ROWS]))

    async def read_it() -> None:
        async for _ in opened(str(path), mapping=MAPPING).pages(None):
            pass

    async def stopped() -> None:
        task = asyncio.create_task(read_it())
        await asyncio.sleep(0.5)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    begin = time.monotonic()
    asyncio.run(stopped())
    assert time.monotonic() - begin < 20


def test_without_its_package_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    found = reading(workbook([HEADER, *ROWS]))
    assert "python-calamine, which reads those, is not installed" in found.error
    assert "its extra `excel`" in found.hint


@pytest.mark.usefixtures("small_pages")
def test_a_long_workbook_is_not_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "mugs.xlsx"
    path.write_bytes(workbook([HEADER, *([number, "Mug", 9, "", "x" * 400] for number in range(3_000))]))
    count, peak = peak_of(path)
    assert (count, peak < 4_000_000) == (3_000, True)
