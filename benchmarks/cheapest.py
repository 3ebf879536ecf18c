"""The cheapest known way to do the work of a sync: the fewest requests, and nothing else.

    MEDUSA_API_KEY=sk_... python cheapest.py quiet|first|changed --source URL --store URL [--batch-size N]

It prints the wall time without the start of Python, and the number of requests, as JSON. It uses no code of
medusa_sync, but writes the same products and records, so that a sync after it finds nothing to do. It takes
shortcuts that a real client cannot take: it handles no errors, and it expects that nobody else writes.

- quiet: reads the pages of source and store, and does not even decode them.
- first: expects a store without products.
- changed: expects that the source changed only prices and stock.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any

import httpx

SOURCE_PAGE = 1_000
STORE_PAGE = 2_000
PAGES_AT_ONCE = 4
LOOK_UP = 300  # products whose tags, categories or details are read in one request
TERMS_AT_ONCE = 8  # tags and categories: each is created in its own request
BATCHES_AT_ONCE = 2
ACKNOWLEDGED_AT_ONCE = 400  # products

CURRENCY = "usd"
LATE = ("sku", "barcode", "price", "stock")  # fields that commit after the product row
SCAN = {"fields": "id,external_id,metadata", "order": "id"}
WRITTEN = "id,external_id,variants.id,variants.inventory_items.inventory_item_id"
DETAILS = (
    "id,variants.id,variants.price_set.prices.id,variants.price_set.prices.currency_code,"
    "variants.inventory_items.inventory_item_id"
)

Json = dict[str, Any]


class Server:
    """Requests to the source or to the store."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url
        self.requests = 0

    async def read(self, path: str, query: Any = None) -> bytes:
        return await self._send("GET", path, query, None)

    async def get(self, path: str, query: Any = None) -> Any:
        return json.loads(await self._send("GET", path, query, None))

    async def post(self, path: str, body: Json, fields: str) -> Any:
        content = json.dumps(body, separators=(",", ":")).encode()
        return json.loads(await self._send("POST", path, {"fields": fields}, content))

    async def _send(self, method: str, path: str, query: Any, content: bytes | None) -> bytes:
        self.requests += 1
        headers = {"content-type": "application/json"} if content else None
        response = await self._client.request(
            method, self._url + path, params=query, content=content, headers=headers
        )
        if response.is_error:
            raise RuntimeError(f"{method} {path}: {response.status_code} {response.text[:300]}")
        return response.content


# --- reading pages ---


async def pages(
    read: Callable[[int], Awaitable[bytes]], size: int, total: Callable[[bytes], int]
) -> AsyncIterator[bytes]:
    """All pages in order; the first one says how many there are."""
    first = await read(0)
    offsets = range(size, total(first), size)
    slots = asyncio.Semaphore(PAGES_AT_ONCE)

    async def read_in_turn(offset: int) -> bytes:
        async with slots:
            return await read(offset)

    others = [asyncio.create_task(read_in_turn(offset)) for offset in offsets]
    yield first
    for page in others:
        yield await page


def source_pages(source: Server) -> AsyncIterator[bytes]:
    def read(skip: int) -> Awaitable[bytes]:
        return source.read("", {"limit": SOURCE_PAGE, "skip": skip})

    return pages(read, SOURCE_PAGE, lambda page: number_at_end(page, "total"))


def store_pages(store: Server) -> AsyncIterator[bytes]:
    def read(offset: int) -> Awaitable[bytes]:
        return store.read("/admin/products", {**SCAN, "limit": STORE_PAGE, "offset": offset})

    return pages(read, STORE_PAGE, lambda page: number_at_end(page, "count"))


def number_at_end(page: bytes, name: str) -> int:
    """A number after the long list of a page, without decoding the list."""
    found = re.search(rb'"%s":(\d+)' % name.encode(), page[-100:])
    if found is None:
        raise ValueError(f"no {name} in {page[-100:]!r}")
    return int(found[1])


