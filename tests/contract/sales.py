"""Price lists with prices."""

from typing import Any, Final

from tests.contract.shop import USD, Shop, View, variant_of

LISTS: Final = "/admin/price-lists"
SALE: Final[dict[str, Any]] = {
    "title": "Sale",
    "description": "",
    "type": "sale",
    "status": "active",
    "prices": [],
}
_FIELDS: Final = (
    "id,amount,currency_code,min_quantity,max_quantity,price_list_id,price_set.variant.id,"
    "price_rules.attribute,price_rules.value"
)


def new_list(shop: Shop, **changes: Any) -> str:
    """Create a price list; returns its id."""
    created: str = shop.call("POST", LISTS, {**SALE, **changes})["price_list"]["id"]
    return created


def stored(shop: Shop, sale: str) -> list[View]:
    prices: list[View] = shop.call("GET", f"{LISTS}/{sale}/prices", fields=_FIELDS, limit="1000")["prices"]
    return sorted(prices, key=lambda price: (price["currency_code"], price["amount"], price["id"]))


def amounts(shop: Shop, sale: str) -> list[tuple[str, float]]:
    return [(price["currency_code"], price["amount"]) for price in stored(shop, sale)]


def price(product: View, title: str, amount: float = 15, **more: Any) -> View:
    """The body of a new price of a variant."""
    return {"variant_id": variant_of(product, title)["id"], **USD, "amount": amount, **more}


def change(shop: Shop, sale: str, **parts: list[Any]) -> View:
    response: View = shop.call("POST", f"{LISTS}/{sale}/prices/batch", parts)
    return response


def created(shop: Shop, sale: str, *bodies: View) -> list[str]:
    """Create prices one by one; returns their ids in order."""
    return [change(shop, sale, create=[body])["created"][0]["id"] for body in bodies]


def refusal(shop: Shop, sale: str, **parts: list[Any]) -> tuple[int, str, str]:
    return shop.refusal("POST", f"{LISTS}/{sale}/prices/batch", parts)
