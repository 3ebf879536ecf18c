"""Time limits and signals end a run even if the store or the network hangs."""

from __future__ import annotations

import signal
import time
from threading import Event

from tests.e2e.command import medusa_sync, running
from tests.e2e.exact import assert_completed, assert_exact, assert_in_order
from tests.e2e.fault_proxy import Exchange, FaultProxy, drip, respond_instead, withhold_response
from tests.e2e.shop import Shop
from tests.harness.dummyjson import DummyJson
from tests.tiers import deep

SIZE = 60
GRACE_S = 10
SLACK_S = 10  # for starting and ending a process on a busy machine


@deep
def test_max_duration_ends_a_run_whose_writes_hang(source: DummyJson, shop: Shop, proxy: FaultProxy) -> None:
    proxy.choose = lambda request: withhold_response if request.is_write else None
    started = time.monotonic()
    run = medusa_sync(
        *("--source", source.url, "--json", "--read-timeout", "3", "--max-duration", "6"),
        store=proxy.store(shop.store),
    )
    assert time.monotonic() - started < 6 + GRACE_S + SLACK_S
    assert_in_order(run, 5)
    assert run.document["duration_s"] < 6 + GRACE_S + 1
    assert_completed(source, shop)


@deep
def test_a_signal_ends_a_run_whose_writes_hang(source: DummyJson, shop: Shop, proxy: FaultProxy) -> None:
    arrived = Event()

    async def hang(exchange: Exchange) -> None:
        arrived.set()
        await withhold_response(exchange)

    proxy.choose = lambda request: hang if request.is_write else None
    arguments = ("--source", source.url, "--json", "--read-timeout", "30")
    with running(*arguments, store=proxy.store(shop.store)) as run:
        assert arrived.wait(60)
        sent = time.monotonic()
        run.send(signal.SIGTERM)
        ended = run.finish()
    assert time.monotonic() - sent < GRACE_S + SLACK_S
    assert_in_order(ended, 143)
    assert_completed(source, shop)


def test_a_retry_after_does_not_delay_the_end_of_a_run(
    source: DummyJson, shop: Shop, proxy: FaultProxy
) -> None:
    busy = respond_instead(429, Retry_After="3600")
    proxy.choose = lambda request: busy if request.is_write else None
    started = time.monotonic()
    run = medusa_sync(
        *("--source", source.url, "--json", "--max-duration", "4"), store=proxy.store(shop.store)
    )
    assert time.monotonic() - started < 4 + SLACK_S
    assert_in_order(run, 5)
    assert run.document["duration_s"] < 4 + GRACE_S / 2  # nothing hangs, so the grace period is not used


def test_a_response_of_one_byte_per_second_times_out(
    source: DummyJson, shop: Shop, proxy: FaultProxy
) -> None:
    proxy.faults = {1: drip}
    run = medusa_sync(
        *("--source", source.url, "--json", "--connect-timeout", "1", "--read-timeout", "2"),
        store=proxy.store(shop.store),
    )
    assert proxy.struck == {1}
    assert_in_order(run, 0)
    assert_exact(shop, source.products)
