"""Rules that several endpoints share."""

import re
import struct
from collections.abc import Container, Iterable, Mapping
from typing import Any, Final

from tests.harness.fake_medusa.errors import already_exists, unknown_error
from tests.harness.fake_medusa.state import Metadata, Number, State

MEASURES: Final = ("weight", "length", "height", "width")


def as_real(number: Number | None) -> Number | None:
    """The number as Medusa returns a measurement: the shortest one for its single-precision value."""
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


def patch(thing: object, body: Mapping[str, Any], names: Iterable[str]) -> None:
    """Set those of these columns that a body has."""
    for name in names:
        if name in body:
            setattr(thing, name, as_real(body[name]) if name in MEASURES else body[name])


def merged(metadata: Metadata, update: Metadata) -> Metadata:
    """Merge the top level; an empty string deletes a key, null and an empty update replace everything."""
    if not update:
        return update
    return {key: value for key, value in {**(metadata or {}), **update}.items() if update.get(key) != ""}


def is_valid_handle(handle: str) -> bool:
    """Medusa accepts letters of other scripts, too."""
    return re.fullmatch("[a-z0-9]+(?:-[a-z0-9]+)*", handle) is not None


def handle_of_title(title: str) -> str:
    """Medusa keeps letters of other scripts, too."""
    return "-".join(re.findall("[a-z0-9]+", title.lower()))


def check_unique(
    what: str, column: str, stored: Iterable[tuple[str, str | None]], wanted: Iterable[tuple[str, str | None]]
) -> None:
    """Refuse a value that another row has, even if the same call would free it; rows are ids and values."""
    owners: dict[str | None, str] = {value: key for key, value in stored}
    for key, value in wanted:
        if value is not None and owners.setdefault(value, key) != key:
            raise already_exists(what, **{column: value})


def check_new_id(state: State, what: str, new_id: str, stored: Container[str]) -> None:
    """Refuse the id of another row, even of a deleted one."""
    if new_id in stored or new_id in state.deleted_ids:
        raise already_exists(what, id=new_id)


def ids_of(bodies: Iterable[Mapping[str, Any]]) -> list[str]:
    """The ids without duplicates."""
    return list(dict.fromkeys(body["id"] for body in bodies))
