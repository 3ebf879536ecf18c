"""Frozen value types: what flows through a run, from a row of the source to a row of the report."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct, field

# --- the source -----------------------------------------------------------------------------------------

# Bounds are generous for shop goods and keep out what can only be a mistake, or an attack, at the other end.
Text = Annotated[str, Meta(max_length=255)]
LongText = Annotated[str, Meta(max_length=50_000)]
Url = Annotated[str, Meta(max_length=2_048)]
Count = Annotated[int, Meta(ge=0, le=2_147_483_647)]
Amount = Annotated[int, Meta(ge=0, le=10**12)] | Annotated[float, Meta(ge=0, le=1e12)]


class SourceDimensions(Struct, frozen=True):
    width: Amount | None = None
    height: Amount | None = None
    depth: Amount | None = None


class SourceMeta(Struct, frozen=True):
    barcode: Text | None = None


class SourceProduct(Struct, frozen=True, rename="camel"):
    """A product as `https://dummyjson.com/products` answers it; fields that are not mapped are left out."""

    id: Annotated[int, Meta(ge=0, le=2**53)]
    title: Annotated[str, Meta(min_length=1, max_length=500)]
    price: Amount
    description: LongText | None = None
    category: Text | None = None
    brand: Text | None = None
    sku: Text | None = None
    stock: Count | None = None
    tags: Annotated[tuple[Text, ...], Meta(max_length=250)] | None = None
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
    meta: SourceMeta | None = None


# --- what the store should hold -------------------------------------------------------------------------

Value = str | int | float | tuple[str, ...] | None

METADATA = "metadata."  # prefix of the fields that are keys of a product's metadata


class DesiredProduct(Struct, frozen=True):
    """A source product in the terms of Medusa.

    Attributes:
        external_id: `<source name>:<id>`, the identity in the store.
        source_id: the id at the source.
        currency: ISO code in lower case; the unit of `fields["price"]` is its major unit.
        fields: every field that the source owns, by name, None where the source has nothing.
    """

    external_id: str
    source_id: int
    currency: str
    fields: Mapping[str, Value]

    @property
    def title(self) -> str:
        return str(self.fields["title"])


# --- what the store holds -------------------------------------------------------------------------------


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


class StoredItem(Struct, frozen=True):
    """An inventory item, the variants that use it with their products, and where it has levels."""

    id: str
    sku: str | None
    reserved_quantity: int | float
    variant_ids: tuple[str, ...]
    product_ids: tuple[str, ...]
    location_ids: tuple[str, ...]

    @property
    def use(self) -> str:
        """Why a variant that has none cannot have this item; empty if it can."""
        name = f"its SKU {self.sku!r} is taken: the inventory item {self.id}"
        if self.variant_ids:
            return f"{name} belongs to {', '.join(self.variant_ids)}; change one of the SKUs"
        if self.reserved_quantity:
            return f"{name} has {self.reserved_quantity:g} reserved; change one of the SKUs"
        return ""


class StoredPrice(Struct, frozen=True):
    id: str
    currency_code: str
    amount: int | float
    min_quantity: int | float | None = None
    max_quantity: int | float | None = None
    rules: dict[str, Any] = field(default_factory=dict)


class WrittenVariant(Struct, frozen=True):
    """A variant in the response to a write."""

    id: str
    sku: str | None
    inventory_items: tuple[ItemLink, ...]


class StoredVariant(Struct, frozen=True):
    id: str
    created_at: str = ""
    sku: str | None = None
    barcode: str | None = None
    manage_inventory: bool = False
    prices: tuple[StoredPrice, ...] = ()
    inventory_items: tuple[StoredInventoryItem, ...] = ()


class StoredImage(Struct, frozen=True):
    id: str
    url: str


class StoredTag(Struct, frozen=True):
    id: str
    value: str


class StoredCategory(Struct, frozen=True):
    id: str
    handle: str


class ListedCategory(StoredCategory, frozen=True):
    is_active: bool


class StoredLink(Struct, frozen=True):
    """A sales channel or shipping profile that a product belongs to."""

    id: str


class StoredSummary(Struct, frozen=True):
    """A product with what tells whether it is up to date."""

    id: str
    external_id: str | None
    metadata: dict[str, Any] | None


class ListedProduct(Struct, frozen=True):
    """A product with what a removal needs."""

    id: str
    external_id: str | None
    title: str
    status: str


class VariantSku(Struct, frozen=True):
    sku: str | None


class ForeignProduct(Struct, frozen=True):
    """A product that no source owns, with what tells whether it is one of ours."""

    id: str
    title: str
    handle: str
    metadata: dict[str, Any] | None
    variants: tuple[VariantSku, ...]


class WrittenProduct(Struct, frozen=True):
    """A product in the response to a write."""

    id: str
    external_id: str | None
    variants: tuple[WrittenVariant, ...]


class Unreadable(Struct, frozen=True):
    """A product whose response lacks something that was asked for, so that nothing can be decided."""

    id: str
    external_id: str | None
    reason: str


class StoredProduct(Struct, frozen=True):
    """A product with everything that a change may touch."""

    id: str
    external_id: str | None = None
    metadata: dict[str, Any] | None = None
    created_at: str = ""
    title: str = ""
    handle: str = ""
    status: str = ""
    description: str | None = None
    thumbnail: str | None = None
    weight: int | float | None = None
    length: int | float | None = None
    height: int | float | None = None
    width: int | float | None = None
    images: tuple[StoredImage, ...] = ()
    tags: tuple[StoredTag, ...] = ()
    categories: tuple[StoredCategory, ...] = ()
    variants: tuple[StoredVariant, ...] = ()
    sales_channels: tuple[StoredLink | None, ...] = ()  # None for a link to a channel that is gone
    shipping_profile: StoredLink | None = None


# --- what is to be done ---------------------------------------------------------------------------------


class OnMissing(StrEnum):
    """What happens to products of this source that the source no longer has."""

    KEEP = "keep"
    DRAFT = "draft"
    DELETE = "delete"


class Share(Struct, frozen=True):
    """A bound: a number of products, or a percentage of all of them."""

    number: float
    is_percentage: bool

    def __str__(self) -> str:
        return f"{self.number:g}{'%' if self.is_percentage else ''}"

    def allows(self, count: int, total: int) -> bool:
        return count <= (self.number * total / 100 if self.is_percentage else self.number)


class OnConflict(StrEnum):
    """Whose value counts when source and merchant have both changed a field."""

    SOURCE = "source"
    STORE = "store"


class Difference(Struct, frozen=True):
    """One field of a changed product.

    Attributes:
        before: what the store holds.
        after: what it will hold; for a set that may be more than the source wants.
        applied: what the source last applied, in the form of the record; None where nothing is known.
        source: what the source wants.
    """

    field: str
    before: Value
    after: Value
    applied: Value = None
    source: Value = None


class Conflict(Struct, frozen=True):
    """A field that source and merchant have both changed since the last run, each in a way of its own.

    Attributes:
        kept: whose value the store holds from now on.
    """

    field: str
    store: Value
    source: Value
    kept: OnConflict


# --- what was done --------------------------------------------------------------------------------------


class Result(StrEnum):
    """What became of a product. Each product that the source delivered has exactly one."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"  # the source's fault: it is not sent
    FAILED = "failed"  # refused by the store, or by this tool
    UNCONFIRMED = "unconfirmed"  # sent, but the response was lost: it may have been written
    NOT_ATTEMPTED = "not_attempted"  # the run ended before it was sent
    REMOVED = "removed"  # from the store, because the source no longer has it


