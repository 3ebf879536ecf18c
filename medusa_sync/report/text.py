"""Text from outside, safe to show: nothing in it moves the cursor, breaks a line or turns its direction."""

from __future__ import annotations

import re

# Scripts that need joiners to be spelt right: Arabic to Sinhala, and Mongolian with its own selectors.
_JOINING = "\u0600-\u0dff\u1820-\u18aa"
_EMOJI = "\u2190-\u2bff\U0001f000-\U0001faff"
_IDEOGRAPHS = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

# Written as escapes, because most of these cannot be seen. Not in the list are the Arabic, Syriac and Kaithi
# number signs: Unicode counts them as format characters too, but they have a shape.
_HIDDEN = (
    "\\x00-\\x1f\\x7f-\\x9f"  # control characters, among them escape, newline and tab
    "\\xad"  # soft hyphen
    "\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u3164\\uffa0"  # letters and marks without a shape
    "\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069"  # direction
    "\\u200b\\u2060-\\u2065\\u206a-\\u206f\\ufeff"  # zero width, invisible operators
    "\\u2028\\u2029"  # line and paragraph separators
    "\\ud800-\\udfff"  # lone surrogates
    "\\ufff0-\\ufffb\\ufffe\\uffff"  # specials, but for the replacement characters
    "\\U00013430-\\U0001343f\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a"  # layout of rare notations
    "\\U000e0000-\\U000e00ff\\U000e01f0-\\U000e0fff"  # tags: a hidden copy of ASCII
)

HIDDEN = re.compile(
    f"[{_HIDDEN}]"
    f"|(?<![{_JOINING}])[\u180b-\u180f\u200c]"
    f"|(?<![{_JOINING}])\u200d(?:(?<![{_EMOJI}\ufe0f]\u200d)|(?![{_EMOJI}]))"
    # A variation selector belongs to the one character before it; a run of them can hide a message.
    "|(?<![^\\s\ufe00-\ufe0f])[\ufe00-\ufe0f]"
    f"|(?<![{_IDEOGRAPHS}])[\U000e0100-\U000e01ef]"
)
"""A character that could alter the terminal, the layout or the direction, or that hides."""


def visible(text: str) -> str:
    r"""The text with such characters spelt out: `\x1b`, `\n`, `\u202e`. Ordinary writing stays as it is."""
    return HIDDEN.sub(_spelt_out, text)


def _spelt_out(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
