"""The calls of the Admin API that a sync makes, each typed by what it uses of the answer."""

from __future__ import annotations

import string
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Protocol, TypeVar

from msgspec import Meta, Struct, field

from medusa_sync.errors import StoreRefusedError
from medusa_sync.http import Query
from medusa_sync.medusa.client import MedusaClient
from medusa_sync.models import (
    StoredCategory,
    StoredItem,
    StoredLevel,
    StoredLink,
    StoredProduct,
    StoredTag,
    StoredVariant,
)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
# The server refuses a request line above 16 kB with 431; parameters are counted as they are sent.
_QUERY_BYTES = 12_000
_PLAIN = frozenset(string.ascii_letters + string.digits)  # what surely is sent as it is
_LOOK_UP_FIELDS = "id,external_id,metadata"
_DETAIL_FIELDS = (
    "id,external_id,metadata,title,handle,status,description,thumbnail,weight,length,height,width,"
    "images.id,images.url,tags.id,tags.value,categories.id,categories.handle,"
    "variants.id,variants.sku,variants.barcode,variants.manage_inventory,"
    "variants.prices.id,variants.prices.amount,variants.prices.currency_code,"
    "variants.prices.min_quantity,variants.prices.max_quantity,"
    "variants.prices.price_rules.attribute,variants.prices.price_rules.value,"
    "variants.inventory_items.inventory_item_id,variants.inventory_items.inventory.sku,"
    "variants.inventory_items.inventory.location_levels.location_id,"
    "variants.inventory_items.inventory.location_levels.stocked_quantity"
)
_ADOPTION_FIELDS = f"{_DETAIL_FIELDS},sales_channels.id,shipping_profile.id"
_ITEM_FIELDS = "id,sku,reserved_quantity,variants.id,location_levels.location_id"
_SCANNED_AT_ONCE = 500
_NO_VALUE = "null"  # Medusa reads this text in a query as no value at all,
_PART_OF_IT = "nul"  # but a search also looks into words
# The default fields would make a batch call almost twice as slow.
_WRITTEN_FIELDS = "id,external_id,variants.id,variants.sku,variants.inventory_items.inventory_item_id"


class StoreDefaults(Struct, frozen=True):
    """What the store says of itself."""

    id: str
    supported_currencies: tuple[StoreCurrency, ...] = ()
    default_sales_channel_id: str | None = None
    default_location_id: str | None = None


class StoreCurrency(Struct, frozen=True):
    currency_code: str


class Entity(Struct, frozen=True):
    """A sales channel, shipping profile, stock location or inventory item."""

    id: str


class Level(Struct, frozen=True):
    """How much of an inventory item lies at a stock location."""

    inventory_item_id: str
    location_id: str
    stocked_quantity: int


