"""After a kill at any step of a write, the next run makes the store match the source."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import httpx
import pytest

from tests.flow.faults import KILLED, killed_runs, sync_killed
from tests.flow.merchant import edit_variant
from tests.flow.shirts import (
    CHANGES,
    add_own_variant,
    added_option,
    assert_shirts,
    held,
    new_variants,
    option_values,
    swapped_variants,
    variant_fields,
    wanted,
)
from tests.flow.stage import (
    SOURCE_NAME,
    ListSource,
    assert_exact,
    assert_items_follow,
    assert_quiet,
    copies_of,
    is_creation,
    record_of,
    sync,
    synced,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirt, variant
from tests.tiers import sampled, some

pytestmark = pytest.mark.usefixtures("routes")


Row = dict[str, Any]
Rows = list[Row]


# --- what the source changes: the rows of version 0, 1 or 2 ---------------------------------------------


def catalogue() -> Rows:
    rows = products(2)
    for row in rows:
        row["tags"] = [f"tag {row['id'] % 2}", "all"]
        row["category"] = f"shelf-{row['id'] % 2}"
    return rows


def paths(row: Row, version: int) -> None:
    row["categories"] = [["Apparel", f"Shirts {version}", f"Polos {row['id']}"]]


def everything(row: Row, version: int) -> None:
    row |= {
        "price": row["price"] + version,
        "stock": row["stock"] + version,
        "sku": f"{row['sku']}-{version}",
        "title": f"{row['title']} {version}",
        "tags": ["all", f"new {version}"],
    }


def swap(rows: Rows, version: int) -> None:
    """Swap SKU and barcode of the products; in version 2 one of them gets new ones."""
    one, two = rows
    first, second = ({name: row[name] for name in ("sku", "meta")} for row in rows)
    one |= second if version == 1 else {"sku": "NEW", "meta": {"barcode": "NEW"}}
    two |= first if version == 1 else {"sku": first["sku"]}


WITHOUT_A_WAY_BACK = (new_variants, added_option)  # a dropped variant stays
UPDATES = [
    *((change, "both") for change in (everything, paths, swap, *CHANGES)),
    *((change, killed) for change in (everything, paths) for killed in ("tool", "store")),
    *((change, "store") for change in (variant_fields, option_values, new_variants, swapped_variants)),
]
CREATIONS = [(change, killed) for change in (everything, paths, variant_fields) for killed in KILLED]
WRITES = [*((*each, False) for each in UPDATES), *((*each, True) for each in CREATIONS)]


def rows_of(change: Callable[..., None], version: int) -> Rows:
    if change in CHANGES:
        sizes = [("S", "Red"), ("S", "Blue"), ("M", "Red"), ("M", "Blue")]
        rows = [shirt(number, variants=[variant(number, *each) for each in sizes]) for number in (1, 2)]
    else:
        rows = catalogue()
    if version and change is swap:
        swap(rows, version)
    elif version:
        for row in rows:
            change(row, version)
    return rows


# --- what the next run leaves -----------------------------------------------------------------------------


def assert_stored(rows: Rows, store: FakeMedusa) -> None:
    if "variants" in rows[0]:
        assert_shirts(rows, store)
        for row in rows:
            found = {
                (each.option.title, each.value) for each in store.products[f"dummyjson:{row['id']}"].values
            }
            options = [each["options"] for each in row["variants"]]
            assert found == {(name, each[name]) for each in options for name in row["options"]}
        return
    assert_exact(rows, store)
    tags = {tag.id: tag.value for tag in store.state.tags.values()}
    for row in rows:
        product = store.products[f"{SOURCE_NAME}:{row['id']}"]
        assert product.description == row["description"]
        assert {tags[tag_id] for tag_id in product.tag_ids} == set(row["tags"])
        assert product.variants[0].barcode == row["meta"]["barcode"]
        assert product.sales_channel_ids == [store.sales_channel_id]
        assert product.shipping_profile_id == store.shipping_profile_id
    assert all(category.is_active for category in store.state.categories.values())


def assert_heals(store: FakeMedusa, rows: Rows, **options: Any) -> None:
    """The next run makes the store match the source, without a conflict, and the one after writes nothing."""
    source = ListSource(deepcopy(rows))
    result = sync(source, store, **options)
    assert (result.exit_code, result.conflicts) == (0, 0), (list(result.problems), list(result.changes))
    assert_stored(rows, store)
    assert_items_follow(store)
    assert_quiet(source, store, **options)


@pytest.mark.parametrize(("change", "killed", "is_new"), sampled(WRITES, *WRITES[:9], *WRITES[9::3]))
def test_a_killed_write_is_completed_even_if_the_source_changes_again(
    change: Callable[..., None], killed: str, *, is_new: bool
) -> None:
    store = FakeMedusa() if is_new else synced(rows_of(change, 0))
    has_way_back = is_new or change not in WITHOUT_A_WAY_BACK
    versions = [0, 1, 2] if has_way_back else [1, 2]  # the old one, the same, a newer one
    for hurt in killed_runs(store, killed, lambda each: sync(ListSource(rows_of(change, 1)), each)):
        copy = copies_of(hurt)
        for version in some(versions, 1):
            for side in ("source", "store") if change is everything else ("store",):
                assert_heals(copy(), rows_of(change, version), on_conflict=side)


# --- currencies, names and late requests ------------------------------------------------------------------


def test_a_creation_that_is_complete_is_acknowledged_by_the_next_run() -> None:
    """No request of it can arrive late, so the run after that has nothing to do, however soon it begins."""
    store, source = FakeMedusa(), ListSource(products(3))
    sync_killed("after", is_creation, source, store)
    assert sync(source, store).exit_code == 0
    records = [product.metadata["medusa_sync"] for product in store.products.values() if product.metadata]
    assert [record.get("pending") for record in records] == [None, None, None]


def test_a_killed_creation_keeps_its_settings_if_it_is_completed_with_texts_of_others() -> None:
    store, (one, two) = FakeMedusa(), products(2)
    sync_killed("after", is_creation, ListSource([one], is_available=True), store)
    rows = [one, two | {"translations": {"de-DE": {"title": "Krug"}}}]
    source = ListSource(rows, is_available=True)
    assert sync(source, store).exit_code == 0
    assert record_of(store, 1)["settings"] == record_of(store, 2)["settings"]
    assert_quiet(source, store)


def test_a_variant_that_a_killed_run_created_is_the_same_after_the_merchant_changed_all_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Because the note names it before it is written; only bulk calls take ids of ours."""
    monkeypatch.setattr(FakeMedusa, "offers_bulk", True)
    new, row, edited = variant(1, "XL", "Red"), shirt(1), 0
    row["variants"].append(new)
    source = ListSource([row])
    for hurt in killed_runs(synced([shirt(1)]), "tool", lambda store: sync(source, store)):
        [product] = hurt.products.values()
        created = [each.id for each in product.variants if each.sku == new["sku"]]
        edited += len(created)
        if created:
            values = {"Size": "XL", "Colour": "Blue"}
            edit_variant(hurt, product, new["sku"], sku="THEIRS", barcode=None, options=values)
        result = sync(source, hurt)
        assert (result.exit_code, result.conflicts) == (0, 0), list(result.problems)
        assert len(hurt.state.variants()) == len(row["variants"])
        for own in created:
            same = hurt.state.variants()[own]
            assert (same.sku, same.options["Colour"]) == ("THEIRS", "Blue")
        assert_quiet(source, hurt)
    assert edited


def test_an_option_that_is_created_twice_is_removed() -> None:
    """The response to its creation was lost, and the store finishes that only after later requests."""
    doubled = False
    for linger in range(1, 20):
        store, rows = synced([shirt()]), [shirt(), shirt()]
        add_own_variant(store)
        own = held(store)["Theirs"]

        def between(request: httpx.Request, _step: str, store: FakeMedusa = store) -> None:
            if request.url.path.endswith("/options/batch"):
                store.between = None
                raise httpx.ReadTimeout("slow")

        store.between, store.linger = between, linger
        for version, row in enumerate(rows, 1):
            row["options"] = ["Size", "Colour", "Fit"]
            for each in row["variants"]:
                each["options"]["Fit"] = f"fit {version}"
        sync(ListSource(rows[:1]), store)
        store.catch_up()
        options = store.products["dummyjson:1"].options
        doubled |= [option.title for option in options].count("Fit") == 2
        result = sync(ListSource(rows[1:]), store)
        assert (result.exit_code, result.conflicts) == (0, 0), list(result.problems)
        assert held(store) == {**wanted(rows[1]), "Theirs": own}
        assert [option.title for option in store.products["dummyjson:1"].options] == ["Size", "Colour", "Fit"]
    assert doubled
