"""What a source has that is not used, so that a person sees whether it is read right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from medusa_sync.codes import Note
from medusa_sync.core.currencies import digits_of
from medusa_sync.core.kinds.prices import PRICE, is_price
from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources.base import Remarks
from medusa_sync.sources.image_paths import images_of, is_path
from medusa_sync.sources.text import is_web_url, shown

if TYPE_CHECKING:
    from medusa_sync.sources.schema import SourceProduct, SourceVariant

_SHOWN = 10  # names
_IGNORED_SHOWN = 20  # those of metafields come last
_METAFIELDS = "metafields"
_KEEPS_METAFIELDS = f'.metadata += (.unused | with_entries(select(.key | test("{_METAFIELDS}"))))'
_CENTS, _THOUSAND = 2, 1_000
_SHOWS = re.compile("(is[ _-]?)?(active|published|visible|enabled)", re.IGNORECASE)
_IS_NO = 'tostring | ascii_downcase | IN("false", "0", "no")'


class Overlooked:
    """Counts what is not used of the products that were checked.

    Attributes:
        remarks: what is said about the source.
    """

    def __init__(self) -> None:
        self.remarks = Remarks()
        self._images = 0
        self._path = ""  # of an image, as an example
        self._has_status = False
        self._statuses = Counter[str]()  # that are not known
        self._free = 0
        self._has_cents = False  # some prices are in a currency with at most two decimals
        self._thousandths, self._thousandth = 0, ""  # prices that may be thousands, and an example
        self._sales = Counter[str]()  # products whose sale prices are not in the currency

    def add(self, product: SourceProduct, desired: DesiredProduct, unused: Iterable[str]) -> None:
        """Count a product, which has fields that mean nothing."""
        self.remarks.leave_out(unused)
        unusable = [each for each in {*images_of(product)} if not is_web_url(each.strip())]
        self._images += len(unusable)
        self._has_status = self._has_status or product.status is not None
        self._path = self._path or min(filter(is_path, unusable), default="")
        if desired.unknown_status:
            self._statuses[desired.unknown_status] += 1
        prices = [each.fields.get(PRICE) for each in desired.variants]
        self._free += prices.count(0)
        if digits_of(desired.currency) <= _CENTS:
            found = [each for each in prices if isinstance(each, float) and _in_thousandths(each)]
            self._thousandths += len(found)
            self._thousandth = next(map(str, found), self._thousandth)
            self._has_cents = True
        if _has_other_sale(product, desired):
            self._sales[desired.currency] += 1

    @property
    def notes(self) -> Iterator[Note]:
        """What a person checks once: how the names of the source are read, and doubtful values."""
        remarks = self.remarks
        if unused := _listed(map(_with_doubt, remarks.unused), _SHOWN):
            yield Note("not_used", f"Not used: {unused}.")
        shows = next(filter(_SHOWS.fullmatch, remarks.unused), "")
        if shows and not self._has_status:
            program = f'if .unused["{shows}"] | {_IS_NO} then .status = "draft" else . end'
            text = f"{shown(shows)} may say that a product is hidden, but is not read. If so, set --adjust to"
            yield Note("not_used", f"{text} `{program}`.")
        if remarks.ignored:
            names = (f"{shown(name)} ({count:,})" for name, count in remarks.ignored.items())
            yield Note("not_used", f"Known, but not synced: {_listed(names, _IGNORED_SHOWN)}.")
        if any(_METAFIELDS in name for name in (*remarks.unused, *remarks.ignored)):
            text = f"With --adjust, this line keeps metafields as metadata: {_KEEPS_METAFIELDS}"
            yield Note("not_used", text)
        if remarks.known_by:
            name = shown(remarks.known_by)
            yield Note("no_ids", f"The products have no id, so {name} is read as one. It must never change.")
        if remarks.numeric:
            codes = ", ".join(map(shown, remarks.numeric))
            yield Note("numeric_codes", f"Codes that are numbers: {codes}. Do they lack zeros in front?")
        for currency, count in self._sales.items():
            yield Note(
                "other_sale",
                f"Sale prices that are not in {currency}, and so not synced: {count:,} "
                f"product{'s' * (count > 1)}. If all are in one currency, set --currency.",
            )
        yield from self._doubts(remarks.thousandths if self._has_cents else 0, remarks.thousandth)

    @property
    def doubts(self) -> Iterator[Note]:
        """The values that are not used or may be wrong, which a changed product may have in any run."""
        return self._doubts()

    def _doubts(self, thousandths: int = 0, thousandth: str = "") -> Iterator[Note]:
        """The same; cells of a table still show digits that are no longer in a number, as in `1.250`."""
        if self._images:
            yield Note("not_used", f"Not used: images that are no http(s) URLs: {self._images:,}.")
        if self._path:
            how = 'set --adjust to `under("https://shop.example.com")`, with the address of the shop'
            text = f"Images that are paths, such as {shown(self._path)}, need a URL: {how}."
            yield Note("not_used", text)
        if self._statuses:
            counts = (f"{shown(status)} ({count:,})" for status, count in self._statuses.items())
            text = f"Statuses that are not known: {_listed(counts, _SHOWN)}."
            yield Note(
                "unknown_status", f"{text} New products with one are drafts; others keep their status."
            )
        if self._free:
            yield Note("free", f"Prices that are 0: {self._free:,}.")
        if count := max(self._thousandths, thousandths):
            text = (
                f"Prices with three digits after the point, such as {shown(thousandth or self._thousandth)}"
            )
            yield Note("thousandths", f"{text}: {count:,}. Are these thousands?")


def _with_doubt(name: str) -> str:
    """A name that is not used, and what an ambiguous one may mean."""
    from medusa_sync.sources.dialects.languages import doubt  # a quiet run names nothing

    return shown(name) + doubt(name)


def _listed(names: Iterable[str], most: int) -> str:
    """The first names, and how many more there are."""
    found = [*names]
    return ", ".join(found[:most]) + (f" and {len(found) - most} more" if len(found) > most else "")


def _in_thousandths(price: float) -> bool:
    return 1 <= price < _THOUSAND and round(price, _CENTS) != price == round(price, _CENTS + 1)


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
