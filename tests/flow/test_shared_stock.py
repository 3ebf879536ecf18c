"""Stock that variants share is that of one inventory item, also if variants come, go and get their own."""

import json
from copy import deepcopy
from itertools import permutations
from typing import Any

import httpx
import pytest

from tests.flow.faults import run_elsewhere, strike, sync_killed
from tests.flow.merchant import create, edit_variant, use_in_a_kit
from tests.flow.plans import carried_out
from tests.flow.stage import (
    SOURCE_NAME,
    ListSource,
    assert_quiet,
    counts,
    is_write,
    sync,
    synced,
    writes,
)
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.inventory import level_at, reserve
from tests.harness.fake_medusa.state import Item, Level, Named, Variant
from tests.harness.shirts import variant

pytestmark = pytest.mark.usefixtures("routes")

Row = dict[str, Any]
SIZES = "SMLX"


def shirt(sizes: str = "SML", *, number: int = 1, own: str = "", bare: str = "", **changes: Any) -> Row:
    """A shirt with a variant for each size; they share a stock, but for those in `own`.

    Those in `bare` have no SKU.
    """
    variants = [
        variant(
            *(number, size, "Red"),
            id=f"{number}-{size}",
            sku=None if size in bare else f"{number}-{size}",
            barcode=None,
            options={"Size": size},
            stock=30 + SIZES.index(size) if size in own else None,
        )
        for size in sizes
    ]
    return {"id": number, "title": f"Shirt {number}", "stock": 5, "variants": variants} | changes


def variants_of(store: FakeMedusa, number: int = 1) -> dict[str, Variant]:
    return {each.title: each for each in store.products[f"{SOURCE_NAME}:{number}"].variants}


def item_of(store: FakeMedusa, size: str = "S", number: int = 1) -> Item:
    [item_id] = variants_of(store, number)[size].item_ids
    return store.state.items[item_id]


def level(store: FakeMedusa, item: Item) -> Any:
    """Its stock; None if it has no level."""
    found = level_at(item, store.location_id)
    return None if found is None else found.stocked_quantity


def stocked(store: FakeMedusa, number: int = 1) -> dict[str, Any]:
    """The stock of tracked variants by title; None for those that nobody can buy."""
    return {
        title: level(store, store.state.items[each.item_ids[0]]) if each.item_ids else None
        for title, each in variants_of(store, number).items()
        if each.manage_inventory
    }


def sharing(store: FakeMedusa, number: int = 1) -> set[str]:
    """The titles of the tracked variants whose item another one uses, too."""
    tracked = {title: each for title, each in variants_of(store, number).items() if each.manage_inventory}
    used = {title: each.item_ids for title, each in tracked.items()}
    return {
        title
        for title, ids in used.items()
        if any(not {*ids}.isdisjoint(others) for other, others in used.items() if other != title)
    }


def assert_follows(row: Row, store: FakeMedusa) -> None:
    """Variants share an item as the source says, and each item has its stock and its SKU."""
    without = {each["options"]["Size"] for each in row["variants"] if "stock" not in each}
    shared = without if len(without) > 1 and "stock" in row else set()
    wanted = {each["options"]["Size"]: each["stock"] for each in row["variants"] if "stock" in each}
    wanted |= dict.fromkeys(without, row["stock"]) if "stock" in row else {}
    number, shared_sku = row["id"], f"{SOURCE_NAME}:{row['id']}"
    assert stocked(store, number) == wanted
    assert sharing(store, number) == shared
    variants = variants_of(store, number)
    for size in wanted:
        kept = {shared_sku} if not shared else set()  # the only one that is left keeps the item
        assert item_of(store, size, number).sku in (
            {shared_sku} if size in shared else {variants[size].sku} | kept
        )


def assert_no_item_is_left(store: FakeMedusa) -> None:
    used = {item_id for each in store.state.variants().values() for item_id in each.item_ids}
    assert {item.id for item in store.state.live_items()} == used


def sell(store: FakeMedusa, quantity: int) -> None:
    found = level_at(item_of(store), store.location_id)
    assert found is not None
    found.stocked_quantity -= quantity


# --- as long as they share it -----------------------------------------------------------------------------


