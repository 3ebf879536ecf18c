"""Chooses the handles of new products."""

from __future__ import annotations

from collections.abc import Iterable

from medusa_sync.core.handles import HandleOwner, handle_candidates, is_named, withheld_handle
from medusa_sync.medusa.decode import HANDLES
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.job import Group, Job


class Handles:
    """Handles that were chosen for new products, so that no other batch chooses them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._is_empty = context.scan.is_empty
        self._owners: dict[str, HandleOwner] = {}  # by handle

    async def assign(self, jobs: Group) -> dict[Job, HandleOwner]:
        """Choose a free handle for each job; earlier ones get the better handles.

        A handle that the source names has no alternatives, unless a product of the source keeps it to the
        end of the run: then it is withheld.

        Returns:
            What has the first choice of each job that does not get it.

        Raises:
            StoreError: the store cannot be read.
        """
        for job in jobs:
            self.forget(job)
        candidates = {job: handle_candidates(job.desired) for job in jobs}
        taken: dict[Job, HandleOwner] = {}
        waiting = list(jobs)
        while waiting:
            for job in waiting:
                self._choose(job, candidates[job], taken)
            proposed = {job.creation.handle: job for job in waiting if job.creation.handle}
            is_empty, self._is_empty = self._is_empty, False  # until something is created
            api, removed = self._context.api, self._context.removed_products
            found = await api.find(HANDLES, "handle", list(proposed)) if not is_empty else ()
            for stored in found:
                job = proposed[stored.handle]
                if stored.external_id not in {job.external_id, *removed}:
                    self.forget(job)
                    own = f"{stored.external_id} " if stored.external_id else ""
                    name = f"{own}{stored.title!r} ({stored.id})"
                    taken.setdefault(job, HandleOwner(stored.external_id, name))
            waiting = [job for job in proposed.values() if not job.creation.handle]
        for job, owner in taken.items():
            if job.creation.handle and is_named(job.desired):
                job.creation.withheld_handle = withheld_handle(job.desired, job.creation.handle, owner)
        return taken

    def _choose(self, job: Job, candidates: Iterable[str], taken: dict[Job, HandleOwner]) -> None:
        """Choose the next candidate that no other job has, if the job may have it."""
        own = HandleOwner(job.external_id, f"{job.external_id} {job.desired.title!r}")
        for handle in candidates:
            if job in taken and not self._may_have_another(job, taken[job]):
                return
            owner = self._owners.setdefault(handle, own)
            if owner.external_id == job.external_id:
                job.creation.handle = handle
                return
            taken.setdefault(job, owner)

    def _may_have_another(self, job: Job, owner: HandleOwner) -> bool:
        """Whether a job may have another handle than its first choice, which is taken."""
        is_kept = self._context.is_final and self._context.is_ours(owner.external_id)
        return is_kept or not is_named(job.desired)

    def forget(self, job: Job) -> None:
        """Forget the handle of a job that has its outcome."""
        if job.creation.handle:
            del self._owners[job.creation.handle]
            job.creation.handle, job.creation.withheld_handle = "", None
