"""Finds and removes the products of this source that the source no longer has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from msgspec import Raw

from medusa_sync.codes import Note
from medusa_sync.core.approval import HIDDEN, MARK, moved_removal
from medusa_sync.core.approved import Approved
from medusa_sync.core.field_changes import FieldChange
from medusa_sync.core.ids import external_id_of
from medusa_sync.core.kept import later_runs
from medusa_sync.core.kinds.status import DRAFT, STATUS
from medusa_sync.core.kinds.texts import TEXT
from medusa_sync.core.outcome import Action, Outcome, Result, Written
from medusa_sync.core.record import NO_RECORD
from medusa_sync.core.resolve import DECIDING
from medusa_sync.core.since import CreatedProduct, written_since
from medusa_sync.core.stored import StoredProduct
from medusa_sync.core.value import counted
from medusa_sync.errors import AmbiguousWriteError, ProductFailedError, PruneGuardError, StoreRefusedError
from medusa_sync.medusa.decode import WITH_STATUS
from medusa_sync.medusa.lists import List
from medusa_sync.sync.context import Context
from medusa_sync.sync.differences import in_words
from medusa_sync.sync.marking import delete_marked, mark_records

LISTED = 10  # products or variants that an error or a note names
_HOW = "run once with a higher --max-removals (SYNC_PRODUCTS_MAX_REMOVALS)."


class Orphans:
    """The products that the source no longer has, once it was read completely.

    Attributes:
        why: why one of them is removed, and several are; variants, too.
        hint: what to do if they are too many.
    """

    why = ("is missing at the source", "are missing at the source")
    hint = f"If this is right, {_HOW}"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._api = context.api
        self._delivery = context.delivery
        self._scan, self._overview = context.scan, context.scan.overview
        self._settings = context.settings
        self._settle = context.ledger.remove
        self._deletes = context.deletes
        self._list: List[Raw] | None = WITH_STATUS  # what is read of them; None for all details

    @property
    def notes(self) -> Iterator[Note]:
        """What the result says about products that are kept although the source does not have them."""
        if kept := self._context.unrecorded:
            named, more = ", ".join(kept[:LISTED]), len(kept) - LISTED
            yield Note(
                "unrecorded",
                f"Not removed, although the source does not have them: {named}"
                f"{f' and {more} more' if more > 0 else ''}. They have an external id of this source, but no "
                "record of medusa-sync, so someone else may have created them. Remove them in the admin if "
                "you do not need them.",
            )

    async def find(self) -> list[StoredProduct]:
        """Find the orphans.

        Raises:
            PruneGuardError: the source delivered none of its products in the store.
            StoreError: the store cannot be read.
        """
        source_ids = [each for each in self._overview.owned if each not in self._delivery]
        orphans = await self._removable(
            external_id_of(self._settings.source_name, each) for each in source_ids
        )
        has_some = self._delivery.deleted or any(each in self._delivery for each in self._overview.owned)
        if orphans and not has_some:
            what = f"The source delivered none of its {counted(self._overview.owned_size)} in the store."
            hint = "Check the source. If it is no longer used, remove its products in the admin."
            raise removal_error(what, _names(orphans), hint)
        return orphans

    async def deleted(self) -> list[StoredProduct]:
        """Find the products that the source says are deleted, if the source may lack others.

        Raises:
            StoreError: the store cannot be read.
        """
        self.why = ("is deleted at the source", "are deleted at the source")
        found = await self._removable(self._delivery.deleted)
        if found:
            await self._scan.complete()  # for the limit
        return found

    async def approved(self, plan: Sequence[Approved]) -> tuple[list[StoredProduct], list[StoredProduct]]:
        """The products that an approved plan removes, and marks, if they are as they were.

        Others are skipped, unless it is done already.

        Raises:
            StoreError: the store cannot be read.
        """
        plans = {each.external_id: each for each in plan}
        removed, marked = list[StoredProduct](), list[StoredProduct]()
        for stored in await self._read(plans):
            own, record = plans[stored.external_id or ""], stored.record or NO_RECORD
            is_draft = stored.status == DRAFT
            if {str(Action.DRAFT): is_draft, MARK: record.missing_since}.get(own.action):
                continue
            found = HIDDEN if own.is_hidden else in_words(moved_removal(own, stored))
            if found := found or self._kept(stored):
                self._settle(Outcome(stored.external_id, stored.title, Result.SKIPPED, found))
            else:
                (marked if own.action == MARK else removed).append(stored)
        return removed, marked

    async def _removable(self, missing: Iterable[str]) -> list[StoredProduct]:
        """Those of these products that this tool has written, without those that were already drafted."""
        # A copy without a record may be one that the merchant has created.
        found = [each for each in await self._read(missing) if each.record is not None]
        return [each for each in found if self._deletes or each.status == "published"]

    async def _read(self, external_ids: Iterable[str]) -> list[StoredProduct]:
        """Products that the store has; those that cannot be compared are reported, and left out."""
        products = list[StoredProduct]()
        for stored in await self._api.details("external_id", [*external_ids], self._list):
            if isinstance(stored, StoredProduct):
                products.append(stored)
            else:
                self._settle(Outcome(stored.external_id, "", Result.FAILED, f"not removed: {stored.reason}"))
        return products

    def _kept(self, stored: StoredProduct) -> str:  # noqa: ARG002 - what the source lacks goes
        """Why a product is not removed; empty if it may be."""
        return ""

    def check(self, orphans: Sequence[StoredProduct]) -> None:
        """Check that not too many products are removed.

        Raises:
            PruneGuardError: they are too many.
        """
        self.check_names("product", _names(orphans), self._overview.owned_size)

    def check_names(self, noun: str, names: Sequence[str], owned: int) -> None:
        """Check that not too many of those that the store had before the run are removed.

        Raises:
            PruneGuardError: more than `--max-removals` allows.
        """
        allowed = self._settings.max_removals
        if not allowed.allows(len(names), owned):
            one, several = self.why
            why = one if len(names) == 1 else several
            reason = f"{len(names):,} of {counted(owned, noun)} {why}; --max-removals is {allowed}."
            raise removal_error(reason, names, self.hint)

    def outcome(self, stored: StoredProduct) -> Outcome:
        """The outcome of an orphan that is removed."""
        return Outcome(
            stored.external_id,
            stored.title,
            Result.REMOVED,
            changes=() if self._deletes else (FieldChange(STATUS, stored.status, DRAFT),),
            action=Action.DELETE if self._deletes else Action.DRAFT,
            written=Written(stored.id, handle=stored.handle),
        )

    async def remove(self, orphans: Sequence[StoredProduct]) -> None:
        """Remove orphans in one call.

        Raises:
            StoreRefusedError, AmbiguousWriteError, ProductFailedError, StoreError: some are not removed.
        """
        left = await self._write([stored.id for stored in orphans])
        if self._deletes:
            await self._forget_texts([each for each in orphans if each.id not in left])
        for why in left.values():
            raise ProductFailedError(why)
        for stored in orphans:
            self._settle(self.outcome(stored))

    async def _write(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Delete or draft products, and note it in their records; returns why products are left, by id."""
        if self._deletes:
            return await delete_marked(self._api, ids)
        return await mark_records(self._api, ids, {"drafted": True}, {STATUS: DRAFT})

    async def mark(self, orphans: Sequence[StoredProduct]) -> None:
        """Note in one call that orphans are missing.

        Raises:
            StoreRefusedError, AmbiguousWriteError, StoreError: some are not marked.
        """
        await mark_records(
            self._api, [stored.id for stored in orphans], {"missing_since": self._overview.delay.now}
        )

    async def _forget_texts(self, deleted: Sequence[StoredProduct]) -> None:
        records = [(each.id, each.record) for each in deleted if each.record and each.record.has(TEXT)]
        ids = [own for product_id, record in records for own in (product_id, *record.variant_ids.values())]
        with suppress(StoreRefusedError, AmbiguousWriteError):  # they are in nobody's way
            await self._api.texts.forget(ids)

    def fail(self, stored: StoredProduct, error: Exception) -> None:
        """Report that an orphan is not removed."""
        reason = f"not removed: {error}"
        self._settle(Outcome(stored.external_id, stored.title, Result.FAILED, reason))


