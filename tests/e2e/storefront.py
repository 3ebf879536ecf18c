"""Reads a real store through its Store API, as its customers do."""

from typing import Any, Self

import httpx

from tests.world.shop import Shop

_COUNTRIES = {"usd": "us", "eur": "de"}
_FIELDS = (
    "id,variants.id,variants.sku,variants.title,variants.manage_inventory,"
    "*variants.calculated_price,+variants.inventory_quantity"
)
_ALL = 1_000
_PAYMENT = "pp_system_default"
_DELIVERY = "manual_manual"


Offer = tuple[int | float, int | float, int | None]
"""What a customer sees of a variant: its price, the one before a sale, and its stock."""


class Storefront:
    """A shop window with the publishable key of the store and a region of its own."""

    def __init__(self, shop: Shop, currency: str = "usd", region: str = "", country: str = "") -> None:
        self._shop, self._country = shop, country or _COUNTRIES[currency]
        body = {"name": region or currency, "currency_code": currency, "countries": [self._country]}
        self._region_id = shop.post("/admin/regions", body)["region"]["id"]
        headers = {"x-publishable-api-key": _key(shop)}
        self._client = httpx.Client(base_url=shop.store.url, headers=headers, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def offers(self) -> dict[str, Offer]:
        """What can be bought, by SKU, else by title."""
        query: dict[str, str | int] = {"region_id": self._region_id, "limit": _ALL, "fields": _FIELDS}
        response = self._client.get("/store/products", params=query).raise_for_status()
        variants = [variant for product in response.json()["products"] for variant in product["variants"]]
        return {variant["sku"] or variant["title"]: _offer(variant) for variant in variants}

    def titles(self, **locale: str) -> dict[str, set[str]]:
        """The titles of products, in a `locale` if the store has some, each with those of its variants."""
        query: dict[str, str | int] = {**locale, "limit": _ALL, "fields": "title,variants.title"}
        products = self._client.get("/store/products", params=query).raise_for_status().json()["products"]
        return {each["title"]: {variant["title"] for variant in each["variants"]} for each in products}

    def price_in_cart(self, variant_id: str, quantity: int = 1) -> tuple[int | float, int | float | None]:
        """Put a variant into a new cart; returns its price, and the one that is crossed out."""
        cart = self._post("/store/carts", {"region_id": self._region_id})["cart"]
        line = {"variant_id": variant_id, "quantity": quantity}
        [item] = self._post(f"/store/carts/{cart['id']}/line-items", line)["cart"]["items"]
        return item["unit_price"], item["compare_at_unit_price"]

    def product(self, title: str, fields: str) -> Any:
        """What customers see of a product."""
        query = {"title": title, "fields": fields}
        [product] = self._client.get("/store/products", params=query).raise_for_status().json()["products"]
        return product

    def images(self) -> set[str]:
        """The URLs of all images that customers see."""
        fields = "thumbnail,images.url,variants.thumbnail"
        query: dict[str, str | int] = {"limit": _ALL, "fields": fields}
        products = self._client.get("/store/products", params=query).raise_for_status().json()["products"]
        thumbnails = {own["thumbnail"] for each in products for own in (each, *each["variants"])} - {None}
        return thumbnails | {image["url"] for each in products for image in each["images"]}

    def order(self, variant_id: str, quantity: int = 1, profile: str | None = "") -> None:
        """Buy a variant, and have it delivered in a way for a shipping profile; with None, in no way."""
        address = dict.fromkeys(["first_name", "last_name", "address_1", "city", "postal_code"], "Elm")
        address |= {"country_code": self._country}
        body = {"region_id": self._region_id, "email": "anna@example.com", "shipping_address": address}
        cart = f"/store/carts/{self._post('/store/carts', body)['cart']['id']}"
        self._post(f"{cart}/line-items", {"variant_id": variant_id, "quantity": quantity})
        self._shop.post(f"/admin/regions/{self._region_id}", {"payment_providers": [_PAYMENT]})
        if profile is not None:
            option = {"option_id": self._delivery(profile or self._shop.store.shipping_profile_id)}
            self._post(f"{cart}/shipping-methods", option)
        payment = self._post("/store/payment-collections", {"cart_id": cart.rsplit("/", maxsplit=1)[-1]})
        payments = f"/store/payment-collections/{payment['payment_collection']['id']}"
        self._post(f"{payments}/payment-sessions", {"provider_id": _PAYMENT})
        done = self._post(f"{cart}/complete", {})
        assert done["type"] == "order", done.get("error")

    def _delivery(self, profile: str) -> str:
        """Let the store deliver to the country; returns the id of the shipping option."""
        post, store = self._shop.post, self._shop.store
        location = f"/admin/stock-locations/{store.location_id}"
        post(f"{location}/fulfillment-sets", {"name": "Parcels", "type": "shipping"})
        fields = "id,fulfillment_sets.id"
        [parcels] = self._shop.get(location, fields=fields)["stock_location"]["fulfillment_sets"]
        zone = {"name": "Here", "geo_zones": [{"type": "country", "country_code": self._country}]}
        made = post(f"/admin/fulfillment-sets/{parcels['id']}/service-zones", zone)["fulfillment_set"]
        post(f"{location}/fulfillment-providers", {"add": [_DELIVERY]})
        option = {
            "name": "Parcel",
            "service_zone_id": made["service_zones"][0]["id"],
            "shipping_profile_id": profile,
            "provider_id": _DELIVERY,
            "price_type": "flat",
            "type": {"label": "Parcel", "description": "Parcel", "code": "parcel"},
            "prices": [{"currency_code": "usd", "amount": 1}],
            "rules": [],
        }
        return str(post("/admin/shipping-options", option)["shipping_option"]["id"])

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._client.post(path, json=body).raise_for_status().json()


def _key(shop: Shop) -> str:
    """The publishable key of the store; early versions of Medusa do not create one."""
    keys = shop.get("/admin/api-keys", type="publishable")["api_keys"]
    if not keys:
        key = shop.post("/admin/api-keys", {"title": "Storefront", "type": "publishable"})["api_key"]
        shop.post(f"/admin/api-keys/{key['id']}/sales-channels", {"add": [shop.store.sales_channel_id]})
        keys = [key]
    return str(keys[0]["token"])


def _offer(variant: dict[str, Any]) -> Offer:
    price = variant["calculated_price"]
    return price["calculated_amount"], price["original_amount"], variant.get("inventory_quantity")
