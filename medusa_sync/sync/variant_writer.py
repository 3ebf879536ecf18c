"""Writes options and variants by requests of their own, after the product row."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from medusa_sync.core.change import Create, Update
from medusa_sync.core.fields import OPTION
from medusa_sync.core.product import Value
from medusa_sync.core.record import Record, remember_text
from medusa_sync.core.stored import StoredItem, StoredOption, StoredProduct, WrittenVariant
from medusa_sync.errors import StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.payload import FIRST_VARIANTS
from medusa_sync.medusa.variant_payload import (
    added_variants,
    all_variants,
    kept_options,
    new_variants,
    variant_edits,
    wanted_values,
)

logger = logging.getLogger(__name__)

T = TypeVar("T")

_AT_ONCE = 500  # variants in a request: about 2 s
_DELETED_AT_ONCE = 50  # the time that the store takes grows faster than their number


class VariantWriter:
    """Writes the options and variants of one product at a time; raises what `MedusaClient.post` raises.

    Args:
        api: of the store.
        keeps_stock: the store has a stock location.
    """

    def __init__(self, api: AdminApi, *, keeps_stock: bool) -> None:
        self._api = api
        self._keeps_stock = keeps_stock

    async def complete(
        self, create: Create, product_id: str, items: Mapping[str, StoredItem]
    ) -> list[WrittenVariant]:
        """Add the variants that a product was not created with."""
        left = create.desired.variants[FIRST_VARIANTS:]
        bodies = new_variants(create.desired, left, keeps_stock=self._keeps_stock, items=items)
        return await self._create(product_id, bodies)

    async def change(self, update: Update) -> tuple[list[WrittenVariant], dict[str, str]]:
        """Write the options, and the variants that exist.

        Returns:
            The changed variants, and the ids of new options by name.
        """
        stored, edits = update.stored, variant_edits(update)
        added = await self._change_options(update)
        await self.delete(stored.id, [each.replaces for each in update.variants if each.replaces])
        product: dict[str, Any] = {"id": stored.id}
        removed = {option.id for option in update.options.removed if not _is_removable(option, stored)}
        if removed:
            kept = [option.id for option in stored.options if option.id not in removed]
            product["option_ids"] = [*kept, *added.values()]
            values = kept_options(update)
            edits = {key: {**edits.get(key, {}), "options": values[key]} for key in values}
        if any("options" in body for body in edits.values()):
            # Only a product update allows variants to exchange their option values. It deletes variants that
            # it does not list, so their ids are read right before.
            product["variants"] = all_variants(await self._api.variant_ids(stored.id), edits)
            products = await self._api.update_products([product])
            return [variant for each in products for variant in each.variants], added
        written: list[WrittenVariant] = []
        for part in _parts([{"id": variant_id, **body} for variant_id, body in edits.items()], _AT_ONCE):
            written += await self._api.update_variants(stored.id, part)
        return written, added

    async def add(self, update: Update, items: Mapping[str, StoredItem]) -> list[WrittenVariant]:
        """Create new variants, and remove option values that no variant has any more."""
        bodies = added_variants(update, keeps_stock=self._keeps_stock, items=items)
        written = await self._create(update.stored.id, bodies)
        await self.remove_unused_values(update)
        return written

    async def delete(self, product_id: str, ids: Sequence[str]) -> None:
        """Delete variants of a product."""
        for part in _parts(ids, _DELETED_AT_ONCE):
            await self._api.delete_variants(product_id, part)

    async def _create(self, product_id: str, bodies: Sequence[dict[str, Any]]) -> list[WrittenVariant]:
        written: list[WrittenVariant] = []
        for part in _parts(bodies, _AT_ONCE):
            written += await self._api.create_variants(product_id, part)
        return written

    async def _change_options(self, update: Update) -> dict[str, str]:
        """Returns the ids of new options by name."""
        plan, product_id = update.options, update.stored.id
        options = {option.id: option for option in update.stored.options}
        are_entities = any(option.is_exclusive is not None for option in options.values())
        variants = [each.desired for each in update.variants if each.stored or each.is_new]
        for option in plan.removed:
            if _is_removable(option, update.stored):
                await self._api.options.remove(product_id, option)
        for name, option_id in plan.renamed.items():
            await self._api.options.rename(product_id, options[option_id], name)
        added = {
            name: await self._api.options.add(
                product_id, name, wanted_values(variants, name), are_entities=are_entities
            )
            for name in plan.added
        }
        for name, known in plan.stored.items():
            if known is not None and (missing := _missing_values(update, name, known)):
                title = plan.title(name)
                await self._api.options.change_values(product_id, known, title, add=missing, remove=())
        return added

    async def remove_unused_values(self, update: Update) -> None:
        """Remove the option values that this tool created, also in a killed run, and that no variant has."""
        for name, option in update.options.stored.items():
            if option is None or not (unused := _unused_values(update, name, option)):
                continue
            missing, title = _missing_values(update, name, option), update.options.title(name)
            try:
                await self._api.options.change_values(
                    update.stored.id, option, title, add=missing, remove=unused
                )
            except StoreRefusedError as error:  # a variant that was added meanwhile may have one of them
                external_id = update.desired.external_id
                logger.info(
                    "unused values of %s stay: %s",
                    external_id,
                    error,
                    extra={"event": "option_values_kept", "external_id": external_id},
                )


def _is_removable(option: StoredOption, stored: StoredProduct) -> bool:
    """Whether an option can be removed without an update of all variants."""
    used = any(variant.value_of(option.id) is not None for variant in stored.variants)
    return option.is_exclusive is None or not used


def _missing_values(update: Update, name: str, option: StoredOption) -> list[str]:
    """The values that variants get and the option does not have."""
    known = {each.value for each in option.values}
    return [value for value in _new_values(update, name) if value not in known]


def _new_values(update: Update, name: str) -> list[str]:
    """The values that variants get, each once."""
    field = f"{OPTION}{name}"
    values = [
        value
        for each in update.variants
        for value in (
            [each.desired.fields.get(field)]
            if each.is_new
            else [change.planned for change in each.changes if change.field == field]
        )
    ]
    return list(dict.fromkeys(str(value) for value in values if value is not None))


def _unused_values(update: Update, name: str, option: StoredOption) -> set[str]:
    field = f"{OPTION}{name}"
    planned = {
        each.stored.id: change.planned
        for each in update.variants
        if each.stored is not None
        for change in each.changes
        if change.field == field
    }
    used = {planned.get(each.id, each.value_of(option.id)) for each in update.stored.variants}
    used |= set(_new_values(update, name))
    ours = _our_values(update.record, field) if update.record else set()
    return {each.value for each in option.values if remember_text(each.value) in ours} - used


def _our_values(record: Record, field: str) -> set[Value]:
    """The values that were applied or sent, as `remember` gives them."""
    applied = {entry.fields.get(field) for entry in record.variants.values()}
    pending = record.pending.variants.values() if record.pending else ()
    return applied.union(*(sent.get(field, ()) for sent in pending))


def _parts(entries: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(entries), size):
        yield entries[start : start + size]
