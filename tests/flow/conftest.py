from collections.abc import Iterator

import pytest

from tests.flow.stage import constant
from tests.harness.dummyjson import DummyJson, dummyjson
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import sampled


@pytest.fixture(params=sampled(["bulk", "one by one"], "bulk"))
def routes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test with a store that offers bulk calls, and with one that does not."""
    monkeypatch.setattr(FakeMedusa, "offers_bulk", request.param == "bulk")


@pytest.fixture
def store() -> FakeMedusa:
    return FakeMedusa()


@pytest.fixture
def server() -> Iterator[DummyJson]:
    """An API without products, which tests fill or replace."""
    with dummyjson([]) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_waiting(request: pytest.FixtureRequest) -> Iterator[None]:
    """Do not wait between attempts, nor for a store that may still be working."""
    request.getfixturevalue("no_waiting")
    with constant("SETTLE_S", 0):
        yield
