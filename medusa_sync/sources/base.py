"""The interface of a source: pages of products in the terms of the store."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from typing import Any, BinaryIO, Protocol

from msgspec import Struct, structs

from medusa_sync.core.product import DesiredProduct


class Rejected(Struct, frozen=True):
    """A row that cannot be stored.

    Attributes:
        external_id: None, like `source_id`, if the row has no usable id.
        reason: the field and what is wrong with it.
    """

    external_id: str | None
    source_id: str | None
    title: str
    reason: str


Row = DesiredProduct | Rejected


class Unchecked(Struct, frozen=True):
    """A product that is checked and mapped only if it has changed.

    Attributes:
        digest: of the product and of the settings that its mapping depends on.
        row: checks and maps it.
    """

    external_id: str
    source_id: str
    title: str
    digest: str
    row: Callable[[], Row]


Delivered = Row | Unchecked


def checked(delivered: Delivered) -> Row:
    """The product in the terms of the store, with its digest."""
    if not isinstance(delivered, Unchecked):
        return delivered
    row = delivered.row()
    return row if isinstance(row, Rejected) else structs.replace(row, digest=delivered.digest)


class Entry(Struct, frozen=True):
    """A product as a file has it, in the shape of `SourceProduct`; it is not checked yet.

    Attributes:
        product: decoded JSON, or a `msgspec.Raw`.
    """

    product: Any


class Refused(Struct, frozen=True):
    """A part of a file that is no product.

    Attributes:
        source_id: None if it has no usable id.
        title: of the product, or where the part is, such as `line 7`.
        reason: what is wrong with it.
    """

    source_id: str | None
    title: str
    reason: str


Reader = Callable[[BinaryIO], Iterator[Entry | Refused]]
"""Reads the products of a file, one after another.

It raises `SourceError` if the rest of the file cannot be read.
"""


class Page(Struct, frozen=True):
    """Products in the order of the source.

    Attributes:
        total: how many products the source says it has; None if it does not say.
        beyond_total: `total` products came before this page, or it is not the first page of a source without
            a total; if nothing on it is new, the source has ended.
        of_file: it is a part of a file, which ends by itself.
    """

    rows: tuple[Delivered, ...]
    total: int | None
    beyond_total: bool = False
    of_file: bool = False


class Source(Protocol):
    """A source of products."""

    @property
    def format(self) -> str:
        """What was detected, such as `JSON pages` or `CSV (Shopify), gzip`; empty until it is known."""

    def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        """All products, or the first `limit`. If the pages end without an error, the source was complete.

        Raises:
            SourceError: the source is unavailable, malformed, or ends before its own total.
        """

    @property
    def in_one_piece(self) -> bool:
        """Whether all products came in one file or response; otherwise one may have moved between pages."""

    async def category_names(self) -> Mapping[str, str]:
        """Display names of categories by slug; may be empty."""

    async def has(self, source_id: str) -> bool | None:
        """Whether the source has a product, by its own answer; None if it gives none.

        Raises:
            SourceError: the source gives no clear response.
        """
