"""Updates and deletes variants."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.harness.fake_medusa.errors import ApiError, already_exists, invalid_data, not_found
from tests.harness.fake_medusa.inventory import InventoryChange, check_reservations
from tests.harness.fake_medusa.pricing import replace_prices
from tests.harness.fake_medusa.rules import merged, patch
from tests.harness.fake_medusa.state import Item, State, Variant
from tests.harness.fake_medusa.steps import Steps, Work
from tests.harness.fake_medusa.variants import RESTORED, UNIQUE, check_combination, values_of

Body = dict[str, Any]


class VariantRevision(Work):
    """An update of variants.

    Medusa undoes it only in part: option values and new metadata keys keep what was written. All other fields
    get back what they had before, even if somebody else has changed them since. If one variant cannot get it
    back, because it was deleted or its SKU or barcode is taken, then none does.
    """

    def __init__(self, state: State, bodies: Sequence[Body]) -> None:
        self._state = state
        self._bodies = bodies
        self._before: dict[str, Variant] = {}
        self._inventory = InventoryChange(state)

    @property
    def ids(self) -> list[str]:
        return [body["id"] for body in self._bodies]

    def steps(self) -> Steps:
        self._rewrite()
        yield "variants"
        self._inventory.make_items(self._bodies)
        yield "items"
        self._inventory.link(self._bodies)
        yield "inventory"
        sent = [body for body in self._bodies if "prices" in body]
        stored = self._state.variants()
        missing = [
            body["id"] for body in sent if body["id"] not in stored or not stored[body["id"]].has_price_set
        ]
        if missing:
            raise not_found(f"Variants with IDs {', '.join(missing)} do not have prices associated.")
        replace_prices(self._state, [(stored[body["id"]], body["prices"]) for body in sent])

    def undo(self) -> None:
        stored = self._state.variants()
        self._inventory.undo()
        if not self._before.keys() <= stored.keys():
            return
        try:
            self._check_unique(stored, self._before)
        except ApiError:
            return
        for variant_id, before in self._before.items():
            for name in RESTORED:
                setattr(stored[variant_id], name, getattr(before, name))
            stored[variant_id].metadata = merged(stored[variant_id].metadata, before.metadata)

    def _rewrite(self) -> None:
        products = {
            variant.id: product for product in self._state.products.values() for variant in product.variants
        }
        missing = [variant_id for variant_id in self.ids if variant_id not in products]
        if missing or len(set(self.ids)) < len(self.ids):
            raise invalid_data(f"Cannot update non-existing variants with ids: {', '.join(missing)}")
        stored = self._state.variants()
        changed = {}
        chosen = {}
        for body in self._bodies:
            variant = stored[body["id"]].copy()
            patch(variant, body, RESTORED)
            if "metadata" in body:
                variant.metadata = merged(variant.metadata, body["metadata"])
            if "options" in body:
                values = values_of(products[variant.id], body)
                check_combination(products[variant.id], values, variant.id)
                chosen[variant.id] = values
            changed[variant.id] = variant
        sent = {value for values in chosen.values() for value in values}
        for variant_id, values in chosen.items():
            # Medusa deletes only the old values that no variant of the call gets.
            kept = [value for value in stored[variant_id].values if value in sent and value not in values]
            changed[variant_id].values = [*values, *kept] if values else []
        self._check_unique(stored, changed)
        self._before = {variant_id: stored[variant_id] for variant_id in changed}
        for product in {product.id: product for product in map(products.__getitem__, changed)}.values():
            product.variants = [changed.get(variant.id, variant) for variant in product.variants]

    @staticmethod
    def _check_unique(stored: Mapping[str, Variant], changed: Mapping[str, Variant]) -> None:
        """Rows are written in the order of their ids, so a later one can take what an earlier one gave up."""
        owners = {
            (column, getattr(variant, column)): variant.id for variant in stored.values() for column in UNIQUE
        }
        for variant_id, variant in sorted(changed.items()):
            for column in UNIQUE:
                value = getattr(variant, column)
                if value is not None and owners.get((column, value), variant_id) != variant_id:
                    raise already_exists("Product variant", **{column: value})
                owners.pop((column, getattr(stored[variant_id], column)), None)
                owners[column, value] = variant_id


class VariantDeletion(Work):
    """Deletes variants and the inventory items of the managed ones."""

    def __init__(self, state: State, ids: Sequence[str]) -> None:
        self._state = state
        self._ids = dict.fromkeys(ids)
        self._links: dict[str, list[str]] = {}
        self._priced: list[str] = []

    def steps(self) -> Steps:
        state = self._state
        deleted = [variant for variant_id, variant in state.variants().items() if variant_id in self._ids]
        items = self._unshared([variant for variant in deleted if variant.manage_inventory])
        for variant in deleted:
            self._links[variant.id], variant.item_ids = variant.item_ids, []
            if variant.has_price_set:
                self._priced.append(variant.id)
                variant.has_price_set = False
        yield "links"
        state.mark_list_prices(self._priced, deleted=True)
        yield "prices"
        check_reservations(items)
        for item in items:
            item.removed, item.levels = True, []
        yield "items"
        for product in state.products.values():
            product.variants = [variant for variant in product.variants if variant.id not in self._ids]
        state.deleted_ids.update(variant.id for variant in deleted)

    def undo(self) -> None:
        """Only reserved stock refuses a deletion."""
        self._state.mark_list_prices(self._priced, deleted=False)
        stored = self._state.variants()
        for variant_id, item_ids in self._links.items():
            if variant_id in stored:
                stored[variant_id].item_ids = item_ids
                stored[variant_id].has_price_set = variant_id in self._priced

    def _unshared(self, variants: Iterable[Variant]) -> list[Item]:
        """The items that no other variant uses."""
        stored = self._state.variants()
        others = [variant for variant_id, variant in stored.items() if variant_id not in self._ids]
        shared = {item_id for variant in others for item_id in variant.item_ids}
        ids = dict.fromkeys(item_id for variant in variants for item_id in variant.item_ids)
        return [self._state.items[item_id] for item_id in ids if item_id not in shared]
