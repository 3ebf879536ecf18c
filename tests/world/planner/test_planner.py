"""The planner alone, with random products: it settles, merges each field, and survives kills and plans."""

from itertools import count

import pytest

from medusa_sync.core.fields import FIELDS, VARIANT_FIELDS, Fields
from tests.tiers import times
from tests.world.planner import announced, checks, items, order, records
from tests.world.planner.case import Case, case, shrunk
from tests.world.planner.source import desired, edited, new_row

SEEDS = 200
ALL = {**checks.CHECKS, **records.CHECKS, **items.CHECKS, **announced.CHECKS, **order.CHECKS}


@pytest.mark.parametrize("check", ALL, ids=lambda each: each.__name__)
def test_each_case_keeps_the_promise(check: checks.Check) -> None:
    def fails(each: Case) -> bool:
        try:
            check(each)
        except AssertionError:
            return True
        return False

    number = ALL[check] * SEEDS
    for seed in range(times(20 * number, quick=number)):
        if fails(case(seed)):
            check(shrunk(case(seed), fails))  # fails with the smallest example
            pytest.fail(f"seed {seed} fails only sometimes")


@pytest.mark.parametrize("table", [FIELDS, VARIANT_FIELDS], ids=["product", "variant"])
def test_cases_have_each_kind_of_field(table: Fields) -> None:
    """A field of a kind that is there already needs nothing here."""
    products = [desired(edited(edited(new_row(), each.first), each.later)) for each in map(case, range(200))]
    known = [each for each in products if each is not None]
    parts = known if table is FIELDS else [variant for each in known for variant in each.variants]
    names = {name for part in parts for name, value in part.fields.items() if value not in (None, ())}
    assert {*table.kinds} == {table[name].kind for name in names}


def test_a_failing_case_shrinks_to_what_it_takes() -> None:
    def fails(each: Case) -> bool:
        return any(name == "share" for name, _ in each.later)

    failing = next(each for each in map(case, count()) if fails(each))

    smallest = shrunk(failing, fails)

    assert (smallest.first, smallest.killed, smallest.merchant) == ([], None, [])
    assert [name for name, _ in smallest.later] == ["share"]
