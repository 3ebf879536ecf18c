"""New variants, and rules for all variants."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from tests.harness.fake_medusa.errors import invalid_data, no_such_entity, unknown_error
from tests.harness.fake_medusa.inventory import given_items, link_items, make_items
from tests.harness.fake_medusa.options import chosen_values
from tests.harness.fake_medusa.pricing import new_prices
from tests.harness.fake_medusa.rules import MEASURES, check_new_id, check_unique, patch
from tests.harness.fake_medusa.state import Item, Option, OptionValue, Product, State, Variant
from tests.harness.fake_medusa.steps import Steps, Work

Body = dict[str, Any]

_TEXTS: Final = (
    *("title", "sku", "barcode", "thumbnail", "material", "hs_code", "mid_code", "origin_country"),
)
RESTORED: Final = (*_TEXTS, *MEASURES, "manage_inventory")
UNIQUE: Final = ("sku", "barcode")


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
        given = given_items(self._state, bodies)
        without = [each for each in self.ids if "inventory_items" not in bodies[each]]
        self._made_items = make_items(
            self._state,
            [stored[each] for each in without if each in stored and stored[each].manage_inventory],
        )
        yield "items"
        link_items(self._state, self._made_items)
        link_items(self._state, given)
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
        if body.get("options") == {}:
            raise unknown_error()  # Medusa expects a list
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
