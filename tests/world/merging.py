"""How a run changes what was last applied and what is stored, by the rules in docs/ownership.md."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from tests.world.wanted import CHANNELS, DEFAULT, METADATA, SECOND_STOCK, Value

State = tuple[Value, Value]
"""The last applied and the stored value."""
States = dict[str, set[State]]
Left = Mapping[str, set[Value]]
"""The possible sets of a product after a run, by field."""

METADATA_FIELDS = frozenset({*METADATA, "review_count"})
SETS = frozenset({"tags", "categories", "images", CHANNELS})
STOCK = ("stock", SECOND_STOCK)
UNIQUE = ("sku", "barcode", "ean")
LATE = ("price", "sale_price", "stock", "translation", "shipping_profile")
"""The first words of fields that the store commits after the product, or gets in calls of their own."""
DRAFTED = "drafted"
"""In place of the last applied stock: a run set the stock of a dropped variant to 0."""
FORGOTTEN = "forgotten"
"""In place of the last applied sale price, of which nothing is known: the price list is the source's."""


def merged(name: str, state: State, wanted: Value, *, store_wins: bool, overwrites: bool = False) -> State:
    """The three-way merge of one field."""
    applied, stored = state
    if wanted == applied and not (overwrites and is_of_source(name, wanted)):
        return state
    if name in SETS:
        kept = [member for member in stored if member in wanted or member not in applied]
        added = [member for member in wanted if member not in kept and (overwrites or member not in applied)]
        if name != "images":
            return wanted, tuple(sorted(kept + added))
        return wanted, _in_order(kept + added, applied, wanted, overwrites=overwrites)
    if name == "status" and isinstance(applied, tuple):  # the run set it to draft
        if stored == "draft":
            return wanted, wanted
        return merged(name, (applied[1], stored), wanted, store_wins=store_wins, overwrites=overwrites)
    if name in STOCK and wanted is None:  # the source does not track it any more, or names it no longer
        return None, stored
    edited = name not in STOCK and stored not in (applied, wanted)
    return wanted, (stored if edited and store_wins and not overwrites else wanted)


def _in_order(images: Sequence[Value], applied: Value, wanted: Value, *, overwrites: bool) -> Value:
    """Images in the order of the store, or if it has changed that, of the source."""
    earlier = [each for each in applied if each in wanted]
    if not overwrites and [*wanted[: len(earlier)]] == earlier:
        return tuple(images)
    ours = [each for each in wanted if each in images]
    return tuple(ours.pop(0) if each in wanted else each for each in images)


def is_of_source(name: str, wanted: Value) -> bool:
    """Whether the source has this field, so that `--overwrite` restores it."""
    is_default = wanted == DEFAULT and name.startswith(("title", "option"))
    return wanted is not None and not is_default


def undone(
    name: str, states: Collection[State], before: Collection[Value], left: Collection[Value]
) -> set[State]:
    """What a field may be after it was set back to one of these values before a run, which left one of those.

    Later runs may have replaced all that the run had added to a set.
    """
    back = {(applied, value) for applied, _ in states for value in before}
    for applied, stored in states if name in SETS else ():
        bases = (applied, (), *left)
        merges = (merged(name, (own, stored), value, store_wins=True) for own in bases for value in before)
        back |= {(applied, own) for _, own in merges}
    return back


@dataclass
class Rules:
    """The options of runs for merging and pruning."""

    store_wins: bool
    on_missing: str
    sale_prices: bool = False
    overwrites: bool = False
    is_available: bool = False  # stock of the source is what no order has reserved

    def of_deleted(self) -> "Rules":
        """Those for products that the source says are deleted."""
        return replace(self, on_missing="draft") if self.on_missing == "keep" else self


def meet(states: States, wanted: Mapping[str, Value], rules: Rules, *, surely: bool, is_new: bool) -> None:
    may_exist = not is_new or bool(states)  # an earlier run may have created it
    for name, value in wanted.items():
        # A write that did not arrive leaves a new field empty, even of a product that has arrived.
        arrives_with_it = not (may_exist or name.startswith(LATE))
        before = states.get(name) or (set() if surely or arrives_with_it else {(None, None)})
        after = {
            merged(name, state, value, store_wins=rules.store_wins, overwrites=rules.overwrites)
            for state in before
        }
        if name.startswith("option") and None in {stored for _, stored in before}:
            after.add((value, value))  # an undo has removed the option, which a new variant needs
        if not rules.sale_prices:  # then a run may do without the price list
            after |= {(value, stored) for applied, stored in before if applied == FORGOTTEN}
        if is_new or not before:  # it may not have existed before
            after.add((value, value))
        states[name] = after if surely else before | after


def is_settled(states: States, wanted: Mapping[str, Value]) -> bool:
    return all({applied for applied, _ in states.get(name, ())} == {value} for name, value in wanted.items())


def back(status: tuple[str, bool]) -> tuple[str, bool]:
    """Publish a product again that was set to draft because the source did not have it."""
    held, is_drafted = status
    return ("published", False) if is_drafted and held == "draft" else (held, False)


def drafted(status: tuple[str, bool]) -> tuple[str, bool]:
    return ("draft", True) if status[0] == "published" else status


def missing(state: State) -> State:
    """Set a product to draft of which the source says a status; what it said is still applied."""
    applied, stored = state
    return ((DRAFTED, applied), "draft") if stored == "published" else state


def drafted_stock(state: State) -> State:
    applied, stored = state
    return state if applied == DRAFTED or stored is None else (DRAFTED, 0)
