"""Products with variants follow the source through their whole life."""

from __future__ import annotations

from typing import Any

import pytest

from medusa_sync import Result
from tests.flow.shirts import add_own_variant, assert_shirts, held, shirt, shirts, variant, wanted
from tests.flow.stage import ListSource, counts, sync, writes
from tests.harness.fake_medusa import FakeMedusa

ALL = "100%"


def stored(rows: list[dict[str, Any]]) -> tuple[FakeMedusa, ListSource]:
    """A store that has these products."""
    store, source = FakeMedusa(), ListSource(rows)
    result = sync(source, store)
    assert counts(result) == {"created": len(rows)}, list(result.problems)
    store.requests.clear()
    return store, source


def ids(store: FakeMedusa, number: int = 1) -> dict[str | None, str]:
    return {each.sku: each.id for each in store.products[f"dummyjson:{number}"].variants}


def test_shirts_are_created_with_all_variants_and_the_second_run_writes_nothing() -> None:
    rows = shirts(5)
    store, source = stored(rows)
    assert_shirts(rows, store)
    assert counts(sync(source, store)) == {"unchanged": 5}
    assert writes(store) == []


@pytest.mark.parametrize(
    "change",
    [
        {"price": 99},
        {"stock": 0},
        {"sku": "NEW"},
        {"barcode": "4099"},
        {"title": "Small and red"},
        {"weight": 0.3},
        {"options": {"Size": "XS", "Colour": "Red"}},
        {"prices": {"eur": 18}},
        {"price": 7, "stock": 70, "sku": "ALL", "options": {"Size": "XS", "Colour": "Green"}},
    ],
    ids=str,
)
def test_a_change_of_one_variant_changes_only_that_variant(change: dict[str, Any]) -> None:
    rows = shirts(2)
    store, source = stored(rows)
    before = {each.id: each.prices for each in store.products["dummyjson:1"].variants}
    row = shirt(1)
    row["variants"][0] |= change
    source.rows[0] = row
    assert counts(sync(source, store)) == {"updated": 1, "unchanged": 1}
    assert_shirts(source.rows, store)
    after = {each.id: each.prices for each in store.products["dummyjson:1"].variants}
    assert after.keys() == before.keys()
    assert {price.id for prices in before.values() for price in prices} <= {
        price.id for prices in after.values() for price in prices
    }
    store.requests.clear()
    assert counts(sync(source, store)) == {"unchanged": 2}
    assert writes(store) == []


def test_a_new_variant_is_added_with_its_values_item_stock_and_price() -> None:
    store, source = stored(shirts(1))
    source.rows[0] = shirt(1, variants=[*shirt(1)["variants"], variant(1, "XXL", "Blue", price=31, stock=8)])
    assert counts(sync(source, store)) == {"updated": 1}
    assert_shirts(source.rows, store)
    store.requests.clear()
    assert counts(sync(source, store)) == {"unchanged": 1}
    assert writes(store) == []


def dropped() -> dict[str, Any]:
    """The shirt without its blue variants."""
    return shirt(1, variants=[each for each in shirt(1)["variants"] if each["options"]["Colour"] == "Red"])


def test_a_dropped_variant_stays_by_default_and_is_deleted_when_that_is_asked_for() -> None:
    store, source = stored(shirts(1))
    source.rows[0] = dropped()
    assert counts(sync(source, store)) == {"unchanged": 1}
    assert_shirts(shirts(1), store)
    store.requests.clear()
    sync(source, store)
    assert writes(store) == []
    result = sync(source, store, on_missing="delete", max_removals=ALL)
    assert counts(result) == {"updated": 1}
    assert held(store) == wanted(dropped())
    product = store.products["dummyjson:1"]
    assert {value.value for value in product.values} == {"S", "M", "L", "Red"}
    store.requests.clear()
    assert counts(sync(source, store, on_missing="delete", max_removals=ALL)) == {"unchanged": 1}
    assert writes(store) == []


