"""Products that want the same SKUs and barcodes: promises 1, 2, 4 and 7 under faults, kills and edits."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from medusa_sync import Result, RunResult
from tests.flow.faults import ERRORS, Killed, error_at
from tests.flow.merchant import edit_variant
from tests.flow.stage import SOURCE_NAME, ListSource, Watcher, run_once, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import ApiError, FakeMedusa
from tests.harness.fake_medusa.state import Product

REMOVED = Result.REMOVED
SIZE = 6
ROWS = products(SIZE)
SKUS = ["A", "B", "C", "D"]
CODES = ["1", "2", "3"]
RUNS = 2
"""Until everything is done: the first one stores everything, and the second one writes nothing."""


class Machine(httpx.AsyncBaseTransport):
    """A machine that a run is on; once the run is killed, it sends nothing more."""

    def __init__(self, store: FakeMedusa) -> None:
        self.url, self.api_key = store.url, store.api_key
        self._store = store
        self._is_dead = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._is_dead:
            raise Killed
        try:
            return await self._store.handle_async_request(request)
        except Killed:
            self._is_dead = True
            raise


class UniquePromises(RuleBasedStateMachine):
    """A source whose products want values from a small pool, so that nearly all of them are shared."""

    def __init__(self) -> None:
        super().__init__()
        self.store = FakeMedusa()
        self.rows: dict[int, dict[str, Any]] = {}
        self.edited: set[str] = set()  # products whose SKU the merchant has changed
        self.batch_size = 2

    @initialize(bulk=st.booleans(), batch_size=st.sampled_from([1, 2, 15]), number=st.integers(2, SIZE))
    def start(self, *, bulk: bool, batch_size: int, number: int) -> None:
        self.store.offers_bulk = bulk  # refused with 403 otherwise
        self.batch_size = batch_size
        for place in range(number):
            self._want(place, SKUS[place % len(SKUS)], CODES[place % len(CODES)])

    # --- the source ---

    @rule(place=st.integers(0, SIZE - 1), sku=st.sampled_from([*SKUS, None]), code=st.sampled_from(CODES))
    def source_wants_other_values(self, place: int, sku: str | None, code: str) -> None:
        self._want(place, sku, code)

    @precondition(lambda self: len(self.rows) > 1)
    @rule(data=st.data())
    def source_swaps_skus(self, data: st.DataObject) -> None:
        one, other = data.draw(
            st.lists(st.sampled_from(sorted(self.rows)), min_size=2, max_size=2, unique=True)
        )
        skus = self.rows[one].get("sku"), self.rows[other].get("sku")
        self._want(one, skus[1], self.rows[one]["meta"]["barcode"])
        self._want(other, skus[0], self.rows[other]["meta"]["barcode"])

    @precondition(lambda self: len(self.rows) > 1)
    @rule(data=st.data())
    def source_drops_a_product(self, data: st.DataObject) -> None:
        """The first one stays, which shows that it is the right source."""
        del self.rows[data.draw(st.sampled_from(sorted(self.rows)[1:]))]

    def _want(self, place: int, sku: str | None, code: str) -> None:
        row = {name: value for name, value in ROWS[place].items() if name != "sku"}
        self.rows[place] = row | {"meta": {"barcode": code}} | ({"sku": sku} if sku else {})

    # --- the merchant ---

    @precondition(lambda self: self.store.state.products)
    @rule(data=st.data(), sku=st.sampled_from([*SKUS, "MERCHANT", None]))
    def merchant_changes_a_sku(self, data: st.DataObject, sku: str | None) -> None:
        self._edit(data.draw(st.sampled_from(sorted(self.store.products))), sku)

    def _edit(self, own: str, sku: str | None) -> None:
        product = self.store.products.get(own)
        if product is None or not product.variants:
            return
        with suppress(ApiError):  # another variant has it
            edit_variant(self.store, product, sku=sku)
            self.edited.add(own)

    # --- runs ---

    @rule()
    def settle(self) -> None:
        """Runs without faults store everything; then a run writes nothing."""
        self.store.catch_up()
        for _ in range(RUNS):
            self.store.requests.clear()
            result = self._sync()
            assert result.exit_code == 0, list(result.problems)
        assert writes(self.store) == []
        self._assert_exact(result)
        plan = self._sync(dry_run=True)
        assert (plan.withheld, list(plan.changes)) == (result.withheld, [])

    @rule(
        number=st.integers(1, 40),
        fault=st.sampled_from(sorted(ERRORS)),
        moment=st.sampled_from(["before", "between", "after"]),
        linger=st.sampled_from([0, 3, 1_000]),
        crash=st.booleans(),
    )
    def run_with_a_fault(self, number: int, fault: str, moment: str, linger: int, *, crash: bool) -> None:
        self.store.linger = linger
        setattr(self.store, moment, error_at(number, fault))
        self._hurt(self._sync)
        setattr(self.store, moment, None)
        if crash:
            self.store.crash()

    @rule(number=st.integers(1, 60), moment=st.sampled_from(["before", "between", "after"]))
    def two_runs_of_which_one_is_killed(self, number: int, moment: str) -> None:
        """Without a common lock, as on two machines; the store finishes what it has accepted."""
        setattr(self.store, moment, error_at(number, "killed"))

        async def both() -> None:
            machines = (Machine(self.store), Machine(self.store))
            runs = (self._run(page_size, on=each) for page_size, each in zip((30, 3), machines, strict=True))
            for result in await asyncio.gather(*runs, return_exceptions=True):
                assert isinstance(result, RunResult | Killed), result

        asyncio.run(both())
        setattr(self.store, moment, None)
        self.store.catch_up()

    @precondition(lambda self: self.store.state.products)
    @rule(data=st.data(), number=st.integers(1, 40), sku=st.sampled_from([*SKUS, "MERCHANT", None]))
    def run_while_the_merchant_edits(self, data: st.DataObject, number: int, sku: str | None) -> None:
        own = data.draw(st.sampled_from(sorted(self.store.products)))
        seen = 0

        def edit(_request: httpx.Request, _response: httpx.Response) -> None:
            nonlocal seen
            seen += 1
            if seen == number:
                self._edit(own, sku)

        self.store.after = edit
        self._hurt(self._sync)
        self.store.after = None

    def _hurt(self, run: Callable[[], RunResult]) -> None:
        with suppress(Killed):
            assert run().exit_code in {0, 4, 5}

    def _sync(self, **options: Any) -> RunResult:
        return asyncio.run(self._run(on=Machine(self.store), **options))

    async def _run(self, page_size: int = 30, *, on: Machine, **options: Any) -> RunResult:
        """A run after which every row has exactly one outcome."""
        watcher, rows = Watcher(), list(self.rows.values())
        options |= {"on_missing": "delete", "max_removals": "100%"}
        result = await run_once(
            ListSource(rows, page_size),
            cast("FakeMedusa", on),
            watcher=watcher,
            batch_size=self.batch_size,
            **options,
        )
        assert result.seen == sum(result.counts.values()) - result.counts.get(REMOVED, 0)
        outcomes = Counter(each.external_id for each in watcher.outcomes if each.result is not REMOVED)
        assert all(count == 1 for count in outcomes.values()), outcomes
        return result

    # --- properties ---

    @invariant()
    def each_product_and_each_value_is_stored_once(self) -> None:
        assert len(self.store.products) == len(self.store.state.products)
        for name in ("sku", "barcode"):
            values = [getattr(each, name) for each in self.store.state.variants().values()]
            found = Counter(value for value in values if value)
            assert all(count == 1 for count in found.values()), found

    def _assert_exact(self, result: RunResult) -> None:
        stored = self.store.products
        rows = {f"{SOURCE_NAME}:{row['id']}": row for row in self.rows.values()}
        assert stored.keys() == rows.keys()
        lacking = 0
        for own, row in rows.items():
            [variant] = stored[own].variants
            assert self._stock(stored[own]) == row["stock"]
            for name, wanted in (("sku", row.get("sku")), ("barcode", row["meta"]["barcode"])):
                if getattr(variant, name) == wanted:
                    continue
                owners = [key for key, each in stored.items() if getattr(each.variants[0], name) == wanted]
                lacking += 1
                if not (wanted and owners):
                    # An edit stays, and a value that it frees arrives with the next run that writes.
                    assert (name, bool(self.edited)) == ("sku", True), (own, name, wanted)
        assert result.withheld <= lacking if self.edited else result.withheld == lacking

    def _stock(self, product: Product) -> float | None:
        [item_id] = product.variants[0].item_ids
        [level] = self.store.state.items[item_id].levels
        return level.stocked_quantity


TestUniquePromises = UniquePromises.TestCase
TestUniquePromises.settings = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
