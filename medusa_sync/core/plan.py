"""Plans an update: what the source wants, what was last applied, what the store holds -> changes."""

from __future__ import annotations

from msgspec import Struct, structs

from medusa_sync.core.blocked import blocked_variants, without_blocked
from medusa_sync.core.change import Conflict, FieldChange, Update, VariantChange
from medusa_sync.core.fields import (
    FIELDS,
    OPTION,
    OPTIONS,
    SALE,
    SKU,
    STATUS,
    STOCK,
    TITLE,
    VARIANT,
    VARIANT_FIELDS,
    WEIGHT,
    Field,
    Merge,
    Place,
    setting_names,
)
from medusa_sync.core.merge import Verdict, as_sent, merge_field
from medusa_sync.core.options import DEFAULT, OptionPlan, match_options
from medusa_sync.core.policy import SOURCE_WINS, ConflictPolicy, OnConflict, PriceLimit
from medusa_sync.core.price_guard import held_back
from medusa_sync.core.product import DesiredProduct, DesiredVariant, Value
from medusa_sync.core.record import (
    ONLY,
    WITHOUT_STOCK,
    Dropped,
    History,
    Record,
    Step,
    remember,
    remember_text,
)
from medusa_sync.core.selection import ALL, Selection
from medusa_sync.core.stored import StoredProduct
from medusa_sync.core.stored_variant import StoredVariant
from medusa_sync.core.variants import Matches, match_variants, names_of, rebased


def without_stock(desired: DesiredProduct) -> DesiredProduct:
    """What the source can want from a store that has no stock location."""
    variants = (
        structs.replace(each, fields={name: value for name, value in each.fields.items() if name != STOCK})
        for each in desired.variants
    )
    digest = f"{WITHOUT_STOCK}{desired.digest}" if desired.digest else ""
    return structs.replace(desired, variants=tuple(variants), digest=digest)


def plan_update(
    desired: DesiredProduct,
    stored: StoredProduct,
    *,
    location_id: str | None,
    on_conflict: ConflictPolicy = SOURCE_WINS,
    overwrite: bool = False,
    adopt: bool = False,
    selection: Selection = ALL,
    price_limit: PriceLimit | None = None,
) -> Update:
    """Decide what to send so that the store follows the source.

    Args:
        desired: what the source wants.
        stored: the product with its details.
        location_id: where the stock is; None if the store keeps none.
        on_conflict: whose value wins a conflict.
        overwrite: put the source's values back, even if only the merchant changed them.
        adopt: take the product over: ignore its record, and set all fields to the source's values.
        selection: the fields to sync.
        price_limit: how far a price may move; None for any distance.

    Raises:
        ProductFailedError: Medusa does not support the change.
    """
    record = None if adopt else stored.record
    restore, side = overwrite or adopt, on_conflict.side(setting_names(OPTIONS))
    options = match_options(desired, stored, record, on_conflict=side, restore=restore)
    if not selection.has_variants:
        options = options.unchanged()
    matches = match_variants(desired, stored, record, options, adopt=adopt)
    record = rebased(record, desired, options, matches) if record else None
    plan = _Plan(
        desired, stored, record, options, matches, location_id, on_conflict, restore, selection, price_limit
    )
    changes, conflicts = plan.own_changes()
    option_change = plan.option_change(None if adopt else stored.record)
    if options.is_change:
        changes.append(option_change)
    if options.contested:
        conflicts.append(Conflict(OPTIONS, option_change.stored, option_change.desired, side))
    variants = [
        plan.variant_change(each)
        for each in desired.variants
        if selection.has_variants or matches.stored[each.key] is not None
    ]
    if blocked := blocked_variants(variants, stored, options, matches):
        left, reason = without_blocked(desired, stored, stored.record, options, matches, blocked)
        update = plan_update(
            left,
            stored,
            location_id=location_id,
            on_conflict=on_conflict,
            overwrite=overwrite,
            adopt=adopt,
            selection=selection,
            price_limit=price_limit,
        )
        is_ours = reason.is_ours and (update.blocked is None or update.blocked.is_ours)
        return structs.replace(update, blocked=structs.replace(reason, is_ours=is_ours))
    pending = record.pending if record else None
    return Update(
        desired,
        stored,
        record,
        tuple(changes),
        tuple(conflicts),
        tuple(variants),
        options,
        matches.dropped if selection.has_variants else {},
        selection,
        adopted=adopt,
        placed=adopt or (pending is not None and pending.step is Step.ADOPTION),
    )


