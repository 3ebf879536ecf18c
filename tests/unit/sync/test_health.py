"""When failed products mean that the store itself fails."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from medusa_sync.errors import AmbiguousWriteError, MedusaSyncError, StoreError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.sync.health import Health

pytestmark = pytest.mark.anyio

LOST = AmbiguousWriteError("no response")
REFUSED = StoreRefusedError("there is no such product", status=404)
PATIENCE = 20


class Checked(AdminApi):
    """A store that is checked with writes.

    Args:
        answers: what a write with a product raises, if it does; `""` is the empty write.
    """

    def __init__(self, answers: Mapping[str, MedusaSyncError] | None = None) -> None:
        self.answers = dict(answers or {})
        self.checked: list[str] = []

    async def edit_products(self, bodies: Sequence[dict[str, Any]]) -> None:
        [product_id] = [body["id"] for body in bodies] or [""]
        assert all(body.keys() == {"id"} for body in bodies), "a check changes nothing"
        self.checked.append(product_id)
        if product_id in self.answers:
            raise self.answers[product_id]


async def test_two_failed_products_are_not_suspicious() -> None:
    store = Checked()
    health = Health(store, "http://medusa.test")
    for _ in range(10):
        await health.lost(LOST)
        await health.lost(LOST)
        health.succeeded("prod_1")
    assert store.checked == []


async def test_failed_products_in_a_row_do_not_end_the_run_while_the_store_works() -> None:
    store = Checked()
    health = Health(store, "http://medusa.test")
    health.found("prod_1")
    health.found("prod_2")
    for _ in range(100):
        await health.lost(LOST)
    assert store.checked == ["", "prod_1"] * 33


async def test_the_store_is_checked_with_the_product_that_was_written_last() -> None:
    store = Checked()
    health = Health(store, "http://medusa.test")
    health.found("prod_1")
    health.succeeded("prod_2")
    health.found("prod_3")
    for _ in range(3):
        await health.lost(LOST)
    assert store.checked == ["", "prod_2"]


@pytest.mark.parametrize("fails", ["", "prod_1"], ids=["the empty write", "the write with a product"])
async def test_a_store_that_fails_a_check_ends_the_run(fails: str) -> None:
    health = Health(Checked({fails: LOST}), "http://medusa.test")
    health.found("prod_1")
    await health.lost(LOST)
    await health.lost(LOST)
    with pytest.raises(StoreError, match="fails every write: no response"):
        await health.lost(LOST)


async def test_a_store_that_is_unavailable_at_a_check_ends_the_run() -> None:
    health = Health(Checked({"": StoreError("connection refused")}), "http://medusa.test")
    await health.lost(LOST)
    await health.lost(LOST)
    with pytest.raises(StoreError, match="connection refused"):
        await health.lost(LOST)


async def test_a_store_without_a_product_to_check_it_with_is_given_up_after_more_failures() -> None:
    health = Health(Checked(), "http://medusa.test")
    for _ in range(PATIENCE - 1):
        await health.lost(LOST)
    with pytest.raises(StoreError, match="fails every write"):
        await health.lost(LOST)


async def test_a_product_that_the_merchant_has_deleted_says_nothing_about_the_store() -> None:
    store = Checked({"prod_1": REFUSED})
    health = Health(store, "http://medusa.test")
    health.found("prod_1")
    for _ in range(3):
        await health.lost(LOST)
    health.found("prod_2")
    for _ in range(3):
        await health.lost(LOST)
    assert store.checked == ["", "prod_1", "", "prod_2"]
