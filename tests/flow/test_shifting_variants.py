"""Variants are removed only if a second reading of an API with pages lacks them too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.flow.shifting import TWICE, Move, Shop, by_next, by_skip, the_same
from tests.flow.shirts import held, shirt, shirts, wanted
from tests.flow.stage import ListSource, copies_of, counts
from tests.flow.stage import sync as memory_sync
from tests.flow.urls import sync
from tests.harness.dummyjson import DummyJson, dummyjson
from tests.harness.fake_medusa import FakeMedusa

both_ways = pytest.mark.parametrize("how", ["delete", "draft"])


@pytest.fixture
def server() -> Iterator[DummyJson]:
    with dummyjson([]) as server:
        yield server


SHIRTS = shirts(12)
ANY = "100%"


@pytest.fixture(scope="module")
def synced() -> Callable[[], FakeMedusa]:
    store = FakeMedusa()
    assert memory_sync(ListSource(SHIRTS), store).exit_code == 0
    return copies_of(store)


@pytest.fixture
def store(synced: Callable[[], FakeMedusa]) -> FakeMedusa:
    """A store that has the shirts."""
    return synced()


def with_last(last: dict[str, Any] | None) -> Move:
    return lambda rows: [*rows[:-1], *([last] if last else [])]


def poorer(**changes: Any) -> dict[str, Any]:
    """The last shirt, without its last two variants."""
    row = shirt(12, **changes)
    return {**row, "variants": row["variants"][:-2]}


@both_ways
def test_variants_that_both_readings_lack_are_removed(server: DummyJson, store: FakeMedusa, how: str) -> None:
    shop = Shop(server, [*SHIRTS[:-1], poorer()], by_skip)
    dry = sync(shop.url, store, on_missing=how, dry_run=True)
    result = sync(shop.url, store, on_missing=how)
    assert (dry.counts, dry.notes[:1]) == (result.counts, result.notes)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 11, "updated": 1})
    assert result.notes[0].startswith(TWICE)
    if how == "delete":
        assert held(store, 12) == wanted(poorer())
    shop.readings = 0
    assert counts(sync(shop.url, store, on_missing=how)) == {"unchanged": 12}
    assert shop.readings == 1


RENAMED = {
    **shirt(12),
    "variants": [{**each, "id": f"new-{each['id']}", "price": 1} for each in shirt(12)["variants"]],
}


@both_ways
@pytest.mark.parametrize(
    "second",
    [shirt(12), RENAMED, None, poorer(title=""), poorer(id=None)],
    ids=["has them", "has them with other ids", "lacks the product", "is invalid", "has no id"],
)
def test_variants_that_the_second_reading_does_not_lack_are_kept(
    server: DummyJson, store: FakeMedusa, second: dict[str, Any] | None, how: str
) -> None:
    shop = Shop(server, [*SHIRTS[:-1], poorer()], by_skip, the_same, with_last(second))
    for dry_run in (True, False):
        shop.readings = 0
        result = sync(shop.url, store, on_missing=how, max_removals=ANY, dry_run=dry_run)
        assert (result.exit_code, shop.readings) == (0, 2)
        assert "removed" not in counts(result)
        assert held(store, 12) == wanted(shirt(12))
        assert (
            "only the first reading lacked them: 2 variants." in result.notes[0]
            or "have no id" in result.notes[0]
        )


def test_only_the_variants_that_both_readings_lack_are_removed(server: DummyJson, store: FakeMedusa) -> None:
    five = {**shirt(12), "variants": shirt(12)["variants"][:-1]}
    shop = Shop(server, [*SHIRTS[:-1], poorer()], by_next, the_same, with_last(five))
    result = sync(shop.url, store, on_missing="delete")
    assert held(store, 12) == wanted(five)
    assert "only the first reading lacked them: 1 variant." in result.notes[0]


def test_variants_of_a_product_that_comes_twice_in_the_second_reading_are_kept(
    server: DummyJson, store: FakeMedusa
) -> None:
    shop = Shop(
        server, [*SHIRTS[:-1], poorer()], by_skip, the_same, lambda rows: [*rows, shirt(12), shirt(13)]
    )
    result = sync(shop.url, store, on_missing="delete")
    assert (result.exit_code, shop.readings) == (0, 2)
    assert held(store, 12) == wanted(shirt(12))


def test_guards_count_the_variants_that_both_readings_lack(server: DummyJson, store: FakeMedusa) -> None:
    none, one = 0, 1
    shop = Shop(server, [*SHIRTS[:-1], poorer()], by_skip, the_same, with_last(shirt(12)))
    options: dict[str, Any] = {"on_missing": "delete"}
    for dry_run in (True, False):
        shop.readings = 0
        result = sync(shop.url, store, max_removals=none, max_changes=none, dry_run=dry_run, **options)
        assert (result.exit_code, shop.readings) == (0, 2), result.error
    shop = Shop(server, [*SHIRTS[:-1], poorer()], by_skip)
    guards: list[dict[str, Any]] = [{"max_removals": one}, {"max_changes": none}]
    for guard in guards:
        result = sync(shop.url, store, dry_run=True, **guard, **options)
        assert result.exit_code == 6
