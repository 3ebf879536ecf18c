"""The calls of the Admin API that a sync makes, each typed by what it uses of the answer."""

from __future__ import annotations

import string
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Protocol, TypeVar

from msgspec import Meta, Raw, Struct, field

from medusa_sync.core.stored import (
    ListedCategory,
    ListedProduct,
    StoredCategory,
    StoredItem,
    StoredProduct,
    StoredSummary,
    StoredTag,
    UnownedProduct,
    Unreadable,
    WrittenProduct,
    WrittenVariant,
)
from medusa_sync.errors import StoreRefusedError
from medusa_sync.http import Query
from medusa_sync.medusa.client import MedusaClient
from medusa_sync.medusa.decode import decode_product, tree_of

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
# The server refuses a request line above 16 kB with 431; parameters are counted as they are sent.
_QUERY_BYTES = 12_000
_PLAIN = frozenset(string.ascii_letters + string.digits)  # what surely is sent as it is
_SUMMARY_FIELDS = "id,external_id,metadata"
_LISTED_FIELDS = "id,external_id,title,status"
_FOREIGN_FIELDS = "id,title,handle,metadata,variants.sku"
_HANDLE_FIELDS = "id,external_id,handle"
# Medusa shows these prices as `variants.prices`. Asked for by that name, a store with the index engine leaves
# them out of filtered lists.
_DETAIL_FIELDS = (
    "id,external_id,metadata,created_at,title,handle,status,description,thumbnail,"
    "weight,length,height,width,"
    "images.id,images.url,tags.id,tags.value,categories.id,categories.handle,"
    "sales_channels.id,shipping_profile.id,"
    "variants.id,variants.created_at,variants.sku,variants.barcode,variants.manage_inventory,"
    "variants.price_set.prices.id,variants.price_set.prices.amount,"
    "variants.price_set.prices.currency_code,"
    "variants.price_set.prices.min_quantity,variants.price_set.prices.max_quantity,"
    "variants.price_set.prices.price_rules.attribute,variants.price_set.prices.price_rules.value,"
    "variants.inventory_items.inventory_item_id,variants.inventory_items.inventory.sku,"
    "variants.inventory_items.inventory.location_levels.location_id,"
    "variants.inventory_items.inventory.location_levels.stocked_quantity"
)
_ITEM_FIELDS = "id,sku,reserved_quantity,variants.id,variants.product_id,location_levels.location_id"
_SCANNED_AT_ONCE = 500
_NO_VALUE = "null"  # Medusa reads this text in a query as no value at all,
_PART_OF_IT = "nul"  # but a search also looks into words
# The default fields would make a batch call almost twice as slow.
_WRITTEN_FIELDS = "id,external_id,variants.id,variants.sku,variants.inventory_items.inventory_item_id"


