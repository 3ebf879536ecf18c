"""Reading CSV: encodings, delimiters, rows, and files that are damaged."""

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources import csv_files, groups
from medusa_sync.sources.base import Rejected
from medusa_sync.sources.dialects import products
from tests.unit.sources.reading import CUT_OFF, in_json, only, peak_of, read, reading, variant_of

FAR = ["x" * 400] * 800  # more than is read at a time
HEADER = "id,title,price,option1_name,option1_value\n"


def mugs(*titles: str) -> str:
    rows = [f"{number},{title},9\n" for number, title in enumerate(titles, 1)]
    return "".join(["id,title,price\n", *rows])


def rejected(content: str) -> Rejected:
    [only] = [each for each in read(content) if isinstance(each, Rejected)]
    return only


@pytest.mark.parametrize(
    ("header", "warned"),
    [
        (
            "id,title,price,sotck,Option1 names,supplier",
            {"sotck": "stock", "Option1 names": "option{n}_name"},
        ),
        ("id,title,price,stock,stocks", {}),
        ("Handle,Title,Variant Price,Variant SKUs", {}),
    ],
)
def test_a_column_of_ours_that_is_misspelled_gives_a_warning(
    header: str, warned: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    assert len(read(f"{header}\n1,Mug,9,1,Size,S\n")) == 1
    expected = [f"the column {name!r} is ignored; did you mean {near!r}?" for name, near in warned.items()]
    assert caplog.messages == expected


WIDE = "id,title,price,stock,sku,barcode,brand,weight,category,tags,images,status\n"


def test_a_table_without_its_empty_cells_is_refused() -> None:
    """Nothing shows to which columns the others belong: 4006381333931 is no price."""
    found = reading(f"{WIDE}1,Mug,9,Fjord\n2,Jug,4006381333931\n")
    assert not found.rows
    assert found.error.startswith(
        "line 2: the row has 4 cells, but the header has 12. Empty cells seem to be"
    )


@pytest.mark.parametrize(
    "rows",
    [
        "1,Mug,9\n2,Jug,8\n",  # of one length
        "1,Mug,9\n2,Jug,8,,,,Fjord\n",  # with an empty cell
        "1,Mug,9\n2,Jug,8,3,,,,,,,,\n",  # one is as long as the header
    ],
)
def test_a_table_may_lack_the_empty_cells_at_the_end_of_its_rows(rows: str) -> None:
    assert reading(WIDE + rows).titles == ["Mug", "Jug"]
    assert reading("id,title,price,stock,sku,brand,type,tags,images\n1,Mug,9,7\n2,Jug,8\n").titles


def test_products_before_a_damaged_row_are_read_though_a_table_may_be_refused() -> None:
    found = reading('id,title,price\n1,Mug,9\n2,Jug,8\n3,"Cup"x,7\n')
    assert (found.titles, found.error[:30]) == (["Mug"], "line 4: the row is not valid C")


# --- encodings ------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.sampled_from(["Mug", "Krüge", "日本", "🎁", b"Kr\xfcge", b"\x80", b"\xe2\x82", b"\xf0\x9f"]),
        min_size=1,
    )
)
def test_a_file_with_any_character_in_utf_8_is_utf_8_wherever_it_is(names: list[str | bytes]) -> None:
    rows = [
        b"%d,%s,9\n" % (number, title.encode() if isinstance(title, str) else title)
        for number, title in enumerate(names, 1)
    ]
    found = reading(b"id,title,price\n" + b"".join(rows))
    has_utf_8 = any(isinstance(title, str) and not title.isascii() for title in names)
    damaged = [number for number, title in enumerate(names, 1) if isinstance(title, bytes)]
    if not (has_utf_8 and damaged):
        encoding = "cp1252" if damaged else "utf-8"
        expected = [title if isinstance(title, str) else title.decode(encoding) for title in names]
        assert (found.titles, found.error) == (expected, "")
        return
    assert re.fullmatch(f"line {damaged[0] + 1}: the byte 0x.. is not valid UTF-8", found.error)
    assert found.titles == names[: max(damaged[0] - 2, 0)]


KRUE = mugs("Krügle", "Krüge", "Krü").encode()
CAFE = b"9,Caf\xe9,9\n"
INVALID = "the row is not valid CSV"
MESSAGE = "the row is an error message of the server"
FATAL = "<br />\n<b>Fatal error</b>:  Allowed memory size exhausted in <b>/feed.php</b>\n"


