"""Says what would be written otherwise than in an approved plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from medusa_sync.core.approval import Moved
from medusa_sync.core.value import excerpts, first
from medusa_sync.redact import hidden

_LONG = 60  # characters of a value in a reason
_MOST = 3  # differences in a reason


def in_words(found: Iterable[Moved]) -> str:
    """The first differences in words; empty if there is none."""
    return "; ".join(first([*map(_text, found)], _MOST))


def _text(difference: Moved) -> str:
    values: Sequence[str] = excerpts(*hidden(difference.values), _LONG) if difference.words[1] else ("", "")
    (first, second), (start, middle, end) = values, difference.words
    return f"{start}{first}{middle}{second}{end}"
