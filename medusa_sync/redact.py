"""Removes secrets from texts."""

from __future__ import annotations

import json
import re
import struct
from base64 import b64encode
from collections.abc import Iterable, Iterator
from itertools import chain, product
from typing import NamedTuple

MASK = "***"
_SHORTEST = 4  # characters; anything shorter would match parts of ordinary words
_LEVELS = 15  # backslashes before a character that was escaped four times
# Every repetition is limited, so that no text takes exponential time.
_PERCENT = "%(?:25){0,3}"
_BACKSLASH = rf"(?:\\u005[cC]|\\|{_PERCENT}5[cC]|&#92;)"
_ESCAPE = f"{_BACKSLASH}{{1,{_LEVELS}}}"
_SHORT_ESCAPES = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
_ENTITIES = {'"': ("quot",), "'": ("apos",), "&": ("amp",), "<": ("lt",), ">": ("gt",)}


class Redactor:
    """Replaces secrets in texts with stars: call it with a text.

    It finds a secret literally, in base64 (also as part of an encoded text, as in a Basic header), and with
    characters escaped for JSON, URLs, HTML or Python, even several times.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: dict[str, tuple[_Form, ...]] = {}
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Hide another text; texts that are too short are ignored."""
        if len(secret) < _SHORTEST or secret in self._forms:
            return
        self._forms[secret] = tuple(_forms(secret))
        # The longest first, because it may contain another one.
        self._forms = dict(sorted(self._forms.items(), key=lambda item: -len(item[0])))

    def __call__(self, text: str) -> str:
        for form in chain.from_iterable(self._forms.values()):
            if form.marker in text:
                text = re.sub(form.pattern, MASK, text)
        return text


class _Form(NamedTuple):
    """A form of a secret.

    Attributes:
        marker: a part that is never escaped; a text without it need not be searched.
        pattern: regular expression.
    """

    marker: str
    pattern: str


def _forms(secret: str) -> Iterator[_Form]:
    """Yield the forms of a secret: its characters, and base64 for each position of its bits."""
    parts = re.findall(r"\\+|[^\\]", secret)
    pattern = "".join(_backslashes(len(part)) if part[0] == "\\" else _character(part) for part in parts)
    yield _Form(_marker(secret), pattern)
    # The encoded text may be a Basic header, or JSON that contains the escaped secret.
    texts = dict.fromkeys([secret, *(json.dumps(secret, ensure_ascii=each)[1:-1] for each in (False, True))])
    for content, before in product((text.encode("utf-8", "surrogatepass") for text in texts), range(3)):
        bits = before * 8, (before + len(content)) * 8
        start, end = -(-bits[0] // 6), bits[1] // 6  # of the base64 characters that encode only the secret
        encoded = b64encode(bytes(before) + content).decode()[start:end]
        if len(encoded) >= _SHORTEST:
            rest = f"[A-Za-z0-9+/_-]*(?:=|{_PERCENT}3[dD]){{0,2}}"
            yield _Form(_marker(encoded), "".join(map(_base64_character, encoded)) + rest)


def _marker(text: str) -> str:
    return max(re.findall("[A-Za-z0-9]+", text), key=len, default="")


def _base64_character(character: str) -> str:
    match character:
        case "+":
            return f"(?:{_character('+')}|-)"
        case "/":
            return f"(?:{_character('/')}|_)"
        case _:
            return character


def _backslashes(count: int) -> str:
    return f"{_BACKSLASH}{{{count},{count * (_LEVELS + 1)}}}"


def _character(character: str) -> str:
    """Return the pattern of a character, literal or escaped; not for backslashes."""
    if character.isascii() and character.isalnum():  # never escaped
        return character
    code, content = ord(character), character.encode("utf-8", "surrogatepass")
    percent = "".join(f"{_PERCENT}{byte:02x}" for byte in content)
    entities = "|".join([f"#0*{code}", f"#x0*{code:x}", *_ENTITIES.get(character, ())])
    escapes = [
        f"{_ESCAPE}".join(f"u{unit:04x}" for unit in _utf_16(character)),
        f"{_ESCAPE}".join(f"x{byte:02x}" for byte in content),
        f"x{code:02x}",
        f"U{code:08x}",
        *_SHORT_ESCAPES.get(character, ()),
    ]
    literal = rf"{re.escape(character)}|\+|{_PERCENT}2[bB]" if character == " " else re.escape(character)
    unescaped = f"(?i:{percent}|&(?:amp;){{0,3}}(?:{entities});)|{literal}"
    return f"(?:{_ESCAPE}(?i:{'|'.join(escapes)})|{_BACKSLASH}{{0,{_LEVELS}}}(?:{unescaped}))"


def _utf_16(character: str) -> tuple[int, ...]:
    content = character.encode("utf-16-be", "surrogatepass")
    return struct.unpack(f">{len(content) // 2}H", content)
