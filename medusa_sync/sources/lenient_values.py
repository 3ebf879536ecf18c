"""Reads values that are not written as in our format, such as numbers as texts, or objects with a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import fields

from medusa_sync.sources.dialects.cells import FLAGS, deletion, parts, urls
from medusa_sync.sources.dialects.own import paths, tags
from medusa_sync.sources.money import agree, codes_of, read
from medusa_sync.sources.schema import (
    DELETED,
    NUMBER,
    PRICES,
    Amount,
    Count,
    Metadata,
    SourceProduct,
    SourceVariant,
    Text,
    Url,
)
from medusa_sync.sources.text import number_of, shown

NOTHING: tuple[Any, ...] = (None, "", [], {})
"""Values that are none."""

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
    "handle": ("current",),
}


def amount_of(value: Any, path: str) -> tuple[Any, str]:
    """An amount and its currency; empty if it names none that is known."""
    currency = ""
    if isinstance(value, dict):
        named, value = _first(value, _CURRENCY), _first(value, _AMOUNT)
        currency = named.lower() if isinstance(named, str) and codes_of(named) else ""
    if not isinstance(value, str):
        return value, currency
    money = read(value)
    if value.strip() and money is None:
        raise _no_number(value, path)
    return (money.amount, money.currency or currency) if money else (None, currency)


def check_separators(product: Mapping[str, Any]) -> None:
    """Check that no price of a product in our own shape is like `1.234`, which may be 1234.

    Raises:
        ValidationError: one is.
    """
    variants = product.get("variants")
    listed = enumerate(variants) if isinstance(variants, list) else ()
    own = {f"variants[{index}].": each for index, each in listed if isinstance(each, dict)}
    for prefix, members in {"": product, **own}.items():
        for name in PRICES:
            for path, text in _numbers_in(members.get(name), f"{prefix}{name}"):
                if read(text) and not read(text, decimal_comma=True):
                    raise _no_number(text, path)


def _numbers_in(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """The texts and fractions of a value as texts, with their paths."""
    if isinstance(value, str | float):
        yield path, str(value)
    elif isinstance(value, dict | list):
        places = value.items() if isinstance(value, dict) else enumerate(value)
        for name, each in places:
            yield from _numbers_in(each, f"{path}.{name}" if isinstance(value, dict) else f"{path}[{name}]")


def _no_number(text: str, path: str) -> msgspec.ValidationError:
    return msgspec.ValidationError(f"{shown(text)} is not a number such as 1234.50 - at `$.{path}`")


Read = Callable[[Any, str], Any]


def value_of(name: str, value: Any, path: str) -> Any:
    """The value of a field in the shape of our own format, as far as it is clear what it means."""
    value = _first(value, _MEMBERS.get(name, ()))
    return _READERS[name](value, path) if name in _READERS else value


def _prices(value: Any, path: str) -> Any:
    if isinstance(value, list):
        return [_price(each, path) for each in value]
    return (
        {name: _amount_in(name, each, path) for name, each in value.items()}
        if isinstance(value, dict)
        else value
    )


def _amount_in(name: str, value: Any, path: str) -> Any:
    """The amount of a price whose currency its name begins with, such as `eur.Germany`."""
    amount, currency = amount_of(value, f"{path}.{name}")
    if currency and not agree(currency, str(name).partition(".")[0]):
        raise msgspec.ValidationError(f"it is in {currency.upper()} - at `$.{path}.{name}`")
    return amount


def _price(value: Any, path: str) -> dict[str, Any]:
    members = value if isinstance(value, dict) else {}
    quantities = {own: members[name] for name, own in _OF_PRICES.items() if name in members}
    amount, currency = amount_of(value, path)
    return {"currency": currency or str(_first(value, _CURRENCY)), "amount": amount, **quantities}


def _numbers(value: Any, path: str) -> Any:
    """An object of numbers."""
    if not isinstance(value, dict):
        return value
    return {name: _number(each, f"{path}.{name}") for name, each in value.items()}


def _rating(value: Any, path: str) -> Any:
    is_number = isinstance(value, str) and NUMBER.fullmatch(value.strip())
    return usable(_number(value, path) if is_number else value, Amount)


def _metadata(value: Any, path: str) -> Any:
    """The metadata of a variant could be anything until it was synced, so what is no metadata is left out."""
    if path == "metadata":
        return value
    found = usable(value, dict[Any, Any]) or {}
    return {key: each for key, each in found.items() if usable({key: each}, Metadata)}


def _list_of(read: Callable[[Any], Any], read_text: Callable[[str], Any] = lambda text: text) -> Read:
    """Reads a list, or a text that is one."""

    def read_list(value: Any, _: str) -> Any:
        if isinstance(value, str):
            return read_text(value)
        return [read(each) for each in value] if isinstance(value, list) else value

    return read_list


def _only(kind: Any) -> Read:
    """Reads a value of this kind; any other one is left out."""
    return lambda value, _: usable(value, kind)


def _flag(value: Any, _: str) -> Any:
    """True or false, which may be a text; anything else is left out."""
    text = str(value).strip().lower() if isinstance(value, str | int) else ""
    return FLAGS.get(text)


def _name_of(value: Any) -> Any:
    return _first(value, _NAME)


def _code(value: Any, _: str) -> Any:
    """A text that may be written as a number."""
    return str(value) if type(value) is int else value


def _meta(value: Any, path: str) -> Any:
    """The object with the barcode; anything else is left out."""
    found = usable(value, dict[str, Any])
    return found and {name: _code(each, path) if name == "barcode" else each for name, each in found.items()}


def _number(value: Any, path: str) -> Any:
    """The number that a text is, None if it is empty; any other value is left as it is."""
    if not isinstance(value, str) or not (plain := value.strip()):
        return None if isinstance(value, str) else value
    if not NUMBER.fullmatch(plain.removeprefix("-")):
        raise msgspec.ValidationError(f"{shown(value)} is not a number such as 1234.50 - at `$.{path}`")
    return number_of(plain)


def usable(value: Any, kind: Any) -> Any:
    """The value if it is of this kind; else None."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None


