"""Checks and maps the variants and prices of a source product (see docs/mapping.md)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import structs

from medusa_sync.core.currencies import digits_of
from medusa_sync.core.fields import BARCODE, EAN, SKU, TITLE, UPC, WEIGHT
from medusa_sync.core.kinds.images import THUMBNAIL
from medusa_sync.core.kinds.metadata import METADATA
from medusa_sync.core.kinds.options import OPTION
from medusa_sync.core.kinds.prices import OTHER_PRICE, PRICE, PriceKey, price_field, price_key
from medusa_sync.core.kinds.rank import RANK
from medusa_sync.core.kinds.sales import SALE
from medusa_sync.core.kinds.stock import BACKORDER, OTHER_STOCK, SHARED, STOCK
from medusa_sync.core.kinds.texts import TRANSLATION, canonical_locale
from medusa_sync.core.product import DesiredVariant
from medusa_sync.core.record import ONLY, RECORD_KEY
from medusa_sync.core.value import Value
from medusa_sync.sources.base import InvalidProductError
from medusa_sync.sources.money import codes_of
from medusa_sync.sources.schema import (
    SourceDimensions,
    SourcePrice,
    SourceProduct,
    SourceTexts,
    SourceVariant,
    SourceVariantTexts,
)
from medusa_sync.sources.text import is_web_url, one_line, paragraphs

_INDEX = re.compile(r"^variants\[(\d+)\]\.?")
_TITLE = "Title"  # the option of variants that have only titles
_LARGEST_INT = 2**53
_RESERVED = frozenset({RECORD_KEY, "external_id"})  # keys of metadata that mean something to this tool
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_CUSTOMS = ("origin_country", "hs_code", "mid_code", "material")
_Read = Callable[[SourceVariant], dict[str, Value]]
"""The fields of a variant."""


def desired_variants(
    product: SourceProduct, currency: str, *, sale_prices: bool = False
) -> tuple[tuple[str, ...], tuple[DesiredVariant, ...]]:
    """The options and variants of a product; one variant and no option if the source has none.

    Raises:
        InvalidProductError: Medusa could not store them.
    """
    is_shared = bool(shared_stock(product))
    fields = partial(_fields, product, currency, sale_prices=sale_prices, is_shared=is_shared)
    if product.variants is not None and not product.variants and product.options:
        raise InvalidProductError("variants: the list is empty, although the product has options")
    if not product.variants:
        barcode = product.meta.barcode if product.meta else None
        own = SourceVariant(sku=product.sku, barcode=barcode, prices=product.prices)
        return (), (DesiredVariant(ONLY, "", fields(own)),)
    names, given = _option_names(product), tuple(map(_with_barcode, product.variants))
    if not names and (titled := _told_apart_by_titles(given)):
        names, given = (_TITLE,), titled
    if not names and len(given) == 1:
        [only] = given
        return (), (DesiredVariant(ONLY, one_line(only.sku) or one_line(only.title) or "", fields(only)),)
    ranked = [_variant(each, names, fields).changed({RANK: rank}) for rank, each in enumerate(given)]
    variants = _with_keys(given, ranked)
    _check(names, variants)
    labels = Counter(each.name for each in variants)
    return names, tuple(each if labels[each.name] == 1 else _called_by_values(each) for each in variants)


def _fields(
    product: SourceProduct, currency: str, variant: SourceVariant, *, sale_prices: bool, is_shared: bool
) -> dict[str, Value]:
    """The fields of a variant without its title and options; the stock of the product may be shared."""
    image = one_line(variant.image)
    own = product.stock if variant.stock is None else variant.stock
    values: dict[str, Value] = {
        SKU: one_line(variant.sku),
        BARCODE: one_line(variant.barcode),
        EAN: one_line(variant.ean),
        UPC: one_line(variant.upc),
        **({STOCK: SHARED} if is_shared and variant.stock is None else _stock(own)),
        WEIGHT: variant.weight,
        **_sizes(variant.dimensions),
        **{name: one_line(getattr(variant, name)) for name in _CUSTOMS},
        BACKORDER: product.allow_backorder if variant.allow_backorder is None else variant.allow_backorder,
        THUMBNAIL: image if image is not None and is_web_url(image) else None,
    }
    found = {name: value for name, value in values.items() if value is not None}
    prices = _prices(variant, product, currency, sale_prices=sale_prices)
    return {**found, **metadata_of(variant.metadata), **prices, **texts_of(variant.translations)}


def _with_barcode(variant: SourceVariant) -> SourceVariant:
    """The variant, whose barcode is its EAN or UPC if it has no other one."""
    code = variant.ean or variant.upc
    return structs.replace(variant, barcode=code) if code and not variant.barcode else variant


def _sizes(dimensions: SourceDimensions | None) -> dict[str, Value]:
    if dimensions is None:
        return {}
    return {"length": dimensions.stored_length, "height": dimensions.height, "width": dimensions.width}


def _variant(variant: SourceVariant, names: Sequence[str], fields: _Read) -> DesiredVariant:
    """One of several variants; its key is still that of its option values."""
    values = {one_line(name): _trimmed(value) for name, value in variant.options.items()}
    title = one_line(variant.title) or " / ".join(values.get(name) or "" for name in names)
    name = one_line(variant.sku) or title.strip(" /") or str(variant.id or "without a name")
    try:
        chosen = _chosen(values, names)
        options = {f"{OPTION}{option}": value for option, value in chosen.items()}
        return DesiredVariant(" / ".join(chosen.values()), name, {TITLE: title, **fields(variant), **options})
    except InvalidProductError as error:
        raise InvalidProductError(f"variant {name}: {error}") from error


def _with_keys(given: Sequence[SourceVariant], variants: Sequence[DesiredVariant]) -> list[DesiredVariant]:
    """The variants with their keys: the id, else an SKU that no other one has, else the option values."""
    ids = [None if each.id is None else one_line(str(each.id)) for each in given]
    skus = [one_line(each.sku) for each in given]
    count = Counter(skus)
    keys = [
        own or (sku if count[sku] == 1 else None) or each.key
        for own, sku, each in zip(ids, skus, variants, strict=True)
    ]
    used = Counter(keys)
    return [
        structs.replace(each, key=key if own or used[key] == 1 else _named_values(each))
        for own, key, each in zip(ids, keys, variants, strict=True)
    ]


def _told_apart_by_titles(variants: Sequence[SourceVariant]) -> tuple[SourceVariant, ...]:
    """Variants with their titles as an option; none if these do not tell them apart."""
    titles = [one_line(each.title) or "" for each in variants]
    if "" in titles or not 1 < len({*titles}) == len(titles):
        return ()
    options: list[Mapping[str, str]] = [{_TITLE: title} for title in titles]
    return tuple(structs.replace(each, options=own) for each, own in zip(variants, options, strict=True))


def _trimmed(value: str | float) -> str | None:
    """An option value without what Medusa leaves out of the ends of a value that is added to an option."""
    return (one_line(_as_text(value)) or "").strip(" \ufeff") or None


def _named_values(variant: DesiredVariant) -> str:
    """The key of a variant whose SKU or option values are the id, SKU or option values of another one."""
    values = {name: value for name, value in variant.fields.items() if name.startswith(OPTION)}
    return " / ".join(f"{name.removeprefix(OPTION)}: {value}" for name, value in values.items())


def _called_by_values(variant: DesiredVariant) -> DesiredVariant:
    """The variant, called by its option values in reports, because another one has its SKU or title."""
    values = (str(value) for field, value in variant.fields.items() if field.startswith(OPTION))
    return structs.replace(variant, name=" / ".join(values))


def _chosen(values: Mapping[str | None, str | None], names: Sequence[str]) -> dict[str, str]:
    """The value of a variant for each option.

    Raises:
        InvalidProductError: there is none, or one for another option.
    """
    found = {name: values.get(name) or "" for name in names}
    if missing := next((name for name, value in found.items() if not value), None):
        raise InvalidProductError(f"it has no value for the option {missing!r}")
    if unknown := next((name for name in values if name not in found), None):
        raise InvalidProductError(f"{unknown!r} is not an option of the product")
    return found


def _option_names(product: SourceProduct) -> tuple[str, ...]:
    """The options that the product names, else those that its variants have a value for."""
    if product.options is None:
        found = [name for variant in product.variants or () for name in variant.options]
        return tuple(dict.fromkeys(filter(None, map(one_line, found))))
    names = [line for name in product.options if (line := one_line(name))]
    if len(set(names)) < len(product.options):
        raise InvalidProductError("options: two have the same name, or one has none")
    return tuple(names)


def _as_text(value: str | float) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def metadata_of(values: Mapping[str, Value] | None) -> dict[str, Value]:
    """The metadata that a product or a variant of the source has itself."""
    named = ((one_line(key), _stored(value)) for key, value in (values or {}).items())
    return {
        f"{METADATA}{name}": value
        for name, value in named
        if name and name not in _RESERVED and value is not None
    }


def texts_of(translations: Mapping[str, SourceTexts | SourceVariantTexts] | None) -> dict[str, Value]:
    """The fields of the texts that a product or a variant has in locales."""
    found: dict[str, Value] = {}
    for given, texts in (translations or {}).items():
        locale = canonical_locale(given)
        for name, text in structs.asdict(texts).items():
            value = paragraphs(text) if name == "description" else one_line(text)
            if value is not None and found.setdefault(f"{TRANSLATION}{locale}.{name}", value) != value:
                raise InvalidProductError(f"translations: two of {name} in {locale}")
    return found


def _stored(value: Value) -> Value:
    if isinstance(value, str):
        return paragraphs(value)
    is_large = isinstance(value, int) and abs(value) > _LARGEST_INT
    return str(value) if is_large else value  # the store keeps numbers in double precision


def name_variant(reason: str, raw: Any) -> str:
    """The reason with the SKU or title of a variant in place of its index."""
    match = _INDEX.match(reason)
    if match is None:
        return reason
    variant, index = raw["variants"][int(match[1])], int(match[1])
    known = variant if isinstance(variant, dict) else {}
    name = next((str(known[key]) for key in ("sku", "title", "id") if known.get(key)), f"number {index + 1}")
    return f"variant {one_line(name)}: {reason[match.end() :].removeprefix(': ')}"


def _check(names: Sequence[str], variants: Sequence[DesiredVariant]) -> None:
    """Check what Medusa refuses, or what would make variants indistinguishable."""
    seen: dict[tuple[str, object], DesiredVariant] = {}
    for second in variants:
        values = tuple(second.fields[f"{OPTION}{name}"] for name in names)
        for kind, value in (("option values", values), ("id", second.key)):
            first = seen.setdefault((kind, value), second)
            if first is not second:
                is_ambiguous = first.name == second.name
                one, two = (each.fields[TITLE] if is_ambiguous else each.name for each in (first, second))
                named = f"variants {one} and {two}" if one and two else "two variants"
                raise InvalidProductError(f"{named} have the same {kind}")


def shared_stock(product: SourceProduct) -> dict[str, Value]:
    """The stock of a product, if several variants have none."""
    without = [each for each in product.variants or () if each.stock is None]
    return _stock(product.stock) if len(without) > 1 else {}


def _stock(stock: int | Mapping[str, int] | None) -> dict[str, Value]:
    """The stock at the locations that are named, or at that of the settings, which is also called ""."""
    if not isinstance(stock, Mapping):
        return {} if stock is None else {STOCK: stock}
    if not stock:
        raise InvalidProductError("stock: it names no stock location")
    found: dict[str, Value] = {}
    for each, quantity in stock.items():
        name = f"{OTHER_STOCK}{each.strip()}" if each else STOCK
        if found.setdefault(name, quantity) != quantity:
            raise InvalidProductError(f"stock: two quantities at {each.strip()!r}")
    return found


# --- prices: in the main currency, in others, and sale prices -----------------------------------------------


def _prices(
    variant: SourceVariant, product: SourceProduct, currency: str, *, sale_prices: bool
) -> dict[str, Value]:
    """The price, the prices in other currencies, and the sale price. One in any currency is enough.

    A sale price is that of the source, or the price below a compare-at price, or the price after the
    discount, as in DummyJSON's carts. Without `sale_prices`, the first one is simply the price. A compare-at
    price that is not above the price is no sale: real exports are full of them. Neither is a sale price of 0,
    which would make the product free.

    Raises:
        InvalidProductError: a price is missing or contradicts another one.
    """
    price = product.price if variant.price is None else variant.price
    inherited = product.prices if price is None and variant.prices is None else variant.prices
    others = _by_field(inherited or {}, currency)
    same = others.pop(f"{OTHER_PRICE}{currency}", price)
    price = same if price is None else price
    in_others = dict(sorted(others.items()))
    if price is None and others:
        return {**in_others}  # rejected later if the store does not sell in these
    if price is None:
        raise InvalidProductError("price is missing")
    if same != price:
        raise InvalidProductError(f"prices: {same:g} {currency}, but price is {price:g}")
    compared = product.compare_at_price if variant.compare_at_price is None else variant.compare_at_price
    reduced = (
        product.sale_price if variant.sale_price is None and variant.price is None else variant.sale_price
    )
    if reduced and reduced < price:
        compared, price = max(price, compared or 0), reduced
    full = sale = price
    if sale_prices:
        if compared is None:
            if product.discount_percentage:  # otherwise, rounding alone would look like a sale
                rest = 1 - product.discount_percentage / 100
                sale = round(price * rest, digits_of(currency))
        else:
            full = max(price, compared)
    return {PRICE: full, **in_others, **({SALE: sale} if 0 < sale < full else {})}


def _code(name: str, preferred: str) -> str:
    """The code of a currency, which may be named by a sign such as `$`."""
    codes = codes_of(name) or (name.lower(),)
    code = preferred if preferred in codes else codes[0]
    if code != preferred and len(codes) > 1:
        raise InvalidProductError(
            f"prices: {name!r} is not {preferred}, the --currency; it may be {', '.join(codes)}"
        )
    if not _CURRENCY.fullmatch(code):
        raise InvalidProductError(f"prices: {name!r} is not a currency code")
    return code


def _by_field(prices: Mapping[str, float] | Sequence[SourcePrice], preferred: str) -> dict[str, float]:
    """The amounts by field, such as `price.eur.Germany`; in a mapping, a key is `eur.Germany`."""
    found: dict[str, float] = {}
    if isinstance(prices, Mapping):
        given = [(price_key(f"{OTHER_PRICE}{name}", ""), amount) for name, amount in prices.items()]
    else:
        given = [
            (PriceKey(each.currency, each.region or "", each.min_quantity, each.max_quantity), each.amount)
            for each in prices
        ]
    for key, amount in given:
        currency, region = _code(key.currency, preferred), one_line(key.region) or ""
        field = price_field(key._replace(currency=currency, region=region))
        name = field.removeprefix(OTHER_PRICE)
        if price_key(field, "").region != region:
            raise InvalidProductError(
                f"prices: the name of the region {region!r} ends like quantities; use its id"
            )
        if key.maximum is not None and key.maximum < (key.minimum or 1):
            raise InvalidProductError(f"prices: the quantities of {name} are in the wrong order")
        if found.setdefault(field, amount) != amount:
            raise InvalidProductError(f"prices: two in {name}, {found[field]:g} and {amount:g}")
    return found
