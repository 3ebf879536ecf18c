"""A source, a store, and a proxy between tool and store that sees every request."""

from dataclasses import dataclass
from typing import Any

from tests.harness.command import Finished, medusa_sync
from tests.harness.dummyjson import DummyJson
from tests.harness.fault_proxy import FaultProxy
from tests.world.exact import assert_in_order, assert_stored
from tests.world.shop import OPTIONS_ARE_ENTITIES, Shop
from tests.world.stored import Stored, stored_in

REMOVE = ("--on-missing", "delete", "--max-removals", "100%")

Row = dict[str, Any]


@dataclass
class Rig:
    shop: Shop
    source: DummyJson
    proxy: FaultProxy

    def run(self, *arguments: str) -> Finished:
        self.proxy.requests.clear()
        store = self.proxy.store(self.shop.store)
        return medusa_sync("--source", self.source.url, "--json", *arguments, store=store)

    def change(self, *rows: Row) -> None:
        """Replace products of the source."""
        changed = {row["id"]: row for row in rows}
        self.source.products = [changed.get(row["id"], row) for row in self.source.products]

    def follow(self, *arguments: str, **counts: int) -> Finished:
        """Run; it has these outcomes and some unchanged ones, no problem, and another run writes nothing."""
        run = self.run(*arguments)
        assert_in_order(run, 0)
        counts["unchanged"] = len(self.source.products) - sum(counts.values()) + counts.get("removed", 0)
        assert run.counts == {name: count for name, count in counts.items() if count}, run.document
        self.is_quiet(*arguments)
        return run

    def is_quiet(self, *arguments: str) -> None:
        """A run finds everything up to date, and writes nothing on the wire."""
        run = self.run(*arguments)
        assert (run.exit_code, run.counts) == (0, {"unchanged": len(self.source.products)}), run.document
        assert self.proxy.writes == []

    def is_held(self, *, sale_prices: bool = False) -> None:
        """The store has exactly what the source has."""
        assert_stored(self.shop, self.source.products, sale_prices=sale_prices)
        if OPTIONS_ARE_ENTITIES:
            page = self.shop.get("/admin/products", fields="options.is_exclusive", limit=1_000)
            assert all(option["is_exclusive"] for each in page["products"] for option in each["options"])

    def stored(self, number: int) -> Stored:
        return stored_in(self.shop)[f"dummyjson:{number}"]

    def variant_ids(self, *numbers: int) -> dict[str, str]:
        """The ids of the variants of shirts, by SKU."""
        stored = stored_in(self.shop)
        variants = [each for number in numbers for each in stored[f"dummyjson:{number}"].variants.values()]
        return {each.owned["sku"]: each.id for each in variants}

    def identities(self) -> dict[str, Any]:
        """The ids of the prices, items and levels of every variant, by its id: a change must keep them."""
        return {
            key: ids
            for each in stored_in(self.shop).values()
            for key, ids in each.identity["variants"].items()
        }
