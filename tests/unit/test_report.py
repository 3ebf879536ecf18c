"""The result of a run: as a table on a terminal, as lines in a pipe."""

import io
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from rich.cells import cell_len
from rich.console import Console

from medusa_sync.models import Difference, Outcome, Result, RunResult, Status, StoreState, Value
from medusa_sync.report import print_result, visible
from tests.unit.results import LAMP, MUG, ROW, SPOON, STAMPS, TINY, URL, run


def updated(before: Value, after: Value) -> RunResult:
    return run(structs.replace(SPOON, differences=(Difference("field", before, after),)), dry_run=True)


def piped(result: RunResult, *, verbose: bool = False) -> str:
    console = Console(file=io.StringIO(), force_terminal=False, width=80)
    print_result(result, console, verbose=verbose)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def on_terminal(result: RunResult, width: int, *, verbose: bool = False) -> str:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    print_result(result, console, verbose=verbose)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def change(result: RunResult) -> str:
    """What the one change of a dry run reads like in a pipe."""
    (line,) = (line for line in piped(result).splitlines() if line.startswith("change: "))
    return line.removeprefix("change: to update dummyjson:1 (Olive Wood Spoon): field: ")


def squeezed(text: str) -> str:
    return re.sub(r"[\s╭╮╰╯─│├┤┬┴┼]", "", text)


# --- in a pipe ------------------------------------------------------------------------------------------


def test_a_pipe_gets_one_line_for_each_fact() -> None:
    result = run(SPOON, MUG, problems=[LAMP, STAMPS, ROW], notes=("Add a location in Settings > Locations.",))
    assert piped(result) == (
        "job: sync-products: https://dummyjson.com/products -> http://localhost:9000\n"
        "created: 1\n"
        "updated: 1\n"
        "unchanged: 189\n"
        "rejected: 2\n"
        "failed: 1\n"
        "seen: 194 of 194\n"
        "in store: 200 products, 194 of this source\n"
        "requests: 7 source, 12 store reads, 26 store writes, 1 retry\n"
        "time: 9.5 s\n"
        "status: partial (exit code 5)\n"
        "problem: rejected dummyjson:18 (فانوس نحاسي صغير): price: it is -1, below 0\n"
        f"problem: failed dummyjson:31 (Stamps: [bold] to [/italic]): no answer from {URL}\n"
        "problem: rejected (no id): row 17 is no object\n"
        "note: Add a location in Settings > Locations.\n"
    )


def test_a_dry_run_reads_as_a_plan() -> None:
    assert piped(run(SPOON, MUG, dry_run=True)) == (
        "job: sync-products: https://dummyjson.com/products -> http://localhost:9000\n"
        "dry run: nothing was written\n"
        "to create: 1\n"
        "to update: 1\n"
        "unchanged: 192\n"
        "rejected: 0\n"
        "failed: 0\n"
        "seen: 194 of 194\n"
        "in store: 200 products, 194 of this source\n"
        "requests: 7 source, 12 store reads, 26 store writes, 1 retry\n"
        "time: 9.5 s\n"
        "status: ok\n"
        "change: to update dummyjson:1 (Olive Wood Spoon): price: 9.99 -> 10.99\n"
    )


def test_without_a_store_nothing_is_said_about_it() -> None:
    lines = piped(run(store=None, source_total=None, not_compared=194)).splitlines()
    assert lines[0] == "job: sync-products: https://dummyjson.com/products"
    assert {"not compared: 194", "seen: 194"} <= set(lines)
    assert not any(line.startswith("in store") for line in lines)


def test_a_run_that_ended_early_has_a_status_and_leaves_the_rest_to_stderr() -> None:
    result = run(status=Status.FAILED, exit_code=3, error="no answer", hint="Wait.")
    assert "status: failed (ended early, exit code 3)\n" in piped(result)
    assert "no answer" not in piped(result)


def test_verbose_lists_every_change_of_any_run() -> None:
    assert "change: updated dummyjson:1 (Olive Wood Spoon): price: 9.99 -> 10.99\n" in piped(
        run(SPOON, MUG), verbose=True
    )
    assert "change: created dummyjson:6 (Café Crème Mug)\n" in piped(run(SPOON, MUG), verbose=True)
    assert "change: " not in piped(run(SPOON, MUG))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (133.4, "2 min 13 s"),
        (3725, "1 h 2 min 5 s"),
    ],
)
def test_time_is_told_in_words(seconds: float, words: str) -> None:
    assert f"time: {words}\n" in piped(run(duration_s=seconds))


@given(texts=st.lists(TINY, min_size=11, max_size=11), dry_run=st.booleans(), verbose=st.booleans())
def test_no_text_from_outside_can_break_a_line_or_begin_one(
    texts: list[str], *, dry_run: bool, verbose: bool
) -> None:
    harmless = piped(strange(["x"] * 11, dry_run=dry_run), verbose=verbose)
    shown = piped(strange(texts, dry_run=dry_run), verbose=verbose)
    assert shown.count("\n") == harmless.count("\n") == len(shown.splitlines())
    assert {unicodedata.category(each) for each in shown} & {"Cc", "Cs", "Zl", "Zp"} == {"Cc"}  # newlines
    assert [line.split(": ")[0] for line in shown.splitlines()] == [
        line.split(": ")[0] for line in harmless.splitlines()
    ]
    for text in texts:
        assert visible(text) in shown or (not verbose and not dry_run)


