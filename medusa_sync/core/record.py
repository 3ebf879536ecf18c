"""The record in `metadata.medusa_sync` of a product: what was applied, and what is being sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, structs

from medusa_sync.core.fields import FIELDS, NEWEST, VARIANT_FIELDS, Field, kind_of
from medusa_sync.core.kinds.base import Kind, Meanings, Merge
from medusa_sync.core.kinds.copying import Copies
from medusa_sync.core.kinds.options import OPTIONS, VARIANTS, AppliedOption
from medusa_sync.core.kinds.prices import regions_of
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.remembered import remember
from medusa_sync.core.value import Value

if TYPE_CHECKING:
    from medusa_sync.core.stored import StoredProduct

T = TypeVar("T")

RECORD_KEY = "medusa_sync"  # in the metadata of a product
# In the settings of a record:
CHANGES = "changes"  # how often they had changed when the product was written
VERSION = 3
ONLY = ""  # key of the only variant of a product without variants at the source


class Write(StrEnum):
    """The kind of write that is pending."""

    CREATION = "creation"
    ADOPTION = "adoption"
    UPDATE = "update"


class Dropped(StrEnum):
    """What happened to a variant that the source dropped."""

    KEPT = "kept"
    DRAFTED = "drafted"  # its stock was set to 0
    REMOVED = "removed"  # it may be deleted already


class Pending(Struct, frozen=True, omit_defaults=True):
    """What was sent and is not yet known to be complete.

    Attributes:
        variants: every value that may have arrived, the newest last, by key of the variant and field.
        options: the titles that options may have, by id.
        currency: of the field `price`.
        at: when it was sent, in seconds since 1970.
        new: ids of the variants that the write creates, by key; the ordinary route gives others.
        fields: values of the product that may have arrived, the newest last, by field. Those that commit with
            the product row are in the record instead.
        settings: those of the source product, if they are others than in the record.
    """

    step: Write
    variants: dict[str, dict[str, tuple[Value, ...]]] = {}
    options: dict[str, tuple[str, ...]] = {}
    currency: str = ""
    at: float = 0
    new: dict[str, str] = {}
    fields: dict[str, tuple[Value, ...]] = {}
    settings: dict[str, str] | None = None

    @property
    def creates(self) -> bool:
        """Whether it creates variants, so that some may lack what the store gives them last."""
        return self.step is not Write.UPDATE or bool(self.new)


class VariantRecord(Struct, frozen=True, array_like=True, omit_defaults=True):
    """What was last applied to a variant. It is stored as an array, because there may be thousands.

    Attributes:
        id: in the store; empty if it is not known.
        fields: the last applied values by field, as `remember` gives them; None is left out.
        dropped: set if the source no longer has the variant.
        missing_since: as that of a product.
    """

    id: str = ""
    fields: dict[str, Value] = {}
    dropped: Dropped | None = None
    missing_since: float = 0


class History(Struct, frozen=True):
    """What was written to one field.

    Attributes:
        applied: the last applied value, as `remember` gives it.
        pending: the pending values.
        base: what the source wanted when the field was last sent.
        is_known: there is a record.
    """

    applied: Value = None
    pending: tuple[Value, ...] = ()
    base: Value = None
    is_known: bool = True

    @property
    def is_owned(self) -> bool:
        """Whether the source had a value."""
        return any(value is not None for value in (self.applied, *self.pending))

    @property
    def was_sent(self) -> bool:
        """Whether a value was sent, also if it was that there is none."""
        return self.applied is not None or bool(self.pending)


class Record(Struct, frozen=True, omit_defaults=True, tag_field="version", tag=VERSION):
    """What this tool last applied to a product.

    Attributes:
        fields: the last applied values of the product by field, as `remember` gives them; None is left out.
        currency: of the field `price`.
        options: in the order of the source; empty for a product without variants at the source, whose option
            is not synced.
        variants: by the key of the source.
        drafted: this tool set the product to draft because the source no longer had it.
        deleted: this tool was about to delete the product, which shows later that it was not the merchant.
        pending: a write that may be incomplete; a product that has one is never up to date.
        source: the digest of the source product that was applied; empty if not all of it was applied.
        settings: those of the source product that was applied; None if an older version wrote the record.
        regions: ids of the regions whose names fields of variants have, by name in lower case.
        locations: ids of stock locations by the names in the fields of variants; "" is the default one.
        withheld: unique values that variants do not get, by key of the variant and field, each with the
            external id of the product of the same source that has it; empty if another one has it.
        missing_since: when a run with `--remove-after` first found it missing at the source, in seconds since
            1970; 0 if none has.
        knows: the newest field that was synced, as its `since`; it may have values of newer ones.
        copies: of images; None if there is nothing to say about them.
    """

    fields: dict[str, Value] = {}
    currency: str = ""
    options: tuple[AppliedOption, ...] = ()
    variants: dict[str, VariantRecord] = {}
    drafted: bool = False
    pending: Pending | None = None
    deleted: bool = False
    source: str = ""
    settings: dict[str, str] | None = None
    regions: dict[str, str] = {}
    locations: dict[str, str] = {}
    withheld: dict[str, dict[str, tuple[str, str]]] = {}
    missing_since: float = 0
    knows: int = 0
    copies: Copies | None = None

    @property
    def option_ids(self) -> dict[str, str]:
        """Ids of options by the name that was applied."""
        return {option.name: option.id for option in self.options}

    @property
    def titles(self) -> tuple[str, ...]:
        """The names of the options that were applied, in the order of the source."""
        return tuple(option.name for option in self.options)

    @property
    def own_values(self) -> dict[str, Value]:
        """What was applied to the product itself."""
        return {**self.fields, OPTIONS: self.titles}

    @property
    def meanings(self) -> Meanings:
        """What the names of applied fields mean, as far as it does not change with the store."""
        return Meanings(self.currency, self.regions, options=self.option_ids)

    def has_parts_of(self, wanted: Record) -> bool:
        """Whether its variants and options are those of another record, and their ids are known."""
        return (
            self.variants.keys() == wanted.variants.keys()
            and not self.lacks_ids
            and all(each.dropped is None for each in self.variants.values())
            and self.titles == wanted.titles
        )

    @property
    def lacks_ids(self) -> bool:
        """Whether an option or a variant has no id."""
        has_options = all(each.id for each in self.options)
        return not (has_options and all(each.id for each in self.variants.values()))

    def with_ids(self, stored: StoredProduct) -> Record:
        """The record with the ids of options that the store has created together with the product."""
        ids = {each.title: each.id for each in stored.options}
        options = tuple(AppliedOption(each.name, each.id or ids.get(each.name, "")) for each in self.options)
        return structs.replace(self, options=options)

    @property
    def variant_ids(self) -> dict[str, str]:
        """Ids of variants by key, as far as they are known; some may not have been created yet."""
        new = self.pending.new if self.pending else {}
        ids = {key: entry.id or new.get(key, "") for key, entry in self.variants.items()}
        return {key: variant_id for key, variant_id in ids.items() if variant_id}

    @property
    def pending_values(self) -> Mapping[str, Mapping[str, tuple[Value, ...]]]:
        """The pending values of variants, by key and field."""
        return self.pending.variants if self.pending else {}

    @property
    def pending_fields(self) -> Mapping[str, tuple[Value, ...]]:
        """The pending values of the product, by field."""
        return self.pending.fields if self.pending else {}

    def has(self, kind: Kind) -> bool:
        """Whether a field of this kind has, or may have, a value of ours."""
        return any(kind_of(name) is kind for name in self.names)

    @property
    def names(self) -> Iterator[str]:
        """The names of all fields that have, or may have, a value of ours."""
        variants = (each.fields for each in self.variants.values())
        return chain(self.fields, self.pending_fields, *variants, *self.pending_values.values())

    def is_newer(self, field: Field, history: History) -> bool:
        """Whether a field was not synced yet when the record was written."""
        return field.since > self.knows and not history.was_sent

    def known_to(self, other: Record) -> Record:
        """What another record can have of it, without fields that are newer."""
        if other.knows >= self.knows:
            return self
        newer, own = ({each.name for each in table.newer(other.knows)} for table in (VARIANT_FIELDS, FIELDS))
        variants = {
            key: structs.replace(
                entry, fields=_without(entry.fields, newer.difference(other.variant(key).fields))
            )
            for key, entry in self.variants.items()
        }
        fields = _without(self.fields, own.difference(other.fields))
        return structs.replace(self, fields=fields, variants=variants, knows=other.knows)

    def part(self, has: Callable[[str], bool]) -> Record:
        """The part of it that is about some fields."""

        def chosen(fields: Mapping[str, T]) -> dict[str, T]:
            return {name: value for name, value in fields.items() if has(name)}

        variants = {
            key: structs.replace(each, fields=chosen(each.fields)) for key, each in self.variants.items()
        }
        return structs.replace(
            self,
            fields=chosen(self.fields),
            options=self.options if has(VARIANTS) else (),
            variants=variants,
            withheld={key: chosen(values) for key, values in self.withheld.items()},
        )

    def history(self, name: str, key: str | None = None) -> History:
        """What was written to a field of the product, or of the variant with a key.

        The stock 0 of a drafted variant is not what the source wanted: what it wants now counts as changed,
        also if that is 0.
        """
        entry = self.variant(key) if key is not None else VariantRecord()
        fields = self.fields if key is None else entry.fields
        values = self.pending_fields if key is None else self.pending_values.get(key, {})
        pending = values.get(name, ())
        base = pending[-1] if pending and fields.get(name) is None else fields.get(name)
        if entry.dropped is Dropped.DRAFTED and base == 0 and kind_of(name).merge is Merge.FOLLOW:
            base = None
        return History(fields.get(name), pending, base, is_known=self is not NO_RECORD)

    def variant(self, key: str) -> VariantRecord:
        """What was applied to a variant; nothing if the record does not have it."""
        return self.variants.get(key) or VariantRecord()

    def former_location(self, locations: Mapping[str, str]) -> str:
        """The id of the default stock location that it was written to; empty if that is one of these."""
        former = self.locations.get("", "")
        return "" if former in locations.values() or "" not in locations else former

    def locations_with(self, locations: Mapping[str, str]) -> dict[str, str]:
        """These, and those that only the record has, of which the default one is called by its id."""
        former = self.former_location(locations)
        return {**self.locations, **({former: former} if former else {}), **locations}

    def unmarked(self, *, variants: bool) -> Record:
        """The record without the mark as missing, and without those of its variants."""
        entries = self.variants
        if variants:
            entries = {key: structs.replace(each, missing_since=0) for key, each in entries.items()}
        return structs.replace(self, missing_since=0, variants=entries)

    @property
    def is_claim(self) -> bool:
        """Whether the product is adopted, and nothing was applied to it yet."""
        return self.pending is not None and self.pending.step is Write.ADOPTION and not self.fields

    @property
    def is_settled(self) -> bool:
        """Whether no write of this tool is left to be checked or undone."""
        return self.pending is None and not (self.drafted or self.deleted)

    @property
    def sent_settings(self) -> Mapping[str, str] | None:
        """The settings that were sent last, and may have arrived; None if an older version did."""
        sent = self.pending.settings if self.pending else None
        return self.settings if sent is None else sent

    @property
    def content(self) -> tuple[object, ...]:
        """What the source wanted: records with equal contents are for the same source product.

        An absent field counts as None. Variants that the source dropped earlier are left out.
        """
        fields = self.fields
        variants = {key: each.fields for key, each in self.variants.items() if each.dropped is None}
        for key, values in self.withheld.items():
            if key in variants:
                wanted = {name: remember(value) for name, (value, _) in values.items()}
                variants[key] = {**variants[key], **wanted}
        return (
            self.knows,
            self.currency,
            *map(fields.get, FIELDS),
            frozenset(each for each in fields.items() if each[0] not in FIELDS and each[1] is not None),
            self.titles,
            frozenset((key, frozenset(values.items())) for key, values in variants.items()),
        )


NO_RECORD = Record(knows=NEWEST)
"""Nothing is known about a product: it has no record, or was only claimed."""

EARLIEST = Record()
"""A record that knows no field that was added later."""


def applied(desired: DesiredProduct) -> Record:
    """The record of a product that holds all desired values; the ids of its parts are not known."""
    return Record(
        fields={name: remember(value) for name, value in desired.fields.items() if value is not None},
        currency=desired.currency,
        options=tuple(AppliedOption(name, "") for name in desired.options),
        variants={
            each.key: VariantRecord("", {name: remember(value) for name, value in each.fields.items()})
            for each in desired.variants
        },
        source=desired.digest,
        settings=dict(desired.settings),
        regions=regions_of(desired),
        knows=NEWEST,
    )


def claim(now: float) -> Record:
    """The record of an adopted product to which nothing was applied yet; `now` in seconds since 1970."""
    return Record(pending=Pending(Write.ADOPTION, at=now))


def _without(fields: dict[str, Value], names: Collection[str]) -> dict[str, Value]:
    return {name: value for name, value in fields.items() if name not in names}
