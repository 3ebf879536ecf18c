"""How messages show values."""

import pytest

from medusa_sync.core.value import counted


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (0, "product", "0 products"),
        (1, "product", "1 product"),
        (2500, "valid product", "2,500 valid products"),
    ],
)
def test_things_are_counted_in_words(number: int, noun: str, words: str) -> None:
    assert counted(number, noun) == words
