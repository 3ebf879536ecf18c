"""The limits of what a run may change and remove."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from medusa_sync.core.change import FieldChange
from medusa_sync.core.policy import Share
from medusa_sync.core.product import Value
from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.errors import ChangeGuardError, PruneGuardError

_LISTED = 10  # products or variants that an error names
_FIELDS = 3  # changes that it shows of each
_LONG = 40  # characters of a value that it shows

_REALLY_GONE = "If they are really gone, run once with a higher --max-removals (SYNC_PRODUCTS_MAX_REMOVALS)."


def check_removals(missing: str, names: Sequence[str], owned: int, allowed: Share) -> None:
    """Check that not too much is removed.

    Args:
        missing: what the message says is missing.
        names: of those that are missing at the source.
        owned: how many of the source the store had before the run.
        allowed: the value of `--max-removals`.

    Raises:
        PruneGuardError: they are too many.
    """
    if not allowed.allows(len(names), owned):
        raise removal_error(f"{len(names)} of {owned} {missing}; --max-removals is {allowed}.", names)


def removal_error(reason: str, names: Sequence[str], hint: str = _REALLY_GONE) -> PruneGuardError:
    """The error of a run that would remove too much, with the first names of what is missing."""
    lines = [f"{reason} Nothing was removed.", *_listed(names[:_LISTED], len(names))]
    return PruneGuardError("\n".join(lines), hint=hint)


def check_changes(
    planned: Iterable[Outcome],
    removed: Iterable[Outcome],
    completed: Collection[str],
    *,
    owned: int,
    allowed: Share,
) -> None:
    """Check that a plan does not update or remove too many products.

    Args:
        planned: the outcomes of stale products.
        removed: the outcomes of products that are removed, or that lose variants.
        completed: external ids of products that only get what an interrupted write has sent already. They
            are not counted, because it has to be completed in any case.
        owned: how many products of the source the store has.
        allowed: the value of `--max-changes`.

    Raises:
        ChangeGuardError: they are too many.
    """
    count, names = 0, list[str]()
    fields = Counter[str]()  # products by field
    for outcome in _each_product_once(planned, removed, completed):
        count += 1
        removal = outcome.action.value if outcome.action and outcome.result is Result.REMOVED else ""
        fields.update([removal] if removal else {change.field for change in outcome.changes})
        if len(names) < _LISTED:
            what = removal or _described(outcome.changes)
            names.append(f"{outcome.external_id} {outcome.title!r}: {what}")
    if allowed.allows(count, owned):
        return
    reason = f"{count} of {owned} products would change; --max-changes is {allowed}. Nothing was written."
    most = [f"{field}: {number} of {owned} products" for field, number in fields.most_common(1)]
    hint = (
        "Check the source. If the changes are right, run once with "
        f"--max-changes {count} (SYNC_PRODUCTS_MAX_CHANGES)."
    )
    raise ChangeGuardError("\n".join([reason, *most, *_listed(names, count)]), hint=hint)


def _each_product_once(
    planned: Iterable[Outcome], removed: Iterable[Outcome], completed: Collection[str]
) -> Iterator[Outcome]:
    """What changes, without products that lose variants and are updated anyway."""
    updated: set[str | None] = set()
    for outcome in planned:
        if outcome.action is Action.UPDATE and outcome.external_id not in completed:
            updated.add(outcome.external_id)
            yield outcome
    yield from (outcome for outcome in removed if outcome.external_id not in updated)


def _listed(names: Sequence[str], count: int) -> Iterator[str]:
    """The lines of a message that names the first ones of many."""
    yield from (f"  {name}" for name in names)
    if count > len(names):
        yield f"  ... and {count - len(names)} more"


def _described(changes: Sequence[FieldChange]) -> str:
    shown = [f"{each.name}: {_value(each.stored)} -> {_value(each.planned)}" for each in changes[:_FIELDS]]
    rest = [f"{len(changes) - _FIELDS} more"] if len(changes) > _FIELDS else []
    return ", ".join([*shown, *rest])


def _value(value: Value) -> str:
    if value is None or value == ():
        return "nothing"
    text = " ".join((", ".join(value) if isinstance(value, tuple) else str(value)).split())  # one line
    return text if len(text) <= _LONG else f"{text[:_LONG]}..."
