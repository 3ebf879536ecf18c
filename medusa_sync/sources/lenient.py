"""Reads products that are not quite in our format: fields with other names, values written in another way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, get_args

import msgspec
from msgspec.structs import fields

from medusa_sync.core.currencies import CURRENCIES
from medusa_sync.redact import shortened
from medusa_sync.sources.dialects.cells import VARIANT, distinct, parts
from medusa_sync.sources.dialects.own import OWN, paths, tags
from medusa_sync.sources.schema import (
    FIELDS,
    NUMBER,
    Amount,
    Metadata,
    SourceProduct,
    SourceVariant,
    Status,
    Text,
    Url,
)
from medusa_sync.sources.text import one_line, shown, whole

_VARIANT = frozenset(each.encode_name for each in fields(SourceVariant))
_NOTHING: tuple[Any, ...] = (None, "", [], {})
_IGNORED = "-"

# Members of an object that is given in place of a value.
_NAME = ("name", "title")
_URL = ("url", "src", "href")
_CURRENCY = ("currency", "currency_code", "currencyCode")
_AMOUNT = ("amount", "value")
_OF_PRICES = {
    **{name: name for name in ("region", "minQuantity", "maxQuantity")},
    "region_id": "region",
    "min_quantity": "minQuantity",
    "max_quantity": "maxQuantity",
}
_MEMBERS = {
    "id": ("$oid",),
    **dict.fromkeys(("title", "type", "collection", "brand", "material"), _NAME),
    "thumbnail": _URL,
    **dict.fromkeys(("price", "compareAtPrice", "salePrice"), _AMOUNT),
}
_CODES = frozenset({"sku", "barcode", "hsCode", "midCode"})  # texts that may be written as numbers
_NUMBERS = frozenset(
    {
        *("price", "compareAtPrice", "salePrice", "stock", "weight"),
        "discountPercentage",
        "minimumOrderQuantity",
    }
)
_UNNEEDED: Mapping[str, Any] = {  # only for metadata, so a value of another kind is left out
    "reviews": list[Any],
    "meta": dict[str, Any],
    "warrantyInformation": Text,
    "shippingInformation": Text,
    "returnPolicy": Text,
    "availabilityStatus": Text,
}


def adjusted(raw: Any) -> tuple[SourceProduct, str, list[str]]:
    """Read a product that cannot be misunderstood.

    A field may have another name. A number may be a text such as `"12.50"` or `" 3 "`, and an empty text is
    none. A field that is not needed is left out if it has a value of another kind.

    Returns:
        The product, what it has instead of a known status, and the names of fields that mean nothing.

    Raises:
        ValidationError: it is not valid even so.
        UnicodeEncodeError: such a name is not valid Unicode.
    """
    if not isinstance(raw, dict):
        return msgspec.convert(raw, SourceProduct), "", []
    product, unused = _renamed(raw, FIELDS)
    if isinstance(variants := product.get("variants"), list):
        stated = {"currency": _stated(raw, FIELDS)}
        renamed = [
            _renamed(stated | each, _VARIANT, f"variants[{index}].") if isinstance(each, dict) else (each, [])
            for index, each in enumerate(variants)
        ]
        product["variants"] = [each for each, _ in renamed]
        unused += distinct(f"{VARIANT}{name}" for _, names in renamed for name in names)
    "".join(unused).encode()
    status = product.pop("status", None)
    known = status.strip().lower() if isinstance(status, str) else status
    if known in get_args(Status):
        product["status"] = known
    is_unknown = "status" not in product and known not in (None, "")
    shown_status = (one_line(shortened(str(status))) or repr(status)) if is_unknown else ""
    return msgspec.convert(product, SourceProduct), shown_status, unused


def identity(raw: Mapping[str, Any]) -> tuple[Any, Any]:
    """The id and the title of a product."""
    wanted = {name: value for name, value in raw.items() if _place(name, FIELDS)[0] in {"id", "title"}}
    product, _ = _renamed(wanted, FIELDS)
    return product.get("id"), product.get("title")


def are_used(names: Iterable[str]) -> bool:
    """Whether one of these names means a field that our own format calls otherwise."""
    return any(_place(name, FIELDS)[0] not in {"", _IGNORED} for name in names)


# --- names ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=4_096)  # the products of a source have the same names
def _place(name: str, own: frozenset[str]) -> tuple[str, int]:
    """The field that a name means, such as `meta.barcode`, or empty; and the rank of the name."""
    meaning = None if name in own else OWN.meaning(name)
    if meaning is None:
        return (name if name in own else ""), 0
    column, suffix, rank = meaning
    names = column.field.split(", ") if column.field else [_IGNORED]
    if own is _VARIANT:
        names = ["image" if each == "images" else each.removeprefix(VARIANT) for each in names]
    if suffix and not column.repeats:
        return next((f"{each}.{suffix}" for each in names if each in {"prices", "stock"}), ""), rank
    return next((each for each in names if each.partition(".")[0] in own | {_IGNORED, "currency"}), ""), rank


def _stated(raw: Mapping[str, Any], own: frozenset[str]) -> str:
    """The code of the currency that is given beside a price; empty if there is none."""
    codes = (str(raw[name]).lower() for name in raw if _place(name, own)[0] == "currency")
    return next((code for code in codes if code in CURRENCIES), "")


def _renamed(raw: Mapping[str, Any], own: frozenset[str], path: str = "") -> tuple[dict[str, Any], list[str]]:
    """A product or variant with our own names, and the names that mean nothing."""
    product = {name: value for name, value in raw.items() if name in own}
    unused: list[str] = []
    images, stated = _images(product.get("images")), _stated(raw, own)
    has_images = bool(images)
    others = [(*_place(name, own), name) for name in raw if name not in own and raw[name] not in _NOTHING]
    for place, rank, name in sorted(others, key=lambda each: each[1]):
        field, _, member = place.partition(".")
        known = product.get(field)
        if field == "images" and not (rank and has_images):
            images += _images(raw[name])
            has_images = has_images or not rank
        elif member and isinstance(known, dict | None) and (known or {}).get(member) in _NOTHING:
            product[field] = {**(known or {}), member: _value(member, raw[name], path + name)}
        elif field in own - {"images"} and not member and known in _NOTHING:
            product[field] = raw[name]
        elif place != _IGNORED and not (stated and place == "currency"):
            unused.append(name)
    if images:
        product["images"] = images
    price, prices, category = (product.get(name) for name in ("price", "prices", "category"))
    currency = _first(price, _CURRENCY)
    code = stated if currency is price else str(currency).lower()
    if code in CURRENCIES and price not in _NOTHING and isinstance(prices, dict | None):
        product |= {"price": None, "prices": {code: _first(price, _AMOUNT), **(prices or {})}}
    if isinstance(category, dict | list):
        product |= {"category": None, "categories": _listed(category) + _listed(product.get("categories"))}
    return {name: _value(name, value, path + name) for name, value in product.items()}, unused


# --- values ---------------------------------------------------------------------------------------------


def _value(name: str, value: Any, path: str) -> Any:
    """The value of a field in the shape of our own format, as far as it is clear what it means."""
    value = _first(value, _MEMBERS.get(name, ()))
    match name, value:
        case ("prices", [*_]):
            return [
                {"currency": str(_first(each, _CURRENCY)), "amount": _number(_first(each, _AMOUNT), path)}
                | {
                    own: each[name]
                    for name, own in _OF_PRICES.items()
                    if isinstance(each, dict) and name in each
                }
                for each in value
            ]
        case ("prices" | "dimensions", {}):
            named = {("depth" if member == "length" else member): each for member, each in value.items()}
            return {member: _number(each, f"{path}.{member}") for member, each in named.items()}
        case ("stock", {}):
            return {location: _number(each, f"{path}.{location}") for location, each in value.items()}
        case ("images" | "tags" | "salesChannels" | "options", [*_]):
            return [_first(each, _URL if name == "images" else _NAME) for each in value]
        case ("categories", [*_]):
            return [_category(each) if isinstance(each, dict) else each for each in value]
        case ("tags" | "salesChannels", str()):
            return tags(value)
        case ("categories", str()):
            return paths(value)
        case ("image", _):  # until this and the metadata of variants were synced, they could be anything
            return _usable(_first(value, _URL), Url)
        case ("metadata", _) if path != name:
            found = _usable(value, dict[Any, Any]) or {}
            return {key: each for key, each in found.items() if _usable({key: each}, Metadata)}
        case ("rating", _):
            is_number = isinstance(value, str) and NUMBER.fullmatch(value.strip())
            return _usable(_number(value, path) if is_number else value, Amount)
    if name in _CODES and type(value) is int:
        return str(value)
    if name in _UNNEEDED:
        return _usable(value, _UNNEEDED[name])
    return _number(value, path) if name in _NUMBERS else value


def _number(value: Any, path: str) -> Any:
    """The number that a text is, None if it is empty; any other value is left as it is."""
    if not isinstance(value, str) or not (plain := value.strip()):
        return None if isinstance(value, str) else value
    if not NUMBER.fullmatch(plain.removeprefix("-")):
        raise msgspec.ValidationError(f"{shown(value)} is not a number such as 1234.50 - at `$.{path}`")
    return whole(float(plain))


def _usable(value: Any, kind: Any) -> Any:
    """The value if it is of this kind; else None."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None


def _first(value: Any, members: tuple[str, ...]) -> Any:
    """The first of these members of an object; anything else is left as it is."""
    if not isinstance(value, dict):
        return value
    return next((value[each] for each in members if value.get(each) not in _NOTHING), value)


def _category(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": _first(value, _NAME), "handle": value.get("handle") or value.get("slug")}


def _images(value: Any) -> list[Any]:
    """A list of images; an object without a URL of its own has one for each name, such as `front`."""
    return _listed([*value.values()] if isinstance(value, dict) and _first(value, _URL) is value else value)


def _listed(value: Any) -> list[Any]:
    """A list of values; a text is read like a cell of a table."""
    if isinstance(value, str):
        return list(parts(value, "|"))
    return [] if value in _NOTHING else list(value) if isinstance(value, list) else [value]
