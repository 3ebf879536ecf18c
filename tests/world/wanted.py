"""What the store must have of a source product (docs/mapping.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slugify import slugify

Value = Any
LOCALES = ("de-DE", "fr-FR")
Product = dict[str, Any]
OTHER_SOURCE = "other"
"""The name of a second source, whose products are its own."""

DEFAULT = "Default"
DEFAULT_LOCATION = "Warehouse"
SECOND_LOCATION = "Second"
SECOND_STOCK = f"stock.{SECOND_LOCATION}"
CHANNELS = "sales_channels"
PROFILE = "shipping_profile"
REGION_PRICE = "price.usd.America"
PRICES: Mapping[tuple[str, str, int | None, int | None], str] = {
    ("usd", "", None, None): "price",
    ("eur", "", None, None): "price.eur",
    ("usd", "America", None, None): REGION_PRICE,
    ("eur", "", 10, None): "price.eur.10+",
    ("usd", "", 10, None): "price.usd.10+",
}
"""Fields of prices by currency, region, minimum and maximum of the quantity."""
OTHER_PRICES = tuple(name for name in PRICES.values() if name != "price")
TEXTS = ("title", "description")
RARE_TEXTS = ("subtitle", "material")
"""Texts in other locales that few products have."""
TEXTS_OF_VARIANTS = ("title", "material")
METADATA = {
    "brand": "brand",
    "rating": "rating",
    "discount_percentage": "discountPercentage",
    "warranty_information": "warrantyInformation",
    "shipping_information": "shippingInformation",
    "return_policy": "returnPolicy",
    "minimum_order_quantity": "minimumOrderQuantity",
    "availability_status": "availabilityStatus",
}
"""Names at the source by names in the store; the store has a number of reviews besides."""
CUSTOMS = {
    "material": "material",
    "origin_country": "originCountry",
    "hs_code": "hsCode",
    "mid_code": "midCode",
}
"""The same for fields that variants have, too."""
RARE = {**{name: name for name in ("subtitle", "type", "collection")}, **CUSTOMS}
"""The same for fields that few products have."""


@dataclass(frozen=True)
class Wanted:
    """What the source wants of a product."""

    fields: Mapping[str, Value]
    variants: Mapping[str, Mapping[str, Value]]  # by a key that stays the same if the source changes its id
    shared: Mapping[str, Value]  # stock that variants share, by field; empty if none do
    options: tuple[str, ...]  # in their order, which the fields `options.0` and `option.0` refer to

    @property
    def sharing(self) -> list[str]:
        """The keys of the variants that share their stock."""
        return [key for key, fields in self.variants.items() if "stock" not in fields]

    def keys_of(self, reported: str) -> list[str]:
        """The keys of the variants that a report may mean; two with one title are told apart by values."""
        found = [
            key
            for key, own in self.variants.items()
            if reported in (own["sku"], own["title"], self._option_values(own))
        ]
        return found or list(self.variants)[:1]

    def _option_values(self, variant: Mapping[str, Value]) -> str:
        return " / ".join(str(variant[f"option.{number}"]) for number in range(len(self.options)))

    def name_of(self, field: str) -> str:
        """The name of a field in a report, with the place of an option instead of its name."""
        option = field.removeprefix("option.")
        known = option != field and option in self.options
        return f"option.{self.options.index(option)}" if known else field.removeprefix("metadata.")


def wanted_of(product: Product, *, sale_prices: bool = False) -> Wanted:
    options = tuple(product["options"]) if "variants" in product else (DEFAULT,)
    size = product.get("dimensions", {})
    fields = {
        "title": product["title"],
        "description": product.get("description", "").strip() or None,
        "thumbnail": product.get("thumbnail"),
        "weight": product.get("weight"),
        "width": size.get("width"),
        "height": size.get("height"),
        "length": size.get("depth"),
        "tags": tuple(sorted(set(product.get("tags", ())))),
        "categories": (slugify(product["category"]),) if "category" in product else (),  # handles
        "images": tuple(product.get("images", ())),
        **(_texts(product, (*TEXTS, *RARE_TEXTS)) if "translations" in product else {}),
        **({"status": product["status"]} if "status" in product else {}),
        **({PROFILE: product["shippingProfile"]} if "shippingProfile" in product else {}),
        **({"discountable": product["discountable"]} if "discountable" in product else {}),
        **({CHANNELS: tuple(sorted(product["salesChannels"]))} if "salesChannels" in product else {}),
        **{name: product.get(key) for name, key in (METADATA | RARE).items()},
        "review_count": len(product["reviews"]) if "reviews" in product else None,
        **{f"options.{number}": name for number, name in enumerate(options)},
    }
    if "variants" not in product:
        only = _variant(product, product, [DEFAULT], sale_prices=sale_prices)
        barcode = product.get("meta", {}).get("barcode")
        only |= {"title": DEFAULT, "barcode": barcode, **dict.fromkeys(("weight", *CUSTOMS))}
        only |= _texts({}, TEXTS_OF_VARIANTS)
        return Wanted(fields, {product.get("_main", ""): only}, {}, options)
    several_have_none = sum("stock" not in each for each in product["variants"]) > 1
    shared = _stock(product["stock"]) if several_have_none and product.get("stock") is not None else {}
    variants = {}
    for number, each in enumerate(product["variants"]):
        values = [each["options"][name] for name in options]
        key = each.get("_key", str(number))
        stock = {} if "stock" in each or "stock" not in product else {"stock": product["stock"]}
        variants[key] = _variant(product, each | stock, values, sale_prices=sale_prices)
        if shared and "stock" not in each:
            for name in shared:
                del variants[key][name]
    return Wanted(fields, variants, shared, options)


def _texts(owner: Product, names: Sequence[str]) -> dict[str, Value]:
    """The texts of a product or of a variant in each locale."""
    known = owner.get("translations", {})
    return {
        f"translation.{locale}.{name}": known.get(locale, {}).get(name)
        for locale in LOCALES
        for name in names
    }


def _variant(product: Product, variant: Product, values: list[str], *, sale_prices: bool) -> dict[str, Value]:
    return {
        "title": variant.get("title") or " / ".join(values),
        **{f"option.{number}": value for number, value in enumerate(values)},
        **{name: variant.get(name) for name in ("sku", "barcode", "ean", "weight")},
        **{name: variant.get(key) for name, key in CUSTOMS.items()},
        **_texts(variant, TEXTS_OF_VARIANTS),
        **_backorder(product | variant),
        **_stock(variant.get("stock")),
        **_prices(product, variant, sale_prices=sale_prices),
    }


def _backorder(variant: Product) -> dict[str, Value]:
    """Whether it can be bought without stock, if the source says so."""
    return {"allow_backorder": variant["allowBackorder"]} if "allowBackorder" in variant else {}


def _stock(stock: int | Mapping[str, int] | None) -> dict[str, Value]:
    """The stock at the default location, by its name or without one, and at a second one."""
    named = stock if isinstance(stock, Mapping) else {"": stock}
    return {
        "stock": named.get("", named.get(DEFAULT_LOCATION)),
        SECOND_STOCK: named.get(SECOND_LOCATION),
    }


def _prices(product: Product, variant: Product, *, sale_prices: bool) -> dict[str, Value]:
    price: float = variant["price"]
    others = variant.get("prices") or {}
    prices = {"price": price, "sale_price": None}
    prices |= {name: others.get(name.removeprefix("price.")) for name in OTHER_PRICES}
    if not sale_prices:
        return prices
    compared = variant.get("compareAtPrice", product.get("compareAtPrice"))
    if compared is not None:
        return prices | ({"price": compared, "sale_price": price} if compared > price else {})
    sale = round(price * (1 - product.get("discountPercentage", 0) / 100), 2)
    return prices | ({"sale_price": sale} if 0 < sale < price else {})
