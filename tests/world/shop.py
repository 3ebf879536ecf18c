"""Reads and edits a real store through its Admin API, as a merchant does."""

from collections.abc import Callable
from functools import cached_property
from operator import itemgetter
from typing import Any, Self

import httpx

from tests.harness.medusa import MEDUSA_VERSION, Store
from tests.world.wanted import PRICES

_RELEASE = tuple(map(int, MEDUSA_VERSION.split(".")))
_VERSION = _RELEASE[:2]
OPTIONS_ARE_ENTITIES = _VERSION >= (2, 17)
"""Options have an `is_exclusive`, and cannot be removed from a product."""
WEIGHT = 0.3 if _VERSION >= (2, 15) else 3
"""Of a variant: older versions keep whole numbers."""

HAS_TRANSLATIONS = _RELEASE >= (2, 12, 3)

_TEXTS = (
    ",translations.id,translations.locale_code,translations.translations"
    ",variants.translations.locale_code,variants.translations.translations"
    if HAS_TRANSLATIONS
    else ""
)
_FIELDS = (
    "id,external_id,title,subtitle,handle,status,description,thumbnail,weight,length,height,width,origin_country,hs_code,"
    "mid_code,material,discountable,metadata,options.id,options.title,options.values.value,"
    "images.id,images.url,images.rank,tags.value,type.value,collection.handle,"
    "categories.handle,categories.name,categories.is_active,"
    "sales_channels.id,sales_channels.name,shipping_profile.id,shipping_profile.name,variants.id,"
    "variants.title,variants.sku,variants.barcode,variants.ean,variants.variant_rank,"
    "variants.material,variants.origin_country,variants.hs_code,variants.mid_code,"
    "variants.manage_inventory,variants.allow_backorder,variants.weight,variants.options.option_id,variants.options.value,"
    "variants.prices.id,variants.prices.amount,variants.prices.currency_code,"
    "variants.prices.min_quantity,variants.prices.max_quantity,"
    "variants.prices.price_rules.attribute,variants.prices.price_rules.value,"
    "variants.inventory_items.inventory_item_id,"
    "variants.inventory_items.inventory.id,variants.inventory_items.inventory.sku,"
    "variants.inventory_items.inventory.location_levels.id,"
    "variants.inventory_items.inventory.location_levels.location_id,"
    "variants.inventory_items.inventory.location_levels.stocked_quantity,"
    "variants.inventory_items.inventory.location_levels.reserved_quantity"
) + _TEXTS
LEVELS = "/admin/inventory-items/location-levels/batch"
_PRICE = ("id", "currency_code", "amount", "min_quantity", "max_quantity", "rules")
_PAGE = 200
_ALL = 10_000

Json = dict[str, Any]


