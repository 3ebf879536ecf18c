"""An undo restores what the store held before a run, and keeps what was edited since."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import pytest

from medusa_sync import RunResult
from medusa_sync.errors import SettingsError
from tests.flow.faults import FAULTS, KILLED, Killed, fault_at, killed_runs, strike
from tests.flow.merchant import add_tag, delete_variants, edit, left_over, set_prices
from tests.flow.plans import assert_can_be_approved
from tests.flow.shirts import swapped_variants
from tests.flow.stage import (
    ListSource,
    Signal,
    acknowledged_by,
    apply,
    assert_quiet,
    constant,
    copies_of,
    counts,
    document,
    record_of,
    run_once,
    save,
    sync,
    sync_url,
    synced,
    text,
    undone,
    writes,
)
from tests.flow.test_approval import ABSENT, NEW_VALUES, names_change, with_names
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.medusa import Store
from tests.harness.shirts import shirt, shirts, variant
from tests.tiers import some
from tests.world.shop import Shop
from tests.world.stored import stored_in


def saved(run: RunResult, folder: Path, secret: str = "", **changes: Any) -> str:
    """The path of the document of a run."""
    file = folder / "run.json"
    file.write_text(json.dumps({**document(run, secret), **changes}), encoding="utf-8")
    return str(file)


def undo(store: FakeMedusa, run: RunResult, folder: Path, secret: str = "", **options: Any) -> RunResult:
    return sync_url("memory", store, undo=saved(run, folder, secret), **options)


def assert_order_is_planned_and_undone(
    source: Callable[[str], ListSource], shown: Callable[[FakeMedusa], str], folder: Path
) -> None:
    """A saved plan writes another order, and an undo takes it back."""
    store, plan = synced(source("ABC").rows), folder / "plan.jsonl"
    save(source("CAB"), store, plan)
    result = apply(plan, store)
    assert (result.exit_code, shown(store)) == (0, "CAB")
    assert_quiet(source("CAB"), store)
    assert undo(store, result, folder).exit_code == 0
    assert shown(store) == "ABC"
    added = sync(source("CADB"), store)
    assert undo(store, added, folder, on_missing="delete").exit_code == 0
    assert shown(store) == "ABC"


def shop_of(store: FakeMedusa) -> Shop:
    return Shop(cast("Store", store), transport=store)


def shown(store: FakeMedusa) -> dict[str, Any]:
    """What an undo restores of all products."""
    return {key: each.restorable for key, each in stored_in(shop_of(store)).items()}


# --- each kind of change ----------------------------------------------------------------------------------


def changed(before: Any, after: Any, **options: Any) -> tuple[FakeMedusa, RunResult, dict[str, Any]]:
    """A store after a run, the run, and what the store held before it."""
    store = synced(before)
    was = shown(store)
    result = sync(ListSource(after), store, max_removals="100%", **options)
    assert result.exit_code == 0, list(result.problems)
    return store, result, was


FIELDS: dict[str, Any] = {
    "subtitle": "For milk",
    "description": "A long text, which the record keeps as a digest. " * 20,
    "thumbnail": "https://i.example/t.png",
    "weight": 3,
    "length": 30.25,
    "material": "copper",
    "originCountry": "lv",
    "hsCode": "7418",
    "type": "Jugs",
    "collection": "summer",
    "tags": ["b", "a"],
    "images": ["https://i.example/2.png", "https://i.example/1.png"],
    "categories": [["Kitchen", "Jugs"]],
    "salesChannels": ["Default Sales Channel"],
    "metadata": {"brand": "Ours", "own": 1},
    "translations": {"de-DE": {"title": "Krug"}},
}


@pytest.mark.parametrize("direction", ["added", "removed"])
def test_each_field_is_restored(direction: str, tmp_path: Path) -> None:
    tiers = [{"currency": "usd", "amount": 7, "minQuantity": 10}, {"currency": "eur", "amount": 8}]
    bare, full = shirt(), shirt(**FIELDS)
    full["variants"][0] |= {"weight": 4, "barcode": "999", "prices": tiers, "sku": "OTHER", "salePrice": 5}
    rows = [[bare], [full]] if direction == "added" else [[full], [bare]]
    store, result, was = changed(*rows)
    assert shown(store) != was
    assert undo(store, result, tmp_path).exit_code == 0
    assert shown(store) == was


def test_another_order_of_images_is_restored_although_a_final_pass_follows(tmp_path: Path) -> None:
    """Two variants exchange their SKUs, so the product is planned again after its row was written."""
    images = [f"https://i.example/{number}.png" for number in (1, 2)]
    before, after = shirt(images=images), shirt(images=images[::-1])
    swapped_variants(after, 0)
    store, result, was = changed([before], [after])
    assert shown(store) != was
    assert "images" in {each.field for outcome in result.changes for each in outcome.changes}
    assert undo(store, result, tmp_path).exit_code == 0
    assert shown(store) == was


def only_variant(**changes: Any) -> dict[str, Any]:
    """A product with one variant that has neither SKU nor title, and fields that products have, too."""
    own = {
        "price": 5,
        "weight": 3,
        "image": "https://i.example/a.png",
        "metadata": {"own": "a"},
        "translations": {"de-DE": {"title": "A"}},
    }
    thumbnail = "https://i.example/b.png"
    return {"id": 1, "title": "Mug", "weight": 4, "thumbnail": thumbnail, "variants": [{**own, **changes}]}


ONLY_FIELDS: dict[str, Any] = {
    "weight": 4,
    "image": "https://i.example/b.png",
    "metadata": {"own": "b"},
    "translations": {"de-DE": {"title": "B"}},
}


@pytest.mark.parametrize("names", [*((each,) for each in ONLY_FIELDS), tuple(ONLY_FIELDS)], ids="-".join)
@pytest.mark.parametrize("is_old", [False, True])
def test_fields_of_the_only_variant_are_not_those_of_the_product(
    names: tuple[str, ...], tmp_path: Path, *, is_old: bool
) -> None:
    after = only_variant(**{each: ONLY_FIELDS[each] for each in names})
    store, result, _ = changed([only_variant()], [after])
    changes = document(result)["changes"]
    if is_old:  # it does not say which fields these are
        del changes[0]["variant_fields"]
    done = sync_url("memory", store, undo=saved(result, tmp_path, changes=changes))
    assert (done.exit_code, done.conflicts) == (0, 0), list(done.changes)
    [product] = store.products.values()
    [own] = product.variants
    assert (product.weight, product.thumbnail) == (4, "https://i.example/b.png")
    assert (own.weight, own.thumbnail, own.metadata) == (3, "https://i.example/a.png", {"own": "a"})
    texts = {each.reference_id: each.translations for each in store.state.translations.values()}
    assert texts == {own.id: {"title": "A"}}


def test_a_field_that_product_and_only_variant_both_have_is_restored_for_each(tmp_path: Path) -> None:
    after = {**only_variant(weight=7, price=6), "weight": 8}
    store, result, was = changed([only_variant()], [after])
    assert document(result)["changes"][0]["variant_fields"] == ["price"]
    assert undo(store, result, tmp_path).conflicts == 0
    assert (shown(store), store.products["dummyjson:1"].variants[0].weight) == (was, 3)


@pytest.mark.parametrize("stock", [0, 3])
def test_variants_that_the_run_drafted_get_their_stock_unless_it_was_changed_since(
    stock: int, tmp_path: Path
) -> None:
    row = shirt(5)
    less = {**row, "variants": row["variants"][1:]}
    store, result, _ = changed([row], [less], on_missing="draft")
    own = store.products["dummyjson:5"].variants[0]
    assert (own.sku, store.level_of("SH5-S-R")) == ("SH5-S-R", 0)
    store.state.items[own.item_ids[0]].levels[0].stocked_quantity = stock
    done = undo(store, result, tmp_path)
    assert (store.level_of("SH5-S-R"), done.conflicts) == (stock or 5, bool(stock))
    assert counts(sync(ListSource([less]), store, on_missing="draft")) == {"unchanged": 1}
    assert store.level_of("SH5-S-R") == (stock or 5)


def test_a_drafted_variant_whose_sku_moved_gets_both_back(tmp_path: Path) -> None:
    """The run gave its SKU and its barcode to another variant of the product."""
    row, less = shirt(5), shirt(5)
    gone = less["variants"].pop(0)
    less["variants"][0] |= {"sku": gone["sku"], "barcode": gone["barcode"]}
    store, result, was = changed([row], [less], on_missing="draft")
    [change] = document(result)["changes"]
    assert [each["drafted"] for each in change["variants"] if "drafted" in each] == [True]
    done = undo(store, result, tmp_path)
    assert (done.conflicts, shown(store), store.level_of("SH5-S-R")) == (0, was, 5)


def sharing(*skus: str, stock: int = 7) -> dict[str, Any]:
    """A shirt whose variants share its stock."""
    row = shirt(1, stock=stock)
    row["variants"] = [{**each, "stock": None} for each in row["variants"] if each["sku"] in skus]
    return row


SHARING = ("SH1-S-R", "SH1-S-B", "SH1-M-R")


@pytest.mark.parametrize("left", [1, 2])
@pytest.mark.parametrize("stock", [None, 3])
def test_a_drafted_variant_shares_the_stock_again_unless_it_got_its_own_since(
    left: int, stock: int | None, tmp_path: Path
) -> None:
    store, result, was = changed([sharing(*SHARING)], [sharing(*SHARING[:left])], on_missing="draft")
    held = {each.sku: each for each in store.products["dummyjson:1"].variants}
    [item_id] = held["SH1-S-R"].item_ids
    assert held["SH1-M-R"].item_ids == []
    if stock:
        held["SH1-M-R"].item_ids = [left_over(store, "SH1-M-R", stock).id]
    before = undo(store, result, tmp_path, dry_run=True)
    done = undo(store, result, tmp_path)
    assert (done.exit_code, done.conflicts) == (0, bool(stock)), [e.conflicts for e in done.changes]
    assert counts(before) == counts(done)
    shares = {each.sku for each in store.products["dummyjson:1"].variants if each.item_ids == [item_id]}
    assert shares == {*SHARING} - ({"SH1-M-R"} if stock else set())
    assert [each.stocked_quantity for each in store.state.items[item_id].levels] == [7]
    assert stock or shown(store) == was
    assert undo(store, result, tmp_path).conflicts == bool(stock)
    assert writes(store) == []
    again = sync(ListSource([sharing(*SHARING[:left])]), store, on_missing="draft")
    assert counts(again) == {"unchanged": 1}


@pytest.mark.parametrize("left", [1, 2])
@pytest.mark.parametrize("killed", KILLED)
def test_a_killed_undo_leaves_no_drafted_variant_unlinked(left: int, killed: str, tmp_path: Path) -> None:
    store, result, was = changed([sharing(*SHARING)], [sharing(*SHARING[:left])], on_missing="draft")
    for hurt in killed_runs(store, killed, lambda each: undo(each, result, tmp_path, max_retries=2)):
        assert_completed(hurt, result, tmp_path, was)
        [item_ids] = {tuple(each.item_ids) for each in hurt.products["dummyjson:1"].variants}
        assert [each.stocked_quantity for each in hurt.state.items[item_ids[0]].levels] == [7]


def test_drafted_variants_are_listed_if_no_variant_has_the_stock_that_they_shared(tmp_path: Path) -> None:
    after = sharing(*SHARING[:1])
    del after["stock"]  # it is not tracked any more
    store, result, _ = changed([sharing(*SHARING)], [after], on_missing="draft")
    store.requests.clear()
    done = undo(store, result, tmp_path)
    assert (done.exit_code, done.conflicts, writes(store)) == (0, 2, [])
    assert text(done).count("no variant has the stock that it shared; set its stock in the admin") == 2


def test_a_drafted_variant_does_not_join_one_with_stock_of_its_own(tmp_path: Path) -> None:
    rows = sharing(*SHARING), sharing(*SHARING)
    for row in rows:
        row["variants"][0]["stock"] = 4
    rows[1]["variants"].pop()
    store, result, was = changed([rows[0]], [rows[1]], on_missing="draft")
    assert undo(store, result, tmp_path).conflicts == 0
    items = {each.sku: each.item_ids for each in store.products["dummyjson:1"].variants}
    assert items["SH1-M-R"] == items["SH1-S-B"] != items["SH1-S-R"]
    assert shown(store) == was


def test_an_option_that_an_undo_of_an_undo_has_added_is_renamed(tmp_path: Path) -> None:
    row = shirt()
    plain, more = (
        row | {"options": ["Size", "Colour"]},
        deepcopy(row | {"options": ["Size", "Colour", "Fit"]}),
    )
    for each in more["variants"]:
        each["options"]["Fit"] = "Slim"
    store, added, _ = changed([plain], [more])
    taken_back = undo(store, added, tmp_path)
    assert undo(store, taken_back, tmp_path).exit_code == 0
    renamed = deepcopy(more) | {"options": ["Size", "Colour", "Cut"]}
    for each in renamed["variants"]:
        each["options"]["Cut"] = each["options"].pop("Fit")
    assert sync(ListSource([renamed]), store).exit_code == 0
    assert {each.title for each in store.products["dummyjson:1"].options} == {"Size", "Colour", "Cut"}


def test_an_undo_that_drafted_a_variant_can_be_undone(tmp_path: Path) -> None:
    row = shirt(5)
    store, result, _ = changed([{**row, "variants": row["variants"][1:]}], [row])
    done = undo(store, result, tmp_path)
    assert store.level_of("SH5-S-R") == 0
    assert counts(undo(store, done, tmp_path)) == {"updated": 1}
    assert store.level_of("SH5-S-R") == 5


@pytest.mark.parametrize("stock", [None, 7])
def test_variants_without_stock_of_their_own_stay_unless_they_are_deleted(
    stock: int | None, tmp_path: Path
) -> None:
    """They share that of the product, or are not tracked."""
    before, after = shirt(stock=stock), shirt(stock=stock)
    after["variants"].append(variant(1, "XL", "Red"))
    for each in (*before["variants"], *after["variants"]):
        del each["stock"]
    store, result, was = changed([before], [after])
    levels = [[each.stocked_quantity for each in item.levels] for item in store.state.live_items()]
    kept = undo(store, result, tmp_path)
    assert (counts(kept), kept.conflicts) == ({"unchanged": 1}, 1)
    assert [[each.stocked_quantity for each in item.levels] for item in store.state.live_items()] == levels
    done = undo(store, result, tmp_path, on_missing="delete")
    assert (done.conflicts, shown(store)) == (0, was)


@pytest.mark.parametrize("field", ["sku", "price"])
def test_the_item_that_variants_share_is_not_that_of_one(field: str, tmp_path: Path) -> None:
    before, after = shirt(stock=7), shirt(stock=7)
    for each in (*before["variants"], *after["variants"]):
        del each["stock"]
    after["variants"][0][field] = {"sku": "OTHER", "price": 99}[field]
    store, result, was = changed([before], [after])
    items = [each.sku for each in store.state.live_items()]
    plan = tmp_path / "plan"
    save(undone(saved(result, tmp_path), store), store, plan, undo=saved(result, tmp_path))
    for expected in ("updated", "unchanged"):
        done = apply(plan, store)
        assert (counts(done), shown(store)) == ({expected: 1}, was), [*done.skipped]
        assert [each.sku for each in store.state.live_items()] == items == ["dummyjson:1"]


def test_an_undo_reports_no_stock_of_a_variant_that_the_merchant_gave_an_item(tmp_path: Path) -> None:
    before, after = sharing(*SHARING), sharing(*SHARING)
    after["variants"][0]["price"] = 99
    store = synced([before])
    own = left_over(store, "SH1-M-R", 3)
    [taken] = (each for each in store.products["dummyjson:1"].variants if each.sku == "SH1-M-R")
    taken.item_ids = [own.id]
    was, result = shown(store), sync(ListSource([after]), store)
    done = undo(store, result, tmp_path)
    assert [each.field for outcome in done.changes for each in outcome.changes] == ["price"]
    assert (shown(store), taken.item_ids) == (was, [own.id])


def test_what_the_run_deleted_is_listed(tmp_path: Path) -> None:
    rows = products(12)
    less = shirt(99, variants=shirt(99)["variants"][2:], title="Less")
    store, result, _ = changed([*rows, shirt(99)], [*rows[1:], less], on_missing="delete")
    done = undo(store, result, tmp_path)
    assert (done.exit_code, counts(done)) == (0, {"updated": 1, "skipped": 1})
    assert store.products["dummyjson:99"].title == "Shirt 99"
    assert text(done).count("the run deleted it, which cannot be undone") == 3


def test_drafted_products_are_published_again(tmp_path: Path) -> None:
    rows = products(12)
    store, result, was = changed(rows, rows[1:], on_missing="draft")
    assert store.products["dummyjson:1"].status == "draft"
    done = undo(store, result, tmp_path)
    assert (counts(done), shown(store)) == ({"updated": 1}, was)
    assert_can_be_approved(ListSource(rows[1:]), copies_of(store), on_missing="draft")
    assert undo(store, done, tmp_path).exit_code == 0
    assert store.products["dummyjson:1"].status == "draft"


# --- products that the run created ------------------------------------------------------------------------


@pytest.mark.parametrize(("how", "status"), [("keep", "draft"), ("draft", "draft"), ("delete", None)])
def test_products_that_the_run_created_go(how: str, status: str | None, tmp_path: Path) -> None:
    rows = products(22)
    store, result, was = changed(rows[:20], rows)
    plan = undo(store, result, tmp_path, on_missing=how, dry_run=True)
    done = undo(store, result, tmp_path, on_missing=how)
    assert counts(plan) == counts(done) == {"removed": 2}
    held = {key: each.status for key, each in store.products.items() if key not in was}
    assert [*held.values()] == [status] * (2 if status else 0)
    store.requests.clear()
    next_run = sync(ListSource(rows), store)
    expected = {"unchanged": 22} if status else {"unchanged": 20, "created": 2}
    assert counts(next_run) == expected
    assert bool(writes(store)) == (status is None)


@pytest.mark.parametrize("how", ["draft", "delete"])
def test_one_that_was_created_again_since_stays(how: str, tmp_path: Path) -> None:
    rows = products(3)
    store, result, _ = changed(rows[:2], rows)
    store.call("DELETE", f"/admin/products/{store.products['dummyjson:3'].id}")
    assert counts(sync(ListSource(rows), store)) == {"created": 1, "unchanged": 2}
    assert (undo(store, result, tmp_path, on_missing=how).exit_code, writes(store)) == (0, [])
    assert store.products["dummyjson:3"].status == "published"


def test_one_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    rows = products(22)
    store, result, _ = changed(rows[:20], rows)
    record_of(store, 22)["version"] = 1_000
    done = undo(store, result, tmp_path)
    assert (done.exit_code, counts(done)) == (5, {"removed": 1})
    assert ["not removed: " in each.reason for each in done.problems] == [True]


def test_the_guard_keeps_them(tmp_path: Path) -> None:
    rows = products(6)
    store, result, _ = changed(rows[:3], [{**each, "title": "Other"} for each in rows])
    done = undo(store, result, tmp_path, max_removals="10%")
    assert (done.exit_code, counts(done)) == (6, {"updated": 3})
    assert "3 of 6 products were created by the run" in done.error
    assert {each.status for each in store.products.values()} == {"published"}


def test_too_many_changes_are_refused(tmp_path: Path) -> None:
    rows = products(6)
    store, result, _ = changed(rows, [{**each, "title": "Other"} for each in rows])
    store.requests.clear()
    done = undo(store, result, tmp_path, max_changes=5)
    assert (done.exit_code, writes(store)) == (6, [])
    assert "6 of 6 products would change" in done.error
    assert done.hint.startswith("If the changes are right, run once with --max-changes 6 ")


# --- edits since the run ----------------------------------------------------------------------------------


def test_what_was_edited_since_is_kept(tmp_path: Path) -> None:
    after = shirt(title="Other", description="Other", tags=["ours", "mine"])
    after["variants"][0] |= {"price": 50}
    after["variants"][1] |= {"price": 50}
    store, result, was = changed([shirt(tags=["before"])], [after])
    edit(store, 1, title="Mine")
    set_prices(store, 1, amount=7_777)
    add_tag(store, 1, "added since")
    gone = store.products["dummyjson:1"].variants[-1]
    done = undo(store, result, tmp_path)
    assert (done.exit_code, done.conflicts) == (0, 2)
    assert {each.setting for outcome in done.changes for each in outcome.changes} == {"--undo"}
    assert "title: Mine (kept; edited since the run; before it: Shirt 1)" in text(done)
    [(key, now)] = shown(store).items()
    assert now["owned"]["title"] == "Mine"
    assert now["owned"]["description"] == was[key]["owned"]["description"]
    assert now["owned"]["tags"] == ("added since", "before")
    amounts = [each["owned"]["price"] for each in now["variants"].values()]
    assert (7_777 in amounts, 50 in amounts) == (True, False)
    assert gone.id in now["variants"]


def test_metadata_that_is_no_text_or_number_is_not_restored_as_a_text(tmp_path: Path) -> None:
    store = synced([shirt()])
    [product] = store.products.values()
    product.metadata = {
        **(product.metadata or {}),
        "care": {"wash": 30},
        "sizes": ["S"],
        "note": "[S]",
        "age": 3,
    }
    new = {"care": "cold", "sizes": "S", "note": "S", "age": 4}
    done = undo(store, sync(ListSource([shirt(metadata=new)]), store), tmp_path)
    assert (done.exit_code, done.conflicts) == (0, 2)
    assert text(done).count("kept; the document has the object or list before the run only as text") == 2
    [product] = store.products.values()
    kept = {key: value for key, value in (product.metadata or {}).items() if key in new}
    assert kept == {"care": "cold", "sizes": "S", "note": "[S]", "age": 3}


@pytest.mark.parametrize(
    ("name", "secret"), [("subtitle", "The key is sk_key"), ("images", ["https://a.b/?sk_key"])]
)
@pytest.mark.parametrize("is_new", [False, True])
def test_a_value_in_which_a_secret_was_hidden_is_not_restored(
    name: str, secret: Any, tmp_path: Path, *, is_new: bool
) -> None:
    rows = [shirt(**{name: secret}), shirt(**{name: type(secret)()})]
    before, after = reversed(rows) if is_new else rows
    store, result, _ = changed([before | {"title": "Before"}], [after])
    [now] = deepcopy([*store.products.values()])
    done = undo(store, result, tmp_path, secret="sk_key")
    assert (done.exit_code, done.conflicts) == (0, 1 if name == "subtitle" else 2)  # and the thumbnail
    assert "kept; the document hides a secret (***)" in text(done)
    [product] = store.products.values()
    assert (product.title, product.subtitle) == ("Before", now.subtitle)
    assert [each.url for each in product.images] == [each.url for each in now.images]


def test_what_a_later_run_wrote_is_not_called_an_edit(tmp_path: Path) -> None:
    row = shirt(1, title="First", subtitle="First", tags=["a"], options=["Size", "Colour"])
    second, third = ({**row, "title": each, "subtitle": each} for each in ("Second", "Third"))
    second["variants"] = [each | {"price": 50, "sku": f"{each['sku']}-2"} for each in row["variants"]]
    third["variants"] = [each | {"price": 60} for each in second["variants"]]
    long = "A long text, which the record keeps as a digest. " * 3
    second["description"], third["description"] = long, f"{long}!"
    store, result, _ = changed([row], [second])
    edit(store, 1, subtitle="Mine")
    sync(ListSource([third]), store)
    edit(store, 1, subtitle="Mine")
    set_prices(store, 1, amount=70)
    shown_to_all = text(undo(store, result, tmp_path, dry_run=True))
    done = undo(store, result, tmp_path)
    conflicts = [each for outcome in done.changes for each in outcome.conflicts]
    reasons = {(each.variant, each.field): each.reason for each in conflicts}
    edited = {own for own, each in reasons.items() if each == "edited since the run"}
    assert {field for _, field in edited} == {"subtitle", "price"}
    assert len(edited) == 2
    assert {*reasons.values()} == {
        "edited since the run",
        "a later run wrote it, which was undone or is not kept here",
    }
    assert {field for _, field in reasons.keys() - edited} == {"title", "description", "price"}
    assert (
        "title: Third (kept; a later run wrote it, which was undone or is not kept here; before it: First)"
        in shown_to_all
    )


def test_an_option_value_that_a_later_run_wrote_with_another_name_of_the_option_is_not_called_an_edit(
    tmp_path: Path,
) -> None:
    first, second, third = (
        shirt(options=[option], variants=[variant(1, "S", "Red", options={option: value})])
        for option, value in [("Size", "S"), ("Size", "XS"), ("Cut", "Slim")]
    )
    store, result, _ = changed([first], [second])
    sync(ListSource([third]), store)
    done = undo(store, result, tmp_path)
    reasons = {each.field: each.reason for outcome in done.changes for each in outcome.conflicts}
    assert reasons["option.Size"] == "a later run wrote it, which was undone or is not kept here"


def test_an_option_that_is_gone_since_is_listed_and_no_other_one_gets_its_name(tmp_path: Path) -> None:
    plain, fitted, renamed = (
        shirt(options=[*options], variants=[variant(1, "S", "Red", options=options)])
        for options in ({"Size": "S"}, {"Size": "S", "Fit": "Slim"}, {"Width": "S", "Cut": "Slim"})
    )
    store, first, _ = changed([plain], [fitted])
    second = sync(ListSource([renamed]), store)
    undo(store, first, tmp_path)
    assert shown(store)["dummyjson:1"]["options"] == {"Width": ["S"]}
    done = undo(store, second, tmp_path)
    assert shown(store)["dummyjson:1"]["options"] == {"Size": ["S"]}
    kept = [(each.field, each.desired, each.reason) for one in done.changes for each in one.conflicts]
    assert kept == [("options", "Fit", "edited since the run")]


def test_an_option_value_that_a_variant_lacked_is_listed(tmp_path: Path) -> None:
    """Medusa gives a variant a value of each option; one that was dropped did not get that of a new one."""
    small, large = (variant(1, size, "Red", options={"Size": size}) for size in "SL")
    plain = shirt(options=["Size"], variants=[small, large])
    fitted = [each | {"options": each["options"] | {"Fit": "Slim"}} for each in (small, large)]
    store, _, _ = changed([plain], [shirt(options=["Size", "Fit"], variants=fitted[:1])])
    result = sync(ListSource([shirt(options=["Size", "Fit"], variants=fitted)]), store)
    done = undo(store, result, tmp_path)
    kept = {(each.variant, each.field): each.reason for outcome in done.changes for each in outcome.conflicts}
    reason = "the variant had no value, and Medusa cannot remove one"
    assert kept == {("SH1-L-R", "option.Fit"): reason}


def test_a_product_that_was_deleted_since_is_listed(tmp_path: Path) -> None:
    store, result, _ = changed(products(2), [{**row, "title": "New"} for row in products(2)])
    own = next(key for key, each in store.state.products.items() if each.external_id == "dummyjson:1")
    shop_of(store).delete(f"/admin/products/{own}")
    done = undo(store, result, tmp_path)
    assert counts(done) == {"updated": 1, "skipped": 1}
    assert "the store no longer has it" in text(done)


def test_a_variant_that_was_deleted_since_stays_away(tmp_path: Path) -> None:
    after = shirt()
    for each in after["variants"]:
        each["price"] = 50
    store, result, _ = changed([shirt()], [after])
    product = store.products["dummyjson:1"]
    delete_variants(store, product, product.variants[0].id)
    done = undo(store, result, tmp_path)
    assert (done.exit_code, done.conflicts) == (0, 1)
    assert [each.reason for outcome in done.changes for each in outcome.conflicts] == ["edited since the run"]
    assert {each.prices[0].amount for each in store.products["dummyjson:1"].variants} == {21}


@pytest.mark.parametrize("is_back", [False, True])
def test_a_product_that_was_deleted_since_is_skipped(tmp_path: Path, *, is_back: bool) -> None:
    rows = products(2)
    store, result, _ = changed(rows, [rows[0], {**rows[1], "title": "Other"}])
    store.call("DELETE", f"/admin/products/{store.products['dummyjson:2'].id}", {})
    if is_back:
        sync(ListSource([rows[0], {**rows[1], "title": "Other"}]), store)
    store.requests.clear()
    done = undo(store, result, tmp_path)
    assert (done.exit_code, counts(done), writes(store)) == (0, {"skipped": 1}, [])


# --- names of the store that have changed since -----------------------------------------------------------


@names_change
@pytest.mark.parametrize("field", ["title", "usd", "eur", "eur.Europe"])
def test_only_what_is_restored_needs_its_names(
    change: Callable[[FakeMedusa], None], field: str, tmp_path: Path
) -> None:
    store, row = with_names()
    result = sync(ListSource([NEW_VALUES[field](row)]), store)
    change(store)
    done = undo(store, result, tmp_path, currency="eur" if field == "title" else "usd")
    if field not in ABSENT[change]:
        assert (done.exit_code, counts(done)) == (0, {"updated": 1}), list(done.problems)
        return
    assert (done.exit_code, counts(done), writes(store)) == (5, {"failed": 1}, [])
    [problem] = done.problems
    assert problem.reason.startswith(ABSENT[change][field])
    assert problem.reason.endswith("or leave it out with --skip")
    assert counts(undo(store, result, tmp_path, skip="price")) == {"unchanged": 1}


def test_an_undo_needs_no_currency_of_its_own(tmp_path: Path) -> None:
    """It restores each price in that of the run, whatever `--currency` is."""
    store, row = with_names()
    result = sync(ListSource([NEW_VALUES["eur"](row)]), store)
    assert undo(store, result, tmp_path, currency="gbp").exit_code == 0


# --- the next runs ----------------------------------------------------------------------------------------


def test_later_runs_take_it_for_an_edit_of_the_merchant(tmp_path: Path) -> None:
    after = {**shirt(), "title": "Other", "tags": ["ours"]}
    store, result, was = changed([shirt()], [after])
    record = record_of(store, 1)
    undo(store, result, tmp_path)
    assert record_of(store, 1) == record
    assert counts(sync(ListSource([after]), store)) == {"unchanged": 1}
    sync(ListSource([{**after, "subtitle": "New"}]), store)
    was["dummyjson:1"]["owned"]["subtitle"] = "New"
    assert shown(store) == was
    again = sync(ListSource([{**after, "title": "Newer", "tags": ["newer"]}]), store)
    assert (again.exit_code, again.conflicts, store.products["dummyjson:1"].title) == (0, 1, "Newer")
    assert shown(store)["dummyjson:1"]["owned"]["tags"] == ("newer",)


def test_with_only_products_are_neither_removed_nor_published(tmp_path: Path) -> None:
    rows = [{**each, "price": 1} for each in products(5)]
    store, result, was = changed(products(4), rows[1:], on_missing="draft")
    undo(store, result, tmp_path, only="price")
    statuses = {key: each.status for key, each in store.products.items()}
    assert statuses == {key: "draft" if key == "dummyjson:1" else "published" for key in statuses}
    assert len(statuses) == 5
    undo(store, result, tmp_path, on_missing="delete")
    assert shown(store) == was


def test_only_some_fields_are_undone(tmp_path: Path) -> None:
    after = shirt(title="Other")
    after["variants"][0]["price"] = 50
    store, result, was = changed([shirt()], [after])
    undo(store, result, tmp_path, only="price")
    was["dummyjson:1"]["owned"]["title"] = "Other"
    assert shown(store) == was


# --- faults -----------------------------------------------------------------------------------------------


def many_changes() -> tuple[FakeMedusa, RunResult, dict[str, Any]]:
    """A run that changed fields of all kinds, swapped SKUs, and created variants and products."""
    before, after = shirts(3), shirts(4)
    for each in after[:3]:
        each |= {"title": f"Other {each['id']}", "tags": ["a"], "options": ["Width", "Colour"]}
        for own in each["variants"]:
            own["options"] = {"Width": f"{own['options']['Size']}!", "Colour": own["options"]["Colour"]}
            own["price"] += 1
    one, two = after[0]["variants"][0], after[1]["variants"][0]
    one["sku"], two["sku"] = two["sku"], one["sku"]
    after[2]["variants"].append(variant(3, "XL", "Red", options={"Width": "XL", "Colour": "Red"}))
    return changed(before, after)


def assert_completed(
    store: FakeMedusa, run: RunResult, folder: Path, was: dict[str, Any], **options: Any
) -> None:
    """Undoing again restores the store; an inventory item may get its SKU one undo later than its variant."""
    for _ in range(2):
        done = undo(store, run, folder, **options)
        assert (done.exit_code, done.conflicts) == (0, 0), list(done.changes)
    assert shown(store) == was


def test_an_undo_that_is_interrupted_is_completed_by_the_next_one(tmp_path: Path) -> None:
    store, result, was = many_changes()
    options: dict[str, Any] = {"on_missing": "delete", "max_removals": "100%", "batch_size": 2}
    copy = copies_of(store)
    whole = copy()
    undo(whole, result, tmp_path, **options)
    assert shown(whole) == was
    cases = [(number, fault) for number in range(1, len(writes(whole)) + 1) for fault in FAULTS]
    for number, fault in some(cases, 6):
        hurt = copy()
        hit = fault_at(hurt, number, fault)
        with suppress(Killed):
            undo(hurt, result, tmp_path, max_retries=2, **options)
        hurt.before = hurt.after = None
        assert_completed(hurt, result, tmp_path, was, **options)
        assert hit


def test_an_edit_in_the_middle_of_an_undo_is_kept(tmp_path: Path) -> None:
    store, result, _ = many_changes()
    strike(store, "before", lambda each: each.method == "POST", lambda: edit(store, 3, title="Mine"))
    done = undo(store, result, tmp_path, batch_size=1, concurrency=1, max_removals="100%")
    assert (done.exit_code, done.conflicts) == (0, 1)
    assert store.products["dummyjson:3"].title == "Mine"


def test_a_run_that_was_interrupted_can_be_undone(tmp_path: Path) -> None:
    rows, stop = products(6), Signal()
    store = synced(rows)
    was = shown(store)
    strike(store, "after", lambda each: each.method == "POST", stop.interrupt)
    other = ListSource([{**each, "title": "Other"} for each in rows])
    result = asyncio.run(run_once(other, store, stop=stop, batch_size=1, concurrency=1))
    store.after = None
    titles = [each.title for each in store.products.values()]
    assert (result.exit_code, titles.count("Other"), document(result)["store"]) == (143, 2, None)
    done = undo(store, result, tmp_path)
    assert (counts(done), shown(store)) == ({"updated": 2}, was)


def test_what_the_run_left_unfinished_is_noted(tmp_path: Path) -> None:
    store = FakeMedusa()
    fault_at(store, 1, "dropped after")
    result = sync(ListSource(products(1)), store, max_retries=0)
    assert counts(result) == {"unconfirmed": 1}
    store.after = None
    done = undo(store, result, tmp_path)
    assert (done.exit_code, [each.code for each in done.notes]) == (0, ["W206"])


def test_a_write_that_is_not_confirmed_is_not_undone(tmp_path: Path) -> None:
    store = synced([shirt()])
    after = shirt()
    after["variants"][0]["price"] = 50
    strike(store, "before", acknowledged_by, Killed())
    with pytest.raises(Killed):
        sync(ListSource([after]), store)
    store.before = None
    copy = copies_of(store)()
    with constant("SETTLE_S", 0):
        result = sync(ListSource([after]), copy)
    store.requests.clear()
    change = {
        "external_id": "dummyjson:1",
        "action": "update",
        "fields": {"title": {"from": "Before", "to": "Shirt 1"}},
        "id": store.products["dummyjson:1"].id,
    }
    done = sync_url("memory", store, undo=saved(result, tmp_path, changes=[change]))
    assert (done.exit_code, counts(done), writes(store)) == (5, {"failed": 1}, [])
    [problem] = done.problems
    assert problem.reason == "its last write was not confirmed; sync once, and undo again"


# --- plans ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["draft", "delete"])
def test_its_plan_can_be_approved(how: str, tmp_path: Path) -> None:
    store, result, was = many_changes()
    records = {key: record_of(store, key) for key in (1, 2, 3)}
    file, options = saved(result, tmp_path), {"on_missing": how, "max_removals": "100%"}
    plan = tmp_path / "plan"
    planned = save(undone(file, store), store, plan, undo=file, **options)
    edited = copies_of(store)()
    done = apply(plan, store)
    assert (counts(done), done.exit_code) == (counts(planned), 0), [*done.skipped]
    if how == "delete":  # the record says so
        records[3]["variants"]["3-XL-Red"].append("removed")
        del records[3]["source"]
    assert {key: record_of(store, key) for key in records} == records
    assert how == "draft" or shown(store) == was
    store.requests.clear()
    again = apply(plan, store)
    assert (again.exit_code, writes(store)) == (0, []), [*again.skipped]
    set_prices(edited, 3, amount=7_777)
    other = apply(plan, edited)
    assert (other.exit_code, counts(other)) == (6, {"updated": 2, "skipped": 1, "removed": 1})


# --- documents that are refused ---------------------------------------------------------------------------


REFUSED: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a dry run": (lambda each: {**each, "dry_run": True}, "it is of a dry run, which wrote nothing"),
    "another source": (
        lambda each: {**each, "source": {**each["source"], "name": "erp"}},
        "it is of the source 'erp'; set --source-name",
    ),
    "another store": (
        lambda each: {**each, "store_url": "https://other.example"},
        "it is of the store https://other.example; set --medusa-url",
    ),
    "an older version": (
        lambda each: {**each, "source": {"url": "memory", "format": "", "total": 1, "seen": 1}},
        "an older version of medusa-sync wrote it",
    ),
    "something else": (lambda _: [1], "it is not the complete JSON document of a run"),
    "a change without values": (
        lambda each: {**each, "changes": [{"external_id": "dummyjson:1", "action": "update"}]},
        "it is not the complete JSON document of a run",
    ),
    "a product of another source": (
        lambda each: {**each, "changes": [{**each["changes"][0], "external_id": "erp:1"}]},
        "'erp:1' is no external id of the source 'dummyjson'",
    ),
    "no product": (
        lambda each: {**each, "changes": [{**each["changes"][0], "external_id": None}]},
        "None is no external id of the source 'dummyjson'",
    ),
}


@pytest.mark.parametrize("of", REFUSED)
def test_a_document_that_does_not_fit_is_refused(of: str, tmp_path: Path) -> None:
    store, result, _ = changed([shirt()], [shirt(title="Other")])
    change, reason = REFUSED[of]
    file = tmp_path / "run.json"
    file.write_text(json.dumps(change(document(result))), encoding="utf-8")
    store.requests.clear()
    with pytest.raises(SettingsError) as caught:
        sync_url("memory", store, undo=str(file))
    assert reason in str(caught.value)
    assert store.requests == []


@pytest.mark.parametrize("size", [0, 0.5, 0.99])
def test_a_damaged_document_is_refused(size: float, tmp_path: Path) -> None:
    store, result, _ = changed([shirt()], [shirt(title="Other")])
    file = Path(saved(result, tmp_path))
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * size)])
    with pytest.raises(SettingsError, match="it is not the complete JSON document of a run"):
        sync_url("memory", store, undo=str(file))


def test_a_deep_document_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text('{"changes":' + "[" * 100_000, encoding="utf-8")
    with pytest.raises(SettingsError, match="it is not the complete JSON document of a run"):
        sync_url("memory", FakeMedusa(), undo=str(file))


def test_a_document_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the file cannot be read"):
        sync_url("memory", FakeMedusa(), undo=str(tmp_path / "none.json"))
