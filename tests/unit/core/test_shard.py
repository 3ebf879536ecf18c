"""The shards of a catalogue."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.shard import Shard


@given(st.text(), st.integers(1, 40))
def test_each_product_is_in_exactly_one_shard(external_id: str, count: int) -> None:
    assert sum(external_id in Shard(number, count) for number in range(1, count + 1)) == 1


def test_the_shard_of_a_product_is_the_same_on_every_machine() -> None:
    """Otherwise two machines with different versions would leave some products out, and sync others twice."""
    found = {
        external_id: next(str(Shard(number, 8)) for number in range(1, 9) if external_id in Shard(number, 8))
        for external_id in ("dummyjson:1", "dummyjson:2", "shop:ärmel", "a:\ud800")
    }
    assert found == {"dummyjson:1": "4/8", "dummyjson:2": "6/8", "shop:ärmel": "4/8", "a:\ud800": "2/8"}


def test_shards_have_about_the_same_size() -> None:
    sizes = Counter(
        next(number for number in range(1, 9) if f"shop:{own}" in Shard(number, 8)) for own in range(8000)
    )
    assert all(900 < size < 1100 for size in sizes.values())
