"""A stub store that takes almost no time: it responds like Medusa, without checks."""

# `python -m benchmarks.stub` prints its URL. It measures the client alone, even with catalogues that would
# keep a real store busy for an hour. POST /admin/reset empties it.

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

_STORE = {
    "id": "store_1",
    "default_sales_channel_id": "sc_1",
    "default_location_id": "sloc_1",
    "supported_currencies": [{"currency_code": "usd"}],
}
_NAMED = {"sales-channels": "sc_1", "shipping-profiles": "sp_1", "stock-locations": "sloc_1"}

Row = dict[str, Any]
Query = dict[str, list[str]]


class Shelves:
    """The data of the store."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._products: dict[str, Row] = {}
        self._by: dict[str, dict[str, Row]] = {
            "external_id[]": {},
            "handle[]": {},
            "variants[sku][]": {},
            "id[]": {},
        }
        self._tables: dict[str, dict[str, Row]] = {
            "product-categories": {},
            "product-tags": {},
            "inventory-items": {},
        }
        self.lock = threading.Lock()

    def get(self, collection: str, query: Query) -> Row:
        name = collection.replace("-", "_")
        if collection == "stores":
            return {"stores": [_STORE]}
        if collection in _NAMED:
            return {name: [{"id": _NAMED[collection], "name": collection}]}
        if collection in self._tables:
            table = self._tables[collection]
            asked = [key for key in query if key.endswith("[]")]
            keys = [value for key in asked for value in query[key]] if asked else list(table)
            found_terms = [table[key] for key in keys if key in table]
            return {name: found_terms, "limit": int(query["limit"][0])}
        limit, offset = (int(query[key][0]) if key in query else 0 for key in ("limit", "offset"))
        found: Iterable[Row] = itertools.islice(self._products.values(), offset, offset + limit)
        for key, index in self._by.items():
            if key in query:
                found = [index[value] for value in query[key] if value in index]
        if "external_id" in query:  # asks for products without one
            found = []
        fields = {field.partition(".")[0] for field in query["fields"][0].split(",")}
        products = [{field: product[field] for field in fields if field in product} for product in found]
        return {"products": products, "count": len(self._products), "offset": offset, "limit": limit}

    def post(self, path: list[str], body: Row) -> Row:
        match path:
            case ["products", "batch"]:
                return {
                    "created": [self._create(product) for product in body.get("create", [])],
                    "updated": [self._update(product) for product in body.get("update", [])],
                }
            case ["product-categories" | "product-tags" as collection]:
                row = {**body, "id": self._id("ref")}
                self._tables[collection][body.get("handle") or body["value"]] = row
                return {collection.replace("-", "_").replace("ies", "y").removesuffix("s"): row}
            case _:  # stock levels
                return {"created": [], "updated": []}

    def _create(self, product: Row) -> Row:
        variant = {
            **product["variants"][0],
            "id": self._id("variant"),
            "inventory_items": [{"inventory_item_id": self._id("iitem")}],
        }
        stored = {**product, "id": self._id("prod"), "variants": [variant]}
        self._products[stored["id"]] = self._by["id[]"][stored["id"]] = stored
        self._by["external_id[]"][stored["external_id"]] = stored
        self._by["handle[]"][stored["handle"]] = stored
        self._by["variants[sku][]"][variant["sku"]] = stored
        return _written(stored)

    def _update(self, changes: Row) -> Row:
        stored = self._products[changes["id"]]
        stored["metadata"] |= changes.get("metadata", {})
        return _written(stored)

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers):026d}"


def _written(stored: Row) -> Row:
    variant = stored["variants"][0]
    shown = {name: variant[name] for name in ("id", "sku", "inventory_items")}
    return {"id": stored["id"], "external_id": stored["external_id"], "variants": [shown]}


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.shelves = Shelves()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query: defaultdict[str, list[str]] = defaultdict(list)
        for key, value in parse_qsl(parts.query):
            query[key].append(value)
        collection = parts.path.split("/")[2]
        self._respond(lambda: self.server.shelves.get(collection, query))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        path = urlsplit(self.path).path.split("/")[2:]
        if path == ["reset"]:
            self.server.shelves = Shelves()
        self._respond(lambda: self.server.shelves.post(path, msgspec.json.decode(body)))

    def _respond(self, work: Callable[[], Row]) -> None:
        with self.server.shelves.lock:
            body = msgspec.json.encode(work())
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def log_message(self, *_args: object) -> None:
        pass


def main() -> None:
    with suppress(KeyboardInterrupt), _Server() as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
