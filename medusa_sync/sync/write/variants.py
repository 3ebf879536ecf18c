"""Writes options and variants, which are written after the rows of their products."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from medusa_sync.core.change import Update
from medusa_sync.core.fields import OPTION
from medusa_sync.core.product import Value
from medusa_sync.core.record import Record, remember_text
from medusa_sync.core.stored import StoredOption, StoredProduct
from medusa_sync.core.stored_variant import StoredItem
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.ids import new_id
from medusa_sync.medusa.operations import CREATE_VARIANTS, DELETE_VARIANTS, UPDATE_VARIANTS, Operation
from medusa_sync.medusa.payload import FIRST_VARIANTS
from medusa_sync.medusa.variant_payload import (
    Items,
    added_variants,
    all_variants,
    kept_options,
    new_variants,
    variant_edits,
    wanted_values,
)
from medusa_sync.sync.write.job import Job

logger = logging.getLogger(__name__)

Bodies = Iterable[Mapping[str, Any]]


class VariantWriter:
    """Writes the options and variants of many products; the variants with one call for all of them.

    Every method sets the error of the jobs of which the store refused a part, and raises AmbiguousWriteError
    or StoreError.

    Args:
        api: of the store.
        keeps_stock: the store has a stock location.
    """

    def __init__(self, api: AdminApi, *, keeps_stock: bool) -> None:
        self._api = api
        self._keeps_stock = keeps_stock
        self._added: set[str] = set()  # ids of variants that were added in bulk

    async def replace(self, jobs: Sequence[Job]) -> None:
        """Delete the incomplete variants that are created again."""
        await self._run(
            DELETE_VARIANTS,
            {job: [{"id": each.replaces} for each in job.update.variants if each.replaces] for job in jobs},
        )

    async def change(self, jobs: Sequence[Job]) -> None:
        """Write the variants that exist. Call it right after planning: prices are replaced as a list."""
        edits = {job: variant_edits(job.update) for job in jobs}
        await self._run(UPDATE_VARIANTS, {job: _without_options(own) for job, own in edits.items()})
        for job, own in edits.items():
            if job.error is None:
                try:
                    await self._change_values(job.update, own)
                except StoreRefusedError as error:
                    job.error = error

    async def _change_values(self, update: Update, edits: Mapping[str, Mapping[str, Any]]) -> None:
        """Give variants other option values, and remove options that variants have values of."""
        product: dict[str, Any] = {"id": update.stored.id}
        values = {own: {"options": body["options"]} for own, body in edits.items() if "options" in body}
        removed = {each.id for each in update.options.removed if not _is_removable(each, update.stored)}
        if removed:
            product["option_ids"] = [
                option.id for option in update.stored.options if option.id not in removed
            ]
            values = {own: {"options": kept} for own, kept in kept_options(update).items()}
        if values:
            # Only a product update allows variants to exchange their option values. It deletes variants that
            # it does not list, so their ids are read right before.
            product["variants"] = all_variants(await self._api.variant_ids(update.stored.id), values)
            await self._api.edit_products([product])

    async def add(self, jobs: Sequence[Job], items: Mapping[str, StoredItem]) -> None:
        """Create the new variants of stored products, and those that new products were not created with.

        Args:
            jobs: of products.
            items: unused inventory items for them, by SKU.
        """
        bodies = {job: self._new(job, items) for job in jobs}
        self._added |= {
            body["id"] for job, own in bodies.items() if isinstance(job.plan, Update) for body in own
        }
        await self._run(CREATE_VARIANTS, bodies)

    def _new(self, job: Job, items: Items) -> list[dict[str, Any]]:
        items = items if self._keeps_stock else None
        if isinstance(job.plan, Update):
            added = added_variants(job.plan, items)
            return [{"id": own, **body} for own, body in zip(_noted_ids(job.plan), added, strict=True)]
        desired = job.create.desired
        left = desired.variants[FIRST_VARIANTS:]
        return _created(new_variants(desired, left, items))

    async def remove_copies(self, written: Mapping[str, StoredProduct]) -> set[str]:
        """Delete the variants that this run added while another run added the same ones.

        Medusa refuses a second variant with the same option values, but not if both are created at the same
        moment. Of these, the one with the lowest id stays; each run deletes only its own.

        Args:
            written: the products by id.

        Returns:
            The ids of deleted variants.
        """
        copies: list[dict[str, Any]] = []
        for product_id, product in written.items():
            first: dict[frozenset[tuple[str, str]], str] = {}
            for each in sorted(product.variants, key=lambda variant: variant.id):
                values = frozenset((value.option_id, value.value) for value in each.options)
                if first.setdefault(values, each.id) != each.id and each.id in self._added:
                    copies.append({"id": each.id, "product_id": product_id})
        for result in await self._api.bulk.run(DELETE_VARIANTS, copies):
            if not isinstance(result, str):
                raise result
        return {body["id"] for body in copies}

    async def _run(self, operation: Operation, bodies: Mapping[Job, Bodies]) -> None:
        """Carry out an operation for the variants of products."""
        wanted = [
            (job, {**body, "product_id": job.product_id}) for job, own in bodies.items() for body in own
        ]
        if not wanted:
            return
        results = await self._api.bulk.run(operation, [body for _, body in wanted])
        for (job, _), result in zip(wanted, results, strict=True):
            if isinstance(result, AmbiguousWriteError):
                raise result
            if not isinstance(result, str):
                job.error = result

    async def change_options(self, jobs: Sequence[Job]) -> None:
        """Add, rename and remove options, one product at a time: there is no bulk call for their values."""
        for job in jobs:
            try:
                await self._change_options(job.update)
            except StoreRefusedError as error:
                job.error = error

    async def _change_options(self, update: Update) -> None:
        plan, product_id = update.options, update.stored.id
        options = {option.id: option for option in update.stored.options}
        are_entities = any(option.is_exclusive is not None for option in options.values())
        variants = [each.desired for each in update.variants if each.stored or each.is_new]
        for option in plan.removed:
            if _is_removable(option, update.stored):
                await self._api.options.remove(product_id, option)
        for name, option_id in plan.renamed.items():
            await self._api.options.rename(product_id, options[option_id], name)
        for name in plan.added:
            values = wanted_values(variants, name)
            await self._api.options.add(product_id, name, values, are_entities=are_entities)
        for name, known in plan.stored.items():
            if known is not None and (missing := _missing_values(update, name, known)):
                title = plan.title(name)
                await self._api.options.change_values(product_id, known, title, add=missing, remove=())

    async def remove_unused_values(self, update: Update, before: Record | None) -> None:
        """Remove the option values that this tool created, also in a killed run, and that no variant has.

        Args:
            update: that was written.
            before: the record before the update.
        """
        records = [record for record in (update.record, before) if record is not None]
        for name, option in update.options.stored.items():
            if option is None or not (unused := _unused_values(update, name, option, records)):
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


def writes_variants(update: Update) -> bool:
    """Whether options or variants are written, after the row of the product."""
    has_new = any(each.is_new for each in update.variants)
    return bool(update.options.is_change or has_new or variant_edits(update))


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


def _unused_values(update: Update, name: str, option: StoredOption, records: Iterable[Record]) -> set[str]:
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
    ours = set[Value]().union(*(_our_values(record, field) for record in records))
    return {each.value for each in option.values if remember_text(each.value) in ours} - used


def _our_values(record: Record, field: str) -> set[Value]:
    """The values that were applied or sent, as `remember` gives them."""
    applied = {entry.fields.get(field) for entry in record.variants.values()}
    pending = record.pending.variants.values() if record.pending else ()
    return applied.union(*(sent.get(field, ()) for sent in pending))


def _without_options(edits: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    bodies = (
        {"id": own, **{name: value for name, value in body.items() if name != "options"}}
        for own, body in edits.items()
    )
    return [body for body in bodies if len(body) > 1]


def new_ids(update: Update) -> dict[str, str]:
    """Ids for the variants that an update creates, by key; the note names them before they are written."""
    return {each.desired.key: new_id("variant") for each in update.variants if each.is_new}


def _noted_ids(update: Update) -> list[str]:
    """The ids in the note of the variants that an update creates."""
    noted = update.record.pending.new if update.record and update.record.pending else {}
    return [noted.get(key, own) for key, own in new_ids(update).items()]


def _created(bodies: Bodies) -> list[dict[str, Any]]:
    return [{"id": new_id("variant"), **body} for body in bodies]
