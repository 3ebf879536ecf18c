"""Plans a whole run before its first write, and checks that not too much would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Collection, Iterable, Sequence
from itertools import chain

from msgspec import structs

from medusa_sync.core.change import FieldChange
from medusa_sync.core.policy import Share
from medusa_sync.core.product import Value
from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.errors import ChangeGuardError
from medusa_sync.spool import Spool
from medusa_sync.sync.context import Context
from medusa_sync.sync.health import Health
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.read.compare import Stale
from medusa_sync.sync.remove.orphans import LISTED, listed
from medusa_sync.sync.write.engine import Engine

_FIELDS = 3  # changes that an error shows of each product
_LONG = 40  # characters of a value that it shows


async def check_changes(context: Context, backlog: Backlog, allowed: Share) -> None:
    """Check all stale products before the first one is written: let the engine plan them.

    Raises:
        ChangeGuardError: more would change than `--max-changes` allows.
        StoreError: the store cannot be read.
    """
    removals = context.removals if context.delivery.error is None else None
    owned = len(context.scan.source_ids) - len(context.unrecorded)
    most = backlog.stored + (removals.upper_bound if removals is not None else 0)
    if context.stop.is_set or allowed.allows(most, owned):
        return
    await context.find_placement()
    ledger = Ledger(lambda _outcome: None)
    plan = structs.replace(
        context,
        ledger=ledger,
        health=Health(context.api, context.options.store_url),
        is_forecast=True,
        removals=removals,
        removed_products=set(),
        completed=set(),
    )
    engine = Engine(plan)
    await engine.first_pass(backlog.opened_in(ledger))
    removed = await removals.forecast(plan, await engine.losing_variants()) if removals is not None else ()
    await engine.final_pass()
    engine.settle_rest()
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
    shown = [f"{each.name}: {_value(each.stored)} -> {_value(each.planned)}" for each in changes[:_FIELDS]]
    rest = [f"{len(changes) - _FIELDS} more"] if len(changes) > _FIELDS else []
    return ", ".join([*shown, *rest])


def _value(value: Value) -> str:
    if value is None or value == ():
        return "nothing"
    text = " ".join((", ".join(value) if isinstance(value, tuple) else str(value)).split())  # one line
    return text if len(text) <= _LONG else f"{text[:_LONG]}..."


class Backlog:
    """All stale products of a run, in the order of the source, on disk.

    Attributes:
        stored: how many of them the store has.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.stored = 0
        self._ledger = ledger
        self._parts = Spool[list[Stale]]()
        self._taken = 0

    async def fill(self, parts: AsyncIterable[list[Stale]]) -> None:
        """Read all stale products."""
        async for part in parts:
            self.stored += sum(bool(each.copies) for each in part)
            self._ledger.defer(part)
            self._parts.add(part)

    async def opened_in(self, ledger: Ledger) -> AsyncGenerator[list[Stale], None]:
        """The products, opened in another ledger, a part at a time."""
        for part in self._parts:
            ledger.resume(part)
            yield part

    async def take(self) -> AsyncGenerator[list[Stale], None]:
        """Open the products again, a part at a time."""
        async for part in self.opened_in(self._ledger):
            self._taken += 1
            yield part

    def open_rest(self) -> None:
        """Open those that were not taken: they need an outcome too."""
        for number, part in enumerate(self._parts):
            if number >= self._taken:
                self._ledger.resume(part)
