"""Finds existing products that the source can take over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from medusa_sync.core.fields import SKU
from medusa_sync.core.product import DesiredProduct, slug_of
from medusa_sync.core.stored import UnownedProduct
from medusa_sync.medusa.api import AdminApi


class Adoption:
    """Products of the store without an external id, matched with products of the source.

    A product matches if it has the source's id in `metadata.external_id` (where the job that ran inside
    Medusa put it), one of the SKUs, or the handle that is the slug of the title.

    Args:
        api: of the store.
        may_exist: there may be such products.
    """

    def __init__(self, api: AdminApi, *, may_exist: bool) -> None:
        self._api = api
        self._loaded = not may_exist
        self._by_old_id: defaultdict[str, list[UnownedProduct]] = defaultdict(list)
        self._by_handle: dict[str, UnownedProduct] = {}
        self._by_sku: dict[str, UnownedProduct] = {}
        self._claimed: dict[str, str] = {}

    async def matches(self, products: Sequence[DesiredProduct]) -> dict[str, list[UnownedProduct]]:
        """The matches of each product, by external id; products without a match are left out.

        Raises:
            StoreError: the store cannot be read.
        """
        if products and not self._loaded:
            await self._load()
        found = {product.external_id: self._candidates(product) for product in products}
        return {external_id: candidates for external_id, candidates in found.items() if candidates}

    def claim(self, stored: UnownedProduct, external_id: str) -> None:
        """Reserve a match for a product, so that no other one adopts it."""
        self._claimed[stored.id] = external_id

    async def _load(self) -> None:
        for stored in await self._api.without_external_id():
            self._by_handle[stored.handle] = stored
            self._by_sku.update((variant.sku, stored) for variant in stored.variants if variant.sku)
            old_id = _old_id(stored)
            if old_id is not None:
                self._by_old_id[old_id].append(stored)
        self._loaded = True

    def _candidates(self, product: DesiredProduct) -> list[UnownedProduct]:
        own_ids = {product.source_id, product.external_id}
        found = [stored for own_id in own_ids for stored in self._by_old_id.get(own_id, ())]
        skus = (str(variant.fields.get(SKU, "")) for variant in product.variants)
        found += [self._by_sku[sku] for sku in skus if sku in self._by_sku]
        same_handle = self._by_handle.get(slug_of(product))
        # A product with the id of another source product has the handle by chance.
        if same_handle is not None and _old_id(same_handle) in {None, *own_ids}:
            found.append(same_handle)
        free = {stored.id: stored for stored in found}
        return [
            stored
            for stored in free.values()
            if self._claimed.get(stored.id, product.external_id) == product.external_id
        ]


def _old_id(stored: UnownedProduct) -> str | None:
    value = (stored.metadata or {}).get("external_id")
    return str(value) if isinstance(value, str | int) and value != "" else None
