"""Which format a file has."""

from __future__ import annotations

import json
import re
from importlib import import_module

from msgspec import Struct

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Reader

HEAD = 64 * 1024
"""Bytes at the start of a file that show its format."""

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
LISTS = ("products", "items", "data", "results")
"""Names that the list of products may have in a JSON object."""


class Format(Struct, frozen=True):
    """A format of files: a value of `--source-format`.

    Attributes:
        reader: the module in this folder and its function.
        endings: of names.
        content_types: parts of those that it has.
    """

    name: str
    reader: tuple[str, str]
    endings: tuple[str, ...]
    content_types: tuple[str, ...] = ()


FORMATS = (
    Format("ndjson", ("json_files", "read_ndjson"), ("ndjson", "jsonl"), ("ndjson", "jsonl")),
    Format("json", ("json_files", "read_json"), ("json",), ("json",)),
    Format("csv", ("csv_files", "read_csv"), ("csv", "tsv", "txt"), ("csv", "tab-")),
    Format("xml", ("xml_files", "read_xml"), ("xml", "rss", "atom")),
    Format(
        "xlsx",
        ("workbooks.reader", "read_workbook"),
        ("xlsx", "xlsm", "xlsb", "xls", "ods"),
        ("spreadsheetml",),
    ),
)

_XLS = b"\xd0\xcf\x11\xe0"
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_BINARY = {  # the first bytes of files that no format has, what they are, and what to do
    b"PK\x03\x04": ("a ZIP archive", "Unpack it, and name the file in it."),
    b"%PDF-": ("a PDF", "Export the products as CSV, .xlsx, JSON or XML from the program that wrote it."),
    b"SQLite format 3": ("an SQLite database", "Export its table of products as CSV."),
}
_TEXTS = (  # the same of texts
    (
        re.compile(r"(<\?xml[^>]*>\s*)?<(!doctype\s+html|html|head|body|div|script)\b", re.IGNORECASE),
        "HTML, not a catalogue",
        "Check --source: it may be the page of a login or of an error. Or save its table as CSV, with Excel.",
    ),
    (
        re.compile(
            r"(?>\s|--[^\n]*\n|/\*.*?\*/;?)*+((create|drop|alter|lock)\s+(table|database|schema)|insert\s+into|"
            r"pragma\s+\w+|begin(\s+transaction)?;|set\s+[@\w]+\s*=|use\s+`)",
            re.IGNORECASE | re.DOTALL,
        ),
        "an SQL dump",
        "Load it into a database, and export the products from there as CSV.",
    ),
)
_YAML = re.compile(r"(?:#.*\n|\s)*+(---|(- )?[\w -]++:(\s|$))")


def reader_of(format_: str) -> Reader:
    """Import the reader of a format."""
    module, name = next(each.reader for each in FORMATS if each.name == format_)
    reader: Reader = getattr(import_module(f"medusa_sync.sources.{module}"), name)
    return reader


def named(name: str) -> str:
    """The format that the name of a file, or the path of a URL, ends with; empty if there is none."""
    _, dot, ending = name.lower().removesuffix(".gz").removesuffix(".zst").rpartition(".")
    return next((each.name for each in FORMATS if dot and ending in each.endings), "")


def recognise(head: bytes, name: str, content_type: str) -> str:
    """Recognise a format by the first bytes; if they fit several, by the content type, then by the name.

    Raises:
        SourceError: it is none of the formats.
    """
    if _is_workbook(head):
        return "xlsx"
    text = _text(head)
    kinds = ((each.name, kind) for each in FORMATS for kind in each.content_types)
    claimed = next((format_ for format_, kind in kinds if kind in content_type), named(name))
    match text[:1]:
        case "<":
            return "xml"
        case "[":
            return "json"
        case "{":
            return _json_or_ndjson(text, claimed)
    is_yaml = name.lower().endswith((".yaml", ".yml")) or (not claimed and _YAML.match(text))
    if is_yaml:
        hint = "Convert it to JSON, for example: yq -o json catalogue.yaml > catalogue.json"
        raise SourceError("the file is YAML", hint=hint)
    line = text.partition("\n")[0]
    if any(delimiter in line for delimiter in ",;\t|"):
        return "csv"
    if claimed:
        return claimed
    hint = "Name it with --source-format (SYNC_PRODUCTS_SOURCE_FORMAT)."
    raise SourceError("the format of the file is not recognised", hint=hint)


def check(head: bytes) -> None:
    """Check that a file may contain products, in any format.

    Raises:
        SourceError: it is empty, or clearly something else.
    """
    for start, (what, hint) in _BINARY.items():
        if head.startswith(start) and not _is_workbook(head):
            raise SourceError(f"the file is {what}", hint=hint)
    text = _text(head)
    if not text and len(head) < HEAD:
        raise SourceError("the file is empty", hint="Nothing was removed. Export the catalogue again.")
    for pattern, what, hint in _TEXTS:
        if pattern.match(text):
            raise SourceError(f"the file is {what}", hint=hint)


def _is_workbook(head: bytes) -> bool:
    return head.startswith(_XLS) or (head.startswith(b"PK") and (b"xl/" in head or _ODS in head))


def _json_or_ndjson(text: str, claimed: str) -> str:
    line, line_break, rest = text.partition("\n")
    try:
        first = json.loads(line)
    except (ValueError, RecursionError):  # broken, or it goes on: in the next line, or beyond the head
        goes_on = bool(line_break) and line.rstrip().endswith(("{", "[", ",", ":"))
        return "ndjson" if claimed == "ndjson" and not goes_on else "json"
    if rest.strip():
        return "ndjson"
    # A single line: one product, or an object with the list of products.
    has_id, has_list = "id" in first, any(isinstance(first.get(name), list) for name in LISTS)
    if claimed == "ndjson":
        return "ndjson" if has_id or not has_list else "json"
    return "ndjson" if not claimed and has_id and not has_list else "json"


def _text(head: bytes) -> str:
    return head.decode(json.detect_encoding(head), "replace").lstrip("\ufeff \t\r\n")
