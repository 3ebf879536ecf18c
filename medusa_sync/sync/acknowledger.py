"""Acknowledges complete products, several hundred in one call."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from msgspec import Struct, structs

from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import AppliedOption, Record
from medusa_sync.core.result import Outcome
from medusa_sync.core.stored import StoredSummary, Unreadable
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.payload import record_body
from medusa_sync.sync.batch import halves
from medusa_sync.sync.inventory import ItemRename

logger = logging.getLogger(__name__)

_AT_ONCE = 200  # products; their external ids fit into one look-up


class Complete(Struct, frozen=True):
    """A product that the store has as the source wants it.

    Attributes:
        known: its records before and after the write. If the store has another one, another run wrote it.
        record: what it is acknowledged with.
        outcome: settled after it is acknowledged.
        is_acknowledged: the write was a single commit, so its record is final.
        refused: the renames of its inventory items that the store refused.
    """

    desired: DesiredProduct
    product_id: str
    known: tuple[Record | None, ...]
    record: Record
    outcome: Outcome
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

    async def add(self, products: Sequence[Complete]) -> None:
        """Collect products, and flush if there are enough."""
        self._waiting += products
        if len(self._waiting) >= _AT_ONCE:
            await self.flush()

    async def flush(self) -> None:
        """Write the records of all collected products.

        Raises:
            StoreError: the store is unavailable; the outcomes are settled anyway.
        """
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            external_ids = [each.desired.external_id for each in waiting]
            lacks_ids = any(not option.id for each in waiting for option in each.record.options)
            found = await self._api.look_up(external_ids, with_options=lacks_ids)
            await self._write(_with_option_ids(_not_replaced(waiting, found), found))
        finally:
            for each in waiting:
                self._settle(each.outcome)

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


def _with_option_ids(
    products: Sequence[Complete], found: Sequence[StoredSummary | Unreadable]
) -> list[Complete]:
    """The products with the ids of options that were created with them."""
    options = {each.id: each.options for each in found if isinstance(each, StoredSummary)}
    complete = []
    for each in products:
        ids = {option.title: option.id for option in options.get(each.product_id, ())}
        known = (AppliedOption(own.name, own.id or ids.get(own.name, "")) for own in each.record.options)
        complete.append(structs.replace(each, record=structs.replace(each.record, options=tuple(known))))
    return complete


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
