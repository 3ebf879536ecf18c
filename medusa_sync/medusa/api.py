"""The calls of the Admin API that a sync makes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import quote

from msgspec import Meta, Raw, Struct

from medusa_sync.core.entities import Entity, NamedEntity
from medusa_sync.core.fields import FIELDS, REPEATING, UNIQUE, UniqueValue
from medusa_sync.core.inventory import Swap
from medusa_sync.core.names import Names
from medusa_sync.core.stored import StoredProduct, StoredVariant, UnownedProduct, Unreadable
from medusa_sync.errors import AmbiguousWriteError, StoreError, StoreRefusedError, UnknownQueryError
from medusa_sync.http import Query, Upload
from medusa_sync.medusa import decode
from medusa_sync.medusa.client import MedusaClient
from medusa_sync.medusa.lists import NULL, List, Page, chunks, find, read, walk
from medusa_sync.medusa.resources import ITEMS
from medusa_sync.medusa.texts import TextApi
from medusa_sync.stop import all_done

if TYPE_CHECKING:
    from medusa_sync.medusa.bulk import Bulk

T = TypeVar("T")


def _named(sort: Names) -> List[NamedEntity]:
    path = f"/admin/{sort.collection.replace('_', '-')}"
    return List(path, sort.collection, sort.entity, sort.fields)


class StoreCurrency(Struct, frozen=True):
    currency_code: str


class StoreDefaults(Struct, frozen=True):
    id: str
    supported_currencies: tuple[StoreCurrency, ...]
    default_sales_channel_id: str | None
    default_location_id: str | None


class _Stores(Struct):
    stores: Annotated[list[StoreDefaults], Meta(min_length=1)]


class _Variants(Struct):
    variants: list[Entity]


class _WithVariants(Struct):
    product: _Variants


class _Updated(Struct):
    updated: list[StoredProduct]


class _CreatedItem(Struct):
    inventory_item: Entity


class StoredFile(Entity, frozen=True):
    url: str


class _Uploaded(Struct):
    files: list[StoredFile]


class AdminApi:
    """The Admin API of a store. Reads raise what `MedusaClient.get` raises, writes what `post` raises.

    Attributes:
        may_lag: look-ups come from the index engine, which lags behind writes; None before the first one.
            Scans do not lag.
        texts: in other locales.
    """

    def __init__(self, client: MedusaClient) -> None:
        self.may_lag: bool | None = None
        self.texts = TextApi(client)
        self.client = client

    @cached_property
    def bulk(self) -> Bulk:
        """Writes many things in one call."""
        from medusa_sync.medusa.bulk import Bulk  # a run that writes nothing does not need it

        return Bulk(self.client)

    # --- reads ---

    async def defaults(self) -> StoreDefaults:
        fields = "id,default_sales_channel_id,default_location_id,supported_currencies.currency_code"
        query: Query = [("limit", 1), ("fields", fields)]
        return (await self.client.get("/admin/stores", query, _Stores)).stores[0]

    async def some_of(self, sort: Names, query: dict[str, str], *, limit: int) -> list[NamedEntity]:
        """What has a name in the store, such as shipping profiles, as far as a query matches it."""
        return (await read(self.client, _named(sort), [*query.items(), ("limit", limit)])).entries

    async def all_of(self, sort: Names) -> list[NamedEntity]:
        """All that has a name of a sort, the oldest first."""
        return [each async for each in walk(self.client, _named(sort))]

    async def find(self, list_: List[T], key: str, values: Sequence[str]) -> list[T]:
        """The entries of a list that have one of these values in a unique field."""
        return await find(self.client, list_, key, values)

    async def summaries(self, key: str, values: Sequence[str]) -> list[StoredProduct | Unreadable]:
        """Products by `id` or `external_id`, with their records."""
        return [decode.summary(each) for each in await self._find(key, values, decode.SCANNED)]

    async def details(
        self, key: str, values: Sequence[str], list_: List[Raw] | None = None
    ) -> list[StoredProduct | Unreadable]:
        """Products by `id` or `external_id`, with their details or what another list has of them."""
        list_ = list_ or (decode.ALL_DETAILS if self.texts.are_known else decode.DETAILS)
        asked, raws = decode.tree_of(list_.fields), await self._find(key, values, list_)
        found = [decode.decode_product(raw, asked) for raw in raws]
        unread = [raw for raw, each in zip(raws, found, strict=True) if isinstance(each, Unreadable)]
        if "variants" in asked and (
            ids := sorted({own for raw in unread for own in decode.unshown_items(raw)})
        ):
            with suppress(StoreRefusedError):  # a role hides inventory items, so they may exist
                deleted = {*ids} - {each.id for each in await self.find(ITEMS, "id", ids)}
                found = [decode.decode_product(raw, asked, deleted_items=deleted) for raw in raws]
        return found

    async def _find(self, key: str, values: Sequence[str], list_: List[T]) -> list[T]:
        found: list[T] = []
        for part in chunks(key, values):
            # The limit leaves room for copies: Medusa does not keep external ids unique.
            page = await read(self.client, list_, [*part, ("order", "id"), ("limit", 2 * len(part))])
            self.may_lag = bool(self.may_lag) or page.estimate_count is not None
            found += page.entries
        return found

    async def tombstones(self, external_ids: Sequence[str] | None = None) -> list[decode.MaybeDeleted]:
        """What deleted products with these external ids have left; there may be several for each.

        The index engine shows them only in a list of all products, without external ids.
        """
        parts = [[]] if external_ids is None else chunks("external_id", external_ids)
        return [
            each
            for part in parts
            async for each in walk(self.client, decode.WITH_DELETED, part)
            if each.deleted_at is not None
        ]

    async def scan(self, offset: int, limit: int) -> Page[decode.Scanned]:
        """One page of all products, in the order of their ids; it has a count."""
        bounds: Query = [("order", "id"), ("limit", limit), ("offset", offset)]
        page = await read(self.client, decode.SCANNED, bounds)
        if page.count is None:
            raise StoreError("GET /admin/products: the response is not from Medusa: it has no count")
        return page

    async def without_external_id(self) -> list[UnownedProduct]:
        async def read_all(external_id: str) -> list[UnownedProduct]:
            query: Query = [("external_id", external_id)]
            return [each async for each in walk(self.client, decode.UNOWNED, query)]

        absent, empty = await all_done(read_all(NULL), read_all(""))
        return absent + empty

    async def with_external_ids(self, external_ids: Sequence[str]) -> list[UnownedProduct]:
        """The products with these external ids, as adoption compares them; there may be several for each."""
        wanted, parts = set(external_ids), chunks("external_id", external_ids)
        lists = [walk(self.client, decode.UNOWNED, part) for part in parts]
        return [each for found in lists async for each in found if each.external_id in wanted]

    async def owners(self, wanted: Collection[UniqueValue]) -> dict[UniqueValue, list[StoredVariant]]:
        """The variants that have unique values; values of which the store does not show it are left out.

        A role may hide variants, and Medusa before 2.14 does not find them by SKU.
        """
        owners: dict[UniqueValue, list[StoredVariant]] = {}

        async def find(name: str, values: Sequence[str]) -> None:
            with suppress(UnknownQueryError, StoreRefusedError):
                found = await self.find(decode.OWNERS, name, values)
                owners.update(((name, value), []) for value in values)
                for each in found:
                    owners[name, getattr(each, name)].append(each)

        values = {name: [value for own, value in dict.fromkeys(wanted) if own == name] for name in UNIQUE}
        await all_done(*map(find, values.keys(), values.values()))
        return owners

    async def taken_ids(self, product_ids: Sequence[str]) -> dict[str, str | None]:
        """Which of these ids products have, with their external ids; None for deleted ones."""
        found = await self.find(decode.WITH_DELETED, "id", product_ids)
        return {each.id: None if each.deleted_at is not None else each.external_id or "" for each in found}

    async def variant_ids(self, product_id: str) -> list[str]:
        query: Query = [("fields", "variants.id")]
        response = await self.client.get(f"/admin/products/{product_id}", query, _WithVariants)
        return [variant.id for variant in response.product.variants]

    # --- writes ---

    async def update_products(self, bodies: Sequence[dict[str, Any]]) -> list[StoredProduct]:
        """Update products in one all-or-nothing call; the response has no particular order.

        It shows what may be stored twice now.
        """
        repeated = (name for name in REPEATING if any(name in body for body in bodies))
        paths = (path for name in repeated for path in FIELDS[name].kind.paths(name))
        query: Query = [("fields", ",".join(("id", "external_id", *paths)))]
        path = "/admin/products/batch"
        return (await self.client.post(path, {"update": bodies}, _Updated, query=query)).updated

    async def edit_products(self, bodies: Sequence[dict[str, Any]]) -> None:
        """Like `update_products`, but returns nothing, which is faster."""
        await self.client.send("/admin/products/batch", {"update": bodies})

    async def delete_products(self, ids: Sequence[str]) -> None:
        """Delete products in one all-or-nothing call; ids that do not exist are ignored."""
        await self.client.send("/admin/products/batch", {"delete": ids})

    # --- files ---

    async def upload(self, files: Sequence[Upload]) -> list[StoredFile]:
        """Upload files to the file provider of the store; if one is sent twice, there are two files."""
        stored = (await self.client.upload("/admin/uploads", files, _Uploaded)).files
        if len(stored) != len(files):
            message = f"POST /admin/uploads: the response has {len(stored)} files instead of {len(files)}"
            raise AmbiguousWriteError(message)
        return stored

    async def delete_file(self, file_id: str) -> None:
        """Delete an uploaded file."""
        await self.client.delete(f"/admin/uploads/{quote(file_id, safe='')}")

    # --- inventory items ---

    async def write_levels(
        self, *, create: Sequence[dict[str, Any]], update: Sequence[dict[str, Any]]
    ) -> None:
        """Write the stock of inventory items at stock locations."""
        await self.client.send(f"{ITEMS.path}/location-levels/batch", {"create": create, "update": update})

    async def create_item(self, body: Mapping[str, Any]) -> str:
        """Create an inventory item; returns its id."""
        created = await self.client.post(ITEMS.path, body, _CreatedItem, query=[("fields", "id")])
        return created.inventory_item.id

    async def delete_item(self, item_id: str) -> None:
        """Delete an inventory item with its levels."""
        await self.client.delete(f"{ITEMS.path}/{item_id}")

    async def link_item(self, product_id: str, variant_id: str, item_id: str) -> None:
        """Give a variant an inventory item that exists."""
        path = f"/admin/products/{product_id}/variants/{variant_id}/inventory-items"
        await self.client.send(path, {"inventory_item_id": item_id, "required_quantity": 1})

    async def swap_items(self, product_id: str, swaps: Sequence[Swap]) -> None:
        """Unlink variants from inventory items, and link them to others."""
        body = {
            "create": [
                {"variant_id": each.variant_id, "inventory_item_id": each.new, "required_quantity": 1}
                for each in swaps
                if each.new is not None
            ],
            "delete": [
                {"variant_id": each.variant_id, "inventory_item_id": each.old}
                for each in swaps
                if each.old is not None
            ],
        }
        await self.client.send(f"/admin/products/{product_id}/variants/inventory-items/batch", body)
