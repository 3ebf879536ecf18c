"""What a source is: pages of products; and what files and APIs are: pages of items that become products."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from io import BufferedReader
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from msgspec import Struct, structs

from medusa_sync.codes import Note
from medusa_sync.core.ids import IdSet
from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources.text import UNREADABLE, decode_json

PAGE_SIZE = 1_000
_MOST_UNUSED = 1_000
NO_SPACE = "Free disk space, or set TMPDIR to a folder with more."
ONE_PAGE = (
    "Nothing was removed. A file must have all products. From a URL that ends like a file, pages are only "
    "followed if its query has `page`, `skip` or `offset`."
)
CHECK_SOURCE = (
    "Check --source (SYNC_PRODUCTS_SOURCE): it must be the URL of the products, such as "
    "https://dummyjson.com/products."
)

# --- products -------------------------------------------------------------------------------------------


class InvalidProductError(Exception):
    """A product is rejected; the message is the reason, with the field, or with the line and column."""


class Rejected(Struct, frozen=True):
    """A row that cannot be stored.

    Attributes:
        external_id: None, like `source_id`, if the row has no usable id.
        reason: the field and what is wrong with it.
        is_repeated: the source has sent its product before.
    """

    external_id: str | None
    source_id: str | None
    title: str
    reason: str
    is_repeated: bool = False


Row = DesiredProduct | Rejected


class Unchecked(Struct, frozen=True):
    """A product that is checked and mapped only if it has changed.

    Attributes:
        digest: of the product and of the settings that its mapping depends on.
        row: checks and maps it.
        settings: as those of the product.
    """

    external_id: str
    source_id: str
    title: str
    digest: str
    row: Callable[[], Row]
    settings: Mapping[str, str] = {}


Delivered = Row | Unchecked


def checked(delivered: Delivered) -> Row:
    """The product in the terms of the store, with its digest."""
    if not isinstance(delivered, Unchecked):
        return delivered
    row = delivered.row()
    return row if isinstance(row, Rejected) else structs.replace(row, digest=delivered.digest)


class Remarks(Struct):
    """What is said about a source besides its products, as far as it was read.

    Attributes:
        unused: the names that have a value, but mean nothing.
        ignored: how many rows have a value for a name that is known, but not synced.
        numeric: columns of a workbook with codes that are numbers, and so may lack zeros.
        known_by: the column that is read as the id, because no other one is.
        has_decimal_commas: it is a table whose numbers may have one, so that `1.234` is not clear.
        thousandths: how many cells with a price have three digits after the point, which may be thousands.
        thousandth: an example of these.
    """

    unused: dict[str, None] = {}
    ignored: dict[str, int] = {}
    numeric: dict[str, None] = {}
    known_by: str = ""
    has_decimal_commas: bool = False
    thousandths: int = 0
    thousandth: str = ""

    def leave_out(self, names: Iterable[str]) -> None:
        """Note names that are not used; a file may have any number."""
        if len(self.unused) < _MOST_UNUSED:
            self.unused.update(dict.fromkeys(names))


class Item(Struct):
    """An object as a file or an API has it. It is a product in the shape of `SourceProduct`, or needs a map.

    Attributes:
        value: decoded JSON, or a `msgspec.Raw`.
        place: where it is, such as `line 7`; it is the title of an item that has no id and no title.
        problem: why it is rejected; then its value only names it.
        unused: the columns of its table that have a value, but mean nothing, as far as the table was read.
        named: its id and title, once they are known; None for one that is not usable.
        remarks: about its table or feed.
        root: the name of the root of its XML.
        is_foreign: it was not written for this tool: what is not needed of it may be left out.
        rest: what was not used of it, by column or name, if its source keeps that.
    """

    value: Any
    place: str = ""
    problem: str = ""
    unused: Sequence[str] = ()
    named: tuple[str | None, str | None] | None = None
    remarks: Remarks | None = None
    root: str = ""
    is_foreign: bool = False
    rest: Mapping[str, Any] | None = None

    @property
    def body(self) -> msgspec.Raw | bytes:
        """Its JSON, or its `repr` if that cannot be encoded: a digest is made of it."""
        try:
            return self.value if isinstance(self.value, msgspec.Raw) else msgspec.json.encode(self.value)
        except UNREADABLE:
            return repr(self.value).encode(errors="replace")

    @property
    def decoded(self) -> dict[str, Any]:
        """The object that the value is; empty if it is none."""
        value = self.value
        with suppress(ValueError, RecursionError):
            value = decode_json(bytes(value)) if isinstance(value, msgspec.Raw) else value
        return value if isinstance(value, dict) else {}


class Received:
    """The ids of the products that a source has sent so far, valid or not."""

    def __init__(self) -> None:
        self._ids = IdSet()

    def __contains__(self, source_id: str | None) -> bool:
        return source_id in self._ids

    def add(self, row: Delivered) -> Delivered:
        """The next row; it is rejected if it is a duplicate."""
        is_new = row.source_id is not None and self._ids.add(row.source_id)
        if is_new:
            return row
        if isinstance(row, Rejected):
            return structs.replace(row, is_repeated=True)
        reason = "id: duplicate; the first product with this id is used"
        return Rejected(row.external_id, row.source_id, row.title, reason, is_repeated=True)


# --- sources --------------------------------------------------------------------------------------------

T_co = TypeVar("T_co", covariant=True)


class PageOf(Struct, Generic[T_co], frozen=True):
    """Products, or items, in the order of the source, and how many it says it has in total.

    `deleted` are the source ids of products that it says are deleted.
    """

    rows: tuple[T_co, ...]
    total: int | None
    deleted: tuple[str, ...] = ()


Page = PageOf[Delivered]
PageOfItems = PageOf[Item]


def paged(products: Iterator[DesiredProduct], total: int) -> Iterator[Page]:
    """Products that are known, in pages."""
    for _ in range(0, total, PAGE_SIZE):
        yield Page(tuple(islice(products, PAGE_SIZE)), total)


class SourceOf(ABC, Generic[T_co]):
    """A source of products, or of items that become products.

    Attributes:
        format: what was detected, such as `JSON pages` or `CSV (Shopify), gzip`; empty until it is known.
        in_one_piece: all came in one file or response; otherwise a product may have moved between pages.
        notes: remarks about what was read.
        resembles: a source that can be read, if the products are like those of it, and what they lack.
        hint: what to do if no product is valid.
        id_hint: what to do if no product has a usable id.
        keeps_rest: items get what was not used of them.
    """

    format = ""
    in_one_piece = True
    notes: Sequence[Note] = ()
    resembles = ""
    hint = "If its products have another shape, use --source-map."
    id_hint = ""
    keeps_rest = False

    @abstractmethod
    def pages(self, limit: int | None) -> AsyncGenerator[PageOf[T_co], None]:
        """All of it, or the first `limit`; a source of items may send more.

        If the pages end without an error, the source was complete.

        Raises:
            SourceError: the source is unavailable, malformed, repeats itself, or ends before its own total.
        """

    @property
    def overlooked(self) -> Iterable[Note]:
        """What is not used of the products that were checked so far."""
        return ()

    @property
    def doubts(self) -> Iterable[Note]:
        """Those of them that any changed product may add, and doubtful values."""
        return ()

    async def category_names(self) -> Mapping[str, str]:
        """Display names of categories by slug."""
        return {}


Source = SourceOf[Delivered]
ItemSource = SourceOf[Item]


class Reader(Protocol):
    """Reads a file, which is seekable."""

    def __call__(
        self, file: BufferedReader, /, *, as_items: bool, charset: str, keeps_rest: bool
    ) -> tuple[str, Iterator[Item]]:
        """The format of the file, such as `CSV (Shopify)`, and its items, one after another.

        Args:
            file: to read to its end, which shows whether it is complete.
            as_items: rows of tables and items of feeds are wanted as they are, for a map.
            charset: the encoding that a server names; empty if there is none.
            keeps_rest: what is not used of an item is kept.

        Raises:
            SourceError: the file, or the rest of it, cannot be read.
        """
