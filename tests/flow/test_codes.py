"""EAN and UPC of variants: fields of their own, which no two variants of a store can share."""

from typing import Any

import pytest

from tests.flow.merchant import create
from tests.flow.stage import ListSource, assert_quiet, counts, make_former, sync, synced, writes
from tests.harness.fake_medusa import FakeMedusa

CODES = ["ean", "upc"]
SIZES = ("S", "M")


def cup(number: int, *codes: str | None, name: str = "ean", **fields: Any) -> dict[str, Any]:
    """A cup with a variant for each of these codes."""
    variants = [
        {"id": size, "price": 3, "barcode": f"{number}{size}", "options": {"Size": size}}
        | ({} if code is None else {name: code})
        for size, code in zip(SIZES, codes, strict=False)
    ]
    return {"id": number, "title": f"Cup {number}", "options": ["Size"], "variants": variants, **fields}


def held(store: FakeMedusa, name: str) -> dict[str, list[str | None]]:
    """The codes of each product."""
    return {
        own.partition(":")[2]: [getattr(each, name) for each in product.variants]
        for own, product in store.products.items()
    }


@pytest.mark.parametrize("name", CODES)
def test_they_are_synced_beside_the_barcode(name: str) -> None:
    rows = [cup(1, "10", "11", name=name)]
    store = synced(rows)
    assert held(store, name) == {"1": ["10", "11"]}
    assert held(store, "barcode") == {"1": ["1S", "1M"]}
    changed = ListSource([cup(1, "12", None, name=name)])
    [outcome] = sync(changed, store).changes
    assert [(each.field, each.stored, each.planned) for each in outcome.changes] == [
        (name, "10", "12"),
        (name, "11", None),
    ]
    assert (held(store, name), held(store, "barcode")) == ({"1": ["12", None]}, {"1": ["1S", "1M"]})
    assert_quiet(changed, store)


@pytest.mark.parametrize("name", CODES)
def test_the_first_one_that_wants_a_code_gets_it(name: str) -> None:
    rows = ListSource([cup(1, "10", "10", name=name), cup(2, "10", name=name)])
    store = FakeMedusa()
    result = sync(rows, store)
    assert (counts(result), result.exit_code) == ({"created": 2}, 0)
    assert held(store, name) == {"1": ["10", None], "2": [None]}
    assert result.withheld == 2
    assert_quiet(rows, store)
    freed = ListSource([cup(1, "11", "12", name=name), cup(2, "10", name=name)])
    assert counts(sync(freed, store)) == {"updated": 2}
    assert held(store, name) == {"1": ["11", "12"], "2": ["10"]}
    assert_quiet(freed, store)


@pytest.mark.parametrize("name", CODES)
def test_they_move_in_a_cycle_in_one_run(name: str) -> None:
    store = synced([cup(1, "10", name=name), cup(2, "20", name=name)])
    rows = ListSource([cup(1, "20", name=name), cup(2, "10", name=name)])
    assert counts(sync(rows, store)) == {"updated": 2}
    assert held(store, name) == {"1": ["20"], "2": ["10"]}
    assert_quiet(rows, store)


@pytest.mark.parametrize(("name", "shown"), [("ean", "EAN"), ("upc", "UPC")])
def test_a_new_product_whose_code_a_product_outside_the_source_has_is_rejected(name: str, shown: str) -> None:
    store = FakeMedusa()
    create(store, "Theirs", variant={name: "10"})
    [problem] = sync(ListSource([cup(1, "10", name=name)]), store).problems
    assert problem.reason.startswith(f"its {shown} '10' belongs to 'Theirs' (prod_")


def test_a_variant_is_recognized_by_its_code() -> None:
    """The record was lost, and the merchant has changed everything else."""
    store = synced([cup(1, "10", "11")])
    product = store.products["dummyjson:1"]
    product.metadata = {}
    ids = [each.id for each in product.variants]
    for each, size in zip(product.variants, ("one", "two"), strict=True):
        each.barcode = None
        each.values[0].value = size
    rows = ListSource([cup(1, "11", "10")])
    for each, number in zip(rows.rows[0]["variants"], (7, 8), strict=True):
        each |= {"id": number, "barcode": f"new {number}"}
    sync(rows, store)
    assert [store.state.variants()[each].barcode for each in ids] == ["new 8", "new 7"]


def test_an_upgrade_sends_none() -> None:
    store = synced([cup(1, None)])
    make_former(store, 1)
    result = sync(ListSource([cup(1, "10")]), store)
    assert (writes(store), held(store, "ean")) == ([], {"1": [None]})
    assert any("ean of 1." in each for each in result.notes)


@pytest.mark.parametrize("is_strict", [True, False])
@pytest.mark.parametrize("name", CODES)
def test_a_code_is_still_the_barcode_of_what_has_no_other_one(name: str, *, is_strict: bool) -> None:
    row = cup(1, "4006381333931", name=name)
    [variant] = row["variants"]
    del variant["barcode"]
    if not is_strict:  # read with the names of others
        row["name"] = row.pop("title")
        variant["isbn" if name == "upc" else "gtin13"] = variant.get(name)
    store = synced([row])
    assert (held(store, "barcode"), held(store, name)) == ({"1": ["4006381333931"]},) * 2
