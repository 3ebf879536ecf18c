"""Google Merchant product data, as a table or as the items of a feed (see docs/formats.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from html import unescape
from typing import Any

from medusa_sync.sources.dialects.base import Dialect, Row
from medusa_sync.sources.dialects.cells import (
    amount,
    columns_of,
    count,
    distinct,
    money,
    optional,
    path,
    present,
    texts,
    urls,
)
from medusa_sync.sources.money import Money, agree
from medusa_sync.sources.text import shown, whole

_OPTIONS = {  # attributes that tell variants apart, and what the options are called
    "color": "Color",
    "size": "Size",
    "material": "Material",
    "pattern": "Pattern",
    "age_group": "Age group",
    "gender": "Gender",
}
_STOCK = ("quantity", "sell_on_google_quantity", "quantity_to_sell_on_facebook", "inventory")
_GRAMS = {"g": "1", "kg": "1000", "oz": "28.349523125", "lb": "453.59237"}
_WEIGHT = re.compile(r"([0-9.,]+)\s*([a-z]+?)s?", re.IGNORECASE)
_AVAILABILITIES = ("in_stock", "backorder", "preorder", "out_of_stock")
_SOLD_OUT = ("out_of_stock", "discontinued")
_STATUSES = {each.replace("_", ""): each for each in (*_AVAILABILITIES, *_SOLD_OUT)}
_SOLD_WITHOUT_STOCK = {"backorder": True, "preorder": True, "in_stock": False} | dict.fromkeys(
    _SOLD_OUT, False
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


_TEXTS = ("description", "brand", "mpn", "condition", "google_product_category", *_OPTIONS)
_METADATA = frozenset(_TEXTS) - {"description", "brand", "material"}  # if all variants have the same


def _product(rows: Sequence[Row]) -> Mapping[str, Any]:
    if nameless := next((row for row in rows if not row["id"]), None):
        raise nameless.error("id", "is empty")
    values = {key: found for key in _TEXTS if (found := distinct(row[key] for row in rows))}
    same = {key: each[0] for key, each in values.items() if len(each) == 1}
    options = _options(rows, values)
    return present(
        id=rows[0].source_id,
        title=rows[0]["title"],
        description=next(iter(values.get("description", ())), None),
        brand=next(iter(values.get("brand", ())), None),
        material=same.get("material"),
        categories=_categories(rows),
        images=distinct(url for row in rows for url in _images(row)),
        availabilityStatus=_availability(rows),
        metadata={key: value for key, value in same.items() if key in _METADATA},
        options=list(options.values()),
        variants=[_variant(row, options, datetime.now(UTC)) for row in rows],
    )


def _options(rows: Sequence[Row], values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The names of the options by attribute: those of which there are several values."""
    options = {key: name for key, name in _OPTIONS.items() if len(values.get(key, ())) > 1}
    if len({tuple(row[key] for key in options) for row in rows}) < len(rows):
        options["title"] = "Title"  # the others do not tell all rows apart
    return options


def _categories(rows: Sequence[Row]) -> list[list[str]]:
    # Some programs escape the `>` twice.
    paths = (path(unescape(each)) for row in rows for each in texts(row, "product_type"))
    return [[*each] for each in dict.fromkeys(map(tuple, paths)) if each]


def _images(row: Row) -> list[str]:
    found = *texts(row, "image_link"), *texts(row, "additional_image_link")
    return [url for each in found for url in urls(each)]


def _availability(rows: Sequence[Row]) -> str:
    """The best availability of the variants, in Google's spelling."""
    found = distinct(map(_status, rows))
    return min(found, key=lambda each: [*_AVAILABILITIES, each].index(each), default="")


def _status(row: Row) -> str:
    given = row["availability"].lower()
    return _STATUSES.get("".join(filter(str.isalpha, given)), given.replace(" ", "_"))


def _variant(row: Row, options: Mapping[str, str], now: datetime) -> Mapping[str, Any]:
    status = _status(row)
    none = 0 if status in _SOLD_OUT else None
    stock = next((max(found, 0) for key in _STOCK if (found := count(row, key)) is not None), none)
    return present(
        id=row["id"],
        sku=row["sku"] or row["id"],
        barcode=row["gtin"].split(",")[0].strip(),
        **_prices(row, now),
        stock=stock,
        allowBackorder=None if stock is None else _SOLD_WITHOUT_STOCK.get(status),
        weight=optional(row, "shipping_weight", _weight) or optional(row, "product_weight", _weight),
        options={name: row[key] for key, name in options.items() if row[key]},
    )


def _prices(row: Row, now: datetime) -> dict[str, Any]:
    """The price now, and if that is a sale price, the one without the sale."""
    price, sale = money(row, "price"), money(row, "sale_price")
    if price is None:
        raise row.error("price", "is empty")
    full = None
    if sale is not None and _applies(row, now):
        if sale.currency and not agree(sale.currency, price.currency):
            raise row.error("sale_price", f"is in {sale.currency.upper()}, but the price is not")
        if 0 < sale.amount < price.amount:
            price, full = Money(sale.amount, price.currency), price.amount
    found = {"prices": {price.currency: price.amount}} if price.currency else {"price": price.amount}
    return {**found, "compareAtPrice": full}


def _applies(row: Row, now: datetime) -> bool:
    """Whether the sale price applies at this time."""
    text = row["sale_price_effective_date"]
    if not text:
        return True
    try:
        start, end = (part.strip() for part in text.split("/"))
        return _moment(start) <= now <= _moment(end, is_end=True)
    except ValueError as error:
        reason = f"is {shown(text)}, but should be like `2026-02-24T13:00+0100/2026-02-28T15:30+0100`"
        raise row.error("sale_price_effective_date", reason) from error


def _moment(text: str, *, is_end: bool = False) -> datetime:
    """A time, in UTC if it has no time zone; a date at the end of a period includes that day."""
    moment = datetime.fromisoformat(text)
    if is_end and _DATE.fullmatch(text):
        moment = datetime.combine(moment, time.max)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _weight(row: Row, key: str) -> int | float | None:
    """A weight in grams; None if there is none or it is 0."""
    if not row[key]:
        return None
    match = _WEIGHT.fullmatch(row[key])
    unit = _GRAMS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise row.error(key, f"is {shown(row[key])}, which is not a weight such as `0.5 kg`")
    return whole(float(round(Decimal(str(amount(row, key, match[1]))) * Decimal(unit), 3)))


GOOGLE = Dialect(
    "Google Merchant",
    columns_of("google"),
    ("id", "title", "price", "availability"),
    "a product by its item_group_id, or else by its id; a variant by its id",
    ("item_group_id", "id"),
    _product,
)
