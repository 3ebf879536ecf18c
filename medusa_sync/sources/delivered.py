"""Puts off checking and mapping a product until it is known whether the source has changed it."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

from medusa_sync.sources.base import Delivered, Row, Unchecked
from medusa_sync.sources.mapping import to_row, usable_id
from medusa_sync.sources.schema import Id
from medusa_sync.sources.text import one_line

MAPPING = 2  # raised when a product of a source is mapped to other values than before

_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError, TypeError, OverflowError)


class _Identity(Struct):
    id: Id | float
    title: str


class MappingOptions(Struct, frozen=True):
    """What the mapping of a product depends on besides the product.

    Attributes:
        source_name: the prefix of external ids.
        currency: of the prices.
        sale_prices: discounts become sale prices.
    """

    source_name: str
    currency: str
    sale_prices: bool = False


def deliver(raw: Any, options: MappingOptions) -> Delivered:
    """A product as it was delivered; one without a usable id or title is rejected at once.

    Args:
        raw: JSON, or JSON that is already decoded.
        options: of its mapping.
    """
    name, currency, sale_prices = options.source_name, options.currency, options.sale_prices

    def row() -> Row:
        return to_row(raw, source_name=name, currency=currency, sale_prices=sale_prices)

    try:
        body = raw if isinstance(raw, msgspec.Raw) else msgspec.json.encode(raw)
        identity = msgspec.json.decode(body, type=_Identity)
    except _UNREADABLE:
        return row()
    source_id, title = usable_id(identity.id), one_line(identity.title)
    if source_id is None or title is None:
        return row()
    settings = f"{MAPPING} {currency} {sale_prices}".encode()
    digest = blake2b(body, digest_size=8, key=settings).hexdigest()
    return Unchecked(f"{name}:{source_id}", source_id, title, digest, row)
