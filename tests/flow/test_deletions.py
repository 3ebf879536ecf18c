"""The merchant deletes a product while a run writes it: its neighbours are synced, and it comes back."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import httpx
import pytest

from tests.flow.shirts import shirts, variant
from tests.flow.stage import ListSource, counts, sync
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import sampled

Row = dict[str, Any]


def swap_values(row: Row) -> None:
    first, second, *_ = row["variants"]
    first["options"], second["options"] = second["options"], first["options"]


def rename_an_option(row: Row) -> None:
    row["options"] = ["Size", "Shade"]
    for each in row["variants"]:
        each["options"]["Shade"] = each["options"].pop("Colour")


def add_a_variant(row: Row) -> None:
    row["variants"].append(variant(row["id"], "XXL", "Blue"))


def change_all_variants(row: Row) -> None:
    for each in row["variants"]:
        each |= {"sku": f"{each['sku']}-2", "price": 5, "compareAtPrice": 9, "stock": 1}


def delete_at(store: FakeMedusa, number: int) -> list[str]:
    """Delete the first product right before a request; the list has its URL once that has happened."""
    urls: list[str] = []

    def delete(request: httpx.Request) -> None:
        if len(store.requests) == number and not urls:
            urls.append(f"{request.method} {request.url}")
            store.call("DELETE", f"/admin/products/{store.products['dummyjson:1'].id}")

    store.before = delete
    return urls


@pytest.mark.parametrize(
    "change", sampled([swap_values, rename_an_option, add_a_variant, change_all_variants], rename_an_option)
)
def test_a_product_that_is_deleted_at_any_request_fails_alone_and_comes_back(
    change: Callable[[Row], None],
) -> None:
    for number in count(1):
        store, source = FakeMedusa(), ListSource(shirts(3), sale_prices=True)
        assert sync(source, store).exit_code == 0
        store.requests.clear()
        for row in source.rows:
            change(row)
        deleted_at = delete_at(store, number)
        result = sync(source, store)
        store.before = None
        assert result.exit_code in {0, 5}, (deleted_at, result.error)
        assert {each.external_id for each in result.problems} <= {"dummyjson:1"}, deleted_at
        assert sync(source, store).exit_code == 0, deleted_at
        assert counts(sync(source, store)) == {"unchanged": 3}, deleted_at
        if not deleted_at:
            break
