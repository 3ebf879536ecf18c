"""Category paths become nested categories of the store."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from tests.flow.faults import AFTER, BEFORE, fault_at
from tests.flow.kills import killed_runs
from tests.flow.stage import (
    SOURCE_NAME,
    Killed,
    ListSource,
    assert_exact,
    counts,
    sent_in_bulk,
    sync,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

PATHS = [["Apparel", "Shirts", "Polos"], ["Apparel", "Sale"], ["Garden", "Sale"], ["Garden"]]
TREE = [
    "Apparel",
    "Apparel > Sale",
    "Apparel > Shirts",
    "Apparel > Shirts > Polos",
    "Garden",
    "Garden > Sale",
]
CATEGORIES = "/admin/product-categories"


def source_with(*paths: list[str]) -> ListSource:
    """One product for each path."""
    rows = products(len(paths))
    for row, path in zip(rows, paths, strict=True):
        del row["category"]
        row["categories"] = [path]
        row["tags"] = ["all"]
    return ListSource(rows)


def places(store: FakeMedusa) -> dict[str, str]:
    """The paths of all categories by id."""
    categories = store.state.categories

    def path(category_id: str) -> str:
        category = categories[category_id]
        above = category.parent_category_id
        return f"{path(above)} > {category.name}" if above else category.name

    return {category_id: path(category_id) for category_id in categories}


def categories_of(store: FakeMedusa, row: dict[str, Any]) -> list[str]:
    known = places(store)
    product = store.products[f"{SOURCE_NAME}:{row['id']}"]
    return sorted(known[category_id] for category_id in product.category_ids)


def assert_nested(source: ListSource, store: FakeMedusa) -> None:
    """Each product is in the last category of its path, and no category exists twice."""
    assert_exact(source.rows, store)
    assert sorted(places(store).values()) == TREE
    for row in source.rows:
        assert categories_of(store, row) == [" > ".join(row["categories"][0])]


CREATION = "create-product-categories"


def category_requests(store: FakeMedusa) -> list[str]:
    """The methods of requests that read or create categories."""
    return [
        request.method
        for request in store.requests
        if request.path == CATEGORIES or sent_in_bulk(request, CREATION)
    ]


def test_products_are_in_the_last_category_of_their_paths() -> None:
    store, source = FakeMedusa(), source_with(*PATHS)
    assert counts(sync(source, store)) == {"created": 4}
    assert_nested(source, store)
    assert all(category.is_active for category in store.state.categories.values())
    assert category_requests(store) == ["GET", "POST", "POST", "POST"], "a call for each level"
    store.requests.clear()
    assert counts(sync(source, store)) == {"unchanged": 4}
    assert writes(store) == []


def test_a_product_moves_to_another_path() -> None:
    store, source = FakeMedusa(), source_with(*PATHS)
    sync(source, store)
    source.rows[0]["categories"] = [["Garden", "Sale", "Hoses"]]
    assert counts(sync(source, store)) == {"updated": 1, "unchanged": 3}
    assert categories_of(store, source.rows[0]) == ["Garden > Sale > Hoses"]
    assert "Apparel > Shirts > Polos" in places(store).values(), "categories are never removed"


def test_a_category_that_the_merchant_moved_or_renamed_is_used_where_it_is() -> None:
    store, source = FakeMedusa(), source_with(*PATHS)
    sync(source, store)
    shirts = next(each for each in store.state.categories.values() if each.handle == "apparel-shirts")
    shirts.parent_category_id, shirts.name = None, "Tops"
    del store.state.categories[
        next(each.id for each in store.state.categories.values() if each.handle == "apparel")
    ]
    for category in store.state.categories.values():
        category.parent_category_id = (
            None if category.handle == "apparel-sale" else category.parent_category_id
        )
    new = products(5)[4]
    del new["category"]
    source.rows.append(new | {"categories": [["Apparel", "Shirts", "Linen"]]})
    assert counts(sync(source, store)) == {"created": 1, "unchanged": 4}
    assert categories_of(store, new) == ["Tops > Linen"]
    assert categories_of(store, source.rows[0]) == ["Tops > Polos"]
    assert "Apparel" not in places(store).values(), "nothing new is below it"


def test_a_category_of_a_product_without_paths_is_the_top_of_a_path() -> None:
    store, source = FakeMedusa(), source_with(["Garden Tools", "Rakes"], ["x"])
    source.rows[1] = products(2)[1] | {"category": "garden-tools"}
    sync(source, store)
    assert sorted(places(store).values()) == ["Garden Tools", "Garden Tools > Rakes"]


def test_the_next_run_completes_categories_after_a_kill_at_any_step() -> None:
    source = source_with(*PATHS)
    for killed in ("tool", "store", "both"):
        for store in killed_runs(FakeMedusa(), killed, lambda store: sync(source, store)):
            for _ in range(2):  # a product may need the SKU of an incomplete one
                result = sync(source, store)
            assert result.exit_code == 0, list(result.problems)
            assert_nested(source, store)


@pytest.mark.parametrize("name", [*BEFORE, *AFTER])
def test_the_next_run_completes_categories_after_a_fault_at_any_write(name: str) -> None:
    for number in range(1, 5):  # the creations of tags and categories come first
        store, source = FakeMedusa(), source_with(*PATHS)
        hit = fault_at(store, number, name)
        with suppress(Killed):
            result = sync(source, store)
            assert sum(result.counts.values()) == result.seen, (number, hit)
        assert hit
        store.before = store.after = None
        assert sync(source, store).exit_code == 0, (number, hit)
        assert_nested(source, store)


def test_a_category_that_disappears_during_a_run_is_created_again() -> None:
    """The merchant deletes the one above it between the look-up and the creation."""
    store, source = FakeMedusa(), source_with(["Garden", "Sale"])
    store.call("POST", CATEGORIES, {"name": "Garden", "handle": "garden"})

    def delete(request: Any) -> None:
        if sent_in_bulk(request, CREATION):
            store.before = None
            store.state.categories.clear()

    store.before = delete
    sync(source, store)
    assert sync(source, store).exit_code == 0
    assert categories_of(store, source.rows[0]) == ["Garden > Sale"]


def test_two_runs_at_the_same_time_create_a_path_once() -> None:
    store, source = FakeMedusa(), source_with(*PATHS)

    def other_run(request: Any) -> None:
        if sent_in_bulk(request, CREATION):
            store.before = None
            for path in ("Apparel", "Apparel > Shirts"):
                *_, above, name = ["", *path.split(" > ")]
                parent = next(
                    (each.id for each in store.state.categories.values() if each.name == above), None
                )
                handle = path.lower().replace(" > ", "-")
                body = {"name": name, "handle": handle, "is_active": True, "parent_category_id": parent}
                store.call("POST", CATEGORIES, body)

    store.before = other_run
    assert counts(sync(source, store)) == {"created": 4}
    assert_nested(source, store)
