"""A saved plan is written exactly; what has changed since is skipped."""

import json
import pickle
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from medusa_sync import RunResult, SettingsError
from tests.flow.faults import Killed, killed_runs, strike
from tests.flow.merchant import add_tag, edit, edit_variant, set_prices
from tests.flow.plans import assert_can_be_approved
from tests.flow.shirts import held
from tests.flow.stage import (
    ListSource,
    acknowledged_by,
    apply,
    approved,
    assert_quiet,
    constant,
    copies_of,
    counts,
    is_write,
    save,
    sync,
    synced,
    with_lines,
    with_settings,
    writes,
)
from tests.flow.test_kills import UPDATES, assert_stored, catalogue, rows_of
from tests.flow.test_plans import ROWS, SIZE, edit_source, edit_store, edited
from tests.flow.test_remove_after import on_day
from tests.flow.test_shared_stock import shirt as sharing
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Named
from tests.harness.shirts import shirt, shirts, variant
from tests.tiers import sampled
from tests.world.results import shown

Row = dict[str, Any]
removal = pytest.mark.parametrize("on_missing", ["draft", "delete"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plans")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "plan.ndjson"


@pytest.fixture(scope="module")
def fresh() -> Callable[[], FakeMedusa]:
    """Makes copies of a store that has the first products."""
    return copies_of(synced(ROWS[:SIZE]))


def reasons(result: RunResult) -> dict[str, str]:
    """Why products are skipped, by the id at the source."""
    return {str(each.external_id).partition(":")[2]: each.reason for each in result.skipped}


def assert_applied(file: Path, store: FakeMedusa) -> None:
    """The plan has nothing left to write."""
    store.requests.clear()
    result = apply(file, store)
    assert (result.exit_code, writes(store), reasons(result)) == (0, [], {}), list(result.problems)
    assert counts(result).keys() <= {"unchanged"}


# --- the same, and exactly that ---------------------------------------------------------------------------


@edited
def test_a_plan_is_the_same_each_time_and_is_written_exactly_and_once(
    fresh: Callable[[], FakeMedusa],
    folder: Path,
    source_edits: list[tuple[str, Any, Any]],
    store_edits: list[tuple[str, int, str]],
    options: dict[str, Any],
) -> None:
    store = fresh()
    edit_store(store, store_edits)
    rows, options = edit_source(list(ROWS), source_edits), {"max_removals": "100%", **options}
    one, other = folder / "one", folder / "other"
    plan = save(ListSource(rows, page_size=5), store, one, **options)
    save(ListSource(deepcopy(rows), page_size=2), store, other, **options)
    assert one.read_bytes() == other.read_bytes()
    speed = {name: options[name] for name in ("batch_size", "concurrency")}
    result = apply(one, store, **speed)
    assert result.exit_code == 0, (reasons(result), list(result.problems))
    assert shown(result)["changes"] == shown(plan)["changes"]
    assert_applied(one, store)


def test_the_order_in_which_the_source_sends_products_does_not_matter(file: Path) -> None:
    store, rows = synced(products(6)), [row | {"price": 1} for row in products(9)]
    save(ListSource(rows), store, file)
    before = file.read_bytes()
    save(ListSource(rows[::-1], page_size=2), store, file, batch_size=2)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "options",
    [
        {"accept_settings": True, "currency": "eur"},
        {"accept_settings": True, "sale_prices": True},
        {"limit": 2},
        {"shard": "1/2"},
        {"max_price_change": "5%"},
        {"no_create": True},
        {"no_update": True},
        {"status": "draft"},
    ],
    ids=str,
)
def test_a_plan_is_written_with_its_options(options: dict[str, Any]) -> None:
    new = [row | {"price": row["price"] * 1.2, "discountPercentage": 10} for row in products(6)]
    mapped = {name: options[name] for name in ("currency", "sale_prices") if name in options}
    assert_can_be_approved(ListSource(new, **mapped), copies_of(synced(products(4))), **options)


@removal
def test_what_is_missing_is_removed_and_nothing_else(file: Path, on_missing: str) -> None:
    rows = shirts(4)
    store = synced([*rows, *products(8)[4:]])
    left = [rows[0] | {"variants": rows[0]["variants"][2:]}, *rows[1:3]]
    plan = save(ListSource(left), store, file, on_missing=on_missing, max_removals="100%")
    sync(ListSource(shirts(9)[8:]), store)  # a product that the plan does not know
    result = apply(file, store)
    assert (result.exit_code, shown(result)["changes"]) == (0, shown(plan)["changes"]), reasons(result)
    published = {key for key, each in store.products.items() if each.status == "published"}
    assert published == {f"dummyjson:{number}" for number in (1, 2, 3, 9)}
    assert len([each for each in held(store).values() if each["stock"]]) == len(left[0]["variants"])
    assert_applied(file, store)


@removal
def test_what_is_missing_is_marked_and_later_removed(file: Path, on_missing: str) -> None:
    rows = shirts(4)
    store, options = synced(rows), {"on_missing": on_missing, "max_removals": "100%", "remove_after": "30d"}
    less = [rows[0] | {"variants": rows[0]["variants"][2:]}, *rows[1:3]]
    with on_day(0):
        save(ListSource(less), store, file, **options)
        assert (apply(file, store).exit_code, len(store.products)) == (0, 4)
        assert_applied(file, store)
        assert_quiet(ListSource(less), store, **options)
    with on_day(31):
        plan = save(ListSource(less), store, file, **options)
        result = apply(file, store)
        assert (result.exit_code, shown(result)["changes"]) == (0, shown(plan)["changes"]), reasons(result)
        assert counts(result) == {"updated": 1, "removed": 1}
        assert_applied(file, store)


def test_a_product_of_the_merchant_is_adopted_as_planned(file: Path) -> None:
    store = synced(products(3))
    for product in store.state.products.values():
        product.external_id = product.metadata = None
        product.description = "Mine"
    plan = save(ListSource(products(3)), store, file, adopt=True)
    edit(store, next(iter(store.state.products.values())), description="Ours")
    result = apply(file, store)
    assert (result.exit_code, len(shown(result)["changes"]), len(shown(plan)["changes"])) == (6, 2, 3)
    [kept] = [each for each in store.state.products.values() if each.external_id is None]
    assert kept.description == "Ours"
    assert kept.metadata is None
    [reason] = reasons(result).values()
    assert reason == "description is Ours now, was Mine in the plan"


def test_categories_get_the_names_of_the_source(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def names(_: ListSource) -> dict[str, str]:
        return {"shelf-1": "The first shelf"}

    monkeypatch.setattr(ListSource, "category_names", names)
    store = FakeMedusa()
    save(ListSource(catalogue()[:1]), store, file)
    assert apply(file, store).exit_code == 0
    assert [each.name for each in store.state.categories.values()] == ["The first shelf"]


# --- what has changed since -------------------------------------------------------------------------------


def changed() -> list[Row]:
    return [row | {"title": f"New {row['id']}", "price": row["price"] + 1} for row in products(4)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda store: edit(store, 2, title="Mine"), "title is Mine now, was"),
        (lambda store: set_prices(store, 2, amount=7), "price is 7 now, was"),
        (
            lambda store: store.call("DELETE", f"/admin/products/{store.products['dummyjson:2'].id}"),
            "no longer",
        ),
        (lambda store: sync(ListSource([products(2)[1] | {"price": 5}]), store), "price is 5 now, was"),
    ],
)
def test_a_product_that_was_edited_is_skipped_with_the_reason(
    file: Path, change: Callable[[FakeMedusa], object], words: str
) -> None:
    store = synced(products(4))
    save(ListSource(changed()), store, file)
    change(store)
    before = store.products.get("dummyjson:2")
    result = apply(file, store)
    assert (result.exit_code, counts(result)) == (6, {"updated": 3, "skipped": 1})
    assert words in reasons(result)["2"]
    assert store.products.get("dummyjson:2") is before
    assert counts(apply(file, store)) == {"unchanged": 3, "skipped": 1}


