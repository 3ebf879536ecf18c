"""A setting that decides what the source wants is not changed by an oversight."""

from typing import Any

import pytest

from tests.flow.stage import ListSource, assert_quiet, counts, record_of, sync, synced, text, writes
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


def test_the_message_says_that_a_part_was_written_if_an_accepted_run_had_ended_early() -> None:
    """Products that it reached are synced until one comes that it did not reach."""
    store = FakeMedusa()
    rows = [{"id": number, "title": f"Cup {number}", "price": 1} for number in range(210)]
    sync(ListSource(rows, source_map="a.jq"), store)
    sync(ListSource(rows, source_map="b.jq"), store, accept_settings=True, limit=205)
    result = sync(ListSource([each | {"price": 2} for each in rows], source_map="b.jq"), store)
    assert (result.exit_code, {*counts(result)}) == (6, {"updated", "not_attempted"})
    assert "(a.jq before, b.jq now). Nothing else was written." in result.error


def test_a_forgotten_map_is_noticed_although_it_gives_products_other_ids() -> None:
    store = FakeMedusa()
    sync(goods(source_map="a.jq"), store)
    other = ListSource([{"id": "x", "title": "Other", "price": 1}])
    assert sync(other, store).exit_code == 6
    assert sync(other, store, accept_settings=True).exit_code == 0


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
