"""A journal gives back what was added to it, wherever it lies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.change import Conflict, FieldChange
from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.sync.spool import Spool
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
def test_it_holds_all_that_was_added_in_that_order_each_time_it_is_read(added: list[Outcome]) -> None:
    journal = Spool()
    for outcome in added:
        journal.add(outcome)
    assert list(journal) == list(journal) == added
    assert len(journal) == len(added)
    assert all(outcome in journal for outcome in added)


def test_it_can_be_read_twice_at_once_and_added_to_meanwhile() -> None:
    first, second, third = (Outcome(f"dummyjson:{number}", "A", Result.CREATED) for number in range(3))
    journal = Spool()
    journal.add(first)
    journal.add(second)
    one, other = iter(journal), iter(journal)
    assert (next(one), next(other)) == (first, first)
    journal.add(third)
    assert (next(one), next(other)) == (second, second)
    assert list(journal) == [first, second, third]


def test_most_of_it_is_not_in_memory() -> None:
    journal = Spool()
    for outcome in MANY:
        journal.add(outcome)
    assert not journal._in_memory
    assert list(journal) == MANY


@pytest.mark.parametrize("room", [0, 100_000, 300_000, 400_000])
def test_what_a_full_disk_does_not_take_stays_in_memory(room: int) -> None:
    """In a process of its own, which may write so many bytes into a file."""
    code = f"""
import resource, signal
from medusa_sync.sync.spool import Spool
from tests.unit.sync.test_spool import MANY
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))
journal = Spool()
for outcome in MANY:
    journal.add(outcome)
assert len(journal) == len(MANY)
assert list(journal) == list(journal) == MANY
assert journal._unwritten
"""
    alone(code)
