"""A journal gives back what was added to it, wherever it lies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.models import Action, Conflict, Difference, Outcome, Result
from medusa_sync.sync.journal import Journal

values = st.none() | st.text() | st.integers() | st.booleans() | st.tuples(st.text())
outcomes = st.builds(
    Outcome,
    st.none() | st.text(),
    st.text(),
    st.sampled_from(Result),
    differences=st.tuples() | st.tuples(st.builds(Difference, st.text(), values, values)),
    conflicts=st.tuples() | st.tuples(st.builds(Conflict, st.text(), values, values, st.text())),
    action=st.none() | st.sampled_from(Action),
)


@given(st.lists(outcomes))
def test_it_holds_all_that_was_added_in_that_order_each_time_it_is_read(added: list[Outcome]) -> None:
    journal = Journal()
    for outcome in added:
        journal.add(outcome)
    assert list(journal) == list(journal) == added
    assert len(journal) == len(added)
    assert all(outcome in journal for outcome in added)


def test_it_can_be_read_twice_at_once_and_added_to_meanwhile() -> None:
    first, second, third = (Outcome(f"dummyjson:{number}", "A", Result.CREATED) for number in range(3))
    journal = Journal()
    journal.add(first)
    journal.add(second)
    one, other = iter(journal), iter(journal)
    assert (next(one), next(other)) == (first, first)
    journal.add(third)
    assert (next(one), next(other)) == (second, second)
    assert list(journal) == [first, second, third]


def test_most_of_it_is_not_in_memory() -> None:
    journal = Journal()
    for number in range(3000):
        journal.add(Outcome(f"dummyjson:{number}", "x" * 200, Result.CREATED))
    assert journal._file._rolled  # type: ignore[attr-defined] # the word of the standard library for it
    assert len(list(journal)) == 3000


def test_what_a_full_disk_does_not_take_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal()
    added = [Outcome(f"dummyjson:{number}", "A", Result.CREATED) for number in range(6)]
    for outcome in added[:3]:
        journal.add(outcome)

    def full(*_: object) -> None:
        journal._file.write(b"half of it")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr("pickle.dump", full)
        journal.add(added[3])
    for outcome in added[4:]:
        journal.add(outcome)
    assert list(journal) == added
    assert len(journal) == 6
