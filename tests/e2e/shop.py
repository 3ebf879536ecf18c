"""Reads and edits a real store through its Admin API, as a merchant does."""

from typing import Any, Self

import httpx

from tests.harness.medusa import Store

_FIELDS = (
    "id,external_id,title,subtitle,handle,status,description,thumbnail,weight,length,height,width,origin_country,hs_code,"
    "mid_code,material,metadata,options.id,options.title,options.values.value,"
    "images.id,images.url,images.rank,tags.value,type.value,collection.handle,"
    "categories.handle,categories.name,categories.is_active,"
    "sales_channels.id,shipping_profile.id,variants.id,variants.title,variants.sku,variants.barcode,"
    "variants.manage_inventory,variants.weight,variants.options.option_id,variants.options.value,"
    "variants.prices.id,variants.prices.amount,"
    "variants.prices.currency_code,variants.prices.min_quantity,variants.inventory_items.inventory_item_id,"
    "variants.inventory_items.inventory.id,variants.inventory_items.inventory.sku,"
    "variants.inventory_items.inventory.location_levels.id,"
    "variants.inventory_items.inventory.location_levels.location_id,"
    "variants.inventory_items.inventory.location_levels.stocked_quantity"
)
_PAGE = 200
_ALL = 10_000


class Shop:
    """A store as its merchant sees it.

    Args:
        store: what to read and edit.
        transport: of a store in memory.
    """

    def __init__(self, store: Store, transport: httpx.BaseTransport | None = None) -> None:
        self.store = store
        auth = (store.api_key, "")
        self._client = httpx.Client(base_url=store.url, auth=auth, timeout=60, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, **query: str | int) -> Any:
        return self._client.get(path, params=query).raise_for_status().json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        response = self._client.post(path, json=body)
        assert response.is_success, response.text
        return response.json()

    def delete(self, path: str) -> None:
        self._client.delete(path).raise_for_status()

    def tag(self, value: str) -> str:
        """Return the id of a tag; creates it if it does not exist."""
        tags = self.get("/admin/product-tags", limit=_ALL)[
            "product_tags"
        ]  # Medusa reads `null` in a query as no value
        found = [tag for tag in tags if tag["value"] == value]
        return str((found or [self.post("/admin/product-tags", {"value": value})["product_tag"]])[0]["id"])

    def type(self, value: str) -> str:
        """Return the id of a product type; creates it if it does not exist."""
        types = self.get("/admin/product-types", limit=_ALL)["product_types"]
        found = [each for each in types if each["value"] == value]
        return str((found or [self.post("/admin/product-types", {"value": value})["product_type"]])[0]["id"])

    def collection(self, handle: str) -> str:
        """Return the id of a collection; creates it if it does not exist."""
        collections = self.get("/admin/collections", limit=_ALL)["collections"]
        found = [each for each in collections if each["handle"] == handle]
        body = {"title": handle.title(), "handle": handle}
        return str((found or [self.post("/admin/collections", body)["collection"]])[0]["id"])

    def category(self, handle: str, *, is_active: bool = True) -> str:
        """Return the id of a category; creates it if it does not exist."""
        categories = self.get("/admin/product-categories", limit=_ALL)["product_categories"]
        found = [category for category in categories if category["handle"] == handle]
        body = {"name": handle.title(), "handle": handle, "is_active": is_active}
        return str((found or [self.post("/admin/product-categories", body)["product_category"]])[0]["id"])

    def product(self, product_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/admin/products/{product_id}", fields=_FIELDS)["product"]
        return found

    def products(self) -> list[dict[str, Any]]:
        """All products with every field that a sync may write, oldest first."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get("/admin/products", fields=_FIELDS, limit=_PAGE, offset=len(found), order="id")
            found += [_with_numbers(product) for product in page["products"]]
            if len(found) >= page["count"] or not page["products"]:
                return found

    def sale_prices(self, source_name: str = "dummyjson") -> list[dict[str, Any]]:
        """The prices in the price lists of a source, with the ids of the list and the variant."""
        lists = self.get("/admin/price-lists", fields="id,description", limit=_ALL)["price_lists"]
        found: list[dict[str, Any]] = []
        for each in lists:
            if f"the source {source_name}," in (each["description"] or ""):
                path = f"/admin/price-lists/{each['id']}/prices"
                fields = "id,amount,currency_code,price_set.variant.id"
                prices = self.get(path, fields=fields, limit=_ALL)["prices"]
                found += [
                    {**price, "list_id": each["id"], "variant_id": variant["id"]}
                    for price in prices
                    if (variant := (price["price_set"] or {}).get("variant"))
                ]
        return found

    def by_external_id(self) -> dict[str, dict[str, Any]]:
        """Products by external id; fails if one is stored twice."""
        products = [product for product in self.products() if product["external_id"]]
        by_id = {product["external_id"]: product for product in products}
        assert len(by_id) == len(products), "a product is stored twice"
        return by_id


def _with_numbers(product: dict[str, Any]) -> dict[str, Any]:
    """Medusa up to 2.14 returns measurements as text."""
    texts = {name: product[name] for name in ("weight", "length", "height", "width")}
    return product | {name: float(text) for name, text in texts.items() if isinstance(text, str)}


def add_variant(shop: Shop, product_id: str) -> str:
    """Add a variant to a product; returns its id."""
    path = f"/admin/products/{product_id}"
    [option] = shop.get(path, fields="options.id,options.title")["product"]["options"]
    added = {"product_option_id": option["id"], "add": [{"value": "Own"}]}
    shop.post(f"{path}/options/batch", {"update": [added]})
    prices = [{"currency_code": "usd", "amount": 77}]
    body = {"title": "Own", "sku": f"OWN-{product_id}", "options": {option["title"]: "Own"}, "prices": prices}
    variants = shop.post(f"{path}/variants", body)["product"]["variants"]
    return next(str(each["id"]) for each in variants if each["title"] == "Own")


def price(product: dict[str, Any], currency: str = "usd") -> float | None:
    """The amount of the first variant's price in a currency."""
    amounts = [p["amount"] for p in product["variants"][0]["prices"] if p["currency_code"] == currency]
    assert len(amounts) <= 1
    return amounts[0] if amounts else None


def stock(product: dict[str, Any]) -> dict[str, int]:
    """Stocked quantities of the first variant by location."""
    levels = [
        level
        for item in product["variants"][0]["inventory_items"]
        for level in item["inventory"]["location_levels"]
    ]
    return {level["location_id"]: level["stocked_quantity"] for level in levels}
