"""Shipping profiles that the source names, and whether discounts apply to a product."""

from pathlib import Path
from typing import Any

import pytest

from medusa_sync import RunResult
from tests.flow.merchant import edit
from tests.flow.stage import (
    SOURCE_NAME,
    ListSource,
    apply,
    assert_quiet,
    counts,
    make_former,
    save,
    sync,
    writes,
)
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Product
from tests.world import results

pytestmark = pytest.mark.usefixtures("routes")

DEFAULT = "Default Shipping Profile"


@pytest.fixture
def store() -> FakeMedusa:
    """A store with profiles besides the default one, two of which have the same name."""
    store = FakeMedusa()
    for name in ("Bulky", "Digital", "Twice", "Twice"):
        store.call("POST", "/admin/shipping-profiles", {"name": name, "type": "custom"})
    return store


def source(**fields: Any) -> ListSource:
    return ListSource([{"id": 1, "title": "Cup", "price": 3, **fields}])


def ids(store: FakeMedusa, name: str) -> list[str]:
    return [each.id for each in store.state.shipping_profiles.values() if each.name == name]


def product(store: FakeMedusa) -> Product:
    return store.products[f"{SOURCE_NAME}:1"]


def profile(store: FakeMedusa) -> str | None:
    """The name of that of the product."""
    own = product(store).shipping_profile_id
    return own and store.state.shipping_profiles[own].name


def run(store: FakeMedusa, **fields: Any) -> RunResult:
    """A dry run that is exact, and a real one."""
    plan = sync(source(**fields), store, dry_run=True)
    result = sync(source(**fields), store)
    assert results.shown(plan) == results.shown(result)
    return result


def test_a_new_product_gets_the_one_that_its_source_names_by_name_or_id(store: FakeMedusa) -> None:
    [bulky] = ids(store, "Bulky")
    rows = [
        {"id": number, "title": f"Cup {number}", "price": 3, "shippingProfile": name}
        for number, name in enumerate(["Bulky", bulky, None, "Digital", ids(store, "Twice")[1]], 1)
    ]
    assert counts(sync(ListSource(rows), store)) == {"created": 5}
    held = [each.shipping_profile_id for each in store.products.values()]
    assert held == [bulky, bulky, store.shipping_profile_id, *ids(store, "Digital"), ids(store, "Twice")[1]]
    assert_quiet(ListSource(rows), store)


@pytest.mark.parametrize("is_stored", [False, True])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Ferry", "the store has no shipping profile 'Ferry', only: 'Bulky', 'Default Shipping Profile', "),
        ("Twice", "the store has several shipping profiles 'Twice' (sp_"),
    ],
)
def test_a_name_that_means_none_rejects_only_its_product(
    store: FakeMedusa, name: str, reason: str, *, is_stored: bool
) -> None:
    neighbour = {"id": 2, "title": "Mug", "price": 4, "shippingProfile": "Bulky"}
    if is_stored:
        sync(source(), store)
    rows = [*source(shippingProfile=name, title="New").rows, neighbour]
    result = sync(ListSource(rows), store)
    assert counts(result) == {"rejected": 1, "created": 1}
    [problem] = result.problems
    assert problem.reason.startswith(reason)
    assert "correct it at the source" in problem.reason or "give an id" in problem.reason
    assert not is_stored or (profile(store), product(store).title) == (DEFAULT, "Cup")


def test_a_change_of_the_source_is_written_and_nothing_else_changes(store: FakeMedusa) -> None:
    run(store, shippingProfile="Bulky")
    [outcome] = run(store, shippingProfile="Digital").changes
    shown = [(each.field, each.stored, each.planned) for each in outcome.changes]
    assert (profile(store), shown) == ("Digital", [("shipping_profile", "Bulky", "Digital")])
    assert_quiet(source(shippingProfile="Digital"), store)
    assert counts(run(store, shippingProfile=ids(store, "Digital")[0])) == {"unchanged": 1}


def test_one_that_the_merchant_renamed_stays(store: FakeMedusa) -> None:
    run(store, shippingProfile="Bulky")
    [own] = ids(store, "Bulky")
    store.state.shipping_profiles[own].name = "Large"
    assert_quiet(source(shippingProfile="Bulky"), store)
    assert counts(run(store, shippingProfile="Bulky", title="Mug")) == {"updated": 1}
    assert product(store).shipping_profile_id == own


def test_a_plan_whose_profile_was_removed_since_is_not_written(store: FakeMedusa, tmp_path: Path) -> None:
    run(store, shippingProfile="Bulky")
    plan = tmp_path / "plan.jsonl"
    save(source(shippingProfile="Digital"), store, plan)
    [own] = ids(store, "Digital")
    del store.state.shipping_profiles[own]
    [outcome] = apply(plan, store).skipped
    assert "the store has no shipping profile 'Digital'" in outcome.reason
    assert profile(store) == "Bulky"


@pytest.mark.parametrize("wanted", [True, False, None])
def test_discounts_apply_unless_the_source_says_otherwise(store: FakeMedusa, *, wanted: bool | None) -> None:
    run(store, discountable=wanted)
    assert product(store).discountable is (wanted is not False)
    assert_quiet(source(discountable=wanted), store)
    run(store)
    edit(store, 1, discountable=True)
    assert_quiet(source(), store)
    run(store, discountable=False)
    assert not product(store).discountable


def test_a_source_that_begins_to_exclude_a_product_from_discounts_is_in_conflict_with_nobody() -> None:
    """Medusa includes a product of which nothing is said."""
    store = FakeMedusa()
    run(store)
    assert sync(source(discountable=False), store).conflicts == 0
    assert not product(store).discountable
    assert_quiet(source(discountable=False), store)


def test_an_upgrade_writes_nothing_and_says_how_to_send_both(store: FakeMedusa) -> None:
    sync(source(), store)
    make_former(store, 1)
    wanted = source(shippingProfile="Bulky", discountable=False)
    store.requests.clear()
    result = sync(wanted, store)
    assert writes(store) == []
    [note] = [each for each in result.notes if each.name == "newer_fields"]
    assert "discountable of 1, shipping_profile of 1." in note
    sync(wanted, store, overwrite=True, only="discountable,shipping_profile")
    assert (profile(store), product(store).discountable) == ("Bulky", False)
    assert_quiet(wanted, store)