# --- what a product should be (docs/mapping.md) ---


def desired(product: Json) -> Json:
    """The fields of a product, by their name in the record."""
    dimensions = product.get("dimensions") or {}
    return {
        "title": product["title"],
        "subtitle": None,
        "description": product.get("description"),
        "thumbnail": product.get("thumbnail"),
        "weight": product.get("weight"),
        "length": dimensions.get("depth"),
        "height": dimensions.get("height"),
        "width": dimensions.get("width"),
        "origin_country": None,
        "hs_code": None,
        "mid_code": None,
        "material": None,
        "categories": [product["category"]],
        "tags": list(dict.fromkeys(product["tags"])),
        "images": list(dict.fromkeys(product["images"])),
        "sku": product.get("sku"),
        "barcode": product["meta"].get("barcode"),
        "price": product["price"],
        "stock": product["stock"],
        "metadata.brand": product.get("brand"),
        "metadata.rating": product.get("rating"),
        "metadata.review_count": len(product["reviews"]),
        "metadata.discount_percentage": product.get("discountPercentage"),
        "metadata.warranty_information": product.get("warrantyInformation"),
        "metadata.shipping_information": product.get("shippingInformation"),
        "metadata.return_policy": product.get("returnPolicy"),
        "metadata.minimum_order_quantity": product.get("minimumOrderQuantity"),
        "metadata.availability_status": product.get("availabilityStatus"),
    }


def external_id(product: Json) -> str:
    return f"dummyjson:{product['id']}"


def remembered(value: Any) -> Any:
    """A value as the record keeps it: long texts become a digest."""
    if isinstance(value, list):
        return [remembered(member) for member in value]
    if isinstance(value, str) and (len(value) > 40 or re.fullmatch(r"#[0-9a-f]{12}", value)):
        return "#" + blake2b(value.encode(), digest_size=6).hexdigest()
    return value


def applied(fields: Json, variant_id: str) -> Json:
    """The record of a complete product."""
    kept = {name: remembered(value) for name, value in fields.items()}
    return {"version": 2, "fields": kept, "currency": CURRENCY, "variant": variant_id}


def note(record: Json, before: Json, late: Iterable[str], step: str) -> Json:
    """The record to send with a write: some of its fields are not known to arrive."""
    now = record["fields"]
    kept = {name: before[name] for name in late if name in before}
    fields = {name: value for name, value in now.items() if name not in late} | kept
    sent = {name: [now[name]] for name in late}
    pending = {"step": step, "fields": sent, "currency": CURRENCY, "at": int(time.time())}
    noted = {**record, "fields": fields, "pending": pending}
    return {name: value for name, value in noted.items() if value != ""}


# --- quiet run ---


async def quiet(source: Server, store: Server, _batch_size: int) -> None:
    async def read_all(found: AsyncIterator[bytes]) -> None:
        async for _ in found:
            pass

    await asyncio.gather(read_all(source_pages(source)), read_all(store_pages(store)))


# --- first sync ---


class Terms:
    """Ids of tags or categories: found with one request for many products, created in single requests.

    Args:
        store: the store.
        path: of the list; its last part is also the name of the list in a response.
        key: the unique attribute.
        body: of a new one.
        slots: limits the requests that create one.
    """

    def __init__(
        self,
        store: Server,
        path: str,
        key: str,
        body: Callable[[str], Awaitable[Json]],
        slots: asyncio.Semaphore,
    ) -> None:
        self._store = store
        self._path = path
        self._key = key
        self._body = body
        self._slots = slots
        self._ids: dict[str, asyncio.Future[str]] = {}

    async def find(self, values: Iterable[str]) -> None:
        """Find those that exist."""
        missing = [value for value in dict.fromkeys(values) if value not in self._ids]
        if not missing:
            return
        query = [(f"{self._key}[]", value) for value in missing]
        limits = [("fields", f"id,{self._key}"), ("limit", str(len(missing)))]
        page = await self._store.get(self._path, [*query, *limits])
        name = self._path.rpartition("/")[2].replace("-", "_")
        for each in page[name]:
            self._ids[each[self._key]] = asyncio.get_running_loop().create_future()
            self._ids[each[self._key]].set_result(each["id"])

    def begin_to_create(self, values: Iterable[str]) -> None:
        """Create those that were not found, the first ones first."""
        for value in values:
            if value not in self._ids:
                self._ids[value] = asyncio.create_task(self._create(value))

    async def ids(self, values: Iterable[str]) -> list[Json]:
        return [{"id": await self._ids[value]} for value in values]

    async def _create(self, value: str) -> str:
        body = await self._body(value)
        async with self._slots:
            response = await self._store.post(self._path, body, "id")
        created: Json = next(iter(response.values()))
        return str(created["id"])


