"""What a store has besides products, as far as a sync reads it."""

from __future__ import annotations

from msgspec import Struct

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # of ids, which are ULIDs
_OF_TIME = 10  # the first letters of an id are the milliseconds since 1970


class Entity(Struct, frozen=True):
    """Something that is known by its id, such as the sales channel of a product."""

    id: str


class NamedEntity(Entity, frozen=True):
    """Something that has a name, such as a shipping profile."""

    name: str = ""


def made_at(own_id: str) -> float:
    """When something got its id, in seconds since 1970; 0 if the id does not show it."""
    letters = own_id.rpartition("_")[2][:_OF_TIME]
    if len(letters) < _OF_TIME or not {*letters} <= {*ALPHABET}:
        return 0
    return int("".join(f"{ALPHABET.index(each):05b}" for each in letters), 2) / 1000
