"""The result of a run: as a table, as lines, as JSON."""

import io
import json
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from rich.cells import cell_len
from rich.console import Console

from medusa_sync.models import (
    Difference,
    Outcome,
    Requests,
    Result,
    RunResult,
    Status,
    StoreState,
    Value,
)
from medusa_sync.report import as_json, print_json, print_result, visible

URL = "https://cdn.example/" + "images/" * 20 + "spoon.webp?size=large&format=webp#top"
PRICE = Difference("price", 9.99, 10.99)
SPOON = Outcome("dummyjson:1", "Olive Wood Spoon", Result.UPDATED, differences=(PRICE,))
MUG = Outcome("dummyjson:6", "Café Crème Mug", Result.CREATED)
LAMP = Outcome("dummyjson:18", "فانوس نحاسي صغير", Result.REJECTED, "price: it is -1, below 0")
STAMPS = Outcome("dummyjson:31", "Stamps: [bold] to [/italic]", Result.FAILED, f"no answer from {URL}")
ROW = Outcome(None, "", Result.REJECTED, "row 17 is no object")
TINY = st.text(st.characters() | st.sampled_from("\x1b\n\u202e\u200d🐻[]/ "), max_size=20)


def run(*changes: Outcome, problems: Sequence[Outcome] = (), **rest: Any) -> RunResult:
    """A run with these changes and problems; 194 products, of which the others were unchanged."""
    counts = dict.fromkeys(Result, 0)
    for outcome in (*changes, *problems):
        counts[outcome.result] += 1
    counts[Result.UNCHANGED] = 194 - sum(counts.values())
    result = RunResult(
        job="sync-products",
        dry_run=False,
        status=Status.PARTIAL if problems else Status.OK,
        exit_code=5 if problems else 0,
        started_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        duration_s=9.51234,
        source_url="https://dummyjson.com/products",
        source_total=194,
        seen=194,
        store=StoreState("http://localhost:9000", 200, 194),
        counts=counts,
        not_compared=0,
        requests=Requests(source=7, store_reads=12, store_writes=26, retries=1),
        problems=tuple(problems),
        changes=changes,
        notes=(),
        error="",
        hint="",
    )
    return structs.replace(result, **rest)


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


# --- JSON -----------------------------------------------------------------------------------------------


def test_the_document_is_that_of_the_contract() -> None:
    tags = Difference("tags", ("a",), ("a", "b"))
    spoon = structs.replace(SPOON, differences=(PRICE, tags))
    text = as_json(run(spoon, MUG, problems=[LAMP, ROW]))
    assert list(json.loads(text).items()) == list(
        {
            "version": 1,
            "job": "sync-products",
            "dry_run": False,
            "status": "partial",
            "exit_code": 5,
            "started_at": "2026-01-02T03:04:05.678Z",
            "duration_s": 9.512,
            "source": {"url": "https://dummyjson.com/products", "total": 194, "seen": 194},
            "store": {"url": "http://localhost:9000", "products": 200, "owned": 194},
            "counts": {
                "created": 1,
                "updated": 1,
                "unchanged": 190,
                "rejected": 2,
                "failed": 0,
                "removed": 0,
                "conflicts": 0,
            },
            "requests": {"source": 7, "store_reads": 12, "store_writes": 26, "retries": 1},
            "problems": [
                {
                    "external_id": "dummyjson:18",
                    "title": "فانوس نحاسي صغير",
                    "outcome": "rejected",
                    "reason": "price: it is -1, below 0",
                },
                {"external_id": None, "title": "", "outcome": "rejected", "reason": "row 17 is no object"},
            ],
            "changes": [
                {
                    "external_id": "dummyjson:1",
                    "action": "update",
                    "fields": {
                        "price": {"from": 9.99, "to": 10.99},
                        "tags": {"from": ["a"], "to": ["a", "b"]},
                    },
                },
                {"external_id": "dummyjson:6", "action": "create", "fields": {}},
            ],
        }.items()
    )


def test_what_ended_a_run_is_its_first_problem() -> None:
    document = json.loads(as_json(run(problems=[LAMP], status=Status.FAILED, error="no connection")))
    assert document["problems"][0] == {
        "external_id": None,
        "title": None,
        "outcome": "failed",
        "reason": "no connection",
    }
    assert len(document["problems"]) == 2


def test_what_was_not_compared_is_counted_only_when_there_is_any() -> None:
    document = json.loads(as_json(run(store=None, not_compared=194)))
    assert document["store"] is None
    assert document["counts"]["not_compared"] == 194
    assert "not_compared" not in json.loads(as_json(run()))["counts"]


def test_the_start_is_in_utc_whatever_zone_it_was_taken_in() -> None:
    riga = datetime(2026, 7, 1, 1, 0, tzinfo=timezone(timedelta(hours=3)))
    assert json.loads(as_json(run(started_at=riga)))["started_at"] == "2026-06-30T22:00:00.000Z"


@given(text=TINY, pretty=st.booleans(), ascii_only=st.booleans())
def test_any_text_survives_json_without_being_harmful(text: str, *, pretty: bool, ascii_only: bool) -> None:
    document = as_json(
        run(problems=[structs.replace(LAMP, title=text)]), pretty=pretty, ascii_only=ascii_only
    )
    whole = re.sub("[\ud800-\udfff]", "\ufffd", text)
    assert json.loads(document.encode())["problems"][0]["title"] == whole
    assert visible(document.replace("\n", "")) == document.replace("\n", "")
    assert ("\n" in document) is pretty
    assert document.isascii() or not ascii_only


def test_ordinary_writing_is_readable_in_json() -> None:
    assert LAMP.title in as_json(run(problems=[LAMP]))


def test_json_is_one_line_in_a_pipe_and_indented_on_a_terminal() -> None:
    def written(*, terminal: bool) -> str:
        console = Console(file=io.StringIO(), force_terminal=terminal, width=40)
        print_json(run(SPOON, problems=[STAMPS]), console)
        return str(console.file.getvalue())  # type: ignore[attr-defined]

    assert written(terminal=False).count("\n") == 1
    assert written(terminal=True).startswith('{\n  "version": 1,\n')
    assert json.loads(written(terminal=False)) == json.loads(written(terminal=True))


def test_json_is_ascii_where_the_stream_may_be() -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="latin-1")
    print_json(run(MUG, problems=[LAMP]), Console(file=stream))
    stream.flush()
    assert json.loads(written.getvalue().decode("ascii"))["problems"][0]["title"] == LAMP.title
