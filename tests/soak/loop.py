"""Rounds of changes and faults, followed by undisturbed runs and a comparison of everything."""

import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.breakable import BreakableStore
from tests.harness.fault_proxy import FaultProxy
from tests.soak.chaos import READ_TIMEOUT_S, Chaos, Event
from tests.soak.runs import Run, start
from tests.world.exact import assert_quiet, doubled
from tests.world.expected import Rules
from tests.world.merchant import Merchant, ids_in, make_merchant
from tests.world.oracle import Oracle
from tests.world.shop import Shop
from tests.world.source import Source
from tests.world.stored import Stored, stored_in
from tests.world.wanted import Wanted, wanted_of

FIRST_PRODUCTS = 40
ENOUGH_PRODUCTS = 100
SETTLING_RUNS = 3
_KEPT_ROUNDS = 12  # rounds whose logs are kept

PARTS = [
    *("faults", "network", "slow tables", "two machines", "handed on SKUs", "sku"),
    *("variants", "sale prices"),
    *("kill of the tool", "SIGTERM", "kill of the store", "lost database connections", "edits in runs"),
]


@dataclass
class Summary:
    rounds: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    comparisons: int = 0
    products: int = 0

    def __str__(self) -> str:
        codes = ", ".join(f"{count} with {code}" for code, count in sorted(self.runs.items()))
        return (
            f"{self.rounds} rounds, {self.runs.total()} runs ({codes}), "
            f"{self.products} products compared in {self.comparisons} comparisons"
        )


