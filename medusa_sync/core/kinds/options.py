"""The values of variants for the options of their product."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from medusa_sync.core.kinds.base import Apart, Meanings
from medusa_sync.core.steps import Step

if TYPE_CHECKING:
    from medusa_sync.core.stored import StoredVariant
    from medusa_sync.core.value import Value

OPTION = "option."  # prefix of the fields
OPTIONS = "options"  # what changes call the options of a product
VARIANTS = "variants"  # what settings call options, their values, new variants, dropped ones and the order


def with_id(name: str, ids: Mapping[str, str]) -> str:
    """The name of a field with the id of its option, which can be renamed; `ids` are those by name."""
    option = name.removeprefix(OPTION)
    return f"{OPTION}{ids[option]}" if name.startswith(OPTION) and option in ids else name


class Choice(Apart):
    """The value of a variant for an option; Medusa takes those for all options of a product together."""

    stays = True  # a variant cannot lack a value
    steps = frozenset({Step.OPTIONS, Step.OPTION_VALUES, Step.CLEAN_OPTIONS})

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

    def value_of_variant(self, variant: StoredVariant, name: str, names: Meanings) -> Value:
        return variant.value_of(names.options.get(name.removeprefix(OPTION)))

    def is_lost(self, current: Value) -> bool:
        """It is lost with its option."""
        return current is None


CHOICE = Choice()