class FirstSync:
    """Creates all products of the source in a store without products."""

    def __init__(self, source: Server, store: Server, batch_size: int) -> None:
        self._source = source
        self._store = store
        self._batch_size = batch_size
        self._handles: set[str] = set()
        self._complete: list[Json] = []
        self._slots = asyncio.Semaphore(BATCHES_AT_ONCE)
        self._placement = asyncio.create_task(placement(store))
        self._names: asyncio.Task[dict[str, str]] | None = None
        terms = asyncio.Semaphore(TERMS_AT_ONCE)
        self._tags = Terms(store, "/admin/product-tags", "value", self._new_tag, terms)
        self._categories = Terms(store, "/admin/product-categories", "handle", self._new_category, terms)

    async def run(self) -> None:
        empty = asyncio.create_task(self._expect_no_products())
        waiting: list[Json] = []
        async with asyncio.TaskGroup() as batches:
            async for page in source_pages(self._source):
                products = json.loads(page)["products"]
                await empty
                for part in parts(products, LOOK_UP):
                    await self._find_terms(part)
                    waiting += part
                    while len(waiting) >= self._batch_size:
                        await self._start(batches, waiting[: self._batch_size])
                        del waiting[: self._batch_size]
            if waiting:
                await self._start(batches, waiting)
        await self._acknowledge()

    async def _expect_no_products(self) -> None:
        page = await anext(store_pages(self._store))
        if number_at_end(page, "count"):
            raise RuntimeError("the store has products")

    async def _find_terms(self, products: Sequence[Json]) -> None:
        async with asyncio.TaskGroup() as both:
            both.create_task(self._categories.find(product["category"] for product in products))
            both.create_task(self._tags.find(tag for product in products for tag in product["tags"]))
        for product in products:  # in the order in which the batches need them
            self._categories.begin_to_create([product["category"]])
            self._tags.begin_to_create(product["tags"])

    async def _new_tag(self, value: str) -> Json:
        return {"value": value}

    async def _new_category(self, handle: str) -> Json:
        if self._names is None:
            self._names = asyncio.create_task(category_names(self._source))
        return {"name": (await self._names)[handle], "handle": handle, "is_active": True}

    async def _start(self, batches: asyncio.TaskGroup, products: Sequence[Json]) -> None:
        await self._slots.acquire()
        batches.create_task(self._write(products))

    async def _write(self, products: Sequence[Json]) -> None:
        """Create a batch, write its stock levels, and keep its products to be acknowledged."""
        channel, profile, location = await self._placement
        bodies = {external_id(product): await self._body(product, channel, profile) for product in products}
        response = await self._store.post("/admin/products/batch", {"create": list(bodies.values())}, WRITTEN)
        written = {each["external_id"]: each for each in response["created"]}
        levels = []
        for product in products:
            own = written[external_id(product)]
            variant = own["variants"][0]
            item_id = variant["inventory_items"][0]["inventory_item_id"]
            levels.append(level(item_id, location, product["stock"]))
            record = applied(desired(product), variant["id"])
            self._complete.append({"id": own["id"], "metadata": {"medusa_sync": record}})
        await write_levels(self._store, {"create": levels})
        self._slots.release()
        if len(self._complete) >= ACKNOWLEDGED_AT_ONCE:
            await self._acknowledge()

    async def _acknowledge(self) -> None:
        complete, self._complete = self._complete, []
        await update(self._store, complete, "id")

    async def _body(self, product: Json, channel: str, profile: str) -> Json:
        fields = desired(product)
        variant = {name: fields[name] for name in ("sku", "barcode") if fields[name] is not None}
        body: Json = {
            "handle": self._handle(product),
            "external_id": external_id(product),
            "status": "published",
            "sales_channels": [{"id": channel}],
            "shipping_profile_id": profile,
            "options": [{"title": "Default", "values": ["Default"]}],
            "variants": [
                {
                    "title": "Default",
                    "options": {"Default": "Default"},
                    "manage_inventory": True,
                    "prices": [{"currency_code": CURRENCY, "amount": fields["price"]}],
                    **variant,
                }
            ],
            "metadata": {"medusa_sync": note(applied(fields, ""), {}, LATE, "creation")},
        }
        for name, value in fields.items():
            if name in LATE or value is None or value == []:
                continue
            if name.startswith("metadata."):
                body["metadata"][name.removeprefix("metadata.")] = value
            elif name == "images":
                body[name] = [{"url": url} for url in value]
            elif name == "categories":
                body[name] = await self._categories.ids(value)
            elif name == "tags":
                body[name] = await self._tags.ids(value)
            else:
                body[name] = value
        return body

    def _handle(self, product: Json) -> str:
        slug = re.sub(r"[^a-z0-9]+", "-", product["title"].lower()).strip("-")
        candidates = (slug, *(f"{slug}-{product['id']}{end}" for end in ("", "-2", "-3")))
        handle = next(each for each in candidates if each not in self._handles)
        self._handles.add(handle)
        return handle


