"""The record in `metadata.medusa_sync` of a product: what was applied, and what is being sent."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct, structs

from medusa_sync.core.fields import FIELDS, Place
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.errors import ProductFailedError

RECORD_KEY = "medusa_sync"  # in the metadata of a product
VERSION = 2
_KEPT = 8  # pending values of a field
_SHORT = 40  # characters; longer texts are kept as a digest
DIGEST = re.compile(r"#[0-9a-f]{12}")


class Step(StrEnum):
    """The kind of write that is pending."""

    CREATION = "creation"
    ADOPTION = "adoption"
    UPDATE = "update"


class Pending(Struct, frozen=True, omit_defaults=True):
    """What was sent and is not yet known to be complete.

    Attributes:
        fields: every value that may have arrived, the newest last, by field. Fields that commit with the
            product row are in `Record.fields` instead.
        currency: of the prices in `fields`.
        at: when it was sent, in seconds since 1970.
    """

    step: Step
    fields: dict[str, tuple[Value, ...]] = {}
    currency: str = ""
    at: int = 0


class Record(Struct, frozen=True, omit_defaults=True, tag_field="version", tag=VERSION):
    """What this tool last applied to a product.

    Attributes:
        fields: the last applied values by field, as `remember` gives them.
        currency: of the price in `fields`.
        variant: id of the variant that has the source's price and SKU; empty if it is not known.
        drafted: this tool set the product to draft because the source no longer had it.
        pending: a write that may be incomplete; a product that has one is never up to date.
    """

    fields: dict[str, Value]
    currency: str = ""
    variant: str = ""
    drafted: bool = False
    pending: Pending | None = None

    def sent(self, name: str, currency: str) -> tuple[Value, ...]:
        """The pending values of a field; none for a price in another currency."""
        pending = self.pending
        if pending is None or (FIELDS[name].place is Place.PRICE and pending.currency != currency):
            return ()
        return pending.fields.get(name, ())

    def applied(self, name: str, currency: str) -> Value:
        """The last applied value of a field; None for a price in another currency."""
        if FIELDS[name].place is Place.PRICE and self.currency != currency:
            return None
        return self.fields.get(name)

    def base(self, name: str, currency: str) -> Value:
        """What the source wanted when the field was last sent."""
        sent = self.sent(name, currency)
        if sent and name not in self.fields:
            return sent[-1]
        return self.applied(name, currency)

    @property
    def is_settled(self) -> bool:
        """Whether no write of this tool is left to be checked or undone."""
        return self.pending is None and not self.drafted

    def is_up_to_date(self, desired: DesiredProduct) -> bool:
        """Whether nothing is left to do for the product."""
        return self.is_settled and not self.changed(desired)

    def changed(self, desired: DesiredProduct) -> list[str]:
        """The fields that the source changed; one that is absent from the record counts as None."""
        return [
            name
            for name, value in desired.fields.items()
            if remember(value) != self.fields.get(name)
            or (FIELDS[name].place is Place.PRICE and self.currency != desired.currency)
        ]


def applied(desired: DesiredProduct, *, variant: str = "") -> Record:
    """The record of a product that is known to hold all desired values."""
    fields = {name: remember(value) for name, value in desired.fields.items()}
    return Record(fields=fields, currency=desired.currency, variant=variant)


def fingerprint(external_id: str, record: Record) -> int:
    """A number that two products have in common only if the same values were applied to them."""
    return hash((external_id, record.currency, *map(record.fields.get, FIELDS)))


def noted(
    record: Record | None,
    desired: DesiredProduct,
    late: Mapping[str, Collection[Value]],
    step: Step,
    *,
    variant: str = "",
    at: int = 0,
) -> Record:
    """The record to send with a write that commits some fields later than the product row.

    Args:
        record: the current one.
        desired: what the source wants.
        late: the values that each late field may get.
        step: the kind of write.
        variant: id of the owned variant.
        at: now, in seconds since 1970.
    """
    before = record or Record(fields={})
    after = applied(desired, variant=variant)
    kept = {name: before.fields[name] for name in late if name in before.fields}
    fields = {name: value for name, value in after.fields.items() if name not in late} | kept
    # Until the new price is acknowledged, the applied one keeps its currency.
    currency = before.currency if any(FIELDS[name].place is Place.PRICE for name in kept) else after.currency
    pending = Pending(step, _sent(before, desired, late), desired.currency, at)
    return structs.replace(after, fields=fields, currency=currency, pending=pending)


def freed(record: Record | None, desired: DesiredProduct, names: Collection[str], *, at: int) -> Record:
    """The record to send with a write that only clears fields, so that other products can have their values.

    Args:
        record: the current one.
        desired: what the source wants; the fields get these values later.
        names: of the fields.
        at: now, in seconds since 1970.
    """
    before = record or Record(fields={}, currency=desired.currency)
    sent = _sent(before, desired, {name: (None, desired.fields[name]) for name in names})
    earlier = before.pending or Pending(Step.UPDATE, currency=desired.currency)
    return structs.replace(before, pending=structs.replace(earlier, fields={**earlier.fields, **sent}, at=at))


def _sent(
    before: Record, desired: DesiredProduct, late: Mapping[str, Collection[Value]]
) -> dict[str, tuple[Value, ...]]:
    """The pending values of each field: those of earlier runs, then those that are sent now."""
    sent = {}
    for name, values in late.items():
        now = dict.fromkeys(map(remember, values))
        earlier = [value for value in before.sent(name, desired.currency) if value not in now]
        sent[name] = (*earlier, *now)[-_KEPT:]
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
        if version == VERSION:
            return msgspec.convert(raw, Record)
        return _upgraded(msgspec.convert(raw, _Record1))
    except msgspec.ValidationError:  # something else wrote under our key
        return None


class _Pending1(StrEnum):
    CREATION = "creation"
    STOCK = "stock"


class _Record1(Struct, frozen=True):
    """The first version, whose `fields` are what was sent, complete or not."""

    fields: dict[str, Value]
    currency: str = ""
    pending: _Pending1 | None = None
    drafted: bool = False


def _upgraded(old: _Record1) -> Record:
    new = Record(fields=old.fields, currency=old.currency, drafted=old.drafted)
    if old.pending is None:
        return new
    is_creation = old.pending is _Pending1.CREATION
    late: dict[str, tuple[Value, ...]] = {
        name: (value,)
        for name, value in old.fields.items()
        if name in FIELDS
        and (FIELDS[name].is_of_variant if is_creation else FIELDS[name].place is Place.LEVEL)
    }
    step = Step.CREATION if is_creation else Step.UPDATE
    fields = {name: value for name, value in old.fields.items() if name not in late}
    return structs.replace(new, fields=fields, pending=Pending(step, late, old.currency))


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