class Action(StrEnum):
    """What was done to a product in the store."""

    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"
    DRAFT = "draft"
    DELETE = "delete"


class Outcome(Struct, frozen=True):
    """The end of a product of the source, or of one that was removed from the store.

    Attributes:
        action: None when nothing was done to it.
        reason: why it was rejected, failed, is unconfirmed or was not attempted.
    """

    external_id: str | None
    title: str
    result: Result
    reason: str = ""
    differences: tuple[Difference, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    action: Action | None = None


class Status(StrEnum):
    OK = "ok"
    PARTIAL = "partial"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    LOCKED = "locked"


class Requests(Struct):
    """How many requests went over the wire, repeats included."""

    source: int = 0
    store_reads: int = 0
    store_writes: int = 0
    retries: int = 0


class StoreState(Struct, frozen=True):
    """What the store holds at the end of a run.

    Attributes:
        products: all products of the store.
        owned: those of them that belong to products of the source that this run has seen.
    """

    products: int
    owned: int


class RunResult(Struct, frozen=True):
    """One run, whole: the report prints nothing that is not in here.

    Attributes:
        duration_s: seconds.
        source_total: how many products the source says it has; None where it did not say.
        seen: how many it delivered: the sum of `counts` without what was removed.
        store_url: None where no store was compared.
        store: None where it could not be asked as well.
        counts: by `Result`.
        conflicts: how many fields both sides had changed.
        not_compared: valid products of a dry run without credentials, which nothing was compared with.
        problems: products that were rejected, failed or are unconfirmed.
        not_completed: products without an outcome when a run ended early: unconfirmed or not attempted.
        changes: what was created, updated and removed, and what had conflicts.
        notes: what a person should know although nothing is wrong with a product.
        error: what ended the run early, if anything did.
    """

    job: str
    dry_run: bool
    status: Status
    exit_code: int
    started_at: datetime
    duration_s: float
    source_url: str
    source_total: int | None
    seen: int
    store_url: str | None
    store: StoreState | None
    counts: Mapping[Result, int]
    conflicts: int
    not_compared: int
    requests: Requests
    problems: tuple[Outcome, ...]
    not_completed: tuple[Outcome, ...]
    changes: Collection[Outcome]
    notes: tuple[str, ...]
    error: str
    hint: str