class Soak:
    """A source, a store, a merchant and runs, with the states that are possible.

    It is `without` some of `PARTS` and of the `KINDS` of edits.
    """

    def __init__(
        self,
        store: BreakableStore,
        shop: Shop,
        proxy: FaultProxy,
        source: Source,
        folder: Path,
        seed: int,
        without: frozenset[str],
    ) -> None:
        self._store = store
        self._proxy = proxy
        self._source = source
        self._folder = folder
        self._without = without
        self._dice = random.Random(seed)
        self._shop = shop
        self._oracle = Oracle(store.store)
        self._merchant: Merchant = make_merchant(self._shop, self._oracle, self._dice, without)
        self._chaos = Chaos(store, proxy, self._dice, without)
        self._conflicts: dict[tuple[str, str, str], str] = {}  # that no edit explains, with the log
        self._rules = Rules(store_wins=False, on_missing="keep")
        self._has_switched = False
        self._arguments: list[str] = []
        self._with_key = False
        self.summary = Summary()

    @property
    def faults_met(self) -> Counter[str]:
        return self._chaos.count

    @property
    def edits(self) -> int:
        return self._merchant.edits

    def run(self, seconds: float) -> None:
        """Run rounds until the time is over, or until the store or a run differs from what is possible."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.turn()

    def turn(self) -> None:
        """Run a few rounds with the same options, then until everything is settled, and compare."""
        self._choose_rules()
        for _ in range(self._dice.randint(1, 4)):
            self._round()
        self._settle()

    def _choose_rules(self) -> None:
        dice = self._dice
        sale_prices = self._rules.sale_prices
        self._has_switched = dice.random() < 0.2 and "sale prices" not in self._without
        if self._has_switched:
            sale_prices = not sale_prices
        self._rules = Rules(dice.random() < 0.5, dice.choice(["keep", "draft", "delete"]), sale_prices)
        self._with_key = dice.random() < 0.3  # the store checks a key much more slowly than a token
        self._arguments = [
            *("--source", self._source.url, "--max-removals", "100%"),
            *("--max-retries", dice.choice(["0", "2", "2"])),
            *("--batch-size", dice.choice(["5", "15", "50", "100"])),
            *("--concurrency", dice.choice("124")),
            *("--on-missing", self._rules.on_missing),
            *("--on-conflict", "store" if self._rules.store_wins else "source"),
            *(["--sale-prices"] if sale_prices else []),
            *(["--accept-settings"] if self._has_switched else []),
        ]

    # --- a round --------------------------------------------------------------------------------------

    def _round(self) -> None:
        self.summary.rounds += 1
        name = f"round-{self.summary.rounds:04d}"
        self._change_source()
        wanted = self._wanted()
        for _ in range(self._dice.choice([0, 2, 6])):
            self._edit(wanted, in_run=False)
        self._proxy.requests.clear()
        self._proxy.spans.clear()
        if "faults" in self._without:
            self._calm_run(name)
            self._oracle.may_have_run(wanted, self._rules)
            return
        with self._chaos.around() as around:
            machines = self._dice.choice([1, 1, 1, 1 if "two machines" in self._without else 2])
            hasty = ("--read-timeout", str(READ_TIMEOUT_S))
            runs = [self._start(f"{name}-{machine}", machine, *hasty) for machine in range(machines)]
            events = self._chaos.events(runs)
            for _ in range(0 if "edits in runs" in self._without else self._dice.choice([0, 0, 3, 8])):
                events.append(self._chaos.event("edit", lambda: self._edit(wanted, in_run=True)))
            self._note(f"{name}: {machines} machines, {around}, {[event.name for event in events]}")
            self._watch(runs, events)
        self._take_in(runs, wanted)
        if machines > 1 and any(run.exit_code == -signal.SIGKILL for run in runs):
            self._oracle.may_clear_items = True
        self._oracle.may_have_run(wanted, self._rules)
        writes = [
            (ids_in(f"{span.request.path} {span.request.body.decode()}"), span.begin, span.end)
            for span in self._proxy.spans
            if span.request.is_write
        ]
        self._merchant.accept_lost_edits(writes)
        self._remove_old_logs()

    def _change_source(self) -> None:
        dice = self._dice
        if len(self._source.products) < FIRST_PRODUCTS:
            self._source.add(FIRST_PRODUCTS)
        elif dice.random() < 0.3 and len(self._source.products) < ENOUGH_PRODUCTS:
            self._source.add(dice.choice([1, 5, 20]))
        match dice.randrange(8):
            case 0:
                pass
            case 1 | 2:
                self._source.change_everywhere()
            case 3:
                self._source.revert_everywhere()
            case _:
                self._source.change(dice.choice([3, 10, 30]))

    def _wanted(self) -> dict[str, Wanted]:
        sales, products = self._rules.sale_prices, self._source.products
        return {f"dummyjson:{key}": wanted_of(each, sale_prices=sales) for key, each in products.items()}

    def _edit(self, wanted: dict[str, Wanted], *, in_run: bool) -> None:
        during = [(wanted, self._rules)] if in_run else []
        if self._store.is_up and (done := self._merchant.edit(wanted, during)):
            self._note(f"  merchant: {done}")

    def _start(self, name: str, machine: int, *more: str) -> Run:
        arguments = [*self._arguments, "--lock-dir", str(self._folder / f"machine-{machine}"), *more]
        store = self._proxy.store(self._store.store)
        return start(arguments, store, self._folder / f"{name}.json", with_key=self._with_key)

    def _watch(self, runs: Sequence[Run], events: Sequence[Event]) -> None:
        waiting = list(events)
        with ExitStack() as stack:
            for run in runs:
                stack.callback(run.send, signal.SIGKILL)
            self._let_happen(runs, waiting)

    def _let_happen(self, runs: Sequence[Run], waiting: list[Event]) -> None:
        while not all(run.has_ended for run in runs):
            for event in [event for event in waiting if event.is_due(len(self._proxy.writes))]:
                waiting.remove(event)
                if event.name != "edit":
                    self._chaos.count[event.name] += 1
                    self._note(f"  {event.name} at write {len(self._proxy.writes)}")
                event.act()
            late = [run.log.name for run in runs if run.is_late]
            assert late == [], f"runs that did not end: {late}"
            time.sleep(0.01)

    def _take_in(self, runs: Sequence[Run], wanted: dict[str, Wanted]) -> None:
        for run in runs:
            self.summary.runs[str(run.exit_code)] += 1
            self._note(f"  {run}")
            assert run.flaws() == [], f"{run.log.name}: {run.flaws()}"
            for key, variant, name in run.conflicts(alone=len(runs) == 1):
                if not self._oracle.explains(key, variant, name, wanted[key]):
                    self._conflicts[key, variant, name] = run.log.name

    # --- the comparison -------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Run undisturbed until a run exits 0, check that the next writes nothing, and compare everything."""
        wanted = self._wanted()
        self._merchant.delete_what_is_unclear()
        for number in range(1, SETTLING_RUNS + 1):
            run = self._calm_run(f"round-{self.summary.rounds:04d}-settle-{number}")
            if run.exit_code == 0:
                break
        problems = (run.document or {}).get("problems", [])[:5]
        assert run.exit_code == 0, f"{SETTLING_RUNS} undisturbed runs did not exit 0:\n{problems}"
        quiet = self._calm_run(f"round-{self.summary.rounds:04d}-quiet")
        self._oracle.has_run(wanted, self._rules)
        stored = stored_in(self._shop)
        self._compare(stored, wanted, run)
        assert_quiet(quiet.result, len(wanted))
        self._oracle.learn(stored)
        self._merchant.forget()
        self._source.settle()
        self._conflicts.clear()
        self.summary.comparisons += 1
        self.summary.products += len(stored)

    def _calm_run(self, name: str) -> Run:
        run = self._start(name, 0)
        self._watch([run], [])
        self._take_in([run], self._wanted())
        return run

    def _compare(self, stored: dict[str, Stored], wanted: dict[str, Wanted], run: Run) -> None:
        found = self._oracle.deviations(stored, wanted)
        found += [
            f"{key} {variant}: {log} reports a conflict about {name}, but nobody edited it"
            for (key, variant, name), log in self._conflicts.items()
        ]
        found += doubled(self._store.store.database_url)
        shown = "\n".join(found[:20])
        assert found == [], f"{len(found)} deviations after {run.log.name}:\n{shown}"

    # --- logs -----------------------------------------------------------------------------------------

    def _note(self, line: str) -> None:
        with (self._folder / "soak.log").open("a") as log:
            print(time.strftime("%H:%M:%S"), line, file=log)

    def _remove_old_logs(self) -> None:
        for path in self._folder.glob(f"round-{self.summary.rounds - _KEPT_ROUNDS:04d}-*"):
            path.unlink()


def clear(folder: Path) -> None:
    """An empty folder for the logs."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
