"""Texts in other locales, which have rows of their own."""

from __future__ import annotations

from medusa_sync.core.kinds.texts import translation_bodies
from medusa_sync.medusa.texts import UPDATE_TEXTS
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.job import Group


class Texts:
    """Writes them after their products; may raise what a step may raise."""

    def __init__(self, context: Context) -> None:
        self._api = context.api

    async def write(self, jobs: Group) -> None:
        """Write texts in other locales, and delete those of variants that were deleted.

        Only the bulk route removes a text. Without it, the text becomes empty, and up to Medusa 2.15.0,
        customers see it so.
        """
        bodies = [
            body
            for job in jobs
            for body in translation_bodies(job.change, job.attempt.product_id, job.attempt.variants)
        ]
        removing = [body for body in bodies if "id" in body and None in body["translations"].values()]
        answers = await self._api.bulk.run(UPDATE_TEXTS, removing)
        done = {body["id"] for body, answer in zip(removing, answers, strict=True) if isinstance(answer, str)}
        await self._api.texts.write([each for each in bodies if each.get("id") not in done])
        removed = [(job, each) for job in jobs for each in job.change.removed.values()]
        deleted = [each for job, each in removed if each.id in job.history.deleted]
        if ids := [text.id for each in deleted for text in each.translations]:
            await self._api.texts.delete(ids)
