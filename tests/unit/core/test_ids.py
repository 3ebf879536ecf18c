"""The memory of source ids."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.ids import IdSet

NUMBERS = st.integers(-10, 300) | st.integers(0, 2**53) | st.integers(2**24 - 2, 2**24 + 2)
IDS = NUMBERS.map(str) | st.text(max_size=5) | NUMBERS.map(lambda number: f"0{number}") | st.just("\u0663")


@given(st.lists(IDS), st.lists(IDS))
def test_it_is_a_set(added: list[str], asked: list[str]) -> None:
    ids = IdSet()
    are_new = [ids.add(source_id) for source_id in added]
    assert are_new == [source_id not in added[:place] for place, source_id in enumerate(added)]
    assert [source_id in ids for source_id in asked] == [source_id in set(added) for source_id in asked]
    assert sorted(ids) == sorted(set(added))
    assert len(ids) == len(set(added))