class AdminApi:
    """One store. Every method raises what `MedusaClient.get` or `MedusaClient.post` raise."""

    def __init__(self, client: MedusaClient) -> None:
        self._client = client

    # --- reads ---

    async def defaults(self) -> StoreDefaults:
        fields = "id,default_sales_channel_id,default_location_id,supported_currencies.currency_code"
        answer = await self._client.get("/admin/stores", [("limit", 1), ("fields", fields)], _Stores)
        return answer.stores[0]

    async def named(self, collection: str, query: dict[str, str]) -> list[Entity]:
        """Sales channels, shipping profiles or stock locations that a query matches, at most two."""
        path = f"/admin/{collection.replace('_', '-')}"
        fields: Query = [*query.items(), ("limit", 2), ("fields", "id")]
        found: list[Entity] = getattr(await self._client.get(path, fields, _NAMED[collection]), collection)
        return found

    async def count_products(self) -> int:
        return (await self._client.get("/admin/products", [("limit", 1), ("fields", "id")], _Products)).count

    async def look_up(self, external_ids: Sequence[str]) -> list[StoredProduct]:
        """Products by external id, with their metadata."""
        return await self._products("external_id", external_ids, _LOOK_UP_FIELDS)

    async def details(self, key: str, values: Sequence[str]) -> list[StoredProduct]:
        """Products by `id` or `external_id`, with all that a change may touch."""
        return await self._products(key, values, _DETAIL_FIELDS)

    async def adoptable(self, ids: Sequence[str]) -> list[StoredProduct]:
        """Products by id, with all that an adoption may touch."""
        return await self._products("id", ids, _ADOPTION_FIELDS)

    async def with_skus(self, skus: Sequence[str]) -> list[StoredProduct]:
        """Products with a variant that has one of these SKUs."""
        return await self._products(
            "variants[sku]", skus, "id,external_id,title,handle,metadata,variants.sku"
        )

    async def handles(self, handles: Sequence[str]) -> dict[str, str | None]:
        """The external ids of the products that have one of these handles, by handle."""
        products = await self._products("handle", handles, "id,external_id,handle")
        return {product.handle: product.external_id for product in products}

    async def scan(self, fields: str, query: Query = ()) -> AsyncIterator[list[StoredProduct]]:
        """All products of the store that a query matches, the oldest first: what is created meanwhile comes
        at the end.
        """
        position, count = 0, 1
        while position < count:
            page: Query = [
                *query,
                ("fields", fields),
                ("order", "id"),
                ("limit", _SCANNED_AT_ONCE),
                ("offset", position),
            ]
            answer = await self._client.get("/admin/products", page, _Products)
            if not answer.products:
                return
            yield answer.products
            position, count = position + len(answer.products), answer.count

    async def without_external_id(self, fields: str) -> AsyncIterator[list[StoredProduct]]:
        """Those that no source owns; Medusa reads the text `null` as none at all."""
        for external_id in ("null", ""):
            async for page in self.scan(fields, [("external_id", external_id)]):
                yield page

    async def categories(self, handles: Sequence[str]) -> list[StoredCategory]:
        """Categories that have one of these handles."""
        path, fields = "/admin/product-categories", "id,handle,is_active"
        return await self._find(path, "handle", handles, fields, _Categories)

    async def tags(self, values: Sequence[str]) -> list[StoredTag]:
        """Tags that have one of these values."""
        return await self._find("/admin/product-tags", "value", values, "id,value", _Tags)

    async def items_by_sku(self, skus: Sequence[str]) -> list[StoredItem]:
        """Inventory items that have one of these SKUs, also those that no variant uses."""
        found = await self._find("/admin/inventory-items", "sku", skus, _ITEM_FIELDS, _Items)
        return [item.stored() for item in found]

    async def _find(
        self, path: str, key: str, values: Sequence[str], fields: str, page: type[_Page[T]]
    ) -> list[T]:
        """The entries of a list that have one of these values in a field whose values are unique."""
        found: list[T] = []
        wanted = set(values)
        for part in _chunks(key, values):
            query = [*part, ("fields", fields), ("limit", len(part))]
            entries = (await self._client.get(path, query, page)).entries
            found += [entry for entry in entries if getattr(entry, key) in wanted]
        if _NO_VALUE in wanted:
            async for entries in self._walk(path, [("q", _PART_OF_IT), ("fields", fields)], page):
                found += [entry for entry in entries if getattr(entry, key) == _NO_VALUE]
        return found

    async def _walk(self, path: str, query: Query, page: type[_Page[T]]) -> AsyncIterator[Sequence[T]]:
        """A whole list, the oldest first: what is created meanwhile comes at the end."""
        offset = 0
        while True:
            bounds: Query = [("order", "id"), ("limit", _SCANNED_AT_ONCE), ("offset", offset)]
            entries = (await self._client.get(path, [*query, *bounds], page)).entries
            yield entries
            offset += len(entries)
            if len(entries) < _SCANNED_AT_ONCE:
                return

    async def _products(self, key: str, values: Sequence[str], fields: str) -> list[StoredProduct]:
        found: list[StoredProduct] = []
        for part in _chunks(key, values):
            # Twice as many as asked for: nothing in Medusa keeps an external id from standing twice.
            query = [*part, ("fields", fields), ("order", "id"), ("limit", 2 * len(part))]
            found += (await self._client.get("/admin/products", query, _Products)).products
        return found

    # --- writes ---

    async def create_products(self, bodies: Sequence[dict[str, Any]]) -> list[StoredProduct]:
        """Create in one all-or-nothing call; the answer is in no particular order."""
        return (await self._batch({"create": bodies})).created

    async def update_products(self, bodies: Sequence[dict[str, Any]]) -> list[StoredProduct]:
        """Update in one all-or-nothing call; the answer is in no particular order."""
        return (await self._batch({"update": bodies})).updated

    async def delete_products(self, ids: Sequence[str]) -> None:
        """Delete in one all-or-nothing call; ids that are gone already do no harm."""
        await self._batch({"delete": ids})

    async def _batch(self, body: dict[str, Any]) -> _Written:
        return await self._client.post(
            "/admin/products/batch", body, _Written, query=[("fields", _WRITTEN_FIELDS)]
        )

    async def write_levels(self, *, create: Sequence[Level], update: Sequence[Level]) -> None:
        body = {"create": create, "update": update}
        await self._client.post("/admin/inventory-items/location-levels/batch", body, dict[str, Any])

    async def rename_inventory_item(self, item_id: str, sku: str | None) -> None:
        """Give an inventory item another SKU, which is unique among them."""
        path = f"/admin/inventory-items/{item_id}"
        await self._client.post(path, {"sku": sku}, dict[str, Any], query=[("fields", "id")])

    async def give_inventory_item(self, product_id: str, variant: StoredVariant) -> str:
        """Make the inventory item of a variant, as newer stores do by themselves; returns its id.

        An unused item that has its SKU already is taken.
        """
        items = await self.items_by_sku([variant.sku]) if variant.sku else []
        if items and items[0].use:
            raise StoreRefusedError(items[0].use, status=HTTPStatus.BAD_REQUEST)
        if items:
            item_id = items[0].id
        else:
            body = {"sku": variant.sku} if variant.sku else {}
            answer = await self._client.post("/admin/inventory-items", body, _Item, query=[("fields", "id")])
            item_id = answer.inventory_item.id
        await self._client.post(
            f"/admin/products/{product_id}/variants/{variant.id}/inventory-items",
            {"inventory_item_id": item_id, "required_quantity": 1},
            dict[str, Any],
            query=[("fields", "id")],
        )
        return item_id

    async def create_category(self, handle: str, name: str) -> StoredCategory:
        body = {"name": name, "handle": handle, "is_active": True}  # Medusa's default is inactive
        answer = await self._client.post(
            "/admin/product-categories", body, _Category, query=[("fields", "id,handle")]
        )
        return answer.product_category

    async def activate_category(self, category_id: str) -> None:
        await self._client.post(
            f"/admin/product-categories/{category_id}", {"is_active": True}, dict[str, Any]
        )

    async def create_tag(self, value: str) -> StoredTag:
        body = {"value": value}
        return (
            await self._client.post("/admin/product-tags", body, _Tag, query=[("fields", "id,value")])
        ).product_tag


