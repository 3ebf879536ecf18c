"""Runs whose source is adjusted by a program."""

import json
from pathlib import Path
from typing import Any

import pytest

from medusa_sync import RunResult
from tests.catalogues import CATALOGUES
from tests.flow.stage import SOURCE_NAME, apply, counts, document, save, sync_url, text, writes
from tests.harness.catalogue import products
from tests.harness.dummyjson import dummyjson
from tests.harness.fake_medusa import FakeMedusa

EXPORT = str(CATALOGUES["shopify-tableware.csv"])
MARKUP = "amounts |= (. * 1.2 | round2)"
FILTERED = f'select(.type == "Cup") | {MARKUP}'


class Shop:
    """A catalogue in a file, and the store."""

    def __init__(self, folder: Path, count: int = 4) -> None:
        self.file, self.store = folder / "goods.json", FakeMedusa()
        self.have(
            [{"id": each, "title": f"Cup {each}", "price": 10, "sku": f"C{each}"} for each in range(count)]
        )

    def have(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.file.write_text(json.dumps(rows))

    def sync(self, program: str | None, **changes: Any) -> RunResult:
        return sync_url(str(self.file), self.store, adjust=program, **changes)

    def price(self, number: object) -> float:
        return self.store.products[f"{SOURCE_NAME}:{number}"].variants[0].prices[0].amount


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_an_export_with_a_markup_and_a_filter_is_planned_applied_quiet_and_undone(tmp_path: Path) -> None:
    store, run = FakeMedusa(), tmp_path / "run.json"
    plain = sync_url(EXPORT, store, dry_run=True)
    planned = sync_url(EXPORT, store, adjust=FILTERED, dry_run=True)
    done = sync_url(EXPORT, store, adjust=FILTERED)
    assert counts(planned) == counts(done)
    assert 0 < counts(done)["created"] < counts(plain)["created"]
    left_out = counts(plain)["created"] - counts(done)["created"]
    assert f"leaves out {left_out} of {plain.seen} products." in text(done)
    assert "such as 'Stoneware Cup': variants[0].price 18.5 -> 22.2" in text(planned)
    prices = [each.variants[0].prices[0].amount for each in store.products.values()]
    assert prices[0] == 22.2
    store.requests.clear()
    assert counts(sync_url(EXPORT, store, adjust=FILTERED)) == {"unchanged": len(prices)}
    assert len(store.requests) == 1
    run.write_text(json.dumps(document(done)))
    assert counts(sync_url("memory", store, undo=str(run), on_missing="delete")) == {"removed": len(prices)}


def test_a_saved_plan_has_the_adjusted_values(shop: Shop, tmp_path: Path) -> None:
    plan = tmp_path / "plan.ndjson"
    save(None, shop.store, plan, source=str(shop.file), adjust=MARKUP)
    shop.file.unlink()
    assert counts(apply(plan, shop.store)) == {"created": 4}
    assert shop.price(1) == 12


def test_another_program_changes_only_the_products_that_it_changes(shop: Shop) -> None:
    shop.sync(MARKUP)
    shop.store.requests.clear()
    result = shop.sync(f"if .id == 1 then .price = 9 else {MARKUP} end")
    assert counts(result) == {"updated": 1, "unchanged": 3}
    assert "The program of --adjust has changed since products of this source were written." in result.notes
    assert (shop.price(1), shop.price(2)) == (9, 12)


@pytest.mark.parametrize(("before", "after"), [(None, "."), (".", None)])
def test_a_program_that_is_forgotten_or_new_is_a_changed_setting(
    shop: Shop, before: str | None, after: str | None
) -> None:
    shop.sync(before)
    result = shop.sync(after)
    assert (result.exit_code, writes(shop.store)) == (6, [])
    values = "off before, the program now" if after else "the program before, off now"
    assert f"--adjust ({values})" in result.error
    assert shop.sync(after, accept_settings=True).exit_code == 0
    shop.store.requests.clear()
    assert counts(shop.sync(after)) == {"unchanged": 4}
    assert writes(shop.store) == []


def test_a_new_program_that_is_accepted_is_named_beside_what_it_changes(shop: Shop, tmp_path: Path) -> None:
    shop.sync(None)
    accepted = {"adjust": MARKUP, "accept_settings": True, "source": str(shop.file)}
    plan = tmp_path / "plan.ndjson"
    planned = save(None, shop.store, plan, **accepted)
    assert "price: 10 -> 12 (changed by --adjust)" in text(planned)
    assert counts(apply(plan, shop.store)) == {"updated": 4}
    assert shop.price(1) == 12


def test_what_the_program_leaves_out_is_missing_and_guards_count_it(shop: Shop) -> None:
    shop.sync(".")
    result = shop.sync("select(.id < 3)", on_missing="draft", max_removals="10%")
    assert (result.exit_code, counts(result)) == (6, {"unchanged": 3})
    assert counts(shop.sync("select(.id < 3)", on_missing="draft", max_removals="1")) == {
        "unchanged": 3,
        "removed": 1,
    }
    assert counts(shop.sync(".", on_missing="draft"))["updated"] == 1
    assert shop.sync("empty", on_missing="delete", max_removals="100%").exit_code == 3
    assert len(shop.store.products) == 4


def test_nothing_is_removed_if_the_program_fails_for_a_product(shop: Shop) -> None:
    """It could have become the product that looks missing."""
    shop.sync(".id = .sku")
    shop.have([*shop.rows[:2], {**shop.rows[2], "sku": None}])
    program = '.id = (.sku // error("no SKU"))'
    result = shop.sync(program, on_missing="delete", max_removals="100%")
    assert (result.exit_code, counts(result)) == (5, {"unchanged": 2, "rejected": 1})
    assert [each.reason for each in result.problems] == ["id 2: the program: no SKU"]
    assert len(shop.store.products) == 4


def test_of_two_products_with_one_id_the_first_counts(shop: Shop) -> None:
    result = shop.sync('.id = "a"')
    assert counts(result) == {"created": 1, "rejected": 3}
    assert {each.reason for each in result.problems} == {
        "id: duplicate; the first product with this id is used"
    }


def test_a_limit_counts_the_products_that_are_left(shop: Shop) -> None:
    result = shop.sync("select(.id >= 1)", limit=2)
    assert (counts(result), sorted(shop.store.products)) == ({"created": 2}, ["dummyjson:1", "dummyjson:2"])


def test_shards_and_chosen_fields_are_of_the_adjusted_products(shop: Shop) -> None:
    for shard in ("1/2", "2/2"):
        assert shop.sync('.id = "x\\(.id)"', shard=shard).exit_code == 0
    assert len(shop.store.products) == 4
    result = shop.sync(f'.id = "x\\(.id)" | {MARKUP} | .title = "New"', only="price")
    assert (counts(result), shop.price("x1")) == ({"updated": 4}, 12)
    assert shop.store.products["dummyjson:x1"].title == "Cup 1"


def test_pages_of_an_api_are_adjusted_in_each_reading() -> None:
    store = FakeMedusa()
    with dummyjson(products(65)) as server:
        assert counts(sync_url(server.url, store, adjust=".")) == {"created": 65}
        result = sync_url(server.url, store, adjust="select(.id != 3)", on_missing="delete")
    assert counts(result) == {"unchanged": 64, "removed": 1}
