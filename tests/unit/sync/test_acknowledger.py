"""Records are written in bulk, once everything is complete."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pytest
from msgspec import structs

from medusa_sync.core.note import creation_note
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import RECORD_KEY, Record, applied
from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.core.stored import StoredProduct, StoredSummary, Unreadable
from medusa_sync.errors import AmbiguousWriteError, MedusaSyncError, StoreError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.sync.acknowledger import Acknowledger, Complete
from tests.unit.builders import applied_ids, as_json, desired_product, stored_product, with_record
from tests.unit.shirts import option_id, shirt_of, stored_shirt

pytestmark = pytest.mark.anyio

LOST = AmbiguousWriteError("no response")
GONE = StoreError("connection refused")
AT_ONCE = 200


class Shelf(AdminApi):
    """A store with products, whose calls can fail.

    Attributes:
        refused: ids of products whose update is refused.
        failing: what a method raises, by its name.
    """

    def __init__(self, *products: StoredProduct) -> None:
        self.products = {product.id: product for product in products}
        self.refused: set[str] = set()
        self.failing: dict[str, MedusaSyncError] = {}
        self.looked_up: list[list[str]] = []
        self.records: dict[str, Record] = {}
        self.updates = 0

    async def look_up(
        self, external_ids: Sequence[str], *, with_options: bool = False
    ) -> list[StoredSummary | Unreadable]:
        self.looked_up.append(list(external_ids))
        self._fail("look_up")
        found = self._with(external_ids)
        return [
            StoredSummary(each.id, each.external_id, each.record, each.options if with_options else ())
            for each in found
        ]

    async def summaries(self, ids: Sequence[str]) -> list[StoredSummary | Unreadable]:
        found = [self.products[product_id] for product_id in ids]
        return [StoredSummary(each.id, each.external_id, each.record) for each in found]

    async def edit_products(self, bodies: Sequence[dict[str, Any]]) -> None:
        self.updates += 1
        self._fail("update")
        self._refuse({body["id"] for body in bodies})
        for body in bodies:
            assert body.keys() == {"id", "metadata"}
            self.records[body["id"]] = body["metadata"][RECORD_KEY]

    def _with(self, external_ids: Sequence[str]) -> list[StoredProduct]:
        return [product for product in self.products.values() if product.external_id in external_ids]

    def _fail(self, method: str) -> None:
        if method in self.failing:
            raise self.failing[method]

    def _refuse(self, ids: Collection[str]) -> None:
        if not self.refused.isdisjoint(ids):
            raise StoreRefusedError("there is no such product", status=404)


def complete(desired: DesiredProduct) -> Complete:
    outcome = Outcome(desired.external_id, desired.title, Result.UPDATED, action=Action.UPDATE)
    known = (creation_note(desired, now=0),)
    return Complete(desired, stored_product(desired).id, known, applied_ids(desired), outcome)


def pending(desired: DesiredProduct) -> StoredProduct:
    """A product whose creation is not acknowledged."""
    return with_record(stored_product(desired), creation_note(desired, now=0))


def acknowledger(store: Shelf) -> tuple[Acknowledger, list[Outcome]]:
    settled: list[Outcome] = []
    return Acknowledger(store, settled.append), settled


def is_applied(records: Mapping[str, Record], desired: DesiredProduct, product_id: str) -> bool:
    return bool(as_json(records[product_id]) == as_json(applied_ids(desired)))


# --- records --------------------------------------------------------------------------------------------


async def test_records_are_written_in_one_call_and_products_settled_after_it() -> None:
    products = [desired_product(number) for number in range(1, 6)]
    store = Shelf()
    waiting, settled = acknowledger(store)
    await waiting.add([complete(each) for each in products])
    assert (store.updates, settled) == (0, [])
    await waiting.flush()
    assert store.updates == 1
    assert [outcome.external_id for outcome in settled] == [each.external_id for each in products]
    for each in products:
        assert is_applied(store.records, each, stored_product(each).id)


async def test_records_are_written_as_soon_as_there_are_enough() -> None:
    store = Shelf()
    waiting, settled = acknowledger(store)
    for number in range(1, AT_ONCE):
        await waiting.add([complete(desired_product(number))])
    assert (store.updates, settled) == (0, [])
    await waiting.add([complete(desired_product(AT_ONCE))])
    assert (store.updates, len(settled)) == (1, AT_ONCE)


async def test_nothing_is_sent_if_nothing_waits() -> None:
    store = Shelf()
    waiting, _ = acknowledger(store)
    await waiting.add([complete(desired_product())])
    await waiting.flush()
    await waiting.flush()
    assert (store.updates, len(store.looked_up)) == (1, 1)


@pytest.mark.parametrize("culprit", [1, 4, 7])
async def test_a_refused_record_does_not_affect_the_others(
    culprit: int, caplog: pytest.LogCaptureFixture
) -> None:
    products = [desired_product(number) for number in range(1, 8)]
    store = Shelf()
    store.refused = {stored_product(desired_product(culprit)).id}
    waiting, settled = acknowledger(store)
    await waiting.add([complete(each) for each in products])
    await waiting.flush()
    assert store.records.keys() == {stored_product(each).id for each in products} - store.refused
    assert len(settled) == 7
    assert f"dummyjson:{culprit} was not acknowledged" in caplog.text


async def test_an_unknown_result_is_only_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """The next run finds the notes and checks them."""
    store = Shelf()
    store.failing["update"] = LOST
    waiting, settled = acknowledger(store)
    await waiting.add([complete(desired_product(number)) for number in (1, 2)])
    await waiting.flush()
    assert (store.updates, len(settled)) == (1, 2)
    assert "2 products may not be acknowledged" in caplog.text


OTHERS: dict[str, Any] = {
    "applied": applied(desired_product(price=7_777)),
    "pending": creation_note(desired_product(price=7_777), now=0),
    "unreadable": "gone",
}


@pytest.mark.parametrize("other", OTHERS)
async def test_a_record_that_another_run_has_written_since_stays(other: str) -> None:
    """Otherwise it would say that something was applied which the other run has replaced."""
    desired, neighbour = desired_product(), desired_product(7)
    store = Shelf(with_record(stored_product(desired), OTHERS[other]), pending(neighbour))
    waiting, settled = acknowledger(store)
    await waiting.add([complete(desired), complete(neighbour)])
    await waiting.flush()
    assert len(settled) == 2
    assert store.records.keys() == {stored_product(neighbour).id}


async def test_records_are_looked_at_again_after_a_refusal() -> None:
    """Bisecting takes a while, and another run may have written a product meanwhile."""
    desired, gone = desired_product(), desired_product(7)
    other = with_record(stored_product(desired), applied(desired_product(price=7_777)))

    class Raced(Shelf):
        async def edit_products(self, bodies: Sequence[dict[str, Any]]) -> None:
            if not self.updates:
                self.products = {other.id: other}
            await super().edit_products(bodies)

    store = Raced(pending(desired))
    store.refused = {stored_product(gone).id}
    waiting, settled = acknowledger(store)
    await waiting.add([complete(desired), complete(gone)])
    await waiting.flush()
    assert len(settled) == 2
    assert not store.records


async def test_a_look_up_may_lag_behind_the_write() -> None:
    """As in stores with the index engine: it finds the record from before, or nothing."""
    desired, new = desired_product(), desired_product(7)
    before = applied(desired_product(price=7_777))
    store = Shelf(with_record(stored_product(desired), before))
    waiting, _ = acknowledger(store)
    updated = structs.replace(complete(desired), known=(before, creation_note(desired, now=0)))
    await waiting.add([updated, complete(new)])
    await waiting.flush()
    assert store.records.keys() == {stored_product(desired).id, stored_product(new).id}


async def test_options_that_were_created_with_a_product_are_acknowledged_with_their_ids() -> None:
    desired, stored = shirt_of("S", "M"), stored_shirt(shirt_of("S", "M"))
    store = Shelf(with_record(stored, creation_note(desired, now=0)))
    waiting, _ = acknowledger(store)
    await waiting.add([structs.replace(complete(desired), record=applied(desired))])
    await waiting.flush()
    assert [option.id for option in store.records[stored.id].options] == [option_id("Size")]


@pytest.mark.parametrize("method", ["look_up", "update"])
async def test_products_are_settled_even_if_the_store_is_unavailable(method: str) -> None:
    store = Shelf()
    store.failing[method] = GONE
    waiting, settled = acknowledger(store)
    await waiting.add([complete(desired_product(number)) for number in (1, 2)])
    with pytest.raises(StoreError):
        await waiting.flush()
    assert [outcome.external_id for outcome in settled] == ["dummyjson:1", "dummyjson:2"]
    await waiting.flush()
