"""Renders JSON: the result of a run as a document, version 1, and the settings."""

from __future__ import annotations

import json
import re

import msgspec

from medusa_sync.core.result import RunResult
from medusa_sync.report.document import change, document_without_changes
from medusa_sync.report.escape import HIDDEN
from medusa_sync.report.output import Output

_NOT_ASCII = re.compile(r"[^ -~]")


def as_json(result: RunResult, *, pretty: bool = False, ascii_only: bool = False) -> str:
    """Render the document of a run; characters that `visible` would escape are JSON escapes."""

    def text_of(value: object) -> str:
        return _text(value, pretty=pretty, ascii_only=ascii_only)

    document = text_of(document_without_changes(result))
    if not result.changes:
        return document
    # One change at a time: all of them need ten times the memory of their text.
    start, between, end = ("[\n    ", ",\n    ", "\n  ]\n}") if pretty else ("[", ", ", "]}")
    changes = between.join(text_of(change(each)).replace("\n", "\n    ") for each in result.changes)
    return document.removesuffix("[]\n}" if pretty else "[]}") + start + changes + end


def print_json(value: object, output: Output) -> None:
    """Print a result or another value: indented on a terminal, in one line in a pipe."""
    style = {"pretty": output.is_terminal, "ascii_only": not output.encoding.startswith("utf")}
    text = as_json(value, **style) if isinstance(value, RunResult) else _text(value, **style)
    output.file.write(f"{text}\n")


def _text(value: object, *, pretty: bool, ascii_only: bool) -> str:
    text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=2 if pretty else None)
    return (_NOT_ASCII if ascii_only else HIDDEN).sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\n":  # indentation; line breaks in texts are escaped already
        return character
    if "\ud800" <= character <= "\udfff":  # strict parsers refuse a lone surrogate even as an escape
        return "\\ufffd"
    return json.dumps(character)[1:-1]
