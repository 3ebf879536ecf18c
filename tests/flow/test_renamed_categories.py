"""A category that this tool created stays the same one, whatever the merchant makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.plans import carried_out, reasons
from tests.flow.stage import ListSource, counts, sync, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

CATEGORIES = "/admin/product-categories"


def row(number: int, category: str, **changes: Any) -> dict[str, Any]:
    return products(number)[-1] | {"category": category} | changes


def in_path(number: int, *path: str) -> dict[str, Any]:
    own = row(number, "")
    del own["category"]
    return own | {"categories": [list(path)]}


def category_id(store: FakeMedusa, handle: str) -> str:
    return next(each.id for each in store.state.categories.values() if each.handle == handle)


def edit(store: FakeMedusa, old_handle: str, **changes: Any) -> str:
    """The merchant edits a category; returns its id."""
    own = category_id(store, old_handle)
    store.call("POST", f"{CATEGORIES}/{own}", changes)
    return own


def categories_of(store: FakeMedusa, number: int) -> list[str]:
    return list(store.products[f"dummyjson:{number}"].category_ids)


def renamed() -> tuple[FakeMedusa, ListSource, str]:
    store, source = FakeMedusa(), ListSource([row(1, "shoes"), row(2, "hats")])
    sync(source, store)
    own = edit(store, "shoes", name="Footwear", handle="footwear")
    store.requests.clear()
    return store, source, own


def test_new_products_go_into_a_renamed_category() -> None:
    store, source, own = renamed()
    source.rows.append(row(3, "shoes"))
    assert counts(carried_out(source, store)) == {"created": 1, "unchanged": 2}
    assert categories_of(store, 3) == [own]
    assert len(store.state.categories) == 2


def test_a_renamed_category_is_no_change_of_its_products() -> None:
    store, source, own = renamed()
    assert counts(carried_out(source, store)) == {"unchanged": 2}
    source.rows[0]["title"] = "New title"
    result = carried_out(source, store)
    [outcome] = result.changes
    assert [change.field for change in outcome.changes] == ["title"]
    assert categories_of(store, 1) == [own]


def test_a_product_leaves_a_renamed_category_and_comes_back() -> None:
    store, source, own = renamed()
    source.rows[0]["category"] = "hats"
    assert carried_out(source, store).exit_code == 0
    assert categories_of(store, 1) == [category_id(store, "hats")]
    source.rows[0]["category"] = "shoes"
    assert carried_out(source, store).exit_code == 0
    assert categories_of(store, 1) == [own]


def test_the_merchant_may_remove_a_product_from_a_renamed_category() -> None:
    store, source, _ = renamed()
    store.call("POST", f"/admin/products/{store.products['dummyjson:1'].id}", {"categories": []})
    source.rows[0]["title"] = "New title"
    assert carried_out(source, store).exit_code == 0
    assert categories_of(store, 1) == []


def test_a_category_of_the_merchant_with_the_old_handle_is_not_used() -> None:
    store, source, own = renamed()
    store.call("POST", CATEGORIES, {"name": "Mine", "handle": "shoes"})
    source.rows.append(row(3, "shoes"))
    assert carried_out(source, store).exit_code == 0
    assert categories_of(store, 3) == [own]


def test_a_category_without_a_record_is_found_by_its_handle() -> None:
    store = FakeMedusa()
    store.call("POST", CATEGORIES, {"name": "Mine", "handle": "shoes", "is_active": True})
    assert carried_out(ListSource([row(1, "shoes")]), store).exit_code == 0
    assert categories_of(store, 1) == [category_id(store, "shoes")]
    assert len(store.state.categories) == 1


def test_a_moved_category_gets_new_ones_below_it() -> None:
    store, source = FakeMedusa(), ListSource([in_path(1, "Apparel", "Shirts")])
    sync(source, store)
    store.call("POST", CATEGORIES, {"name": "Sale", "handle": "sale"})
    moved = edit(
        store,
        "apparel-shirts",
        name="Tops",
        handle="tops",
        parent_category_id=category_id(store, "sale"),
    )
    source.rows.append(in_path(2, "Apparel", "Shirts", "Polos"))
    assert counts(carried_out(source, store)) == {"created": 1, "unchanged": 1}
    [own] = categories_of(store, 2)
    assert store.state.categories[own].parent_category_id == moved


@pytest.mark.parametrize("options", [{"batch_size": 1}, {"batch_size": 15}])
def test_a_category_whose_handle_is_taken_by_a_renamed_one_is_a_problem(options: dict[str, Any]) -> None:
    store, source, own = renamed()
    source.rows += [row(3, "footwear"), row(4, "hats"), in_path(5, "Footwear", "Boots")]
    result = carried_out(source, store, **options)
    assert counts(result) == {"created": 1, "unchanged": 2, "rejected": 2}
    reason = (
        f"its category 'footwear' cannot be created: 'Footwear' ({own}) has this handle, but is 'shoes' at "
        "the source; change one of the two"
    )
    assert reasons(result) == {"dummyjson:3": reason, "dummyjson:5": reason}


def test_categories_cost_one_request_in_a_first_sync_and_none_in_a_quiet_run() -> None:
    store, source = FakeMedusa(), ListSource([row(1, "shoes"), row(2, "hats")])
    sync(source, store)
    reads = [request for request in store.requests if request.path == CATEGORIES and request.method == "GET"]
    assert len(reads) == 1
    store.requests.clear()
    sync(source, store)
    assert writes(store) == []
    assert all(request.path != CATEGORIES for request in store.requests)
