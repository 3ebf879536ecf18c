"""The time and the memory that a hostile text takes grow with its length, not faster."""

import re
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from time import thread_time
from typing import Any

import pytest

from medusa_sync.errors import SourceError
from medusa_sync.sources import csv_files, money
from medusa_sync.sources.dialects import cells, google
from medusa_sync.sources.formats import check, recognise
from medusa_sync.sources.json_page import says
from medusa_sync.sources.text import is_web_url, one_line, paragraphs, usable_id

LENGTH = 2_000  # of the shorter text, in characters
MORE = 4  # times as many in the longer one
MOST = 8  # times as long it may take; a pattern that goes back takes 16 times as long, or more
NOISE_S = 0.001


def growth(call: Callable[[str], object], start: str, repeated: str, end: str) -> float:
    """How many times as long a call takes for a text that is `MORE` times as long."""

    def seconds(length: int) -> float:
        text = start + repeated * (length // len(repeated)) + end
        taken = []
        for _ in range(3):
            before = thread_time()
            with suppress(SourceError):
                call(text)
            taken.append(thread_time() - before)
        return min(taken) + NOISE_S

    return seconds(MORE * LENGTH) / seconds(LENGTH)


def matched(pattern: re.Pattern[str], how: str = "fullmatch") -> Callable[[str], object]:
    call: Callable[[str], object] = getattr(pattern, how)
    return call


def unpadded(text: str) -> str:
    return csv_files._padded(",").sub(r"\1\2", text)


CALLS: dict[str, Callable[[str], Any]] = {
    "recognise": lambda text: recognise(text.encode(), "", ""),
    "check": lambda text: check(text.encode()),
    "delimiter": matched(csv_files._DELIMITER),
    "error message": matched(csv_files._ERROR, "match"),
    "quotes": unpadded,
    "decimal comma": matched(cells._DECIMAL_COMMA),
    "count": matched(cells._COUNT),
    "count with a comma": matched(cells._COUNT_WITH_COMMA),
    "price": money.read,
    "weight": matched(google._WEIGHT),
    "URLs": cells.urls,
    "web URL": is_web_url,
    "one line": one_line,
    "paragraphs": paragraphs,
    "id": usable_id,
    "what a page says": says,
}
TEXTS = (
    ("", " ", "!"),
    ("#\n", " ", "!"),
    ("#\n", "a ", "!"),
    ("#", "\n#", "!"),
    ("- ", "- ", "!"),
    ("", "a", "!"),
    ("", "a-", "!"),
    ("sep= ", " ", "!"),
    ('"sep=\t', "\t", "!"),
    ("<?xml >", " ", "!"),
    ("<?xml", "<?xml ", "!"),
    ("", "--\n", "!"),
    ("", "/**/;", "!"),
    ("", "/*", "!"),
    ("create", " ", "!"),
    ("set a", "@", "!"),
    ("set a", " ", "!"),
    ("", ', "', "!"),
    ("", '""', "!"),
    ("", ' "a" ', "!"),
    ("", ",  ", "!"),
    ("1", "1", "!"),
    ("1.", "0", "!"),
    ("1", ",1", "!"),
    ("1", "s", "!"),
    ("https://a", ".a", "!"),
    ("https://a/", "/", " "),
    ("next", "s", "!"),
    ("has", "has", "!"),
    ("nextitem", "items", "!"),
)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(("start", "repeated", "end"), TEXTS)
def test_the_time_grows_with_the_length(name: str, start: str, repeated: str, end: str) -> None:
    assert growth(CALLS[name], start, repeated, end) < MOST


@pytest.mark.parametrize("repeated", ["a", '""', '"" a', "a,\n"])
@pytest.mark.parametrize("end", ['" ,2\n', ' "x\n'], ids=["closed", "open"])
def test_a_cell_in_quotes_takes_a_few_times_its_length(repeated: str, end: str) -> None:
    line = f'1, "{repeated * (200_000 // len(repeated))}{end}'
    tracemalloc.start()
    try:
        unpadded(line)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * len(line)


def test_a_very_long_name_says_nothing_about_other_pages() -> None:
    assert says("next_items") == "next"
    name = "next" + "s" * 200_000
    tracemalloc.start()
    try:
        assert says(name) == ""
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < len(name)
