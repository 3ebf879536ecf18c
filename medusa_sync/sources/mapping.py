"""Maps a DummyJSON product to what the store should hold (see docs/mapping.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import msgspec

from medusa_sync.core.fields import METADATA
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.sources import lenient
from medusa_sync.sources.base import Rejected, Row
from medusa_sync.sources.schema import MAX_ID, SourceProduct

_TITLE_LENGTH = 200  # of rejected products
_WHITE_SPACE = re.compile(r"\s+")
_LINE_BREAK = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# C0 and C1 controls (Medusa returns 500 for a NUL), and lone surrogates, which UTF-8 cannot encode.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(/[A-Za-z0-9/._~%-]*)?")


def to_row(raw: Any, *, source_name: str, currency: str) -> Row:
    """Check and map one product as it was delivered: JSON, or JSON that is already decoded."""
    try:
        if isinstance(raw, msgspec.Raw):
            product = _decode(raw)
            if product is not None:
                return to_desired(product, source_name=source_name, currency=currency)
            raw = lenient.decode(bytes(raw))
        product = msgspec.convert(raw, SourceProduct)
    except msgspec.ValidationError as error:
        return _rejected(raw, source_name, readable(error))
    except RecursionError:
        return Rejected(None, None, "", "it is nested too deeply")
    return to_desired(product, source_name=source_name, currency=currency)


def _decode(raw: msgspec.Raw) -> SourceProduct | None:
    """Decode a valid product without a detour over a dict."""
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(raw, type=SourceProduct)
    return None


def readable(error: msgspec.ValidationError) -> str:
    """Msgspec's message with the path of the field first: `price: Expected float, got str`."""
    message, _, path = str(error).replace("`", "").partition(" - at ")
    field = path.removeprefix("$").removeprefix(".")
    return f"{field}: {message}" if field else message


def _rejected(raw: Any, source_name: str, reason: str) -> Rejected:
    row = raw if isinstance(raw, dict) else {}
    source_id, title = _usable_id(row.get("id")), row.get("title")
    return Rejected(
        None if source_id is None else f"{source_name}:{source_id}",
        source_id,
        title[:_TITLE_LENGTH] if isinstance(title, str) else "",
        reason,
    )


def _usable_id(value: Any) -> str | None:
    """An id as text: `3` and `"3"` are the same; None if it cannot identify a product."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    return text if len(text) <= MAX_ID and one_line(text) == text else None


def to_desired(product: SourceProduct, *, source_name: str, currency: str) -> Row:
    title, source_id = one_line(product.title), _usable_id(product.id)
    if source_id is None:
        reason = "id: it has control characters, or spaces that could be lost"
        return Rejected(None, None, title or "", reason)
    external_id = f"{source_name}:{source_id}"
    if title is None:
        return Rejected(external_id, source_id, "", "title: it has no visible characters")
    dimensions = product.dimensions
    images = _urls(product.images or ())
    thumbnails = _urls([product.thumbnail or ""]) or images  # Medusa chooses the first image too
    fields: dict[str, Value] = {
        "title": title,
        "subtitle": one_line(product.subtitle),
        "description": _paragraphs(product.description),
        "thumbnail": next(iter(thumbnails), None),
        "weight": product.weight,
        "length": dimensions.depth if dimensions else None,
        "height": dimensions.height if dimensions else None,
        "width": dimensions.width if dimensions else None,
        "origin_country": one_line(product.origin_country),
        "hs_code": one_line(product.hs_code),
        "mid_code": one_line(product.mid_code),
        "material": one_line(product.material),
        "categories": _members([product.category or ""]),
        "tags": _members(product.tags or ()),
        "images": images,
        "sku": one_line(product.sku),
        "barcode": one_line(product.meta.barcode) if product.meta else None,
        "price": product.price,
        "stock": product.stock,
        f"{METADATA}brand": one_line(product.brand),
        f"{METADATA}rating": product.rating,
        # Only the number of reviews: the names and addresses of reviewers are private.
        f"{METADATA}review_count": None if product.reviews is None else len(product.reviews),
        f"{METADATA}discount_percentage": product.discount_percentage,
        f"{METADATA}warranty_information": one_line(product.warranty_information),
        f"{METADATA}shipping_information": one_line(product.shipping_information),
        f"{METADATA}return_policy": one_line(product.return_policy),
        f"{METADATA}minimum_order_quantity": product.minimum_order_quantity,
        f"{METADATA}availability_status": one_line(product.availability_status),
    }
    return DesiredProduct(external_id, source_id, currency, fields, product.handle, product.status)


def one_line(text: str | None) -> str | None:
    """The text on one line without control characters; None if nothing is left."""
    if text and text.isprintable() and "  " not in text and text == text.strip():
        return text  # the usual case, and fast
    return " ".join(_UNSTORABLE.sub("", _WHITE_SPACE.sub(" ", text or "")).split()) or None


def _paragraphs(text: str | None) -> str | None:
    if text and text.isprintable():
        return text.strip() or None
    return _UNSTORABLE.sub("", _LINE_BREAK.sub("\n", text or "")).strip() or None


def _members(values: Iterable[str]) -> tuple[str, ...]:
    """Each value once, in the order of the source."""
    return tuple(dict.fromkeys(line for value in values if (line := one_line(value))))


def _urls(values: Iterable[str]) -> tuple[str, ...]:
    """The `http:` and `https:` URLs; `javascript:`, `file:` and relative ones are left out."""
    return tuple(url for url in _members(values) if _is_web_url(url))


def _is_web_url(url: str) -> bool:
    if _PLAIN_URL.fullmatch(url):  # the usual case, and fast
        return True
    try:
        parts = urlsplit(url)
    except ValueError:  # for example an incomplete IPv6 address
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
