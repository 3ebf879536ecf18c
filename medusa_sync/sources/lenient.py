"""Reads products that are not quite in our format: fields with other names, values written in another way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, get_args

import msgspec
from msgspec.structs import fields

from medusa_sync.core.currencies import CURRENCIES
from medusa_sync.redact import shortened
from medusa_sync.sources.dialects.base import LAST
from medusa_sync.sources.dialects.cells import VARIANT, distinct
from medusa_sync.sources.dialects.naming import Named, Naming
from medusa_sync.sources.dialects.own import OWN
from medusa_sync.sources.lenient_values import NOTHING, amount_of, images_in, listed, usable, value_of
from medusa_sync.sources.money import agree
from medusa_sync.sources.schema import DELETED, FIELDS, SOLD, SourceProduct, SourceVariant, Status
from medusa_sync.sources.text import one_line

_CODES = frozenset({"ean", "upc"})  # of variants; they have always been names of the barcode, too
_VARIANT = frozenset(each.encode_name for each in fields(SourceVariant)) - _CODES
_IGNORED = "-"
_HIDDEN = ("archived", "disabled", "hidden", "inactive", "private", "unlisted", "unpublished")  # drafts

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
    renamed, of_variants = _renamed(raw, is_strict=is_strict)
    product = renamed.product
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


def in_our_form(raw: Mapping[str, Any], *, is_strict: bool) -> dict[str, Any]:
    """A product with our own names and kinds of values, and with `unused`: what else it has.

    Raises:
        ValidationError: a value cannot be read.
    """
    renamed, of_variants = _renamed(raw, is_strict=is_strict)
    found = [each for each in of_variants if each.unused]
    for each in (renamed, *found):
        each.product["unused"] = {name: each.raw[name] for name in each.unused}
    return {name: value for name, value in renamed.product.items() if value is not None}


def _renamed(raw: Mapping[str, Any], *, is_strict: bool) -> tuple[_Renamed, list[_Renamed]]:
    """A product and its variants with our own names."""
    renamed = _Renamed(raw, FIELDS, is_strict=is_strict)
    variants = renamed.product.get("variants")
    if not isinstance(variants, list):
        return renamed, []
    stated = {"currency": _stated(raw, FIELDS)}
    own = [
        _Renamed(stated | each, _VARIANT, f"variants[{index}].", is_strict=is_strict)
        if isinstance(each, dict)
        else each
        for index, each in enumerate(variants)
    ]
    renamed.product["variants"] = [each.product if isinstance(each, _Renamed) else each for each in own]
    return renamed, [each for each in own if isinstance(each, _Renamed)]


def identity(raw: Mapping[str, Any]) -> tuple[Any, Any]:
    """The id and the title of a product."""
    wanted = {name: value for name, value in raw.items() if _named(name, FIELDS).field in {"id", "title"}}
    product = _Renamed(wanted, FIELDS, is_strict=True).product
    return product.get("id"), product.get("title")


def is_deleted(raw: Mapping[str, Any]) -> bool:
    """Whether a product says that it is deleted."""
    given = [value for name, value in raw.items() if _named(name, FIELDS).field == DELETED]
    return any(value_of(DELETED, value, DELETED) for value in given)


def meant(names: Iterable[str]) -> set[str]:
    """The fields of our own format that these names mean."""
    return {_named(name, FIELDS).field for name in names} - {"", _IGNORED}


def are_translated(names: Iterable[str]) -> bool:
    """Whether one of these names is known only in another language than English."""
    found = (OWN.meaning(name) for name in names if name not in FIELDS)
    return any(each is not None and each.rank == LAST for each in found)


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
        known = own | _CODES if own is _VARIANT else own
        self.product = product = {name: value for name, value in raw.items() if name in known}
        self.unused: list[str] = []
        self.raw = raw
        self._given: dict[str, str] = {}  # the names of fields that have other ones
        self._own = own
        self._needed = own if is_strict else _KINDS[own][2]
        images, stated = images_in(product.get("images")), _stated(raw, own)
        ignored = {_IGNORED, "currency"} if stated else {_IGNORED}
        others = [_named(name, own) for name in raw if name not in own and raw[name] not in NOTHING]
        for (name, field, *_), counts in Naming(["images"] if images else []).choose(others):
            if field == "images" and counts:
                images += images_in(raw[name])
            elif field not in ignored and not (
                (counts and _added(product, field, raw[name], path + name)) or name in known
            ):
                self.unused.append(name)
            self._given.setdefault(field.partition(".")[0], name)
        if images:
            product["images"] = images
        _move_prices(product, stated, path)
        _move_category(product)
        self._read_values(path)

    def _read_values(self, path: str) -> None:
        for name, value in [*self.product.items()]:
            try:
                self.product[name] = value_of(name, value, path + name)
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
        return usable({**minimal, name: each}, kind) is not None

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
    if held not in NOTHING or field in {"currency", "images"}:
        return False
    product[name] = {**(known or {}), member: value_of(member, value, path)} if member else value
    return True


def _move_prices(product: dict[str, Any], stated: str, path: str) -> None:
    """Read the prices, and make one whose currency is known one of those in currencies."""
    found = {name: amount_of(product[name], path + name) for name in _PRICES if name in product}
    _, own = found.get("price", (None, ""))
    code = own if own and not (stated and agree(own, stated)) else stated
    for name, (amount, currency) in found.items():
        product[name] = amount
        if code and currency and not agree(code, currency):
            raise msgspec.ValidationError(
                f"it is in {currency.upper()}, but the price is in {code.upper()} - at `$.{path}{name}`"
            )
    price, prices = product.get("price"), product.get("prices")
    if code and price not in NOTHING and isinstance(prices, dict | None):
        other, _ = amount_of((prices or {}).get(code, price), f"{path}prices.{code}")
        if other != price:
            raise msgspec.ValidationError(
                f"it is {price}, but {code} in prices is {other} - at `$.{path}price`"
            )
        product |= {"price": None, "prices": {code: price, **(prices or {})}}
    elif own and isinstance(prices, list):
        product |= {"price": None, "prices": [{"currency": own, "amount": price}, *prices]}


def _move_category(product: dict[str, Any]) -> None:
    """Make a category that is no text one of the categories."""
    category = product.get("category")
    if isinstance(category, dict | list):
        product |= {"category": None, "categories": listed(category) + listed(product.get("categories"))}