def test_another_product_than_that_of_the_plan_is_skipped(file: Path) -> None:
    store = synced(products(2))
    save(ListSource([row | {"price": 5} for row in products(3)]), store, file)
    store.call("DELETE", f"/admin/products/{store.products['dummyjson:1'].id}")
    sync(ListSource(products(3)), store)
    result = apply(file, store)
    assert reasons(result) == {
        "1": "it was created again",
        "3": "the store has it now, and the plan creates it",
    }
    assert counts(result) == {"updated": 1, "skipped": 2}


def test_a_variant_that_another_run_has_added_since_is_not_added_again(file: Path) -> None:
    variants = [variant(1, "S", "Red"), variant(1, "L", "Red")]
    store = synced([shirt(1, variants=variants[:1])])
    save(ListSource([shirt(1, variants=variants, title="New")]), store, file)
    sync(ListSource([shirt(1, variants=variants)]), store)
    assert reasons(apply(file, store)) == {"1": "variant changes only in the plan, from nothing to SH1-L-R"}
    assert len(store.products["dummyjson:1"].variants) == 2


def test_a_value_that_the_store_has_already_is_no_difference(file: Path) -> None:
    store = synced(products(4))
    save(ListSource(changed()), store, file)
    edit(store, 2, title="New 2")
    assert (apply(file, store).exit_code, store.products["dummyjson:2"].title) == (0, "New 2")
    assert_applied(file, store)


