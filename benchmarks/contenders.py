"""Three ways to get the catalogue into the store: the TypeScript job, the CSV import, the command."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
import psycopg
from slugify import slugify

from benchmarks.arrived import Product, stored_products
from benchmarks.command import environment
from benchmarks.process import measure
from tests.harness.cache import cached
from tests.harness.medusa import Store
from tests.harness.npm import node, npm_install

JOB_FILE = Path("src", "jobs", "sync-products.ts")
WAITING_FIRST, WAITING_AGAIN = "waiting, first sync", "waiting, nothing changed"
PREPARING, SAME_FILE = "creating categories and tags", "the same file again"
_DUMMYJSON = "https://dummyjson.com/products"
_TYPESCRIPT = "5.9.3"
_ROUTE = """\
const { default: syncProducts } = require("../../unscheduled/sync-products")

exports.POST = async (request, response) => {
  await syncProducts(request.scope)
  response.json({})
}
"""
_WITHIN_S = 300


class Contender(Protocol):
    """One way. The methods return seconds.

    Attributes:
        details: more seconds, by what they were spent on.
    """

    title: str
    details: dict[str, list[float]]

    def prepare(self) -> None:
        """Create what has to exist before the first sync."""

    def first(self) -> float: ...

    def again(self) -> float: ...


class Job:
    """The job of a checkout, called inside the server; measured until it returns."""

    title = "`sync-products` job"

    def __init__(self, client: httpx.Client, log: Path) -> None:
        self._client = client
        self._log = log
        self.details: dict[str, list[float]] = {}

    def prepare(self) -> None:
        pass

    def first(self) -> float:
        return self._run(WAITING_FIRST)

    def again(self) -> float:
        return self._run(WAITING_AGAIN)

    def _run(self, waiting: str) -> float:
        start = self._log.stat().st_size
        began = time.perf_counter()
        self._client.post("/benchmark").raise_for_status()
        wall_s = time.perf_counter() - began
        waits = re.findall(rb"retrying in (\d+)ms", self._log.read_bytes()[start:])
        self.details.setdefault(waiting, []).append(sum(map(int, waits)) / 1000)
        return wall_s


def add_job(folder: Path, checkout: Path, source: str) -> None:
    """Compile the job into a folder that runs Medusa, with a route that calls it.

    The URL of DummyJSON is part of its code, not a setting. It is replaced in the copy.

    Raises:
        RuntimeError: the URL is not in the code, so the job would read from somewhere else.
    """
    copy = folder / "checkout"
    # Medusa schedules what it finds in `jobs`. Elsewhere, the job only runs when the route calls it.
    for name, copied_name in {"jobs": "unscheduled", "utils": "utils", "workflows": "workflows"}.items():
        shutil.copytree(checkout / "src" / name, copy / copied_name)
    if (checkout / "src" / "modules").exists():
        shutil.copytree(checkout / "src" / "modules", copy / "modules")
    scripts = {path: path.read_text(encoding="utf-8") for path in copy.rglob("*.ts")}
    if not any(_DUMMYJSON in code for code in scripts.values()):
        raise RuntimeError(f"{checkout}: no file has the URL {_DUMMYJSON}")
    for path, code in scripts.items():
        path.write_text(code.replace(_DUMMYJSON, source), encoding="utf-8")
    compiler = cached(f"typescript-{_TYPESCRIPT}", _install_typescript) / "node_modules/typescript/bin/tsc"
    options = ["--noCheck", "--target", "es2021", "--module", "node16", "--rootDir", "checkout"]
    subprocess.run([node(), compiler, *options, "--outDir", "src", *scripts], cwd=folder, check=True)
    route = folder / "src" / "api" / "benchmark" / "route.js"
    route.parent.mkdir(parents=True)
    route.write_text(_ROUTE, encoding="utf-8")


def _install_typescript(folder: Path) -> None:
    package = {"private": True, "dependencies": {"typescript": _TYPESCRIPT}}
    (folder / "package.json").write_text(json.dumps(package), encoding="utf-8")
    npm_install(folder)


class CsvImport:
    """Medusa's product import; measured from the upload until Medusa says that the import is done."""

    title = "CSV import"

    def __init__(self, client: httpx.Client, store: Store, products: Sequence[Product]) -> None:
        self._client = client
        self._store = store
        self._products = products
        self._categories: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self.details: dict[str, list[float]] = {}

    def prepare(self) -> None:
        """Create categories and tags: the file refers to them by id."""
        slugs = dict.fromkeys(product["category"] for product in self._products)
        values = dict.fromkeys(tag for product in self._products for tag in product["tags"])
        began = time.perf_counter()
        for slug in slugs:
            body = {"name": _category_name(slug), "handle": slug, "is_active": True}
            self._categories[slug] = self._post("product-categories", json=body)["product_category"]["id"]
        for value in values:
            self._tags[value] = self._post("product-tags", json={"value": value})["product_tag"]["id"]
        self.details.setdefault(PREPARING, []).append(time.perf_counter() - began)

    def first(self) -> float:
        return self._import(self._file({}), succeeds=True)

    def again(self) -> float:
        """Import the same file, which is refused, then one with the ids of the stored products."""
        self.details.setdefault(SAME_FILE, []).append(self._import(self._file({}), succeeds=False))
        return self._import(self._file(stored_products(self._client)), succeeds=True)

    def _import(self, file: bytes, *, succeeds: bool) -> float:
        name, kind = "products.csv", "text/csv"
        with psycopg.connect(self._store.database_url, autocommit=True) as connection:
            seen = len(_notifications(connection))
            began = time.perf_counter()
            uploaded = self._post("uploads", files={"files": (name, file, kind)})["files"][0]["id"]
            body = {
                "file_key": uploaded,
                "originalname": name,
                "extension": "csv",
                "mime_type": kind,
                "size": len(file),
            }
            transaction = self._post("products/imports", json=body)["transaction_id"]
            self._post(f"products/imports/{transaction}/confirm")
            while len(found := _notifications(connection)) == seen:
                if time.perf_counter() - began > _WITHIN_S:
                    raise TimeoutError(f"the import has not ended, see {self._store.log}")
                time.sleep(0.01)
            wall_s = time.perf_counter() - began
        if any("successfully" in text for text in found[seen:]) != succeeds:
            raise RuntimeError(f"unexpected end of the import: {found[seen:]}, see {self._store.log}")
        return wall_s

    def _post(self, path: str, **content: Any) -> Any:
        return self._client.post(f"/admin/{path}", **content).raise_for_status().json()

    def _file(self, stored: Mapping[str, Product]) -> bytes:
        """Return the catalogue in the format of Medusa's template, with the ids of stored products."""
        rows = [self._row(product, stored.get(str(product["id"]))) for product in self._products]
        columns = dict.fromkeys(column for row in rows for column in row)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode()

    def _row(self, product: Product, stored: Product | None) -> dict[str, object]:
        ids = (
            {} if stored is None else {"Product Id": stored["id"], "Variant Id": stored["variants"][0]["id"]}
        )
        return {
            **ids,
            "Product Handle": f"{slugify(product['title'])}-{product['id']}",
            "Product Title": product["title"],
            "Product Description": product["description"],
            "Product Status": "published",
            "Product Thumbnail": product["thumbnail"],
            "Product Weight": product["weight"],
            "Product External Id": product["id"],
            "Shipping Profile Id": self._store.shipping_profile_id,
            "Product Sales Channel 1": self._store.sales_channel_id,
            "Product Category 1": self._categories[product["category"]],
            **_numbered("Product Tag {}", (self._tags[tag] for tag in product["tags"])),
            **_numbered("Product Image {} Url", product["images"]),
            "Variant Title": "Default",
            "Variant SKU": product["sku"],
            "Variant Barcode": product["meta"]["barcode"],
            "Variant Manage Inventory": "TRUE",
            "Variant Allow Backorder": "FALSE",
            "Variant Price USD": product["price"],
            "Variant Option 1 Name": "Default",
            "Variant Option 1 Value": "Default",
        }


