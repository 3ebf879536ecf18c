"""What a source has that is not used, so that a person sees whether it is read right."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from medusa_sync.core.fields import PRICE
from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources.schema import SourceProduct
from medusa_sync.sources.text import is_web_url, shortened

_SHOWN = 10  # names
_LONGEST = 1_000  # names; a file may have any number


class Overlooked:
    """Counts what is not used of the products that were checked.

    Attributes:
        columns: of a table, that have a value, but mean nothing.
    """

    def __init__(self) -> None:
        self.columns: Collection[str] = ()
        self._fields: dict[str, None] = {}
        self._images = 0
        self._prices = 0

    def add(self, product: SourceProduct, desired: DesiredProduct, unused: Iterable[str]) -> None:
        """Count a product, which has fields that mean nothing."""
        if len(self._fields) < _LONGEST:
            self._fields.update(dict.fromkeys(unused))
        images = {
            *(product.images or ()),
            product.thumbnail,
            *(each.image for each in product.variants or ()),
        }
        self._images += sum(not is_web_url(each.strip()) for each in images if each)
        self._prices += sum(each.fields.get(PRICE) == 0 for each in desired.variants)

    @property
    def note(self) -> str:
        """One line; empty if all is used."""
        names = [shortened(name) for name in dict.fromkeys([*self.columns, *self._fields])]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        parts = [
            f"Not used: {', '.join(names[:_SHOWN])}{more}." if names else "",
            _counted(self._images, "image is no http(s) URL", "images are no http(s) URLs"),
            _counted(self._prices, "price is 0", "prices are 0"),
        ]
        return " ".join(filter(None, parts))


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}." if count else ""
