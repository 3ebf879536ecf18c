"""The GET endpoints under `/admin`: single products, and lists with filters, pages and an order."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from random import Random
from typing import Any, Final, NamedTuple, Protocol

from tests.harness.fake_medusa.errors import invalid_data, not_found
from tests.harness.fake_medusa.state import State
from tests.harness.fake_medusa.tables import TABLES
from tests.harness.fake_medusa.views import LIST_PRICE_DEFAULTS, Tree, Views, tree_of


class Entity(Protocol):
    id: str


class List(NamedTuple):
    """A list endpoint."""

    name: str
    """In the response."""
    filters: str
    """Fields whose value must be in the query."""
    show: Callable[..., Any]
    default: str = "*"
    """The fields that are shown without a query."""
    limit: int = 20
    searched: str = ""
    """The fields that `q` searches; none if the endpoint has no `q`."""
    ignores_unknown: bool = False
    """Other parameters are ignored instead of refused."""


_OF_EVERY_LIST: Final = ("fields", "limit", "offset", "order")


def page_of(
    query: Collection[tuple[str, str]],
    list_: List,
    things: Iterable[Entity],
    show: Callable[[Any], Any],
    random: Random,
) -> dict[str, Any]:
    """One page of a list; without an order, it is shuffled."""
    asked: defaultdict[str, list[str]] = defaultdict(list)
    for parameter, value in query:
        asked[parameter.removesuffix("[]")].append(value)
    filters, searched = list_.filters.split(), list_.searched.split()
    known = {*filters, *_OF_EVERY_LIST, *(["q"] if searched else [])}
    unknown = [parameter for parameter in asked if parameter not in known]
    if unknown and not list_.ignores_unknown:
        raise invalid_data(f"Invalid request: Unrecognized fields: '{', '.join(unknown)}'")
    arrays = {parameter.removesuffix("[]") for parameter, _ in query if parameter.endswith("[]")}
    wanted = {name: _wanted(asked[name], is_array=name in arrays) for name in filters if name in asked}
    if wanted.get("handle") == {None}:  # Medusa ignores it
        del wanted["handle"]
    words = asked.get("q", [""])[-1]
    found = [
        thing
        for thing in things
        if all(getattr(thing, name) in values for name, values in wanted.items())
        and _is_found(words, [getattr(thing, name) for name in searched])
    ]
    order = asked.get("order", [""])[-1]
    if not order:
        random.shuffle(found)
    elif order.removeprefix("-") == "id":
        found.sort(key=attrgetter("id"), reverse=order.startswith("-"))
    else:
        raise NotImplementedError(f"FakeMedusa does not sort by {order}")
    take, skip = _integer(asked, "limit", list_.limit), _integer(asked, "offset", 0)
    page = [show(thing) for thing in found[skip : skip + take]]
    return {list_.name: page, "count": len(found), "offset": skip, "limit": take}


def _wanted(values: list[str], *, is_array: bool) -> set[str | None]:
    """Medusa splits an array of one value at commas, and reads the text `null` as no value."""
    if is_array:
        members = values[0].split(",") if len(values) == 1 else values
        return {member for member in members if member != "null"}
    return {None if value == "null" else value for value in values}


def _is_found(words: str, texts: Iterable[str | None]) -> bool:
    """Whether each word is part of one of the texts."""
    if words == "null":
        return True
    return all(any(word in (text or "").lower() for text in texts) for word in words.lower().split())


def _integer(asked: Mapping[str, list[str]], parameter: str, default: int) -> int:
    value = asked.get(parameter, [str(default)])[-1]
    if not value.isdecimal():
        raise invalid_data(
            f"Invalid request: Expected type: 'number' for field '{parameter}', got: '{value}'"
        )
    return int(value)


_PRODUCTS: Final = List("products", "id external_id handle", Views.product, limit=50, ignores_unknown=True)
_PRICES: Final = List("prices", "", Views.list_price, LIST_PRICE_DEFAULTS, limit=50)
_LISTS: Final = {
    "product-variants": List(
        *("variants", "id sku barcode ean upc", Views.variant), limit=50, searched="title sku barcode"
    ),
    "inventory-items": List(
        *("inventory_items", "id sku", Views.item, "*,location_levels.*"), searched="sku title"
    ),
    "translations": List("translations", "reference_id reference locale_code", Views.translation),
    "stores": List("stores", "id name", Views.store, "*,supported_currencies.*", limit=50),
    "price-lists": List("price_lists", "id status", Views.row, limit=50, searched="title description"),
    **{
        path: List(table.plural, table.filters, Views.row, limit=table.limit, searched=table.searched)
        for path, table in TABLES.items()
    },
    "sales-channels": List("sales_channels", "id name", Views.channel),
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
            case ["feature-flags"]:
                return {"feature_flags": {"translation": state.has_translations}}
            case ["translations"] if not state.has_translations:
                raise LookupError(call.path)
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
            case "translations":
                return state.translations.values()
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
