"""Delivers the items of a source as products, which are checked and mapped only if they have changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property, partial
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, structs

from medusa_sync.core.ids import external_id_of
from medusa_sync.core.kinds.prices import CURRENCY, SALES
from medusa_sync.core.kinds.stock import STOCK_IS
from medusa_sync.core.policy import AVAILABLE
from medusa_sync.core.run_settings import ADJUST, ADJUST_CONTENT, MAP, MAP_CONTENT
from medusa_sync.redact import hidden
from medusa_sync.sources.base import Delivered, InvalidProductError, Item, Page, Rejected, Row, Unchecked
from medusa_sync.sources.image_paths import has_paths
from medusa_sync.sources.overlooked import Overlooked
from medusa_sync.sources.schema import EARLIER_NAMES, FIELDS, NEWER_NAMES, NEWER_VARIANT_NAMES
from medusa_sync.sources.text import UNREADABLE, one_line, usable_id

T = TypeVar("T")

_TITLE_LENGTH = 200  # of rejected products
MAPPING = 2  # raised when a product of a source is mapped to other values than before
_EARLIER, _NEWER, _NEWER_OF_VARIANTS = (
    tuple(f'"{name}"'.encode() for name in names)
    for names in (EARLIER_NAMES, NEWER_NAMES, NEWER_VARIANT_NAMES)
)  # as JSON has them


class MappingOptions(Struct, frozen=True, dict=True):
    """What the mapping of a product depends on besides the product.

    Attributes:
        source_name: the prefix of external ids.
        currency: of the prices.
        sale_prices: discounts become sale prices.
        source_map: the name of the map that the settings choose; empty if they choose none.
        map_digest: of its content.
        adjust, adjust_digest: the same of the program that adjusts products.
        base: the URL of the source, which completes the paths of images; empty without one.
        has_other_names: fields of the products have other names, which were not read in older versions.
        has_translated_names: some of these are in other languages, which were read still later.
        has_newer_names: some of these mean fields that 1.0.0 ignored.
        is_available: stock is what no order has reserved.
        has_decimal_commas: a price that is a text such as `1.234` is not clear.
    """

    source_name: str
    currency: str
    sale_prices: bool = False
    source_map: str = ""
    has_other_names: bool = False
    map_digest: str = ""
    base: str = ""
    has_translated_names: bool = False
    has_newer_names: bool = False
    is_available: bool = False
    adjust: str = ""
    adjust_digest: str = ""
    has_decimal_commas: bool = False

    @cached_property
    def settings(self) -> dict[str, str]:
        """The settings of values that are set."""
        sales, currency = "on" if self.sale_prices else "", self.currency
        values = {CURRENCY: currency, SALES: sales, MAP: self.source_map, MAP_CONTENT: self.map_digest}
        values |= {ADJUST: self.adjust, ADJUST_CONTENT: self.adjust_digest}
        values[STOCK_IS] = AVAILABLE if self.is_available else ""
        return {name: value for name, value in values.items() if value}


class _Titled(Struct):
    id: Any = None
    title: Any = None


def named(item: Item) -> tuple[str | None, str | None]:
    """The id and the title of an item; None if they are not usable."""
    if item.named is None:
        found = _Titled()
        with suppress(*UNREADABLE):
            found = as_type(_Titled, item.value)
        if found.id is None or found.title is None:
            from medusa_sync.sources.lenient import identity

            found = _Titled(*identity(item.decoded))
        title = one_line(found.title) if isinstance(found.title, str) else None
        item.named = usable_id(found.id), title
    return item.named


def page_of(
    items: Iterable[Item], total: int | None, options: MappingOptions, overlooked: Overlooked | None = None
) -> Page:
    """The products that items are; apart, the ids of those that the source says are deleted."""
    rows, deleted = list[Delivered](), list[str]()
    for item in items:
        source_id = named(item)[0] if _may_be_deleted(item) else None
        if source_id is not None and _is_deleted(item):
            deleted.append(source_id)
        else:
            rows.append(deliver(item, options, overlooked))
    return Page(tuple(rows), total, tuple(deleted))


def _may_be_deleted(item: Item) -> bool:
    """Whether an item has a field, or a text, with such a name; most need no more."""
    if isinstance(item.value, dict):
        return not item.problem and any("deleted" in name.lower() for name in item.value)
    return not item.problem and isinstance(item.value, msgspec.Raw) and b"eleted" in bytes(item.value)


def _is_deleted(item: Item) -> bool:
    from medusa_sync.sources.lenient import is_deleted  # few sources need it

    return is_deleted(item.decoded)


def deliver(item: Item, options: MappingOptions, overlooked: Overlooked | None = None) -> Delivered:
    """A product, which is checked and mapped later; one without a usable id or title is rejected at once."""
    source_id, title = named(item)
    if source_id is None or title is None or item.problem:
        return _row(item, options, overlooked)
    body = bytes(item.body)
    settings = f"{MAPPING} {options.currency} {options.sale_prices}"
    settings += " names" if options.has_other_names or _has(body, _EARLIER) else ""
    settings += " in languages" if options.has_translated_names else ""
    settings += " newer" if options.has_newer_names or _has_newer_names(item, body) else ""
    settings += " available" if options.is_available else ""
    if options.base and has_paths(body):
        body += options.base.encode()
    digest = blake2b(body, digest_size=8, key=settings.encode()).hexdigest()
    external_id = external_id_of(options.source_name, source_id)
    row = partial(_row, item, options, overlooked)
    return Unchecked(external_id, source_id, title, digest, row, options.settings)


def _has_newer_names(item: Item, body: bytes) -> bool:
    """Whether an item may have fields that 1.0.0 ignored: an upgrade has to look at its product."""
    if _has(body, _NEWER):
        return True
    if b'"variants"' not in body or not _has(body, _NEWER_OF_VARIANTS):
        return False
    variants = item.decoded.get("variants")  # products have most of these names, too
    listed = variants if isinstance(variants, Sequence) else ()
    return any(isinstance(each, dict) and not each.keys().isdisjoint(NEWER_VARIANT_NAMES) for each in listed)


def _has(body: bytes, names: Iterable[bytes]) -> bool:
    return any(name in body for name in names)


def _row(item: Item, options: MappingOptions, overlooked: Overlooked | None) -> Row:
    from medusa_sync.sources.mapping import desired_of  # a run in which nothing has changed maps nothing

    try:
        return desired_of(item, options, overlooked)
    except InvalidProductError as error:
        source_id, title = named(item)
        external_id = None if source_id is None else external_id_of(options.source_name, source_id)
        name = title or ("" if source_id else item.place)
        return Rejected(external_id, source_id, hidden(name)[:_TITLE_LENGTH], str(error))


def with_names(options: MappingOptions, item: Item) -> MappingOptions:
    """The options with what the names of an item say: whether such as are not our own are used."""
    others = item.decoded.keys() - FIELDS
    if not others:
        return options
    from medusa_sync.sources.lenient import are_translated, meant

    fields = meant(others)
    return structs.replace(
        options,
        has_other_names=bool(fields),
        has_translated_names=are_translated(others),
        has_newer_names=not fields.isdisjoint(NEWER_NAMES),
    )


def as_type(kind: type[T], raw: Any) -> T:
    """JSON, decoded or not, as a type."""
    return msgspec.json.decode(raw, type=kind) if isinstance(raw, msgspec.Raw) else msgspec.convert(raw, kind)
