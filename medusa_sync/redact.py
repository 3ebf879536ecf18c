"""Removes secrets from texts and from results of runs."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import Enum
from itertools import chain
from typing import Any, TypeVar

MASK = "***"
_SHORTEST = 4  # characters; anything shorter would match parts of ordinary words
_PERCENT = "%(?:25)*"  # a URL that is a value in another URL is encoded once more
_IDENTITIES = frozenset({"external_id", "field", "job"})  # they are never secrets

T = TypeVar("T")


class Redactor:
    """Replaces secrets in texts with stars: call it with a text.

    It finds a secret as it is, URL-encoded once or more, escaped for JSON or HTML, and in base64, also as
    part of an encoded text, as in a Basic header.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Hide another text; texts that are too short are ignored."""
        if len(secret) < _SHORTEST or secret in self._forms:
            return
        self._forms[secret] = [(_marker(text), re.compile(form)) for text, form in _forms(secret)]
        # The longest first, because it may contain another one.
        self._forms = dict(sorted(self._forms.items(), key=lambda item: -len(item[0])))

    def __call__(self, text: str) -> str:
        for marker, pattern in chain.from_iterable(self._forms.values()):
            if marker in text:  # most texts need not be searched
                text = pattern.sub(MASK, text)
        return text


def _marker(text: str) -> str:
    """The longest part that is never escaped."""
    return max(re.findall("[A-Za-z0-9]+", text), key=len, default="")


def _forms(secret: str) -> Iterator[tuple[str, str]]:
    """Yield a secret and its pattern, and its base64 for each position of its bits."""
    yield secret, "".join(map(_characters, re.findall(r"\\+|[^\\]", secret)))
    content = secret.encode("utf-8", "surrogatepass")
    for before in range(3):
        bits = before * 8, (before + len(content)) * 8
        start, end = -(-bits[0] // 6), bits[1] // 6  # of the base64 characters that encode only the secret
        encoded = b64encode(bytes(before) + content).decode()[start:end]
        if len(encoded) >= _SHORTEST:
            alphabets = encoded.replace("+", "[+-]").replace("/", "[/_]")
            yield encoded, f"{alphabets}[A-Za-z0-9+/_-]*={{0,2}}"


def _characters(part: str) -> str:
    """The pattern of a character or some backslashes: literal, URL-encoded, or escaped for JSON or HTML."""
    if part[0] == "\\":
        return rf"(?:\\|(?i:{_PERCENT}5c)){{{len(part)},{len(part) * 2}}}"
    if part.isascii() and part.isalnum():  # never escaped
        return part
    url = "".join(f"{_PERCENT}{byte:02x}" for byte in part.encode("utf-8", "surrogatepass"))
    escapes = map(re.escape, {json.dumps(part)[1:-1], f"\\u{ord(part):04x}", html.escape(part)} - {part})
    literal = rf"(?:[ +]|(?i:{_PERCENT}2b))" if part == " " else re.escape(part)
    return rf"(?:(?i:{url}|{'|'.join(escapes)})|\\?{literal})"


def redacted(value: T, redactor: Redactor) -> T:
    """Return a result of a run, or a part of it, without secrets."""
    return _redacted(value, redactor)  # type: ignore[no-any-return]  # of the same type


def _redacted(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, Enum | Mapping):
        return value
    if isinstance(value, str):
        return redactor(value)
    if isinstance(value, tuple):
        return tuple(_redacted(each, redactor) for each in value)
    if isinstance(value, Collection):
        return _Redacted(value, redactor)
    fields = {name for name in getattr(value, "__struct_fields__", ()) if name not in _IDENTITIES}
    if not fields:
        return value
    from msgspec import structs  # --version needs no results

    return structs.replace(value, **{name: _redacted(getattr(value, name), redactor) for name in fields})


class _Redacted(Collection[Any]):
    """Redacts the members one at a time, because they may not fit in memory."""

    def __init__(self, members: Collection[Any], redactor: Redactor) -> None:
        self._members = members
        self._redactor = redactor

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Any]:
        return (_redacted(each, self._redactor) for each in self._members)

    def __contains__(self, member: object) -> bool:
        return any(each == member for each in self)
