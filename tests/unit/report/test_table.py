"""The result of a run: as a table on a terminal, as lines in a pipe."""

import io
import re
import unicodedata
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from rich.cells import cell_len
from rich.console import Console

from medusa_sync.core.change import Conflict, FieldChange
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import Value
from medusa_sync.core.result import Action, Outcome, Result, RunResult, Status
from medusa_sync.report import in_a_line, print_result
from medusa_sync.report.output import Pipe
from medusa_sync.report.text import visible
from tests.unit.results import (
    BOWL,
    DELETED,
    DRAFTED,
    LAMP,
    LEFT,
    MUG,
    OVERRULED,
    RESPECTED,
    ROW,
    SPOON,
    STAMPS,
    TINY,
    URL,
    run,
)


def updated(before: Value, after: Value) -> RunResult:
    """A plan for a field that the source has changed, or of which it is told no more than that."""
    return planned(FieldChange("field", before, after, applied=before, desired=after))


def planned(difference: FieldChange, action: Action = Action.UPDATE) -> RunResult:
    return run(structs.replace(SPOON, changes=(difference,), action=action), dry_run=True)


def piped(result: RunResult, *, verbose: bool = False) -> str:
    console = Pipe(io.StringIO())
    print_result(result, console, verbose=verbose)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def on_terminal(result: RunResult, width: int, *, verbose: bool = False) -> str:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    print_result(result, console, verbose=verbose)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def change(result: RunResult) -> str:
    """What the one change of a dry run reads like in a pipe."""
    (line,) = (line for line in piped(result).splitlines() if line.startswith("change: "))
    return line.partition(" dummyjson:1 (Olive Wood Spoon): field: ")[2]


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
        "change: to update dummyjson:1 (Olive Wood Spoon): price: 9.99 -> 10.99 (changed in the source)\n"
    )


def test_without_a_store_nothing_is_said_about_it() -> None:
    lines = piped(run(store_url=None, store=None, source_total=None, not_compared=194)).splitlines()
    assert lines[0] == "job: sync-products: https://dummyjson.com/products"
    assert {"not compared: 194", "seen: 194"} <= set(lines)
    assert not any(line.startswith("in store") for line in lines)


def test_a_run_that_ended_early_has_a_status_and_leaves_the_rest_to_stderr() -> None:
    result = run(status=Status.FAILED, exit_code=3, error="no answer", hint="Wait.")
    assert "status: failed (ended early, exit code 3)\n" in piped(result)
    assert "no answer" not in piped(result)


def test_verbose_lists_every_change_of_any_run() -> None:
    assert piped(run(SPOON, MUG, BOWL), verbose=True).endswith(
        "change: updated dummyjson:1 (Olive Wood Spoon): price: 9.99 -> 10.99 (changed in the source)\n"
        "change: created dummyjson:6 (Café Crème Mug)\n"
        "change: adopted dummyjson:7 (Stoneware Bowl): price: 4999 -> 49.99\n"
    )
    assert "change: " not in piped(run(SPOON, MUG, BOWL))


def test_a_store_that_could_not_be_asked_at_the_end_is_named_all_the_same() -> None:
    shown = piped(run(store=None))
    assert shown.startswith("job: sync-products: https://dummyjson.com/products -> http://localhost:9000\n")
    assert "in store" not in shown


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


@given(texts=st.lists(TINY, min_size=15, max_size=15), dry_run=st.booleans(), verbose=st.booleans())
def test_no_text_from_outside_can_break_a_line_or_begin_one(
    texts: list[str], *, dry_run: bool, verbose: bool
) -> None:
    harmless = piped(strange(["x"] * 15, dry_run=dry_run), verbose=verbose)
    shown = piped(strange(texts, dry_run=dry_run), verbose=verbose)
    assert shown.count("\n") == harmless.count("\n") == len(shown.splitlines())
    assert {unicodedata.category(each) for each in shown} & {"Cc", "Cs", "Zl", "Zp"} == {"Cc"}  # newlines
    assert [line.split(": ")[0] for line in shown.splitlines()] == [
        line.split(": ")[0] for line in harmless.splitlines()
    ]
    for text in texts:
        assert visible(text) in shown


def strange(texts: Sequence[str], *, dry_run: bool) -> RunResult:
    """A run in which every text is one that somebody else has written; what may be left out stands twice."""
    job, source, store, note, external_id, title, reason, field, *values = texts
    before, after, member, applied, wanted, mine, theirs = values
    field = f"{field}_"  # no name that has a meaning
    changes = (
        FieldChange(field, before, f"{after}!", f"{applied}?", f"{wanted}."),
        FieldChange(field, (member,), None, (f"{applied}?",), (f"{wanted}.",)),
    )
    conflict = Conflict(field, mine, theirs, OnConflict.STORE)
    update = Outcome(external_id or "x", title, Result.UPDATED, action=Action.UPDATE, changes=changes)
    return run(
        update,
        structs.replace(update, conflicts=(conflict,)),
        Outcome(external_id or "x", title, Result.REMOVED, action=Action.DELETE),
        problems=[Outcome(external_id, title, Result.FAILED, reason or "x")],
        dry_run=dry_run,
        job=job,
        source_url=source,
        store_url=store or "x",
        notes=(note,),
    )


