"""The products of a store, as far as a sync reads them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct, structs

from medusa_sync.core.entities import Entity, NamedEntity
from medusa_sync.core.fields import FIELDS, VARIANT_FIELDS
from medusa_sync.core.kinds.base import Meanings
from medusa_sync.core.kinds.prices import PriceKey
from medusa_sync.core.record import RECORD_KEY, Pending, Record
from medusa_sync.core.value import Value

_SLUG = "slug"  # in the record of a category


class Identified(Entity, frozen=True):
    """A product of the store."""

    external_id: str | None


class StoredLevel(Struct, frozen=True):
    location_id: str
    stocked_quantity: int | float | None = None
    reserved_quantity: int | float | None = None

    def quantity(self, *, is_available: bool) -> int | float | None:
        """The stocked quantity, or the part that no order has reserved."""
        if self.stocked_quantity is None or not is_available:
            return self.stocked_quantity
        return self.stocked_quantity - (self.reserved_quantity or 0)


class StoredInventory(Struct, frozen=True):
    location_levels: tuple[StoredLevel, ...] = ()
    sku: str | None = None
    variants: tuple[Entity | None, ...] = ()  # None is a link to a deleted variant


class StoredInventoryItem(Struct, frozen=True):
    """An inventory item that a variant uses.

    Attributes:
        required_quantity: how many of it the variant takes.
    """

    inventory_item_id: str
    required_quantity: int | float | None = 1
    inventory: StoredInventory | None = None

    @property
    def sku(self) -> str | None:
        return self.inventory.sku if self.inventory else None

    @property
    def user_ids(self) -> list[str]:
        """The ids of all variants that use the item, as far as they were read."""
        return [each.id for each in self.inventory.variants if each] if self.inventory else []


class StoredPrice(Entity, frozen=True):
    """A price of a variant, also in a price list."""

    currency_code: str
    amount: int | float
    min_quantity: int | float | None = None
    max_quantity: int | float | None = None
    rules: dict[str, Any] | None = None

    @property
    def key(self) -> PriceKey | None:
        """What tells it apart; None if it has another rule than a region."""
        region = (self.rules or {"region_id": ""}).get("region_id")
        if not isinstance(region, str) or len(self.rules or ()) > 1:
            return None
        return PriceKey(self.currency_code, region, self.min_quantity, self.max_quantity)

    @property
    def is_plain(self) -> bool:
        """Whether it applies to any quantity and has no rules."""
        return self.key == PriceKey(self.currency_code)


class StoredOptionValue(Struct, frozen=True):
    option_id: str
    value: str


class StoredTranslation(Entity, frozen=True):
    """Texts of a product or variant in a locale, by field."""

    locale_code: str
    translations: dict[str, Any]


class Goods(Entity, frozen=True, kw_only=True):
    """What products and variants both have."""

    thumbnail: str | None = None
    weight: int | float | None = None
    length: int | float | None = None
    height: int | float | None = None
    width: int | float | None = None
    origin_country: str | None = None
    hs_code: str | None = None
    mid_code: str | None = None
    material: str | None = None
    metadata: dict[str, Any] | None = None


class StoredVariant(Goods, frozen=True):
    """A variant.

    Attributes:
        shows_prices: the response has a list of its prices, which may be empty.
        is_complete: False if its creation was interrupted; such a variant cannot get prices any more.
        sale_prices: in the price list of the source, oldest first; read only if they are needed.
        product: that it belongs to; only if the variant was looked up by something else.
        deleted_items: ids of inventory items that are deleted, although it is linked to them.
        shares_item: its inventory item is the one that variants of its product share; only in a plan.
        is_kit: its inventory items are the merchant's; only in a plan.
    """

    title: str = ""
    sku: str | None = None
    barcode: str | None = None
    ean: str | None = None
    upc: str | None = None
    variant_rank: int | None = None
    manage_inventory: bool = False
    allow_backorder: bool = False
    options: tuple[StoredOptionValue, ...] = ()
    shows_prices: bool = True
    is_complete: bool = True
    prices: tuple[StoredPrice, ...] = ()
    inventory_items: tuple[StoredInventoryItem, ...] = ()
    sale_prices: tuple[StoredPrice, ...] = ()
    translations: tuple[StoredTranslation, ...] = ()
    product: StoredProduct | None = None
    deleted_items: tuple[str, ...] = ()
    shares_item: bool = False
    is_kit: bool = False

    def called(self, key: str) -> str:
        """What reports call it; `key` is the one in the record."""
        return self.title or self.sku or key

    def value_of(self, option_id: str | None) -> str | None:
        """The value for an option; None if it has none, for example because the option is new."""
        return next((each.value for each in self.options if each.option_id == option_id), None)

    @property
    def item_id(self) -> str | None:
        return self.inventory_items[0].inventory_item_id if self.inventory_items else None

    @property
    def item_ids(self) -> frozenset[str]:
        return frozenset(each.inventory_item_id for each in self.inventory_items)

    @property
    def item_sku(self) -> str | None:
        return self.inventory_items[0].sku if self.inventory_items else None

    def without_users(self, variant_ids: Collection[str]) -> StoredVariant:
        """The variant, whose items some variants do not use any more."""
        items = tuple(
            structs.replace(
                each,
                inventory=structs.replace(
                    each.inventory,
                    variants=tuple(
                        own for own in each.inventory.variants if own and own.id not in variant_ids
                    ),
                ),
            )
            if each.inventory
            else each
            for each in self.inventory_items
        )
        return structs.replace(self, inventory_items=items)

    @property
    def location_levels(self) -> tuple[StoredLevel, ...]:
        """The levels of its inventory item."""
        inventory = self.inventory_items[0].inventory if self.inventory_items else None
        return inventory.location_levels if inventory else ()

    def level_at(self, location_id: str | None) -> StoredLevel | None:
        """The level of its inventory item at a stock location."""
        return next((each for each in self.location_levels if each.location_id == location_id), None)

    def value(self, name: str, names: Meanings) -> Value:
        """The value of a field; None if there is none."""
        return VARIANT_FIELDS[name].kind.value_of_variant(self, name, names)


class StoredValue(Entity, frozen=True):
    """A tag, a type, or a value that variants may have for an option."""

    value: str


class StoredImage(Entity, frozen=True):
    url: str


class StoredCollection(Entity, frozen=True):
    handle: str


class StoredCategory(Entity, frozen=True):
    handle: str
    metadata: dict[str, Any] | None = None
    is_active: bool = True
    name: str = ""

    @property
    def recorded_slug(self) -> str | None:
        """What the source calls a category that this tool created; None for other categories."""
        record = (self.metadata or {}).get(RECORD_KEY)
        slug = record.get(_SLUG) if isinstance(record, dict) else None
        return slug if isinstance(slug, str) and slug else None

    @property
    def slug(self) -> str:
        """What the source calls it, even if the merchant gave it another handle."""
        return self.recorded_slug or self.handle


def category_metadata(slug: str) -> dict[str, Any]:
    return {RECORD_KEY: {_SLUG: slug}}


class StoredOption(Entity, frozen=True):
    """An option of a product.

    Attributes:
        is_exclusive: no other product has it; None up to Medusa 2.16, where options belong to their product.
    """

    title: str
    values: tuple[StoredValue, ...] = ()
    is_exclusive: bool | None = None


class Unreadable(Identified, frozen=True):
    """A product that cannot be compared: its response is incomplete, or its record has a newer version."""

    reason: str


class StoredProduct(Goods, frozen=True):
    """A product with everything that a change may touch, as far as it was asked for.

    Attributes:
        record: what was last applied; None if it was not written by this tool.
        has_old_record: the record has to be written again, so that the merchant can edit the metadata.
        metadata: without the record.
        translations: None if they were not read, those of its variants neither.
        files: where it has copies of an image: the URLs of all that it has of this image, by the URL at the
            source, which images have here.
    """

    external_id: str | None
    record: Record | None = None
    has_old_record: bool = False
    title: str = ""
    handle: str = ""
    status: str = ""
    discountable: bool = True
    description: str | None = None
    subtitle: str | None = None
    options: tuple[StoredOption, ...] = ()
    images: tuple[StoredImage, ...] = ()
    tags: tuple[StoredValue, ...] = ()
    categories: tuple[StoredCategory, ...] = ()
    type: StoredValue | None = None
    collection: StoredCollection | None = None
    variants: tuple[StoredVariant, ...] = ()
    sales_channels: tuple[NamedEntity | None, ...] = ()  # None is a link to a deleted channel
    shipping_profile: NamedEntity | None = None
    translations: tuple[StoredTranslation, ...] | None = None
    files: Mapping[str, Collection[str]] = {}

    @property
    def rounds_weights(self) -> bool:
        """Whether the store may keep weights of variants as whole numbers, as Medusa up to 2.15.0 does."""
        return all(option.is_exclusive is None for option in self.options)  # known since 2.17

    @property
    def shows_last_part(self) -> bool:
        """Whether a variant has what Medusa commits last."""
        return any(variant.shows_prices for variant in self.variants)

    @property
    def used_options(self) -> set[str]:
        """Ids of the options that its variants have values for."""
        return {value.option_id for variant in self.variants for value in variant.options}

    @property
    def pending(self) -> Pending | None:
        return self.record.pending if self.record else None

    def without(self, variant_ids: Collection[str]) -> StoredProduct:
        """The product as it will be without some variants."""
        left = (each for each in self.variants if each.id not in variant_ids)
        return structs.replace(self, variants=tuple(each.without_users(variant_ids) for each in left))

    def value(self, name: str, known: Sequence[str] = ()) -> Value:
        """The value of a field; None if there is none. `known` is what the source calls its members."""
        return FIELDS[name].kind.value_of_product(self, name, known)


class UnownedProduct(Entity, frozen=True):
    """A product without an external id of a source, with what adoption compares."""

    external_id: str | None
    title: str
    handle: str
    metadata: dict[str, Any] | None
    variants: tuple[StoredVariant, ...]


P = TypeVar("P", bound=StoredProduct | Unreadable)


def by_external_id(products: Iterable[P]) -> Mapping[str, list[P]]:
    """Group products; the key of those without an external id is empty."""
    groups: dict[str, list[P]] = {}
    for product in products:
        groups.setdefault(product.external_id or "", []).append(product)
    return groups
