"""The tables of fields: which part of a product has each field, and how it merges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from struct import pack
from typing import TypeVar

from msgspec import Struct, structs

T = TypeVar("T")

# Fields that other modules name, for example because they need a separate call.
TITLE = "title"
WEIGHT = "weight"
CATEGORIES = "categories"
TAGS = "tags"
IMAGES = "images"
TYPE = "type"
COLLECTION = "collection"
THUMBNAIL = "thumbnail"
CHANNELS = "sales_channels"
SKU = "sku"
BARCODE = "barcode"
PRICE = "price"
STOCK = "stock"
SALE = "sale_price"
SHARED = "shared"  # the stock of a variant that shares that of its product
# Not in the tables; changes and conflicts name them like fields.
STATUS = "status"
VARIANT = "variant"
OPTIONS = "options"

# Prefixes of fields whose names depend on the catalogue.
METADATA = "metadata."  # a key of the metadata of a product or a variant
OPTION = "option."  # the value of a variant for an option
OTHER_PRICE = "price."  # the price of a variant in another currency
TRANSLATION = "translation."  # a text in a locale, such as `translation.de-DE.title`
OTHER_SALE = "sale_price."  # in the record: a sale price in a currency that the source had before
OTHER_STOCK = "stock."  # the stock of a variant at a location that the source names
_SCRIPT = 4  # letters of its code in a locale

VARIANTS = "variants"  # what settings call options, option values, new variants and dropped ones


class Part(Enum):
    """The part of a product that has a field. Medusa commits prices and levels later than the product row."""

    PRODUCT = auto()
    LINK = auto()  # to what is not in the product row, and linked later
    METADATA = auto()
    VARIANT = auto()
    OPTION = auto()
    PRICE = auto()
    LEVEL = auto()
    SALE = auto()  # in a price list of the source
    TRANSLATION = auto()


class Merge(Enum):
    """How the values of source and store are merged."""

    REPLACE = auto()  # one value
    UNION = auto()  # a set, merged member by member
    FOLLOW = auto()  # the source's value wins, and the store changes it without a conflict


class Field(Struct, frozen=True):
    """A field that the source owns.

    Attributes:
        unique: no two variants of a store can have the same value.
        single_precision: the store keeps it as a 32-bit float.
        member: the attribute of a stored member of a set, or of a stored term, that holds its value.
        reads: the attributes of the store that `member` is made of, if it is none itself.
        is_term: the value names something that many products share, such as a tag, and that is created if it
            is missing; products refer to its id.
    """

    name: str
    part: Part = Part.PRODUCT
    merge: Merge = Merge.REPLACE
    unique: bool = False
    single_precision: bool = False
    member: str = ""
    reads: tuple[str, ...] = ()
    is_term: bool = False

    def same(self, stored: object, desired: object) -> bool:
        """Whether two values are equal as far as the store can represent them."""
        if self.single_precision and isinstance(stored, int | float) and isinstance(desired, int | float):
            return pack("f", stored) == pack("f", desired)
        return stored == desired


class Fields(dict[str, Field]):
    """The fields of a table by name. Lookups also find those whose names depend on the catalogue.

    Args:
        fields: of the table.
        families: what the fields with a prefix have in common; it is their name.
    """

    def __init__(self, fields: Iterable[Field], families: Iterable[Field]) -> None:
        super().__init__((field.name, field) for field in fields)
        self._families = {family.name: family for family in families}

    def knows(self, name: str) -> bool:
        """Whether there is such a field; a record may have fields of a newer version."""
        return name in self or "".join(name.partition(".")[:2]) in self._families

    def __missing__(self, name: str) -> Field:
        return structs.replace(self._families["".join(name.partition(".")[:2])], name=name)


FIELDS = Fields(
    (
        Field(TITLE),
        Field("subtitle"),
        Field("description"),
        Field(THUMBNAIL),
        *(Field(name, single_precision=True) for name in (WEIGHT, "length", "height", "width")),
        Field("origin_country"),
        Field("hs_code"),
        Field("mid_code"),
        Field("material"),
        Field(CATEGORIES, merge=Merge.UNION, member="slug", reads=("handle", "metadata"), is_term=True),
        Field(TAGS, merge=Merge.UNION, member="value", is_term=True),
        Field(TYPE, member="value", is_term=True),
        Field(COLLECTION, member="handle", is_term=True),
        Field(CHANNELS, Part.LINK, Merge.UNION, member="name"),
        Field(IMAGES, merge=Merge.UNION, member="url"),
        *(
            Field(f"{METADATA}{key}", Part.METADATA)
            for key in (
                "brand",
                "rating",
                "review_count",
                "discount_percentage",
                "warranty_information",
                "shipping_information",
                "return_policy",
                "minimum_order_quantity",
                "availability_status",
            )
        ),
    ),
    (
        Field(METADATA, Part.METADATA),
        Field(TRANSLATION, Part.TRANSLATION),
        *(Field(name, Part.LEVEL, Merge.FOLLOW) for name in (STOCK, OTHER_STOCK)),  # that variants share
    ),
)
"""The fields of a product."""

VARIANT_FIELDS = Fields(
    (
        Field(TITLE, Part.VARIANT),
        Field(WEIGHT, Part.VARIANT, single_precision=True),
        Field(SKU, Part.VARIANT, unique=True),
        Field(BARCODE, Part.VARIANT, unique=True),
        Field(THUMBNAIL, Part.VARIANT),
        Field(PRICE, Part.PRICE),
        Field(STOCK, Part.LEVEL, Merge.FOLLOW),
        Field(SALE, Part.SALE),
    ),
    (
        Field(OPTION, Part.OPTION),
        Field(METADATA, Part.METADATA),
        Field(OTHER_PRICE, Part.PRICE),
        Field(OTHER_SALE, Part.SALE),
        Field(TRANSLATION, Part.TRANSLATION),
        Field(OTHER_STOCK, Part.LEVEL, Merge.FOLLOW),
    ),
)
"""The fields of a variant."""

UniqueValue = tuple[str, str]
"""A unique field and its value."""

UNIQUE = tuple(name for name, field in VARIANT_FIELDS.items() if field.unique)
"""The fields of a variant whose values no two variants of a store can share."""

NAMES = tuple(
    dict.fromkeys(name.partition(".")[0] for name in (*FIELDS, TRANSLATION, VARIANTS, *VARIANT_FIELDS))
)
"""The names that settings can have for fields. `metadata` and `price` are all keys and all currencies."""


def locale_of(name: str) -> str:
    """The locale of a translated text; empty for any other field."""
    return name.removeprefix(TRANSLATION).rpartition(".")[0] if name.startswith(TRANSLATION) else ""


def canonical_locale(locale: str) -> str:
    """A locale as Medusa writes it: `de-DE`, `zh-Hans`, `ru-Cyrl-BY`."""
    language, *others = locale.replace("_", "-").split("-")
    parts = (each.title() if len(each) == _SCRIPT else each.upper() for each in others)
    return "-".join((language.lower(), *parts))


def stock_of(fields: Mapping[str, T]) -> dict[str, T]:
    """The stock among fields of a variant, by name."""
    return {name: value for name, value in fields.items() if name == STOCK or name.startswith(OTHER_STOCK)}


def location_of(name: str) -> str:
    """The stock location that the name of a stock has; empty for the default one."""
    return name.removeprefix(STOCK).removeprefix(".")


def tracks(fields: Mapping[str, object]) -> bool | None:
    """Whether a variant with these fields is tracked; None if there is no stock among them."""
    stock = stock_of(fields)
    return any(value is not None for value in stock.values()) if stock else None


OPTIONS_OF_VALUES = {
    "--currency": PRICE,
    "--sale-prices": PRICE,
    "--source-map": "",
    "--stock-location": STOCK,
}
"""The options that decide what the source wants, each with the field that it decides about; empty for all."""


def setting_names(name: str) -> tuple[str, ...]:
    """The names that settings can have for a field, the most specific first."""
    if name.partition(".")[0] == SALE:  # without it, customers would not pay the price that is synced
        return SALE, PRICE
    if name == OPTIONS or name.startswith(OPTION):
        return (VARIANTS,)
    parts = name.split(".")
    return tuple(".".join(parts[:count]) for count in range(len(parts), 0, -1))