# --- on a terminal --------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_terminal_of_any_width_shows_every_word(width: int, *, dry_run: bool) -> None:
    changes = (SPOON, MUG, BOWL, OVERRULED, RESPECTED, DRAFTED, DELETED)
    problems = (LAMP, STAMPS, ROW)
    result = run(*changes, problems=problems, not_completed=LEFT, notes=("Add a location.",), dry_run=dry_run)
    shown = on_terminal(result, width, verbose=True)
    assert max(map(cell_len, shown.splitlines())) <= width
    for outcome in (*changes, LAMP, STAMPS):
        assert squeezed(f"{outcome.external_id}{outcome.title}{outcome.reason}") in squeezed(shown)
    for words in (
        "to create 1 to update 3" if dry_run else "created 1 updated 3",
        "unchanged 185 rejected 2 failed 1 unconfirmed 1 not attempted 1",
        "to remove 2 conflicts 2" if dry_run else "removed 2 conflicts 2",
        "seen 194 of 194",
        "in store 200 products, 194 of this source",
        "requests 7 source, 12 store reads, 26 store writes, 1 retry",
        "price: 9.99 → 10.99 (changed in the source)",
        "price: 21 → 19.99 (changed on both sides; last applied: 20)",
        "title: Our Teapot stays (changed on both sides; source: Clay Teapot)",
        "to draft dummyjson:90" if dry_run else "drafted dummyjson:90",
        "to delete dummyjson:91" if dry_run else "deleted dummyjson:91",
        "to adopt dummyjson:7" if dry_run else "adopted dummyjson:7",
        "rejected (no id) row 17 is no object",
        "Note: Add a location.",
    ):
        assert squeezed(words) in squeezed(shown)
    assert ("Dry run: nothing was written." in shown) is dry_run
    headings = [
        line for line in shown.splitlines() if line in {"Conflicts", "Removals", "Changes", "Problems"}
    ]
    assert headings == ["Conflicts", "Removals", "Changes", "Problems"]