@pytest.mark.parametrize("bare", ["", "S", "SML"])
def test_variants_of_a_new_product_share_one_item(bare: str) -> None:
    store, row = FakeMedusa(), shirt(bare=bare)
    assert counts(carried_out(ListSource([row]), store)) == {"created": 1}
    assert_follows(row, store)
    assert_no_item_is_left(store)
    assert len(store.state.items) == 1
    assert_quiet(ListSource([row]), store)


def test_a_changed_stock_is_one_change_and_one_level() -> None:
    store, row = synced([shirt()]), shirt(stock=4)
    store.requests.clear()
    result = carried_out(ListSource([row]), store)
    [outcome] = result.changes
    assert [(each.name, each.stored, each.planned) for each in outcome.changes] == [("stock", 5, 4)]
    assert sum("location-levels" in each.path for each in writes(store)) == 1
    assert_follows(row, store)
    assert_quiet(ListSource([row]), store)


def test_orders_and_what_the_merchant_stocks_stay_until_the_source_changes_it() -> None:
    store = synced([shirt()])
    sell(store, 2)
    item_of(store).levels.append(Level("ilev_9", "sloc_elsewhere", 40))
    assert counts(sync(ListSource([shirt(title="Polo")]), store)) == {"updated": 1}
    assert stocked(store) == dict.fromkeys("SML", 3)
    sync(ListSource([shirt(title="Polo", stock=9)]), store)
    assert stocked(store) == dict.fromkeys("SML", 9)
    assert [each.stocked_quantity for each in item_of(store).levels] == [9, 40]


def test_more_variants_than_a_product_is_created_with_share_its_stock() -> None:
    sizes = [chr(each) for each in range(200, 340)]
    row = {
        **shirt(),
        "variants": [{"id": each, "price": 5, "options": {"Size": each}} for each in sizes],
    }
    store = FakeMedusa()
    assert counts(sync(ListSource([row]), store)) == {"created": 1}
    assert stocked(store) == dict.fromkeys(sizes, 5)
    assert len(store.state.items) == 1


def test_a_variant_that_the_merchant_unlinks_stays_so_until_it_is_overwritten() -> None:
    store = synced([shirt()])
    own = variants_of(store)["S"]
    store.call(
        "POST",
        f"/admin/products/{store.products[f'{SOURCE_NAME}:1'].id}/variants/inventory-items/batch",
        {"delete": [{"variant_id": own.id, "inventory_item_id": own.item_ids[0]}]},
    )
    row = shirt(stock=8)
    assert counts(carried_out(ListSource([row]), store)) == {"updated": 1}
    assert stocked(store) == {"S": None, "M": 8, "L": 8}
    assert_quiet(ListSource([row]), store)
    sync(ListSource([row]), store, overwrite=True)
    assert_follows(row, store)


def test_an_item_that_the_merchant_deleted_is_created_when_the_stock_changes() -> None:
    store = synced([shirt()])
    store.call("DELETE", f"/admin/inventory-items/{item_of(store).id}")
    row = shirt(title="Polo")
    sync(ListSource([row]), store)
    assert stocked(store) == dict.fromkeys("SML")
    row["stock"] = 8
    assert counts(carried_out(ListSource([row]), store)) == {"updated": 1}
    assert_follows(row, store)
    assert_quiet(ListSource([row]), store)


# --- the source changes its mind ---------------------------------------------------------------------------

SHAPES = {
    "shared": shirt(),
    "own": shirt(own="SML"),
    "mixed": shirt(own="S"),
    "one": shirt("M"),
    "more": shirt("SMLX"),
    "other": shirt("SMLX", own="LX"),
    "untracked": {name: value for name, value in shirt().items() if name != "stock"},
    "bare": shirt(bare="SML"),
}
CHANGES = list(permutations(SHAPES, 2))
DELETE = {"on_missing": "delete", "max_removals": "100%"}


@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_items_are_split_and_joined(before: str, after: str) -> None:
    store, row = synced([SHAPES[before]]), SHAPES[after]
    assert carried_out(ListSource([row]), store, **DELETE).exit_code == 0
    assert_follows(row, store)
    if "untracked" not in {before, after}:  # an item that is not tracked any more stays
        assert_no_item_is_left(store)
    assert_quiet(ListSource([row]), store, **DELETE)
    assert sync(ListSource([SHAPES[before]]), store, **DELETE).exit_code == 0
    assert_follows(SHAPES[before], store)


