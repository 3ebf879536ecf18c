"""The possible states of a store, computed only from the rule in docs/ownership.md."""

# The merge of a field depends on the last applied and the stored value. After a disturbed run it is unknown
# how much it wrote, and whether an edit of the merchant came before or after its write. So the oracle keeps
# all possible pairs (last applied, stored). A disturbed run adds the merge of each pair. An edit gives each
# pair a new stored value. After an undisturbed run only the merged pairs are left, and the store must match
# one.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.exact import mapped_metadata
from tests.soak.observed import Stored

Value = Any
State = tuple[Value, Value]
"""The last applied and the stored value."""

SETS = frozenset({"tags", "categories", "images"})
OF_THE_VARIANT = frozenset({"sku", "barcode", "price", "stock"})


def desired(product: dict[str, Any]) -> dict[str, Value]:
    """The desired fields of a source product (docs/mapping.md)."""
    return {
        "title": product["title"],
        "description": product["description"].strip(),
        "thumbnail": product["thumbnail"],
        "weight": product["weight"],
        "width": product["dimensions"]["width"],
        "height": product["dimensions"]["height"],
        "length": product["dimensions"]["depth"],
        "tags": tuple(sorted(set(product["tags"]))),
        "categories": (product["category"],),
        "images": tuple(product["images"]),
        "sku": product.get("sku"),
        "barcode": product.get("meta", {}).get("barcode"),
        "price": product["price"],
        "stock": product["stock"],
        **mapped_metadata(product),
    }


def merged(name: str, state: State, wanted: Value, *, store_wins: bool) -> State:
    """The three-way merge of one field."""
    applied, stored = state
    if wanted == applied:
        return state
    if name in SETS:
        kept = [member for member in stored if member in wanted or member not in applied]
        added = [member for member in wanted if member not in kept and member not in applied]
        members = kept + added
        return wanted, tuple(members if name == "images" else sorted(members))
    edited = name != "stock" and stored not in (applied, wanted)
    return wanted, (stored if edited and store_wins else wanted)


@dataclass
class Rules:
    """The options for merging and pruning."""

    store_wins: bool
    on_missing: str


@dataclass
class Expected:
    """The possible states of one product.

    Attributes:
        states: by field; empty for a product that must not be stored.
        statuses: pairs of the status and whether a run set the product to draft.
        others: fields that only the merchant owns, with their possible values.
        store_id: of the stored product, if known.
        may_be_gone: a run may have deleted it.
        if_created: its states if one run deleted it and a later one created it again.
        variant_id: of the variant that the source owns, if known.
        variant_is_gone: the merchant deleted it.
        is_managed: whether the variant is managed.
        sku_was_edited: by the merchant.
    """

    states: dict[str, set[State]] = field(default_factory=dict)
    statuses: set[tuple[str, bool]] = field(default_factory=set)
    others: dict[str, list[Any]] = field(default_factory=dict)
    store_id: str | None = None
    may_be_gone: bool = False
    if_created: dict[str, set[State]] = field(default_factory=dict)
    variant_id: str | None = None
    variant_is_gone: bool = False
    is_managed: bool = True
    sku_was_edited: bool = False

    def is_settled(self, wanted: Mapping[str, Value]) -> bool:
        """Whether a run has nothing to write to this product."""
        return all({applied for applied, _ in self.states[name]} == {value} for name, value in wanted.items())