def bad(line: int, byte: str, encoding: str = "UTF-8") -> str:
    return f"line {line}: the byte 0x{byte} is not valid {encoding}"


@pytest.mark.parametrize(
    ("content", "titles", "error"),
    [
        ("id,price,title\n1,9,Café".encode("cp1252"), ["Café"], ""),
        # The product before the damage may have more rows, so it is left out.
        (KRUE[: KRUE.rindex(b"\xbc")], ["Krügle"], bad(4, "C3")),
        (mugs(*["Größe"] * 50).encode() + CAFE, ["Größe"] * 49, bad(52, "E9")),
        (mugs("Mug", "Jug").encode() + CAFE + mugs(*FAR, "Größe").encode(), ["Mug"], bad(4, "E9")),
        (mugs("Café", *FAR, "Mug").encode() + CAFE, ["Café", *FAR], bad(804, "E9")),
        (mugs("Käse", "„Spaß“").encode("cp1252"), [], bad(2, "E4")),
        (mugs("“Ž”", "Mug").encode("cp1252") + b"3,\x81,9\n", ["“Ž”"], bad(4, "81", "Windows-1252")),
        (b"\xff\xfe" + mugs("Mug", "Jug", "Cup").encode("utf-16-le")[:-1], ["Mug"], bad(4, "0A", "UTF-16")),
        (mugs("Mug").encode("utf-16-le"), [], "line 1: it has a NUL byte"),
        (mugs("Mug", "Jug", "Cup").encode() + b"\0" * 4096, ["Mug", "Jug"], "line 5: it has a NUL byte"),
        (mugs("Mug", "Jug", '"Cup', "Plate"), ["Mug"], f"line 4: {INVALID}"),
        (mugs("Mug", "Jug", '"Cup" large'), ["Mug"], f"line 4: {INVALID}"),
        (f"{mugs('Mug', 'Jug')}3,Cu", ["Mug"], "line 4: the file ends within a row: it has 2 of 3 cells"),
        (mugs("Mug", "Jug", "Cup") + FATAL, ["Mug", "Jug", "Cup"], f"line 6: {MESSAGE}"),
        (f"{mugs('Mug', 'Jug')}\nPHP Fatal error:  Uncaught Error\n", ["Mug"], f"line 5: {MESSAGE}"),
        (f"{mugs('Mug', 'Jug')}<!DOCTYPE html>\n<html>\n", ["Mug"], f"line 4: {MESSAGE}"),
        ("sep=;\n", [], "it has no header"),
        ("id,title,price\n", [], ""),
        ('\n"id"x,title,price\n1,Mug,9\n', [], "line 2: the header is not valid CSV"),
        ("id,title,price,Title\n", [], "the columns 'title' and 'Title' mean the same (medusa-sync)"),
        ("id,product_id,title,price\n1,2,3,4\n", [], "the columns 'id' and 'product_id' mean the same"),
    ],
)
def test_an_error_comes_after_the_products_before_it(
    content: bytes | str, titles: list[str], error: str
) -> None:
    found = reading(content)
    assert found.titles == titles
    assert found.error.startswith(error)
    assert bool(found.error) == bool(error) == bool(found.hint)


