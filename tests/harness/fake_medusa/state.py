"""The data of the fake store."""

from collections.abc import Collection as AnyCollection
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

Number = int | float
Metadata = dict[str, Any] | None

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Ids:
    """ULIDs like Medusa's: sorted by creation, but in random order within one moment."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._moment = 1_700_000_000_000

    @property
    def moment(self) -> int:
        """In milliseconds since 1970."""
        return self._moment

    def next_moment(self) -> None:
        self._moment += 1

    def new(self, prefix: str) -> str:
        digits = (_CROCKFORD[self._moment >> shift & 31] for shift in range(45, -5, -5))
        return f"{prefix}_{''.join(digits)}{''.join(self._random.choices(_CROCKFORD, k=16))}"


@dataclass
class Price:
    id: str
    currency_code: str
    amount: Number
    min_quantity: Number | None = None
    max_quantity: Number | None = None
    rules: dict[str, str] = field(default_factory=dict)


@dataclass
class ListPrice(Price):
    price_list_id: str = ""
    variant_id: str = ""
    is_deleted: bool = False
    """A deleted one keeps its row; the undone deletion of its variant restores it."""


@dataclass
class PriceList:
    id: str
    title: str
    description: str
    type: str = "sale"
    status: str = "draft"
    metadata: Metadata = None


@dataclass(eq=False)
class Option:
    """An option of one product, or of several if it is not exclusive."""

    id: str
    title: str
    is_exclusive: bool = True
    values: list["OptionValue"] = field(default_factory=list)
    """Also the ones that were removed from all products."""


@dataclass(eq=False)
class OptionValue:
    id: str
    value: str
    option: Option = field(repr=False)


@dataclass(kw_only=True)
class _Details:
    """What products and variants have."""

    thumbnail: str | None = None
    created_at: int = 0
    """In milliseconds since 1970."""
    material: str | None = None
    hs_code: str | None = None
    mid_code: str | None = None
    origin_country: str | None = None
    weight: Number | None = None
    length: Number | None = None
    height: Number | None = None
    width: Number | None = None
    metadata: Metadata = None


@dataclass
class Variant(_Details):
    id: str
    title: str
    values: list[OptionValue]
    sku: str | None = None
    barcode: str | None = None
    ean: str | None = None
    upc: str | None = None
    variant_rank: int | None = 0
    manage_inventory: bool = True
    allow_backorder: bool = False
    prices: list[Price] = field(default_factory=list)
    has_price_set: bool = False
    """Set in the last step of its creation."""
    item_ids: list[str] = field(default_factory=list)
    required: dict[str, int] = field(default_factory=dict)
    """How many of an item it takes, by id of the item, if it is not one."""
    former_item_ids: list[str] = field(default_factory=list)
    """That it was linked to before; an undone deletion of the variant links it to them again."""

    @property
    def options(self) -> dict[str, str]:
        """Values by the title of their option."""
        return {value.option.title: value.value for value in self.values}

    def copy(self) -> "Variant":
        """A copy to change; prices, option values and metadata are only ever replaced."""
        former = list(self.former_item_ids)
        return replace(self, prices=list(self.prices), item_ids=list(self.item_ids), former_item_ids=former)

    def link(self, item_id: str, quantity: int = 1) -> None:
        """Link it to an item; a link that exists gets the quantity."""
        self.item_ids = [*dict.fromkeys([*self.item_ids, item_id])]
        self.required = {**self.required, item_id: quantity}

    def unlink(self, *item_ids: str) -> None:
        self.former_item_ids = [*self.former_item_ids, *(each for each in self.item_ids if each in item_ids)]
        self.item_ids = [each for each in self.item_ids if each not in item_ids]

    def link_again(self) -> None:
        """Link it to all items that it was ever linked to."""
        self.item_ids = [*dict.fromkeys([*self.former_item_ids, *self.item_ids])]
        self.former_item_ids = []


@dataclass
class Image:
    id: str
    url: str


@dataclass
class Product(_Details):
    id: str
    title: str
    handle: str
    deleted_at: int | None = None
    external_id: str | None = None
    status: str = "draft"
    discountable: bool = True
    subtitle: str | None = None
    description: str | None = None
    options: list[Option] = field(default_factory=list)
    values: list[OptionValue] = field(default_factory=list)
    """The values of the options that its variants may have."""
    variants: list[Variant] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    tag_ids: list[str] = field(default_factory=list)
    category_ids: list[str] = field(default_factory=list)
    type_id: str | None = None
    collection_id: str | None = None
    sales_channel_ids: list[str] = field(default_factory=list)
    shipping_profile_id: str | None = None

    def copy(self) -> "Product":
        """A copy to change, as `Variant.copy`."""
        return replace(self, variants=[variant.copy() for variant in self.variants])


@dataclass
class Level:
    id: str
    location_id: str
    stocked_quantity: Number = 0
    reserved_quantity: Number = 0


@dataclass
class Item:
    """An inventory item. A deleted one keeps its row, so levels can still be created for it."""

    id: str
    sku: str | None
    title: str
    removed: bool = False
    levels: list[Level] = field(default_factory=list)

    @property
    def reserved_quantity(self) -> Number:
        return sum(level.reserved_quantity for level in self.levels)


@dataclass
class Category:
    id: str
    name: str
    handle: str
    description: str = ""
    is_active: bool = False
    is_internal: bool = False
    parent_category_id: str | None = None
    metadata: Metadata = None


@dataclass
class Tag:
    id: str
    value: str
    metadata: Metadata = None


class Type(Tag):
    pass


@dataclass
class Collection:
    id: str
    title: str
    handle: str
    metadata: Metadata = None


@dataclass
class Named:
    """A stock location, or a shipping profile (which has a type)."""

    id: str
    name: str
    type: str = ""
    metadata: Metadata = None


@dataclass
class Channel:
    """A sales channel, with the ids of the stock locations that serve it."""

    id: str
    name: str
    description: str | None = None
    is_disabled: bool = False
    metadata: Metadata = None
    location_ids: list[str] = field(default_factory=list)


@dataclass
class Region:
    id: str
    name: str
    currency_code: str
    metadata: Metadata = None


@dataclass
class Translation:
    """The texts of a product or variant in a locale."""

    id: str
    reference_id: str
    reference: str
    locale_code: str
    translations: dict[str, str | None]


@dataclass
class Currency:
    id: str
    currency_code: str
    is_default: bool = False


@dataclass
class StoreSettings:
    id: str
    name: str
    supported_currencies: list[Currency]
    default_sales_channel_id: str | None
    default_location_id: str | None
    default_region_id: str | None = None
    metadata: Metadata = None


@dataclass
class File:
    """A file of the local file provider."""

    id: str
    type: str
    content: bytes


@dataclass
class State:
    """All entities by id."""

    ids: Ids
    store: StoreSettings
    products: dict[str, Product] = field(default_factory=dict)
    deleted_products: dict[str, Product] = field(default_factory=dict)
    options: dict[str, Option] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    categories: dict[str, Category] = field(default_factory=dict)
    tags: dict[str, Tag] = field(default_factory=dict)
    types: dict[str, Type] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)
    price_lists: dict[str, PriceList] = field(default_factory=dict)
    list_prices: dict[str, ListPrice] = field(default_factory=dict)
    sales_channels: dict[str, Channel] = field(default_factory=dict)
    shipping_profiles: dict[str, Named] = field(default_factory=dict)
    stock_locations: dict[str, Named] = field(default_factory=dict)
    regions: dict[str, Region] = field(default_factory=dict)
    reservations: dict[str, dict[str, Any]] = field(default_factory=dict)
    translations: dict[str, Translation] = field(default_factory=dict)
    has_translations: bool = True
    locales: list[str] = field(default_factory=list)
    """That the store supports; texts in others are stored, too."""
    files: dict[str, File] = field(default_factory=dict)
    """Uploaded ones by id."""
    deleted_files: set[str] = field(default_factory=set)
    """Their ids."""
    deleted_ids: set[str] = field(default_factory=set)
    """Ids of deleted variants, tags, types, collections and categories: they cannot be used again."""

    def variants(self) -> dict[str, Variant]:
        """All variants by id."""
        return {variant.id: variant for product in self.products.values() for variant in product.variants}

    def variant_ids(self) -> set[str]:
        """The ids of all variants, and of those of deleted products."""
        products = [*self.products.values(), *self.deleted_products.values()]
        return {variant.id for product in products for variant in product.variants}

    def mark_list_prices(self, variant_ids: AnyCollection[str], *, deleted: bool) -> None:
        """Delete the list prices of these variants, or restore all that they ever had, as Medusa does."""
        for price in self.list_prices.values():
            if price.variant_id in variant_ids:
                price.is_deleted = deleted

    def live_items(self) -> list[Item]:
        return [item for item in self.items.values() if not item.removed]
