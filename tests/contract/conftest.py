"""The fake and the real store, one by one or side by side."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.contract.shop import Shop
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.medusa import MEDUSA_VERSION, Store, running_store
from tests.harness.npm import NodeMissing, node
from tests.harness.postgres import running_postgres


@dataclass
class RealStore:
    store: Store
    written: bool = True

    def notice(self, response: httpx.Response) -> None:
        """Most tests of refusals leave the store as fresh as they found it, and resetting takes its time."""
        self.written |= response.is_success and response.request.method != "GET"


@pytest.fixture(scope="session")
def real_store() -> Iterator[RealStore]:
    if MEDUSA_VERSION != FakeMedusa.VERSION:
        pytest.skip(f"the fake is Medusa {FakeMedusa.VERSION}")
    try:
        node()
    except NodeMissing as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))
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
    hooks = {"response": [real_store.notice]}
    with httpx.Client(base_url=store.url, auth=(store.api_key, ""), timeout=60, event_hooks=hooks) as client:
        yield Shop(store, client)


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.e2e)])
def shop(request: pytest.FixtureRequest) -> Shop:
    chosen: Shop = request.getfixturevalue(f"{request.param}_shop")
    return chosen
