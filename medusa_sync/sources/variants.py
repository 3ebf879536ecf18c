"""Checks and maps the variants and prices of a source product (see docs/mapping.md)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from medusa_sync.core.fields import (
    BARCODE,
    OPTION,
    OTHER_PRICE,
    PRICE,
    SALE,
    SKU,
    STOCK,
    TITLE,
    WEIGHT,
)
from medusa_sync.core.product import DesiredVariant, Value
from medusa_sync.core.record import ONLY
from medusa_sync.sources.schema import SourceProduct, SourceVariant
from medusa_sync.sources.text import one_line

_INDEX = re.compile(r"^variants\[(\d+)\]\.?")
_WITHOUT_MINOR_UNIT = "bif clp djf gnf isk jpy kmf krw pyg rwf ugx uyi vnd vuv xaf xof xpf"
_IN_THOUSANDTHS = "bhd iqd jod kwd lyd omr tnd"
_DIGITS = {  # after the decimal point (ISO 4217); 2 for all other currencies
    **dict.fromkeys(_WITHOUT_MINOR_UNIT.split(), 0),
    **dict.fromkeys(_IN_THOUSANDTHS.split(), 3),
}
_CURRENCY = re.compile(r"[A-Za-z]{3}")


class InvalidVariantError(Exception):
    """A product is rejected because of its variants; the message is the reason."""


def desired_variants(
    product: SourceProduct, currency: str, *, sale_prices: bool = False
) -> tuple[tuple[str, ...], tuple[DesiredVariant, ...]]:
    """The options and variants of a product; one variant and no option if the source has none.

    Args:
        product: of the source.
        currency: of the field `price`.
        sale_prices: discounts become sale prices.

    Raises:
        InvalidVariantError: Medusa could not store them.
    """
    if not product.variants:
        return (), (_only(product, currency, sale_prices=sale_prices),)
    names = _option_names(product)
    if not names and len(product.variants) == 1:
        return (), (_only_of(product, product.variants[0], currency, sale_prices=sale_prices),)
    skus = Counter(one_line(each.sku) for each in product.variants)
    variants = tuple(
        _variant(
            each,
            names,
            product,
            currency,
            sale_prices=sale_prices,
            has_own_sku=skus[one_line(each.sku)] == 1,
        )
        for each in product.variants
    )
    _check(names, variants)
    return names, variants


def name_variant(reason: str, raw: Any) -> str:
    """The reason with the SKU or title of a variant in place of its index."""
    match = _INDEX.match(reason)
    variants = raw.get("variants") if isinstance(raw, dict) else None
    if match is None or not isinstance(variants, list):
        return reason
    variant = variants[int(match[1])]
    known = variant if isinstance(variant, dict) else {}
    name = next(
        (str(known[key]) for key in ("sku", "title", "id") if known.get(key)), f"number {int(match[1]) + 1}"
    )
    return f"variant {one_line(name)}: {reason[match.end() :].removeprefix(': ')}"


def _only(product: SourceProduct, currency: str, *, sale_prices: bool) -> DesiredVariant:
    """The variant of a product without variants."""
    barcode = product.meta.barcode if product.meta else None
    fields = _fields(product.sku, barcode, product.stock)
    prices = _prices_of(product.price, product.prices, currency)
    if sale_prices:
        prices = _with_sale(prices, product.compare_at_price, product.discount_percentage, currency)
    return DesiredVariant(ONLY, "", fields | prices)


def _only_of(
    product: SourceProduct, variant: SourceVariant, currency: str, *, sale_prices: bool
) -> DesiredVariant:
    """The variant of a product with a single variant and no options."""
    fields = _fields(variant.sku, variant.barcode, variant.stock) | _weight(variant)
    prices = _variant_prices(variant, product, currency, sale_prices=sale_prices)
    name = one_line(variant.sku) or one_line(variant.title) or ""
    return DesiredVariant(ONLY, name, fields | prices)


def _fields(sku: str | None, barcode: str | None, stock: int | None) -> dict[str, Value]:
    values: dict[str, Value] = {SKU: one_line(sku), BARCODE: one_line(barcode), STOCK: stock}
    return {name: value for name, value in values.items() if value is not None}


def _weight(variant: SourceVariant) -> dict[str, Value]:
    return {} if variant.weight is None else {WEIGHT: variant.weight}


def _variant_prices(
    variant: SourceVariant, product: SourceProduct, currency: str, *, sale_prices: bool
) -> dict[str, Value]:
    price = product.price if variant.price is None else variant.price
    prices = _prices_of(price, variant.prices, currency)
    if not sale_prices:
        return prices
    compared = product.compare_at_price if variant.compare_at_price is None else variant.compare_at_price
    return _with_sale(prices, compared, product.discount_percentage, currency)


def _option_names(product: SourceProduct) -> tuple[str, ...]:
    """The options that the product names, else those that its variants have a value for."""
    if product.options is None:
        names = [name for variant in product.variants or () for name in variant.options]
        return tuple(dict.fromkeys(filter(None, map(one_line, names))))
    names = [line for name in product.options if (line := one_line(name))]
    if len(set(names)) < len(product.options):
        raise InvalidVariantError("options: two have the same name, or one has none")
    return tuple(names)


def _variant(
    variant: SourceVariant,
    names: Sequence[str],
    product: SourceProduct,
    currency: str,
    *,
    sale_prices: bool,
    has_own_sku: bool,
) -> DesiredVariant:
    values = {one_line(name): one_line(_as_text(value)) for name, value in variant.options.items()}
    title = one_line(variant.title) or " / ".join(values.get(name) or "" for name in names)
    sku = one_line(variant.sku)
    name = sku or title.strip(" /") or str(variant.id or "without a name")
    for option in names:
        if not values.get(option):
            raise InvalidVariantError(f"variant {name}: it has no value for the option {option!r}")
    if unknown := next((each for each in values if each not in names), None):
        raise InvalidVariantError(f"variant {name}: {unknown!r} is not an option of the product")
    try:
        prices = _variant_prices(variant, product, currency, sale_prices=sale_prices)
    except InvalidPriceError as error:
        raise InvalidVariantError(f"variant {name}: {error}") from error
    key = one_line(str(variant.id)) if variant.id is not None else sku if has_own_sku else ""
    return DesiredVariant(
        key or " / ".join(values[each] or "" for each in names),
        name,
        {
            TITLE: title,
            **_fields(sku, variant.barcode, variant.stock),
            **_weight(variant),
            **prices,
            **{f"{OPTION}{each}": values[each] for each in names},
        },
    )


def _as_text(value: str | float) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _check(names: Sequence[str], variants: Sequence[DesiredVariant]) -> None:
    """Check what Medusa refuses, or what would make variants indistinguishable."""
    for kind, identity in (
        ("option values", lambda each: tuple(each.fields[f"{OPTION}{name}"] for name in names)),
        ("id", lambda each: each.key),
    ):
        for first, second in _twins(variants, identity):
            is_ambiguous = first.name == second.name
            one, two = (each.fields[TITLE] if is_ambiguous else each.name for each in (first, second))
            named = f"variants {one} and {two}" if one and two else "two variants"
            raise InvalidVariantError(f"{named} have the same {kind}")


def _twins(
    variants: Sequence[DesiredVariant], identity: Any
) -> Iterator[tuple[DesiredVariant, DesiredVariant]]:
    seen: dict[object, DesiredVariant] = {}
    for variant in variants:
        value = identity(variant)
        if value is not None and value in seen:
            yield seen[value], variant
        seen[value] = variant


# --- prices: in the main currency, in others, and sale prices -----------------------------------------------


class InvalidPriceError(Exception):
    """A product is rejected because of a price; the message is the reason."""


def _prices_of(price: float | None, others: Mapping[str, float] | None, currency: str) -> dict[str, Value]:
    """The price and those in other currencies.

    Raises:
        InvalidPriceError: a price is missing or contradicts another one.
    """
    amounts: dict[str, float] = {}
    for code, amount in (others or {}).items():
        if not _CURRENCY.fullmatch(code):
            raise InvalidPriceError(f"prices: {code!r} is not a currency code")
        if amounts.setdefault(code.lower(), amount) != amount:
            raise InvalidPriceError(
                f"prices: two in {code.lower()}, {amounts[code.lower()]:g} and {amount:g}"
            )
    same = amounts.pop(currency, price)
    price = same if price is None else price
    if price is None and amounts:
        raise InvalidPriceError(f"prices: none in {currency}, only in {' and '.join(sorted(amounts))}")
    if price is None:
        raise InvalidPriceError("Object missing required field price")
    if same != price:
        raise InvalidPriceError(f"prices: {same:g} {currency}, but price is {price:g}")
    return {PRICE: price, **{f"{OTHER_PRICE}{code}": amount for code, amount in sorted(amounts.items())}}


def _with_sale(
    prices: Mapping[str, Value], compared: float | None, discount: float | None, currency: str
) -> dict[str, Value]:
    """The prices with a sale price: the price below a compare-at price, or the price after the discount.

    The discount is applied as in DummyJSON's carts. A compare-at price that is not above the price is no
    sale: real exports are full of them. Neither is a sale price of 0, which would make the product free.
    """
    price = prices[PRICE]
    if not isinstance(price, int | float):
        return dict(prices)
    if compared is None:
        full, sale = price, round(price * (1 - (discount or 0) / 100), _DIGITS.get(currency, 2))
    else:
        full, sale = max(price, compared), price
    return {**prices, PRICE: full, **({SALE: sale} if 0 < sale < full else {})}
