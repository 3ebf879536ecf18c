"""Sales channels that the source names."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.faults import KILLED, Killed, killed_runs, run_elsewhere, strike
from tests.flow.merchant import edit
from tests.flow.stage import (
    SOURCE_NAME,
    ListSource,
    acknowledged_by,
    apply,
    assert_quiet,
    constant,
    counts,
    save,
    sync,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import sampled
from tests.world import results

pytestmark = pytest.mark.usefixtures("routes")


def shop(*names: str) -> FakeMedusa:
    """A store with these sales channels besides the default one."""
    store = FakeMedusa()
    for name in names:
        store.call("POST", "/admin/sales-channels", {"name": name})
    return store


def id_of(store: FakeMedusa, name: str) -> str:
    return next(each.id for each in store.state.sales_channels.values() if each.name == name)


def row(number: int = 1, *names: str, **changes: Any) -> dict[str, Any]:
    return {**products(number)[-1], "salesChannels": list(names), **changes}


def channels(store: FakeMedusa, number: int = 1) -> set[str]:
    ids = store.products[f"{SOURCE_NAME}:{number}"].sales_channel_ids
    return {store.state.sales_channels[each].name for each in ids}


def put_in(store: FakeMedusa, *names: str) -> None:
    """The merchant chooses the channels of the product."""
    edit(store, 1, sales_channels=[{"id": id_of(store, name)} for name in names])


def run(store: FakeMedusa, *rows: dict[str, Any], **changes: Any) -> RunResult:
    """A dry run that is exact, and a real one."""
    plan = sync(ListSource(list(rows)), store, dry_run=True, **changes)
    result = sync(ListSource(list(rows)), store, **changes)
    assert results.shown(plan) == results.shown(result)
    return result


def test_a_new_product_goes_to_the_channels_that_its_source_names_by_name_or_id() -> None:
    store = shop("Web", "Wholesale")
    rows = [
        row(1, "Web", "Wholesale"),
        row(2, id_of(store, "Wholesale")),
        row(3, "Web", id_of(store, "Web")),
        row(4),
        {**row(5), "salesChannels": [{"name": "Web"}]},
    ]
    assert counts(run(store, *rows)) == {"created": 5}
    assert channels(store, 1) == {"Web", "Wholesale"}
    assert channels(store, 2) == {"Wholesale"}
    assert channels(store, 3) == channels(store, 5) == {"Web"}
    assert channels(store, 4) == {"Default Sales Channel"}
    assert_quiet(ListSource(rows), store)


def test_a_channel_that_the_store_lacks_rejects_the_products_that_get_it() -> None:
    """Also if the whole source names it: that takes few requests."""
    store = shop("Web")
    rows = [row(number, "Wbe") for number in range(1, 60)] + [row(60, "Web")]
    for dry_run in (True, False):
        store.requests.clear()
        result = sync(ListSource(rows), store, dry_run=dry_run)
        assert counts(result) == {"rejected": 59, "created": 1}
        reasons = {each.reason for each in result.problems}
        assert len(reasons) == 1
        assert "no sales channel 'Wbe'" in reasons.pop()
        assert len(store.requests) < 25
    assert channels(store, 60) == {"Web"}
    fixed = [{**each, "salesChannels": ["Web"]} for each in rows]
    assert counts(run(store, *fixed)) == {"created": 59, "unchanged": 1}
    assert counts(run(store, {**fixed[0], "salesChannels": ["Web", "Shop"]})) == {"rejected": 1}


def test_many_names_that_the_store_lacks_take_one_request_for_each_look_up() -> None:
    store = shop("Web")
    rows = [row(number, f"Channel {number}") for number in range(1, 40)] + [row(40, "Web")]
    result = sync(ListSource(rows), store, dry_run=True)
    assert counts(result) == {"rejected": 39, "created": 1}
    assert all(f"'Channel {number}'" in each.reason for number, each in enumerate(result.problems, 1))
    assert len(store.requests) < 15


def test_two_channels_with_one_name_are_told_apart_by_their_ids() -> None:
    store = shop("Web", "Web")
    first, second = (each.id for each in store.state.sales_channels.values() if each.name == "Web")
    result = run(store, row(1, "Web"))
    assert counts(result) == {"rejected": 1}
    assert all(own in next(iter(result.problems)).reason for own in (first, second))
    rows = [row(1, first, second), row(2, second)]
    assert counts(run(store, *rows)) == {"created": 2}
    assert set(store.products["dummyjson:1"].sales_channel_ids) == {first, second}
    assert counts(run(store, row(1, first, title="Changed"), rows[1])) == {"updated": 1, "unchanged": 1}
    assert store.products["dummyjson:1"].sales_channel_ids == [first]


def test_channels_of_the_merchant_with_one_name_stay() -> None:
    store = shop("Web", "Web", "a", "b")
    twins = {each.id for each in store.state.sales_channels.values() if each.name == "Web"}
    run(store, row(1, "a"))
    edit(store, 1, sales_channels=[{"id": own} for own in (*twins, id_of(store, "a"))])
    assert counts(run(store, row(1, "b"))) == {"updated": 1}
    assert set(store.products["dummyjson:1"].sales_channel_ids) == {*twins, id_of(store, "b")}


def test_a_message_names_few_of_many_channels() -> None:
    store = shop("Web", "Web", *(f"Channel {number}" for number in range(300)))
    for name in ("nowhere", "Web"):
        [problem] = run(store, row(1, name)).problems
        assert problem.reason.count("sc_" if name == "Web" else "'Channel ") == (2 if name == "Web" else 20)


def test_a_renamed_channel_stays_the_same_for_its_products() -> None:
    store = shop("Web", "Wholesale")
    run(store, row(1, "Web"))
    store.state.sales_channels[id_of(store, "Web")].name = "Web shop"
    assert_quiet(ListSource([row(1, "Web")]), store)
    changed = row(1, "Web", title="Changed")
    assert counts(run(store, changed)) == {"updated": 1}
    assert_quiet(ListSource([changed]), store)
    assert counts(run(store, changed, row(2, "Web"))) == {"unchanged": 1, "rejected": 1}
    store.requests.clear()
    assert counts(run(store, row(1, "Web shop", "Wholesale", title="Changed"))) == {"updated": 1}
    assert channels(store) == {"Web shop", "Wholesale"}


@pytest.mark.parametrize("is_id_first", [False, True])
def test_a_source_may_change_from_names_to_ids(*, is_id_first: bool) -> None:
    store = shop("Web")
    names = ("Web", id_of(store, "Web"))
    first, second = reversed(names) if is_id_first else names
    run(store, row(1, first))
    result = run(store, row(1, second))
    assert (counts(result), channels(store)) == ({"unchanged": 1}, {"Web"})
    assert_quiet(ListSource([row(1, second)]), store)
    run(store, row(1))
    put_in(store)
    run(store, row(1, second))
    assert channels(store) == {"Web"}


def test_a_source_without_channels_asks_nothing_more() -> None:
    store = shop("Web")
    asked = []
    for rows in (products(3), [row(1, "Web")]):
        store.requests.clear()
        sync(ListSource(rows), store)
        asked.append(sum(each.path == "/admin/sales-channels" for each in store.requests))
    assert asked == [1, 1], "a new product: once for what keeps customers from buying"
    store.requests.clear()
    sync(ListSource([row(1, "Web", "Default Sales Channel")]), store, sales_channel="Web")
    assert sum(each.path == "/admin/sales-channels" for each in store.requests) == 1
    assert writes(store)


def test_a_run_waits_while_another_one_puts_the_product_into_its_channels() -> None:
    """The store removes it from all channels first, also from those that only the merchant has chosen."""
    store, source = shop("Web"), ListSource([row(1, "Web")])
    sync(ListSource([row(1)]), store)

    def between(_request: httpx.Request, step: str) -> None:
        if step == "links":
            store.between = None
            run_elsewhere(source, store)

    store.between = between
    with constant("SETTLE_S", 10):
        sync(source, store)
    assert channels(store) == {"Default Sales Channel", "Web"}
    assert_quiet(source, store)


@pytest.mark.parametrize("killed", sampled([*KILLED], "both"))
@pytest.mark.parametrize("goes_back", [False, True])
def test_what_the_merchant_has_taken_away_stays_away_after_a_kill_and_all_else_returns(
    *, killed: str, goes_back: bool
) -> None:
    """The store removes a product from all channels before it puts it into those that were sent."""
    store = shop("Web", "Market", "Outlet")
    before, after = row(1, "Market", "Outlet"), row(1, "Market", "Outlet", "Web")
    run(store, before)
    put_in(store, "Outlet")
    latest = before if goes_back else after
    for hurt in killed_runs(store, killed, lambda store: sync(ListSource([after]), store)):
        sync(ListSource([latest]), hurt)
        assert channels(hurt) == {*latest["salesChannels"]} - {"Market"}
        assert_quiet(ListSource([latest]), hurt)


@pytest.mark.parametrize("chosen", ["Web", "Shop"], ids=["as before", "another one"])
def test_after_an_interrupted_plan_only_channels_that_it_shows_are_completed(
    chosen: str, tmp_path: Path
) -> None:
    store, plan = shop("Web", "Wholesale", "Shop"), tmp_path / "plan.jsonl"
    run(store, row(1, "Web"))
    save(ListSource([row(1, "Web", "Wholesale")]), store, plan)
    strike(store, "before", acknowledged_by, Killed(), once=False)
    with pytest.raises(Killed):
        apply(plan, store)
    store.before = None
    put_in(store, chosen)
    with constant("SETTLE_S", 0):
        result = apply(plan, store)
    is_same = chosen == "Web"
    assert counts(result) == {"updated" if is_same else "skipped": 1}
    assert channels(store) == ({"Web", "Wholesale"} if is_same else {"Shop"})