def test_an_item_of_the_merchant_with_the_sku_of_the_shared_one_is_left_alone() -> None:
    store = FakeMedusa()
    create(store, "Theirs", f"{SOURCE_NAME}:1", variant={"manage_inventory": True})
    [theirs] = store.state.items
    assert counts(sync(ListSource([shirt()]), store)) == {"created": 1}
    assert (stocked(store), sharing(store)) == (dict.fromkeys("SML", 5), set("SML"))
    assert store.state.items[theirs].levels == []
    assert_quiet(ListSource([shirt()]), store)


def test_the_item_of_variants_that_were_not_tracked_for_a_while_is_not_left_over() -> None:
    store = synced([shirt()])
    for shape in ("untracked", "own", "shared"):
        assert sync(ListSource([SHAPES[shape]]), store).exit_code == 0
    assert_follows(SHAPES["shared"], store)
    assert_no_item_is_left(store)


def test_the_item_that_a_killed_run_made_for_a_variant_is_not_left_over_if_it_shares_again() -> None:
    store = synced([SHAPES["shared"]])
    sync_killed(
        "before",
        lambda request: "/variants/" in request.url.path and request.url.path.endswith("/inventory-items"),
        *(ListSource([SHAPES["own"]]), store),
    )
    assert sync(ListSource([SHAPES["shared"]]), store).exit_code == 0
    assert_follows(SHAPES["shared"], store)
    assert_no_item_is_left(store)
    assert_quiet(ListSource([SHAPES["shared"]]), store)


def test_variants_follow_the_source_after_one_got_stock_at_a_location_in_a_killed_run() -> None:
    """The merchant has renamed their item, so that only the record shows that they share it."""
    store = synced([SHAPES["shared"]])
    item_of(store).sku = "Mine"
    row = shirt()
    row["variants"][1]["stock"] = {"Warehouse": 4}
    sync_killed("after", is_write, ListSource([row]), store)
    row["stock"] = 8
    assert sync(ListSource([row]), store).exit_code == 0
    assert (stocked(store), sharing(store)) == ({"S": 8, "M": 4, "L": 8}, set("SL"))
    assert_quiet(ListSource([row]), store)


def test_variants_get_items_again_that_a_killed_run_took_when_they_began_to_share_their_stock() -> None:
    """The source goes back to the same stock, and names the location now."""
    store, row = synced([SHAPES["own"]]), deepcopy(SHAPES["own"])
    sync_killed("after", lambda request: request.method == "DELETE", ListSource([SHAPES["shared"]]), store)
    for each in row["variants"]:
        each["stock"] = {"Warehouse": each["stock"]}
    assert sync(ListSource([row]), store).exit_code == 0
    assert_follows(SHAPES["own"], store)
    assert_quiet(ListSource([row]), store)


def test_the_item_that_variants_share_gets_its_name_although_a_run_is_killed_before() -> None:
    """Nothing but the row of the product changes besides."""
    store = synced([SHAPES["shared"]])
    item_of(store).sku = "1-S"  # as a run leaves it that was killed while the variants began to share it
    source = ListSource([SHAPES["shared"] | {"title": "Blouse"}])
    sync_killed("after", is_write, source, store)
    assert sync(source, store).exit_code == 0
    assert item_of(store).sku == f"{SOURCE_NAME}:1"
    assert_quiet(source, store)


def test_variants_get_another_shared_stock_if_one_of_them_is_dropped_after_a_kill() -> None:
    """Their item has the SKU of the first one still, so the record has to say that the dropped one has it."""
    store = synced([SHAPES["own"]])
    sync_killed(
        "after",
        lambda request: request.url.path.endswith("/variants/inventory-items/batch"),
        *(ListSource([SHAPES["shared"]]), store),
    )
    row = shirt("SM", stock=8)
    row["variants"][0]["price"] = 99  # so that the product is read once more, with the note
    source = ListSource([row])
    assert sync(source, store).exit_code == 0
    assert {title: stock for title, stock in stocked(store).items() if title != "L"} == {"S": 8, "M": 8}
    assert_quiet(source, store)


