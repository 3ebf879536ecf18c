"""Renders the result of a run as a JSON document, version 1."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import msgspec

from medusa_sync.core.result import RunResult
from medusa_sync.report.document import change, document_without_changes
from medusa_sync.report.escape import HIDDEN
from medusa_sync.report.output import Output

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

    def text_of(value: object) -> str:
        return _text(msgspec.to_builtins(value), forbidden, pretty=pretty)

    document = text_of(document_without_changes(result))
    if not result.changes:
        yield document
        return
    start, between, end = ("[\n    ", ",\n    ", "\n  ]\n}") if pretty else ("[", ", ", "]}")
    yield document.removesuffix("[]\n}" if pretty else "[]}")
    for number, outcome in enumerate(result.changes):
        yield between if number else start
        yield text_of(change(outcome)).replace("\n", "\n    ")
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
