"""Formats are recognised by contents, content type and name, in this order."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Reading
from medusa_sync.sources.files import HEAD, check, named, reader_of, recognise
from tests.unit.sources.streams import in_pieces, products

PRODUCT = b'{"id": 1, "title": "Jug, blue"}'
NAMES = {"json": "a.json", "ndjson": "a.ndjson", "csv": "a.csv", "xml": "a.xml", "": "a"}


def format_of(head: bytes, name: str = "", content_type: str = "") -> str:
    return recognise(head, name, content_type)


@pytest.mark.parametrize(
    ("head", "format_"),
    [
        (b"[" + PRODUCT + b"]", "json"),
        (b"\xef\xbb\xbf [\n" + PRODUCT, "json"),
        ("[]".encode("utf-16"), "json"),
        (b"{\n", "json"),
        (b'{\n  "products": [', "json"),
        (b'{"total": 3, "data": [\n', "json"),
        (b'{"products": [' + PRODUCT + b"]}\n", "json"),
        (b'{"items": []}', "json"),
        (PRODUCT + b"\n" + PRODUCT, "ndjson"),
        (PRODUCT + b"\r\n\r\n" + PRODUCT, "ndjson"),
        (b"\xef\xbb\xbf" + PRODUCT + b"\n" + PRODUCT, "ndjson"),
        (PRODUCT + b"\n{", "ndjson"),
        (PRODUCT + b"\nbroken", "ndjson"),
        (b'{"id": 1, "items": [1, 2]}\n' + PRODUCT, "ndjson"),
        (b"Handle,Title\n", "csv"),
        (b'"Handle";"Title"\r\n', "csv"),
        (b"id\ttitle\n", "csv"),
        ("id;Größe\n".encode("cp1252"), "csv"),
        ("id\ttitle\n".encode("utf-16"), "csv"),
        (b'<?xml version="1.0"?><rss>', "xml"),
        (b"\xef\xbb\xbf<feed>", "xml"),
        ("<feed>".encode("utf-16"), "xml"),
    ],
)
@pytest.mark.parametrize("name", NAMES.values())
def test_contents_count_more_than_the_name(head: bytes, format_: str, name: str) -> None:
    assert format_of(head, name) == format_
    assert format_of(head, "", "application/json; charset=utf-8") == format_


@pytest.mark.parametrize(
    ("head", "name", "content_type", "format_"),
    [
        (PRODUCT, "a.ndjson", "", "ndjson"),
        (PRODUCT, "a", "application/x-ndjson", "ndjson"),
        (PRODUCT, "a", "", "ndjson"),
        (PRODUCT, "a.json", "", "json"),
        (b'{"message": "no"}', "a", "", "json"),
        (b'{"id": 1, "items": [1, 2]}', "a.ndjson", "", "ndjson"),
        (b'{"id": 1, "items": [1, 2]}', "a", "", "json"),
        (b'{"message": "no"}', "a.jsonl", "", "ndjson"),
        (b'{"id": 1, "ti', "a.ndjson", "", "ndjson"),  # a broken line
        (b'{"id": 1, "ti', "a", "", "json"),
        (b'{"id": 1, "ti\n' + PRODUCT, "a.ndjson", "", "ndjson"),
        (b"id\n1\n", "a.csv", "", "csv"),
        (b"id\n1\n", "a", "text/csv", "csv"),
        (b"id\n1\n", "a.json", "text/tab-separated-values", "csv"),
        (b"null", "a.json", "", "json"),
        (b"null", "a", "application/jsonl", "ndjson"),
        (b"[" * 100_000, "a", "", "json"),
        (b'{"a":' * 100_000, "a", "", "json"),
    ],
)
def test_content_type_and_name_count_if_the_contents_fit_several_formats(
    head: bytes, name: str, content_type: str, format_: str
) -> None:
    assert format_of(head[:HEAD], name, content_type) == format_


@given(products, st.sampled_from(["array", "object", "indented", "lines"]), st.sampled_from(list(NAMES)))
def test_json_and_ndjson_are_told_apart(rows: list[dict[str, Any]], form: str, claimed: str) -> None:
    rows = [{"id": number} | row for number, row in enumerate(rows)]
    documents = {
        "array": json.dumps(rows),
        "object": json.dumps({"total": len(rows), "products": rows}),
        "indented": json.dumps({"products": rows}, indent=1),
        "lines": "\n".join(map(json.dumps, rows)),
    }
    if form == "lines" and len(rows) < 2:
        return  # it may be an object without a list
    expected = "ndjson" if form == "lines" else "json"
    assert format_of(documents[form].encode()[:HEAD], NAMES[claimed]) == expected


def test_text_that_is_none_of_the_formats_is_an_error() -> None:
    with pytest.raises(SourceError, match="not recognised") as caught:
        format_of(b"hello world\n", "a")
    assert "--source-format" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("products.json", "json"),
        ("PRODUCTS.JSON", "json"),
        ("a/b.jsonl.gz", "ndjson"),
        ("/feeds/products.csv.zst", "csv"),
        ("/feed.tsv", "csv"),
        ("/feed.txt", "csv"),
        ("/feed.xml", "xml"),
        ("/feed.rss", "xml"),
        ("/feed.atom", "xml"),
        ("/products", ""),
        ("/products.gz", ""),
        ("/json", ""),
        ("", ""),
        ("/v1.2/products", ""),
    ],
)
def test_a_name_ends_with_its_format(name: str, format_: str) -> None:
    assert named(name) == format_


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "is empty"),
        (b" \r\n", "is empty"),
        (b"\xef\xbb\xbf\n", "is empty"),
        (b"\xff\xfe", "is empty"),
        (b"<!DOCTYPE html>\n<html>", "is HTML"),
        (b" <HTML lang=en>", "is HTML"),
        (b'<?xml version="1.0"?>\n<!doctype  html>', "is HTML"),
        ("<html>".encode("utf-16"), "is HTML"),
        (b"PK\x03\x04...", "is a ZIP archive or an Excel workbook"),
    ],
)
def test_what_is_clearly_no_catalogue_is_an_error(head: bytes, words: str) -> None:
    with pytest.raises(SourceError, match=words) as caught:
        check(head)
    assert caught.value.hint


@pytest.mark.parametrize("head", [b"[]", b"<rss>", b"<htmlish/>", b"id,title", b" " * HEAD])
def test_what_may_be_a_catalogue_is_no_error(head: bytes) -> None:
    check(head)


@pytest.mark.parametrize(("format_", "body", "text"), [("json", b"[]", "JSON"), ("ndjson", b"", "NDJSON")])
def test_a_reader_names_its_format(format_: str, body: bytes, text: str) -> None:
    detected: list[str] = []
    assert list(reader_of(format_)(in_pieces(body, [1]), Reading(detected.append))) == []
    assert detected == [text]
