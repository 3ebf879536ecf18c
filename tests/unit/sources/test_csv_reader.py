"""Reading CSV: encodings, delimiters, rows, and files that are damaged."""

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources import csv_files
from medusa_sync.sources.base import Rejected
from medusa_sync.sources.dialects import base
from tests.unit.sources.reading import CUT_OFF, in_json, only, peak_of, read, reading, variant_of

FAR = ["x" * 400] * 800  # more than is read at a time
HEADER = "id,title,price,option1_name,option1_value\n"


def titles(content: bytes | str) -> list[str]:
    found = reading(content)
    assert found.error == ""
    return found.titles


def until_error(content: bytes | str, *, is_cut_off: bool = False) -> tuple[list[str], str]:
    """The titles before the file cannot be read any further, and the message; it is empty if all was read."""
    found = reading(content, is_cut_off=is_cut_off)
    return found.titles, found.error


def rejected(content: str) -> Rejected:
    [only] = [each for each in read(content) if isinstance(each, Rejected)]
    return only


def mugs(*titles: str) -> str:
    rows = [f"{number},{title},9\n" for number, title in enumerate(titles, 1)]
    return "".join(["id,title,price\n", *rows])


# --- encodings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "encoding", "reported"),
    [
        (b"", "utf-8", ["CSV (medusa-sync)"]),
        (b"\xef\xbb\xbf", "utf-8", ["CSV (medusa-sync)"]),
        (b"\xff\xfe", "utf-16-le", ["CSV (medusa-sync), UTF-16"]),
        (b"\xfe\xff", "utf-16-be", ["CSV (medusa-sync), UTF-16"]),
        (b"", "cp1252", ["CSV (medusa-sync), Windows-1252"]),
    ],
)
def test_the_encoding_is_recognised_and_reported(mark: bytes, encoding: str, reported: list[str]) -> None:
    content = mark + mugs("Mug", "Café “Ž”").encode(encoding)
    assert titles(content) == ["Mug", "Café “Ž”"]
    assert [reading(content).format] == reported


def test_a_mark_where_another_file_was_appended_does_not_change_an_id() -> None:
    content = "\ufeffid,title,price\n1,Mug,9\n\ufeff2,Jug,8\n\ufeff3,Cup,7"
    assert reading(content).ids == ["1", "2", "3"]


def test_a_text_that_is_ascii_for_long_can_still_be_windows_1252() -> None:
    content = mugs("Mug", *FAR, "Café").encode("cp1252")
    assert titles(content) == ["Mug", *FAR, "Café"]
    assert [reading(content).format] == ["CSV (medusa-sync), Windows-1252"]


def test_a_last_byte_that_would_need_others_in_utf_8_is_windows_1252() -> None:
    assert titles("id,price,title\n1,9,Café".encode("cp1252")) == ["Café"]


def test_a_file_that_is_cut_off_within_a_character_stays_utf_8() -> None:
    content = mugs("Krügle", "Krüge", "Krü").encode()
    found, message = until_error(content[: content.rindex("ü".encode()) + 1])
    assert found == ["Krügle"]  # the product before the damage may have more rows
    assert message == "line 4: the byte 0xC3 is not valid UTF-8"


@given(
    st.lists(
        st.sampled_from(["Mug", "Krüge", "日本", "🎁", b"Kr\xfcge", b"\x80", b"\xe2\x82", b"\xf0\x9f"]),
        min_size=1,
    )
)
def test_a_file_with_any_character_in_utf_8_is_utf_8_wherever_it_is(
    names: list[str | bytes],
) -> None:
    rows = [
        b"%d,%s,9\n" % (number, title.encode() if isinstance(title, str) else title)
        for number, title in enumerate(names, 1)
    ]
    content = b"id,title,price\n" + b"".join(rows)
    has_utf_8 = any(isinstance(title, str) and not title.isascii() for title in names)
    damaged = [number for number, title in enumerate(names, 1) if isinstance(title, bytes)]
    if not (has_utf_8 and damaged):
        encoding = "cp1252" if damaged else "utf-8"
        expected = [title if isinstance(title, str) else title.decode(encoding) for title in names]
        assert titles(content) == expected
        return
    found, message = until_error(content)
    assert re.fullmatch(f"line {damaged[0] + 1}: the byte 0x.. is not valid UTF-8", message)
    assert found == names[: max(damaged[0] - 2, 0)]


