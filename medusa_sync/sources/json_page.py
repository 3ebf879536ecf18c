"""The forms of a JSON page of products."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from medusa_sync.errors import SourceError
from medusa_sync.sources.decoding import CHECK_SOURCE, decode
from medusa_sync.sources.formats import LISTS


class JsonPage(Struct, frozen=True):
    """A page of products.

    Attributes:
        products: not decoded yet, or decoded if the page is not quite valid.
        total: how many products the source says it has.
        has_more: the source says that more products follow.
        next_url: of the next page, absolute or relative.
        is_dummyjson: it has the form of DummyJSON's pages.
        url: that sent it.
    """

    products: list[Any]
    total: int | None = None
    has_more: bool = False
    next_url: str | None = None
    is_dummyjson: bool = False
    url: str = ""


def decode_page(body: bytes, subject: str) -> JsonPage:
    """Decode an array, or an object with `products`, `items` or `data`.

    Args:
        body: JSON.
        subject: of the error message.

    Raises:
        SourceError: it is not JSON, or has another form.
    """
    what = "a page of products"
    page: Any = decode(body, _ANY_PAGE, subject, what, undecoded=_ANY_RAW_PAGE)
    if isinstance(page, list):
        return JsonPage(page)
    for key in LISTS:
        products = getattr(page, key)
        if isinstance(products, list):
            has_more = page.has_more is True or page.hasMore is True
            is_dummyjson = key == "products" and page.total is not None
            return JsonPage(products, page.total, has_more, page.next or None, is_dummyjson)
    raise SourceError(
        f"{subject} is not {what}: expected an array, or an object with `products`, `items` or `data`",
        hint=CHECK_SOURCE,
    )


class _Page(Struct):
    products: list[Any] | UnsetType = UNSET
    items: Any = None  # may be something else if there are `products`
    data: Any = None
    total: Annotated[int, Meta(ge=0)] | None = None
    next: str | None = None
    has_more: Any = None
    hasMore: Any = None  # noqa: N815 - the other spelling


class _RawPage(_Page):
    products: list[Raw] | UnsetType = UNSET  # decoded one at a time, which takes less memory


_ANY_PAGE: Any = _Page | list[Any]
_ANY_RAW_PAGE: Any = _RawPage | list[Raw]
