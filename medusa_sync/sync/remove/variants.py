"""Removes the variants that the source dropped from products that it still has."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from medusa_sync.core.change import FieldChange
from medusa_sync.core.fields import OPTION, STOCK, VARIANT
from medusa_sync.core.policy import OnMissing
from medusa_sync.core.record import Dropped, Record, remember_text
from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.core.stored import StoredLevel, StoredOption, StoredProduct, StoredVariant, Unreadable
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.payload import record_body
from medusa_sync.medusa.resources import Level
from medusa_sync.sync.context import Context
from medusa_sync.sync.read.scan import REMOVABLE

logger = logging.getLogger(__name__)


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

    def body(self, record: Record, *, deletes: bool, is_done: bool) -> dict[str, Any]:
        """The body that notes or acknowledges the removal in the current record of the product.

        Entries of variants that are gone are left out.
        """
        ids, variants = self.ids, dict(record.variants)
        for key, entry in record.variants.items():
            if entry.id in self.gone or (entry.id in ids and deletes and is_done):
                del variants[key]
            elif entry.id in ids and deletes:  # the record shows that it was this tool
                variants[key] = structs.replace(entry, dropped=Dropped.REMOVED)
            elif entry.id in ids:  # without a recorded level, a variant that comes back gets its stock again
                fields = {name: value for name, value in entry.fields.items() if name != STOCK}
                dropped = Dropped.DRAFTED if is_done and entry.dropped else entry.dropped
                variants[key] = structs.replace(entry, fields=fields, dropped=dropped)
        return record_body(self.stored.id, structs.replace(record, variants=variants))


async def find_removals(
    api: AdminApi,
    dropped: Mapping[str, Collection[str] | None],
    on_missing: OnMissing,
    *,
    is_plan: bool = False,
) -> list[Removal]:
    """Read which variants of some products are to be removed.

    `dropped` has their ids by external id of the product; None for all that its record says. In a plan, the
    records do not say yet that these variants are dropped.
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
    """Removes dropped variants: `draft` sets their stock at the location to 0, `delete` deletes them."""

    def __init__(self, context: Context, location_id: str) -> None:
        self._api = context.api
        self._on_missing = context.options.on_missing
        self._deletes = context.deletes
        self._location_id = location_id
        self._ledger = context.ledger
        self._removed: set[str] = set()  # ids of variants, perhaps by an attempt whose response was lost

    async def remove(self, removals: Sequence[Removal]) -> None:
        """Remove variants of some products in few calls: note, remove, acknowledge.

        Raises:
            StoreRefusedError, AmbiguousWriteError, StoreError: some may not be removed.
        """
        # Other removals took time: another run may have written these products since.
        dropped = {str(each.stored.external_id): each.ids | each.gone for each in removals}
        current = await find_removals(self._api, dropped, self._on_missing)
        await self._write([each.body(each.record, deletes=self._deletes, is_done=False) for each in current])
        refused = await self._delete(current) if self._deletes else await self._clear_stock(current)
        removed = {each.stored.id: each.only(each.ids.difference(refused)) for each in current}
        self._removed.update(own for each in removed.values() for own in each.ids | each.gone)
        await self._write(
            [
                removed[stored.id].body(stored.record, deletes=self._deletes, is_done=True)
                for stored in await self._api.summaries(
                    "id", [own for own, each in removed.items() if each.variants]
                )
                if not isinstance(stored, Unreadable) and stored.record is not None
            ]
        )
        for removal in removals:
            self._report(removal, refused)

    def fail(self, removal: Removal, error: Exception) -> None:
        """Report that variants of a product are not removed."""
        self._fail(removal, f"its dropped variants were not removed: {error}")

    def _report(self, removal: Removal, refused: Mapping[str, Exception]) -> None:
        outcome = removal_outcome(removal.only(self._removed), self._on_missing, self._location_id)
        if outcome is not None:
            self._ledger.revise(outcome)
        for key, variant in removal.variants.items():
            if variant.id in refused:
                self._fail(removal, f"variant {removal.named(key)} was not removed: {refused[variant.id]}")

    def _fail(self, removal: Removal, reason: str) -> None:
        self._ledger.remove(Outcome(removal.stored.external_id, removal.stored.title, Result.FAILED, reason))

    async def _clear_stock(self, removals: Sequence[Removal]) -> dict[str, Exception]:
        """Set the stock to 0; a level is never refused."""
        levels = [
            Level(item_id, self._location_id, 0)
            for removal in removals
            for variant in removal.variants.values()
            if _stocked_level(variant, self._location_id) and (item_id := variant.item_id) is not None
        ]
        if levels:
            await self._api.items.write_levels(create=(), update=levels)
        return {}

    async def _delete(self, removals: Sequence[Removal]) -> dict[str, Exception]:
        """Delete variants and their option values; returns why some stay, by id."""
        from medusa_sync.medusa.operations import DELETE_VARIANTS  # only removals need it

        bodies = [
            {"id": own, "product_id": removal.stored.id}
            for removal in removals
            for own in sorted(removal.ids)
        ]
        refused: dict[str, Exception] = {}
        results = await self._api.bulk.run(DELETE_VARIANTS, bodies)
        for body, result in zip(bodies, results, strict=True):
            if isinstance(result, AmbiguousWriteError):
                raise result
            if not isinstance(result, str):  # some of its stock may be reserved
                refused[body["id"]] = result
        for removal in removals:
            await self._remove_values(removal.only(removal.ids.difference(refused)))
        return refused

    async def _remove_values(self, removal: Removal) -> None:
        """Remove the option values that only the deleted variants of a product had."""
        names = {option_id: name for name, option_id in removal.record.option_ids.items()}
        gone = removal.ids
        for option in removal.stored.options:
            field = f"{OPTION}{names.get(option.id, option.title)}"
            ours = {removal.record.variants[key].fields.get(field) for key in removal.variants}
            used = {each.value_of(option.id) for each in removal.stored.variants if each.id not in gone}
            if unused := {each.value for each in option.values if remember_text(each.value) in ours} - used:
                await remove_values(self._api, removal.stored, option, unused)

    async def _write(self, bodies: Sequence[dict[str, Any]]) -> None:
        if bodies:
            await self._api.edit_products(bodies)


async def remove_values(
    api: AdminApi,
    stored: StoredProduct,
    option: StoredOption,
    unused: Collection[str],
    *,
    title: str = "",
    add: Sequence[str] = (),
) -> None:
    """Remove option values that no variant has; those that the store does not remove stay."""
    try:
        title = title or option.title
        await api.options.change_values(stored.id, option, title, add=add, remove=unused)
    except StoreRefusedError as error:  # a variant that was added meanwhile may have one of them
        own = stored.external_id or ""
        words = "unused values of %s stay: %s", own, error
        logger.info(*words, extra={"event": "option_values_kept", "external_id": own})


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
