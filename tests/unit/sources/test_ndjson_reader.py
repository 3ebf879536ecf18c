"""Products on lines of their own."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from medusa_sync.sources import json_files
from medusa_sync.sources.base import Refused
from medusa_sync.sources.json_files import read_ndjson
from tests.unit.sources.streams import CUT_OFF, in_pieces, products, read, sizes

breaks = st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\n \t\r\n"])


def found(body: bytes, sizes: list[int] | None = None) -> tuple[list[Any], str]:
    return read(read_ndjson, in_pieces(body, sizes or [1 << 20]))


def lines_of(rows: list[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(row).encode() for row in rows]


@given(products, breaks, st.sampled_from([b"", b"\xef\xbb\xbf"]), st.booleans(), sizes)
def test_every_product_is_read_once(
    rows: list[dict[str, Any]],
    line_break: bytes,
    mark: bytes,
    ended: bool,  # noqa: FBT001 - drawn
    sizes: list[int],
) -> None:
    body = mark + line_break.join(lines_of(rows)) + (line_break if ended else b"")
    assert found(body, sizes) == (rows, "")


@given(products, sizes, st.data())
def test_before_a_cut_every_complete_product_is_read(
    rows: list[dict[str, Any]], sizes: list[int], data: st.DataObject
) -> None:
    lines = lines_of(rows)
    whole = b"\n".join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    ends = [len(b"\n".join(lines[: number + 1])) for number in range(len(rows))]
    count = sum(end <= cut for end in ends)
    begun = whole[:cut].rpartition(b"\n")[2]
    message = f"line {count + 1}: the file ends in the middle of a product" if begun else ""
    is_whole = cut in ends
    assert found(whole[:cut], sizes) == (rows[:count], "" if is_whole else message)
    # If the stream itself says that it is cut off, a line without a line break is not complete.
    known = count - is_whole
    assert read(read_ndjson, in_pieces(whole[:cut], sizes, CUT_OFF)) == (rows[:known], str(CUT_OFF))


@given(st.binary(max_size=60), sizes)
@example(b'{"a": 1}\n{"b": "\xff"}\n', [3])
@example(b"\xef\xbb\xbf{}", [1])
def test_any_bytes_are_read_in_the_same_way_in_any_pieces(body: bytes, sizes: list[int]) -> None:
    assert found(body, sizes) == found(body)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": 1', "it is not JSON (Expecting ',' delimiter in column 8)"),
        (b"{'a': 1}", "it is not JSON (Expecting property name enclosed in double quotes in column 2)"),
        (b'{"a": 1} {"b": 2}', "it is not JSON (Extra data in column 10)"),
        (b'{"a": "\xff"}', "it is not UTF-8"),
        (b"[1]", "Expected object, got array"),
        (b"null", "Expected object, got null"),
        (b'"jug"', "Expected object, got str"),
        (b"7", "Expected object, got int"),
        (b"[" * 100_000, "it is nested too deeply"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(line: bytes, reason: str) -> None:
    entries, error = found(b'{"a": 1}\n\n' + line + b'\n{"b": 2}\n')
    assert (entries, error) == ([{"a": 1}, Refused(None, "line 3", reason), {"b": 2}], "")


@pytest.mark.parametrize("line", [b'{"price": NaN}', f'{{"n": {"9" * 5000}}}'.encode(), b'{"t": "\\ud83c"}'])
def test_json_of_other_programs_is_read(line: bytes) -> None:
    entries, error = found(line + b"\n")
    assert ([type(entry) for entry in entries], error) == ([dict], "")


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_utf_16_is_an_error(mark: bytes) -> None:
    assert found(mark + '{"a": 1}\n'.encode("utf-16-le")) == ([], "the file is UTF-16")


def test_a_line_that_does_not_end_is_not_read_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_files, "LONGEST", 100)
    path = tmp_path / "products"
    with path.open("wb") as file:
        file.write(b'{"a": 1}\n{"b": "')
        file.writelines(b"x" * 2**20 for _ in range(40))
        file.write(b'"}\n{"c": 3}\n')
    tracemalloc.start()
    try:
        with path.open("rb") as file:
            entries, _ = read(read_ndjson, file)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    assert entries == [{"a": 1}, Refused(None, "line 2", "it is longer than 0 MB"), {"c": 3}]


def test_a_long_line_of_spaces_may_end_with_a_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_files, "LONGEST", 100)
    [entry], _ = found(b" " * 200 + b'{"a": 1}\n', [30])
    assert isinstance(entry, Refused)


@pytest.mark.parametrize("size", [99, 100, 101])
def test_only_lines_above_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(json_files, "LONGEST", 100)
    line = b'{"a": "' + b"x" * (size - 9) + b'"}'
    [entry], _ = found(line + b"\n", [30])
    assert isinstance(entry, Refused) is (size > 100)
