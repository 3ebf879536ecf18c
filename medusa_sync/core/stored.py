"""What the store holds, as far as a sync reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from msgspec import Struct, field

from medusa_sync.core.record import RECORD_KEY, Pending, Record, Step

_SLUG = "slug"  # in the record of a category


class Entity(Struct, frozen=True):
    """Something that is known by its id."""

    id: str


class StoredLevel(Struct, frozen=True):
    location_id: str
    stocked_quantity: int | float | None = None


class StoredInventory(Struct, frozen=True):
    location_levels: tuple[StoredLevel, ...] = ()
    sku: str | None = None


class ItemLink(Struct, frozen=True):
    """An inventory item that a variant uses."""

    inventory_item_id: str


class StoredInventoryItem(ItemLink, frozen=True):
    inventory: StoredInventory | None = None


class Identified(Entity, frozen=True):
    """A product of the store."""

    external_id: str | None


class OwningProduct(Identified, frozen=True):
    """A product that has something which another one may want."""

    title: str


class OwningVariant(Entity, frozen=True):
    """A variant that has an SKU, a barcode or an inventory item which another one may want."""

    sku: str | None = None
    barcode: str | None = None
    product: OwningProduct | None = None


class StoredItem(Entity, frozen=True):
    """An inventory item.

    Attributes:
        users: the variants that use it.
        location_ids: where it has levels.
        is_new: this run created it, with its stock.
    """

    sku: str | None
    reserved_quantity: int | float
    users: tuple[OwningVariant, ...]
    location_ids: tuple[str, ...]
    is_new: bool = False

    @property
    def variant_ids(self) -> tuple[str, ...]:
        return tuple(variant.id for variant in self.users)

    @property
    def product_ids(self) -> tuple[str, ...]:
        return tuple(variant.product.id for variant in self.users if variant.product)

    @property
    def use(self) -> str:
        """Why a variant without an item cannot take this one; empty if it can."""
        name = f"its SKU {self.sku!r} is taken: the inventory item {self.id}"
        if self.variant_ids:
            users = self.product_ids or self.variant_ids
            return f"{name} belongs to {', '.join(users)}; change one of the SKUs"
        if self.reserved_quantity:
            return f"{name} has {self.reserved_quantity:g} reserved; change one of the SKUs"
        return ""


class StoredPrice(Entity, frozen=True):
    currency_code: str
    amount: int | float
    min_quantity: int | float | None = None
    max_quantity: int | float | None = None
    rules: dict[str, Any] = field(default_factory=dict)


class StoredOptionValue(Struct, frozen=True):
    """The value of a variant for an option."""

    option_id: str
    value: str


class ListedValue(Entity, frozen=True):
    """A value that variants may have for an option."""

    value: str


class StoredOption(Entity, frozen=True):
    """An option of a product.

    Attributes:
        is_exclusive: no other product has it; None up to Medusa 2.16, where options belong to their product.
    """

    title: str
    values: tuple[ListedValue, ...] = ()
    is_exclusive: bool | None = None


class WrittenOption(Struct, frozen=True):
    title: str


class WrittenOptionValue(Struct, frozen=True):
    option: WrittenOption
    value: str


class WrittenVariant(Entity, frozen=True):
    """A variant that was written."""

    sku: str | None
    inventory_items: tuple[ItemLink, ...]
    options: tuple[WrittenOptionValue, ...] = ()


class SalePrice(Entity, frozen=True):
    """A price in a price list."""

    amount: int | float
    currency_code: str


class StoredVariant(Entity, frozen=True):
    """A variant.

    Attributes:
        shows_prices: the response has a list of its prices, which may be empty.
        has_price_set: False if its creation was interrupted; such a variant cannot get prices any more.
        sale_prices: in the price list of the source, oldest first; read only if they are needed.
    """

    title: str = ""
    sku: str | None = None
    barcode: str | None = None
    weight: int | float | None = None
    metadata: dict[str, Any] | None = None
    manage_inventory: bool = False
    options: tuple[StoredOptionValue, ...] = ()
    shows_prices: bool = True
    has_price_set: bool = True
    prices: tuple[StoredPrice, ...] = ()
    inventory_items: tuple[StoredInventoryItem, ...] = ()
    sale_prices: tuple[SalePrice, ...] = ()

    def value_of(self, option_id: str) -> str | None:
        """The value for an option; None if it has none, for example because the option is new."""
        return next((each.value for each in self.options if each.option_id == option_id), None)


class StoredImage(Entity, frozen=True):
    url: str


class StoredTag(Entity, frozen=True):
    value: str


class StoredType(Entity, frozen=True):
    value: str


class StoredCollection(Entity, frozen=True):
    handle: str


class StoredCategory(Entity, frozen=True):
    """A category; `slug` is what the source calls it, even if the merchant gave it another handle."""

    handle: str
    metadata: dict[str, Any] | None = None

    @property
    def slug(self) -> str:
        return recorded_slug(self.metadata) or self.handle


class ListedCategory(StoredCategory, frozen=True, kw_only=True):
    """A category with what is needed to find it again and to use it."""

    is_active: bool
    name: str = ""


def recorded_slug(metadata: Mapping[str, Any] | None) -> str | None:
    """What the source calls a category that this tool created; None for other categories."""
    record = (metadata or {}).get(RECORD_KEY)
    slug = record.get(_SLUG) if isinstance(record, dict) else None
    return slug if isinstance(slug, str) and slug else None


def category_metadata(slug: str) -> dict[str, Any]:
    """The metadata of a new category."""
    return {RECORD_KEY: {_SLUG: slug}}


class StoredLink(Entity, frozen=True):
    """A sales channel or shipping profile that a product belongs to."""


class StoredSummary(Identified, frozen=True):
    """A product with what is needed to see whether it is up to date.

    Attributes:
        options: read only if they are asked for.
    """

    record: Record | None
    options: tuple[StoredOption, ...] = ()


class Tombstone(Identified, frozen=True):
    """What a deleted product leaves.

    Attributes:
        deleted_at: when it was deleted.
        is_ours: this tool deleted it.
    """

    deleted_at: str
    is_ours: bool


class ListedProduct(StoredSummary, frozen=True, kw_only=True):
    """A product with what pruning needs."""

    title: str
    status: str


class VariantSku(Struct, frozen=True):
    sku: str | None


class UnownedProduct(Entity, frozen=True):
    """A product without an external id, with what adoption compares."""

    title: str
    handle: str
    metadata: dict[str, Any] | None
    variants: tuple[VariantSku, ...]


class WrittenProduct(Identified, frozen=True):
    """A product that was written.

    Attributes:
        variants: read after the write.
        options: read after the write.
        images: in the response, if images were written.
    """

    variants: tuple[WrittenVariant, ...] = ()
    options: tuple[StoredOption, ...] = ()
    images: tuple[StoredImage, ...] = ()


class Unreadable(Identified, frozen=True):
    """A product that cannot be compared: its response is incomplete, or its record has a newer version."""

    reason: str


class StoredProduct(Identified, frozen=True):
    """A product with everything that a change may touch.

    Attributes:
        record: what was last applied; None if it was not written by this tool.
        metadata: without the record.
    """

    record: Record | None = None
    metadata: dict[str, Any] | None = None
    title: str = ""
    handle: str = ""
    status: str = ""
    description: str | None = None
    thumbnail: str | None = None
    weight: int | float | None = None
    length: int | float | None = None
    height: int | float | None = None
    width: int | float | None = None
    subtitle: str | None = None
    origin_country: str | None = None
    hs_code: str | None = None
    mid_code: str | None = None
    material: str | None = None
    images: tuple[StoredImage, ...] = ()
    tags: tuple[StoredTag, ...] = ()
    categories: tuple[StoredCategory, ...] = ()
    type: StoredType | None = None
    collection: StoredCollection | None = None
    options: tuple[StoredOption, ...] = ()
    variants: tuple[StoredVariant, ...] = ()
    sales_channels: tuple[StoredLink | None, ...] = ()  # None is a link to a deleted channel
    shipping_profile: StoredLink | None = None

    @property
    def rounds_weights(self) -> bool:
        """Whether the store may keep weights of variants as whole numbers, as Medusa up to 2.15.0 does."""
        return all(option.is_exclusive is None for option in self.options)  # known since 2.17

    @property
    def pending(self) -> Pending | None:
        return self.record.pending if self.record else None

    @property
    def is_creation_pending(self) -> bool:
        return self.pending is not None and self.pending.step is Step.CREATION


P = TypeVar("P", bound=Identified)


def by_external_id(products: Iterable[P]) -> Mapping[str, list[P]]:
    """Group products; the key of those without an external id is empty."""
    groups: dict[str, list[P]] = {}
    for product in products:
        groups.setdefault(product.external_id or "", []).append(product)
    return groups
