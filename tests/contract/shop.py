"""A client for a fake or real store, and views that can be compared between the two."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

import httpx

from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.client import ApiKey
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.medusa import Store
from tests.unit.builders import medusa_client

FIELDS: Final = (
    "id,external_id,metadata,title,handle,status,description,subtitle,thumbnail,weight,length,height,width,"
    "images.id,images.url,images.rank,tags.id,tags.value,categories.id,categories.handle,sales_channels.name,"
    "type_id,collection_id,type.value,collection.handle,shipping_profile.name,options.id,options.title,options.is_exclusive,options.values.id,options.values.value,"
    "variants.id,variants.title,variants.sku,variants.barcode,variants.manage_inventory,variants.metadata,"
    "variants.allow_backorder,"
    "variants.weight,variants.length,variants.height,variants.width,variants.material,variants.hs_code,"
    "variants.thumbnail,variants.mid_code,variants.origin_country,variants.options.id,variants.options.value,"
    "variants.options.option_id,"
    "variants.prices.id,variants.prices.amount,variants.prices.currency_code,"
    "variants.prices.min_quantity,variants.prices.max_quantity,"
    "variants.prices.price_rules.attribute,variants.prices.price_rules.value,"
    "variants.inventory_items.inventory_item_id,variants.inventory_items.inventory.sku,"
    "variants.inventory_items.inventory.location_levels.location_id,"
    "variants.inventory_items.inventory.location_levels.stocked_quantity"
)
DETAILS: Final = (
    *("weight", "length", "height", "width", "material", "hs_code", "mid_code", "origin_country"),
)
"""Fields of a variant."""
LEVELS: Final = "/admin/inventory-items/location-levels/batch"
UNKNOWN_ERROR: Final = (500, "unknown_error", "An unknown error occurred.")
MALFORMED: Final = (400, "invalid_data", "Invalid request")
USD: Final[dict[str, Any]] = {"currency_code": "usd"}

T = TypeVar("T")
View = dict[str, Any]
Refusal = tuple[int, str, str]
"""Status, type and message."""
_IDS: Final = re.compile(r"\b[a-z]+_[0-9A-HJKMNP-TV-Z]{26}\b")


class Shop:
    """A store, fake or real, with its facts."""

    def __init__(self, store: FakeMedusa | Store | Shop, client: httpx.Client) -> None:
        self.client = client
        self._transport = store if isinstance(store, FakeMedusa) else None
        self.api_key: str = store.api_key
        self.email: str = store.email
        self.password: str = store.password
        self.store_id: str = store.store_id
        self.location_id: str = store.location_id
        self.sales_channel_id: str = store.sales_channel_id
        self.shipping_profile_id: str = store.shipping_profile_id

    def send(
        self, method: str, path: str, body: object = None, **query: str | Sequence[str]
    ) -> httpx.Response:
        return self.client.request(method, path, json=body, params=query or None)

    def call(self, method: str, path: str, body: object = None, **query: str | Sequence[str]) -> Any:
        response = self.send(method, path, body, **query)
        assert response.is_success, response.text
        return response.json()

    def ask(self, question: Callable[[AdminApi], Awaitable[T]]) -> T:
        """Ask through the API class that runs use."""

        async def ask() -> T:
            url = self.client.base_url
            async with httpx.AsyncClient(transport=self._transport, base_url=url, timeout=60) as pool:
                return await question(AdminApi(medusa_client(pool, ApiKey(self.api_key))))

        return asyncio.run(ask())

    def refusal(self, method: str, path: str, body: object = None) -> Refusal:
        """Status, type and message, with ids as `<id>`, and without what is wrong with a malformed body."""
        return refusal_of(self.send(method, path, body))

    def workflow(self, workflow_id: str, **given: Any) -> View:
        """Run a workflow with these lists as input."""
        response: View = self.call("POST", workflow_path(workflow_id), {"input": given})
        return response

    def workflow_refusal(self, workflow_id: str, **given: Any) -> Refusal:
        return self.refusal("POST", workflow_path(workflow_id), {"input": given})

    def batch(self, **parts: list[Any]) -> View:
        """Send a batch of `create`, `update` and `delete`."""
        response: View = self.call("POST", "/admin/products/batch", parts, fields=FIELDS)
        return response

    def batch_refusal(self, **parts: list[Any]) -> Refusal:
        return self.refusal("POST", "/admin/products/batch", parts)

    def create(self, number: int = 1, **changes: Any) -> View:
        (created,) = self.batch(create=[self.body(number, **changes)])["created"]
        return self.product(created["id"])

    def update(self, product: View, **changes: Any) -> View:
        self.batch(update=[{"id": product["id"], **changes}])
        return self.product(product["id"])

    def product(self, product_id: str) -> View:
        view: View = _sorted(self.call("GET", f"/admin/products/{product_id}", fields=FIELDS)["product"])
        return view

    def products(self) -> dict[str, View]:
        """Products by external id."""
        views = self.call("GET", "/admin/products", fields=FIELDS, limit="1000", order="id")["products"]
        return {view["external_id"]: _sorted(view) for view in views}

    def level(self, item_id: str, quantity: float) -> View:
        """The request body of a level."""
        return {"inventory_item_id": item_id, "location_id": self.location_id, "stocked_quantity": quantity}

    def tag(self, value: str) -> View:
        return self._term("product-tags", "product_tag", {"value": value})

    def type(self, value: str) -> View:
        return self._term("product-types", "product_type", {"value": value})

    def collection(self, title: str, **more: Any) -> View:
        return self._term("collections", "collection", {"title": title, "handle": title.lower(), **more})

    def category(self, handle: str, **more: Any) -> View:
        body = {"name": handle.title(), "handle": handle, **more}
        return self._term("product-categories", "product_category", body)

    def _term(self, path: str, name: str, body: View) -> View:
        created: View = self.call("POST", f"/admin/{path}", body)[name]
        return created

    def second_variant(self, product: View, **changes: Any) -> View:
        """Add a variant as a merchant does: first the option value, then the variant."""
        value = {"product_option_id": product["options"][0]["id"], "add": [{"value": "Two"}]}
        self.options(product, update=[value])
        prices = [{"currency_code": "usd", "amount": 20}]
        body = {"title": "Two", "options": {"Default": "Two"}, "prices": prices, **changes}
        return self.variants(product, create=[body])

    def options(self, product: View, **parts: list[Any]) -> View:
        """Send a batch of `add`, `remove` and `update` for the options of a product."""
        self.call("POST", f"/admin/products/{product['id']}/options/batch", parts)
        return self.product(product["id"])

    def options_refusal(self, product: View, **parts: list[Any]) -> Refusal:
        return self.refusal("POST", f"/admin/products/{product['id']}/options/batch", parts)

    def variants(self, product: View, **parts: list[Any]) -> View:
        """Send a batch of `create`, `update` and `delete` for the variants of a product."""
        self.call("POST", f"/admin/products/{product['id']}/variants/batch", parts)
        return self.product(product["id"])

    def variants_refusal(self, product: View, **parts: list[Any]) -> Refusal:
        return self.refusal("POST", f"/admin/products/{product['id']}/variants/batch", parts)

    def reserve(self, product: View, title: str, quantity: float = 1) -> None:
        """Reserve stock of a variant, as an order does; it gets a level if it has none."""
        level = self.level(item_of(product, title), 7)
        self.send("POST", LEVELS, {"create": [level]})
        del level["stocked_quantity"]
        self.call("POST", "/admin/reservations", {**level, "quantity": quantity})

    def body(self, number: int, **changes: Any) -> View:
        """The body of a new product as a sync sends it; `variant` changes its variant."""
        variant = {
            "title": "Default",
            "sku": f"SKU-{number}",
            "barcode": f"BAR-{number}",
            "options": {"Default": "Default"},
            "manage_inventory": True,
            "prices": [{"currency_code": "usd", "amount": 9.99}],
            **changes.pop("variant", {}),
        }
        return {
            "title": f"Product {number}",
            "handle": f"product-{number}",
            "external_id": f"contract:{number}",
            "status": "published",
            "options": [{"title": "Default", "values": ["Default"]}],
            "variants": [variant],
            "sales_channels": [{"id": self.sales_channel_id}],
            "shipping_profile_id": self.shipping_profile_id,
            **changes,
        }


def workflow_path(workflow_id: str) -> str:
    return f"/admin/workflows-executions/{workflow_id}/run"


def invalid(message: str) -> Refusal:
    return 400, "invalid_data", message


def exists(what: str, **key: str) -> Refusal:
    """A unique value is taken."""
    return invalid(
        f"{what} with {', '.join(f'{name}: {value}' for name, value in key.items())}, already exists."
    )


def not_there(column: str, value: str) -> Refusal:
    message = f"You tried to set relationship {column}: {value}, but such entity does not exist"
    return 404, "not_found", message


def unlinked(value: str, option: str) -> str:
    return f"Option value {value} does not exist for option {option}"


def miscounted(number: int, title: str) -> Refusal:
    values = f"2 option values but there were {number} provided option values"
    return invalid(f"Product has {values} for the variant: {title}.")


def options_of(product: View, variant: View) -> dict[str, str]:
    """The option values of a variant by title."""
    titles = {option["id"]: option["title"] for option in product["options"]}
    return {titles[value["option_id"]]: value["value"] for value in variant["options"]}


def variant_of(product: View, title: str = "Default") -> View:
    variant: View = next(variant for variant in product["variants"] if variant["title"] == title)
    return variant


def item_of(product: View, title: str = "Default") -> str:
    """The id of the inventory item."""
    item_id: str = variant_of(product, title)["inventory_items"][0]["inventory_item_id"]
    return item_id


def prices_of(product: View, title: str = "Default") -> set[tuple[Any, ...]]:
    return {_price(price) for price in variant_of(product, title)["prices"]}


def natural(value: Any) -> Any:
    """A view without ids, and with its lists in a fixed order."""
    match value:
        case dict():
            ids = {name for name in value if name == "id" or (name.endswith("_id") and name != "external_id")}
            return {name: natural(member) for name, member in value.items() if name not in ids}
        case list():
            return sorted(map(natural, value), key=str)
    return value


def _sorted(view: Any, name: str = "") -> Any:
    """The view with its lists sorted by id, except images, whose order counts."""
    match view:
        case dict():
            return {name: _sorted(member, name) for name, member in view.items()}
        case list() if name != "images":
            return sorted(
                map(_sorted, view), key=lambda each: str(each.get("id")) if isinstance(each, dict) else ""
            )
    return view


def _price(price: View) -> tuple[Any, ...]:
    rules = tuple(sorted(price["rules"].items()))
    return price["currency_code"], price["amount"], price["min_quantity"], price["max_quantity"], rules


def refusal_of(response: httpx.Response) -> Refusal:
    assert response.is_error, response.text
    body = response.json()
    message = "Invalid request" if body["message"].startswith("Invalid request") else body["message"]
    return response.status_code, body.get("type", ""), _IDS.sub("<id>", message)
