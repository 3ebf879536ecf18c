"""Runs tests on a real Medusa: one server per pytest process, a fresh store per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.conftest import SharedStore
from tests.e2e.rig import Rig
from tests.e2e.storefront import Storefront
from tests.harness.breakable import BreakableStore
from tests.harness.catalogue import products
from tests.harness.dummyjson import DummyJson, dummyjson
from tests.harness.fault_proxy import FaultProxy, fault_proxy
from tests.harness.medusa import Store
from tests.harness.shirts import shirts
from tests.tiers import needed
from tests.world.shop import Shop

BROWSER_FLAGS = (
    "--headless",
    "--no-sandbox",  # root, as in a container, cannot run it otherwise
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.hookimpl(tryfirst=True)  # before pytest selects by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("e2e")


@pytest.fixture(scope="session", autouse=True)
def _needs_node(needs_node: None) -> None:
    """All of these tests run a real store."""


@pytest.fixture
def store(shared_store: SharedStore) -> Store:
    return shared_store.fresh()


@pytest.fixture
def breakable(shared_store: SharedStore) -> BreakableStore:
    """A store that may be killed."""
    shared_store.fresh()
    return shared_store.server


@pytest.fixture
def shop(store: Store) -> Iterator[Shop]:
    with Shop(store) as shop:
        yield shop


@pytest.fixture
def proxy(store: Store) -> Iterator[FaultProxy]:
    """A proxy in front of the store that records every request."""
    with fault_proxy(store.url) as proxy:
        yield proxy


@pytest.fixture
def rig(shop: Shop, proxy: FaultProxy, request: pytest.FixtureRequest) -> Iterator[Rig]:
    """`SIZE` shirts in six variants each, in source and store; the module of the test says how many."""
    size: int = request.module.SIZE
    with dummyjson(shirts(size)) as source:
        rig = Rig(shop, source, proxy)
        run = rig.run()
        assert (run.exit_code, run.counts) == (0, {"created": size}), run.document
        yield rig


@pytest.fixture
def storefront(rig: Rig) -> Iterator[Storefront]:
    with Storefront(rig.shop) as storefront:
        yield storefront


@pytest.fixture
def source(request: pytest.FixtureRequest) -> Iterator[DummyJson]:
    """DummyJSON with the `ROWS` of the module of the test, or with `SIZE` products."""
    module = request.module
    with dummyjson(module.ROWS if hasattr(module, "ROWS") else products(module.SIZE)) as server:
        yield server


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    browser, driver = needed("chromium", "chromium"), needed("chromium-driver", "chromedriver")
    options = ChromeOptions()
    options.binary_location = browser
    for flag in (*BROWSER_FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = Chrome(options=options, service=Service(driver))
    try:
        yield chrome
    finally:
        chrome.quit()
