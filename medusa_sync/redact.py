"""Redaction: no secret leaves this process, whatever form it comes back in."""

from __future__ import annotations

import json
import re
import struct
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator
from itertools import chain, product
from typing import NamedTuple

from msgspec import structs

from medusa_sync.core.change import Conflict, FieldChange
from medusa_sync.core.product import Value
from medusa_sync.core.result import Outcome, RunResult

_MASK = "***"
_SHORTEST = 4  # characters; redacting anything shorter would turn ordinary words into stars
_LEVELS = 15  # backslashes in front of a character that was escaped four times
# Every repetition has a limit, so that no text of a server takes exponential time.
_PERCENT = "%(?:25){0,3}"
_BACKSLASH = rf"(?:\\u005[cC]|\\|{_PERCENT}5[cC]|&#92;)"
_ESCAPE = f"{_BACKSLASH}{{1,{_LEVELS}}}"
_SHORT_ESCAPES = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
_ENTITIES = {'"': ("quot",), "'": ("apos",), "&": ("amp",), "<": ("lt",), ">": ("gt",)}


class Redactor:
    """Replaces secrets in texts; called with a text, it returns the text without them.

    It finds a secret as it is, in base64 (alone or as a part, such as in a Basic header), and with any of its
    characters escaped for JSON, URLs, HTML or Python, also several times.

    Args:
        secrets: texts to hide; `add` adds more, such as a token that a log-in returns.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: dict[str, tuple[_Form, ...]] = {}
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Hide one more text; one that is too short to be told from ordinary words is ignored."""
        if len(secret) < _SHORTEST or secret in self._forms:
            return
        self._forms[secret] = tuple(_forms(secret))
        # The longest first: it may contain another one.
        self._forms = dict(sorted(self._forms.items(), key=lambda item: -len(item[0])))

    def __call__(self, text: str) -> str:
        for form in chain.from_iterable(self._forms.values()):
            if form.marker in text:
                text = re.sub(form.pattern, _MASK, text)
        return text


def redacted(result: RunResult, redactor: Redactor) -> RunResult:
    """A result in which no text holds a secret; reports, metrics and pings are made from it."""
    return structs.replace(
        result,
        source_url=redactor(result.source_url),
        store_url=result.store_url and redactor(result.store_url),
        problems=tuple(_outcome(each, redactor) for each in result.problems),
        not_completed=tuple(_outcome(each, redactor) for each in result.not_completed),
        changes=_Changes(result.changes, redactor),
        notes=tuple(map(redactor, result.notes)),
        error=redactor(result.error),
        hint=redactor(result.hint),
    )


class _Changes(Collection[Outcome]):
    """Changes without secrets, redacted one at a time: there may be too many to hold in memory."""

    def __init__(self, changes: Collection[Outcome], redactor: Redactor) -> None:
        self._changes = changes
        self._redactor = redactor

    def __len__(self) -> int:
        return len(self._changes)

    def __iter__(self) -> Iterator[Outcome]:
        return (_outcome(each, self._redactor) for each in self._changes)

    def __contains__(self, outcome: object) -> bool:
        return any(each == outcome for each in self)


def _outcome(outcome: Outcome, redactor: Redactor) -> Outcome:
    return structs.replace(
        outcome,
        title=redactor(outcome.title),
        reason=redactor(outcome.reason),
        changes=tuple(_difference(each, redactor) for each in outcome.changes),
        conflicts=tuple(_conflict(each, redactor) for each in outcome.conflicts),
    )


def _difference(difference: FieldChange, redactor: Redactor) -> FieldChange:
    return structs.replace(
        difference,
        stored=_value(difference.stored, redactor),
        planned=_value(difference.planned, redactor),
        applied=_value(difference.applied, redactor),
        desired=_value(difference.desired, redactor),
    )


def _conflict(conflict: Conflict, redactor: Redactor) -> Conflict:
    return structs.replace(
        conflict, stored=_value(conflict.stored, redactor), desired=_value(conflict.desired, redactor)
    )


def _value(value: Value, redactor: Redactor) -> Value:
    if isinstance(value, str):
        return redactor(value)
    return tuple(map(redactor, value)) if isinstance(value, tuple) else value


# --- forms of a secret ----------------------------------------------------------------------------------


class _Form(NamedTuple):
    """What a secret looks like.

    Attributes:
        marker: a part that is never escaped; without it in a text, the pattern is not even compiled.
    """

    marker: str
    pattern: str


def _forms(secret: str) -> Iterator[_Form]:
    """The characters of a secret, and their bits at each position in base64."""
    parts = re.findall(r"\\+|[^\\]", secret)
    pattern = "".join(_backslashes(len(part)) if part[0] == "\\" else _character(part) for part in parts)
    yield _Form(_marker(secret), pattern)
    # What is encoded may be a Basic header, or JSON in which the secret is escaped.
    texts = dict.fromkeys([secret, *(json.dumps(secret, ensure_ascii=each)[1:-1] for each in (False, True))])
    for content, before in product((text.encode("utf-8", "surrogatepass") for text in texts), range(3)):
        bits = before * 8, (before + len(content)) * 8
        start, end = -(-bits[0] // 6), bits[1] // 6  # of the characters that hold nothing but the secret
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
    """One character other than a backslash, as it is or escaped."""
    if character.isascii() and character.isalnum():  # nothing escapes these
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