def renamed_option(title: str) -> Row:
    """A shirt with another name of an option."""
    variants = [
        {**each, "options": {"Size": each["options"]["Size"], "Farbe": each["options"]["Colour"]}}
        for each in shirt()["variants"]
    ]
    return shirt(title=title, options=["Size", "Farbe"], variants=variants)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (shirt(), renamed_option),
        (sharing(stock=3), lambda title: sharing(stock=5, title=title)),
    ],
    ids=["options", "shared stock"],
)
def test_what_another_run_has_written_of_a_plan_is_no_difference(
    file: Path, before: Row, after: Callable[[str], Row]
) -> None:
    store = synced([before])
    save(ListSource([after("New")]), store, file)
    sync(ListSource([after(before["title"])]), store)
    assert counts(apply(file, store)) == {"updated": 1}
    assert_applied(file, store)
    assert_quiet(ListSource([after("New")]), store)


@pytest.mark.parametrize("only", [None, "price"])
def test_what_the_plan_does_not_depend_on_may_change(file: Path, only: str | None) -> None:
    store = synced(products(4))
    save(ListSource([row | {"price": 5} for row in products(4)]), store, file, only=only)
    edit(store, 2, title="Mine")
    add_tag(store, 3, "Mine")
    assert apply(file, store).exit_code == 0
    assert store.products["dummyjson:2"].title == "Mine"


def test_a_set_that_got_another_member_is_skipped(file: Path) -> None:
    store = synced([row | {"tags": ["a", "b"]} for row in products(2)])
    save(ListSource([row | {"tags": ["a", "c"]} for row in products(2)]), store, file)
    add_tag(store, 1, "mine")
    assert reasons(apply(file, store)) == {"1": "tags is a, b, mine now, was a, b in the plan"}


def test_a_value_that_was_taken_is_not_given_up_by_anyone(file: Path) -> None:
    """Two products exchange their SKUs; one of them was edited."""
    rows = products(2)
    store = synced(rows)
    rows[0]["sku"], rows[1]["sku"] = rows[1]["sku"], rows[0]["sku"]
    rows[0]["title"] = "New"
    save(ListSource(rows), store, file)
    edit(store, 1, title="Mine")
    store.requests.clear()
    result = apply(file, store)
    assert (result.exit_code, counts(result), writes(store)) == (6, {"skipped": 2}, [])


def test_a_new_product_is_skipped_if_it_would_go_elsewhere(file: Path) -> None:
    store = FakeMedusa()
    save(ListSource(products(1)), store, file)
    channel = store.call("POST", "/admin/sales-channels", {"name": "Other"})["sales_channel"]["id"]
    store.state.store.default_sales_channel_id = channel
    result = apply(file, store)
    assert (result.exit_code, len(store.products)) == (6, 0)
    assert "the sales channel" in reasons(result)["1"]


@removal
def test_a_product_that_was_written_since_is_not_removed(file: Path, on_missing: str) -> None:
    rows = products(4)
    store = synced(rows)
    save(ListSource(rows[2:]), store, file, on_missing=on_missing, max_removals="100%")
    sync(ListSource([rows[0] | {"stock": 5}]), store)
    result = apply(file, store)
    assert (result.exit_code, counts(result)) == (6, {"removed": 1})
    assert reasons(result) == {"1": "another run has written it since"}


