"""The JSON views of entities: the requested fields, with most lists in random order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, Final, TypeVar

from tests.harness.fake_medusa.state import (
    Category,
    Item,
    Level,
    Named,
    Option,
    Price,
    Product,
    State,
    StoreSettings,
    Tag,
    Variant,
)

T = TypeVar("T")
Tree = dict[str, Any]
"""Field names and the selection below each; `*` means all fields that are not relations."""

_PRODUCT: Final = (
    *("title", "subtitle", "status", "external_id", "description", "handle", "discountable", "thumbnail"),
    *("weight", "length", "height", "width", "material", "metadata", "created_at"),
    *("hs_code", "mid_code", "origin_country"),
)
_VARIANT: Final = ("title", "sku", "barcode", "allow_backorder", "manage_inventory", "metadata", "created_at")
_PRICE: Final = ("amount", "currency_code", "min_quantity", "max_quantity")
_CATEGORY: Final = ("name", "description", "handle", "is_active", "is_internal", "metadata")
_LEVEL: Final = ("location_id", "stocked_quantity", "reserved_quantity")
_STORE: Final = (
    *("name", "default_sales_channel_id", "default_region_id", "default_location_id", "metadata"),
)

_ABSENT: Final = object()
"""Left out, as Medusa leaves out a missing link."""

PRODUCT_DEFAULTS: Final = (
    "*,options.*,options.values.*,tags.*,images.*,sales_channels.*,"
    "variants.*,variants.options.*,variants.prices.*,"
    "variants.prices.price_rules.attribute,variants.prices.price_rules.value"
)


def tree_of(fields: str) -> Tree:
    """Parse a list such as `id,*tags,variants.prices.amount`."""
    tree: Tree = {}
    for field in filter(None, fields.split(",")):
        branch = tree
        name = f"{field[1:]}.*" if field.startswith("*") and field != "*" else field
        for step in name.replace("variants.price_set.prices", "variants.prices").split("."):
            branch = branch.setdefault(step, {})
    return tree


class Views:
    def __init__(self, state: State, random: Random) -> None:
        self._state = state
        self._random = random

    def product(self, product: Product, tree: Tree) -> dict[str, Any]:
        state = self._state
        return _selected(
            product,
            tree,
            _PRODUCT,
            {
                "images": lambda sub: self._images(product, sub),
                "tags": lambda sub: self._known(state.tags, product.tag_ids, self.tag, sub),
                "categories": lambda sub: self._known(
                    state.categories, product.category_ids, self.category, sub
                ),
                "sales_channels": lambda sub: [
                    self.named(channel, sub) if channel else None
                    for channel in map(state.sales_channels.get, product.sales_channel_ids)
                ],
                "shipping_profile": lambda sub: next(
                    iter(
                        self._known(
                            state.shipping_profiles, [product.shipping_profile_id or ""], self.named, sub
                        )
                    ),
                    _ABSENT,
                ),
                "options": lambda sub: [self._option(option, sub) for option in product.options],
                "variants": lambda sub: self._shuffled(
                    self._variant(variant, sub) for variant in product.variants
                ),
            },
        )

    @staticmethod
    def _images(product: Product, tree: Tree) -> list[dict[str, Any]]:
        """Images are the only relation with an order."""
        shown = [_selected(image, tree, ("url",), {}) for image in product.images]
        return [{**image, "rank": rank} for rank, image in enumerate(shown)]

    def _variant(self, variant: Variant, tree: Tree) -> dict[str, Any]:
        return _selected(
            variant,
            tree,
            _VARIANT,
            {
                "prices": lambda sub: self._prices(variant, sub),
                "options": lambda sub: [
                    {"value": value, **({"option": {"title": title}} if "option" in sub else {})}
                    for title, value in variant.options.items()
                ],
                "inventory_items": lambda sub: [
                    self._link(variant, item_id, sub)
                    for item_id in variant.item_ids
                    if not self._state.items[item_id].removed
                ],
            },
        )

    def _prices(self, variant: Variant, tree: Tree) -> Any:
        if not variant.has_price_set:
            return _ABSENT
        return self._shuffled(self._price(variant, price, tree) for price in variant.prices)

    def _price(self, variant: Variant, price: Price, tree: Tree) -> dict[str, Any]:
        shown = _selected(price, tree, _PRICE, {})
        # Medusa needs both columns to build the rules; without them they are empty.
        shows_rules = {"attribute", "value"} <= tree.get("price_rules", {}).keys()
        return {**shown, "variant_id": variant.id, "rules": dict(price.rules) if shows_rules else {}}

    def _link(self, variant: Variant, item_id: str, tree: Tree) -> dict[str, Any]:
        link: dict[str, Any] = {"variant_id": variant.id, "inventory_item_id": item_id}
        if "inventory" in tree:
            link["inventory"] = self.item(self._state.items[item_id], tree["inventory"])
        return link

    def _option(self, option: Option, tree: Tree) -> dict[str, Any]:
        return _selected(
            option, tree, ("title",), {"values": lambda _sub: [{"value": value} for value in option.values]}
        )

    def item(self, item: Item, tree: Tree) -> dict[str, Any]:
        relations = {
            "location_levels": lambda sub: self._shuffled(
                _selected(level, sub, _LEVEL, {}) for level in item.levels
            ),
            "variants": lambda sub: [
                self._variant(variant, sub) | ({"product_id": product.id} if "product_id" in sub else {})
                for product in self._state.products.values()
                for variant in product.variants
                if item.id in variant.item_ids
            ],
        }
        return _selected(item, tree, ("sku", "title", "reserved_quantity"), relations)

    def level(self, item: Item, level: Level) -> dict[str, Any]:
        return {"inventory_item_id": item.id, **_selected(level, {"*": {}}, _LEVEL, {})}

    def category(self, category: Category, tree: Tree) -> dict[str, Any]:
        return _selected(category, tree, _CATEGORY, {})

    def tag(self, tag: Tag, tree: Tree) -> dict[str, Any]:
        return _selected(tag, tree, ("value", "metadata"), {})

    def named(self, named: Named, tree: Tree) -> dict[str, Any]:
        return _selected(named, tree, ("name", "type", "metadata"), {})

    def store(self, store: StoreSettings, tree: Tree) -> dict[str, Any]:
        currencies = {
            "supported_currencies": lambda sub: [
                _selected(currency, sub, ("currency_code", "is_default"), {})
                for currency in store.supported_currencies
            ]
        }
        return _selected(store, tree, _STORE, currencies)

    def _known(
        self,
        table: Mapping[str, T],
        ids: Iterable[str],
        show: Callable[[T, Tree], dict[str, Any]],
        tree: Tree,
    ) -> list[dict[str, Any]]:
        return self._shuffled(show(table[key], tree) for key in ids if key in table)

    def _shuffled(self, entries: Iterable[T]) -> list[T]:
        shuffled = list(entries)
        self._random.shuffle(shuffled)
        return shuffled


def _selected(
    thing: Any, tree: Tree, scalars: Sequence[str], relations: Mapping[str, Callable[[Tree], Any]]
) -> dict[str, Any]:
    """The selected fields; like Medusa, it ignores unknown names."""
    names = [*scalars, *(name for name in tree if name != "*")] if "*" in tree else tree
    shown = {"id": thing.id}
    for name in names:
        if name in relations:
            shown[name] = relations[name](tree[name])
        elif name == "created_at" and name in scalars:
            shown[name] = datetime.fromtimestamp(thing.created_at / 1000, UTC).isoformat()
        elif name in scalars:
            shown[name] = getattr(thing, name)
    return {name: value for name, value in shown.items() if value is not _ABSENT}
