"""Files: which format they have, and the products in them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import aclosing
from functools import partial
from importlib import import_module
from itertools import islice
from threading import Event
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

from medusa_sync.errors import MedusaSyncError, SourceError
from medusa_sync.sources.base import Part, Parts, PartSource, Reader, Reading
from medusa_sync.sources.maps import BuiltIn, recognised

if TYPE_CHECKING:  # a run with an API does not need it
    from medusa_sync.sources.content import Content, Opening

PAGE_SIZE = 1_000

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
HEAD = 64 * 1024
"""Bytes at the start of a file that show its format."""

LISTS = ("products", "items", "data")
"""Names that the list of products may have in a JSON object."""

_READERS = {
    "json": ("json_files", "read_json"),
    "ndjson": ("json_files", "read_ndjson"),
    "csv": ("csv_files", "read_csv"),
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

T = TypeVar("T")


def reader_of(format_: str) -> Reader:
    """Import the reader of a format: a value of `--source-format`, except `auto`."""
    module, name = _READERS[format_]
    reader: Reader = getattr(import_module(f"medusa_sync.sources.{module}"), name)
    return reader


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
    if rest.strip():
        return "ndjson"
    # A single line: one product, or an object with the list of products.
    has_id, has_list = "id" in first, any(isinstance(first.get(name), list) for name in LISTS)
    if claimed == "ndjson":
        return "ndjson" if has_id or not has_list else "json"
    return "ndjson" if not claimed and has_id and not has_list else "json"


def _text(head: bytes) -> str:
    return head.decode(json.detect_encoding(head), "replace").lstrip("\ufeff \t\r\n")


class FileSource:
    """What a reader finds in a file.

    Args:
        fetch: returns what opens the file.
        format_: a value of `--source-format`.
        as_items: see `Reading`.
        categories: names by slug.
        pages: reads the pages of a known API, if the file is one of them; None if it cannot be.

    Attributes:
        format: what was detected.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Opening]],
        *,
        format_: str = "auto",
        as_items: bool = False,
        categories: Mapping[str, str] | None = None,
        pages: Callable[[BuiltIn], PartSource] | None = None,
    ) -> None:
        self._detected = ""
        self._fetch = fetch
        self._format = format_
        self._as_items = as_items
        self._categories = categories or {}
        self._read_pages = pages
        self._pages: PartSource | None = None

    @property
    def format(self) -> str:
        return self._detected if self._pages is None else self._pages.format

    @property
    def in_one_piece(self) -> bool:
        return self._pages is None or self._pages.in_one_piece

    async def parts(self, limit: int | None) -> AsyncGenerator[Parts, None]:
        halt = Event()
        steps = self._steps(await self._fetch(), halt)
        self._pages, is_first = None, self._read_pages is not None
        try:
            while page := await _in_thread(partial(next, steps, None), halt):
                if is_first and (found := recognised(page.parts)) and found.pages and self._read_pages:
                    self._pages = self._read_pages(found)
                    break
                is_first = False
                yield page
        finally:
            steps.close()
        if self._pages is not None:
            async with aclosing(self._pages.parts(limit)) as pages:
                async for page in pages:
                    yield page

    async def category_names(self) -> Mapping[str, str]:
        return self._categories

    async def has(self, source_id: str) -> bool | None:  # noqa: ARG002 - the interface's
        return None

    def _steps(self, opening: Opening, halt: Event) -> Generator[Parts]:
        """All pages. An error is raised after what came before it; only the last page has a total."""
        with opening(halt) as content:
            found = self._found(content)
            count, is_last = 0, False
            while not is_last:
                parts: list[Part] = []
                try:
                    for part in islice(found, PAGE_SIZE):
                        parts.append(part)  # noqa: PERF402 - an error must not lose the parts
                except MedusaSyncError as error:
                    if parts:
                        yield Parts(tuple(parts), None, of_file=True)
                    message = str(error) if content.name in str(error) else f"{content.name}: {error}"
                    raise SourceError(message, hint=error.hint) from error
                count += len(parts)
                is_last = len(parts) < PAGE_SIZE
                yield Parts(tuple(parts), count if is_last else None, of_file=True)

    def _found(self, content: Content) -> Iterator[Part]:
        def detected(text: str) -> None:
            self._detected = f"{text}, {content.compression}" if content.compression else text

        head = content.file.head(HEAD)
        check(head)
        format_ = self._format
        if format_ == "auto":
            format_ = recognise(head, content.name, content.content_type)
        yield from reader_of(format_)(cast(BinaryIO, content.file), Reading(detected, self._as_items))
        while content.file.read(HEAD):  # the end of the file shows whether it is complete
            pass


async def _in_thread(step: Callable[[], T], halt: Event) -> T:
    """Run a step in a thread. If this call is cancelled, it halts the step and waits for its end."""
    running = asyncio.get_running_loop().run_in_executor(None, step)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
            halt.set()
    if cancelled is not None:
        running.exception()  # it is not needed
        raise cancelled
    return running.result()
