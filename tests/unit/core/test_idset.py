"""A set of ids is a set, whatever the ids are."""

from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.idset import IdSet

numbers = st.integers(0, 300) | st.integers(0, 2**53) | st.integers(2**24 - 2, 2**24 + 2)


@given(st.lists(numbers), st.lists(numbers | st.integers(-10, -1)))
def test_it_holds_what_was_added_and_nothing_else(added: list[int], asked: list[int]) -> None:
    ids = IdSet()
    for number in added:
        ids.add(number)
    assert len(ids) == len(set(added))
    assert [number in ids for number in asked] == [number in set(added) for number in asked]
    assert all(number in ids for number in added)


def test_a_catalogue_takes_a_bit_for_each_product() -> None:
    ids = IdSet()
    for number in range(50_000):
        ids.add(number)
    assert len(ids._bits) == 50_000 // 8
