"""Creates, updates and deletes variants."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from tests.harness.fake_medusa.errors import (
    ApiError,
    already_exists,
    invalid_data,
    no_such_entity,
    not_found,
)
from tests.harness.fake_medusa.inventory import (
    check_given_items,
    link_given_items,
    link_items,
    make_items,
    remove_items,
    unshared_items,
)
from tests.harness.fake_medusa.options import chosen_values
from tests.harness.fake_medusa.pricing import new_prices, replace_prices
from tests.harness.fake_medusa.rules import check_new_id, check_unique, merged, patch
from tests.harness.fake_medusa.schemas import VARIANT_COLUMNS
from tests.harness.fake_medusa.state import Item, Option, OptionValue, Product, State, Variant
from tests.harness.fake_medusa.steps import Steps, Work

Body = dict[str, Any]

RESTORED: Final = (*VARIANT_COLUMNS, "thumbnail")
UNIQUE: Final = ("sku", "barcode", "ean", "upc")


class VariantCreation(Work):
    """Creates variants with inventory items and prices."""

    def __init__(self, state: State, wanted: Sequence[tuple[Product, Body]]) -> None:
        self._state = state
        self._wanted = wanted
        self._made_items: dict[str, Item] = {}
        self.ids: list[str] = []
        """In the order of the request."""

    def steps(self) -> Steps:
        # Products are found by id: another request may have replaced them.
        wanted = [(self._state.products.get(product.id, product), body) for product, body in self._wanted]
        self.ids = [variant.id for variant in _add_variants(self._state, wanted)]
        yield "variants"
        stored = self._state.variants()
        bodies = {variant_id: body for variant_id, (_, body) in zip(self.ids, wanted, strict=True)}
        check_given_items(self._state, bodies)
        without = [each for each in self.ids if "inventory_items" not in bodies[each]]
        self._made_items = make_items(
            self._state,
            [stored[each] for each in without if each in stored and stored[each].manage_inventory],
        )
        yield "items"
        link_items(self._state, self._made_items)
        link_given_items(self._state, bodies)
        yield "inventory"
        stored = self._state.variants()
        for variant_id, body in bodies.items():
            if variant_id in stored:
                stored[variant_id].prices = new_prices(body.get("prices", []), self._state.ids)
                stored[variant_id].has_price_set = True

    def undo(self) -> None:
        for product in self._state.products.values():
            product.variants = [variant for variant in product.variants if variant.id not in self.ids]
        for item in self._made_items.values():
            del self._state.items[item.id]


def new_variant(state: State, values: list[OptionValue], body: Body) -> Variant:
    variant = Variant(body.get("id") or state.ids.new("variant"), body["title"], values)
    patch(variant, body, RESTORED)
    variant.metadata = body.get("metadata")
    variant.created_at = state.ids.moment
    return variant


def check_variants_unique(state: State, variants: Sequence[Variant]) -> None:
    for column in UNIQUE:
        check_unique(
            "Product variant",
            column,
            ((variant.id, getattr(variant, column)) for variant in state.variants().values()),
            ((variant.id, getattr(variant, column)) for variant in variants),
        )


def product_for_variants(state: State, product_id: str, bodies: Iterable[Body]) -> Product:
    """The product that gets new variants; raises ApiError if there is none."""
    if product_id not in state.products:
        for body in bodies:
            chosen_values([], [], body["title"], body.get("options", {}))
        raise no_such_entity("product_id", product_id)
    return state.products[product_id]


def _add_variants(state: State, wanted: Sequence[tuple[Product, Body]]) -> list[Variant]:
    """Add variants without inventory items and prices. Only stored variants are compared with new ones."""
    variants = []
    for product, body in wanted:
        values = values_of(product, body)
        check_combination(product, values, None)
        variants.append(new_variant(state, values, body))
    _check_ids(state, wanted, variants)
    check_variants_unique(state, variants)
    for variant, (product, _) in zip(variants, wanted, strict=True):
        product.variants.append(variant)
    return variants


def _check_ids(state: State, wanted: Sequence[tuple[Product, Body]], variants: Sequence[Variant]) -> None:
    """Medusa overwrites a variant of the same product, unless both have the same option value."""
    known = state.variant_ids()
    for variant, (product, _) in zip(variants, wanted, strict=True):
        same = next((each for each in product.variants if each.id == variant.id), None)
        if same is not None and not any(value in same.values for value in variant.values):
            raise NotImplementedError("FakeMedusa does not overwrite variants")
        check_new_id(state, "Product variant", variant.id, known)


def values_of(product: Product, body: Body, options: Sequence[Option] | None = None) -> list[OptionValue]:
    """The values that a request asks for; `options` are those of the product unless it gets others."""
    title, chosen = body.get("title", "undefined"), body.get("options", {})
    return chosen_values(product.options if options is None else options, product.values, title, chosen)


def check_combination(product: Product, values: Sequence[OptionValue], variant_id: str | None) -> None:
    """Refuse the values of a stored variant."""
    for variant in product.variants:
        if values and variant.id != variant_id and all(value in variant.values for value in values):
            raise invalid_data(f"Variant ({variant.title}) with provided options already exists.")


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
        self._made_items: dict[str, Item] = {}
        self._unlinked: dict[str, list[str]] = {}

    @property
    def ids(self) -> list[str]:
        return [body["id"] for body in self._bodies]

    def steps(self) -> Steps:
        self._rewrite()
        yield "variants"
        self._made_items = make_items(self._state, self._stored(wanted=True))
        yield "items"
        link_items(self._state, self._made_items)
        for variant in self._stored(wanted=False):
            self._unlinked[variant.id] = variant.item_ids
            variant.unlink(*variant.item_ids)  # the items keep their SKUs
        yield "inventory"
        sent = [body for body in self._bodies if "prices" in body]
        stored = self._state.variants()
        missing = [
            body["id"] for body in sent if body["id"] not in stored or not stored[body["id"]].has_price_set
        ]
        if missing:
            raise not_found(f"Variants with IDs {', '.join(missing)} do not have prices associated.")
        replace_prices(self._state, [(stored[body["id"]], body["prices"]) for body in sent])

    def _stored(self, *, wanted: bool) -> list[Variant]:
        """The variants whose inventory is to be managed, or no longer."""
        ids = [body["id"] for body in self._bodies if body.get("manage_inventory") is wanted]
        stored = self._state.variants() if ids else {}
        return [stored[each] for each in ids if each in stored]

    def undo(self) -> None:
        stored = self._state.variants()
        for variant_id in stored.keys() & (self._unlinked.keys() | self._made_items.keys()):
            stored[variant_id].item_ids = self._unlinked.get(variant_id, [])
        for item in self._made_items.values():
            del self._state.items[item.id]
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
        if len(set(self.ids)) < len(self.ids):
            raise NotImplementedError("FakeMedusa updates a variant only once in a call")
        if missing:
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
        self._unlinked: list[str] = []
        self._priced: list[str] = []
        self._restore_items: Callable[[], None] = lambda: None

    def steps(self) -> Steps:
        state = self._state
        deleted = [variant for variant_id, variant in state.variants().items() if variant_id in self._ids]
        items = unshared_items(state, deleted)
        for variant in deleted:
            self._unlinked.append(variant.id)
            variant.unlink(*variant.item_ids)
            if variant.has_price_set:
                self._priced.append(variant.id)
                variant.has_price_set = False
        yield "links"
        state.mark_list_prices(self._priced, deleted=True)
        yield "prices"
        self._restore_items = remove_items(state, items)
        yield "items"
        for product in state.products.values():
            product.variants = [variant for variant in product.variants if variant.id not in self._ids]
        state.deleted_ids.update(variant.id for variant in deleted)

    def undo(self) -> None:
        """All earlier links come back, also to items that something else has deleted."""
        self._restore_items()
        self._state.mark_list_prices(self._priced, deleted=False)
        stored = self._state.variants()
        for variant_id in self._unlinked:
            if variant_id in stored:
                stored[variant_id].link_again()
                stored[variant_id].has_price_set = variant_id in self._priced
