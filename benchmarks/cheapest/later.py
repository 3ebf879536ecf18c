"""A sync with nothing to do, and one after some products changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

from benchmarks.cheapest.products import (
    CURRENCY,
    Fields,
    applied,
    desired,
    desired_variants,
    external_id,
    new_item,
    new_variant,
    note,
    remembered,
)
from benchmarks.cheapest.server import (
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

LATE = {"price": "prices.id,prices.currency_code", "stock": "inventory_items.inventory_item_id"}
OPTIONS_AT_ONCE = 8  # products, each with a request of its own
METADATA = "metadata."
PLAIN = ("title", "description", METADATA)  # the fields of a product that a request names as the record does


class Stale:
    """A product, and what the source changed.

    Attributes:
        record: in the store.
        own: the fields of the product that changed.
        before: the last applied fields of its variants.
        late: the names of the fields of variants that changed, by key of the variant; all of a new one.
        ids: of the variants, by key.
    """

    def __init__(self, product: Json, stored: Json) -> None:
        self.id: str = stored["id"]
        self.product = product
        self.variants = desired_variants(product)
        self.record: Json = stored["metadata"]["medusa_sync"]
        self.own = _changes(self.record["fields"], desired(product))
        self.before = {key: fields for key, (_, fields, *_) in self.record["variants"].items()}
        self.late: dict[str, list[str]] = {}
        for key, fields in self.variants.items():
            if names := list(_changes(self.before.get(key, {}), fields)):
                self.late[key] = names
        stored_ids = {key: variant_id for key, (variant_id, *_) in self.record["variants"].items()}
        self.ids = {key: own_id("variant", self.id, key) for key in self.late} | stored_ids

    @property
    def row(self) -> Json:
        """The fields of its row that changed, in the form of a request."""
        if other := [name for name in self.own if not name.startswith(PLAIN)]:
            raise RuntimeError(f"{external_id(self.product)}: the source changed {other}")
        metadata = {name: value for name, value in self.own.items() if name.startswith(METADATA)}
        return {
            **{name: value for name, value in self.own.items() if name not in metadata},
            "metadata": {name.removeprefix(METADATA): value for name, value in metadata.items()},
        }

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


async def changed(source: Server, store: Server, _batch_size: int) -> None:
    """Update products of which the source changed plain fields, prices or stock, or added a variant."""

    async def products(found: AsyncIterator[bytes]) -> list[Json]:
        return [product async for page in found for product in json.loads(page)["products"]]

    listed, delivered = await asyncio.gather(products(store_pages(store)), products(source_pages(source)))
    stored = {product["external_id"]: product for product in listed}
    found = [Stale(product, stored[external_id(product)]) for product in delivered]
    stale = [each for each in found if each.own or each.late]
    location = (await store_defaults(store))["default_location_id"]
    slots, option_slots = asyncio.Semaphore(BATCHES_AT_ONCE), asyncio.Semaphore(OPTIONS_AT_ONCE)

    async def add_values(product_id: str, values: list[Json]) -> None:
        """Add values to the options of a product; Medusa has no call for several products."""
        async with option_slots:
            await store.post(f"/admin/products/{product_id}/options/batch", {"update": values})

    async def write(batch: Sequence[Stale]) -> None:
        rows, complete, items, added, prices, levels = [], [], [], [], [], []
        async with slots:
            details = await read_details(store, batch)
            for each in batch:
                record = applied(each.product, each.ids, dict(each.record.get("options", [])))
                record = {**each.record, **record}
                record.pop("source", None)  # a digest in the format of the tool
                pending = note(record, each.before, each.late, "update") if each.late else record
                row = each.row
                rows.append({"id": each.id, **row, "metadata": {**row["metadata"], "medusa_sync": pending}})
                if each.late:
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
                    else:
                        item_id = variant["inventory_items"][0]["inventory_item_id"]
                        own = {"inventory_item_id": item_id, "location_id": location}
                        levels.append({**own, "stocked_quantity": value})
            await asyncio.gather(
                update(store, rows),
                store.run("create-inventory-items-workflow", "items", items),
                *(add_values(each.id, values) for each in batch if (values := each.new_values)),
            )
            path = "/admin/inventory-items/location-levels/batch"
            await asyncio.gather(
                store.run("create-product-variants", "product_variants", added),
                store.run("update-product-variants", "product_variants", prices),
                *([store.post(path, {"update": levels})] if levels else []),
            )
            await update(store, complete)

    await asyncio.gather(*map(write, parts(stale, AT_ONCE)))


async def read_details(store: Server, stale: Sequence[Stale]) -> dict[str, Json]:
    """What is needed of the stored variants that change, by id."""
    changes = [change for each in stale for change in each.changed]
    fields = ",".join(["id", *dict.fromkeys(LATE[name] for _, _, name in changes)])
    details = {}
    for part in parts(list(dict.fromkeys(variant_id for _, variant_id, _ in changes)), AT_ONCE):
        query = [*(("id[]", each) for each in part), ("fields", fields), ("limit", str(len(part)))]
        page = await store.get("/admin/product-variants", query)
        details.update({variant["id"]: variant for variant in page["variants"]})
    return details


def _changes(before: Fields, wanted: Fields) -> Fields:
    """The fields with another value than the record has."""
    return {name: value for name, value in wanted.items() if remembered(value) != before.get(name)}
