"""Files, FIFOs and standard input: their bytes, compression and formats, and their pages."""

import asyncio
import gzip
import json
import os
import pty
import sys
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import pytest
from backports import zstd

from medusa_sync.errors import SourceError
from medusa_sync.sources import files
from medusa_sync.sources.base import Page, Rejected
from tests.harness import catalogue
from tests.unit.builders import desired_product, row
from tests.unit.sources.pages import CATALOGUE, PAGE, body_of, file_source, ids, opened, pages, rows
from tests.unit.sources.reading import read, reading

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("small_pages")]

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": partial(gzip.compress, compresslevel=1),
    "zstd": zstd.compress,
}
COUNT = 600
BODY = json.dumps(catalogue.products(COUNT)).encode()  # more than is read at a time

compressed = pytest.mark.parametrize("kind", COMPRESSIONS)


# --- pages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "totals"),
    [(None, [None, None, 250]), (999, [None, None, 250]), (101, [None, None]), (100, [None])],
)
async def test_a_file_is_delivered_in_pages_and_the_last_has_the_total(
    file: Path, limit: int | None, totals: list[int | None]
) -> None:
    delivered = await pages(file_source(file, body_of(CATALOGUE)), limit)
    assert ids([row for page in delivered for row in page.rows]) == list(range(1, min(limit or 250, 250) + 1))
    assert all(len(page.rows) <= 100 for page in delivered)
    assert [page.total for page in delivered] == totals


async def test_small_files_are_one_page_with_its_total(file: Path) -> None:
    assert await pages(file_source(file, body_of([row(1)]))) == [Page((desired_product(1),), 1)]
    assert await pages(file_source(file, body_of([]))) == [Page((), 0)]
    assert ids(await rows(opened("sample"))) == [product["id"] for product in catalogue.whole_sample()]


async def test_the_rest_of_the_interface(file: Path) -> None:
    source = file_source(file, gzip.compress(PAGE))
    assert source.format == ""
    await rows(source)
    assert source.format == "JSON, gzip"
    assert (await source.category_names(), source.in_one_piece) == ({}, True)
    assert ids(await rows(file_source(file, PAGE[:-20]), 2)) == [1, 2]  # with a limit, the rest is not read


# --- errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (PAGE[:-1], "is not complete JSON"),
        *((body, "is empty") for body in (b"", b" \r\n", b"\xef\xbb\xbf\n", b"\xff\xfe")),
        *((body, "is HTML, not a catalogue") for body in (b"<!DOCTYPE html>\n<html>", b" <HTML lang=en>")),
        (b'<?xml version="1.0"?>\n<!doctype  html>', "is HTML"),
        ("<html>".encode("utf-16"), "is HTML"),
        (b"%PDF-1.4\n1 0 obj", "the file is a PDF"),
        (b"PK\x03\x04...", "the file is a ZIP archive"),
        (b"\xd0\xcf\x11\xe0...", "it is not a workbook, or is damaged"),
        (b"SQLite format 3\x00", "the file is an SQLite database"),
        (b"PK\x03\x04...xl/workbook.xml", "it is not a workbook, or is damaged"),
        (b"<div class='page'>\n<table><tr><td>1,2</td></tr></table></div>", "is HTML"),
        (b"-- MySQL dump\n\nDROP TABLE IF EXISTS `products`;\n", "the file is an SQL dump"),
        (b"/*!40101 SET NAMES utf8 */;\nINSERT INTO p VALUES (1, 'Mug');\n", "the file is an SQL dump"),
        (b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", "the file is an SQL dump"),
        (b"# Mugs\nproducts:\n  - id: 1\n    title: Mug\n", "the file is YAML"),
        (b"---\nid: 1\n", "the file is YAML"),
        (b"- title: Mug, blue\n  id: 1\n", "the file is YAML"),
        (b"hello world\n", "the format of the file is not recognised"),
    ],
)
async def test_a_file_that_is_no_catalogue_is_an_error(tmp_path: Path, body: bytes, words: str) -> None:
    file = tmp_path / "catalogue"
    with pytest.raises(SourceError, match=words) as caught:
        await rows(file_source(file, body))
    assert str(caught.value).startswith(f"{file}: ")
    assert caught.value.hint


