"""Plans a whole run before its first write, and checks that not too much would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Collection, Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import structs

from medusa_sync.core.change import FieldChange
from medusa_sync.core.policy import Share
from medusa_sync.core.product import excerpts
from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.errors import ChangeGuardError
from medusa_sync.spool import Spool
from medusa_sync.sync.context import Context
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.read.compare import Stale
from medusa_sync.sync.remove.orphans import LISTED, listed
from medusa_sync.sync.write.engine import Engine

if TYPE_CHECKING:
    from medusa_sync.sync.remove.removals import Removals

_FIELDS = 3  # changes that an error shows of each product
_LONG = 40  # characters of a value that it shows


async def guarded(
    context: Context, stale: AsyncIterable[list[Stale]], allowed: Share
) -> AsyncGenerator[list[Stale], None]:
    """All stale products, in parts, after the check that not too much would change.

    Raises:
        ChangeGuardError: more would change than `--max-changes` allows.
        StoreError: the store cannot be read.
    """
    backlog, most = Spool[list[Stale]](), 0
    async for part in stale:
        backlog.add(part)
        most += sum(bool(each.copies) for each in part)
    removals = context.removals if context.delivery.error is None else None
    owned = len(context.scan.source_ids) - len(context.unrecorded)
    most += removals.upper_bound if removals is not None else 0
    if not (context.stop.is_set or allowed.allows(most, owned)):
        await _check_plan(context, backlog, removals, owned=owned, allowed=allowed)
    for part in backlog:
        yield part


async def _check_plan(
    context: Context, backlog: Spool[list[Stale]], removals: Removals | None, *, owned: int, allowed: Share
) -> None:
    ledger = Ledger(lambda _outcome: None)
    plan = structs.replace(
        context,
        ledger=ledger,
        is_forecast=True,
        removals=removals,
        removed_products=set(),
        completed=set(),
    )

    async def opened() -> AsyncGenerator[list[Stale], None]:
        for part in backlog:
            ledger.take(each.desired for each in part)
            yield part

    engine = Engine(plan)
    await engine.first_pass(opened())
    removed = await removals.forecast(plan, await engine.losing_variants()) if removals is not None else ()
    await engine.final_pass()
    _check(ledger.changes, removed, plan.completed, owned=owned, allowed=allowed)


def _check(
    planned: Iterable[Outcome],
    removed: Iterable[Outcome],
    completed: Collection[str],
    *,
    owned: int,
    allowed: Share,
) -> None:
    """Check that a plan does not update or remove too many of the products that the store has.

    Completed products are not counted: they only get what an interrupted write has sent already, and that
    has to be completed in any case.
    """
    count, names = 0, list[str]()
    fields = Counter[str]()  # products by field
    updated = (each for each in planned if each.action is Action.UPDATE and each.external_id not in completed)
    for outcome in chain(updated, removed):
        count += 1
        removal = outcome.action.value if outcome.action and outcome.result is Result.REMOVED else ""
        fields.update([removal] if removal else {change.field for change in outcome.changes})
        if len(names) < LISTED:
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
    raise ChangeGuardError("\n".join([reason, *most, *listed(names, count)]), hint=hint)


def _described(changes: Sequence[FieldChange]) -> str:
    shown = []
    for each in changes[:_FIELDS]:
        before, after = excerpts(each.stored, each.planned, _LONG)
        shown.append(f"{each.name}: {before} -> {after}")
    rest = [f"{len(changes) - _FIELDS} more"] if len(changes) > _FIELDS else []
    return " ".join(", ".join([*shown, *rest]).split())  # one line
