"""The planner alone, with random products: it settles, merges each field, and survives kills and plans."""

from itertools import count

import pytest

from tests.tiers import times
from tests.world.planner import checks
from tests.world.planner.case import Case, case, shrunk

SEEDS = 200  # of a quick run for a check that plays each case once


@pytest.mark.parametrize(
    ("check", "number"),
    [
        (checks.it_settles, 10 * SEEDS),
        (checks.each_field_is_merged, 5 * SEEDS),
        (checks.a_killed_write_is_completed, SEEDS),
        (checks.a_killed_write_is_taken_back, SEEDS),
        (checks.a_saved_plan_is_the_run, SEEDS),
        (checks.an_undo_restores, SEEDS),
        (checks.removed_variants_come_back, 2 * SEEDS),
        (checks.what_looks_up_to_date_is, 2 * SEEDS),
        (checks.a_narrow_run_hides_nothing, 2 * SEEDS),
        (checks.an_upgrade_sends_no_newer_field, SEEDS),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_each_case_keeps_the_promise(check: checks.Check, number: int) -> None:
    def fails(each: Case) -> bool:
        try:
            check(each)
        except AssertionError:
            return True
        return False

    for seed in range(times(20 * number, quick=number)):
        if fails(case(seed)):
            check(shrunk(case(seed), fails))  # fails with the smallest example
            pytest.fail(f"seed {seed} fails only sometimes")


def test_a_failing_case_shrinks_to_what_it_takes() -> None:
    def fails(each: Case) -> bool:
        return any(name == "share" for name, _ in each.later)

    failing = next(each for each in map(case, count()) if fails(each))

    smallest = shrunk(failing, fails)

    assert (smallest.first, smallest.killed, smallest.merchant) == ([], None, [])
    assert [name for name, _ in smallest.later] == ["share"]