async def test_the_name_of_a_file_shows_yaml_too(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the file is YAML"):
        await rows(file_source(tmp_path / "a.yml", b"Mugs, jugs:\n  - id: 1\n"))
    feed = b"<yml_catalog><shop><offers/></shop></yml_catalog>"
    with pytest.raises(SourceError, match="it is XML"):
        await rows(file_source(tmp_path / "b.yml", feed))


async def test_comments_of_sql_take_no_time(tmp_path: Path) -> None:
    body = b"/* a */ -- b\n" * 5_000 + b"id,title,price\n1,Mug,9\n"
    with pytest.raises(SourceError):
        await rows(file_source(tmp_path / "a", body))


# --- bytes ----------------------------------------------------------------------------------------------


def appended(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b" ")


@pytest.mark.parametrize("change", [appended, lambda path: os.utime(path, (1, 1))])
@pytest.mark.parametrize("body", [BODY, gzip.compress(BODY)[:-1_000]])
async def test_a_file_that_changes_while_it_is_read_is_an_error(
    file: Path, change: Callable[[Path], None], body: bytes
) -> None:
    reading = file_source(file, body).pages(None)
    assert len((await anext(reading)).rows) == 100
    change(file)
    with pytest.raises(SourceError, match=f"{file}: the file changed while it was read") as caught:
        [page async for page in reading]
    assert "rename" in caught.value.hint


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (FileNotFoundError(2, "No such file or directory"), "working directory"),
        (PermissionError(13, "Permission denied"), "Allow the user"),
        (OSError(5, "Input/output error"), "--source"),
    ],
)
async def test_a_file_that_cannot_be_read_is_an_error(
    file: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, hint: str
) -> None:
    source = file_source(file, b"[]")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", Mock(side_effect=error))
        with pytest.raises(SourceError) as caught:
            await rows(source)
    assert str(caught.value) == f"{file}: the file cannot be read ({error.strerror})"
    assert hint in caught.value.hint


async def test_a_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Is a directory") as caught:
        await rows(file_source(tmp_path))
    assert "Name the file" in caught.value.hint


# --- pipes ----------------------------------------------------------------------------------------------


