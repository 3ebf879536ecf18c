"""Escapes characters in external text that could alter the terminal, a line or the reading direction."""

from __future__ import annotations

import re

# Scripts whose spelling needs joiners: Arabic to Sinhala, and Mongolian, which has selectors too.
_JOINING = "\u0600-\u0dff\u1820-\u18aa"
_EMOJI = "\u2190-\u2bff\U0001f000-\U0001faff"
_IDEOGRAPHS = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

# Written as escapes, because most of these are invisible. The Arabic, Syriac and Kaithi number signs are left
# out: Unicode classifies them as format characters, but they are drawn.
_HIDDEN = (
    "\\x00-\\x1f\\x7f-\\x9f"  # control characters, including escape, newline and tab
    "\\xad"  # soft hyphen
    "\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u3164\\uffa0"  # letters and marks without a shape
    "\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069"  # direction
    "\\u200b\\u2060-\\u2065\\u206a-\\u206f\\ufeff"  # zero width, invisible operators
    "\\u2028\\u2029"  # line and paragraph separators
    "\\ud800-\\udfff"  # lone surrogates
    "\\ufff0-\\ufffb\\ufffe\\uffff"  # specials, except the replacement characters
    "\\U00013430-\\U0001343f\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a"  # layout of rare notations
    "\\U000e0000-\\U000e00ff\\U000e01f0-\\U000e0fff"  # tags: a hidden copy of ASCII
)

HIDDEN = re.compile(
    f"[{_HIDDEN}]"
    f"|(?<![{_JOINING}])[\u180b-\u180f\u200c]"
    f"|(?<![{_JOINING}])\u200d(?:(?<![{_EMOJI}\ufe0f]\u200d)|(?![{_EMOJI}]))"
    # A variation selector applies to the character before it; a sequence of them can hide a message.
    "|(?<![^\\s\ufe00-\ufe0f])[\ufe00-\ufe0f]"
    f"|(?<![{_IDEOGRAPHS}])[\U000e0100-\U000e01ef]"
)
"""A character that is invisible or could alter the terminal, the layout or the direction."""


def visible(text: str) -> str:
    r"""Escape the hidden characters of a text: `\x1b`, `\n`, `\u202e`. Ordinary writing does not change."""
    return HIDDEN.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
