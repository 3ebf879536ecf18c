"""Matches the variants of a stored product with those that the source wants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from msgspec import Struct, structs

from medusa_sync.core.change import Change
from medusa_sync.core.fields import TITLE, UNIQUE
from medusa_sync.core.kinds.options import OPTION
from medusa_sync.core.kinds.prices import PRICE, is_price, price_field, price_key
from medusa_sync.core.kinds.sales import OTHER_SALE, SALE
from medusa_sync.core.kinds.stock import OTHER_STOCK, SHARED, location_of, stock_of
from medusa_sync.core.product import DesiredProduct, DesiredVariant, Value
from medusa_sync.core.product_options import DEFAULT, OptionPlan
from medusa_sync.core.record import NO_RECORD, ONLY, AppliedOption, Record, remember
from medusa_sync.core.stored import StoredOption, StoredProduct, StoredVariant

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
    options: OptionPlan,
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
    recorded = record.variants
    wanted = _remembered(desired.variants)
    counts = Counter((name, fields.get(name)) for fields in wanted.values() for name in UNIQUE)
    repeated = {each for each, count in counts.items() if count > 1}  # they do not tell variants apart
    free = {variant.id: variant for variant in sorted(stored.variants, key=lambda variant: variant.id)}

    def take(fields: FieldsByKey) -> dict[str, StoredVariant]:
        return {key: free.pop(found) for key, found in _same(fields, free, options, repeated).items()}

    owned = {key: free.pop(known) for key, known in record.variant_ids.items() if known in free}
    unnamed = [key for key, entry in recorded.items() if not entry.id and key not in owned]
    if unnamed:
        for known in (fields_with_pending(record), {key: entry.fields for key, entry in recorded.items()}):
            owned |= take({key: _renamed(known[key], options) for key in unnamed if key not in owned})
    owned = dict(sorted(owned.items(), key=lambda each: (recorded[each[0]].dropped is not None, each[1].id)))
    found = {key: owned.pop(key) for key in wanted if key in owned}
    new = {key: wanted[key] for key in wanted if key not in recorded}
    former = _former_keys(new, owned, options, repeated) if new and owned else {}
    found |= {key: owned.pop(old) for key, old in former.items()}
    left = {key: wanted[key] for key in wanted if key not in found}
    if left and (
        desired.options or record is NO_RECORD or ONLY in unnamed
    ):  # else the merchant has deleted it
        found |= take(left)
    if adopt and free and not (desired.options or found):
        found[ONLY] = next(iter(free.values()))
    return Matches({key: found.get(key) for key in wanted}, former, owned)


def fields_with_pending(record: Record) -> dict[str, dict[str, Value]]:
    """The fields of the variants, by key, if the pending write of a product arrives completely."""
    fields = {key: entry.fields for key, entry in record.variants.items()}
    for key, pending in record.pending_values.items():
        latest = {**fields.get(key, {}), **{name: values[-1] for name, values in pending.items() if values}}
        fields[key] = {name: value for name, value in latest.items() if value is not None}
    return fields


def by_key(
    change: Change, written: Iterable[StoredVariant], options: Iterable[StoredOption]
) -> dict[str, StoredVariant]:
    """The variants that a product has after a change, by key of the desired variant."""
    by_title = {each.title: each for each in options}
    plan = OptionPlan({name: by_title.get(change.options.title(name)) for name in change.options.stored})
    product = structs.replace(change.stored, variants=tuple(written))
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


def _located(
    fields: Mapping[str, T],
    wanted: Mapping[str, Value],
    before: Mapping[str, str],
    now: Mapping[str, str],
) -> dict[str, T]:
    """Recorded fields of a variant, with the names that its stock locations have among the wanted ones.

    Args:
        fields: that were recorded.
        wanted: the fields that the source wants.
        before: ids of locations by their names in the record.
        now: their ids by the names that the source uses; a name that the store lacks is that of the record.
    """

    def name_of(name: str) -> str:
        own = ids.get(location_of(name), "")
        return names.get(own) or (f"{OTHER_STOCK}{own}" if name in wanted else name)

    ids, latest = {**now, **before}, {**before, **now}
    names = {latest.get(location_of(each)): each for each in stock_of(wanted)}
    stock = stock_of(fields)
    return {
        name_of(name) if name in stock and not _is_shared(value) else name: value
        for name, value in fields.items()
    }


def _is_shared(value: object) -> bool:
    """Whether a recorded stock is that of the product, which has no location."""
    return value == SHARED or (isinstance(value, tuple) and SHARED in value)


def rebased(record: Record, desired: DesiredProduct, options: OptionPlan, matches: Matches) -> Record:
    """The record with the keys, names and currency that the source uses now, and the ids that were found.

    A price has the name that the source uses now for the same currency, region and quantities, and stock that
    of its location. After a change of the currency, the price in the old one is forgotten, unless the source
    still has it as another price. A sale price in the old one is kept: it has to be removed.
    """
    old, new, pending = record.currency, desired.currency, record.pending
    is_converted = old not in {"", new}
    before = {name: own for name, own in record.locations.items() if name}
    has_named = bool(before or desired.locations.keys() - {""})
    known_ids = [*(each.id for each in record.options), *(each.id for each in record.variants.values())]
    lacks_ids = pending is not None and not all(known_ids)
    renames = is_converted or has_named or matches.former or options.former or desired.regions
    if record is NO_RECORD or not (renames or lacks_ids):
        return record
    ids = {option.title: option.id for option in options.removed} | options.ids
    found = {key: each.id for key, each in {**matches.stored, **matches.dropped}.items() if each is not None}
    keys = {former: key for key, former in matches.former.items()}
    wanted = {each.key: each.fields for each in desired.variants}
    sales = {SALE: f"{OTHER_SALE}{old}", f"{OTHER_SALE}{new}": SALE} if is_converted else {}

    def now(key: str, fields: Mapping[str, T]) -> dict[str, T]:
        fields = _renamed(fields, options)
        if has_named and (own := wanted.get(keys.get(key, key))):
            fields = _located(fields, own, before, desired.locations)
        if not (is_converted or desired.regions):
            return fields
        prices = list(filter(is_price, wanted.get(keys.get(key, key), ())))
        names = {price_key(name, new, desired.regions): name for name in prices}
        called = {name: sales.get(name, name) for name in fields}
        for name in filter(is_price, fields):
            price = price_key(name, old or new, {**desired.regions, **record.regions})
            otherwise = price_field(price) if name in prices else name  # that of another region now
            called[name] = names.get(price, "" if is_converted and name == PRICE else otherwise)
        return {called[name]: value for name, value in fields.items() if called[name]}

    variants = {}
    for key, entry in record.variants.items():
        fields = entry.fields
        if key == ONLY and desired.options:  # what `creation_body` sends for such a product
            fields = {TITLE: DEFAULT, f"{OPTION}{DEFAULT}": DEFAULT, **fields}
        new_key = keys.get(key, key)
        known_id = entry.id or found.get(new_key, "")
        variants[new_key] = structs.replace(entry, id=known_id, fields=now(key, fields))

    def located(fields: Mapping[str, T]) -> dict[str, T]:
        return _located(fields, desired.fields, before, desired.locations)

    names_now = ((options.former.get(each.name, each.name), each.id) for each in record.options)
    return structs.replace(
        record,
        fields=located(record.fields) if has_named else record.fields,
        options=tuple(AppliedOption(name, option_id or ids.get(name, "")) for name, option_id in names_now),
        variants=variants,
        currency=new if is_converted else old,
        pending=pending
        and structs.replace(
            pending,
            variants={keys.get(key, key): now(key, values) for key, values in pending.variants.items()},
            currency=new if is_converted else pending.currency,
            fields=located(pending.fields) if has_named else pending.fields,
        ),
    )
