"""The kinds of edits that a merchant makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.soak.merchant import Merchant

Kind = Callable[["Merchant", str, dict[str, Any]], str | None]


def name_of(kind: Kind) -> str:
    return kind.__name__.strip("_")


def _number(merchant: Merchant) -> int:
    return merchant.dice.randrange(10**6)


def _our_variant(merchant: Merchant, key: str, product: Mapping[str, Any]) -> dict[str, Any] | None:
    expected = merchant.oracle.products[key]
    variants: list[dict[str, Any]] = product["variants"]
    return next((each for each in variants if each["id"] == expected.variant_id), None)


def _scalar(name: str, value: Callable[[Merchant], Any]) -> Kind:
    def edit(merchant: Merchant, key: str, product: dict[str, Any]) -> str:
        new = value(merchant)
        merchant.shop.post(f"/admin/products/{product['id']}", {name: new})
        merchant.oracle.edit(key, name, new)
        return f"{name} {new!r}"

    edit.__name__ = name
    return edit


def _brand(merchant: Merchant, key: str, product: dict[str, Any]) -> str:
    new = f"Merchant's brand {_number(merchant)}"
    merchant.shop.post(f"/admin/products/{product['id']}", {"metadata": {"brand": new}})
    merchant.oracle.edit(key, "brand", new)
    return new


def _campaign(merchant: Merchant, key: str, product: dict[str, Any]) -> str:
    new = str(_number(merchant))
    merchant.shop.post(f"/admin/products/{product['id']}", {"metadata": {"campaign": new}})
    merchant.look(key, "own metadata")
    return new


def _subtitle(merchant: Merchant, key: str, product: dict[str, Any]) -> str:
    new = f"Subtitle {_number(merchant)}"
    merchant.shop.post(f"/admin/products/{product['id']}", {"subtitle": new})
    merchant.look(key, "subtitle")
    return new


def _status(merchant: Merchant, key: str, product: dict[str, Any]) -> str:
    new = "draft" if product["status"] == "published" else "published"
    merchant.shop.post(f"/admin/products/{product['id']}", {"status": new})
    expected = merchant.oracle.products[key]
    expected.statuses = {(new, drafted) for _, drafted in expected.statuses}
    return new


def _channels(merchant: Merchant, key: str, product: dict[str, Any]) -> str:
    channels = {channel["id"] for channel in product["sales_channels"]} ^ {merchant.second_channel}
    body = {"sales_channels": [{"id": channel} for channel in sorted(channels)]}
    merchant.shop.post(f"/admin/products/{product['id']}", body)
    merchant.look(key, "sales channels")
    return str(sorted(channels))


def _tags(merchant: Merchant, key: str, product: dict[str, Any]) -> str:
    tags = {tag["value"] for tag in product["tags"]}
    new = {f"merchant {merchant.dice.randrange(9)}", *merchant.dice.sample(sorted(tags), len(tags) // 2)}
    body = {"tags": [{"id": merchant.shop.tag(tag)} for tag in sorted(new)]}
    merchant.shop.post(f"/admin/products/{product['id']}", body)
    merchant.oracle.edit(key, "tags", tuple(sorted(new)))
    return str(sorted(new))


def _images(merchant: Merchant, key: str, product: dict[str, Any]) -> str:
    images = sorted(product["images"], key=lambda image: image["rank"])
    kept = [{"id": image["id"], "url": image["url"]} for image in images]
    if len(kept) > 1 and merchant.dice.random() < 0.5:
        kept.pop(merchant.dice.randrange(len(kept)))
    new = [*kept, {"url": f"https://m.example/{_number(merchant)}.png"}]
    merchant.shop.post(f"/admin/products/{product['id']}", {"images": new})
    urls = tuple(image["url"] for image in new)
    merchant.oracle.edit(key, "images", urls)
    return str(urls)


def _category(merchant: Merchant, key: str, product: dict[str, Any]) -> str:
    handles = {category["handle"] for category in product["categories"]} ^ {"merchants-shelf"}
    body = {"categories": [{"id": merchant.shop.category(handle)} for handle in sorted(handles)]}
    merchant.shop.post(f"/admin/products/{product['id']}", body)
    merchant.oracle.edit(key, "categories", tuple(sorted(handles)))
    return str(sorted(handles))


def _prices(
    merchant: Merchant, key: str, product: dict[str, Any], changes: Callable[[list[dict[str, Any]]], None]
) -> str | None:
    """Send all prices of our variant, as the admin does."""
    variant = _our_variant(merchant, key, product)
    if variant is None:
        return None
    names = ("id", "currency_code", "amount", "min_quantity")
    prices = [{name: price[name] for name in names} for price in variant["prices"]]
    changes(prices)
    merchant.shop.post(f"/admin/products/{product['id']}/variants/{variant['id']}", {"prices": prices})
    ours = [price for price in prices if price["currency_code"] == "usd" and not price.get("min_quantity")]
    merchant.oracle.edit(key, "price", ours[0]["amount"] if ours else None)
    merchant.look(key, "other prices", "ids of prices")
    return str(prices)


def _price(merchant: Merchant, key: str, product: dict[str, Any]) -> str | None:
    def change(prices: list[dict[str, Any]]) -> None:
        for price in prices:
            if price["currency_code"] == "usd" and not price["min_quantity"]:
                price["amount"] = merchant.dice.randrange(100, 99999) / 100

    return _prices(merchant, key, product, change)


def _euros(merchant: Merchant, key: str, product: dict[str, Any]) -> str | None:
    def change(prices: list[dict[str, Any]]) -> None:
        prices[:] = [price for price in prices if price["currency_code"] != "eur"]
        prices.append({"currency_code": "eur", "amount": merchant.dice.randrange(100, 999)})

    return _prices(merchant, key, product, change)


def _price_of_ten(merchant: Merchant, key: str, product: dict[str, Any]) -> str | None:
    def change(prices: list[dict[str, Any]]) -> None:
        prices[:] = [price for price in prices if not price["min_quantity"]]
        amount = merchant.dice.randrange(100, 999)
        prices.append({"currency_code": "usd", "amount": amount, "min_quantity": 10})

    return _prices(merchant, key, product, change)


def _sku(merchant: Merchant, key: str, product: dict[str, Any]) -> str | None:
    variant = _our_variant(merchant, key, product)
    if variant is None:
        return None
    new = f"M-{_number(merchant)}"
    merchant.shop.post(f"/admin/products/{product['id']}/variants/{variant['id']}", {"sku": new})
    merchant.oracle.left_skus |= {link["inventory"]["sku"] for link in variant["inventory_items"]}
    merchant.oracle.edit(key, "sku", new)
    return new


def _barcode(merchant: Merchant, key: str, product: dict[str, Any]) -> str | None:
    variant = _our_variant(merchant, key, product)
    if variant is None:
        return None
    new = f"M{_number(merchant)}"
    merchant.shop.post(f"/admin/products/{product['id']}/variants/{variant['id']}", {"barcode": new})
    merchant.oracle.edit(key, "barcode", new)
    return new


def _item(variant: Mapping[str, Any] | None) -> str | None:
    links = variant["inventory_items"] if variant else []
    return links[0]["inventory_item_id"] if links else None


def _stock(merchant: Merchant, key: str, product: dict[str, Any]) -> str | None:
    item = _item(_our_variant(merchant, key, product))
    if item is None:
        return None
    new = merchant.dice.randrange(200)
    path = f"/admin/inventory-items/{item}/location-levels/{merchant.shop.store.location_id}"
    merchant.shop.post(path, {"stocked_quantity": new})
    merchant.oracle.edit(key, "stock", new)
    return str(new)


def _level_elsewhere(merchant: Merchant, key: str, product: dict[str, Any]) -> str | None:
    item = _item(_our_variant(merchant, key, product))
    levels = merchant.oracle.products[key].others["levels elsewhere"]
    if item is None or any(levels):
        return None
    body = {"location_id": merchant.elsewhere, "stocked_quantity": merchant.dice.randrange(1, 200)}
    merchant.shop.post(f"/admin/inventory-items/{item}/location-levels", body)
    merchant.look(key, "levels elsewhere", "ids of levels")
    return str(body)


def _add_variant(merchant: Merchant, key: str, product: dict[str, Any]) -> str:
    value = f"Own {_number(merchant)}"
    [option] = merchant.shop.get(f"/admin/products/{product['id']}", fields="options.id,options.title")[
        "product"
    ]["options"]
    merchant.shop.post(
        f"/admin/products/{product['id']}/options/batch",
        {"update": [{"product_option_id": option["id"], "add": [{"value": value}]}]},
    )
    merchant.shop.post(
        f"/admin/products/{product['id']}/variants",
        {
            "title": value,
            "sku": value,
            "options": {option["title"]: value},
            "manage_inventory": False,
            "prices": [{"currency_code": "usd", "amount": 77}, {"currency_code": "eur", "amount": 66}],
        },
    )
    merchant.look(key, "other variants")
    return value


def _delete_our_variant(merchant: Merchant, key: str, product: dict[str, Any]) -> str | None:
    variant = _our_variant(merchant, key, product)
    if variant is None:
        return None
    merchant.shop.delete(f"/admin/products/{product['id']}/variants/{variant['id']}")
    expected = merchant.oracle.products[key]
    expected.variant_is_gone = True
    merchant.look(key, "id of the variant", "other prices", "ids of prices")
    merchant.look(key, "ids of items", "ids of levels", "levels elsewhere")
    return str(variant["id"])


def _add_and_delete_variant(merchant: Merchant, key: str, product: dict[str, Any]) -> str | None:
    _add_variant(merchant, key, product)
    return _delete_our_variant(merchant, key, product)


def _stop_managing(merchant: Merchant, key: str, product: dict[str, Any]) -> str | None:
    variant = _our_variant(merchant, key, product)
    if variant is None:
        return None
    expected = merchant.oracle.products[key]
    merchant.oracle.left_levels.append(merchant.read(key).others["levels elsewhere"])
    body = {"manage_inventory": False}
    merchant.shop.post(f"/admin/products/{product['id']}/variants/{variant['id']}", body)
    expected.is_managed = False
    merchant.oracle.left_skus |= {link["inventory"]["sku"] for link in variant["inventory_items"]}
    merchant.look(key, "ids of items", "ids of levels", "levels elsewhere")
    return str(variant["id"])


def _delete_product(merchant: Merchant, key: str, product: dict[str, Any]) -> str:
    merchant.shop.delete(f"/admin/products/{product['id']}")
    merchant.oracle.delete(key)
    return str(product["id"])


def _stop_managing_and_delete(merchant: Merchant, key: str, product: dict[str, Any]) -> str | None:
    if _stop_managing(merchant, key, product) is None:
        return None
    return _delete_product(merchant, key, product)


EDITS: dict[Kind, int] = {
    _scalar("title", lambda merchant: f"Merchant's title {_number(merchant)}"): 6,
    _scalar("description", lambda merchant: f"Merchant's words {_number(merchant)}"): 2,
    _scalar("thumbnail", lambda merchant: f"https://m.example/{_number(merchant)}.png"): 2,
    _scalar("weight", lambda merchant: merchant.dice.randrange(100, 999)): 2,
    _brand: 4,
    _campaign: 4,
    _subtitle: 2,
    _status: 2,
    _channels: 2,
    _tags: 6,
    _images: 6,
    _category: 3,
    _price: 6,
    _euros: 6,
    _price_of_ten: 3,
    _sku: 2,
    _barcode: 2,
    _stock: 4,
    _level_elsewhere: 3,
    _add_variant: 4,
    _delete_our_variant: 1,
    _add_and_delete_variant: 1,
    _stop_managing: 1,
    _delete_product: 1,
    _stop_managing_and_delete: 1,
}
METADATA_EDITS = {_brand, _campaign}
ONLY_OF_DELIVERED = {_status, _delete_product, _stop_managing_and_delete}
NAMES = [name_of(kind) for kind in EDITS]
