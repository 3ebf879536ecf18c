"""Decodes JSON that is not quite valid, so that one product of it can be rejected instead of all."""

from __future__ import annotations

import json
from typing import Any

_LONGEST_INT = 20  # digits
_LARGEST_INT = 2**53  # as a float, it is still exact


def decode(body: bytes) -> Any:
    """Decode JSON with the standard library, which accepts NaN and lone surrogates.

    A whole number is an `int`, even if it is written as `3.0`.

    Raises:
        ValueError: it is not JSON, or not UTF-8.
        RecursionError: it is nested too deeply.
    """
    return json.loads(body, parse_int=_parse_int, parse_float=lambda text: whole(float(text)))


def decode_at(text: str, start: int) -> tuple[Any, int]:
    """Decode the value that starts there, and return the position after it.

    Raises:
        JSONDecodeError: it is not JSON, or not complete.
        RecursionError: it is nested too deeply.
    """
    try:
        return _FAST.raw_decode(text, start)
    except json.JSONDecodeError:
        raise
    except ValueError:  # a very long integer
        return _PATIENT.raw_decode(text, start)


def whole(number: float) -> int | float:
    """`3` for `3.0`, which JSON Schema calls an integer too; other numbers stay as they are."""
    return int(number) if number.is_integer() and abs(number) <= _LARGEST_INT else number


def _parse_int(digits: str) -> int | float:
    """Python refuses very long integers; as a float, only their product is rejected."""
    return int(digits) if len(digits) <= _LONGEST_INT else float(digits)


_FAST = json.JSONDecoder()
_PATIENT = json.JSONDecoder(parse_int=_parse_int)
