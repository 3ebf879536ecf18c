"""The oracle of the soak test."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from tests.harness.catalogue import product as generated
from tests.soak.expected import Rules, merged
from tests.soak.observed import Stored, StoredVariant
from tests.soak.oracle import Oracle
from tests.soak.shirts import Shirts
from tests.soak.wanted import Product, Value, Wanted, wanted_of

KEY = "dummyjson:1"
SOURCE_WINS = Rules(store_wins=False, on_missing="keep")
DELETING = Rules(store_wins=False, on_missing="delete")
DRAFTING = Rules(store_wins=False, on_missing="draft")


def stored(wanted: Wanted, **changes: Any) -> Stored:
    """The product as the source wants it."""
    options = {f"opt_{number}": title for number, title in enumerate(wanted.options)}
    variants = {f"variant_{key}": variant(key, fields) for key, fields in wanted.variants.items()}
    owned = {name: value for name, value in wanted.fields.items() if not name.startswith("options.")}
    return replace(Stored("prod_1", "published", owned, {}, options, set(), variants), **changes)


def variant(key: str, fields: Any, **changes: Value) -> StoredVariant:
    fields = {**fields, **changes}
    owned = {name: value for name, value in fields.items() if not name.startswith("option.")}
    values = {f"opt_{name[-1]}": value for name, value in fields.items() if name.startswith("option.")}
    others: dict[str, Any] = {"other prices": [], "levels elsewhere": {}}
    own = f"variant_{key}"
    return StoredVariant(own, owned, values, others, [(owned["sku"], [owned["stock"]])], (own,))


def changed(wanted: Wanted, key: str, **changes: Value) -> Stored:
    """The product with other values of a variant."""
    product = stored(wanted)
    own = {f"variant_{key}": variant(key, wanted.variants[key], **changes)}
    return replace(product, variants=product.variants | own)


@pytest.fixture
def product() -> Product:
    return generated(1)


@pytest.fixture
def wanted(product: Product) -> Wanted:
    return wanted_of(product)


@pytest.fixture
def shirt() -> Product:
    """A product with three variants, whose stock is tracked."""
    row = generated(4)
    Shirts(random.Random(1)).make(row)
    for number, each in enumerate(row["variants"]):
        each["stock"] = number
    return row


def settled(wanted: Wanted, held: Stored | None = None) -> Oracle:
    """The oracle for a product that matches the source."""
    oracle = Oracle({})
    oracle.has_run({KEY: wanted}, SOURCE_WINS)
    oracle.learn({KEY: held or stored(wanted)})
    return oracle


@pytest.fixture
def oracle(wanted: Wanted) -> Oracle:
    return settled(wanted)


def with_fields(wanted: Wanted, **fields: Value) -> Wanted:
    return replace(wanted, fields={**wanted.fields, **fields})


def with_price(wanted: Wanted, price: float) -> Wanted:
    [(key, fields)] = wanted.variants.items()
    return replace(wanted, variants={key: {**fields, "price": price}})


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


def test_a_product_that_matches_the_source_is_no_deviation(oracle: Oracle, wanted: Wanted) -> None:
    assert oracle.deviations({KEY: stored(wanted)}, {KEY: wanted}) == []


def test_a_price_that_was_not_written_is_a_deviation(oracle: Oracle, wanted: Wanted) -> None:
    newer = {KEY: with_price(wanted, 1)}
    oracle.may_have_run(newer, SOURCE_WINS)
    oracle.has_run(newer, SOURCE_WINS)
    [found] = oracle.deviations({KEY: stored(wanted)}, newer)
    assert "price" in found


def test_after_a_disturbed_run_an_edit_may_survive_a_reverted_source_or_not(
    oracle: Oracle, wanted: Wanted
) -> None:
    oracle.may_have_run({KEY: with_price(wanted, 1)}, SOURCE_WINS)
    oracle.edit(KEY, "price", 2, variant="")
    oracle.has_run({KEY: wanted}, SOURCE_WINS)
    for amount, is_possible in ((2, True), (wanted.variants[""]["price"], True), (1, False)):
        found = oracle.deviations({KEY: changed(wanted, "", price=amount)}, {KEY: wanted})
        assert (found == []) is is_possible


def test_a_replaced_product_is_a_deviation(oracle: Oracle, wanted: Wanted) -> None:
    [found] = oracle.deviations({KEY: stored(wanted, id="prod_2")}, {KEY: wanted})
    assert "prod_1" in found


def test_a_product_that_may_have_been_deleted_may_have_a_new_id(oracle: Oracle, wanted: Wanted) -> None:
    oracle.may_have_run({}, DELETING)
    oracle.has_run({KEY: wanted}, SOURCE_WINS)
    assert oracle.deviations({KEY: stored(wanted, id="prod_2")}, {KEY: wanted}) == []


def test_images_of_a_product_that_was_created_again_are_merged(oracle: Oracle, wanted: Wanted) -> None:
    oracle.has_run({}, DELETING)
    oracle.learn({})
    oracle.may_have_run({}, DELETING)
    oracle.may_have_run({KEY: with_fields(wanted, images=("a", "b", "c"))}, DELETING)
    newer = with_fields(wanted, images=("d", "a"))
    oracle.may_have_run({KEY: newer}, DELETING)
    oracle.has_run({KEY: newer}, DELETING)
    for images, is_possible in ((("d", "a"), True), (("a", "d"), True), (("a", "b", "d"), False)):
        found = oracle.deviations({KEY: stored(with_fields(wanted, images=images))}, {KEY: newer})
        assert (found == []) is is_possible


def test_a_missing_product_and_a_second_inventory_item_are_deviations(oracle: Oracle, wanted: Wanted) -> None:
    assert oracle.deviations({}, {KEY: wanted}) != []
    product = stored(wanted)
    [own] = product.variants.values()
    twice = replace(product, variants={own.id: replace(own, items=[*own.items, (None, [])])})
    assert oracle.deviations({KEY: twice}, {KEY: wanted}) != []


# --- variants -------------------------------------------------------------------------------------------


def without_last(shirt: Product) -> tuple[Wanted, Wanted, str]:
    """What the source wants before and after it drops a variant, and its key."""
    before = wanted_of(shirt)
    row = {**shirt, "variants": shirt["variants"][:-1]}
    return before, wanted_of(row), shirt["variants"][-1]["_key"]


def test_a_variant_with_a_new_id_is_a_deviation(shirt: Product) -> None:
    wanted = wanted_of(shirt)
    oracle, product = settled(wanted), stored(wanted)
    first, *others = product.variants.values()
    other = {each.id: each for each in [replace(first, id="variant_new"), *others]}
    [found] = oracle.deviations({KEY: replace(product, variants=other)}, {KEY: wanted})
    assert first.id in found


@pytest.mark.parametrize(
    ("rules", "is_stored", "stock"), [(SOURCE_WINS, True, 2), (DELETING, False, 2), (DRAFTING, True, 0)]
)
def test_a_dropped_variant_is_kept_deleted_or_has_no_stock(
    shirt: Product, rules: Rules, stock: int, *, is_stored: bool
) -> None:
    before, after, key = without_last(shirt)
    oracle = settled(before)
    oracle.has_run({KEY: after}, rules)
    kept = changed(before, key, stock=stock)
    assert (oracle.deviations({KEY: kept}, {KEY: after}) == []) is is_stored
    assert (oracle.deviations({KEY: stored(after)}, {KEY: after}) == []) is not is_stored


def test_a_dropped_variant_may_be_created_again_only_if_it_may_have_been_deleted(shirt: Product) -> None:
    before, after, key = without_last(shirt)
    for rules, is_possible in ((SOURCE_WINS, False), (DELETING, True)):
        oracle = settled(before)
        oracle.may_have_run({KEY: after}, rules)
        oracle.has_run({KEY: before}, rules)
        product = stored(before)
        again = {**product.variants, f"variant_{key}": variant(key, before.variants[key])}
        again["variant_new"] = replace(again.pop(f"variant_{key}"), id="variant_new")
        found = oracle.deviations({KEY: replace(product, variants=again)}, {KEY: before})
        assert (found == []) is is_possible


def test_a_variant_that_the_merchant_deleted_stays_away(shirt: Product) -> None:
    before, after, key = without_last(shirt)
    oracle = settled(before)
    oracle.products[KEY].variants[key].is_gone = True
    oracle.has_run({KEY: before}, SOURCE_WINS)
    assert oracle.deviations({KEY: stored(after)}, {KEY: before}) == []
    assert oracle.explains(KEY, before.names[key], "variant", before)
    assert not oracle.explains(KEY, before.names[key], "price", before)


def test_the_variants_of_the_merchant_stay(shirt: Product) -> None:
    wanted = wanted_of(shirt)
    product = stored(wanted)
    own = {"variant_own": variant("own", next(iter(wanted.variants.values())), sku="OWN")}
    with_own = replace(product, variants={**product.variants, **own})
    oracle = settled(wanted, with_own)
    oracle.has_run({KEY: wanted}, DELETING)
    assert oracle.deviations({KEY: with_own}, {KEY: wanted}) == []
    assert oracle.deviations({KEY: product}, {KEY: wanted}) != []


def test_an_option_that_the_merchant_renamed_keeps_its_title_until_the_source_renames_it(
    shirt: Product,
) -> None:
    wanted = wanted_of(shirt)
    oracle = settled(wanted)
    oracle.edit(KEY, "options.0", "Merchant's")
    renamed = replace(stored(wanted), options={"opt_0": "Merchant's"})
    oracle.has_run({KEY: wanted}, SOURCE_WINS)
    assert oracle.deviations({KEY: renamed}, {KEY: wanted}) == []
    assert oracle.explains(KEY, "", "options", wanted)
    newer = with_fields(wanted, **{"options.0": "Newer"})
    oracle.has_run({KEY: newer}, SOURCE_WINS)
    assert oracle.deviations({KEY: renamed}, {KEY: newer}) != []
