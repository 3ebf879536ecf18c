"""Runs that sync only some fields, or only new or only stored products."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.flow.shirts import held, shirt, variant
from tests.flow.stage import ListSource, counts, sync, writes
from tests.harness.fake_medusa import FakeMedusa

CUP = {
    "id": 1,
    "title": "Cup",
    "description": "A cup. " * 20,
    "price": 5,
    "sku": "CUP",
    "stock": 4,
    "tags": ["blue"],
    "category": "cups",
    "brand": "Clay & Co",
    "images": ["https://example.com/1.png"],
}
NEW = CUP | {
    "title": "Better cup",
    "description": "A better cup. " * 20,
    "price": 6,
    "stock": 9,
    "tags": ["red"],
    "category": "mugs",
    "brand": "Mud & Co",
    "images": ["https://example.com/2.png"],
}


def only(*names: str) -> dict[str, str]:
    return {"only": ",".join(names)}


def skip(*names: str) -> dict[str, str]:
    return {"skip": ",".join(names)}


def stored(*rows: dict[str, Any]) -> FakeMedusa:
    store = FakeMedusa()
    assert counts(sync(ListSource(copy.deepcopy(list(rows))), store)) == {"created": len(rows)}
    store.requests.clear()
    return store


def changed(result: Any) -> set[str]:
    return {change.field for outcome in result.changes for change in outcome.changes}


def test_only_the_chosen_fields_are_synced_and_the_next_full_run_sends_exactly_the_others() -> None:
    store = stored(CUP)
    result = sync(ListSource([NEW]), store, **only("price", "stock"))
    assert changed(result) == {"price", "stock"}
    product = store.products["dummyjson:1"]
    assert (product.title, store.level_of("CUP")) == ("Cup", 9)
    store.requests.clear()
    assert counts(sync(ListSource([NEW]), store, **only("price", "stock"))) == {"unchanged": 1}
    assert writes(store) == []
    assert changed(sync(ListSource([NEW]), store)) == {
        *("title", "description", "tags", "categories", "metadata.brand", "images", "thumbnail"),
    }
    store.requests.clear()
    assert counts(sync(ListSource([NEW]), store)) == {"unchanged": 1}
    assert writes(store) == []


@pytest.mark.parametrize(
    "name", ["title", "description", "tags", "categories", "metadata", "images", "price"]
)
def test_a_skipped_field_is_the_only_one_that_the_next_full_run_sends(name: str) -> None:
    store = stored(CUP)
    first = changed(sync(ListSource([NEW]), store, **skip(name)))
    assert not any(each.startswith(name) for each in first)
    second = changed(sync(ListSource([NEW]), store))
    assert {each.partition(".")[0] for each in second} == {name}
    assert first | second >= {"title", "price", "stock", "metadata.brand"}


def test_an_edit_of_a_field_that_is_not_synced_stays_and_no_conflict_is_reported() -> None:
    store = stored(CUP)
    product = store.products["dummyjson:1"]
    store.call("POST", "/admin/products/batch", {"update": [{"id": product.id, "title": "Mine"}]})
    result = sync(ListSource([NEW]), store, **only("price"))
    assert (result.conflicts, store.products["dummyjson:1"].title) == (0, "Mine")
    assert sync(ListSource([NEW]), store).conflicts == 1


def test_terms_of_fields_that_are_not_synced_are_not_created() -> None:
    store = stored(CUP)
    sync(ListSource([NEW]), store, **only("price"))
    assert not [each for each in writes(store) if "tags" in each.url.path or "categories" in each.url.path]


def test_new_products_are_created_with_all_fields() -> None:
    store = FakeMedusa()
    assert counts(sync(ListSource([CUP]), store, **only("price"))) == {"created": 1}
    assert counts(sync(ListSource([CUP]), store)) == {"unchanged": 1}


def test_variants_are_neither_created_nor_dropped_nor_renamed_if_they_are_not_chosen() -> None:
    store = stored(shirt(1))
    row = shirt(1)
    row["variants"][0] |= {"price": 99, "options": {"Size": "XS", "Colour": "Red"}}
    del row["variants"][1]
    row["variants"].append(variant(1, "XL", "Red"))
    plan = only("price")
    before = held(store)
    result = sync(ListSource([row]), store, **plan)
    assert changed(result) == {"price"}
    assert held(store) == before | {"SH1-S-R": before["SH1-S-R"] | {"price": {"usd": 99}}}
    store.requests.clear()
    assert counts(sync(ListSource([row]), store, **plan)) == {"unchanged": 1}
    assert writes(store) == []
    assert changed(sync(ListSource([row]), store)) >= {"option.Size", "variant"}
    assert "SH1-XL-R" in held(store)
    assert counts(sync(ListSource([row]), store)) == {"unchanged": 1}


def test_an_interrupted_write_is_completed_with_all_fields() -> None:
    store = stored(CUP)
    store.linger = 0

    def fail(request: Any) -> Any:
        if request.url.path.endswith("location-levels/batch"):
            store.before = None
            raise KeyboardInterrupt
        return None

    store.before = fail
    with pytest.raises(KeyboardInterrupt):
        sync(ListSource([NEW]), store)
    store.before = None
    assert counts(sync(ListSource([NEW]), store, **only("price"))) == {"updated": 1}
    store.requests.clear()
    assert counts(sync(ListSource([NEW]), store)) == {"unchanged": 1}
    assert writes(store) == []


def test_new_products_are_skipped_with_no_create_and_nothing_is_created_for_them() -> None:
    store = stored(CUP)
    other = NEW | {"id": 2, "sku": "MUG"}
    for dry_run in (True, False):
        result = sync(ListSource([NEW, other]), store, no_create=True, dry_run=dry_run)
        assert (counts(result), result.exit_code) == ({"updated": 1, "skipped": 1}, 0)
    assert set(store.products) == {"dummyjson:1"}


def test_stored_products_are_skipped_with_no_update() -> None:
    store = stored(CUP)
    other = NEW | {"id": 2, "sku": "MUG"}
    result = sync(ListSource([NEW, other]), store, no_update=True)
    assert (counts(result), result.exit_code) == ({"skipped": 1, "created": 1}, 0)
    assert store.products["dummyjson:1"].title == "Cup"
    assert changed(sync(ListSource([NEW, other]), store)) >= {"title", "price"}


@pytest.mark.parametrize("on_missing", ["draft", "delete"])
@pytest.mark.parametrize("plan", [only("price"), skip("variants")])
def test_a_dropped_variant_that_is_back_is_not_removed_if_variants_are_not_synced(
    plan: dict[str, str], on_missing: str
) -> None:
    fewer = shirt(1)
    fewer["variants"] = fewer["variants"][:4]
    store = stored(shirt(1))
    sync(ListSource([fewer]), store)
    before = held(store)
    for dry_run in (False, True, False):
        result = sync(
            ListSource([shirt(1)]),
            store,
            **plan,
            on_missing=on_missing,
            max_removals="100%",
            dry_run=dry_run,
        )
        assert (result.exit_code, held(store)) == (0, before)
    assert sync(ListSource([shirt(1)]), store, on_missing=on_missing).exit_code == 0
    assert held(store) == before


def test_the_sale_price_belongs_to_the_price() -> None:
    row = CUP | {"price": 8, "compareAtPrice": 10}
    store = FakeMedusa()
    assert sync(ListSource([row], sale_prices=True), store).exit_code == 0
    ended = ListSource([CUP | {"price": 20}], sale_prices=True)
    assert changed(sync(ended, store, **only("price", "stock"))) == {"price", "sale_price"}
    assert all(price.is_deleted for price in store.state.list_prices.values())