def test_long_values_that_nothing_uses_any_more_are_removed() -> None:
    row = shirt(1)
    for each in row["variants"]:
        each["options"]["Colour"] += " as the sun goes down behind the mountains"  # the record has a digest
    store, source = stored([row])
    source.rows[0] = {**row, "variants": [variant(1, "S", "Red"), *row["variants"][2:]]}
    assert counts(sync(source, store)) == {"updated": 1}
    source.rows[0] = {**row, "variants": [variant(1, "S", "Red")]}
    sync(source, store, on_missing="delete", max_removals=ALL)
    assert {each.value for each in store.products["dummyjson:1"].values} == {"S", "Red"}


def test_a_variant_that_is_dropped_and_deleted_in_one_run_is_reported_once() -> None:
    store, source = stored(shirts(1))
    source.rows[0] = dropped()
    plan = sync(source, store, on_missing="delete", max_removals=ALL, dry_run=True)
    assert writes(store) == []
    result = sync(source, store, on_missing="delete", max_removals=ALL)
    assert held(store) == wanted(dropped())
    assert list(plan.changes) == list(result.changes)
    assert counts(plan) == counts(result) == {"updated": 1}
    assert sorted(change.variant for change in next(iter(result.changes)).changes) == [
        "L / Blue",
        "M / Blue",
        "S / Blue",
    ]


def test_the_stock_of_a_dropped_variant_is_set_to_0_under_draft_and_comes_back_with_it() -> None:
    store, source = stored(shirts(1))
    source.rows[0] = dropped()
    assert counts(sync(source, store, on_missing="draft", max_removals=ALL)) == {"updated": 1}
    assert {sku: each["stock"] for sku, each in held(store).items() if sku.endswith("B")} == {
        "SH1-S-B": 0,
        "SH1-M-B": 0,
        "SH1-L-B": 0,
    }
    store.requests.clear()
    assert counts(sync(source, store, on_missing="draft", max_removals=ALL)) == {"unchanged": 1}
    assert writes(store) == []
    source.rows[0] = shirt(1)
    assert counts(sync(source, store, on_missing="draft")) == {"updated": 1}
    assert_shirts(shirts(1), store)


@pytest.mark.parametrize("on_missing", ["draft", "delete"])
def test_too_many_dropped_variants_are_not_removed(on_missing: str) -> None:
    store, source = stored(shirts(2))
    source.rows[0] = dropped()
    result = sync(source, store, on_missing=on_missing, max_removals=2)
    assert result.exit_code == 6
    assert "3 of 12 variants" in result.error
    assert_shirts(shirts(2), store)


def test_a_reserved_variant_is_not_deleted_and_the_others_are() -> None:
    store, source = stored(shirts(1))
    store.reserve("SH1-M-B")
    source.rows[0] = dropped()
    result = sync(source, store, on_missing="delete", max_removals=ALL)
    assert result.exit_code == 5
    [problem] = result.problems
    assert "variant M / Blue was not removed" in problem.reason
    assert held(store).keys() == {*wanted(dropped()), "SH1-M-B"}


def test_swapped_skus_and_barcodes_end_up_correct_within_and_across_products() -> None:
    store, source = stored(shirts(2))
    before = ids(store, 1), ids(store, 2)
    one, two = shirts(2)

    def swap(first: dict[str, Any], second: dict[str, Any]) -> None:
        for name in ("sku", "barcode"):
            first[name], second[name] = second[name], first[name]

    swap(one["variants"][0], one["variants"][1])
    swap(one["variants"][2], two["variants"][2])
    source.rows[:] = [one, two]
    assert counts(sync(source, store)) == {"updated": 2}
    assert_shirts([one, two], store)
    after = ids(store, 1), ids(store, 2)
    assert after[0]["SH1-S-R"] == before[0]["SH1-S-B"]
    assert after[0]["SH2-M-R"] == before[0]["SH1-M-R"]


