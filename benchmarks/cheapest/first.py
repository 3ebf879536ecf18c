"""The first sync: creates all products in a store without products."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.cheapest.products import (
    applied,
    category_path,
    desired,
    desired_variants,
    external_id,
    new_item,
    new_variant,
    note,
    slug,
)
from benchmarks.cheapest.server import (
    ACKNOWLEDGED_AT_ONCE,
    AT_ONCE,
    BATCHES_AT_ONCE,
    Json,
    Server,
    number_at_end,
    own_id,
    parts,
    source_pages,
    store_defaults,
    store_pages,
    update,
)

WRITTEN = "id,external_id,variants.id,variants.sku"
WRITTEN_OPTIONS = f"{WRITTEN},options.id,options.title"


TAGS, TYPES, CATEGORIES = "product_tags", "product_types", "product_categories"
PREFIXES = {TAGS: "ptag", TYPES: "ptyp", CATEGORIES: "pcat"}  # of ids
KEYS = {TAGS: "value", TYPES: "value", CATEGORIES: "handle"}  # unique attributes


class Terms:
    """The ids of what many products share, by kind and value."""

    def __init__(self, store: Server) -> None:
        self._store = store
        self._ids: dict[tuple[str, str], str] = {}

    def id(self, kind: str, value: str) -> str:
        return self._ids[kind, value]

    async def find(self, kind: str, values: Iterable[str]) -> None:
        """Find those that exist."""
        missing = [value for value in dict.fromkeys(values) if (kind, value) not in self._ids]
        if not missing:
            return
        key = KEYS[kind]
        query = [(f"{key}[]", value) for value in missing]
        limits = [("fields", f"id,{key}"), ("limit", str(len(missing)))]
        page = await self._store.get(f"/admin/{kind.replace('_', '-')}", [*query, *limits])
        self._ids |= {(kind, each[key]): each["id"] for each in page[kind]}

    async def create(self, kind: str, bodies: Mapping[str, Json]) -> None:
        """Create those that were not found."""
        new = [
            {"id": own_id(PREFIXES[kind], value), KEYS[kind]: value, **body}
            for value, body in bodies.items()
            if (kind, value) not in self._ids
        ]
        await self._store.run(f"create-{kind.replace('_', '-')}", kind, new)
        self._ids |= {(kind, each[KEYS[kind]]): each["id"] for each in new}


class FirstSync:
    """Creates all products of the source in a store without products."""

    def __init__(self, source: Server, store: Server, batch_size: int) -> None:
        self._source = source
        self._store = store
        self._batch_size = batch_size
        self._terms = Terms(store)
        self._handles: set[str] = set()
        self._complete: list[Json] = []
        self._slots = asyncio.Semaphore(BATCHES_AT_ONCE)
        self._names: dict[str, str] = {}
        self._defaults = asyncio.create_task(store_defaults(store))
        self._profile = asyncio.create_task(shipping_profile(store))

    async def run(self) -> None:
        empty = asyncio.create_task(self._expect_no_products())
        async with asyncio.TaskGroup() as batches:
            async for page in source_pages(self._source):
                await empty
                for part in parts(json.loads(page)["products"], AT_ONCE):
                    await self._prepare(part)
                    for batch in parts(part, self._batch_size):
                        await self._slots.acquire()
                        batches.create_task(self._write(batch))
        await self._acknowledge()

    async def _expect_no_products(self) -> None:
        page = await anext(store_pages(self._store))
        if number_at_end(page, "count"):
            raise RuntimeError("the store has products")

    async def _prepare(self, products: Sequence[Json]) -> None:
        """Create what the products refer to: terms, and inventory items with their stock."""
        location = (await self._defaults)["default_location_id"]
        items = [
            new_item(product, key, fields, location)
            for product in products
            for key, fields in desired_variants(product).items()
        ]
        await asyncio.gather(
            self._store.run("create-inventory-items-workflow", "items", items),
            self._prepare_values(TAGS, [tag for product in products for tag in product["tags"]]),
            self._prepare_values(TYPES, [product["type"] for product in products if "type" in product]),
            self._prepare_categories(products),
        )

    async def _prepare_values(self, kind: str, values: Iterable[str]) -> None:
        await self._terms.find(kind, values)
        await self._terms.create(kind, {value: {} for value in values})

    async def _prepare_categories(self, products: Sequence[Json]) -> None:
        paths = [category_path(product) for product in products]
        await self._terms.find(CATEGORIES, [handle for path in paths for handle, _ in path])
        if not self._names and any("category" in product for product in products):
            self._names = {each["slug"]: each["name"] for each in await self._source.get("/categories")}
        for depth in range(max(map(len, paths))):  # a parent must exist
            bodies: dict[str, Json] = {}
            for path in paths:
                if depth < len(path):
                    handle, name = path[depth]
                    bodies[handle] = {"name": name or self._names[handle], "is_active": True}
                    if depth:
                        parent = self._terms.id(CATEGORIES, path[depth - 1][0])
                        bodies[handle]["parent_category_id"] = parent
            await self._terms.create(CATEGORIES, bodies)

    async def _write(self, products: Sequence[Json]) -> None:
        """Create a batch, and keep its products to be acknowledged."""
        channel = (await self._defaults)["default_sales_channel_id"]
        profile = await self._profile
        bodies = [self._body(product, channel, profile) for product in products]
        fields = WRITTEN_OPTIONS if any("options" in product for product in products) else WRITTEN
        response = await self._store.post("/admin/products/batch", {"create": bodies}, fields)
        written = {each["external_id"]: each for each in response["created"]}
        for product in products:
            own = written[external_id(product)]
            option_ids = {each["title"]: each["id"] for each in own.get("options", [])}
            record = applied(product, _variant_ids(product, own["variants"]), option_ids)
            self._complete.append({"id": own["id"], "metadata": {"medusa_sync": record}})
        self._slots.release()
        if len(self._complete) >= ACKNOWLEDGED_AT_ONCE:
            await self._acknowledge()

    async def _acknowledge(self) -> None:
        complete, self._complete = self._complete, []
        await update(self._store, complete)

    def _body(self, product: Json, channel: str, profile: str) -> Json:
        variants = desired_variants(product)
        body: Json = {
            "handle": product.get("handle") or self._handle(product),
            "external_id": external_id(product),
            "status": "published",
            "sales_channels": [{"id": channel}],
            "shipping_profile_id": profile,
            "options": _options(product),
            "variants": [new_variant(product, key, fields) for key, fields in variants.items()],
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
                body[name] = [{"id": self._terms.id(CATEGORIES, each)} for each in value]
            elif name == "tags":
                body[name] = [{"id": self._terms.id(TAGS, each)} for each in value]
            elif name == "type":
                body["type_id"] = self._terms.id(TYPES, value)
            else:
                body[name] = value
        return body

    def _handle(self, product: Json) -> str:
        own = slug(product["title"])
        candidates = (own, *(f"{own}-{product['id']}{end}" for end in ("", "-2", "-3")))
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


def _creation_note(product: Json) -> Json:
    """All fields of the variants commit after the product row, and no id is known yet."""
    late = desired_variants(product)
    no_ids = dict.fromkeys([*late, *product.get("options", [])], "")
    return note(applied(product, no_ids, no_ids), {}, late, "creation")


def _variant_ids(product: Json, written: Sequence[Json]) -> dict[str, str]:
    """The ids of variants by key; a response lists them in no particular order."""
    by_sku = {variant["sku"]: variant["id"] for variant in written}
    return {key: by_sku[fields["sku"]] for key, fields in desired_variants(product).items()}


async def first(source: Server, store: Server, batch_size: int) -> None:
    await FirstSync(source, store, batch_size).run()


async def shipping_profile(store: Server) -> str:
    page = await store.get("/admin/shipping-profiles", {"type": "default", "limit": 1, "fields": "id"})
    return str(page["shipping_profiles"][0]["id"])
