"""Lists of products in JSON documents."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from medusa_sync.sources import json_files
from medusa_sync.sources.base import Refused
from medusa_sync.sources.json_files import read_json
from tests.unit.sources.streams import CUT_OFF, in_pieces, products, read, sizes, texts, values

LISTS = ["products", "items", "data"]
layouts = st.sampled_from(
    [{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}, {"indent": "\t\n"}]
)
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])


def found(body: bytes, sizes: list[int] | None = None) -> tuple[list[Any], str]:
    return read(read_json, in_pieces(body, sizes or [1 << 20]))


# --- documents ------------------------------------------------------------------------------------------


@given(products, layouts, encodings, sizes)
def test_every_product_of_an_array_is_read_once(
    rows: list[dict[str, Any]], layout: dict[str, Any], encoding: str, sizes: list[int]
) -> None:
    body = json.dumps(rows, **layout).encode(encoding)
    assert found(body, sizes) == (rows, "")


@given(
    products,
    st.sampled_from(LISTS),
    st.dictionaries(texts.filter(lambda name: name not in {*LISTS, "total", "next"}), values, max_size=3),
    st.dictionaries(texts.filter(lambda name: name not in {*LISTS, "total", "next"}), values, max_size=3),
    layouts,
    sizes,
)
def test_every_product_of_an_object_is_read_once(
    rows: list[dict[str, Any]],
    name: str,
    before: dict[str, Any],
    after: dict[str, Any],
    layout: dict[str, Any],
    sizes: list[int],
) -> None:
    for key in before:
        after.pop(key, None)
    body = json.dumps(before | {name: rows} | after, **layout).encode()
    assert found(body, sizes) == (rows, "")


@given(st.lists(values, max_size=5), sizes)
def test_a_member_that_is_no_object_is_refused_with_its_number(members: list[Any], sizes: list[int]) -> None:
    entries, error = found(json.dumps(members).encode(), sizes)
    assert error == ""
    for number, (entry, member) in enumerate(zip(entries, members, strict=True), 1):
        if isinstance(member, dict):
            assert entry == member
        else:
            assert isinstance(entry, Refused)
            assert (entry.source_id, entry.title) == (None, f"product {number}")
            assert entry.reason.startswith("Expected object, got ")


@pytest.mark.parametrize(
    "product",
    ['{"price": NaN}', '{"price": -Infinity}', f'{{"price": {"9" * 5000}}}', '{"title": "\\ud83c"}'],
)
def test_json_of_other_programs_is_read(product: str) -> None:
    entries, error = found(f'[{{"id": 1}}, {product}, {{"id": 3}}]'.encode())
    assert (len(entries), error) == (3, "")


# --- incomplete and malformed documents -----------------------------------------------------------------


@given(products, st.sampled_from(["", *LISTS]), layouts, sizes, st.data())
def test_before_a_cut_every_complete_product_is_read(
    rows: list[dict[str, Any]], name: str, layout: dict[str, Any], sizes: list[int], data: st.DataObject
) -> None:
    whole = json.dumps({name: rows} if name else rows, **layout).encode()
    cut = data.draw(st.integers(0, len(whole) - 1))
    entries, error = read(read_json, in_pieces(whole[:cut], sizes))
    assert error != ""
    assert entries == rows[: len(entries)]
    same, message = read(read_json, in_pieces(whole[:cut], sizes, CUT_OFF))
    assert (same, message) == (entries, str(CUT_OFF))
    ends = [len(json.dumps(rows[:number])) - 1 for number in range(1, len(rows) + 1)]
    if not layout and not name:  # the end of a product shows that it is complete
        assert len(entries) == sum(end <= cut for end in ends)


@given(st.binary(max_size=60), sizes)
@example(b'[{"a": 1}, {"b": "\xff"}]', [3])
@example(b'[{"a": 1} {"b": 2}]', [3])
@example(b"\xef\xbb\xbf[]", [1])
def test_any_bytes_are_read_in_the_same_way_in_any_pieces(body: bytes, sizes: list[int]) -> None:
    assert found(body, sizes) == found(body)


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
        (b'[{"a": "\xff"}]', 0, "the file is not complete JSON: it is not UTF-8 (line 1, column 9)"),
        (b'[{"a": 1},\n{"a": "\xff"}]', 1, "it is not UTF-8 (line 2, column 8)"),
        (b"null", 0, "the file is not a list of products in JSON"),
        (b'"products"', 0, "the file is not a list of products in JSON"),
        (b'{"products": {}}', 0, "the file has no list of products"),
        (b'{"items": [{}], "data": []}', 1, "the file has two lists of products, items and data"),
        (b'{"products": [{}], "total": 194}', 1, "the file has 1 of 194 products"),
        (b'{"total": 194, "data": [{}]}', 1, "the file has 1 of 194 products"),
        (b'{"products": [{}], "next": "https://x.example/products.json?page=2"}', 1, "one page of several"),
        (b'{"products": [{}], "next": null}', 1, ""),
        (b'{"products": [{}], "total": -1}', 1, "the total of the file is not a number of products"),
        (b'{"products": [{}], "total": "1"}', 1, "the total of the file is not a number of products"),
        (b'{"products": [{}], "total": null}', 1, ""),
        (b'{"products": [{}], "total": 0}', 1, ""),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_malformed_document_is_an_error_that_says_where(
    body: bytes, count: int, message: str, size: int
) -> None:
    entries, error = found(body, [size])
    assert len(entries) == count
    assert message in error
    assert bool(message) == bool(error)


def test_deep_nesting_is_an_error() -> None:
    assert found(b"[" * 100_000) == ([], "the file is nested too deeply (line 1, column 2)")


def test_a_value_that_does_not_end_is_not_read_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_files, "LONGEST", 1000)
    monkeypatch.setattr(json_files, "_CHUNK", 100)
    delivered = 0

    class Endless:
        start = b'[{"a":1},{"b":"'

        def read(self, size: int) -> bytes:
            nonlocal delivered
            delivered += size
            piece, self.start = self.start[:size], self.start[size:]
            return piece or b"x" * size

    entries, error = read(read_json, Endless())  # type: ignore[arg-type]  # it has what is used
    assert entries == [{"a": 1}]
    assert "longer than" in error
    assert delivered < 10_000
