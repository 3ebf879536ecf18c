"""Acknowledges complete products, several hundred in one call."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from medusa_sync.core.kinds.sales import IN_LIST
from medusa_sync.core.record import Record
from medusa_sync.core.recorded import final_record
from medusa_sync.core.stored import StoredProduct
from medusa_sync.errors import AmbiguousWriteError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.bisect import in_halves
from medusa_sync.medusa.decode import IDENTITY
from medusa_sync.medusa.payload import record_body
from medusa_sync.sync.write.job import Job, Place
from medusa_sync.sync.write.job_places import Places

logger = logging.getLogger(__name__)

AT_ONCE = 200  # products; their external ids fit into one look-up


class Acknowledger:
    """Collects complete jobs. If the run dies before `flush`, the next one finds their notes.

    A product with sale prices waits for the end of the run: if the run dies before it has removed the copies
    of sale prices, the next one has a product to find them with.
    """

    def __init__(self, api: AdminApi, places: Places) -> None:
        self._api = api
        self._places = places
        self._waiting: list[tuple[Job, Record]] = []

    async def add(self, job: Job) -> None:
        """Collect a job with its final record, unless the store has it, and flush if there are enough."""
        change = job.change
        ids = {each.key: job.attempt.variants[each.key].id for each in change.new_variants}
        record = final_record(change, new=ids)
        if job.attempt.note is None:
            is_known = record == job.attempt.before and not change.stored.has_old_record
        else:
            is_known = job.attempt.note.pending is None and not change.placed
        if is_known:
            self._places.complete(job)
            return
        job.place = Place.ACKNOWLEDGEMENT
        self._waiting.append((job, record))
        if len(self._waiting) >= AT_ONCE:
            await self._flush(next((each for each in self._waiting if each[1].has(IN_LIST)), None))

    async def flush(self) -> None:
        """Write the records of all collected jobs.

        Raises:
            StoreError: the store is unavailable; the jobs are settled anyway.
        """
        if self._waiting:
            await self._flush()

    def give_up(self) -> None:
        """Settle all collected jobs; the next run acknowledges them."""
        waiting, self._waiting = self._waiting, []
        for job, _ in waiting:
            self._places.complete(job)

    async def _flush(self, last: tuple[Job, Record] | None = None) -> None:
        """Write the records of all collected jobs but the one that waits for the end of the run."""
        waiting = [each for each in self._waiting if each is not last]
        self._waiting = [last] if last else []
        try:
            await in_halves(await self._unchanged(waiting), self._write, _not_acknowledged)
        finally:
            for job, _ in waiting:
                self._places.complete(job)

    async def _unchanged(self, products: Sequence[tuple[Job, Record]]) -> list[tuple[Job, Record]]:
        """The products that no other run has written since; missing ones stay: they may not be listed yet.

        Their records get the ids of the options that were created with them.
        """
        external_ids = [job.external_id for job, _ in products]
        listed = (
            await self._api.details("external_id", external_ids, IDENTITY)
            if any(record.lacks_ids for _, record in products)
            else await self._api.summaries("external_id", external_ids)
        )
        found = {each.id: each for each in listed}
        left = []
        for job, record in products:
            stored, noted = found.get(job.attempt.product_id), job.attempt.note or job.attempt.before
            if stored is None:
                left.append((job, record))
            elif isinstance(stored, StoredProduct) and stored.record in (job.attempt.before, noted):
                left.append((job, record.with_ids(stored)))
        if len(left) < len(products):
            words = "another run has written %d of these products since", len(products) - len(left)
            logger.info(*words, extra={"event": "written_by_another_run"})
        return left

    async def _write(self, products: Sequence[tuple[Job, Record]]) -> None:
        try:
            bodies = [record_body(job.attempt.product_id, record) for job, record in products]
            await self._api.edit_products(bodies)
        except AmbiguousWriteError as error:
            words = "the records of %d products may not be confirmed: %s", len(products), error
            logger.warning(*words, extra={"event": "acknowledgement_unconfirmed"})


def _not_acknowledged(product: tuple[Job, Record], error: Exception) -> None:
    external_id = product[0].external_id
    words = "the record of %s was not confirmed: %s", external_id, error
    logger.warning(*words, extra={"event": "not_acknowledged", "external_id": external_id})
