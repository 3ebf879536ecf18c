"""Texts and JSON of a source, which may be written in any way that programs write them."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import msgspec

from medusa_sync.redact import shortened

_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(/[A-Za-z0-9/._~%-]*)?")
_WHITE_SPACE = re.compile(r"\s+")
_LINE_BREAK = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# C0 and C1 controls (Medusa returns 500 for a NUL), and lone surrogates, which UTF-8 cannot encode.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def one_line(text: str | None) -> str | None:
    """The text on one line without control characters; None if nothing is left."""
    if not text:
        return None
    if text.isprintable() and "  " not in text and text == text.strip():
        return text  # the usual case, and fast
    return " ".join(_UNSTORABLE.sub("", _WHITE_SPACE.sub(" ", text)).split()) or None


def paragraphs(text: str | None) -> str | None:
    """The text with its line breaks, without other control characters; None if nothing is left."""
    if not text:
        return None
    if text.isprintable():
        return text.strip() or None
    return _UNSTORABLE.sub("", _LINE_BREAK.sub("\n", text)).strip() or None


def fold(name: str) -> str:
    """A name without what people and programs vary: `variant_id`, `Variant ID`, `variantId`."""
    return "".join(filter(str.isalnum, name.casefold()))


def is_web_url(text: str) -> bool:
    """Whether a text is a `http:` or `https:` URL, and not a `javascript:`, `file:` or relative one."""
    if _PLAIN_URL.fullmatch(text):  # the usual case, and fast
        return True
    try:
        parts = urlsplit(text)
    except ValueError:  # for example an incomplete IPv6 address
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


# --- JSON that is not quite valid: only one product of it is rejected then -------------------------------

UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError, TypeError, OverflowError)
"""What msgspec raises for JSON that is not quite valid, and for values that are not JSON."""

_LONGEST_INT = 20  # digits
_LARGEST_INT = 2**53  # as a float, it is still exact


def decode_json(body: bytes) -> Any:
    """Decode JSON with the standard library, which accepts NaN and lone surrogates.

    A whole number is an `int`, even if it is written as `3.0`.

    Raises:
        ValueError: it is not JSON, or not UTF-8.
        RecursionError: it is nested too deeply.
    """
    return json.loads(body, parse_int=parse_int, parse_float=lambda text: whole(float(text)))


def whole(number: float) -> int | float:
    """`3` for `3.0`, which JSON Schema calls an integer too; other numbers stay as they are."""
    return int(number) if number.is_integer() and abs(number) <= _LARGEST_INT else number


def number_of(text: str) -> int | float:
    """The number that digits, maybe with a sign and a decimal point, are."""
    return whole(float(text)) if "." in text else int(text)


def is_count(text: str) -> bool:
    """Whether a text is a whole number that can count products; Python refuses to read very long ones."""
    return text.isdecimal() and len(text) <= _LONGEST_INT


def parse_int(digits: str) -> int | float:
    """Python refuses very long integers; as a float, only their product is rejected."""
    return int(digits) if len(digits) <= _LONGEST_INT else float(digits)


# --- ids ------------------------------------------------------------------------------------------------

MAX_ID = 200  # characters
_SHORTENED = re.compile(r"[0-9]([.,][0-9]+)?[eE]\+[0-9]{2}")


def usable_id(value: Any) -> str | None:
    """An id as text: `3`, `3.0`, `"3"` and `" 3"` are the same; None if it cannot identify a product."""
    known = whole(value) if isinstance(value, float) else value
    if isinstance(known, bool) or not isinstance(known, int | str):
        return None
    text = str(known).strip()
    return None if _problem_of(text) else text


def id_problem(value: Any) -> str:
    """Why a value cannot identify a product; empty if it can."""
    if usable_id(value) is not None:
        return ""
    return _problem_of(value.strip()) if isinstance(value, str) else "it is no text and no whole number"


def _problem_of(text: str) -> str:
    if not text:
        return "it is empty"
    if not text.isprintable():  # it would make another product of it
        return "it has an invisible character"
    if len(text) > MAX_ID:
        return f"it has more than {MAX_ID} characters"
    return "it has two spaces in a row" if "  " in text else ""


def is_shortened(code: str) -> bool:
    """Whether a spreadsheet has saved a code as `7.12393E+11`, which several codes can become."""
    return "+" in code and _SHORTENED.fullmatch(code) is not None


def shown(text: str) -> str:
    """A value in a message: quoted, and not too long."""
    return repr(shortened(text))
