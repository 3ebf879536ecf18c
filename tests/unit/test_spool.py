"""A spool returns what was added, from memory or disk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.change import Conflict, FieldChange
from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.spool import Spool
from tests.unit.alone import alone

MANY = [Outcome(f"dummyjson:{number}", "x" * 200, Result.CREATED) for number in range(2500)]

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


@given(st.lists(outcomes))
def test_each_reading_returns_everything_in_order(added: list[Outcome]) -> None:
    spool = Spool[Outcome]()
    for outcome in added:
        spool.add(outcome)
    assert list(spool) == list(spool) == added
    assert len(spool) == len(added)
    assert all(outcome in spool for outcome in added)


def test_concurrent_readings_and_additions() -> None:
    first, second, third = (Outcome(f"dummyjson:{number}", "A", Result.CREATED) for number in range(3))
    spool = Spool[Outcome]()
    spool.add(first)
    spool.add(second)
    one, other = iter(spool), iter(spool)
    assert (next(one), next(other)) == (first, first)
    spool.add(third)
    assert (next(one), next(other)) == (second, second)
    assert list(spool) == [first, second, third]


def test_large_spool_is_on_disk() -> None:
    spool = Spool[Outcome]()
    for outcome in MANY:
        spool.add(outcome)
    assert not spool._in_memory
    assert list(spool) == MANY


@pytest.mark.parametrize("room", [0, 100_000, 300_000, 400_000])
def test_outcomes_stay_in_memory_when_the_disk_is_full(room: int) -> None:
    """In another process, whose files are limited to `room` bytes."""
    code = f"""
import resource, signal
from medusa_sync.core.result import Outcome, Result
from medusa_sync.spool import Spool
MANY = [Outcome(f"dummyjson:{{number}}", "x" * 200, Result.CREATED) for number in range(2500)]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))
spool = Spool()
for outcome in MANY:
    spool.add(outcome)
assert len(spool) == len(MANY)
assert list(spool) == list(spool) == MANY
assert spool._unwritten
"""
    alone(code)
