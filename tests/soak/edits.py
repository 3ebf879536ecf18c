"""The kinds of edits that a merchant makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.soak import variant_edits as of_variants

if TYPE_CHECKING:
    from tests.soak.merchant import Merchant

Kind = Callable[["Merchant", str, dict[str, Any]], str | None]
"""Edits a product with this external id; returns a description, or None if there was nothing to edit."""


def name_of(kind: Kind) -> str:
    return kind.__name__.strip("_")


def _number(merchant: Merchant) -> int:
    return merchant.dice.randrange(10**6)


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


def _delete_product(merchant: Merchant, key: str, product: dict[str, Any]) -> str:
    merchant.shop.delete(f"/admin/products/{product['id']}")
    merchant.oracle.delete(key)
    return str(product["id"])


def _stop_managing_and_delete(merchant: Merchant, key: str, product: dict[str, Any]) -> str | None:
    if of_variants.stop_managing(merchant, key, product) is None:
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
    of_variants.price: 6,
    of_variants.sale_price: 2,
    of_variants.euros: 6,
    of_variants.price_of_ten: 3,
    of_variants.sku: 2,
    of_variants.barcode: 2,
    of_variants.variant_title: 3,
    of_variants.variant_weight: 2,
    of_variants.option_value: 3,
    of_variants.unused_value: 2,
    of_variants.option_title: 2,
    of_variants.stock: 4,
    of_variants.level_elsewhere: 3,
    of_variants.add_variant: 4,
    of_variants.delete_our_variant: 2,
    of_variants.add_and_delete_variant: 1,
    of_variants.stop_managing: 1,
    _delete_product: 1,
    _stop_managing_and_delete: 1,
}
METADATA_EDITS = {_brand, _campaign}
ONLY_OF_DELIVERED = {
    *(_status, _delete_product, _stop_managing_and_delete),
    *(of_variants.delete_our_variant, of_variants.add_and_delete_variant, of_variants.option_title),
}
NOT_WITH_FIXED_SKUS = {
    *(of_variants.sku, of_variants.delete_our_variant, of_variants.add_and_delete_variant),
    of_variants.option_title,
}
"""Edits after which variants, or the option of a product without variants, cannot be recognized."""
NAMES = [name_of(kind) for kind in EDITS]
