"""Lists of products in JSON documents, and products on lines of their own."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from medusa_sync.sources import json_files
from medusa_sync.sources.base import Rejected
from tests.unit.sources.reading import CUT_OFF, Found, in_json, peak_of, reading

LISTS = ["products", "items", "data", "results"]
texts = st.text(st.characters(codec="utf-8"), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
layouts = st.sampled_from(
    [{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}, {"indent": "\t\n"}]
)
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
Product = dict[str, Any]


@st.composite
def catalogues(draw: st.DrawFn, at_least: int = 0) -> list[Product]:
    """Products with titles of any text, and fields that are ignored."""
    others = draw(st.lists(st.dictionaries(texts, values, max_size=3), min_size=at_least, max_size=6))
    return [
        {"other": other, "id": number, "title": f"x{draw(texts)}", "price": 1, "last": other}
        for number, other in enumerate(others, 1)
    ]


@pytest.fixture(autouse=True)
def _read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_files, "_CHUNK", 7)


def document(body: bytes | str, **how: Any) -> Found:
    return reading(body, format_="json", **how)


def lines(body: bytes | str, **how: Any) -> Found:
    return reading(body, format_="ndjson", **how)


def mugs(count: int) -> list[Product]:
    return [{"id": number, "title": "Mug", "price": 9} for number in range(1, count + 1)]


# --- documents ------------------------------------------------------------------------------------------


@given(
    catalogues(),
    st.sampled_from(["", *LISTS]),
    st.dictionaries(texts.filter(lambda name: name not in {*LISTS, "total", "next"}), values, max_size=3),
    layouts,
    encodings,
)
def test_every_product_of_a_document_is_read_once(
    rows: list[Product], name: str, others: Product, layout: Product, encoding: str
) -> None:
    before = dict([*others.items()][:1])
    whole = before | {name: rows} | others if name else rows
    found = document(json.dumps(whole, **layout).encode(encoding))
    assert (found.rows, found.error) == (in_json(*rows), "")


@pytest.mark.parametrize(
    ("member", "kind"),
    [(None, "null"), ([], "a list"), ("jug", "a text"), (7, "a whole number"), (True, "true or false")],
)
def test_a_member_that_is_no_object_is_rejected_with_its_number(member: object, kind: str) -> None:
    found = document(json.dumps([*mugs(1), member, *mugs(2)[1:]]))
    reason = f"it is {kind}, not an object"
    assert (found.rows[1], found.error) == (Rejected(None, None, "product 2", reason), "")
    assert found.ids == ["1", "2"]


ODD = [
    '"rating": NaN',
    '"rating": -Infinity',
    f'"rating": {"9" * 5000}',
    '"brand": "\\ud83c"',
    '"discountPercentage": 1e400',
]


@pytest.mark.parametrize("product", ODD)
@pytest.mark.parametrize("form", ["[%s]", "%s"])
def test_json_of_other_programs_spoils_no_other_product(product: str, form: str) -> None:
    odd = f'{{"id": 2, "title": "Jug", "price": 1, {product}}}'
    rows = [json.dumps(mugs(1)[0]), odd, json.dumps(mugs(3)[2])]
    body = form % (", " if "[" in form else "\n").join(rows)
    found = (document if "[" in form else lines)(body)
    assert (len(found.rows), found.error) == (3, "")
    assert {"1", "3"} <= set(found.ids)


@given(catalogues(at_least=1), st.sampled_from(["", *LISTS]), layouts, st.data())
def test_before_a_cut_every_complete_product_is_read(
    rows: list[Product], name: str, layout: Product, data: st.DataObject
) -> None:
    whole = json.dumps({name: rows} if name else rows, **layout).encode()
    cut = data.draw(st.integers(1, len(whole) - 1))
    found, expected = document(whole[:cut]), in_json(*rows)
    assert found.error != ""
    assert found.rows == expected[: len(found.rows)]
    if not layout and not name:  # the end of a product shows that it is complete
        ends = [len(json.dumps(rows[:number])) - 1 for number in range(1, len(rows) + 1)]
        assert len(found.rows) == sum(end <= cut for end in ends)
    same = document(whole[:cut], is_cut_off=True)
    assert (same.rows, same.error) == (found.rows, CUT_OFF)


@given(st.binary(min_size=1, max_size=60))
@example(b'[{"a": 1}, {"b": "\xff"}]')
@example(b'[{"a": 1} {"b": 2}]')
def test_no_bytes_are_more_than_an_error(body: bytes) -> None:
    document(b"[" + body)
    lines(b"{" + body)


@pytest.mark.parametrize(
    ("body", "count", "message"),
    [
        (b"[]]", 0, "the file is not JSON: it goes on after its end (line 1, column 3)"),
        (b'{"a": 1}{', 0, "the file has no list of products"),
        (b'{"products": []}\n\n x', 0, "the file is not JSON: it goes on after its end (line 3, column 2)"),
        (b'[{"a": 1},\n {"b": 2]', 1, "is not complete JSON: Expecting ',' delimiter (line 2, column 9)"),
        (b"[{}, ]", 1, "the file is not complete JSON: Expecting value (line 1, column 6)"),
        (b"[{} {}]", 1, "the file is not complete JSON: expected , or ] (line 1, column 5)"),
        (b"{1: 2}", 0, "the file is not complete JSON: expected a name in quotes (line 1, column 2)"),
        (b'{"a" 2}', 0, "the file is not complete JSON: "),
        (b'[{"a": "\xff"}]', 0, "the file is not UTF-8 (line 1, column 9)"),
        (b'[{"a": 1},\n{"a": "\xff"}]', 1, "is not UTF-8 (line 2, column 8)"),
        (b"null", 0, "the file is not a list of products in JSON"),
        (b'"products"', 0, "the file is not a list of products in JSON"),
        (b'{"products": {}}', 0, "the file has no list of products"),
        (b'{"items": [{}], "data": [{}]}', 1, "the file has two lists of products, items and data"),
        (b'{"products": [{}], "total": 194}', 1, "the file has 1 of 194 products"),
        (b'{"total": 194, "data": [{}]}', 1, "the file has 1 of 194 products"),
        (b'{"products": [{}], "next": "https://x.example/products.json?page=2"}', 1, "one page of several"),
        (b'{"products": [{}], "next": null}', 1, ""),
        (b'{"meta": {"has_more": true}, "data": [{}]}', 1, "one page of several"),
        (b'{"data": [{}], "meta": {"last_page": 2}}', 1, "one page of several"),
        (b'{"data": [{}], "meta": {"last_page": 2, "total": 1}}', 1, ""),
        (b'{"data": [{}], "page": 1, "pages": 2}', 1, "one page of several"),
        (b'{"data": [{}], "page": 1, "pages": 1, "found": 1, "result_count": 1}', 1, ""),
        (b'{"data": [{}], "_scroll_id": "DXF1ZXJ5", "total": 1}', 1, ""),
        (b'{"data": [{}], "LastEvaluatedKey": {"id": "1"}}', 1, "one page of several"),
        (b'{"data": [{}], "links": {"next": null}, "meta": {"total": 2}}', 1, "the file has 1 of 2 products"),
        (b'{"products": [{}], "total": -1, "hasMore": "false"}', 1, ""),
        (b'{"products": [{}], "total": "2"}', 1, "has 1 of 2"),
        (b'{"products": [{}], "total": "%s"}' % (b"9" * 5000), 1, ""),
        (b'{"products": [{}], "total": null}', 1, ""),
        *(
            (b'{"x": 1' + b"0" * n + b', "data": [{}], "total":    10}', 1, "has 1 of 10")
            for n in range(1, 9)
        ),
        (b'{"products": [{}], "total": 0}', 1, ""),
        (b"[" * 100_000, 0, "the file is not complete JSON: it ends within a value (line 1, column 2)"),
        (b'{"next":' + b"[" * 100_000, 0, "the file is nested too deeply (line 1, column 9)"),
    ],
)
def test_malformed_document_is_an_error_that_says_where(body: bytes, count: int, message: str) -> None:
    found = document(body)
    assert len(found.rows) == count
    assert message in found.error
    assert bool(message) == bool(found.error)
    assert ("Export it again as UTF-8" in found.hint) == ("UTF-8" in message)


@pytest.mark.parametrize("chunk", [1_000, 2**18])
@pytest.mark.parametrize(
    "deep",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"id": 2, "a": ' * 50_000 + b'"]}\\"}' + b"\\\\" * 5_000 + b'"' + b"}" * 50_000,
    ],
    ids=["lists", "objects"],
)
def test_a_product_that_is_nested_too_deeply_is_rejected_alone(
    deep: bytes, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_files, "_CHUNK", chunk)
    first, second = (json.dumps(mug).encode() for mug in mugs(2))
    for form in (b"[%s, %s, %s]", b'{"products": [%s, %s, %s], "total": 3}'):
        found = document(form % (first, deep, second))
        assert (found.ids, found.error) == (["1", "2"], "")
        assert found.rows[1] == Rejected(None, None, "product 2", "it is nested too deeply")


def test_a_value_that_does_not_end_is_not_read_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_files, "LONGEST", 1000)
    monkeypatch.setattr(json_files, "_CHUNK", 100)
    path = tmp_path / "products.json"
    path.write_bytes(b'[{"id": 1, "title": "Mug", "price": 1}, {"b": "' + b"x" * 2**20)
    found = reading(path)
    assert found.ids == ["1"]
    assert "longer than" in found.error
    with pytest.raises(Exception, match="longer than"):
        peak_of(path)
    path.write_bytes(b"[" * 2**20)
    assert "longer than" in reading(path).error


# --- lines ----------------------------------------------------------------------------------------------


@given(
    catalogues(at_least=1),
    st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\n \t\r\n"]),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
    st.booleans(),
)
def test_every_line_is_read_once(
    rows: list[Product],
    line_break: bytes,
    mark: bytes,
    ended: bool,  # noqa: FBT001 - drawn
) -> None:
    body = line_break.join(json.dumps(row).encode() for row in rows)
    found = lines(mark + body + (line_break if ended else b""))
    assert (found.rows, found.error) == (in_json(*rows), "")


@given(catalogues(at_least=1), st.data())
def test_before_a_cut_every_complete_line_is_read(rows: list[Product], data: st.DataObject) -> None:
    whole = "\n".join(map(json.dumps, rows)).encode()
    cut = data.draw(st.integers(1, len(whole)))
    is_whole = cut == len(whole) or whole[cut : cut + 1] == b"\n"
    begun = whole[:cut].rpartition(b"\n")[2]
    complete = whole[:cut].count(b"\n")
    count = complete + bool(is_whole and begun)
    message = f"line {count + 1}: the file ends in the middle of a product" if begun and not is_whole else ""
    found, expected = lines(whole[:cut]), in_json(*rows)
    assert (found.rows, found.error) == (expected[:count], message)
    # If the file itself says that it is cut off, a line without a line break is not complete.
    same = lines(whole[:cut], is_cut_off=True)
    assert (same.rows, same.error) == (expected[:complete], CUT_OFF)


def test_lists_of_other_names_are_in_the_program_of_the_hint() -> None:
    found = reading('{"shop": "Elm", "mugs": [{"id": 1}], "jugs": [{"id": 2}], "sizes": [3]}', suffix=".json")
    assert 'a program such as ."mugs"[], ."jugs"[]; for' in found.hint


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": 1', "it is not JSON (Expecting ',' delimiter in column 8)"),
        (b"{'a': 1}", "it is not JSON (Expecting property name enclosed in double quotes in column 2)"),
        (b'{"a": 1} {"b": 2}', "it is not JSON (Extra data in column 10)"),
        (b'{"a": "\xff"}', "it is not UTF-8"),
        (b"[1]", "it is a list, not an object"),
        (b"null", "it is null, not an object"),
        (b'"jug"', "it is a text, not an object"),
        (b"7", "it is a whole number, not an object"),
        (b"[" * 100_000, "it is nested too deeply"),
    ],
)
def test_a_bad_line_is_rejected_with_its_number(line: bytes, reason: str) -> None:
    first, second = (json.dumps(mug).encode() for mug in mugs(2))
    found = lines(first + b"\n\n" + line + b"\n" + second + b"\n")
    assert (found.ids, found.error) == (["1", "2"], "")
    assert found.rows[1] == Rejected(None, None, "line 3", reason)


def test_lines_in_utf_16_are_an_error() -> None:
    found = lines('{"a": 1}\n'.encode("utf-16"))
    assert (found.rows, found.error) == ([], "the file is UTF-16")


def test_a_line_that_does_not_end_is_not_read_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_files, "LONGEST", 100)
    monkeypatch.setattr(json_files, "_CHUNK", 2**16)
    path, mug = tmp_path / "products.ndjson", json.dumps(mugs(1)[0]).encode() + b"\n"
    with path.open("wb") as file:
        file.write(mug + b'{"b": "')
        file.writelines(b"x" * 2**20 for _ in range(12))
        file.write(b'"}\n' + mug.replace(b"1", b"3"))
    found = reading(path)
    assert (found.ids, found.rows[1].title) == (["1", "3"], "line 2")
    count, peak = peak_of(path)
    assert (count, peak < 4_000_000) == (3, True)


@pytest.mark.parametrize("size", [99, 100, 101])
def test_only_lines_above_the_limit_are_rejected(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(json_files, "LONGEST", 100)
    start = b'{"id": 1, "price": 1, "title": "'
    found = lines(start + b"x" * (size - len(start) - 2) + b'"}\n')
    assert len(found.ids) == (size <= 100)
