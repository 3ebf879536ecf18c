"""External ids, sets of source ids, and shards."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.ids import IdSet, Shard, external_id_of, source_id_of

NUMBERS = st.integers(-10, 300) | st.integers(2**24 - 2, 2**24 + 2) | st.integers(2**25, 2**53)
IDS = NUMBERS.map(str) | st.text(max_size=5) | NUMBERS.map(lambda number: f"0{number}") | st.just("\u0663")


@given(st.lists(IDS), st.lists(IDS))
def test_it_is_a_set(added: list[str], asked: list[str]) -> None:
    ids = IdSet()
    are_new = [ids.add(source_id) for source_id in added]
    assert are_new == [source_id not in added[:place] for place, source_id in enumerate(added)]
    assert [source_id in ids for source_id in asked] == [source_id in set(added) for source_id in asked]
    assert sorted(ids) == sorted(set(added))
    assert len(ids) == len(set(added))


@given(st.text(min_size=1), st.sampled_from(["shop", "shop2", "s"]))
def test_an_external_id_belongs_to_one_source(source_id: str, name: str) -> None:
    external_id = external_id_of("shop", source_id)
    assert source_id_of(name, external_id) == (source_id if name == "shop" else None)
    assert source_id_of("shop", source_id.replace(":", "")) is source_id_of("shop", None) is None


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