class Created(Orphans):
    """The products that a run has created, if it is undone. Their records stay as they are."""

    why = ("was created by the run", "were created by the run")
    hint = f"To remove them, {_HOW}"

    def __init__(self, context: Context, created: Mapping[str, CreatedProduct]) -> None:
        super().__init__(context)
        self._created = created
        self._list = None if self._deletes else WITH_STATUS  # with all that may have been edited

    @property
    def notes(self) -> Iterator[Note]:
        return iter(())

    async def find(self) -> list[StoredProduct]:
        """Find those that the store still has, and that are not drafts already; with `--only`, none.

        Those that were written since are skipped if they would be deleted.
        """
        left = list[StoredProduct]()
        for stored in await self._read(self._created if self._settings.plan.selection.has(STATUS) else ()):
            if self._created[stored.external_id or ""].id != stored.id:
                continue
            if why := self._kept(stored):
                self._settle(Outcome(stored.external_id, stored.title, Result.SKIPPED, why))
            elif self._deletes or stored.status == "published":
                left.append(stored)
        return left

    async def _read(self, external_ids: Iterable[str]) -> list[StoredProduct]:
        asked = [*external_ids]
        if asked and self._deletes:
            for sort in DECIDING:  # else some fields are not read
                await self._context.find_names(sort)
        return await super()._read(asked)

    def _kept(self, stored: StoredProduct) -> str:
        if not self._deletes:
            return ""
        known = self._created.get(stored.external_id or "")  # an approved plan has the record itself
        since = written_since(stored, known.recorded if known else "")
        if not since.by_run:
            return since.reason
        later = known.later if known else ()
        self._context.ledger.written_over(later)
        return later_runs(later)

    async def _write(self, ids: Sequence[str]) -> Mapping[str, str]:
        if self._deletes:
            await self._api.delete_products(ids)
        else:
            await self._api.edit_products([{"id": product_id, STATUS: DRAFT} for product_id in ids])
        return {}


def _names(products: Sequence[StoredProduct]) -> list[str]:
    return [f"{stored.external_id} {stored.title!r}" for stored in products]


def removal_error(reason: str, names: Sequence[str], hint: str) -> PruneGuardError:
    """The error of a run that would remove too much, with the first names of what is missing."""
    lines = [f"{reason} Nothing was removed.", *listed(names, len(names))]
    return PruneGuardError("\n".join(lines), hint=hint)


def listed(names: Sequence[str], count: int) -> Iterator[str]:
    """The lines of a message that names the first ones of many."""
    yield from (f"  {name}" for name in names[:LISTED])
    if count > LISTED:
        yield f"  ... and {count - LISTED} more"
