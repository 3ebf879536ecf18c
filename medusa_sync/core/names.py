"""What a store has of what catalogues, plans and settings name: the ids of names, or why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

from msgspec import Struct, structs

from medusa_sync.core.entities import NamedEntity

_LISTED = 20  # names in a message


class Names(Struct, frozen=True, dict=True):
    """The things of one sort that a store has.

    Attributes:
        noun: what messages call one of them.
        place: where the admin has them.
        collection: what the Admin API calls all of them; empty if they have no list of their own.
        setting: that names one, with its variable; empty if none does.
        entries: all of them.
        entity: what is read of one, from these `fields`.
        ignores_case: names that differ only in case are the same.
        none: what messages say if there is none.
    """

    noun: str
    place: str
    collection: str = ""
    setting: str = ""
    entries: Sequence[NamedEntity] = ()
    entity: type[NamedEntity] = NamedEntity
    fields: str = "id,name"
    ignores_case: bool = False
    none: str = "none"

    def having(self, entries: Sequence[NamedEntity]) -> Names:
        """The same sort, with what a store has."""
        return structs.replace(self, entries=entries)

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(each.id for each in self.entries)

    @cached_property
    def by_name(self) -> Mapping[str, str]:
        """Ids by name, without names that several have."""
        names = Counter(self._folded(each.name) for each in self.entries)
        folded = ((self._folded(each.name), each.id) for each in self.entries)
        return {name: own for name, own in folded if names[name] == 1}

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """What messages call each, by id: its name, or its id if several have the name."""
        known = {*self.by_name.values()}
        return {each.id: each.name if each.id in known else each.id for each in self.entries}

    def find(self, name: str) -> str:
        """The id of the one that a name or an id means; empty if it means none, or several."""
        return name if name in self.ids else self.by_name.get(self._folded(name), "")

    def called(self, name: str) -> list[str]:
        """The ids of all that have a name."""
        folded = self._folded(name)
        return sorted(each.id for each in self.entries if self._folded(each.name) == folded)

    @property
    def listed(self) -> str:
        """The first names; those that several have, with their ids."""
        unique = {*self.by_name.values()}
        shown = sorted(
            repr(each.name) if each.id in unique else f"{each.name!r} ({each.id})" for each in self.entries
        )
        return ", ".join(shown[:_LISTED]) or self.none

    def problem(self, name: str) -> str:
        """Why a name does not mean one of them."""
        if same := self.called(name):
            return f"the store has several {self.noun}s {name!r} ({', '.join(same[:_LISTED])})"
        return f"the store has no {self.noun} {name!r}, only: {self.listed}"

    def lacks(self, name: str, instead: str) -> str:
        """Why a name does not mean one of them, and what to do about it; `instead` of adding it."""
        remedy = "give an id" if self.called(name) else f"add it in the admin ({self.place})"
        return f"{self.problem(name)}; {remedy}, or {instead}"

    def _folded(self, name: str) -> str:
        return name.lower() if self.ignores_case else name


class StoreNames(Struct, frozen=True):
    """What a store has of what fields and settings can name, as far as it was read.

    Attributes:
        lists: all of a sort, by its noun.
        location_id: of stock that names no location; None if the store has no stock location; stock is then
            not synced.
    """

    lists: Mapping[str, Names] = {}
    location_id: str | None = None

    def has(self, sort: Names) -> bool:
        """Whether all of a sort were read."""
        return sort.noun in self.lists

    def of(self, sort: Names) -> Names:
        """All of a sort; none until they were read."""
        return self.lists.get(sort.noun, sort)

    def having(self, *lists: Names) -> StoreNames:
        """The same, with other lists that were read."""
        return structs.replace(self, lists={**self.lists, **{each.noun: each for each in lists}})
