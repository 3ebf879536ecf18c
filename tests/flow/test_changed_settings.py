"""A setting that decides what the source wants is not changed by an oversight."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from medusa_sync import RunResult
from tests.flow.faults import sync_killed
from tests.flow.merchant import create
from tests.flow.stage import (
    ListSource,
    acknowledged_by,
    assert_quiet,
    constant,
    counts,
    record_of,
    sync,
    sync_url,
    synced,
    text,
    writes,
)
from tests.harness.fake_medusa import FakeMedusa

ROWS: list[dict[str, Any]] = [
    {"id": 1, "title": "Cup", "price": 9, "compareAtPrice": 12, "sku": "CUP", "stock": 4},
    {"id": 2, "title": "Jug", "price": 5, "sku": "JUG", "stock": 4},
]
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "sale prices, forgotten": ({"sale_prices": True}, {}, "--sale-prices (on before, off now)"),
    "sale prices": ({}, {"sale_prices": True}, "--sale-prices (off before, on now)"),
    "currency": ({"currency": "eur"}, {}, "--currency (eur before, usd now)"),
    "map": ({"source_map": "a.jq"}, {}, "--source-map (a.jq before, off now)"),
}


def goods(price: int = 9, **how: Any) -> ListSource:
    return ListSource([ROWS[0] | {"price": price}, ROWS[1]], **how)


def flags(how: dict[str, Any]) -> dict[str, Any]:
    """The settings of a run that have to go with the source."""
    return {name: value for name, value in how.items() if name != "source_map"}


def reasons(result: Any) -> set[str]:
    return {each.setting for outcome in result.changes for each in outcome.changes}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_setting_writes_nothing_unless_it_is_accepted(change: str) -> None:
    before, now, words = CHANGES[change]
    store = FakeMedusa()
    assert counts(sync(goods(**before), store, **flags(before))) == {"created": 2}
    for dry_run in (True, False):
        store.requests.clear()
        refused = sync(goods(8, **now), store, dry_run=dry_run, **flags(now))
        assert (refused.exit_code, writes(store), counts(refused).get("updated")) == (6, [], None)
        assert f"written with other settings: {words}. Nothing was written." in refused.error
        assert "--accept-settings" in refused.hint
    plan = sync(goods(8, **now), store, dry_run=True, accept_settings=True, **flags(now))
    result = sync(goods(8, **now), store, accept_settings=True, **flags(now))
    assert (plan.exit_code, result.exit_code, result.conflicts) == (0, 0, 0)
    assert reasons(plan) == reasons(result) == {words.partition(" ")[0]}
    assert f"changed by {words.partition(' ')[0]}" in text(plan)
    assert_quiet(goods(8, **now), store, **flags(now))
    source = ListSource([*goods(8, **now).rows[:1], ROWS[1] | {"price": 6}], **now)
    later = sync(source, store, **flags(now))
    assert (later.exit_code, counts(later), reasons(later)) == (0, {"updated": 1, "unchanged": 1}, {""})
    assert sync(goods(7, **before), store, **flags(before)).exit_code == 6


EURO: dict[str, Any] = {"currency": "eur"}


def many(count: int = 40, price: int = 1, **how: Any) -> ListSource:
    rows = [{"id": each, "title": f"Cup {each}", "price": price, "stock": 1} for each in range(count)]
    return ListSource(rows, **how)


def without(source: ListSource, *numbers: int) -> ListSource:
    return replace(source, rows=[row for row in source.rows if row["id"] not in numbers])


def rejected(source: ListSource, number: int) -> ListSource:
    return replace(source, rows=[row | {"price": -1} if row["id"] == number else row for row in source.rows])


def left_out(source: ListSource, how: str) -> tuple[ListSource, dict[str, Any]]:
    """A run that does not reach the last product, and its settings."""
    last = source.rows[-1]["id"]
    runs: dict[str, tuple[ListSource, dict[str, Any]]] = {
        "away": (without(source, last), {}),
        "drafted": (without(source, last), {"on_missing": "draft"}),
        "rejected": (rejected(source, last), {}),
        "beyond the limit": (source, {"limit": 3}),
    }
    return runs[how]


@pytest.mark.parametrize("how", ["away", "drafted", "rejected", "beyond the limit"])
@pytest.mark.parametrize("only", [None, "stock"])
def test_after_an_accepted_run_no_product_stops_a_run_that_it_did_not_reach(
    how: str, only: str | None
) -> None:
    """What does not sync prices keeps what is known about their settings."""
    store = FakeMedusa()
    sync(many(12), store)
    now = EURO
    source, others = left_out(many(12, **now), how)
    sync(source, store, accept_settings=True, **now, **others)
    for fields in (only, None):
        result = sync(many(12, price=2, **now), store, only=fields, **now)
        assert (result.exit_code, result.error) == (0, "")
    assert_quiet(many(12, price=2, **now), store, **now)
    assert sync(many(12, price=2), store).exit_code == 6  # although it was accepted before


def test_a_setting_that_changes_nothing_yet_stops_the_first_run_and_is_remembered() -> None:
    """A sale weeks later does not."""
    regular = [{**row, "compareAtPrice": None} for row in ROWS]
    store = synced(regular)
    on: dict[str, Any] = {"sale_prices": True}
    assert sync(ListSource(regular, **on), store, **on).exit_code == 6
    assert sync(ListSource(regular, **on), store, accept_settings=True, **on).exit_code == 0
    assert_quiet(ListSource(regular, **on), store, **on)
    assert counts(sync(ListSource(ROWS, **on), store, **on)) == {"updated": 1, "unchanged": 1}
    assert sync(ListSource(regular), store).exit_code == 6


def test_it_stops_before_anything_is_removed_or_created() -> None:
    store = synced(ROWS)
    store.requests.clear()
    source = ListSource([ROWS[0], {"id": 3, "title": "New", "price": 1}], currency="eur")
    assert sync(source, store, currency="eur", on_missing="delete", max_removals="100%").exit_code == 6
    assert writes(store) == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_killed_run_has_accepted_what_it_may_have_written(moment: Literal["before", "after"]) -> None:
    store = synced(many().rows)
    now = EURO
    sync_killed(moment, acknowledged_by, many(**now), store, accept_settings=True, **now)
    assert sync(many(), store).exit_code == 6
    assert sync(many(**now), store, **now).exit_code == 0
    assert_quiet(many(**now), store, **now)


@pytest.mark.parametrize("is_accepted", [True, False])
def test_the_latest_settings_count_although_they_are_on_a_later_page(*, is_accepted: bool) -> None:
    """A few products of a large store are looked up, and not all pages are read."""
    store = FakeMedusa()
    for number in range(30):
        create(store, f"Other {number}")
    now = EURO
    with constant("PAGE_SIZE", 5):
        sync(many(), store)
        source = ListSource(many(**now).rows[:2], **now)
        if is_accepted:
            last = sorted(store.products, key=lambda key: store.products[key].id)[-10:]
            rows = [row for row in many().rows if f"dummyjson:{row['id']}" in last]
            assert sync(ListSource(rows, **now), store, accept_settings=True, **now).exit_code == 0
        new = ListSource([{"id": "new", "title": "New", "price": 1}], **now)
        for each in (source, new):
            assert sync(each, store, **now).exit_code == (0 if is_accepted else 6)


def test_shards_have_the_settings_of_the_whole_source() -> None:
    store = synced(many().rows)
    now = EURO
    assert sync(many(**now), store, shard="1/2", accept_settings=True, **now).exit_code == 0
    assert sync(many(), store, shard="2/2").exit_code == 6
    assert sync(many(**now), store, shard="2/2", **now).exit_code == 0
    assert_quiet(many(**now), store, **now)


def test_what_an_older_version_accepted_is_quiet_although_some_products_have_earlier_settings() -> None:
    store = synced(many().rows)
    for number in range(5):
        record_of(store, number)["settings"] = {"--currency": "eur", "--source-map": "a.jq"}
    assert_quiet(many(), store)
    assert sync(many(price=2), store).exit_code == 0
    assert sync(many(currency="eur"), store, currency="eur").exit_code == 6


def test_a_forgotten_map_is_noticed_although_it_gives_products_other_ids() -> None:
    store = FakeMedusa()
    sync(goods(source_map="a.jq"), store)
    other = ListSource([{"id": "x", "title": "Other", "price": 1}])
    assert sync(other, store).exit_code == 6
    assert sync(other, store, accept_settings=True).exit_code == 0


@pytest.mark.parametrize("only", ["price", "stock", "translation"])
def test_a_forgotten_map_is_noticed_whatever_is_synced(only: str) -> None:
    store = FakeMedusa()
    sync(goods(source_map="a.jq"), store)
    result = sync(goods(900), store, only=only)
    assert (result.exit_code, "--source-map (a.jq before, off now)" in result.error) == (6, True)
    assert sync(goods(900), store, skip="price").exit_code == 6


class Mapped:
    """A file that is read through a map."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, FakeMedusa()
        self.have([9, 5])

    def have(self, prices: list[int]) -> None:
        rows = [{"nr": number, "name": f"Cup {number}", "cost": price} for number, price in enumerate(prices)]
        (self.folder / "goods.json").write_text(json.dumps(rows))

    def sync(self, program: str | None, name: str = "a.jq", **changes: Any) -> RunResult:
        path = self.folder / name
        if program is not None:
            path.write_text(f"{{id: .nr, title: .name, price: {program}}}")
        source_map = None if program is None else path
        return sync_url(str(self.folder / "goods.json"), self.store, source_map=source_map, **changes)


