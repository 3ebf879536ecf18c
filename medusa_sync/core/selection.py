"""The fields that a run syncs of products that the store already has, and how it decides about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from msgspec import Struct, structs

from medusa_sync.core.fields import OPTIONS_OF_VALUES, STOCK, VARIANTS, setting_names
from medusa_sync.core.policy import SOURCE_WINS, ConflictPolicy, OnDeleted, PriceLimit
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import NO_RECORD, Record, applied

T = TypeVar("T")


class Selection:
    """Chooses fields by their names, or by the part of their names before the first dot.

    Args:
        only: the names that are chosen; None for all.
        skip: the names that are left out.
    """

    def __init__(self, only: frozenset[str] | None = None, skip: frozenset[str] = frozenset()) -> None:
        self._only = only
        self._skip = skip
        self._known: dict[str, bool] = {}
        self.is_all = only is None and not skip
        self.has_variants = self.has(VARIANTS)

    def has(self, name: str) -> bool:
        """Whether a field is chosen."""
        chosen = self._known.get(name)
        if chosen is None:
            names = setting_names(name)
            is_named = self._only is None or not self._only.isdisjoint(names)
            chosen = self._known[name] = is_named and self._skip.isdisjoint(names)
        return chosen

    def for_record(self, record: Record | None) -> Selection:
        """The fields to sync of a product: an interrupted write is completed with all of them."""
        return ALL if record is None or not record.is_settled else self

    def decides(self, option: str) -> bool:
        """Whether an option of values decides about a field that is chosen."""
        field = OPTIONS_OF_VALUES.get(option, "")
        return not field or self.has(field)

    def is_up_to_date(self, record: Record, desired: DesiredProduct) -> bool:
        """Whether nothing is left to do for a product, according to its record."""
        is_whole = record.is_settled and not desired.withheld  # which the record may lack
        is_moved = self.has(STOCK) and record.former_location(desired.locations)
        return is_whole and not is_moved and self.of(record).content == self.of(applied(desired)).content

    def of(self, record: Record) -> Record:
        """The part of a record that is compared with the source."""
        if self.is_all:
            return record
        variants = {
            key: structs.replace(entry, fields=self._chosen(entry.fields))
            for key, entry in record.variants.items()
        }
        return structs.replace(
            record,
            fields=self._chosen(record.fields),
            options=record.options if self.has_variants else (),
            variants=variants,
            withheld={key: self._chosen(values) for key, values in record.withheld.items()},
        )

    def merged(self, new: Record, old: Record) -> Record:
        """The record of a product of which only the chosen fields were written: they are as in `new`."""
        if self.is_all or old is NO_RECORD:
            return new
        recorded = new if self.has_variants else old
        fields = self._mixed(new.fields, old.fields)
        withheld = {
            key: self._mixed(new.withheld.get(key, {}), old.withheld.get(key, {}))
            for key in recorded.variants
        }
        variants = dict(recorded.variants)
        for key in new.variants.keys() & old.variants.keys() & variants.keys():
            entry, earlier, dropped = new.variants[key], old.variants[key], recorded.variants[key].dropped
            entry = structs.replace(entry, fields=self._mixed(entry.fields, earlier.fields), dropped=dropped)
            variants[key] = entry
        return structs.replace(
            new,
            fields=fields,
            options=recorded.options,
            variants=variants,
            source="",
            settings=None if old.settings is None else new.settings,
            withheld={key: values for key, values in withheld.items() if values},
        )

    def _chosen(self, fields: Mapping[str, T]) -> dict[str, T]:
        return {name: value for name, value in fields.items() if self.has(name)}

    def _mixed(self, new: Mapping[str, T], old: Mapping[str, T]) -> dict[str, T]:
        """The chosen fields of one, and all others of the other one."""
        return self._chosen(new) | {name: value for name, value in old.items() if not self.has(name)}


ALL = Selection()


class PlanOptions(Struct, frozen=True):
    """How to decide.

    Attributes:
        overwrite: compare with what the store holds now, and put the source's values back.
        adopt: take over products that are in the store without our external id.
        selection: the fields to sync of products that are in the store.
        create: new products are created.
        update: products that are in the store are updated; what an interrupted run began is always completed.
        price_limit: how far a price may move; None for any distance.
        on_deleted: what happens to products that the merchant deleted.
        accept_settings: the products of the source may have been written with other values of the options of
            values; their records get those of the run.
    """

    on_conflict: ConflictPolicy = SOURCE_WINS
    overwrite: bool = False
    adopt: bool = False
    selection: Selection = ALL
    create: bool = True
    update: bool = True
    price_limit: PriceLimit | None = None
    on_deleted: OnDeleted = OnDeleted.RECREATE
    accept_settings: bool = False
