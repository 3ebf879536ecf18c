"""Looks products up in the store and plans what to do about them; it only ever reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from medusa_sync.errors import ProductFailedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.references import Places
from medusa_sync.models import (
    Change,
    Create,
    DesiredProduct,
    OnConflict,
    Outcome,
    Result,
    StoredProduct,
)
from medusa_sync.plan import (
    changed_fields,
    handle_candidates,
    is_half_made,
    plan_update,
    read_record,
    record_of,
    without_stock,
)
from medusa_sync.sync.foreign import ForeignProducts

LookedUp = Mapping[str, list[StoredProduct]]
"""Products of the store by external id, with their metadata; more than one where somebody has copied it."""

UNFINISHED = "the store has not finished it yet; the next run looks at it again"


class PlanOptions(Struct, frozen=True):
    """How to decide.

    Attributes:
        overwrite: compare with what the store holds now, and put the source's values back.
        adopt: take over products that stand in the store without our external id.
    """

    on_conflict: OnConflict = OnConflict.SOURCE
    overwrite: bool = False
    adopt: bool = False


class Planner:
    """Plans in the order of the source.

    Args:
        api: of the store.
        places: asks for the places, which is needed only when something has to be written.
        options: how to decide.
    """

    def __init__(self, api: AdminApi, places: Callable[[], Awaitable[Places]], options: PlanOptions) -> None:
        self._api = api
        self._places = places
        self._options = options
        self._foreign = ForeignProducts(api)
        self._handles: dict[str, str] = {}  # external ids by the handle that is given out,
        self._allotted: dict[str, str] = {}  # and the other way round

    async def look_up(self, desired: Sequence[DesiredProduct]) -> LookedUp:
        """What the store holds of these products.

        Raises:
            StoreError: the store cannot be asked.
        """
        return _by_external_id(await self._api.look_up([product.external_id for product in desired]))

    def divide(
        self, desired: Iterable[DesiredProduct], stored: LookedUp, doubtful: Collection[str] = ()
    ) -> tuple[list[Outcome], list[DesiredProduct]]:
        """The outcomes of those for which there is nothing to do, and the others, which `plan` decides about.

        Args:
            desired: the products.
            stored: what `look_up` has found of them.
            doubtful: external ids of products that were sent, without a word on whether they have arrived.
        """
        outcomes: list[Outcome] = []
        moving: list[DesiredProduct] = []
        for product in desired:
            copies = stored.get(product.external_id, [])
            if len(copies) > 1:
                outcomes.append(_doubled(product, copies))
            elif copies and product.external_id not in doubtful and self._is_quiet(product, copies[0]):
                outcomes.append(_unchanged(product))
            else:
                moving.append(product)
        return outcomes, moving

    async def plan(self, desired: Iterable[DesiredProduct], stored: LookedUp) -> list[Change | Outcome]:
        """What to do about each product: a change, or an outcome when there is nothing to do after all.

        Args:
            desired: products that `divide` has left over.
            stored: what `look_up` has found of them.

        Raises:
            StoreMismatchError: the settings name something that the store does not have.
            StoreError: the store cannot be asked.
        """
        return await self._plan(desired, _Moves(stored, {}, replace_half_made=True))

    async def plan_again(
        self, desired: Sequence[DesiredProduct], doubtful: Mapping[str, Collection[str]]
    ) -> list[Change | Outcome]:
        """The same for products that were sent, without a word on whether they have arrived.

        Args:
            desired: the products.
            doubtful: the fields that were sent, by external id.

        Returns:
            As `plan`; a product that the store is still at work on is one failed outcome, `UNFINISHED`.

        Raises:
            StoreError: the store cannot be asked.
        """
        stored = await self.look_up(desired)
        outcomes, moving = self.divide(desired, stored, doubtful)
        return [*outcomes, *await self._plan(moving, _Moves(stored, doubtful, replace_half_made=False))]

    def _is_quiet(self, product: DesiredProduct, stored: StoredProduct) -> bool:
        record = read_record(stored.metadata)
        if self._options.overwrite or record is None or record.pending or record.drafted:
            return False
        return not changed_fields(product, record)

    async def _plan(self, moving: Iterable[DesiredProduct], moves: _Moves) -> list[Change | Outcome]:
        location_id = (await self._places()).location_id
        moving = [product if location_id else without_stock(product) for product in moving]
        entries: dict[str, Change | Outcome] = {}
        new: list[DesiredProduct] = []
        changed: list[DesiredProduct] = []
        for product in moving:
            copies = moves.stored.get(product.external_id)
            if not copies:
                new.append(product)
            elif product.external_id not in moves.doubtful and self._is_quiet(product, copies[0]):
                entries[product.external_id] = _unchanged(product)
            else:
                changed.append(product)
        found = await self._api.details("external_id", [product.external_id for product in changed])
        details = _by_external_id(found)
        for product in changed:
            copies = details.get(product.external_id)
            if not copies:  # removed in the store since it was looked up
                new.append(product)
            elif is_half_made(stored := copies[0]):
                entries[product.external_id] = (
                    Create(product, stored.handle, replaces=stored.id)
                    if moves.replace_half_made
                    else Outcome(product.external_id, product.title, Result.FAILED, UNFINISHED)
                )
            else:
                doubtful = moves.doubtful.get(product.external_id, ())
                entries[product.external_id] = self._update(product, stored, doubtful, location_id)
        entries.update(await self._plan_new(new, location_id))
        return [entries[product.external_id] for product in moving]

    def _update(
        self,
        product: DesiredProduct,
        stored: StoredProduct,
        doubtful: Collection[str],
        location_id: str | None,
    ) -> Change | Outcome:
        try:
            update = plan_update(
                product,
                stored,
                location_id=location_id,
                on_conflict=self._options.on_conflict,
                overwrite=self._options.overwrite,
                doubtful=doubtful,
            )
        except ProductFailedError as error:
            return _failed(product, stored, error)
        if not update.differences and read_record(stored.metadata) == record_of(product):
            return _unchanged(product)
        return update

    async def _plan_new(
        self, new: Sequence[DesiredProduct], location_id: str | None
    ) -> dict[str, Change | Outcome]:
        """Products that the store does not have under our external id: they are created, unless they stand
        there already without it.
        """
        if not new:
            return {}
        entries: dict[str, Change | Outcome] = {}
        matches = await self._foreign.matches(new)
        adopted: dict[str, DesiredProduct] = {}
        for product in new:
            found = [each for each in matches.get(product.external_id, []) if each.id not in adopted]
            if len(found) == 1 and self._options.adopt:
                adopted[found[0].id] = product
                self._foreign.claim(found[0], product.external_id)
            elif found:
                entries[product.external_id] = _stands_already(product, found)
        for stored in await self._api.adoptable(list(adopted)):
            product = adopted[stored.id]
            try:
                entries[product.external_id] = plan_update(
                    product, stored, location_id=location_id, adopt=True
                )
            except ProductFailedError as error:
                entries[product.external_id] = _failed(product, stored, error)
        created = [product for product in new if product.external_id not in entries]
        handles = await self._allot_handles(created)
        entries.update((each.external_id, Create(each, handles[each.external_id])) for each in created)
        return entries

    async def _allot_handles(self, new: Sequence[DesiredProduct]) -> dict[str, str]:
        """A free handle for each new product, the better ones for those that come first."""
        for product in new:
            self.release(product.external_id)
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
            for external_id in taken:
                self.release(external_id)
            allotted.update(proposals)
            waiting = [
                (external_id, candidates) for external_id, candidates in waiting if external_id in taken
            ]
        return allotted

    def release(self, external_id: str) -> None:
        """Forget the handle of a product that has come to its end: the store holds it, or nobody does."""
        handle = self._allotted.pop(external_id, None)
        if handle is not None:
            del self._handles[handle]

    def _claim(self, handle: str, external_id: str) -> bool:
        if self._handles.setdefault(handle, external_id) != external_id:
            return False
        self._allotted[external_id] = handle
        return True


class _Moves(Struct, frozen=True):
    """What is known of products that are not quiet.

    Attributes:
        stored: what the look-up has found, by external id.
        doubtful: fields that were sent without a word on whether they have arrived, by external id.
        replace_half_made: a half-made product is one that a dying store has left; otherwise the store may
            still be at work on it.
    """

    stored: LookedUp
    doubtful: Mapping[str, Collection[str]]
    replace_half_made: bool


def _by_external_id(products: Iterable[StoredProduct]) -> dict[str, list[StoredProduct]]:
    groups: defaultdict[str, list[StoredProduct]] = defaultdict(list)
    for product in products:
        groups[product.external_id or ""].append(product)
    return dict(groups)


def _failed(product: DesiredProduct, stored: StoredProduct, error: ProductFailedError) -> Outcome:
    return Outcome(product.external_id, product.title, Result.FAILED, f"{stored.id}: {error}")


def _unchanged(product: DesiredProduct) -> Outcome:
    return Outcome(product.external_id, product.title, Result.UNCHANGED)


def _doubled(product: DesiredProduct, copies: Sequence[StoredProduct]) -> Outcome:
    ids = ", ".join(copy.id for copy in copies)
    reason = f"the store holds it {len(copies)} times ({ids}); remove all but one in the admin"
    return Outcome(product.external_id, product.title, Result.FAILED, reason)


def _stands_already(product: DesiredProduct, found: Sequence[StoredProduct]) -> Outcome:
    names = ", ".join(f"{stored.id} {stored.title!r}" for stored in found)
    if len(found) == 1:
        reason = f"the store holds it already without our external id: {names}; take it over with --adopt"
    else:
        reason = f"the store holds {len(found)} products that could be it: {names}; it is not adopted"
    return Outcome(product.external_id, product.title, Result.REJECTED, reason)
