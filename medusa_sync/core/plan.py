"""Plans an update: what the source wants, what was last applied, what the store holds -> changes."""

from __future__ import annotations

from msgspec import structs

from medusa_sync.core.change import Conflict, FieldChange, Update
from medusa_sync.core.fields import FIELDS, SKU, STATUS, VARIANT, Field, Merge, Place
from medusa_sync.core.merge import Verdict, merge_field
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import Record, Step, remember_text
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.view import StoreView, owned_variant


def without_stock(desired: DesiredProduct) -> DesiredProduct:
    """What the source can want from a store that has no stock location."""
    levels = {name: None for name, field in FIELDS.items() if field.place is Place.LEVEL}
    return structs.replace(desired, fields={**desired.fields, **levels})


def plan_update(
    desired: DesiredProduct,
    stored: StoredProduct,
    *,
    location_id: str | None,
    on_conflict: OnConflict = OnConflict.SOURCE,
    overwrite: bool = False,
    adopt: bool = False,
) -> Update:
    """Decide what to send so that the store follows the source.

    Args:
        desired: what the source wants.
        stored: the product with its details.
        location_id: where the stock is; None if the store keeps none.
        on_conflict: whose value wins a conflict.
        overwrite: put the source's values back, even if only the merchant changed them.
        adopt: take the product over: ignore its record, and set all fields to the source's values.
    """
    record = None if adopt else stored.record
    variant = owned_variant(desired, stored, adopt=adopt)
    view = StoreView(stored, variant, desired.currency, location_id)
    changes: list[FieldChange] = []
    conflicts: list[Conflict] = []
    if variant is None and (record is None or record.changed(desired)):
        conflicts.append(Conflict(VARIANT, None, _variant_name(desired, record), OnConflict.STORE))
    for name, wanted in desired.fields.items():
        applied = record.applied(name, desired.currency) if record else None
        sent = record.sent(name, desired.currency) if record else ()
        if not _is_owned(FIELDS[name], wanted, applied, sent, variant):
            continue
        held = view.value(name)
        verdict, planned = merge_field(
            name, wanted, held, record, desired.currency, restore=overwrite or adopt
        )
        if verdict is Verdict.CONFLICT:
            conflicts.append(Conflict(name, held, wanted, on_conflict))
        if verdict is Verdict.SEND or (verdict is Verdict.CONFLICT and on_conflict is OnConflict.SOURCE):
            changes.append(FieldChange(name, held, planned, _full_text(applied, held, wanted), wanted))
    if record and record.drafted and stored.status == "draft":
        changes.append(FieldChange(STATUS, "draft", "published", "draft", "published"))
    pending = record.pending if record else None
    return Update(
        desired,
        stored,
        record,
        variant,
        tuple(changes),
        tuple(conflicts),
        adopted=adopt,
        placed=adopt or (pending is not None and pending.step is Step.ADOPTION),
    )


def _is_owned(
    field: Field, wanted: Value, applied: Value, sent: tuple[Value, ...], variant: StoredVariant | None
) -> bool:
    """Whether the source decides about a field: it has a value now, or had one in the last run."""
    if field.is_of_variant and variant is None:
        return False
    if field.merge is Merge.FOLLOW:
        is_managed = variant is not None and variant.manage_inventory
        return wanted is not None and (applied is None or is_managed)
    return any(value is not None for value in (wanted, applied, *sent))


def _variant_name(desired: DesiredProduct, record: Record | None) -> Value:
    return (record.variant if record else "") or desired.fields[SKU] or desired.title


def _full_text(applied: Value, *known: Value) -> Value:
    """The last applied value; a digest becomes the text again if the store or the source still has it."""
    members = (member for value in known for member in (value if isinstance(value, tuple) else (value,)))
    texts = {remember_text(member): member for member in members if isinstance(member, str)}
    if isinstance(applied, tuple):
        return tuple(texts.get(member, member) for member in applied)
    return texts.get(applied, applied) if isinstance(applied, str) else applied
