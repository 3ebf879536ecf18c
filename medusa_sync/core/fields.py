"""The table of fields: where the store keeps each field, and how it merges."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from struct import pack

from msgspec import Struct

# Fields that other modules name, for example because they need a separate call.
TITLE = "title"
CATEGORIES = "categories"
TAGS = "tags"
IMAGES = "images"
SKU = "sku"
BARCODE = "barcode"
PRICE = "price"
STOCK = "stock"
# Not in the table, because the source does not have them; changes and conflicts name them like fields.
STATUS = "status"
VARIANT = "variant"

METADATA = "metadata."  # prefix of the fields that are keys of a product's metadata


class Place(Enum):
    """Where a field lives. Medusa commits the first three together with the product row, the others later."""

    PRODUCT = auto()
    METADATA = auto()
    VARIANT = auto()
    PRICE = auto()
    LEVEL = auto()


class Merge(Enum):
    """How the values of source and store are merged."""

    REPLACE = auto()  # one value
    UNION = auto()  # a set, merged member by member
    FOLLOW = auto()  # the source's value wins, and the store changes it without a conflict


class Field(Struct, frozen=True):
    """A field that the source owns.

    Attributes:
        unique: no two products of a store can have the same value.
        single_precision: the store keeps it as a 32-bit float.
        member: of a set: the attribute of a stored member that holds its value.
    """

    name: str
    place: Place = Place.PRODUCT
    merge: Merge = Merge.REPLACE
    unique: bool = False
    single_precision: bool = False
    member: str = ""

    @property
    def commits_late(self) -> bool:
        """Whether a killed store may have committed the product row without this field."""
        return self.place in {Place.PRICE, Place.LEVEL}

    @property
    def is_of_variant(self) -> bool:
        return self.place in {Place.VARIANT, Place.PRICE, Place.LEVEL}

    def same(self, stored: object, desired: object) -> bool:
        """Whether two values are equal as far as the store can represent them."""
        if self.single_precision and isinstance(stored, int | float) and isinstance(desired, int | float):
            return pack("f", stored) == pack("f", desired)
        return stored == desired


def _metadata(key: str) -> Field:
    return Field(f"{METADATA}{key}", Place.METADATA)


FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        Field(TITLE),
        Field("subtitle"),
        Field("description"),
        Field("thumbnail"),
        Field("weight", single_precision=True),
        Field("length", single_precision=True),
        Field("height", single_precision=True),
        Field("width", single_precision=True),
        Field("origin_country"),
        Field("hs_code"),
        Field("mid_code"),
        Field("material"),
        Field(CATEGORIES, merge=Merge.UNION, member="handle"),
        Field(TAGS, merge=Merge.UNION, member="value"),
        Field(IMAGES, merge=Merge.UNION, member="url"),
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