async def test_a_fifo_is_read_to_its_end_and_may_wait_for_its_writer(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reading = asyncio.create_task(rows(file_source(fifo)))
    await asyncio.sleep(0.05)
    assert not reading.done()
    await asyncio.to_thread(fifo.write_bytes, BODY)
    assert len(await reading) == COUNT


async def test_a_pipe_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, writing = os.pipe()
    monkeypatch.setattr(files, "_STDIN", pipe)
    reading = asyncio.create_task(rows(opened("-")))
    for piece in (b"[", json.dumps(row(1)).encode(), b"]"):
        os.write(writing, piece)
        await asyncio.sleep(0.01)
    os.close(writing)
    assert await reading == [desired_product(1)]
    os.close(pipe)


async def test_a_redirected_file_is_standard_input(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_bytes(b"read before" + BODY)  # noqa: ASYNC240 - nothing else runs
    with file.open("rb", buffering=0) as redirected:
        redirected.seek(len(b"read before"))  # another program has read the start
        monkeypatch.setattr(files, "_STDIN", redirected.fileno())
        reading = opened("-").pages(None)
        assert len((await anext(reading)).rows) == 100
        appended(file)
        with pytest.raises(SourceError, match="standard input: the file changed"):
            [page async for page in reading]


async def test_a_terminal_or_closed_standard_input_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    master, terminal = pty.openpty()
    monkeypatch.setattr(files, "_STDIN", terminal)
    with pytest.raises(SourceError, match="standard input is a terminal"):
        await rows(opened("-"))
    os.close(master)
    os.close(terminal)
    monkeypatch.setattr(sys, "__stdin__", None)
    with pytest.raises(SourceError, match="standard input is closed"):
        await rows(opened("-"))


# --- compression ----------------------------------------------------------------------------------------


@compressed
def test_compression_is_recognised_by_the_first_bytes_and_may_have_parts(kind: str) -> None:
    compress = COMPRESSIONS[kind]
    for before in (b"", b" "):
        found = reading(compress(before) + compress(BODY), suffix="")
        assert (len(found.rows), found.format, found.error) == (COUNT, f"JSON, {kind}", "")
    assert reading(BODY, suffix=f".json.{kind}").format == "JSON"


@compressed
@pytest.mark.parametrize("left", [10, 1_000, -9, -1])
def test_a_compressed_file_that_is_cut_off_is_read_before_the_error(kind: str, left: int) -> None:
    compress = COMPRESSIONS[kind]
    parts = [compress(BODY[start : start + 50_000]) for start in range(0, len(BODY), 50_000)]
    found = reading(b"".join(parts)[:left], suffix="")
    assert found.error == f"{kind}: the compressed data is cut off"
    assert found.ids == [str(number) for number in range(1, len(found.rows) + 1)]
    assert len(found.rows) > (COUNT - 50 if left < 0 else -1)


@compressed
def test_a_damaged_file_is_an_error(kind: str) -> None:
    whole = bytearray(COMPRESSIONS[kind](BODY))
    whole[4 if kind == "zstd" else 2 : 12] = b"\xff" * 8
    assert f"{kind}: the compressed data is damaged" in reading(bytes(whole), suffix="").error


def test_a_wrong_checksum_is_an_error() -> None:
    whole = bytearray(gzip.compress(BODY))
    whole[-8:-4] = (zlib.crc32(BODY) ^ 1).to_bytes(4, "little")
    found = reading(bytes(whole), suffix="")
    assert len(found.rows) == COUNT
    assert "gzip: the compressed data is damaged" in found.error


# --- formats --------------------------------------------------------------------------------------------

LINE = b'{"id": 1, "title": "Jug, blue", "price": 1}'
ROOT = b'<rss xmlns:g="http://base.google.com/ns/1.0"/>'
CSV = "CSV (medusa-sync)"


@pytest.mark.parametrize(
    ("body", "format_"),
    [
        (b"[" + LINE + b"]", "JSON"),
        (b"\xef\xbb\xbf [\n" + LINE + b"]", "JSON"),
        ("[]".encode("utf-16"), "JSON"),
        (b'{\n  "products": []}', "JSON"),
        (b'{"products": [' + LINE + b"]}\n", "JSON"),
        (LINE + b"\n" + LINE, "NDJSON"),
        (LINE + b"\r\n\r\n" + LINE, "NDJSON"),
        (b"\xef\xbb\xbf" + LINE + b"\n" + LINE, "NDJSON"),
        (LINE + b"\nbroken", "NDJSON"),
        (b'{"id": 1, "items": [1, 2]}\n' + LINE, "NDJSON"),
        (b'id,"title",price\n', CSV),
        (b"id;title;price\r\n", CSV),
        (b"id\ttitle\tprice\n", CSV),
        ("id;title;price;Größe\n".encode("cp1252"), f"{CSV}, Windows-1252"),
        ("id\ttitle\tprice\n".encode("utf-16"), f"{CSV}, UTF-16"),
        (b'<?xml version="1.0"?>' + ROOT, "RSS (Google Merchant)"),
        (b"\xef\xbb\xbf" + ROOT, "RSS (Google Merchant)"),
    ],
)
def test_contents_count_more_than_the_name(body: bytes, format_: str) -> None:
    for ending in (".json", ".ndjson", ".csv", ".xml", ""):
        assert reading(body, suffix=ending).format == format_


@pytest.mark.parametrize(
    ("body", "name", "format_"),
    [
        (LINE, ".ndjson", "NDJSON"),
        (LINE, ".jsonl.gz", "NDJSON"),
        (LINE, "", "NDJSON"),
        (LINE, ".JSON", "JSON"),
        (b'{"message": "no"}', "", "JSON"),
        (b'{"message": "no"}', ".jsonl", "NDJSON"),
        (b'{"id": 1, "items": [1, 2]}', ".ndjson", "NDJSON"),
        (b'{"id": 1, "items": [1, 2]}', "", "JSON"),
        (b'{"id": 1, "ti', ".ndjson", "NDJSON"),  # a broken line
        (b'{"id": 1, "ti', "", "JSON"),
        (b'{"id": 1, "ti\n' + LINE, ".ndjson", "NDJSON"),
        (b"[" * 100_000, "", "JSON"),
        (b'{"a":' * 100_000, "", "JSON"),
    ],
)
def test_the_name_counts_if_the_contents_fit_several_formats(body: bytes, name: str, format_: str) -> None:
    assert reading(body, suffix=name).format == format_


def test_the_option_counts_more_than_the_contents() -> None:
    [rejected] = read(b"[]\n", format_="ndjson")
    assert isinstance(rejected, Rejected)
