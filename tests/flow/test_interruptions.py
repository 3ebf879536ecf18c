"""A signal or the time limit ends a run soon and in order, even if the store hangs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import product
from typing import Any

import httpx
import pytest

from medusa_sync import Result, RunResult, Status
from tests.flow.stage import (
    ListSource,
    Signal,
    Watcher,
    assert_exact,
    counts,
    is_creation,
    run_once,
    sync,
    text,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

LIMIT_S = 0.05
SLACK_S = 1.1  # the grace period, and a busy machine
LOG_IN = "/auth/user/emailpass"


class HangingMedusa(FakeMedusa):
    """A store that executes some requests but does not respond to them."""

    hangs: Callable[[httpx.Request], bool] = staticmethod(lambda _request: False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if self.hangs(request):
            await asyncio.Event().wait()
        return response


HANGS: dict[str, Callable[[httpx.Request], bool]] = {
    "creation": is_creation,
    "write": lambda request: request.method == "POST" and request.url.path != LOG_IN,
    "read": lambda request: request.method == "GET",
    "log-in": lambda request: request.url.path == LOG_IN,
}


@pytest.mark.usefixtures("short_grace")
@pytest.mark.parametrize(
    ("kind", "is_signal"), [*product(HANGS, (True, False)), ("GET: 429", True), ("POST: 429", False)]
)
def test_a_signal_or_the_time_limit_ends_a_run_that_hangs(kind: str, *, is_signal: bool) -> None:
    store, source, stop = HangingMedusa(), ListSource(products(60)), Signal()
    busy = httpx.Response(429, headers={"retry-after": "3600"})
    if kind in HANGS:
        store.hangs = HANGS[kind]
    else:
        store.before = lambda request: busy if request.method == kind.partition(":")[0] else None

    async def run() -> RunResult:
        if is_signal:
            asyncio.get_running_loop().call_later(LIMIT_S, stop.interrupt)
        login: dict[str, Any] = {"email": store.email, "password": store.password}
        limit = None if is_signal else LIMIT_S
        result = await run_once(source, store, stop=stop, batch_size=5, max_duration=limit, **login)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    started = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Signal, "sleep", real_sleep)
        result = asyncio.run(run())
    assert time.monotonic() - started < LIMIT_S + SLACK_S
    status = (143, Status.INTERRUPTED) if is_signal else (5, Status.PARTIAL)
    assert (result.exit_code, result.status) == status
    assert sum(result.counts.values()) == result.seen
    store.hangs, store.before = HangingMedusa.hangs, None
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)


async def real_sleep(stop: Signal, seconds: float) -> bool:
    """Pauses are real here."""
    ended = asyncio.Event()
    stop.on_set(ended.set)
    try:
        await asyncio.wait_for(ended.wait(), seconds)
    except TimeoutError:
        return True
    return False


@pytest.mark.usefixtures("short_grace")
@pytest.mark.parametrize(("end", "exit_code"), [(Signal.interrupt, 143), (Signal.run_out, 5)])
def test_sent_products_are_unconfirmed_and_the_rest_not_attempted(
    end: Callable[[Signal], None], exit_code: int
) -> None:
    store, stop = HangingMedusa(), Signal()

    def hangs(request: httpx.Request) -> bool:
        if is_creation(request):
            end(stop)
        return is_creation(request)

    store.hangs = hangs
    result = asyncio.run(run_once(ListSource(products(60)), store, stop=stop, batch_size=5, concurrency=1))
    assert (result.exit_code, counts(result)) == (exit_code, {"unconfirmed": 5, "not_attempted": 55})
    unconfirmed = [each for each in result.not_completed if each.result is Result.UNCONFIRMED]
    assert {each.external_id for each in unconfirmed} == store.products.keys()
    assert "\nunconfirmed: 5\nnot attempted: 55\nseen: 60 of 60\n" in text(result)
    assert "failed" not in text(result)


@pytest.mark.parametrize("number", [9, 12, 16])
def test_requests_in_flight_at_an_interruption_are_finished_and_counted(number: int) -> None:
    store, source, watcher, stop = FakeMedusa(), ListSource(products(150)), Watcher(), Signal()
    store.between = lambda *_: stop.interrupt() if len(store.requests) == number else None
    result = asyncio.run(run_once(source, store, watcher=watcher, stop=stop))
    assert (result.exit_code, result.status) == (143, Status.INTERRUPTED)
    created = {outcome.external_id for outcome in watcher.outcomes if outcome.result is Result.CREATED}
    assert created == store.products.keys(), "a request in flight was cut off or not counted"
    assert sum(result.counts.values()) == result.seen
