"""The shape of a source product: that of DummyJSON, with variants.

docs/catalogue.csv describes the fields, for docs/catalogue.md and docs/catalogue.schema.json (`make docs`).
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, structs

from medusa_sync.sources.text import MAX_ID

# Generous limits for shop goods: a value beyond them is a mistake or an attack.
Text = Annotated[str, Meta(max_length=255)]
LongText = Annotated[str, Meta(max_length=50_000)]
Url = Annotated[str, Meta(max_length=2_048)]
Count = Annotated[int, Meta(ge=0, le=2_147_483_647)]
Amount = Annotated[int, Meta(ge=0, le=10**12)] | Annotated[float, Meta(ge=0, le=1e12)]
Number = int | Annotated[float, Meta(ge=-1e15, le=1e15)]  # NaN and infinity are not JSON
Stock = Count | dict[Text, Count]
ACTIVE, DELETED = "active", "deleted"
Status = Literal["draft", "proposed", "published", "rejected", "active"]
Metadata = dict[Text, LongText | bool | Number | None]
Id = Annotated[int, Meta(ge=0, le=2**53)] | Annotated[str, Meta(min_length=1, max_length=MAX_ID)]


class SourceCategory(Struct, frozen=True):
    """A category with a handle of its own."""

    name: Text
    handle: Text | None = None


Path = Annotated[tuple[Text | SourceCategory, ...], Meta(max_length=20)]  # of categories, from the top
OnlyName = Annotated[str, Meta(max_length=255, pattern="^[^>]*$")]  # "A > B" may be meant as a path


class SourceDimensions(Struct, frozen=True):
    width: Amount | None = None
    height: Amount | None = None
    depth: Amount | None = None
    length: Amount | None = None

    @property
    def stored_length(self) -> float | None:
        """The length in the store: the depth, or else the length."""
        return self.length if self.depth is None else self.depth


class SourceMeta(Struct, frozen=True):
    barcode: Text | None = None


class SourcePrice(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A price in a currency, maybe of a region, or from a quantity on."""

    currency: Text
    amount: Amount
    region: Text | None = None
    min_quantity: Annotated[int, Meta(ge=1, le=999_999_999)] | None = None
    max_quantity: Annotated[int, Meta(ge=1, le=999_999_999)] | None = None


LOCALE = "^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"
Locale = Annotated[str, Meta(max_length=35, pattern=LOCALE)]


class SourceVariantTexts(Struct, frozen=True):
    """Texts of a variant in a locale."""

    title: Text | None = None
    material: Text | None = None


class SourceTexts(Struct, frozen=True):
    """Texts of a product in a locale."""

    title: Annotated[str, Meta(max_length=500)] | None = None
    subtitle: Text | None = None
    description: LongText | None = None
    material: Text | None = None


class SourceVariant(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A variant of a product."""

    id: Id | None = None
    title: Text | None = None
    sku: Text | None = None
    barcode: Text | None = None
    ean: Text | None = None
    upc: Text | None = None
    price: Amount | None = None
    prices: dict[Text, Amount] | tuple[SourcePrice, ...] | None = None
    compare_at_price: Amount | None = None
    sale_price: Amount | None = None
    stock: Stock | None = None
    allow_backorder: bool | None = None
    weight: Amount | None = None
    dimensions: SourceDimensions | None = None
    origin_country: Text | None = None
    hs_code: Text | None = None
    mid_code: Text | None = None
    material: Text | None = None
    image: Url | None = None
    metadata: Metadata | None = None
    options: dict[Text, Text | Number] = {}
    translations: dict[Locale, SourceVariantTexts] | None = None


class SourceProduct(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A product of a catalogue."""

    id: Id
    title: Annotated[str, Meta(min_length=1, max_length=500)]
    price: Amount | None = None
    prices: dict[Text, Amount] | tuple[SourcePrice, ...] | None = None
    compare_at_price: Amount | None = None
    sale_price: Amount | None = None
    options: Annotated[tuple[Text, ...], Meta(max_length=50)] | None = None
    variants: Annotated[tuple[SourceVariant, ...], Meta(max_length=10_000)] | None = None
    metadata: Metadata | None = None
    subtitle: Text | None = None
    type: Text | None = None
    collection: Text | None = None
    description: LongText | None = None
    category: Text | None = None
    categories: Annotated[tuple[Path | SourceCategory | OnlyName, ...], Meta(max_length=50)] | None = None
    brand: Text | None = None
    sku: Text | None = None
    stock: Stock | None = None
    allow_backorder: bool | None = None
    tags: Annotated[tuple[Text, ...], Meta(max_length=250)] | None = None
    shipping_profile: Text | None = None
    discountable: bool | None = None
    sales_channels: Annotated[tuple[Text, ...], Meta(max_length=250)] | None = None
    weight: Amount | None = None
    dimensions: SourceDimensions | None = None
    images: Annotated[tuple[Url, ...], Meta(max_length=250)] | None = None
    thumbnail: Url | None = None
    rating: Amount | None = None
    reviews: list[Any] | None = None
    discount_percentage: Amount | None = None
    warranty_information: Text | None = None
    shipping_information: Text | None = None
    return_policy: Text | None = None
    minimum_order_quantity: Count | None = None
    availability_status: Text | None = None
    origin_country: Text | None = None
    hs_code: Text | None = None
    mid_code: Text | None = None
    handle: Text | None = None
    status: Status | None = None
    deleted: bool | None = None
    material: Text | None = None
    meta: SourceMeta | None = None
    translations: dict[Locale, SourceTexts] | None = None


FIELDS = frozenset(each.encode_name for each in structs.fields(SourceProduct))
EARLIER_NAMES = ("salesChannels", "translations")
"""Fields that version 2 of the mapping ignored at first, but 1.0.0 read."""
NEWER_NAMES = ("status", "allowBackorder", "shippingProfile", "discountable")
"""Fields of products that 1.0.0 ignored, or sent only once."""
NEWER_VARIANT_NAMES = ("ean", "upc", "dimensions", "originCountry", "hsCode", "midCode", "material")
"""Fields of variants that 1.0.0 ignored."""
PRICES = ("price", "prices", "compareAtPrice", "salePrice")
SOLD = frozenset({*PRICES, "id", "title", "stock", "allowBackorder", "variants", "status"})
"""The fields that say what is sold, how, for how much and how many: without these, no product is stored."""
NUMBER = re.compile(r"[0-9]{1,300}(\.[0-9]+)?")  # without its sign, in a text; not infinite as a float
