"""What is expected of a product and of its variants after what has happened to them."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Self

from tests.world.merging import (
    DRAFTED,
    FORGOTTEN,
    METADATA_FIELDS,
    STOCK,
    UNIQUE,
    Left,
    Rules,
    States,
    back,
    drafted,
    drafted_stock,
    is_settled,
    meet,
    missing,
)
from tests.world.possible import Possible
from tests.world.wanted import DEFAULT, OTHER_PRICES, SECOND_STOCK, Value, Wanted


@dataclass
class ExpectedVariant(Possible):
    """The possible states of one variant of the source."""

    is_gone: bool = False  # the merchant deleted it
    may_return: bool = False  # and then the source may have dropped it, so it may be created again
    is_managed: bool = True  # the merchant has left its inventory managed
    item_may_lag: bool = False  # behind the SKU: the merchant edited it, or an undo was interrupted
    is_unlinked: bool = False  # from the item that it shares, or may be: the source dropped it
    may_share: bool = False  # the stock of others, although the source wanted its own
    stale: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Fields that a run may write or not, each with fields of the merchant that it may change then."""
    own_stock: dict[str, set[Value]] = field(default_factory=dict)
    """What it may have kept, although the source wanted it to share."""
    if_withheld: States = field(default_factory=dict)
    """SKU and barcode, if another variant has those that the source wants."""

    @classmethod
    def new(cls) -> Self:
        return cls(others={"other prices": [[]], "levels elsewhere": [{}]})

    def meet(
        self, wanted: Mapping[str, Value], rules: Rules, *, surely: bool, new: Callable[[], Self]
    ) -> None:
        """A run handled it, or may have; `new` is what it may have created in its place."""
        # It gets an item of its own when the source changes its stock after its item was part of a
        # kit, or was deleted with a product that the store could not delete.
        lacks_one = not self.is_managed or [] in self.others.get("ids of items", ())
        gets_one = "stock" in wanted and lacks_one
        shares = "stock" not in wanted
        if shares == self.has_own_stock or gets_one or self.is_unlinked or self.may_share:
            self._forget_items()
            self.is_unlinked &= not surely
        if shares:  # its stock is that of an item that others have, too
            for name in STOCK:
                held = {each for _, each in self.states.pop(name, ())}
                self.own_stock[name] = set() if surely else self.own_stock.get(name, set()) | held
        for name in OTHER_PRICES:
            states = self.states.get(name, ())
            if any(wanted[name] != (stored if rules.overwrites else applied) for applied, stored in states):
                self.others.pop(f"id of {name}", None)
        self.if_withheld |= {name: self.states[name] for name in UNIQUE if name in self.states}
        before = {name: states for name, states in self.states.items() if name in self.stale}
        meet(self.states, wanted, rules, surely=surely, is_new=self.store_id is None)
        self._meet_stale(before, wanted)
        if self.may_be_gone or self.may_return:
            self.created(new).meet(wanted, rules, surely=surely, new=new)

    def _meet_stale(self, before: States, wanted: Mapping[str, Value]) -> None:
        for name, states in before.items():
            value = wanted[name]  # it may be recorded without being sent
            self.states[name] |= states | {(value, value)} | {(value, stored) for _, stored in states}
        self.forget_stale()

    def forget(self) -> None:
        super().forget()
        self.may_return |= self.is_gone  # nobody knows that the merchant deleted it
        if states := self.states.get("sale_price"):  # also that there is none is of the source
            self.states["sale_price"] = {(stored and FORGOTTEN, stored) for _, stored in states}

    def be_undone(self, before: Self | None, left: Left) -> None:
        super().be_undone(before, left)
        # What a run took from a location that was removed is restored at the one that was made since.
        for name in (each for each, others in self.stale.items() if others and each in self.states):
            known = self.states[name] | (before.states.get(name, set()) if before else set())
            restored = {applied for applied, _ in known if applied != DRAFTED}
            # A dropped variant was drafted at all locations, even where it no longer had stock.
            drafted = {own for own, _ in self.states.get("stock", ()) if own == DRAFTED}
            applied = drafted | {own for own, _ in self.states[name]}
            self.states[name] |= {(each, own) for each in applied for own in restored}

    def forget_stale(self) -> None:
        for name in (other for others in self.stale.values() for other in others):
            self.others.pop(name, None)

    def drop(self, rules: Rules, *, surely: bool) -> bool:
        """A run saw, or may have seen, that the source dropped it; returns whether nothing is left of it."""
        if self.is_gone:
            self.may_return = True
            return surely
        if rules.on_missing == "delete":
            self.may_be_gone = True
            for name in self.states.keys() & STOCK:  # if it is interrupted, it can be drafted once more
                self.states[name] |= {(None, held) for own, held in self.states[name] if own == DRAFTED}
            return surely
        for each in self.parts if rules.on_missing == "draft" else ():
            each._be_drafted(surely=surely)
        return False

    def _be_drafted(self, *, surely: bool) -> None:
        self.forget_stale()  # the stock at a location that is named otherwise now is set to 0
        if not self.has_own_stock or self.may_share:  # it is unlinked from the item until it is back
            self._forget_items()
            self.is_unlinked = True
        for name in STOCK if self.has_own_stock else ():
            before = self.states[name]
            after = {drafted_stock(state) for state in before}
            if self.may_share:
                after.add((DRAFTED, None))
            if name == SECOND_STOCK:  # unless the source named the location for another variant
                after |= {state for state in before if state[0] is None}
            # The stock is forgotten first, then set to 0.
            forgotten = {(None, held) for _, held in before}
            self.states[name] = after if surely else before | after | forgotten

    def lose_unique_values(self) -> None:
        """Its SKU and barcode may be cleared, and its inventory item may have the SKU of then."""
        self.item_may_lag = True
        for name in self.states.keys() & UNIQUE:
            self.states[name] = self.states[name] | {(applied, None) for applied, _ in self.states[name]}

    def _forget_items(self) -> None:
        """It gets another inventory item, or loses the one that it has."""
        for name in ("ids of items", "ids of levels", "levels elsewhere"):
            self.others.pop(name, None)

    @property
    def item_ids(self) -> set[str]:
        """The inventory items that it may use, as far as they are known."""
        return {*chain(*self.others.get("ids of items", ()))}

    @property
    def has_own_stock(self) -> bool:
        """Whether its stock is not that of an item that others have, too."""
        return "stock" in self.states

    def edit(self, name: str, value: Value) -> None:
        super().edit(name, value)
        self.item_may_lag |= name == "sku"

    def is_settled(self, wanted: Mapping[str, Value]) -> bool:
        return (self.is_gone or self.store_id is not None) and is_settled(self.states, wanted)


