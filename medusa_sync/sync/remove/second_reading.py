"""Reads the source a second time, before anything is removed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import aclosing, suppress

from msgspec import structs

from medusa_sync.core.options import match_options
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.stored import ListedProduct
from medusa_sync.core.variants import match_variants
from medusa_sync.errors import ProductFailedError, SourceError
from medusa_sync.sources.base import Delivered, checked
from medusa_sync.sync.read.source import Delivery
from medusa_sync.sync.remove.dropped import Removal

logger = logging.getLogger(__name__)


class SecondReading:
    """Finds out which of the missing products and variants the source has when it is read again.

    A product that moves from a page that was not read yet to one that was read is on none of the pages that
    the first reading saw. Only the products in question are remembered.

    Args:
        orphans: the products that the first reading lacks.
        removals: the variants that it lacks.
    """

    def __init__(self, orphans: Sequence[ListedProduct], removals: Sequence[Removal]) -> None:
        self._orphans = {each.external_id for each in orphans}
        self._removals = {each.stored.external_id: each for each in removals}
        self._present: set[str | None] = set()  # external ids of orphans
        self._lacked: dict[str | None, set[str]] = {}  # ids of variants, by external id
        self._unidentified = 0

    def covers(self, orphans: Sequence[ListedProduct], removals: Sequence[Removal]) -> bool:
        """Whether the reading looked for all of these."""
        wanted = {each.stored.external_id for each in removals}
        return {each.external_id for each in orphans} <= self._orphans and wanted <= self._removals.keys()

    async def read(self, delivery: Delivery) -> None:
        """Read all pages.

        Raises:
            SourceError: it fails.
        """
        words = "missing products: %d, products that lack variants: %d; the source is read a second time"
        logger.info(words, len(self._orphans), len(self._removals), extra={"event": "second_reading"})
        async with aclosing(delivery.pages()) as pages:
            async for rows in pages:
                for row in rows:
                    self._take(row)
        if delivery.error is not None:
            raise SourceError(
                f"The source was read again before anything was removed, and that failed: {delivery.error}",
                hint="Nothing was removed. Run again; if it happens again, check the source.",
            ) from delivery.error

    def _take(self, row: Delivered) -> None:
        external_id = row.external_id
        if external_id is None:
            self._unidentified += 1
        elif external_id in self._orphans:
            self._present.add(external_id)
        elif external_id in self._removals:
            lacked = _lacked(row, self._removals[external_id])
            self._lacked[external_id] = self._lacked.get(external_id, lacked) & lacked

    def missing(self, orphans: Sequence[ListedProduct]) -> list[ListedProduct]:
        """The products that this reading lacks too."""
        return [each for each in orphans if not self._unidentified and each.external_id not in self._present]

    def dropped(self, removals: Sequence[Removal]) -> list[Removal]:
        """The variants that this reading lacks too, of products that it has."""
        left = []
        for removal in removals:
            lacked = self._lacked.get(removal.stored.external_id)
            if lacked is not None and not self._unidentified:
                variants = {key: each for key, each in removal.variants.items() if each.id in lacked}
                left.append(structs.replace(removal, variants=variants))
        return [removal for removal in left if removal.variants or removal.gone]

    @property
    def note(self) -> str:
        """What the result says about the reading."""
        text = "The source was read twice, because products can move between its pages while they are read."
        if self._unidentified:
            return (
                f"{text} Nothing is removed, because {self._unidentified} of the rows of the second reading "
                "have no id: they may be of products or variants that only look missing."
            )
        wanted = list(self._removals.values())
        variants = _variants(wanted) - _variants(self.dropped(wanted))
        counts = [(len(self._present), "product"), (variants, "variant")]
        kept = " and ".join(f"{count} {noun}{'s' * (count > 1)}" for count, noun in counts if count)
        return f"{text} Not removed, because only the first reading lacked them: {kept}." if kept else text


def _variants(removals: Iterable[Removal]) -> int:
    return sum(len(removal.variants) for removal in removals)


def _lacked(row: Delivered, removal: Removal) -> set[str]:
    """The ids of the variants of ours that a row of the source lacks; none if it cannot be stored."""
    desired, stored = checked(row), removal.stored
    if isinstance(desired, DesiredProduct):
        with suppress(ProductFailedError):
            record = stored.record
            options = match_options(desired, stored, record, on_conflict=OnConflict.SOURCE, restore=False)
            return {each.id for each in match_variants(desired, stored, record, options).dropped.values()}
    return set()
