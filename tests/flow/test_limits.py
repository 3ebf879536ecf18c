"""A run ends within its time limit plus the grace period, even if the store hangs."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from medusa_sync import stop as stop_module
from medusa_sync.core.result import Result, RunResult, Status
from medusa_sync.errors import InterruptedRunError, MedusaSyncError, TimeLimitError
from medusa_sync.medusa.client import LOGIN_PATH, Credentials, Login
from medusa_sync.report.json import as_json
from medusa_sync.report.text import as_text
from medusa_sync.stop import Stop
from tests.flow.stage import ListSource, assert_exact, counts, is_creation, run_once, sync
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

pytestmark = pytest.mark.usefixtures("short_grace")

LIMIT_S = 0.2
SLACK_S = 1  # for a busy machine
TAGS_AT_ONCE = 8

Hangs = Callable[[httpx.Request], bool]


@pytest.fixture
def _no_waiting() -> None:
    """Pauses are real here."""


class HangingMedusa(FakeMedusa):
    """A store that executes some requests but does not respond to them."""

    hangs: Hangs = staticmethod(lambda _request: False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if self.hangs(request):
            await asyncio.Event().wait()
        return response


HANGS: dict[str, Hangs] = {
    "creation": is_creation,
    "write": lambda request: request.method == "POST" and request.url.path != LOGIN_PATH,
    "read": lambda request: request.method == "GET",
    "log-in": lambda request: request.url.path == LOGIN_PATH,
}


def timed(
    store: HangingMedusa, *, stop_after: float | None = None, max_duration: float | None = None
) -> RunResult:
    """Sync into a store; fails if the run does not end within its limit plus the grace period."""
    credentials: Credentials = Login(store.email, store.password)

    async def run() -> RunResult:
        stop = Stop()
        if stop_after is not None:
            error = InterruptedRunError("Interrupted by SIGTERM", signal_number=15)
            asyncio.get_running_loop().call_later(stop_after, stop.set, error)
        source = ListSource(products(60))
        return await run_once(
            source, store, credentials=credentials, stop=stop, max_duration_s=max_duration, batch_size=5
        )

    started = time.monotonic()
    result = asyncio.run(run())
    assert time.monotonic() - started < LIMIT_S + stop_module.GRACE_S + SLACK_S
    return result


@pytest.mark.parametrize("kind", HANGS)
def test_max_duration_ends_a_run_whose_requests_hang(kind: str) -> None:
    store = HangingMedusa()
    store.hangs = HANGS[kind]
    result = timed(store, max_duration=LIMIT_S)
    assert (result.exit_code, result.status) == (5, Status.PARTIAL)
    assert sum(result.counts.values()) == result.seen


@pytest.mark.parametrize("kind", HANGS)
def test_a_signal_ends_a_run_whose_requests_hang(kind: str) -> None:
    store = HangingMedusa()
    store.hangs = HANGS[kind]
    result = timed(store, stop_after=LIMIT_S)
    assert (result.exit_code, result.status) == (143, Status.INTERRUPTED)
    assert sum(result.counts.values()) == result.seen


@pytest.mark.parametrize(
    "error",
    [InterruptedRunError("Interrupted by SIGTERM", signal_number=15), TimeLimitError("The run was stopped")],
    ids=["signal", "limit"],
)
def test_sent_products_are_unconfirmed_and_the_rest_not_attempted(error: MedusaSyncError) -> None:
    store, stop = HangingMedusa(), Stop()

    def hangs(request: httpx.Request) -> bool:
        if is_creation(request):
            stop.set(error)
        return is_creation(request)

    store.hangs = hangs
    source = ListSource(products(60))
    result = asyncio.run(run_once(source, store, stop=stop, batch_size=5, concurrency=1))
    assert (result.exit_code, counts(result)) == (error.exit_code, {"unconfirmed": 5, "not_attempted": 55})
    unconfirmed = [each for each in result.not_completed if each.result is Result.UNCONFIRMED]
    assert {each.external_id for each in unconfirmed} == store.products.keys()
    assert "\nunconfirmed: 5\nnot attempted: 55\nseen: 60 of 60\n" in as_text(result)
    assert "failed" not in as_text(result)
    outcomes = Counter(each["outcome"] for each in json.loads(as_json(result))["problems"])
    assert outcomes == {"unconfirmed": 5, "not_attempted": 55 + 1}, "one more: what ended the run"


def test_the_next_run_completes_an_abandoned_one() -> None:
    store = HangingMedusa()
    store.hangs = is_creation
    timed(store, max_duration=LIMIT_S)
    store.hangs = HangingMedusa.hangs
    source = ListSource(products(60))
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_max_duration_ends_a_run_that_waits_for_retry_after(method: str) -> None:
    store = HangingMedusa()

    def busy(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(429, headers={"retry-after": "3600"}) if request.method == method else None

    store.before = busy
    assert timed(store, max_duration=LIMIT_S).exit_code == 5


@pytest.mark.parametrize("status", [400, 500])
def test_nothing_is_retried_or_bisected_after_a_stop_is_requested(status: int) -> None:
    """Every creation fails; batches in progress when the stop is requested are abandoned."""
    store, stop = FakeMedusa(), Stop()
    stopped_at: list[int] = []

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if not is_creation(request):
            return None
        if not stopped_at:
            stop.set(InterruptedRunError("Interrupted by SIGTERM", signal_number=15))
            stopped_at.append(len(store.requests))
        return httpx.Response(status)

    store.before = refuse
    result = asyncio.run(run_once(ListSource(products(60)), store, stop=stop, concurrency=1))
    assert result.exit_code == 143
    later = store.requests[stopped_at[0] :]
    assert len(later) <= TAGS_AT_ONCE
    assert all(request.url.path == "/admin/product-tags" for request in later), "already under way"
