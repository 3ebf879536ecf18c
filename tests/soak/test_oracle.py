"""The oracle of the soak test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.harness.catalogue import product
from tests.soak.observed import Stored
from tests.soak.oracle import Oracle, Rules, Value, desired, merged

KEY = "dummyjson:1"
SOURCE_WINS = Rules(store_wins=False, on_missing="keep")


def stored(fields: dict[str, Value], **changes: Any) -> Stored:
    items = [(fields["sku"], [fields["stock"]])]
    plain = Stored("prod_1", "published", fields, {"id of the variant": "variant_1"}, items)
    return replace(plain, **changes)


@pytest.fixture
def fields() -> dict[str, Value]:
    return desired(product(1))


@pytest.fixture
def oracle(fields: dict[str, Value]) -> Oracle:
    """The oracle for a product that matches the source."""
    oracle = Oracle({})
    oracle.has_run({KEY: fields}, SOURCE_WINS)
    oracle.learn({KEY: stored(fields)})
    return oracle


@pytest.mark.parametrize(
    ("state", "wanted", "store_wins", "after"),
    [
        (("a", "a"), "b", False, ("b", "b")),
        (("a", "m"), "a", False, ("a", "m")),
        (("a", "m"), "b", False, ("b", "b")),
        (("a", "m"), "b", True, ("b", "m")),
        (("a", "b"), "b", True, ("b", "b")),
    ],
)
def test_a_value_is_merged_from_last_applied_stored_and_desired(
    state: tuple[str, str],
    wanted: str,
    *,
    store_wins: bool,
    after: tuple[str, str],
) -> None:
    assert merged("title", state, wanted, store_wins=store_wins) == after


def test_members_are_merged_one_by_one() -> None:
    applied, held = ("a", "b"), ("b", "m")
    assert merged("images", (applied, held), ("a", "c"), store_wins=True) == (("a", "c"), ("m", "c"))


def test_a_product_that_matches_the_source_is_no_deviation(oracle: Oracle, fields: dict[str, Value]) -> None:
    assert oracle.deviations({KEY: stored(fields)}, {KEY: fields}) == []


def test_a_price_that_was_not_written_is_a_deviation(oracle: Oracle, fields: dict[str, Value]) -> None:
    wanted = {KEY: {**fields, "price": 1}}
    oracle.may_have_run(wanted, SOURCE_WINS)
    oracle.has_run(wanted, SOURCE_WINS)
    [found] = oracle.deviations({KEY: stored(fields)}, wanted)
    assert "price" in found


def test_after_a_disturbed_run_an_edit_may_survive_a_reverted_source_or_not(
    oracle: Oracle, fields: dict[str, Value]
) -> None:
    oracle.may_have_run({KEY: {**fields, "price": 1}}, SOURCE_WINS)
    oracle.edit(KEY, "price", 2)
    oracle.has_run({KEY: fields}, SOURCE_WINS)
    for amount, is_possible in ((2, True), (fields["price"], True), (1, False)):
        found = oracle.deviations({KEY: stored({**fields, "price": amount})}, {KEY: fields})
        assert (found == []) is is_possible


def test_a_replaced_product_is_a_deviation(oracle: Oracle, fields: dict[str, Value]) -> None:
    [found] = oracle.deviations({KEY: stored(fields, id="prod_2")}, {KEY: fields})
    assert "prod_1" in found


def test_a_product_that_may_have_been_deleted_may_have_a_new_id(
    oracle: Oracle, fields: dict[str, Value]
) -> None:
    oracle.may_have_run({}, Rules(store_wins=False, on_missing="delete"))
    oracle.has_run({KEY: fields}, SOURCE_WINS)
    assert oracle.deviations({KEY: stored(fields, id="prod_2")}, {KEY: fields}) == []


def test_images_of_a_product_that_was_created_again_are_merged(
    oracle: Oracle, fields: dict[str, Value]
) -> None:
    deleting = Rules(store_wins=False, on_missing="delete")
    oracle.has_run({}, deleting)
    oracle.learn({})
    oracle.may_have_run({}, deleting)
    oracle.may_have_run({KEY: {**fields, "images": ("a", "b", "c")}}, deleting)
    wanted = {KEY: {**fields, "images": ("d", "a")}}
    oracle.may_have_run(wanted, deleting)
    oracle.has_run(wanted, deleting)
    for images, is_possible in ((("d", "a"), True), (("a", "d"), True), (("a", "b", "d"), False)):
        found = oracle.deviations({KEY: stored({**fields, "images": images})}, wanted)
        assert (found == []) is is_possible


def test_a_missing_product_and_a_second_inventory_item_are_deviations(
    oracle: Oracle, fields: dict[str, Value]
) -> None:
    assert oracle.deviations({}, {KEY: fields}) != []
    items = [(fields["sku"], [fields["stock"]]), (None, [])]
    assert oracle.deviations({KEY: stored(fields, items=items)}, {KEY: fields}) != []
