"""Runs tests on the fake store, the real store, or both side by side."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import httpx
import pytest

from tests.conftest import SharedStore
from tests.contract.midway import (
    Failing,
    Midway,
    fake_failing,
    fake_midway,
    real_failing,
    real_midway,
)
from tests.contract.shirts import stocked_shirt
from tests.contract.shop import Shop, View
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.medusa import MEDUSA_VERSION

T = TypeVar("T")


@pytest.fixture
def fake() -> FakeMedusa:
    return FakeMedusa()


@pytest.fixture
def fake_shop(fake: FakeMedusa) -> Iterator[Shop]:
    with httpx.Client(transport=fake, base_url=fake.url, auth=(fake.api_key, "")) as client:
        yield Shop(fake, client)


@pytest.fixture
def real_shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    if MEDUSA_VERSION != FakeMedusa.VERSION:
        pytest.skip(f"the fake store is Medusa {FakeMedusa.VERSION}")
    shared: SharedStore = request.getfixturevalue("shared_store")
    store, writes = shared.fresh(), []

    def note(response: httpx.Response) -> None:
        if response.is_success and response.request.method != "GET":
            writes.append(response)

    hooks = {"response": [note]}
    with httpx.Client(base_url=store.url, auth=(store.api_key, ""), timeout=60, event_hooks=hooks) as client:
        yield Shop(store, client)
    shared.is_fresh = not writes  # most tests of refusals write nothing, and a reset takes 0.1 s


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.e2e)])
def shop(request: pytest.FixtureRequest) -> Shop:
    chosen: Shop = request.getfixturevalue(f"{request.param}_shop")
    return chosen


@pytest.fixture
def product(shop: Shop) -> View:
    """Other modules have a product of their own."""
    return stocked_shirt(shop)


@pytest.fixture
def midway(request: pytest.FixtureRequest) -> Midway:
    """For tests with the fixture `shop`."""
    return _of_either(request, fake_midway, real_midway)


@pytest.fixture
def failing(request: pytest.FixtureRequest) -> Failing:
    """For tests with the fixture `shop`."""
    return _of_either(request, fake_failing, real_failing)


def _of_either(
    request: pytest.FixtureRequest,
    of_fake: Callable[[FakeMedusa, Shop], T],
    of_real: Callable[[str, Shop], T],
) -> T:
    """What is made for the store of the fixture `shop`."""
    fixture = request.getfixturevalue
    if request.node.callspec.params["shop"] == "fake":
        return of_fake(fixture("fake"), fixture("fake_shop"))
    return of_real(fixture("shared_store").server.store.database_url, fixture("real_shop"))
