"""Removes the variants that the source dropped from products that it still has."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from msgspec import structs

from medusa_sync.core.fields import OPTION, STOCK
from medusa_sync.core.policy import OnMissing
from medusa_sync.core.record import Dropped, VariantRecord, remember_text
from medusa_sync.core.result import Outcome, Result
from medusa_sync.core.stored import StoredProduct, Unreadable
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.payload import record_body
from medusa_sync.medusa.resources import Level
from medusa_sync.stop import Stop
from medusa_sync.sync.dropped import Removal, removal_from, removal_outcome, stocked_level
from medusa_sync.sync.inventory import item_id_of
from medusa_sync.sync.options import SyncOptions

logger = logging.getLogger(__name__)

_AT_ONCE = 50  # products in a write of records, and variants in a deletion


class VariantPruner:
    """Removes dropped variants: `draft` sets their stock to 0, `delete` deletes them.

    Args:
        api: of the store.
        options: of the run.
        location_id: where the stock of the source is.
        revise: called with the outcome of each product that loses variants.
        fail: called with each variant that is not removed.
        stop: nothing more is removed once it is set.
    """

    def __init__(
        self,
        api: AdminApi,
        options: SyncOptions,
        location_id: str,
        *,
        revise: Callable[[Outcome], None],
        fail: Callable[[Outcome], None],
        stop: Stop,
    ) -> None:
        self._api = api
        self._options = options
        self._revise = revise
        self._fail = fail
        self._stop = stop
        self._location_id = location_id
        self._sent: set[str] = set()  # ids of variants that were sent to be deleted
        self._settled: set[str] = set()  # ids of variants with an outcome

    async def execute(self, removals: Sequence[Removal]) -> None:
        """Remove variants.

        Raises:
            StoreError: the store is unavailable.
        """
        for start in range(0, len(removals), _AT_ONCE):
            if self._stop.is_set:
                return
            await self._remove(removals[start : start + _AT_ONCE])

    async def _remove(self, removals: Sequence[Removal]) -> None:
        """Remove the variants of some products; if the store refuses a write, of one product at a time."""
        if self._options.dry_run:
            for removal in removals:
                self._settle(removal, removal.variants)
            return
        try:
            # Other removals took time: another run may have written these products since.
            keys = {str(each.stored.external_id): {*each.variants, *each.gone} for each in removals}
            current = await find_removals(self._api, keys, self._options.on_missing)
            self._settle_arrived(removals, current)
            if self._options.on_missing == OnMissing.DELETE:
                await self._delete(current)
            else:
                await self._draft(current)
        except (StoreRefusedError, AmbiguousWriteError) as error:
            if len(removals) == 1:
                self._report(removals[0], f"its dropped variants were not removed: {error}")
                return
            for removal in removals:
                if not self._stop.is_set:
                    await self._remove([removal])

    def _settle_arrived(self, removals: Sequence[Removal], current: Sequence[Removal]) -> None:
        """Settle the variants that an earlier attempt has deleted, although its response was lost."""
        left = {each.stored.id: each.variants.keys() for each in current}
        for removal in removals:
            gone = removal.variants.keys() - left.get(removal.stored.id, set())
            self._settle(removal, [key for key in gone if removal.variants[key].id in self._sent])

    async def _draft(self, removals: Sequence[Removal]) -> None:
        """Set the stock to 0. Without a recorded level, a variant that comes back gets its stock again."""
        await self._note(removals, lambda entry: structs.replace(entry, fields=_without_stock(entry)))
        levels = [
            Level(item_id, self._location_id, 0)
            for removal in removals
            for variant in removal.variants.values()
            if stocked_level(variant, self._location_id) and (item_id := item_id_of(variant)) is not None
        ]
        if levels:
            await self._api.items.write_levels(create=(), update=levels)
        await self._acknowledge(removals, _as_drafted)
        for removal in removals:
            self._settle(removal, removal.variants)

    async def _delete(self, removals: Sequence[Removal]) -> None:
        """Delete variants; their records show first that it was this tool."""
        await self._note(removals, lambda entry: structs.replace(entry, dropped=Dropped.REMOVED))
        deleted = await self._delete_variants(removals)
        done = []
        for removal, keys in zip(removals, deleted, strict=True):
            await self._remove_values(removal, keys)
            self._settle(removal, keys)
            done.append(structs.replace(removal, variants={key: removal.variants[key] for key in keys}))
        await self._acknowledge(done, lambda _: None)

    async def _delete_variants(self, removals: Sequence[Removal]) -> list[list[str]]:
        """Delete the variants of products, and report those that the store refuses; returns their keys."""
        from medusa_sync.medusa.operations import DELETE_VARIANTS  # only removals need it

        wanted = [(number, key) for number, removal in enumerate(removals) for key in removal.variants]
        bodies = [
            {"id": removals[number].variants[key].id, "product_id": removals[number].stored.id}
            for number, key in wanted
        ]
        self._sent |= {body["id"] for body in bodies}
        deleted: list[list[str]] = [[] for _ in removals]
        results = await self._api.bulk.run(DELETE_VARIANTS, bodies)
        for (number, key), result in zip(wanted, results, strict=True):
            if isinstance(result, AmbiguousWriteError):
                raise result
            if isinstance(result, str):
                deleted[number].append(key)
            else:  # some of its stock may be reserved
                removal, variant_id = removals[number], removals[number].variants[key].id
                if variant_id not in self._settled:
                    self._report(removal, f"variant {removal.named(key)} was not removed: {result}")
                self._settled.add(variant_id)
        return deleted

    def _report(self, removal: Removal, reason: str) -> None:
        self._fail(Outcome(removal.stored.external_id, removal.stored.title, Result.FAILED, reason))

    async def _remove_values(self, removal: Removal, deleted: Collection[str]) -> None:
        """Remove the option values that only the deleted variants had."""
        names = {option_id: name for name, option_id in removal.record.option_ids.items()}
        gone = {removal.variants[key].id for key in deleted}
        for option in removal.stored.options:
            field = f"{OPTION}{names.get(option.id, option.title)}"
            ours = {removal.record.variants[key].fields.get(field) for key in deleted}
            used = {each.value_of(option.id) for each in removal.stored.variants if each.id not in gone}
            unused = {each.value for each in option.values if remember_text(each.value) in ours} - used
            if unused:
                try:
                    await self._api.options.change_values(
                        removal.stored.id, option, option.title, add=(), remove=unused
                    )
                except (StoreRefusedError, AmbiguousWriteError) as error:
                    external_id = removal.stored.external_id or ""
                    logger.info(
                        "unused values of %s stay: %s",
                        external_id,
                        error,
                        extra={"event": "option_values_kept", "external_id": external_id},
                    )

    async def _note(
        self, removals: Sequence[Removal], change: Callable[[VariantRecord], VariantRecord]
    ) -> None:
        """Change the records of variants that will be removed; leave out those that are gone already."""
        bodies: list[dict[str, Any]] = []
        for removal in removals:
            entries = {key: each for key, each in removal.record.variants.items() if key not in removal.gone}
            entries |= {key: change(entries[key]) for key in removal.variants}
            bodies.append(record_body(removal.stored.id, structs.replace(removal.record, variants=entries)))
        if bodies:
            await self._api.edit_products(bodies)

    async def _acknowledge(
        self, removals: Sequence[Removal], change: Callable[[VariantRecord], VariantRecord | None]
    ) -> None:
        """Change, or leave out, the records of variants that were removed, as they are now."""
        by_id = {removal.stored.id: removal for removal in removals if removal.variants}
        bodies: list[dict[str, Any]] = []
        for stored in await self._api.summaries(list(by_id)):
            if isinstance(stored, Unreadable) or stored.record is None:
                continue
            removed = {variant.id for variant in by_id[stored.id].variants.values()}
            changed = {
                key: change(each) if each.id in removed else each
                for key, each in stored.record.variants.items()
            }
            entries = {key: each for key, each in changed.items() if each is not None}
            bodies.append(record_body(stored.id, structs.replace(stored.record, variants=entries)))
        if bodies:
            await self._api.edit_products(bodies)

    def _settle(self, removal: Removal, keys: Collection[str]) -> None:
        new = [key for key in keys if removal.variants[key].id not in self._settled]
        self._settled |= {removal.variants[key].id for key in new}
        outcome = removal_outcome(removal, new, self._options.on_missing, self._location_id)
        if outcome is not None:
            self._revise(outcome)


async def find_removals(
    api: AdminApi, dropped: Mapping[str, Collection[str] | None], on_missing: OnMissing
) -> list[Removal]:
    """Read which variants of some products are to be removed.

    Args:
        api: of the store.
        dropped: keys of variants by external id; None for all that the record says are dropped.
        on_missing: what happens to them.

    Raises:
        StoreError: the store cannot be read.
    """
    found = await api.details("external_id", list(dropped))
    removals = (
        removal_from(stored, on_missing, dropped.get(stored.external_id or ""))
        for stored in found
        if isinstance(stored, StoredProduct)
    )
    return [removal for removal in removals if removal is not None]


def _as_drafted(entry: VariantRecord) -> VariantRecord:
    """The record of a variant whose stock is 0 now; another run may have brought it back meanwhile."""
    return structs.replace(
        entry, fields=_without_stock(entry), dropped=Dropped.DRAFTED if entry.dropped else None
    )


def _without_stock(entry: VariantRecord) -> dict[str, Any]:
    return {name: value for name, value in entry.fields.items() if name != STOCK}
