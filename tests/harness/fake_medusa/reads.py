"""The GET endpoints under `/admin`."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from tests.harness.fake_medusa.errors import not_found
from tests.harness.fake_medusa.lists import Entity, List, page_of
from tests.harness.fake_medusa.state import State
from tests.harness.fake_medusa.tables import TABLES
from tests.harness.fake_medusa.views import LIST_PRICE_DEFAULTS, Tree, Views, tree_of

_PRODUCTS: Final = List("products", "id external_id handle", Views.product, limit=50, ignores_unknown=True)
_PRICES: Final = List("prices", "", Views.list_price, LIST_PRICE_DEFAULTS, limit=50)
_LISTS: Final = {
    "product-variants": List(
        *("variants", "id sku barcode", Views.variant), limit=50, searched="title sku barcode"
    ),
    "inventory-items": List(
        *("inventory_items", "id sku", Views.item, "*,location_levels.*"), searched="sku title"
    ),
    "stores": List("stores", "id name", Views.store, "*,supported_currencies.*", limit=50),
    "price-lists": List("price_lists", "id status", Views.row, limit=50, searched="title description"),
    **{
        path: List(table.plural, table.filters, Views.row, limit=table.limit, searched=table.searched)
        for path, table in TABLES.items()
    },
}


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
        """The fields to show; without a query, Medusa shows relations, too."""
        return tree_of(dict(self.query).get("fields", default))


class Reads:
    def __init__(self, state: State, random: Random, views: Views) -> None:
        self._state = state
        self._random = random
        self._views = views

    def respond(self, call: Call) -> dict[str, Any]:
        state = self._state
        match call.parts:
            case ["products"]:
                deleted = state.deleted_products if ("with_deleted", "true") in call.query else {}
                return self._page(call, _PRODUCTS, [*state.products.values(), *deleted.values()])
            case ["products", product_id]:
                if product_id not in state.products:
                    raise not_found("Product not found")
                return {"product": self._views.product(state.products[product_id], call.tree())}
            case ["price-lists", price_list_id, "prices"]:
                prices = state.list_prices.values()
                own = [each for each in prices if each.price_list_id == price_list_id and not each.is_deleted]
                return self._page(call, _PRICES, own)
            case [path] if path in _LISTS:
                return self._page(call, _LISTS[path], self._rows(path))
        raise LookupError(call.path)

    def _rows(self, path: str) -> Iterable[Any]:
        state = self._state
        match path:
            case "product-variants":
                return state.variants().values()
            case "inventory-items":
                return state.live_items()
            case "stores":
                return [state.store]
            case "price-lists":
                return state.price_lists.values()
        return TABLES[path].rows(state).values()

    def _page(self, call: Call, list_: List, things: Iterable[Entity]) -> dict[str, Any]:
        tree = call.tree(list_.default)
        return page_of(
            call.query, list_, things, lambda each: list_.show(self._views, each, tree), self._random
        )