class Command:
    """`medusa-sync products` with a secret key; measured from its start to its end."""

    def __init__(self, command: Path, flags: Sequence[str], store: Store, source: str, folder: Path) -> None:
        self.title = f"`{' '.join(['medusa-sync', *flags])}`"
        self.details: dict[str, list[float]] = {}
        self._command: list[str | Path] = [command, "products", "--json", *flags]
        self._environment = {
            **environment(),
            "MEDUSA_BACKEND_URL": store.url,
            "MEDUSA_API_KEY": store.api_key,
            "SYNC_PRODUCTS_SOURCE": source,
            "SYNC_PRODUCTS_LOCK_DIR": str(folder),
        }

    def prepare(self) -> None:
        pass

    def first(self) -> float:
        return self._run("created")

    def again(self) -> float:
        return self._run("unchanged")

    def _run(self, outcome: str) -> float:
        taken = measure(self._command, self._environment)
        counts = json.loads(taken.stdout)["counts"]
        if any(count for name, count in counts.items() if name not in {"seen", outcome}):
            raise RuntimeError(f"expected only {outcome} products, got {counts}")
        return taken.wall_s


def categories_of(products: Iterable[Product]) -> list[dict[str, str]]:
    """The categories as DummyJSON lists them."""
    slugs = dict.fromkeys(product["category"] for product in products)
    return [{"slug": slug, "name": _category_name(slug), "url": ""} for slug in slugs]


@contextmanager
def logged_in(store: Store) -> Iterator[httpx.Client]:
    """A client with the token that the admin uses."""
    with httpx.Client(base_url=store.url, timeout=_WITHIN_S) as client:
        body = {"email": store.email, "password": store.password}
        token = client.post("/auth/user/emailpass", json=body).raise_for_status().json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def _category_name(slug: str) -> str:
    return slug.replace("-", " ").title()


def _numbered(column: str, values: Iterable[str]) -> dict[str, str]:
    return {column.format(number): value for number, value in enumerate(values, start=1)}


def _notifications(connection: psycopg.Connection) -> list[str]:
    """The texts that the admin shows to the merchant."""
    query = "SELECT data->>'description' FROM notification ORDER BY created_at"
    return [text for (text,) in connection.execute(query).fetchall()]