def test_an_old_plan_does_not_delete_a_product_that_was_created_again(file: Path) -> None:
    rows = products(2)
    store = synced(rows)
    save(ListSource(rows[1:]), store, file, on_missing="delete", max_removals="100%")
    apply(file, store)
    sync(ListSource(rows), store)
    result = apply(file, store)
    assert (result.exit_code, len(store.products)) == (6, 2)
    assert "it was created again" in reasons(result)["1"]


def test_a_dry_run_shows_what_would_be_skipped(file: Path) -> None:
    store = synced(products(4))
    save(ListSource(changed()), store, file)
    edit(store, 2, title="Mine")
    store.requests.clear()
    result = apply(file, store, dry_run=True)
    assert (result.exit_code, counts(result), writes(store)) == (6, {"updated": 3, "skipped": 1}, [])


# --- what was taken, came back, or was cleared since ------------------------------------------------------


@pytest.mark.parametrize("field", ["sku", "barcode"])
@pytest.mark.parametrize("is_ours", [True, False])
@pytest.mark.parametrize("is_new", [True, False])
def test_what_would_be_created_without_a_value_that_was_taken_is_skipped(
    file: Path, field: str, *, is_ours: bool, is_new: bool
) -> None:
    rows = shirts(3)
    store = synced(rows[2:] if is_new else rows)
    row = {**shirt(1), "variants": [*shirt(1)["variants"], variant(1, "XL", "Red", **{field: "4711"})]}
    save(ListSource([row, *rows[2:]]), store, file)
    if is_ours:
        taken = shirt(9)
        taken["variants"][0][field] = "4711"
        assert sync(ListSource([taken]), store).exit_code == 0
    else:
        edit_variant(store, 3, **{field: "4711"})
        store.products["dummyjson:3"].external_id = "other:3"
    before = held(store) if not is_new else None
    result = apply(file, store)
    if is_new and not is_ours:  # as in any run
        [problem] = result.problems
        assert (result.exit_code, problem.result) == (5, "rejected")
        return
    assert (result.exit_code, counts(result)["skipped"]) == (6, 1), list(result.problems)
    assert f"{field} of " in reasons(result)["1"]
    assert "'4711' belongs to " in reasons(result)["1"]
    assert (held(store) if not is_new else None) == before
    assert is_new == ("dummyjson:1" not in store.products)


@removal
@pytest.mark.parametrize("was_missing", [False, True])
def test_a_variant_that_is_back_is_not_removed(file: Path, on_missing: str, *, was_missing: bool) -> None:
    """A run that still lacked it may lie before the plan, which the run that has it again ends."""
    rows = [shirt()]
    less = [{**shirt(), "variants": shirt()["variants"][1:]}]
    store, options = synced(rows), {"on_missing": on_missing, "max_removals": "100%"}
    if was_missing:
        sync(ListSource(less), store)
    save(ListSource(less), store, file, **options)
    if not was_missing:
        rows[0]["variants"][0]["price"] = 99
    assert sync(ListSource(rows), store).exit_code == 0
    before = held(store)
    result = apply(file, store)
    assert (result.exit_code, counts(result), held(store)) == (6, {"skipped": 1}, before)
    assert reasons(result)["1"] == "another run has written S / Red since"


@removal
def test_a_variant_that_a_run_found_missing_too_is_removed(file: Path, on_missing: str) -> None:
    less = [{**shirt(), "variants": shirt()["variants"][1:]}]
    store = synced([shirt()])
    plan = save(ListSource(less), store, file, on_missing=on_missing, max_removals="100%")
    sync(ListSource(less), store)
    result = apply(file, store)
    assert (result.exit_code, shown(result)["changes"]) == (0, shown(plan)["changes"]), reasons(result)
    assert_applied(file, store)


CLEARED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "subtitle": ({"subtitle": "One"}, {"subtitle": None}),
    "tags": ({"tags": ["a", "b"]}, {"tags": []}),
    "images": ({"images": ["https://i.example/1.png"]}, {"images": []}),
    "material": ({"material": "copper"}, {"material": ""}),
}


def dearer(price: int, **fields: Any) -> dict[str, Any]:
    row = shirt(**fields)
    row["variants"][0]["price"] = price
    return row


