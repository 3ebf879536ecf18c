"""What the fields of a product may be called in JSON: the same as the columns of a table of our own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from msgspec.structs import fields

from medusa_sync.core.product import CURRENCIES
from medusa_sync.sources.dialects.cells import VARIANT, distinct, parts
from medusa_sync.sources.dialects.own import OWN, paths, tags
from medusa_sync.sources.schema import FIELDS, SourceVariant

_VARIANT = frozenset(each.encode_name for each in fields(SourceVariant))
_NOTHING: tuple[Any, ...] = (None, "", [], {})
_IGNORED = "-"

# Members of an object that is given in place of a value.
_NAME = ("name", "title")
_URL = ("url", "src", "href")
_CURRENCY = ("currency", "currency_code", "currencyCode")
_AMOUNT = ("amount", "value")
_MEMBERS = {
    "id": ("$oid",),
    **dict.fromkeys(("title", "type", "collection", "brand", "material"), _NAME),
    **dict.fromkeys(("thumbnail", "image"), _URL),
    **dict.fromkeys(("price", "compareAtPrice", "salePrice"), _AMOUNT),
}


def in_our_names(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A product in our own shape, and the names of its fields that mean nothing."""
    product, unused = _renamed(raw, FIELDS)
    variants = product.get("variants")
    if isinstance(variants, list):
        renamed = [_renamed(each, _VARIANT) if isinstance(each, dict) else (each, []) for each in variants]
        product["variants"] = [each for each, _ in renamed]
        unused += distinct(f"{VARIANT}{name}" for _, names in renamed for name in names)
    return product, unused


def identity(raw: Mapping[str, Any]) -> tuple[Any, Any]:
    """The id and the title of a product."""
    wanted = {name: value for name, value in raw.items() if _place(name, FIELDS)[0] in {"id", "title"}}
    product, _ = _renamed(wanted, FIELDS)
    return product.get("id"), product.get("title")


def are_used(names: Iterable[str]) -> bool:
    """Whether one of these names means a field that our own format calls otherwise."""
    return any(_place(name, FIELDS)[0] not in {"", _IGNORED} for name in names)


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
        return f"prices.{suffix}" if "prices" in names else "", rank
    return next((each for each in names if each.partition(".")[0] in own | {_IGNORED}), ""), rank


def _renamed(raw: Mapping[str, Any], own: frozenset[str]) -> tuple[dict[str, Any], list[str]]:
    product = {name: value for name, value in raw.items() if name in own}
    unused: list[str] = []
    images = _listed(product.get("images"))
    has_images = bool(images)
    others = [(*_place(name, own), name) for name in raw if name not in own and raw[name] not in _NOTHING]
    for place, rank, name in sorted(others, key=lambda each: each[1]):
        field, _, member = place.partition(".")
        known = product.get(field)
        if field == "images" and not (rank and has_images):
            images += _listed(raw[name])
            has_images = has_images or not rank
        elif member and isinstance(known, dict | None) and (known or {}).get(member) in _NOTHING:
            product[field] = {**(known or {}), member: _value(member, raw[name])}
        elif field in own - {"images"} and not member and known in _NOTHING:
            product[field] = raw[name]
        elif place != _IGNORED:
            unused.append(name)
    if images:
        product["images"] = images
    price, category = product.get("price"), product.get("category")
    if isinstance(price, dict) and str(currency := _first(price, _CURRENCY)).lower() in CURRENCIES:
        product |= {
            "price": None,
            "prices": {currency: _first(price, _AMOUNT), **(product.get("prices") or {})},
        }
    if isinstance(category, dict | list):
        product |= {"category": None, "categories": _listed(category) + _listed(product.get("categories"))}
    return {name: _value(name, value) for name, value in product.items()}, unused


# --- values ---------------------------------------------------------------------------------------------


def _value(name: str, value: Any) -> Any:
    """A value in the shape of our own format, as far as it is clear what it means."""
    match name:
        case "sku" | "barcode" | "hsCode" | "midCode" if type(value) is int:
            return str(value)
        case "tags" | "categories" if isinstance(value, str):
            return tags(value) if name == "tags" else paths(value)
        case "images" | "tags" | "options" if isinstance(value, list):
            return [_first(each, _URL if name == "images" else _NAME) for each in value]
        case "categories" if isinstance(value, list):
            return [_category(each) if isinstance(each, dict) else each for each in value]
        case "prices" if isinstance(value, list):
            return {
                _first(each, _CURRENCY): _first(each, _AMOUNT) for each in value if isinstance(each, dict)
            }
        case "dimensions" if isinstance(value, dict):
            return {("depth" if member == "length" else member): each for member, each in value.items()}
    return _first(value, _MEMBERS.get(name, ()))


def _first(value: Any, members: tuple[str, ...]) -> Any:
    """The first of these members of an object; anything else is left as it is."""
    if not isinstance(value, dict):
        return value
    return next((value[each] for each in members if value.get(each) not in _NOTHING), value)


def _category(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": _first(value, _NAME), "handle": value.get("handle") or value.get("slug")}


def _listed(value: Any) -> list[Any]:
    """A list of values; a text is read like a cell of a table."""
    if isinstance(value, str):
        return list(parts(value, "|"))
    return [] if value in _NOTHING else list(value) if isinstance(value, list) else [value]
