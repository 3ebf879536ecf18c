"""The variants and inventory items of a store, as far as a sync reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, json

from medusa_sync.core.fields import METADATA, OPTION, OTHER_PRICE, PRICE, VARIANT_FIELDS, Place
from medusa_sync.core.product import Value


class Entity(Struct, frozen=True):
    """Something that is known by its id, such as the sales channel of a product."""

    id: str


class Identified(Entity, frozen=True):
    """A product of the store."""

    external_id: str | None


class StoredLevel(Struct, frozen=True):
    location_id: str
    stocked_quantity: int | float | None = None


class StoredInventory(Struct, frozen=True):
    location_levels: tuple[StoredLevel, ...] = ()
    sku: str | None = None


class StoredInventoryItem(Struct, frozen=True):
    """An inventory item that a variant uses."""

    inventory_item_id: str
    inventory: StoredInventory | None = None


class StoredPrice(Entity, frozen=True):
    """A price of a variant, also in a price list."""

    currency_code: str
    amount: int | float
    min_quantity: int | float | None = None
    max_quantity: int | float | None = None
    rules: dict[str, Any] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it applies to any quantity and has no rules."""
        return self.min_quantity is None and self.max_quantity is None and not self.rules


class StoredOptionValue(Struct, frozen=True):
    """The value of a variant for an option."""

    option_id: str
    value: str


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
    thumbnail: str | None = None
    metadata: dict[str, Any] | None = None
    manage_inventory: bool = False
    options: tuple[StoredOptionValue, ...] = ()
    shows_prices: bool = True
    has_price_set: bool = True
    prices: tuple[StoredPrice, ...] = ()
    inventory_items: tuple[StoredInventoryItem, ...] = ()
    sale_prices: tuple[StoredPrice, ...] = ()

    def value_of(self, option_id: str | None) -> str | None:
        """The value for an option; None if it has none, for example because the option is new."""
        return next((each.value for each in self.options if each.option_id == option_id), None)

    @property
    def item_id(self) -> str | None:
        """The id of its inventory item."""
        return self.inventory_items[0].inventory_item_id if self.inventory_items else None

    def level_at(self, location_id: str | None) -> StoredLevel | None:
        """The level of its inventory item at a location."""
        inventory = self.inventory_items[0].inventory if self.inventory_items else None
        levels = inventory.location_levels if inventory else ()
        return next((level for level in levels if level.location_id == location_id), None)

    def price_in(self, currency: str) -> StoredPrice | None:
        """The price in a currency that applies to any quantity and has no rules."""
        return next((each for each in self.prices if each.currency_code == currency and each.is_plain), None)

    def value(
        self, name: str, currency: str, location_id: str | None = None, options: Mapping[str, str] = {}
    ) -> Value:
        """The value of a field; None if there is none.

        Args:
            name: of the field.
            currency: of the field `price`.
            location_id: where the stock is; None if the store keeps none.
            options: ids of options by name.
        """
        match VARIANT_FIELDS[name].place:
            case Place.OPTION:
                return self.value_of(options.get(name.removeprefix(OPTION)))
            case Place.PRICE:
                price = self.price_in(price_currency(name, currency))
                return price.amount if price else None
            case Place.LEVEL:
                level = self.level_at(location_id) if self.manage_inventory else None
                return level.stocked_quantity if level else None
            case Place.SALE:
                sales = (each.amount for each in self.sale_prices if each.currency_code == currency)
                return next(sales, None)
            case Place.METADATA:
                return plain((self.metadata or {}).get(name.removeprefix(METADATA)))
            case _:
                return plain(getattr(self, name))


def price_currency(name: str, currency: str) -> str:
    """The currency of a price field; `currency` is that of the field `price`."""
    return currency if name == PRICE else name.removeprefix(OTHER_PRICE)


def plain(value: Any) -> Value:
    """A comparable value: None for an empty text, JSON for an object or a list."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str | int | float) else json.encode(value).decode()


class OwningProduct(Identified, frozen=True):
    """A product that has a handle, or a variant with a unique value."""

    title: str
    handle: str = ""


class OwningVariant(Entity, frozen=True):
    """A variant that has an SKU, a barcode or an inventory item."""

    sku: str | None = None
    barcode: str | None = None
    product: OwningProduct | None = None


class StoredItem(Entity, frozen=True):
    """An inventory item.

    Attributes:
        variants: those that use it; None for deleted ones.
        is_new: this run created it, with its stock.
    """

    sku: str | None
    reserved_quantity: int | float
    variants: tuple[OwningVariant | None, ...]
    location_levels: tuple[StoredLevel, ...]
    is_new: bool = False

    @property
    def users(self) -> tuple[OwningVariant, ...]:
        return tuple(variant for variant in self.variants if variant is not None)

    def is_at(self, location_id: str | None) -> bool:
        """Whether it has a level at a location."""
        return any(level.location_id == location_id for level in self.location_levels)

    @property
    def use(self) -> str:
        """Why a variant without an item cannot take this one; empty if it can."""
        name = f"its SKU {self.sku!r} is taken: the inventory item {self.id}"
        if self.users:
            users = [each.product.id for each in self.users if each.product] or [
                each.id for each in self.users
            ]
            return f"{name} belongs to {', '.join(users)}; change one of the SKUs"
        if self.reserved_quantity:
            return f"{name} has {self.reserved_quantity:g} reserved; change one of the SKUs"
        return ""
