"""Runs tests on the fake store, the real store, or both side by side."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.contract.midway import Midway, fake_midway, real_midway
from tests.contract.shop import Shop
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.medusa import MEDUSA_VERSION, Store, running_store
from tests.harness.postgres import running_postgres


@dataclass
class RealStore:
    store: Store
    written: bool = True

    def record_write(self, response: httpx.Response) -> None:
        """Resetting is slow, and most tests of refusals write nothing."""
        self.written |= response.is_success and response.request.method != "GET"


@pytest.fixture(scope="session")
def real_store(needs_node: None) -> Iterator[RealStore]:  # noqa: ARG001 - a fixture that skips
    if MEDUSA_VERSION != FakeMedusa.VERSION:
        pytest.skip(f"the fake store is Medusa {FakeMedusa.VERSION}")
    with running_postgres() as postgres, running_store(postgres) as store:
        yield RealStore(store)


@pytest.fixture
def fake() -> FakeMedusa:
    return FakeMedusa()


@pytest.fixture
def fake_shop(fake: FakeMedusa) -> Iterator[Shop]:
    with httpx.Client(transport=fake, base_url=fake.url, auth=(fake.api_key, "")) as client:
        yield Shop(fake, client)


@pytest.fixture
def real_shop(real_store: RealStore) -> Iterator[Shop]:
    store = real_store.store
    if real_store.written:
        store.reset()
        real_store.written = False
    hooks = {"response": [real_store.record_write]}
    with httpx.Client(base_url=store.url, auth=(store.api_key, ""), timeout=60, event_hooks=hooks) as client:
        yield Shop(store, client)


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.e2e)])
def shop(request: pytest.FixtureRequest) -> Shop:
    chosen: Shop = request.getfixturevalue(f"{request.param}_shop")
    return chosen


@pytest.fixture
def midway(request: pytest.FixtureRequest) -> Midway:
    """For tests with the fixture `shop`."""
    fixture = request.getfixturevalue
    if request.node.callspec.params["shop"] == "fake":
        return fake_midway(fixture("fake"), fixture("fake_shop"))
    return real_midway(fixture("real_store").store.database_url, fixture("real_shop"))
