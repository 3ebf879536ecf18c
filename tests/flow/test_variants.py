"""Products with variants follow the source through their whole life."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from medusa_sync import Result
from tests.flow.faults import no, refuse, strike
from tests.flow.merchant import delete_variants, edit_variant
from tests.flow.plans import carried_out
from tests.flow.shirts import (
    CHANGES,
    assert_shirts,
    held,
    new_variants,
    option_values,
    renamed_option,
    wanted,
)
from tests.flow.stage import ListSource, acknowledged_by, assert_quiet, counts, sync, synced, writes
from tests.flow.test_undo import shop_of
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.options import remove_options
from tests.harness.shirts import shirt, shirts, variant

DELETE = {"on_missing": "delete", "max_removals": "100%"}

Row = dict[str, Any]


def ids(store: FakeMedusa) -> dict[str | None, str]:
    return {each.sku: each.id for each in store.products["dummyjson:1"].variants}


# --- one product ----------------------------------------------------------------------------------------


def with_first(**changes: Any) -> Callable[[Row, int], None]:
    return lambda row, _version: row["variants"][0].update(changes)


def test_a_byte_order_mark_around_an_option_value_is_left_out() -> None:
    """Medusa leaves it out of a value that is added, and then does not find the value of the variant."""
    store, row = synced(shirts(1)), shirt(1)
    row["variants"][0]["options"]["Size"] = "\ufeffXS\ufeff "
    assert carried_out(ListSource([row]), store).exit_code == 0
    assert held(store)["SH1-S-R"]["options"]["Size"] == "XS"


@pytest.mark.parametrize(
    "change",
    [
        with_first(price=99),
        with_first(stock=0),
        with_first(sku="NEW"),
        with_first(barcode="4099"),
        with_first(title="Small and red"),
        with_first(weight=0.3),
        with_first(options={"Size": "XS", "Colour": "Red"}),
        with_first(prices={"eur": 18}),
        with_first(price=7, stock=70, sku="ALL", options={"Size": "XS", "Colour": "Green"}),
        *CHANGES,
    ],
)
def test_a_changed_product_is_stored_as_it_is_and_its_variants_and_prices_keep_their_ids(
    change: Callable[[Row, int], None],
) -> None:
    store, row = synced(shirts(2)), shirt(1)
    assert_shirts(shirts(2), store)
    before = {each.id: {price.id for price in each.prices} for each in store.state.variants().values()}
    change(row, 1)
    source = ListSource([row, shirt(2)])
    assert counts(carried_out(source, store)) == {"updated": 1, "unchanged": 1}
    assert_shirts(source.rows, store)
    values = {(each.option.title, each.value) for each in store.products["dummyjson:1"].values}
    assert values == {(name, value) for each in row["variants"] for name, value in each["options"].items()}
    after = {each.id: {price.id for price in each.prices} for each in store.state.variants().values()}
    assert all(prices <= after[own] for own, prices in before.items())
    assert len(after) == len(before) + (change is new_variants)
    assert_quiet(source, store)


def test_a_renamed_option_value_leaves_no_old_one_also_if_no_title_changes() -> None:
    row = shirt(1)
    for each in row["variants"]:
        each["title"] = each["sku"]
    store = synced([row])
    option_values(row, 1)
    assert counts(sync(ListSource([row]), store)) == {"updated": 1}
    assert {each.value for each in store.products["dummyjson:1"].values} == {"S", "M1", "L", "Red", "Blue"}


def test_an_option_value_that_the_merchant_has_prepared_stays_when_others_are_renamed() -> None:
    row = shirt(1)
    store = synced([row])
    shop = shop_of(store)
    product = shop.product(store.products["dummyjson:1"].id)
    for option in product["options"]:
        shop.add_value(product, option, f"{option['title']} for later")
    option_values(row, 1)
    assert counts(sync(ListSource([row]), store)) == {"updated": 1}
    left = {each.value for each in store.products["dummyjson:1"].values}
    assert left == {"S", "M1", "L", "Red", "Blue", "Size for later", "Colour for later"}


def test_a_product_gets_variants_and_loses_them_without_losing_the_first() -> None:
    plain = {"id": 1, "title": "Shirt 1", "price": 20, "stock": 3, "sku": "SH1-M-R"}
    sizes = [variant(1, size, "Red", options={"Size": size}, barcode=None) for size in ("S", "M", "L")]
    store, sized = synced([plain]), shirt(1, options=["Size"], variants=sizes)
    before = ids(store)["SH1-M-R"]
    result = sync(ListSource([sized]), store)
    assert (counts(result), result.conflicts, held(store)) == ({"updated": 1}, 0, wanted(sized))
    assert ids(store)["SH1-M-R"] == before
    assert sync(ListSource([plain]), store, **DELETE).exit_code == 0
    assert ids(store) == {"SH1-M-R": before}
    assert held(store)["SH1-M-R"]["options"] == {"Default": "Default"}
    assert_quiet(ListSource([plain]), store, **DELETE)


@pytest.mark.parametrize(
    ("name", "first"), [("sku", [0]), ("sku", [1]), ("sku", [0, 1]), ("id", [1]), ("id", [0, 1])]
)
def test_a_variant_may_have_the_option_value_of_another_one_as_its_name(name: str, first: list[int]) -> None:
    """That one has neither id nor SKU, so that its option value identifies it."""
    both: list[Row] = [
        {"price": 1, "options": {"Size": "M"}},
        {"price": 2, "options": {"Size": "S"}, name: "M"},
    ]
    row = {"id": 1, "title": "Shirt", "options": ["Size"], "variants": [both[each] for each in first]}
    store = synced([row])
    before = {each.id: each.options for each in store.state.variants().values()}
    row["variants"] = both
    for version in (1, 2):
        both[0]["price"] += version
        assert sync(ListSource([row]), store).exit_code == 0
        found = store.state.variants()
        assert {own: each.options for own, each in found.items() if own in before} == before
        prices = {each.options["Size"]: each.prices[0].amount for each in found.values()}
        assert prices == {"M": both[0]["price"], "S": 2}
        assert_quiet(ListSource([row]), store)


def test_a_product_with_many_variants_is_created_and_updated() -> None:
    variants = [
        {"id": str(each), "sku": f"SC-{each}", "price": each, "stock": 1, "options": {"Length": str(each)}}
        for each in range(1, 701)
    ]
    row: Row = {"id": 1, "title": "Screws", "options": ["Length"], "variants": variants}
    store = synced([row])
    assert_shirts([row], store)
    variants[650]["price"] = 9
    assert counts(sync(ListSource([row]), store)) == {"updated": 1}
    assert_shirts([row], store)


def test_a_rejected_variant_rejects_its_product_and_nothing_else() -> None:
    rows, store = shirts(3), FakeMedusa()
    del rows[1]["variants"][2]["options"]["Colour"]
    result = sync(ListSource(rows), store)
    assert counts(result) == {"created": 2, "rejected": 1}
    [problem] = result.problems
    assert problem.reason == "variant SH2-M-R: it has no value for the option 'Colour'"
    assert problem.result is Result.REJECTED
    assert_shirts([rows[0], rows[2]], store)


# --- variants that the source drops ---------------------------------------------------------------------


def red() -> Row:
    """The shirt without its blue variants."""
    return shirt(1, variants=shirt(1)["variants"][::2])


def test_long_values_that_nothing_uses_any_more_are_removed() -> None:
    """The record has only a digest of them."""
    row = shirt(1)
    for each in row["variants"]:
        each["options"]["Colour"] += " as the sun goes down behind the mountains"
    store, plain = synced([row]), variant(1, "S", "Red")
    assert counts(sync(ListSource([row | {"variants": [plain, *row["variants"][2:]]}]), store)) == {
        "updated": 1
    }
    sync(ListSource([row | {"variants": [plain]}]), store, **DELETE)
    assert {each.value for each in store.products["dummyjson:1"].values} == {"S", "Red"}


def test_a_dry_run_sees_that_a_new_option_leaves_two_variants_the_same_values() -> None:
    rows = [variant(1, "S", "Red"), variant(1, "M", "Blue")]
    store = synced([shirt(1, variants=rows)])
    edit_variant(store, 1, "SH1-M-B", options={"Size": "S", "Colour": "Blue"})
    rows[0]["options"]["Colour"] = "Blue"
    for each in rows:
        each["options"]["Fit"] = "Slim"
    source = ListSource([shirt(1, options=["Size", "Colour", "Fit"], variants=rows)])
    for is_dry_run in (True, False):
        result = sync(source, store, dry_run=is_dry_run)
        assert counts(result) == {"failed": 1}
        assert "the same option values" in next(iter(result.problems)).reason


@pytest.mark.parametrize(("has_blue", "is_acknowledged"), [(False, True), (False, False), (True, True)])
def test_an_option_is_removed_unless_it_distinguishes_dropped_variants(
    *, has_blue: bool, is_acknowledged: bool
) -> None:
    """Then the product fails, and its neighbours are synced."""
    store, neighbour = FakeMedusa(), shirt(2)
    if not is_acknowledged:
        strike(store, "before", acknowledged_by, httpx.ReadTimeout("slow"), once=False)
    sync(ListSource([shirt(1) if has_blue else red(), shirt(2)]), store)
    store.before = None
    before, sizes = ids(store), red() | {"options": ["Size"]}
    for each in sizes["variants"]:
        each["options"] = {"Size": each["options"]["Size"]}
    neighbour["variants"][0]["price"] = 1
    source = ListSource([sizes, neighbour])
    result = sync(source, store)
    assert (held(store, 2), ids(store)) == (wanted(neighbour), before)
    if has_blue:
        assert counts(result) == {"updated": 1, "failed": 1}
        assert "the same option values as S / Blue" in next(iter(result.problems)).reason
        return
    assert_shirts(source.rows, store)
    assert [option.title for option in store.products["dummyjson:1"].options] == ["Size"]
    assert_quiet(source, store)


def test_an_option_that_gets_the_name_of_a_removed_one_has_its_own_values() -> None:
    """The dropped variant that comes back had a value of the removed one."""
    store = FakeMedusa()
    for key, options in (("z", {"Colour": "M", "Size": "Blue"}), ("y", {"Fit": "S"}), ("z", {"Size": "L"})):
        variants = [{"id": key, "options": options, "price": 5}]
        source = ListSource([{"id": 1, "title": "Cup", "options": [*options], "variants": variants}])
        result = sync(source, store, on_conflict="store")
        assert (result.exit_code, result.conflicts) == (0, 0)
    sizes = [each.options["Size"] for each in store.products["dummyjson:1"].variants]
    assert sorted(sizes) == ["L", "S"]


def test_an_option_is_not_removed_while_a_dropped_variant_has_no_other_value() -> None:
    """It was dropped before the other option was added. A dry run says so, and a run may remove it."""
    store = FakeMedusa()

    def shop(*variants: dict[str, str]) -> ListSource:
        names = [*dict.fromkeys(name for each in variants for name in each)]
        return ListSource(
            [
                {
                    "id": 1,
                    "title": "Cup",
                    "options": names,
                    "variants": [
                        {"sku": next(iter(each.values())), "options": each, "price": 5} for each in variants
                    ],
                }
            ]
        )

    for source in (shop({"Size": "L"}, {"Size": "M"}), shop({"Size": "M", "Colour": "Red"})):
        assert sync(source, store).exit_code == 0
    source = shop({"Colour": "Red"})
    source.rows[0]["variants"][0]["sku"] = "M"
    for is_dry_run in (True, False):
        result = sync(source, store, dry_run=is_dry_run)
        assert counts(result) == {"failed": 1}
        assert "a run with --on-missing delete removes that one" in next(iter(result.problems)).reason
    assert sync(source, store, on_missing="delete", max_removals="100%").exit_code == 0
    assert_quiet(source, store)


# --- the merchant -----------------------------------------------------------------------------------------


def test_a_variant_that_the_merchant_deleted_is_a_conflict_once_per_change_of_the_source() -> None:
    store, row = synced(shirts(1)), shirt(1)
    delete_variants(store, 1, ids(store)["SH1-S-R"])
    assert_quiet(ListSource([row]), store)
    row["variants"][0]["price"] = 5
    result = sync(ListSource([row]), store)
    assert [each.variant for outcome in result.changes for each in outcome.conflicts] == ["SH1-S-R"]
    assert "SH1-S-R" not in held(store)
    store.requests.clear()
    assert (sync(ListSource([row]), store).conflicts, writes(store)) == (0, [])
    row["variants"][1]["price"] = 5
    result = sync(ListSource([row]), store)
    assert (counts(result), result.conflicts) == ({"updated": 1}, 0), "another variant has changed"


@pytest.mark.parametrize(
    ("policy", "winner"),
    [("source", "source"), ("store,title=source", "store"), ("store,variants=source", "source")],
)
def test_an_option_that_source_and_merchant_rename_is_a_conflict(policy: str, winner: str) -> None:
    store, row = synced(shirts(1)), shirt(1)
    option = next(each for each in store.products["dummyjson:1"].options if each.title == "Colour")
    store.call("POST", f"/admin/product-options/{option.id}", {"title": "Shade"})
    assert_quiet(ListSource([row]), store)
    renamed_option(row, 1)
    result = sync(ListSource([row]), store, on_conflict=policy)
    found = [(each.field, each.kept) for outcome in result.changes for each in outcome.conflicts]
    assert (found, option.title) == ([("options", winner)], "Colour 1" if winner == "source" else "Shade")
    assert_quiet(ListSource([row]), store, on_conflict=policy)


@pytest.mark.parametrize("policy", ["source", "store"])
def test_the_only_option_of_a_product_without_variants_may_be_renamed_by_both(policy: str) -> None:
    """The record has no option of such a product."""
    plain = {"id": 1, "title": "Shirt 1", "price": 20, "stock": 3, "sku": "SH1-S-R"}
    store = synced([plain])
    [option] = store.products["dummyjson:1"].options
    store.call("POST", f"/admin/product-options/{option.id}", {"title": "Format"})
    sizes = [variant(1, size, "Red", options={"Size": size}) for size in ("S", "M")]
    sized = ListSource([shirt(1, options=["Size"], variants=sizes)])
    result = sync(sized, store, on_conflict=policy)
    found = [(each.field, each.kept) for outcome in result.changes for each in outcome.conflicts]
    assert found == [("options", policy)]
    titles = [each.title for each in store.products["dummyjson:1"].options]
    assert titles == ["Size" if policy == "source" else "Format"]
    assert_quiet(sized, store, on_conflict=policy)


@pytest.mark.parametrize("loses", [False, True])
def test_an_option_that_both_give_the_same_name_keeps_what_was_applied(*, loses: bool) -> None:
    """Also if the product has lost its variants in between, so that the record has another name, or none."""

    def sized(option: str, *values: str) -> ListSource:
        variants = [
            variant(1, own, "Red", barcode=None, options={option: value})
            for own, value in zip("SML", values, strict=True)
        ]
        return ListSource([shirt(1, options=[option], variants=variants)])

    store = synced(sized("Size", "S", "M", "L").rows)
    if loses:
        plain = {"id": 1, "title": "Shirt 1", "price": 21, "stock": 1, "sku": "SH1-S-R"}
        assert sync(ListSource([plain]), store).exit_code == 0
    [option] = store.products["dummyjson:1"].options
    store.call("POST", f"/admin/product-options/{option.id}", {"title": "Width"})
    now = sized("Width", "S", "Medium", "L")
    result = sync(now, store)
    assert (result.exit_code, result.conflicts) == (0, 0)
    assert held(store) == wanted(now.rows[0])
    assert_quiet(now, store)


def test_a_dropped_option_that_two_runs_have_created_is_removed_twice() -> None:
    def fitted(**options: str) -> ListSource:
        return ListSource([shirt(1, options=[*options], variants=[variant(1, "S", "Red", options=options)])])

    store = synced(fitted(Size="S", Fit="Slim").rows)
    again = {"title": "Fit", "values": ["Slim"], "is_exclusive": True}
    path = f"/admin/products/{store.products['dummyjson:1'].id}/options/batch"
    store.call("POST", path, {"add": [again]})
    assert [each.title for each in store.products["dummyjson:1"].options] == ["Size", "Fit", "Fit"]
    assert sync(fitted(Size="S"), store).exit_code == 0
    assert [each.title for each in store.products["dummyjson:1"].options] == ["Size"]


def test_options_keep_their_places_if_the_merchant_deletes_one_and_the_source_renames_the_next() -> None:
    def fitted(*options: str) -> ListSource:
        values = [("S", "Red", "Slim"), ("M", "Blue", "Wide")]
        variants = [variant(1, *each[:2], options=dict(zip(options, each, strict=True))) for each in values]
        return ListSource([shirt(1, options=[*options], variants=variants)])

    store = synced(fitted("Size", "Colour", "Fit").rows)
    product = store.products["dummyjson:1"]
    options = {each.title: each for each in product.options}
    remove_options(product, [options["Colour"]])
    now = fitted("Size", "Colour", "Cut")
    assert sync(now, store).exit_code == 0
    assert (held(store), options["Fit"].title) == (wanted(now.rows[0]), "Cut")


@pytest.mark.parametrize(
    ("kind", "refusals", "lacking"),
    [
        ("update-product-variants", 2, set()),
        ("update-product-variants", 99, {"sku", "price", "stock", "variant"}),
        ("create-product-variants", 99, {"stock", "variant"}),
        ("/product-options/", 99, {"options", "sku", "price", "stock", "variant"}),
        ("/location-levels/", 99, {"stock"}),
    ],
)
def test_changes_that_arrived_before_the_rest_was_refused_are_reported(
    kind: str, refusals: int, lacking: set[str]
) -> None:
    row = shirt(1, title="New title")
    store, left = synced([shirt(1)]), iter(range(refusals))
    row["variants"][0] |= {"sku": "NEW", "price": 99, "stock": 77}
    row["variants"].append(variant(1, "XL", "Red"))
    renamed_option(row, 1)

    def is_hit(request: httpx.Request) -> bool:
        path, is_new = request.url.path, b'"create"' in request.content
        is_alone = kind.endswith("variants") and "/variants/" in path and is_new == kind.startswith("create")
        return (is_alone or kind in path) and next(left, None) is not None

    refuse(store, is_hit, no())
    result = sync(ListSource([row]), store)
    assert counts(result) == {"failed" if lacking else "updated": 1}
    [outcome] = result.changes
    fields = {each.field for each in outcome.changes}
    assert fields == {"title", "options", "sku", "price", "stock", "variant"} - lacking


def test_a_variant_that_has_lost_an_option_value_gets_it_again() -> None:
    store, row = synced([shirt()]), shirt()
    store.products["dummyjson:1"].variants[0].values.pop()
    row["variants"][0]["price"], row["variants"][1]["options"] = 99, {"Size": "S", "Colour": "Green"}
    assert sync(ListSource([row]), store).exit_code == 0
    assert held(store) == wanted(row)