class Shop:
    """A store as its merchant sees it; one in memory has a transport."""

    def __init__(self, store: Store, transport: httpx.BaseTransport | None = None) -> None:
        self.store = store
        self.locations = {"stock": store.location_id}  # that the source may name, by field
        self.is_available = False  # stock of the source is what no order has reserved
        self.source_of: Callable[[str], str] = str  # the URL at the source of an image of the store
        self.content_of: Callable[[str], bytes | None] = dict[str, bytes]().get  # a file, by its name
        auth = (store.api_key, "")
        self._client = httpx.Client(base_url=store.url, auth=auth, timeout=60, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, **query: str | int) -> Any:
        return self._client.get(path, params=query).raise_for_status().json()

    def post(self, path: str, body: Json) -> Any:
        response = self._client.post(path, json=body)
        assert response.is_success, response.text
        return response.json()

    def delete(self, path: str) -> None:
        self._client.delete(path).raise_for_status()

    # What these return is the id of what exists, or is created.

    def tag(self, value: str) -> str:
        return self._found_or_made("product-tags", "value", {"value": value})

    def type(self, value: str) -> str:
        return self._found_or_made("product-types", "value", {"value": value})

    def collection(self, handle: str) -> str:
        return self._found_or_made("collections", "handle", {"title": handle.title(), "handle": handle})

    def location(self, name: str) -> str:
        own = self._found_or_made("stock-locations", "name", {"name": name})
        self.locations[f"stock.{name}"] = own
        return own

    def channel(self, name: str) -> str:
        own = self._found_or_made("sales-channels", "name", {"name": name})
        self.names[own] = name
        return own

    def profile(self, name: str) -> str:
        return self._found_or_made("shipping-profiles", "name", {"name": name, "type": "custom"})

    def category(self, handle: str, *, is_active: bool = True) -> str:
        body = {"name": handle.title(), "handle": handle, "is_active": is_active}
        return self._found_or_made("product-categories", "handle", body)

    # --- the store as a whole -------------------------------------------------------------------------

    @cached_property
    def names(self) -> dict[str, str]:
        """Names of regions and sales channels by id, which they are called by even while they have others."""
        return self.named("regions") | self.named("sales-channels")

    def named(self, path: str) -> dict[str, str]:
        """Names by id, the oldest first."""
        rows = self.get(f"/admin/{path}", limit=_ALL, order="id", fields="id,name")[path.replace("-", "_")]
        return {each["id"]: each["name"] for each in rows}

    def make_region(self, name: str) -> None:
        body = {"name": name, "currency_code": "usd"}
        self.names[self.post("/admin/regions", body)["region"]["id"]] = name

    def make_location(self, name: str) -> None:
        """Make a location that the source names."""
        body = {"name": name}
        self.locations[f"stock.{name}"] = self.post("/admin/stock-locations", body)["stock_location"]["id"]

    @property
    def locales(self) -> list[str]:
        return [each["locale_code"] for each in self._settings("supported_locales.locale_code")]

    @locales.setter
    def locales(self, codes: list[str]) -> None:
        body = {"supported_locales": [{"locale_code": each} for each in codes]}
        self.post(f"/admin/stores/{self.store.store_id}", body)

    @property
    def currencies(self) -> list[str]:
        return [each["currency_code"] for each in self._settings("supported_currencies.currency_code")]

    @currencies.setter
    def currencies(self, codes: list[str]) -> None:
        """The first one is the default."""
        body = [{"currency_code": each, "is_default": not number} for number, each in enumerate(codes)]
        self.post(f"/admin/stores/{self.store.store_id}", {"supported_currencies": body})

    def _settings(self, field: str) -> list[Json]:
        [store] = self.get("/admin/stores", fields=field)["stores"]
        found: list[Json] = store[field.partition(".")[0]]
        return found

    def items(self) -> list[Json]:
        """All inventory items with their levels, the oldest first."""
        names = ("location_id", "stocked_quantity", "reserved_quantity")
        fields = ",".join(["id", "sku", *(f"location_levels.{each}" for each in names)])
        items: list[Json] = self.get("/admin/inventory-items", fields=fields, limit=_ALL, order="id")[
            "inventory_items"
        ]
        for each in items:
            each["location_levels"].sort(key=itemgetter("location_id"))
        return items

    def reserve(self, item: str, location: str) -> str:
        """Reserve one of an item; returns the id of the reservation."""
        body = {"inventory_item_id": item, "location_id": location, "quantity": 1}
        return str(self.post("/admin/reservations", body)["reservation"]["id"])

    # --- products -------------------------------------------------------------------------------------

    def summaries(self) -> list[Json]:
        """The products with their external ids, records, and the ids of their variants."""
        fields = "id,external_id,metadata,variants.id"
        found: list[Json] = self.get("/admin/products", fields=fields, limit=_ALL, order="id")["products"]
        for each in found:
            each["record"] = (each["metadata"] or {}).get("medusa_sync") or {}
        return found

    def _found_or_made(self, path: str, key: str, body: Json) -> str:
        # Medusa reads `null` in a query as no value, so all are read.
        known = self.get(f"/admin/{path}", limit=_ALL)[path.replace("-", "_")]
        found = [each for each in known if each[key] == body[key]]
        [made] = found or self.post(f"/admin/{path}", body).values()
        return str(made["id"])

    def product(self, product_id: str) -> Json:
        """One product, with its options and variants in an order that every store has."""
        found: Json = self.get(f"/admin/products/{product_id}", fields=_FIELDS)["product"]
        for part in ("options", "variants"):
            found[part].sort(key=itemgetter("title"))
        self._name_parts(found)
        return found

    def _name_parts(self, product: Json) -> None:
        """Add to each price the name of its field, and give sales channels their first names."""
        for channel in product["sales_channels"]:
            channel["name"] = self.names.get(channel["id"], channel["name"])
        for price in (each for variant in product["variants"] for each in variant.get("prices", ())):
            region = ",".join(self.names.get(each, each) for each in (price["rules"] or {}).values())
            key = (price["currency_code"], region, price["min_quantity"], price["max_quantity"])
            price["field"] = PRICES.get(key, str(key))

    def products(self) -> list[Json]:
        """All products with every field that a sync may write, oldest first."""
        found: list[Json] = []
        while True:
            page = self.get("/admin/products", fields=_FIELDS, limit=_PAGE, offset=len(found), order="id")
            found += page["products"]
            if len(found) >= page["count"] or not page["products"]:
                break
        for product in found:  # the store lists them in any order
            product["tags"].sort(key=itemgetter("value"))
            product["categories"].sort(key=itemgetter("handle"))
            self._name_parts(product)
        return found

    def sale_prices(self, source_name: str = "dummyjson") -> list[Json]:
        """The prices in the price lists of a source, with the ids of the list and the variant."""
        lists = self.get("/admin/price-lists", fields="id,description", limit=_ALL)["price_lists"]
        found: list[Json] = []
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

    def by_external_id(self) -> dict[str, Json]:
        """Products by external id; fails if one is stored twice."""
        products = [product for product in self.products() if product["external_id"]]
        by_id = {product["external_id"]: product for product in products}
        assert len(by_id) == len(products), "a product is stored twice"
        return by_id

    def edit(self, product: Json, **changes: Any) -> None:
        self.post(f"/admin/products/{product['id']}", changes)

    def edit_variant(self, product: Json, variant: Json, **changes: Any) -> None:
        self.post(f"/admin/products/{product['id']}/variants/{variant['id']}", changes)

    def set_price(self, product: Json, variant: Json, amount: float, field: str = "price") -> None:
        """Set or add a price of a variant, and send all of them, as the admin does."""
        prices = {each["field"]: {name: each[name] for name in _PRICE} for each in variant.get("prices", ())}
        [(currency, name, minimum, maximum)] = [key for key, own in PRICES.items() if own == field]
        new: Json = {"currency_code": currency, "min_quantity": minimum, "max_quantity": maximum}
        if name:
            [region] = [own for own, known in self.names.items() if known == name]
            new["rules"] = {"region_id": region}
        prices[field] = {**prices.get(field, new), "amount": amount}
        self.edit_variant(product, variant, prices=list(prices.values()))

    def set_stock(self, variant: Json, quantity: int, field: str = "stock") -> None:
        [item] = variant["inventory_items"]
        level = {"inventory_item_id": item["inventory_item_id"], "location_id": self.locations[field]}
        self.post(LEVELS, {"update": [{**level, "stocked_quantity": quantity}]})

    def translate(self, product: Json, locale: str, **texts: str) -> None:
        """Set texts of a product in a locale."""
        known = [each["id"] for each in product["translations"] if each["locale_code"] == locale]
        new = {"reference": "product", "reference_id": product["id"], "locale_code": locale}
        bodies = {"update": [{"id": known[0]}]} if known else {"create": [new]}
        body = {part: [{**each, "translations": texts} for each in own] for part, own in bodies.items()}
        self.post("/admin/translations/batch", body)

    def add_value(self, product: Json, option: Json, value: str) -> None:
        path = f"/admin/products/{product['id']}/options"
        if OPTIONS_ARE_ENTITIES:
            change = {"product_option_id": option["id"], "add": [{"value": value}]}
            self.post(f"{path}/batch", {"update": [change]})
        else:
            values = [*(known["value"] for known in option["values"]), value]
            self.post(f"{path}/{option['id']}", {"title": option["title"], "values": values})

    def create(self, title: str, sku: str | None = None, **fields: Any) -> str:
        """Create a product with one variant; returns its id."""
        variant: Json = {"title": "One", "sku": sku, "options": {"Kind": "One"}, "prices": []}
        options = [{"title": "Kind", "values": ["One"]}]
        body = {"title": title, "options": options, "variants": [variant], **fields}
        return str(self.post("/admin/products", body)["product"]["id"])


def price(product: Json, currency: str = "usd") -> float | None:
    """The amount of the first variant's price in a currency."""
    amounts = [p["amount"] for p in product["variants"][0]["prices"] if p["currency_code"] == currency]
    assert len(amounts) <= 1
    return amounts[0] if amounts else None