def _chunks(key: str, values: Iterable[str]) -> Iterator[list[tuple[str, str | int]]]:
    """Query parameters `key[]=value`, as many at a time as fit into a request line."""
    part: list[tuple[str, str | int]] = []
    size = 0
    for value in values:
        length = len(key) + 8 + sum(1 if chr(byte) in _PLAIN else 3 for byte in value.encode())
        if part and size + length > _QUERY_BYTES:
            yield _unsplit(part)
            part, size = [], 0
        part.append((f"{key}[]", value))
        size += length
    if part:
        yield _unsplit(part)


def _unsplit(part: list[tuple[str, str | int]]) -> list[tuple[str, str | int]]:
    """Medusa splits a list of one value at its commas."""
    return part if len(part) > 1 or "," not in str(part[0][1]) else part * 2


class _Stores(Struct):
    stores: Annotated[list[StoreDefaults], Meta(min_length=1)]


class _SalesChannels(Struct):
    sales_channels: list[Entity]


class _ShippingProfiles(Struct):
    shipping_profiles: list[Entity]


class _StockLocations(Struct):
    stock_locations: list[Entity]


_NAMED: Mapping[str, type[Struct]] = {
    "sales_channels": _SalesChannels,
    "shipping_profiles": _ShippingProfiles,
    "stock_locations": _StockLocations,
}


class _Products(Struct):
    products: list[StoredProduct]
    count: int


class _Written(Struct):
    created: list[StoredProduct] = []
    updated: list[StoredProduct] = []


class _Page(Protocol[T_co]):
    """One page of a list."""

    @property
    def entries(self) -> Sequence[T_co]: ...


class _Categories(Struct):
    entries: list[StoredCategory] = field(name="product_categories")


class _Category(Struct):
    product_category: StoredCategory


class _ListedItem(Struct):
    id: str
    sku: str | None
    reserved_quantity: int | float
    variants: list[StoredLink | None]  # None for a variant that was deleted
    location_levels: list[StoredLevel]

    def stored(self) -> StoredItem:
        return StoredItem(
            self.id,
            self.sku,
            self.reserved_quantity,
            tuple(variant.id for variant in self.variants if variant),
            tuple(level.location_id for level in self.location_levels),
        )


class _Items(Struct):
    entries: list[_ListedItem] = field(name="inventory_items")


class _Item(Struct):
    inventory_item: Entity


class _Tags(Struct):
    entries: list[StoredTag] = field(name="product_tags")


class _Tag(Struct):
    product_tag: StoredTag
