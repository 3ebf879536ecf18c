"""The GET endpoints under `/admin`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from random import Random
from typing import Any, TypeVar

from tests.harness.fake_medusa.errors import not_found
from tests.harness.fake_medusa.lists import Entity, Filters, listed
from tests.harness.fake_medusa.state import State
from tests.harness.fake_medusa.tables import TABLES
from tests.harness.fake_medusa.views import (
    LIST_PRICE_DEFAULTS,
    PRODUCT_DEFAULTS,
    VARIANT_DEFAULTS,
    Tree,
    Views,
    tree_of,
)

T = TypeVar("T", bound=Entity)


@dataclass(frozen=True)
class Call:
    """A request to the Admin API."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: Any

    @property
    def parts(self) -> list[str]:
        """The path below `/admin`."""
        return self.path.split("/")[2:]

    def tree(self, default: str = "*") -> Tree:
        return tree_of(dict(self.query).get("fields", default))


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
            case ["product-variants"]:
                return self._list(
                    *(call, "variants", state.variants().values()),
                    *(_filters("id sku barcode"), views.variant),
                    default=VARIANT_DEFAULTS,
                    limit=50,
                    searched="title sku barcode",
                )
            case ["inventory-items"]:
                return self._list(
                    *(call, "inventory_items", state.live_items(), _filters("id sku"), views.item),
                    default="*,location_levels.*",
                    searched="sku title",
                )
            case ["price-lists", price_list_id, "prices"]:
                prices = [
                    price
                    for price in state.list_prices.values()
                    if price.price_list_id == price_list_id and not price.is_deleted
                ]
                default = LIST_PRICE_DEFAULTS
                return self._list(call, "prices", prices, {}, views.list_price, default=default, limit=50)
            case ["stores"]:
                default = "*,supported_currencies.*"
                filters = _filters("id name")
                return self._list(
                    call, "stores", [state.store], filters, views.store, default=default, limit=50
                )
            case ["price-lists"]:
                return self._list(
                    *(call, "price_lists", state.price_lists.values(), _filters("id status"), views.row),
                    limit=50,
                    searched="title description",
                )
            case [path] if path in TABLES:
                table = TABLES[path]
                return self._list(
                    *(call, table.plural, table.rows(state).values(), _filters(table.filters), views.row),
                    limit=table.limit,
                    searched=table.searched,
                )
        raise LookupError(call.path)

    def _products(self, call: Call) -> dict[str, Any]:
        products = list(self._state.products.values())
        if ("with_deleted", "true") in call.query:
            products += self._state.deleted_products.values()
        return self._list(
            *(call, "products", products, _filters("id external_id handle"), self._views.product),
            default=PRODUCT_DEFAULTS,
            limit=50,
            ignores_unknown=True,
        )

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
        searched: str = "",
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
            searched=searched.split(),
        )


def _filters(names: str) -> Filters[Any]:
    return {name: attrgetter(name) for name in names.split()}
