"""The values of variants for the options of their product."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import starmap
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from medusa_sync.core.kinds.base import Apart, Meanings
from medusa_sync.core.steps import Step
from medusa_sync.core.value import latest

if TYPE_CHECKING:
    from medusa_sync.core.change import Change
    from medusa_sync.core.record import Record
    from medusa_sync.core.stored import StoredProduct, StoredVariant
    from medusa_sync.core.value import Value

OPTION = "option."  # prefix of the fields
OPTIONS = "options"  # what changes call the options of a product
DEFAULT = "Default"  # option, value and title of the only variant of a product without variants at the source
VARIANTS = "variants"  # what settings call options, their values, new variants, dropped ones and the order


def with_id(name: str, names: Meanings) -> str:
    """The name of a field with the id of its option, which can be renamed."""
    own = names.options.get(name.removeprefix(OPTION)) if name.startswith(OPTION) else None
    return f"{OPTION}{own}" if own is not None else name


class AppliedOption(Struct, frozen=True, array_like=True):
    """An option of a product, as the record has it.

    Attributes:
        name: that was applied.
        id: in the store; empty if it is not known.
    """

    name: str
    id: str


class Choice(Apart):
    """The value of a variant for an option; Medusa takes those for all options of a product together."""

    stays = True  # a variant cannot lack a value
    own_steps = frozenset({Step.OPTIONS, Step.OPTION_VALUES})
    steps = own_steps | {Step.CLEAN_OPTIONS}

    def setting_names(self, name: str) -> tuple[str, ...]:
        return (VARIANTS,)

    def renamed(
        self, fields: Mapping[str, object], wanted: Mapping[str, Value], before: Meanings, now: Meanings
    ) -> Mapping[str, str]:
        """The name of the same option."""
        titles = {option_id: title for title, option_id in now.options.items()}
        names = {old: titles[option_id] for old, option_id in before.options.items() if option_id in titles}
        return {f"{OPTION}{old}": f"{OPTION}{name}" for old, name in names.items()}

    def paths(self, name: str) -> Iterable[str]:
        return ("options.option_id", "options.value")

    def value_of_product(self, product: StoredProduct, name: str, known: Iterable[str]) -> Value:
        """The titles of the options."""
        return tuple(each.title for each in product.options)

    def value_of_variant(self, variant: StoredVariant, name: str, names: Meanings) -> Value:
        return variant.value_of(names.options.get(name.removeprefix(OPTION)))

    def added_to_product(self, product: StoredProduct, record: Record) -> Iterator[str]:
        if not {each.title for each in product.options} <= {*(record.titles or (DEFAULT,))}:
            yield OPTIONS

    def steps_besides(self, change: Change) -> Iterator[Step]:
        """A killed run may have left values that no variant has."""
        used = {(value.option_id, value.value) for each in change.stored.variants for value in each.options}
        known = [option for option in change.options.stored.values() if option is not None]
        if any((option.id, each.value) not in used for option in known for each in option.values):
            yield Step.CLEAN_OPTIONS

    def recorded(self, change: Change, final: Record) -> Record:
        options, ids = change.record.options, change.options.ids
        if not change.leaves_variants:
            options = tuple(AppliedOption(name, ids.get(name, "")) for name in change.desired.options)
        return structs.replace(final, options=options)

    def noted(self, change: Change, note: Record) -> Record:
        """Those that are removed are still there, and renamed ones may have both titles."""
        synced = change.options.ids if change.selection.has_variants else {}
        ids = {**note.option_ids, **synced, **change.removed_options}
        pending = note.pending and structs.replace(note.pending, options=_pending_titles(change))
        return structs.replace(note, options=tuple(starmap(AppliedOption, ids.items())), pending=pending)

    def is_lost(self, current: Value) -> bool:
        """It is lost with its option."""
        return current is None


def _pending_titles(change: Change) -> dict[str, tuple[str, ...]]:
    """The pending titles of each option: those before and after it is renamed."""
    before, options = change.record.pending, change.options
    titles = dict(before.options) if before else {}
    for name, option in options.stored.items():
        if option is not None and name in options.renamed:
            titles[option.id] = latest(titles.get(option.id, ()), (option.title, name))
    return titles


CHOICE = Choice()
