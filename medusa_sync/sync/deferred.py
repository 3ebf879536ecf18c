"""Defers products that need the SKUs of one another until all others are written."""

from __future__ import annotations

from collections.abc import Iterable

from medusa_sync.core.change import Change, Update, new_variants
from medusa_sync.core.fields import VARIANT_FIELDS
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.result import Outcome, Result
from medusa_sync.sync.batch import Batch

_MOST = 100  # products; more of them have another cause


class Deferred:
    """Products that take unique values, such as SKUs, which products of other batches have or want."""

    def __init__(self) -> None:
        self._refused: dict[str, tuple[DesiredProduct, Outcome]] | None = {}
        self._waiting: dict[str, DesiredProduct] = {}
        self._repeated: dict[str, DesiredProduct] = {}

    @property
    def is_released(self) -> bool:
        return self._refused is None

    def wait(self, products: Iterable[DesiredProduct]) -> None:
        """Defer products until others have given up what they want."""
        self._waiting.update((product.external_id, product) for product in products)

    def repeat(self, products: Iterable[DesiredProduct]) -> None:
        """Defer products that want what an earlier product of the run gets."""
        self._repeated.update((product.external_id, product) for product in products)

    def takes(self, batch: Batch, outcome: Outcome) -> bool:
        """Defer a product instead of settling it, until `release` is called."""
        own = outcome.external_id or ""
        if self._refused is None or len(self._refused) >= _MOST or outcome.result is not Result.FAILED:
            return False
        product = next((each for each in batch.products if each.external_id == own), None)
        if product is None or not any(_takes_unique(each, own) for each in batch.planned):
            return False
        self._refused[own] = product, outcome
        return True

    def release(self, *, again: bool) -> tuple[list[DesiredProduct], list[Outcome]]:
        """The products to try again together, after all others, or their outcomes.

        Args:
            again: they can be tried again.
        """
        refused, self._refused = (self._refused or {}).values(), None
        products, outcomes = [each for each, _ in refused], [outcome for _, outcome in refused]
        waiting = [*self._waiting.values(), *self._repeated.values()]
        return ([*products, *waiting], []) if again else ([], outcomes)


def _takes_unique(change: Change, external_id: str) -> bool:
    """Whether a change is an update of a product that gives a variant an SKU or a barcode."""
    if change.desired.external_id != external_id or not isinstance(change, Update):
        return False
    changes = (each for variant in change.variants for each in variant.changes)
    taken = {each.field for each in changes if each.planned is not None}
    taken |= {name for variant in new_variants(change) for name in variant.fields}
    return any(VARIANT_FIELDS[name].unique for name in taken)
