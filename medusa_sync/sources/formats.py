"""Recognises the format of a file, and finds its reader."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib import import_module

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Reader

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
HEAD = 64 * 1024
"""Bytes at the start of a file that show its format."""

LISTS = ("products", "items", "data")
"""Names that the list of products may have in a JSON object."""

_READERS = {
    "json": ("json_reader", "read_json"),
    "ndjson": ("ndjson_reader", "read_ndjson"),
    "csv": ("csv_reader", "read_csv"),
    "xml": ("xml_feed", "read_feed"),
}
_ENDINGS = {
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",  # Google's feeds in TSV
    ".xml": "xml",
    ".rss": "xml",
    ".atom": "xml",
}
_CONTENT_TYPES = (
    ("ndjson", "ndjson"),
    ("jsonl", "ndjson"),
    ("json", "json"),
    ("csv", "csv"),
    ("tab-", "csv"),
)
_HTML = re.compile(r"(<\?xml[^>]*>\s*)?<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_ZIP = b"PK\x03\x04"


def reader_of(format_: str, detected: Callable[[str], object]) -> Reader:
    """Import the reader of a format.

    Args:
        format_: a value of `--source-format`, except `auto`.
        detected: the reader calls it as soon as it knows more about the format, with a text such as
            `CSV (Shopify), Windows-1252`.
    """
    module, name = _READERS[format_]
    function = getattr(import_module(f"medusa_sync.sources.{module}"), name)
    return lambda stream: function(stream, detected)


def named(name: str) -> str:
    """The format that the name of a file, or the path of a URL, ends with; empty if there is none."""
    _, dot, ending = name.lower().removesuffix(".gz").removesuffix(".zst").rpartition(".")
    return _ENDINGS.get(dot + ending, "")


def recognise(head: bytes, name: str, content_type: str) -> str:
    """Recognise a format by the first bytes; if they fit several, by the content type, then by the name.

    Raises:
        SourceError: it is none of the formats.
    """
    text = _text(head)
    claimed = next((format_ for part, format_ in _CONTENT_TYPES if part in content_type), named(name))
    match text[:1]:
        case "<":
            return "xml"
        case "[":
            return "json"
        case "{":
            return _json_or_ndjson(text, claimed)
    line = text.partition("\n")[0]
    if claimed == "csv" or any(delimiter in line for delimiter in ",;\t"):
        return "csv"
    if claimed:
        return claimed
    raise SourceError(
        "the format of the file is not recognised",
        hint="Name it with --source-format (SYNC_PRODUCTS_SOURCE_FORMAT).",
    )


def check(head: bytes) -> None:
    """Check that a file may contain products, in any format.

    Raises:
        SourceError: it is empty, or clearly something else.
    """
    if head.startswith(_ZIP):
        raise SourceError(
            "the file is a ZIP archive or an Excel workbook",
            hint="Unpack the archive, or save the workbook as CSV.",
        )
    text = _text(head)
    if not text and len(head) < HEAD:
        raise SourceError("the file is empty", hint="Nothing was removed. Export the catalogue again.")
    if is_html(head):
        raise SourceError(
            "the file is HTML, not a catalogue",
            hint="Check --source (SYNC_PRODUCTS_SOURCE). It may be the page of a login or of an error.",
        )


def is_html(head: bytes) -> bool:
    return _HTML.match(_text(head)) is not None


def _json_or_ndjson(text: str, claimed: str) -> str:
    line, line_break, rest = text.partition("\n")
    try:
        first = json.loads(line)
    except (ValueError, RecursionError):  # broken, or it goes on: in the next line, or beyond the head
        goes_on = bool(line_break) and line.rstrip().endswith(("{", "[", ",", ":"))
        return "ndjson" if claimed == "ndjson" and not goes_on else "json"
    if any(isinstance(first.get(name), list) for name in LISTS):
        return "json"
    if rest.strip():
        return "ndjson" if rest.lstrip().startswith("{") else "json"
    return "ndjson" if claimed == "ndjson" or (claimed != "json" and "id" in first) else "json"


def _text(head: bytes) -> str:
    return head.decode(json.detect_encoding(head), "replace").lstrip("\ufeff \t\r\n")
