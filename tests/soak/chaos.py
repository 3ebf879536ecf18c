"""Disturbs runs: kills the tool and the store, drops database connections, injects network faults."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx

from tests.harness.breakable import BreakableStore
from tests.harness.fault_proxy import KINDS, ONLY_OF_WRITES, Exchange, Fault, FaultProxy, WireRequest
from tests.soak.runs import Run

READ_TIMEOUT_S = 5
_AFTER_WRITES = (0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 12)  # most runs have few writes
_SLOW_TABLES = (
    *("price", "inventory_level", "product_sales_channel", "product_shipping_profile"),
    *("product_variant_inventory_item", "product_variant", "image"),
)
_HEALTHY_RESPONSES = 12  # consecutive; a lost database connection is noticed only when it is used


@dataclass
class Event:
    """An action shortly after a run has sent a number of writes."""

    name: str
    writes: int
    delay: float
    act: Callable[[], None]
    due: float | None = None

    def is_due(self, writes: int) -> bool:
        if self.due is None and writes >= self.writes:
            self.due = time.monotonic() + self.delay
        return self.due is not None and time.monotonic() >= self.due


class Chaos:
    """Plans and executes what disturbs runs, and counts how often each kind of fault happened."""

    def __init__(
        self, store: BreakableStore, proxy: FaultProxy, dice: random.Random, without: frozenset[str]
    ) -> None:
        self._store = store
        self._proxy = proxy
        self._dice = dice
        self._without = without
        self.count: Counter[str] = Counter()

    @contextmanager
    def around(self) -> Iterator[list[str]]:
        """Inject network faults and slow tables into the runs in this context; yields their names."""
        names: list[str] = []
        with ExitStack() as stack:
            if self._dice.random() < 0.4 and "slow tables" not in self._without:
                table = self._dice.choice(_SLOW_TABLES)
                stack.enter_context(self._store.slowed(table, seconds=self._dice.choice([0.005, 0.02, 0.05])))
                names.append(f"slow {table}")
            if self._dice.random() < 0.4 and "network" not in self._without:
                names += self._harm_the_network()
            try:
                yield names
            finally:
                self._proxy.faults = {}
                self._proxy.choose = lambda _request: None
                self.heal()

    def events(self, runs: Sequence[Run]) -> list[Event]:
        """Plan the kills of a round, if any."""
        found = []
        chances: dict[str, tuple[float, Callable[[], None]]] = {
            "kill of the tool": (0.3, lambda: self._dice.choice(runs).send(signal.SIGKILL)),
            "SIGTERM": (0.1, lambda: self._dice.choice(runs).send(signal.SIGTERM)),
            "kill of the store": (0.3, self._kill_store),
            "lost database connections": (0.15, self._drop_connections),
        }
        for name, (chance, act) in chances.items():
            if self._dice.random() < chance and name not in self._without:
                found.append(self.event(name, act))
        return found

    def event(self, name: str, act: Callable[[], None]) -> Event:
        dice = self._dice
        delay = dice.choice([0, dice.uniform(0, 0.3), dice.uniform(0, 3)])
        return Event(name, dice.choice(_AFTER_WRITES), delay, act)

    def heal(self) -> None:
        """Make sure that the store is up and idle."""
        if not self._store.is_up:
            self._store.start()
        while self._proxy.under_way:
            time.sleep(0.02)
        self._store.store.wait_until_idle()
        self._wait_until_healthy()

    def _harm_the_network(self) -> list[str]:
        writes = self._dice.sample(range(1, 40), self._dice.choice([1, 2, 5]))
        chosen = {number: self._dice.choice(list(KINDS)) for number in writes}
        self._proxy.faults = {number: self._counted(name, KINDS[name]) for number, name in chosen.items()}
        if self._dice.random() < 0.4:
            share, dice = self._dice.choice([0.02, 0.1]), random.Random(self._dice.random())

            def choose(request: WireRequest) -> Fault | None:
                if request.is_write or dice.random() >= share:
                    return None
                name = dice.choice([each for each in KINDS if each not in ONLY_OF_WRITES])
                return self._counted(f"{name} (read)", KINDS[name])

            self._proxy.choose = choose
        return [f"{name} at write {number}" for number, name in sorted(chosen.items())]

    def _counted(self, name: str, fault: Fault) -> Fault:
        def counted(exchange: Exchange) -> None:
            self.count[name] += 1
            fault(exchange)

        return counted

    def _kill_store(self) -> None:
        self._store.kill()
        time.sleep(self._dice.choice([0, 0, 2]))
        self._store.start()

    def _drop_connections(self) -> None:
        self._store.drop_connections()
        self._wait_until_healthy()

    def _wait_until_healthy(self) -> None:
        store, healthy = self._store.store, 0
        with httpx.Client(base_url=store.url, auth=(store.api_key, ""), timeout=60) as client:
            while healthy < _HEALTHY_RESPONSES:
                response = client.get("/admin/products?limit=1&fields=id")
                healthy = healthy + 1 if response.is_success else 0
