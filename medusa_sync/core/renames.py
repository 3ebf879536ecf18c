"""Gives the record of a product the keys and names that the source uses now, found by what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from msgspec import Struct, structs

from medusa_sync.core.fields import FIELDS, TITLE, VARIANT_FIELDS, Fields
from medusa_sync.core.kinds.base import Meanings
from medusa_sync.core.kinds.options import DEFAULT, OPTION, AppliedOption
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.product_options import OptionPlan
from medusa_sync.core.record import NO_RECORD, ONLY, Pending, Record, VariantRecord
from medusa_sync.core.value import Value
from medusa_sync.core.variants import Matches

T = TypeVar("T")


class _Both(Struct, frozen=True):
    """What names meant to the record, and what they mean to the source."""

    before: Meanings
    now: Meanings

    def names(self, table: Fields, fields: Mapping[str, T], wanted: Mapping[str, Value]) -> dict[str, T]:
        """Recorded fields with the names that the source uses now, without those that are forgotten.

        A dropped variant may still have the value of an option that was removed, whose name another one gets.
        """
        called: dict[str, str] = {}
        for kind in table.kinds:
            called |= kind.renamed(fields, wanted, self.before, self.now)
        names = {old: called.get(old, old) for old in fields}
        given = {name for old, name in names.items() if name != old}
        kept = ((old, name) for old, name in names.items() if name != old or name not in given)
        return {name: fields[old] for old, name in kept if name}


def _meanings(record: Record, desired: DesiredProduct, options: OptionPlan) -> _Both:
    """The default location is that of the source; a name that the store lacks means what the record says."""
    located = {name: own for name, own in record.locations.items() if name}
    ids = options.ids
    return _Both(
        Meanings(
            record.currency or desired.currency,
            {**desired.regions, **record.regions},
            {**desired.locations, **located},
            {old: ids[new] for old, new in options.former.items()},
        ),
        Meanings(desired.currency, desired.regions, {**located, **desired.locations}, ids),
    )


def named_now(record: Record, desired: DesiredProduct, options: OptionPlan, matches: Matches) -> Record:
    """The record with the keys, names and currency that the source uses now, and the ids that were found."""
    # An interrupted write may have created what the record has no id of.
    may_lack_ids = record.pending is not None and record.lacks_ids
    if record is NO_RECORD or not (_has_other_names(record, desired, options, matches) or may_lack_ids):
        return record
    meanings = _meanings(record, desired, options)
    keys = {former: key for key, former in matches.former.items()}
    wanted = {each.key: each.fields for each in desired.variants}

    def own(fields: Mapping[str, T]) -> dict[str, T]:
        return meanings.names(FIELDS, fields, desired.fields)

    def of_variant(key: str, fields: Mapping[str, T]) -> dict[str, T]:
        return meanings.names(VARIANT_FIELDS, fields, wanted.get(key, {}))

    def noted(pending: Pending) -> Pending:
        variants = {keys.get(key, key): values for key, values in pending.variants.items()}
        return structs.replace(
            pending,
            variants={key: of_variant(key, values) for key, values in variants.items()},
            currency=desired.currency if is_converted else pending.currency,
            fields=own(pending.fields),
        )

    is_converted = record.currency not in {"", desired.currency}
    entries = {keys.get(key, key): _whole(key, entry, desired) for key, entry in record.variants.items()}
    found = {key: each.id for key, each in {**matches.stored, **matches.dropped}.items() if each is not None}
    return structs.replace(
        record,
        fields=own(record.fields),
        options=_options_now(record, options),
        variants={
            key: structs.replace(
                entry, id=entry.id or found.get(key, ""), fields=of_variant(key, entry.fields)
            )
            for key, entry in entries.items()
        },
        currency=desired.currency if is_converted else record.currency,
        pending=record.pending and noted(record.pending),
    )


def _has_other_names(record: Record, desired: DesiredProduct, options: OptionPlan, matches: Matches) -> bool:
    """Whether names or keys may mean something else now."""
    is_converted = record.currency not in {"", desired.currency}
    located = {*record.locations, *desired.locations} - {""}
    return bool(is_converted or located or matches.former or options.former or desired.regions)


def _whole(key: str, entry: VariantRecord, desired: DesiredProduct) -> VariantRecord:
    """The entry of a variant, with what a body has for the only one of a product that has options now."""
    if key != ONLY or not desired.options:
        return entry
    return structs.replace(entry, fields={TITLE: DEFAULT, f"{OPTION}{DEFAULT}": DEFAULT, **entry.fields})


def _options_now(record: Record, options: OptionPlan) -> tuple[AppliedOption, ...]:
    ids = {option.title: option.id for option in options.removed} | options.ids
    names = ((options.former.get(each.name, each.name), each.id) for each in record.options)
    return tuple(AppliedOption(name, option_id or ids.get(name, "")) for name, option_id in names)
