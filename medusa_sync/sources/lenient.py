"""Reads products that are not quite in our format: fields with other names, values written in another way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, get_args

import msgspec
from msgspec.structs import fields

from medusa_sync.core.currencies import CURRENCIES
from medusa_sync.redact import shortened
from medusa_sync.sources.dialects.base import LAST
from medusa_sync.sources.dialects.cells import FLAGS, VARIANT, distinct, parts
from medusa_sync.sources.dialects.naming import Named, Naming
from medusa_sync.sources.dialects.own import OWN, paths, tags
from medusa_sync.sources.money import agree, codes_of, read
from medusa_sync.sources.schema import (
    FIELDS,
    NUMBER,
    SOLD,
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
_HIDDEN = ("archived", "disabled", "hidden", "inactive", "private", "unlisted", "unpublished")  # drafts

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
_PRICES = ("price", "compareAtPrice", "salePrice")
_KINDS: Mapping[frozenset[str], tuple[type, Mapping[str, Any], frozenset[str]]] = {
    FIELDS: (SourceProduct, {"id": 1, "title": "T"}, SOLD),
    _VARIANT: (SourceVariant, {}, SOLD - {"title"} | {"sku", "options"}),
}
"""By the fields of a kind: what it must have, and the fields without which a product is rejected."""


def adjusted(raw: Any, *, is_strict: bool) -> tuple[SourceProduct, str, list[str]]:
    """Read a product that cannot be misunderstood.

    A field may have another name. A number may be a text such as `"12.50"` or `" 3 "`, and an empty text is
    none. Unless the product must be strictly in our own format, fields that are not needed are left out if
    they cannot be read.

    Returns:
        The product, what it has instead of a known status, and the names of fields that are not used.

    Raises:
        ValidationError: it is not valid even so.
        UnicodeEncodeError: such a name is not valid Unicode.
    """
    if not isinstance(raw, dict):
        return msgspec.convert(raw, SourceProduct), "", []
    renamed = _Renamed(raw, FIELDS, is_strict=is_strict)
    product, variants = renamed.product, renamed.product.get("variants")
    of_variants: list[_Renamed] = []
    if isinstance(variants, list):
        stated = {"currency": _stated(raw, FIELDS)}
        own = [
            _Renamed(stated | each, _VARIANT, f"variants[{index}].", is_strict=is_strict)
            if isinstance(each, dict)
            else each
            for index, each in enumerate(variants)
        ]
        of_variants = [each for each in own if isinstance(each, _Renamed)]
        product["variants"] = [each.product if isinstance(each, _Renamed) else each for each in own]
    status = product.pop("status", None)
    known = status.strip().lower() if isinstance(status, str) else status
    known = "draft" if known in _HIDDEN else known
    if known in get_args(Status):
        product["status"] = known
    is_unknown = "status" not in product and known not in (None, "")
    shown_status = (one_line(shortened(str(status))) or repr(status)) if is_unknown else ""
    try:
        found = msgspec.convert(product, SourceProduct)
    except msgspec.ValidationError:
        if is_strict:
            raise
        for each in (renamed, *of_variants):
            each.leave_out()
        found = msgspec.convert(product, SourceProduct)
    names = [f"{VARIANT}{name}" for each in of_variants for name in each.unused]
    unused = [*renamed.unused, *distinct(names)]
    "".join(unused).encode()
    return found, shown_status, unused


def identity(raw: Mapping[str, Any]) -> tuple[Any, Any]:
    """The id and the title of a product."""
    wanted = {name: value for name, value in raw.items() if _named(name, FIELDS).field in {"id", "title"}}
    product = _Renamed(wanted, FIELDS, is_strict=True).product
    return product.get("id"), product.get("title")


def are_used(names: Iterable[str]) -> bool:
    """Whether one of these names means a field that our own format calls otherwise."""
    return any(_named(name, FIELDS).field not in {"", _IGNORED} for name in names)


def are_translated(names: Iterable[str]) -> bool:
    """Whether one of these names is known only in another language than English."""
    found = (OWN.meaning(name) for name in names if name not in FIELDS)
    return any(each is not None and each.rank == LAST for each in found)


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


class _Renamed:
    """A product or variant with our own names.

    Attributes:
        unused: the names that mean nothing, and those of fields that cannot be read and are not needed.
    """

    def __init__(
        self, raw: Mapping[str, Any], own: frozenset[str], path: str = "", *, is_strict: bool
    ) -> None:
        self.product = product = {name: value for name, value in raw.items() if name in own}
        self.unused: list[str] = []
        self._given: dict[str, str] = {}  # the names of fields that have other ones
        self._own = own
        self._needed = own if is_strict else _KINDS[own][2]
        images, stated = _images(product.get("images")), _stated(raw, own)
        ignored = {_IGNORED, "currency"} if stated else {_IGNORED}
        others = [_named(name, own) for name in raw if name not in own and raw[name] not in _NOTHING]
        for (name, field, *_), counts in Naming(["images"] if images else []).choose(others):
            if field == "images" and counts:
                images += _images(raw[name])
            elif field not in ignored and not (counts and _added(product, field, raw[name], path + name)):
                self.unused.append(name)
            self._given.setdefault(field.partition(".")[0], name)
        if images:
            product["images"] = images
        _move_prices(product, stated, path)
        _move_category(product)
        for name, value in [*product.items()]:
            try:
                product[name] = _value(name, value, path + name)
            except msgspec.ValidationError:  # as it is, it will not be of its kind
                if name in self._needed:
                    raise

    def leave_out(self) -> None:
        """Leave out what is not needed, and not of its kind."""
        for name, value in [*self.product.items()]:
            if name not in self._needed and (part := _usable_part(name, value, self._own)) != value:
                self.product[name] = part
                self.unused.append(self._given.get(name, name))


def _usable_part(name: str, value: Any, own: frozenset[str]) -> Any:
    """The value, or those of its members that can be read; None if there are none."""
    kind, minimal, _ = _KINDS[own]

    def is_usable(each: Any) -> bool:
        # A type of the field alone would do, but msgspec 0.22 crashes when it frees one with a pattern.
        return _usable({**minimal, name: each}, kind) is not None

    if is_usable(value):
        return value
    if isinstance(value, list) and name != "options":
        return [each for each in value if is_usable([each])] or None
    if isinstance(value, dict):
        return {key: each for key, each in value.items() if is_usable({key: each})} or None
    return None


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


def _move_prices(product: dict[str, Any], stated: str, path: str) -> None:
    """Read the prices, and make one whose currency is known one of those in currencies."""
    found = {name: _money(product[name], path + name) for name in _PRICES if name in product}
    _, own = found.get("price", (None, ""))
    code = own if own and not (stated and agree(own, stated)) else stated
    for name, (amount, currency) in found.items():
        product[name] = amount
        if code and currency and not agree(code, currency):
            raise msgspec.ValidationError(
                f"it is in {currency.upper()}, but the price is in {code.upper()} - at `$.{path}{name}`"
            )
    price, prices = product.get("price"), product.get("prices")
    if code and price not in _NOTHING and isinstance(prices, dict | None):
        product |= {"price": None, "prices": {code: price, **(prices or {})}}
    elif own and isinstance(prices, list):
        product |= {"price": None, "prices": [{"currency": own, "amount": price}, *prices]}


def _money(value: Any, path: str) -> tuple[Any, str]:
    """An amount and its currency; empty if it names none that is known."""
    currency = ""
    if isinstance(value, dict):
        named, value = _first(value, _CURRENCY), _first(value, _AMOUNT)
        currency = named.lower() if isinstance(named, str) and codes_of(named) else ""
    if not isinstance(value, str):
        return value, currency
    money = read(value)
    if value.strip() and money is None:
        raise msgspec.ValidationError(f"{shown(value)} is not a number such as 1234.50 - at `$.{path}`")
    return (money.amount, money.currency or currency) if money else (None, currency)


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
    if isinstance(value, list):
        return [_price(each, path) for each in value]
    return (
        {name: _amount_in(name, each, path) for name, each in value.items()}
        if isinstance(value, dict)
        else value
    )


def _amount_in(name: str, value: Any, path: str) -> Any:
    """The amount of a price whose currency its name begins with, such as `eur.Germany`."""
    amount, currency = _money(value, f"{path}.{name}")
    if currency and not agree(currency, str(name).partition(".")[0]):
        raise msgspec.ValidationError(f"it is in {currency.upper()} - at `$.{path}.{name}`")
    return amount


def _price(value: Any, path: str) -> dict[str, Any]:
    members = value if isinstance(value, dict) else {}
    quantities = {own: members[name] for name, own in _OF_PRICES.items() if name in members}
    amount, currency = _money(value, path)
    return {"currency": currency or str(_first(value, _CURRENCY)), "amount": amount, **quantities}


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
    **dict.fromkeys(("weight", "discountPercentage", "minimumOrderQuantity"), _number),
    **dict.fromkeys(("sku", "barcode", "hsCode", "midCode"), _code),
    # Only for metadata:
    "reviews": _only(list[Any]),
    "meta": _only(dict[str, Any]),
    **dict.fromkeys(("warrantyInformation", "shippingInformation"), _only(Text)),
    **dict.fromkeys(("returnPolicy", "availabilityStatus"), _only(Text)),
}
"""How the value of a field is read, with its path for messages; that of any other field is left as it is."""
