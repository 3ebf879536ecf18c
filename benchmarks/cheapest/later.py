"""A sync with nothing to do, and one after some products changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

from benchmarks.cheapest.products import CURRENCY, applied, desired, external_id, note
from benchmarks.cheapest.server import (
    ACKNOWLEDGED_AT_ONCE,
    BATCHES_AT_ONCE,
    LOOK_UP,
    Json,
    Server,
    level,
    parts,
    source_pages,
    store_defaults,
    store_pages,
    update,
    write_levels,
)

DETAILS = (
    "id,variants.id,variants.price_set.prices.id,variants.price_set.prices.currency_code,"
    "variants.inventory_items.inventory_item_id"
)


async def quiet(source: Server, store: Server, _batch_size: int) -> None:
    async def read_all(found: AsyncIterator[bytes]) -> None:
        async for _ in found:
            pass

    await asyncio.gather(read_all(source_pages(source)), read_all(store_pages(store)))


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
