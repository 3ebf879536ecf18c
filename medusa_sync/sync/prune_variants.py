"""Removes the variants that the source dropped from products that it still has."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from medusa_sync.core.change import FieldChange, Update
from medusa_sync.core.fields import OPTION, STOCK, VARIANT
from medusa_sync.core.policy import OnMissing
from medusa_sync.core.record import Dropped, Record, VariantRecord, remember_text
from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.core.stored import StoredLevel, StoredProduct, StoredVariant
from medusa_sync.core.view import stock_level
from medusa_sync.errors import AmbiguousWriteError, PruneGuardError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi, Level
from medusa_sync.medusa.payload import record_body
from medusa_sync.medusa.placement import Placement
from medusa_sync.stop import Stop
from medusa_sync.sync.inventory import item_id_of
from medusa_sync.sync.options import SyncOptions

logger = logging.getLogger(__name__)

_LISTED = 10  # variants that the error of the guard names
_AT_ONCE = 50  # products in a write of records, and variants in a deletion

REMOVABLE: Mapping[OnMissing, Collection[Dropped]] = {
    OnMissing.KEEP: (),
    OnMissing.DRAFT: (Dropped.KEPT, Dropped.REMOVED),
    OnMissing.DELETE: tuple(Dropped),
}
"""The states of dropped variants that are removed."""


class Removal(Struct, frozen=True):
    """The variants of a product to remove.

    Attributes:
        variants: by key.
        gone: keys of variants that the store does not have any more.
    """

    stored: StoredProduct
    record: Record
    variants: Mapping[str, StoredVariant]
    gone: tuple[str, ...] = ()

    def named(self, key: str) -> str:
        variant = self.variants[key]
        return variant.sku or variant.title or key


def removal_of(update: Update, on_missing: OnMissing) -> Removal | None:
    """The variants that a run removes after an update; None if there are none."""
    record = update.record or Record()
    variants = {
        key: variant
        for key, variant in update.dropped.items()
        if (record.variants[key].dropped or Dropped.KEPT) in REMOVABLE[on_missing]
    }
    return _without_last(Removal(update.stored, record, variants))


def _without_last(removal: Removal) -> Removal | None:
    """A removal that leaves a variant; None if nothing is left to be removed."""
    variants = dict(removal.variants)
    if variants and len(variants) == len(removal.stored.variants):
        variants.pop(next(iter(variants)))
    return structs.replace(removal, variants=variants) if variants or removal.gone else None


class VariantPruner:
    """Removes dropped variants: `draft` sets their stock to 0, `delete` deletes them.

    Args:
        api: of the store.
        options: of the run.
        revise: called with the outcome of each product that loses variants.
        fail: called with each variant that is not removed.
        stop: nothing more is removed once it is set.
    """

    def __init__(
        self,
        api: AdminApi,
        options: SyncOptions,
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
        self._location_id = ""
        self._deletes = options.on_missing == OnMissing.DELETE

    async def find(self, dropped: Mapping[str, Collection[str] | None]) -> list[Removal]:
        """The variants to remove from some products.

        Args:
            dropped: keys of variants by external id; None for all that the record says are dropped.

        Raises:
            StoreError: the store cannot be read.
        """
        found = await self._api.details("external_id", list(dropped))
        removals = (
            self._removal(stored, dropped.get(stored.external_id or ""))
            for stored in found
            if isinstance(stored, StoredProduct)
        )
        return [removal for removal in removals if removal is not None]

    def _removal(self, stored: StoredProduct, keys: Collection[str] | None) -> Removal | None:
        record = stored.record or Record()
        by_id = {variant.id: variant for variant in stored.variants}
        ids = {
            key: entry.id
            for key, entry in record.variants.items()
            if entry.dropped in REMOVABLE[self._options.on_missing] and (keys is None or key in keys)
        }
        variants = {key: by_id[own] for key, own in ids.items() if own in by_id}
        return _without_last(Removal(stored, record, variants, tuple(ids.keys() - variants.keys())))

    def guard(self, removals: Sequence[Removal], owned: int) -> None:
        """Check that not too many variants are removed.

        Args:
            removals: all of the run.
            owned: the variants that the store had of this source before the run.

        Raises:
            PruneGuardError: more than `--max-removals` allows.
        """
        count, allowed = sum(len(removal.variants) for removal in removals), self._options.max_removals
        if allowed.allows(count, owned):
            return
        named = [(removal, key) for removal in removals for key in removal.variants]
        lines = [
            f"  {removal.stored.external_id} {removal.stored.title!r}: {removal.named(key)}"
            for removal, key in named[:_LISTED]
        ]
        if count > _LISTED:
            lines.append(f"  ... and {count - _LISTED} more")
        what = f"{count} of {owned} variants are missing at the source; --max-removals is {allowed}."
        hint = "If they are really gone, run once with a higher --max-removals (SYNC_PRODUCTS_MAX_REMOVALS)."
        raise PruneGuardError("\n".join([f"{what} Nothing was removed.", *lines]), hint=hint)

    async def execute(self, removals: Sequence[Removal], placement: Placement) -> None:
        """Remove variants.

        Raises:
            StoreError: the store is unavailable.
        """
        self._location_id = placement.location_id or ""
        for start in range(0, len(removals), _AT_ONCE):
            if self._stop.is_set:
                return
            await self._remove(removals[start : start + _AT_ONCE])

    async def _remove(self, removals: Sequence[Removal]) -> None:
        """Remove the variants of some products; if the store refuses a write, of one product at a time."""
        try:
            if self._options.dry_run:
                for removal in removals:
                    self._settle(removal, removal.variants)
                return
            removals = await self._without_gone(removals)
            if self._deletes:
                await self._delete(removals)
            else:
                await self._draft(removals)
        except (StoreRefusedError, AmbiguousWriteError) as error:
            if len(removals) == 1:
                self._report(removals[0], f"its dropped variants were not removed: {error}")
                return
            for removal in removals:
                if not self._stop.is_set:
                    await self._remove_again(removal)

    async def _remove_again(self, removal: Removal) -> None:
        """Read a product again, because some of its variants may be removed already."""
        keys = {*removal.variants, *removal.gone}
        for left in await self.find({str(removal.stored.external_id): keys}):
            await self._remove([left])

    async def _without_gone(self, removals: Sequence[Removal]) -> list[Removal]:
        """Leave variants that do not exist any more out of the records; returns what is left to remove."""
        left: list[Removal] = []
        bodies = []
        for removal in removals:
            variants = {key: each for key, each in removal.record.variants.items() if key not in removal.gone}
            record = structs.replace(removal.record, variants=variants)
            left.append(structs.replace(removal, record=record, gone=()))
            if removal.gone:
                bodies.append(record_body(removal.stored.id, record))
        if bodies:
            await self._api.edit_products(bodies)
        return [removal for removal in left if removal.variants]

    async def _draft(self, removals: Sequence[Removal]) -> None:
        """Set the stock to 0. Without a recorded level, a variant that comes back gets its stock again."""
        if not removals:
            return
        await self._write_records(
            removals, lambda entry: structs.replace(entry, fields=_without_stock(entry))
        )
        levels = [
            Level(item_id, self._location_id, 0)
            for removal in removals
            for variant in removal.variants.values()
            if _stocked_level(variant, self._location_id) and (item_id := item_id_of(variant)) is not None
        ]
        if levels:
            await self._api.write_levels(create=(), update=levels)
        await self._write_records(
            removals,
            lambda entry: structs.replace(entry, fields=_without_stock(entry), dropped=Dropped.DRAFTED),
        )
        for removal in removals:
            self._settle(removal, removal.variants)

    async def _delete(self, removals: Sequence[Removal]) -> None:
        """Delete variants; their records show first that it was this tool."""
        if not removals:
            return
        await self._write_records(removals, lambda entry: structs.replace(entry, dropped=Dropped.REMOVED))
        bodies = []
        for removal in removals:
            deleted = await self._delete_from(removal)
            if not deleted:
                continue
            left = {key: entry for key, entry in removal.record.variants.items() if key not in deleted}
            bodies.append(record_body(removal.stored.id, structs.replace(removal.record, variants=left)))
            await self._remove_values(removal, deleted)
            self._settle(removal, deleted)
        if bodies:
            await self._api.edit_products(bodies)

    async def _delete_from(self, removal: Removal) -> list[str]:
        """Delete variants of a product, one at a time if the store refuses one; returns their keys."""
        keys = list(removal.variants)
        parts = [keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE)]
        deleted: list[str] = []
        while parts:
            part = parts.pop(0)
            ids = [removal.variants[key].id for key in part]
            try:
                await self._api.delete_variants(removal.stored.id, ids)
                deleted += part
            except StoreRefusedError as error:  # some of its stock may be reserved
                if len(part) > 1:
                    parts[:0] = [[key] for key in part]
                else:
                    self._report(removal, f"variant {removal.named(part[0])} was not removed: {error}")
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

    async def _write_records(
        self, removals: Sequence[Removal], change: Callable[[VariantRecord], VariantRecord]
    ) -> None:
        bodies: list[dict[str, Any]] = []
        for removal in removals:
            changed = {key: change(removal.record.variants[key]) for key in removal.variants}
            record = structs.replace(removal.record, variants=removal.record.variants | changed)
            bodies.append(record_body(removal.stored.id, record))
        await self._api.edit_products(bodies)

    def outcome(self, removal: Removal, placement: Placement) -> Outcome | None:
        """The outcome of a product that loses variants; None if nothing changes."""
        self._location_id = placement.location_id or ""
        return self._outcome(removal, removal.variants)

    def _settle(self, removal: Removal, keys: Collection[str]) -> None:
        outcome = self._outcome(removal, keys)
        if outcome is not None:
            self._revise(outcome)

    def _outcome(self, removal: Removal, keys: Collection[str]) -> Outcome | None:
        changes = tuple(change for key in keys if (change := self._change(removal, key)) is not None)
        stored = removal.stored
        if not changes:
            return None
        return Outcome(
            stored.external_id, stored.title, Result.UPDATED, changes=changes, action=Action.UPDATE
        )

    def _change(self, removal: Removal, key: str) -> FieldChange | None:
        """The change of a variant; None if it has no stock to set to 0."""
        name = removal.named(key)
        if self._deletes:
            return FieldChange(VARIANT, name, None, name, None, name)
        level = _stocked_level(removal.variants[key], self._location_id)
        if level is None:
            return None
        return FieldChange(STOCK, level.stocked_quantity, 0, level.stocked_quantity, 0, name)


def _stocked_level(variant: StoredVariant, location_id: str) -> StoredLevel | None:
    """The level of a variant at a location, if its stock is tracked and not 0."""
    level = stock_level(variant, location_id) if variant.manage_inventory else None
    return level if level and level.stocked_quantity else None


def _without_stock(entry: VariantRecord) -> dict[str, Any]:
    return {name: value for name, value in entry.fields.items() if name != STOCK}