async def first(source: Server, store: Server, batch_size: int) -> None:
    await FirstSync(source, store, batch_size).run()


async def placement(store: Server) -> tuple[str, str, str]:
    """The default sales channel, shipping profile and stock location."""

    async def only(name: str, query: Json) -> str:
        page = await store.get(f"/admin/{name.replace('_', '-')}", {**query, "limit": 2, "fields": "id"})
        return str(page[name][0]["id"])

    async def defaults() -> tuple[str, str]:
        defaults = await store_defaults(store)
        return await asyncio.gather(
            only("sales_channels", {"id": defaults["default_sales_channel_id"]}),
            only("stock_locations", {"id": defaults["default_location_id"]}),
        )

    profile, (channel, location) = await asyncio.gather(
        only("shipping_profiles", {"type": "default"}), defaults()
    )
    return channel, profile, location


async def store_defaults(store: Server) -> Json:
    fields = "id,default_sales_channel_id,default_location_id,supported_currencies.currency_code"
    page = await store.get("/admin/stores", {"limit": 1, "fields": fields})
    defaults: Json = page["stores"][0]
    return defaults


async def category_names(source: Server) -> dict[str, str]:
    return {each["slug"]: each["name"] for each in await source.get("/categories")}


# --- some products changed ---


async def changed(source: Server, store: Server, batch_size: int) -> None:
    """Update the products whose price or stock the source changed."""

    async def listed() -> dict[str, Json]:
        return {
            product["external_id"]: product
            async for page in store_pages(store)
            for product in json.loads(page)["products"]
        }

    async def delivered() -> list[Json]:
        return [product async for page in source_pages(source) for product in json.loads(page)["products"]]

    stored, products = await asyncio.gather(listed(), delivered())
    stale = []
    for product in products:
        own = stored[external_id(product)]
        before = own["metadata"]["medusa_sync"]["fields"]
        now = applied(desired(product), "")["fields"]
        names = [name for name, value in now.items() if value != before.get(name)]
        if names:
            stale.append((own["id"], product, before, names))
    defaults, details = await asyncio.gather(
        store_defaults(store), read_details(store, [product_id for product_id, *_ in stale])
    )
    location = defaults["default_location_id"]
    slots = asyncio.Semaphore(BATCHES_AT_ONCE)
    complete: list[Json] = []

    async def write(batch: Sequence[tuple[str, Json, Json, list[str]]]) -> None:
        bodies, levels = [], []
        for product_id, product, before, names in batch:
            variant = details[product_id]["variants"][0]
            record = applied(desired(product), variant["id"])
            edit: Json = {"id": variant["id"]}
            for name in names:
                if name == "price":
                    edit["prices"] = [changed_price(variant, product["price"])]
                elif name == "stock":
                    item_id = variant["inventory_items"][0]["inventory_item_id"]
                    levels.append(level(item_id, location, product["stock"]))
                else:
                    raise RuntimeError(f"{external_id(product)}: the source changed its {name}")
            noted = note(record, before, names, "update")
            bodies.append({"id": product_id, "metadata": {"medusa_sync": noted}, "variants": [edit]})
            complete.append({"id": product_id, "metadata": {"medusa_sync": record}})
        async with slots:
            await update(store, bodies, "id")
            await write_levels(store, {"update": levels})

    await asyncio.gather(*(write(batch) for batch in parts(stale, batch_size)))
    for part in parts(complete, ACKNOWLEDGED_AT_ONCE):
        await update(store, part, "id")