def test_one_byte_of_windows_1252_in_a_file_in_utf_8_is_an_error_with_its_line() -> None:
    content = mugs(*["Größe"] * 50).encode() + b"51,Caf\xe9,9\n"
    found, message = until_error(content)
    assert found == ["Größe"] * 49  # the product before the damage may have more rows
    assert message == "line 52: the byte 0xE9 is not valid UTF-8"


def test_one_character_in_utf_8_far_behind_bytes_that_are_not_is_an_error_with_the_line_of_these() -> None:
    content = mugs("Mug", "Jug").encode() + b"3,Caf\xe9,9\n" + mugs(*FAR, "Größe").encode()
    found, message = until_error(content)
    assert found == ["Mug"]
    assert message == "line 4: the byte 0xE9 is not valid UTF-8"


def test_two_letters_of_windows_1252_that_look_like_one_in_utf_8_are_an_error_that_says_what_to_do() -> None:
    found = reading(mugs("Käse", "„Spaß“").encode("cp1252"))
    assert found.error == "line 2: the byte 0xE4 is not valid UTF-8"
    assert "iconv -f WINDOWS-1252 -t UTF-8" in found.hint


def test_what_follows_a_byte_of_unknown_encoding_is_not_read_if_the_file_is_incomplete() -> None:
    content = mugs("Mug", "Jug").encode() + b"3,Caf\xe9,9\n4,Cup,9\n5,Pot,9\n"
    found, message = until_error(content, is_cut_off=True)
    assert (found, message) == (["Mug"], CUT_OFF)


@pytest.mark.usefixtures("small_pages")
def test_a_long_file_is_not_in_memory(tmp_path: Path) -> None:
    """40 MB in Windows-1252, and the only letter beyond ASCII is in the second line."""
    path = tmp_path / "mugs.csv"
    with path.open("wb") as file:
        file.write(b"id,title,price,notes\n1,Caf\xe9,9,\n")
        file.writelines(b"%d,Mug,9,%s\n" % (number, b"x" * 40_000) for number in range(2, 1_000))
    count, peak = peak_of(path)
    assert (count, peak < 12_000_000) == (999, True)


def test_a_byte_that_is_not_utf_8_far_behind_others_that_are_is_an_error_with_its_line() -> None:
    found, message = until_error(mugs("Café", *FAR, "Mug").encode() + b"9,Caf\xe9,9\n")
    assert message == "line 804: the byte 0xE9 is not valid UTF-8"
    assert found == ["Café", *FAR]  # the mug could have had more rows


def test_a_byte_that_windows_1252_does_not_have_is_an_error_with_its_line() -> None:
    content = mugs("“Ž” for 5 €", "Mug").encode("cp1252") + b"3,Caf\xe9 \x81,9\n"
    found, message = until_error(content)
    assert message == "line 4: the byte 0x81 is not valid Windows-1252"
    assert found == ["“Ž” for 5 €"]


def test_utf_16_that_ends_within_a_character_is_an_error() -> None:
    content = b"\xff\xfe" + mugs("Mug", "Jug", "Cup").encode("utf-16-le")
    found, message = until_error(content[:-1])
    assert found == ["Mug"]
    assert message == "line 4: the byte 0x0A is not valid UTF-16"


@pytest.mark.parametrize("content", [mugs("Mug").encode("utf-16-le"), b"\0" * 100, b"id,title\0,price\n"])
def test_a_nul_byte_is_an_error(content: bytes) -> None:
    _, message = until_error(content)
    assert message.startswith("line 1: it has a NUL byte")


def test_a_file_whose_end_is_lost_has_the_products_before_that() -> None:
    found, message = until_error(mugs("Mug", "Jug", "Cup").encode() + b"\0" * 4096)
    assert found == ["Mug", "Jug"]
    assert message.startswith("line 5: it has a NUL byte")


# --- lines and cells ------------------------------------------------------------------------------------


@given(st.lists(st.text("ab\n\r,;\"' \t\x0bé", min_size=1).map(lambda text: f"x{text}x"), max_size=5))
def test_lines_are_those_of_the_file_whatever_cells_have(names: list[str]) -> None:
    text = io.StringIO(newline="")
    rows = [[number, name, 9] for number, name in enumerate(names, 1)]
    csv.writer(text, lineterminator="\r\n").writerows([["id", "title", "price"], *rows])
    broken = f"{text.getvalue()}9,Jug,?\r\n"
    lines = len(list(io.StringIO(broken, newline="")))
    assert rejected(broken).reason.startswith(f"line {lines}: ")


