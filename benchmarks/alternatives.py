"""Compares the command with the TypeScript job `sync-products` and with Medusa's CSV import."""

# The job is in `manendrajadeja/medusa_orientation`, the products are in `database/products.json` of
# `Ovi/DummyJSON`. Both are read from checkouts that the user provides. All ways write to one running store,
# in turn, after it was reset. What it prints is a section of benchmarks/README.md.

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psycopg
from slugify import slugify

from benchmarks.command import environment
from benchmarks.installed import install
from benchmarks.process import measure
from benchmarks.results import Results
from benchmarks.rows import Rendered
from tests.harness.cache import cached
from tests.harness.dummyjson import dummyjson
from tests.harness.medusa import MEDUSA_VERSION, Store
from tests.harness.medusa_server import project
from tests.harness.npm import node, npm_install
from tests.harness.postgres import TEST_DATABASE_PREFIX, running_postgres
from tests.harness.template import facts_of, template_database

Product = Mapping[str, Any]

JOB_FILE = Path("src", "jobs", "sync-products.ts")
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


_LEVELS = "variants.inventory_items.inventory.location_levels"
_FIELDS = (
    *("id", "external_id", "metadata", "*categories", "*tags", "*sales_channels", "*images"),
    *("variants.id", "variants.sku", "*variants.prices", f"{_LEVELS}.stocked_quantity"),
)
_CURRENCY = "usd"  # of DummyJSON


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alternatives", description=__doc__)
    parser.add_argument(
        "--job", type=Path, required=True, metavar="CHECKOUT", help="of manendrajadeja/medusa_orientation"
    )
    parser.add_argument(
        "--products", type=Path, required=True, metavar="FILE", help="database/products.json of Ovi/DummyJSON"
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds after the first, which warms up (5)")
    chosen = parser.parse_args()
    if not (chosen.job / JOB_FILE).is_file():
        parser.error(f"--job: a checkout with {JOB_FILE} is needed")
    products = json.loads(chosen.products.read_text(encoding="utf-8"))
    loads: list[float] = []
    command = install(Path("build", "bench-venv")).command
    with (
        tempfile.TemporaryDirectory(prefix="medusa-sync-bench-") as locks,
        dummyjson(products, _categories_of(products)) as source,
        _store(chosen.job, source.url) as store,
        _logged_in(store) as client,
    ):
        ways: list[Way] = [
            Job(client, store.log),
            CsvImport(client, store, products),
            Command(command, (), store, source.url, Path(locks)),
            Command(command, ("--batch-size", "100"), store, source.url, Path(locks)),
        ]
        for number in range(chosen.rounds + 1):
            loads.append(os.getloadavg()[0])
            for way in ways:
                print(f"round {number} of {chosen.rounds}: {way.title}", file=sys.stderr, flush=True)
                store.reset()
                way.measure(client, products, store.sales_channel_id)
                if number == 0:  # the first round warms up the server
                    way.seconds.clear()
    print(_section(ways, chosen.job, len(products), loads[1:]))


def _section(ways: Sequence[Way], checkout: Path, products: int, loads: Sequence[float]) -> str:
    """The table, with a column for each way, and what else was measured."""
    rows = [(what, *(_seconds(way.seconds[what]) for way in ways)) for what in (FIRST, AGAIN)]
    for name in ways[0].right:
        title = f"stored, of {products}" if name == "stored" else f"right {name}"
        rows.append((title, *(str(way.right[name]) for way in ways)))
    for kind in ways[0].kept:
        rows += [(f"{kind} that keep their ids", *(str(way.kept[kind]) for way in ways))]
    results = Results.begin()
    machine = results.machine
    where = f"{machine['cores']} cores of {machine['processor']}, Python {machine['python']}"
    revision: list[str | Path] = ["git", "-C", checkout, "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(revision, check=False, stdout=subprocess.PIPE, text=True).stdout.strip()
    title = (
        f"Medians of {len(loads)} rounds (fastest-slowest) on {where},\n"
        f"Medusa {MEDUSA_VERSION}, commit `{commit or 'unknown'}` of the job, {results.made_at[:10]}."
    )
    others = (
        f"- {what}: {_seconds(seconds)}."
        for way in ways
        for what, seconds in way.seconds.items()
        if what not in {FIRST, AGAIN}
    )
    load = f"- Load average at the start of the rounds: {', '.join(f'{each:.1f}' for each in loads)}."
    return "\n".join([Rendered(title, ("", *(way.title for way in ways)), rows).markdown(), *others, load])


def _seconds(measured: list[float]) -> str:
    return f"{median(measured):.2f} s ({min(measured):.2f}-{max(measured):.2f})"


@contextmanager
def _store(checkout: Path, source: str) -> Iterator[Store]:
    """A fresh store that also has the job."""
    with running_postgres() as postgres:
        template = template_database(postgres, MEDUSA_VERSION)
        name = f"{TEST_DATABASE_PREFIX}{secrets.token_hex(6)}"
        url = postgres.create_database(name, template)
        try:
            with project(MEDUSA_VERSION, url) as medusa:
                _add_job(medusa.folder, checkout, source)
                with medusa.serve() as store_url:
                    facts = asdict(facts_of(url))
                    yield Store(**facts, url=store_url, database_url=url, log=medusa.log)
        finally:
            postgres.drop_database(name)


# --- the ways --------------------------------------------------------------------------------------------

FIRST, AGAIN = "first sync", "nothing changed"


class Way:
    """One way to get the catalogue into the store.

    Attributes:
        seconds: one number per round, by what they were spent on.
        right: number of products that are stored, and that have the right price and so on.
        kept: number of products with the same ids after the second run, by kind of id.
    """

    title: str

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.right: dict[str, int] = {}
        self.kept: dict[str, int] = {}

    def add(self, what: str, seconds: float) -> None:
        self.seconds.setdefault(what, []).append(seconds)

    def measure(self, client: httpx.Client, products: Sequence[Product], channel_id: str) -> None:
        self.prepare()
        self.add(FIRST, self.first())
        stored = _stored_products(client)
        self.add(AGAIN, self.again())
        self.right = _right(products, stored, channel_id)
        self.kept = _kept(stored, _stored_products(client))

    def prepare(self) -> None:
        """Create what has to exist before the first sync."""

    def first(self) -> float:
        raise NotImplementedError

    def again(self) -> float:
        raise NotImplementedError


class Job(Way):
    """The job of a checkout, called inside the server; measured until it returns."""

    title = "`sync-products` job"

    def __init__(self, client: httpx.Client, log: Path) -> None:
        super().__init__()
        self._client = client
        self._log = log

    def first(self) -> float:
        return self._run("the job waits before it sends a refused batch again, first sync")

    def again(self) -> float:
        return self._run("the job waits before it sends a refused batch again, nothing changed")

    def _run(self, waiting: str) -> float:
        start = self._log.stat().st_size
        began = time.perf_counter()
        self._client.post("/benchmark").raise_for_status()
        wall_s = time.perf_counter() - began
        waits = re.findall(rb"retrying in (\d+)ms", self._log.read_bytes()[start:])
        self.add(waiting, sum(map(int, waits)) / 1000)
        return wall_s


def _add_job(folder: Path, checkout: Path, source: str) -> None:
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


class CsvImport(Way):
    """Medusa's product import; measured from the upload until Medusa says that the import is done."""

    title = "CSV import"

    def __init__(self, client: httpx.Client, store: Store, products: Sequence[Product]) -> None:
        super().__init__()
        self._client = client
        self._store = store
        self._products = products
        self._categories: dict[str, str] = {}
        self._tags: dict[str, str] = {}

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
        self.add("creating the categories and tags for the CSV import", time.perf_counter() - began)

    def first(self) -> float:
        return self._import(self._file({}), succeeds=True)

    def again(self) -> float:
        """Import the same file, which is refused, then one with the ids of the stored products."""
        self.add("importing the same CSV file is refused", self._import(self._file({}), succeeds=False))
        return self._import(self._file(_stored_products(self._client)), succeeds=True)

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


class Command(Way):
    """`medusa-sync products` with a secret key; measured from its start to its end."""

    def __init__(self, command: Path, flags: Sequence[str], store: Store, source: str, folder: Path) -> None:
        super().__init__()
        self.title = f"`{' '.join(['medusa-sync', *flags])}`"
        self._command: list[str | Path] = [command, "products", "--json", *flags]
        self._environment = {
            **environment(),
            "MEDUSA_BACKEND_URL": store.url,
            "MEDUSA_API_KEY": store.api_key,
            "SYNC_PRODUCTS_SOURCE": source,
            "SYNC_PRODUCTS_LOCK_DIR": str(folder),
        }

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


def _categories_of(products: Iterable[Product]) -> list[dict[str, str]]:
    """The categories as DummyJSON lists them."""
    slugs = dict.fromkeys(product["category"] for product in products)
    return [{"slug": slug, "name": _category_name(slug), "url": ""} for slug in slugs]


@contextmanager
def _logged_in(store: Store) -> Iterator[httpx.Client]:
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


# --- what is stored --------------------------------------------------------------------------------------


def _stored_products(client: httpx.Client) -> dict[str, Product]:
    """Return the products of the store by their id in the source.

    Raises:
        RuntimeError: a product is stored twice.
    """
    query: dict[str, str | int] = {"limit": 5000, "order": "id", "fields": ",".join(_FIELDS)}
    response = client.get("/admin/products", params=query)
    products = response.raise_for_status().json()["products"]
    by_id = {_source_id(product): product for product in products}
    if len(by_id) < len(products):
        raise RuntimeError(f"{len(products)} products are stored, but only {len(by_id)} different ones")
    return by_id


def _right(source: Iterable[Product], stored: Mapping[str, Product], channel_id: str) -> dict[str, int]:
    """Count the products that are stored, and those that have the right price, category and so on."""
    pairs = [(_wanted(product, channel_id), stored.get(str(product["id"]))) for product in source]
    found = [(wanted, _found(product)) for wanted, product in pairs if product is not None]
    names = pairs[0][0]
    counts = {name: sum(wanted[name] == there[name] for wanted, there in found) for name in names}
    return {"stored": len(found), **counts}


def _kept(before: Mapping[str, Product], after: Mapping[str, Product]) -> dict[str, int]:
    """Count the products of which all ids of a kind are the same as before."""
    pairs = [(_ids(product), _ids(after[source_id])) for source_id, product in before.items()]
    return {kind: sum(old[kind] == new[kind] for old, new in pairs) for kind in pairs[0][0]}


def _source_id(product: Product) -> str:
    """`external_id` is `1` or `name:1`; the TypeScript job stores the id in the metadata."""
    return str(product["external_id"] or product["metadata"]["external_id"]).rpartition(":")[2]


def _wanted(product: Product, channel_id: str) -> dict[str, object]:
    return {
        "price": [product["price"]],
        "category": [product["category"]],
        "tags": sorted(product["tags"]),
        "SKU": [product["sku"]],
        "stock level": [product["stock"]],
        "sales channel": [channel_id],
    }


def _found(product: Product) -> dict[str, object]:
    variants = product["variants"]
    prices = [price for variant in variants for price in variant["prices"]]
    items = [item["inventory"] for variant in variants for item in variant["inventory_items"]]
    return {
        "price": [price["amount"] for price in prices if price["currency_code"] == _CURRENCY],
        "category": [category["handle"] for category in product["categories"]],
        "tags": sorted(tag["value"] for tag in product["tags"]),
        "SKU": [variant["sku"] for variant in variants],
        "stock level": [level["stocked_quantity"] for item in items for level in item["location_levels"]],
        "sales channel": [channel["id"] for channel in product["sales_channels"]],
    }


def _ids(product: Product) -> dict[str, set[str]]:
    variants = product["variants"]
    return {
        "variants": {variant["id"] for variant in variants},
        "prices": {price["id"] for variant in variants for price in variant["prices"]},
        "images": {image["id"] for image in product["images"]},
    }


if __name__ == "__main__":
    main()
