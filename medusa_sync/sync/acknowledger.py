"""Acknowledges complete products, several hundred in one call."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from medusa_sync.core.copies import surviving_copy
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import Record
from medusa_sync.core.result import Outcome
from medusa_sync.core.stored import StoredProduct, StoredSummary, Unreadable, by_external_id
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.payload import record_body
from medusa_sync.sync.batch import halves
from medusa_sync.sync.deletion import delete_noted
from medusa_sync.sync.inventory import ItemRename

logger = logging.getLogger(__name__)

_AT_ONCE = 200  # products; their external ids fit into one look-up


class Complete(Struct, frozen=True):
    """A product that the store has as the source wants it.

    Attributes:
        known: its records before and after the write. If the store has another one, another run wrote it.
        record: what it is acknowledged with.
        outcome: settled after it is acknowledged.
        is_new: this run created it, so another run may have created it too.
        is_acknowledged: the write was a single commit, so its record is final.
        refused: the renames of its inventory items that the store refused.
    """

    desired: DesiredProduct
    product_id: str
    known: tuple[Record | None, ...]
    record: Record
    outcome: Outcome
    is_new: bool = False
    is_acknowledged: bool = False
    refused: tuple[ItemRename, ...] = ()


class Acknowledger:
    """Collects complete products. If the run dies before `flush`, the next one finds their notes.

    Args:
        api: of the store.
        settle: called with the outcome of every product.
    """

    def __init__(self, api: AdminApi, settle: Callable[[Outcome], None]) -> None:
        self._api = api
        self._settle = settle
        self._waiting: list[Complete] = []

    async def add(self, products: Sequence[Complete]) -> list[DesiredProduct]:
        """Collect products, and flush if there are enough; returns what `flush` returns."""
        self._waiting += products
        return await self.flush() if len(self._waiting) >= _AT_ONCE else []

    async def flush(self) -> list[DesiredProduct]:
        """Write the records of all collected products.

        Returns:
            Products to plan again: another run created them too, and our copies were removed.

        Raises:
            StoreError: the store is unavailable; the outcomes are settled anyway.
        """
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return []
        lost: set[str] = set()
        try:
            found = await self._api.look_up([each.desired.external_id for each in waiting])
            created = {each.desired.external_id for each in waiting if each.is_new}
            lost = await self._remove_copies([each for each in found if each.external_id in created])
            await self._write(_not_replaced([each for each in waiting if each.product_id not in lost], found))
        finally:
            for each in waiting:
                if each.product_id not in lost:
                    self._settle(each.outcome)
        return [each.desired for each in waiting if each.product_id in lost]

    async def _remove_copies(self, created: Sequence[StoredSummary | Unreadable]) -> set[str]:
        """Remove our copies of products that another run created too, unless our copy survives.

        `external_id` has no unique index, so every run checks for copies before it acknowledges.
        """
        doubled = [external_id for external_id, copies in by_external_id(created).items() if len(copies) > 1]
        if not doubled:
            return set()
        lost = _losers(by_external_id(await self._api.details("external_id", doubled)))
        if lost:
            logger.warning(
                "another run created some of these products too; removing %d copies",
                len(lost),
                extra={"event": "copies_removed"},
            )
            try:
                await delete_noted(self._api, sorted(lost))
            except (StoreRefusedError, AmbiguousWriteError) as error:
                logger.info("planned again: %s", error, extra={"event": "copies_kept"})
        return lost

    async def _write(self, products: Sequence[Complete]) -> None:
        """Write records; a refused one, such as that of a deleted product, does not affect the others."""
        if not products:
            return
        try:
            await self._api.edit_products([record_body(each.product_id, each.record) for each in products])
        except StoreRefusedError as error:
            if len(products) == 1:
                external_id = products[0].desired.external_id
                logger.warning(
                    "%s was not acknowledged: %s",
                    external_id,
                    error,
                    extra={"event": "not_acknowledged", "external_id": external_id},
                )
                return
            for part in halves(products):
                found = await self._api.look_up([each.desired.external_id for each in part])
                await self._write(_not_replaced(part, found))
        except AmbiguousWriteError as error:
            logger.warning(
                "%d products may not be acknowledged: %s",
                len(products),
                error,
                extra={"event": "acknowledgement_unconfirmed"},
            )


def _not_replaced(
    products: Sequence[Complete], found: Sequence[StoredSummary | Unreadable]
) -> list[Complete]:
    """Products that no other run has written since; missing ones stay: they may not be listed yet."""
    stored = {each.id: each for each in found}
    left = [
        each
        for each in products
        if each.product_id not in stored or _has_record(stored[each.product_id], each.known)
    ]
    if len(left) < len(products):
        logger.info(
            "another run has written %d of these products since",
            len(products) - len(left),
            extra={"event": "written_by_another_run"},
        )
    return left


def _has_record(stored: StoredSummary | Unreadable, records: Sequence[Record | None]) -> bool:
    return isinstance(stored, StoredSummary) and stored.record in records


def _losers(copies: Mapping[str, list[StoredProduct | Unreadable]]) -> set[str]:
    """The ids of copies to remove; if one copy cannot be read, none is removed."""
    lost = set()
    for group in copies.values():
        readable = [copy for copy in group if not isinstance(copy, Unreadable)]
        if len(readable) < len(group):
            continue
        survivor = surviving_copy(readable)
        if survivor is not None:
            lost |= {copy.id for copy in survivor[1]}
    return lost
