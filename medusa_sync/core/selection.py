"""The fields that a run syncs of products that the store already has, and how it decides about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import cached_property

from msgspec import Struct

from medusa_sync.core.fields import SETTINGS_OF_FIELDS, VARIANT_FIELDS, setting_names
from medusa_sync.core.kinds.copies import remain
from medusa_sync.core.kinds.options import VARIANTS
from medusa_sync.core.kinds.stock import counts_otherwise
from medusa_sync.core.policy import SOURCE_WINS, ConflictPolicy, OnDeleted, PriceLimit
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import Record, applied


class Selection:
    """Chooses fields by their names, or by the part of their names before the first dot.

    Args:
        only: the names that are chosen; None for all.
        skip: the names that are left out.
        can_be_stored: whether the store can have a field; None if it can have all.
        whole: the selection of which this is a part.

    Attributes:
        whole: the fields that a run syncs, also those that are known to be up to date.
    """

    def __init__(
        self,
        only: frozenset[str] | None = None,
        skip: frozenset[str] = frozenset(),
        can_be_stored: Callable[[str], bool] | None = None,
        whole: Selection | None = None,
    ) -> None:
        self._only = only
        self._skip = skip
        self._can_be_stored = can_be_stored
        self._known: dict[str, bool] = {}
        self.whole = whole or self
        self.is_all = only is None and not skip and can_be_stored is None
        self.has_variants = self.has(VARIANTS)
        self.has_items = any(self.has(each.name) for each in VARIANT_FIELDS.values() if each.kind.of_items)

    @property
    def named(self) -> frozenset[str]:
        """The names of chosen fields; nothing if all are."""
        return self._only or frozenset()

    def within(self, can_be_stored: Callable[[str], bool]) -> Selection:
        """The same fields, but for those that the store cannot have."""
        return Selection(self._only, self._skip, can_be_stored)

    def without(self, name: str) -> Selection:
        """The same fields, but for one."""
        return Selection(self._only, self._skip | {name}, self._can_be_stored)

    def narrowed(self, names: Collection[str]) -> Selection:
        """Only these of the fields: the others are up to date, and are not read."""
        return Selection(self._only, self._skip, lambda name: name in names and self.has(name), self)

    @property
    def is_narrowed(self) -> bool:
        """Whether fields are left out because they are up to date."""
        return self.whole is not self

    @cached_property
    def _of_all_fields(self) -> Selection:
        return ALL if self._can_be_stored is None else ALL.within(self._can_be_stored)

    def has(self, name: str) -> bool:
        """Whether a field is chosen."""
        chosen = self._known.get(name)
        if chosen is None:
            names = setting_names(name)
            is_named = self._only is None or not self._only.isdisjoint(names)
            can_be_stored = self._can_be_stored is None or self._can_be_stored(name)
            chosen = is_named and self._skip.isdisjoint(names) and can_be_stored
            self._known[name] = chosen
        return chosen

    def for_record(self, record: Record | None) -> Selection:
        """The fields to sync of a product: an interrupted write is completed with all of them."""
        return self._of_all_fields if record is None or not record.is_settled else self

    def decides(self, setting: str) -> bool:
        """Whether a setting of values decides about a field that is chosen."""
        field = SETTINGS_OF_FIELDS.get(setting)
        return field is None or self.has(field)

    def is_up_to_date(self, record: Record, desired: DesiredProduct) -> bool:
        """Whether nothing is left to do for a product, according to its record."""
        is_whole = record.is_settled and not desired.withheld  # which the record may lack
        is_moved = self.has_items and record.former_location(desired.locations)
        is_other = self.has_items and counts_otherwise(record, desired)
        is_left = remain(record, desired.copying, self)
        return is_whole and not (is_moved or is_other or is_left) and self._is_applied(record, desired)

    def _is_applied(self, record: Record, desired: DesiredProduct) -> bool:
        return self.of(record).content == self.of(applied(desired).known_to(record)).content

    def of(self, record: Record) -> Record:
        """The part of a record that is compared with the source."""
        return record if self.is_all else record.part(self.has)

    def has_all(self, names: Iterable[str]) -> bool:
        """Whether all fields are chosen, so that nothing is left to do if these are written."""
        is_limited = self._only is not None or bool(self._skip)
        return not is_limited and all(map(self.whole.has, names))


ALL = Selection()


class PlanSettings(Struct, frozen=True):
    """How to decide.

    Attributes:
        overwrite: compare with what the store holds now, and put the source's values back.
        adopt: take over products that are in the store without our external id.
        selection: the fields to sync of products that are in the store.
        create: new products are created.
        update: products that are in the store are updated; what an interrupted run began is always completed.
        amount_limit: how far a price may move; None for any distance.
        on_deleted: what happens to products that the merchant deleted.
        accept_settings: the products of the source may have been written with other values of the settings of
            values; their records get those of the run.
        explains: changes have the decisions about all fields.
        missing_since: the mark of dropped variants that have none; 0 for no mark.
    """

    on_conflict: ConflictPolicy = SOURCE_WINS
    overwrite: bool = False
    adopt: bool = False
    selection: Selection = ALL
    create: bool = True
    update: bool = True
    amount_limit: PriceLimit | None = None
    on_deleted: OnDeleted = OnDeleted.RECREATE
    accept_settings: bool = False
    explains: bool = False
    missing_since: float = 0
