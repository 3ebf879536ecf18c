"""What a store has besides products, as far as a sync reads it."""

from __future__ import annotations

from msgspec import Struct


class Entity(Struct, frozen=True):
    """Something that is known by its id, such as the sales channel of a product."""

    id: str


class NamedEntity(Entity, frozen=True):
    """A sales channel, shipping profile or stock location."""

    name: str = ""


class Channel(NamedEntity, frozen=True):
    """A sales channel with what customers need to buy in it.

    Attributes:
        stock_locations: that serve it; None if the store does not show them.
    """

    is_disabled: bool = False
    stock_locations: tuple[Entity | None, ...] | None = None  # None in it is a link to a deleted location


class Region(NamedEntity, frozen=True):
    """A region, in which customers pay in one currency."""

    currency_code: str = ""
