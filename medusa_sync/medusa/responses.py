"""The responses of the Admin API, as far as a sync reads them, and the lists that it reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, TypeVar

from msgspec import Meta, Raw, Struct

from medusa_sync.core.fields import FIELDS, VARIANT_FIELDS, Place
from medusa_sync.core.stored import (
    StoredCategory,
    StoredCollection,
    StoredProduct,
    StoredValue,
    UnownedProduct,
)
from medusa_sync.core.stored_variant import Entity, Identified, OwningProduct, OwningVariant, StoredItem
from medusa_sync.http import Query
from medusa_sync.medusa.lists import List

T = TypeVar("T")


class NamedEntity(Entity, frozen=True):
    """A sales channel, shipping profile or stock location."""

    name: str = ""


class StoreCurrency(Struct, frozen=True):
    currency_code: str


class StoreDefaults(Struct, frozen=True):
    """The currencies and defaults of the store."""

    id: str
    supported_currencies: tuple[StoreCurrency, ...]
    default_sales_channel_id: str | None
    default_location_id: str | None


class Stores(Struct):
    stores: Annotated[list[StoreDefaults], Meta(min_length=1)]


ABSENT = Raw(b"")
"""A field that the response does not have, which is not the same as null."""


class ScannedProduct(Identified, frozen=True):
    metadata: Raw = ABSENT


class DeletedProduct(ScannedProduct, frozen=True):
    """A product that may be deleted."""

    deleted_at: str | None = None


class Written(Struct):
    updated: list[StoredProduct]


class ProductVariants(Struct):
    variants: list[Entity]


class WithVariants(Struct):
    product: ProductVariants


class ListedPriceList(Entity, frozen=True):
    description: str | None


class PriceSet(Struct):
    variant: Entity | None = None


class ListPrice(Entity, frozen=True):
    amount: int | float
    currency_code: str
    price_set: PriceSet | None = None


class WrittenPrices(Struct):
    created: list[ListPrice]


class Item(Struct):
    inventory_item: Entity


def _table_fields() -> Iterator[str]:
    """The fields of the tables that are attributes of a product, of its sets or of its variants."""
    for name, field in FIELDS.items():
        if field.member:
            yield from (f"{name}.{attribute}" for attribute in ("id", *(field.reads or (field.member,))))
        elif field.place is Place.PRODUCT:
            yield name
    for name, field in VARIANT_FIELDS.items():
        if field.place is Place.VARIANT:
            yield f"variants.{name}"


# Responses show `variants.price_set.prices` as `variants.prices`. If asked for by that name, a store with the
# index engine leaves them out of filtered lists.
_DETAIL_FIELDS = (
    f"id,external_id,metadata,handle,status,{','.join(_table_fields())},"
    "sales_channels.id,shipping_profile.id,"
    "options.id,options.title,options.is_exclusive,options.values.id,options.values.value,"
    "variants.options.option_id,variants.options.value,variants.id,variants.metadata,variants.manage_inventory,"
    "variants.price_set.prices.id,variants.price_set.prices.amount,"
    "variants.price_set.prices.currency_code,"
    "variants.price_set.prices.min_quantity,variants.price_set.prices.max_quantity,"
    "variants.price_set.prices.price_rules.attribute,variants.price_set.prices.price_rules.value,"
    "variants.inventory_items.inventory_item_id,variants.inventory_items.inventory.sku,"
    "variants.inventory_items.inventory.location_levels.location_id,"
    "variants.inventory_items.inventory.location_levels.stocked_quantity"
)


def _products(type_: type[T], fields: str, query: Query = ()) -> List[T]:
    return List("/admin/products", "products", type_, fields, query)


_SUMMARY = "id,external_id,metadata"
_WITH_DELETED: Query = (("with_deleted", "true"),)

SUMMARIES = _products(Raw, _SUMMARY)
WITH_OPTIONS = _products(Raw, f"{_SUMMARY},options.id,options.title")
LISTED = _products(Raw, f"{_SUMMARY},title,status")
DETAILS = _products(Raw, _DETAIL_FIELDS)
SCANNED = _products(ScannedProduct, _SUMMARY)
TOMBSTONES = _products(DeletedProduct, f"{_SUMMARY},deleted_at", _WITH_DELETED)
IDS = _products(DeletedProduct, "id,external_id,deleted_at", _WITH_DELETED)
HANDLES = _products(OwningProduct, "id,external_id,title,handle")
UNOWNED = _products(UnownedProduct, "id,title,handle,metadata,variants.sku")
WRITTEN = _products(
    StoredProduct,
    "id,external_id,options.id,options.title,variants.id,variants.sku,"
    "variants.inventory_items.inventory_item_id,variants.options.option_id,variants.options.value",
)
OWNERS = List(
    "/admin/product-variants",
    "variants",
    OwningVariant,
    "id,sku,barcode,product.id,product.external_id,product.title",
)
ITEMS = List(
    "/admin/inventory-items",
    "inventory_items",
    StoredItem,
    "id,sku,reserved_quantity,location_levels.location_id,"
    "variants.id,variants.product.id,variants.product.external_id,variants.product.title",
)
TAGS = List("/admin/product-tags", "product_tags", StoredValue, "id,value")
TYPES = List("/admin/product-types", "product_types", StoredValue, "id,value")
COLLECTIONS = List("/admin/collections", "collections", StoredCollection, "id,handle")
CATEGORIES = List(
    "/admin/product-categories",
    "product_categories",
    StoredCategory,
    "id,handle,is_active,name,metadata",
)
PRICE_LISTS = List("/admin/price-lists", "price_lists", ListedPriceList, "id,description")
PRICES = List(
    "", "prices", ListPrice, "id,amount,currency_code,price_set.variant.id"
)  # with the path of a list
NAMED: Mapping[str, List[NamedEntity]] = {
    name: List(f"/admin/{name.replace('_', '-')}", name, NamedEntity, "id,name")
    for name in ("sales_channels", "shipping_profiles", "stock_locations")
}
