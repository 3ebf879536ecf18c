"""The record in `metadata.medusa_sync` of a product: what was applied, and what is being sent."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct, structs

from medusa_sync.core import old_record
from medusa_sync.core.fields import FIELDS, PRICE, SALE
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.errors import ProductFailedError

RECORD_KEY = "medusa_sync"  # in the metadata of a product
VERSION = 3
ONLY = ""  # key of the only variant of a product without variants at the source
_IN_CURRENCY = frozenset({PRICE, SALE})  # amounts in the currency of the record
_KEPT = 8  # pending values of a field
_SHORT = 40  # characters; longer texts are kept as a digest
DIGEST = re.compile(r"#[0-9a-f]{12}")

Late = Mapping[str, Mapping[str, Collection[Value]]]
"""The values that fields of variants may get after the product row, by key of the variant and field."""


class Step(StrEnum):
    """The kind of write that is pending."""

    CREATION = "creation"
    ADOPTION = "adoption"
    UPDATE = "update"


class Dropped(StrEnum):
    """What happened to a variant that the source dropped."""

    KEPT = "kept"
    DRAFTED = "drafted"  # its stock was set to 0
    REMOVED = "removed"  # it may be deleted already


class Pending(Struct, frozen=True, omit_defaults=True):
    """What was sent and is not yet known to be complete.

    Attributes:
        variants: every value that may have arrived, the newest last, by key of the variant and field. Fields
            that commit with the product row are in the record instead.
        options: the titles that options may have, by id.
        currency: of the field `price`.
        at: when it was sent, in seconds since 1970.
        newest: id of the newest variant before the write; a variant that the write created has a higher one.
    """

    step: Step
    variants: dict[str, dict[str, tuple[Value, ...]]] = {}
    options: dict[str, tuple[str, ...]] = {}
    currency: str = ""
    at: int = 0
    newest: str = ""


class AppliedOption(Struct, frozen=True, array_like=True):
    """An option of a product.

    Attributes:
        name: that was applied.
        id: in the store; empty if it is not known.
    """

    name: str
    id: str


class VariantRecord(Struct, frozen=True, array_like=True, omit_defaults=True):
    """What was last applied to a variant. It is stored as an array, because there may be thousands.

    Attributes:
        id: in the store; empty if it is not known.
        fields: the last applied values by field, as `remember` gives them; None is left out.
        dropped: set if the source no longer has the variant.
    """

    id: str = ""
    fields: dict[str, Value] = {}
    dropped: Dropped | None = None


class History(Struct, frozen=True):
    """What was written to one field.

    Attributes:
        applied: the last applied value, as `remember` gives it.
        sent: the pending values.
        base: what the source wanted when the field was last sent.
    """

    applied: Value
    sent: tuple[Value, ...] = ()
    base: Value = None


class Record(Struct, frozen=True, omit_defaults=True, tag_field="version", tag=VERSION):
    """What this tool last applied to a product.

    Attributes:
        fields: the last applied values of the product by field, as `remember` gives them; None is left out.
        currency: of the field `price`.
        options: in the order of the source; empty for a product without variants at the source, whose option
            is not synced.
        variants: by the key of the source.
        drafted: this tool set the product to draft because the source no longer had it.
        pending: a write that may be incomplete; a product that has one is never up to date.
    """

    fields: dict[str, Value] = {}
    currency: str = ""
    options: tuple[AppliedOption, ...] = ()
    variants: dict[str, VariantRecord] = {}
    drafted: bool = False
    pending: Pending | None = None

    @property
    def option_ids(self) -> dict[str, str]:
        """Ids of options by the name that was applied."""
        return {option.name: option.id for option in self.options}

    def history(self, name: str) -> History:
        """What was written to a field of the product."""
        value = self.fields.get(name)
        return History(value, base=value)

    @property
    def has_sales(self) -> bool:
        """Whether a variant has, or may have, a sale price of ours."""
        pending = self.pending.variants.values() if self.pending else ()
        return any(SALE in each.fields for each in self.variants.values()) or any(
            SALE in each for each in pending
        )

    def variant_history(self, key: str, name: str, currency: str) -> History:
        """What was written to a field of a variant; nothing if it is a price in another currency."""
        variant, pending = self.variants.get(key), self.pending
        fields = variant.fields if variant else {}
        applied = fields.get(name) if name not in _IN_CURRENCY or self.currency == currency else None
        sent: tuple[Value, ...] = ()
        if pending is not None and (name not in _IN_CURRENCY or pending.currency == currency):
            sent = pending.variants.get(key, {}).get(name, ())
        return History(applied, sent, sent[-1] if sent and name not in fields else applied)

    @property
    def is_settled(self) -> bool:
        """Whether no write of this tool is left to be checked or undone."""
        return self.pending is None and not self.drafted

    def is_up_to_date(self, desired: DesiredProduct) -> bool:
        """Whether nothing is left to do for the product."""
        return self.is_settled and not self.differs_from(desired)

    def differs_from(self, desired: DesiredProduct) -> bool:
        """Whether the source changed something; a field that is absent from the record counts as None."""
        return _content(self) != _content(applied(desired))


AnyRecord = Record | old_record.Record2
"""A record of a version that has a number."""


def applied(
    desired: DesiredProduct,
    *,
    variants: Mapping[str, str] = {},
    options: Mapping[str, str] = {},
) -> Record:
    """The record of a product that is known to hold all desired values.

    Args:
        desired: what the source wants.
        variants: ids of its variants by key.
        options: ids of its options by name.
    """
    return Record(
        fields={name: remember(value) for name, value in desired.fields.items() if value is not None},
        currency=desired.currency,
        options=tuple(AppliedOption(name, options.get(name, "")) for name in desired.options),
        variants={
            each.key: VariantRecord(
                variants.get(each.key, ""), {name: remember(value) for name, value in each.fields.items()}
            )
            for each in desired.variants
        },
    )


def fingerprint(external_id: str, record: Record) -> int:
    """A number that two products have in common only if the same values were applied to them."""
    return hash((external_id, _content(record)))


def _content(record: Record) -> tuple[object, ...]:
    """The applied values, without variants that the source dropped before the record was written."""
    fields = record.fields
    return (
        record.currency,
        *map(fields.get, FIELDS),
        frozenset((name, fields[name]) for name in fields.keys() - FIELDS.keys() if fields[name] is not None),
        tuple(option.name for option in record.options),
        frozenset(
            (key, frozenset(variant.fields.items()))
            for key, variant in record.variants.items()
            if variant.dropped is None
        ),
    )


def noted(
    before: Record | None,
    after: Record,
    late: Late,
    step: Step,
    *,
    titles: Mapping[str, tuple[str, str]] = {},
    newest: str = "",
    at: int = 0,
) -> Record:
    """The record to send with a write that commits some fields of variants later than the product row.

    Args:
        before: the current one.
        after: the one that the product will be acknowledged with.
        late: the values that each late field may get.
        step: the kind of write.
        titles: of options before and after they are renamed, by id.
        newest: id of the newest variant.
        at: now, in seconds since 1970.
    """
    before = before or Record()
    variants = dict(after.variants)
    keeps_price = False
    for key, values in late.items():
        variant = variants[key]
        old = before.variants.get(key, VariantRecord()).fields
        kept = {name: old[name] for name in values if name in old}
        keeps_price |= not _IN_CURRENCY.isdisjoint(kept)
        fields = {name: value for name, value in variant.fields.items() if name not in values} | kept
        variants[key] = structs.replace(variant, fields=fields)
    # Until the new price is acknowledged, the applied one keeps its currency.
    currency = before.currency if keeps_price else after.currency
    sent = _sent(before, late, after.currency)
    newest = before.pending.newest if before.pending else newest
    pending = Pending(step, sent, _sent_titles(before, titles), after.currency, at, newest)
    return structs.replace(after, variants=variants, currency=currency, pending=pending)


def _sent_titles(before: Record, titles: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The pending titles of each option: those of earlier runs, then those of now."""
    sent = dict(before.pending.options) if before.pending else {}
    for own, now in titles.items():
        earlier = [title for title in sent.get(own, ()) if title not in now]
        sent[own] = (*earlier, *now)[-_KEPT:]
    return sent


