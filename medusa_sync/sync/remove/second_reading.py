"""Reads the source a second time, before anything is removed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import aclosing, suppress

from medusa_sync.core.change import Change
from medusa_sync.core.options import match_options
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import NO_RECORD
from medusa_sync.core.variants import match_variants
from medusa_sync.errors import ProductFailedError, SourceError
from medusa_sync.sources.base import Delivered, checked
from medusa_sync.sync.read.source import Delivery
from medusa_sync.sync.remove.removals import Missing

logger = logging.getLogger(__name__)


class SecondReading:
    """Which of the missing products and variants the source has when it is read again.

    A product that moves from a page that was not read yet to one that was read is on none of the pages that
    the first reading saw. Only the products in question are remembered.
    """

    def __init__(self, missing: Missing, updates: Sequence[Change]) -> None:
        self._missing = missing
        self._orphans = {each.external_id for each in missing.orphans}
        self._updates = {
            own: each for each in updates if (own := each.desired.external_id) in missing.variants
        }
        self._present: set[str | None] = set()  # external ids of orphans
        self._lacked: dict[str, set[str]] = {}  # ids of variants, by external id
        self._unidentified = 0

    @classmethod
    async def of(cls, missing: Missing, updates: Sequence[Change], delivery: Delivery) -> SecondReading:
        """Read all pages.

        Raises:
            SourceError: it fails.
        """
        reading = cls(missing, updates)
        words = "missing products: %d, products that lack variants: %d; the source is read a second time"
        counts = len(missing.orphans), len(missing.variants)
        logger.info(words, *counts, extra={"event": "second_reading"})
        async with aclosing(delivery.pages()) as pages:
            async for rows in pages:
                for row in rows:
                    reading._take(row)
        if delivery.error is not None:
            raise SourceError(
                f"The source was read again before anything was removed, and that failed: {delivery.error}",
                hint="Nothing was removed. Run again; if it happens again, check the source.",
            ) from delivery.error
        return reading

    def _take(self, row: Delivered) -> None:
        external_id = row.external_id
        if external_id is None:
            self._unidentified += 1
        elif external_id in self._orphans:
            self._present.add(external_id)
        elif external_id in self._updates:
            lacked = _lacked(row, self._updates[external_id])
            self._lacked[external_id] = self._lacked.get(external_id, lacked) & lacked

    def left(self, missing: Missing) -> Missing:
        """What this reading lacks too, if it looked for it; of variants, those of products that it has."""
        if self._unidentified:
            return Missing()
        lacked = self._orphans - self._present
        orphans = [each for each in missing.orphans if each.external_id in lacked]
        lacking = {
            own: {key: each for key, each in lost.items() if each.id in self._lacked.get(own, ())}
            for own, lost in missing.variants.items()
        }
        return Missing(orphans, {own: lost for own, lost in lacking.items() if lost})

    @property
    def note(self) -> str:
        """What the result says about the reading."""
        text = "The source was read twice, because products can move between its pages while they are read."
        if self._unidentified:
            return (
                f"{text} Nothing is removed, because {self._unidentified} of the rows of the second reading "
                "have no id: they may be of products or variants that only look missing."
            )
        variants = _variants(self._missing) - _variants(self.left(self._missing))
        counts = [(len(self._present), "product"), (variants, "variant")]
        kept = " and ".join(f"{count} {noun}{'s' * (count > 1)}" for count, noun in counts if count)
        return f"{text} Not removed, because only the first reading lacked them: {kept}." if kept else text


def _variants(missing: Missing) -> int:
    return sum(map(len, missing.variants.values()))


def _lacked(row: Delivered, update: Change) -> set[str]:
    """The ids of the variants of ours that a row of the source lacks; none if it cannot be stored."""
    desired, stored = checked(row), update.stored
    if isinstance(desired, DesiredProduct):
        with suppress(ProductFailedError):
            record = stored.record or NO_RECORD
            options = match_options(desired, stored, record, on_conflict=OnConflict.SOURCE, restore=False)
            return {each.id for each in match_variants(desired, stored, record, options).dropped.values()}
    return set()
