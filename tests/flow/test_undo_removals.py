"""An undo deletes what a run created, unless it was written since; what it deleted can come back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medusa_sync import RunResult
from tests.flow.merchant import add_image, add_tag, add_variant, edit, edit_variant, set_prices
from tests.flow.shirts import assert_shirts
from tests.flow.stage import (
    ListSource,
    apply,
    assert_quiet,
    counts,
    document,
    record_of,
    save,
    sync,
    sync_url,
    synced,
    text,
    undone,
    writes,
)
from tests.flow.test_shared_stock import shirt as shared
from tests.flow.test_shared_stock import stocked
from tests.flow.test_undo import changed, saved, shown, undo
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Product
from tests.harness.shirts import shirt, variant

DELETES: dict[str, Any] = {"on_missing": "delete", "max_removals": "100%"}


def larger(**changes: Any) -> dict[str, Any]:
    """A shirt with one more size."""
    return shirt(variants=[*shirt()["variants"], variant(1, "XL", "Red", **changes)])


# --- what an undo deleted ---------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [{}, {"overwrite": True}, {"on_missing": "delete"}], ids=str)
def test_a_variant_that_an_undo_deleted_is_created_again(how: dict[str, Any], tmp_path: Path) -> None:
    store, result, was = changed([shirt()], [larger()])
    undo(store, result, tmp_path, **DELETES)
    assert shown(store) == was
    source = ListSource([larger()])
    assert (counts(sync(source, store, **how)), writes(store) != []) == ({"updated": 1}, True)
    assert_shirts([larger()], store)
    assert_quiet(source, store)


@pytest.mark.parametrize("on_missing", ["keep", "draft", "delete"])
def test_it_stays_away_until_the_source_has_it_again(on_missing: str, tmp_path: Path) -> None:
    store, result, was = changed([shirt()], [larger()])
    undo(store, result, tmp_path, **DELETES)
    sync(ListSource([shirt()]), store, on_missing=on_missing)
    assert shown(store) == was
    assert_quiet(ListSource([shirt()]), store, on_missing=on_missing)
    sync(ListSource([larger(price=7)]), store)
    assert_shirts([larger(price=7)], store)


def test_after_the_source_was_corrected_its_values_are_not_left_behind(tmp_path: Path) -> None:
    store, result, was = changed([shirt()], [larger()])
    undo(store, result, tmp_path, **DELETES)
    sync(ListSource([larger()]), store)
    sync(ListSource([shirt()]), store, on_missing="delete", max_removals="100%")
    assert shown(store) == was


# --- what was written since -------------------------------------------------------------------------------


FULL: dict[str, Any] = {
    "subtitle": "For milk",
    "description": "A long text, which the record keeps as a digest. " * 20,
    "weight": 3.3,
    "categories": [["Kitchen", "Jugs"]],
    "tags": ["b", "a"],
    "images": ["https://i.example/1.png", "https://i.example/2.png"],
    "metadata": {"own": "ours", "number": 8.0},
    "translations": {"de-DE": {"title": "Krug"}},
}
"""Medusa gives a product without a thumbnail its first image."""


def full_shirt() -> dict[str, Any]:
    row = shirt(9, **FULL)
    row["variants"][0] |= {
        "prices": [{"currency": "eur", "amount": 7, "minQuantity": 10}],
        "weight": 4.4,
        "metadata": {"own": 1},
        "translations": {"de-DE": {"title": "Klein"}},
        "salePrice": 5,
    }
    return row


def translate(store: FakeMedusa, own_id: str) -> None:
    """Change the texts of a product or variant."""
    for each in store.state.translations.values():
        if each.reference_id == own_id:
            each.translations = {"title": "Mine"}


EDITS: dict[str, Callable[[FakeMedusa, Product], object]] = {
    "title": lambda store, own: edit(store, own, title="Mine"),
    "material": lambda store, own: edit(store, own, material="Copper"),
    "thumbnail": lambda store, own: edit(store, own, thumbnail="https://mine.example/1.png"),
    "tags": lambda store, own: add_tag(store, own, "mine"),
    "images": lambda store, own: add_image(store, own, "https://mine.example/1.png"),
    "metadata.mine": lambda store, own: edit(store, own, metadata={"mine": 1}),
    "translation.de-DE.title": lambda store, own: translate(store, own.id),
    "options": lambda _, own: setattr(own.options[0], "title", "Width"),
    "variant Theirs": lambda store, own: add_variant(store, own, {"Size": "S", "Colour": "Green"}),
    "title of {}": lambda store, own: edit_variant(store, own, title="Mine"),
    "price of {}": lambda store, own: set_prices(store, own, amount=7_777),
    "translation.de-DE.title of {}": lambda store, own: translate(store, own.variants[0].id),
    "metadata.mine of {}": lambda store, own: edit_variant(store, own, metadata={"mine": 1}),
}


def created(*rows: dict[str, Any]) -> tuple[FakeMedusa, RunResult]:
    """A store of which a run has created these products; two others were there before."""
    old = [shirt(13), shirt(14)]
    store = synced(old, sale_prices=True)
    result = sync(ListSource([*old, *rows], sale_prices=True), store, sale_prices=True)
    assert counts(result) == {"unchanged": 2, "created": len(rows)}, [*result.problems]
    return store, result


@pytest.mark.parametrize("row", [full_shirt(), *products(3)], ids=lambda row: str(row["title"]))
@pytest.mark.parametrize("bulk", [True, False])
def test_a_product_that_nobody_has_written_since_is_deleted(
    row: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, bulk: bool
) -> None:
    monkeypatch.setattr(FakeMedusa, "offers_bulk", bulk)
    store, result = created(row)
    [level, *_] = next(iter(store.state.live_items())).levels
    level.stocked_quantity = 77
    undo(store, result, tmp_path)  # sets it to draft
    done = undo(store, result, tmp_path, **DELETES)
    assert (counts(done), len(store.products)) == ({"removed": 1}, 2), [*done.skipped]


def test_a_price_that_the_merchant_added_is_an_edit(tmp_path: Path) -> None:
    store, result = created(shirt(5))
    set_prices(store, 5, {"currency_code": "usd", "amount": 3, "min_quantity": 5})
    done = undo(store, result, tmp_path, **DELETES)
    assert [each.reason for each in done.skipped] == ["edited since the run: price of S / Red"]


def test_only_some_edits_are_named(tmp_path: Path) -> None:
    store, result = created(shirt(5))
    edit(store, 5, title="Mine", subtitle="Mine", description="Mine", material="Mine", hs_code="Mine")
    done = undo(store, result, tmp_path, **DELETES)
    assert [each.reason for each in done.skipped] == [
        "edited since the run: title, subtitle, description, 2 more"
    ]


@pytest.mark.parametrize("name", EDITS)
def test_a_product_that_the_merchant_edited_since_is_kept_and_listed(name: str, tmp_path: Path) -> None:
    store, result = created(full_shirt(), shirt(5))
    own = store.products["dummyjson:9"]
    EDITS[name](store, own)
    name = name.format(own.variants[0].title)
    plan = undo(store, result, tmp_path, dry_run=True, **DELETES)
    done = undo(store, result, tmp_path, **DELETES)
    assert counts(plan) == counts(done) == {"removed": 1}
    assert (done.exit_code, store.products["dummyjson:9"].status) == (0, "published")
    assert [each.reason for each in done.skipped] == [f"edited since the run: {name}"]
    assert f"edited since the run: {name}" in " ".join(text(done).split())
    undo(store, result, tmp_path)
    assert store.products["dummyjson:9"].status == "draft"


def test_a_product_that_a_later_run_has_written_is_kept_and_listed(tmp_path: Path) -> None:
    store, result = created(full_shirt(), shirt(5))
    later = full_shirt()
    later["variants"][1]["price"] += 1
    rows = [
        shirt(13),
        shirt(14),
        later,
        shirt(5, variants=[{**each, "stock": 77} for each in shirt(5)["variants"]]),
    ]
    later_run = sync(ListSource(rows, sale_prices=True), store, sale_prices=True)
    assert counts(later_run) == {"updated": 2, "unchanged": 2}
    done = undo(store, result, tmp_path, **DELETES)
    assert (counts(done), done.exit_code) == ({"removed": 1}, 6), "stock is not counted"
    assert [each.reason for each in done.skipped] == [
        "a later run wrote it, which was undone or is not kept here"
    ]


def test_products_without_a_record_that_can_be_trusted_are_kept(tmp_path: Path) -> None:
    store, result = created(shirt(5), shirt(6))
    (store.products["dummyjson:5"].metadata or {}).pop("medusa_sync")
    record_of(store, 6)["pending"] = {"step": "update"}
    done = undo(store, result, tmp_path, **DELETES)
    assert {each.external_id: each.reason for each in done.skipped} == {
        "dummyjson:5": "its record is gone, so it may be another product",
        "dummyjson:6": "its last write was not confirmed; sync once, and undo again",
    }


def test_nothing_is_restored_of_a_product_whose_record_is_gone(tmp_path: Path) -> None:
    store = synced([shirt(1)])
    result = sync(ListSource([shirt(1, title="New")]), store)
    (store.products["dummyjson:1"].metadata or {}).pop("medusa_sync")
    before, done = shown(store), undo(store, result, tmp_path)
    assert [each.reason for each in done.problems] == ["its record is gone, so it may be another product"]
    assert shown(store) == before


@pytest.mark.parametrize("is_old", [False, True])
@pytest.mark.parametrize(
    ("since", "reason"),
    [
        ("edited", "edited since the run: price"),
        ("written", "a later run wrote it, which was undone or is not kept here"),
        ("deleted", ""),
    ],
)
def test_a_variant_that_was_written_since_is_kept_and_listed(
    since: str, reason: str, tmp_path: Path, *, is_old: bool
) -> None:
    """Older documents do not show what a later run has written."""
    row = shirt(variants=[*shirt()["variants"], variant(1, "XL", "Red"), variant(1, "XL", "Blue")])
    store, result, was = changed([shirt()], [row])
    product = store.products["dummyjson:1"]
    if since == "edited":
        price = {"currency_code": "usd", "amount": 7_777}
        edit_variant(store, product, "SH1-XL-R", prices=[price])
    elif since == "written":
        row["variants"][-2]["price"] = 88
        sync(ListSource([row]), store)
    file = saved(result, tmp_path)
    if is_old:
        file = saved(
            result, tmp_path, changes=[without_digests(each) for each in document(result)["changes"]]
        )
    before = sync_url("memory", store, undo=file, dry_run=True, **DELETES)
    done = sync_url("memory", store, undo=file, **DELETES)
    assert counts(before) == counts(done) == {"updated": 1}
    left = {each.sku for each in store.products["dummyjson:1"].variants}
    is_kept = since == "edited" or (since == "written" and not is_old)
    assert left == {each["sku"] for each in shirt()["variants"]} | ({"SH1-XL-R"} if is_kept else set())
    assert [each.reason for outcome in done.changes for each in outcome.conflicts] == [reason] * is_kept
    again = sync_url("memory", store, undo=file, **DELETES)
    assert (again.conflicts, writes(store)) == (is_kept, [])
    assert is_kept or shown(store) == was


def without_digests(change: dict[str, Any]) -> dict[str, Any]:
    """A change as older documents have it."""
    variants = [{key: each[key] for key in each.keys() - {"recorded"}} for each in change["variants"]]
    return {**change, "variants": variants}


def test_a_plan_deletes_only_what_was_not_written_since(tmp_path: Path) -> None:
    store, result = created(shirt(5), shirt(6), shirt(7))
    file, plan = saved(result, tmp_path), tmp_path / "plan"
    edit(store, 5, title="Mine")
    planned = save(undone(file, store), store, plan, undo=file, **DELETES)
    assert counts(planned) == {"removed": 2}
    set_prices(store, 6, amount=7_777)
    done = apply(plan, store)
    assert (counts(done), done.exit_code) == ({"removed": 1}, 6)
    assert [each.reason for each in done.skipped] == ["edited since the run: price of S / Red"]


def test_a_variant_that_the_store_does_not_delete_is_not_lost(tmp_path: Path) -> None:
    """Stock of it is reserved. The record says that it is deleted until the next run finds it."""
    store, result, was = changed([shirt()], [larger()])
    [own] = [each for each in store.products["dummyjson:1"].variants if each.sku == "SH1-XL-R"]
    [level] = store.state.items[own.item_ids[0]].levels
    level.reserved_quantity = 1
    done = undo(store, result, tmp_path, **DELETES)
    assert done.exit_code == 5
    assert record_of(store, 1)["variants"]["1-XL-Red"][2:] == ["removed"]
    assert counts(sync(ListSource([larger()]), store)) == {"unchanged": 1}
    assert record_of(store, 1)["variants"]["1-XL-Red"][2:] == []
    assert_shirts([larger()], store)
    assert_quiet(ListSource([larger()]), store)
    assert {each.id for each in store.products["dummyjson:1"].variants} >= {own.id}
    level.reserved_quantity = 0
    assert (undo(store, result, tmp_path, **DELETES).exit_code, shown(store)) == (0, was)


def test_with_only_some_fields_variants_are_not_listed(tmp_path: Path) -> None:
    store, result, _ = changed([shirt()], [larger()])
    edit_variant(store, 1, "SH1-XL-R", title="Mine")
    done = undo(store, result, tmp_path, only="price", **DELETES)
    assert (counts(done), done.conflicts, writes(store)) == ({"unchanged": 1}, 0, [])


def test_the_only_variant_left_of_those_that_shared_stock_keeps_it_if_a_run_is_undone(tmp_path: Path) -> None:
    """The run drops the other one, which stays, and hands its SKU on."""
    before = shared("SM")
    after = {**before, "variants": [{**before["variants"][0], "sku": "1-M", "stock": 5}]}
    del after["stock"]
    store, result, _ = changed([before], [after])
    assert undo(store, result, tmp_path).exit_code == 0
    assert stocked(store) == {"S": 5, "M": 5}