@given(texts=st.lists(TINY, min_size=15, max_size=15), width=st.integers(40, 100))
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
    ("outcome", "dry_run", "what"),
    [
        (SPOON, True, "with changes"),
        (OVERRULED, False, "with conflicts"),
        (RESPECTED, True, "with conflicts"),
        (DRAFTED, True, "to remove"),
        (DELETED, False, "removed"),
        (LAMP, False, "with problems"),
        (LAMP, True, "with problems"),
    ],
)
def test_a_list_names_twenty_products_and_counts_the_rest(
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


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("verbose", [True, False])
def test_many_updates_crowd_out_neither_conflicts_nor_removals(*, dry_run: bool, verbose: bool) -> None:
    many = [structs.replace(SPOON, external_id=f"id-{index:03}") for index in range(100)]
    shown = piped(run(*many, OVERRULED, RESPECTED, DRAFTED, DELETED, dry_run=dry_run), verbose=verbose)
    for outcome in (OVERRULED, RESPECTED, DRAFTED, DELETED):
        assert shown.count(f" {outcome.external_id} ") == 1


# --- conflicts, removals, adoption, what was left undone ------------------------------------------------


def test_conflicts_are_counted_and_named_with_both_values_after_any_run() -> None:
    shown = piped(run(OVERRULED, RESPECTED, SPOON))
    assert "failed: 0\nconflicts: 2\nseen: 194 of 194\n" in shown
    assert shown.endswith(
        "conflict: updated dummyjson:40 (Linen Apron): "
        "price: 21 -> 19.99 (changed on both sides; last applied: 20)\n"
        "conflict: unchanged dummyjson:41 (Clay Teapot): "
        "title: Our Teapot stays (changed on both sides; source: Clay Teapot)\n"
    )


def test_removed_products_are_counted_and_named_after_any_run() -> None:
    shown = piped(run(DRAFTED, DELETED))
    assert "failed: 0\nremoved: 2\nseen: 194 of 194\n" in shown
    assert shown.endswith(
        "removal: drafted dummyjson:90 (Felt Slippers): status: published -> draft\n"
        "removal: deleted dummyjson:91 (Wicker Basket)\n"
    )


def test_a_plan_says_what_would_be_removed_and_adopted() -> None:
    shown = piped(run(BOWL, DRAFTED, DELETED, dry_run=True))
    assert "to update: 1\n" in shown
    assert "to remove: 2\n" in shown
    assert shown.endswith(
        "removal: to draft dummyjson:90 (Felt Slippers): status: published -> draft\n"
        "removal: to delete dummyjson:91 (Wicker Basket)\n"
        "change: to adopt dummyjson:7 (Stoneware Bowl): price: 4999 -> 49.99\n"
    )


def test_fields_that_change_beside_a_conflict_are_no_conflicts_in_a_pipe() -> None:
    contested = Conflict("title", "Mine", "Theirs", OnConflict.SOURCE)
    both = (FieldChange("title", "Mine", "Theirs"), FieldChange("price", 1, 2))
    shown = piped(run(structs.replace(SPOON, changes=both, conflicts=(contested,))))
    named = [line.split(":")[0] for line in shown.splitlines() if " title: " in line or " price: " in line]
    assert named == ["conflict", "change"]


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("show", [piped, lambda result: on_terminal(result, 80)])
def test_there_are_rows_for_rare_results_only_when_there_are_any(
    show: Callable[[RunResult], str], *, dry_run: bool
) -> None:
    quiet = show(run(SPOON, MUG, BOWL, problems=[LAMP], dry_run=dry_run))
    assert not re.search("remov|conflict|unconfirmed|not.attempted", quiet, re.IGNORECASE)


@pytest.mark.parametrize("show", [piped, lambda result: on_terminal(result, 80)])
def test_what_was_not_completed_is_counted_and_not_listed(show: Callable[[RunResult], str]) -> None:
    result = run(not_completed=LEFT * 60, status=Status.FAILED, exit_code=4, error="no answer")
    shown = show(result)
    lines = [squeezed(line).replace(":", "") for line in shown.splitlines()]
    assert [line for line in lines if line.startswith(("unconf", "not"))] == [
        "unconfirmed60",
        "notattempted60",
    ]
    assert "Rug" not in shown
    assert "failed: 74 unchanged, 60 unconfirmed, 60 not attempted in" in in_a_line(result)


def test_what_stays_unconfirmed_is_listed_as_a_problem() -> None:
    assert "problem: unconfirmed dummyjson:50 (Rug 50): not completed" in piped(run(problems=LEFT[:1]))


# --- changes ----------------------------------------------------------------------------------------

LONG = "A wide bowl in stoneware with a reactive glaze, each piece of which is fired twice. "


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (None, 5, "nothing -> 5"),
        ("", "Acme", "an empty text -> Acme"),
        ("a", None, "a -> nothing"),
        (("a", "b"), ("b", "c"), "-a, +c"),
        ((), ("a",), "+a"),
        (None, ("a",), "+a"),
        (12, 10.0, "12 -> 10"),
        ((), None, "nothing -> nothing"),
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


CDN = "https://cdn.example/product-images/kitchen-accessories/"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ((CDN + "1.webp",), (CDN + "2.webp",), "-1.webp, +2.webp"),
        ((CDN + "spoon/1.webp",), (CDN + "mug/1.webp",), f"-{CDN[:30]}...tchen-accessories/spoon/1.webp, +"),
        ((CDN + "a" + URL,), (CDN + "b" + URL,), f"-{CDN}a{URL}, +{CDN}b{URL}"),
        ((), (CDN,), f"+{CDN}"),
        ((), (CDN + "x" * 70,), f"+{'x' * 30}...{'x' * 30}"),
        ((), ("for him/for her/for everybody else",), "+for him/for her/for everybody else"),
    ],
)
def test_an_address_is_as_short_as_it_can_still_be_told_apart(
    before: Value, after: Value, words: str
) -> None:
    assert change(updated(before, after)).startswith(words)


@given(before=st.text(max_size=300), after=st.text(max_size=300))
def test_a_difference_can_be_seen_however_long_its_texts_are(before: str, after: str) -> None:
    if before == after:
        return
    shown = change(updated(LONG + before, LONG + after)).removesuffix(" (changed in the source)")
    left, right = shown.split(" -> ", 1) if shown.count(" -> ") == 1 else ("", shown)
    assert left != right
    assert len(shown) <= 2 * 70 * 10  # spelt out, a character takes up to ten


# --- where a change comes from --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("store", "applied", "source", "note"),
    [
        (12, 12, 9.99, "changed in the source"),
        (12, 9.99, 9.99, "undoes a change in the store"),
        (None, 9.99, 9.99, "missing in the store"),
        (12, 10, 9.99, "last applied: 10"),
        (12, None, 9.99, "last applied: nothing"),
        (12, 10, None, "last applied: 10"),
        ("a", "#0123456789ab", "b", "last applied: another text"),
        ("a", LONG, "b", "last applied: A wide bowl in stoneware with a reactive glaze, each piece o..."),
    ],
)
def test_a_plan_says_who_has_moved_or_what_was_last_applied(
    store: Value, applied: Value, source: Value, note: str
) -> None:
    shown = change(planned(FieldChange("field", store, source, applied, source)))
    assert shown.endswith(f" ({note})")


