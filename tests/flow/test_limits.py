"""A run ends when it has to, whatever the store does meanwhile: at most the grace later."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx
import pytest

from medusa_sync.core.result import Result, RunResult, Status
from medusa_sync.errors import InterruptedRunError, MedusaSyncError, TimeLimitError
from medusa_sync.medusa.client import LOGIN_PATH, Credentials, Login
from medusa_sync.stop import Stop
from medusa_sync.sync import inflight
from tests.flow.stage import ListSource, assert_exact, counts, run_once, sync
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

LIMIT_S = 0.2
GRACE_S = 0.1
SLACK_S = 1  # of a busy machine

Hangs = Callable[[httpx.Request], bool]


@pytest.fixture
def _no_waiting() -> None:
    """Pauses are real here."""


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflight, "GRACE_S", GRACE_S)


class HangingMedusa(FakeMedusa):
    """A store that carries out some requests but does not answer them."""

    hangs: Hangs = staticmethod(lambda _request: False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if self.hangs(request):
            await asyncio.Event().wait()
        return response


def is_creation(request: httpx.Request) -> bool:
    return b'"create"' in request.content


HANGS: dict[str, Hangs] = {
    "creation": is_creation,
    "write": lambda request: request.method == "POST" and request.url.path != LOGIN_PATH,
    "read": lambda request: request.method == "GET",
    "log-in": lambda request: request.url.path == LOGIN_PATH,
}


def timed(
    store: HangingMedusa, *, stop_after: float | None = None, max_duration: float | None = None
) -> RunResult:
    """Sync into a store; the run must end within its limit and the grace."""
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
    assert time.monotonic() - started < LIMIT_S + GRACE_S + SLACK_S
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
def test_what_was_sent_is_unconfirmed_and_the_rest_was_not_attempted(error: MedusaSyncError) -> None:
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


def test_the_next_run_completes_what_was_abandoned() -> None:
    store = HangingMedusa()
    store.hangs = is_creation
    timed(store, max_duration=LIMIT_S)
    store.hangs = HangingMedusa.hangs
    source = ListSource(products(60))
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_max_duration_ends_a_run_that_a_server_asks_to_wait(method: str) -> None:
    store = HangingMedusa()

    def busy(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(429, headers={"retry-after": "3600"}) if request.method == method else None

    store.before = busy
    assert timed(store, max_duration=LIMIT_S).exit_code == 5


@pytest.mark.parametrize("status", [400, 500])
def test_nothing_is_sent_again_or_split_after_the_end_was_asked_for(status: int) -> None:
    """Each write fails; the batches that are under way when the token is set are given up."""
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
    assert len(store.requests) == stopped_at[0]
