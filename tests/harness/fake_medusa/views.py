"""The JSON views of entities: the requested fields, with most lists in random order."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any, Final, TypeVar, get_origin

from tests.harness.fake_medusa.state import (
    Channel,
    Item,
    Level,
    ListPrice,
    Option,
    OptionValue,
    Price,
    Product,
    State,
    StoreSettings,
    Translation,
    Variant,
)

T = TypeVar("T")
Tree = dict[str, Any]
"""Field names and the selection below each; `*` means all fields that are not relations."""

_INTERNAL: Final = {"id", "has_price_set", "is_deleted", "removed", "variant_id"}
TRANSLATED: Final = {
    "product": {"title", "subtitle", "description", "material"},
    "product_variant": {"title", "material"},
}
_ABSENT: Final = object()
"""Left out, as Medusa leaves out a missing link."""

LIST_PRICE_DEFAULTS: Final = "*,price_set.variant.id,price_rules.attribute,price_rules.value"


@cache
def _columns(type_: Any) -> tuple[str, ...]:
    """The fields of an entity, without lists of other ones."""
    found = (
        each.name
        for each in fields(type_)
        if get_origin(each.type) not in {list, dict} or each.name == "translations"
    )
    return tuple(name for name in found if name not in _INTERNAL)


def tree_of(names: str) -> Tree:
    """Parse a list such as `id,*tags,variants.prices.amount`."""
    tree: Tree = {}
    for field in filter(None, names.split(",")):
        branch = tree
        name = f"{field[1:]}.*" if field.startswith("*") and field != "*" else field
        for step in name.replace("price_set.prices", "prices").split("."):
            branch = branch.setdefault(step, {})
    return tree


class Views:
    def __init__(self, state: State, random: Random) -> None:
        self._state = state
        self._random = random
        self._users: defaultdict[str, list[Variant]] | None = None  # by id of the item, for one response

    def product(self, product: Product, tree: Tree) -> dict[str, Any]:
        state = self._state
        return _selected(
            product,
            tree,
            {
                "images": lambda sub: self._images(product, sub),
                "translations": lambda sub: self._translations(product.id, sub),
                "tags": lambda sub: self._known(state.tags, product.tag_ids, sub),
                "categories": lambda sub: self._known(state.categories, product.category_ids, sub),
                "sales_channels": lambda sub: [
                    self.row(channel, sub) if channel else None
                    for channel in map(state.sales_channels.get, product.sales_channel_ids)
                ],
                "shipping_profile": lambda sub: next(
                    iter(self._known(state.shipping_profiles, [product.shipping_profile_id or ""], sub)),
                    _ABSENT,
                ),
                "type": lambda sub: self._one(state.types, product.type_id, sub),
                "collection": lambda sub: self._one(state.collections, product.collection_id, sub),
                "options": lambda sub: self._shuffled(
                    self.option(option, sub, product.values) for option in product.options
                ),
                "variants": lambda sub: self._shuffled(
                    self.variant(variant, sub) for variant in product.variants
                ),
            },
        )

    def _images(self, product: Product, tree: Tree) -> list[dict[str, Any]]:
        """Images are the only relation with an order."""
        return [{**self.row(image, tree), "rank": rank} for rank, image in enumerate(product.images)]

    def variant(self, variant: Variant, tree: Tree) -> dict[str, Any]:
        shown = _selected(
            variant,
            tree,
            {
                "translations": lambda sub: self._translations(variant.id, sub),
                "prices": lambda sub: self._prices(variant, sub),
                "options": lambda sub: self._shuffled(
                    self._option_value(value, sub) for value in variant.values
                ),
                "inventory_items": lambda sub: [
                    self._link(variant, item_id, sub) for item_id in variant.item_ids
                ],
            },
        )
        if "product" in tree:
            products = self._state.products.values()
            product = next(each for each in products if variant.id in {own.id for own in each.variants})
            shown["product"] = self.product(product, tree["product"])
        return shown

    def _translations(self, reference_id: str, tree: Tree) -> list[dict[str, Any]]:
        known = self._state.translations.values()
        return self._shuffled(
            self.translation(each, tree) for each in known if each.reference_id == reference_id
        )

    def translation(self, translation: Translation, tree: Tree) -> dict[str, Any]:
        """Its texts are shown without those of fields that cannot be translated."""
        texts = {
            name: text
            for name, text in translation.translations.items()
            if name in TRANSLATED[translation.reference]
        }
        return self.row(replace(translation, translations=texts), tree)

    def _prices(self, variant: Variant, tree: Tree) -> Any:
        if not variant.has_price_set:
            return _ABSENT
        return self._shuffled(self._price(price, tree) for price in variant.prices)

    def _price(self, price: Price, tree: Tree) -> dict[str, Any]:
        shown = _selected(price, tree, {})
        # Medusa needs both columns to build the rules; without them they are empty.
        shows_rules = {"attribute", "value"} <= tree.get("price_rules", {}).keys()
        return {**shown, "rules": dict(price.rules) if shows_rules else {}}

    def _link(self, variant: Variant, item_id: str, tree: Tree) -> dict[str, Any]:
        """A link to a deleted item has no item."""
        item = self._state.items.get(item_id)
        shown: dict[str, Any] = {"inventory_item_id": item_id}
        if "required_quantity" in tree:
            shown["required_quantity"] = variant.required.get(item_id, 1)
        if "inventory" in tree and item is not None and not item.removed:
            shown["inventory"] = self.item(item, tree["inventory"])
        return shown

    def option(self, option: Option, tree: Tree, values: Sequence[OptionValue]) -> dict[str, Any]:
        """An option with these values only."""
        shown = [value for value in option.values if value in values]
        relations = {"values": lambda sub: self._shuffled(self._option_value(value, sub) for value in shown)}
        return _without_id(_selected(option, tree, relations), tree)

    @staticmethod
    def _option_value(value: OptionValue, tree: Tree) -> dict[str, Any]:
        option = value.option
        relations = {
            "option_id": lambda _sub: option.id,
            "option": lambda sub: _without_id(_selected(option, sub, {}), sub),
        }
        return _without_id(_selected(value, tree, relations), tree)

    def item(self, item: Item, tree: Tree) -> dict[str, Any]:
        relations = {
            "reserved_quantity": lambda _sub: item.reserved_quantity,
            "location_levels": lambda sub: self._shuffled(self.row(level, sub) for level in item.levels),
            "variants": lambda sub: [self.variant(variant, sub) for variant in self._users_of(item)],
        }
        return _selected(item, tree, relations)

    def _users_of(self, item: Item) -> list[Variant]:
        if self._users is None:
            self._users = defaultdict(list)
            for variant in self._state.variants().values():
                for item_id in variant.item_ids:
                    self._users[item_id].append(variant)
        return self._users[item.id]

    def begin(self) -> None:
        """Begin another response: the store may have changed."""
        self._users = None

    def level(self, item: Item, level: Level) -> dict[str, Any]:
        return {"inventory_item_id": item.id, **self.row(level, {"*": {}})}

    def channel(self, channel: Channel, tree: Tree) -> dict[str, Any]:
        locations = self._state.stock_locations
        relations = {"stock_locations": lambda sub: self._known(locations, channel.location_ids, sub)}
        return _selected(channel, tree, relations)

    def row(self, thing: object, tree: Tree) -> dict[str, Any]:
        """An entity without relations."""
        return _selected(thing, tree, {})

    def list_price(self, price: ListPrice, tree: Tree) -> dict[str, Any]:
        """A price in a list; its price set has no variant if the variant was deleted only in part."""
        variant = self._state.variants().get(price.variant_id)
        linked = {"variant": {"id": price.variant_id}} if variant and variant.has_price_set else {}
        relations = {
            "price_set": lambda _sub: linked,
            "price_rules": lambda _sub: [
                {"attribute": attribute, "value": value} for attribute, value in price.rules.items()
            ],
        }
        return _selected(price, tree, relations)

    def store(self, store: StoreSettings, tree: Tree) -> dict[str, Any]:
        currencies = store.supported_currencies
        relations = {
            "supported_currencies": lambda sub: [self.row(each, sub) for each in currencies],
            "supported_locales": lambda _sub: [{"locale_code": each} for each in self._state.locales],
        }
        return _selected(store, tree, relations)

    def _one(self, table: Mapping[str, T], key: str | None, tree: Tree) -> dict[str, Any] | None:
        return _without_id(self.row(table[key], tree), tree) if key else None

    def _known(self, table: Mapping[str, T], ids: Iterable[str], tree: Tree) -> list[dict[str, Any]]:
        return self._shuffled(self.row(table[key], tree) for key in ids if key in table)

    def _shuffled(self, entries: Iterable[T]) -> list[T]:
        shuffled = list(entries)
        self._random.shuffle(shuffled)
        return shuffled


def _selected(thing: Any, tree: Tree, relations: Mapping[str, Callable[[Tree], Any]]) -> dict[str, Any]:
    """The selected fields; like Medusa, it ignores unknown names."""
    columns = _columns(type(thing))  # type: ignore[arg-type]  # classes are hashable
    shown = {"id": thing.id}
    for name in (*(columns if "*" in tree else ()), *tree):
        if name in relations:
            shown |= {name: relations[name](tree[name])} if name in tree else {}
        elif name in columns:
            value = getattr(thing, name)
            shown[name] = _moment(value) if name.endswith("_at") else value
    return {name: value for name, value in shown.items() if value is not _ABSENT}


def _moment(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()


def _without_id(shown: dict[str, Any], tree: Tree) -> dict[str, Any]:
    """Below a product, most relations have an id only if it was requested."""
    return shown if {"id", "*"} & tree.keys() else {name: shown[name] for name in shown if name != "id"}