def selection_for(record: Record | None, selection: Selection) -> Selection:
    """The fields to sync of a product: an interrupted write is completed with all of them."""
    return ALL if record is None or not record.is_settled else selection


class _Plan(Struct, frozen=True):
    """What the changes of one product follow from.

    Attributes:
        record: what was last applied, with the keys and names that the source uses now.
        matches: which stored variant is which.
        location_id: where the stock is; None if the store keeps none.
        on_conflict: whose value wins a conflict.
        restore: put the source's values back, even if only the merchant changed them.
        selection: the fields that are merged.
        price_limit: how far a price may move; None for any distance.
    """

    desired: DesiredProduct
    stored: StoredProduct
    record: Record | None
    options: OptionPlan
    matches: Matches
    location_id: str | None
    on_conflict: ConflictPolicy
    restore: bool
    selection: Selection
    price_limit: PriceLimit | None

    def own_changes(self) -> tuple[list[FieldChange], list[Conflict]]:
        """The changes and conflicts of the product's own fields."""
        changes: list[FieldChange] = []
        conflicts: list[Conflict] = []
        record, stored = self.record, self.stored
        for name in dict.fromkeys([*self.desired.fields, *(record.fields if record else ())]):
            if not FIELDS.knows(name) or not self.selection.has(name):
                continue
            wanted, history = self.desired.fields.get(name), record.history(name) if record else None
            if wanted is not None or (history is not None and history.applied is not None):
                changed, contested = self._merged(FIELDS[name], wanted, stored.value(name), history)
                changes += changed
                conflicts += contested
        if record and record.drafted and stored.status == "draft":
            changes.append(FieldChange(STATUS, "draft", "published", "draft", "published"))
        return changes, conflicts

    def _merged(
        self, field: Field, wanted: Value, current: Value, history: History | None, variant: str = ""
    ) -> tuple[list[FieldChange], list[Conflict]]:
        """The change of a field, if there is one, and its conflict."""
        is_lost = field.place is Place.OPTION and current is None  # with its option; a variant needs a value
        verdict, planned = merge_field(field, wanted, current, history, restore=self.restore or is_lost)
        side = self.on_conflict.side(setting_names(field.name))
        is_contested = verdict is Verdict.CONFLICT
        conflicts = [Conflict(field.name, current, wanted, side, variant)] if is_contested else []
        if verdict is not Verdict.SEND and not (is_contested and side is OnConflict.SOURCE):
            return [], conflicts
        applied = _full_text(history.applied if history else None, current, wanted)
        return [FieldChange(field.name, current, planned, applied, wanted, variant)], conflicts

    def option_change(self, applied: Record | None) -> FieldChange:
        """The change of the options; `applied` has the names that were last applied."""
        options, removed = self.options, {option.id for option in self.options.removed}
        titles = {option_id: name for name, option_id in options.renamed.items()}
        ours = list(options.ids.values())  # in the order of the source; the store has none
        in_order = sorted(
            self.stored.options,
            key=lambda each: (ours.index(each.id) if each.id in ours else len(ours), each.title),
        )
        kept = [titles.get(option.id, option.title) for option in in_order if option.id not in removed]
        return FieldChange(
            OPTIONS,
            tuple(option.title for option in in_order),
            (*kept, *options.added),
            tuple(applied.option_ids) if applied else None,
            self.desired.options or (DEFAULT,),
        )

    def variant_change(self, variant: DesiredVariant) -> VariantChange:
        """The changes and conflicts of a variant."""
        stored, full = self.matches.stored[variant.key], self._with_default(variant)
        has_options = bool(self.options.stored)
        if stored is None:
            if has_options and self._is_new(variant.key):
                return VariantChange(full, None, is_new=True)
            return self._missing(full)
        if has_options and not stored.has_price_set:
            return VariantChange(full, None, is_new=True, replaces=stored.id)
        changes: list[FieldChange] = []
        conflicts: list[Conflict] = []
        more = [SALE] if stored.sale_prices else []
        for name in names_of(variant.key, [*full.fields, *more], self.record):
            if VARIANT_FIELDS.knows(name) and self.selection.has(name):
                changed, contested = self._variant_field(VARIANT_FIELDS[name], full, stored)
                changes += changed
                conflicts += contested
        prices = held_back(changes, stored, self.desired.currency, self.price_limit)
        names = {change.field for change in prices}
        return VariantChange(
            full,
            stored,
            changes=tuple(each for each in changes if each.field not in names),
            conflicts=tuple(each for each in conflicts if each.field not in names),  # nobody has won it yet
            held=prices,
        )

    def _variant_field(
        self, field: Field, variant: DesiredVariant, stored: StoredVariant
    ) -> tuple[list[FieldChange], list[Conflict]]:
        name, currency, wanted = field.name, self.desired.currency, variant.fields.get(field.name)
        history = self.record.variant_history(variant.key, name, currency) if self.record else None
        if not _is_owned(field, wanted, history, stored, keeps_stock=self.location_id is not None):
            return [], []
        current = stored.value(name, currency, self.location_id, self.options.ids)
        if name == WEIGHT and self.stored.rounds_weights:
            current = as_sent(current, wanted, history)
        is_sale, is_unwanted = field.place is Place.SALE, wanted is None
        is_in_other_currency = is_sale and current is None and bool(stored.sale_prices)
        if (is_unwanted and (field.merge is Merge.FOLLOW or is_in_other_currency)) or (
            is_sale and _is_repeated(stored, currency)
        ):
            applied = history.applied if history else None
            return [FieldChange(name, current, wanted, applied, wanted, variant.name)], []
        return self._merged(field, wanted, current, history, variant.name)

    def _with_default(self, variant: DesiredVariant) -> DesiredVariant:
        """The variant; the only one of a product that had several at the source is the default."""
        if variant.key != ONLY or not self.options.stored:
            return variant
        fields = {TITLE: DEFAULT, f"{OPTION}{DEFAULT}": DEFAULT, **variant.fields}
        return structs.replace(variant, name=variant.name or DEFAULT, fields=fields)

    def _is_new(self, key: str) -> bool:
        """Whether a variant that the store does not have was never there, or was deleted by this tool."""
        entry = self.record.variants.get(key) if self.record else None
        if entry is None:
            return key != ONLY
        pending = self.record.pending if self.record else None
        is_pending = pending is not None and (pending.step is Step.CREATION or key in pending.variants)
        return entry.dropped is Dropped.REMOVED or (not entry.id and is_pending)

    def _missing(self, variant: DesiredVariant) -> VariantChange:
        """A variant that the merchant deleted; the conflict is reported once per change of the source."""
        record, desired = self.record, self.desired
        entry = record.variants.get(variant.key) if record else None
        is_reported = (
            entry is not None
            and record is not None
            and record.currency == desired.currency
            and entry.fields == {name: remember(value) for name, value in variant.fields.items()}
        )
        name = (entry.id if entry else "") or variant.fields.get(SKU) or desired.title
        conflict = Conflict(VARIANT, None, name, OnConflict.STORE, variant.name)
        return VariantChange(variant, None, conflicts=() if is_reported else (conflict,))


