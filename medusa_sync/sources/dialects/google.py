"""Google Merchant product data, as a table or as the items of a feed (see docs/formats.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from html import unescape
from typing import Any

from medusa_sync.sources.dialects.base import Column, Dialect, Row, ignored
from medusa_sync.sources.dialects.cells import amount, code, count, distinct, path, present, texts
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
_URL_SEPARATOR = re.compile(r",(?=\s*https?://)")  # a URL may have commas of its own
_AVAILABILITIES = ("in_stock", "backorder", "preorder", "out_of_stock")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _column(name: str, field: str, rule: str, *, repeats: bool = False) -> Column:
    return Column((name,), field, rule, repeats=repeats)


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
    if nameless := next((row for row in rows if not row["id"]), None):
        raise nameless.error("id", "is empty")
    values = {  # of all rows, each once
        key: distinct(row[key] for row in rows)
        for key in ("description", "brand", "mpn", "condition", "google_product_category", *_OPTIONS)
    }
    options = {key: name for key, name in _OPTIONS.items() if len(values[key]) > 1}
    if len({tuple(row[key] for key in options) for row in rows}) < len(rows):
        options["title"] = "Title"  # the others do not tell all rows apart
    first = {key: each[0] for key, each in values.items() if each}
    same = {key: each[0] for key, each in values.items() if len(each) == 1}
    # Some programs escape the `>` twice.
    paths = [path(unescape(each)) for row in rows for each in texts(row, "product_type")]
    return present(
        id=_source_id(rows[0]),
        title=rows[0]["title"],
        description=first.get("description"),
        brand=first.get("brand"),
        material=same.pop("material", None),
        categories=list(map(list, dict.fromkeys(filter(None, map(tuple, paths))))),
        images=distinct(url for row in rows for url in _images(row)),
        availabilityStatus=_availability(rows),
        metadata={key: same[key] for key in values if key in same and key not in ("description", "brand")},
        options=list(options.values()),
        variants=[_variant(row, options, datetime.now(UTC)) for row in rows],
    )


def _images(row: Row) -> list[str]:
    more = (url.strip() for each in texts(row, "additional_image_link") for url in _URL_SEPARATOR.split(each))
    return [row["image_link"], *more]


def _availability(rows: Sequence[Row]) -> str:
    """The best availability of the variants, in Google's spelling."""
    found = distinct(row["availability"].lower().replace(" ", "_") for row in rows)
    return min(found, key=lambda each: [*_AVAILABILITIES, each].index(each), default="")


def _variant(row: Row, options: Mapping[str, str], now: datetime) -> Mapping[str, Any]:
    return present(
        id=code(row, "id"),
        sku=code(row, "sku") or row["id"],
        barcode=code(row, "gtin").split(",")[0].strip(),
        **_prices(row, now),
        stock=next((max(found, 0) for key in _STOCK if (found := count(row, key)) is not None), None),
        weight=_weight(row, "shipping_weight") or _weight(row, "product_weight"),
        options={name: row[key] for key, name in options.items() if row[key]},
    )


def _prices(row: Row, now: datetime) -> dict[str, Any]:
    """The price now, and if that is a sale price, the one without the sale."""
    price, currency = _price(row, "price")
    sale, own_currency = _price(row, "sale_price")
    if price is None:
        raise row.error("price", "is empty")
    full = None
    if sale is not None and _applies(row, now):
        if own_currency not in {"", currency}:
            raise row.error("sale_price", f"is in {own_currency.upper()}, but the price is not")
        if 0 < sale < price:
            price, full = sale, price
    money = {"prices": {currency: price}} if currency else {"price": price}
    return {**money, "compareAtPrice": full}


def _price(row: Row, key: str) -> tuple[int | float | None, str]:
    """The amount and the currency; None and no currency if there are none."""
    if not row[key]:
        return None, ""
    match = _PRICE.fullmatch(row[key])
    if match is None:
        raise row.error(key, f"is {shown(row[key])}, which is not a price such as `15.00 USD`")
    return amount(row, key, match[1]), (match[2] or "").lower()


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


def _weight(row: Row, key: str) -> int | float | None:
    """A weight in grams; None if there is none or it is 0."""
    if not row[key]:
        return None
    match = _WEIGHT.fullmatch(row[key])
    unit = _GRAMS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise row.error(key, f"is {shown(row[key])}, which is not a weight such as `0.5 kg`")
    grams = float(round(Decimal(str(amount(row, key, match[1]))) * unit, 3))
    return int(grams) if grams.is_integer() else grams


GOOGLE = Dialect(
    "Google Merchant",
    _COLUMNS,
    ("id", "title", "price", "availability"),
    "a product by its item_group_id, or else by its id; a variant by its id",
    _source_id,
    _product,
)
