"""What a dry run would have written: unique values, and the records that go with them."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import structs

from medusa_sync.core.change import Change
from medusa_sync.core.fields import SKU, UNIQUE, UniqueValue
from medusa_sync.core.record import Record
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.unique import Owner, Owners, Slot
from medusa_sync.core.value import Value
from medusa_sync.sync.context import Context


class Foreseen:
    """The store as it would be after the writes of a dry run, as far as later plans depend on it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._values: dict[Slot, Value] = {}  # of variants and items
        self._gained: dict[UniqueValue, tuple[str, str, str]] = {}  # id of the variant, product, title
        self._records: dict[str, Record] = {}

    def add(self, change: Change, record: Record | None = None) -> None:
        """Take note of the values that variants would have after a change, and of its record."""
        desired = change.desired
        if record is not None:
            self._records[change.stored.id] = record
        for each in change.variants:
            variant_id = each.stored.id if each.stored else ""
            for name in UNIQUE:
                value = each.new_values.get(name)
                if variant_id and name in each.new_values:
                    self._values[name, variant_id] = value
                if value is not None:
                    self._gained[name, str(value)] = variant_id, desired.external_id, desired.title
        for stored in change.removed.values():
            self._values.update({(name, stored.id): None for name in UNIQUE})
            if stored.item_id is not None:
                self._values[SKU, stored.item_id] = None
        moves = [move for each in change.items for move in each.moves if move.locations]
        self._values.update({(SKU, move.old): None for move in moves if move.old})  # no variant uses it then
        renamed = [each for each in change.items if each.is_renamed]
        self._values.update({(SKU, each.item_id): each.sku for each in renamed if each.item_id})

    def owners(self, found: Owners, wanted: Collection[UniqueValue]) -> Owners:
        """What would have values that are wanted now."""
        removed, owners = self._context.removed_products, {value: list[Owner]() for value in wanted}
        for unique in self._gained.keys() & wanted:
            variant_id, external_id, title = self._gained[unique]
            owners[unique].append(Owner(variant_id, StoredProduct("", external_id, title=title), variant_id))
        for (name, value), known in found.by_value.items():
            owners.setdefault((name, value), []).extend(
                each
                for each in known
                if each.external_id not in removed and self._values.get((name, each.id), value) == value
            )
        return Owners(owners, found.unused)

    def product(self, stored: StoredProduct) -> StoredProduct:
        """A product with the values that its variants would have, and its record."""
        if not self._values:
            return stored
        seen, variants = self._values, list[StoredVariant]()
        for each in stored.variants:
            found = {name: seen[name, each.id] for name in UNIQUE if (name, each.id) in seen}
            variants.append(structs.replace(each, **found) if found else each)
        record = self._records.get(stored.id, stored.record)
        return structs.replace(stored, variants=tuple(variants), record=record)
