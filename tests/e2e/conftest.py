"""Tests against a real Medusa: one server for each pytest process, a fresh store for each test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.fault_proxy import FaultProxy, fault_proxy
from tests.e2e.shop import Shop
from tests.harness.breakable import BreakableStore, breakable_store
from tests.harness.medusa import Store, running_store
from tests.harness.npm import NodeMissing, node
from tests.harness.postgres import Postgres, running_postgres


@pytest.hookimpl(tryfirst=True)  # ahead of the selection by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("e2e")


@pytest.fixture(scope="session", autouse=True)
def _node() -> None:
    try:
        node()
    except NodeMissing as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def shared_store(postgres: Postgres) -> Iterator[Store]:
    with running_store(postgres) as store:
        yield store


@pytest.fixture
def store(shared_store: Store) -> Store:
    shared_store.reset()
    return shared_store


@pytest.fixture(scope="session")
def _shared_breakable(postgres: Postgres) -> Iterator[BreakableStore]:
    with breakable_store(postgres) as store:
        yield store


@pytest.fixture
def breakable(_shared_breakable: BreakableStore) -> BreakableStore:
    """A store that may be killed; tests of one group share it, as it takes a while to start."""
    _shared_breakable.reset()
    return _shared_breakable


@pytest.fixture
def shop(store: Store) -> Iterator[Shop]:
    with Shop(store) as shop:
        yield shop


@pytest.fixture
def proxy(store: Store) -> Iterator[FaultProxy]:
    """A proxy in front of the store that writes down every request."""
    with fault_proxy(store.url) as proxy:
        yield proxy
