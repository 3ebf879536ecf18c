"""A run ends within its time limit plus the grace period, even if the store hangs."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from medusa_sync import Result, RunResult, Status
from tests.flow.stage import (
    ListSource,
    Signal,
    assert_exact,
    counts,
    is_creation,
    report,
    run_once,
    sync,
    text,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

pytestmark = pytest.mark.usefixtures("short_grace")

LIMIT_S = 0.2
GRACE_S = 0.1  # as the fixture sets it
LOGIN_PATH = "/auth/user/emailpass"
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

    async def run() -> RunResult:
        stop = Signal()
        if stop_after is not None:
            asyncio.get_running_loop().call_later(stop_after, stop.interrupt)
        source = ListSource(products(60))
        limits: dict[str, Any] = {
            "max_duration": max_duration,
            "email": store.email,
            "password": store.password,
        }
        return await run_once(source, store, stop=stop, batch_size=5, **limits)

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
    ("end", "exit_code"), [(Signal.interrupt, 143), (Signal.run_out, 5)], ids=["signal", "limit"]
)
def test_sent_products_are_unconfirmed_and_the_rest_not_attempted(
    end: Callable[[Signal], None], exit_code: int
) -> None:
    store, stop = HangingMedusa(), Signal()

    def hangs(request: httpx.Request) -> bool:
        if is_creation(request):
            end(stop)
        return is_creation(request)

    store.hangs = hangs
    source = ListSource(products(60))
    result = asyncio.run(run_once(source, store, stop=stop, batch_size=5, concurrency=1))
    assert (result.exit_code, counts(result)) == (exit_code, {"unconfirmed": 5, "not_attempted": 55})
    unconfirmed = [each for each in result.not_completed if each.result is Result.UNCONFIRMED]
    assert {each.external_id for each in unconfirmed} == store.products.keys()
    assert "\nunconfirmed: 5\nnot attempted: 55\nseen: 60 of 60\n" in text(result)
    assert "failed" not in text(result)
    outcomes = Counter(each["outcome"] for each in report(result)["problems"])
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
    store, stop = FakeMedusa(), Signal()
    stopped_at: list[int] = []

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if not is_creation(request):
            return None
        if not stopped_at:
            stop.interrupt()
            stopped_at.append(len(store.requests))
        return httpx.Response(status)

    store.before = refuse
    result = asyncio.run(run_once(ListSource(products(60)), store, stop=stop, concurrency=1))
    assert result.exit_code == 143
    later = store.requests[stopped_at[0] :]
    assert len(later) <= TAGS_AT_ONCE
    assert all(request.url.path == "/admin/product-tags" for request in later), "already under way"
