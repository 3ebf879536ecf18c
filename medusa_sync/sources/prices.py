"""Checks and maps prices: in the main currency, in others, and sale prices (see docs/mapping.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from medusa_sync.core.fields import OTHER_PRICE, PRICE, SALE
from medusa_sync.core.product import Value

_WITHOUT_MINOR_UNIT = "bif clp djf gnf isk jpy kmf krw pyg rwf ugx uyi vnd vuv xaf xof xpf"
_IN_THOUSANDTHS = "bhd iqd jod kwd lyd omr tnd"
_DIGITS = {  # after the decimal point (ISO 4217); 2 for all other currencies
    **dict.fromkeys(_WITHOUT_MINOR_UNIT.split(), 0),
    **dict.fromkeys(_IN_THOUSANDTHS.split(), 3),
}
_CURRENCY = re.compile(r"[A-Za-z]{3}")


class InvalidPriceError(Exception):
    """A product is rejected because of a price; the message is the reason."""


def prices_of(price: float | None, others: Mapping[str, float] | None, currency: str) -> dict[str, Value]:
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


def with_sale(
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
