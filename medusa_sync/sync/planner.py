"""Looks products up in the store and plans what to do about them; it only ever reads."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence

from medusa_sync.errors import ProductFailedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.references import Places
from medusa_sync.models import Change, Create, DesiredProduct, Outcome, Result, StoredProduct, Update
from medusa_sync.plan import (
    changed_fields,
    handle_candidates,
    plan_update,
    read_record,
    wants_stock,
    without_stock,
)

logger = logging.getLogger(__name__)


class Planner:
    """Plans in the order of the source.

    Args:
        api: of the store.
        places: asks for the places, which is needed only when something has to be written.

    Attributes:
        found: how many products of the source the store held already.
    """

    def __init__(self, api: AdminApi, places: Callable[[], Awaitable[Places]]) -> None:
        self._api = api
        self._places = places
        self._handles: dict[str, str] = {}  # external ids by the handle that this run has given out
        self.found = 0

    async def plan(self, desired: Sequence[DesiredProduct]) -> list[Change | Outcome]:
        """What to do about each product: a change, or an outcome when there is nothing to do.

        Raises:
            StoreMismatchError: the settings name something that the store does not have.
            StoreError: the store cannot be asked.
        """
        stored = _by_external_id(await self._api.look_up([product.external_id for product in desired]))
        self.found += len(stored)
        settled: dict[str, Change | Outcome] = {}
        moving: list[DesiredProduct] = []
        for product in desired:
            copies = stored.get(product.external_id, [])
            if len(copies) > 1:
                settled[product.external_id] = _doubled(product, copies)
            elif copies and _is_quiet(product, copies[0]):
                settled[product.external_id] = _unchanged(product)
            else:
                moving.append(product)
        if moving:
            settled.update(await self._plan_moving(moving, stored))
        return [settled[product.external_id] for product in desired]

    async def _plan_moving(
        self, moving: Iterable[DesiredProduct], stored: dict[str, list[StoredProduct]]
    ) -> dict[str, Change | Outcome]:
        location_id = (await self._places()).location_id
        if location_id is None:
            moving = [without_stock(product) for product in moving]
        settled: dict[str, Change | Outcome] = {}
        new: list[DesiredProduct] = []
        changed: list[DesiredProduct] = []
        for product in moving:
            copies = stored.get(product.external_id)
            if not copies:
                new.append(product)
            elif _is_quiet(product, copies[0]):
                settled[product.external_id] = _unchanged(product)
            else:
                changed.append(product)
        details = await self._details(changed, stored)
        for product in changed:
            if product.external_id in details:
                settled[product.external_id] = _planned(product, details, location_id)
            else:  # removed in the store since it was looked up
                new.append(product)
        handles = await self._allot_handles(new)
        settled.update(
            (product.external_id, Create(product, handles[product.external_id])) for product in new
        )
        return settled

    async def _details(
        self, changed: Sequence[DesiredProduct], stored: dict[str, list[StoredProduct]]
    ) -> dict[str, StoredProduct]:
        """The changed products and those that an interrupted batch of theirs has left without stock."""
        wanted = dict.fromkeys(product.external_id for product in changed)
        for product in changed:
            record = read_record(stored[product.external_id][0].metadata)
            wanted.update(dict.fromkeys(record.pending if record else ()))
        if not wanted:
            return {}
        found = _by_external_id(await self._api.details(list(wanted)))
        return {external_id: copies[0] for external_id, copies in found.items()}

    async def _allot_handles(self, new: Sequence[DesiredProduct]) -> dict[str, str]:
        """A free handle for each new product, the better ones for those that come first."""
        allotted: dict[str, str] = {}
        waiting = [(product.external_id, handle_candidates(product)) for product in new]
        while waiting:
            proposals = {
                external_id: next(handle for handle in candidates if self._claim(handle, external_id))
                for external_id, candidates in waiting
            }
            owners = await self._api.handles(list(proposals.values()))
            taken = {
                external_id
                for external_id, handle in proposals.items()
                if handle in owners and owners[handle] != external_id
            }
            allotted.update(proposals)
            waiting = [
                (external_id, candidates) for external_id, candidates in waiting if external_id in taken
            ]
        return allotted

    def _claim(self, handle: str, external_id: str) -> bool:
        return self._handles.setdefault(handle, external_id) == external_id


def _by_external_id(products: Iterable[StoredProduct]) -> dict[str, list[StoredProduct]]:
    groups: defaultdict[str, list[StoredProduct]] = defaultdict(list)
    for product in products:
        groups[product.external_id or ""].append(product)
    return dict(groups)


def _is_quiet(product: DesiredProduct, stored: StoredProduct) -> bool:
    record = read_record(stored.metadata)
    return record is not None and not record.pending and not changed_fields(product, record)


def _planned(
    product: DesiredProduct, details: dict[str, StoredProduct], location_id: str | None
) -> Change | Outcome:
    stored = details[product.external_id]
    try:
        update = plan_update(product, stored, location_id=location_id)
    except ProductFailedError as error:
        return Outcome(product.external_id, product.title, Result.FAILED, f"{stored.id}: {error}")
    record = read_record(stored.metadata)
    if record is None or location_id is None:
        return update
    mates = (details[mate] for mate in record.pending if mate in details and mate != product.external_id)
    unstocked = tuple(mate for mate in mates if wants_stock(mate, location_id))
    return Update(product, stored, update.differences, unstocked)


def _unchanged(product: DesiredProduct) -> Outcome:
    return Outcome(product.external_id, product.title, Result.UNCHANGED)


def _doubled(product: DesiredProduct, copies: Sequence[StoredProduct]) -> Outcome:
    ids = ", ".join(copy.id for copy in copies)
    reason = f"the store holds it {len(copies)} times ({ids}); remove all but one in the admin"
    return Outcome(product.external_id, product.title, Result.FAILED, reason)
