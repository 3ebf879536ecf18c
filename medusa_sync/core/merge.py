"""The three-way merge of one field: desired by the source, stored in the store, last applied by this tool.

    desired        stored                  last applied          result
    -------        ------                  ------------          ------
    D              D                       anything              nothing to send
    D              ours                    anything              send D
    D              the merchant's M        D                     keep M: the source said nothing new
    D              the merchant's M        something else        conflict: D, or M with `--on-conflict store`
    D (stock)      anything else           D, nothing pending    keep: orders lower it
    D (stock)      anything else           something else        send D

A stored value is ours if it was applied last or is pending: an interrupted run may have sent it.
Sets merge by member: what the source added is added, what it dropped is dropped, everything else stays.
"""

from __future__ import annotations

from enum import Enum, auto

from medusa_sync.core.fields import FIELDS, Merge
from medusa_sync.core.product import Value
from medusa_sync.core.record import Record, remember, remember_text


class Verdict(Enum):
    KEEP = auto()
    SEND = auto()
    CONFLICT = auto()


def merge_field(
    name: str, desired: Value, stored: Value, record: Record | None, currency: str, *, restore: bool
) -> tuple[Verdict, Value]:
    """Decide about one field; returns the verdict and the value that would be sent.

    Args:
        name: of the field.
        desired: what the source wants.
        stored: what the store holds.
        record: what this tool last applied to the product.
        currency: of the desired price.
        restore: put the source's value back even if only the merchant has changed it.
    """
    field = FIELDS[name]
    applied = record.applied(name, currency) if record else None
    if field.merge is Merge.UNION:
        held, wanted = members(stored), members(desired)
        merged = merge_sets(wanted, held, members(applied), restore=restore)
        # Two runs that add a member at the same time store it twice.
        repeated = any(held.count(member) > 1 for member in wanted)
        is_merged = merged == tuple(dict.fromkeys(held)) and not repeated
        return (Verdict.KEEP if is_merged else Verdict.SEND), merged
    if field.same(stored, desired):
        return Verdict.KEEP, desired
    sent = record.sent(name, currency) if record else ()
    changed = record is None or remember(desired) != record.base(name, currency)
    if restore:
        return Verdict.SEND, desired
    if field.merge is Merge.FOLLOW:
        return (Verdict.SEND if changed or sent else Verdict.KEEP), desired
    if any(field.same(remember(stored), value) for value in (applied, *sent)):
        return Verdict.SEND, desired
    return (Verdict.CONFLICT if changed else Verdict.KEEP), desired


def merge_sets(
    desired: tuple[str, ...], stored: tuple[str, ...], applied: tuple[str, ...], *, restore: bool
) -> tuple[str, ...]:
    """The members that a set holds after the merge, the stored ones first.

    Args:
        desired: what the source wants.
        stored: what the store holds.
        applied: what was last applied, as `remember` gives it.
        restore: also bring back members of the source's that the merchant has removed.
    """
    kept = [member for member in stored if member in desired or remember_text(member) not in applied]
    missing = [member for member in desired if restore or remember_text(member) not in applied]
    return tuple(dict.fromkeys([*kept, *missing]))


def members(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()
