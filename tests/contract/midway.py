"""Acts in the middle of a workflow: after one of its steps is committed, before the next one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, TypeVar

import httpx

from tests.contract.shop import Shop, workflow_path
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.errors import unknown_error
from tests.harness.held import held, refused

T = TypeVar("T")
_NEXT_WRITES: Final = {
    ("create-products", "variants"): ("inventory_item", "INSERT"),
    ("create-product-variants", "variants"): ("inventory_item", "INSERT"),
    ("create-product-variants", "items"): ("product_variant_inventory_item", "INSERT"),
    ("create-product-variants", "inventory"): ("price", "INSERT"),
    ("update-product-variants", "variants"): ("inventory_item", "INSERT"),
    ("update-product-variants", "inventory"): ("price", "INSERT"),
    ("delete-product-variants", "links"): ("price", "UPDATE"),
    ("delete-product-variants", "prices"): ("inventory_item", "UPDATE"),
    ("delete-product-variants", "items"): ("product_variant", "UPDATE"),
    ("create-inventory-items-workflow", "items"): ("inventory_level", "INSERT"),
}
"""For a step of a workflow, the table that the next step of the real store writes, and how."""


class Midway(Protocol):
    def __call__(
        self, step: str, act: Callable[[], T], workflow_id: str, **given: object
    ) -> tuple[httpx.Response, T]:
        """Run a workflow, and call `act` when a step is committed; the next one is still in progress.

        Returns the response, and what `act` returned.
        """


def fake_midway(fake: FakeMedusa, shop: Shop) -> Midway:
    def midway(
        step: str, act: Callable[[], T], workflow_id: str, **given: object
    ) -> tuple[httpx.Response, T]:
        done: list[T] = []

        def hook(_request: httpx.Request, reached: str) -> None:
            if reached == step and not done:
                fake.between = None
                done.append(act())

        fake.between = hook
        response = shop.send("POST", workflow_path(workflow_id), {"input": given})
        assert done, f"{step} was not reached"
        return response, done[0]

    return midway


def real_midway(database_url: str, shop: Shop) -> Midway:
    """The next step must write a row to its table."""

    def midway(
        step: str, act: Callable[[], T], workflow_id: str, **given: object
    ) -> tuple[httpx.Response, T]:
        table, how = _NEXT_WRITES[workflow_id, step]
        with ThreadPoolExecutor(1) as pool:
            with held(database_url, table, on=how) as wait:
                writing = pool.submit(shop.send, "POST", workflow_path(workflow_id), {"input": given})
                wait(lambda: not writing.done())
                done = act()
                assert not writing.done(), f"{step} was not reached"
            return writing.result(), done

    return midway


class Failing(Protocol):
    def __call__(self, step: str, workflow_id: str, **given: object) -> httpx.Response:
        """Run a workflow that fails after a step."""


def fake_failing(fake: FakeMedusa, shop: Shop) -> Failing:
    def failing(step: str, workflow_id: str, **given: object) -> httpx.Response:
        def hook(_request: httpx.Request, reached: str) -> None:
            if reached == step:
                raise unknown_error()

        fake.between = hook
        return shop.send("POST", workflow_path(workflow_id), {"input": given})

    return failing


def real_failing(database_url: str, shop: Shop) -> Failing:
    def failing(step: str, workflow_id: str, **given: object) -> httpx.Response:
        table, how = _NEXT_WRITES[workflow_id, step]
        with refused(database_url, table, on=how):
            return shop.send("POST", workflow_path(workflow_id), {"input": given})

    return failing
