"""The shape of a source product: that of DummyJSON, with variants.

The descriptions are part of docs/catalogue.md and docs/catalogue.schema.json, which `make docs` writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from medusa_sync.sources.text import shortened, shown

# Generous limits for shop goods: a value beyond them is a mistake or an attack.
MAX_ID = 200  # characters
Text = Annotated[str, Meta(max_length=255)]
LongText = Annotated[str, Meta(max_length=50_000)]
Url = Annotated[str, Meta(max_length=2_048)]
Count = Annotated[int, Meta(ge=0, le=2_147_483_647)]
Amount = Annotated[int, Meta(ge=0, le=10**12)] | Annotated[float, Meta(ge=0, le=1e12)]
Number = int | Annotated[float, Meta(ge=-1e15, le=1e15)]  # NaN and infinity are not JSON
Status = Literal["draft", "proposed", "published", "rejected"]
Metadata = dict[Text, LongText | bool | Number | None]
Id = Annotated[int, Meta(ge=0, le=2**53)] | Annotated[str, Meta(min_length=1, max_length=MAX_ID)]


class SourceCategory(Struct, frozen=True):
    """A category with a handle of its own."""

    name: Text
    handle: Annotated[Text | None, Meta(description="Without it, the slugs of the names on its path.")] = None


Path = Annotated[tuple[Text | SourceCategory, ...], Meta(max_length=20)]  # of categories, from the top


class SourceDimensions(Struct, frozen=True):
    width: Amount | None = None
    height: Amount | None = None
    depth: Annotated[Amount | None, Meta(description="The `length` in the store.")] = None


class SourceMeta(Struct, frozen=True):
    barcode: Annotated[Text | None, Meta(description="Of a product without `variants`.")] = None


class SourceVariant(Struct, frozen=True, rename="camel"):
    """A variant of a product."""

    id: Annotated[
        Id | None,
        Meta(
            description="Identifies the variant within its product. Without it, an SKU that is unique in the "
            "product does, else the option values do."
        ),
    ] = None
    title: Annotated[Text | None, Meta(description="Without it, the option values.")] = None
    sku: Annotated[Text | None, Meta(description="Unique in a store.")] = None
    barcode: Annotated[Text | None, Meta(description="Unique in a store.")] = None
    price: Annotated[Amount | None, Meta(description="Without it, that of the product.")] = None
    prices: Annotated[
        dict[Text, Amount] | None, Meta(description="By currency code, in addition to `price`.")
    ] = None
    compare_at_price: Annotated[
        Amount | None, Meta(description="The price before a sale. Without it, that of the product.")
    ] = None
    stock: Annotated[
        Count | None, Meta(description="Without it, the inventory of the variant is not managed.")
    ] = None
    weight: Amount | None = None
    metadata: Annotated[Metadata | None, Meta(description="Keys of the metadata of the variant.")] = None
    options: Annotated[
        dict[Text, Text | Number],
        Meta(description="A value for each option of the product."),
    ] = {}


class SourceProduct(Struct, frozen=True, rename="camel"):
    """A product of a catalogue. Fields that are not listed are ignored."""

    id: Annotated[
        Id,
        Meta(
            description='Identifies the product in its source. `3` and `"3"` are the same. Never change it.'
        ),
    ]
    title: Annotated[str, Meta(min_length=1, max_length=500)]
    price: Annotated[
        Amount | None,
        Meta(
            description="In the currency of `--currency`, in major units: 9.99 means 9.99. Required, unless "
            "each variant has one or `prices` has that currency."
        ),
    ] = None
    prices: Annotated[
        dict[Text, Amount] | None,
        Meta(description='In other currencies, by code, such as `{"eur": 18}`.'),
    ] = None
    compare_at_price: Annotated[
        Amount | None, Meta(description="The price before a sale; used with `--sale-prices`.")
    ] = None
    options: Annotated[
        Annotated[tuple[Text, ...], Meta(max_length=50)] | None,
        Meta(description="Names of options, in order. Without it, those that the variants have values for."),
    ] = None
    variants: Annotated[
        Annotated[tuple[SourceVariant, ...], Meta(max_length=10_000)] | None,
        Meta(description="Without it, the product has one variant, made of its own fields."),
    ] = None
    metadata: Annotated[
        Metadata | None,
        Meta(description="Keys of the product's metadata; `medusa_sync` and `external_id` are ignored."),
    ] = None
    subtitle: Text | None = None
    type: Annotated[Text | None, Meta(description="The value of a product type; created if missing.")] = None
    collection: Annotated[Text | None, Meta(description="The title of a collection; created if missing.")] = (
        None
    )
    description: LongText | None = None
    category: Annotated[
        Text | None, Meta(description="The handle of a category at the top level; created if missing.")
    ] = None
    categories: Annotated[
        Annotated[tuple[Path | SourceCategory, ...], Meta(max_length=50)] | None,
        Meta(
            description='Paths of categories, such as `[["Apparel", "Shirts"]]`; created if missing. The '
            "product is assigned to the last category of each path. A name may be an object with `name` and "
            "`handle`, and a path of one such object may be the object."
        ),
    ] = None
    brand: Annotated[Text | None, Meta(description="Stored in the metadata.")] = None
    sku: Annotated[Text | None, Meta(description="Of a product without `variants`. Unique in a store.")] = (
        None
    )
    stock: Annotated[
        Count | None,
        Meta(description="Of a product without `variants`. Without it, inventory is not managed."),
    ] = None
    tags: Annotated[tuple[Text, ...], Meta(max_length=250)] | None = None
    weight: Amount | None = None
    dimensions: SourceDimensions | None = None
    images: Annotated[
        Annotated[tuple[Url, ...], Meta(max_length=250)] | None,
        Meta(description="`http` and `https` URLs, in order; others are ignored."),
    ] = None
    thumbnail: Annotated[Url | None, Meta(description="Without it, the first image.")] = None
    rating: Annotated[Amount | None, Meta(description="Stored in the metadata.")] = None
    reviews: Annotated[
        list[Any] | None, Meta(description="Only their number is stored, in the metadata.")
    ] = None
    discount_percentage: Annotated[
        Amount | None, Meta(description="Stored in the metadata; a sale price with `--sale-prices`.")
    ] = None
    warranty_information: Annotated[Text | None, Meta(description="Stored in the metadata.")] = None
    shipping_information: Annotated[Text | None, Meta(description="Stored in the metadata.")] = None
    return_policy: Annotated[Text | None, Meta(description="Stored in the metadata.")] = None
    minimum_order_quantity: Annotated[Count | None, Meta(description="Stored in the metadata.")] = None
    availability_status: Annotated[Text | None, Meta(description="Stored in the metadata.")] = None
    origin_country: Text | None = None
    hs_code: Text | None = None
    mid_code: Text | None = None
    handle: Annotated[
        Text | None, Meta(description="Only for a new product. Without it, a slug of the title.")
    ] = None
    status: Annotated[
        Status | None,
        Meta(
            description="Only for a new product. Without it, that of `--status`. With any other value, a new "
            "product is a draft, and the result lists it."
        ),
    ] = None
    material: Text | None = None
    meta: SourceMeta | None = None


# --- values that are written in another way -------------------------------------------------------------

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", re.ASCII)
_NUMBERS = ("price", "compareAtPrice", "stock", "weight")  # of products and variants
_UNNEEDED = (  # they become nothing but metadata, so a value of another kind is left out
    *("rating", "reviews", "meta", "warrantyInformation", "shippingInformation"),
    *("returnPolicy", "availabilityStatus"),
)


def adjusted(raw: Any) -> tuple[SourceProduct, str]:
    """Read a product whose values are not quite of the kinds above, but cannot be misunderstood.

    A number may be a text such as `"12.50"` or `" 3 "`, and an empty text is none. A field that is not needed
    is left out if it has a value of another kind.

    Returns:
        The product, and what it has instead of a known status.

    Raises:
        ValidationError: it is not valid even so.
    """
    if not isinstance(raw, dict):
        return msgspec.convert(raw, SourceProduct), ""
    product = dict(raw)
    _read_numbers(product, (*_NUMBERS, "discountPercentage", "minimumOrderQuantity"))
    for name in ("prices", "dimensions"):
        product[name] = _with_numbers(product.get(name), f"{name}.")
    if isinstance(product.get("variants"), list):
        product["variants"] = [
            _with_numbers(each, f"variants[{index}].", _NUMBERS)
            for index, each in enumerate(product["variants"])
        ]
        for each in product["variants"]:
            if isinstance(each, dict) and each.get("metadata") is not None:
                each["metadata"] = _usable(each["metadata"])
    for name in _UNNEEDED:
        value = product.get(name)
        if name == "rating" and isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            product[name] = _number(value, name)
        try:
            msgspec.convert({"id": 0, "title": "-", name: product.get(name)}, SourceProduct)
        except msgspec.ValidationError as error:
            if "$.meta." in str(error):  # the barcode is needed
                raise
            del product[name]
    status = product.pop("status", None)
    known = status.strip().lower() if isinstance(status, str) else status
    if known in get_args(Status):
        product["status"] = known
    is_unknown = "status" not in product and known not in (None, "")
    return msgspec.convert(product, SourceProduct), shortened(str(status)) if is_unknown else ""


def _usable(metadata: Any) -> Metadata:
    """The keys of a variant that the store can keep; until they were synced, they could be anything."""
    found: Metadata = {}
    for name, value in metadata.items() if isinstance(metadata, dict) else ():
        with suppress(msgspec.ValidationError):
            found |= msgspec.convert({name: value}, Metadata)
    return found


def _with_numbers(value: Any, path: str, names: Iterable[str] | None = None) -> Any:
    """The value; if it is an object, with its numbers read: those of these names, or all."""
    if not isinstance(value, dict):
        return value
    copy = dict(value)
    _read_numbers(copy, copy if names is None else names, path)
    if "prices" in copy and names is not None:
        copy["prices"] = _with_numbers(copy["prices"], f"{path}prices.")
    return copy


def _read_numbers(owner: dict[str, Any], names: Iterable[str], path: str = "") -> None:
    for name in list(names):
        if isinstance(value := owner.get(name), str):
            owner[name] = _number(value, path + name)


def _number(text: str, path: str) -> int | float | None:
    plain = text.strip()
    if not plain:
        return None
    if not _NUMBER.fullmatch(plain):
        raise msgspec.ValidationError(f"{shown(text)} is not a number such as 1234.50 - at `$.{path}`")
    number = float(plain)
    return int(number) if number.is_integer() else number
