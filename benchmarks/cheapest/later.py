"""A sync with nothing to do, and one after some products changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from benchmarks.cheapest.products import (
    CURRENCY,
    Variants,
    applied,
    desired_variants,
    external_id,
    note,
    remembered,
)
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


class Stale(NamedTuple):
    """A product, and what the source changed.

    Attributes:
        record: in the store.
        late: the names of the fields of variants that changed, by key of the variant.
    """

    id: str
    product: Json
    record: Json
    late: dict[str, list[str]]

    @classmethod
    def of(cls, product: Json, stored: Json) -> Stale:
        stale = cls(stored["id"], product, stored["metadata"]["medusa_sync"], {})
        before = stale.before
        for key, fields in desired_variants(product).items():
            names = [name for name, value in fields.items() if remembered(value) != before[key].get(name)]
            if names:
                stale.late[key] = names
        return stale

    @property
    def before(self) -> Variants:
        return {key: fields for key, (_, fields, _) in self.record["variants"].items()}

    @property
    def variant_ids(self) -> dict[str, str]:
        return {key: variant_id for key, (variant_id, *_) in self.record["variants"].items()}

    @property
    def keys(self) -> dict[str, str]:
        return {variant_id: key for key, variant_id in self.variant_ids.items()}


async def quiet(source: Server, store: Server, _batch_size: int) -> None:
    async def read_all(found: AsyncIterator[bytes]) -> None:
        async for _ in found:
            pass

    await asyncio.gather(read_all(source_pages(source)), read_all(store_pages(store)))


async def changed(source: Server, store: Server, batch_size: int) -> None:
    """Update the products of which the source changed the price or stock of a variant."""

    async def listed() -> dict[str, Json]:
        return {
            product["external_id"]: product
            async for page in store_pages(store)
            for product in json.loads(page)["products"]
        }

    async def delivered() -> list[Json]:
        return [product async for page in source_pages(source) for product in json.loads(page)["products"]]

    stored, products = await asyncio.gather(listed(), delivered())
    stale = [each for product in products if (each := Stale.of(product, stored[external_id(product)])).late]
    defaults, details = await asyncio.gather(
        store_defaults(store), read_details(store, [each.id for each in stale])
    )
    location = defaults["default_location_id"]
    slots = asyncio.Semaphore(BATCHES_AT_ONCE)
    complete: list[Json] = []

    async def write(batch: Sequence[Stale]) -> None:
        bodies, levels = [], []
        for each in batch:
            variants, own_levels = changes(each, details[each.id]["variants"], location)
            record = applied(each.product, each.variant_ids, dict(each.record.get("options", [])))
            noted = note(record, each.before, each.late, "update")
            bodies.append({"id": each.id, "metadata": {"medusa_sync": noted}, "variants": variants})
            levels += own_levels
            complete.append({"id": each.id, "metadata": {"medusa_sync": record}})
        async with slots:
            await update(store, bodies, "id")
            await write_levels(store, {"update": levels})

    await asyncio.gather(*(write(batch) for batch in parts(stale, batch_size)))
    for part in parts(complete, ACKNOWLEDGED_AT_ONCE):
        await update(store, part, "id")


def changes(stale: Stale, stored: Sequence[Json], location_id: str) -> tuple[list[Json], list[Json]]:
    """The variants of an update, which deletes those that it does not list, and the levels."""
    edits: dict[str, Json] = {variant["id"]: {"id": variant["id"]} for variant in stored}
    levels = []
    for variant in stored:
        key = stale.keys[variant["id"]]
        fields = desired_variants(stale.product)[key]
        for name in stale.late.get(key, []):
            if name == "price":
                edits[variant["id"]]["prices"] = [changed_price(variant, fields["price"])]
            elif name == "stock":
                item_id = variant["inventory_items"][0]["inventory_item_id"]
                levels.append(level(item_id, location_id, fields["stock"]))
            else:
                raise RuntimeError(f"{external_id(stale.product)}: the source changed its {name}")
    return list(edits.values()), levels


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
