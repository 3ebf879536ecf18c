"""Category paths become nested categories, which stay the same whatever the merchant makes of them."""

from typing import Any

import pytest

from tests.flow.faults import strike
from tests.flow.merchant import create
from tests.flow.plans import carried_out, reasons
from tests.flow.stage import (
    BATCHES,
    ListSource,
    assert_exact,
    assert_quiet,
    counts,
    is_creation,
    is_write,
    sent_in_bulk,
    sync,
    synced,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

PATHS = ["Apparel > Shirts > Polos", "Apparel > Sale", "Garden > Sale", "Garden"]
TREE = {*PATHS, "Apparel", "Apparel > Shirts"}
CATEGORIES = "/admin/product-categories"
CREATION = "create-product-categories"


def rows_in(*paths: str, first: int = 1) -> list[dict[str, Any]]:
    """One product for each path, such as `Garden > Sale`, or with a category such as `garden-tools`."""
    rows = products(first + len(paths) - 1)[first - 1 :]
    for row, path in zip(rows, paths, strict=True):
        row |= {"category": path, "tags": ["all"]}
        if path != path.lower():
            row["categories"] = [row.pop("category").split(" > ")]
    return rows


def places(store: FakeMedusa) -> dict[str, str]:
    """The paths of all categories by id."""
    categories = store.state.categories

    def path(own: str) -> str:
        above = categories[own].parent_category_id
        return f"{path(above)} > {categories[own].name}" if above else categories[own].name

    return {own: path(own) for own in categories}


def place_of(store: FakeMedusa, number: int) -> list[str]:
    known = places(store)
    return [known[own] for own in store.products[f"dummyjson:{number}"].category_ids]


def assert_nested(source: ListSource, store: FakeMedusa) -> None:
    """Each product is in the last category of its path, and no category exists twice."""
    assert_exact(source.rows, store)
    assert sorted(places(store).values()) == sorted(TREE)
    assert [place_of(store, row["id"]) for row in source.rows] == [[path] for path in PATHS]


def test_products_are_in_the_last_category_of_their_paths() -> None:
    store, source = FakeMedusa(), ListSource(rows_in(*PATHS))
    assert counts(sync(source, store)) == {"created": 4}
    assert_nested(source, store)
    assert all(category.is_active for category in store.state.categories.values())
    requests = [
        each.method for each in store.requests if each.path == CATEGORIES or sent_in_bulk(each, CREATION)
    ]
    assert requests == ["GET", "POST", "POST", "POST"], "a look-up, and a call for each level"
    assert_quiet(source, store)
    assert all(request.path != CATEGORIES for request in store.requests)
    source.rows[0]["categories"] = [["Garden", "Sale", "Hoses"]]
    assert counts(sync(source, store)) == {"updated": 1, "unchanged": 3}
    assert place_of(store, 1) == ["Garden > Sale > Hoses"]
    assert "Apparel > Shirts > Polos" in places(store).values(), "categories are never removed"


def test_a_category_of_a_product_without_paths_is_the_top_of_a_path() -> None:
    store = FakeMedusa()
    sync(ListSource(rows_in("Garden Tools > Rakes", "garden-tools")), store)
    assert sorted(places(store).values()) == ["Garden Tools", "Garden Tools > Rakes"]


def test_a_category_that_disappears_during_a_run_is_created_again() -> None:
    """The merchant deletes the one above it between the look-up and the creation."""
    store, source = FakeMedusa(), ListSource(rows_in("Garden > Sale"))
    store.call("POST", CATEGORIES, {"name": "Garden", "handle": "garden"})
    strike(store, "before", lambda each: sent_in_bulk(each, CREATION), store.state.categories.clear)
    sync(source, store)
    assert sync(source, store).exit_code == 0
    assert place_of(store, 1) == ["Garden > Sale"]


@pytest.mark.parametrize("is_new", [True, False])
def test_a_category_that_disappears_before_its_products_are_written_is_created_again(*, is_new: bool) -> None:
    """The store refuses the products, which are planned again with what it has by then."""
    paths = ["Garden > Sale", "Garden > Hoses"]
    source = ListSource(rows_in(*paths))
    store = FakeMedusa() if is_new else synced(rows_in("Garden", "Garden"))
    is_row = is_creation if is_new else lambda each: is_write(each) and each.url.path == BATCHES
    hit = strike(store, "before", is_row, store.state.categories.clear)
    assert counts(sync(source, store)) == {"created" if is_new else "updated": 2}
    assert ([place_of(store, 1), place_of(store, 2)], len(hit)) == ([[each] for each in paths], 1)


def test_two_runs_at_the_same_time_create_a_path_once() -> None:
    store, source = FakeMedusa(), ListSource(rows_in(*PATHS))

    def other_run() -> None:
        body = {"name": "Apparel", "handle": "apparel", "is_active": True}
        above = store.call("POST", CATEGORIES, body)["product_category"]["id"]
        body = {"name": "Shirts", "handle": "apparel-shirts", "is_active": True}
        store.call("POST", CATEGORIES, body | {"parent_category_id": above})

    strike(store, "before", lambda each: sent_in_bulk(each, CREATION), other_run)
    assert counts(sync(source, store)) == {"created": 4}
    assert_nested(source, store)
    one_by_one = [each for each in writes(store) if each.path == CATEGORIES]
    assert not one_by_one, "only those that the other run did not create are sent again, in one call"


def test_a_product_that_is_adopted_can_be_found_in_its_category() -> None:
    store, [row] = FakeMedusa(), rows_in("shoes")
    create(store, row["title"], row["sku"], handle="one")
    store.call("POST", CATEGORIES, {"name": "Shoes", "handle": "shoes", "is_active": False})
    assert counts(sync(ListSource([row]), store, adopt=True)) == {"updated": 1}
    assert [each.is_active for each in store.state.categories.values()] == [True]


# --- what the merchant makes of them --------------------------------------------------------------------


def category_id(store: FakeMedusa, handle: str) -> str:
    return next(each.id for each in store.state.categories.values() if each.handle == handle)


def edit(store: FakeMedusa, old: str, **changes: Any) -> str:
    """The merchant edits a category; returns its id."""
    own = category_id(store, old)
    store.call("POST", f"{CATEGORIES}/{own}", changes)
    return own


def renamed() -> tuple[FakeMedusa, ListSource]:
    """The merchant renamed the category of product 1."""
    store, source = FakeMedusa(), ListSource(rows_in("shoes", "hats"))
    sync(source, store)
    edit(store, "shoes", name="Footwear", handle="footwear")
    return store, source


def test_a_renamed_category_stays_the_same_one() -> None:
    store, source = renamed()
    assert counts(carried_out(source, store)) == {"unchanged": 2}
    store.call("POST", CATEGORIES, {"name": "Mine", "handle": "shoes"})  # not used
    source.rows[0]["title"] = "New title"
    source.rows += rows_in("shoes", first=3)
    result = carried_out(source, store)
    assert counts(result) == {"created": 1, "updated": 1, "unchanged": 1}
    assert [change.field for outcome in result.changes for change in outcome.changes] == ["title"]
    assert place_of(store, 1) == place_of(store, 3) == ["Footwear"]


def test_a_category_without_a_record_is_found_by_its_handle() -> None:
    store = FakeMedusa()
    store.call("POST", CATEGORIES, {"name": "Mine", "handle": "shoes", "is_active": True})
    assert carried_out(ListSource(rows_in("shoes")), store).exit_code == 0
    assert list(places(store).values()) == place_of(store, 1) == ["Mine"]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_category_that_the_merchant_gave_the_old_handle_of_ours_is_another_one(*, is_first: bool) -> None:
    store, source = renamed()
    mine = store.call("POST", CATEGORIES, {"name": "Mine", "handle": "shoes"})["product_category"]["id"]
    product = store.products["dummyjson:1"]
    product.category_ids.insert(0 if is_first else 1, mine)
    source.rows[0]["title"] = "New title"
    result = carried_out(source, store)
    assert [change.field for outcome in result.changes for change in outcome.changes] == ["title"]
    assert sorted(place_of(store, 1)) == ["Footwear", "Mine"]
    source.rows[0]["category"] = "hats"
    carried_out(source, store)
    assert sorted(place_of(store, 1)) == ["Hats", "Mine"]
    assert_quiet(source, store)


@pytest.mark.parametrize("is_below_another", [True, False])
def test_a_category_that_the_merchant_moved_and_renamed_is_used_where_it_is(
    *, is_below_another: bool
) -> None:
    """The category that was above it is deleted, or still there."""
    store, source = FakeMedusa(), ListSource(rows_in(*PATHS))
    sync(source, store)
    edit(store, "apparel-shirts", name="Tops", handle="tops", parent_category_id=None)
    if is_below_another:
        edit(store, "tops", parent_category_id=category_id(store, "garden"))
    else:
        edit(store, "apparel-sale", parent_category_id=None)
        del store.state.categories[category_id(store, "apparel")]
    source.rows += rows_in("Apparel > Shirts > Linen", first=5)
    assert counts(carried_out(source, store)) == {"created": 1, "unchanged": 4}
    above = "Garden > " if is_below_another else ""
    assert (place_of(store, 5), place_of(store, 1)) == ([f"{above}Tops > Linen"], [f"{above}Tops > Polos"])


@pytest.mark.parametrize("batch_size", [1, 15])
def test_a_category_whose_handle_is_taken_by_a_renamed_one_is_a_problem(batch_size: int) -> None:
    store, source = renamed()
    source.rows += rows_in("footwear", "hats", "Footwear > Boots", first=3)
    result = carried_out(source, store, batch_size=batch_size)
    assert counts(result) == {"created": 1, "unchanged": 2, "rejected": 2}
    reason = (
        f"its category 'footwear' cannot be created: 'Footwear' ({category_id(store, 'footwear')}) has this "
        "handle, but is 'shoes' at the source; change one of the two"
    )
    assert reasons(result) == {"dummyjson:3": reason, "dummyjson:5": reason}


def as_stored(store: FakeMedusa) -> list[tuple[str, str]]:
    return [(each.handle, each.name) for each in store.state.categories.values()]


def test_a_name_as_category_becomes_a_handle_and_keeps_its_spelling() -> None:
    store, source = FakeMedusa(), ListSource(rows_in("men's clothing", "fruits & vegetables", "garden-tools"))
    carried_out(source, store)
    assert as_stored(store) == [
        ("men-s-clothing", "men's clothing"),
        ("fruits-vegetables", "fruits & vegetables"),
        ("garden-tools", "Garden Tools"),
    ]
    assert_quiet(source, store)
    source.rows += rows_in("men's clothing", first=4)
    assert counts(carried_out(source, store)) == {"created": 1, "unchanged": 3}
    assert len(as_stored(store)) == 3


def test_a_category_that_exists_keeps_a_handle_that_is_no_slug() -> None:
    store = FakeMedusa()
    store.call("POST", CATEGORIES, {"name": "Men'S Clothing", "handle": "men's clothing", "is_active": True})
    sync(ListSource(rows_in("men's clothing")), store)
    assert as_stored(store) == [("men's clothing", "Men'S Clothing")]


@pytest.mark.parametrize("names", [("sale!", "sale"), ("sale", "sale!"), ("sale!", "sale?", "sale")])
@pytest.mark.parametrize("is_at_once", [True, False])
def test_categories_whose_names_have_the_same_slug_are_different_ones(
    names: tuple[str, ...], *, is_at_once: bool
) -> None:
    store, rows = FakeMedusa(), rows_in(*names)
    source = ListSource(rows if is_at_once else rows[:1])
    sync(source, store)
    source.rows = rows
    sync(source, store)
    assert len({handle for handle, _ in as_stored(store)}) == len(names)
    assert_quiet(source, store)


def test_a_product_that_waits_for_the_sku_of_another_names_its_categories_and_collection() -> None:
    store = FakeMedusa()
    home: dict[str, Any] = {"categories": [["Home & Garden", "Café"]], "collection": "Summer & Sun"}
    rows = [{"id": number, "title": f"Cup {number}", "price": 1, "sku": "A"} for number in (1, 2)]
    sync(ListSource([rows[0], rows[1] | home]), store)
    names = {own: each.name for own, each in store.state.categories.items()}
    above = {each.name: each.parent_category_id or "" for each in store.state.categories.values()}
    parents = {name: names.get(parent) for name, parent in above.items()}
    assert parents == {"Home & Garden": None, "Café": "Home & Garden"}
    assert [each.title for each in store.state.collections.values()] == ["Summer & Sun"]
