"""The tables of fields: of which kind is each field of a product or variant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, structs

from medusa_sync.core.kinds.base import Kind, Merge
from medusa_sync.core.kinds.channels import CHANNELS, Channels
from medusa_sync.core.kinds.copies import CopiedImages
from medusa_sync.core.kinds.images import IMAGES, THUMBNAIL, Thumbnail
from medusa_sync.core.kinds.links import (
    CATEGORIES,
    COLLECTION,
    TAGS,
    TYPE,
    Categories,
    Term,
    Terms,
)
from medusa_sync.core.kinds.metadata import KEY, METADATA
from medusa_sync.core.kinds.options import CHOICE, OPTION, OPTIONS, VARIANTS
from medusa_sync.core.kinds.plain import FLAG, MEASURE, PLAIN, UNIQUE_TEXT, Flag
from medusa_sync.core.kinds.prices import AMOUNT, OTHER_PRICE, PRICE
from medusa_sync.core.kinds.profiles import PROFILE, ShippingProfile
from medusa_sync.core.kinds.rank import RANK, Rank
from medusa_sync.core.kinds.sales import IN_LIST, OTHER_SALE, SALE
from medusa_sync.core.kinds.status import STATUS, ProductStatus
from medusa_sync.core.kinds.stock import BACKORDER, LEVEL, OTHER_STOCK, STOCK
from medusa_sync.core.kinds.texts import TEXT, TRANSLATION

if TYPE_CHECKING:
    from medusa_sync.core.stored import StoredProduct, StoredVariant

T = TypeVar("T")

TITLE = "title"
WEIGHT = "weight"
SKU = "sku"
BARCODE, EAN, UPC = "barcode", "ean", "upc"
VARIANT = "variant"  # what changes call a variant that is created or deleted


class Field(Struct, frozen=True):
    """A field that the source owns.

    Attributes:
        since: raised for fields that are added later, so that an upgrade leaves them as they are.
    """

    name: str
    kind: Kind = PLAIN
    since: int = 0


class Fields(dict[str, Field]):
    """The fields of a table by name. Lookups also find those whose names depend on the catalogue.

    Args:
        fields: of the table.
        families: what the fields with a prefix have in common; it is their name.
    """

    def __init__(self, fields: Iterable[Field], families: Iterable[Field]) -> None:
        super().__init__((field.name, field) for field in fields)
        self._families = {family.name: family for family in families}
        self.kinds = tuple(dict.fromkeys(each.kind for each in (*self.values(), *self._families.values())))

    def knows(self, name: str) -> bool:
        """Whether there is such a field; a record may have fields of a newer version."""
        return name in self or "".join(name.partition(".")[:2]) in self._families

    def __missing__(self, name: str) -> Field:
        return structs.replace(self._families["".join(name.partition(".")[:2])], name=name)

    def known(self, names: Iterable[str]) -> Iterator[Field]:
        """The fields with these names, as far as they are known."""
        return (self[name] for name in names if self.knows(name))

    def names_of(self, stored: StoredProduct | StoredVariant) -> Iterator[str]:
        """The fields that a stored product or variant has, and whose names depend on the catalogue."""
        return chain.from_iterable(kind.names_of(stored) for kind in self.kinds)

    def by_kind(self, values: Mapping[str, T]) -> dict[Kind, dict[str, T]]:
        """Values by kind and field; each kind of the table is there."""
        found: dict[Kind, dict[str, T]] = {kind: {} for kind in self.kinds}
        for name, value in values.items():
            found[self[name].kind][name] = value
        return found

    def newer(self, known: int) -> Iterator[Field]:
        """The fields that were added after those up to which a record knows them."""
        return (field for field in self.values() if field.since > known)

    @property
    def paths(self) -> Iterator[tuple[Kind, str]]:
        """What is asked of the store, with the kind that needs it."""
        for field in (*self.values(), *self._families.values()):
            yield from ((field.kind, path) for path in field.kind.paths(field.name))


FIELDS = Fields(
    (
        Field(TITLE),
        Field("subtitle"),
        Field("description"),
        Field(THUMBNAIL, Thumbnail()),
        *(Field(name, MEASURE) for name in (WEIGHT, "length", "height", "width")),
        Field("origin_country"),
        Field("hs_code"),
        Field("mid_code"),
        Field("material"),
        Field(STATUS, ProductStatus(), since=1),
        Field(PROFILE, ShippingProfile(), since=1),
        Field("discountable", Flag(initial=True), since=1),
        Field(CATEGORIES, Categories("slug", "handle", "metadata")),
        Field(TAGS, Terms("value")),
        Field(TYPE, Term("value")),
        Field(COLLECTION, Term("handle")),
        Field(CHANNELS, Channels("name")),
        Field(IMAGES, CopiedImages()),
        *(
            Field(f"{METADATA}{key}", KEY)
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
        Field(METADATA, KEY),
        Field(TRANSLATION, TEXT),
        *(Field(name, LEVEL) for name in (STOCK, OTHER_STOCK)),  # that variants share
    ),
)
"""The fields of a product."""

VARIANT_FIELDS = Fields(
    (
        Field(TITLE),
        Field(WEIGHT, MEASURE),
        Field(SKU, UNIQUE_TEXT),
        Field(BARCODE, UNIQUE_TEXT),
        *(Field(name, UNIQUE_TEXT, since=1) for name in (EAN, UPC)),
        Field(THUMBNAIL, since=1),  # Shopify's was not read
        Field(BACKORDER, FLAG, since=1),
        Field(RANK, Rank(), since=1),
        *(Field(name, MEASURE, since=1) for name in ("length", "height", "width")),
        *(Field(name, since=1) for name in ("origin_country", "hs_code", "mid_code", "material")),
        Field(PRICE, AMOUNT),
        Field(STOCK, LEVEL),
        Field(SALE, IN_LIST),
    ),
    (
        Field(OPTION, CHOICE),
        Field(METADATA, KEY),
        Field(OTHER_PRICE, AMOUNT),
        Field(OTHER_SALE, IN_LIST),
        Field(TRANSLATION, TEXT),
        Field(OTHER_STOCK, LEVEL),
    ),
)
"""The fields of a variant."""

NEWEST = max(field.since for field in (*FIELDS.values(), *VARIANT_FIELDS.values()))
"""What records know that are written now."""

KINDS = tuple(dict.fromkeys((*VARIANT_FIELDS.kinds, *FIELDS.kinds)))
"""The kinds of fields of products and variants."""

UniqueValue = tuple[str, str]
"""A unique field and its value."""

UNIQUE = tuple(name for name, field in VARIANT_FIELDS.items() if field.kind is UNIQUE_TEXT)
"""The fields of a variant whose values no two variants of a store can share."""

EXCLUSIVE = tuple(name for name, field in VARIANT_FIELDS.items() if field.kind.is_exclusive)
"""The fields of a variant that no one but the source has."""

REPEATING = tuple(name for name, field in FIELDS.items() if field.kind.repeats)
"""The fields of a product whose new values two runs may store twice."""

NAMES = tuple(
    dict.fromkeys(name.partition(".")[0] for name in (*FIELDS, TRANSLATION, VARIANTS, *VARIANT_FIELDS))
)
"""The names that settings can have for fields. `metadata` and `price` are all keys and all currencies."""


_OWN = (*VARIANT_FIELDS.values(), *FIELDS.values())
SETTINGS_OF_VALUES = {own: field.name for field in _OWN for own in field.kind.settings_of_values}
"""The settings that decide what the source wants of one field, with its name; maps decide about all."""

SETTINGS_OF_FIELDS = SETTINGS_OF_VALUES | {
    own: field.name for field in _OWN for own in field.kind.settings_besides
}
"""All settings that decide about one field, with its name."""


def newer_than(known: int) -> Iterator[Field]:
    """The fields of products and variants that were added after those that a record knows."""
    return chain(FIELDS.newer(known), VARIANT_FIELDS.newer(known))


@lru_cache(4_096)  # the products of a source have the same ones
def kind_of(name: str) -> Kind:
    """The kind of a field of a product or variant, or of what changes and conflicts name like one."""
    if name == OPTIONS:
        return CHOICE
    table = next((each for each in (VARIANT_FIELDS, FIELDS) if each.knows(name)), None)
    return PLAIN if table is None else table[name].kind


def followed(fields: Mapping[str, T]) -> dict[str, T]:
    """The fields that the store changes without a conflict, such as stock."""
    return {name: value for name, value in fields.items() if kind_of(name).merge is Merge.FOLLOW}


@lru_cache(4_096)
def setting_names(name: str) -> tuple[str, ...]:
    """The names that settings can have for a field, the most specific first."""
    return kind_of(name).setting_names(name)
