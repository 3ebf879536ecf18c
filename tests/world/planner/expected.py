"""What a product holds after a plan: the table of the merge, without the code of the package."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

from msgspec import Struct

from medusa_sync.core.kinds.prices import is_price, price_key
from medusa_sync.core.kinds.rank import RANK
from medusa_sync.core.policy import ConflictPolicy, OnConflict
from medusa_sync.core.product import DesiredProduct, DesiredVariant
from tests.world.planner.source import LOCATIONS, REGIONS

Contents = Mapping[tuple[str, str], object]
"""Values by id of the variant, or "" for the product, and field."""

_SETS: Final = ("tags", "images", "categories", "sales_channels")
_SHARED: Final = "shared"
NO: Final = "no"
"""What the store has if nobody has said anything else; it shows nothing."""
SETTING: Final = ("status", "shipping_profile")
"""Of these, a setting decides if the source says nothing."""
ALWAYS: Final = ("allow_backorder", "discountable", *SETTING)
"""Of these, the store always has a value, so a source without one leaves it as it is."""


class Run(Struct, frozen=True):
    """The options of a run, as far as they decide about fields."""

    only: Collection[str] | None
    skip: Collection[str]
    policy: ConflictPolicy
    overwrite: bool

    def has(self, field: str) -> bool:
        name = _setting(field)
        return (self.only is None or name in self.only) and name not in self.skip

    def source_wins(self, field: str) -> bool:
        return self.policy.sides.get(_setting(field), self.policy.default) is OnConflict.SOURCE


def _setting(field: str) -> str:
    """What settings call a field."""
    name = field.partition(" ")[0].partition(".")[0]
    return {"sale": "price", "is": "stock", "option": "variants", "options": "variants"}.get(name, name)


def wanted(desired: DesiredProduct, ids: Mapping[str, str]) -> dict[tuple[str, str], object]:
    """What the source wants, by the ids of the variants that have some."""
    found = {("", name): value for name, value in _own(desired)}
    for each in desired.variants:
        if each.key in ids:
            found |= {(ids[each.key], name): value for name, value in of_variant(each, desired)}
    return held(found)


def _own(desired: DesiredProduct) -> Iterator[tuple[str, object]]:
    for name, value in desired.fields.items():
        if name in _SETS:
            yield name, frozenset(value or ()) if isinstance(value, tuple | None) else value
        elif isinstance(value, bool) and not name.startswith("metadata."):
            yield name, "yes" if value else NO
        elif name.partition(".")[0] != "stock":
            yield name, value


def of_variant(variant: DesiredVariant, desired: DesiredProduct) -> Iterator[tuple[str, object]]:
    fields = dict(variant.fields)
    if fields.get("stock") == _SHARED:
        del fields["stock"]
        fields |= {name: value for name, value in desired.fields.items() if _is_stock(name)}
    yield "is tracked", any(map(_is_stock, fields))
    for name, value in fields.items():
        if is_price(name):
            yield f"price {tuple(price_key(name, desired.currency, REGIONS))}", value
        elif name == "sale_price":
            yield f"sale {desired.currency}", value
        elif name == RANK:
            continue  # a check of its own
        elif _is_stock(name):
            yield f"stock {LOCATIONS[name.removeprefix('stock').removeprefix('.')]}", value
        elif isinstance(value, bool) and not name.startswith("metadata."):
            yield name, "yes" if value else NO
        else:
            yield name, value


def _is_stock(name: str) -> bool:
    return name.partition(".")[0] == "stock"


class Sides(NamedTuple):
    """One field: what the source wanted first and wants now, what the store held before and after edits."""

    first: object
    now: object
    before: object
    edited: object


def merged(field: str, sides: Sides, run: Run) -> object:
    """What a field holds after a plan."""
    first, now, before, edited = sides
    if not run.has(field) or (first is None and now is None) or (field in ALWAYS and now is None):
        return edited
    if field in _SETS:
        return _merged_set(field, sides, run)
    if field.startswith("stock "):
        return now if (now != first or run.overwrite) and now is not None else edited
    if edited == now or run.overwrite:
        return now
    if first == now:
        return edited
    is_ours = edited == before and not (field in SETTING and first is None)
    return now if is_ours or run.source_wins(field) else edited


def _merged_set(field: str, sides: Sides, run: Run) -> object:
    first, now, _, edited = (each if isinstance(each, frozenset) else frozenset() for each in sides)
    if field == "sales_channels" and not now:
        return edited or None  # a product in no channel cannot be sold
    added = now if run.overwrite else now - first
    return (edited - (first - now)) | added or None


def held(values: Contents) -> dict[tuple[str, str], object]:
    """The values without those that are the same as nothing."""
    return {
        key: value for key, value in values.items() if value not in (None, frozenset()) and value is not False
    }


def _shown(value: object) -> object:
    return None if value == NO else value


def differences(expected: Contents, found: Contents) -> dict[tuple[str, str], tuple[object, object]]:
    """What differs: the expected value and the one that was found."""
    return {
        key: (expected.get(key), found.get(key))
        for key in {**expected, **found}
        if _shown(expected.get(key)) != _shown(found.get(key))
    }