def test_variants_exchange_their_option_values() -> None:
    store, source = stored(shirts(1))
    row = shirt(1)
    first, second = row["variants"][0], row["variants"][3]
    first["options"], second["options"] = second["options"], first["options"]
    source.rows[0] = row
    assert counts(sync(source, store)) == {"updated": 1}
    assert_shirts([row], store)


def test_a_variant_of_the_merchant_is_never_touched() -> None:
    store, source = stored(shirts(1))
    add_own_variant(store)
    row = dropped()
    row["variants"][0]["price"] = 5
    source.rows[0] = row
    sync(source, store, on_missing="delete", max_removals=ALL)
    assert held(store).keys() == {*wanted(row), "Theirs"}
    assert {value.value for value in store.products["dummyjson:1"].values} >= {"Green"}


def test_a_variant_that_the_merchant_deleted_is_a_conflict_once_per_change_of_the_source() -> None:
    store, source = stored(shirts(1))
    product = store.products["dummyjson:1"]
    path = f"/admin/products/{product.id}/variants/batch"
    store.call("POST", path, {"delete": [ids(store)["SH1-S-R"]]})
    store.requests.clear()
    assert counts(sync(source, store)) == {"unchanged": 1}
    row = shirt(1)
    row["variants"][0]["price"] = 5
    source.rows[0] = row
    result = sync(source, store)
    assert result.conflicts == 1
    assert [each.variant for outcome in result.changes for each in outcome.conflicts] == ["SH1-S-R"]
    assert "SH1-S-R" not in held(store)
    store.requests.clear()
    again = sync(source, store)
    assert again.conflicts == 0
    assert writes(store) == []


# --- options --------------------------------------------------------------------------------------------


