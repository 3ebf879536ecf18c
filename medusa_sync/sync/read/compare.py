"""Compares the products of the source with the store, and finds those that are stale."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from math import ceil
from typing import TypeVar

from msgspec import Struct

from medusa_sync.core.fields import UniqueValue
from medusa_sync.core.kinds.prices import region_names
from medusa_sync.core.kinds.texts import TEXT
from medusa_sync.core.product import DesiredProduct, Value, without_locales
from medusa_sync.core.record import Record, applied
from medusa_sync.core.result import Outcome, Result
from medusa_sync.core.stored import StoredProduct, Unreadable, by_external_id
from medusa_sync.medusa.bisect import parts
from medusa_sync.sources.base import Unchecked
from medusa_sync.sync.context import Context
from medusa_sync.sync.read.scan import LOOK_UP
from medusa_sync.sync.settings_guard import SettingsGuard

T = TypeVar("T")


class Stale(Struct, frozen=True):
    """A product that the store does not have, or not as the source wants it.

    Attributes:
        desired: what the source wants.
        copies: what the look-up found; several if the store has it more than once.
    """

    desired: DesiredProduct
    copies: Sequence[StoredProduct | Unreadable]


class Comparison:
    """Finds the stale products, and settles the others.

    Args:
        context: of the run.
        fetched: called after each page with the products so far, and their total if the source says it.
    """

    def __init__(self, context: Context, fetched: Callable[[int, int | None], None]) -> None:
        self._context = context
        self._fetched = fetched
        self._scan = context.scan  # most products are compared with it alone
        self._ledger = context.ledger
        self._options = context.options.plan  # with `overwrite`, all products are stale
        self._accepts = self._options.accept_settings
        self._guard = SettingsGuard(context)
        # Products that are up to date unless they can get a withheld value.
        self._undecided: list[DesiredProduct | Unchecked] = []
        self._wanted_values: dict[str, set[tuple[str, Value]]] = {}  # of their owners, by external id

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
        waiting += await self._with_free_values() if self._undecided else ()
        await self._scan.ready(self._wanted())  # checks the credentials even if the source delivered nothing
        for part in parts(waiting, LOOK_UP):
            yield await self._look_up(part)

    async def _look_up(self, products: Sequence[DesiredProduct]) -> list[Stale]:
        """Look products up; those that are absent although a scan shows them are settled."""
        asked = [product for product in products if not self._scan.lacks(product)]
        found = await self._context.api.summaries("external_id", [product.external_id for product in asked])
        stored = by_external_id(found)
        absent = [product for product in asked if product.external_id not in stored]
        hidden = {each.external_id: each for each in (await self._scan.hidden(absent) if absent else ())}
        self._ledger.found([*stored, *hidden])
        for product in hidden.values():
            reason = "the store has it, but its index does not list it yet; the next run checks it again"
            self._ledger.settle(Outcome.of(product, Result.UNCONFIRMED, reason))
        await self._guard.check(filter(None, map(_record, found)))
        regions = any(region_names(each.fields) for product in products for each in product.variants)
        locales = {locale for product in products for locale in product.locales}
        # If the placement is wrong, nothing at all is written.
        await self._context.find_placement(regions=regions, locales=bool(locales) or _has_texts(found))
        await self._guard.check(())  # with the stock location
        self._guard.begin()
        if self._context.locales is not None:
            others = locales.difference(self._context.locales)
            self._context.other_locales |= others
            products = [without_locales(each, others) if others & each.locales else each for each in products]
        placed = self._context.placement.placed
        return [
            Stale(self._guard.with_settings(placed(product)), stored.get(product.external_id, ()))
            for product in products
            if product.external_id not in hidden
        ]

    def _wanted(self) -> int | None:
        """How many products have to be found in the store; None for all that it has."""
        options, total = self._context.options, self._context.delivery.total
        if options.prunes or options.max_changes is not None or self._accepts:
            return None
        read = min((each for each in (total, options.limit) if each is not None), default=None)
        return read if read is None or options.shard is None else ceil(read / options.shard.count)

    def _checked_if_not_shown(self, product: DesiredProduct | Unchecked) -> DesiredProduct | None:
        """Settle a product that the scan shows to be up to date, or that is invalid; return any other one."""
        if product.external_id in self._scan.owners:
            owner = self._ledger.checked(product)
            if owner is None:
                return None
            self._wanted_values[owner.external_id], product = owner.unique_values, owner
        reads_all = self._options.overwrite or self._accepts or self._context.undoes
        is_shown = not reads_all and self._scan.shows(product, product.digest)
        if not is_shown:
            checked = self._ledger.checked(product)
            if checked is None or reads_all:
                return checked
            selected = self._options.selection.of(applied(checked))
            if checked.withheld or not self._scan.shows(checked, selected.content):  # the record may lack it
                return checked
            product = checked
        if product.external_id in self._scan.withheld:
            self._undecided.append(product)
        else:
            self._settle_unchanged(product)
        return None

    async def _with_free_values(self) -> list[DesiredProduct]:
        """Settle products with withheld values, except those that may get one now."""
        free = {product.external_id: product for product in self._undecided}
        withheld = {(each.field, each.value): each for own in free for each in self._scan.withheld[own]}
        # If the store does not show who has a value, it is who had it when the value was withheld.
        owners: dict[UniqueValue, list[str | None]] = {own: [each.owner_id] for own, each in withheld.items()}
        for value, shown in (await self._context.api.owners(withheld)).items():
            owners[value] = [each.product.external_id for each in shown if each.product is not None]
        kept: dict[str, DesiredProduct | Unchecked] = {}

        def gives_up(owner: str | None, value: UniqueValue) -> bool:
            is_ours = owner is not None and self._context.is_ours(owner) and owner not in kept
            return is_ours and value not in self._wanted_values.get(owner or "", ())

        def may_get_one(external_id: str) -> bool:
            """Whether nobody has a withheld value, or its owner no longer wants it and can give it up."""
            values = [(each.field, each.value) for each in self._scan.withheld[external_id]]
            return any(all(gives_up(owner, value) for owner in owners[value]) for value in values)

        # Those that wait for each other in a circle stay: they can exchange their values.
        while found := [external_id for external_id in free if not may_get_one(external_id)]:
            kept |= {external_id: free.pop(external_id) for external_id in found}
        for product in kept.values():
            self._settle_unchanged(product)
        return [checked for each in free.values() if (checked := self._ledger.checked(each)) is not None]

    def _settle_unchanged(self, product: DesiredProduct | Unchecked) -> None:
        self._ledger.found([product.external_id])
        withheld = self._scan.withheld.get(product.external_id, ())
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
            not (self._options.overwrite or self._context.undoes)
            and stored.record is not None
            and not stored.record.withheld  # a value may be free now
            and not stored.record.missing_since
            and not self._scan.removes_from(stored.record)
            and self._context.plan.selection.is_up_to_date(stored.record, product.desired)
            and not self._guard.renews(stored.record)
        ):
            self._ledger.settle(Outcome.of(product.desired, Result.UNCHANGED))
        else:
            return False
        return True


def _has_texts(found: Iterable[StoredProduct | Unreadable]) -> bool:
    """Whether products have texts of ours in other locales."""
    return any(record.has(TEXT) for record in map(_record, found) if record)


def _record(found: StoredProduct | Unreadable) -> Record | None:
    return found.record if isinstance(found, StoredProduct) else None


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