class StoreDefaults(Struct, frozen=True):
    """What the store says of itself."""

    id: str
    supported_currencies: tuple[StoreCurrency, ...]
    default_sales_channel_id: str | None
    default_location_id: str | None


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
        return (await self._client.get("/admin/products", [("limit", 1), ("fields", "id")], _Count)).count

    async def look_up(self, external_ids: Sequence[str]) -> list[StoredSummary | Unreadable]:
        """Products by external id, with their metadata."""
        return await self._products("external_id", external_ids, _SUMMARY_FIELDS, StoredSummary)

    async def details(self, key: str, values: Sequence[str]) -> list[StoredProduct | Unreadable]:
        """Products by `id` or `external_id`, with everything that a change may touch."""
        return await self._products(key, values, _DETAIL_FIELDS, StoredProduct)

    async def handles(self, handles: Sequence[str]) -> dict[str, str | None]:
        """The external ids of the products that have one of these handles, by handle."""
        owners: dict[str, str | None] = {}
        for part in _chunks("handle", handles):
            query = [*part, ("fields", _HANDLE_FIELDS), ("limit", len(part))]
            page = await self._client.get("/admin/products", query, _HandleOwners)
            owners.update((owner.handle, owner.external_id) for owner in page.entries)
        if _NO_VALUE in handles:  # a search does not look into handles before 2.21
            async for entries in self._walk("/admin/products", [("fields", _HANDLE_FIELDS)], _HandleOwners):
                owners.update((owner.handle, owner.external_id) for owner in entries)
        return {handle: owners[handle] for handle in handles if handle in owners}

    async def scan(self) -> AsyncIterator[Sequence[ListedProduct]]:
        """All products of the store, in pages."""
        async for page in self._walk("/admin/products", [("fields", _LISTED_FIELDS)], _ListedProducts):
            yield page

    async def without_external_id(self) -> AsyncIterator[Sequence[UnownedProduct]]:
        """All products that no source owns, in pages."""
        for external_id in (_NO_VALUE, ""):
            query: Query = [("external_id", external_id), ("fields", _FOREIGN_FIELDS)]
            async for page in self._walk("/admin/products", query, _ForeignProducts):
                yield page

    async def categories(self, handles: Sequence[str]) -> list[ListedCategory]:
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
        """A whole list in pages, the oldest first: what is created meanwhile comes at the end.

        A page that is not full is the last one; the count is only an estimate with the index engine.
        """
        offset = 0
        while True:
            bounds: Query = [("order", "id"), ("limit", _SCANNED_AT_ONCE), ("offset", offset)]
            answer = await self._client.get(path, [*query, *bounds], page)
            yield answer.entries
            offset += len(answer.entries)
            if len(answer.entries) < max(answer.limit, 1):
                return

    async def _products(
        self, key: str, values: Sequence[str], fields: str, type_: type[T]
    ) -> list[T | Unreadable]:
        found: list[T | Unreadable] = []
        asked = tree_of(fields)
        for part in _chunks(key, values):
            # Twice as many as asked for: nothing in Medusa keeps external ids unique.
            query = [*part, ("fields", fields), ("order", "id"), ("limit", 2 * len(part))]
            page = await self._client.get("/admin/products", query, _Products)
            found += [decode_product(raw, type_, asked) for raw in page.products]
        return found

    # --- writes ---

    async def create_products(self, bodies: Sequence[dict[str, Any]]) -> list[WrittenProduct]:
        """Create in one all-or-nothing call; the answer is in no particular order."""
        return (await self._batch({"create": bodies}, _WRITTEN_FIELDS)).created

    async def update_products(self, bodies: Sequence[dict[str, Any]]) -> list[WrittenProduct]:
        """Update in one all-or-nothing call; the answer is in no particular order."""
        images = ",images.id,images.url" if any("images" in body for body in bodies) else ""
        return (await self._batch({"update": bodies}, _WRITTEN_FIELDS + images)).updated

    async def delete_products(self, ids: Sequence[str]) -> None:
        """Delete in one all-or-nothing call; ids that are gone already do no harm."""
        await self._client.post("/admin/products/batch", {"delete": ids}, dict[str, Any])

    async def _batch(self, body: dict[str, Any], fields: str) -> _Written:
        return await self._client.post("/admin/products/batch", body, _Written, query=[("fields", fields)])

    async def write_levels(self, *, create: Sequence[Level], update: Sequence[Level]) -> None:
        body = {"create": create, "update": update}
        await self._client.post("/admin/inventory-items/location-levels/batch", body, dict[str, Any])

    async def rename_inventory_item(self, item_id: str, sku: str | None) -> None:
        """Give an inventory item another SKU, which is unique among them."""
        path = f"/admin/inventory-items/{item_id}"
        await self._client.post(path, {"sku": sku}, dict[str, Any], query=[("fields", "id")])

    async def give_inventory_item(self, product_id: str, variant: WrittenVariant) -> str:
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


class _Count(Struct):
    count: int


class _Products(Struct):
    products: list[Raw]


class _ListedProducts(Struct):
    entries: list[ListedProduct] = field(name="products")
    limit: int


class _ForeignProducts(Struct):
    entries: list[UnownedProduct] = field(name="products")
    limit: int


class _HandleOwner(Struct):
    external_id: str | None
    handle: str


class _HandleOwners(Struct):
    entries: list[_HandleOwner] = field(name="products")
    limit: int


class _Written(Struct):
    created: list[WrittenProduct]
    updated: list[WrittenProduct]


class _Page(Protocol[T_co]):
    """One page of a list."""

    @property
    def entries(self) -> Sequence[T_co]: ...
    @property
    def limit(self) -> int: ...


class _Categories(Struct):
    entries: list[ListedCategory] = field(name="product_categories")
    limit: int


class _Category(Struct):
    product_category: StoredCategory


class _LocatedLevel(Struct):
    location_id: str


class _ItemVariant(Struct):
    id: str
    product_id: str


class _ListedItem(Struct):
    id: str
    sku: str | None
    reserved_quantity: int | float
    variants: list[_ItemVariant | None]  # None for a variant that was deleted
    location_levels: list[_LocatedLevel]

    def stored(self) -> StoredItem:
        return StoredItem(
            self.id,
            self.sku,
            self.reserved_quantity,
            tuple(variant.id for variant in self.variants if variant),
            tuple(variant.product_id for variant in self.variants if variant),
            tuple(level.location_id for level in self.location_levels),
        )


class _Items(Struct):
    entries: list[_ListedItem] = field(name="inventory_items")
    limit: int


class _Item(Struct):
    inventory_item: Entity


class _Tags(Struct):
    entries: list[StoredTag] = field(name="product_tags")
    limit: int


class _Tag(Struct):
    product_tag: StoredTag
