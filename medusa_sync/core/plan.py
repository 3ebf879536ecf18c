"""Plans an update: what the source wants, what was last applied, what the store holds -> changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property
from itertools import chain

from msgspec import Struct, structs

from medusa_sync.core.change import Change, VariantChange
from medusa_sync.core.dropped import dropped_changes
from medusa_sync.core.equal_variants import blocked_reason
from medusa_sync.core.explain import Decision
from medusa_sync.core.field_changes import DRAFTING, Conflict, FieldChange
from medusa_sync.core.fields import (
    EXCLUSIVE,
    FIELDS,
    SETTINGS_OF_VALUES,
    TITLE,
    VARIANT,
    VARIANT_FIELDS,
    Field,
    kind_of,
    setting_names,
)
from medusa_sync.core.kinds.base import Meanings, Merge, Sides
from medusa_sync.core.kinds.options import DEFAULT, OPTION, OPTIONS
from medusa_sync.core.kinds.prices import named_by_record
from medusa_sync.core.kinds.rank import is_reordered
from medusa_sync.core.kinds.sales import held_back
from medusa_sync.core.kinds.status import DRAFT, PUBLISHED, STATUS
from medusa_sync.core.kinds.stock import is_shared
from medusa_sync.core.merge import Verdict, merge_field
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredProduct, DesiredVariant
from medusa_sync.core.product_options import OptionPlan, match_options
from medusa_sync.core.record import NO_RECORD, ONLY, Dropped, History, Record, Write
from medusa_sync.core.remembered import full_text, remember
from medusa_sync.core.renames import named_now
from medusa_sync.core.run_settings import changed_of
from medusa_sync.core.selection import PlanSettings
from medusa_sync.core.shared_stock import SharedItem, find_shared
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.value import Value, members
from medusa_sync.core.variants import match_variants


def plan_update(
    desired: DesiredProduct,
    stored: StoredProduct,
    how: PlanSettings,
    *,
    removed_ids: Collection[str] = (),
    deletes: bool = False,
) -> Change:
    """Decide what to send so that the store follows the source.

    All fields of a product that was only claimed get the source's values.

    Args:
        desired: what the source wants.
        stored: the product with its details.
        how: to decide.
        removed_ids: of dropped variants that are removed.
        deletes: they are deleted; otherwise their stock is set to 0.

    Raises:
        ProductFailedError: Medusa does not support the change.
    """
    adopts = stored.record is not None and stored.record.is_claim
    record = NO_RECORD if adopts or stored.record is None else stored.record
    desired = named_by_record(desired, record, how.selection)
    settings = changed_of(record, desired, how.selection)
    restore, side = how.overwrite or adopts, how.on_conflict.side(setting_names(OPTIONS))
    options = match_options(desired, stored, record, on_conflict=side, restore=restore)
    if not how.selection.has_variants:
        options = options.unchanged()
    matches = match_variants(desired, stored, record, options, adopt=adopts)
    removed = {key: each for key, each in matches.dropped.items() if each.id in removed_ids}
    if removed and deletes:
        rest = plan_update(desired, stored.without(removed_ids), how)
        return structs.replace(rest, removed=removed)
    record = named_now(record, desired, options, matches)
    shared = find_shared(desired, stored, record, matches, removed.keys(), selection=how.selection)
    plan = _Plan(desired, stored, options, shared, how, restore, settings)
    of_options = options.changes(desired, stored, None if adopts else stored.record, side)
    return plan.change(of_options, drafted=removed.keys())


_Found = Iterable[FieldChange | Conflict]


class _Plan(Struct, frozen=True, dict=True):
    """What the changes of one product follow from.

    Attributes:
        shared: the inventory item that variants share, and which stored variant is which.
        restore: put the source's values back, even if only the merchant changed them.
        settings: those of which the product was written with other values.
        newer: gets the fields that earlier versions did not sync, as that of a change.
        decisions: gets those about the fields, if they are wanted.
    """

    desired: DesiredProduct
    stored: StoredProduct
    options: OptionPlan
    shared: SharedItem
    how: PlanSettings
    restore: bool
    settings: Collection[str]
    newer: dict[str, bool] = {}
    decisions: list[Decision] = []

    @property
    def record(self) -> Record:
        """What was last applied, with the keys and names that the source uses now."""
        return self.shared.record

    @cached_property
    def names(self) -> Meanings:
        """What the names of source and record mean."""
        return self.desired.meanings(self.record.locations_with(self.desired.locations), self.options.ids)

    @cached_property
    def former(self) -> str:
        """The id of the default stock location that the record has, if the source has another one."""
        return self.record.former_location(self.desired.locations)

    @cached_property
    def is_reordered(self) -> bool:
        """Whether the source has changed the order of the variants."""
        return is_reordered(self.desired, self.record)

    def change(self, of_options: _Found, *, drafted: Collection[str]) -> Change:
        """All changes; the stock of `drafted` variants is set to 0."""
        selection, record, options = self.how.selection, self.record, self.options
        matches = self.shared.matches
        variants = [
            self.variant_change(each)
            for each in self.desired.variants
            if selection.has_variants
            or (matches.stored[each.key] is not None and (record is NO_RECORD or each.key in record.variants))
        ]
        blocked = blocked_reason(variants, self.stored, options, matches)
        dropped = matches.dropped if selection.has_variants else {}
        if dropped:
            variants += dropped_changes(self.desired, record, self.names, matches.dropped, variants, drafted)
        of_shared = [*self.shared_item(variants)]
        own = (*self.own_changes(), *(() if self.shared.is_kit else of_shared), *of_options)
        return Change(
            self.desired,
            self.stored,
            record,
            *_divided(own),
            tuple(variants),
            options,
            dropped,
            drafted=drafted,
            how=self.how,
            blocked=blocked,
            shared_item=self.shared.item_id,
            keeps_items=self.shared.is_kit and bool(of_shared),
            newer=self.newer,
            decisions=tuple(self.decisions),
        )

    def shared_item(self, variants: Iterable[VariantChange]) -> _Found:
        """The changes of the stock that variants share."""
        item = self.shared.item_id
        user = next((each for each in self.stored.variants if item and each.item_id == item), None)
        if user is None and not any(is_shared(each.new_values) for each in variants):
            return
        sides = self._own_sides(user)
        for name, wanted in self.desired.fields.items():
            field = FIELDS[name]
            if field.kind.of_items and wanted is not None and self.how.selection.has(name):
                level = user.value(name, self.names) if user else None
                yield from self._merge(field, wanted, level, self.record.history(name), sides)

    def _own_sides(self, user: StoredVariant | None = None) -> Sides:
        """What is known of the product; `user` is a variant whose inventory item has its stock."""
        record, wanted = self.record, self.desired.fields
        known = record.fields, record.pending_fields, self.names, self.former
        return Sides(wanted, *known, user, settings=self.settings)

    def own_changes(self) -> _Found:
        """The changes and conflicts of the product's own fields, but for its stock."""
        record, sides = self.record, self._own_sides()
        comes_back = record.drafted and self.stored.status == DRAFT
        for name in dict.fromkeys([*self.desired.fields, *record.fields, *record.pending_fields]):
            if not (FIELDS.knows(name) and self.how.selection.has(name)) or (comes_back and name == STATUS):
                continue
            field, wanted, history = FIELDS[name], self.desired.fields.get(name), record.history(name)
            if not field.kind.of_items and field.kind.is_owned(wanted, history, sides):
                known = chain.from_iterable(map(members, (wanted, history.applied, *history.pending)))
                yield from self._merge(field, wanted, self.stored.value(name, [*known]), history, sides)
        shown = self.desired.fields.get(STATUS) or PUBLISHED
        if comes_back and shown != DRAFT:
            yield FieldChange(STATUS, DRAFT, shown, DRAFT, shown, setting=DRAFTING)

    def _merge(
        self,
        field: Field,
        wanted: Value,
        current: Value,
        history: History,
        sides: Sides,
        variant: str = "",
    ) -> _Found:
        """The changes of a field, where it is and where it was before, and its conflict."""
        kind, name = field.kind, field.name
        known, left = kind.moved(name, wanted, history, sides)
        restore = self.restore or kind.is_lost(current)
        is_newer = self.record.is_newer(field, known)
        names = setting_names(name)
        side = self.how.on_conflict.side(names)
        verdict, planned = merge_field(field, wanted, current, known, restore=restore)
        if self.how.explains:
            decision = Decision(field, variant, wanted, current, known, verdict, restore, is_newer, side)
            self.decisions.append(decision)
        if is_newer:
            self.newer[name] = self.newer.get(name, True) and (restore or field.kind.same(current, wanted))
            if not restore:
                return
        if verdict is not Verdict.KEEP:
            if verdict is Verdict.CONFLICT:
                yield Conflict(name, current, wanted, side, variant)
            if verdict is Verdict.SEND or side is OnConflict.SOURCE:
                applied = full_text(known.applied, current, wanted)
                setting = next(
                    (each for each in self.settings if SETTINGS_OF_VALUES.get(each) in {None, *names}), ""
                )
                change = FieldChange(name, current, planned, applied, wanted, variant, setting)
                yield self._with_reserved(change, sides.variant)
        if left is not None:
            change = FieldChange(
                left.name, left.stored, left.planned, known.applied, left.planned, variant, left.setting
            )
            yield self._with_reserved(change, sides.variant)

    def _with_reserved(self, change: FieldChange, variant: StoredVariant | None) -> FieldChange:
        """A change with what the store gets in addition."""
        if variant is None or not isinstance(change.planned, int):
            return change
        reserved = VARIANT_FIELDS[change.field].kind.reserved(variant, change.field, self.names)
        return structs.replace(change, reserved=reserved)

    def variant_change(self, variant: DesiredVariant) -> VariantChange:
        """The changes and conflicts of a variant."""
        stored, full = self.shared.matches.stored[variant.key], self._with_default(variant)
        if self.options.stored:
            if stored is None and self._is_new(variant.key):
                return VariantChange(full, None, is_new=True)
            if stored is not None and not stored.is_complete:
                return VariantChange(full, None, is_new=True, replaces=stored.id)
        if stored is None:
            return self._missing(full)
        sides = self._sides(full, stored)
        found, more = list[FieldChange | Conflict](), [*EXCLUSIVE]
        keeps_items = False
        more += [each.field for each in self.desired.withheld if each.key == variant.key]
        for name in dict.fromkeys([*full.fields, *more, *sides.applied, *sides.pending]):
            if VARIANT_FIELDS.knows(name) and self.how.selection.has(name):
                field = VARIANT_FIELDS[name]
                merged = self._merge_of_variant(field, full, stored, sides)
                if stored.is_kit and field.kind.of_items:
                    keeps_items |= any(True for _ in merged)
                else:
                    found += merged
        paid = [each for each in _divided(found)[0] if kind_of(each.field).is_amount]
        held = held_back(paid, stored, self.how, self.names)
        names = {change.field for change in held}  # nobody has won their conflicts yet
        changes, conflicts = _divided(each for each in found if each.field not in names)
        return VariantChange(
            *(full, stored), changes=changes, conflicts=conflicts, held=held, keeps_items=keeps_items
        )

    def _sides(self, variant: DesiredVariant, stored: StoredVariant) -> Sides:
        """What is known of a variant."""
        record = self.record
        applied, pending = record.variant(variant.key).fields, record.pending_values.get(variant.key, {})
        known = applied, pending, self.names, self.former
        selection, wanted = self.how.selection, variant.fields
        if not selection.is_all:
            wanted = {name: value for name, value in wanted.items() if selection.has(name)}
            wanted |= {name: value for name, value in applied.items() if not selection.has(name)}
        return Sides(wanted, *known, stored, self.settings, self.is_reordered)

    def _merge_of_variant(
        self, field: Field, variant: DesiredVariant, stored: StoredVariant, sides: Sides
    ) -> _Found:
        name, kind, wanted = field.name, field.kind, variant.fields.get(field.name)
        history = self.record.history(name, variant.key)
        later = {(each.key, each.field): each.value for each in self.desired.withheld}
        if wanted is None and (variant.key, name) in later:  # another variant gets what it has
            if (value := stored.value(name, self.names)) is not None:
                yield FieldChange(name, value, None, history.applied, later[variant.key, name], variant.name)
            return
        if not kind.is_owned(wanted, history, sides):
            return
        current = kind.as_sent(stored.value(name, self.names), wanted, history, self.stored)
        if wanted is None and kind.merge is Merge.FOLLOW:
            yield FieldChange(name, current, wanted, history.applied, wanted, variant.name)
        else:
            yield from self._merge(field, wanted, current, history, sides, variant.name)

    def _with_default(self, variant: DesiredVariant) -> DesiredVariant:
        """The variant; the only one of a product that had several at the source is the default."""
        values = {f"{OPTION}{name}": DEFAULT for name in self.options.stored}
        # A run that did not sync titles may have written the option alone.
        if variant.key != ONLY or not (values or self.record.history(TITLE, ONLY).is_owned):
            return variant
        fields = {TITLE: DEFAULT, **values, **variant.fields}
        return structs.replace(variant, name=variant.name or DEFAULT, fields=fields)

    def _is_new(self, key: str) -> bool:
        """Whether a variant that the store does not have was never there, or was deleted by this tool."""
        entry, pending = self.record.variants.get(key), self.record.pending
        if entry is None:
            return key != ONLY
        is_pending = pending is not None and (pending.step is Write.CREATION or key in pending.variants)
        return entry.dropped is Dropped.REMOVED or (not entry.id and is_pending)

    def _missing(self, variant: DesiredVariant) -> VariantChange:
        """A variant that the merchant deleted; the conflict is reported once per change of the source."""
        record, desired = self.record, self.desired
        entry = record.variant(variant.key)
        wanted = {name: remember(value) for name, value in variant.fields.items()}
        is_reported = record.currency == desired.currency and entry.fields == wanted
        conflict = Conflict(VARIANT, None, entry.id or desired.title, OnConflict.STORE, variant.name)
        return VariantChange(variant, None, conflicts=() if is_reported else (conflict,))


def _divided(found: _Found) -> tuple[tuple[FieldChange, ...], tuple[Conflict, ...]]:
    known = list(found)
    changes = tuple(each for each in known if isinstance(each, FieldChange))
    return changes, tuple(each for each in known if isinstance(each, Conflict))
