"""Our own sources pass the tests that those of other packages must pass."""

import csv
import gzip
import io
import json
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync import testing
from medusa_sync.errors import SourceError
from medusa_sync.sources.api import ApiSource
from medusa_sync.sources.base import ItemSource
from medusa_sync.sources.open import _FileSource
from medusa_sync.testing import PRODUCTS, Product, SourceTests
from tests.unit.builders import SOURCE_URL, http_client


@pytest.fixture(autouse=True)
def _several_small_pages(small_pages: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - a fixture that patches
    monkeypatch.setattr(testing, "PRODUCTS", PRODUCTS[:250])


class _FileTests(SourceTests):
    suffix = ""

    def written(self, products: Sequence[Product]) -> bytes:
        raise NotImplementedError

    def opened(self, content: bytes, folder: Path) -> ItemSource:
        path = folder / f"products{self.suffix}"
        path.write_bytes(content)
        return _FileSource(path, "auto", has_map=self.source_map is not None)

    def source(self, products: Sequence[Product], folder: Path) -> ItemSource:
        return self.opened(self.written(products), folder)

    def cut_off(self, products: Sequence[Product], folder: Path) -> ItemSource:
        return self.opened(self.written(products)[:-20], folder)


class TestJson(_FileTests):
    suffix = ".json"

    def written(self, products: Sequence[Product]) -> bytes:
        return json.dumps(products).encode()


class TestJsonWithMap(TestJson):
    source_map = "map.jq"

    @pytest.fixture(autouse=True)
    def _map(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        Path("map.jq").write_text(".")


class TestLinesOfJson(_FileTests):
    suffix = ".ndjson"

    def written(self, products: Sequence[Product]) -> bytes:
        return "".join(json.dumps(each) + "\n" for each in products).encode()


class TestCompressedTable(_FileTests):
    suffix = ".csv.gz"

    def written(self, products: Sequence[Product]) -> bytes:
        text = io.StringIO()
        writer = csv.DictWriter(text, ["id", "title", "price"])
        writer.writeheader()
        writer.writerows(products)
        return gzip.compress(text.getvalue().encode())


class TestFeed(_FileTests):
    suffix = ".xml"

    def written(self, products: Sequence[Product]) -> bytes:
        items = "".join(
            f"<item><g:id>{each['id']}</g:id><title>{escape(each['title'])}</title>"
            f"<g:price>{each['price']} USD</g:price></item>"
            for each in products
        )
        head = '<rss xmlns:g="http://base.google.com/ns/1.0"><channel>'
        return f"{head}{items}</channel></rss>".encode()


class TestWorkbook(_FileTests):
    suffix = ".xlsx"

    def written(self, products: Sequence[Product]) -> bytes:
        openpyxl = pytest.importorskip("openpyxl", reason="the extra `excel` is not installed")
        book = openpyxl.Workbook()
        for row in (["id", "title", "price"], *(each.values() for each in products)):
            book.worksheets[0].append([*row])
        found = io.BytesIO()
        book.save(found)
        return found.getvalue()


class _UrlTests(SourceTests):
    @pytest.fixture(autouse=True)
    def _mock(self, httpx_mock: HTTPXMock) -> None:
        self.httpx_mock = httpx_mock

    def served(self, respond: Any) -> ItemSource:
        """The source whose server responds to a query."""

        def answer(request: httpx.Request) -> httpx.Response:
            found = respond(dict(request.url.params))
            return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)

        self.httpx_mock.add_callback(answer, is_reusable=True, is_optional=True)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client = httpx.AsyncClient(verify=tls, trust_env=False)
        return ApiSource(http_client(client, unavailable=SourceError), self.url)

    url = SOURCE_URL


class TestPages(_UrlTests):
    def source(self, products: Sequence[Product], folder: Path) -> ItemSource:
        del folder
        return self.served(lambda query: self.page(products, query, len(products)))

    def cut_off(self, products: Sequence[Product], folder: Path) -> ItemSource:
        del folder
        return self.served(lambda query: self.page(products[:100], query, len(products)))

    def repeating(self, products: Sequence[Product], folder: Path) -> ItemSource | None:
        del folder
        return self.served(lambda query: self.page(products, query | {"skip": "0"}, len(products)))

    def page(self, products: Sequence[Product], query: dict[str, str], total: int) -> dict[str, Any]:
        skip, limit = int(query.get("skip", 0)), int(query.get("limit", 30))
        return {"products": products[skip : skip + limit], "total": total, "skip": skip, "limit": limit}


class TestNumberedPages(TestPages):
    url = f"{SOURCE_URL}?page=1"

    def page(self, products: Sequence[Product], query: dict[str, str], total: int) -> dict[str, Any]:
        start = 0 if "skip" in query else (int(query["page"]) - 1) * 100
        return {"products": products[start : start + 100], "total": total}


class TestFileAtUrl(_UrlTests):
    url = "https://source.example/products.ndjson"

    def source(self, products: Sequence[Product], folder: Path) -> ItemSource:
        del folder
        text = "".join(json.dumps(each) + "\n" for each in products)
        return self.served(lambda _: httpx.Response(200, text=text))

    def cut_off(self, products: Sequence[Product], folder: Path) -> ItemSource:
        del folder
        text = "".join(json.dumps(each) + "\n" for each in products)
        return self.served(lambda _: httpx.Response(200, text=text[:-20]))