@pytest.mark.parametrize(
    ("encoding", "title", "warnings"),
    [
        *((encoding, "Кружка", 1) for encoding in ("cp1251", "koi8-r", "iso8859-5")),
        ("cp1250", "Biały kubek", 1),
        ("cp1252", "2 m³ Café", 0),
        ("cp1253", "Κούπα", 1),
        ("cp1252", "Größe ÄÖÜ, «Élève» çà et là, São, Ðóra", 0),
        ("utf-8", "Кружка", 0),
    ],
)
def test_letters_of_another_encoding_give_a_warning(
    encoding: str, title: str, warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    read(mugs("Mug", f'"{title}"').encode(encoding))
    assert [line.count("may have another encoding") for line in caplog.messages] == [1] * warnings


def test_the_encoding_of_a_file_that_is_cut_off_may_be_unknown() -> None:
    content = mugs("Mug", "Jug").encode() + b"3,Caf\xe9,9\n4,Cup,9\n5,Pot,9\n"
    found = reading(content, is_cut_off=True)
    assert (found.titles, found.error) == (["Mug"], CUT_OFF)


def test_an_unknown_header_is_an_error_with_the_columns_that_each_format_lacks() -> None:
    message = reading("Name,Cost\nMug,9\n").error
    assert message.splitlines()[0] == "no known format has this header. Columns that are missing:"
    assert "  Shopify CSV: Handle, Title, Variant Price" in message
    assert "  Medusa CSV: Product Handle, Product Title, Variant Price {currency}" in message
    assert "  medusa-sync CSV: id, price" in message
    assert message.endswith("  It has: Name, Cost")
    header = ",".join(f"column {number} {'x' * 100}" for number in range(50))
    message = reading(f"{header}\n").error
    assert message.endswith(" and 30 more")
    assert len(message) < 1_500


# --- lines and cells ------------------------------------------------------------------------------------


@given(st.lists(st.text("ab\n\r,;\"' \t\x0bé", min_size=1).map(lambda text: f"x{text}x"), max_size=5))
def test_lines_are_those_of_the_file_whatever_cells_have(names: list[str]) -> None:
    text = io.StringIO(newline="")
    rows = [[number, name, 9] for number, name in enumerate(names, 1)]
    csv.writer(text, lineterminator="\r\n").writerows([["id", "title", "price"], *rows])
    broken = f"{text.getvalue()}9,Jug,?\r\n"
    lines = len(list(io.StringIO(broken, newline="")))
    assert rejected(broken).reason.startswith(f"line {lines}: ")


MUG = {"id": "1", "title": 'Mug, "red" , big', "price": 9}
JUG = {"id": "2", "title": "Jug", "price": 8}


@pytest.mark.parametrize(
    "content",
    [
        '"id" , "title" ,"price"  \n"1" , "Mug, ""red"" , big" ,  "9"\n"2","Jug" , "8" \n',
        ' "id";"title" ; "price" ;\n"1" ; "Mug, ""red"" , big";9;\n 2 ; Jug ; 8 ; \n',
        '  id  \t  title  \t price \n 1 \tMug, "red" , big  \t 9 \n2\t  Jug\t8\n',
        'ID\tTitle\tPRICE\r1\t"Mug, ""red"" , big"\t9\r2\tJug\t8\r',
        '"id\n",title,price\r\n1,"Mug, ""red"" , big",9\r\n2,Jug,8',
        # The delimiter is the one with which most columns are known, or the one that a line for Excel names.
        'id;title;price;notes, prices, sizes, and more\n1;"Mug, ""red"" , big";9;-\n2;Jug;8\n',
        *(
            f'{line}id|title|price\n1|Mug, "red" , big|9\n2|Jug|8'
            for line in ("sep=|\r\n", "sep=|||\n", '"sep=|"\n', "\n\nSEP=|\n")
        ),
        *(f'{line}id;title;price\n1;"Mug, ""red"" , big";9\n2;Jug;8' for line in ("sep=\r\n", '"sep="\n')),
        # A mark where another file was appended is not part of an id.
        '\ufeffid,title,price\n\ufeff1,"Mug, ""red"" , big",9\n\ufeff2,Jug,8',
        # Empty lines are no rows, cells at the end may be missing or empty, unknown columns may repeat.
        '\n\nid,title,price,sku,n,n\n\n1,"Mug, ""red"" , big",9\n,,\n \n\n2,Jug,8,,,,,\n\n',
    ],
)
def test_programs_write_the_same_table_in_different_ways(content: str) -> None:
    assert read(content) == in_json(MUG, JUG)


LOST = "a spreadsheet has lost its last digits"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("id,title,price\n1,Mug, large,9\n2,Jug,8\n", "line 2: the row has 4 cells, but the header has 3"),
        # One bad row rejects all variants of its product.
        (f"{HEADER}1,Mug,9,Size,S\n1,,9,Size,M,?\n1,,9,Size,L\n", "line 3: the row has 6 cells"),
        ("id;title;price\n1;Mug;-9,99\n", "line 2: price is -9,99, which is negative"),
        ("sep=;\nid;title;price\n1;Mug;x\n", "line 3: price is 'x', which is not a number such as 1234.50"),
        (
            "id,title,price,availability,item_group_id\n4.00638E+12,Mug,9 USD,in stock,1\n",
            f"line 2: id is '4.00638E+12': {LOST}",
        ),
    ],
)
def test_a_product_is_rejected_alone(content: str, expected: str) -> None:
    found = rejected(content)
    assert (found.external_id, found.source_id, found.title) == ("shop:1", "1", "Mug")
    assert found.reason.startswith(expected)


