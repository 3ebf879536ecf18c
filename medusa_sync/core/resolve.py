"""Gives products the ids of what their fields name in a store, or says why there is none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain

from msgspec import structs

from medusa_sync.core.fields import FIELDS, KINDS, kind_of
from medusa_sync.core.merge import merge_sets
from medusa_sync.core.names import Names, StoreNames
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import Record
from medusa_sync.core.value import members

Gains = Mapping[str, Collection[str]]
"""The members that sets get, by field."""

NAMING = {
    name: field.kind.names_members for name, field in FIELDS.items() if field.kind.names_members is not None
}
"""What members of sets name that only the merchant creates, by field."""

DECIDING = tuple(kind.decided_by for kind in KINDS if kind.decided_by is not None)
"""The names that decide which fields a store can have."""


def can_be_stored(name: str, names: StoreNames) -> bool:
    """Whether the store can have a field, as far as it is known what its name means."""
    return all(own in names.of(sort).ids for sort, own in kind_of(name).named_by(name) if names.has(sort))


def asked(product: DesiredProduct, records: Collection[Record], gains: Gains) -> Iterator[Names]:
    """What has to be known of the store to plan a product.

    Args:
        product: what the source wants.
        records: of what the store has of it.
        gains: the members that the source has added.
    """
    yield from (sort for name, sort in NAMING.items() if gains.get(name))
    yield from chain.from_iterable(kind.asks(product, records) for kind in KINDS)


def resolved(product: DesiredProduct, names: StoreNames) -> DesiredProduct:
    """What the source can want from a store, with the ids of what it names."""
    for kind in KINDS:
        product = kind.resolved(product, names)
    return with_members(product, names)


def with_members(product: DesiredProduct, names: StoreNames) -> DesiredProduct:
    """A product with the ids of what members of its sets name."""
    named = dict[str, dict[str, str]]()
    for name, sort in NAMING.items():
        find = names.of(sort).find
        named[name] = {each: own for each in members(product.fields.get(name)) if (own := find(each))}
    return structs.replace(product, named=named)


def refusal(product: DesiredProduct, gains: Gains, names: StoreNames, instead: str) -> str:
    """Why values of a resolved product cannot be written; empty if they can.

    Args:
        product: what is written.
        gains: the members that its sets get.
        names: what the store has.
        instead: what to do if the store shall not get a name that it lacks.
    """
    found = (kind.refusals(product, names, instead) for kind in KINDS)
    return next(chain.from_iterable(found), "") or refused_gain(gains, names, instead)


def refused_gain(gains: Gains, names: StoreNames, instead: str) -> str:
    """Why a product cannot get members of sets; empty if it can, or it is not known what they name."""
    for name, sort in NAMING.items():
        known = names.of(sort)
        for member in gains.get(name, ()) if names.has(sort) else ():
            if not known.find(member):
                return known.lacks(member, instead)
    return ""


def added_members(name: str, product: DesiredProduct, records: Iterable[Record]) -> tuple[str, ...]:
    """The members of a set that the source has added since a product was last written."""
    applied = tuple(member for each in records for member in members(each.fields.get(name)))
    return merge_sets(members(product.fields.get(name)), (), applied, applied, restore=False)
