"""Variants are removed only if a second reading of an API with pages lacks them too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.flow.shifting import TWICE, Rows, Shop, by_next, by_skip, the_same
from tests.flow.shirts import held, shirt, shirts, wanted
from tests.flow.stage import copies_of, counts, synced
from tests.flow.stage import sync_url as sync
from tests.harness.dummyjson import DummyJson
from tests.harness.fake_medusa import FakeMedusa

both_ways = pytest.mark.parametrize("how", ["delete", "draft"])
SHIRTS = shirts(12)


@pytest.fixture(scope="module")
def fresh() -> Callable[[], FakeMedusa]:
    return copies_of(synced(SHIRTS))


@pytest.fixture
def store(fresh: Callable[[], FakeMedusa]) -> FakeMedusa:
    """A store that has the shirts."""
    return fresh()


def without(number: int, **changes: Any) -> dict[str, Any]:
    """The last shirt, without its last variants."""
    row = shirt(12, **changes)
    return {**row, "variants": row["variants"][:-number]}


LESS = [*SHIRTS[:-1], without(2)]


@both_ways
def test_variants_that_both_readings_lack_are_removed(server: DummyJson, store: FakeMedusa, how: str) -> None:
    shop = Shop(server, LESS, by_skip)
    dry = sync(shop.url, store, on_missing=how, dry_run=True)
    result = sync(shop.url, store, on_missing=how)
    assert (dry.counts, dry.notes[:1]) == (result.counts, result.notes)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 11, "updated": 1})
    assert result.notes[0].startswith(TWICE)
    if how == "delete":
        assert held(store, 12) == wanted(without(2))


RENAMED = [{**each, "id": f"new-{each['id']}", "price": 1} for each in shirt(12)["variants"]]


@both_ways
@pytest.mark.parametrize(
    ("last", "left"),
    [
        pytest.param([shirt(12)], 0, id="has them"),
        pytest.param([shirt(12, variants=RENAMED)], 0, id="has them with other ids"),
        pytest.param([], 0, id="lacks the product"),
        pytest.param([without(2, title="")], 0, id="is invalid"),
        pytest.param([without(2, id=None)], 0, id="has no id"),
        pytest.param([without(2), shirt(12), shirt(13)], 0, id="has the product twice"),
        pytest.param([without(1)], 1, id="has one of them"),
    ],
)
def test_variants_that_the_second_reading_does_not_lack_are_kept(
    server: DummyJson, store: FakeMedusa, last: Rows, left: int, how: str
) -> None:
    respond = by_next if left else by_skip
    shop = Shop(server, LESS, respond, the_same, lambda rows: [*rows[:-1], *last])
    for dry_run in (True, False):
        shop.readings = 0
        result = sync(shop.url, store, on_missing=how, dry_run=dry_run)
        assert (result.exit_code, shop.readings) == (0, 2)
        assert "removed" not in counts(result)
        number = "1 variant" if left else "2 variants"
        assert (
            f"only the first reading lacked them: {number}." in result.notes[0] or "no id" in result.notes[0]
        )
    kept = wanted(without(1)) if left and how == "delete" else wanted(shirt(12))
    assert held(store, 12).keys() == kept.keys()
    assert sum(each["stock"] == 0 for each in held(store, 12).values()) == (left if how == "draft" else 0)


def test_guards_count_the_variants_that_both_readings_lack(server: DummyJson, store: FakeMedusa) -> None:
    shop = Shop(server, LESS, by_skip, the_same, lambda _rows: SHIRTS)
    assert sync(shop.url, store, on_missing="delete", max_removals=0, max_changes=0).exit_code == 0
    shop = Shop(server, LESS, by_skip)
    for guard in ({"max_removals": 1}, {"max_changes": 0}):
        assert sync(shop.url, store, on_missing="delete", **guard).exit_code == 6
    assert held(store, 12) == wanted(shirt(12))
