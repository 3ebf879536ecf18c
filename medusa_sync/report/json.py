"""Renders JSON: the result of a run as a document, version 1, and the settings.

`docs/result.schema.json` is generated from the types of the document.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC
from functools import partial
from itertools import chain, starmap
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from medusa_sync.core.change import DRAFTING, Conflict, FieldChange
from medusa_sync.core.fields import VARIANT
from medusa_sync.core.kinds.options import OPTION, OPTIONS
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.result import Action, Outcome, Result, RunResult, Status, Written
from medusa_sync.core.value import Value
from medusa_sync.report.changes import Kind, of_kind
from medusa_sync.report.escape import visible_json
from medusa_sync.report.output import Output
from medusa_sync.report.summary import ended_as

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"

_KEEP = "keep"

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
            description=f"`{_KEEP}`: it only had conflicts.",
            extra_json_schema={"enum": [*map(str, Action), _KEEP]},
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
    status: Status
    exit_code: int
    started_at: Annotated[str, Meta(pattern=_TIME, description="In UTC.")]
    duration_s: Annotated[float, Meta(ge=0)]
    source: SourceInfo
    store: StoreInfo | None
    store_url: Annotated[str | None, Meta(description="Also if the run ended early.")]
    counts: Counts
    requests: RequestCounts
    problems: list[Problem]
    held: list[HeldPrice]
    withheld: Annotated[list[WithheldValue], Meta(description="Those that were not withheld before.")]
    skipped: Annotated[list[Problem], Meta(description="Those that are skipped for a reason of their own.")]
    notes: Annotated[list[str], Meta(description="Remarks about the run, not about one product.")]
    warnings: Annotated[list[CodedNote], Meta(description="The notes with their codes.")]
    changes: list[ProductChange]  # last, because it is rendered one product at a time


def as_json(result: RunResult, *, pretty: bool = False, ascii_only: bool = False) -> str:
    """Render the document of a run; characters that `visible` would escape are JSON escapes."""
    text_of = partial(_text, pretty=pretty, ascii_only=ascii_only)
    document = text_of(_document_without_changes(result))
    if not result.changes:
        return document
    # One change at a time: all of them need ten times the memory of their text.
    start, between, end = ("[\n    ", ",\n    ", "\n  ]\n}") if pretty else ("[", ", ", "]}")
    changes = between.join(text_of(_change(each)).replace("\n", "\n    ") for each in result.changes)
    return document.removesuffix("[]\n}" if pretty else "[]}") + start + changes + end


def print_json(value: object, output: Output) -> None:
    """Print a result or another value: indented on a terminal, in one line in a pipe."""
    style = {"pretty": output.is_terminal, "ascii_only": not output.encoding.startswith("utf")}
    text = as_json(value, **style) if isinstance(value, RunResult) else _text(value, **style)
    output.file.write(f"{text}\n")


def _text(value: object, *, pretty: bool, ascii_only: bool) -> str:
    text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=2 if pretty else None)
    return visible_json(text, ascii_only=ascii_only)


def schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    return {"$schema": _DIALECT, "title": "medusa-sync result", **msgspec.json.schema(Document)}


def _document_without_changes(result: RunResult) -> Document:
    """The document of a run, in which the list of changes is empty."""
    store = result.store
    started_at = result.started_at.astimezone(UTC).replace(tzinfo=None)
    ended = [Problem(None, None, ended_as(result), result.error)] if result.error else []
    return Document(
        version=1,
        job=result.job,
        shard=None if result.shard is None else str(result.shard),
        dry_run=result.dry_run,
        undo=result.undoes,
        status=result.status,
        exit_code=result.exit_code,
        started_at=started_at.isoformat(timespec="milliseconds") + "Z",
        duration_s=round(result.duration_s, 3),
        source=SourceInfo(
            result.source_name, result.source_url, result.source_format, result.source_total, result.seen
        ),
        store=StoreInfo(result.store_url or "", store.products, store.owned) if store else None,
        store_url=result.store_url,
        counts=Counts(
            **{each.value: result.counts.get(each, 0) for each in Result},
            conflicts=result.conflicts,
            held=result.held,
            withheld=result.withheld,
            not_compared=result.not_compared or UNSET,
        ),
        requests=RequestCounts(*structs.astuple(result.requests)),
        problems=ended + list(map(_problem, chain(result.problems, result.not_completed))),
        held=[HeldPrice(*values) for *values, _ in _kept(result, "held")],
        withheld=list(starmap(WithheldValue, _kept(result, "withheld"))),
        skipped=list(map(_problem, result.skipped)),
        notes=[*map(str, result.notes)],
        warnings=[CodedNote(each.code, str(each)) for each in result.notes],
        changes=[],
    )


def _kept(result: RunResult, kind: Kind) -> Iterator[tuple[Any, ...]]:
    """Yield the values of `WithheldValue` for each change of this kind."""
    for outcome, found in of_kind(result, kind):
        product = outcome.external_id, outcome.title
        for each in found:
            yield *product, each.variant or None, each.field, each.stored, each.desired, each.owner


def _problem(outcome: Outcome) -> Problem:
    return Problem(outcome.external_id, outcome.title, outcome.result, outcome.reason)


def _change(outcome: Outcome) -> ProductChange:
    """The changes of a product and of each of its variants."""
    known = outcome.written or Written("")
    own, of_variants = _parted(outcome.changes)
    drafted = _drafted(outcome.changes)
    of_only = [each for each in own if each.key is not None]
    only = known.variants.get(of_only[-1].key or "") if of_only else None
    return ProductChange(
        outcome.external_id,
        outcome.action or _KEEP,
        {each.field: FieldValues(each.stored, each.planned) for each in own},
        _variants(of_variants, known, drafted) or UNSET,
        [*map(_conflict, outcome.conflicts)] or UNSET,
        outcome.title,
        known.id or UNSET,
        only or UNSET,
        [each.field for each in of_only] or UNSET,
        known.currency or UNSET,
        _options(outcome.changes, known),
        known.recorded.get(None) or UNSET,
        (drafted and known.shared_item) or UNSET,
    )


def _drafted(changes: Iterable[FieldChange]) -> set[str]:
    """The keys of the variants that customers can no longer buy."""
    return {each.key for each in changes if each.setting == DRAFTING and each.key is not None}


def _parted(changes: Sequence[FieldChange]) -> tuple[list[FieldChange], list[FieldChange]]:
    """The changes of the product, also those of an only variant, which has no name; and those of variants."""
    of_product = {each.field for each in changes if each.key is None}
    parts: tuple[list[FieldChange], list[FieldChange]] = [], []
    for each in changes:
        parts[bool(each.variant) or (each.key is not None and each.field in of_product)].append(each)
    return parts


def _options(changes: Iterable[FieldChange], known: Written) -> list[OptionChange] | UnsetType:
    """The options before and after; missing if nothing about options changed."""
    if not any(each.field.startswith((OPTIONS, OPTION, VARIANT)) for each in changes):
        return UNSET
    return [
        OptionChange(each.before, each.after, name=each.name, id=each.id or UNSET) for each in known.options
    ]


def _variants(
    changes: Iterable[FieldChange], known: Written, drafted: Collection[str | None]
) -> list[VariantChanges]:
    """The changes of each variant."""
    found: dict[tuple[str | None, str], VariantChanges] = {}
    for each in changes:
        id_, recorded = known.variants.get(each.key or ""), known.recorded.get(each.key)
        entry = VariantChanges(
            each.variant, {}, id_ or UNSET, each.key in drafted or UNSET, recorded or UNSET
        )
        own = found.setdefault((each.key, each.variant), entry)
        own.fields[each.field] = FieldValues(each.stored, each.planned)
    return [*found.values()]


def _conflict(conflict: Conflict) -> ConflictInfo:
    return ConflictInfo(
        conflict.field,
        conflict.stored,
        conflict.desired,
        conflict.kept,
        conflict.variant or UNSET,
        conflict.reason or UNSET,
    )