def renamed(row: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    for each in row["variants"]:
        each["options"] = {new if name == old else name: value for name, value in each["options"].items()}
    return {**row, "options": [new if name == old else name for name in row["options"]]}


def test_a_renamed_option_keeps_the_variants() -> None:
    store, source = stored(shirts(1))
    before = ids(store)
    source.rows[0] = renamed(shirt(1), "Colour", "Farbe")
    assert counts(sync(source, store)) == {"updated": 1}
    assert_shirts(source.rows, store)
    assert ids(store) == before
    store.requests.clear()
    assert counts(sync(source, store)) == {"unchanged": 1}
    assert writes(store) == []


RENAMES = [
    ("source", "source"),
    ("store", "store"),
    ("source,variants=store", "store"),
    ("store,variants=source", "source"),
    ("store,title=source", "store"),
]


@pytest.mark.parametrize(("policy", "winner"), RENAMES)
def test_an_option_that_source_and_merchant_rename_is_a_conflict(policy: str, winner: str) -> None:
    store, source = stored(shirts(1))
    option = next(each for each in store.products["dummyjson:1"].options if each.title == "Colour")
    store.call("POST", f"/admin/product-options/{option.id}", {"title": "Shade"})
    assert counts(sync(source, store)) == {"unchanged": 1}
    assert option.title == "Shade"
    source.rows[0] = renamed(shirt(1), "Colour", "Farbe")
    result = sync(source, store, on_conflict=policy)
    found = [(each.field, each.kept) for outcome in result.changes for each in outcome.conflicts]
    assert found == [("options", winner)]
    assert option.title == ("Farbe" if winner == "source" else "Shade")
    store.requests.clear()
    again = sync(source, store, on_conflict=policy)
    assert (again.conflicts, writes(store)) == (0, [])


def test_an_added_option_keeps_the_variants() -> None:
    store, source = stored(shirts(1))
    before = ids(store)
    row = shirt(1, options=["Size", "Colour", "Fit"])
    for each in row["variants"]:
        each["options"] = {**each["options"], "Fit": "Slim"}
    source.rows[0] = row
    assert counts(sync(source, store)) == {"updated": 1}
    assert_shirts(source.rows, store)
    assert ids(store) == before


def in_one_colour(number: int) -> dict[str, Any]:
    """The shirt without colours."""
    row = shirt(number, options=["Size"], variants=shirt(number)["variants"][::2])
    for each in row["variants"]:
        each["options"] = {"Size": each["options"]["Size"]}
    return row


def test_a_dropped_option_is_removed_and_the_variants_stay() -> None:
    row = shirt(1, variants=shirt(1)["variants"][::2])
    store, source = stored([row])
    before = ids(store)
    source.rows[0] = in_one_colour(1)
    assert counts(sync(source, store)) == {"updated": 1}
    assert_shirts(source.rows, store)
    assert ids(store) == before
    assert [option.title for option in store.products["dummyjson:1"].options] == ["Size"]
    store.requests.clear()
    assert counts(sync(source, store)) == {"unchanged": 1}
    assert writes(store) == []


def test_an_option_that_distinguishes_dropped_variants_cannot_be_removed_and_neighbours_are_synced() -> None:
    store, source = stored(shirts(2))
    neighbour = shirt(2)
    neighbour["variants"][0]["price"] = 1
    source.rows[:] = [in_one_colour(1), neighbour]
    result = sync(source, store)
    assert counts(result) == {"updated": 1, "failed": 1}
    [problem] = result.problems
    assert "the same option values as SH1-S-B" in problem.reason
    assert held(store, 2) == wanted(neighbour)


def test_a_product_gets_variants_and_loses_them_without_losing_the_first() -> None:
    plain = {"id": 1, "title": "Shirt 1", "price": 20, "stock": 3, "sku": "SH1-M-R"}
    store, source = stored([plain])
    before = ids(store)["SH1-M-R"]
    sized = shirt(1, options=["Size"], variants=[variant(1, size, "Red") for size in ("S", "M", "L")])
    for each in sized["variants"]:
        each["options"] = {"Size": each["options"]["Size"]}
        del each["barcode"]
    source.rows[0] = sized
    result = sync(source, store)
    assert counts(result) == {"updated": 1}
    assert result.conflicts == 0
    assert held(store) == wanted(sized)
    assert ids(store)["SH1-M-R"] == before
    source.rows[0] = plain
    result = sync(source, store, on_missing="delete", max_removals=ALL)
    assert result.exit_code == 0, list(result.problems)
    assert ids(store) == {"SH1-M-R": before}
    assert store.products["dummyjson:1"].variants[0].options == {"Default": "Default"}
    store.requests.clear()
    assert counts(sync(source, store, on_missing="delete", max_removals=ALL)) == {"unchanged": 1}
    assert writes(store) == []


def test_a_rejected_variant_rejects_its_product_and_nothing_else() -> None:
    rows = shirts(3)
    del rows[1]["variants"][2]["options"]["Colour"]
    store = FakeMedusa()
    result = sync(ListSource(rows), store)
    assert counts(result) == {"created": 2, "rejected": 1}
    [problem] = result.problems
    assert problem.reason == "variant SH2-M-R: it has no value for the option 'Colour'"
    assert problem.result is Result.REJECTED
    assert_shirts([rows[0], rows[2]], store)


def test_a_product_with_many_variants_is_created_and_updated() -> None:
    row: dict[str, Any] = {
        "id": 1,
        "title": "Screws",
        "options": ["Length"],
        "variants": [
            {
                "id": str(each),
                "sku": f"SC-{each}",
                "price": each,
                "stock": 1,
                "options": {"Length": str(each)},
            }
            for each in range(1, 701)
        ],
    }
    store, source = stored([row])
    assert_shirts([row], store)
    row["variants"][650]["price"] = 9
    assert counts(sync(source, store)) == {"updated": 1}
    assert_shirts([row], store)
