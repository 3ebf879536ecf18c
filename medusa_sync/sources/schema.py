"""The shape of a source product: that of DummyJSON, with variants.

docs/catalogue.csv describes the fields, for docs/catalogue.md and docs/catalogue.schema.json (`make docs`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, Struct, structs

from medusa_sync.redact import shortened
from medusa_sync.sources.text import MAX_ID, one_line, shown, whole

# Generous limits for shop goods: a value beyond them is a mistake or an attack.
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
    handle: Text | None = None


Path = Annotated[tuple[Text | SourceCategory, ...], Meta(max_length=20)]  # of categories, from the top
OnlyName = Annotated[str, Meta(max_length=255, pattern="^[^>]*$")]  # "A > B" may be meant as a path


class SourceDimensions(Struct, frozen=True):
    width: Amount | None = None
    height: Amount | None = None
    depth: Amount | None = None


class SourceMeta(Struct, frozen=True):
    barcode: Text | None = None


class SourceVariant(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A variant of a product."""

    id: Id | None = None
    title: Text | None = None
    sku: Text | None = None
    barcode: Text | None = None
    price: Amount | None = None
    prices: dict[Text, Amount] | None = None
    compare_at_price: Amount | None = None
    sale_price: Amount | None = None
    stock: Count | None = None
    weight: Amount | None = None
    image: Url | None = None
    metadata: Metadata | None = None
    options: dict[Text, Text | Number] = {}


class SourceProduct(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A product of a catalogue."""

    id: Id
    title: Annotated[str, Meta(min_length=1, max_length=500)]
    price: Amount | None = None
    prices: dict[Text, Amount] | None = None
    compare_at_price: Amount | None = None
    sale_price: Amount | None = None
    options: Annotated[tuple[Text, ...], Meta(max_length=50)] | None = None
    variants: Annotated[tuple[SourceVariant, ...], Meta(max_length=10_000)] | None = None
    metadata: Metadata | None = None
    subtitle: Text | None = None
    type: Text | None = None
    collection: Text | None = None
    description: LongText | None = None
    category: Text | None = None
    categories: Annotated[tuple[Path | SourceCategory | OnlyName, ...], Meta(max_length=50)] | None = None
    brand: Text | None = None
    sku: Text | None = None
    stock: Count | None = None
    tags: Annotated[tuple[Text, ...], Meta(max_length=250)] | None = None
    weight: Amount | None = None
    dimensions: SourceDimensions | None = None
    images: Annotated[tuple[Url, ...], Meta(max_length=250)] | None = None
    thumbnail: Url | None = None
    rating: Amount | None = None
    reviews: list[Any] | None = None
    discount_percentage: Amount | None = None
    warranty_information: Text | None = None
    shipping_information: Text | None = None
    return_policy: Text | None = None
    minimum_order_quantity: Count | None = None
    availability_status: Text | None = None
    origin_country: Text | None = None
    hs_code: Text | None = None
    mid_code: Text | None = None
    handle: Text | None = None
    status: Status | None = None
    material: Text | None = None
    meta: SourceMeta | None = None


FIELDS = frozenset(each.encode_name for each in structs.fields(SourceProduct))


# --- values that are written in another way -------------------------------------------------------------

NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]+)?")  # without its sign
_NUMBERS = ("price", "compareAtPrice", "salePrice", "stock", "weight")  # of products and variants
_UNNEEDED: Mapping[str, Any] = {  # only for metadata, so a value of another kind is left out
    "rating": Amount,
    "reviews": list[Any],
    "meta": dict[str, Any],
    "warrantyInformation": Text,
    "shippingInformation": Text,
    "returnPolicy": Text,
    "availabilityStatus": Text,
}


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
    product = _with_numbers(raw, "", (*_NUMBERS, "discountPercentage", "minimumOrderQuantity"))
    product["dimensions"] = _with_numbers(raw.get("dimensions"), "dimensions.")
    if isinstance(raw.get("variants"), list):
        product["variants"] = [
            _with_numbers(each, f"variants[{index}].", _NUMBERS) for index, each in enumerate(raw["variants"])
        ]
        for each in product["variants"]:
            if isinstance(each, dict):  # until these two were synced, they could be anything
                metadata = _usable(each.get("metadata"), dict[Any, Any]) or {}
                own = {name: value for name, value in metadata.items() if _usable({name: value}, Metadata)}
                each.update(image=_usable(each.get("image"), Url), metadata=own)
    rating = product.get("rating")
    if isinstance(rating, str) and NUMBER.fullmatch(rating.strip()):
        product["rating"] = _number(rating, "rating")
    product.update((name, _usable(product.get(name), kind)) for name, kind in _UNNEEDED.items())
    status = product.pop("status", None)
    known = status.strip().lower() if isinstance(status, str) else status
    if known in get_args(Status):
        product["status"] = known
    is_unknown = "status" not in product and known not in (None, "")
    shown_status = (one_line(shortened(str(status))) or repr(status)) if is_unknown else ""
    return msgspec.convert(product, SourceProduct), shown_status


def _usable(value: Any, kind: Any) -> Any:
    """The value if it is of this kind; else None."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None


def _with_numbers(value: Any, path: str, names: Iterable[str] | None = None) -> Any:
    """The value; if it is an object, with its numbers and prices read. Without names, all are numbers."""
    if not isinstance(value, dict):
        return value
    copy = dict(value)
    for name in value if names is None else names:
        if isinstance(text := value.get(name), str):
            copy[name] = _number(text, path + name)
    if "prices" in value and names is not None:
        copy["prices"] = _with_numbers(value["prices"], f"{path}prices.")
    return copy


def _number(text: str, path: str) -> int | float | None:
    plain = text.strip()
    if not plain:
        return None
    if not NUMBER.fullmatch(plain.removeprefix("-")):
        raise msgspec.ValidationError(f"{shown(text)} is not a number such as 1234.50 - at `$.{path}`")
    return whole(float(plain))
