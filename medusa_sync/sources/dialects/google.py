"""Google Merchant product data, as a table or as the items of a feed (see docs/formats.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from html import unescape
from typing import Any

from msgspec import Struct

from medusa_sync.sources.dialects.base import Column, Dialect, Row, ignored
from medusa_sync.sources.dialects.cells import (
    amount,
    code,
    count,
    distinct,
    path,
    present,
)
from medusa_sync.sources.text import shown

_FIRST = "of the first row that has it"
_SAME = "if all rows of the product that have it agree"
_OPTION = "an option if the rows of the product that have it differ, else metadata"
_OPTIONS = {  # attributes that tell variants apart, and what the options are called
    "color": "Color",
    "size": "Size",
    "material": "Material",
    "pattern": "Pattern",
    "age_group": "Age group",
    "gender": "Gender",
}
_STOCK = ("quantity", "sell_on_google_quantity", "quantity_to_sell_on_facebook", "inventory")
_GRAMS = {
    "g": Decimal(1),
    "kg": Decimal(1_000),
    "oz": Decimal("28.349523125"),
    "lb": Decimal("453.59237"),
}
_PRICE = re.compile(r"([0-9.,]+)\s*([A-Za-z]{3})?")
_WEIGHT = re.compile(r"([0-9.,]+)\s*([a-z]+?)s?", re.IGNORECASE)
_SCHEMES = ("http://", "https://")
_AVAILABILITIES = ("in_stock", "backorder", "preorder", "out_of_stock")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _column(name: str, field: str = "", rule: str = "", *, repeats: bool = False) -> Column:
    return Column(name, (name,), field, rule, repeats=repeats)


_COLUMNS = (
    _column("id", "variants[].id, variants[].sku", "also the id of a product without `item_group_id`"),
    _column("item_group_id", "id", "rows with the same one are the variants of a product"),
    _column("title", "title", "of the first row"),
    _column("description", "description", _FIRST),
    _column("image_link", "images", "of all rows, each once"),
    _column("additional_image_link", "images", "repeated, or separated by commas", repeats=True),
    _column("price", "variants[].prices", "such as `15.00 USD`; without a currency, in `--currency`"),
    _column(
        "sale_price",
        "variants[].prices",
        "if it is lower, above 0 and applies now; `price` is then `compareAtPrice`",
    ),
    _column(
        "sale_price_effective_date", "variants[].prices", "when the `sale_price` applies; without it, always"
    ),
    _column("availability", "availabilityStatus", "the best one of the rows; it does not change the stock"),
    *(_column(name, "variants[].stock", "without it, inventory is not managed") for name in _STOCK),
    _column("sku", "variants[].sku", "not one of Google's attributes; without it, the `id`"),
    _column("gtin", "variants[].barcode", "the first one"),
    _column("mpn", "metadata.mpn", _SAME),
    _column("brand", "brand", _FIRST),
    _column("condition", "metadata.condition", _SAME),
    _column("product_type", "categories", "a path such as `Apparel > Shirts`; of all rows", repeats=True),
    _column("google_product_category", "metadata.google_product_category", _SAME),
    _column("color", "variants[].options, metadata.color", _OPTION),
    _column("size", "variants[].options, metadata.size", _OPTION),
    _column(
        "material", "variants[].options, material", "an option if the rows of the product that have it differ"
    ),
    _column("pattern", "variants[].options, metadata.pattern", _OPTION),
    _column("age_group", "variants[].options, metadata.age_group", _OPTION),
    _column("gender", "variants[].options, metadata.gender", _OPTION),
    _column("shipping_weight", "variants[].weight", "in grams, from `g`, `kg`, `oz` or `lb`"),
    _column("product_weight", "variants[].weight", "in grams, if there is no `shipping_weight`"),
    ignored(
        "a page of another shop", "link", "mobile_link", "canonical_link", "ads_redirect", "link_template"
    ),
    ignored("tells Google whether there is a `gtin` or an `mpn`", "identifier_exists"),
    ignored(
        "Medusa has no such field", "availability_date", "size_type", "size_system", "multipack", "is_bundle"
    ),
    ignored(
        "Medusa's products have only an image and text", "video_link", "product_highlight", "product_detail"
    ),
    ignored("a text with the name of the model that wrote it", "structured_title", "structured_description"),
    ignored("lengths have no unit in Medusa", "shipping_length", "shipping_width", "shipping_height"),
    ignored("lengths have no unit in Medusa", "product_length", "product_width", "product_height"),
    ignored("shipping is set up in the store", "shipping", "shipping_{name}", "{name}_handling_time"),
    ignored("taxes are set up in the store", "tax", "tax_category"),
    ignored("private", "cost_of_goods_sold"),
    ignored("how Google shows the product", "expiration_date", "custom_label_{n}", "promotion_id", "adult"),
    ignored("how Google shows the price", "unit_pricing_measure", "unit_pricing_base_measure", "installment"),
    ignored("where Google shows the product", "{name}_destination", "shopping_ads_excluded_country"),
)


def _source_id(row: Row) -> str:
    return row["item_group_id"] or row["id"]


def _product(rows: Sequence[Row]) -> Mapping[str, Any]:
    first = rows[0]
    for row in rows:
        if not row["id"]:
            raise row.error("id", "is empty")
    options = _options(rows)
    same = {key: _same(rows, key) for key in ("mpn", "condition", "google_product_category", *_OPTIONS)}
    return present(
        id=_source_id(first),
        title=first["title"],
        description=_first(rows, "description"),
        brand=_first(rows, "brand"),
        material=same.pop("material"),
        categories=list(map(list, _paths(rows))),
        images=_images(rows),
        availabilityStatus=_availability(rows),
        metadata=present(**same),
        options=list(options.values()),
        variants=[_variant(row, options) for row in rows],
    )


def _options(rows: Sequence[Row]) -> dict[str, str]:
    """The attributes that differ, and if these do not tell all rows apart, the title too."""
    values = {key: distinct(row[key] for row in rows) for key in _OPTIONS}
    options = {key: name for key, name in _OPTIONS.items() if len(values[key]) > 1}
    if len({tuple(row[key] for key in options) for row in rows}) < len(rows):
        options["title"] = "Title"
    return options


def _variant(row: Row, options: Mapping[str, str]) -> Mapping[str, Any]:
    price, full = _prices(row, datetime.now(UTC))
    money: dict[str, Any] = (
        {"prices": {price.currency: price.amount}} if price.currency else {"price": price.amount}
    )
    return present(
        id=code(row, "id"),
        sku=code(row, "sku") or row["id"],
        barcode=code(row, "gtin").split(",")[0].strip(),
        **money,
        compareAtPrice=full.amount if full else None,
        stock=_stock(row),
        weight=_weight(row, "shipping_weight") or _weight(row, "product_weight"),
        options={name: row[key] for key, name in options.items() if row[key]},
    )


class _Price(Struct, frozen=True):
    """A price; its currency is empty if it has none."""

    amount: int | float
    currency: str


def _prices(row: Row, now: datetime) -> tuple[_Price, _Price | None]:
    """The price now, and if that is a sale price, the one without the sale."""
    price, sale = _price(row, "price"), _price(row, "sale_price")
    if price is None:
        raise row.error("price", "is empty")
    if sale is None or not _applies(row, now):
        return price, None
    if sale.currency not in {"", price.currency}:
        raise row.error("sale_price", f"is in {sale.currency.upper()}, but the price is not")
    is_sale = 0 < sale.amount < price.amount
    return (_Price(sale.amount, price.currency), price) if is_sale else (price, None)


def _price(row: Row, key: str) -> _Price | None:
    text = row[key]
    if not text:
        return None
    match = _PRICE.fullmatch(text)
    number = amount(row, key, match[1]) if match else None
    if match is None or number is None:
        raise row.error(key, f"is {shown(text)}, which is not a price such as `15.00 USD`")
    return _Price(number, (match[2] or "").lower())


def _applies(row: Row, now: datetime) -> bool:
    """Whether the sale price applies at this time."""
    text = row["sale_price_effective_date"]
    if not text:
        return True
    try:
        start, end = (part.strip() for part in text.split("/"))
        return _moment(start) <= now <= _moment(end, is_end=True)
    except ValueError as error:
        expected = "`2026-02-24T13:00+0100/2026-02-28T15:30+0100`"
        raise row.error(
            "sale_price_effective_date", f"is {shown(text)}, but should be like {expected}"
        ) from error


def _moment(text: str, *, is_end: bool = False) -> datetime:
    """A time, in UTC if it has no time zone; a date at the end of a period includes that day."""
    moment = datetime.fromisoformat(text)
    if is_end and _DATE.fullmatch(text):
        moment = datetime.combine(moment, time.max)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _stock(row: Row) -> int | None:
    for key in _STOCK:
        quantity = count(row, key)
        if quantity is not None:
            return max(quantity, 0)
    return None


def _weight(row: Row, key: str) -> int | float | None:
    """A weight in grams; None if there is none or it is 0."""
    text = row[key]
    if not text:
        return None
    match = _WEIGHT.fullmatch(text)
    unit = _GRAMS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise row.error(key, f"is {shown(text)}, which is not a weight such as `0.5 kg`")
    number = amount(row, key, match[1])
    grams = float(round(Decimal(str(number)) * unit, 3))
    return int(grams) if grams.is_integer() else grams


def _availability(rows: Iterable[Row]) -> str:
    """The best availability of the variants, in Google's spelling."""
    found = distinct(row["availability"].lower().replace(" ", "_") for row in rows)
    return min(found, key=lambda each: [*_AVAILABILITIES, each].index(each), default="")


