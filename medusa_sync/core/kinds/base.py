"""What a kind of field decides, and how it does for most fields."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct, json

from medusa_sync.codes import Note
from medusa_sync.core.steps import Step

if TYPE_CHECKING:
    from medusa_sync.core.change import Change
    from medusa_sync.core.names import Names, StoreNames
    from medusa_sync.core.placement import Placement
    from medusa_sync.core.product import DesiredProduct
    from medusa_sync.core.record import History, Record
    from medusa_sync.core.stored import StoredProduct, StoredVariant
    from medusa_sync.core.value import Value
    from medusa_sync.errors import MedusaSyncError

Ids = Mapping[str, str]
"""Ids by the names that the source or the record has for something of the store."""


class Merge(Enum):
    """How the values of source and store are merged."""

    REPLACE = auto()  # one value
    UNION = auto()  # a set, merged member by member
    FOLLOW = auto()  # the source's value wins, and the store changes it without a conflict


class Meanings(Struct, frozen=True):
    """What the names of fields mean in the store.

    Attributes:
        currency: of amounts whose names have none.
        regions: ids by name in lower case.
        locations: ids of stock locations; the default one is called "".
        options: ids of the options of a product.
        is_available: levels are compared without what is reserved, and get it in addition.
    """

    currency: str = ""
    regions: Ids = {}
    locations: Ids = {}
    options: Ids = {}
    is_available: bool = False


class Sides(Struct, frozen=True):
    """What is known of a product or variant when its fields are decided.

    Attributes:
        wanted: its fields at the source, and of those that are not synced, what the record has.
        applied: those that the record has.
        pending: the values that may have arrived, by field.
        names: what its names mean at the source now.
        former: the id of the default stock location that the record has, if the source has another one.
        variant: as the store has it; None for a product.
        settings: those of which it was written with other values.
        is_reordered: the source has changed the order of the variants.
    """

    wanted: Mapping[str, Value]
    applied: Mapping[str, Value]
    pending: Mapping[str, tuple[Value, ...]]
    names: Meanings
    former: str = ""
    variant: StoredVariant | None = None
    settings: Collection[str] = ()
    is_reordered: bool = False


class Left(Struct, frozen=True):
    """A value where a field was before, which is taken away.

    Attributes:
        setting: that moved the field.
    """

    name: str
    stored: Value
    planned: Value
    setting: str


class Offered(Struct):
    """What the products of a run offer to customers, as far as it is about a kind of field.

    Attributes:
        sorts: the names of the store that show what keeps customers from buying.
    """

    sorts: ClassVar[tuple[Names, ...]] = ()

    def add(self, change: Change, placement: Placement) -> None:
        """Add a product as a change leaves it."""

    def add_default(self, placement: Placement, currency: str) -> None:
        """Add what a new product would offer: nothing was planned."""

    def obstacles(self, names: StoreNames) -> Iterator[Note]:
        """What would keep customers from buying, and what to do about it, in one line each."""
        yield from ()


class Kind:
    """A kind of field: what its names mean, how it is read, who owns it, and how it is written.

    Attributes:
        merge: how the values of source and store are merged.
        is_late: Medusa commits it after the row of the product; until then the record has what was applied.
        is_shown: what the store has besides applied values is an edit of the merchant. Nothing says so about
            what orders change, and about what is not read with a product.
        is_amount: it is what customers pay.
        is_measure: it is a number that the store keeps as a 32-bit float.
        names_members: what its members name, if only the merchant creates that.
        is_ordered: the order of its members means something.
        repeats: two runs that add a value at the same time store it twice.
        of_items: inventory items have it, and not the product or variant.
        is_exclusive: all that the store has of it is the source's.
        stays: a source that has no value any more leaves the one that it had.
        decided_by: the names of the store that decide which fields of it a store can have; None for all.
        initial: what the store has if nothing was sent.
        settings_of_values: the settings that decide what the source wants.
        settings_besides: those that decide what a run does about it otherwise.
        own_steps: what it takes to write it to a product, besides the row or in its stead.
        steps: what it takes to write it to a variant that exists.
    """

    merge: ClassVar[Merge] = Merge.REPLACE
    is_late: ClassVar[bool] = False
    is_shown: ClassVar[bool] = True
    is_amount: ClassVar[bool] = False
    is_measure: ClassVar[bool] = False
    names_members: ClassVar[Names | None] = None
    is_ordered: ClassVar[bool] = False
    repeats: ClassVar[bool] = False
    of_items: ClassVar[bool] = False
    is_exclusive: ClassVar[bool] = False
    stays: ClassVar[bool] = False
    decided_by: ClassVar[Names | None] = None
    initial: Value = None
    settings_of_values: ClassVar[tuple[str, ...]] = ()
    settings_besides: ClassVar[tuple[str, ...]] = ()
    own_steps: ClassVar[frozenset[Step]] = frozenset()
    steps: ClassVar[frozenset[Step]] = frozenset({Step.EDIT_VARIANTS})

    @property
    def is_in_row(self) -> bool:
        """Whether the row of a product has it; a step that follows writes anything else."""
        return all(step.value < Step.ROW.value for step in self.own_steps)

    # --- names ---

    def setting_names(self, name: str) -> tuple[str, ...]:
        """The names that settings can have for a field, the most specific first."""
        parts = name.split(".")
        return tuple(".".join(parts[:count]) for count in range(len(parts), 0, -1))

    def renamed(
        self, fields: Mapping[str, object], wanted: Mapping[str, Value], before: Meanings, now: Meanings
    ) -> Mapping[str, str]:
        """What the source calls recorded fields of this kind now; an empty name forgets one.

        Args:
            fields: of all kinds, with what was applied or is pending.
            wanted: what the source wants.
            before: what names meant to the record.
            now: what they mean to the source.
        """
        return {}

    def settings_of_older(self, record: Record) -> Mapping[str, str]:
        """What the record of an older version, which has no settings, shows of those of this kind."""
        return {}

    # --- what it names in the store ---

    def asks(self, product: DesiredProduct, records: Collection[Record]) -> Iterator[Names]:
        """What has to be known of the store to plan a product, besides what the members of sets name.

        Args:
            product: what the source wants.
            records: of what the store has of it.
        """
        yield from ()

    def resolved(self, product: DesiredProduct, names: StoreNames) -> DesiredProduct:
        """A product with the ids of what fields of this kind name, without what the store cannot have."""
        return product

    def refusals(self, product: DesiredProduct, names: StoreNames, instead: str) -> Iterator[str]:
        """Why fields of this kind of a resolved product cannot be written.

        `instead` is what to do if the store shall not get a name that it lacks.
        """
        yield from ()

    def lacked(self, product: DesiredProduct, names: StoreNames) -> Collection[str]:
        """What fields of this kind name and the store lacks, so that they are left out."""
        return ()

    def remark(
        self, lacked: Collection[str], names: StoreNames, hidden: Mapping[str, MedusaSyncError]
    ) -> Note | None:
        """What the result says about fields that were left out.

        Args:
            lacked: what they name.
            names: what the store has.
            hidden: why the store does not show a sort of names, by its noun.
        """
        return None

    def named_by(self, name: str) -> Iterator[tuple[Names, str]]:
        """What the name of a field, as records or settings have it, names besides the field."""
        yield from ()

    # --- what the store has ---

    def paths(self, name: str) -> Iterable[str]:
        """What is asked of a stored product or variant, to read a field of a table and to plan it."""
        return (name,)

    def shown_at(self, path: str) -> str:
        """Where responses have what is asked for at a path."""
        return path

    def complete(self, variants: Sequence[dict[str, Any]], asked: Collection[str], *, creates: bool) -> None:
        """Add to variants of a response what it leaves out of what was asked.

        `creates` is whether a write that may be unfinished creates variants.
        """

    def value_of_product(self, product: StoredProduct, name: str, known: Iterable[str]) -> Value:
        """The value of a field of a product; `known` is what the source calls its members."""
        return plain(getattr(product, name))

    def value_of_variant(self, variant: StoredVariant, name: str, names: Meanings) -> Value:
        """The value of a field of a variant."""
        return plain(getattr(variant, name))

    def reserved(self, variant: StoredVariant, name: str, names: Meanings) -> int | float | None:
        """What orders have reserved of it, if that is added to what is sent; None if nothing is added."""
        return None

    def names_of(self, stored: StoredProduct | StoredVariant) -> Iterator[str]:
        """The fields that a stored product or variant has, and that are in no table."""
        yield from ()

    def added(self, variant: StoredVariant, fields: Iterable[str], names: Meanings) -> Iterator[str]:
        """What a variant has of this kind besides the fields with these names, such as another price."""
        yield from ()

    def added_to_product(self, product: StoredProduct, record: Record) -> Iterator[str]:
        """What a product has of this kind besides what was applied, and what is in no table."""
        yield from ()

    # --- values ---

    def takes(self, value: Value) -> bool:
        """Whether a field can have a value, as far as the engine relies on it."""
        if self.is_amount or self.is_measure:
            return is_number(value)
        return isinstance(value, tuple if self.merge is Merge.UNION else str)

    def same(self, stored: object, desired: object) -> bool:
        """Whether two values are equal as far as the store can represent them."""
        return stored == desired

    # --- who owns it ---

    def is_owned(self, wanted: Value, history: History, sides: Sides) -> bool:
        """Whether the source decides about it: it has a value now, or had one in the last run."""
        return wanted is not None or (history.is_owned and not self.stays)

    def restores(self, value: Value) -> bool:
        """Whether an undo can write a value that the store had before a run."""
        return True

    def is_lost(self, current: Value) -> bool:
        """Whether the store cannot be without a value and has lost it, so that it gets the source's again."""
        return False

    def as_sent(self, current: Value, wanted: Value, history: History, product: StoredProduct) -> Value:
        """What a stored value of a variant was when it was sent."""
        return current

    def moved(self, name: str, wanted: Value, history: History, sides: Sides) -> tuple[History, Left | None]:
        """What is known of a field where it is now, and what is left where it was before."""
        return history, None

    def is_of_store(self, value: Value, applied: Mapping[str, Value], name: str) -> bool:
        """Whether the store gives a product a value by itself."""
        return False

    def comes_apart(self, before: Value, after: Value) -> bool:
        """Whether a change is written with calls of its own after the row, and nothing is decided before."""
        return False

    def steps_besides(self, change: Change) -> Iterator[Step]:
        """What it takes to remove what a change of a stored product leaves of this kind."""
        yield from ()

    def offered(self) -> Offered | None:
        """A summary of what products offer to customers; None if nothing of this kind keeps them from it."""
        return None

    # --- what the record says besides values ---

    def recorded(self, change: Change, final: Record) -> Record:
        """The record of a product that is written completely, with what it says about fields of this kind."""
        return final

    def noted(self, change: Change, note: Record) -> Record:
        """The record until everything has arrived; it has what the final one says."""
        return note

    # --- bodies ---

    def ids(self, change: Change, value: Value) -> Ids:
        """Ids of the values of a product that are known without the terms of a batch."""
        return {}

    def put(self, body: MutableMapping[str, Any], name: str, value: Value, ids: Ids) -> None:
        """Put a field into the row of a product, if that has it; `ids` are those of its members."""
        body[name] = value

    def created(self, values: Mapping[str, Value], names: Meanings) -> dict[str, Any]:
        """The part of the body of a new variant; `values` are those of this kind, by field."""
        return {**values}

    def edited(self, variant: StoredVariant, values: Mapping[str, Value], names: Meanings) -> dict[str, Any]:
        """The part of the body that edits a variant; `values` are those of this kind, by field."""
        return {**values}


class Apart(Kind):
    """A kind of field that is written with calls of its own: no body of a product or variant has it."""

    def created(self, values: Mapping[str, Value], names: Meanings) -> dict[str, Any]:
        return {}

    def edited(self, variant: StoredVariant, values: Mapping[str, Value], names: Meanings) -> dict[str, Any]:
        return {}


def is_number(value: object) -> bool:
    """Whether a value is a number, and not a boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def plain(value: Any) -> Value:
    """A comparable value: None for an empty text, JSON for an object or a list."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str | int | float) else json.encode(value).decode()
