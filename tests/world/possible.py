"""The possible states of a stored product, computed only from the rules in docs/ownership.md."""

# The merge of a field depends on the last applied and the stored value. After a disturbed run it is unknown
# how much it wrote, and whether an edit of the merchant came before or after its write. So all possible pairs
# (last applied, stored) are kept. A disturbed run adds the merge of each pair. An edit gives each pair a new
# stored value. After an undisturbed run only the merged pairs are left, and the store must match one.

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from tests.world.merging import DRAFTED, SETS, STOCK, UNIQUE, Left, States, is_of_source, undone
from tests.world.wanted import Value


@dataclass
class Possible:
    """The possible states of a product, or of one of its variants; none if it must not be stored."""

    states: States = field(default_factory=dict)
    others: dict[str, list[Any]] = field(default_factory=dict)  # values of fields that only the merchant owns
    store_id: str | None = None  # if it is known
    was_undone: bool = False  # or adopted, so that images may have another order
    may_be_gone: bool = False  # a run may have deleted it
    if_created: Self | None = None  # its states if it was removed and a later run created it again

    @property
    def parts(self) -> Iterator[Self]:
        """It and what may have been created in its place."""
        yield self
        if self.if_created:
            yield self.if_created

    def edit(self, name: str, value: Value) -> None:
        for each in self.parts:
            each.states[name] = {(applied, value) for applied, _ in each.states.get(name, set())}

    def shift(self, name: str, number: int, *, surely: bool) -> None:
        """Orders reserve so many less, or more."""
        states = self.states.get(name, set())
        after = {(own, held + number if isinstance(held, int) else held) for own, held in states}
        self.states[name] = after if surely else states | after

    def possible(self, name: str) -> set[Value]:
        return {stored for _, stored in self.states.get(name, ())}

    def be_undone(self, before: Self | None, left: Left) -> None:
        """A run that came after this may have been undone: later runs take that for an edit."""
        self.was_undone = True
        is_sure = before is not None and before.store_id is not None and before.store_id == self.store_id
        for name, states in self.states.items():
            earlier = before.states.get(name, set()) if before is not None else set()
            nothing = () if name in SETS else None
            earlier = earlier if is_sure and earlier else {*earlier, (nothing, nothing)}
            if name not in STOCK:
                values = {stored for _, stored in earlier}
                if name in UNIQUE and len(values) > 1:  # an interrupted run may have cleared it
                    values.add(None)
                states.update(undone(name, states, values, left.get(name, ())))
            elif any(applied == DRAFTED or held == 0 for applied, held in states | earlier):
                # A run or an undo may have set it to 0; other stock may have been changed by orders.
                states |= {(applied, stored) for applied, _ in states for _, stored in {*earlier, (None, 0)}}

    def recall(self, before: Self | None) -> None:
        """What was last applied may be what it was then."""
        for name, states in self.states.items():
            nothing = () if name in SETS else None
            earlier = {applied for applied, _ in before.states.get(name, ())} if before else set()
            applied = earlier or {nothing}
            self.states[name] = states | {(each, stored) for each in applied for _, stored in states}

    def forget(self) -> None:
        """Nothing is known of what was last applied; a default that is not the source's stays as it is."""
        for name, states in self.states.items():
            nothing = () if name in SETS else None
            self.states[name] = {
                (nothing if is_of_source(name, applied) else applied, stored) for applied, stored in states
            }

    def created(self, make: Callable[[], Self]) -> Self:
        """What a later run may have created in its place."""
        self.if_created = self.if_created or make()
        return self.if_created

    def seen_as(self, store_id: str) -> Self:
        """What is expected of it if the store has it with this id."""
        if self.if_created is None or self.store_id == store_id:
            return self
        if self.store_id is None:  # it may be the first one, or what was created in its place
            self.accept(self.if_created)
            return self
        return self.if_created

    def found(self, store_id: str, others: Mapping[str, Any]) -> Self:
        """What is expected of it after it was found with this id and these fields of the merchant."""
        own = self.seen_as(store_id)
        own.store_id, own.may_be_gone, own.if_created = store_id, False, None
        own.was_undone = False
        own.others = {name: [value] for name, value in others.items()}
        return own

    def accept(self, earlier: Self) -> None:
        """What was expected earlier, or of something else, is possible too."""
        for name, states in earlier.states.items():
            self.states[name] = self.states.get(name, set()) | states
        self.others = {
            name: values + earlier.others[name]
            for name, values in self.others.items()
            if name in earlier.others
        }
