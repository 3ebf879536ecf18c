"""What a store has besides products, as far as a sync reads it."""

from __future__ import annotations

from msgspec import Struct


class Entity(Struct, frozen=True):
    """Something that is known by its id, such as the sales channel of a product."""

    id: str


class NamedEntity(Entity, frozen=True):
    """Something that has a name, such as a shipping profile."""

    name: str = ""
