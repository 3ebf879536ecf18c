"""Removes secrets from texts and from results of runs."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from itertools import chain
from typing import Any, TypeVar

from medusa_sync.codes import Note

MASK = "***"
_SHORTEST = 4  # characters; anything shorter would match parts of ordinary words
_DOTS = "..."  # at the end of what another program has cut
_LONGEST_START = 40  # characters of a secret before the dots
_PERCENT = "%(?:25)*"  # a URL that is a value in another URL is encoded once more
_BETWEEN_BYTES = "[^0-9a-z]{0,2}(?:0?x)?"  # as in `73:6b`, `%73%6B`, `\x73\x6b`, `0x73, 0x6b`
# Never secrets, or to be written later.
_AS_THEY_ARE = frozenset({"external_id", "field", "job", "plan", "run_id"})

T = TypeVar("T")


class Redactor:
    """Replaces secrets in texts with stars: call it with a text.

    It finds a secret as it is, URL-encoded once or more, escaped for JSON or HTML, in hexadecimal, and in
    base64, also as part of an encoded text, as in a Basic header; and the start of one before `...`, where jq
    has cut a text.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
        self._starts: re.Pattern[str] | None = None  # compiled when it is needed
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Hide another text; texts that are too short are ignored."""
        if len(secret) < _SHORTEST or secret in self._forms:
            return
        self._forms[secret] = [(_marker(text), re.compile(form)) for text, form in _forms(secret)]
        # The longest first, because it may contain another one.
        self._forms = dict(sorted(self._forms.items(), key=lambda item: -len(item[0])))
        self._starts = None

    def __call__(self, text: str) -> str:
        for marker, pattern in chain.from_iterable(self._forms.values()):
            if marker in text:  # most texts need not be searched
                text = pattern.sub(MASK, text)
        if _DOTS in text:
            self._starts = self._starts or _starts(self._forms)
            text = self._starts.sub(MASK, text)
        return text


_current: ContextVar[Redactor] = ContextVar("redactor")


@contextmanager
def hiding(redactor: Redactor) -> Iterator[None]:
    """Hide these secrets in what is cut in this context, and in the tasks started in it."""
    token = _current.set(redactor)
    try:
        yield
    finally:
        _current.reset(token)


def hidden(value: T) -> T:
    """A text, or a part of a result, without the secrets of this run. Call it before a text is cut."""
    return redacted(value, _current.get(Redactor()))


def shortened(text: str, longest: int = 40) -> str:
    """So many characters of a text, for a message, without secrets."""
    shown = hidden(text)
    return shown if len(shown) <= longest else f"{shown[:longest]}{_DOTS}"


def _marker(text: str) -> str:
    """The longest part that is never escaped."""
    return max(re.findall("[A-Za-z0-9]+", text), key=len, default="")


def _forms(secret: str) -> Iterator[tuple[str, str]]:
    """Yield a secret and its pattern, in hexadecimal too, and its base64 for each position of its bits."""
    yield secret, "".join(map(_characters, re.findall(r"\\+|[^\\]", secret)))
    content = secret.encode("utf-8", "surrogatepass")
    pairs = [f"{byte:02x}" for byte in content]
    yield next(filter(str.isdecimal, pairs), ""), f"(?i:{_BETWEEN_BYTES.join(pairs)})"
    for before in range(3):
        bits = before * 8, (before + len(content)) * 8
        start, end = -(-bits[0] // 6), bits[1] // 6  # of the base64 characters that encode only the secret
        encoded = b64encode(bytes(before) + content).decode()[start:end]
        if len(encoded) >= _SHORTEST:
            alphabets = encoded.replace("+", "[+-]").replace("/", "[/_]")
            yield encoded, f"{alphabets}[A-Za-z0-9+/_-]*={{0,2}}"


def _starts(secrets: Collection[str]) -> re.Pattern[str]:
    """The starts of secrets before dots, but not what is public: `Bearer`, or the host of a URL."""
    inner = (each for each in secrets if not any(other in each for other in {*secrets, "://"} - {each}))
    return re.compile("|".join(map(_start, inner)) or "(?!)")


def _start(secret: str) -> str:
    """The pattern of the start of a secret before dots."""
    parts = re.findall(r"\\+|[^\\]", secret[:_LONGEST_START])
    more = ""
    for part in reversed(parts[_SHORTEST:]):
        more = f"(?:{_characters(part)}{more})?"
    return rf"{''.join(map(_characters, parts[:_SHORTEST]))}{more}(?=\\?\.\.\.)"


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
    if isinstance(value, Note):
        return Note(value.name, redactor(value))
    if isinstance(value, str):
        return redactor(value)
    if isinstance(value, tuple):
        return tuple(_redacted(each, redactor) for each in value)
    if isinstance(value, Collection):
        return _Redacted(value, redactor)
    fields = {name for name in getattr(value, "__struct_fields__", ()) if name not in _AS_THEY_ARE}
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
