"""Which products a summary lists, how many of them, and its words about time."""

import re
from collections.abc import Callable

import pytest
from msgspec import structs

from medusa_sync.core.result import Outcome
from medusa_sync.report.text import as_text
from tests.unit import results
from tests.unit.results import KEEPING, LAMP, OVERRULED, SPOON, on_terminal, quietly, run


def many(outcome: Outcome, number: int) -> list[Outcome]:
    return [structs.replace(outcome, external_id=f"id-{index:03}") for index in range(number)]


@pytest.mark.parametrize("show", [as_text, on_terminal])
@pytest.mark.parametrize(
    ("outcome", "dry_run", "what"),
    [
        (SPOON, True, "with changes"),
        (OVERRULED, True, "with conflicts"),
        (results.RESPECTED, True, "with conflicts"),
        (KEEPING, True, "with values that are withheld"),
        (results.DRAFTED, True, "to remove"),
        (results.DELETED, False, "removed"),
        (LAMP, False, "with problems"),
        (LAMP, True, "with problems"),
    ],
)
def test_a_list_has_twenty_products_and_counts_the_rest(
    show: Callable[..., str], outcome: Outcome, what: str, *, dry_run: bool
) -> None:
    def shown(number: int) -> str:
        listed = many(outcome, number)
        if outcome is LAMP:
            return show(run(problems=listed, dry_run=dry_run))
        return show(run(*listed, dry_run=dry_run))

    assert len(re.findall(r"id-\d+", shown(20))) == 20
    assert "--json" not in shown(20)
    assert len(re.findall(r"id-\d+", shown(21))) == 20
    assert f"... and 80 more {what}; --json shows them all\n" in shown(100)


@pytest.mark.parametrize("show", [as_text, on_terminal, quietly])
def test_a_run_lists_all_conflicts_and_withheld_values_because_no_other_run_does(
    show: Callable[..., str],
) -> None:
    price, *_ = OVERRULED.conflicts
    conflicts = tuple(structs.replace(price, variant=f"size {number}") for number in range(30))
    changes = tuple(structs.replace(OVERRULED.changes[0], variant=each.variant) for each in conflicts)
    contested = structs.replace(OVERRULED, conflicts=conflicts, changes=changes)
    shown = show(run(*many(contested, 30), *many(KEEPING, 30)))
    assert len(re.findall(r"price of size \d+: 21", shown)) == 900
    assert shown.count("source: BK-2") == 30
    assert "--json" not in shown


def test_time_has_units() -> None:
    times = {0.04: "0.0 s", 59.94: "59.9 s", 59.96: "1 min 0 s", 133.4: "2 min 13 s", 3725: "1 h 2 min 5 s"}
    for seconds, words in times.items():
        assert f"time: {words}\n" in as_text(run(SPOON, duration_s=seconds))


@pytest.mark.parametrize("width", [1, 5, 20])
def test_a_very_narrow_terminal_is_no_error(width: int) -> None:
    assert "Spoon" in on_terminal(run(SPOON, problems=[LAMP], dry_run=True), width)
