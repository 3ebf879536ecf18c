"""The responses of the Admin API, as far as a sync reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Generic, Protocol, TypeVar

from msgspec import Meta, Raw, Struct, defstruct, field

from medusa_sync.core.stored import (
    ListedCategory,
    OwningProduct,
    OwningVariant,
    StoredCategory,
    StoredCollection,
    StoredItem,
    StoredTag,
    StoredType,
    WrittenProduct,
)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class StoreDefaults(Struct, frozen=True):
    """The currencies and defaults of the store."""

    id: str
    supported_currencies: tuple[StoreCurrency, ...]
    default_sales_channel_id: str | None
    default_location_id: str | None


class StoreCurrency(Struct, frozen=True):
    currency_code: str


class Entity(Struct, frozen=True):
    """A sales channel, shipping profile, stock location or inventory item."""

    id: str


class NamedEntity(Entity, frozen=True):
    name: str


class Stores(Struct):
    stores: Annotated[list[StoreDefaults], Meta(min_length=1)]


_COLLECTIONS = ("sales_channels", "shipping_profiles", "stock_locations")
NAMED: Mapping[str, type[Struct]] = {name: defstruct(name, [(name, list[Entity])]) for name in _COLLECTIONS}
WITH_NAMES: Mapping[str, type[Struct]] = {
    name: defstruct(name, [(name, list[NamedEntity])]) for name in _COLLECTIONS
}


class Count(Struct):
    count: int


class Products(Struct):
    """Products that a filter matches.

    Attributes:
        estimate_count: set only if they come from the index engine.
    """

    products: list[Raw]
    estimate_count: int | None = None


ABSENT = Raw(b"")
"""A field that the response does not have, which is not the same as null."""


class ScannedProduct(Struct):
    id: str
    external_id: str | None
    metadata: Raw = ABSENT


class DeletedProduct(ScannedProduct):
    """A product that may be deleted."""

    deleted_at: str | None = None


class ScanPage(Struct):
    entries: list[ScannedProduct] = field(name="products")
    count: int
    limit: int


class ProductPage(Struct, Generic[T]):
    entries: list[T] = field(name="products")
    limit: int


class HandleOwner(OwningProduct, frozen=True):
    handle: str


class Written(Struct):
    updated: list[WrittenProduct]


class ProductVariants(Struct):
    variants: list[Entity]


class WithVariants(Struct):
    product: ProductVariants


class ListedPriceList(Struct):
    id: str
    description: str | None


class PriceLists(Struct):
    entries: list[ListedPriceList] = field(name="price_lists")
    limit: int


class PriceSet(Struct):
    variant: Entity | None = None


class ListPrice(Struct):
    id: str
    amount: int | float
    currency_code: str
    price_set: PriceSet | None = None


class ListPrices(Struct):
    entries: list[ListPrice] = field(name="prices")
    limit: int


class WrittenPrices(Struct):
    created: list[ListPrice]


class Page(Protocol[T_co]):
    """One page of a list."""

    @property
    def entries(self) -> Sequence[T_co]: ...
    @property
    def limit(self) -> int: ...


class Categories(Struct):
    entries: list[ListedCategory] = field(name="product_categories")
    limit: int


class CategoryIds(Struct):
    entries: list[StoredCategory] = field(name="product_categories")
    limit: int


class LocatedLevel(Struct):
    location_id: str


class ListedItem(Struct):
    id: str
    sku: str | None
    reserved_quantity: int | float
    variants: list[OwningVariant | None]  # None is a deleted variant
    location_levels: list[LocatedLevel]

    def stored(self) -> StoredItem:
        return StoredItem(
            self.id,
            self.sku,
            self.reserved_quantity,
            tuple(variant for variant in self.variants if variant),
            tuple(level.location_id for level in self.location_levels),
        )


class Items(Struct):
    entries: list[ListedItem] = field(name="inventory_items")
    limit: int


class OwningVariants(Struct):
    entries: list[OwningVariant] = field(name="variants")
    limit: int


class Item(Struct):
    inventory_item: Entity


class Types(Struct):
    entries: list[StoredType] = field(name="product_types")
    limit: int


class Collections(Struct):
    entries: list[StoredCollection] = field(name="collections")
    limit: int


class Tags(Struct):
    entries: list[StoredTag] = field(name="product_tags")
    limit: int
