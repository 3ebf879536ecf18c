"""Products with several options and variants, and the workflows that write variants of many products."""

from collections.abc import Sequence
from typing import Any, Final

from tests.contract.shop import LEVELS, Refusal, Shop, View, item_of, variant_of

CREATE: Final = "create-product-variants"
UPDATE: Final = "update-product-variants"
DELETE: Final = "delete-product-variants"


def shirt(
    shop: Shop, number: int = 1, sizes: Sequence[str] = ("S", "M"), colours: Sequence[str] = ("Red", "Blue")
) -> View:
    """Create a product with a variant for each size and colour."""
    values = {"Size": list(sizes), "Colour": list(colours)}
    return shop.create(
        number,
        options=[{"title": title, "values": texts} for title, texts in values.items()],
        variants=[variant(size, colour, number) for size in sizes for colour in colours],
    )


def variant(size: str, colour: str, number: int = 1, **changes: Any) -> View:
    """The body of a variant."""
    return {
        "title": f"{size} / {colour}",
        "sku": f"SH{number}-{size}-{colour}",
        "options": {"Size": size, "Colour": colour},
        "prices": [{"currency_code": "usd", "amount": 20}, {"currency_code": "eur", "amount": 18}],
        **changes,
    }


def option_of(product: View, title: str) -> str:
    option_id: str = next(option["id"] for option in product["options"] if option["title"] == title)
    return option_id


def value_of(product: View, title: str, value: str) -> str:
    """The id of an option value."""
    option_id = option_of(product, title)
    values = next(option["values"] for option in product["options"] if option["id"] == option_id)
    value_id: str = next(each["id"] for each in values if each["value"] == value)
    return value_id


def values_of(product: View) -> dict[str, list[str]]:
    return {
        option["title"]: sorted(value["value"] for value in option["values"]) for option in product["options"]
    }


def add_values(shop: Shop, product: View, title: str, *values: str) -> View:
    added = [{"value": value} for value in values]
    return shop.options(product, update=[{"product_option_id": option_of(product, title), "add": added}])


def stocked_shirt(shop: Shop) -> View:
    """Create a shirt in sizes S and M and two colours, with stock; sizes L and XL have no variants."""
    product = add_values(shop, shirt(shop), "Size", "L", "XL")
    levels = [shop.level(item_of(product, each["title"]), 7) for each in product["variants"]]
    shop.call("POST", LEVELS, {"create": levels})
    return shop.product(product["id"])


def entry(product: View, variant_title: str, **changes: Any) -> View:
    """The body of an update of a variant."""
    return {"id": variant_of(product, variant_title)["id"], **changes}


def sizes(size: str, colour: str = "Red") -> View:
    """The option values of a variant."""
    return {"options": {"Size": size, "Colour": colour}}


def variants_path(product: View) -> str:
    return f"/admin/products/{product['id']}/variants/batch"


def new(product: View, size: str, number: int, **changes: Any) -> View:
    """The body of a red variant in a workflow."""
    return {"product_id": product["id"], **variant(size, "Red", number, **changes)}


def both(shop: Shop, *products: View) -> list[View]:
    return [shop.product(product["id"]) for product in products]


def skus(shop: Shop) -> set[str]:
    """The SKUs of all inventory items."""
    items = shop.call("GET", "/admin/inventory-items", fields="sku", limit="100")["inventory_items"]
    return {item["sku"] for item in items}


def refusal(shop: Shop, workflow_id: str, *bodies: View) -> Refusal:
    return shop.workflow_refusal(workflow_id, product_variants=list(bodies))
