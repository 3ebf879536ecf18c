"""Reads products that are not quite in our format: fields with other names, values written in another way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, get_args

import msgspec
from msgspec.structs import fields

from medusa_sync.core.currencies import CURRENCIES
from medusa_sync.redact import shortened
from medusa_sync.sources.dialects.cells import FLAGS, VARIANT, distinct, parts
from medusa_sync.sources.dialects.naming import Named, Naming
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
    wanted = {name: value for name, value in raw.items() if _named(name, FIELDS).field in {"id", "title"}}
    product, _ = _renamed(wanted, FIELDS)
    return product.get("id"), product.get("title")


def are_used(names: Iterable[str]) -> bool:
    """Whether one of these names means a field that our own format calls otherwise."""
    return any(_named(name, FIELDS).field not in {"", _IGNORED} for name in names)


# --- names ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=4_096)  # the products of a source have the same names
def _named(name: str, own: frozenset[str]) -> Named[str]:
    """A name with the field that it means, such as `meta.barcode`."""
    meaning = None if name in own else OWN.meaning(name)
    if meaning is None:
        return Named(name, name if name in own else "", 0)
    column, suffix, rank = meaning
    names = column.field.split(", ") if column.field else [_IGNORED]
    if own is _VARIANT:
        names = ["image" if each == "images" else each.removeprefix(VARIANT) for each in names]
    if suffix and not column.repeats:
        fields = [f"{each}.{suffix}" for each in names if each in {"prices", "stock"}]
    else:
        fields = [each for each in names if each.partition(".")[0] in own | {_IGNORED, "currency"}]
    field = next(iter(fields), "")
    return Named(name, field, rank, field == "images")


def _stated(raw: Mapping[str, Any], own: frozenset[str]) -> str:
    """The code of the currency that is given beside a price; empty if there is none."""
    codes = (str(raw[name]).lower() for name in raw if _named(name, own).field == "currency")
    return next((code for code in codes if code in CURRENCIES), "")


def _renamed(raw: Mapping[str, Any], own: frozenset[str], path: str = "") -> tuple[dict[str, Any], list[str]]:
    """A product or variant with our own names, and the names that mean nothing."""
    product = {name: value for name, value in raw.items() if name in own}
    unused: list[str] = []
    images, stated = _images(product.get("images")), _stated(raw, own)
    ignored = {_IGNORED, "currency"} if stated else {_IGNORED}
    others = [_named(name, own) for name in raw if name not in own and raw[name] not in _NOTHING]
    for (name, field, *_), counts in Naming(["images"] if images else []).choose(others):
        if field == "images" and counts:
            images += _images(raw[name])
        elif field not in ignored and not (counts and _added(product, field, raw[name], path + name)):
            unused.append(name)
    if images:
        product["images"] = images
    _move_price(product, stated)
    _move_category(product)
    return {name: _value(name, value, path + name) for name, value in product.items()}, unused


def _added(product: dict[str, Any], field: str, value: Any, path: str) -> bool:
    """Whether a value was added as a field, or as a member of one; not if the product has another one."""
    name, _, member = field.partition(".")
    known = product.get(name)
    if member and not isinstance(known, dict | None):
        return False
    held = (known or {}).get(member) if member else known
    if held not in _NOTHING or field in {"currency", "images"}:
        return False
    product[name] = {**(known or {}), member: _value(member, value, path)} if member else value
    return True


def _move_price(product: dict[str, Any], stated: str) -> None:
    """Make a price whose currency is known one of the prices."""
    price, prices = product.get("price"), product.get("prices")
    currency = _first(price, _CURRENCY)
    code = stated if currency is price else str(currency).lower()
    if code in CURRENCIES and price not in _NOTHING and isinstance(prices, dict | None):
        product |= {"price": None, "prices": {code: _first(price, _AMOUNT), **(prices or {})}}


def _move_category(product: dict[str, Any]) -> None:
    """Make a category that is no text one of the categories."""
    category = product.get("category")
    if isinstance(category, dict | list):
        product |= {"category": None, "categories": _listed(category) + _listed(product.get("categories"))}


# --- values ---------------------------------------------------------------------------------------------


Read = Callable[[Any, str], Any]


def _value(name: str, value: Any, path: str) -> Any:
    """The value of a field in the shape of our own format, as far as it is clear what it means."""
    value = _first(value, _MEMBERS.get(name, ()))
    return _READERS[name](value, path) if name in _READERS else value


def _prices(value: Any, path: str) -> Any:
    return [_price(each, path) for each in value] if isinstance(value, list) else _numbers(value, path)


def _price(value: Any, path: str) -> dict[str, Any]:
    members = value if isinstance(value, dict) else {}
    quantities = {own: members[name] for name, own in _OF_PRICES.items() if name in members}
    return {
        "currency": str(_first(value, _CURRENCY)),
        "amount": _number(_first(value, _AMOUNT), path),
        **quantities,
    }


def _dimensions(value: Any, path: str) -> Any:
    members = value.items() if isinstance(value, dict) else ()
    named = {("depth" if name == "length" else name): each for name, each in members}
    return _numbers(named, path) if isinstance(value, dict) else value


def _numbers(value: Any, path: str) -> Any:
    """An object of numbers."""
    if not isinstance(value, dict):
        return value
    return {name: _number(each, f"{path}.{name}") for name, each in value.items()}


def _rating(value: Any, path: str) -> Any:
    is_number = isinstance(value, str) and NUMBER.fullmatch(value.strip())
    return _usable(_number(value, path) if is_number else value, Amount)


def _metadata(value: Any, path: str) -> Any:
    """The metadata of a variant could be anything until it was synced, so what is no metadata is left out."""
    if path == "metadata":
        return value
    found = _usable(value, dict[Any, Any]) or {}
    return {key: each for key, each in found.items() if _usable({key: each}, Metadata)}


def _list_of(read: Callable[[Any], Any], read_text: Callable[[str], Any] = lambda text: text) -> Read:
    """Reads a list, or a text that is one."""

    def read_list(value: Any, _: str) -> Any:
        if isinstance(value, str):
            return read_text(value)
        return [read(each) for each in value] if isinstance(value, list) else value

    return read_list


def _only(kind: Any) -> Read:
    """Reads a value of this kind; any other one is left out."""
    return lambda value, _: _usable(value, kind)


def _flag(value: Any, _: str) -> Any:
    """True or false, which may be a text; anything else is left out."""
    text = str(value).strip().lower() if isinstance(value, str | int) else ""
    return FLAGS.get(text)


def _name_of(value: Any) -> Any:
    return _first(value, _NAME)


def _code(value: Any, _: str) -> Any:
    """A text that may be written as a number."""
    return str(value) if type(value) is int else value


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


def _category(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {"name": _first(value, _NAME), "handle": value.get("handle") or value.get("slug")}


def _images(value: Any) -> list[Any]:
    """A list of images; an object without a URL of its own has one for each name, such as `front`."""
    return _listed([*value.values()] if isinstance(value, dict) and _first(value, _URL) is value else value)


def _listed(value: Any) -> list[Any]:
    """A list of values; a text is read like a cell of a table."""
    if isinstance(value, str):
        return list(parts(value, "|"))
    return [] if value in _NOTHING else list(value) if isinstance(value, list) else [value]


_READERS: Mapping[str, Read] = {
    "prices": _prices,
    "dimensions": _dimensions,
    "images": _list_of(lambda each: _first(each, _URL)),
    "options": _list_of(_name_of),
    "tags": _list_of(_name_of, tags),
    "salesChannels": _list_of(_name_of, tags),
    "categories": _list_of(_category, paths),
    "image": lambda value, _: _usable(_first(value, _URL), Url),  # like metadata
    "metadata": _metadata,
    "allowBackorder": _flag,
    "rating": _rating,
    "stock": lambda value, path: (_numbers if isinstance(value, dict) else _number)(value, path),
    **dict.fromkeys(("price", "compareAtPrice", "salePrice", "weight"), _number),
    **dict.fromkeys(("discountPercentage", "minimumOrderQuantity"), _number),
    **dict.fromkeys(("sku", "barcode", "hsCode", "midCode"), _code),
    # Only for metadata:
    "reviews": _only(list[Any]),
    "meta": _only(dict[str, Any]),
    **dict.fromkeys(("warrantyInformation", "shippingInformation"), _only(Text)),
    **dict.fromkeys(("returnPolicy", "availabilityStatus"), _only(Text)),
}
"""How the value of a field is read, with its path for messages; that of any other field is left as it is."""
