import asyncio
import gc
from collections.abc import Iterator

import pytest

from medusa_sync import RunResult
from medusa_sync import stop as stop_module
from medusa_sync.report import json as json_module
from medusa_sync.sources import base
from medusa_sync.stop import Stop
from tests import tiers
from tests.harness.breakable import BreakableStore, breakable_store
from tests.harness.documents import read_document
from tests.harness.medusa import Store
from tests.harness.npm import NodeMissing, node
from tests.harness.postgres import Postgres, running_postgres

# Without this, a failed assert in a shared check does not show the compared values.
pytest.register_assert_rewrite("tests.e2e")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deep", action="store_true", help="run the deep tests too, with more examples")


def pytest_configure(config: pytest.Config) -> None:
    tiers.choose(config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--deep"):
        left_out = [item for item in items if item.get_closest_marker("deep")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def pytest_collection_finish() -> None:
    """Leave the tests themselves, which are most of all objects, out of garbage collections."""
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End with one list of what was skipped."""
    skipped = terminalreporter.stats.get("skipped", [])
    if lines := [*tiers.left_out(each.longrepr[2] for each in skipped)]:
        terminalreporter.section("skipped")
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture(scope="session", autouse=True)
def _every_document_matches_its_schema() -> Iterator[None]:
    """Check each JSON document that a test renders in this process."""
    render = json_module.as_json

    def checked(result: RunResult, *, pretty: bool = False, ascii_only: bool = False) -> str:
        text = render(result, pretty=pretty, ascii_only=ascii_only)
        read_document(text)
        return text

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_module, "as_json", checked)
        yield


@pytest.fixture(scope="session")
def needs_node() -> None:
    """Skip a test that needs Node if there is none; in CI it fails."""
    try:
        node()
    except NodeMissing as missing:
        tiers.skip(str(missing), "nodejs npm")


class SharedStore:
    """A real store that the tests of a process use one after the other; some of them kill its server."""

    def __init__(self, server: BreakableStore) -> None:
        self.server = server
        self.is_fresh = False

    def fresh(self) -> Store:
        """Return the store without anything that earlier tests wrote."""
        if not (self.is_fresh and self.server.is_up):
            self.server.reset()
        self.is_fresh = False
        return self.server.store


@pytest.fixture(scope="session")
def postgres(needs_node: None) -> Iterator[Postgres]:  # noqa: ARG001 - a fixture that skips
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def shared_store(postgres: Postgres) -> Iterator[SharedStore]:
    with breakable_store(postgres) as server:
        yield SharedStore(server)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pauses take no time."""

    async def sleep(stop: Stop, _seconds: float) -> bool:
        await asyncio.sleep(0)
        return not stop.is_set

    monkeypatch.setattr(Stop, "sleep", sleep)


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give requests in progress little time once a run must end."""
    monkeypatch.setattr(stop_module, "GRACE_S", 0.1)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give small catalogues several pages: 100 products in each."""
    monkeypatch.setattr(base, "PAGE_SIZE", 100)
