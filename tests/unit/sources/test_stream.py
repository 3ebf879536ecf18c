"""Sources that are read from a stream: pages, limits, errors and the end of a run."""

import asyncio
import gzip
import io
import json
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from medusa_sync.core.product import DesiredProduct
from medusa_sync.errors import SourceError
from medusa_sync.http import Download
from medusa_sync.sources import files as files_module
from medusa_sync.sources.base import Delivered, Page, Part, Reading, Refused, Rejected
from medusa_sync.sources.catalogue import Catalogue
from medusa_sync.sources.content import Opening, open_download
from medusa_sync.sources.files import FileSource
from medusa_sync.sources.open import SAMPLE
from tests.harness import catalogue
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import desired_product, row
from tests.unit.sources.pages import (
    CATALOGUE,
    DEEP,
    MAPPING,
    PAGE,
    Product,
    body_of,
    file_source,
    ids,
    page_of,
    pages,
    rows,
)

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("small_pages")]

URL = "https://source.test/products.json"


def downloaded(body: bytes, error: SourceError | None = None, **options: Any) -> Catalogue:
    """A source of a download."""

    async def fetch() -> Opening:
        return partial(open_download, Download(io.BytesIO(body), URL, "", error))

    return Catalogue(FileSource(fetch, **options), URL, MAPPING)


async def rows_before_error(source: Catalogue) -> tuple[list[int], SourceError]:
    """The ids that were delivered before the error."""
    delivered: list[Delivered] = []
    try:
        async for page in source.pages(None):
            delivered += page.rows
    except SourceError as error:
        return ids(delivered), error
    return pytest.fail("there was no error")


# --- pages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [None, 1, 100, 101, 250, 999])
async def test_file_is_delivered_in_pages(file: Path, limit: int | None) -> None:
    delivered = await pages(file_source(file, body_of(CATALOGUE)), limit)
    assert ids([row for page in delivered for row in page.rows]) == list(range(1, min(limit or 250, 250) + 1))
    assert all(len(page.rows) <= 100 for page in delivered)


@pytest.mark.parametrize(
    ("limit", "totals"),
    [
        (None, [None, None, 250]),
        (999, [None, None, 250]),
        (250, [None, None, 250]),
        (100, [None]),
    ],
)
async def test_the_total_is_known_once_the_end_is_read(
    file: Path, limit: int | None, totals: list[int | None]
) -> None:
    delivered = await pages(file_source(file, body_of(CATALOGUE)), limit)
    assert [page.total for page in delivered] == totals


async def test_a_small_file_is_one_page_with_its_total(file: Path) -> None:
    assert await pages(file_source(file, body_of([row(1)]))) == [Page((desired_product(1),), 1, of_file=True)]


async def test_with_a_limit_the_rest_of_a_file_is_not_read(file: Path) -> None:
    assert ids(await rows(file_source(file, PAGE[:-20]), 2)) == [1, 2]


@pytest.mark.parametrize("body", [body_of([row(1)], total=ABSENT), b"\xef\xbb\xbf" + body_of([row(1)])])
async def test_file_needs_no_total_and_may_start_with_a_byte_order_mark(file: Path, body: bytes) -> None:
    assert await rows(file_source(file, body)) == [desired_product(1)]


@pytest.mark.parametrize("limit", [None, 200])
async def test_file_is_complete_if_its_total_is_too_small(file: Path, limit: int | None) -> None:
    assert len(await rows(file_source(file, body_of(CATALOGUE, total=50)), limit)) == (limit or 250)


async def test_file_without_products_is_one_empty_page(file: Path) -> None:
    assert await pages(file_source(file, body_of([]))) == [Page((), 0, of_file=True)]


async def test_sample_is_complete() -> None:
    assert ids(await rows(file_source(SAMPLE))) == [product["id"] for product in catalogue.whole_sample()]


async def test_what_is_no_product_is_rejected_with_its_place(file: Path) -> None:
    source = file_source(file, json.dumps(row(1)).encode() + b'\n{"id": 2,\n')
    product, rejected = await rows(source)
    assert isinstance(rejected, Rejected)
    assert (rejected.external_id, rejected.source_id, rejected.title) == (None, None, "line 2")
    assert isinstance(product, DesiredProduct)


async def test_a_part_with_an_id_is_rejected_under_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_file: BinaryIO, _reading: Reading) -> Iterator[Part]:
        yield Refused("7", "Jug", "price: it is missing")

    monkeypatch.setattr(files_module, "reader_of", lambda _format: read)
    assert await rows(downloaded(b"[]")) == [Rejected("dummyjson:7", "7", "Jug", "price: it is missing")]


@pytest.mark.parametrize("form", ["json", "ndjson"])
@pytest.mark.parametrize(
    ("broken", "path"),
    [
        (row(2, price=float("nan")), "price"),
        (row(2, price=1e400), "price"),
        (row(2, stock=10**30), "stock"),
        (row(2, title="x" * 10_000_000), "title"),
        ("Jug", "Expected object"),
        (None, "Expected object"),
    ],
    ids=["nan", "infinity", "long", "10-mb", "text", "null"],
)
async def test_broken_product_is_rejected_alone(file: Path, form: str, broken: Any, path: str) -> None:
    members = [row(1), broken, row(3)]
    lines = "".join(f"{json.dumps(each)}\n" for each in members)
    body = json.dumps(members) if form == "json" else lines
    before, rejected, after = await rows(file_source(file, body.encode()))
    assert (before, after) == (desired_product(1), desired_product(3))
    assert isinstance(rejected, Rejected)
    assert rejected.reason.startswith(path)


