"""Sale prices are in one price list of the source, each once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from msgspec import structs

from medusa_sync.core.fields import SALE
from medusa_sync.core.stored import SalePrice, StoredProduct
from medusa_sync.errors import AmbiguousWriteError, MedusaSyncError, StoreRefusedError
from medusa_sync.medusa.resources import ListedPrice, PriceLists
from medusa_sync.stop import Stop
from medusa_sync.sync.sales import Sales
from tests.unit.builders import desired_product, stored_product

pytestmark = pytest.mark.anyio


class Lists(PriceLists):
    """The price lists of a store: descriptions and prices by id.

    Attributes:
        reads: how many times the prices of a list were read.
        fails: raised by the next write, after it is carried out if `arrives`.
        created_by_others: a list that another run creates just before ours.
    """

    def __init__(self) -> None:
        self.descriptions: dict[str, str] = {}
        self.content: dict[str, dict[str, ListedPrice]] = {}
        self.reads = 0
        self.fails: MedusaSyncError | None = None
        self.arrives = False
        self.created_by_others = False
        self._last = 0

    def add(self, description: str) -> str:
        self._last += 1
        list_id = f"plist_{self._last:02}"
        self.descriptions[list_id], self.content[list_id] = description, {}
        return list_id

    async def find(self, description: str) -> list[str]:
        return sorted(key for key, value in self.descriptions.items() if value == description)

    async def create(self, title: str, description: str) -> None:  # noqa: ARG002 - the interface's
        if self.created_by_others:
            self.add(description)
        self.add(description)

    async def delete(self, list_id: str) -> None:
        del self.descriptions[list_id], self.content[list_id]

    async def prices(self, list_id: str, *, newest_first: bool = False) -> AsyncIterator[ListedPrice]:
        self.reads += 1
        prices = list(self.content[list_id].values())
        for listed in reversed(prices) if newest_first else prices:
            yield listed

    async def write(
        self,
        list_id: str,
        *,
        create: Sequence[dict[str, Any]],
        update: Sequence[dict[str, Any]],
        delete: Sequence[str],
    ) -> list[ListedPrice]:
        failure, self.fails = self.fails, None
        if failure is not None and not self.arrives:
            raise failure
        prices = self.content[list_id]
        created = []
        for body in create:
            self._last += 1
            price = SalePrice(f"price_{self._last:02}", body["amount"], body["currency_code"])
            created.append(ListedPrice(price, body["variant_id"]))
        prices |= {each.price.id: each for each in created}
        for body in update:
            known = prices[body["id"]]
            prices[body["id"]] = structs.replace(
                known, price=structs.replace(known.price, amount=body["amount"])
            )
        for price_id in delete:
            del prices[price_id]
        if failure is not None:
            raise failure
        return created

    @property
    def amounts(self) -> dict[str, list[float]]:
        """Amounts by variant."""
        found: dict[str, list[float]] = {}
        for prices in self.content.values():
            for listed in prices.values():
                found.setdefault(listed.variant_id, []).append(listed.price.amount)
        return found


async def test_the_list_is_created_when_the_first_sale_begins() -> None:
    lists = Lists()
    sales = Sales(lists, "shop")
    await sales.write({"variant_1": None}, "usd")
    assert lists.descriptions == {}
    await sales.write({"variant_1": 9, "variant_2": 8.5}, "usd")
    assert len(lists.descriptions) == 1
    assert lists.amounts == {"variant_1": [9], "variant_2": [8.5]}


async def test_a_price_is_changed_and_removed_in_place() -> None:
    lists = Lists()
    await Sales(lists, "shop").write({"variant_1": 9, "variant_2": 8}, "usd")
    [before] = [
        key for prices in lists.content.values() for key in prices if prices[key].variant_id[-1] == "1"
    ]
    again = Sales(lists, "shop")
    await again.write({"variant_1": 7, "variant_2": None}, "usd")
    assert lists.amounts == {"variant_1": [7]}
    assert [key for prices in lists.content.values() for key in prices] == [before]


async def test_lists_of_other_sources_and_of_the_merchant_are_not_touched() -> None:
    lists = Lists()
    merchant = lists.add("Summer sale")
    await Sales(lists, "one").write({"variant_1": 9}, "usd")
    await Sales(lists, "two").write({"variant_1": 8}, "usd")
    assert len(lists.descriptions) == 3
    assert lists.content[merchant] == {}


async def test_of_two_lists_that_two_runs_create_the_older_one_stays() -> None:
    lists = Lists()
    lists.created_by_others = True
    await Sales(lists, "shop").write({"variant_1": 9}, "usd")
    assert list(lists.descriptions) == ["plist_01"]
    assert lists.amounts == {"variant_1": [9]}


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_lost_response_does_not_leave_a_price_twice(*, arrives: bool) -> None:
    lists = Lists()
    sales = Sales(lists, "shop")
    lists.fails, lists.arrives = AmbiguousWriteError("lost"), arrives
    with pytest.raises(AmbiguousWriteError):
        await sales.write({"variant_1": 9}, "usd")
    await sales.write({"variant_1": 9}, "usd")
    assert lists.amounts == {"variant_1": [9]}


async def test_a_refusal_does_not_refuse_the_products_which_are_written() -> None:
    lists = Lists()
    lists.fails = StoreRefusedError("unknown variant", status=400)
    with pytest.raises(AmbiguousWriteError, match="unknown variant") as caught:
        await Sales(lists, "shop").write({"variant_1": 9}, "usd")
    assert caught.value.responded


async def test_a_price_that_two_runs_created_is_stored_once_after_the_next_change() -> None:
    lists = Lists()
    await Sales(lists, "shop").write({"variant_1": 9}, "usd")
    [list_id] = lists.content
    twin = ListedPrice(SalePrice("price_zz", 9, "usd"), "variant_1")
    lists.content[list_id]["price_zz"] = twin
    await Sales(lists, "shop").write({"variant_1": 8}, "usd")
    assert lists.amounts == {"variant_1": [8]}


@pytest.mark.parametrize("is_first", [True, False])
async def test_prices_that_two_runs_create_at_the_same_time_are_stored_once(*, is_first: bool) -> None:
    lists = Lists()
    if not is_first:
        await Sales(lists, "shop").write({"variant_0": 7}, "usd")
    one, two = Sales(lists, "shop"), Sales(lists, "shop")
    for sales in (one, two):
        await sales.write({"variant_9": None}, "usd")  # reads the list
    for sales in (one, two):
        await sales.write({"variant_1": 9, "variant_2": 8}, "usd")
    [list_id] = lists.content
    oldest = min(key for key, each in lists.content[list_id].items() if each.variant_id == "variant_1")
    for sales in (one, two):
        await sales.remove_copies(Stop())
    assert lists.amounts == {**({} if is_first else {"variant_0": [7]}), "variant_1": [9], "variant_2": [8]}
    assert oldest in lists.content[list_id]
    await two.write({"variant_1": 6}, "usd")
    assert lists.amounts["variant_1"] == [6]


async def test_without_new_prices_there_is_nothing_to_check() -> None:
    lists = Lists()
    await Sales(lists, "shop").write({"variant_1": 9}, "usd")
    sales = Sales(lists, "shop")
    await sales.write({"variant_1": 8}, "usd")
    lists.reads = 0
    await sales.remove_copies(Stop())
    assert lists.reads == 0


def on_sale(stored: StoredProduct) -> StoredProduct:
    """The product with a sale price in its record."""
    assert stored.record is not None
    [(key, entry)] = stored.record.variants.items()
    fields = {**entry.fields, SALE: 9}
    variants = {key: structs.replace(entry, fields=fields)}
    return structs.replace(stored, record=structs.replace(stored.record, variants=variants))


async def test_the_list_is_read_once_and_only_if_a_product_has_or_gets_a_sale_price() -> None:
    lists = Lists()
    await Sales(lists, "shop").write({"variant_01": 9}, "usd")
    lists.reads = 0
    sales, desired = Sales(lists, "shop"), desired_product()
    plain = stored_product(desired)
    products = {desired.external_id: desired}
    assert await sales.read(products, [plain]) == [plain]
    assert lists.reads == 0
    for _ in range(2):
        [product] = await sales.read(products, [on_sale(plain)])
        assert [price.amount for price in product.variants[0].sale_prices] == [9]
    assert lists.reads == 1