@pytest.mark.parametrize(
    ("applied", "source", "note"),
    [
        (("a", "b"), ("b", "c"), "store: a, own; last applied: a, b; source: b, c"),
        (("b", "c"), ("c", "b"), "store: a, own; last applied and source: b, c"),
        (("own", "a"), ("b", "c"), "store and last applied: a, own; source: b, c"),
        (None, ("b", "c"), "store: a, own; last applied: nothing; source: b, c"),
        (("a", "#0123456789ab"), ("c",), "store: a, own; last applied: a, a long text; source: c"),
        (("#0123456789ab",) * 2, ("c",), "store: a, own; last applied: 2 long texts; source: c"),
        (("a" * 40, "b" * 40), (), f"store: a, own; last applied: {'a' * 40}, 1 more; source: nothing"),
        (None, ("#0123456789ab",), "store: a, own; last applied: nothing; source: #0123456789ab"),
        ((), (CDN + "1.webp",), "store: a, own; last applied: nothing; source: 1.webp"),
    ],
)
def test_a_plan_shows_what_each_side_has_of_a_set(applied: Value, source: Value, note: str) -> None:
    shown = change(planned(FieldChange("field", ("a", "own"), ("own", "c"), applied, source)))
    assert shown == f"-a, +c ({note})"


VALUES = st.sampled_from(["a", "b", "c", "d", None])
SETS = st.lists(st.sampled_from("abcd"), unique=True).map(tuple)


@given(store=VALUES, applied=VALUES, source=VALUES)
def test_all_that_decided_about_a_value_can_be_read_from_its_line(
    store: str | None, applied: str | None, source: str | None
) -> None:
    if store == source:
        return
    line = change(planned(FieldChange("field", store, source, applied, source)))
    change_, note = line.removesuffix(")").split(" (")
    told = {"changed in the source": store, "undoes a change in the store": source}
    told |= {"missing in the store": source}
    last = told[note] if note in told else note.removeprefix("last applied: ")
    assert change_.split(" -> ") == [store or "nothing", source or "nothing"]
    assert (last or "nothing") == (applied or "nothing")


@given(store=SETS, after=SETS, applied=SETS, source=SETS)
def test_all_that_decided_about_a_set_can_be_read_from_its_line(
    store: tuple[str, ...], after: tuple[str, ...], applied: tuple[str, ...], source: tuple[str, ...]
) -> None:
    if set(store) == set(after):
        return
    line = change(planned(FieldChange("field", store, after, applied, source)))
    moved, note = line.removesuffix(")").split(" (")
    if note == "changed in the source":
        assert (set(applied), set(source)) == (set(store), set(after))
    elif note in {"undoes a change in the store", "missing in the store"}:
        assert set(applied) == set(source) == set(after)
    else:
        told = {
            label: set(members.split(", ")) - {"nothing"}
            for labels, members in (part.split(": ") for part in note.split("; "))
            for label in labels.split(" and ")
        }
        assert told == {"store": set(store), "last applied": set(applied), "source": set(source)}
    unfolded = [piece for piece in moved.split(", ") if "more" not in piece]
    assert {piece[1:] for piece in unfolded if piece[0] == "-"} <= set(store) - set(after)
    assert {piece[1:] for piece in unfolded if piece[0] == "+"} <= set(after) - set(store)


def test_a_single_value_that_becomes_another_than_the_sources_says_so() -> None:
    shown = change(planned(FieldChange("field", 1, 2, applied=1, desired=3)))
    assert shown == "1 -> 2 (last applied: 1; source: 3)"


def test_what_is_adopted_has_no_history() -> None:
    assert change(planned(FieldChange("field", 4999, 49.99, None, 49.99), Action.ADOPT)) == "4999 -> 49.99"
    tags = FieldChange("field", ("own",), ("own", "a"), None, ("a",))
    assert change(planned(tags, Action.ADOPT)) == "+a (store: own; source: a)"


def test_a_product_that_returns_to_the_shelf_says_why() -> None:
    shown = piped(planned(FieldChange("status", "draft", "published", "draft", "published")))
    assert shown.endswith(": status: draft -> published (back in the source)\n")


def test_a_merchants_value_that_stays_is_excerpted_where_the_sources_differs() -> None:
    conflict = Conflict("field", LONG + "Mine.", LONG + "Theirs.", OnConflict.STORE)
    shown = piped(run(structs.replace(RESPECTED, conflicts=(conflict,))))
    assert "...s fired twice. Mine. stays (changed on both sides; source: ...s fired twice. Theirs.)" in shown
