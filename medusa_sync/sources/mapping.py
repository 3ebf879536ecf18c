"""Maps a source product to what the store should hold (see docs/mapping.md)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import structs

from medusa_sync.core.handles import slug
from medusa_sync.core.ids import external_id_of
from medusa_sync.core.kinds.metadata import METADATA
from medusa_sync.core.kinds.profiles import PROFILE
from medusa_sync.core.kinds.status import PUBLISHED, STATUS
from medusa_sync.core.product import Category, DesiredProduct
from medusa_sync.core.value import Value, members
from medusa_sync.sources.base import InvalidProductError, Item
from medusa_sync.sources.delivery import MappingOptions, as_type
from medusa_sync.sources.image_paths import completed
from medusa_sync.sources.overlooked import Overlooked
from medusa_sync.sources.schema import ACTIVE, SourceCategory, SourceDimensions, SourceProduct
from medusa_sync.sources.text import (
    UNREADABLE,
    decode_json,
    id_problem,
    is_web_url,
    one_line,
    paragraphs,
    usable_id,
)
from medusa_sync.sources.variants import desired_variants, metadata_of, name_variant, shared_stock, texts_of

_LIMIT = re.compile(r"Expected \w+ (>=|<=|of length >=|of length <=) (\S+?)(?:\.0)?")
_BEYOND = {">=": "below", "<=": "above", "of length >=": "shorter than", "of length <=": "longer than"}
_MISSING = re.compile(r"Object missing required field (.*)")
_KIND = re.compile(r"Expected (.+), got (\w+)")
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}

_MAX_HANDLE = 1_000  # characters; PostgreSQL cannot index texts of a few thousand


def desired_of(item: Item, options: MappingOptions, overlooked: Overlooked | None) -> DesiredProduct:
    """Check and map one product.

    Raises:
        InvalidProductError: it cannot be stored.
    """
    if item.problem:
        raise InvalidProductError(item.problem)
    try:
        if options.has_decimal_commas:
            from medusa_sync.sources.lenient_values import check_separators  # few sources need it

            check_separators(item.decoded)
        is_strict = not (item.is_foreign or options.has_other_names)
        product, unknown_status, unused = _read(item.value, is_strict=is_strict)
    except msgspec.ValidationError as error:
        raise InvalidProductError(name_variant(readable(error), item.decoded)) from error
    except UnicodeEncodeError as error:  # a lone surrogate
        raise InvalidProductError("the name of a field is not valid Unicode") from error
    except RecursionError as error:
        raise InvalidProductError("it is nested too deeply") from error
    if options.base:
        product = completed(product, options.base)
    desired = to_desired(product, options)
    if unknown_status:
        desired = structs.replace(desired, status="draft", unknown_status=unknown_status)
    if overlooked is not None:
        overlooked.add(product, desired, unused)
    return desired


def _read(raw: Any, *, is_strict: bool) -> tuple[SourceProduct, str, Sequence[str]]:
    """The product, what it has instead of a known status, and its fields that are not used."""
    try:
        return as_type(SourceProduct, raw), "", ()  # the usual case: a valid product with our own names
    except UNREADABLE:
        value = decode_json(bytes(raw)) if isinstance(raw, msgspec.Raw) else raw
    from medusa_sync.sources.lenient import adjusted

    return adjusted(value, is_strict=is_strict)


def readable(error: msgspec.ValidationError) -> str:
    """Msgspec's message in plain words, with the path of the field: `price: it is a text, not a number`."""
    message, _, path = str(error).replace("`", "").partition(" - at ")
    field = path.removeprefix("$").removeprefix(".")
    message = _MISSING.sub(r"\1 is missing", message)
    if limit := _LIMIT.fullmatch(message):
        is_empty = limit.groups() == ("of length >=", "1")
        message = "it is empty" if is_empty else f"it is {_BEYOND[limit[1]]} {limit[2]}"
    elif (kind := _KIND.fullmatch(message)) and kind[2] in _KINDS:
        expected = kind[1].replace("int | float", "float").replace(" | null", "").split(" | ")
        message = f"it is {_KINDS[kind[2]]}, not {' or '.join(_KINDS.get(each, each) for each in expected)}"
    return f"{field}: {message}" if field else message


# --- products -------------------------------------------------------------------------------------------


def _handle(title: str | None) -> str | None:
    """The handle of a collection; None if its title has no letter or digit."""
    return slug(line) or None if (line := one_line(title)) else None


def _members(values: Iterable[str] | None) -> tuple[str, ...]:
    """Each value once, in the order of the source."""
    return tuple(dict.fromkeys(line for value in values or () if (line := one_line(value))))


def _urls(values: Iterable[str] | None) -> tuple[str, ...]:
    """Each URL of an image once, in the order of the source."""
    return tuple(filter(is_web_url, _members(values)))


def _as_it_is(value: Value) -> Value:
    return value


def _side(name: str) -> Callable[[SourceDimensions | None], Value]:
    return lambda dimensions: getattr(dimensions, name, None)