@pytest.mark.parametrize(
    "content",
    [
        '"id" , "title" ,"price"  \n"1" , "Mug, ""red"" , big" ,  "9"\n"2","Jug" , "8" \n',
        ' "id";"title" ; "price" ;\n"1" ; "Mug, ""red"" , big";9;\n 2 ; Jug ; 8 ; \n',
        '  id  \t  title  \t price \n 1 \tMug, "red" , big  \t 9 \n2\t  Jug\t8\n',
    ],
)
def test_spaces_around_cells_are_no_part_of_them(content: str) -> None:
    products = [{"id": "1", "title": 'Mug, "red" , big', "price": 9}, {"id": "2", "title": "Jug", "price": 8}]
    assert read(content) == in_json(*products)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(delimiter: str, line_end: str) -> None:
    content = 'id,title,price\n1,"A ""big""\nmug",9\n2,Jug,8\n'.replace(",", delimiter).replace(
        "\n", line_end
    )
    assert titles(content) == ['A "big" mug', "Jug"]


def test_the_delimiter_is_the_one_with_which_most_columns_are_known() -> None:
    assert titles("id;title;price;notes, prices, sizes, and more\n1;Mug;9;-\n") == ["Mug"]


@pytest.mark.parametrize("line", ["sep=|\r\n", "sep=|||\n", '"sep=|"\n', "\n\nSEP=|\n"])
def test_a_line_for_excel_names_the_delimiter(line: str) -> None:
    assert titles(line + "id|title|price\n1|Mug, red; large|9\n") == ["Mug, red; large"]


def test_a_line_for_excel_counts_as_a_line() -> None:
    assert rejected("sep=;\nid;title;price\n1;Mug;x\n").reason.startswith("line 3: ")


def test_a_file_with_only_a_line_for_excel_has_no_header() -> None:
    assert until_error("sep=;\n") == ([], "it has no header")


@pytest.mark.parametrize(
    "header", ["\ufeffID,Title,PRICE", " id , title ,price ", '"id","title","price"', '"id\n",title,price']
)
def test_the_names_of_columns_may_differ_in_case_and_spaces(header: str) -> None:
    assert titles(f"{header}\n1,Mug,9\n") == ["Mug"]


def test_empty_lines_are_no_rows() -> None:
    assert titles("\n\nid,title,price\n\n1,Mug,9\n,,\n \n\n2,Jug,8\n\n") == ["Mug", "Jug"]


def test_only_a_header_is_a_catalogue_without_products() -> None:
    assert read("id,title,price\n") == read("id,title,price") == []


def test_cells_at_the_end_may_be_missing_or_empty() -> None:
    content = "id,title,price,sku,stock\n1,Mug,9\n2,Jug,8,J-1,4,,\n"
    mug, jug = {"id": "1", "title": "Mug", "price": 9}, {"id": "2", "title": "Jug", "price": 8}
    assert read(content) == in_json(mug, jug | {"sku": "J-1", "stock": 4})


def test_a_row_with_more_cells_than_the_header_is_rejected() -> None:
    content = "id,title,price\n1,Mug,9\n2,Jug, large,8\n3,Cup,7\n"
    reason = "line 3: the row has 4 cells, but the header has 3"
    assert rejected(content) == Rejected("shop:2", "2", "Jug", reason)
    assert len(read(content)) == 3


def test_one_bad_row_rejects_all_variants_of_its_product() -> None:
    content = f"{HEADER}1,Mug,9,Size,S\n1,,9,Size,M,?\n1,,9,Size,L\n"
    reason = "line 3: the row has 6 cells, but the header has 5"
    assert read(content) == [Rejected("shop:1", "1", "Mug", reason)]


def test_a_cell_of_10_mb_rejects_only_its_product() -> None:
    content = f"id,title,price,description\n1,Mug,9,{'x' * 10_000_000}\n2,Jug,8,\n"
    assert "description" in rejected(content).reason
    assert titles(content) == ["Jug"]


