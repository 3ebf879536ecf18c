"""Promises 1 to 5 and 7 hold under random edits on both sides, faults, kills and concurrent runs."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from medusa_sync import RunResult
from tests.flow.stage import FAULTS, SOURCE_NAME, Killed, ListSource, counts, fault_at, run_once, sync, writes
from tests.harness.catalogue import product as generated
from tests.harness.fake_medusa import FakeMedusa

TAGS = ("red", "green", "blue", "new", "old")
BATCH = 3


class Promises(RuleBasedStateMachine):
    """A source, a store, a merchant and a network that act at random."""

    def __init__(self) -> None:
        super().__init__()
        self.store = FakeMedusa()
        self.source = ListSource([], page_size=4)
        self.next_id = 1
        self.own_tags: dict[int, str] = {}
        self.dropped: set[str] = set()  # dropped by the source; the store may have it

    @initialize(count=st.integers(1, 8))
    def some_products(self, count: int) -> None:
        for _ in range(count):
            self.add_product()

    # --- the source ---

    @rule()
    def add_product(self) -> None:
        row = generated(self.next_id)
        row["tags"] = [TAGS[self.next_id % len(TAGS)]]
        row["category"] = f"shelf-{self.next_id % 2}"
        self.source.rows.append(row)
        self.next_id += 1

    @precondition(lambda self: self.source.rows)
    @rule(data=st.data(), cents=st.integers(0, 10**6))
    def source_changes_a_price(self, data: st.DataObject, cents: int) -> None:
        self._any_row(data)["price"] = cents / 100

    @precondition(lambda self: self.source.rows)
    @rule(data=st.data(), number=st.integers(0, 99))
    def source_changes_a_title(self, data: st.DataObject, number: int) -> None:
        self._any_row(data)["title"] = f"Title {number}"

    @precondition(lambda self: self.source.rows)
    @rule(data=st.data(), stock=st.integers(0, 99))
    def source_changes_a_stock(self, data: st.DataObject, stock: int) -> None:
        self._any_row(data)["stock"] = stock

    @precondition(lambda self: self.source.rows)
    @rule(data=st.data(), tags=st.lists(st.sampled_from(TAGS), unique=True, max_size=3))
    def source_changes_tags(self, data: st.DataObject, tags: list[str]) -> None:
        self._any_row(data)["tags"] = tags

    @precondition(lambda self: self.source.rows)
    @rule(data=st.data(), number=st.integers(0, 10**6))
    def source_changes_a_sku(self, data: st.DataObject, number: int) -> None:
        row = self._any_row(data)
        row["sku"] = f"SKU-{row['id']}-{number}"

    @precondition(lambda self: len(self.source.rows) > 1)
    @rule(data=st.data())
    def source_drops_a_product(self, data: st.DataObject) -> None:
        row = self._any_row(data)
        self.source.rows.remove(row)
        self.dropped.add(f"{SOURCE_NAME}:{row['id']}")

    # --- the merchant ---

    @precondition(lambda self: self.store.state.products)
    @rule(data=st.data())
    def merchant_adds_a_tag(self, data: st.DataObject) -> None:
        product_id, number = self._any_stored(data)
        value = f"own {number}"
        tags = {tag.value: tag.id for tag in self.store.state.tags.values()}
        if value not in tags:
            tags[value] = self.store.call("POST", "/admin/product-tags", {"value": value})["product_tag"][
                "id"
            ]
        tag_id = tags[value]
        kept = [{"id": each} for each in self.store.state.products[product_id].tag_ids if each != tag_id]
        self.store.call("POST", f"/admin/products/{product_id}", {"tags": [*kept, {"id": tag_id}]})
        self.own_tags[number] = value

    @precondition(lambda self: self.store.state.products)
    @rule(data=st.data())
    def merchant_adds_a_price_in_euros(self, data: st.DataObject) -> None:
        product_id, _ = self._any_stored(data)
        for variant in self.store.state.products[product_id].variants:
            prices = [
                {"id": price.id, "currency_code": price.currency_code, "amount": price.amount}
                for price in variant.prices
                if price.currency_code != "eur"
            ]
            path = f"/admin/products/{product_id}/variants/{variant.id}"
            self.store.call("POST", path, {"prices": [*prices, {"currency_code": "eur", "amount": 5}]})

    # --- runs ---

    @rule()
    def quiet_run(self) -> None:
        """A run without faults does what a dry run planned and makes the store match the source; a second one
        writes nothing.
        """
        self.store.catch_up()
        self.store.requests.clear()
        plan = sync(self.source, self.store, batch_size=BATCH, dry_run=True)
        assert not writes(self.store)
        result = sync(self.source, self.store, batch_size=BATCH)
        assert result.exit_code == 0, list(result.problems)
        assert counts(plan) == counts(result)
        self._assert_exact()
        self.store.requests.clear()
        again = sync(self.source, self.store, batch_size=BATCH)
        assert counts(again) == ({"unchanged": len(self.source.rows)} if self.source.rows else {})
        assert not writes(self.store)

    @rule(
        number=st.integers(1, 40),
        fault=st.sampled_from(sorted(FAULTS)),
        moment=st.sampled_from(["before", "between", "after"]),
        linger=st.integers(0, 5),
    )
    def run_with_a_fault(self, number: int, fault: str, moment: str, linger: int) -> None:
        self.store.linger = linger
        setattr(self.store, moment, fault_at(number, fault))
        try:
            self._assert_accounted(sync(self.source, self.store, batch_size=BATCH))
        except Killed:
            pass
        finally:
            setattr(self.store, moment, None)

    @rule()
    def two_runs_at_once(self) -> None:
        """Without a common lock, as on two machines."""

        async def both() -> tuple[RunResult, RunResult]:
            other = ListSource(self.source.rows, page_size=3)
            one = run_once(self.source, self.store, batch_size=BATCH)
            two = run_once(other, self.store, batch_size=BATCH)
            return await asyncio.gather(one, two)

        for result in asyncio.run(both()):
            self._assert_accounted(result)

    @rule()
    def store_finishes_work_whose_clients_gave_up(self) -> None:
        self.store.catch_up()

    # --- properties ---

    @invariant()
    def nothing_is_stored_twice(self) -> None:
        assert len(self.store.state.products) <= len(self.source.rows) + len(self.dropped)
        for things in (self.store.state.tags.values(), self.store.state.categories.values()):
            names = [getattr(thing, "value", None) or getattr(thing, "handle", None) for thing in things]
            assert len(names) == len(set(names))

    def _assert_accounted(self, result: RunResult) -> None:
        assert result.seen == sum(result.counts.values())
        assert result.exit_code in {0, 4, 5}

    def _assert_exact(self) -> None:
        tags = {tag.id: tag.value for tag in self.store.state.tags.values()}
        products = self.store.products
        assert products.keys() - self.dropped == {f"{SOURCE_NAME}:{row['id']}" for row in self.source.rows}
        for row in self.source.rows:
            product = products[f"{SOURCE_NAME}:{row['id']}"]
            [variant] = product.variants
            dollars = [price.amount for price in variant.prices if price.currency_code == "usd"]
            assert dollars == [row["price"]], row["id"]
            assert product.title == row["title"]
            assert self.store.level_of(row["sku"]) == row["stock"]
            held = {tags[tag_id] for tag_id in product.tag_ids}
            own = {self.own_tags[row["id"]]} if row["id"] in self.own_tags else set()
            assert held == set(row["tags"]) | own, row["id"]

    def _any_row(self, data: st.DataObject) -> dict[str, Any]:
        row: dict[str, Any] = data.draw(st.sampled_from(self.source.rows))
        return row

    def _any_stored(self, data: st.DataObject) -> tuple[str, int]:
        product = data.draw(st.sampled_from(list(self.store.state.products.values())))
        return product.id, int(str(product.external_id).rpartition(":")[2])


TestPromises = Promises.TestCase
TestPromises.settings = settings(suppress_health_check=[HealthCheck.filter_too_much])