def notes(result: RunResult) -> list[str]:
    return [each for each in result.notes if "map" in each]


def test_an_edited_map_is_said_once_and_its_name_does_not_matter(tmp_path: Path) -> None:
    mapped = Mapped(tmp_path)
    assert counts(mapped.sync(".cost")) == {"created": 2}
    for program in (".cost", ".cost * 1"):  # neither changes anything
        result = mapped.sync(program, "b.jq")
        assert (counts(result), notes(result), writes(mapped.store)) == ({"unchanged": 2}, [], [])
    for dry_run in (True, False):
        result = mapped.sync("if .nr == 0 then .cost * 100 else .cost end", dry_run=dry_run)
        assert (result.exit_code, counts(result)) == (0, {"updated": 1, "unchanged": 1})
        assert notes(result) == ["The map has changed since products of this source were written."]
    mapped.have([9, 6])
    result = mapped.sync("if .nr == 0 then .cost * 100 else .cost end")
    assert (counts(result), notes(result), reasons(result)) == ({"updated": 1, "unchanged": 1}, [], {""})
    forgotten = tmp_path / "goods.csv"
    forgotten.write_text("id,title,price\n0,Cup 0,9\n")
    assert sync_url(str(forgotten), mapped.store).exit_code == 6


def test_a_record_of_an_older_version_has_only_the_name_of_a_map(tmp_path: Path) -> None:
    mapped = Mapped(tmp_path)
    mapped.sync(".cost")
    for number in (0, 1):
        del record_of(mapped.store, number)["settings"]["map"]
    result = mapped.sync(".cost * 1", "b.jq")
    assert (counts(result), notes(result), writes(mapped.store)) == ({"unchanged": 2}, [], [])
    result = mapped.sync(".cost * 2", "b.jq")
    assert (counts(result), notes(result), result.exit_code) == ({"updated": 2}, [], 0)


