"""Finds the variants and options of the source in a store, whatever has become of them."""

from collections.abc import Iterator, Mapping
from itertools import chain
from operator import itemgetter
from typing import Any

from tests.world.expected import Expected, ExpectedVariant
from tests.world.merging import UNIQUE, States
from tests.world.stored import Stored, StoredVariant
from tests.world.wanted import Value

Holders = Mapping[tuple[str, str], str]
"""The ids of variants by the unique field and the value that they have."""
NOBODY: Holders = {}
Others = list[tuple[Any, dict[str, str]]]


def options_of(expected: Expected, product: Stored) -> dict[int, str]:
    """The ids of options by their place at the source: known ones, then those that have a possible title."""
    found = {number: own for number, own in expected.options.items() if own in product.options}
    used = {own for each in product.variants.values() for own in each.values}
    known = sorted(product.options, key=lambda own: own in used)  # two runs may have created one twice
    number = 0
    while states := expected.states.get(f"options.{number}"):
        left = {product.options[own]: own for own in known if own not in found.values()}
        titles = [title for pair in sorted(states, key=str) for title in pair]  # applied ones first
        titles.sort(key=lambda title: title not in {applied for applied, _ in states})
        if number not in found and (title := next((each for each in titles if each in left), None)):
            found[number] = left[title]
        number += 1
    return found


def variants_of(expected: Expected, product: Stored, holders: Holders = NOBODY) -> dict[str, StoredVariant]:
    """The variants of the source by key: known ones, then those that differ least from what is possible."""
    left = dict(product.variants)
    found = {key: left.pop(each.store_id) for key, each in expected.variants.items() if each.store_id in left}
    options = options_of(expected, product)
    pairs: list[tuple[int, str, str]] = []
    for key, each in expected.variants.items():
        parts = [*each.parts] if each.store_id is None else [each.if_created or each]
        for own, stored in left.items() if key not in found else ():
            possible = [part for part in parts if _is_possible(part, stored, options, holders)]
            differences = [_distance(part, stored, options, holders) for part in possible]
            pairs += [(min(differences), key, own)] if differences else []
    for _, key, own in sorted(pairs, key=itemgetter(0)):
        if key not in found and own in left:
            found[key] = left.pop(own)
    return found


def _distance(
    expected: ExpectedVariant, stored: StoredVariant, options: Mapping[int, str], holders: Holders
) -> int:
    """In how many fields a variant differs."""
    withheld = withheld_of(expected.states, stored, holders)
    states = {name: each for name, each in expected.states.items() if name not in withheld}
    return sum(1 for _ in wrong_of(states, held_by(stored, options)))


def others_than(found: Mapping[str, StoredVariant], product: Stored) -> Others:
    """Summaries of all variants that are not the source's, with their values by the ids of options."""
    ours = {each.id for each in found.values()}
    return [(each.summary, each.values) for own, each in product.variants.items() if own not in ours]


def as_left(others: Others, product: Stored) -> Others:
    """Without the values of options that the product no longer has."""
    return [(each, {own: values[own] for own in values if own in product.options}) for each, values in others]


def holders_in(stored: Mapping[str, Stored]) -> Holders:
    """The ids of the variants that have the SKUs and barcodes of the store."""
    return {
        (name, each.owned[name]): own
        for product in stored.values()
        for own, each in product.variants.items()
        for name in UNIQUE
        if each.owned[name] is not None
    }


def taken_from(states: States, stored: StoredVariant, holders: Holders) -> list[str]:
    """The fields of which another variant has the value, so that this one keeps or loses what it has."""
    return [
        name
        for name in UNIQUE
        if any(is_taken(name, value, stored, holders) for value in chain(*states.get(name, ())))
    ]


def is_taken(name: str, value: Value, stored: StoredVariant, holders: Holders) -> bool:
    """Whether another variant has this SKU or barcode."""
    return holders.get((name, value), stored.id) != stored.id


def withheld_of(states: States, stored: StoredVariant, holders: Holders) -> list[str]:
    """Those of these fields in which it has nothing else that is possible."""
    taken = taken_from(states, stored, holders)
    return [name for name in taken if stored.owned[name] not in {held for _, held in states[name]}]


def _is_possible(
    expected: ExpectedVariant, stored: StoredVariant, options: Mapping[int, str], holders: Holders
) -> bool:
    skus = expected.possible("sku")
    if stored.owned["sku"] in skus - {None}:
        return True
    is_free = all(holders.get(("sku", each), stored.id) == stored.id for each in skus)
    if is_free and skus != {None} and stored.owned["sku"] not in skus:
        return False  # else the SKU is withheld
    return all(
        stored.values.get(own) in possible
        for number, own in options.items()
        if (possible := expected.possible(f"option.{number}"))  # a dropped variant lacks later options
    )


def held_by(stored: StoredVariant, options: Mapping[int, str]) -> dict[str, Value]:
    """The fields of a stored variant."""
    return stored.owned | {f"option.{number}": stored.values.get(own) for number, own in options.items()}


def wrong_of(states: States, held: Mapping[str, Value]) -> Iterator[str]:
    for name, pairs in states.items():
        possible, value = [stored for _, stored in pairs], held.get(name)
        if value not in possible:
            yield f"{name} is {value!r}, expected {any_of(possible)}"


def any_of(values: list[Any]) -> str:
    return " or ".join(dict.fromkeys(map(repr, values)))