def test_a_quote_that_is_never_closed_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "MAX_ROW", 1_000)
    content = mugs(*["Mug"] * 200, "Jug", '"Cup') + "4,Plate,9\n" * 1_000
    found, message = until_error(content)
    assert found == ["Mug"] * 200
    assert message.startswith("line 203: the row has more than 1,000 characters")


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (mugs("Mug", "Jug", '"Cup', "Plate"), "line 4"),
        (mugs("Mug", "Jug", '"Cup" large'), "line 4"),
        (mugs("Mug", "Jug", '""Cup'), "line 4"),
    ],
)
def test_a_row_that_is_not_valid_csv_is_an_error_with_its_line(content: str, place: str) -> None:
    found, message = until_error(content)
    assert found == ["Mug"]
    assert message.startswith(f"{place}: the row is not valid CSV")


def test_a_last_row_that_is_too_short_and_has_no_line_break_is_cut_off() -> None:
    found, message = until_error("id,title,price\n1,Mug,9\n2,Jug,8\n3,Cu")
    assert found == ["Mug"]
    assert message == "line 4: the file ends within a row: it has 2 of 3 cells"


# --- the header -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        "<br />\n<b>Fatal error</b>:  Allowed memory size of 1 bytes exhausted in <b>/feed.php</b><br />\n",
        "\nPHP Fatal error:  Uncaught Error in /feed.php:3\n",
        "<!DOCTYPE html>\n<html><body>Internal Server Error, sorry</body></html>\n",
    ],
)
def test_a_program_that_failed_while_it_wrote_the_file_did_not_write_all(message: str) -> None:
    found, error = until_error(mugs("Mug", "Jug").encode() + message.encode())
    assert found[0] == "Mug"
    assert "the row is an error message of the server" in error


def test_a_header_that_is_not_valid_csv_is_an_error() -> None:
    _, message = until_error('\n"id"x,title,price\n1,Mug,9\n')
    assert message == "line 2: the header is not valid CSV"


def test_an_unknown_header_is_an_error_with_the_columns_that_each_format_lacks() -> None:
    _, message = until_error("Name,Cost\nMug,9\n")
    assert message.splitlines()[0] == "no known format has this header. Columns that are missing:"
    assert "  Shopify: Handle, Title, Variant Price" in message
    assert "  Medusa: Product Handle, Product Title, Variant Price {currency}" in message
    assert "  medusa-sync: id, price" in message
    assert message.endswith("  It has: Name, Cost")


def test_a_long_header_is_shortened_in_the_message() -> None:
    header = ",".join(f"column {number} {'x' * 100}" for number in range(50))
    _, message = until_error(f"{header}\n")
    assert message.endswith(" and 30 more")
    assert len(message) < 1_500


@pytest.mark.parametrize(
    ("header", "names"),
    [("id,title,price,Title", "'title' and 'Title'"), ("id,product_id,title,price", "'id' and 'product_id'")],
)
def test_two_columns_for_the_same_thing_are_an_error(header: str, names: str) -> None:
    _, message = until_error(f"{header}\n1,2,3,4\n")
    assert message == f"the columns {names} mean the same (medusa-sync)"


def test_unknown_columns_may_repeat() -> None:
    assert titles("id,title,price,notes,notes\n1,Mug,9,a,b\n") == ["Mug"]


def test_a_format_is_the_one_that_knows_most_columns() -> None:
    assert reading("id,handle,title,price,stock\n").format == "CSV (medusa-sync)"
    assert reading("URL handle,Title,Price,Inventory tracker\n").format == "CSV (Shopify)"
    assert reading("Handle,Title,Variant Price,Variant SKU,ID\n").format == "CSV (Shopify)"


# --- numbers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delimiter", "text", "price"),
    [
        (",", "1234.5", 1234.5),
        (",", "1234", 1234),
        (";", "1234.50", 1234.5),
        (";", "1234,50", 1234.5),
        (";", "1234,5", 1234.5),
        (",", "1,234.50", None),
        (",", "1234,50", None),
        ("\t", "1234,50", None),
        (";", "1,234", None),  # could be 1234
        (";", "1.234", None),  # the same
        (";", "0.234", 0.234),
        (";", "1.2340", 1.234),
        (",", "1.234", 1.234),
        (";", "1.234,50", None),
        (";", "1 234,50", None),
        (",", "9.99 USD", None),
        (",", ".5", None),
        (",", "१", None),
    ],
)
def test_numbers_are_never_guessed(delimiter: str, text: str, price: float | None) -> None:
    content = f'id{delimiter}title{delimiter}price\n1{delimiter}Mug{delimiter}"{text}"\n'
    if price is None:
        expected = f"line 2: price is {text!r}, which is not a number such as 1234.50"
        assert rejected(content).reason == expected
    else:
        assert variant_of(only(content))["price"] == price


