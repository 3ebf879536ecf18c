"""Removes what the source no longer has, if the guards and a second reading of the source allow it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress

from msgspec import Struct

from medusa_sync.codes import Note
from medusa_sync.core.approval import MARK, PlanLine, removal
from medusa_sync.core.approved import Approved
from medusa_sync.core.change import Change
from medusa_sync.core.outcome import Action
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.value import counted
from medusa_sync.core.variants import lacked
from medusa_sync.errors import PruneGuardError, SourceError
from medusa_sync.sources.base import checked
from medusa_sync.sync.context import Context
from medusa_sync.sync.read.source import Delivery
from medusa_sync.sync.remove.marks import MARKED_AT_ONCE, Marks
from medusa_sync.sync.remove.orphans import Orphans
from medusa_sync.sync.remove.parts import write_in_parts

logger = logging.getLogger(__name__)


class Missing(Struct, frozen=True):
    """What the source no longer has, and may be removed.

    Attributes:
        orphans: products.
        variants: of products that it has, by external id and key.
    """

    orphans: Sequence[StoredProduct] = ()
    variants: Mapping[str, Mapping[str, StoredVariant]] = {}


class SecondReading(Struct, frozen=True):
    """What the source has when it is read again, of what the first reading lacked.

    A product that moves from a page that was not read yet to one that was read is on none of the pages that
    the first reading saw. Only the products in question are remembered.

    Attributes:
        missing: what the first reading lacked.
        left: what this reading lacks too, if it looked for it; of variants, those of products that it has.
        present: external ids of missing products that it has.
        unidentified: how many of its rows have no id.
    """

    missing: Missing
    left: Missing
    present: Collection[str]
    unidentified: int

    @property
    def note(self) -> str:
        """What the result says about the reading."""
        text = "The source was read twice, because products can move between its pages while they are read."
        if self.unidentified:
            rows = counted(self.unidentified, "row")
            return (
                f"{text} Nothing is removed, because {rows} of the second reading without an id may be of "
                "products or variants that only look missing."
            )
        variants = _variants(self.missing) - _variants(self.left)
        counts = [(len(self.present), "product"), (variants, "variant")]
        kept = " and ".join(counted(count, noun) for count, noun in counts if count)
        return f"{text} Not removed, because only the first reading lacked them: {kept}." if kept else text


async def read_again(missing: Missing, updates: Sequence[Change], delivery: Delivery) -> SecondReading:
    """Read all pages of a source again, and look for what is missing.

    Raises:
        SourceError: it fails.
    """
    words = "missing products: %d, products that lack variants: %d; the source is read a second time"
    counts = len(missing.orphans), len(missing.variants)
    logger.info(words, *counts, extra={"event": "second_reading"})
    orphans = {each.external_id for each in missing.orphans}
    changed = {own: each for each in updates if (own := each.desired.external_id) in missing.variants}
    present, lacking, unidentified = set[str](), dict[str, set[str]](), 0
    async with aclosing(delivery.pages()) as pages:
        async for rows in pages:
            for row in rows:
                external_id = row.external_id
                if external_id is None:
                    unidentified += 1
                elif external_id in orphans:
                    present.add(external_id)
                elif external_id in changed:
                    desired = checked(row)
                    ids = set[str]()
                    if isinstance(desired, DesiredProduct):
                        ids = lacked(desired, changed[external_id].stored)
                    lacking[external_id] = lacking.get(external_id, ids) & ids
    if delivery.error is not None:
        raise SourceError(
            f"The source was read again before anything was removed, and that failed: {delivery.error}",
            hint="Nothing was removed. Run again; if it happens again, check the source.",
        ) from delivery.error
    left = Missing() if unidentified else _left(missing, present, lacking)
    return SecondReading(missing, left, present, unidentified)


def _left(missing: Missing, present: Collection[str], lacking: Mapping[str, Collection[str]]) -> Missing:
    orphans = [each for each in missing.orphans if each.external_id not in present]
    variants = {
        external_id: {key: each for key, each in lost.items() if each.id in lacking.get(external_id, ())}
        for external_id, lost in missing.variants.items()
    }
    return Missing(orphans, {external_id: lost for external_id, lost in variants.items() if lost})


class Removals:
    """The removals at the end of a run."""

    def __init__(self, context: Context, orphans: Orphans) -> None:
        self._context = context
        self._delivery = context.delivery
        self._overview = context.scan.overview
        self._settings = context.settings
        self._ledger = context.ledger
        self._orphans = orphans
        self._marks = Marks(context)
        self._found: Sequence[StoredProduct] | None = None  # orphans
        self._second: SecondReading | None = None
        self._has_begun = False

    @property
    def notes(self) -> Iterator[Note]:
        """What the result says about products that are kept."""
        if self._has_begun and self._settings.prunes:
            yield from self._orphans.notes
        if self._second is not None:
            yield Note("moved", self._second.note)
        yield from self._marks.notes

    @property
    def moved(self) -> Collection[str]:
        """External ids of missing products that the second reading of the source has."""
        return self._second.present if self._second is not None else ()

    async def missing(self) -> Sequence[StoredProduct]:
        """The orphans that may be removed, as the first reading shows them; none if a guard keeps them.

        Raises:
            StoreError: the store cannot be read.
        """
        with suppress(PruneGuardError):
            if self._counts():
                self._found = await self._orphans.find()
                due: Sequence[StoredProduct] = self._marks.due(self._found)
            else:
                due = await self._orphans.deleted()
            self._orphans.check(due)
            return due
        return ()

    async def execute(self, updates: Sequence[Change]) -> None:
        """Remove orphans, or report what would be removed; the context gets the variants to remove.

        Args:
            updates: what is planned for products that have dropped variants.

        Raises:
            PruneGuardError: too much is missing.
            SourceError: the second reading of the source failed.
            StoreError: the store is unavailable.
        """
        self._has_begun = True
        await self._carry_out(*await self._find(updates))

    async def _carry_out(self, orphans: Sequence[StoredProduct], marked: Sequence[StoredProduct]) -> None:
        """Remove orphans, and mark others."""
        if not self._settings.dry_run:
            removing, fail = self._settings.batch_size, self._orphans.fail
            await write_in_parts(self._context, orphans, removing, self._orphans.remove, fail)
            await write_in_parts(self._context, marked, MARKED_AT_ONCE, self._orphans.mark, fail)
            return
        if self._context.deletes:
            self._context.removed_products |= {each.external_id or "" for each in orphans}
        for each in orphans:
            self._ledger.remove(self._orphans.outcome(each))
        if self._settings.saves_plan:
            action = Action.DELETE if self._context.deletes else Action.DRAFT
            plans = [removal(each, action) for each in orphans]
            for plan in (*plans, *(removal(each, MARK) for each in marked)):
                self._context.remarks.planned.add(PlanLine(plan))

    def _counts(self) -> bool:
        """Whether what is missing may be removed, and not only what the source says is deleted.

        Rows without an id may be of what only looks missing.
        """
        return self._settings.prunes and not self._ledger.unidentified and self._marks.count()

    async def _find(
        self, updates: Sequence[Change]
    ) -> tuple[Sequence[StoredProduct], Sequence[StoredProduct]]:
        """Find the orphans, and those that are marked, and check the limits.

        The context gets the variants that are removed.
        """
        if not self._counts():
            deleted = await self._orphans.deleted()
            self._orphans.check(deleted)
            return deleted, ()
        if self._found is None:
            self._found = await self._orphans.find()
        settings = self._settings
        in_sync = [each for each in updates if each.desired.external_id not in self._ledger.partial]
        due: dict[str, Mapping[str, StoredVariant]] = {}
        names: dict[str, str] = {}
        for each in in_sync:
            found = each.removable(settings.removable, self._context.delay, deletes=self._context.deletes)
            name = f"{each.desired.external_id} {each.stored.title!r}"
            names |= {lost.id: f"{name}: {lost.called(key)}" for key, lost in found.items()}
            if now := self._marks.due_variants(each, found):
                due[each.desired.external_id] = now
        missing = Missing(self._marks.due(self._found), due)
        removed = {each.id for variants in due.values() for each in variants.values()}
        if (missing.orphans or missing.variants) and not self._delivery.in_one_piece:
            self._second = await read_again(missing, in_sync, self._delivery.again())
            missing = self._second.left
        self._orphans.check(missing.orphans)
        left = {
            external_id: [each.id for each in variants.values()]
            for external_id, variants in missing.variants.items()
        }
        named = [names[own] for ids in left.values() for own in ids]
        self._orphans.check_names("variant", named, self._overview.variants)
        self._context.removed_variants = {external_id: frozenset(ids) for external_id, ids in left.items()}
        marked = self._marks.take(self._found, [name for own, name in names.items() if own not in removed])
        return missing.orphans, marked


class ApprovedRemovals(Removals):
    """The removals of an approved plan."""

    def __init__(self, context: Context, orphans: Orphans, plan: Sequence[Approved]) -> None:
        super().__init__(context, orphans)
        self._plan = plan

    async def execute(self, updates: Sequence[Change]) -> None:
        self._context.removed_variants = {each.desired.external_id: _approved(each) for each in updates}
        self._marks.take((), ())
        await self._carry_out(*await self._orphans.approved(self._plan))


def _variants(missing: Missing) -> int:
    return sum(map(len, missing.variants.values()))


def _approved(update: Change) -> frozenset[str]:
    """The ids of the dropped variants of a product that an approved plan removes."""
    plan = update.desired.approved
    return frozenset(each.id for key, each in update.dropped.items() if plan and key in plan.removed)
