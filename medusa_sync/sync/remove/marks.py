"""Divides what is missing into what is removed now, and what a run with `--remove-after` removes later."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import structs

from medusa_sync.codes import Note
from medusa_sync.core.change import Change
from medusa_sync.core.ids import source_id_of
from medusa_sync.core.outcome import Outcome, Result
from medusa_sync.core.policy import Delay
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.medusa.payload import record_body
from medusa_sync.sync.context import Context
from medusa_sync.sync.remove.orphans import LISTED
from medusa_sync.sync.remove.parts import write_in_parts

MARKED_AT_ONCE = 200  # products in a call

_REJECTED = (
    "Nothing is removed or marked as missing, because some products were rejected or failed: with "
    "--remove-after, only complete runs count."
)


class Marks:
    """What is removed later; without `--remove-after`, that is nothing."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._is_counted = True
        self._waiting: Note | None = None

    @property
    def _delay(self) -> Delay:
        return self._context.delay

    def count(self) -> bool:
        """Decide whether the run counts: it has to be complete so far."""
        ledger = self._context.ledger
        self._is_counted = not (self._delay.seconds and (ledger.invalid or ledger.problems))
        return self._is_counted

    def due(self, missing: Iterable[StoredProduct]) -> list[StoredProduct]:
        """The products that are removed now."""
        said = {*self._context.delivery.deleted}
        return [each for each in missing if each.external_id in said or self._delay.is_over(_since(each))]

    def due_variants(self, change: Change, missing: Mapping[str, StoredVariant]) -> dict[str, StoredVariant]:
        """The variants of a product that are removed now, by key."""
        since = {key: change.record.variant(key).missing_since for key in missing}
        return {key: each for key, each in missing.items() if self._delay.is_over(since[key])}

    def take(self, missing: Iterable[StoredProduct], variants: Iterable[str]) -> list[StoredProduct]:
        """Take what is missing, with the names of variants without a mark; returns what gets a mark."""
        if not self._delay.seconds:
            return []
        now = self._delay.now
        self._context.plan = structs.replace(self._context.plan, missing_since=now)
        found = [*missing]
        due = {each.id for each in self.due(found)}
        later = [each for each in found if each.id not in due]
        products = {f"{each.external_id} {each.title!r}": _since(each) or now for each in later}
        marked = {
            f"{external_id}: {key}": since
            for external_id, of_variants in self._context.scan.overview.marked.items()
            for key, since in of_variants.items()
        }
        waiting = products | dict.fromkeys(variants, now) | marked
        self._waiting = _waiting(waiting, self._delay) if waiting else None
        return [each for each in later if not _since(each)]

    @property
    def notes(self) -> Iterator[Note]:
        """What the result says about what is removed later."""
        if not self._is_counted:
            yield Note("not_counted", _REJECTED)
        if self._waiting is not None:
            yield self._waiting


def _waiting(since: Mapping[str, float], delay: Delay) -> Note:
    """What is removed later, by name."""
    first = sorted(since.items(), key=lambda each: each[1])[:LISTED]
    shown = [
        f"{name} (missing since {_time(begin)}, would be removed on {_time(begin + delay.seconds)})"
        for name, begin in first
    ]
    more = f"; and {len(since) - LISTED:,} more" if len(since) > LISTED else ""
    return Note("marked", f"Missing, and removed if that does not change: {'; '.join(shown)}{more}.")


async def unmark(context: Context, moved: Collection[str] = ()) -> None:
    """End the marks of what the source has again although it was not written, such as rejected products.

    A mark would otherwise count from before. If a product is rejected, nobody knows which of its variants
    are back, so their marks end, too.

    Args:
        context: of the run.
        moved: external ids of products that only the second reading of the source has.

    Raises:
        StoreError: the store is unavailable.
    """
    scan, ledger = context.scan, context.ledger
    back = [
        each
        for each in sorted(scan.overview.marked)
        if each in moved or source_id_of(context.settings.source_name, each) in context.delivery
    ]
    rejected = (
        {each.external_id for each in ledger.problems if each.result is Result.REJECTED} if back else ()
    )
    marked = [
        StoredProduct(each.id, each.external_id, record)
        for each in await context.api.summaries("external_id", back)
        if isinstance(each, StoredProduct)
        and each.record is not None
        and (record := each.record.unmarked(variants=each.external_id in rejected)) != each.record
    ]

    async def write(products: Sequence[StoredProduct]) -> None:
        bodies = [record_body(each.id, each.record) for each in products if each.record is not None]
        await context.api.edit_products(bodies)

    def fail(product: StoredProduct, error: Exception) -> None:
        reason = f"it is back at the source, but its mark as missing was not removed: {error}"
        ledger.remove(Outcome(product.external_id, product.title, Result.FAILED, reason))

    await write_in_parts(context, marked, MARKED_AT_ONCE, write, fail)


def _since(orphan: StoredProduct) -> float:
    return orphan.record.missing_since if orphan.record is not None else 0


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