def freed(
    before: Record | None, late: Late, currency: str, *, titles: Mapping[str, tuple[str, str]] = {}, at: int
) -> Record:
    """The record to send with a write that only clears fields, so that other variants can have their values.

    Args:
        before: the current one.
        late: None and the value that each of the fields gets later.
        currency: of the field `price`.
        titles: of options before and after they are renamed, by id.
        at: now, in seconds since 1970.
    """
    before = before or Record(currency=currency)
    earlier = before.pending or Pending(Step.UPDATE, currency=currency)
    variants = dict(earlier.variants)
    for key, sent in _sent(before, late, currency).items():
        variants[key] = {**variants.get(key, {}), **sent}
    options = _sent_titles(before, titles)
    pending = structs.replace(earlier, variants=variants, options=options, at=at)
    return structs.replace(before, pending=pending)


def _sent(before: Record, late: Late, currency: str) -> dict[str, dict[str, tuple[Value, ...]]]:
    """The pending values of each field: those of earlier runs, then those that are sent now."""
    sent: dict[str, dict[str, tuple[Value, ...]]] = {}
    for key, fields in late.items():
        sent[key] = {}
        for name, values in fields.items():
            now = dict.fromkeys(map(remember, values))
            history = before.variant_history(key, name, currency)
            earlier = [value for value in history.sent if value not in now]
            sent[key][name] = (*earlier, *now)[-_KEPT:]
    return sent


