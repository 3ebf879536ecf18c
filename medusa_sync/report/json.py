"""Renders JSON: the result of a run as a document, and the settings."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC
from functools import partial
from itertools import chain, starmap
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType, structs

from medusa_sync.core.field_changes import DRAFTING, Conflict, FieldChange
from medusa_sync.core.fields import VARIANT
from medusa_sync.core.kinds.options import OPTION, OPTIONS
from medusa_sync.core.outcome import Outcome, Result, Written
from medusa_sync.core.result import RunResult
from medusa_sync.report.changes import Detail, details, of_kind
from medusa_sync.report.document import (
    KEEP,
    CodedNote,
    ConflictInfo,
    Counts,
    Document,
    FieldValues,
    HeldPrice,
    OptionChange,
    Problem,
    ProductChange,
    RequestCounts,
    SourceInfo,
    StoreInfo,
    VariantChanges,
    WithheldValue,
)
from medusa_sync.report.escape import visible_json
from medusa_sync.report.output import Output
from medusa_sync.report.summary import ended_as


def as_json(result: RunResult, *, pretty: bool = False, ascii_only: bool = False) -> str:
    """Render the document of a run; characters that `visible` would escape are JSON escapes."""
    return "".join(json_parts(result, pretty=pretty, ascii_only=ascii_only))


def json_parts(result: RunResult, *, pretty: bool = False, ascii_only: bool = False) -> Iterator[str]:
    """Yield the parts of the document of a run, one change at a time: all of them need much memory."""
    text_of = partial(_text, pretty=pretty, ascii_only=ascii_only)
    document = text_of(_document_without_changes(result))
    if not result.changes:
        yield document
        return
    start, between, end = ("[\n    ", ",\n    ", "\n  ]\n}") if pretty else ("[", ", ", "]}")
    yield document.removesuffix("[]\n}" if pretty else "[]}") + start
    for number, each in enumerate(result.changes):
        yield (between if number else "") + text_of(_change(each)).replace("\n", "\n    ")
    yield end


def print_json(value: object, output: Output) -> None:
    """Print a result or another value: indented on a terminal, in one line in a pipe."""
    style = {"pretty": output.is_terminal, "ascii_only": not output.encoding.startswith("utf")}
    text = as_json(value, **style) if isinstance(value, RunResult) else _text(value, **style)
    output.file.write(f"{text}\n")


def _text(value: object, *, pretty: bool, ascii_only: bool) -> str:
    text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=2 if pretty else None)
    return visible_json(text, ascii_only=ascii_only)


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
        run_id=result.run_id,
        took_back=result.took_back,
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
        new_rejected=result.new_rejected,
        requests=RequestCounts(*structs.astuple(result.requests)),
        problems=ended + list(map(_problem, chain(result.problems, result.not_completed))),
        held=[HeldPrice(*values) for *values, _ in _kept(of_kind(result, "held"))],
        withheld=list(starmap(WithheldValue, _kept(of_kind(result, "withheld")))),
        withheld_before=list(
            starmap(WithheldValue, _kept((each, details(each)) for each in result.withheld_before))
        ),
        skipped=list(map(_problem, result.skipped)),
        notes=[*map(str, result.notes)],
        warnings=[CodedNote(each.code, str(each)) for each in result.notes],
        changes=[],
    )


def _kept(products: Iterable[tuple[Outcome, list[Detail]]]) -> Iterator[tuple[Any, ...]]:
    """Yield the values of `WithheldValue` for each of these changes of products."""
    for outcome, found in products:
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
        outcome.action or KEEP,
        {each.field: _values(each) for each in own},
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
        known.handle or UNSET,
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
        own.fields[each.field] = _values(each)
    return [*found.values()]


def _values(change: FieldChange) -> FieldValues:
    reserved = UNSET if change.reserved is None else change.reserved
    return FieldValues(change.stored, change.planned, reserved)


def _conflict(conflict: Conflict) -> ConflictInfo:
    return ConflictInfo(
        conflict.field,
        conflict.stored,
        conflict.desired,
        conflict.kept,
        conflict.variant or UNSET,
        conflict.reason or UNSET,
    )