def _first(value: Any, members: tuple[str, ...]) -> Any:
    """The first of these members of an object; anything else is left as it is."""
    if not isinstance(value, dict):
        return value
    return next((value[each] for each in members if value.get(each) not in NOTHING), value)


def _category(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {"name": _first(value, _NAME), "handle": value.get("handle") or value.get("slug")}


def images_in(value: Any) -> list[Any]:
    """A list of images; an object without a URL of its own has one for each name, such as `front`."""
    if isinstance(value, str):
        return list(urls(value))
    return listed([*value.values()] if isinstance(value, dict) and _first(value, _URL) is value else value)


def listed(value: Any) -> list[Any]:
    """A list of values; a text is read like a cell of a table."""
    if isinstance(value, str):
        return list(parts(value, "|"))
    return [] if value in NOTHING else list(value) if isinstance(value, list) else [value]


_OF_TYPES: Mapping[Any, Read] = {bool | None: _flag, Amount | None: _number, Count | None: _number}
_READERS: Mapping[str, Read] = {
    "prices": _prices,
    "dimensions": _numbers,
    "images": _list_of(lambda each: _first(each, _URL)),
    "options": _list_of(_name_of),
    "tags": _list_of(_name_of, tags),
    "salesChannels": _list_of(_name_of, tags),
    "categories": _list_of(_category, paths),
    "image": lambda value, _: usable(_first(value, _URL), Url),  # like metadata
    "metadata": _metadata,
    **{
        each.encode_name: _OF_TYPES[each.type]
        for each in (*fields(SourceProduct), *fields(SourceVariant))
        if each.type in _OF_TYPES
    },
    DELETED: lambda value, _: deletion(str(value)),
    "rating": _rating,
    "stock": lambda value, path: (_numbers if isinstance(value, dict) else _number)(value, path),
    **dict.fromkeys(("sku", "barcode", "ean", "upc", "hsCode", "midCode"), _code),
    # Only for metadata:
    "reviews": _only(list[Any]),
    "meta": _meta,
    **dict.fromkeys(("warrantyInformation", "shippingInformation"), _only(Text)),
    **dict.fromkeys(("returnPolicy", "availabilityStatus"), _only(Text)),
}
"""How the value of a field is read, with its path for messages; that of any other field is left as it is."""
