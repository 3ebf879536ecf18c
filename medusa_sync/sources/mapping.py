"""Pure mapping of a source product to what the store should hold (the table in docs/mapping.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from medusa_sync.core.product import METADATA, DesiredProduct, Value
from medusa_sync.core.result import Outcome, Result
from medusa_sync.sources.schema import SourceProduct

_WHITE_SPACE = re.compile(r"\s+")
_LINE_BREAK = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# C0 and C1 controls (a NUL makes Medusa answer 500) and lone surrogates, which no UTF-8 can carry.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_PLAIN_ADDRESS = re.compile(r"https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(/[A-Za-z0-9/._~%-]*)?")


def external_id(source_name: str, source_id: int) -> str:
    return f"{source_name}:{source_id}"


def to_desired(product: SourceProduct, *, source_name: str, currency: str) -> DesiredProduct | Outcome:
    """The store's side of a product, or the rejection of one that has none."""
    own_id = external_id(source_name, product.id)
    title = one_line(product.title)
    if title is None:
        return Outcome(own_id, "", Result.REJECTED, "title: it holds nothing that can be shown")
    dimensions = product.dimensions
    images = _urls(product.images or ())
    thumbnails = _urls([product.thumbnail or ""]) or images  # as Medusa itself would choose
    fields: dict[str, Value] = {
        "title": title,
        "description": _paragraphs(product.description),
        "thumbnail": next(iter(thumbnails), None),
        "weight": product.weight,
        "length": dimensions.depth if dimensions else None,
        "height": dimensions.height if dimensions else None,
        "width": dimensions.width if dimensions else None,
        "categories": _members([product.category or ""]),
        "tags": _members(product.tags or ()),
        "images": images,
        "sku": one_line(product.sku),
        "barcode": one_line(product.meta.barcode) if product.meta else None,
        "price": product.price,
        "stock": product.stock,
        f"{METADATA}brand": one_line(product.brand),
        f"{METADATA}rating": product.rating,
        # Only how many there are: reviewers' names and addresses are nobody else's business.
        f"{METADATA}review_count": None if product.reviews is None else len(product.reviews),
        f"{METADATA}discount_percentage": product.discount_percentage,
        f"{METADATA}warranty_information": one_line(product.warranty_information),
        f"{METADATA}shipping_information": one_line(product.shipping_information),
        f"{METADATA}return_policy": one_line(product.return_policy),
        f"{METADATA}minimum_order_quantity": product.minimum_order_quantity,
        f"{METADATA}availability_status": one_line(product.availability_status),
    }
    return DesiredProduct(own_id, product.id, currency, fields)


def one_line(text: str | None) -> str | None:
    """One line without controls; None when nothing is left."""
    if text and text.isprintable() and "  " not in text and text == text.strip():
        return text  # nearly every text: nothing that is printable is taken out below
    return " ".join(_UNSTORABLE.sub("", _WHITE_SPACE.sub(" ", text or "")).split()) or None


def _paragraphs(text: str | None) -> str | None:
    if text and text.isprintable():
        return text.strip() or None
    return _UNSTORABLE.sub("", _LINE_BREAK.sub("\n", text or "")).strip() or None


def _members(values: Iterable[str]) -> tuple[str, ...]:
    """Each value once, in the order of the source."""
    return tuple(dict.fromkeys(line for value in values if (line := one_line(value))))


def _urls(values: Iterable[str]) -> tuple[str, ...]:
    """Only what a browser may load: `javascript:`, `file:` and relative addresses are left out."""
    return tuple(url for url in _members(values) if _is_web_address(url))


def _is_web_address(url: str) -> bool:
    if _PLAIN_ADDRESS.fullmatch(url):  # which nearly every one is
        return True
    try:
        parts = urlsplit(url)
    except ValueError:  # such as an unfinished IPv6 address
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
