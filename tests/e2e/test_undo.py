"""Undoing a run of everything that the source of the soak test changes restores a real store."""

import random
from pathlib import Path
from typing import Any

import pytest

from tests.harness.command import Finished, medusa_sync
from tests.harness.dummyjson import dummyjson
from tests.tiers import deep
from tests.world.merchant import make_merchant
from tests.world.oracle import Oracle
from tests.world.shop import Shop
from tests.world.source import Source
from tests.world.stored import stored_in
from tests.world.variants import shares_stock


def shown(shop: Shop) -> dict[str, Any]:
    """What an undo restores of all products but those whose variants share their stock."""
    return {
        key: each.restorable
        for key, each in stored_in(shop).items()
        if not shares_stock(int(key.rpartition(":")[2]))
    }


@deep  # flow tests prove undo; the commands of its page are a quick example
@pytest.mark.parametrize("seed", range(1, 6))
def test_an_undo_restores_a_real_store(seed: int, shop: Shop, tmp_path: Path) -> None:
    dice, options = random.Random(seed), ("--sale-prices", "--on-missing", "draft", "--max-removals", "100%")
    make_merchant(shop, Oracle(shop.store), dice)  # with what the source names

    def run(*arguments: str, exit_code: int = 0) -> Finished:
        finished = medusa_sync(*arguments, "--json", store=shop.store)
        assert finished.exit_code == exit_code, finished.stdout + finished.stderr
        return finished

    with dummyjson([]) as server:
        source = Source(server, dice)
        source.add_numbers(range(1, 17))
        run("--source", server.url, *options)
        before = shown(shop)
        source.change(40)
        source.add_numbers([17, 18])
        run("--source", server.url, "--report", str(tmp_path / "run.json"), *options)
        after = shown(shop)
        undo = "--undo", str(tmp_path / "run.json"), "--on-missing", "delete", "--max-removals", "100%"
        plan = run(*undo, "--dry-run")
        done = run(*undo, "--report", str(tmp_path / "undo.json"))
        assert done.counts == plan.counts
        assert done.counts["removed"] == 2
        assert shown(shop) == before
        assert run(*undo).document["requests"]["store_writes"] == 0
        # With --on-missing, it would draft those again that the source still lacks.
        ordinary = "--source", server.url, "--no-create", "--sale-prices"
        run(*ordinary)  # it creates the variants that the undo deleted
        quiet = run(*ordinary)
        assert quiet.document["requests"]["store_writes"] == 0
        again = "--undo", str(tmp_path / "undo.json"), "--max-removals", "100%"
        run(*again)
    variants = {key: {*each["variants"]} for key, each in before.items()}
    redone = shown(shop)
    kept = {key for key, own in variants.items() if own == {*after[key]["variants"]}}
    assert {key: redone[key] for key in kept} == {key: after[key] for key in kept}
