"""The result of a run as lines of text in a pipe."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.result import Status
from medusa_sync.report.escape import visible
from medusa_sync.report.text import as_text
from tests.unit.results import BOWL, MUG, SPOON, TINY, run, with_texts


def test_without_a_store_there_are_no_lines_about_it() -> None:
    lines = as_text(run(store_url=None, store=None, source_total=None, not_compared=194)).splitlines()
    assert lines[0] == "job: sync-products: https://dummyjson.com/products"
    assert {"not compared: 194", "seen: 194"} <= set(lines)
    assert not any(line.startswith("in store") for line in lines)


def test_without_a_format_there_is_no_line_about_it() -> None:
    assert "format" not in as_text(run(source_format=""))


def test_the_error_that_ended_a_run_is_not_printed() -> None:
    result = run(status=Status.FAILED, exit_code=3, error="no response", hint="Wait.")
    assert "status: failed (ended early, exit code 3)\n" in as_text(result)
    assert "no response" not in as_text(result)


def test_verbose_lists_all_changes() -> None:
    assert as_text(run(SPOON, MUG, BOWL), verbose=True).endswith(
        "change: updated dummyjson:1 (Olive Wood Spoon): price: 9.99 -> 10.99 (changed in the source)\n"
        "change: created dummyjson:6 (Café Crème Mug)\n"
        "change: adopted dummyjson:7 (Stoneware Bowl): price: 4999 -> 49.99\n"
    )
    assert "change: " not in as_text(run(SPOON, MUG, BOWL))


def test_the_store_is_named_even_if_its_products_were_not_counted() -> None:
    shown = as_text(run(SPOON, store=None))
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
def test_time_has_units(seconds: float, words: str) -> None:
    assert f"time: {words}\n" in as_text(run(SPOON, duration_s=seconds))


@given(texts=st.lists(TINY, min_size=16, max_size=16), dry_run=st.booleans(), verbose=st.booleans())
def test_external_text_cannot_break_or_start_a_line(
    texts: list[str], *, dry_run: bool, verbose: bool
) -> None:
    harmless = as_text(with_texts(["x"] * 16, dry_run=dry_run), verbose=verbose)
    shown = as_text(with_texts(texts, dry_run=dry_run), verbose=verbose)
    assert shown.count("\n") == harmless.count("\n") == len(shown.splitlines())
    assert {unicodedata.category(each) for each in shown} & {"Cc", "Cs", "Zl", "Zp"} == {"Cc"}  # newlines
    assert [line.split(": ")[0] for line in shown.splitlines()] == [
        line.split(": ")[0] for line in harmless.splitlines()
    ]
    for text in texts:
        assert visible(text) in shown