def strange(texts: Sequence[str], *, dry_run: bool) -> RunResult:
    job, source, store, note, *rest = texts
    external_id, title, reason, field, before, after, member = rest
    differences = (Difference(field, before, after), Difference(field, (member,), None))
    return run(
        Outcome(external_id or "x", title, Result.UPDATED, differences=differences),
        problems=[Outcome(external_id, title, Result.FAILED, reason)],
        dry_run=dry_run,
        job=job,
        source_url=source,
        store=StoreState(store, 1, 1),
        notes=(note,),
    )


# --- on a terminal --------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_terminal_of_any_width_shows_every_word(width: int, *, dry_run: bool) -> None:
    result = run(SPOON, MUG, problems=[LAMP, STAMPS, ROW], notes=("Add a location.",), dry_run=dry_run)
    shown = on_terminal(result, width, verbose=True)
    assert max(map(cell_len, shown.splitlines())) <= width
    for outcome in (SPOON, MUG, LAMP, STAMPS):
        assert squeezed(f"{outcome.external_id}{outcome.title}{outcome.reason}") in squeezed(shown)
    for words in (
        "to create 1 to update 1" if dry_run else "created 1 updated 1",
        "unchanged 189 rejected 2 failed 1 seen 194 of 194",
        "in store 200 products, 194 of this source",
        "requests 7 source, 12 store reads, 26 store writes, 1 retry",
        "price: 9.99 → 10.99",
        "rejected (no id) row 17 is no object",
        "Note: Add a location.",
    ):
        assert squeezed(words) in squeezed(shown)
    assert ("Dry run: nothing was written." in shown) is dry_run


@given(texts=st.lists(TINY, min_size=11, max_size=11), width=st.integers(40, 100))
def test_any_text_is_shown_whole_and_within_the_width(texts: list[str], width: int) -> None:
    shown = on_terminal(strange(texts, dry_run=True), width)
    assert {unicodedata.category(each) for each in shown} & {"Cc", "Cs", "Zl", "Zp"} == {"Cc"}
    assert "\x1b" not in shown
    assert max(map(cell_len, shown.splitlines())) <= width
    for text in texts:
        assert squeezed(visible(text)) in squeezed(shown)


@pytest.mark.parametrize("width", [1, 5, 20])
def test_a_terminal_that_is_far_too_narrow_is_no_error(width: int) -> None:
    assert "Spoon" in on_terminal(run(SPOON, problems=[STAMPS], dry_run=True), width)


def test_a_terminal_without_unicode_gets_a_plain_box_and_arrow() -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="ascii")
    print_result(run(SPOON, dry_run=True), Console(file=stream, force_terminal=True, color_system=None))
    stream.flush()
    assert "price: 9.99 -> 10.99" in written.getvalue().decode("ascii")


# --- lists ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("show", [piped, lambda result: on_terminal(result, 80)])
@pytest.mark.parametrize(
    ("outcome", "dry_run", "noun"),
    [(SPOON, True, "change"), (LAMP, False, "problem"), (LAMP, True, "problem")],
)
def test_a_list_names_twenty_products_and_counts_the_rest(
    show: Any, outcome: Outcome, noun: str, *, dry_run: bool
) -> None:
    def shown(number: int) -> str:
        many = [structs.replace(outcome, external_id=f"id-{index:03}") for index in range(number)]
        result = run(*many, dry_run=dry_run) if noun == "change" else run(problems=many, dry_run=dry_run)
        return str(show(result))

    assert len(re.findall(r"id-\d+", shown(20))) == 20
    assert "--json" not in shown(20)
    assert len(re.findall(r"id-\d+", shown(21))) == 20
    assert f"... and 1 more {noun}; --json shows them all\n" in shown(21)
    assert f"... and 80 more {noun}s; --json shows them all\n" in shown(100)


# --- differences ----------------------------------------------------------------------------------------

LONG = "A wide bowl in stoneware with a reactive glaze, each piece of which is fired twice. "


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (None, 5, "(none) -> 5"),
        ("", "Acme", "(empty) -> Acme"),
        ("a", None, "a -> (none)"),
        (("a", "b"), ("b", "c"), "-a, +c"),
        ((), ("a",), "+a"),
        (None, ("a",), "+a"),
        (("a", "b"), None, "-a, -b"),
        (("a", "b"), ("b", "a"), "a, b -> b, a"),
        (tuple("abcde"), ("x",), "-a, -b, -c, -2 more, +x"),
        (
            LONG + "Dishwasher safe.",
            LONG + "Wash by hand.",
            "...s fired twice. Dishwasher safe. -> ...s fired twice. Wash by hand.",
        ),
        ("short", LONG, "short -> A wide bowl in stoneware with a reactive glaze, each piece o..."),
        ("[b]", "\x1b", "[b] -> \\x1b"),
    ],
)
def test_a_difference_is_told_briefly(before: Value, after: Value, words: str) -> None:
    assert words in change(updated(before, after))


def test_long_members_show_both_ends() -> None:
    shown = change(updated((), (URL,)))
    assert shown.startswith("+https://cdn.example/images/ima...")
    assert shown.endswith("size=large&format=webp#top")


@given(before=st.text(max_size=300), after=st.text(max_size=300))
def test_a_difference_can_be_seen_however_long_its_texts_are(before: str, after: str) -> None:
    if before == after or {"(none)", "(empty)"} & {before, after}:
        return
    shown = change(updated(LONG + before, LONG + after))
    left, right = shown.split(" -> ", 1) if shown.count(" -> ") == 1 else ("", shown)
    assert left != right
    assert len(shown) <= 2 * 70 * 10  # spelt out, a character takes up to ten


def test_an_update_without_a_field_says_what_it_is_for() -> None:
    finished = structs.replace(SPOON, differences=())
    assert "it completes what an interrupted run has left" in piped(run(finished, dry_run=True))
