"""The first products of a source, so that a person sees whether it is read right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from medusa_sync.core.kinds.images import IMAGES
from medusa_sync.core.kinds.options import OPTION
from medusa_sync.core.kinds.prices import PRICE
from medusa_sync.core.kinds.sales import SALE
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.value import Value, excerpt
from medusa_sync.report.escape import visible
from medusa_sync.report.values import LONG, clipped

_NAMED = 3  # variants of a product


def named(product: DesiredProduct) -> tuple[str, str]:
    """The external id and the title of a product."""
    return visible(product.external_id), visible(product.title)


def preview(product: DesiredProduct) -> Iterator[tuple[str, str]]:
    """Yield the name and value of what tells most about how a product is read."""
    yield "price", _prices(product)
    yield "variants", _variants(product)
    images = product.fields.get(IMAGES)
    urls = images if isinstance(images, tuple) else ()
    first = f", first {clipped(urls[0])}" if urls else ""
    yield "images", f"{len(urls)}{first}" if urls else "none"


def _prices(product: DesiredProduct) -> str:
    """The lowest and highest price in each currency, region and tier, and the same of sale prices."""
    found: dict[str, list[Value]] = {}
    for variant in product.variants:
        for name, value in variant.fields.items():
            kind, _, code = name.partition(".")
            if kind in {PRICE, SALE}:
                currency, _, of = visible(code or product.currency).partition(".")
                words = (currency.upper(), f"({of})" if of else "", "on sale" if kind == SALE else "")
                found.setdefault(" ".join(filter(None, words)), []).append(value)
    return ", ".join(f"{_span(amounts)} {of}" for of, amounts in found.items())


def _span(amounts: Sequence[Value]) -> str:
    ends = [min(amounts, key=_number), max(amounts, key=_number)]
    return " to ".join(dict.fromkeys(excerpt(each, LONG) for each in ends))


def _number(amount: Value) -> float:
    return float(amount) if isinstance(amount, int | float) else 0


def _variants(product: DesiredProduct) -> str:
    """How many there are, their options, and the values of the first ones."""
    if not product.options:
        return "none" if len(product.variants) == 1 else str(len(product.variants))
    options = ", ".join(map(clipped, product.options))
    first = (
        " / ".join(clipped(str(each.fields.get(f"{OPTION}{name}", ""))) for name in product.options)
        for each in islice(product.variants, _NAMED)
    )
    more = len(product.variants) - _NAMED
    return (
        f"{len(product.variants)} by {options}: {', '.join(first)}{f' and {more} more' if more > 0 else ''}"
    )
