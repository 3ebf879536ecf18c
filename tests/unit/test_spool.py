"""A spool returns what was added, from memory or disk."""

import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.field_changes import Conflict, FieldChange
from medusa_sync.core.outcome import Action, Outcome, Result
from medusa_sync.spool import Spool
from tests.unit.full_disk import files_limited_to

values = st.none() | st.text() | st.integers() | st.booleans() | st.tuples(st.text())
outcomes = st.builds(
    Outcome,
    st.none() | st.text(),
    st.text(),
    st.sampled_from(Result),
    changes=st.tuples() | st.tuples(st.builds(FieldChange, st.text(), values, values)),
    conflicts=st.tuples() | st.tuples(st.builds(Conflict, st.text(), values, values, st.text())),
    action=st.none() | st.sampled_from(Action),
)


@given(st.lists(outcomes), st.lists(outcomes))
def test_each_reading_returns_everything_in_order(added: list[Outcome], later: list[Outcome]) -> None:
    spool = Spool[Outcome]()
    for outcome in added:
        spool.add(outcome)
    one, other = iter(spool), iter(spool)
    read = [(next(one), next(other)) for _ in added[:2]]
    assert read == [(outcome, outcome) for outcome in added[:2]]
    for outcome in later:
        spool.add(outcome)
    assert list(spool) == list(spool) == added + later
    assert len(spool) == len(added + later)
    assert all(outcome in spool for outcome in added)


@pytest.mark.parametrize("room", [0, 100_000, 300_000, 400_000, 10_000_000])
def test_outcomes_stay_in_memory_only_when_the_disk_is_full(room: int) -> None:
    def outcomes() -> Iterator[Outcome]:
        for number in range(2500):
            yield Outcome(f"dummyjson:{number}", "x" * 200 + str(number), Result.CREATED)

    spool = Spool[Outcome]()
    with files_limited_to(room):
        tracemalloc.start()
        for outcome in outcomes():
            spool.add(outcome)
        used, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert len(spool) == 2500
    assert list(spool) == list(spool) == list(outcomes())
    assert (used < 300_000) is (room > 1_000_000)
