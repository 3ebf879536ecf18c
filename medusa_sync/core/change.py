"""Planned changes of one product."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import TypeVar

from msgspec import Struct, structs

from medusa_sync.core.explain import Decision
from medusa_sync.core.field_changes import UNDO, Conflict, FieldChange
from medusa_sync.core.fields import FIELDS, VARIANT, kind_of
from medusa_sync.core.inventory import ItemPlan
from medusa_sync.core.item_plans import plan_items
from medusa_sync.core.kinds.base import Meanings
from medusa_sync.core.kinds.copies import CopyPlan, plan_copies
from medusa_sync.core.kinds.options import OPTION, OPTIONS
from medusa_sync.core.kinds.status import STATUS, hides
from medusa_sync.core.kinds.stock import location_of
from medusa_sync.core.needs import steps_of
from medusa_sync.core.policy import Delay, OnConflict
from medusa_sync.core.product import DesiredProduct, DesiredVariant, Withheld
from medusa_sync.core.product_options import OptionPlan
from medusa_sync.core.record import NO_RECORD, Dropped, Record, Write
from medusa_sync.core.selection import PlanSettings, Selection
from medusa_sync.core.steps import Step
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.value import Value, members

_Found = TypeVar("_Found", FieldChange, Conflict)


def withheld_earlier(record: Record) -> tuple[Withheld, ...]:
    """The values that were withheld when a product was last written."""
    return tuple(
        Withheld(key, key, name, value, None, owner, owner, is_new=False)
        for key, values in record.withheld.items()
        for name, (value, owner) in values.items()
    )


class VariantChange(Struct, frozen=True):
    """What is written for a variant.

    Attributes:
        stored: None if it is created, or if the merchant deleted it.
        is_new: it is created.
        replaces: id of an incomplete variant that is deleted first; empty if there is none.
        changes: the fields to send.
        held: the prices that are not sent, because they would move too far.
        keeps_items: nothing is sent for its inventory items, because they are the merchant's.
    """

    desired: DesiredVariant
    stored: StoredVariant | None
    is_new: bool = False
    replaces: str = ""
    changes: tuple[FieldChange, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    held: tuple[FieldChange, ...] = ()
    keeps_items: bool = False

    @property
    def new_values(self) -> Mapping[str, Value]:
        """What its fields get; all that it has if it is created."""
        return self.desired.fields if self.is_new else {each.field: each.planned for each in self.changes}

    @property
    def reported(self) -> tuple[FieldChange, ...]:
        """What reports say about it: a new variant is one change."""
        name = self.desired.name
        created = (FieldChange(VARIANT, None, name, None, name, name),)
        return self.named(created if self.is_new else self.changes)

    def named(self, found: Iterable[_Found]) -> tuple[_Found, ...]:
        """Changes or conflicts, with the key of the variant."""
        return tuple(structs.replace(each, key=self.desired.key) for each in found)


class Change(Struct, frozen=True, dict=True):
    """What is written for a product.

    Attributes:
        desired: what the source wants; for values that are withheld, what the store has.
        stored: nothing for a product that is created.
        record: what was last applied, with the keys and option names that the source uses now.
        own_changes: the fields of the product to send; empty if only variants or the record are written.
        own_conflicts: those that the source wins, and those that the store wins.
        variants: all that the source wants, and dropped ones that change.
        dropped: variants of ours that the source no longer has, by key; none if variants are not selected.
        removed: those that are deleted, by key; `stored` and `dropped` do not have them.
        drafted: the keys of dropped variants whose stock is set to 0.
        how: it was decided.
        blocked: why variants cannot get their option values, or are not removed; None for no reason.
        handle: of a product that is created; None for one that the store has.
        shared_item: id of the inventory item that variants share; None if there is none yet.
        keeps_items: nothing is sent for the item that variants share, because it is the merchant's.
        keeps_record: the record in the store stays as it is, except that it says which variants are deleted;
            `record` says what was applied by the run that is undone.
        newer: fields that the record gets for the first time, because an earlier version did not sync them,
            with whether the store will have what the source wants.
        decisions: about its fields, if they are wanted.
    """

    desired: DesiredProduct
    stored: StoredProduct
    record: Record
    own_changes: tuple[FieldChange, ...]
    own_conflicts: tuple[Conflict, ...] = ()
    variants: tuple[VariantChange, ...] = ()
    options: OptionPlan = OptionPlan()
    dropped: Mapping[str, StoredVariant] = {}
    removed: Mapping[str, StoredVariant] = {}
    drafted: Collection[str] = ()
    how: PlanSettings = PlanSettings()
    blocked: str | None = None
    handle: str | None = None
    shared_item: str | None = None
    keeps_items: bool = False
    keeps_record: bool = False
    newer: Mapping[str, bool] = {}
    decisions: tuple[Decision, ...] = ()

    @cached_property
    def steps(self) -> frozenset[Step]:
        """The steps that it takes to write it."""
        return steps_of(self)

    @property
    def selection(self) -> Selection:
        """The fields that are synced."""
        return self.how.selection

    @property
    def is_partial(self) -> bool:
        """Whether its record goes on to say what it said about fields that are not synced."""
        return not (self.selection.is_all or self.record is NO_RECORD)

    @property
    def leaves_variants(self) -> bool:
        """Whether its record goes on to say what it said about which variants and options there are."""
        return self.is_partial and not self.selection.has_variants

    @property
    def is_creation(self) -> bool:
        return self.handle is not None

    @cached_property
    def items(self) -> tuple[ItemPlan, ...]:
        """What it does to inventory items."""
        return plan_items(self)

    @cached_property
    def copies(self) -> CopyPlan:
        """What it does about the copies of images."""
        return plan_copies(self)

    @property
    def shared(self) -> ItemPlan | None:
        """What it does to the inventory item that variants share; None if there is none."""
        return next((each for each in self.items if each.is_shared), None)

    @property
    def placed(self) -> bool:
        """Whether the product is adopted, and gets a sales channel and a shipping profile if it has none."""
        pending = self.stored.pending
        return pending is not None and pending.step is Write.ADOPTION

    @property
    def adopted(self) -> bool:
        """Whether the product was only claimed yet, so that all its fields get the source's values."""
        return self.stored.record is not None and self.stored.record.is_claim

    @property
    def withheld(self) -> tuple[Withheld, ...]:
        """The unique values that its variants do not get."""
        return self.desired.withheld

    @cached_property
    def locations(self) -> Mapping[str, str]:
        """Ids of stock locations by the names that the source uses now, or used for dropped variants."""
        return self.record.locations_with(self.desired.locations)

    @cached_property
    def names(self) -> Meanings:
        """What the names of its fields mean in the store."""
        return self.desired.meanings(self.locations, self.options.ids)

    @property
    def changes(self) -> tuple[FieldChange, ...]:
        """All of them, with the new and the deleted variants, and the values of options that are removed."""
        names = {key: each.called(key) for key, each in self.removed.items()}
        why = UNDO if self.keeps_record else ""
        deleted = (
            FieldChange(VARIANT, name, None, name, None, name, why, key) for key, name in names.items()
        )
        variants = chain.from_iterable(each.reported for each in self.variants)
        lost = self._lost_values() if self.options.removed else ()
        return (*self.own_changes, *variants, *lost, *deleted)

    @property
    def row_changes(self) -> list[FieldChange]:
        """Its own changes that its row has."""
        return [each for each in self.own_changes if kind_of(each.field).is_in_row]

    def current(self, name: str) -> Value:
        """What the store has of a field of the product, or of its options; None if there is none."""
        if kind_of(name).of_items:
            levels = self.shared.stored_levels if self.shared else {}
            return levels.get(self.locations.get(location_of(name), ""))
        if name == OPTIONS:
            return kind_of(name).value_of_product(self.stored, name, ())
        return self.stored.value(name) if FIELDS.knows(name) else None

    @property
    def removed_options(self) -> dict[str, str]:
        """Ids of the options that are removed, by the name that was applied."""
        removed = {option.id for option in self.options.removed}
        return {name: own for name, own in self.record.option_ids.items() if own in removed}

    @property
    def lost_fields(self) -> list[str]:
        """The fields that variants lose with options that are removed, as the record calls them."""
        return [f"{OPTION}{name}" for name in self.removed_options]

    def _lost_values(self) -> Iterator[FieldChange]:
        """What variants lose with options that are removed."""
        known = {each.stored.id: each.desired for each in self.variants if each.stored}
        for variant in self.stored.variants:
            own = known.get(variant.id)
            key, name = (own.key, own.name) if own else (variant.id, variant.called(variant.id))
            for option in self.options.removed:
                if (value := variant.value_of(option.id)) is not None:
                    field = f"{OPTION}{option.title}"
                    yield FieldChange(field, value, None, value, None, name, key=key)

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        return tuple(chain(self.own_conflicts, *(each.named(each.conflicts) for each in self.variants)))

    def removable(
        self, states: Collection[Dropped], delay: Delay, *, deletes: bool
    ) -> dict[str, StoredVariant]:
        """The dropped variants that are removed or marked, if their records have these states.

        If they are deleted, the last variant of a product stays.
        """
        records = {key: self.record.variant(key) for key in self.dropped}
        found = {
            key: self.dropped[key]
            for key, entry in records.items()
            if (entry.dropped or Dropped.KEPT) in states and not delay.is_pending(entry.missing_since)
        }
        if deletes and found and len(found) == len(self.stored.variants) and not self.new_variants:
            del found[min(found, key=lambda key: found[key].id)]
        return found

    @property
    def held(self) -> tuple[FieldChange, ...]:
        """The prices that are held back."""
        return tuple(chain.from_iterable(each.named(each.held) for each in self.variants))

    @property
    def kept_items(self) -> list[str]:
        """The names of variants whose items are kept; an empty one for the item that they share."""
        return [""] * self.keeps_items + [each.desired.name for each in self.variants if each.keeps_items]

    @property
    def new_variants(self) -> list[DesiredVariant]:
        return [each.desired for each in self.variants if each.is_new]

    def added(self, name: str) -> Iterable[str]:
        """The members that a set gets in addition, such as tags, or the value that another field gets."""
        for each in self.own_changes:
            if each.field == name:
                stored = members(each.stored)
                yield from (member for member in members(each.planned) if member not in stored)

    @property
    def hides(self) -> bool:
        """Whether customers lose sight of the product."""
        return any(each.field == STATUS and hides(each.stored, each.planned) for each in self.own_changes)

    @property
    def has_changes(self) -> bool:
        """Whether something besides the record is written."""
        return bool(self.changes or self.options.is_change)


def creation(desired: DesiredProduct, handle: str) -> Change:
    """What is written for a product that the store does not have."""
    fields = [
        (name, value)
        for name, value in desired.fields.items()
        if value not in (None, ()) and name != STATUS  # a setting may decide
    ]
    unknown = desired.unknown_status
    return Change(
        desired,
        StoredProduct("", None),
        NO_RECORD,
        tuple(FieldChange(name, None, value, None, value) for name, value in fields),
        (Conflict(STATUS, "draft", unknown, OnConflict.STORE),) if unknown else (),
        variants=tuple(VariantChange(each, None, is_new=True) for each in desired.variants),
        options=OptionPlan(dict.fromkeys(desired.options)),
        handle=handle,
    )
