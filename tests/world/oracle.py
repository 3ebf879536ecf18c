"""Compares a store with all states that are possible."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from tests.harness.medusa import Store
from tests.world.expected import Expected, ExpectedVariant
from tests.world.merging import SETS, STOCK, Left, Rules, States
from tests.world.recognition import (
    NOBODY,
    Holders,
    any_of,
    as_left,
    held_by,
    holders_in,
    is_taken,
    options_of,
    others_than,
    taken_from,
    variants_of,
    withheld_of,
    wrong_of,
)
from tests.world.shop import Json
from tests.world.stored import GONE_REGION, Stored, StoredVariant
from tests.world.wanted import Value, Wanted

Edited = tuple[str, str | None, str]
"""External id, key of the variant if the field is not one of the product, and field."""


class Oracle:
    """The possible states of all products."""

    def __init__(self, store: Store) -> None:
        self._fresh: dict[str, Any] = {
            "own metadata": {},
            "sales channels": [store.sales_channel_id],
            "shipping profile": store.shipping_profile_id,
        }
        self.edited: set[Edited] = set()  # what the merchant may have changed since it was last applied
        # SKUs of inventory items after the merchant changed the SKU of their variant or unlinked them.
        self.left_skus: set[str | None] = set()
        # What each item has had, by field or location: a variant that gets an item which exists, by its SKU,
        # keeps what the source does not name.
        self._levels: dict[str, dict[str, set[int]]] = {}
        # SKUs of items that are kept for their stock elsewhere: an item gets no SKU that another one has.
        self.kept_skus: set[str | None] = set()
        # A run was interrupted: the item of another product may have had an SKU, and gives it up later.
        self.may_clear_items = False
        # Two machines, each of which may have given a variant an item of its own while its SKU was cleared.
        self.may_double_items = False
        self.products: dict[str, Expected] = {}
        self.theirs: dict[str, Stored] = {}  # products that the merchant has created, by id
        self._holders: Holders = NOBODY

    def see(self, items: Iterable[Json], locations: Mapping[str, str]) -> None:
        """What inventory items have before a run; `locations` are ids of those that the source may name."""
        names = {own: name for name, own in locations.items()}
        for item in items:
            seen = self._levels.setdefault(item["id"], {})
            for each in item["location_levels"]:
                own, stocked = each["location_id"], each["stocked_quantity"]
                quantities = {stocked, stocked - each["reserved_quantity"]}
                seen.setdefault(names.get(own, own), set()).update(quantities)

    def known(self) -> list[str]:
        """External ids of products that are certainly stored, in a known state."""
        stored = (key for key, each in self.products.items() if each.store_id and not each.may_be_gone)
        return sorted(stored)

    def may_have_run(
        self,
        wanted: Mapping[str, Wanted],
        rules: Rules,
        deleted: Collection[str] = (),
        left_alone: Collection[str] = (),
    ) -> None:
        """A run may have done all, some or none of its work; it has certainly left some alone."""
        for key in (self.products.keys() | wanted.keys()).difference(left_alone):
            self.may_have_met(key, wanted.get(key), rules.of_deleted() if key in deleted else rules)

    def may_have_met(self, key: str, wanted: Wanted | None, rules: Rules) -> None:
        """A run may have handled this product, or pruned it if the source no longer has it."""
        expected = self.products.setdefault(key, self._new())
        if wanted is not None:
            expected.meet(wanted, rules, surely=False)
        else:
            expected.drop(rules, surely=False)

    def sets(self) -> dict[str, Left]:
        """The possible sets of all products."""
        return {key: {name: each.possible(name) for name in SETS} for key, each in self.products.items()}

    def may_have_undone(
        self, before: Mapping[str, Expected], left: Mapping[str, Left], rules: Rules, *, surely: bool
    ) -> None:
        """A run was undone that came after this was expected, and left these sets; or it may have been."""
        for key, expected in self.products.items():
            expected.undo(before.get(key), left.get(key, {}), rules, surely=surely)

    def has_run(self, wanted: Mapping[str, Wanted], rules: Rules, deleted: Collection[str] = ()) -> None:
        """A run did all of its work; `deleted` are the products that the source says are deleted."""
        for key, each in wanted.items():
            self.products.setdefault(key, self._new()).meet(each, rules, surely=True)
        for key in self.products.keys() - wanted.keys():
            if self.products[key].drop(rules.of_deleted() if key in deleted else rules, surely=True):
                self.products[key] = self._new()

    def edit(self, key: str, name: str, value: Value, *, variant: str | None = None) -> None:
        """The merchant set a field of a product, or of one of its variants."""
        expected = self.products[key]
        (expected if variant is None else expected.variants[variant]).edit(name, value)
        self.edited.add((key, variant, name))

    def reserves(self, users: Collection[str], field: str, number: int) -> None:
        """Orders reserve so many more of the item of these variants, and the source leaves them out."""
        for each in chain.from_iterable(product.parts for product in self.products.values()):
            each.reserves(users, field, number)

    def loses(self, key: str, name: str, value: Value, *, variant: str | None = None) -> None:
        """A field may have lost what it held, because what it names was removed from the store."""
        product = self.products[key]
        known = (part.variants.get(variant) for part in product.parts) if variant is not None else [product]
        for each in (own for owner in known if owner is not None for own in owner.parts):
            if states := each.states.get(name):
                states |= {(applied, value) for applied, _ in states}
                self.edited.add((key, variant, name))

    def is_replaced(self, field: str, *others: str) -> None:
        """What a field of all variants names was removed, and made again with another id.

        A run writes the field again when it has something else to do for the product. `others` are fields of
        the merchant which show what the former one held.
        """
        for key, product in self.products.items():
            for part in product.parts:
                part.stock_was_edited |= bool(part.shared)
                for name, variant in part.variants.items():
                    self.loses(key, field, None, variant=name)
                    for each in variant.parts:
                        each.stale[field] = others
                        each.forget_stale()

    def use_in_a_kit(self, key: str, variant_ids: Collection[str], skus: Collection[str | None]) -> None:
        """The merchant uses items of a product in a kit: their stock and SKUs are not the source's."""
        self.left_skus |= {*skus}
        for product in self.products[key].parts if key in self.products else ():
            product.stock_was_edited = True
            for each in product.using(variant_ids):
                each.is_managed = False

    def record_came_back(self, key: str, before: Expected) -> None:
        """Somebody has set the metadata of a product to what it was then, with our record."""
        expected = self.products[key]
        expected.take_record_of(before)
        self.edited |= {(key, None, name) for name in expected.states}
        for own, variant in expected.variants.items():
            self.edited |= {(key, own, name) for name in variant.states}

    def record_was_lost(self, key: str) -> None:
        """Nothing is known any more of what was applied to a product."""
        product = self.products[key]
        product.forget()
        self.edited |= {(key, None, name) for name in product.states}
        for own, variant in product.variants.items():
            self.edited |= {(key, own, name) for name in variant.states}

    def is_normalised(self, change: Mapping[str, Callable[[Value], Value]]) -> None:
        """Each value of these fields may have been replaced as soon as it was written.

        If it is not known which of several was applied, any of them may have been.
        """
        products = ((key, part) for key, product in self.products.items() for part in product.parts)
        for key, product in products:
            for own, each in [(None, product), *product.variants.items()]:
                for part in each.parts:
                    for name in change.keys() & part.states.keys():
                        known = part.states[name]
                        after = {
                            (applied, change[name](stored)) for applied, _ in known for _, stored in known
                        }
                        if not after <= part.states[name]:
                            part.states[name] |= after
                            self.edited.add((key, own, name))

    def may_have_lost_a_call(self) -> None:
        """A call of a run that was killed was undone after another run had seen what it wrote.

        The other run took that for applied, so what is stored again looks like an edit. Only fields that
        variants have are known to be lost so.
        """
        parts = [part for product in self.products.values() for part in product.parts]
        own = [part.states for product in parts for each in product.variants.values() for part in each.parts]
        names = {name for states in own for name in states}
        self.is_normalised(dict.fromkeys(names, lambda value: value))

    def delete(self, key: str) -> None:
        """The merchant deleted a product; a run may have read it without the variants that went with it."""
        self.products[key] = self._new()
        self.edited.add((key, None, "variant"))

    def _new(self) -> Expected:
        return Expected.new(self._fresh)

    def explains(self, key: str, variant: str, field: str, wanted: Wanted) -> bool:
        """Whether an edit explains a conflict, with the names of the variant and the field in the report."""
        name = GONE_REGION.sub("America", wanted.name_of(field))
        if name == "options":
            names = (f"options.{number}" for number in range(len(wanted.options)))
            return any((key, None, each) in self.edited for each in names)
        known = self.products[key].variants if key in self.products else {}
        keys = wanted.keys_of(variant)
        if name == "variant":
            is_gone = any(each in known and known[each].is_gone for each in keys)
            return is_gone or (key, None, name) in self.edited
        is_of_product = not variant and (key, None, name) in self.edited
        is_stale = any(name in known[each].stale for each in keys if each in known)
        return is_of_product or is_stale or any((key, each, name) in self.edited for each in keys)

    # --- comparing ------------------------------------------------------------------------------------

    def deviations(self, stored: Mapping[str, Stored], wanted: Mapping[str, Wanted]) -> list[str]:
        """The differences between the store and all possible states after `has_run`."""
        self._recognize_new_ones(stored)
        items: Holders = {("sku", each): "an item" for each in self.left_skus if each}
        self._holders = {**items, **holders_in(stored)}
        unknown = stored.keys() - self.products.keys() - self.theirs.keys()
        found = [f"{key}: the source never had it" for key in sorted(unknown)]
        for key, expected in self.products.items():
            product = stored.get(key)
            if product is None:
                if key in wanted or (expected.store_id and not expected.may_be_gone):
                    found.append(f"{key}: it is not stored")
            elif key not in wanted and expected.store_id is None and not expected.states:
                found.append(f"{key}: it is stored as {product.id}, but was removed")
            else:
                differences = self._differences(expected, product, wanted.get(key))
                found += [f"{key} {product.id}: {what}" for what in differences]
        return found

    def changed(self, stored: Mapping[str, Stored]) -> list[str]:
        """The products of the merchant that are not as the merchant left them, but for the SKUs of items."""
        return [
            key
            for key, each in self.theirs.items()
            if key not in stored or stored[key].untouched != each.untouched
        ]

    def _recognize_new_ones(self, stored: Mapping[str, Stored]) -> None:
        """Handle a product that may have been deleted: with a new id, it was created again."""
        for key, product in stored.items():
            expected = self.products.get(key)
            if expected is not None and expected.may_be_gone:
                self.products[key] = expected.seen_as(product.id)

    def _differences(self, expected: Expected, product: Stored, wanted: Wanted | None) -> Iterator[str]:
        if expected.store_id and product.id != expected.store_id:
            yield f"it was {expected.store_id}, but now it is another product"
        options = options_of(expected, product)
        titles = {f"options.{number}": product.options[own] for number, own in options.items()}
        held, states = {**product.owned, **titles}, expected.states
        if expected.was_undone:
            held["images"] = tuple(sorted(held["images"]))
            states = {
                **states,
                "images": {(own, tuple(sorted(each))) for own, each in states.get("images", ())},
            }
        yield from wrong_of(states, held)
        statuses = {status for status, _ in expected.statuses}
        if "status" not in expected.states and product.status not in statuses:
            yield f"status is {product.status}, expected {sorted(expected.statuses)}"
        for name, known in expected.others.items():
            is_owned = name.replace(" ", "_") in expected.states
            if not is_owned and product.others.get(name) not in known:
                yield f"{name} is {product.others.get(name)!r}, expected {any_of(known)}"
        given = {(own, each) for own, each in expected.own_values if own in product.options}
        if missing := given - {(own, each) for own, values in product.values.items() for each in values}:
            yield f"the option values {sorted(missing)} of the merchant are gone"
        found = variants_of(expected, product, self._holders)
        own = others_than(found, product)
        if own not in (possible := [as_left(each, product) for each in expected.own_variants]):
            yield f"other variants are {own}, expected {any_of(possible)}"
        for key, each in found.items():
            if self.may_double_items and _is_doubled(each.items):
                self.left_skus.update(sku for sku, _ in each.items)
                for part in expected.variants[key].parts:  # as in a kit
                    part.is_managed = False
        if wanted is not None and wanted.shared and not expected.stock_was_edited:
            ours = {key: each for key, each in found.items() if expected.variants[key].is_managed}
            yield from _of_shared_stock(wanted, ours)
        uses = Counter(item for each in product.variants.values() for item in each.others["ids of items"])
        for key, variant in expected.variants.items():
            is_wanted, one = wanted is not None and key in wanted.variants, found.get(key)
            if wanted is None and expected.may_be_gone and one is not None and not one.items:
                expected.stock_was_edited = True  # by the store, killed while it deleted the product
                continue
            is_sole = one is None or all(uses[item] == 1 for item in one.others["ids of items"])
            for what in self._variant_differences(
                variant, one, options, is_wanted=is_wanted, is_sole_user=is_sole
            ):
                yield f"variant {key}: {what}"

    def _variant_differences(
        self,
        expected: ExpectedVariant,
        stored: StoredVariant | None,
        options: Mapping[int, str],
        *,
        is_wanted: bool,
        is_sole_user: bool,
    ) -> Iterator[str]:
        if stored is None:
            if not (expected.is_gone or expected.may_be_gone) and (is_wanted or expected.store_id):
                yield "it is not stored"
            return
        if expected.may_be_gone and not is_wanted and stored.lacks_prices:
            return  # the store was killed while it deleted it
        if expected.store_id != stored.id:
            if expected.store_id and not (expected.may_be_gone or expected.may_return):
                yield f"it was {expected.store_id}, but now it is {stored.id}"
            expected = expected.seen_as(stored.id)
        states, is_new = expected.states, expected.store_id is None
        if not expected.is_managed:
            states = {name: each for name, each in states.items() if name not in STOCK}
        withheld = withheld_of(states, stored, self._holders)
        kept = {
            name
            for name in STOCK
            if (None, None) in states.get(name, ())
            and name in stored.owned  # of a location that the store has
            and self._had(stored, {name: stored.owned[name]})
        }
        states = {name: each for name, each in states.items() if name not in {*withheld, *kept}}
        yield from wrong_of(states, held_by(stored, options))
        for name, known in expected.others.items():
            held: Any = stored.others.get(name)
            is_kept = is_new and name == "levels elsewhere" and self._had(stored, held)
            if held not in known and not is_kept:
                yield f"{name} is {held!r}, expected {any_of(known)}"
        may_lack_items = stored.owned["stock"] is None and None in expected.possible("stock")
        if expected.is_managed and expected.has_own_stock and not may_lack_items:
            if self.may_clear_items and [sku for sku, _ in stored.items] == [None]:
                self.left_skus.add(stored.owned["sku"])
            is_ours = is_sole_user and not (expected.item_may_lag or expected.may_share)
            item_follows = is_ours and stored.owned["sku"] not in self.left_skus | self.kept_skus
            yield from stored.flaws(item_follows=item_follows)

    def _had(self, variant: StoredVariant, levels: Mapping[str, int]) -> bool:
        """Whether its inventory item has had this stock before."""
        seen = [self._levels.get(item, {}) for item in variant.others["ids of items"]]
        return all(any(held in [*each.get(name, ())] for each in seen) for name, held in levels.items())

    def learn(self, stored: Mapping[str, Stored]) -> None:
        """Keep only the states that match the store."""
        self.edited.clear()
        self.may_clear_items = self.may_double_items = False
        for key in list(self.products):
            product = stored.get(key)
            if product is None:
                self.products[key] = self._new()
            else:
                self._learn_product(key, self.products[key], product)

    def _learn_product(self, key: str, expected: Expected, product: Stored) -> None:
        found, options = variants_of(expected, product, self._holders), options_of(expected, product)
        expected = self.products[key] = expected.found(product.id, product.others)
        expected.options = options
        titles = {f"options.{number}": product.options[own] for number, own in options.items()}
        edited = _narrow(expected.states, {**product.owned, **titles})
        self.edited |= {(key, None, name) for name in edited}
        expected.statuses = {pair for pair in expected.statuses if pair[0] == product.status}
        expected.own_variants = [others_than(found, product)]
        for name, variant in list(expected.variants.items()):
            if (own := found.get(name)) is not None:
                is_half_gone = variant.may_be_gone and own.lacks_prices
                learned = expected.variants[name] = variant.found(own.id, own.others)
                learned.may_be_gone = is_half_gone
                learned.is_gone = learned.may_return = False
                for field in taken_from(learned.states, own, self._holders):
                    held = own.owned[field]
                    before = {pair for pair in learned.if_withheld.get(field, ()) if pair[1] == held}
                    wanted = [value for _, value in learned.states[field]]
                    lacks_it = any(is_taken(field, value, own, self._holders) for value in wanted)
                    if not before or (held is None and lacks_it):  # then nothing is applied
                        before.add((held, held))
                    learned.states[field] |= before
                edited = _narrow(learned.states, held_by(own, options))
                self.edited |= {(key, name, field) for field in edited}
            elif variant.is_gone:
                variant.may_return, variant.if_created = False, None
            else:
                del expected.variants[name]


