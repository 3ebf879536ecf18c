"""Removes the variants that the source dropped from products that it still has."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from medusa_sync.core.change import FieldChange
from medusa_sync.core.fields import OPTION, STOCK, VARIANT
from medusa_sync.core.policy import OnMissing
from medusa_sync.core.record import Dropped, Record, VariantRecord, remember_text
from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.core.stored import StoredProduct, Unreadable
from medusa_sync.core.stored_variant import StoredLevel, StoredVariant
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.payload import record_body
from medusa_sync.medusa.resources import Level
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.read.scan import REMOVABLE

logger = logging.getLogger(__name__)


Revision = Callable[[VariantRecord], VariantRecord | None]


class Removal(Struct, frozen=True):
    """The variants of a product to remove.

    Attributes:
        variants: by key.
        gone: ids of variants that the store does not have any more.
    """

    stored: StoredProduct
    record: Record
    variants: Mapping[str, StoredVariant]
    gone: frozenset[str] = frozenset()

    @property
    def ids(self) -> set[str]:
        """Ids of the variants that the store has."""
        return {each.id for each in self.variants.values()}

    @property
    def names(self) -> list[str]:
        """What messages call the variants."""
        product = f"{self.stored.external_id} {self.stored.title!r}"
        return [f"{product}: {self.named(key)}" for key in self.variants]

    def named(self, key: str) -> str:
        variant = self.variants[key]
        return variant.title or variant.sku or key

    def only(self, ids: Collection[str]) -> Removal:
        """The removal of those variants that have one of these ids."""
        variants = {key: each for key, each in self.variants.items() if each.id in ids}
        return structs.replace(self, variants=variants)

    def revised(self, record: Record, revise: Revision) -> dict[str, Any]:
        """The body that writes a record with other entries for the variants, without those that are gone."""
        ids = self.ids
        entries = {key: revise(each) if each.id in ids else each for key, each in record.variants.items()}
        left = {key: each for key, each in entries.items() if each is not None and each.id not in self.gone}
        return record_body(self.stored.id, structs.replace(record, variants=left))


async def find_removals(
    api: AdminApi,
    dropped: Mapping[str, Collection[str] | None],
    on_missing: OnMissing,
    *,
    is_plan: bool = False,
) -> list[Removal]:
    """Read which variants of some products are to be removed.

    Args:
        api: of the store.
        dropped: ids of variants by external id of their product; None for all that its record says.
        on_missing: what happens to them.
        is_plan: the records do not say yet that variants with these ids are dropped.

    Raises:
        StoreError: the store cannot be read.
    """
    found = await api.details("external_id", list(dropped))
    removals = (
        _removal(stored, dropped.get(stored.external_id or ""), on_missing, is_plan=is_plan)
        for stored in found
        if isinstance(stored, StoredProduct)
    )
    return [removal for removal in removals if removal.variants or removal.gone]


def _removal(
    stored: StoredProduct, wanted: Collection[str] | None, on_missing: OnMissing, *, is_plan: bool
) -> Removal:
    """The variants to remove from a product; one of its variants stays."""
    record = stored.record or Record()
    keys = {entry.id: key for key, entry in record.variants.items()}
    states = {entry.id: entry.dropped for entry in record.variants.values()}
    if is_plan and wanted is not None:
        states |= {own: states.get(own) or Dropped.KEPT for own in wanted}
    ids = {
        own
        for own, state in states.items()
        if state in REMOVABLE[on_missing] and (wanted is None or own in wanted)
    }
    by_id = {each.id: each for each in stored.variants}
    variants = {keys.get(own, own): by_id[own] for own in sorted(ids & by_id.keys())}  # by age
    if variants and len(variants) == len(stored.variants):
        variants.pop(next(iter(variants)))
    return Removal(stored, record, variants, frozenset(ids - by_id.keys()))


class DroppedVariants:
    """Removes dropped variants: `draft` sets their stock to 0, `delete` deletes them.

    Args:
        api: of the store.
        on_missing: what happens to them.
        location_id: where the stock of the source is.
        ledger: notified of products that lose variants, and of variants that are not removed.
    """

    def __init__(self, api: AdminApi, on_missing: OnMissing, location_id: str, ledger: Ledger) -> None:
        self._api = api
        self._on_missing = on_missing
        self._location_id = location_id
        self._ledger = ledger
        self._sent: set[str] = set()  # ids of variants that were sent to be deleted
        self._settled: set[str] = set()  # ids of variants with an outcome

    async def remove(self, removals: Sequence[Removal]) -> None:
        """Remove variants of some products in few calls.

        Raises:
            StoreRefusedError, AmbiguousWriteError, StoreError: some may not be removed.
        """
        # Other removals took time: another run may have written these products since.
        dropped = {str(each.stored.external_id): each.ids | each.gone for each in removals}
        current = await find_removals(self._api, dropped, self._on_missing)
        left = {own for each in current for own in each.ids}
        for removal in removals:  # an earlier attempt has deleted these, although its response was lost
            self._settle(removal.only(self._sent - left))
        await (self._delete if self._on_missing is OnMissing.DELETE else self._draft)(current)

    def fail(self, removal: Removal, error: Exception) -> None:
        """Report that variants of a product are not removed."""
        self._report(removal, f"its dropped variants were not removed: {error}")

    async def _draft(self, removals: Sequence[Removal]) -> None:
        """Set the stock to 0. Without a recorded level, a variant that comes back gets its stock again."""
        await self._note(removals, lambda entry: structs.replace(entry, fields=_without_stock(entry)))
        levels = [
            Level(item_id, self._location_id, 0)
            for removal in removals
            for variant in removal.variants.values()
            if _stocked_level(variant, self._location_id) and (item_id := variant.item_id) is not None
        ]
        if levels:
            await self._api.items.write_levels(create=(), update=levels)
        for removal in removals:
            self._settle(removal)
        await self._acknowledge(removals, _as_drafted)

    async def _delete(self, removals: Sequence[Removal]) -> None:
        """Delete variants; their records show first that it was this tool."""
        await self._note(removals, lambda entry: structs.replace(entry, dropped=Dropped.REMOVED))
        ids = await self._delete_variants(removals)
        deleted = [removal.only(ids) for removal in removals]
        for removal in deleted:
            await self._remove_values(removal)
            self._settle(removal)
        await self._acknowledge(deleted, lambda _: None)

    async def _delete_variants(self, removals: Sequence[Removal]) -> set[str]:
        """Delete the variants of products, and report those that the store refuses; returns ids."""
        from medusa_sync.medusa.operations import DELETE_VARIANTS  # only removals need it

        wanted = [(each, key, variant.id) for each in removals for key, variant in each.variants.items()]
        bodies = [{"id": own, "product_id": removal.stored.id} for removal, _, own in wanted]
        self._sent |= {own for _, _, own in wanted}
        deleted = set()
        results = await self._api.bulk.run(DELETE_VARIANTS, bodies)
        for (removal, key, own), result in zip(wanted, results, strict=True):
            if isinstance(result, AmbiguousWriteError):
                raise result
            if isinstance(result, str):
                deleted.add(own)
            elif own not in self._settled:  # some of its stock may be reserved
                self._settled.add(own)
                self._report(removal, f"variant {removal.named(key)} was not removed: {result}")
        return deleted

    def _report(self, removal: Removal, reason: str) -> None:
        self._ledger.remove(Outcome(removal.stored.external_id, removal.stored.title, Result.FAILED, reason))

    async def _remove_values(self, removal: Removal) -> None:
        """Remove the option values that only the deleted variants of a product had."""
        names = {option_id: name for name, option_id in removal.record.option_ids.items()}
        gone = removal.ids
        for option in removal.stored.options:
            field = f"{OPTION}{names.get(option.id, option.title)}"
            ours = {removal.record.variants[key].fields.get(field) for key in removal.variants}
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

    async def _note(self, removals: Sequence[Removal], revise: Revision) -> None:
        """Change the records of variants that will be removed."""
        if bodies := [removal.revised(removal.record, revise) for removal in removals]:
            await self._api.edit_products(bodies)

    async def _acknowledge(self, removals: Sequence[Removal], revise: Revision) -> None:
        """Change, or leave out, the records of variants that were removed, as they are now."""
        by_id = {removal.stored.id: removal for removal in removals if removal.variants}
        bodies = [
            by_id[stored.id].revised(stored.record, revise)
            for stored in await self._api.summaries(list(by_id))
            if not isinstance(stored, Unreadable) and stored.record is not None
        ]
        if bodies:
            await self._api.edit_products(bodies)

    def _settle(self, removal: Removal) -> None:
        """Report that variants were removed, unless they have an outcome already."""
        new = removal.only(removal.ids - self._settled)
        self._settled |= new.ids
        outcome = removal_outcome(new, self._on_missing, self._location_id)
        if outcome is not None:
            self._ledger.revise(outcome)


def removal_outcome(removal: Removal, on_missing: OnMissing, location_id: str) -> Outcome | None:
    """The outcome of a product that loses variants; None if none of them has stock to set to 0."""
    changes = []
    for key, variant in removal.variants.items():
        name, level = removal.named(key), _stocked_level(variant, location_id)
        if on_missing is OnMissing.DELETE:
            changes.append(FieldChange(VARIANT, name, None, name, None, name))
        elif level is not None:
            stock = level.stocked_quantity
            changes.append(FieldChange(STOCK, stock, 0, stock, 0, name))
    own, title = removal.stored.external_id, removal.stored.title
    outcome = Outcome(own, title, Result.UPDATED, changes=tuple(changes), action=Action.UPDATE)
    return outcome if changes else None


def _stocked_level(variant: StoredVariant, location_id: str) -> StoredLevel | None:
    """The level of a variant at a location, if its stock is tracked and not 0."""
    level = variant.level_at(location_id) if variant.manage_inventory else None
    return level if level and level.stocked_quantity else None


def _as_drafted(entry: VariantRecord) -> VariantRecord:
    """The record of a variant whose stock is 0 now; another run may have brought it back meanwhile."""
    return structs.replace(
        entry, fields=_without_stock(entry), dropped=Dropped.DRAFTED if entry.dropped else None
    )


def _without_stock(entry: VariantRecord) -> dict[str, Any]:
    return {name: value for name, value in entry.fields.items() if name != STOCK}