def _is_repeated(stored: StoredVariant, currency: str) -> bool:
    """Whether a variant has a sale price twice: Medusa stores every price that is created."""
    return sum(each.currency_code == currency for each in stored.sale_prices) > 1


def _is_owned(
    field: Field, wanted: Value, history: History | None, stored: StoredVariant, *, keeps_stock: bool
) -> bool:
    """Whether the source decides about a field: it has a value now, or had one in the last run."""
    applied, sent = (history.applied, history.sent) if history else (None, ())
    if field.merge is Merge.FOLLOW and wanted is None:  # the store does not have to track it any more
        return keeps_stock and stored.manage_inventory and (applied is not None or bool(sent))
    if field.merge is Merge.FOLLOW:
        return applied is None or bool(sent) or stored.manage_inventory
    if field.place is Place.OPTION:  # a variant cannot lack a value
        return wanted is not None
    if field.place is Place.SALE and stored.sale_prices:  # they may be in another currency
        return True
    return any(value is not None for value in (wanted, applied, *sent))


def _full_text(applied: Value, *known: Value) -> Value:
    """The last applied value; a digest becomes the text again if the store or the source still has it."""
    members = (member for value in known for member in (value if isinstance(value, tuple) else (value,)))
    texts = {remember_text(member): member for member in members if isinstance(member, str)}
    if isinstance(applied, tuple):
        return tuple(texts.get(member, member) for member in applied)
    return texts.get(applied, applied) if isinstance(applied, str) else applied