def test_a_plan_of_an_interrupted_product_is_written_as_a_whole_or_not_at_all(file: Path) -> None:
    """The merchant has edited since what it changes, and wins."""
    store = synced([dearer(20, subtitle="One")])
    strike(store, "before", acknowledged_by, Killed(), once=False)
    with pytest.raises(Killed):
        sync(ListSource([dearer(40, subtitle="One")]), store)
    store.before = None
    save(ListSource([dearer(50, subtitle="Two")]), store, file, on_conflict="store")
    edit(store, 1, subtitle="Theirs")
    with constant("SETTLE_S", 0):
        result = apply(file, store)
    assert (result.exit_code, counts(result)) == (6, {"skipped": 1})
    assert "subtitle" in reasons(result)["1"]


@pytest.mark.parametrize("field", CLEARED)
@pytest.mark.parametrize("is_saved_first", [True, False])
def test_what_was_cleared_after_an_interrupted_run_is_not_overwritten(
    file: Path, field: str, *, is_saved_first: bool
) -> None:
    first, cleared = CLEARED[field]
    other: dict[str, Any] = {
        "subtitle": "Two",
        "tags": ["b", "c"],
        "images": ["https://i.example/2.png"],
        "material": "tin",
    }
    after = shirt(**{field: other[field]})
    after["variants"][0]["price"] = 50
    store = synced([shirt(**first)])
    if is_saved_first:
        save(ListSource([after]), store, file)
    interrupted = shirt(**first)
    interrupted["variants"][0]["price"] = 40
    strike(store, "before", acknowledged_by, Killed(), once=False)
    with pytest.raises(Killed):
        sync(ListSource([interrupted]), store)
    store.before = None
    set_prices(store, 1, amount=21)  # the interrupted run left its price, which the merchant takes back
    if not is_saved_first:
        save(ListSource([after]), store, file)
    edit(store, 1, **cleared)
    before = pickle.dumps(store.products["dummyjson:1"])
    with constant("SETTLE_S", 0):
        result = apply(file, store)
    assert (result.exit_code, counts(result)) == (6, {"skipped": 1})
    assert f"{field} is nothing now, was" in reasons(result)["1"].replace("an empty text", "nothing")
    assert pickle.dumps(store.products["dummyjson:1"]) == before


# --- names of the store that have changed since -----------------------------------------------------------


def with_names() -> tuple[FakeMedusa, Row]:
    """A store with a region, another currency and a location, and a product that names all of them."""
    store = FakeMedusa()
    store.call("POST", "/admin/regions", {"name": "Europe", "currency_code": "eur"})
    store.state.stock_locations["sloc_1"] = Named("sloc_1", "Berlin")
    prices = {"usd": 9, "eur": 8, "eur.Europe": 7}
    row = {"id": 1, "title": "Mug", "sku": "MUG", "prices": prices, "stock": {"": 5, "Berlin": 3}}
    assert sync(ListSource([row]), store).exit_code == 0
    return store, row


def rename(store: FakeMedusa) -> None:
    regions = store.state.regions
    regions |= {own: replace(each, name="EU") for own, each in regions.items() if each.name == "Europe"}
    store.state.stock_locations["sloc_1"] = Named("sloc_1", "Hamburg")


def remove_region(store: FakeMedusa) -> None:
    store.state.regions = {own: each for own, each in store.state.regions.items() if each.name != "Europe"}


def remove_currency(store: FakeMedusa) -> None:
    known = store.state.store.supported_currencies
    store.state.store.supported_currencies = [each for each in known if each.currency_code != "eur"]


def remove_location(store: FakeMedusa) -> None:
    del store.state.stock_locations["sloc_1"]
    for item in store.state.items.values():
        item.levels = [each for each in item.levels if each.location_id != "sloc_1"]


NEW_VALUES: dict[str, Callable[[Row], Row]] = {
    "title": lambda row: row | {"title": "Cup"},
    "usd": lambda row: row | {"prices": row["prices"] | {"usd": 99}},
    "eur": lambda row: row | {"prices": row["prices"] | {"eur": 88}},
    "eur.Europe": lambda row: row | {"prices": row["prices"] | {"eur.Europe": 77}},
    "stock": lambda row: row | {"stock": row["stock"] | {"": 6}},
    "stock.Berlin": lambda row: row | {"stock": row["stock"] | {"Berlin": 4}},
}
ABSENT: dict[Callable[[FakeMedusa], None], dict[str, str]] = {
    rename: {},
    remove_region: {"eur.Europe": "price.eur.Europe: the store has no region 'Europe', only"},
    remove_currency: {
        name: f"price.{name}: the store has no currency 'eur', only" for name in ("eur", "eur.Europe")
    },
    remove_location: {"stock.Berlin": "stock.Berlin: the store has no stock location 'Berlin', only"},
}
names_change = pytest.mark.parametrize("change", ABSENT, ids=lambda each: each.__name__)


