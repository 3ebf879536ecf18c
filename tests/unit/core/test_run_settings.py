"""The settings of a source as a whole follow from its records: an accepted change is never forgotten."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.record import Pending, Record, Write, claim
from medusa_sync.core.run_settings import (
    SettingsOfRecords,
    changed,
    edited_programs,
    to_record,
)
from medusa_sync.core.selection import ALL, Selection

EURO, DOLLAR = {"--currency": "eur"}, {"--currency": "usd"}
STOCK_ONLY = Selection(frozenset({"stock"}))


def whole(*settings: Mapping[str, str] | None, now: Mapping[str, str] = DOLLAR) -> dict[str, str]:
    found = SettingsOfRecords()
    for each in settings:
        found.add(Record(settings=None if each is None else dict(each)))
    return found.as_a_whole(now)


Runs = st.lists(
    st.tuples(
        st.sampled_from(["eur", "usd"]),
        st.sampled_from(["", "on"]),
        st.sampled_from(["", "1", "2"]),  # the content of the map
        st.sampled_from([ALL, STOCK_ONLY]),
        st.sets(st.integers(0, 4), min_size=1),  # the products that it reaches
    ),
    min_size=1,
)


@given(Runs)
def test_after_a_run_that_wrote_anything_the_same_run_is_not_stopped(runs: list[Any]) -> None:
    """Every run is accepted."""
    records: dict[int, dict[str, str]] = {}
    last: dict[str, str] = {}
    for currency, sales, content, selection, reached in runs:
        now = {
            "--currency": currency,
            "--sale-prices": sales,
            "--source-map": content and "a",
            "map": content,
        }
        before = whole(*records.values(), now=now)
        settings = to_record(before, now, selection)
        for number in reached:
            records[number] = settings
        after = whole(*records.values(), now=last)
        assert changed(after, now, selection) == {}
        assert {name: after[name] for name in settings} == settings
        for option in ("--currency", "--sale-prices"):  # what the run does not sync stays as it was
            assert selection is ALL or not before or after[option] == before[option]
        last = now


def test_the_latest_settings_decide_and_not_the_most_frequent_ones() -> None:
    known = whole(*[EURO] * 9, DOLLAR | {"changes": "1"})
    assert changed(known, DOLLAR, ALL) == {}
    assert changed(known, EURO, ALL) == {"--currency": ("usd", "eur")}


@pytest.mark.parametrize(("count", "is_stopped"), [(3, True), (2, False), (1, False)])
def test_of_settings_that_were_not_counted_the_most_frequent_ones_decide(
    count: int, *, is_stopped: bool
) -> None:
    assert bool(changed(whole(*[EURO] * count, *[DOLLAR] * 2), DOLLAR, ALL)) is is_stopped


def test_what_no_record_shows_stops_nothing() -> None:
    assert changed(whole(), EURO, ALL) == {}
    assert changed(whole(None), EURO | {"--sale-prices": "on", "--source-map": "a"}, ALL) == {}
    assert changed(whole(DOLLAR), DOLLAR | {"--stock-location": "sloc_1"}, ALL) == {}
    assert not edited_programs(whole(DOLLAR | {"--source-map": "a"}), {"--source-map": "a", "map": "1"})


def test_what_was_sent_counts_and_a_claim_does_not() -> None:
    found = SettingsOfRecords()
    found.add(claim(1))
    assert not found
    found.add(Record(settings=DOLLAR, pending=Pending(Write.UPDATE, settings=EURO | {"changes": "1"})))
    assert changed(found.as_a_whole(EURO), DOLLAR, ALL) == {"--currency": ("eur", "usd")}


@pytest.mark.parametrize("count", ["", "x", "-1", "²", "9" * 5_000])
def test_a_count_that_something_else_wrote_is_none(count: str) -> None:
    assert to_record(whole(DOLLAR | {"changes": count}), EURO, ALL)["changes"] == "1"
