"""What the pages of a scan show of the products of a source."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping

from medusa_sync.core.change import withheld_earlier
from medusa_sync.core.fields import NEWEST
from medusa_sync.core.ids import IdSet, is_in, source_id_of
from medusa_sync.core.kinds.copies import failures, remain
from medusa_sync.core.product import DesiredProduct, Withheld
from medusa_sync.core.record import Record
from medusa_sync.core.run_settings import SettingsOfRecords
from medusa_sync.core.stored import StoredProduct, Unreadable
from medusa_sync.sources.base import Unchecked
from medusa_sync.sync.settings import RunSettings


class Overview:
    """The products of a source that pages of the store show; only a hash of each product is kept.

    Attributes:
        has_others: a product has no external id.
        has_plain_ids: a product has an external id without the name of a source.
        source_ids: of the products with an external id of the source.
        unrecorded: those of them without a record: the merchant may have created them.
        variants: how many variants of the source they have.
        withheld: values that their variants do not get, by external id.
        owners: external ids of the products of the source that have such values.
        recorded_settings: of all records of the source, also those of other shards.
        location: id of the stock location that its stock is at; empty if no record shows it.
        statuses: source ids by the status of their products, of those whose records lack newer fields.
        marked: products that are marked as missing, or have variants that are, by external id; each with the
            variants that are removed later, by key, and since when they are missing.
        delay: until what is missing is removed, at the time of the store.
        uncopied: how many products have an image that could not be copied, by its mark.
    """

    def __init__(self, settings: RunSettings) -> None:
        self.has_others = self.has_plain_ids = False
        self.source_ids = IdSet()
        self.unrecorded: set[str] = set()
        self.variants = 0
        self.withheld: dict[str, tuple[Withheld, ...]] = {}
        self.owners: set[str] = set()
        self.recorded_settings = SettingsOfRecords()
        self.location = ""
        self.statuses: dict[str, IdSet] = {}
        self.marked: dict[str, Mapping[str, float]] = {}
        self.delay = settings.delay
        self.uncopied = Counter[str]()
        self._settings = settings
        self._removable = settings.removable
        self._up_to_date = array("q")  # hashes of what is applied
        self._is_sorted = True
        self._copied: set[str] = set()  # source ids that were seen twice

    @property
    def owned(self) -> Iterator[str]:
        """Source ids of the products that this tool has written."""
        return (source_id for source_id in self.source_ids if source_id not in self.unrecorded)

    @property
    def owned_size(self) -> int:
        return len(self.source_ids) - len(self.unrecorded)

    def status(self, product: DesiredProduct) -> str | None:
        """The status of a product whose record lacks newer fields; None if it was not shown."""
        found = (status for status, ids in self.statuses.items() if product.source_id in ids)
        return next(filter(None, found), None)

    def shows(self, product: DesiredProduct | Unchecked, content: object) -> bool:
        """Whether a product is certainly up to date.

        Args:
            product: of the source.
            content: of the record that it would get, or the digest of what the source delivered.
        """
        places = dict.fromkeys((self.location, ""))  # some products have no stock there
        is_shown = any(self._has(hash((product.external_id, content, place))) for place in places)
        return is_shown and product.source_id not in self._copied

    def _has(self, wanted: int) -> bool:
        if not self._is_sorted:
            self._up_to_date, self._is_sorted = array("q", sorted(self._up_to_date)), True
        index = bisect_left(self._up_to_date, wanted)
        return index < len(self._up_to_date) and self._up_to_date[index] == wanted

    def has_more(self, record: Record) -> bool:
        """Whether a product has a mark to end, or variants to remove or mark that the source has dropped."""
        return bool(record.missing_since) or any(
            each.dropped in self._removable and not self.delay.is_pending(each.missing_since)
            for each in record.variants.values()
        )

    def add(self, product: StoredProduct | Unreadable) -> None:
        """Add what a product of the store shows."""
        external_id = product.external_id or ""
        self.has_others |= not external_id
        source_id = source_id_of(self._settings.source_name, external_id)
        if source_id is None:  # not from this source
            self.has_plain_ids |= bool(external_id) and ":" not in external_id
            return
        if isinstance(product, StoredProduct) and product.record is not None:
            self.recorded_settings.add(product.record)
        if not is_in(self._settings.shard, external_id):
            return
        is_first = self.source_ids.add(source_id)
        if not is_first:
            self._copied.add(source_id)
        if isinstance(product, Unreadable):  # it has a record
            self.unrecorded.discard(source_id)
        elif product.record is not None:
            self.unrecorded.discard(source_id)
            self._add_record(external_id, product.record)
            if product.record.knows < NEWEST:
                self.statuses.setdefault(product.status, IdSet()).add(source_id)
        elif is_first:
            self.unrecorded.add(source_id)

    def _add_record(self, external_id: str, record: Record) -> None:
        self.variants += len(record.variants)
        if self._settings.copying is not None:
            self.uncopied.update(failures(record, self._settings.copying).keys())
        if record.missing_since or any(each.missing_since for each in record.variants.values()):
            self.marked[external_id] = {
                key: each.missing_since
                for key, each in record.variants.items()
                if each.dropped in self._removable and self.delay.is_pending(each.missing_since)
            }
        if record.withheld:
            self.withheld[external_id] = withheld_earlier(record)
            self.owners.update(each.owner_id for each in self.withheld[external_id])
        selection = self._settings.plan.selection
        if remain(record, self._settings.copying, selection):
            return
        if record.is_settled and not self.has_more(record):
            place = record.locations.get("", "") if selection.has_items else ""
            self._up_to_date.append(hash((external_id, selection.of(record).content, place)))
            if record.source:
                self._up_to_date.append(hash((external_id, record.source, place)))
            self._is_sorted = False
