"""What the store must have of a source product (docs/mapping.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.e2e.exact import mapped_metadata

Value = Any
Product = dict[str, Any]

DEFAULT = "Default"


@dataclass(frozen=True)
class Wanted:
    """What the source wants of a product.

    Attributes:
        fields: of the product.
        variants: the fields of each variant, by a key that stays the same if the source changes its id.
        names: of variants in reports, by key.
        options: in their order, which the names `options.0` and `option.0` of fields refer to.
    """

    fields: Mapping[str, Value]
    variants: Mapping[str, Mapping[str, Value]]
    names: Mapping[str, str]
    options: tuple[str, ...]

    def keys_of(self, reported: str) -> list[str]:
        """The keys of the variants that a report may mean."""
        return [key for key, name in self.names.items() if name == reported] or list(self.variants)[:1]

    def name_of(self, field: str) -> str:
        """The name of a field in a report, with the place of an option instead of its name."""
        option = field.removeprefix("option.")
        known = option != field and option in self.options
        return f"option.{self.options.index(option)}" if known else field.removeprefix("metadata.")


def wanted_of(product: Product, *, sale_prices: bool = False) -> Wanted:
    options = tuple(product["options"]) if "variants" in product else (DEFAULT,)
    fields = {
        "title": product["title"],
        "description": product["description"].strip(),
        "thumbnail": product["thumbnail"],
        "weight": product["weight"],
        "width": product["dimensions"]["width"],
        "height": product["dimensions"]["height"],
        "length": product["dimensions"]["depth"],
        "tags": tuple(sorted(set(product["tags"]))),
        "categories": (product["category"],),
        "images": tuple(product["images"]),
        **mapped_metadata(product),
        **{f"options.{number}": name for number, name in enumerate(options)},
    }
    if "variants" not in product:
        only = _only(product, sale_prices=sale_prices)
        return Wanted(fields, {product.get("_main", ""): only}, {}, options)
    of_source = product["variants"]
    variants = {each["_key"]: _variant(product, each, sale_prices=sale_prices) for each in of_source}
    names = {key: each["sku"] or each["title"] for key, each in variants.items()}
    return Wanted(fields, variants, names, options)


def _only(product: Product, *, sale_prices: bool) -> dict[str, Value]:
    """The variant of a product without variants."""
    return {
        "title": DEFAULT,
        "option.0": DEFAULT,
        "sku": product.get("sku"),
        "barcode": product.get("meta", {}).get("barcode"),
        "weight": None,
        "stock": product.get("stock"),
        **_prices(product, product, sale_prices=sale_prices),
    }


def _variant(product: Product, variant: Product, *, sale_prices: bool) -> dict[str, Value]:
    values = [variant["options"][name] for name in product["options"]]
    return {
        "title": variant.get("title") or " / ".join(values),
        **{f"option.{number}": value for number, value in enumerate(values)},
        "sku": variant.get("sku"),
        "barcode": variant.get("barcode"),
        "weight": variant.get("weight"),
        "stock": variant.get("stock"),
        **_prices(product, variant, sale_prices=sale_prices),
    }


def _prices(product: Product, variant: Product, *, sale_prices: bool) -> dict[str, Value]:
    price: float = variant["price"]
    prices = {"price": price, "sale_price": None, "price.eur": variant.get("prices", {}).get("eur")}
    if not sale_prices:
        return prices
    compared = variant.get("compareAtPrice", product.get("compareAtPrice"))
    if compared is not None:
        return prices | ({"price": compared, "sale_price": price} if compared > price else {})
    sale = round(price * (1 - product["discountPercentage"] / 100), 2)
    return prices | ({"sale_price": sale} if 0 < sale < price else {})
