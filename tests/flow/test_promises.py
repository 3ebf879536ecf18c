"""Promises 1 to 5 and 7 hold under random edits on both sides, faults, kills and concurrent runs."""

import asyncio
import random
from typing import Any, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from medusa_sync import RunResult
from tests.flow.faults import ERRORS, Killed, error_at
from tests.flow.stage import ListSource, constant, counts, run_once, sync, writes
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.medusa import Store
from tests.world.expected import Rules
from tests.world.merchant import make_merchant
from tests.world.oracle import Oracle
from tests.world.shop import Shop
from tests.world.source import Source
from tests.world.stored import stored_in
from tests.world.wanted import Product, Wanted, wanted_of

NUMBERS = (1, 2, 3, 4, 7, 10, 15, 24)
"""Of products: without variants, with one or two options, at times without, without SKUs or ids."""
BATCH = 2
RUNS = 3  # until everything is done; variants of different batches may wait for the SKUs of one another
DICE = st.randoms(use_true_random=False)


class Rows:
    """The rows that the source delivers."""

    url = "memory"

    def __init__(self) -> None:
        self.products: list[Product] = []


class Promises(RuleBasedStateMachine):
    """The source, the merchant and the oracle of the soak test, with a store in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.store = FakeMedusa()
        self.shop = Shop(cast("Store", self.store), transport=self.store)
        self.rows = Rows()
        self.source = Source(self.rows, random.Random(0), frozenset())
        self.oracle = Oracle(self.shop.store)
        without = frozenset({"delete_product", "stop_managing_and_delete"})
        self.merchant = make_merchant(self.shop, self.oracle, random.Random(0), without)
        self.chosen = Rules(store_wins=False, on_missing="keep")
        self.used: set[bool] = set()  # whether there were sale prices since the store was settled

    @initialize(
        numbers=st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3, unique=True),
        dice=DICE,
        bulk=st.booleans(),
    )
    def some_products(self, numbers: list[int], dice: random.Random, *, bulk: bool) -> None:
        self.store.offers_bulk = bulk
        self.source.dice = dice
        self.source.add_numbers(numbers)
        self.settle()

    # --- source and merchant ---

    @rule(count=st.integers(1, 4), dice=DICE)
    def source_changes_variants(self, count: int, dice: random.Random) -> None:
        self.source.dice = dice
        for _ in range(count):
            self.source.change_variants()
        self.source.publish()

    @rule(dice=DICE)
    def source_changes_products(self, dice: random.Random) -> None:
        self.source.dice = dice
        self.source.change(2)

    @rule(dice=DICE)
    def source_hands_on_skus(self, dice: random.Random) -> None:
        self.source.dice = dice
        self.source.hand_on_skus()
        self.source.publish()

    @rule(dice=DICE)
    def merchant_edits(self, dice: random.Random) -> None:
        self.store.catch_up()
        self.merchant.dice = dice
        done = self.merchant.edit(self._wanted())
        assert not self.merchant.unclear, done

    @rule(
        store_wins=st.booleans(),
        on_missing=st.sampled_from(["keep", "draft", "delete"]),
        sale_prices=st.booleans(),
    )
    def settings_change(self, on_missing: str, *, store_wins: bool, sale_prices: bool) -> None:
        self.chosen = Rules(store_wins, on_missing, sale_prices)

    # --- runs ---

    @rule()
    def settle(self) -> None:
        """Runs without faults make the store match source and merchant; then a run writes nothing."""
        self.store.catch_up()
        wanted = self._wanted()
        for _ in range(RUNS):
            plan = self._sync(dry_run=True)
            result = self._sync()
            self._check(result, wanted)
            if result.exit_code == 0:
                break
        assert result.exit_code == 0, list(result.problems)
        assert counts(plan) == counts(result), (list(plan.changes), list(result.changes))
        self.store.requests.clear()
        again = self._sync()
        assert (counts(again), again.conflicts) == ({"unchanged": len(wanted)}, 0)
        assert not writes(self.store)
        self.oracle.has_run(wanted, self.chosen)
        stored = stored_in(self.shop)
        deviations = self.oracle.deviations(stored, wanted)
        assert deviations == [], "\n".join(deviations)
        self.oracle.learn(stored)
        self.used = {self.chosen.sale_prices}
        self.merchant.forget()
        self.source.settle()

    @rule(
        number=st.integers(1, 40),
        fault=st.sampled_from(sorted(ERRORS)),
        moment=st.sampled_from(["before", "between", "after"]),
        crash=st.booleans(),
    )
    def run_with_a_fault(self, number: int, fault: str, moment: str, *, crash: bool) -> None:
        """The store finishes what it has accepted, or it crashes before."""
        self.store.linger = 1_000 if crash else 0
        setattr(self.store, moment, error_at(number, fault))
        wanted = self._wanted()
        try:
            self._check(self._sync(), wanted)
        except Killed:
            pass
        finally:
            setattr(self.store, moment, None)
            if crash:
                self.store.crash()
            self.store.catch_up()  # the next run waits for it
            self.store.linger = 0
        self.oracle.may_have_run(wanted, self.chosen)

    @rule()
    def two_runs_at_once(self) -> None:
        """Without a common lock, as on two machines."""
        wanted = self._wanted()

        async def both() -> tuple[RunResult, RunResult]:
            one = run_once(self._source(), self.store, **self._options())
            two = run_once(self._source(page_size=1), self.store, **self._options())
            return await asyncio.gather(one, two)

        with constant("SETTLE_S", 10):  # one waits for what the other has begun
            results = asyncio.run(both())
        for result in results:
            self._check(result, wanted)
        self.oracle.may_have_run(wanted, self.chosen)

    # --- properties ---

    def _check(self, result: RunResult, wanted: dict[str, Wanted]) -> None:
        """Every product has one outcome, and the merchant has caused each conflict."""
        assert result.seen == sum(result.counts.values())
        assert result.exit_code in {0, 4, 5}
        for outcome in result.changes:
            for each in outcome.conflicts:
                key = outcome.external_id or ""
                assert self.oracle.explains(key, each.variant, each.field, wanted[key]), (key, each)

    def _wanted(self) -> dict[str, Wanted]:
        sales, products = self.chosen.sale_prices, self.source.products
        return {f"dummyjson:{key}": wanted_of(each, sale_prices=sales) for key, each in products.items()}

    def _options(self) -> dict[str, Any]:
        self.used.add(self.chosen.sale_prices)
        return {
            "accept_settings": len(self.used) > 1,
            "batch_size": BATCH,
            "on_conflict": "store" if self.chosen.store_wins else "source",
            "on_missing": self.chosen.on_missing,
            "max_removals": "100%",
        }

    def _source(self, page_size: int = 30) -> ListSource:
        return ListSource(self.rows.products, page_size, sale_prices=self.chosen.sale_prices)

    def _sync(self, *, dry_run: bool = False) -> RunResult:
        return sync(self._source(), self.store, dry_run=dry_run, **self._options())


TestPromises = Promises.TestCase
TestPromises.settings = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