def test_a_variant_that_two_runs_give_an_item_at_once_gets_one() -> None:
    store, source = synced([SHAPES["shared"]]), ListSource([SHAPES["own"]])
    strike(
        store,
        "before",
        lambda request: request.url.params.get("sku[]") == "1-M",  # right before it gets one
        lambda: run_elsewhere(source, store),
    )
    assert sync(source, store).exit_code == 0
    assert [len(each.item_ids) for each in variants_of(store).values()] == [1, 1, 1]
    assert_follows(SHAPES["own"], store)
    assert_no_item_is_left(store)
    assert_quiet(source, store)


def test_a_variant_that_the_store_links_late_to_its_item_gets_one() -> None:
    """The run has lost the response, and the store did not show the link yet when the run read it."""
    store = synced([shirt(bare="S")])
    late: list[httpx.Request] = []

    def link_late(request: httpx.Request) -> None:
        if not request.url.path.endswith("/inventory-items") or b"inventory_item_id" not in request.content:
            return
        late.append(request)
        if len(late) == 1:
            raise httpx.ReadTimeout("late")
        store.call("POST", late[0].url.path, json.loads(late[0].content))

    store.before = link_late
    source = ListSource([shirt(bare="S", own="S")])
    sync(source, store)
    assert len(late) == 2
    assert stocked(store) == {"S": 30, "M": 5, "L": 5}
    assert len(variants_of(store)["S"].item_ids) == 1
    assert_quiet(source, store)


def test_what_cannot_be_deleted_is_left_to_the_merchant() -> None:
    """An item with reservations, with stock that the source does not know of, or in a kit of the merchant."""
    store = synced([shirt("SMLX", own="SMLX")])
    kept = {size: item_of(store, size).id for size in "MLX"}
    reserve(store.state, {"inventory_item_id": kept["M"], "location_id": store.location_id, "quantity": 1})
    item_of(store, "L").levels.append(Level("ilev_9", "sloc_elsewhere", 40))
    use_in_a_kit(store, item_of(store, "X"))
    row, answers = shirt("SMLX"), set[int]()
    store.after = lambda _, answer: answers.add(answer.status_code)
    assert counts(sync(ListSource([row]), store)) == {"updated": 1}
    store.after = None
    assert answers == {200}, "nothing is sent that the store refuses"
    assert (stocked(store), sharing(store)) == ({"S": 5, "M": 5, "L": 5, "X": 33}, set("SML"))
    live = {item.id for item in store.state.live_items()}
    assert live == {item_of(store).id, *kept.values()}
    assert_quiet(ListSource([row]), store)
    back = shirt("SMLX", own="SMLX")
    assert counts(carried_out(ListSource([back]), store)) == {"updated": 1}
    assert stocked(store) == {"S": 30, "M": 31, "L": 32, "X": 33}
    assert {size: item_of(store, size).id for size in "MLX"} == kept


def test_a_variant_whose_sku_the_item_of_another_product_has_gets_an_item_without_it() -> None:
    """Medusa does not change the SKU of an item together with that of its variant."""
    store, other = synced([shirt("SM"), shirt("S", number=2, own="S")]), shirt("S", number=2, own="S")
    edit_variant(store, 2, "2-S", sku="THEIRS")
    other["variants"][0]["sku"] = "NEW"
    split = shirt("SM", own="SM")
    split["variants"][1]["sku"] = "2-S"
    source = ListSource([split, other])
    for _ in range(2):
        assert carried_out(source, store, on_conflict="store").exit_code == 0
        assert (stocked(store), stocked(store, 2)) == ({"S": 30, "M": 31}, {"S": 30})
        assert_quiet(source, store, on_conflict="store")
        split["variants"][1]["price"] = 99
    assert (item_of(store, "M").sku, item_of(store, "S", 2).sku) == (None, "2-S")


# --- at locations that the source names, and with variants that it drops ------------------------------------


def at(location: str, row: Row) -> Row:
    """A shirt whose stock is at a location."""
    named = {
        each: {**own, "stock": {location: own["stock"]}} if "stock" in own else own
        for each, own in enumerate(row["variants"])
    }
    own = {"stock": {location: row["stock"]}} if "stock" in row else {}
    return {**row, **own, "variants": [*named.values()]}