@pytest.mark.parametrize("form", ["json", "ndjson"])
async def test_lone_surrogate_is_not_a_reason_to_reject(file: Path, form: str) -> None:
    product = json.dumps(row(1, title="Jug \ud83c"))
    body = f"[{product}]" if form == "json" else f"{product}\n\n{{}}"
    [delivered, *_] = await rows(file_source(file, body.encode()))
    assert delivered == desired_product(1, title="Jug \ud83c")


# --- formats --------------------------------------------------------------------------------------------


async def test_format_is_reported_with_the_compression(file: Path) -> None:
    source = file_source(file, gzip.compress(PAGE))
    assert source.format == ""
    await rows(source)
    assert source.format == "JSON, gzip"


async def test_format_option_counts_more_than_the_contents() -> None:
    [rejected] = await rows(downloaded(b"[]\n", format_="ndjson"))
    assert isinstance(rejected, Rejected)


# --- errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "is HTML, not a catalogue"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (PAGE[:-1], "is not complete JSON"),
        (PAGE.replace(b"title", b"t\xeftle"), "is not complete JSON: it is not UTF-8"),
        (page_of([], products=ABSENT), "has no list of products"),
        (page_of([row(1)], total=-1), "the total of the file is not a number"),
        (page_of([row(1)], total=2), "has 1 of 2 products"),
        (DEEP, "is nested too deeply"),
    ],
    ids=[
        *("html", "empty", "blank", "truncated", "not-utf-8", "products-missing", "total-negative"),
        *("total-too-large", "nested-deeply"),
    ],
)
async def test_broken_file_is_an_error(file: Path, body: bytes | Product, words: str) -> None:
    source = file_source(file, body if isinstance(body, bytes) else json.dumps(body).encode())
    with pytest.raises(SourceError, match=words) as caught:
        await rows(source)
    assert str(caught.value).startswith(f"{file}: ")


@pytest.mark.parametrize("kept", [0, 1, 99, 100, 101, 249])
async def test_what_came_before_an_error_is_delivered(file: Path, kept: int) -> None:
    body = b",".join(json.dumps(product).encode() for product in CATALOGUE[:kept])
    delivered, error = await rows_before_error(file_source(file, b"[" + body + b', {"id'))
    assert delivered == list(range(1, kept + 1))
    assert "is not complete JSON" in str(error)


async def test_what_was_downloaded_is_delivered_before_the_error_of_the_download() -> None:
    failed = SourceError(f"GET {URL}: the connection broke", hint="Run again.")
    body = json.dumps(CATALOGUE).encode()
    delivered, error = await rows_before_error(downloaded(body[: len(body) // 2], failed))
    assert 100 < len(delivered) < 150
    assert (str(error), error.hint) == (str(failed), "Run again.")


@pytest.mark.parametrize("body", [b"[]", b"[", b""])
async def test_a_failed_download_is_not_blamed_on_its_contents(body: bytes) -> None:
    failed = SourceError(f"GET {URL}: the connection broke")
    _, error = await rows_before_error(downloaded(body, failed))
    assert str(error) == str(failed)


async def test_unreadable_file_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.json", tmp_path / ("x" * 300)):
        with pytest.raises(SourceError, match="the file cannot be read") as caught:
            await rows(file_source(path))
        assert str(path) in str(caught.value)


# --- the end of a run -----------------------------------------------------------------------------------


async def test_a_step_ends_when_the_run_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is closed only after that."""
    begun, ended = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    file = io.BytesIO(b"[]")

    def read(_file: BinaryIO, _reading: Reading) -> Iterator[Part]:
        loop.call_soon_threadsafe(begun.set)
        try:
            time.sleep(0.1)
        finally:
            assert not file.closed
            ended.set()
        yield Refused(None, "", "")

    async def fetch() -> Opening:
        return partial(open_download, Download(file, URL, ""))

    monkeypatch.setattr(files_module, "reader_of", lambda _format: read)
    reading = asyncio.create_task(rows(Catalogue(FileSource(fetch), URL, MAPPING)))
    await begun.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert ended.is_set()
    assert file.closed


async def test_closing_early_closes_the_file() -> None:
    file = io.BytesIO(body_of(CATALOGUE))

    async def fetch() -> Opening:
        return partial(open_download, Download(file, URL, ""))

    delivery = Catalogue(FileSource(fetch), URL, MAPPING).pages(None)
    await anext(delivery)
    assert not file.closed
    await delivery.aclose()
    assert file.closed


# --- the rest of the interface --------------------------------------------------------------------------


async def test_a_download_has_no_category_names() -> None:
    assert await downloaded(b"[]").category_names() == {}


async def test_file_cannot_be_asked_for_one_product(file: Path) -> None:
    assert await file_source(file, body_of([row(1)])).has("1") is None
