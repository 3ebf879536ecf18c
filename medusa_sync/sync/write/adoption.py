"""Finds the products of a store that are not ours, and that products of the source may be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain

from medusa_sync.core.fields import SKU
from medusa_sync.core.handles import slug_of
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.stored import UnownedProduct
from medusa_sync.sync.context import Context

_ID, _SKU, _HANDLE, _EXTERNAL_ID = "id", "sku", "handle", "external_id"


class Adoption:
    """Products of the store without an external id of a source, matched with products of the source.

    One without any external id matches if it has the source's id in `metadata.external_id` (where the job
    that ran inside Medusa put it), one of the SKUs, or the handle that is the slug of the title. One whose
    external id is the source's id without the name of the source is only adopted, and needs the SKU or the
    handle, too: numbers of other systems may be the same by chance.
    """

    def __init__(self, context: Context) -> None:
        self._api = context.api
        self._loaded = not context.scan.may_adopt
        self._takes_plain_ids = context.settings.plan.adopt and context.scan.may_have_plain_ids
        self._by_key: defaultdict[tuple[str, str], list[UnownedProduct]] = defaultdict(list)
        self._reserved: dict[str, str] = {}

    async def load(self, products: Iterable[DesiredProduct]) -> None:
        """Read what may match products, once.

        Raises:
            StoreError: the store cannot be read.
        """
        for stored in () if self._loaded else await self._api.without_external_id():
            self._by_key[_HANDLE, stored.handle].append(stored)
            for sku in _skus(stored):
                self._by_key[_SKU, sku].append(stored)
            if (old_id := _old_id(stored)) is not None:
                self._by_key[_ID, old_id].append(stored)
        self._loaded = True
        if not self._takes_plain_ids:
            return
        wanted = [each.source_id for each in products if (_EXTERNAL_ID, each.source_id) not in self._by_key]
        self._by_key.update({(_EXTERNAL_ID, each): [] for each in wanted})
        for stored in await self._api.with_external_ids(wanted):
            self._by_key[_EXTERNAL_ID, stored.external_id or ""].append(stored)

    def matches(self, product: DesiredProduct) -> list[UnownedProduct]:
        """The matches of a product, without those that another one adopts."""
        external_id, own_ids = product.external_id, {product.source_id, product.external_id}
        skus = {str(variant.fields[SKU]) for variant in product.variants if SKU in variant.fields}
        keys = [*((_ID, each) for each in own_ids), *((_SKU, each) for each in sorted(skus))]
        found = list(chain.from_iterable(self._by_key.get(key, ()) for key in keys))
        # A product with the id of another source product has the handle by chance.
        handle = slug_of(product)
        same_handle = self._by_key.get((_HANDLE, handle), ())
        found += [stored for stored in same_handle if _old_id(stored) in {None, *own_ids}]
        same_id = self._by_key.get((_EXTERNAL_ID, product.source_id), ())
        found += [each for each in same_id if each.handle == handle or not skus.isdisjoint(_skus(each))]
        free = {each.id: each for each in found if self._reserved.get(each.id, external_id) == external_id}
        return list(free.values())

    def reserve(self, stored: UnownedProduct, external_id: str) -> None:
        """Reserve a match for a product, so that no other one adopts it."""
        self._reserved[stored.id] = external_id


def _skus(stored: UnownedProduct) -> list[str]:
    return [variant.sku for variant in stored.variants if variant.sku]


def _old_id(stored: UnownedProduct) -> str | None:
    value = (stored.metadata or {}).get("external_id")
    return str(value) if isinstance(value, str | int) and value != "" else None


def exists_already(found: Sequence[UnownedProduct]) -> str:
    """Why a product is not created that some products of the store match."""
    names = ", ".join(f"{stored.id} {stored.title!r}" for stored in found)
    if len(found) > 1:
        return f"{len(found)} products of the store match it: {names}; keep one of them and use --adopt"
    return f"the store already has it, without an external id: {names}; take it over with --adopt"
