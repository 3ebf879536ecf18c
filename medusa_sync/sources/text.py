"""Cleans texts of a source."""

from __future__ import annotations

import re

_WHITE_SPACE = re.compile(r"\s+")
_LINE_BREAK = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# C0 and C1 controls (Medusa returns 500 for a NUL), and lone surrogates, which UTF-8 cannot encode.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def one_line(text: str | None) -> str | None:
    """The text on one line without control characters; None if nothing is left."""
    if text and text.isprintable() and "  " not in text and text == text.strip():
        return text  # the usual case, and fast
    return " ".join(_UNSTORABLE.sub("", _WHITE_SPACE.sub(" ", text or "")).split()) or None


def paragraphs(text: str | None) -> str | None:
    """The text with its line breaks, without other control characters; None if nothing is left."""
    if text and text.isprintable():
        return text.strip() or None
    return _UNSTORABLE.sub("", _LINE_BREAK.sub("\n", text or "")).strip() or None
