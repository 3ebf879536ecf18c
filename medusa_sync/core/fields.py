"""The table of fields: where each one lives in the store and how it merges."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from struct import pack

from msgspec import Struct

from medusa_sync.core.product import METADATA, Value

# Fields that need steps of their own, such as a call for stock levels.
TITLE = "title"
CATEGORIES = "categories"
TAGS = "tags"
IMAGES = "images"
SKU = "sku"
BARCODE = "barcode"
PRICE = "price"
STOCK = "stock"


class Place(Enum):
    """Where a field lives. Medusa commits the first three together with the product row, the others later."""

    PRODUCT = auto()
    METADATA = auto()
    VARIANT = auto()
    PRICE = auto()
    LEVEL = auto()


class Merge(Enum):
    """How the values of source and merchant come together."""

    REPLACE = auto()  # one value
    UNION = auto()  # a set, merged member by member
    FOLLOW = auto()  # the source's value, whatever happened in the store


class Field(Struct, frozen=True):
    """A field that the source owns.

    Attributes:
        unique: in a store: taken from one product before another one gets it.
        single_precision: the store keeps it as a 32-bit float.
    """

    name: str
    place: Place = Place.PRODUCT
    merge: Merge = Merge.REPLACE
    unique: bool = False
    single_precision: bool = False

    @property
    def commits_late(self) -> bool:
        """Whether the store may lose the value although it has committed the product row."""
        return self.place in {Place.PRICE, Place.LEVEL}

    @property
    def is_of_variant(self) -> bool:
        return self.place in {Place.VARIANT, Place.PRICE, Place.LEVEL}

    def same(self, stored: Value, wanted: Value) -> bool:
        """Whether the store cannot hold `wanted` any better."""
        if self.single_precision and isinstance(stored, int | float) and isinstance(wanted, int | float):
            return pack("f", stored) == pack("f", wanted)
        return stored == wanted


def _metadata(key: str) -> Field:
    return Field(f"{METADATA}{key}", Place.METADATA)


FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        Field(TITLE),
        Field("description"),
        Field("thumbnail"),
        Field("weight", single_precision=True),
        Field("length", single_precision=True),
        Field("height", single_precision=True),
        Field("width", single_precision=True),
        Field(CATEGORIES, merge=Merge.UNION),
        Field(TAGS, merge=Merge.UNION),
        Field(IMAGES, merge=Merge.UNION),
        Field(SKU, Place.VARIANT, unique=True),
        Field(BARCODE, Place.VARIANT, unique=True),
        Field(PRICE, Place.PRICE),
        Field(STOCK, Place.LEVEL, Merge.FOLLOW),
        _metadata("brand"),
        _metadata("rating"),
        _metadata("review_count"),
        _metadata("discount_percentage"),
        _metadata("warranty_information"),
        _metadata("shipping_information"),
        _metadata("return_policy"),
        _metadata("minimum_order_quantity"),
        _metadata("availability_status"),
    )
}
