"""Matches the variants of a stored product with those that the source wants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import product
from math import prod
from typing import TypeVar

from msgspec import Struct, structs

from medusa_sync.core.fields import (
    BARCODE,
    OPTION,
    OTHER_PRICE,
    PRICE,
    SALE,
    SKU,
    TITLE,
    VARIANT_FIELDS,
    Place,
)
from medusa_sync.core.options import DEFAULT, OptionPlan
from medusa_sync.core.product import DesiredProduct, DesiredVariant, Value
from medusa_sync.core.record import ONLY, AppliedOption, History, Record, Step, VariantRecord, remember
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.view import variant_value

T = TypeVar("T")

_FEW = 64  # combinations of option values that are looked up one by one
_CREATED_TOGETHER_S = 60  # between a product and its first variant; a batch takes a few seconds


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
    record: Record | None,
    options: OptionPlan,
    *,
    adopt: bool = False,
) -> Matches:
    """Decide which stored variant is which.

    The record names it. If the source gave a variant another key, the variant has the same SKU or the same
    option values as before. A variant that is not in the record may be one that an interrupted run created,
    even if the source has dropped it since: it has our SKU or barcode, or our option values.

    Args:
        desired: what the source wants.
        stored: the product.
        record: what was last applied; None if nothing is known.
        options: of the product.
        adopt: the product is taken over.
    """
    recorded = record.variants if record else {}
    # Ids are ULIDs, so they sort by age.
    free = {variant.id: variant for variant in sorted(stored.variants, key=lambda variant: variant.id)}
    owned = _owned(desired, stored, free, record, options)
    found = {variant.key: owned.pop(variant.key, None) for variant in desired.variants}
    new = [each for each in desired.variants if each.key not in recorded]
    former = _former_keys(new, owned, options, _repeated(desired, SKU))
    found |= {new: owned.pop(old) for new, old in former.items()}
    unknown = [
        variant
        for variant in desired.variants
        if found[variant.key] is None
        and not recorded.get(variant.key, VariantRecord()).id
        and _may_be_ours(variant, record)
    ]
    wanted = {variant.key: variant.fields for variant in unknown}
    found |= _take_unrecorded(wanted, desired, free, record, options)
    if len(desired.variants) == 1 and not desired.options:
        for variant in unknown:
            ours = None if found[variant.key] else _only(stored, free, adopt=adopt)
            if ours is not None:
                found[variant.key] = free.pop(ours.id)
    _take_the_same(found, desired, free, options)
    return Matches(found, former, owned)


def _take_the_same(
    found: dict[str, StoredVariant | None],
    desired: DesiredProduct,
    free: dict[str, StoredVariant],
    options: OptionPlan,
) -> None:
    """Take variants that are what the source wants, although the record says something else.

    The record may be that of another store, or older than the product, and Medusa does not store a second
    variant with the same SKU or option values.
    """
    if not desired.options:
        return
    left = [variant for variant in desired.variants if found[variant.key] is None]
    ways: tuple[tuple[Callable[[StoredVariant], object], Callable[[DesiredVariant], object]], ...] = (
        (lambda each: each.sku, lambda variant: variant.fields.get(SKU)),
        (lambda each: _held_values(each, options), lambda variant: _wanted_values(variant, options)),
    )
    repeated = _repeated(desired, SKU)
    for value_of, wanted_by in ways:
        same = {value: each for each in free.values() if (value := value_of(each)) and value not in repeated}
        for variant in left:
            match = same.get(wanted_by(variant))
            if match is not None and found[variant.key] is None and match.id in free:
                found[variant.key] = free.pop(match.id)


def _owned(
    desired: DesiredProduct,
    stored: StoredProduct,
    free: dict[str, StoredVariant],
    record: Record | None,
    options: OptionPlan,
) -> dict[str, StoredVariant]:
    """Take the variants in the record from `free`, by their keys there, the dropped ones last."""
    recorded = record.variants if record else {}
    owned = {key: free.pop(entry.id) for key, entry in recorded.items() if entry.id in free}
    unknown: dict[str, Mapping[str, Value]] = {key: {} for key, entry in recorded.items() if not entry.id}
    owned |= _take_unrecorded(unknown, desired, free, record, options)
    is_wanted = any(variant.key == ONLY for variant in desired.variants)
    if ONLY in unknown and ONLY not in owned and not is_wanted:
        ours = _only(stored, free, adopt=False)
        if ours is not None:
            owned[ONLY] = free.pop(ours.id)
    return dict(sorted(owned.items(), key=lambda each: (recorded[each[0]].dropped is not None, each[1].id)))


def _may_be_ours(variant: DesiredVariant, record: Record | None) -> bool:
    """Whether the store may have a variant of ours that the record does not name."""
    if record is None or variant.key in record.variants:
        return True
    pending = record.pending
    return pending is not None and (pending.step is Step.CREATION or variant.key in pending.variants)


def _repeated(desired: DesiredProduct, name: str) -> set[Value]:
    """The values of a field that several variants want, so that they do not tell them apart."""
    counts = Counter(variant.fields.get(name) for variant in desired.variants)
    return {value for value, count in counts.items() if count > 1}


def _former_keys(
    new: Sequence[DesiredVariant],
    owned: Mapping[str, StoredVariant],
    options: OptionPlan,
    repeated: Collection[Value],
) -> dict[str, str]:
    """The keys in the record of variants that have another key at the source now, by that key.

    Args:
        new: variants that the record does not have.
        owned: the stored variants in the record, by their keys there.
        options: of the product.
        repeated: SKUs that several variants want.
    """
    left = dict(owned)
    former: dict[str, str] = {}
    by_sku: dict[Value, str] = {
        stored.sku: key for key, stored in reversed(left.items()) if stored.sku and stored.sku not in repeated
    }
    by_values = {_held_values(stored, options): key for key, stored in reversed(left.items())}
    partial = {key: held for held, key in by_values.items() if None in held}

    def same_values(variant: DesiredVariant) -> str | None:
        wanted = _wanted_values(variant, options)
        fitting = (key for key, held in partial.items() if _fits(held, [{value} for value in wanted]))
        return by_values.get(wanted) or next(fitting, None)

    ways: tuple[Callable[[DesiredVariant], str | None], ...] = (
        lambda variant: by_sku.get(variant.fields.get(SKU)),
        same_values,
        lambda variant: next((key for key in left if ONLY in {variant.key, key}), None),
    )
    for known in ways:
        for variant in new:
            old = None if variant.key in former else known(variant)
            if old is not None and old in left:
                former[variant.key] = old
                del left[old]
    return former


def _wanted_values(variant: DesiredVariant, options: OptionPlan) -> tuple[Value, ...]:
    """The option values of a desired variant, as far as its options exist."""
    default = DEFAULT if variant.key == ONLY else None
    return tuple(variant.fields.get(f"{OPTION}{name}", default) for name in options.ids)


def _held_values(stored: StoredVariant, options: OptionPlan) -> tuple[Value, ...]:
    """The values of a stored variant for the same options."""
    return tuple(stored.value_of(option_id) for option_id in options.ids.values())


def _fits(held: tuple[Value, ...], values: Sequence[Collection[Value]]) -> bool:
    """Whether a variant has one of the values for each option that it has a value for."""
    pairs = [(value, known) for value, known in zip(held, values, strict=True) if value is not None]
    return bool(pairs) and all(value in known for value, known in pairs)


def _take_unrecorded(
    wanted: Mapping[str, Mapping[str, Value]],
    desired: DesiredProduct,
    free: dict[str, StoredVariant],
    record: Record | None,
    options: OptionPlan,
) -> dict[str, StoredVariant]:
    """Take the variants that have a value that is wanted or may have been sent, by key.

    First those with the SKU, then those with the barcode, then those with all option values. A variant that
    the store had before the last write is the merchant's.

    Args:
        wanted: fields of variants without an id in the record, by key.
        desired: what the source wants.
        free: the variants that are not taken; what is found is removed.
        record: what was last applied; None if nothing is known.
        options: of the product.
    """
    newest = record.pending.newest if record and record.pending else ""
    candidates = [each for each in free.values() if each.id > newest]

    repeated = {name: set(map(remember, _repeated(desired, name))) for name in (SKU, BARCODE)}

    def ours(key: str, name: str) -> set[Value]:
        history = record.variant_history(key, name, desired.currency) if record else History(None)
        values = {remember(wanted[key].get(name)), history.applied, *history.sent}
        return values - {None} - repeated.get(name, set())

    def option_values(key: str) -> Iterable[tuple[Value, ...]]:
        values = {option_id: ours(key, f"{OPTION}{name}") for name, option_id in options.ids.items()}
        for old, name in options.former.items():
            values[options.ids[name]] |= ours(key, f"{OPTION}{old}")
        is_few = prod(map(len, values.values())) <= _FEW
        yield from product(*values.values()) if values and is_few else ()
        left = partial if is_few else map(held_values, candidates)
        yield from (held for held in left if _fits(held, list(values.values())))

    def held_values(variant: StoredVariant) -> tuple[Value, ...]:
        return tuple(map(remember, _held_values(variant, options)))

    partial = [held for held in map(held_values, candidates) if None in held]  # an option may be new
    ways: list[tuple[Callable[[StoredVariant], object], Callable[[str], Iterable[object]]]] = [
        (lambda each: remember(each.sku), lambda key: ours(key, SKU)),
        (lambda each: remember(each.barcode), lambda key: ours(key, BARCODE)),
        (held_values, option_values),
    ]
    found: dict[str, StoredVariant] = {}
    for value_of, values_of in ways:
        index = {value_of(each): each for each in reversed(candidates) if each.id in free}
        for key in wanted:
            if key in found:
                continue
            match = next((index[value] for value in values_of(key) if value in index), None)
            if match is not None and match.id in free:
                found[key] = free.pop(match.id)
    return found


def _only(stored: StoredProduct, free: Mapping[str, StoredVariant], *, adopt: bool) -> StoredVariant | None:
    """The variant of a product without variants at the source, if nothing else shows it."""
    if adopt:
        return next(iter(free.values()), None)
    return next((each for each in free.values() if _created_together(stored, each)), None)


def _created_together(stored: StoredProduct, variant: StoredVariant) -> bool:
    if not stored.created_at or not variant.created_at:
        return False
    between = datetime.fromisoformat(variant.created_at) - datetime.fromisoformat(stored.created_at)
    return abs(between.total_seconds()) <= _CREATED_TOGETHER_S


def held_value(
    stored: StoredVariant, name: str, options: OptionPlan, currency: str, location_id: str | None
) -> Value:
    """The stored value of a field of a variant; None if there is none.

    Args:
        stored: the variant.
        name: of the field.
        options: of the product.
        currency: of the field `price`.
        location_id: where the stock is; None if the store keeps none.
    """
    if VARIANT_FIELDS[name].place is not Place.OPTION:
        return variant_value(stored, name, currency, location_id)
    option_id = options.ids.get(name.removeprefix(OPTION))
    return stored.value_of(option_id) if option_id else None


def rebased(record: Record, desired: DesiredProduct, options: OptionPlan, matches: Matches) -> Record:
    """The record with the keys, names and currency that the source uses now, and the ids that were found."""
    record = _in_currency(record, desired)
    if not (matches.former or options.former or record.pending):
        return record
    ids = options.ids
    found = {key: each.id for key, each in {**matches.stored, **matches.dropped}.items() if each is not None}
    keys = {old: new for new, old in matches.former.items()}
    names = {f"{OPTION}{old}": f"{OPTION}{new}" for old, new in options.former.items()}
    variants = {}
    for key, entry in record.variants.items():
        fields = entry.fields
        if key == ONLY and desired.options:  # what `create_body` sends for such a product
            fields = {TITLE: DEFAULT, f"{OPTION}{DEFAULT}": DEFAULT, **fields}
        fields = {names.get(name, name): value for name, value in fields.items()}
        now = keys.get(key, key)
        variants[now] = structs.replace(entry, id=entry.id or found.get(now, ""), fields=fields)
    pending = record.pending and structs.replace(
        record.pending,
        variants={
            keys.get(key, key): {names.get(name, name): values for name, values in sent.items()}
            for key, sent in record.pending.variants.items()
        },
    )
    names_now = ((options.former.get(each.name, each.name), each.id) for each in record.options)
    known = tuple(AppliedOption(name, own or ids.get(name, "")) for name, own in names_now)
    return structs.replace(record, options=known, variants=variants, pending=pending)


def _in_currency(record: Record, desired: DesiredProduct) -> Record:
    """The record with the fields that its prices have after a change of the currency.

    The price in the old currency is forgotten, unless the source still has it as another price.
    """
    old, new = record.currency, desired.currency
    if old in {"", new}:
        return record
    kept = {each.key for each in desired.variants if f"{OTHER_PRICE}{old}" in each.fields}

    def renamed(key: str, fields: Mapping[str, T]) -> dict[str, T]:
        names = {PRICE: f"{OTHER_PRICE}{old}", f"{OTHER_PRICE}{new}": PRICE}
        left_out = {SALE} if key in kept else {SALE, PRICE}
        return {names.get(name, name): value for name, value in fields.items() if name not in left_out}

    variants = {
        key: structs.replace(entry, fields=renamed(key, entry.fields))
        for key, entry in record.variants.items()
    }
    pending = record.pending and structs.replace(
        record.pending,
        variants={key: renamed(key, sent) for key, sent in record.pending.variants.items()},
        currency=new,
    )
    return structs.replace(record, variants=variants, pending=pending, currency=new)


def names_of(key: str, wanted: Iterable[str], record: Record | None) -> Iterable[str]:
    """The fields of a variant that the source has, or had when it was last applied or sent."""
    if record is None:
        return wanted
    entry, pending = record.variants.get(key), record.pending
    sent = pending.variants.get(key, {}) if pending else {}
    return dict.fromkeys([*wanted, *(entry.fields if entry else ()), *sent])
