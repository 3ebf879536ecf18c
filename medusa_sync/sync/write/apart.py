"""What is stored apart from products: sale prices in a list of the source, and texts in rows of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Raw

from medusa_sync.core.kinds.texts import translation_bodies
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.steps import Step
from medusa_sync.core.stored import StoredProduct, Unreadable
from medusa_sync.medusa.lists import List
from medusa_sync.medusa.texts import UPDATE_TEXTS
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.job import Group, Send
from medusa_sync.sync.write.sales import Sales


class Apart:
    """Reads it with the details of products, and writes it after them.

    Reads may raise StoreError, writes what a step may raise.
    """

    def __init__(self, context: Context) -> None:
        self._api = context.api
        self._sales = Sales(context)
        self.steps: Sequence[Send] = (
            (Step.SALE_PRICES, self._sales.write),
            (Step.TEXTS, self._write_texts),
        )

    async def read(
        self,
        wanted: Iterable[DesiredProduct],
        key: str,
        values: Sequence[str],
        list_: List[Raw] | None = None,
    ) -> list[StoredProduct | Unreadable]:
        """Products by `id` or `external_id` with their details; `wanted` is what the source wants."""
        return await self._sales.read(wanted, await self._api.details(key, values, list_))

    async def remove_copies(self) -> bool:
        """Remove what two runs have stored twice; returns whether nothing is left of it."""
        return await self._sales.remove_copies()

    async def _write_texts(self, jobs: Group) -> None:
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