@pytest.mark.parametrize("left", ["M", "ML"])
def test_a_variant_that_has_the_item_with_dropped_ones_follows_the_source(left: str) -> None:
    """Earlier versions let the first one keep the item, and gave that its SKU."""
    store = synced([shirt("SML")])
    shared = item_of(store)
    assert sync(ListSource([shirt(left, own=left)]), store).exit_code == 0
    for size, own in variants_of(store).items():
        if size not in left[1:]:
            own.item_ids = [shared.id]
    shared.sku = "1-M"
    for row in (shirt(left, own=left, title="Polo"), shirt(left, own=left)):
        row["variants"][0]["stock"] = 8
        assert carried_out(ListSource([row]), store).exit_code == 0
        assert (stocked(store)["M"], stocked(store)["S"], item_of(store, "M").id) == (8, 8, shared.id)
        assert_quiet(ListSource([row]), store)


def test_a_variant_that_shares_the_stock_keeps_the_sku_that_only_the_merchant_gave_it() -> None:
    store = synced([shirt("SM", own="SM", bare="S")])
    edit_variant(store, 1, sku="MINE")
    source = ListSource([shirt("SM", bare="S", title="Shirt")])
    result = carried_out(source, store)
    assert (counts(result), result.conflicts) == ({"updated": 1}, 0)
    assert variants_of(store)["S"].sku == "MINE"
    assert_quiet(source, store)


def test_a_shared_item_does_not_keep_the_sku_of_a_variant_that_is_dropped() -> None:
    """A run that makes them share the item of S is killed before the rename, and then S is dropped."""
    store = synced([SHAPES["own"]])
    sync_killed(
        "before",
        lambda request: "update-inventory-items" in request.url.path,
        *(ListSource([SHAPES["shared"]]), store),
    )
    assert item_of(store, "M").sku == "1-S"
    row = shirt("ML")
    assert sync(ListSource([row]), store).exit_code == 0
    assert (item_of(store, "M").sku, sharing(store)) == (f"{SOURCE_NAME}:1", set("SML"))
    assert_quiet(ListSource([row]), store)


def test_an_item_with_stock_of_the_merchant_at_the_default_location_is_kept() -> None:
    """The source names another one."""
    store = FakeMedusa()
    store.state.stock_locations["sloc_2"] = Named("sloc_2", "Berlin")
    row = at("Berlin", SHAPES["own"])
    assert counts(sync(ListSource([row]), store)) == {"created": 1}
    theirs = item_of(store, "M")
    theirs.levels.append(Level("ilev_9", store.location_id, 40))
    row = at("Berlin", SHAPES["shared"])
    assert counts(carried_out(ListSource([row]), store)) == {"updated": 1}
    assert sharing(store) == set("SML")
    assert not theirs.removed
    assert_quiet(ListSource([row]), store)


@pytest.mark.parametrize("later", [{}, {"only": "price,stock"}])
@pytest.mark.parametrize("alone", [shirt("S", stock=4), shirt("S", own="S")])
def test_a_shared_item_stays_ours_while_a_run_leaves_out_the_variant_that_the_source_lacks(
    alone: Row, later: dict[str, Any]
) -> None:
    store = synced([shirt("SM")])
    sync(ListSource([alone]), store, only="price,stock")
    for row in (shirt("SM", stock=7), shirt("SM", own="S", stock=6), shirt("SM", stock=8)):
        sync(ListSource([row]), store, **later)
        assert_follows(row, store)
    assert_quiet(ListSource([row]), store)


def test_a_plan_gives_a_new_variant_the_sku_of_an_item_that_the_others_no_longer_use() -> None:
    """They begin to share their stock."""
    old, new = shirt("SM", own="SM", bare="S"), shirt("SML", own="L", bare="S")
    old["variants"][1]["sku"] = new["variants"][2]["sku"] = "A"
    new["variants"][1]["sku"] = None
    store, source = synced([old]), ListSource([new])
    assert carried_out(source, store).withheld == 0
    assert variants_of(store)["L"].sku == "A"
    assert_quiet(source, store)
