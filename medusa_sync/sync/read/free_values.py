"""Finds products that can get a value which an earlier run withheld from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from medusa_sync.core.fields import UniqueValue
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.value import Value
from medusa_sync.sources.base import Unchecked
from medusa_sync.sync.context import Context


class FreeValues:
    """Products that are up to date unless they can get a withheld value.

    Args:
        context: of the run.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._overview = context.scan.overview
        self._undecided: dict[str, DesiredProduct | Unchecked] = {}  # by external id
        self._kept: dict[str, Counter[tuple[str, Value]]] = {}  # by owners of such values, by external id

    def add(self, product: DesiredProduct | Unchecked) -> None:
        """Take a product with withheld values."""
        self._undecided[product.external_id] = product

    def add_owner(self, product: DesiredProduct) -> None:
        """Take note of what a product keeps that has values which others want.

        A variant that wants such a value and does not get it does not keep the value from others.
        """
        withheld = self._overview.withheld.get(product.external_id, ())
        wanted = Counter(product.unique_values)
        self._kept[product.external_id] = wanted - Counter((each.field, each.value) for each in withheld)

    async def divide(
        self,
    ) -> tuple[Collection[DesiredProduct | Unchecked], Collection[DesiredProduct | Unchecked]]:
        """The products that stay as they are, and those that may get a value now.

        Raises:
            StoreError: the store cannot be read.
        """
        free, kept = self._undecided, dict[str, DesiredProduct | Unchecked]()
        if not free:
            return (), ()
        withheld = {(each.field, each.value): each for own in free for each in self._overview.withheld[own]}
        # If the store does not show who has a value, it is who had it when the value was withheld.
        owners: dict[UniqueValue, list[str | None]] = {own: [each.owner_id] for own, each in withheld.items()}
        for value, shown in (await self._context.api.owners(withheld)).items():
            owners[value] = [each.product.external_id for each in shown if each.product is not None]

        def gives_up(owner: str | None, value: UniqueValue) -> bool:
            is_ours = owner is not None and self._context.is_ours(owner) and owner not in kept
            return is_ours and value not in self._kept.get(owner or "", ())

        def may_get_one(external_id: str) -> bool:
            """Whether nobody has a withheld value, or its owner no longer wants it and can give it up."""
            values = [(each.field, each.value) for each in self._overview.withheld[external_id]]
            return any(all(gives_up(owner, value) for owner in owners[value]) for value in values)

        # Those that wait for each other in a circle stay: they can exchange their values.
        while found := [external_id for external_id in free if not may_get_one(external_id)]:
            kept |= {external_id: free.pop(external_id) for external_id in found}
        return kept.values(), free.values()
