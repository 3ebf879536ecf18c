"""Plans products that the store does not have under our external id: create, adopt, skip or reject."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from msgspec import structs

from medusa_sync.core.change import creation
from medusa_sync.core.handles import slug_of
from medusa_sync.core.outcome import Result
from medusa_sync.core.policy import OnDeleted
from medusa_sync.core.record import claim
from medusa_sync.core.stored import UnownedProduct
from medusa_sync.errors import ProductFailedError, StoreRefusedError
from medusa_sync.medusa.decode import MaybeDeleted
from medusa_sync.medusa.payload import record_body
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.adoption import Adoption, exists_already
from medusa_sync.sync.write.gate import Gate
from medusa_sync.sync.write.handles import Handles
from medusa_sync.sync.write.job import Group, Job, still_queued
from medusa_sync.sync.write.job_places import Places
from medusa_sync.sync.write.planner import Planner, readable

_DELETED = "it was deleted in the store; --on-deleted recreate creates it again"


class NewProducts:
    """Decides what happens to new products. Every method may raise StoreError."""

    def __init__(
        self, context: Context, places: Places, planner: Planner, gate: Gate, handles: Handles
    ) -> None:
        self._context = context
        self._places = places
        self._settings = context.settings.plan
        self._planner = planner
        self._gate = gate
        self._adoption = Adoption(context)
        self._handles = handles
        self._deleted: set[str] | None = None  # all that the merchant deleted, if they cannot be looked up

    async def plan_ahead(self, jobs: Group) -> None:
        """Plan the creations among many jobs, with one request for all of their handles.

        If the store refuses that, each batch is planned alone, to isolate the culprit.
        """
        await self._adoption.load([job.desired for job in jobs])
        with suppress(StoreRefusedError):
            await self.plan([job for job in jobs if not self._adoption.matches(job.desired)])

    async def plan(self, jobs: Group) -> None:
        """Plan new products that are not planned yet.

        Those that match products of the store are adopted or not written. But if the merchant deleted the
        product of such a job, the match may be what has replaced it.
        """
        left = [job for job in jobs if job.plan is None]
        others = await self._adopt_matches(left) if left else []
        deleted = set[str]()
        if self._settings.create and self._settings.on_deleted is OnDeleted.SKIP:
            deleted = await self._deleted_among([job.external_id for job, _ in others])
        created: Group = []
        for job, found in others:
            if job.external_id in deleted:
                self._places.end(job, Result.SKIPPED, _DELETED)
            elif found and not (len(found) == 1 and self._settings.adopt):
                self._places.end(job, Result.REJECTED, exists_already(found))
            elif found or not self._settings.create:
                self._places.end(job, Result.SKIPPED)
            else:
                created.append(job)
        taken = await self._handles.assign(created)
        for job in created:
            if job.creation.handle:
                job.take(creation(job.desired, job.creation.handle))
            elif self._context.is_ours(taken[job].external_id):  # it may be removed
                self._places.defer(job)
            else:
                handle, owner = slug_of(job.desired), taken[job].name
                reason = f"its handle {handle!r} belongs to {owner}; change one of the two"
                self._places.end(job, Result.REJECTED, reason)

    async def _adopt_matches(self, jobs: Group) -> list[tuple[Job, list[UnownedProduct]]]:
        """Adopt the products that jobs match; returns the other jobs, with what they match."""
        await self._adoption.load([job.desired for job in jobs])
        adopted: dict[str, Job] = {}
        others: list[tuple[Job, list[UnownedProduct]]] = []
        for job in jobs:
            found = self._adoption.matches(job.desired)
            if len(found) == 1 and self._settings.adopt and self._settings.update:
                adopted[found[0].id] = job
                self._adoption.reserve(found[0], job.external_id)
            else:
                others.append((job, found))
        await self._adopt(adopted)
        return others

    async def _adopt(self, jobs: Mapping[str, Job]) -> None:
        """Claim products by their ids: they get our external id, and are then written like others."""
        record, left, unowned = claim(round(time.time(), 3)), dict(jobs), set[str]()
        for stored in await self._planner.details([*jobs.values()], "id", list(jobs)):
            job = left.pop(stored.id)
            try:
                [known] = readable([stored])
                if known.external_id != job.external_id:  # otherwise another run has claimed it meanwhile
                    unowned.add(known.id)
                    known = structs.replace(known, external_id=job.external_id, record=record)
                job.take(self._planner.change_of(job.desired, known))
            except ProductFailedError as error:
                self._places.end(job, Result.FAILED, f"{stored.id}: {error}")
        for product_id, job in left.items():
            self._places.end(job, Result.FAILED, f"{product_id} was deleted before it could be adopted")
        approved = self._gate.pass_through(still_queued([*jobs.values()]))
        claimed = [job for job in approved if job.change.stored.id in unowned]
        if self._context.is_dry_run or not claimed:
            return
        bodies = []
        for job in claimed:
            job.history.records.append(record)
            self._context.ledger.begin(job.external_id, job.change.conflicts)
            bodies.append({**record_body(job.change.stored.id, record), "external_id": job.external_id})
        await self._context.api.edit_products(bodies)

    async def _deleted_among(self, external_ids: Sequence[str]) -> set[str]:
        """The external ids of the products that the merchant deleted."""
        if not external_ids:
            return set()
        api = self._context.api
        if api.may_lag is None:
            await api.summaries("external_id", external_ids[:1])
        if not api.may_lag:
            return _deleted_by_merchant(await api.tombstones(external_ids))
        if self._deleted is None:
            self._deleted = _deleted_by_merchant(await api.tombstones())
        return self._deleted.intersection(external_ids)


def _deleted_by_merchant(tombstones: Iterable[MaybeDeleted]) -> set[str]:
    """The external ids whose newest deletion was not by this tool."""
    newest: dict[str, MaybeDeleted] = {}
    for each in sorted(tombstones, key=lambda each: (each.deleted_at or "", each.id)):
        newest[each.external_id or ""] = each
    return {external_id for external_id, each in newest.items() if not each.is_by_us}
