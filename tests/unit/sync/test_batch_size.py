"""The size of batches: fixed, or chosen by how fast they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.sync.batch_size import BatchSize

RESULTS = st.lists(st.tuples(st.integers(1, 300), st.floats(0, 100), st.booleans()))


@given(st.integers(1, 1000), RESULTS)
def test_a_fixed_size_never_changes(fixed: int, results: list[tuple[int, float, bool]]) -> None:
    size = BatchSize(fixed)
    for products, seconds, has_failed in results:
        size.measured(products, seconds, has_failed=has_failed)
        assert size.current == fixed


@given(RESULTS)
def test_a_chosen_size_stays_within_its_bounds(results: list[tuple[int, float, bool]]) -> None:
    size = BatchSize(None)
    assert size.current == 15
    for products, seconds, has_failed in results:
        size.measured(products, seconds, has_failed=has_failed)
        assert 15 <= size.current <= 200


def test_it_doubles_while_the_time_per_product_falls() -> None:
    size = BatchSize(None)
    sizes = []
    for per_product in (5.0, 4.0, 4.5, 3.0, 3.0, 3.0, 2.0):
        size.measured(size.current, size.current * per_product, has_failed=False)
        sizes.append(size.current)
    assert sizes == [30, 60, 60, 120, 120, 120, 120]


def test_a_batch_of_another_size_says_nothing() -> None:
    size = BatchSize(None)
    size.measured(15, 1, has_failed=False)
    size.measured(15, 0.1, has_failed=False)
    size.measured(7, 0.1, has_failed=False)
    assert size.current == 30


@pytest.mark.parametrize("failures", [1, 2, 10])
def test_it_halves_after_each_failure_and_does_not_grow_again(failures: int) -> None:
    size = BatchSize(None)
    for per_product in (5, 4, 3):
        size.measured(size.current, size.current * per_product, has_failed=False)
    for _ in range(failures):
        size.measured(7, 1, has_failed=True)
    shrunk = size.current
    assert shrunk == max(120 // 2**failures, 15)
    size.measured(shrunk, 0.001, has_failed=False)
    assert size.current == shrunk
