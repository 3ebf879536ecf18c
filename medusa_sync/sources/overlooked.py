"""What a source has that is not used, so that a person sees whether it is read right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from medusa_sync.codes import Note
from medusa_sync.core.kinds.prices import PRICE, is_price
from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources.schema import SourceProduct, SourceVariant
from medusa_sync.sources.text import is_web_url, shown

_SHOWN = 10  # names
_MOST = 1_000  # names; a file may have any number


class Overlooked:
    """Counts what is not used of the products that were checked.

    Attributes:
        columns: of a table: those that have a value, but mean nothing.
        numeric: of a workbook: columns of codes that are numbers.
    """

    def __init__(self) -> None:
        self.columns: Collection[str] = ()
        self.numeric: Collection[str] = ()
        self._fields: dict[str, None] = {}
        self._images = 0
        self._free = 0
        self._sales = Counter[str]()  # products whose sale prices are not in the currency

    def add(self, product: SourceProduct, desired: DesiredProduct, unused: Iterable[str]) -> None:
        """Count a product, which has fields that mean nothing."""
        if len(self._fields) < _MOST:
            self._fields.update(dict.fromkeys(unused))
        images = {
            *(product.images or ()),
            product.thumbnail,
            *(each.image for each in product.variants or ()),
        }
        self._images += sum(not is_web_url(each.strip()) for each in images if each)
        self._free += sum(each.fields.get(PRICE) == 0 for each in desired.variants)
        if _has_other_sale(product, desired):
            self._sales[desired.currency] += 1

    @property
    def notes(self) -> Iterator[Note]:
        names = [*map(shown, dict.fromkeys([*self.columns, *self._fields]))]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        parts = (
            f"{', '.join(names[:_SHOWN])}{more}" if names else "",
            f"images that are no http(s) URLs: {self._images:,}" if self._images else "",
        )
        unused = "; ".join(filter(None, parts))
        if unused:
            yield Note("not_used", f"Not used: {unused}.")
        if self.numeric:
            codes = ", ".join(map(shown, self.numeric))
            yield Note("numeric_codes", f"Codes that are numbers: {codes}. Do they lack zeros in front?")
        if self._free:
            yield Note("free", f"Prices that are 0: {self._free:,}.")
        for currency, count in self._sales.items():
            yield Note(
                "other_sale",
                f"Sale prices that are not in {currency}, and so not synced: {count:,} "
                f"product{'s' * (count > 1)}. If all are in one currency, set --currency.",
            )


def _has_other_sale(product: SourceProduct, desired: DesiredProduct) -> bool:
    """Whether a price in another currency is reduced."""
    others = [each.fields for each in desired.variants if PRICE not in each.fields]
    amounts = [value for fields in others for name, value in fields.items() if is_price(name)]
    prices = [value for value in amounts if isinstance(value, int | float)]
    if not prices:
        return False
    given: tuple[SourceProduct | SourceVariant, ...] = (product, *(product.variants or ()))
    if any(0 < each.sale_price < max(prices) for each in given if each.sale_price is not None):
        return True
    if "--sale-prices" not in desired.settings:
        return False
    compared = [each.compare_at_price for each in given if each.compare_at_price is not None]
    return max(compared) > min(prices) if compared else bool(product.discount_percentage)
