"""Escapes what could alter the terminal, a line or the reading direction, or be a command for a CI runner."""

from __future__ import annotations

import json
import re

from medusa_sync.codes import Note

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

# CI runners obey `##[add-mask]` and `##vso[...]` anywhere in a line (actions/runner, ActionCommand.cs).
_COMMAND = r"(?<=#)#(?=\w*\[)"

HIDDEN = re.compile(
    f"[{_HIDDEN}]"
    f"|{_COMMAND}"
    f"|(?<![{_JOINING}])[\u180b-\u180f\u200c]"
    f"|(?<![{_JOINING}])\u200d(?:(?<![{_EMOJI}\ufe0f]\u200d)|(?![{_EMOJI}]))"
    # A variation selector applies to the character before it; a sequence of them can hide a message.
    "|(?<![^\\s\ufe00-\ufe0f])[\ufe00-\ufe0f]"
    f"|(?<![{_IDEOGRAPHS}])[\U000e0100-\U000e01ef]"
)
"""A character that is invisible, could alter the terminal, layout or direction, or begins a command."""

_NOT_ASCII = re.compile(f"[^ -~]|{_COMMAND}")
_LEADING = re.compile(r"\A(\s*):(?=:)")


def visible(text: str) -> str:
    r"""Escape the hidden characters of a text: `\x1b`, `\n`, `\u202e`. Ordinary writing does not change."""
    return HIDDEN.sub(_escaped, text)


def coded(note: Note) -> str:
    """The `visible` text of a note, with its code."""
    return f"{visible(note)} [{note.code}]"


def visible_lines(message: str) -> list[str]:
    """The lines of a message, each `visible`; none of them is a command such as `::add-mask::`."""
    return [_LEADING.sub(r"\1\\x3a", visible(line)) for line in message.split("\n")]


def visible_json(text: str, *, ascii_only: bool = False) -> str:
    """Escape the hidden characters of a JSON text, or all that are not ASCII, in the way of JSON."""
    return (_NOT_ASCII if ascii_only else HIDDEN).sub(_escaped_in_json, text)


def _escaped(match: re.Match[str]) -> str:
    return r"\x23" if match[0] == "#" else match[0].encode("unicode_escape").decode()


def _escaped_in_json(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\n":  # indentation; line breaks in texts are escaped already
        return character
    if "\ud800" <= character <= "\udfff":  # strict parsers refuse a lone surrogate even as an escape
        return r"\ufffd"
    return r"\u0023" if character == "#" else json.dumps(character)[1:-1]
