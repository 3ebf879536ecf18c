"""Records with what is being sent, from the records of before and after the write."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import structs

from medusa_sync.core.product import Value
from medusa_sync.core.record import IN_CURRENCY, Pending, Record, Step, VariantRecord, remember

_KEPT = 8  # pending values of a field

Late = Mapping[str, Mapping[str, Collection[Value]]]
"""The values that fields of variants may get after the product row, by key of the variant and field."""


def noted(
    before: Record | None,
    after: Record,
    late: Late,
    step: Step,
    *,
    titles: Mapping[str, tuple[str, str]] = {},
    newest: str = "",
    at: float = 0,
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
        keeps_price |= not IN_CURRENCY.isdisjoint(kept)
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
    before: Record | None,
    late: Late,
    currency: str,
    *,
    titles: Mapping[str, tuple[str, str]] = {},
    newest: str = "",
    at: float,
) -> Record:
    """The record to send with a write that only clears fields, so that other variants can have their values.

    Args:
        before: the current one.
        late: None and the value that each of the fields gets later.
        currency: of the field `price`.
        titles: of options before and after they are renamed, by id.
        newest: id of the newest variant.
        at: now, in seconds since 1970.
    """
    before = before or Record(currency=currency)
    earlier = before.pending or Pending(Step.UPDATE, currency=currency, newest=newest)
    variants = dict(earlier.variants)
    for key, sent in _sent(before, late, currency).items():
        variants[key] = {**variants.get(key, {}), **sent}
    options = _sent_titles(before, titles)
    pending = structs.replace(earlier, variants=variants, options=options, at=at)
    return structs.replace(before, pending=pending)


def fields_as_sent(record: Record) -> dict[str, dict[str, Value]]:
    """The fields of the variants, by key, if the pending write of a product arrives completely."""
    fields = {key: entry.fields for key, entry in record.variants.items()}
    for key, sent in record.pending.variants.items() if record.pending else ():
        newest = {name: values[-1] for name, values in sent.items() if values}
        fields[key] = fields.get(key, {}) | newest
    return fields


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
