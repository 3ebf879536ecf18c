"""Matches the variants of a stored product with those that the source wants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from msgspec import Struct, structs

from medusa_sync.core.change import Change
from medusa_sync.core.fields import UNIQUE
from medusa_sync.core.kinds.options import DEFAULT, OPTION
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredProduct, DesiredVariant
from medusa_sync.core.product_options import NO_PLAN, OptionPlan, match_options
from medusa_sync.core.record import NO_RECORD, ONLY, Record
from medusa_sync.core.remembered import remember
from medusa_sync.core.stored import StoredOption, StoredProduct, StoredVariant
from medusa_sync.core.value import Value
from medusa_sync.errors import ProductFailedError

T = TypeVar("T")

FieldsByKey = Mapping[str, Mapping[str, Value]]
"""The fields of variants, as `remember` gives them, by key of the variant."""


class Matches(Struct, frozen=True):
    """The variants of a stored product.

    Attributes:
        stored: by the key of the desired variant; None if there is none.
        former: the keys under which the record has variants, by the key that they get.
        dropped: the variants in the record that the source no longer has, by key, if the store has them.
    """

    stored: Mapping[str, StoredVariant | None]
    former: Mapping[str, str]
    dropped: Mapping[str, StoredVariant]


def match_variants(
    desired: DesiredProduct,
    stored: StoredProduct,
    record: Record,
    options: OptionPlan = NO_PLAN,
    *,
    adopt: bool = False,
) -> Matches:
    """Decide which stored variant is which.

    a variant of the source                         is the first stored one with
    ----------------------------------------------  ----------------------------------------------------------
    whose key the record has, with an id            that id
    whose key the record has, without an id: an     the values that were sent, else those that were applied
    interrupted run may have created it
    that has another key than before                its values, if its key in the record is gone
    of a product that got variants, or lost them    the only key that is gone, if it or the new one is `ONLY`
    that the record, maybe of another store, lacks  its values
    the only one of an adopted product              the lowest id

    "Values" are the SKU, else the barcode, else all option values. A unique value that several variants want
    is no evidence.
    """
    recorded, wanted = record.variants, _remembered(desired.variants)
    repeated = _repeated(wanted)
    free = {variant.id: variant for variant in sorted(stored.variants, key=lambda variant: variant.id)}
    owned = _owned(record, free, options, repeated)
    found = {key: owned.pop(key) for key in wanted if key in owned}
    new = {key: wanted[key] for key in wanted if key not in recorded}
    former = _former_keys(new, owned, options, repeated) if new and owned else {}
    found |= {key: owned.pop(old) for key, old in former.items()}
    left = {key: wanted[key] for key in wanted if key not in found}
    if left and (desired.options or _may_have_only(record)):  # else the merchant has deleted it
        found |= _taken(left, free, options, repeated)
    if adopt and free and not (desired.options or found):
        found[ONLY] = next(iter(free.values()))
    return Matches({key: found.get(key) for key in wanted}, former, owned)


def lacked(desired: DesiredProduct, stored: StoredProduct) -> set[str]:
    """The ids of the variants of ours that a product of the source lacks; none if it cannot be stored."""
    record = stored.record or NO_RECORD
    try:
        options = match_options(desired, stored, record, on_conflict=OnConflict.SOURCE, restore=False)
        return {each.id for each in match_variants(desired, stored, record, options).dropped.values()}
    except ProductFailedError:
        return set()


def _may_have_only(record: Record) -> bool:
    """Whether a variant that the record has no id of may be the only one of the product."""
    return record is NO_RECORD or (ONLY in record.variants and not record.variants[ONLY].id)


def _repeated(wanted: FieldsByKey) -> set[tuple[str, Value]]:
    """The unique values that several variants want: they do not tell variants apart."""
    counts = Counter((name, fields.get(name)) for fields in wanted.values() for name in UNIQUE)
    return {each for each, count in counts.items() if count > 1}


def _owned(
    record: Record,
    free: dict[str, StoredVariant],
    options: OptionPlan,
    repeated: Collection[tuple[str, Value]],
) -> dict[str, StoredVariant]:
    """Take the variants that the record has out of `free`; returns them by key, dropped ones last."""
    recorded = record.variants
    owned = {key: free.pop(known) for key, known in record.variant_ids.items() if known in free}
    unnamed = [key for key, entry in recorded.items() if not entry.id and key not in owned]
    if unnamed:
        for known in (fields_with_pending(record), {key: entry.fields for key, entry in recorded.items()}):
            left = {key: _renamed(known[key], options) for key in unnamed if key not in owned}
            owned |= _taken(left, free, options, repeated)
    return dict(sorted(owned.items(), key=lambda each: (recorded[each[0]].dropped is not None, each[1].id)))


def _taken(
    wanted: FieldsByKey,
    free: dict[str, StoredVariant],
    options: OptionPlan,
    repeated: Collection[tuple[str, Value]],
) -> dict[str, StoredVariant]:
    """Take the variants with the wanted values out of `free`; returns them by wanted key."""
    return {key: free.pop(found) for key, found in _same(wanted, free, options, repeated).items()}


def fields_with_pending(record: Record) -> dict[str, dict[str, Value]]:
    """The fields of the variants, by key, if the pending write of a product arrives completely."""
    fields = {key: entry.fields for key, entry in record.variants.items()}
    for key, pending in record.pending_values.items():
        latest = {**fields.get(key, {}), **{name: values[-1] for name, values in pending.items() if values}}
        fields[key] = {name: value for name, value in latest.items() if value is not None}
    return fields


def by_key(
    change: Change, stored: Iterable[StoredVariant], options: Iterable[StoredOption]
) -> dict[str, StoredVariant]:
    """The variants that a product has after a change, by key of the desired variant."""
    by_title = {each.title: each for each in options}
    plan = OptionPlan({name: by_title.get(change.options.title(name)) for name in change.options.stored})
    product = structs.replace(change.stored, variants=tuple(stored))
    found = match_variants(change.desired, product, change.record, plan).stored
    return {key: each for key, each in found.items() if each is not None}


def _remembered(variants: Iterable[DesiredVariant]) -> FieldsByKey:
    return {each.key: {name: remember(value) for name, value in each.fields.items()} for each in variants}


def _former_keys(
    new: FieldsByKey,
    owned: Mapping[str, StoredVariant],
    options: OptionPlan,
    repeated: Collection[tuple[str, Value]],
) -> dict[str, str]:
    """The keys in the record of stored variants that have another key at the source now, by that key."""
    former = _same(new, owned, options, repeated)
    taken = set(former.values())
    key = next((each for each in new if each not in former), None)
    old = next((each for each in owned if each not in taken and ONLY in {key, each}), None)
    if key is not None and old is not None:  # a product without variants has got some, or has lost them
        former[key] = old
    return former


def _same(
    wanted: FieldsByKey,
    among: Mapping[str, StoredVariant],
    options: OptionPlan,
    repeated: Collection[tuple[str, Value]],
) -> dict[str, str]:
    """The keys of stored variants with the same SKU or barcode, else the same option values, by wanted key.

    Unique values that several variants want are ignored.
    """
    index: dict[object, str] = {}
    for stored_key in reversed(list(among)):
        stored = among[stored_key]
        for name in UNIQUE:
            value = name, remember(getattr(stored, name))
            if value[1] and value not in repeated:
                index[value] = stored_key
        current = tuple(remember(stored.value_of(option_id)) for option_id in options.ids.values())
        if current and None not in current:
            index[OPTION, current] = stored_key
        if any(each.value == DEFAULT for each in stored.options):
            index[OPTION, ONLY] = stored_key

    def identity(name: str, key: str, fields: Mapping[str, Value]) -> object:
        if name != OPTION:
            return name, fields.get(name)
        return name, ONLY if key == ONLY else tuple(fields.get(f"{OPTION}{name}") for name in options.ids)

    found: dict[str, str] = {}
    left = set(among)
    for name in (*UNIQUE, OPTION):
        for key, fields in wanted.items():
            match = index.get(identity(name, key, fields))
            if key not in found and match in left:
                found[key] = match
                left.remove(match)
    return found


def _renamed(fields: Mapping[str, T], options: OptionPlan) -> dict[str, T]:
    """Fields with the names that options have now."""
    names = {f"{OPTION}{old}": f"{OPTION}{new}" for old, new in options.former.items()}
    return {names.get(name, name): value for name, value in fields.items()}
