"""A run of the real writer on a store in memory, which can be killed at any step."""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from medusa_sync.medusa.taxonomy import Needs, Taxonomy

from medusa_sync.core.change import Create, Update
from medusa_sync.core.interrupted import is_incomplete
from medusa_sync.core.plan import plan_update
from medusa_sync.core.policy import ConflictPolicy, OnConflict
from medusa_sync.core.product import DesiredProduct
from medusa_sync.medusa.payload import record_body
from medusa_sync.medusa.placement import Placement
from medusa_sync.stop import Stop
from medusa_sync.sync.health import Health
from medusa_sync.sync.intents import Intents
from medusa_sync.sync.inventory import values_to_release
from medusa_sync.sync.items import Items
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.sales import Sales
from medusa_sync.sync.writer import Writer
from tests.unit.builders import LOCATION
from tests.unit.shop import KilledError, Shop


class KnownTaxonomy(Taxonomy):
    """Categories and tags that all exist."""

    def __init__(self) -> None:
        pass

    async def ids(self, needs: Needs) -> Mapping[str, Mapping[str, str]]:
        return {name: {value: f"id of {value}" for value in values} for name, values in needs.items()}

    async def activate_categories(self, handles: Iterable[str]) -> None:
        pass


class Run:
    """One run that syncs the product of a shop; the parts of the engine that write are the real ones."""

    def __init__(self, shop: Shop, on_conflict: OnConflict = OnConflict.SOURCE) -> None:
        self._shop = shop
        self._on_conflict = on_conflict
        self._ledger = Ledger(lambda _: None)
        self._intents = Intents()
        self._writer = Writer(
            shop,
            KnownTaxonomy(),
            Placement("sc_1", "sp_1", LOCATION),
            Items(shop, LOCATION, Stop()),
            Sales(shop.price_lists, "shop"),
            self._ledger,
            self._intents,
            Health(shop, "http://medusa.test"),
            status="published",
        )

    def plan(self, desired: DesiredProduct) -> Update:
        stored = self._shop.stored()
        assert stored is not None
        return plan_update(
            desired, stored, location_id=LOCATION, on_conflict=ConflictPolicy(self._on_conflict)
        )

    async def sync(self, desired: DesiredProduct, *, steps: int | None = None) -> None:
        """Sync the product; the run is killed after some steps, if any."""
        self._shop.steps_left = 10**9 if steps is None else steps
        with suppress(KilledError):
            await self._sync(desired)
        self._shop.steps_left = 10**9

    async def _sync(self, desired: DesiredProduct) -> None:
        self._ledger.open(desired.external_id, desired.title)
        stored = self._shop.stored()
        if stored is not None and is_incomplete(stored):
            await self._shop.delete_products([stored.id])
        if self._shop.product is None:
            create = Create(desired, "handle")
            self._intents.add(create)
            complete, failed = await self._writer.create([create], {})
            assert failed == []
        else:
            update = self.plan(desired)
            if handed := values_to_release([update]):
                await self._writer.release(handed)
                update = self.plan(desired)
            if update.is_up_to_date:
                return
            self._intents.add(update)
            complete, failed = await self._writer.update([update], {})
            assert failed == []
        [one] = complete
        assert one.refused == ()
        if not one.is_acknowledged:
            await self._shop.edit_products([record_body(one.product_id, one.record)])
