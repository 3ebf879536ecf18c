"""Killed and concurrent runs on a real store."""

import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.goods import good, goods
from tests.harness.command import Finished, Running, medusa_sync, running
from tests.harness.dummyjson import dummyjson
from tests.harness.fault_proxy import Exchange, Fault, FaultProxy, fault_proxy, until
from tests.tiers import sampled, times
from tests.world.exact import assert_completed, assert_exact, assert_in_order, assert_quiet, said_to_be_stored
from tests.world.shop import Shop

MOMENTS = ("before", "during", "after", "after the response")


def killing(moment: str, delay: float, victims: list[Running]) -> Fault:
    """A fault that kills the run at a moment of the store's work on its request."""

    def fault(exchange: Exchange) -> None:
        with ThreadPoolExecutor() as pool:
            work = None if moment == "before" else pool.submit(exchange.forward)
            if work and moment != "during":
                response = work.result()
                if moment == "after the response":
                    exchange.respond(response)
            time.sleep(delay)
            until(lambda: bool(victims))
            victims[0].send(signal.SIGKILL)

    return fault


def is_killed(proxy: FaultProxy, shop: Shop, dice: random.Random, writes: int, *arguments: str) -> bool:
    """Start a run that is killed at one of its first writes; return whether it was, or had fewer of them."""
    victims: list[Running] = []
    proxy.requests.clear()
    proxy.faults = {dice.randint(1, writes): killing(dice.choice(MOMENTS), dice.uniform(0, 0.15), victims)}
    with running(*arguments, store=proxy.store(shop.store)) as run:
        victims.append(run)
        exit_code = run.finish().exit_code
    proxy.faults = {}
    assert exit_code in {0, -signal.SIGKILL}
    return exit_code != 0


@pytest.mark.parametrize("written", sampled(["creations", "updates"], "creations"))
def test_the_next_run_completes_what_was_killed_again_and_again(
    written: str, shop: Shop, proxy: FaultProxy, tmp_path: Path
) -> None:
    is_stored = written == "updates"
    kills, dice, killed = times(50, quick=3), random.Random(4), 0
    first = goods(40 if is_stored else times(500, quick=30), times(8, quick=3))
    with dummyjson(first) as source:
        # The same folder for locks, so that an abandoned lock would be noticed.
        arguments = ("--source", source.url, "--json", "--sale-prices", "--lock-dir", str(tmp_path))
        if is_stored:
            assert medusa_sync(*arguments, store=shop.store).exit_code == 0
        for turn in range(kills):
            if is_stored:
                source.products = [good(row["id"], max(turn % 20 + dice.randint(-1, 1), 0)) for row in first]
            killed += is_killed(proxy, shop, dice, 8 if is_stored else 4, *arguments, "--batch-size", "10")
            shop.store.wait_until_idle()  # its writes must not overlap with the next run
        clean = medusa_sync(*arguments, store=shop.store)
        assert_in_order(clean, 0)
        assert clean.document["counts"]["conflicts"] == 0, clean.document["changes"]
        assert killed > kills / 2
        assert_exact(shop, source.products, sale_prices=True, may_be_unused=["product_tag"])
        assert_quiet(medusa_sync(*arguments, store=shop.store), len(first))


def test_two_runs_without_a_common_lock_create_no_duplicates(shop: Shop, tmp_path: Path) -> None:
    met: list[Exchange] = []

    def meet(exchange: Exchange) -> None:
        met.append(exchange)
        until(lambda: len(met) == 2)
        exchange.respond(exchange.forward())

    with dummyjson(goods(20, 0)) as source:

        def sync(machine: str) -> Finished:
            with fault_proxy(shop.store.url) as proxy:
                proxy.faults = {1: meet}
                flags = ["--source", source.url, "--batch-size", "5", "--lock-dir", str(tmp_path / machine)]
                return medusa_sync(*flags, "--json", store=proxy.store(shop.store))

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