@pytest.mark.parametrize(("delimiter", "text"), [(",", "-1"), (",", "-9.99"), (";", "-9,99")])
def test_a_negative_price_is_rejected_as_such(delimiter: str, text: str) -> None:
    content = f'id{delimiter}title{delimiter}price\n1{delimiter}Mug{delimiter}"{text}"\n'
    assert rejected(content).reason == f"line 2: price is {text}, which is negative"


# --- products -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delimiter", "text", "stock"),
    [(",", "1.000", 1), (";", "1.000", None), (";", "12.0", 12), (";", "12.0000", 12), (";", "1000", 1000)],
)
def test_a_stock_that_could_mean_thousands_is_not_guessed(
    delimiter: str, text: str, stock: int | None
) -> None:
    content = "id,title,price,stock\n1,Mug,9,STOCK\n".replace(",", delimiter).replace("STOCK", text)
    if stock is None:
        expected = f"line 2: stock is {text!r}, which is not a whole number such as 12"
        assert rejected(content).reason == expected
    else:
        assert variant_of(only(content))["stock"] == stock


def test_a_product_that_begins_again_is_rejected_with_its_lines() -> None:
    content = f"{HEADER}1,Mug,9,Size,S\n2,Jug,8,,\n1,Mug,9,Size,M\n1,Mug,9,Size,L\n"
    reason = "lines 4 to 5: the product has begun before; its rows do not follow one another, or two "
    reason += "products have the same id"
    assert rejected(content) == Rejected("shop:1", "1", "Mug", reason)
    assert len(read(content)) == 3


def test_an_id_that_a_spreadsheet_has_shortened_identifies_nothing() -> None:
    content = "id;title;price\n1;Mug;9\n4,00638E+12;Pen;2\n4,00638E+12;Ink;3\n"
    reason = "its id is '4,00638E+12': a spreadsheet has lost its last digits"
    lines = [Rejected(None, None, f"line {number}", reason) for number in (3, 4)]
    assert [each for each in read(content) if isinstance(each, Rejected)] == lines
    assert titles(content) == ["Mug"]


@pytest.mark.parametrize(
    "content",
    [
        "id,title,price,variant_id,option1_name,option1_value\n1,Mug,9,4.00638E+12,Size,S\n",
        "id,title,price,availability,item_group_id\n4.00638E+12,Mug,9 USD,in stock,1\n",
    ],
)
def test_an_id_of_a_variant_that_a_spreadsheet_has_shortened_rejects_the_product(content: str) -> None:
    assert rejected(content).reason.endswith("id is '4.00638E+12': a spreadsheet has lost its last digits")


def test_a_row_without_an_id_is_rejected_and_does_not_split_its_neighbours() -> None:
    nameless, mug = read(f"{HEADER}1,Mug,9,Size,S\n,Jug,8,,\n1,Mug,9,Size,M\n")
    assert nameless == Rejected(None, None, "line 3", "it belongs to no product: it has no id")
    assert isinstance(mug, DesiredProduct)
    assert len(mug.variants) == 2


@pytest.mark.parametrize(("limit", "value"), [("MAX_ROWS", 3), ("MAX_SIZE", 12)])
def test_a_product_that_is_too_large_is_rejected(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(base, limit, value)
    rows = "".join(f"1,Mug,9,Size,{number}\n" for number in range(5))
    content = f"{HEADER}{rows}2,Jug,8,,\n"
    assert rejected(content).reason.startswith("lines 2 to 6: the product has more than ")
    assert titles(content) == ["Jug"]


@pytest.mark.parametrize(
    "content", ["id,ti", "id,title,price\n", "id,title,price\n1,Mug,9", mugs("Mug", "Jug")]
)
def test_an_error_of_the_file_leaves_out_the_last_product(content: str) -> None:
    assert until_error(content, is_cut_off=True) == (["Mug"] if "Jug" in content else [], CUT_OFF)


def test_text_that_is_not_ascii_is_read_up_to_an_error_of_the_file() -> None:
    content = mugs("Café", "Jug", "Cup").encode()
    assert until_error(content, is_cut_off=True) == (["Café", "Jug"], CUT_OFF)


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