@names_change
@pytest.mark.parametrize("field", NEW_VALUES)
def test_only_what_is_written_needs_its_names(
    file: Path, change: Callable[[FakeMedusa], None], field: str
) -> None:
    store, row = with_names()
    save(ListSource([NEW_VALUES[field](row)]), store, file)
    change(store)
    store.requests.clear()
    result = apply(file, store)
    if field not in ABSENT[change]:
        assert (result.exit_code, counts(result)) == (0, {"updated": 1}), list(result.problems)
        assert_applied(file, store)
        return
    assert (result.exit_code, counts(result), writes(store)) == (6, {"skipped": 1}, [])
    assert reasons(result)["1"].startswith(ABSENT[change][field])
    assert reasons(result)["1"].endswith("or make a new plan")


def test_a_location_that_was_never_written_may_be_gone(file: Path) -> None:
    store, row = with_names()
    store.state.stock_locations["sloc_2"] = Named("sloc_2", "Riga")
    new = row | {"title": "Cup", "stock": row["stock"] | {"Riga": 4}}
    save(ListSource([new]), store, file, only="title")
    del store.state.stock_locations["sloc_2"]
    assert (apply(file, store).exit_code, store.products["dummyjson:1"].title) == (0, "Cup")


@pytest.mark.parametrize("is_new", [True, False])
def test_a_currency_of_the_plan_that_is_gone_is_needed_only_for_prices(file: Path, *, is_new: bool) -> None:
    store = synced(products(2))
    rows = [products(2)[0] | {"title": "New"}, products(2)[1] | {"price": 5}, *products(3)[2:]]
    save(ListSource(rows[: 2 + is_new]), store, file)
    known = store.state.store.supported_currencies
    store.state.store.supported_currencies = [each for each in known if each.currency_code != "usd"]
    result = apply(file, store)
    assert (result.exit_code, counts(result)) == (6, {"updated": 1, "skipped": 1 + is_new})
    assert all("no currency 'usd', only: 'eur'; add" in each for each in reasons(result).values())


def test_a_name_in_the_settings_of_a_plan_that_is_gone_needs_a_new_plan(file: Path) -> None:
    store = FakeMedusa()
    channel = store.call("POST", "/admin/sales-channels", {"name": "Shop"})["sales_channel"]["id"]
    save(ListSource(products(1)), store, file, sales_channel="Shop")
    del store.state.sales_channels[channel]
    result = apply(file, store)
    assert (result.exit_code, result.hint) == (2, "Add it again, or make a new plan.")
    assert "The store has no sales channel 'Shop'" in result.error


def test_a_sales_channel_that_is_gone_skips_the_products_that_get_it(file: Path) -> None:
    store = synced(products(2))
    channel = store.call("POST", "/admin/sales-channels", {"name": "Shop"})["sales_channel"]["id"]
    save(ListSource([products(1)[0] | {"salesChannels": ["Shop"]}]), store, file)
    del store.state.sales_channels[channel]
    result = apply(file, store)
    assert (result.exit_code, counts(result)) == (6, {"skipped": 1}), list(result.problems)
    assert reasons(result)["1"].endswith("or make a new plan")


# --- kills and faults -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("change", "killed"), sampled(UPDATES, *UPDATES[:3], *UPDATES[9::3]))
def test_a_killed_application_is_completed_by_the_next(
    file: Path, change: Callable[..., None], killed: str
) -> None:
    store = synced(rows_of(change, 0))
    save(ListSource(rows_of(change, 1)), store, file)
    for hurt in killed_runs(store, killed, lambda each: apply(file, each)):
        result = apply(file, hurt)
        assert result.exit_code == 0, (reasons(result), list(result.problems))
        assert_stored(rows_of(change, 1), hurt)
        assert_applied(file, hurt)


