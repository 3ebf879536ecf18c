"""The three-way merge of one field."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum, auto

from medusa_sync.core.fields import Field
from medusa_sync.core.kinds.base import Merge
from medusa_sync.core.record import History
from medusa_sync.core.remembered import remember, remember_text
from medusa_sync.core.value import Value, members


class Verdict(Enum):
    KEEP = auto()
    SEND = auto()
    CONFLICT = auto()


# desired  stored         last applied           verdict
# -------  ------         ------------           -------
# D        D              anything               KEEP
# D        ours           anything               SEND
# D        merchant's     D                      KEEP: only the merchant changed it
# D        merchant's     something else, none   CONFLICT: both changed it
#
# Stock:
# D        D              anything               KEEP
# D        anything else  D, nothing pending     KEEP: orders changed it
# D        anything else  anything else          SEND
#
# A member of a set:
# yes      yes            anything               stays
# yes      no             no                     added: the source added it
# yes      no             yes                    stays away: the merchant removed it
# no       yes            no                     stays: the merchant added it
# no       yes            yes                    removed: the source removed it
#
# What stays is in the order of the store, and what is added comes last. If the order of the members means
# something, and the source has changed it since it was last applied, those of the source get its order.
#
# While a set is pending, no pending member is one that the merchant removed, because the store removes all
# before it adds those that were sent, and one that was ever sent is not the merchant's.
#
# A stored value is ours if it equals the last applied value or a pending one, which an interrupted run may
# have sent. No value is ours if none was applied. While a creation is pending, the value that was sent last
# counts as last applied. With `restore`, every value that is not D is sent, and members that the merchant
# removed are added again.
def merge_field(
    field: Field, desired: Value, stored: Value, history: History, *, restore: bool
) -> tuple[Verdict, Value]:
    """Merge one field; returns the verdict and the value to send.

    With `restore`, the source's value is put back even if only the merchant changed it.
    """
    if field.kind.merge is Merge.UNION:
        current = members(stored)
        ours = [{*members(value)} for value in (history.applied, *history.pending)]
        has, had = ours[0].difference(*ours[1:]), set.union(*ours)
        merged = merge_sets(members(desired), current, has, had, restore=restore)
        if field.kind.is_ordered and (restore or _is_reordered(members(desired), members(history.applied))):
            merged = _in_order(merged, members(desired))
        # Two runs that add a member at the same time store it twice.
        is_repeated = any(current.count(member) > 1 for member in members(desired))
        is_merged = merged == tuple(dict.fromkeys(current)) and not is_repeated
        return (Verdict.KEEP if is_merged else Verdict.SEND), merged
    if field.kind.same(stored, desired):
        return Verdict.KEEP, desired
    if restore:
        return Verdict.SEND, desired
    changed = not history.is_known or remember(desired) != history.base
    if field.kind.merge is Merge.FOLLOW:
        return (Verdict.SEND if changed or history.pending else Verdict.KEEP), desired
    if any(field.kind.same(remember(stored), ours) for ours in (history.applied, *history.pending)):
        return Verdict.SEND, desired
    return (Verdict.CONFLICT if changed else Verdict.KEEP), desired


def _is_reordered(desired: tuple[str, ...], applied: tuple[str, ...]) -> bool:
    """Whether the source has moved a member of a set among the others, or added one in front of others."""
    known = {remember_text(member): place for place, member in enumerate(dict.fromkeys(desired))}
    left = [known[member] for member in applied if member in known]
    return bool(left) and left != [*range(len(left))]


def _in_order(merged: tuple[str, ...], desired: tuple[str, ...]) -> tuple[str, ...]:
    """A set whose members of the source are in its order; those of the merchant stay in their places."""
    ours = iter([member for member in dict.fromkeys(desired) if member in merged])
    return tuple(next(ours) if member in desired else member for member in merged)


def merge_sets(
    desired: tuple[str, ...],
    stored: tuple[str, ...],
    has: Collection[str],
    had: Collection[str],
    *,
    restore: bool,
) -> tuple[str, ...]:
    """Merge a set; returns each member once, the stored ones first.

    Args:
        desired: members that the source wants.
        stored: members in the store.
        has: members that no pending write takes away or adds, as `remember` gives them.
        had: members that were applied, or that a pending write may have added or may not have removed.
        restore: members that the merchant removed are added again.
    """
    kept = [member for member in stored if member in desired or remember_text(member) not in had]
    missing = [member for member in desired if restore or remember_text(member) not in has]
    return tuple(dict.fromkeys([*kept, *missing]))