@pytest.mark.parametrize(
    "header",
    [
        "id;title;price",
        "Handle;Title;Variant Price",
        "Product Handle;Product Title;Variant Price USD",
        "item_group_id;title;price;id;availability",
        "SKU;Name;Regular price;Type;Published;ID",
    ],
)
def test_a_row_whose_id_has_lost_its_digits_is_rejected_alone(header: str) -> None:
    """Texts such as a title are as they are."""
    name, _, _, *more = header.split(";")
    row = ";".join(["{}", "1E+05", "9", *("simple" if each == "Type" else "1" for each in more)])
    found = rejected("\n".join([header, row.format("1"), row.format("4,00638E+12")]))
    assert found == Rejected(None, None, "line 3", f"{name} is '4,00638E+12': {LOST}")


def test_a_product_is_rejected_without_its_id_if_that_is_not_usable() -> None:
    """What is rejected without an id prevents removals."""
    assert rejected("id,title,price\na  b,Mug,x\n").external_id is None


def test_a_row_without_an_id_is_rejected_and_does_not_split_its_neighbours() -> None:
    mug, nameless = read(f"{HEADER}1,Mug,9,Size,S\n,Jug,8,,\n1,Mug,9,Size,M\n")
    assert nameless == Rejected(None, None, "line 3", "it belongs to no product: it has no id")
    assert isinstance(mug, DesiredProduct)
    assert len(mug.variants) == 2


def test_a_format_is_the_one_that_knows_most_columns() -> None:
    assert reading("id,handle,title,price,stock\n").format == "CSV (medusa-sync)"
    assert reading("URL handle,Title,Price,Inventory tracker\n").format == "CSV (Shopify)"
    assert reading("Handle,Title,Variant Price,Variant SKU,ID\n").format == "CSV (Shopify)"


HEAD = "id,title,price\n"


@pytest.mark.parametrize(
    ("above", "then"),
    [
        ('# Required | The id.,"# Required | A title, for the item.",# The price\n', HEAD),
        ('# Read this first\n#\n\n"# Two, or\nmore lines"\n', HEAD),
        ("Products of 2026,,\n\n", HEAD),
        ("Products of 2026\n", HEAD.replace(",", ";")),
        ("", "#id,title,price\n"),
        ("", '"id" , title,"price"  \n'),
    ],
)
def test_a_title_and_instructions_above_the_header_are_left_out(above: str, then: str) -> None:
    """Quotes may be followed by spaces."""
    mark = ";" if ";" in then else ","
    row = mark.join(["1", '"Mug, large"  ', '"9" '])
    [mug, jug] = read(f"{above}{then}{row}\n2{mark}Jug{mark}x\n")
    assert isinstance(mug, DesiredProduct)
    assert (mug.fields["title"], variant_of(mug)["price"]) == ("Mug, large", 9)
    assert isinstance(jug, Rejected)
    assert jug.reason.startswith(f"line {f'{above}{then}'.count(chr(10)) + 2}: price is 'x'")


def test_lines_above_a_header_that_only_a_map_knows_are_left_out(tmp_path: Path) -> None:
    program = tmp_path / "map.jq"
    program.write_text('{id: (.artno // .["#artno"]), title: .name, price: 1}')
    for text in (
        "Articles\nartno;name\n1;Mug\n",
        "#artno;name\n1;Mug\n",
        "# artno\nartno;name\n1;Mug\n",
    ):
        assert reading(text, map_=str(program)).titles == ["Mug"]
    program.write_text("{id: .name, title: .name, price: 1}")
    assert reading("name\nMug\nJug\n", map_=str(program), format_="csv").titles == ["Mug", "Jug"]


def test_a_map_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    program = tmp_path / "map.jq"
    program.write_text("{id, title, price}", encoding="utf-8-sig")
    assert reading("id,title,price\n1,Mug,2\n", map_=str(program)).titles == ["Mug"]


# --- sizes ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_pages")
def test_a_long_file_is_not_in_memory(tmp_path: Path) -> None:
    """12 MB in Windows-1252, and the only letter beyond ASCII is in the second line."""
    path = tmp_path / "mugs.csv"
    with path.open("wb") as file:
        file.write(b"id,title,price,notes\n1,Caf\xe9,9,\n")
        file.writelines(b"%d,Mug,9,%s\n" % (number, b"x" * 40_000) for number in range(2, 300))
    count, peak = peak_of(path)
    assert (count, peak < 4_000_000) == (299, True)


def test_a_cell_of_2_mb_rejects_only_its_product() -> None:
    content = f"id,title,price,description\n1,Mug,9,{'x' * 2_000_000}\n2,Jug,8,\n"
    assert "description" in rejected(content).reason
    assert reading(content).titles == ["Jug"]