@dataclass
class Expected(Possible):
    """The possible states of one product; a status comes with whether a run set the product to draft."""

    fresh: Mapping[str, Any] = field(default_factory=dict)  # the merchant's fields of a product just created
    variants: dict[str, ExpectedVariant] = field(default_factory=dict)
    statuses: set[tuple[str, bool]] = field(default_factory=lambda: {("published", False)})
    own_variants: list[list[Any]] = field(default_factory=lambda: [[]])  # possible sets of the merchant's
    is_adopted: bool = False  # it was, or will be, by a run that gives it the values of the source
    own_values: set[tuple[str, str]] = field(default_factory=set)  # that the merchant gave to options, by id
    shared: dict[str, set[Value]] = field(default_factory=dict)  # stock that variants ever shared, by field
    is_shared: bool = False  # there surely is an item for variants without stock of their own
    stock_was_edited: bool = False  # of variants that share it, or their items
    options: dict[int, str] = field(default_factory=dict)  # known ids by the place at the source

    @classmethod
    def new(cls, fresh: Mapping[str, Any]) -> Self:
        """A product that is not stored."""
        return cls(fresh=fresh, others={name: [value] for name, value in fresh.items()})

    def _of_another_key(self, fields: Mapping[str, Value], wanted: Wanted) -> str | None:
        """The key of a dropped variant that becomes a new one, because it has the option values of that."""
        options = {name: {value} for name, value in fields.items() if name.startswith("option.")}
        for key, each in self.variants.items():
            is_left = key not in wanted.variants and each.store_id and not each.is_gone
            if is_left and options and all(each.possible(name) == options[name] for name in options):
                return key
        return None

    def meet(self, wanted: Wanted, rules: Rules, *, surely: bool) -> None:
        """A run handled it, or may have."""
        if self.is_adopted:
            rules, self.is_adopted = replace(rules, store_wins=False), not surely
            self.was_undone = True
        meet(self.states, wanted.fields, rules, surely=surely, is_new=self.store_id is None)
        if wanted.options == (DEFAULT,):  # when it has options again, they may be others
            self.options = {}
        elif not self.options:
            for number, title in enumerate(wanted.options):
                self.states[f"options.{number}"].add((title, title))
        for name, quantity in wanted.shared.items():
            self.shared.setdefault(name, set()).add(quantity)
        uses = Counter(chain(*(own.item_ids for own in self.variants.values())))
        for own in self.variants.values():  # also with a dropped one
            own.may_share |= own.has_own_stock and any(uses[item] > 1 for item in own.item_ids)
        if wanted.shared and not self.is_shared:
            for own in (each for each in self.variants.values() if not each.has_own_stock):
                own._forget_items()  # while the source names no stock, a variant keeps the item that it has
        self.is_shared = bool(wanted.shared) and (surely or self.is_shared)
        for key, fields in wanted.variants.items():
            if key not in self.variants:
                self.variants[key] = self._new_variant()
            own = self.variants[key]
            if surely and own.store_id is None and (known := self._of_another_key(fields, wanted)):
                own = self.variants[key] = self.variants.pop(known)
                own._forget_items()  # it may be tracked from now on
            may_keep_the_item = "stock" in fields and (own.may_share or not own.has_own_stock)
            own.meet(fields, rules, surely=surely, new=self._new_variant)
            own.may_share = not surely and may_keep_the_item
            if rules.overwrites and self.stock_was_edited and "stock" not in fields:
                own._forget_items()  # those that a kit has kept apart share their stock again
            for name in STOCK if may_keep_the_item else ():
                shared = self.shared.get(name, set())
                if fields[name] is None or not surely:  # what it does not name is not tracked any more
                    possible = shared | own.own_stock.get(name, set())
                    own.states[name] |= {(None, quantity) for quantity in {None, *possible}}
                elif fields[name] in shared and self.stock_was_edited:  # orders may have changed it since
                    own.states[name] |= {(fields[name], quantity) for quantity in shared}
        for own in self.variants.values():
            for name in STOCK if own.may_share and own.has_own_stock else ():
                own.states[name] |= {(None, quantity) for quantity in self.shared.get(name, ())}
        # The last variant of a product is never removed.
        others_stay = any(not self.variants[key].is_gone for key in wanted.variants)
        for key in self.variants.keys() - wanted.variants.keys():
            if self.variants[key].drop(rules, surely=surely and others_stay):
                del self.variants[key]
        after = {back(status) for status in self.statuses}
        self.statuses = after if surely else self.statuses | after
        if self.may_be_gone:
            self.created(lambda: self.new(self.fresh)).meet(wanted, rules, surely=surely)

    def _new_variant(self) -> ExpectedVariant:
        """One that the store does not have; it may share the item of a kit."""
        variant = ExpectedVariant.new()
        variant.is_managed = not self.stock_was_edited
        return variant

    def drop(self, rules: Rules, *, surely: bool) -> bool:
        """A run saw, or may have seen, that the source dropped it; returns whether nothing is left of it."""
        if rules.on_missing == "delete":
            self.may_be_gone = True
            return surely
        for each in self.parts if rules.on_missing == "draft" else ():
            if states := each.states.get("status"):
                gone = {missing(state) for state in states}
                each.states["status"] = gone if surely else states | gone
            after = {drafted(status) for status in each.statuses}
            each.statuses = after if surely else each.statuses | after
        return False

    def undo(self, before: Self | None, left: Left, rules: Rules, *, surely: bool) -> None:
        """A run was undone that came after this was expected; or it may have been.

        SKUs and barcodes that variants exchange are cleared first. Only a repeated undo restores them.
        """
        for each in self.parts:
            each.undo_one(before, left, rules)
            for own in each.variants.values() if not surely else ():
                for part in own.parts:
                    part.lose_unique_values()

    def undo_one(self, before: Self | None, left: Left, rules: Rules) -> None:
        """The same, without what may have been created in its place."""
        held_then = before.statuses if before else set()  # the record stays as it is
        self.statuses |= held_then | {(held, own) for held, _ in held_then for _, own in self.statuses}
        is_same = before is not None and before.store_id == self.store_id
        if before is None or before.store_id is None or before.may_be_gone or not is_same:
            self.drop(rules, surely=False)
            self.statuses = self.statuses | {("draft", False)}
            if states := self.states.get("status"):
                self.states["status"] = states | {(applied, "draft") for applied, _ in states}
        self.be_undone(before, left)
        for key, own in self.variants.items():
            earlier = before.variants.get(key) if before else None
            for name in OTHER_PRICES:
                own.others.pop(f"id of {name}", None)
            may_be_new = earlier is None or earlier.store_id is None or earlier.may_be_gone
            own.item_may_lag = True  # it does not get an SKU that differs from the record
            if own.is_unlinked:  # from the item that it has shared, until this
                own._forget_items()
                shared = earlier.item_ids if earlier else set()
                for other in self.variants.values():  # one that has kept the item shares it again
                    other.may_share |= other.has_own_stock and not shared.isdisjoint(other.item_ids)
            if may_be_new:
                own.drop(rules, surely=False)
            for each in own.parts:
                each.be_undone(earlier, {})

    def forget(self) -> None:
        super().forget()
        self.statuses = {(held, False) for held, _ in self.statuses}
        for each in self.variants.values():
            each.forget()

    def is_settled(self, wanted: Wanted) -> bool:
        """Whether a run has nothing to write to this product."""
        return (
            is_settled(self.states, wanted.fields)
            and self.variants.keys() == wanted.variants.keys()
            and all(self.variants[key].is_settled(fields) for key, fields in wanted.variants.items())
        )

    def using(self, ids: Collection[str]) -> list[ExpectedVariant]:
        """The variants that have one of these ids, or may have it."""
        known = chain.from_iterable(each.parts for each in self.variants.values())
        return [each for each in known if each.store_id is None or each.store_id in ids]

    def reserves(self, users: Collection[str], field: str, number: int) -> None:
        """Orders reserve so many more of the item of these variants, and the source leaves them out."""
        known = self.using(users)
        for each in (one for one in known if one.has_own_stock):
            each.shift(field, -number, surely=each.store_id in users)
        if not all(each.has_own_stock for each in known):
            self.stock_was_edited = True
            shared = self.shared.setdefault(field, set())
            shared |= {held - number for held in shared if isinstance(held, int)}

    @property
    def ids(self) -> dict[str, str | None]:
        """Of the product and of its variants, by key."""
        return {"": self.store_id, **{key: each.store_id for key, each in self.variants.items()}}

    def take_record_of(self, before: Self) -> None:
        """Its record, and the metadata of the source, are what they were then.

        Stock that is shared or split since then looks as if the merchant had done it.
        """
        self.stock_was_edited = True
        for each in self.parts:
            each.recall(before)
            for name in METADATA_FIELDS & each.states.keys():
                each.states[name] |= before.states.get(name, set())
            each.statuses |= {(held, drafted) for held, _ in each.statuses for _, drafted in before.statuses}
            for key, own in each.variants.items():
                earlier = before.variants.get(key)
                own.may_share |= earlier is not None and (earlier.may_share or not earlier.has_own_stock)
                for part in own.parts:
                    part.recall(earlier)

    def accept(self, earlier: Self) -> None:
        super().accept(earlier)
        self.own_variants += earlier.own_variants
        for key, before in earlier.variants.items():
            if key in self.variants:
                self.variants[key].accept(before)
