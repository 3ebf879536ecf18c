"""Values as records keep them."""

from __future__ import annotations

import re
from hashlib import blake2b

from medusa_sync.core.value import Value

_SHORT = 40  # characters; longer texts are kept as a digest
DIGEST = re.compile(r"#[0-9a-f]{12}")


def remember(value: Value) -> Value:
    """A value as the record keeps it: long texts become a digest."""
    if isinstance(value, str):
        return remember_text(value)
    if isinstance(value, tuple):
        return tuple(remember_text(member) for member in value)
    return value


def remember_text(text: str) -> str:
    if len(text) <= _SHORT and not DIGEST.fullmatch(text):
        return text
    return "#" + blake2b(text.encode(), digest_size=6).hexdigest()


def full_text(applied: Value, *known: Value) -> Value:
    """An applied value; a digest becomes the text again if one of the known values has it."""
    members = (member for value in known for member in (value if isinstance(value, tuple) else (value,)))
    texts = {remember_text(member): member for member in members if isinstance(member, str)}
    if isinstance(applied, tuple):
        return tuple(texts.get(member, member) for member in applied)
    return texts.get(applied, applied) if isinstance(applied, str) else applied