async def read_details(store: Server, ids: Sequence[str]) -> dict[str, Json]:
    details = {}
    for part in parts(ids, LOOK_UP):
        query = [*(("id[]", each) for each in part), ("fields", DETAILS), ("limit", str(len(part)))]
        page = await store.get("/admin/products", query)
        details.update({product["id"]: product for product in page["products"]})
    return details


def changed_price(variant: Json, amount: float) -> Json:
    price = next(each for each in variant["prices"] if each["currency_code"] == CURRENCY)
    limits = {"min_quantity": None, "max_quantity": None}
    return {"id": price["id"], "currency_code": CURRENCY, **limits, "amount": amount}


# --- shared ---


async def update(store: Server, bodies: Sequence[Json], fields: str) -> None:
    if bodies:
        await store.post("/admin/products/batch", {"update": list(bodies)}, fields)


def level(item_id: str, location_id: str, quantity: int) -> Json:
    return {"inventory_item_id": item_id, "location_id": location_id, "stocked_quantity": quantity}


async def write_levels(store: Server, body: Json) -> None:
    if any(body.values()):
        await store.post("/admin/inventory-items/location-levels/batch", body, "id")


def parts(items: Sequence[Any], size: int) -> list[Any]:
    return [items[start : start + size] for start in range(0, len(items), size)]


WORK = {"quiet": quiet, "first": first, "changed": changed}


async def measured(work: str, source_url: str, store_url: str, api_key: str, batch_size: int) -> Json:
    limits = httpx.Limits(max_connections=None)
    no_certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # they take as long to load as a request
    common: Json = {"timeout": 600, "limits": limits, "verify": no_certificates}
    async with (
        httpx.AsyncClient(**common) as source_client,
        httpx.AsyncClient(auth=(api_key, ""), **common) as store_client,
    ):
        source, store = Server(source_client, source_url), Server(store_client, store_url)
        began = time.perf_counter()
        await WORK[work](source, store, batch_size)
        wall_s = time.perf_counter() - began
        return {"wall_s": wall_s, "requests": source.requests + store.requests}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("work", choices=list(WORK))
    parser.add_argument("--source", required=True, help="the URL of the products")
    parser.add_argument("--store", required=True)
    parser.add_argument("--batch-size", type=int, default=15)
    chosen = parser.parse_args()
    api_key = os.environ["MEDUSA_API_KEY"]
    found = measured(chosen.work, chosen.source, chosen.store, api_key, chosen.batch_size)
    print(json.dumps(asyncio.run(found)))


if __name__ == "__main__":
    main()