def _paths(rows: Iterable[Row]) -> list[tuple[str, ...]]:
    """The category paths; some programs escape the `>` twice."""
    texts = [unescape(text) for row in rows for text in row.series("product_type").values()]
    return list(dict.fromkeys(filter(None, map(tuple, map(path, texts)))))


def _images(rows: Iterable[Row]) -> list[str]:
    found: list[str] = []
    for row in rows:
        found.append(row["image_link"])
        for text in row.series("additional_image_link").values():
            found += _urls(text)
    return distinct(found)


def _urls(text: str) -> list[str]:
    """The URLs of a cell, separated by commas; a URL may have commas of its own."""
    parts = text.split(",")
    starts = [index for index, part in enumerate(parts) if not index or part.lstrip().startswith(_SCHEMES)]
    ends = [*starts[1:], len(parts)]
    return [",".join(parts[start:end]).strip() for start, end in zip(starts, ends, strict=True)]


def _first(rows: Iterable[Row], key: str) -> str:
    return next((row[key] for row in rows if row[key]), "")


def _same(rows: Iterable[Row], key: str) -> str | None:
    """The value that the rows have; None if they differ."""
    values = distinct(row[key] for row in rows)
    return values[0] if len(values) == 1 else None


GOOGLE = Dialect(
    "Google Merchant",
    _COLUMNS,
    ("id", "title", "price", "availability"),
    "a product by its item_group_id, or else by its id; a variant by its id",
    _source_id,
    _product,
)
