"""Killed, interrupted and concurrent runs on a real store."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Finished, Running, medusa_sync, running
from tests.e2e.exact import assert_completed, assert_exact, assert_in_order, assert_quiet, said_to_be_stored
from tests.e2e.fault_proxy import Exchange, Fault, FaultProxy, Hold, WireRequest, fault_proxy, until
from tests.e2e.shop import Shop
from tests.harness.catalogue import products
from tests.harness.dummyjson import DummyJson, dummyjson
from tests.tiers import sampled, times

SIZE = 500
UPDATED = 40
WRITES_PER_RUN = 4  # at most, so that the killed runs do not complete the catalogue
BATCH_SIZE = 15  # the default
BEFORE_THE_FIRST_BATCH = 3  # writes: all tags, all categories, the inventory items
AT_ONCE_S = 5  # half of the grace period

each_signal = pytest.mark.parametrize(
    ("number", "exit_code"), sampled([(signal.SIGTERM, 143), (signal.SIGINT, 130)], (signal.SIGTERM, 143))
)


def catalogue(size: int) -> list[dict[str, Any]]:
    """Some products have no SKU and no barcode, so that only the handle is unique."""
    made = products(size)
    for product in made[::5]:
        del product["sku"], product["meta"]
    return made


class Killer:
    """Faults that kill the run before, while or after the store handles its request.

    Args:
        dice: choose the moment.
    """

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._victims: list[Running] = []

    def aim_at(self, run: Running) -> None:
        self._victims.append(run)

    def moment(self) -> Fault:
        seconds = self._dice.uniform(0, 0.15)
        return self._dice.choice([self._before, self._during(seconds), self._after, self._later(seconds)])

    async def _kill(self) -> None:
        await until(lambda: bool(self._victims))
        self._victims[0].send(signal.SIGKILL)

    async def _before(self, exchange: Exchange) -> None:
        await self._kill()
        exchange.hang_up()

    def _during(self, seconds: float) -> Fault:
        async def fault(exchange: Exchange) -> None:
            commit = asyncio.create_task(exchange.forward())
            await asyncio.sleep(seconds)
            await self._kill()
            await commit

        return fault

    async def _after(self, exchange: Exchange) -> None:
        await exchange.forward()
        await self._kill()

    def _later(self, seconds: float) -> Fault:
        async def fault(exchange: Exchange) -> None:
            await exchange.respond(await exchange.forward())
            await asyncio.sleep(seconds)
            await self._kill()

        return fault


def test_the_next_run_completes_a_sync_that_was_killed_again_and_again(
    shop: Shop, proxy: FaultProxy, tmp_path: Path
) -> None:
    kills, dice = times(50, quick=6), random.Random(4)
    wanted = catalogue(SIZE)
    with dummyjson(wanted) as source:
        # The same folder for locks, so that an abandoned lock would be noticed.
        arguments = ["--source", source.url, "--batch-size", "10", "--json", "--lock-dir", str(tmp_path)]
        killed = 0
        for _ in range(kills):
            killer = Killer(dice)
            proxy.requests.clear()
            proxy.faults = {dice.randint(1, WRITES_PER_RUN): killer.moment()}
            with running(*arguments, store=proxy.store(shop.store)) as run:
                killer.aim_at(run)
                exit_code = run.finish().exit_code
            assert exit_code in {0, -signal.SIGKILL}
            if exit_code == 0:  # it has fewer writes, because killed runs have stored almost everything
                break
            killed += 1
        proxy.faults = {}
        before = len(shop.by_external_id())
        clean = medusa_sync(*arguments, store=proxy.store(shop.store))
        assert_in_order(clean, 0)
        assert killed > kills / 2
        assert before > 0
        assert_exact(shop, wanted)
        assert_quiet(medusa_sync(*arguments, store=proxy.store(shop.store)), SIZE)


def change(source: DummyJson, dice: random.Random, earlier: list[dict[str, Any]]) -> None:
    """Change a field of every product, or restore its earlier values."""
    before = source.products
    new: list[dict[str, Any]] = []
    for product, was in zip(before, earlier, strict=True):
        name = dice.choice(["price", "stock", "title", "tags", "sku", "as before"])
        value = {
            "price": dice.randrange(10**6) / 100,
            "stock": dice.randrange(100),
            "title": f"Title {product['id']} {dice.randrange(10**6)}",
            "tags": dice.sample("abcdef", 2),
            "sku": f"NEW-{product['id']}-{dice.randrange(10**6)}",
        }
        keeps_none = name == "sku" and "sku" not in product
        reverted = {key: was[key] for key in ("price", "stock", "title", "tags")}
        change = reverted if name == "as before" else {} if keeps_none else {name: value[name]}
        new.append({**product, **change})
    source.products = new
    earlier[:] = before


def test_the_next_run_completes_updates_that_were_killed_again_and_again(
    shop: Shop, proxy: FaultProxy, tmp_path: Path
) -> None:
    kills, dice = times(50, quick=6), random.Random(6)
    earlier = catalogue(UPDATED)
    with dummyjson(earlier) as source:
        arguments = ["--source", source.url, "--batch-size", "10", "--json", "--lock-dir", str(tmp_path)]
        assert medusa_sync(*arguments, store=shop.store).exit_code == 0
        killed = 0
        for _ in range(kills):
            change(source, dice, earlier)
            killer = Killer(dice)
            proxy.requests.clear()
            proxy.faults = {dice.randint(1, WRITES_PER_RUN): killer.moment()}
            with running(*arguments, store=proxy.store(shop.store)) as run:
                killer.aim_at(run)
                killed += run.finish().exit_code == -signal.SIGKILL
            shop.store.wait_until_idle()  # its writes must not overlap with the next run
        proxy.faults = {}
        clean = medusa_sync(*arguments, store=proxy.store(shop.store))
        assert_in_order(clean, 0)
        assert clean.document["counts"]["conflicts"] == 0
        assert killed > kills / 2
        assert_exact(shop, source.products, tags_may_be_unused=True)
        assert_quiet(medusa_sync(*arguments, store=proxy.store(shop.store)), UPDATED)


@pytest.fixture
def source() -> Iterator[DummyJson]:
    with dummyjson(catalogue(100)) as source:
        yield source


@each_signal
def test_after_a_signal_requests_in_flight_finish_and_the_counts_are_printed(
    number: signal.Signals, exit_code: int, source: DummyJson, shop: Shop, proxy: FaultProxy
) -> None:
    hold = Hold()
    creations: list[WireRequest] = []

    def second_creation(request: WireRequest) -> Fault | None:
        if "create-products" in request.path:
            creations.append(request)
        return hold if creations[1:] == [request] else None

    proxy.choose = second_creation
    with running("--source", source.url, "--json", store=proxy.store(shop.store)) as run:
        hold.wait_until_arrived()
        run.send(number)
        hold.release()
        ended = run.finish()

    assert_in_order(ended, exit_code)
    assert ended.document["status"] == "interrupted"
    assert 0 < ended.counts["created"] <= 3 * BATCH_SIZE  # one finished and two in flight
    stored = shop.by_external_id()
    assert stored.keys() == said_to_be_stored(ended, source.products)
    assert not any("pending" in product["metadata"]["medusa_sync"] for product in stored.values())
    assert_completed(source, shop)


@each_signal
def test_a_second_signal_ends_a_run_at_once(
    number: signal.Signals, exit_code: int, source: DummyJson, shop: Shop, proxy: FaultProxy
) -> None:
    hold = Hold()
    proxy.faults = {BEFORE_THE_FIRST_BATCH + 4: hold}
    with running("--source", source.url, "--json", store=proxy.store(shop.store)) as run:
        hold.wait_until_arrived()
        run.send(number)
        time.sleep(1)  # two signals at the same moment count as one
        assert not run.has_ended
        sent = time.monotonic()
        run.send(number)
        ended = run.finish()
        assert time.monotonic() - sent < AT_ONCE_S
        hold.release()

    assert_in_order(ended, exit_code)
    assert_completed(source, shop)


def test_two_runs_without_a_common_lock_create_no_duplicates(
    source: DummyJson, shop: Shop, tmp_path: Path
) -> None:
    met: list[Exchange] = []

    async def meet(exchange: Exchange) -> None:
        met.append(exchange)
        await until(lambda: len(met) == 2)
        await exchange.respond(await exchange.forward())

    def sync(machine: str) -> Finished:
        with fault_proxy(shop.store.url) as proxy:
            proxy.faults = {1: meet}
            arguments = ["--source", source.url, "--batch-size", "5", "--lock-dir", str(tmp_path / machine)]
            return medusa_sync(*arguments, "--json", store=proxy.store(shop.store))

    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(sync, ["one", "two"]))

    stored = shop.by_external_id()
    for run in runs:
        assert_in_order(run, 0, 4, 5)
        assert said_to_be_stored(run, source.products) <= stored.keys()
    third = medusa_sync("--source", source.url, "--json", store=shop.store)
    both_were_content = all(run.exit_code == 0 for run in runs)
    assert third.document["requests"]["store_writes"] == 0 or not both_were_content
    assert_completed(source, shop)