_FIELDS: tuple[tuple[str, str, Callable[[Any], Value]], ...] = (
    ("title", "title", one_line),
    ("subtitle", "subtitle", one_line),
    ("description", "description", paragraphs),
    ("thumbnail", "thumbnail", lambda url: next(iter(_urls([url or ""])), None)),
    ("weight", "weight", _as_it_is),
    ("length", "dimensions", _side("stored_length")),
    ("height", "dimensions", _side("height")),
    ("width", "dimensions", _side("width")),
    ("origin_country", "origin_country", one_line),
    ("hs_code", "hs_code", one_line),
    ("mid_code", "mid_code", one_line),
    ("material", "material", one_line),
    (STATUS, "status", lambda status: PUBLISHED if status == ACTIVE else status),
    (PROFILE, "shipping_profile", one_line),
    ("discountable", "discountable", _as_it_is),
    ("type", "type", one_line),
    ("collection", "collection", _handle),
    ("categories", "category", lambda name: _members([name or ""])),
    ("tags", "tags", _members),
    ("sales_channels", "sales_channels", lambda names: _members(names) or None),
    ("images", "images", _urls),
    (f"{METADATA}brand", "brand", one_line),
    (f"{METADATA}rating", "rating", _as_it_is),
    # Only the number of reviews: the names and addresses of reviewers are private.
    (f"{METADATA}review_count", "reviews", lambda reviews: None if reviews is None else len(reviews)),
    (f"{METADATA}discount_percentage", "discount_percentage", _as_it_is),
    (f"{METADATA}warranty_information", "warranty_information", one_line),
    (f"{METADATA}shipping_information", "shipping_information", one_line),
    (f"{METADATA}return_policy", "return_policy", one_line),
    (f"{METADATA}minimum_order_quantity", "minimum_order_quantity", _as_it_is),
    (f"{METADATA}availability_status", "availability_status", one_line),
)
"""The fields of a product in the store; which field of the source each is, and how that is read."""

_values = attrgetter(*(own for _, own, _ in _FIELDS))
_EMPTY = {name: read(None) for name, _, read in _FIELDS}


def to_desired(product: SourceProduct, options: MappingOptions) -> DesiredProduct:
    """What the store should hold.

    Raises:
        InvalidProductError: the product cannot be stored.
    """
    given = zip(_FIELDS, _values(product), strict=True)
    fields = _EMPTY | {name: read(value) for (name, _, read), value in given if value is not None}
    source_id = usable_id(product.id)
    if source_id is None:
        raise InvalidProductError(f"id: {id_problem(product.id)}")
    if fields["title"] is None:
        raise InvalidProductError("title: it has no visible characters")
    names, variants = desired_variants(product, options.currency, sale_prices=options.sale_prices)
    leaves, categories = nested(product.categories or ())
    fields["categories"] = _members([product.category or "", *leaves])
    if fields["thumbnail"] is None:  # Medusa chooses the first image too
        fields["thumbnail"] = next(iter(members(fields["images"])), None)
    own = metadata_of(product.metadata)
    fields.update((name, value) for name, value in own.items() if fields.get(name) is None)
    fields |= texts_of(product.translations) | shared_stock(product)
    collection, title_of_collection = _handle(product.collection), one_line(product.collection)
    return DesiredProduct(
        external_id_of(options.source_name, source_id),
        source_id,
        options.currency,
        fields,
        variants,
        names,
        {collection: title_of_collection} if collection and title_of_collection else {},
        categories,
        one_line(product.handle),
        None if product.status == ACTIVE else product.status,
        settings=options.settings,
        is_available=options.is_available,
    )


# --- category paths --------------------------------------------------------------------------------------


def nested(
    paths: Sequence[Sequence[str | SourceCategory] | SourceCategory | str],
) -> tuple[tuple[str, ...], Mapping[str, Category]]:
    """The handles of the last categories of these paths, and all categories of the paths by handle.

    Raises:
        InvalidProductError: the handle of a category would be too long.
    """
    leaves: dict[str, None] = {}
    categories: dict[str, Category] = {}
    for path in paths:
        on_path = _on_path((path,) if isinstance(path, SourceCategory | str) else tuple(path))
        for handle, category in on_path:
            categories.setdefault(handle, category)
        leaves.update(dict.fromkeys(handle for handle, _ in on_path[-1:]))
    return tuple(leaves), categories


@lru_cache(maxsize=4096)  # many products share a path, and slugs are slow
def _on_path(path: tuple[str | SourceCategory, ...]) -> tuple[tuple[str, Category], ...]:
    """The categories of a path from the top; a name without letters and digits is left out.

    Without one of its own, the handle of a category has the slugs of its whole path, so that two branches can
    have the same name.
    """
    found: list[tuple[str, Category]] = []
    above: str | None = None
    for each in path:
        given, name = (slug(each.handle or ""), each.name) if isinstance(each, SourceCategory) else ("", each)
        name = one_line(name) or ""
        own = slug(name)
        if not name or not (given or own):
            continue
        handle = given or (f"{above}-{own}" if above else own)
        if len(handle) > _MAX_HANDLE:
            raise InvalidProductError(f"categories: the path to {name!r} is too long")
        found.append((handle, Category(name, above)))
        above = handle
    return tuple(found)
