"""What the reader of a page has before its commands run, and the servers that the commands meet."""

import csv
import io
import json
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.container.dockerfile import context
from tests.harness.catalogue import products
from tests.pages import blocks

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SIZE = 160  # more than the numbers of `--min-products` in the pages
ROWS = [
    {"id": str(n), "title": f"Mug {n}", "price": f"{n}.50", "sku": f"MUG-{n}", "stock": "4"}
    for n in range(1, SIZE + 1)
]
_SETTINGS = """\
MEDUSA_BACKEND_URL=https://store.example.com
MEDUSA_API_KEY=sk_...
SYNC_PRODUCTS_SOURCE=catalogue.csv
SYNC_PRODUCTS_SOURCE_NAME=shop
"""


@dataclass(frozen=True)
class Scene:
    """Where the commands of a page run.

    Args:
        stored: how many products are in the store in the end.
        files: what the reader has.
        prepare: does what a text cannot.
        replaced: texts that the test uses in place of words of the page.
    """

    stored: int
    files: Mapping[str, str]
    prepare: Callable[[Path], None] = lambda _folder: None
    replaced: Mapping[str, str] = field(default_factory=dict)


def csv_of(rows: list[dict[str, str]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


CATALOGUE = csv_of(ROWS)
FEW = csv_of(ROWS[:5])


def checkout(folder: Path) -> None:
    """What is needed to install the command."""
    for name in context():
        path = ROOT / name
        (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / name)


def _dropped(folder: Path) -> None:
    """A file that was dropped some time ago, and one that is still being uploaded."""
    for name, age_s in (("new.csv", 0), ("whole.csv", 300), ("old.csv", 900)):
        path = folder / "drop" / name
        os.utime(path, (time.time() - age_s,) * 2)


def _shop_database(folder: Path) -> None:
    shutil.copytree(DOCS / "examples" / "shopdb", folder / "shopdb")
    with closing(sqlite3.connect(folder / "shop.db")) as database, database:
        database.execute("CREATE TABLE products (number, name, cents, quantity, labels, active)")
        database.execute("INSERT INTO products VALUES (1, 'Mug', 950, 4, 'clay', 1), (2, 'Jug', 1, 1, '', 0)")


def _page(name: str, language: str) -> str:
    """The first block in this language."""
    return next(each.text for each in blocks(DOCS / name) if each.language == language)


SCENES: Mapping[str, Scene] = {
    "README.md": Scene(20, {}, checkout),
    "alternatives.md": Scene(20, {"products.csv": FEW}),
    "from-shopify.md": Scene(0, {}),
    "from-woocommerce.md": Scene(0, {}),
    "going-live.md": Scene(1, {}),
    "installation.md": Scene(
        0,
        {
            "catalogue.csv": FEW,
            ".env": _SETTINGS,
            "forget.py": (DOCS / "examples" / "forget.py").read_text(encoding="utf-8"),
        },
        checkout,
    ),
    "maps.md": Scene(0, {"erp.json": f"[{_page('maps.md', 'json')}]", "erp.jq": _page("maps.md", "jq")}),
    "ownership.md": Scene(5, {".env": _SETTINGS, "catalogue.csv": FEW}),
    "python-api.md": Scene(
        1,
        {".env": _SETTINGS},
        _shop_database,
        replaced={"/var/lib/shop.db": "$PWD/shop.db"},
    ),
    "scaling.md": Scene(5, {".env": _SETTINGS, "catalogue.csv": FEW}),
    "scheduling.md": Scene(
        0,
        {".env": _SETTINGS, "catalogue.csv": FEW},
        replaced={"/opt/medusa-sync/bin/medusa-sync": "medusa-sync", "/etc/medusa-sync/env": ".env"},
    ),
    "sources.md": Scene(
        SIZE,
        {
            **dict.fromkeys(("drop/new.csv", "drop/old.csv"), "id,title"),
            "drop/whole.csv": CATALOGUE,
            "changed.sql": f"{_page('sources.md', 'sql')} AND changed_at > now() - interval '1 day'",
            "changed.sh": "medusa-sync products --source changed.csv --min-products 0",
            "all.sh": "medusa-sync products --on-missing draft",
            "login.txt": "email=shop@example.com&password=hush",
            "headers.txt": "X-Api-Key: hush\n",
            "query.json": '{"active": true}',
            "client.txt": "grant_type=client_credentials&client_secret=hush",
        },
        _dropped,
    ),
}
"""By the page. The commands of the tutorial have a test of their own, which compares what they print."""


class Web(BaseHTTPRequestHandler):
    """The hosts that the pages name, each below a path with its name; and a bucket of S3."""

    bucket = CATALOGUE.encode()

    def do_GET(self) -> None:
        self._answer(b"")

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the standard library
        """Print nothing."""

    def _answer(self, body: bytes) -> None:
        path = self.path.partition("?")[0]
        headers = {"Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
        match self.command, path:
            case "GET", "/shop.example.com/products.json":
                self._send(200, _as_json({"products": shopify()}))
            case "GET", "/shop.example.com/wp-json/wc/v3/products":
                signed = self.headers["Authorization"] is not None
                self._send(
                    200 if signed else 401,
                    _as_json([_example("woocommerce.json")]),
                    **{"X-WP-TotalPages": "1"},
                )
            case "GET", "/dummyjson.com/products":
                rows = products(20)
                self._send(200, _as_json({"products": rows, "total": len(rows)}))
            case "POST", "/shop.example.com/login":
                known = body == SCENES["sources.md"].files["login.txt"].encode()
                self._send(200 if known else 403, b"Welcome", **{"Set-Cookie": "session=7; Path=/"})
            case "GET", "/shop.example.com/export.csv":
                self._send(200 if "session=7" in self.headers["Cookie"] else 403, CATALOGUE.encode())
            case "POST", "/erp.example.com/articles/search":
                known = self.headers["X-Api-Key"] == "hush" and json.loads(body) == {"active": True}
                self._send(200 if known else 403, _as_json(ROWS))
            case "POST", "/erp.example.com/oauth/token":
                self._send(200 if b"hush" in body else 403, _as_json({"access_token": "t-1"}))
            case "GET", "/erp.example.com/articles":
                self._send(200 if self.headers["Authorization"] == "Bearer t-1" else 401, _as_json(ROWS))
            case "GET", "/docs.google.com/spreadsheets/d/e/2PACX-1v/pub":
                self._send(307, b"", Location="/googleusercontent.com/pub")
            case "GET", "/googleusercontent.com/pub":
                self._send(200, CATALOGUE.encode(), **{"Content-Type": "text/csv"})
            case "GET" | "HEAD", "/export/catalogue.csv":
                signed = "X-Amz-Signature" in self.path or "AWS4" in self.headers.get("Authorization", "")
                self._send(200 if signed else 403, self.bucket, **headers)
            case _:
                self._send(404, b"")

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def web() -> Iterator[str]:
    """Run the hosts of the pages, and yield the URL below which they are."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    thread = Thread(target=partial(server.serve_forever, poll_interval=0.01))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def at(base: str, text: str) -> str:
    """The text with the hosts of the pages replaced by the ones of `web`."""
    host = r"https://([^/@\s']+@)?((?:shop|erp)\.example\.com|docs\.google\.com|dummyjson\.com)"
    return re.sub(
        host, lambda found: f"http://{found[1] or ''}{base.removeprefix('http://')}/{found[2]}", text
    )


def shopify() -> list[dict[str, Any]]:
    """The products of a shop as Shopify publishes them."""
    tee = _example("shopify.json")
    return [tee | {"id": n, "title": f"Tee {n}", "handle": f"tee-{n}"} for n in range(SIZE)]


def _example(name: str) -> dict[str, Any]:
    product: dict[str, Any] = json.loads((ROOT / "tests" / "catalogues" / name).read_text(encoding="utf-8"))[
        0
    ]
    return product


def _as_json(value: object) -> bytes:
    return json.dumps(value).encode()
