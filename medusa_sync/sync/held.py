"""Holds back products that the store refused because they may need the SKUs of one another."""

from __future__ import annotations

from medusa_sync.core.change import Change, Update, new_variants
from medusa_sync.core.fields import VARIANT_FIELDS
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.result import Outcome, Result
from medusa_sync.sync.batch import Batch

_MOST = 100  # products; more of them have another cause


class Held:
    """Failed updates that take unique values, such as SKUs, which products of other batches may have had."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[DesiredProduct, Outcome]] | None = {}

    def takes(self, batch: Batch, outcome: Outcome) -> bool:
        """Hold a product back instead of settling it, until `release` is called."""
        own = outcome.external_id or ""
        if self._held is None or len(self._held) >= _MOST or outcome.result is not Result.FAILED:
            return False
        product = next((each for each in batch.products if each.external_id == own), None)
        if product is None or not any(_takes_unique(each, own) for each in batch.planned):
            return False
        self._held[own] = product, outcome
        return True

    def release(self, *, again: bool) -> tuple[list[DesiredProduct], list[Outcome]]:
        """The products to try again together, after all others, or their outcomes.

        Args:
            again: they can be tried again.
        """
        held, self._held = (self._held or {}).values(), None
        products, outcomes = [each for each, _ in held], [outcome for _, outcome in held]
        return (products, []) if again else ([], outcomes)


def _takes_unique(change: Change, external_id: str) -> bool:
    """Whether a change is an update of a product that gives a variant an SKU or a barcode."""
    if change.desired.external_id != external_id or not isinstance(change, Update):
        return False
    changes = (each for variant in change.variants for each in variant.changes)
    taken = {each.field for each in changes if each.planned is not None}
    taken |= {name for variant in new_variants(change) for name in variant.fields}
    return any(VARIANT_FIELDS[name].unique for name in taken)