@removal
@pytest.mark.parametrize("killed", ["both", "store"])
def test_killed_removals_are_completed(file: Path, killed: str, on_missing: str) -> None:
    rows = shirts(3)
    less = [rows[0] | {"variants": rows[0]["variants"][:2]}, rows[1]]
    store = synced(rows)
    save(ListSource(less), store, file, on_missing=on_missing, max_removals="100%")
    for hurt in killed_runs(store, killed, lambda each: apply(file, each)):
        result = apply(file, hurt)
        assert result.exit_code == 0, (reasons(result), list(result.problems))
        assert_applied(file, hurt)


@pytest.mark.parametrize("is_lost", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_the_merchant_edits_in_the_middle_of_an_application_stays(
    file: Path, number: int, *, is_lost: bool
) -> None:
    store = synced(products(2))
    save(ListSource(changed()[:2]), store, file)
    seen = 0

    def edited(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        nonlocal seen
        seen += is_write(request)
        if is_write(request) and seen == number:
            store.after = None
            set_prices(store, 1, amount=7)
            if is_lost:
                raise httpx.ReadTimeout("slow")
        return response

    store.after = edited
    result = apply(file, store)
    assert store.products["dummyjson:1"].variants[0].prices[0].amount == 7
    if number == 1:  # before the price was written
        assert (result.exit_code, counts(result)) == (6, {"updated": 1, "skipped": 1})
        assert "is 7 now, was" in reasons(result)["1"]
        assert [each.action for each in result.changes] == ["update", "update"]  # a part is written


# --- files that are refused -------------------------------------------------------------------------------


def refusal(file: Path, store: FakeMedusa, **options: Any) -> str:
    """Why a plan is refused; nothing is requested then."""
    store.requests.clear()
    with pytest.raises(SettingsError) as caught:
        apply(file, store, **options)
    assert store.requests == []
    return str(caught.value)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace(b"New 1", b"New 9"),
        lambda text: text[: len(text) // 2],
        lambda text: text[: text.rindex(b"\n", 0, -1) + 1],
        lambda text: text.replace(b'"source_name":"dummyjson"', b'"source_name":"dummyjson" '),
        lambda text: text.replace(b'"on_missing":"keep"', b'"on_missing":"delete"'),
        lambda _: b"",
        lambda _: b"{}\n",
        lambda _: b"\xff\xfe",
    ],
)
def test_a_file_that_was_edited_or_cut_is_refused(file: Path, damage: Callable[[bytes], bytes]) -> None:
    store = synced(products(4))
    save(ListSource(changed()), store, file)
    text = file.read_bytes()
    assert damage(text) != text
    file.write_bytes(damage(text))
    assert "make a new one" in refusal(file, store)


def test_a_file_that_is_replaced_after_it_was_checked_is_refused(file: Path) -> None:
    store = synced(products(4))
    save(ListSource(changed()), store, file)
    plan = approved(file)
    save(ListSource(products(4)[:1]), store, file, on_missing="delete", max_removals="100%")
    store.requests.clear()
    result = sync(plan, store)
    assert (result.exit_code, writes(store)) == (2, [])
    assert "it was changed after it was saved" in result.error


def test_a_plan_for_another_store_source_or_version_is_refused(file: Path) -> None:
    store = synced(products(4))
    save(ListSource(changed()), store, file)
    assert "it is for http://medusa.test; " in refusal(file, store, medusa_url="http://other.test")
    assert "it is for dummyjson; " in refusal(file, store, source_name="other")
    file.write_bytes(file.read_bytes().replace(b'"medusa_sync":"', b'"medusa_sync":"0.'))
    assert "has made it, this is" in refusal(file, store)
    assert "No such file" in refusal(file.with_name("missing"), store)


def test_a_plan_changes_no_settings_that_plans_do_not_have(file: Path) -> None:
    """Such as where the API key is sent: anyone who can write a plan can correct its checksum."""
    store, other = synced(products(4)), "http://other.test"
    save(ListSource(changed()), store, file)
    with_settings(file, medusa_url=other, unknown="1")
    result = apply(file, store)
    assert (result.exit_code, result.store_url) == (0, "http://medusa.test")


FORGED: dict[str, Callable[[Row], Any]] = {
    "no title": lambda line: line["product"]["fields"].pop("title"),
    "a number as title": lambda line: line["product"]["fields"].update(title=5),
    "a text as price": lambda line: line["product"]["variants"][0]["fields"].update(price="1"),
    "a text as tags": lambda line: line["product"]["fields"].update(tags="a"),
    "a text as stock": lambda line: line["product"]["variants"][0]["fields"].update(stock="much"),
    "an unknown field": lambda line: line["product"]["fields"].update(unknown="1"),
    "no variants": lambda line: line["product"].update(variants=[]),
    "a variant twice": lambda line: line["product"].update(variants=2 * line["product"]["variants"]),
    "another product": lambda line: line["product"].update(external_id="dummyjson:9"),
    "another id": lambda line: line["product"].update(source_id="9"),
    "another source": lambda line: line["plan"].update(external_id="other:1"),
    "no plan": lambda line: line.pop("plan"),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_a_forged_line_is_refused(file: Path, forgery: str) -> None:
    store = synced(products(4))
    save(ListSource(changed()), store, file)
    with_lines(file, lambda lines: [FORGED[forgery](lines[0]), *lines][1:])
    assert "it is no plan, or damaged; make a new one" in refusal(file, store)


@pytest.mark.parametrize("forgery", [lambda lines: [*lines, lines[0]], lambda lines: lines[::-1]])
def test_forged_lines_are_refused(file: Path, forgery: Callable[[list[Row]], list[Row]]) -> None:
    store = synced(products(4))
    save(ListSource(changed()), store, file)
    with_lines(file, forgery)
    assert "it is no plan, or damaged; make a new one" in refusal(file, store)


def test_a_forged_setting_is_refused(file: Path) -> None:
    store = synced(products(4))
    save(ListSource(changed()), store, file)
    with_settings(file, on_missing="all")
    assert "it has --on-missing 'all': expected keep or draft or delete" in refusal(file, store)


@pytest.mark.parametrize("changes", [[], [{"field": "status", "from": "published", "to": None}] * 3])
def test_a_forged_removal_is_skipped(file: Path, changes: list[Row]) -> None:
    store = synced(products(4))
    save(ListSource(products(3)), store, file, on_missing="delete", max_removals="100%")
    with_lines(file, lambda lines: [{"plan": lines[0]["plan"] | {"changes": changes}}])
    result = apply(file, store)
    assert (result.exit_code, len(store.products)) == (6, 4)
    assert "title is " in reasons(result)["4"]


def test_a_forged_name_of_a_field_is_skipped(file: Path) -> None:
    store = synced(products(4))
    save(ListSource(changed()), store, file)
    extra = [{"field": "unknown", "from": None, "to": "1", **own} for own in ({}, {"key": ""})]
    with_lines(file, lambda lines: [lines[0]["plan"]["changes"].extend(extra), *lines][1:])
    assert (apply(file, store).exit_code, store.products["dummyjson:1"].title) == (6, products(1)[0]["title"])


def test_a_plan_that_a_guard_refuses_says_so_and_is_refused(file: Path) -> None:
    store = synced(products(4))
    assert save(ListSource(changed()), store, file, max_changes="1").exit_code == 6
    assert "4 of 4 products would change" in json.loads(file.read_bytes().splitlines()[0])["refused"]
    assert "4 of 4 products would change" in refusal(file, store)


def test_a_plan_of_a_source_that_fails_is_refused(file: Path) -> None:
    store = synced(products(4))
    assert save(ListSource(changed(), page_size=2, ends_after=1), store, file).exit_code == 3
    assert "its dry run ended early (the source failed); make a new one" in refusal(file, store)


HOSTILE = ["</script>", "a\nb\r\u2028c", '"product":null', "\u202e\x07 ", "😀" * 80, "a|b`*_~<!--"]


@pytest.mark.parametrize("title", HOSTILE)
def test_any_text_survives(file: Path, title: str) -> None:
    store = synced(products(2))
    rows = [row | {"title": title, "description": title * 50} for row in products(3)]
    plan = save(ListSource(rows), store, file)
    assert len(file.read_bytes().splitlines()) == 4 == len(plan.changes) + 1
    result = apply(file, store)
    assert (result.exit_code, shown(result)["changes"]) == (0, shown(plan)["changes"])
    assert_applied(file, store)
    assert_quiet(ListSource(rows), store)
