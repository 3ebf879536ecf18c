"""Rules that several writes share."""

import re
import struct
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from tests.harness.fake_medusa.errors import already_exists, unknown_error
from tests.harness.fake_medusa.state import Metadata, Number


def reject_nul(value: object) -> None:
    """PostgreSQL cannot keep a NUL, which Medusa finds out too late for a better answer."""
    match value:
        case str() if "\0" in value:
            raise unknown_error()
        case list():
            for member in value:
                reject_nul(member)
        case dict():
            for key, member in value.items():
                reject_nul(key)
                reject_nul(member)


def as_real(number: Number | None) -> Number | None:
    """Weights and measures are kept in single precision, and come back as the shortest number for it."""
    if number is None:
        return None
    try:
        kept: float = struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        raise unknown_error() from None
    if number and not kept:
        raise unknown_error()
    shortest = next(
        value
        for digits in range(1, 10)
        if struct.pack("<f", value := float(f"{kept:.{digits}g}")) == struct.pack("<f", kept)
    )
    return int(shortest) if shortest.is_integer() else shortest


def as_boolean(value: object) -> bool:
    """Of true, false or the name of one of them."""
    return str(value).lower() == "true"


def merged(metadata: Metadata, update: Metadata) -> Metadata:
    """At the top level, where an empty string deletes a key; null and an empty update replace the whole."""
    if not update:
        return update
    return {key: value for key, value in {**(metadata or {}), **update}.items() if update.get(key) != ""}


def is_valid_handle(handle: str) -> bool:
    def is_fine(character: str) -> bool:
        category = unicodedata.category(character)
        return category in {"Ll", "Lo", "Lm"} or category.startswith("N")

    return all(part and all(map(is_fine, part)) for part in handle.split("-"))


def handle_of_title(title: str) -> str:
    letters = title.lower().replace("ß", "ss")
    kept = "".join(c for c in letters if unicodedata.category(c)[0] in "LN" or c.isspace() or c in "_-")
    return re.sub(r"[\s_-]+", "-", kept).strip("-") or "product-fallback"


def handle_of_name(name: str) -> str:
    return re.sub(r"[\s_]+", "-", re.sub(r"([a-z])([A-Z])", r"\1-\2", name)).lower()


def check_unique(
    what: str, column: str, stored: Iterable[tuple[str, str | None]], wanted: Iterable[tuple[str, str | None]]
) -> None:
    """Refuses a value that another row holds, also when the same call would free it.

    Args:
        what: in Medusa's words.
        column: in Medusa's words.
        stored: ids and values of the rows that are there.
        wanted: ids and values of the rows that are written.
    """
    owners: dict[str | None, str] = {value: key for key, value in stored}
    for key, value in wanted:
        if value is not None and owners.setdefault(value, key) != key:
            raise already_exists(what, **{column: value})


def ids_of(bodies: Iterable[Mapping[str, Any]]) -> list[str]:
    """Each id once."""
    return list(dict.fromkeys(body["id"] for body in bodies))
