"""Counts and lists of the summary, in a pipe and on a terminal."""

import io
import re
from collections.abc import Callable

import pytest
from msgspec import structs

from medusa_sync.core.ids import Shard
from medusa_sync.core.result import Outcome, Result, RunResult, Status
from medusa_sync.report.output import Pipe
from medusa_sync.report.summary import one_line
from medusa_sync.report.text import as_text, print_listed_once
from tests.unit.results import (
    BOWL,
    DELETED,
    DRAFTED,
    LAMP,
    LEFT,
    MUG,
    OVERRULED,
    RESPECTED,
    SHIRT,
    SPOON,
    of_variants,
    on_terminal,
    run,
    squeezed,
)


def conflicts_as_text(result: RunResult) -> str:
    file = io.StringIO()
    print_listed_once(result, Pipe(file))
    return file.getvalue()


# --- lists ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("show", [as_text, lambda result: on_terminal(result, 80)])
@pytest.mark.parametrize(
    ("outcome", "dry_run", "what"),
    [
        (SPOON, True, "with changes"),
        (OVERRULED, True, "with conflicts"),
        (RESPECTED, True, "with conflicts"),
        (DRAFTED, True, "to remove"),
        (DELETED, False, "removed"),
        (LAMP, False, "with problems"),
        (LAMP, True, "with problems"),
    ],
)
def test_a_list_has_twenty_products_and_counts_the_rest(
    show: Callable[[RunResult], str], outcome: Outcome, what: str, *, dry_run: bool
) -> None:
    def shown(number: int) -> str:
        many = [structs.replace(outcome, external_id=f"id-{index:03}") for index in range(number)]
        return show(run(problems=many, dry_run=dry_run) if outcome is LAMP else run(*many, dry_run=dry_run))

    assert len(re.findall(r"id-\d+", shown(20))) == 20
    assert "--json" not in shown(20)
    assert len(re.findall(r"id-\d+", shown(21))) == 20
    assert f"... and 1 more {what}; --json shows them all\n" in shown(21)
    assert f"... and 80 more {what}; --json shows them all\n" in shown(100)


@pytest.mark.parametrize("show", [as_text, conflicts_as_text, lambda result: on_terminal(result, 80)])
def test_a_run_lists_all_of_its_conflicts_because_no_other_run_does(show: Callable[[RunResult], str]) -> None:
    price, *_ = OVERRULED.conflicts
    conflicts = tuple(structs.replace(price, variant=f"size {number}") for number in range(30))
    changes = tuple(structs.replace(OVERRULED.changes[0], variant=each.variant) for each in conflicts)
    outcome = structs.replace(OVERRULED, conflicts=conflicts, changes=changes)
    shown = show(run(*(structs.replace(outcome, external_id=f"id-{number:03}") for number in range(30))))
    assert len(re.findall(r"price of size \d+: 21", shown)) == 900
    assert "--json" not in shown


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("verbose", [True, False])
def test_conflicts_and_pruned_are_listed_despite_many_updates(*, dry_run: bool, verbose: bool) -> None:
    many = [structs.replace(SPOON, external_id=f"id-{index:03}") for index in range(100)]
    shown = as_text(run(*many, OVERRULED, RESPECTED, DRAFTED, DELETED, dry_run=dry_run), verbose=verbose)
    for outcome in (OVERRULED, RESPECTED, DRAFTED, DELETED):
        assert shown.count(f" {outcome.external_id} ") == 1


# --- conflicts, pruning, adoption, products that were not completed -------------------------------------


def test_a_dry_run_lists_products_to_prune_and_to_adopt() -> None:
    shown = as_text(run(BOWL, DRAFTED, DELETED, dry_run=True))
    assert "to update: 1\n" in shown
    assert "to remove: 2\n" in shown
    assert shown.endswith(
        "prune: to draft dummyjson:90 (Felt Slippers): status: published -> draft\n"
        "prune: to delete dummyjson:91 (Wicker Basket)\n"
        "change: to adopt dummyjson:7 (Stoneware Bowl): price: 4999 -> 49.99\n"
    )


def test_a_conflict_of_a_variant_is_none_of_the_same_field_of_others() -> None:
    shown = as_text(run(SHIRT))
    named = re.findall(
        r"^(conflict|change): updated dummyjson:60 \(Linen Shirt\): (.*?):", shown, re.MULTILINE
    )
    assert named == [
        ("conflict", "price of L / Red"),
        ("conflict", "sku of M / Red"),
        ("conflict", "variant XL / Red"),
        ("change", "title"),
        ("change", "price of S / Red"),
        ("change", "option.Size of S / Red"),
    ]


@pytest.mark.parametrize("show", [as_text, lambda result, **rest: on_terminal(result, 80, **rest)])
@pytest.mark.parametrize("contested", [(), (30,), tuple(range(40))])
def test_a_product_with_many_variants_does_not_flood_the_lists(
    show: Callable[..., str], contested: tuple[int, ...]
) -> None:
    shirt = of_variants(40, *contested)
    result = run(shirt, SPOON, dry_run=True)
    brief, verbose = show(result), show(result, verbose=True)
    assert set(re.findall(r"price of V(\d+)", brief)) >= {str(number) for number in contested[:3]}
    assert len(re.findall(r"price of V", brief)) <= 4
    assert brief.count("--verbose lists them all") == 1
    assert re.findall(r"price of (V\d+)", verbose) == sorted(
        (change.variant for change in shirt.changes),
        key=lambda name: show is as_text and int(name[1:]) not in contested,
    )
    assert "--verbose" not in verbose
    assert "10.99" in brief


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("show", [as_text, lambda result: on_terminal(result, 80)])
def test_rare_results_are_shown_only_if_they_are_not_zero(
    show: Callable[[RunResult], str], *, dry_run: bool
) -> None:
    quiet = show(run(SPOON, MUG, BOWL, problems=[LAMP], dry_run=dry_run))
    assert not re.search("remov|conflict|unconfirmed|not.attempted", quiet, re.IGNORECASE)


@pytest.mark.parametrize("show", [as_text, lambda result: on_terminal(result, 80)])
def test_products_that_were_not_completed_are_counted_but_not_listed(
    show: Callable[[RunResult], str],
) -> None:
    result = run(not_completed=LEFT * 60, status=Status.FAILED, exit_code=4, error="no response")
    shown = show(result)
    lines = [squeezed(line).replace(":", "") for line in shown.splitlines()]
    assert [line for line in lines if line.startswith(("unconf", "not"))] == [
        "unconfirmed60",
        "notattempted60",
    ]
    assert "Rug" not in shown
    assert "failed: 74 unchanged, 60 unconfirmed, 60 not attempted in" in one_line(result)


def test_an_unconfirmed_product_in_the_problems_is_listed() -> None:
    assert "problem: unconfirmed dummyjson:50 (Rug 50): not completed" in as_text(run(problems=LEFT[:1]))


def test_the_shard_of_a_run_is_named() -> None:
    changed = run(SPOON, shard=Shard(3, 8))
    assert "\nshard: 3/8\n" in as_text(changed)
    assert "3/8" in on_terminal(changed, 80)
    quiet = run(shard=Shard(3, 8), seen=20, source_total=194, counts={Result.UNCHANGED: 20})
    assert as_text(quiet).startswith("20 products of shard 3/8 up to date (")