def test_a_quote_that_is_never_closed_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "MAX_CELL", 1_000)
    found = reading(mugs(*["Mug"] * 200, "Jug", '"Cup') + "4,Plate,9\n" * 1_000)
    assert found.titles == ["Mug"] * 200
    assert found.error == "line 203: the row is not valid CSV (field larger than field limit (1000))"
    assert "Is a quote missing" in found.hint
    found = reading(mugs("Mug", "x" * 1_000))
    assert found.error == "line 3: it has more than 1,000 characters"


@pytest.mark.parametrize(("limit", "value"), [("MAX_ROWS", 3), ("MAX_SIZE", 150)])
def test_a_product_that_is_too_large_is_rejected(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(products if limit == "MAX_ROWS" else groups, limit, value)
    rows = "".join(f"1,Mug,9,Size,{number}\n" for number in range(5))
    content = f"{HEADER}{rows}2,Jug,8,,\n"
    assert re.match(r"lines 2 to [3-6]: the product has more than ", rejected(content).reason)
    assert reading(content).titles == ["Jug"]


def test_messages_are_short_whatever_a_cell_has() -> None:
    long = "x" * 10_000
    for content in (
        f"id,title,price\n1,{long},{long}\n",
        f"{HEADER}1,{long},9,,{long}\n",
        f"{HEADER}1,{long},9,{long},S\n1,,9,{long * 2},L\n",
        f"Handle,Title,Variant Price,Variant SKU,Status\nmug,{long},,{long},{long}\n",
    ):
        assert len(rejected(content).reason) < 300
        assert len(rejected(content).title) <= 200


# --- numbers --------------------------------------------------------------------------------------------

NUMBER, WHOLE = "number such as 1234.50", "whole number such as 12"


@pytest.mark.parametrize(
    ("delimiter", "column", "texts", "expected"),  # a number, or what the texts are not
    [
        (",", "price", "1234.5 1234.50", 1234.5),
        (",", "price", "1.234", 1.234),
        (";", "price", "1234.50 1234,50 1234,5", 1234.5),
        (";", "price", "0.234", 0.234),
        (";", "price", "1.2340", 1.234),
        (",", "price", "1,234.50 1234,50 1.234,50 $1234.50 1234.50USD 1234,5", 1234.5),
        (",", "price", "'9 --9 1e3 nan .5 १ 1,2345 9.99XXX", NUMBER),
        (";", "price", "1,234.50 1.234,50 $1234,50", 1234.5),
        (";", "price", "1,234 1.234", NUMBER),  # they could be 1234
        (";", "stock", "1.000", WHOLE),
        (",", "stock", "1.000", 1),
        (";", "stock", "1,000", WHOLE),
        (";", "stock", "12.0 12 12,0 12,00", 12),
        (";", "stock", "12,50 12,", WHOLE),
        (",", "stock", "12,0", WHOLE),
    ],
)
def test_numbers_are_never_guessed(delimiter: str, column: str, texts: str, expected: float | str) -> None:
    for text in texts.split():
        cells = {"id": "1", "title": "Mug", "price": "9", "stock": ""} | {column: f'"{text}"'}
        content = f"{delimiter.join(cells)}\n{delimiter.join(cells.values())}\n"
        if isinstance(expected, str):
            assert rejected(content).reason == f"line 2: {column} is {text!r}, which is not a {expected}"
        else:
            assert variant_of(only(content))[column] == expected


@pytest.mark.parametrize(
    ("small", "medium", "title", "left"),
    [
        ("", "yes", "", ["S"]),
        ("", "yes", "Shirt", ["S"]),
        ("yes", "", "Shirt", ["M"]),
        ("yes", "", "", []),  # the first row has what is the product's
        ("yes", "yes", "", []),
        ("yes", "yes", "Shirt", []),
    ],
)
def test_a_deleted_row_is_a_variant_if_others_of_its_product_are_not(
    small: str, medium: str, title: str, left: list[str]
) -> None:
    rows = f"1,Shirt,10,S,Size,S,{small}\n1,{title},10,M,Size,M,{medium}\n"
    found = read(f"id,title,price,sku,option1_name,option1_value,deleted\n{rows}")
    products = [each for each in found if not isinstance(each, Rejected)]
    assert [each.fields["sku"] for product in products for each in product.variants] == left


def test_a_code_may_be_the_formula_that_keeps_its_zeros_in_excel() -> None:
    found = variant_of(only('id,title,price,sku,barcode\n="01",Mug,5,="007","=""0042"""\n'))
    assert (found["sku"], found["barcode"]) == ("007", "0042")