def parse_record(metadata: Mapping[str, Any] | None) -> Record | None:
    """Parse the record of a stored product; None if there is none or it is not a record.

    Raises:
        ProductFailedError: a newer version of this tool wrote it.
    """
    raw = (metadata or {}).get(RECORD_KEY)
    version = raw.get("version", 1) if isinstance(raw, dict) else 1
    if isinstance(version, int) and version > VERSION:
        raise ProductFailedError(
            f"its record has version {version}, this medusa-sync reads up to {VERSION}; upgrade medusa-sync"
        )
    try:
        return upgraded(old_record.parse_1(raw) if version == 1 else msgspec.convert(raw, AnyRecord))
    except msgspec.ValidationError:  # something else wrote under our key
        return None


def upgraded(old: AnyRecord) -> Record:
    """The record in its current form; in version 2, a product had one variant."""
    if isinstance(old, Record):
        return old
    of_variant = {name: value for name, value in old.fields.items() if name in old_record.OF_VARIANT}
    pending = None
    if old.pending is not None:
        pending = Pending(
            Step(old.pending.step),
            {ONLY: old.pending.fields} if old.pending.fields else {},
            currency=old.pending.currency,
            at=old.pending.at,
        )
    return Record(
        fields={
            name: value for name, value in old.fields.items() if name not in of_variant and value is not None
        },
        currency=old.currency,
        variants={
            ONLY: VariantRecord(
                old.variant, {name: value for name, value in of_variant.items() if value is not None}
            )
        },
        drafted=old.drafted,
        pending=pending,
    )


def remember(value: Value) -> Value:
    """A value as the record keeps it: long texts become a digest."""
    if isinstance(value, str):
        return remember_text(value)
    if isinstance(value, tuple):
        return tuple(remember_text(member) for member in value)
    return value


def remember_text(text: str) -> str:
    if len(text) <= _SHORT and not DIGEST.fullmatch(text):
        return text
    return "#" + blake2b(text.encode(), digest_size=6).hexdigest()