def test_a_run_that_does_not_sync_what_the_setting_decides_about_goes_on() -> None:
    store, rows = synced(ROWS, sale_prices=True), goods()
    rows.rows[0]["stock"] = 9
    for currency in ("usd", "eur"):
        rows.currency = currency
        result = sync(rows, store, only="stock", currency=currency)
        assert (result.exit_code, store.level_of("CUP")) == (0, 9)
        rows.rows[0]["stock"] = 9
    full = ListSource(rows.rows, sale_prices=True)
    assert counts(sync(full, store, sale_prices=True)) == {"unchanged": 2}
    assert sync(goods(8), store, only="price").exit_code == 6


@pytest.mark.parametrize("has_sales", [True, False])
def test_records_of_older_versions_are_quiet_and_show_only_what_they_have(*, has_sales: bool) -> None:
    store = synced(ROWS, sale_prices=has_sales)
    for number in (1, 2):
        del record_of(store, number)["settings"]
    assert_quiet(goods(sale_prices=has_sales), store)
    assert_quiet(goods(sale_prices=has_sales, source_map="a.jq"), store)
    assert sync(goods(8), store, dry_run=True).exit_code == (6 if has_sales else 0)
    assert sync(goods(8, sale_prices=True), store, dry_run=True).exit_code == 0


def test_a_record_of_an_older_version_gets_settings_once_a_change_is_accepted() -> None:
    store = synced(ROWS)
    for number in (1, 2):
        del record_of(store, number)["settings"]
    assert sync(goods(**EURO), store, only="stock", **EURO).exit_code == 0
    assert "settings" not in record_of(store, 1)
    assert sync(goods(**EURO), store, only="price", accept_settings=True, **EURO).exit_code == 0
    assert record_of(store, 1)["settings"] == {"--currency": "eur", "changes": "1"}
    assert_quiet(goods(**EURO), store, only="price", **EURO)
