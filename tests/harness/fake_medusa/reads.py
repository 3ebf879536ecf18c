"""The GET endpoints under `/admin`."""

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any, TypeVar

from tests.harness.fake_medusa.call import Call
from tests.harness.fake_medusa.errors import not_found
from tests.harness.fake_medusa.lists import Entity, Filters, listed
from tests.harness.fake_medusa.state import Named, State, Variant
from tests.harness.fake_medusa.views import (
    LIST_PRICE_DEFAULTS,
    OPTION_DEFAULTS,
    PRODUCT_DEFAULTS,
    VARIANT_DEFAULTS,
    Tree,
    Views,
)

T = TypeVar("T", bound=Entity)


class Reads:
    def __init__(self, state: State, random: Random, views: Views) -> None:
        self._state = state
        self._random = random
        self._views = views

    def respond(self, call: Call) -> dict[str, Any]:
        state, views = self._state, self._views
        match call.parts:
            case ["products"]:
                return self._products(call)
            case ["products", product_id]:
                if product_id not in state.products:
                    raise not_found("Product not found")
                return {"product": views.product(state.products[product_id], call.tree(PRODUCT_DEFAULTS))}
            case ["products", product_id, "variants"]:
                return self._variants(call, state.products[product_id].variants)
            case ["products", _, "variants", variant_id]:
                variant = state.variants().get(variant_id)
                return {"variant": views.variant(variant, call.tree(VARIANT_DEFAULTS))} if variant else {}
            case ["product-variants"]:
                return self._variants(call, state.variants().values())
            case ["product-options", option_id]:
                option = state.options.get(option_id)
                return {"product_option": views.option(option, call.tree(OPTION_DEFAULTS))} if option else {}
            case ["inventory-items"]:
                return self._list(
                    call,
                    "inventory_items",
                    state.live_items(),
                    {"id": lambda item: [item.id], "sku": lambda item: [item.sku]},
                    views.item,
                    default="*,location_levels.*",
                    searched=lambda item: [item.sku, item.title],
                )
            case ["price-lists", *_]:
                return self._price_lists(call)
        return self._table(call)

    def _table(self, call: Call) -> dict[str, Any]:
        state, views = self._state, self._views
        match call.parts:
            case ["product-categories"]:
                return self._list(
                    call,
                    "product_categories",
                    state.categories.values(),
                    {"id": lambda category: [category.id], "handle": lambda category: [category.handle]},
                    views.category,
                    limit=50,
                    searched=lambda category: [category.name, category.handle, category.description],
                )
            case ["product-tags"]:
                return self._list(
                    call,
                    "product_tags",
                    state.tags.values(),
                    {"id": lambda tag: [tag.id], "value": lambda tag: [tag.value]},
                    views.tag,
                    searched=lambda tag: [tag.value],
                )
            case ["product-types"]:
                return self._list(
                    call,
                    "product_types",
                    state.types.values(),
                    {"id": lambda type_: [type_.id], "value": lambda type_: [type_.value]},
                    views.type,
                    limit=10,
                    searched=lambda type_: [type_.value],
                )
            case ["collections"]:
                return self._list(
                    call,
                    "collections",
                    state.collections.values(),
                    {
                        "id": lambda collection: [collection.id],
                        "title": lambda collection: [collection.title],
                        "handle": lambda collection: [collection.handle],
                    },
                    views.collection,
                    limit=10,
                    searched=lambda collection: [collection.title, collection.handle],
                )
            case ["sales-channels"]:
                return self._named(call, "sales_channels", state.sales_channels)
            case ["shipping-profiles"]:
                return self._named(call, "shipping_profiles", state.shipping_profiles)
            case ["stock-locations"]:
                return self._named(call, "stock_locations", state.stock_locations)
            case ["stores"]:
                return self._list(
                    call,
                    "stores",
                    [state.store],
                    {"id": lambda store: [store.id], "name": lambda store: [store.name]},
                    views.store,
                    default="*,supported_currencies.*",
                    limit=50,
                )
        raise LookupError(call.path)

    def _products(self, call: Call) -> dict[str, Any]:
        products = list(self._state.products.values())
        if ("with_deleted", "true") in call.query:
            products += self._state.deleted_products.values()
        return self._list(
            call,
            "products",
            products,
            {
                "id": lambda product: [product.id],
                "external_id": lambda product: [product.external_id],
                "handle": lambda product: [product.handle],
                "variants[sku]": lambda product: [variant.sku for variant in product.variants],
            },
            self._views.product,
            default=PRODUCT_DEFAULTS,
            limit=50,
            ignores_unknown=True,
        )

    def _variants(self, call: Call, variants: Iterable[Variant]) -> dict[str, Any]:
        return self._list(
            call,
            "variants",
            variants,
            {
                "id": lambda variant: [variant.id],
                "sku": lambda variant: [variant.sku],
                "barcode": lambda variant: [variant.barcode],
            },
            self._views.variant,
            default=VARIANT_DEFAULTS,
            limit=50,
            searched=lambda variant: [variant.title, variant.sku, variant.barcode],
        )

    def _price_lists(self, call: Call) -> dict[str, Any]:
        state, views = self._state, self._views
        match call.parts:
            case ["price-lists"]:
                return self._list(
                    call,
                    "price_lists",
                    state.price_lists.values(),
                    {"id": lambda each: [each.id], "status": lambda each: [each.status]},
                    views.price_list,
                    limit=50,
                    searched=lambda each: [each.title, each.description],
                )
            case ["price-lists", price_list_id]:
                if price_list_id not in state.price_lists:
                    raise not_found(f"Price list with id: {price_list_id} was not found")
                return {"price_list": views.price_list(state.price_lists[price_list_id], call.tree())}
            case ["price-lists", price_list_id, "prices"]:
                prices = [
                    price
                    for price in state.list_prices.values()
                    if price.price_list_id == price_list_id and not price.is_deleted
                ]
                default = LIST_PRICE_DEFAULTS
                return self._list(call, "prices", prices, {}, views.list_price, default=default, limit=50)
        raise LookupError(call.path)

    def _named(self, call: Call, name: str, table: Mapping[str, Named]) -> dict[str, Any]:
        filters: dict[str, Callable[[Named], list[str | None]]] = {
            "id": lambda named: [named.id],
            "name": lambda named: [named.name],
        }
        if name == "shipping_profiles":
            filters["type"] = lambda named: [named.type]
        return self._list(call, name, table.values(), filters, self._views.named)

    def _list(
        self,
        call: Call,
        name: str,
        things: Iterable[T],
        filters: Filters[T],
        show: Callable[[T, Tree], Any],
        *,
        default: str = "*",
        limit: int = 20,
        ignores_unknown: bool = False,
        searched: Callable[[T], Iterable[str | None]] | None = None,
    ) -> dict[str, Any]:
        tree = call.tree(default)
        return listed(
            call.query,
            things,
            filters,
            lambda thing: show(thing, tree),
            name=name,
            random=self._random,
            limit=limit,
            ignores_unknown=ignores_unknown,
            searched=searched,
        )
