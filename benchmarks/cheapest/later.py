"""A sync with nothing to do, and one after some products changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

from benchmarks.cheapest.products import (
    CURRENCY,
    applied,
    desired_variants,
    external_id,
    new_item,
    new_variant,
    note,
    remembered,
)
from benchmarks.cheapest.server import (
    ACKNOWLEDGED_AT_ONCE,
    AT_ONCE,
    BATCHES_AT_ONCE,
    Json,
    Server,
    own_id,
    parts,
    source_pages,
    store_defaults,
    store_pages,
    update,
)

DETAILS = "id,prices.id,prices.currency_code,inventory_items.inventory_item_id"
OPTIONS_AT_ONCE = 8  # products, each with a request of its own


class Stale:
    """A product, and what the source changed.

    Attributes:
        record: in the store.
        before: the last applied fields of its variants.
        late: the names of the fields of variants that changed, by key of the variant; all of a new one.
        ids: of the variants, by key.
    """

    def __init__(self, product: Json, stored: Json) -> None:
        self.id: str = stored["id"]
        self.product = product
        self.variants = desired_variants(product)
        self.record: Json = stored["metadata"]["medusa_sync"]
        self.before = {key: fields for key, (_, fields, *_) in self.record["variants"].items()}
        self.late: dict[str, list[str]] = {}
        for key, fields in self.variants.items():
            old = self.before.get(key, {})
            names = [name for name, value in fields.items() if remembered(value) != old.get(name)]
            if names:
                self.late[key] = names
        stored_ids = {key: variant_id for key, (variant_id, *_) in self.record["variants"].items()}
        self.ids = {key: own_id("variant", self.id, key) for key in self.late} | stored_ids

    @property
    def changed(self) -> list[tuple[str, str, str]]:
        """The key and the id of a stored variant, and the name of a field."""
        return [
            (key, self.ids[key], name)
            for key, names in self.late.items()
            if key in self.before
            for name in names
        ]

    @property
    def added(self) -> list[str]:
        """The keys of new variants."""
        return [key for key in self.late if key not in self.before]

    @property
    def new_values(self) -> list[Json]:
        """The values that its options lack, in the form of a request."""
        found = []
        for name, option_id in self.record.get("options", []):
            field = f"option.{name}"
            old = {fields[field] for fields in self.before.values()}
            add = [{"value": value} for key in self.added if (value := self.variants[key][field]) not in old]
            if add:
                found.append({"product_option_id": option_id, "add": add})
        return found


async def quiet(source: Server, store: Server, _batch_size: int) -> None:
    async def read_all(found: AsyncIterator[bytes]) -> None:
        async for _ in found:
            pass

    await asyncio.gather(read_all(source_pages(source)), read_all(store_pages(store)))


async def changed(source: Server, store: Server, batch_size: int) -> None:
    """Update the products of which the source changed the price or stock of a variant, or added one."""

    async def products(found: AsyncIterator[bytes]) -> list[Json]:
        return [product async for page in found for product in json.loads(page)["products"]]

    listed, delivered = await asyncio.gather(products(store_pages(store)), products(source_pages(source)))
    stored = {product["external_id"]: product for product in listed}
    stale = [each for product in delivered if (each := Stale(product, stored[external_id(product)])).late]
    defaults, details = await asyncio.gather(store_defaults(store), read_details(store, stale))
    location = defaults["default_location_id"]
    slots, option_slots = asyncio.Semaphore(BATCHES_AT_ONCE), asyncio.Semaphore(OPTIONS_AT_ONCE)
    complete: list[Json] = []

    async def add_values(product_id: str, values: list[Json]) -> None:
        """Add values to the options of a product; Medusa has no call for several products."""
        async with option_slots:
            await store.post(f"/admin/products/{product_id}/options/batch", {"update": values})

    async def write(batch: Sequence[Stale]) -> None:
        noted, items, added, prices, levels = [], [], [], [], []
        for each in batch:
            record = applied(each.product, each.ids, dict(each.record.get("options", [])))
            pending = note(record, each.before, each.late, "update")
            noted.append({"id": each.id, "metadata": {"medusa_sync": pending}})
            complete.append({"id": each.id, "metadata": {"medusa_sync": record}})
            for key in each.added:
                items.append(new_item(each.product, key, each.variants[key], location))
                body = new_variant(each.product, key, each.variants[key])
                added.append({"id": each.ids[key], "product_id": each.id, **body})
            for key, variant_id, name in each.changed:
                value, variant = each.variants[key][name], details[variant_id]
                if name == "price":
                    price = next(row for row in variant["prices"] if row["currency_code"] == CURRENCY)
                    amount = {"id": price["id"], "currency_code": CURRENCY, "amount": value}
                    prices.append({"id": variant_id, "prices": [amount]})
                elif name == "stock":
                    item_id = variant["inventory_items"][0]["inventory_item_id"]
                    own = {"inventory_item_id": item_id, "location_id": location}
                    levels.append({**own, "stocked_quantity": value})
                else:
                    raise RuntimeError(f"{external_id(each.product)}: the source changed its {name}")
        async with slots:
            await asyncio.gather(
                update(store, noted),
                store.run("create-inventory-items-workflow", "items", items),
                *(add_values(each.id, values) for each in batch if (values := each.new_values)),
            )
            path = "/admin/inventory-items/location-levels/batch"
            await asyncio.gather(
                store.run("create-product-variants", "product_variants", added),
                store.run("update-product-variants", "product_variants", prices),
                *([store.post(path, {"update": levels})] if levels else []),
            )

    await asyncio.gather(*map(write, parts(stale, batch_size)))
    for part in parts(complete, ACKNOWLEDGED_AT_ONCE):
        await update(store, part)


async def read_details(store: Server, stale: Sequence[Stale]) -> dict[str, Json]:
    """The stored variants that change, by id."""
    ids = list(dict.fromkeys(variant_id for each in stale for _, variant_id, _ in each.changed))
    details = {}
    for part in parts(ids, AT_ONCE):
        query = [*(("id[]", each) for each in part), ("fields", DETAILS), ("limit", str(len(part)))]
        page = await store.get("/admin/product-variants", query)
        details.update({variant["id"]: variant for variant in page["variants"]})
    return details
