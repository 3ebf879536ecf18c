"""Stores that earlier versions wrote, as `tests/harness/recorded.py` keeps them.

`462175e` had no version in its records and no variants. `9607bfb` had version 3; in `9607bfb-interrupted`,
the store was killed while it updated two products.
"""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from pytest_httpx import HTTPXMock

from medusa_sync import RunResult, Secret, Settings, sync_products
from tests.flow.stage import counts, writes
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Product
from tests.harness.recorded import STORES, content, store_with

COMPLETE = ["462175e", "9607bfb"]
Rows = list[dict[str, Any]]


class Shop:
    """A store of an earlier version with its source."""

    def __init__(self, name: str, folder: Path) -> None:
        recorded = json.loads((STORES / f"{name}.json").read_text(encoding="utf-8"))
        self.store: FakeMedusa = store_with(recorded["store"])
        self.rows: Rows = recorded["source"]
        self._options = recorded["options"]
        self._folder = folder

    def sync(self, **options: Any) -> RunResult:
        """Run with the settings that the earlier version had."""
        self.store.requests.clear()
        source = self._folder / "source.json"
        source.write_text(json.dumps({"products": self.rows}), encoding="utf-8")
        return sync_products(
            Settings(
                source=str(source),
                source_name="shop",
                medusa_url=self.store.url,
                api_key=Secret(self.store.api_key),
                lock_dir=str(self._folder),
                **{**self._options, **options},
            )
        )


@pytest.fixture
def shop(tmp_path: Path, httpx_mock: HTTPXMock) -> Callable[[str], Shop]:
    def opened(name: str) -> Shop:
        found = Shop(name, tmp_path)
        url = re.compile(f"^{re.escape(found.store.url)}/")
        httpx_mock.add_callback(found.store.handle, url=url, is_reusable=True)
        return found

    return opened


def price_of(product: Product, sku: str) -> float:
    [variant] = [each for each in product.variants if each.sku == sku]
    [price] = [each.amount for each in variant.prices if each.currency_code == "usd"]
    return price


@pytest.mark.parametrize("name", COMPLETE)
def test_an_upgrade_writes_nothing(name: str, shop: Callable[[str], Shop]) -> None:
    here = shop(name)
    before = deepcopy(content(here.store.state)["products"])
    result = here.sync()
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 3})
    assert writes(here.store) == []
    assert list(result.changes) == []
    assert content(here.store.state)["products"] == before


@pytest.mark.parametrize("name", COMPLETE)
def test_what_the_merchant_edited_before_the_upgrade_stays(name: str, shop: Callable[[str], Shop]) -> None:
    here = shop(name)
    here.rows[1]["description"] = "Described anew."
    result = here.sync()
    assert (result.exit_code, counts(result), result.conflicts) == (0, {"updated": 1, "unchanged": 2}, 0)
    product = here.store.products["shop:2"]
    assert (product.title, product.description) == ("The merchant's title", "Described anew.")
    assert (product.metadata or {})["shelf"] == "B7"
    assert ("eur", 7) in [(each.currency_code, each.amount) for each in product.variants[0].prices]
    assert (here.sync().exit_code, writes(here.store)) == (0, [])


@pytest.mark.parametrize("name", COMPLETE)
def test_a_conflict_with_what_an_earlier_version_applied_is_found(
    name: str, shop: Callable[[str], Shop]
) -> None:
    here = shop(name)
    here.rows[1]["title"] = "The source's title"
    result = here.sync(dry_run=True)
    [change] = result.changes
    [conflict] = change.conflicts
    assert (conflict.field, conflict.stored) == ("title", "The merchant's title")
    assert result.conflicts == 1


@pytest.mark.parametrize("name", COMPLETE)
def test_ids_stay_when_products_of_an_earlier_version_change(name: str, shop: Callable[[str], Shop]) -> None:
    here = shop(name)
    before = here.store.products["shop:3"].copy()
    changed = here.rows[2].get("variants", [here.rows[2]])[-1]
    changed["price"], changed["stock"] = 5, 3
    result = here.sync()
    assert (result.exit_code, counts(result)) == (0, {"updated": 1, "unchanged": 2})
    after = here.store.products["shop:3"]
    assert [each.id for each in after.variants] == [each.id for each in before.variants]
    assert [each.item_ids for each in after.variants] == [each.item_ids for each in before.variants]
    assert (price_of(after, changed["sku"]), here.store.level_of(changed["sku"])) == (5, 3)
    assert (here.sync().exit_code, writes(here.store)) == (0, [])


def test_an_update_that_an_earlier_version_left_incomplete_is_completed(
    shop: Callable[[str], Shop],
) -> None:
    here = shop("9607bfb-interrupted")
    result = here.sync()
    assert (result.exit_code, counts(result), result.conflicts) == (0, {"updated": 2, "unchanged": 1}, 0)
    single, shirt = here.store.products["shop:1"], here.store.products["shop:3"]
    assert single.title == "A new title"
    assert price_of(single, here.rows[0]["sku"]) == 1.5
    assert here.store.level_of(here.rows[0]["sku"]) == 77
    assert price_of(shirt, here.rows[2]["variants"][1]["sku"]) == 99
    assert (here.sync().exit_code, writes(here.store)) == (0, [])
