"""The result of a run as a table on a terminal."""

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from rich.cells import cell_len
from rich.console import Console

from medusa_sync.core.result import Result
from medusa_sync.report.escape import visible
from medusa_sync.report.text import print_result
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
    SHIRT,
    SPOON,
    STAMPS,
    TINY,
    on_terminal,
    run,
    squeezed,
    with_texts,
)


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("dry_run", [True, False])
def test_nothing_is_lost_at_any_width(width: int, *, dry_run: bool) -> None:
    changes = (SPOON, MUG, BOWL, OVERRULED, RESPECTED, SHIRT, DRAFTED, DELETED)
    problems = (LAMP, STAMPS, ROW)
    result = run(*changes, problems=problems, not_completed=LEFT, notes=("Add a location.",), dry_run=dry_run)
    shown = on_terminal(result, width, verbose=True)
    assert max(map(cell_len, shown.splitlines())) <= width
    for outcome in (*changes, LAMP, STAMPS):
        assert squeezed(f"{outcome.external_id}{outcome.title}{outcome.reason}") in squeezed(shown)
    for words in (
        "to create 1 to update 4" if dry_run else "created 1 updated 4",
        "unchanged 184 rejected 2 failed 1 unconfirmed 1 not attempted 1",
        "to remove 2 conflicts 5" if dry_run else "removed 2 conflicts 5",
        "seen 194 of 194",
        "in store 200 products, 194 of this source",
        "requests 7 source, 12 store reads, 26 store writes, 1 retry",
        "format JSON pages",
        "price: 9.99 → 10.99 (changed in the source)",
        "price: 21 → 19.99 (changed on both sides; last applied: 20; the source wins)",
        "title: Our Teapot (kept; changed on both sides; source: Clay Teapot; the store wins)",
        "price of S / Red: 20 → 21 (changed in the source)",
        "price of L / Red: 23 → 24 (changed on both sides; last applied: 22; the source wins)",
        "sku of M / Red: MINE (kept; changed on both sides; source: SH-M; the store wins)",
        "to draft dummyjson:90" if dry_run else "drafted dummyjson:90",
        "to delete dummyjson:91" if dry_run else "deleted dummyjson:91",
        "to adopt dummyjson:7" if dry_run else "adopted dummyjson:7",
        "rejected (no id) row 17 is not an object",
        "Note: Add a location.",
    ):
        assert squeezed(words) in squeezed(shown)
    assert ("Dry run: nothing was written." in shown) is dry_run
    headings = [line for line in shown.splitlines() if line in {"Conflicts", "Pruned", "Changes", "Problems"}]
    assert headings == ["Conflicts", "Pruned", "Changes", "Problems"]


@given(texts=st.lists(TINY, min_size=16, max_size=16), width=st.integers(40, 100))
def test_any_text_is_shown_completely_and_within_the_width(texts: list[str], width: int) -> None:
    shown = on_terminal(with_texts(texts, dry_run=True), width, verbose=True)
    assert {unicodedata.category(each) for each in shown} & {"Cc", "Cs", "Zl", "Zp"} == {"Cc"}
    assert "\x1b" not in shown
    assert max(map(cell_len, shown.splitlines())) <= width
    for text in texts:
        assert squeezed(visible(text)) in squeezed(shown)


@pytest.mark.parametrize("width", [1, 5, 20])
def test_a_very_narrow_terminal_is_no_error(width: int) -> None:
    assert "Spoon" in on_terminal(run(SPOON, problems=[STAMPS], dry_run=True), width)


def test_a_terminal_without_unicode_gets_a_plain_box_and_arrow() -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="ascii")
    print_result(run(SPOON, dry_run=True), Console(file=stream, force_terminal=True, color_system=None))
    stream.flush()
    assert "price: 9.99 -> 10.99" in written.getvalue().decode("ascii")


@pytest.mark.parametrize(("verbose", "words"), [(True, "seen 0 of 0"), (False, "0 products up to date")])
def test_a_source_without_products_is_shown_too(words: str, *, verbose: bool) -> None:
    empty = structs.replace(run(), counts=dict.fromkeys(Result, 0), seen=0, source_total=0)
    assert squeezed(words) in squeezed(on_terminal(empty, 80, verbose=verbose))
