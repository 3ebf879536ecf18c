"""The types of the JSON document of a run, version 1; `docs/result.schema.json` is generated from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from medusa_sync.core.kept import TakenBack
from medusa_sync.core.outcome import Action, Result
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.result import Status
from medusa_sync.core.value import Value

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"

KEEP = "keep"

Count = Annotated[int, Meta(ge=0)]


class SourceInfo(Struct, frozen=True):
    """The source."""

    name: Annotated[str, Meta(description="The prefix of external ids; empty if no run began.")]
    url: Annotated[str, Meta(description="Without a query.")]
    format: Annotated[str, Meta(description="What was detected; empty if nothing was read.")]
    total: Annotated[int | None, Meta(description="How many products it says it has, in all shards.")]
    seen: Annotated[int, Meta(ge=0, description="How many products it delivered.")]


class StoreInfo(Struct, frozen=True):
    """The store at the end of the run."""

    url: str
    products: Annotated[int, Meta(ge=0, description="All of its products.")]
    owned: Annotated[int, Meta(ge=0, description="Those that the source delivered in this run.")]


class Counts(Struct, frozen=True, kw_only=True):
    """Products by outcome. Those from `created` to `not_attempted` and `not_compared` add up to `seen`."""

    created: Count
    updated: Count
    unchanged: Count
    skipped: Annotated[int, Meta(ge=0, description="A setting says that they are not written.")]
    rejected: Annotated[int, Meta(ge=0, description="Invalid at the source.")]
    failed: Annotated[int, Meta(ge=0, description="Refused by the store or by this tool.")]
    unconfirmed: Annotated[int, Meta(ge=0, description="Written, but the response was lost.")]
    not_attempted: Annotated[int, Meta(ge=0, description="The run ended before they were sent.")]
    removed: Annotated[int, Meta(ge=0, description="Set to draft or deleted.")]
    conflicts: Annotated[int, Meta(ge=0, description="Fields, not products.")]
    held: Annotated[int, Meta(ge=0, description="Products with prices over --max-price-change.")]
    withheld: Annotated[
        int, Meta(ge=0, description="SKUs and barcodes that variants do not have, and handles.")
    ]
    not_compared: Annotated[
        int | UnsetType, Meta(description="Valid products of a dry run without credentials.")
    ] = UNSET


class RequestCounts(Struct, frozen=True):
    """Requests, including retries."""

    source: Count
    store_reads: Count
    store_writes: Count
    retries: Count


class Problem(Struct, frozen=True):
    """A product with a problem. Without an id and a title: what ended the run early."""

    external_id: str | None
    title: str | None
    outcome: Result
    reason: str


class HeldPrice(Struct, frozen=True):
    """A price that was not written, because it would move by more than `--max-price-change`."""

    external_id: str | None
    title: str
    variant: Annotated[str | None, Meta(description="Null for a product without variants.")]
    field: str
    stored: Value
    desired: Value


class WithheldValue(HeldPrice, frozen=True):
    """An SKU, barcode or handle that a product does not get, because something else has it; listed once."""

    owner: Annotated[str, Meta(description="What has the value.")]


_Recorded = Annotated[
    str | UnsetType,
    Meta(description="If it was created: a digest, so that `--undo` sees whether it was written since."),
]


class FieldValues(Struct, frozen=True, rename={"before": "from", "after": "to"}):
    """What the store held, and what it holds now."""

    before: Value
    after: Value
    reserved: Annotated[
        int | float | UnsetType,
        Meta(description="Of stock with `--stock-is available`: what orders have reserved besides."),
    ] = UNSET


class VariantChanges(Struct, frozen=True):
    """The changed fields of a variant."""

    variant: Annotated[str, Meta(description="Its SKU, or else its title.")]
    fields: dict[str, FieldValues]
    id: Annotated[str | UnsetType, Meta(description="In the store; missing if a dry run creates it.")] = UNSET
    drafted: Annotated[
        bool | UnsetType, Meta(description="Its stock was set to 0 because the source dropped it.")
    ] = UNSET
    recorded: _Recorded = UNSET


class OptionChange(FieldValues, frozen=True, kw_only=True):
    """An option of a product whose options, or option values, changed: its title before and after."""

    name: Annotated[str, Meta(description="In the names of fields, such as `option.Size`.")]
    id: Annotated[str | UnsetType, Meta(description="In the store; missing if it was added.")] = UNSET


class ConflictInfo(Struct, frozen=True):
    """A field that source and merchant both changed."""

    field: str
    store: Value
    source: Value
    kept: OnConflict
    variant: Annotated[str | UnsetType, Meta(description="Missing for a field of the product.")] = UNSET
    reason: Annotated[str | UnsetType, Meta(description="Why `--undo` keeps it.")] = UNSET


class ProductChange(Struct, frozen=True):
    """A product that was written, would be written by a dry run, or had conflicts."""

    external_id: str | None
    action: Annotated[
        str,
        Meta(
            description=f"`{KEEP}`: it only had conflicts.",
            extra_json_schema={"enum": [*map(str, Action), KEEP]},
        ),
    ]
    fields: dict[str, FieldValues]
    variants: list[VariantChanges] | UnsetType = UNSET
    conflicts: list[ConflictInfo] | UnsetType = UNSET
    title: Annotated[str | UnsetType, Meta(description="At the source.")] = UNSET
    id: Annotated[str | UnsetType, Meta(description="In the store; missing if a dry run creates it.")] = UNSET
    variant_id: Annotated[
        str | UnsetType, Meta(description="Of the only variant, if some of the fields are those of it.")
    ] = UNSET
    variant_fields: Annotated[
        list[str] | UnsetType, Meta(description="The names of the fields that are those of the only variant.")
    ] = UNSET
    currency: Annotated[str | UnsetType, Meta(description="Of the fields `price` and `sale_price`.")] = UNSET
    options: list[OptionChange] | UnsetType = UNSET
    recorded: _Recorded = UNSET
    shared_item: Annotated[
        str | UnsetType,
        Meta(description="The inventory item that drafted variants had shared."),
    ] = UNSET
    handle: Annotated[str | UnsetType, Meta(description="In the store.")] = UNSET


class CodedNote(Struct, frozen=True):
    """A remark about the run."""

    code: Annotated[str, Meta(description="Such as `W101`; it does not change.")]
    text: str


class Document(Struct, frozen=True, kw_only=True):
    """The result of `medusa-sync products --json`. Ignore fields that you do not know."""

    version: Literal[1]
    job: str
    shard: Annotated[str | None, Meta(description="Such as `3/8`; null for all products.")]
    dry_run: bool
    undo: Annotated[bool, Meta(description="It undid another run.")]
    run_id: Annotated[str, Meta(description="Of the log, and for `--undo`; empty without the command.")]
    took_back: Annotated[TakenBack | None, Meta(description="The run that it undid, if it did.")]
    status: Status
    exit_code: int
    started_at: Annotated[str, Meta(pattern=_TIME, description="In UTC.")]
    duration_s: Annotated[float, Meta(ge=0)]
    source: SourceInfo
    store: StoreInfo | None
    store_url: Annotated[str | None, Meta(description="Also if the run ended early.")]
    counts: Counts
    new_rejected: Annotated[
        int | None, Meta(description="Of the rejected ones: those that the run before did not reject.")
    ]
    requests: RequestCounts
    problems: list[Problem]
    held: list[HeldPrice]
    withheld: Annotated[list[WithheldValue], Meta(description="Those that were not withheld before.")]
    withheld_before: Annotated[list[WithheldValue], Meta(description="Those that an earlier run withheld.")]
    skipped: Annotated[list[Problem], Meta(description="Those that are skipped for a reason of their own.")]
    notes: Annotated[list[str], Meta(description="Remarks about the run, not about one product.")]
    warnings: Annotated[list[CodedNote], Meta(description="The notes with their codes.")]
    changes: list[ProductChange]  # last, because it is rendered one product at a time


def schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    return {"$schema": _DIALECT, "title": "medusa-sync result", **msgspec.json.schema(Document)}
