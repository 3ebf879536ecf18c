"""The products of a store, as far as a sync reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from medusa_sync.core.fields import FIELDS, METADATA, Merge, Place
from medusa_sync.core.product import Value
from medusa_sync.core.record import RECORD_KEY, Pending, Record
from medusa_sync.core.stored_variant import Entity, Identified, StoredVariant, plain

_SLUG = "slug"  # in the record of a category


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
    """The metadata of a new category."""
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


class StoredSummary(Identified, frozen=True):
    """A product with what is needed to see whether it is up to date.

    Attributes:
        record: what was last applied; None if it was not written by this tool.
    """

    record: Record | None = None


class StoredProduct(StoredSummary, frozen=True):
    """A product with everything that a change may touch, as far as it was asked for.

    Attributes:
        metadata: without the record.
    """

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
    options: tuple[StoredOption, ...] = ()
    images: tuple[StoredImage, ...] = ()
    tags: tuple[StoredValue, ...] = ()
    categories: tuple[StoredCategory, ...] = ()
    type: StoredValue | None = None
    collection: StoredCollection | None = None
    variants: tuple[StoredVariant, ...] = ()
    sales_channels: tuple[Entity | None, ...] = ()  # None is a link to a deleted channel
    shipping_profile: Entity | None = None

    @property
    def rounds_weights(self) -> bool:
        """Whether the store may keep weights of variants as whole numbers, as Medusa up to 2.15.0 does."""
        return all(option.is_exclusive is None for option in self.options)  # known since 2.17

    @property
    def pending(self) -> Pending | None:
        return self.record.pending if self.record else None

    def value(self, name: str) -> Value:
        """The value of a field; None if there is none."""
        field = FIELDS[name]
        if field.place is Place.METADATA:
            return plain((self.metadata or {}).get(name.removeprefix(METADATA)))
        value = getattr(self, name)
        if field.merge is Merge.UNION:
            return tuple(getattr(member, field.member) for member in value)
        return plain(getattr(value, field.member) if field.is_term and value else value)


class VariantSku(Struct, frozen=True):
    sku: str | None


class UnownedProduct(Entity, frozen=True):
    """A product without an external id, with what adoption compares."""

    title: str
    handle: str
    metadata: dict[str, Any] | None
    variants: tuple[VariantSku, ...]


class Tombstone(Identified, frozen=True):
    """What a deleted product leaves.

    Attributes:
        deleted_at: when it was deleted.
        is_ours: this tool deleted it.
    """

    deleted_at: str
    is_ours: bool


P = TypeVar("P", bound=Identified)


def by_external_id(products: Iterable[P]) -> Mapping[str, list[P]]:
    """Group products; the key of those without an external id is empty."""
    groups: dict[str, list[P]] = {}
    for product in products:
        groups.setdefault(product.external_id or "", []).append(product)
    return groups
