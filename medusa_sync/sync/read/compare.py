"""Compares the products of the source with the store, and finds those that are stale."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from math import ceil
from typing import TypeVar

from msgspec import Struct, structs

from medusa_sync.core.needed_terms import TERMS
from medusa_sync.core.newer import unseen
from medusa_sync.core.outcome import Outcome, Result
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import EARLIEST, Record, applied
from medusa_sync.core.resolve import NAMING, Gains, added_members, asked
from medusa_sync.core.stored import StoredProduct, Unreadable, by_external_id
from medusa_sync.medusa.bisect import parts
from medusa_sync.sources.base import Unchecked
from medusa_sync.sync.context import Context
from medusa_sync.sync.read.free_values import FreeValues
from medusa_sync.sync.read.scan import LOOK_UP
from medusa_sync.sync.settings_guard import SettingsGuard

T = TypeVar("T")
Found = StoredProduct | Unreadable


class Stale(Struct, frozen=True):
    """A product that the store does not have, or not as the source wants it.

    Attributes:
        desired: what the source wants.
        copies: what the look-up found; several if the store has it more than once.
        gains: the members that the source has added to sets since it was last written.
    """

    desired: DesiredProduct
    copies: Sequence[Found]
    gains: Gains = {}


class Comparison:
    """Finds the stale products, and settles the others.

    Args:
        context: of the run.
        fetched: called after each page with the products so far, and their total if the source says it.
    """

    def __init__(self, context: Context, fetched: Callable[[int, int | None], None]) -> None:
        self._context = context
        self._fetched = fetched
        self._scan, self._overview = context.scan, context.scan.overview
        self._ledger = context.ledger
        self._settings = context.settings.plan
        # All products are stale.
        self._reads_all = self._settings.overwrite or self._settings.explains or context.mode.reads_all
        self._accepts = self._settings.accept_settings
        self._guard = SettingsGuard(context)
        self._free_values = FreeValues(context)

    async def stale(self) -> AsyncGenerator[list[Stale], None]:
        """The stale products, in parts of at most `LOOK_UP`; no part is empty.

        Raises:
            StoreError: the store cannot be read.
            SettingsGuardError: products were written with other settings, which is not accepted.
        """
        async with aclosing(_prefetch(self._looked_up())) as looked_up:
            async for products in looked_up:
                stale = [product for product in products if not self._settle_if_done(product)]
                if stale:
                    yield stale

    async def _looked_up(self) -> AsyncGenerator[list[Stale], None]:
        """The products that the scan does not show to be up to date, as a look-up shows them."""
        waiting: list[DesiredProduct] = []
        delivery = self._context.delivery
        async with aclosing(_prefetch(delivery.pages())) as pages:
            async for rows in pages:
                await self._scan.begun()
                products = self._ledger.take(rows)
                self._fetched(self._ledger.seen, delivery.expected)
                await self._scan.ready(self._wanted())
                if products:
                    await self._guard.check_scan(products[0].settings)
                waiting += filter(None, map(self._checked_if_not_shown, products))
                while len(waiting) >= LOOK_UP:
                    part, waiting = waiting[:LOOK_UP], waiting[LOOK_UP:]
                    yield await self._look_up(part)
        waiting += await self._with_free_values()
        await self._scan.ready(self._wanted())  # checks the credentials even if the source delivered nothing
        for part in parts(waiting, LOOK_UP):
            yield await self._look_up(part)

    async def _look_up(self, products: Sequence[DesiredProduct]) -> list[Stale]:
        """Look products up, and give them the ids of what they name; some are settled."""
        copies = await self._copies(products)
        shown = [product for product in products if product.external_id in copies]
        gains = {each.external_id: self._gains(each, copies[each.external_id]) for each in shown}
        sorts = [
            sort
            for each in shown
            for sort in asked(each, _records(copies[each.external_id]), gains[each.external_id])
        ]
        # If the placement is wrong, nothing at all is written.
        await self._context.find_placement(
            creates=not all(copies.values()) and (self._settings.create or self._settings.adopt),
            sorts=sorts,
        )
        await self._guard.check(())  # with the stock location
        self._guard.begin()
        resolved, copying = self._context.vocabulary.resolved, self._context.settings.copying
        return [
            Stale(
                structs.replace(self._guard.with_settings(resolved(product)), copying=copying),
                copies[product.external_id],
                gains[product.external_id],
            )
            for product in shown
        ]

    async def _copies(self, products: Sequence[DesiredProduct]) -> dict[str, Sequence[Found]]:
        """What the store has of products, by external id; those that it does not list yet are settled."""
        asked = [product for product in products if not self._scan.lacks(product)]
        found = await self._context.api.summaries("external_id", [product.external_id for product in asked])
        stored = by_external_id(found)
        lost = [product for product in asked if product.external_id not in stored]
        hidden = {each.external_id: each for each in (await self._scan.hidden(lost) if lost else ())}
        self._ledger.found([*stored, *hidden])
        for product in hidden.values():
            reason = "the store has it, but its index does not list it yet; the next run checks it again"
            self._ledger.settle(Outcome.of(product, Result.UNCONFIRMED, reason))
        await self._guard.check(_records(found))
        known = (product.external_id for product in products if product.external_id not in hidden)
        return {external_id: stored.get(external_id, ()) for external_id in known}

    def _gains(self, product: DesiredProduct, copies: Sequence[Found]) -> Gains:
        """The members that sets of a product may get, of those that name something in the store."""
        records, has = _records(copies), self._context.plan.selection.has
        synced = [name for name in (*NAMING, *TERMS) if not copies or has(name)]
        return {name: added_members(name, product, records) for name in synced}

    def _wanted(self) -> int | None:
        """How many products have to be found in the store; None for all that it has."""
        settings, total = self._context.settings, self._context.delivery.total
        if settings.prunes or settings.max_changes is not None or self._accepts:
            return None
        chosen = None if settings.products is None else len(settings.products)
        read = min((each for each in (total, settings.limit, chosen) if each is not None), default=None)
        return read if read is None or settings.shard is None else ceil(read / settings.shard.count)

    def _checked_if_not_shown(self, product: DesiredProduct | Unchecked) -> DesiredProduct | None:
        """Settle a product that the scan shows to be up to date, or that is invalid; return any other one."""
        if product.external_id in self._overview.owners:
            owner = self._ledger.checked(product)
            if owner is None:
                return None
            self._free_values.add_owner(owner)
            product = owner
        reads_all = self._reads_all or self._accepts
        is_shown = not reads_all and self._overview.shows(product, product.digest)
        if not is_shown:
            checked = self._ledger.checked(product)
            if checked is None or reads_all:
                return checked
            if checked.withheld or not self._is_applied(checked):  # the record may lack what is withheld
                return checked
            product = checked
        if product.external_id in self._overview.withheld:
            self._free_values.add(product)
        else:
            self._settle_unchanged(product)
        return None

    def _is_applied(self, product: DesiredProduct) -> bool:
        """Whether the scan shows a record with everything that is wanted and that it knows."""
        selection = self._settings.selection
        wanted = selection.of(applied(product))
        if self._overview.shows(product, wanted.content):
            return True
        if not self._overview.statuses:  # no record lacks newer fields
            return False
        if not self._overview.shows(product, wanted.known_to(EARLIEST).content):
            return False
        names = unseen(product, selection, self._overview.status(product))
        self._context.remarks.newer.add(product.external_id, names)
        return True

    async def _with_free_values(self) -> list[DesiredProduct]:
        """Settle products with withheld values, except those that may get one now."""
        kept, free = await self._free_values.divide()
        for product in kept:
            self._settle_unchanged(product)
        return [checked for each in free if (checked := self._ledger.checked(each)) is not None]

    def _settle_unchanged(self, product: DesiredProduct | Unchecked) -> None:
        self._ledger.found([product.external_id])
        withheld = self._overview.withheld.get(product.external_id, ())
        self._ledger.settle(Outcome(product.external_id, product.title, Result.UNCHANGED, withheld=withheld))

    def _settle_if_done(self, product: Stale) -> bool:
        """Settle a product that the look-up shows to be up to date, or that cannot be read."""
        if len(product.copies) != 1:
            return False
        [stored] = product.copies
        if isinstance(stored, Unreadable):
            reason = f"{stored.id}: {stored.reason}"
            self._ledger.settle(Outcome.of(product.desired, Result.FAILED, reason))
        elif (
            not self._reads_all
            and stored.record is not None
            and not stored.record.withheld  # a value may be free now
            and not self._overview.has_more(stored.record)
            and self._context.plan.selection.is_up_to_date(stored.record, product.desired)
            and not self._guard.renews(stored.record)
        ):
            self._ledger.settle(Outcome.of(product.desired, Result.UNCHANGED))
        else:
            return False
        return True


def _records(found: Iterable[Found]) -> list[Record]:
    """The records of products, as far as they have one."""
    return [each.record for each in found if isinstance(each, StoredProduct) and each.record is not None]


async def _prefetch(items: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """The same items in the same order, each of them fetched while the caller works on the one before it.

    An error of `items` is raised after the items before it.
    """

    async def fetch() -> tuple[T] | None:
        async for item in items:
            return (item,)
        return None

    following = asyncio.create_task(fetch())
    try:
        while fetched := await following:
            following = asyncio.create_task(fetch())
            yield fetched[0]
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await items.aclose()