def _is_doubled(items: Sequence[tuple[str | None, list[int]]]) -> bool:
    """Whether two runs at once gave a variant an item each, of which one has no SKU, or no stock yet."""
    return len(items) == 2 and (items[1][0] is None or any(not levels for _, levels in items))


def _of_shared_stock(wanted: Wanted, found: Mapping[str, StoredVariant]) -> Iterator[str]:
    """Problems of the item that variants share."""
    sharing = {key: found[key] for key in wanted.sharing if key in found and found[key].is_managed}
    items = {tuple(each.others["ids of items"]) for each in sharing.values()}
    if len(items) > 1 or any(len(each) != 1 for each in items):
        yield f"the variants {[*sharing]} share their stock, but have the items {sorted(items)}"
    for key, each in sharing.items():
        for name, quantity in wanted.shared.items():
            if quantity is not None and each.owned[name] != quantity:
                yield f"variant {key}: shared {name} is {each.owned[name]!r}, expected {quantity!r}"
    shared = set().union(*items)
    for key, each in found.items():
        if key in wanted.variants and key not in sharing and shared & {*each.others["ids of items"]}:
            yield f"variant {key}: it has its own stock, but the item that others share"


def _narrow(states: States, held: Mapping[str, Value]) -> set[str]:
    """Keep the states that match the store; returns the fields that hold something else than was applied."""
    for name, pairs in states.items():
        value = held.get(name)
        value = tuple(value) if isinstance(value, list) else value  # the stock of several items
        left = {pair for pair in pairs if pair[1] == value}
        states[name] = left or {(applied, value) for applied, _ in pairs}
    return {name for name, pairs in states.items() if any(applied != stored for applied, stored in pairs)}
