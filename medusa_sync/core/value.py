"""Values of fields, and how messages show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import TypeVar

from msgspec import json

T = TypeVar("T")

_LATEST = 8  # of the values that a field may have
_CONTEXT = 4  # a part of this size of two long values is shown before the first character that differs

Value = str | bool | int | float | tuple[str, ...] | None


def excerpt(value: Value, longest: int, start: int = 0) -> str:
    """A value as text, cut to so many characters."""
    text, end = _text(value), start + longest
    return ("..." if start else "") + text[start:end] + ("..." if len(text) > end else "")


def excerpts(before: Value, after: Value, longest: int) -> tuple[str, str]:
    """Two values as text; if they are long, cut so that their first difference is visible."""
    old, new = _text(before), _text(after)
    if max(len(old), len(new)) <= longest:
        return old, new
    shorter = min(len(old), len(new))
    equal = next((index for index in range(shorter) if old[index] != new[index]), shorter)
    start = max(equal - longest // _CONTEXT, 0)
    return excerpt(old, longest, start), excerpt(new, longest, start)


def listed(names: Sequence[str], most: int) -> str:
    """The first names, in quotes."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(map(repr, names[:most]))}{more}"


def counted(number: int, noun: str = "product") -> str:
    """A number of things: `1 product` or `2,500 products`."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def digest_of(content: object) -> str:
    """What tells contents apart; the order of keys does not matter."""
    return blake2b(json.encode(content, order="deterministic"), digest_size=8).hexdigest()


def first(texts: Sequence[str], most: int) -> list[str]:
    """The first of these texts, and how many more there are."""
    return [*texts[:most], *([f"{len(texts) - most} more"] if len(texts) > most else [])]


def latest(earlier: Iterable[T], now: Iterable[T]) -> tuple[T, ...]:
    """The latest of what earlier runs have sent, and then what is sent now, each once."""
    new = dict.fromkeys(now)
    return (*(value for value in earlier if value not in new), *new)[-_LATEST:]


def members(value: Value) -> tuple[str, ...]:
    """The members of a set, or the only value of a field that is not a set."""
    return value if isinstance(value, tuple) else (str(value),) if value is not None else ()


def _text(value: Value) -> str:
    if value is None or value == ():
        return "nothing"
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) or "an empty text"
