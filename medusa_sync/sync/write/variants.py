"""Writes options and variants, which are written after the rows of their products."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from medusa_sync.core.change import Change
from medusa_sync.core.fields import UNIQUE
from medusa_sync.core.kinds.options import OPTION
from medusa_sync.core.record import Record
from medusa_sync.core.remembered import remember_text
from medusa_sync.core.stored import StoredOption, StoredProduct
from medusa_sync.core.value import Value
from medusa_sync.errors import StoreRefusedError
from medusa_sync.medusa.operations import DELETE_VARIANTS, new_id
from medusa_sync.medusa.payload import (
    FIRST_VARIANTS,
    kept_options,
    new_variants,
    option_values,
    variant_edits,
)
from medusa_sync.medusa.resources import OptionApi
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.job import Job

logger = logging.getLogger(__name__)

Bodies = Iterable[Mapping[str, Any]]


class Variants:
    """What the options and variants of a job need.

    Every method may raise StoreRefusedError, AmbiguousWriteError or StoreError.
    """

    def __init__(self, context: Context) -> None:
        self._api = context.api
        self._options = OptionApi(context.api.client)
        self._added: set[str] = set()  # ids of variants that were added in bulk

    def deleted(self, job: Job) -> Bodies:
        """The dropped variants, and incomplete ones that are created again."""
        spare = _spare(job.change)
        ids = [each.id for each in job.change.removed.values() if each.id != spare]
        ids += [each.replaces for each in job.change.variants]
        return [{"id": each} for each in ids if each]

    def deleted_last(self, job: Job) -> Bodies:
        """The dropped variant that stays until the new ones exist."""
        removed = (each.id for each in job.change.removed.values())
        return [
            {"id": each}
            for each in removed
            if each not in job.history.deleted and each not in job.history.kept
        ]

    def changed(self, job: Job) -> Bodies:
        """The changes of variants, without their option values. They have whole lists of prices."""
        edits = variant_edits(job.change).items()
        bodies = [(each, {name: body[name] for name in body if name != "options"}) for each, body in edits]
        return [{"id": each, **body} for each, body in bodies if body]

    async def change_values(self, job: Job) -> None:
        """Give variants other option values, and remove options that variants have values of."""
        update = job.change
        product: dict[str, Any] = {"id": update.stored.id}
        edits = variant_edits(update).items()
        values = {variant_id: {"options": body["options"]} for variant_id, body in edits if "options" in body}
        removed = {each.id for each in update.options.removed if not _is_removable(each, update.stored)}
        if removed:
            product["option_ids"] = [
                option.id for option in update.stored.options if option.id not in removed
            ]
            values = {variant_id: {"options": kept} for variant_id, kept in kept_options(update).items()}
        if values:
            # Only a product update allows variants to exchange their option values. It deletes variants that
            # it does not list, so their ids are read right before.
            ids = await self._api.variant_ids(update.stored.id)
            bodies: list[dict[str, Any]] = [{"id": each, **values.get(each, {})} for each in ids]
            # Medusa 2.21 fails if a variant without options follows one that has some.
            product["variants"] = sorted(bodies, key=lambda body: "options" in body)
            await self._api.edit_products([product])

    def added(self, job: Job) -> Bodies:
        """The new variants of a stored product, or those that a new product was not created with."""
        left = job.change.new_variants
        if job.change.is_creation:
            left = left[FIRST_VARIANTS:]
            ids = [new_id("variant") for _ in left]
        else:
            ids = _noted_ids(job.change)
            self._added.update(ids)
        added = new_variants(job.change, left, job.attempt.items)
        return [{"id": variant_id, **body} for variant_id, body in zip(ids, added, strict=True)]

    async def remove_copies(self, products: Mapping[str, StoredProduct]) -> set[str]:
        """Delete the variants that this run added while another run added the same ones; returns their ids.

        Medusa refuses a second variant with the same option values, but not if both are created at the same
        moment. Of these, the one with the lowest id stays; each run deletes only its own.
        """
        copies: list[dict[str, Any]] = []
        for product_id, product in products.items():
            first: dict[frozenset[tuple[str, str]], str] = {}
            for each in sorted(product.variants, key=lambda variant: variant.id):
                values = frozenset((value.option_id, value.value) for value in each.options)
                if first.setdefault(values, each.id) != each.id and each.id in self._added:
                    copies.append({"id": each.id, "product_id": product_id})
        for answer in await self._api.bulk.run(DELETE_VARIANTS, copies):
            if not isinstance(answer, str):
                raise answer
        return {body["id"] for body in copies}

    async def change_options(self, job: Job) -> None:
        """Add, rename and remove options, and add values."""
        update = job.change
        plan, product_id = update.options, update.stored.id
        options = {option.id: option for option in update.stored.options}
        are_entities = any(option.is_exclusive is not None for option in options.values())
        wanted = [each.desired.fields for each in update.variants if each.stored or each.is_new]
        for option in plan.removed:
            if _is_removable(option, update.stored):
                await self._options.remove(product_id, option)
        for name, option_id in plan.renamed.items():
            await self._options.rename(product_id, options[option_id], name)
        for name in plan.added:
            values = option_values(wanted, name)
            await self._options.add(product_id, name, values, are_entities=are_entities)
        for name, known in plan.stored.items():
            if known is not None and (missing := _missing_values(update, name, known)):
                title = plan.title(name)
                await self._options.change_values(product_id, known, title, add=missing, remove=())

    async def remove_unused_values(self, job: Job) -> None:
        """Remove the option values that this tool created, also in a killed run, and that no variant has."""
        update = job.change
        records = [update.record, job.attempt.before or update.record]
        for name, option in update.options.stored.items():
            unused = _unused_values(update, name, option, records) if option is not None else ()
            if option is None or not unused:
                continue
            missing, title = _missing_values(update, name, option), update.options.title(name)
            try:
                await self._options.change_values(update.stored.id, option, title, add=missing, remove=unused)
            except StoreRefusedError as error:  # a variant that was added meanwhile may have one of them
                logger.info(
                    "unused values of %s stay: %s",
                    job.external_id,
                    error,
                    extra={"event": "option_values_kept", "external_id": job.external_id},
                )


def _spare(change: Change) -> str:
    """The id of a dropped variant that is deleted after the new ones are created, so that one always exists.

    Empty if the product keeps others, if its options change, or if new ones get values of each dropped one.
    """
    if change.stored.variants or change.options.is_change:
        return ""
    new = [each.fields for each in change.new_variants]
    wanted = {*change.desired.unique_values}
    names = {f"{OPTION}{name}": option_id for name, option_id in change.options.ids.items()}
    for variant in change.removed.values():
        options = {field: variant.value_of(option_id) for field, option_id in names.items()}
        has_heir = any(all(fields.get(name) == value for name, value in options.items()) for fields in new)
        if not has_heir and wanted.isdisjoint((name, getattr(variant, name)) for name in UNIQUE):
            return variant.id
    return ""


def _is_removable(option: StoredOption, stored: StoredProduct) -> bool:
    """Whether an option can be removed without an update of all variants."""
    return option.is_exclusive is None or option.id not in stored.used_options


def _missing_values(update: Change, name: str, option: StoredOption) -> list[str]:
    """The values that variants get and the option does not have."""
    known = {each.value for each in option.values}
    return [value for value in _new_values(update, name) if value not in known]


def _new_values(update: Change, name: str) -> list[str]:
    """The values that variants get, each once."""
    return option_values((each.new_values for each in update.variants), name)


def _unused_values(update: Change, name: str, option: StoredOption, records: Iterable[Record]) -> set[str]:
    field = f"{OPTION}{name}"
    new_values = {
        each.stored.id: each.new_values[field]
        for each in update.variants
        if each.stored is not None and field in each.new_values
    }
    used = {new_values.get(each.id, each.value_of(option.id)) for each in update.stored.variants}
    used |= set(_new_values(update, name))
    ours = set[Value]()  # that were applied or sent
    for record in records:
        ours.update(entry.fields.get(field) for entry in record.variants.values())
        ours.update(*(values.get(field, ()) for values in record.pending_values.values()))
    return {each.value for each in option.values if remember_text(each.value) in ours} - used


def ids_of_new_variants(update: Change) -> dict[str, str]:
    """Ids for the variants that an update creates, by key; the note names them before they are written."""
    return {each.desired.key: new_id("variant") for each in update.variants if each.is_new}


def _noted_ids(update: Change) -> list[str]:
    """The ids in the note of the variants that an update creates."""
    noted = update.record.pending.new if update.record.pending else {}
    return [noted.get(key, variant_id) for key, variant_id in ids_of_new_variants(update).items()]