class Oracle:
    """The possible states of all products.

    Args:
        fresh: the merchant's own fields of a new product.

    Attributes:
        edited: fields that the merchant may have changed since they were last applied.
        left_skus: of inventory items after the merchant changed the SKU of their variant or unlinked them.
        left_levels: of inventory items that the merchant took from variants, elsewhere; a new product
            that has the SKU gets the item.
        may_clear_items: one of two machines was killed, and may have left an inventory item without its SKU.
    """

    def __init__(self, fresh: Mapping[str, Any]) -> None:
        self._fresh = fresh
        self.edited: set[tuple[str, str]] = set()
        self.left_skus: set[str | None] = set()
        self.left_levels: list[dict[str, int]] = []
        self.may_clear_items = False
        self.products: dict[str, Expected] = {}

    def known(self) -> list[str]:
        """External ids of products that are certainly stored, in a known state."""
        stored = (key for key, each in self.products.items() if each.store_id and not each.may_be_gone)
        return sorted(stored)

    def may_have_run(self, wanted: Mapping[str, Mapping[str, Value]], rules: Rules) -> None:
        """A run may have done all, some or none of its work."""
        for key in self.products.keys() | wanted.keys():
            self.may_have_met(key, wanted.get(key), rules)

    def may_have_met(self, key: str, wanted: Mapping[str, Value] | None, rules: Rules) -> None:
        """A run may have handled this product, or pruned it if the source no longer has it."""
        expected = self.products.setdefault(key, self._new())
        if wanted is not None:
            for name, value in wanted.items():
                expected.states.setdefault(name, set()).update(_after_a_run(expected, name, value, rules))
                if expected.may_be_gone:
                    states = expected.if_created.setdefault(name, set())
                    states |= _if_created(expected, name, value, rules)
            expected.statuses |= {_back(status) for status in expected.statuses}
        elif rules.on_missing == "delete":
            expected.may_be_gone = True
        elif rules.on_missing == "draft":
            expected.statuses |= {_drafted(status) for status in expected.statuses}

    def has_run(self, wanted: Mapping[str, Mapping[str, Value]], rules: Rules) -> None:
        """A run did all of its work."""
        for key, fields in wanted.items():
            expected = self.products.setdefault(key, self._new())
            for name, value in fields.items():
                expected.states[name] = _after_a_run(expected, name, value, rules)
                if expected.may_be_gone:
                    expected.if_created[name] = _if_created(expected, name, value, rules)
            expected.statuses = {_back(status) for status in expected.statuses}
        for key in self.products.keys() - wanted.keys():
            expected = self.products[key]
            if rules.on_missing == "delete":
                self.products[key] = self._new()
            elif rules.on_missing == "draft":
                expected.statuses = {_drafted(status) for status in expected.statuses}

    def edit(self, key: str, name: str, value: Value) -> None:
        """The merchant set a field."""
        expected = self.products[key]
        for states in (expected.states, expected.if_created):
            states[name] = {(applied, value) for applied, _ in states.get(name, set())}
        self.edited.add((key, name))
        expected.sku_was_edited |= name == "sku"

    def delete(self, key: str) -> None:
        """The merchant deleted a product."""
        self.products[key] = self._new()

    def _new(self) -> Expected:
        others = {name: [value] for name, value in self._fresh.items()}
        return Expected(statuses={("published", False)}, others=others)

    # --- comparing ------------------------------------------------------------------------------------

    def deviations(
        self, stored: Mapping[str, Stored], wanted: Mapping[str, Mapping[str, Value]]
    ) -> list[str]:
        """The differences between the store and all possible states after `has_run`."""
        self._recognize_new_ones(stored, wanted)
        found = [f"{key}: the source never had it" for key in sorted(stored.keys() - self.products.keys())]
        for key, expected in self.products.items():
            product = stored.get(key)
            if product is None:
                if key in wanted or (expected.store_id and not expected.may_be_gone):
                    found.append(f"{key}: it is not stored")
            elif key not in wanted and expected.store_id is None and not expected.states:
                found.append(f"{key}: it is stored as {product.id}, but was removed")
            else:
                found += [f"{key} {product.id}: {what}" for what in self._differences(expected, product)]
        return found

    def _recognize_new_ones(
        self, stored: Mapping[str, Stored], wanted: Mapping[str, Mapping[str, Value]]
    ) -> None:
        """Handle a product that may have been deleted: with a new id, it was created again."""
        for key, product in stored.items():
            expected = self.products.get(key)
            if expected is None or key not in wanted or not expected.may_be_gone:
                continue
            if expected.store_id not in {None, product.id}:
                self.products[key] = self._new()
                self.products[key].states = expected.if_created

    def _differences(self, expected: Expected, product: Stored) -> list[str]:
        found = []
        if expected.store_id and product.id != expected.store_id:
            found.append(f"it was {expected.store_id}, but now it is another product")
        for name, states in expected.states.items():
            if name in OF_THE_VARIANT and expected.variant_is_gone:
                continue
            if name == "stock" and not expected.is_managed:
                continue
            possible, value = {value for _, value in states}, product.owned.get(name)
            if value not in list(possible):
                found.append(f"{name} is {value!r}, expected {' or '.join(map(repr, possible))}")
        if product.status not in {status for status, _ in expected.statuses}:
            found.append(f"status is {product.status}, expected {sorted(expected.statuses)}")
        for name, known in expected.others.items():
            is_new = expected.store_id is None
            values = known + self.left_levels if is_new and name == "levels elsewhere" else known
            if product.others.get(name) not in values:
                expected_values = " or ".join(map(repr, values))
                found.append(f"{name} is {product.others.get(name)!r}, expected {expected_values}")
        if expected.is_managed and not expected.variant_is_gone:
            if self.may_clear_items and [sku for sku, _ in product.items] == [None]:
                self.left_skus.add(product.owned["sku"])
            item_follows = not expected.sku_was_edited and product.owned["sku"] not in self.left_skus
            found += product.flaws(item_follows=item_follows)
        return found

    def learn(self, stored: Mapping[str, Stored]) -> None:
        """Keep only the states that match the store."""
        self.edited.clear()
        self.may_clear_items = False
        for key, expected in list(self.products.items()):
            product = stored.get(key)
            if product is None:
                self.products[key] = self._new()
                continue
            expected.store_id, expected.may_be_gone, expected.if_created = product.id, False, {}
            expected.variant_id = expected.variant_id or product.others["id of the variant"]
            for name, states in expected.states.items():
                value = product.owned.get(name)
                left = {state for state in states if state[1] == value}
                expected.states[name] = left or {(applied, value) for applied, _ in states}
                if any(applied != held for applied, held in expected.states[name]):
                    self.edited.add((key, name))
            expected.statuses = {pair for pair in expected.statuses if pair[0] == product.status}
            expected.others = {name: [value] for name, value in product.others.items()}


def _after_a_run(expected: Expected, name: str, wanted: Value, rules: Rules) -> set[State]:
    states = expected.states.get(name, set())
    after = {merged(name, state, wanted, store_wins=rules.store_wins) for state in states}
    if expected.store_id is None:  # it may not have existed before
        after.add((wanted, wanted))
    return after


def _if_created(expected: Expected, name: str, wanted: Value, rules: Rules) -> set[State]:
    states = expected.if_created.get(name, set())
    return {merged(name, state, wanted, store_wins=rules.store_wins) for state in states} | {(wanted, wanted)}


def _back(status: tuple[str, bool]) -> tuple[str, bool]:
    """Publish a product again that was set to draft because the source did not have it."""
    held, is_drafted = status
    return ("published", False) if is_drafted and held == "draft" else (held, False)


def _drafted(status: tuple[str, bool]) -> tuple[str, bool]:
    return ("draft", True) if status[0] == "published" else status
