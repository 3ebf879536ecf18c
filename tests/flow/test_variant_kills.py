"""After a kill at any step of a write of variants, the next run makes the store match the source."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.kills import KILLED, NEXT, killed_runs
from tests.flow.shirts import add_own_variant, assert_shirts, held, shirt, variant, wanted
from tests.flow.stage import SOURCE_NAME, ListSource, copies_of, counts, sync, writes
from tests.harness.fake_medusa import FakeMedusa

pytestmark = pytest.mark.usefixtures("routes")

ALL = "100%"

Row = dict[str, Any]


def small(number: int = 1) -> Row:
    """A shirt in four variants."""
    return shirt(number, variants=[variant(number, *each) for each in VALUES])


VALUES = [("S", "Red"), ("S", "Blue"), ("M", "Red"), ("M", "Blue")]


def with_fields(row: Row, version: int) -> Row:
    for each in row["variants"][:2]:
        each |= {
            "price": each["price"] + version,
            "stock": each["stock"] + version,
            "sku": f"{each['sku']}{version}",
        }
    return row


def with_values(row: Row, version: int) -> Row:
    for each in row["variants"]:
        if each["options"]["Size"] == "M":
            each["options"]["Size"] = f"M{version}"
    return row


def with_new_variants(row: Row, version: int) -> Row:
    sizes = ("L", "XL")[:version]
    return {**row, "variants": [*row["variants"], *(variant(row["id"], size, "Red") for size in sizes)]}


def with_option_renamed(row: Row, version: int) -> Row:
    name = f"Colour {version}"
    for each in row["variants"]:
        each["options"] = {"Size": each["options"]["Size"], name: each["options"]["Colour"]}
    return {**row, "options": ["Size", name]}


def with_option_added(row: Row, version: int) -> Row:
    for each in row["variants"]:
        each["options"] = {**each["options"], "Fit": f"fit {version}"}
    return {**row, "options": ["Size", "Colour", "Fit"]}


def with_swap(row: Row, version: int) -> Row:
    one, two = row["variants"][0], row["variants"][1 + version]
    one["sku"], two["sku"] = two["sku"], one["sku"]
    one["options"], two["options"] = two["options"], one["options"]
    return row


CHANGES: dict[str, Callable[[Row, int], Row]] = {
    "fields": with_fields,
    "values": with_values,
    "new variants": with_new_variants,
    "option renamed": with_option_renamed,
    "swap": with_swap,
}


def rows_after(change: Callable[[Row, int], Row], version: int) -> list[Row]:
    return [change(small(number), version) if version else small(number) for number in (1, 2)]


def assert_heals(store: FakeMedusa, rows: list[Row], **options: Any) -> None:
    """The next run makes the store match the source, without a conflict, and the one after writes nothing."""
    rows = deepcopy(rows)
    result = sync(ListSource(rows), store, **options)
    assert (result.exit_code, result.conflicts) == (0, 0), (list(result.problems), list(result.changes))
    assert_shirts(rows, store)
    for row in rows:
        assert values(store, row["id"]) == sorted(
            {(name, each["options"][name]) for each in row["variants"] for name in row["options"]}
        )
    for each in store.state.variants().values():
        assert [store.state.items[item_id].sku for item_id in each.item_ids] == [each.sku]
    store.requests.clear()
    again = sync(ListSource(rows), store, **options)
    assert counts(again) == {"unchanged": len(rows)}, list(again.problems)
    assert writes(store) == []


def values(store: FakeMedusa, number: int) -> list[tuple[str, str]]:
    """The values of all options of a shirt."""
    product = store.products[f"{SOURCE_NAME}:{number}"]
    return sorted((each.option.title, each.value) for each in product.values)


def synced(rows: list[Row]) -> FakeMedusa:
    store = FakeMedusa()
    assert sync(ListSource(rows), store).exit_code == 0
    return store


@pytest.mark.parametrize("killed", ["both", "store"])
@pytest.mark.parametrize("what", CHANGES)
def test_a_killed_update_is_completed_even_if_the_source_changes_again(what: str, killed: str) -> None:
    change = CHANGES[what]

    def update(store: FakeMedusa) -> RunResult:
        return sync(ListSource(rows_after(change, 1)), store)

    for hurt in killed_runs(synced(rows_after(change, 0)), killed, update):
        copy = copies_of(hurt)
        for version in NEXT.values():
            if what == "new variants" and version == 0:
                continue  # a dropped variant stays
            assert_heals(copy(), rows_after(change, version), on_conflict="store")


def test_a_killed_addition_of_an_option_is_completed() -> None:
    def update(store: FakeMedusa) -> RunResult:
        return sync(ListSource(rows_after(with_option_added, 1)), store)

    for hurt in killed_runs(synced(rows_after(with_option_added, 0)), "both", update):
        copy = copies_of(hurt)
        for version in (1, 2):
            assert_heals(
                copy(),
                rows_after(with_option_added, version),
                on_conflict="store",
            )


@pytest.mark.parametrize("killed", KILLED)
def test_a_killed_creation_is_completed_even_if_the_source_changes_again(killed: str) -> None:
    def create(store: FakeMedusa) -> RunResult:
        return sync(ListSource(rows_after(with_fields, 1)), store)

    for hurt in killed_runs(FakeMedusa(), killed, create):
        copy = copies_of(hurt)
        for version in NEXT.values():
            assert_heals(copy(), rows_after(with_fields, version), on_conflict="store")


@pytest.mark.parametrize("on_missing", ["draft", "delete"])
@pytest.mark.parametrize("killed", ["both", "store"])
def test_a_killed_removal_is_completed_or_taken_back(killed: str, on_missing: str) -> None:
    def less(row: Row) -> Row:
        return {**row, "variants": row["variants"][:2]}

    def remove(store: FakeMedusa) -> RunResult:
        rows = [less(small(1)), less(small(2))]
        return sync(ListSource(rows), store, on_missing=on_missing, max_removals=ALL)

    for hurt in killed_runs(synced(rows_after(with_fields, 0)), killed, remove):
        copy = copies_of(hurt)
        assert_heals(copy(), rows_after(with_fields, 0), on_missing=on_missing)
        store = copy()
        result = remove(store)
        assert (result.exit_code, result.conflicts) == (0, 0), list(result.problems)
        if on_missing == "delete":
            assert_shirts([less(small(1)), less(small(2))], store)
        else:
            assert {sku for sku, each in held(store).items() if each["stock"] == 0} == (
                wanted(small(1)).keys() - wanted(less(small(1))).keys()
            )


def test_an_option_that_is_created_twice_is_removed() -> None:
    """The response to its creation was lost, and the store finishes that only after later requests."""
    doubled = False
    for linger in range(1, 10):
        store = synced([small()])
        add_own_variant(store)
        own = held(store)["Theirs"]

        def between(request: httpx.Request, _step: str, store: FakeMedusa = store) -> None:
            if request.url.path.endswith("/options/batch"):
                store.between = None
                raise httpx.ReadTimeout("slow")

        store.between, store.linger = between, linger
        sync(ListSource([with_option_added(small(), 1)]), store)
        store.catch_up()
        titles = [option.title for option in store.products["dummyjson:1"].options]
        doubled |= titles.count("Fit") == 2
        rows = [with_option_added(small(), 2)]
        result = sync(ListSource(rows), store)
        assert (result.exit_code, result.conflicts) == (0, 0), list(result.problems)
        assert held(store) == {**wanted(rows[0]), "Theirs": own}
        assert [option.title for option in store.products["dummyjson:1"].options] == ["Size", "Colour", "Fit"]
    assert doubled
