"""What a dry run prints is what the next run does."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flow.faults import kill_at_step
from tests.flow.merchant import edit, edit_variant
from tests.flow.plans import carried_out
from tests.flow.stage import ListSource, copies_of, sync
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

SIZE = 8
NEW = 3
ROWS = products(SIZE + NEW)
PLACES = st.integers(0, SIZE + NEW - 1)

SKUS = [row["sku"] for row in ROWS]
BARCODES = [row["meta"]["barcode"] for row in ROWS]

SOURCE_EDITS = st.one_of(
    st.tuples(st.just("sku"), PLACES, st.sampled_from([*SKUS, "NEW-1", "NEW-2", "MERCHANT"])),
    st.tuples(st.just("barcode"), PLACES, st.sampled_from([*BARCODES, "8001", "8002"])),
    st.tuples(st.just("swap"), PLACES, PLACES),
    st.tuples(st.just("handle"), PLACES, st.sampled_from(["one", "two"])),
    st.tuples(st.just("price"), PLACES, st.integers(1, 3)),
    st.tuples(st.just("tags"), PLACES, st.lists(st.sampled_from("abc"), unique=True)),
    st.tuples(st.just("gone"), PLACES, st.none()),
)
STORE_EDITS = st.one_of(
    st.tuples(st.just("sku"), st.integers(0, SIZE - 1), st.sampled_from(["MERCHANT", *SKUS])),
    st.tuples(st.just("title"), st.integers(0, SIZE - 1), st.sampled_from(["Mine", "Yours"])),
    st.tuples(st.just("owner"), st.integers(0, SIZE - 1), st.just("other")),
)
OPTIONS = st.fixed_dictionaries(
    {
        "batch_size": st.sampled_from([1, 2, 5, 15]),
        "concurrency": st.sampled_from([1, 3]),
        "on_missing": st.sampled_from(["keep", "delete"]),
        "on_conflict": st.sampled_from(["source", "store"]),
        "overwrite": st.booleans(),
        "no_create": st.sampled_from([False, False, True]),
        "no_update": st.sampled_from([False, False, True]),
    }
)
edited = given(
    source_edits=st.lists(SOURCE_EDITS, max_size=8),
    store_edits=st.lists(STORE_EDITS, max_size=3),
    options=OPTIONS,
)


@pytest.fixture(scope="module")
def fresh() -> Any:
    """Makes copies of a store that has the first products."""
    store = FakeMedusa()
    sync(ListSource(ROWS[:SIZE]), store)
    return copies_of(store)


def edit_source(rows: list[dict[str, Any]], edits: list[tuple[str, Any, Any]]) -> list[dict[str, Any]]:
    gone = set()
    for kind, place, value in edits:
        match kind:
            case "swap":
                one, other = rows[place]["sku"], rows[value]["sku"]
                rows[place], rows[value] = rows[place] | {"sku": other}, rows[value] | {"sku": one}
            case "barcode":
                rows[place] = rows[place] | {"meta": rows[place]["meta"] | {"barcode": value}}
            case "gone":
                gone.add(place)
            case _:
                rows[place] = rows[place] | {kind: value}
    return [row for place, row in enumerate(rows) if place not in gone]


def edit_store(store: FakeMedusa, edits: list[tuple[str, int, str]]) -> None:
    for kind, place, value in edits:
        product = next(
            each
            for each in store.state.products.values()
            if str(each.external_id).endswith(f":{ROWS[place]['id']}")
        )
        match kind:
            case "sku" if not any(each.sku == value for each in store.state.variants().values()):
                edit_variant(store, product, sku=value)
            case "title":
                edit(store, product, title=value)
            case "owner":
                product.external_id = f"other:{ROWS[place]['id']}"


@edited
def test_a_run_does_what_a_dry_run_planned(
    fresh: Any,
    source_edits: list[tuple[str, Any, Any]],
    store_edits: list[tuple[str, int, str]],
    options: dict[str, Any],
) -> None:
    store = fresh()
    edit_store(store, store_edits)
    source = ListSource(edit_source(list(ROWS), source_edits), page_size=5)
    result = carried_out(source, store, max_removals="100%", **options)
    assert all(each.result == "rejected" for each in result.problems), list(result.problems)


@pytest.mark.parametrize("batch_size", [1, 15])
def test_incomplete_products_that_are_created_again_may_exchange_their_skus(batch_size: int) -> None:
    store, rows = FakeMedusa(), products(2)
    kill_at_step(store, "variants")
    assert sync(ListSource(products(2)), store).exit_code != 0
    store.between = store.before = None
    rows[0]["sku"], rows[1]["sku"] = rows[1]["sku"], rows[0]["sku"]
    result = carried_out(ListSource(rows), store, batch_size=batch_size)
    assert (result.exit_code, result.withheld) == (0, 0)
