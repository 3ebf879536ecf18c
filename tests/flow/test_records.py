"""Records of earlier versions, of another store, or overwritten: the next run repairs them."""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from pytest_httpx import HTTPXMock

from medusa_sync import RunResult, Secret, Settings, sync_products
from tests.flow.merchant import add_variant, edit
from tests.flow.shirts import assert_shirts
from tests.flow.stage import (
    SOURCE_NAME,
    ListSource,
    assert_quiet,
    counts,
    record_of,
    sync,
    synced,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Product
from tests.harness.recorded import STORES, content, store_with
from tests.harness.shirts import shirt, shirts, variant

Rows = list[dict[str, Any]]

# --- stores that earlier versions wrote, as `tests/harness/recorded.py` keeps them -----------------------

EARLIER = sorted(each.stem for each in STORES.glob("*.json") if not each.stem.endswith("-interrupted"))
earlier = pytest.mark.parametrize("version", EARLIER)


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
        own: dict[str, Any] = {
            "source": str(source),
            "source_name": "shop",
            "medusa_url": self.store.url,
            "api_key": Secret(self.store.api_key),
            "lock_dir": str(self._folder),
        }
        return sync_products(Settings(**own | self._options | options))

    def assert_quiet(self) -> None:
        assert (self.sync().exit_code, writes(self.store)) == (0, [])


@pytest.fixture
def shop(tmp_path: Path, httpx_mock: HTTPXMock) -> Callable[[str], Shop]:
    def opened(name: str) -> Shop:
        found = Shop(name, tmp_path)
        url = re.compile(f"^{re.escape(found.store.url)}/")
        httpx_mock.add_callback(found.store.handle, url=url, is_reusable=True)
        return found

    return opened


def price_of(product: Product, sku: str) -> float:
    [own] = [each for each in product.variants if each.sku == sku]
    return next(each.amount for each in own.prices if each.currency_code == "usd")


@earlier
def test_an_upgrade_writes_nothing_and_edits_of_the_merchant_stay(
    shop: Callable[[str], Shop], version: str
) -> None:
    here = shop(version)
    before = deepcopy(content(here.store.state)["products"])
    result = here.sync()
    assert (result.exit_code, counts(result), list(result.changes)) == (0, {"unchanged": 3}, [])
    assert (writes(here.store), content(here.store.state)["products"]) == ([], before)
    here.rows[1]["description"] = "Described anew."
    result = here.sync()
    assert (result.exit_code, counts(result), result.conflicts) == (0, {"updated": 1, "unchanged": 2}, 0)
    product = here.store.products["shop:2"]
    assert (product.title, product.description) == ("The merchant's title", "Described anew.")
    assert (product.metadata or {})["shelf"] == "B7"
    assert ("eur", 7) in [(each.currency_code, each.amount) for each in product.variants[0].prices]
    here.assert_quiet()
    here.rows[1]["title"] = "The source's title"
    [change] = here.sync(dry_run=True).changes
    assert [(each.field, each.stored) for each in change.conflicts] == [("title", "The merchant's title")]


@earlier
def test_ids_stay_when_products_of_an_earlier_version_change(
    shop: Callable[[str], Shop], version: str
) -> None:
    here = shop(version)
    before = [(each.id, each.item_ids) for each in here.store.products["shop:3"].variants]
    changed = here.rows[2]["variants"][-1]
    changed["price"], changed["stock"] = 5, 3
    result = here.sync()
    assert (result.exit_code, counts(result)) == (0, {"updated": 1, "unchanged": 2})
    after = here.store.products["shop:3"]
    assert [(each.id, each.item_ids) for each in after.variants] == before
    assert (price_of(after, changed["sku"]), here.store.level_of(changed["sku"])) == (5, 3)
    here.assert_quiet()


@earlier
def test_an_update_that_an_earlier_version_left_incomplete_is_completed(
    shop: Callable[[str], Shop], version: str
) -> None:
    here = shop(f"{version}-interrupted")
    result = here.sync()
    assert (result.exit_code, counts(result), result.conflicts) == (0, {"updated": 2, "unchanged": 1}, 0)
    single, other = here.store.products["shop:1"], here.store.products["shop:3"]
    assert (single.title, price_of(single, here.rows[0]["sku"])) == ("A new title", 1.5)
    assert here.store.level_of(here.rows[0]["sku"]) == 77
    assert price_of(other, here.rows[2]["variants"][1]["sku"]) == 99
    here.assert_quiet()


# --- records that do not fit the store --------------------------------------------------------------------


def of_another_store(record: dict[str, Any]) -> Any:
    """An export of the catalogue was imported into a new store, with its metadata."""
    return json.loads(json.dumps(record).replace("variant_", "variant_X").replace("opt_", "opt_X"))


def without_variants(record: dict[str, Any]) -> Any:
    return record | {"variants": {}}


def overwritten(_record: dict[str, Any]) -> Any:
    return "gone"


def deleted(_record: dict[str, Any]) -> Any:
    return None


def assert_repaired(store: FakeMedusa, source: ListSource) -> None:
    """A changed product is synced, nothing is doubled, and the run after that is quiet."""
    ids = store.state.variants().keys()
    for row in source.rows:
        row["title"] += " (new)"
    assert counts(sync(source, store)) == {"updated": len(source.rows)}
    assert store.state.variants().keys() == ids
    assert_quiet(source, store)


@pytest.mark.parametrize("change", [of_another_store, without_variants, overwritten, deleted])
def test_a_record_that_does_not_fit_is_repaired(change: Callable[[dict[str, Any]], Any]) -> None:
    store, source = synced([*shirts(2), *products(3)[2:]]), ListSource([*shirts(2), *products(3)[2:]])
    for row in source.rows:
        product = store.products[f"{SOURCE_NAME}:{row['id']}"]
        product.metadata = {"medusa_sync": change(deepcopy(record_of(store, row["id"])))}
    assert_repaired(store, source)
    for row in source.rows:
        assert store.products[f"{SOURCE_NAME}:{row['id']}"].title == row["title"]


@pytest.mark.parametrize("version", [{}, {"version": 1}, {"version": 2}])
def test_a_record_of_an_earlier_version_counts_as_none(version: dict[str, int]) -> None:
    """Whatever it says, the product is matched again; it is not known which side has changed a value."""
    rows = [*shirts(2), *products(3)[2:]]
    store, source = synced(rows), ListSource(rows)
    ids = store.state.variants().keys()
    for row in rows:
        own = deepcopy(record_of(store, row["id"]))
        del own["version"]
        store.products[f"{SOURCE_NAME}:{row['id']}"].metadata = {"medusa_sync": own | version}
    edit(store, 3, title="Theirs")
    result = sync(source, store, on_conflict="store")
    assert (result.exit_code, result.conflicts) == (0, 1)
    assert (store.products["dummyjson:3"].title, store.state.variants().keys()) == ("Theirs", ids)
    assert {record_of(store, row["id"])["version"] for row in rows} == {3}
    assert_quiet(source, store)


@pytest.mark.parametrize("fields", [{}, {"sku": None, "barcode": None, "stock": None}], ids=["SKU", "no SKU"])
def test_an_acknowledgement_that_arrives_after_the_next_run_is_repaired(fields: dict[str, None]) -> None:
    """It does not know the variant that the next run has added."""
    store, source = synced([shirt(1)]), ListSource([shirt(1)])
    late = deepcopy(record_of(store, 1))
    source.rows[0]["variants"].append(variant(1, "XL", "Red", **fields))
    assert sync(source, store).exit_code == 0
    store.products["dummyjson:1"].metadata = {"medusa_sync": late}
    assert_repaired(store, source)
    assert_shirts(source.rows, store)


def test_the_merchant_can_edit_metadata_in_the_admin() -> None:
    """The admin sends the record back, which Medusa refuses with 500 if it has a list with null."""
    gone = shirt(3) | {"variants": shirt(3)["variants"][1:]}
    store = synced([*products(2), shirt(3)])
    sync(ListSource([*products(2), gone]), store, on_missing="draft", max_removals="100%")
    for number in (1, 2, 3):
        edit(store, number, metadata={**(store.products[f"dummyjson:{number}"].metadata or {}), "shelf": "B"})
    assert_quiet(ListSource([*products(2), gone]), store)


def test_a_record_that_the_admin_cannot_send_back_is_repaired_when_its_product_is_read_for_a_write() -> None:
    """An earlier version wrote it. A quiet run does not read details, so it leaves it."""
    rows = products(3)
    store = synced(rows)
    records = {number: record_of(store, number) for number in (1, 2)}
    for record in records.values():
        record["variants"][""] += [None, 0]
    assert_quiet(ListSource(rows), store)
    rows[1]["price"] = 99
    assert counts(sync(ListSource(rows), store)) == {"updated": 1, "unchanged": 2}
    assert [len(record_of(store, number)["variants"][""]) for number in (1, 2)] == [4, 2]
    store.requests.clear()
    assert counts(sync(ListSource(rows), store, overwrite=True)) == {"unchanged": 3}
    assert (len(writes(store)), len(record_of(store, 1)["variants"][""])) == (1, 2)
    assert_quiet(ListSource(rows), store, overwrite=True)
    edit(store, 1, metadata={**(store.products["dummyjson:1"].metadata or {}), "shelf": "B"})


def test_a_variant_that_the_merchant_has_created_with_the_values_of_a_new_one_is_taken_over() -> None:
    """Medusa does not store both; the values that differ are conflicts, which are reported."""
    store, source = synced([shirt(1)]), ListSource([shirt(1)])
    add_variant(store, 1, {"Size": "XXL", "Colour": "Red"})
    source.rows[0]["variants"].append(variant(1, "XXL", "Red"))
    result = sync(source, store)
    assert (result.exit_code, counts(result)) == (0, {"updated": 1})
    assert {each.field for outcome in result.changes for each in outcome.conflicts} == {"title"}
    assert_shirts(source.rows, store)
