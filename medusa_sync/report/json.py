"""Renders the result of a run as a JSON document, version 1."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any

from medusa_sync.core.change import FieldChange
from medusa_sync.core.result import Outcome, Result, RunResult
from medusa_sync.report.escape import HIDDEN
from medusa_sync.report.output import Output

_VERSION = 1
_NOT_ASCII = re.compile(r"[^ -~]")


def as_document(value: object, output: Output) -> str:
    """Render a value as JSON for an output: indented on a terminal, in one line in a pipe."""
    forbidden = HIDDEN if output.encoding.startswith("utf") else _NOT_ASCII
    return _text(value, forbidden, pretty=output.is_terminal)


def print_json(result: RunResult, output: Output) -> None:
    """Print the document: indented on a terminal, in one line in a pipe."""
    for piece in _pieces(result, pretty=output.is_terminal, ascii_only=not output.encoding.startswith("utf")):
        output.file.write(piece)
    output.file.write("\n")


def as_json(result: RunResult, *, pretty: bool = False, ascii_only: bool = False) -> str:
    """Render the document; characters that `visible` would escape are JSON escapes.

    Args:
        result: the run.
        pretty: with line breaks and indentation.
        ascii_only: escape everything outside ASCII.
    """
    return "".join(_pieces(result, pretty=pretty, ascii_only=ascii_only))


def _pieces(result: RunResult, *, pretty: bool, ascii_only: bool) -> Iterator[str]:
    """Render one change at a time, because there may be one for each product."""
    forbidden = _NOT_ASCII if ascii_only else HIDDEN
    document = _text(_document(result), forbidden, pretty=pretty)
    if not result.changes:
        yield document
        return
    start, between, end = ("[\n    ", ",\n    ", "\n  ]\n}") if pretty else ("[", ", ", "]}")
    yield document.removesuffix("[]\n}" if pretty else "[]}")
    for number, outcome in enumerate(result.changes):
        yield between if number else start
        yield _text(_change(outcome), forbidden, pretty=pretty).replace("\n", "\n    ")
    yield end


def _text(value: object, forbidden: re.Pattern[str], *, pretty: bool) -> str:
    return forbidden.sub(_escaped, json.dumps(value, ensure_ascii=False, indent=2 if pretty else None))


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\n":  # indentation; line breaks in texts are escaped already
        return character
    if "\ud800" <= character <= "\udfff":  # strict parsers refuse a lone surrogate even as an escape
        return "\\ufffd"
    return json.dumps(character)[1:-1]


def _document(result: RunResult) -> dict[str, Any]:
    store, requests = result.store, result.requests
    started_at = result.started_at.astimezone(UTC).replace(tzinfo=None)
    return {
        "version": _VERSION,
        "job": result.job,
        "dry_run": result.dry_run,
        "status": result.status,
        "exit_code": result.exit_code,
        "started_at": started_at.isoformat(timespec="milliseconds") + "Z",
        "duration_s": round(result.duration_s, 3),
        "source": {
            "url": result.source_url,
            "format": result.source_format,
            "total": result.source_total,
            "seen": result.seen,
        },
        "store": store and {"url": result.store_url, "products": store.products, "owned": store.owned},
        "counts": _counts(result),
        "requests": {
            "source": requests.source,
            "store_reads": requests.store_reads,
            "store_writes": requests.store_writes,
            "retries": requests.retries,
        },
        "problems": _problems(result),
        "held": list(_held(result)),
        "skipped": [_problem(p.external_id, p.title, p.result, p.reason) for p in result.skipped],
        "changes": [],  # last, because `_pieces` replaces it
    }


def _counts(result: RunResult) -> dict[str, int]:
    counts = {each.value: result.counts.get(each, 0) for each in Result}
    counts |= {"conflicts": result.conflicts, "held": result.held}
    return counts | ({"not_compared": result.not_compared} if result.not_compared else {})


def _problems(result: RunResult) -> list[dict[str, str | None]]:
    """List what ended the run early, then the products with problems."""
    ended = [_problem(None, None, Result.FAILED, result.error)] if result.error else []
    products = (*result.problems, *result.not_completed)
    return ended + [_problem(p.external_id, p.title, p.result, p.reason) for p in products]


def _held(result: RunResult) -> Iterator[dict[str, Any]]:
    """The prices that were held back."""
    for outcome in result.changes if result.held else ():
        for each in outcome.held:
            yield {
                "external_id": outcome.external_id,
                "title": outcome.title,
                "variant": each.variant or None,
                "field": each.field,
                "stored": each.stored,
                "desired": each.desired,
            }


def _problem(
    external_id: str | None, title: str | None, outcome: Result, reason: str
) -> dict[str, str | None]:
    return {"external_id": external_id, "title": title, "outcome": outcome, "reason": reason}


def _change(outcome: Outcome) -> dict[str, Any]:
    fields, variants = _fields(outcome.changes)
    conflicts = [
        {"field": each.field, "store": each.stored, "source": each.desired, "kept": each.kept}
        | ({"variant": each.variant} if each.variant else {})
        for each in outcome.conflicts
    ]
    return (
        {"external_id": outcome.external_id, "action": outcome.action or "keep", "fields": fields}
        | ({"variants": variants} if variants else {})
        | ({"conflicts": conflicts} if conflicts else {})
    )


def _fields(changes: Iterable[FieldChange]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The changes of the product, and those of each variant.

    Variants without a SKU may have the same name: a second change of a field begins a new entry.
    """
    own: dict[str, Any] = {}
    latest = {"": own}
    variants: list[dict[str, Any]] = []
    for each in changes:
        fields = latest.get(each.variant)
        if fields is None or each.field in fields:
            fields = latest[each.variant] = {}
            variants.append({"variant": each.variant, "fields": fields})
        fields[each.field] = {"from": each.stored, "to": each.planned}
    return own, variants
