"""The first sync: creates all products in a store without products."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence

from benchmarks.cheapest.products import (
    CURRENCY,
    ONLY,
    Fields,
    applied,
    desired,
    desired_variants,
    external_id,
    note,
)
from benchmarks.cheapest.server import (
    ACKNOWLEDGED_AT_ONCE,
    BATCHES_AT_ONCE,
    LOOK_UP,
    Json,
    Server,
    level,
    number_at_end,
    parts,
    source_pages,
    store_defaults,
    store_pages,
    update,
    write_levels,
)

TERMS_AT_ONCE = 8  # tags and categories: each is created in its own request
WRITTEN = "id,external_id,variants.id,variants.inventory_items.inventory_item_id"
WRITTEN_OPTIONS = f"{WRITTEN},variants.sku,options.id,options.title"


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
        fields = WRITTEN_OPTIONS if any("options" in product for product in products) else WRITTEN
        response = await self._store.post("/admin/products/batch", {"create": list(bodies.values())}, fields)
        written = {each["external_id"]: each for each in response["created"]}
        levels = []
        for product in products:
            own = written[external_id(product)]
            variants = _by_key(product, own["variants"])
            for key, variant in desired_variants(product).items():
                item_id = variants[key]["inventory_items"][0]["inventory_item_id"]
                levels.append(level(item_id, location, variant["stock"]))
            variant_ids = {key: variant["id"] for key, variant in variants.items()}
            option_ids = {each["title"]: each["id"] for each in own.get("options", [])}
            record = applied(product, variant_ids, option_ids)
            self._complete.append({"id": own["id"], "metadata": {"medusa_sync": record}})
        await write_levels(self._store, {"create": levels})
        self._slots.release()
        if len(self._complete) >= ACKNOWLEDGED_AT_ONCE:
            await self._acknowledge()

    async def _acknowledge(self) -> None:
        complete, self._complete = self._complete, []
        await update(self._store, complete, "id")

    async def _body(self, product: Json, channel: str, profile: str) -> Json:
        body: Json = {
            "handle": self._handle(product),
            "external_id": external_id(product),
            "status": "published",
            "sales_channels": [{"id": channel}],
            "shipping_profile_id": profile,
            "options": _options(product),
            "variants": [_variant(fields) for fields in desired_variants(product).values()],
            "metadata": {"medusa_sync": _creation_note(product)},
        }
        for name, value in desired(product).items():
            if value == []:
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


def _options(product: Json) -> list[Json]:
    names = product.get("options", [])
    if not names:
        return [{"title": "Default", "values": ["Default"]}]
    variants = product["variants"]
    return [
        {"title": name, "values": list(dict.fromkeys(variant["options"][name] for variant in variants))}
        for name in names
    ]


def _variant(fields: Fields) -> Json:
    kept: Json = {name: fields[name] for name in ("title", "sku", "barcode") if name in fields}
    options = {
        name.removeprefix("option."): value for name, value in fields.items() if name.startswith("option.")
    }
    return {
        "title": "Default",
        "options": options or {"Default": "Default"},
        "manage_inventory": True,
        "prices": [{"currency_code": CURRENCY, "amount": fields["price"]}],
        **kept,
    }


def _creation_note(product: Json) -> Json:
    """All fields of the variants commit after the product row, and no id is known yet."""
    late = desired_variants(product)
    no_ids = dict.fromkeys([*late, *product.get("options", [])], "")
    return note(applied(product, no_ids, no_ids), {}, late, "creation")


def _by_key(product: Json, written: Sequence[Json]) -> dict[str, Json]:
    """The variants of a response by their key; it lists them in no particular order."""
    if "variants" not in product:
        return {ONLY: written[0]}
    by_sku = {variant["sku"]: variant for variant in written}
    return {variant["id"]: by_sku[variant["sku"]] for variant in product["variants"]}


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


async def category_names(source: Server) -> dict[str, str]:
    return {each["slug"]: each["name"] for each in await source.get("/categories")}
