"""The request bodies that the endpoints accept: only fields that the fake supports."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, ValidationError, convert, defstruct

from tests.harness.fake_medusa.errors import invalid_data

Types = dict[str, Any]


def validate(type_: Any, body: object) -> None:
    """The message is not that of Medusa, but names the field."""
    try:
        convert(body, type_)
    except ValidationError as error:
        raise invalid_data(f"Invalid request: {error}") from None


def fields(types: Mapping[str, Any], required: str = "", *, strict: bool = True) -> Any:
    """The type of an object, in which unknown fields are an error if it is strict."""
    needed = required.split()
    entries = [(name, types[name]) for name in needed]
    optional = [(name, type_, None) for name, type_ in types.items() if name not in needed]
    return defstruct("Body", [*entries, *optional], forbid_unknown_fields=strict)


def array(types: Mapping[str, Any], required: str = "", *, strict: bool = True) -> Any:
    """The type of a list of such objects."""
    type_: Any = fields(types, required, strict=strict)
    return list[type_]


_METADATA: Final[Any] = dict[str, Any] | None
_IDS: Final = array({"id": str}, "id", strict=False)
_STATUS: Final = Literal["draft", "proposed", "published", "rejected"]
_DETAILS: Final[Types] = {
    **dict.fromkeys(["hs_code", "mid_code", "origin_country", "material"], str | None),
    **dict.fromkeys(["weight", "length", "height", "width"], float | None),
}

_PRICE: Final[Types] = {
    "currency_code": str,
    "amount": float,
    "rules": dict[str, str],
    **dict.fromkeys(["min_quantity", "max_quantity"], float | None),
}
_ANY_PRICES: Final = array({**_PRICE, "id": str})

VARIANT_COLUMNS: Final[Types] = {
    "title": str,
    **dict.fromkeys(["manage_inventory", "allow_backorder"], bool),
    "variant_rank": int,
    **_DETAILS,
    **dict.fromkeys(["sku", "barcode", "ean", "upc"], str | None),
}
_VARIANT: Final[Types] = {**VARIANT_COLUMNS, "options": dict[str, str], "metadata": _METADATA}
_ITEM_LINK: Final[Types] = {"inventory_item_id": str, "required_quantity": float}
ITEM_LINK: Final = fields(_ITEM_LINK, "inventory_item_id")
_VARIANT_LINK: Final[Types] = {"variant_id": str, "inventory_item_id": str}
LINK_BATCH: Final = fields(
    {
        "create": array({**_VARIANT_LINK, "required_quantity": float}, "variant_id inventory_item_id"),
        "delete": array(_VARIANT_LINK, "variant_id inventory_item_id"),
    }
)
_NEW_VARIANT: Final[Types] = {
    **_VARIANT,
    "prices": array(_PRICE, "currency_code amount", strict=False),
    "inventory_items": array(_ITEM_LINK, "inventory_item_id"),
}
_CHANGED_VARIANT: Final[Types] = {
    **_VARIANT,
    "id": str,
    "thumbnail": str | None,
    "prices": array({**_PRICE, "id": str}, strict=False),
}
NEW_VARIANT: Final = fields(_NEW_VARIANT, "title prices")
VARIANT: Final = fields(_CHANGED_VARIANT)
VARIANT_BATCH: Final = fields(
    {
        "create": array(_NEW_VARIANT, "title prices"),
        "update": array(_CHANGED_VARIANT, "id"),
        "delete": list[str],
    }
)

_NEW_OPTIONS: Final = array({"title": str, "values": list[str], "is_exclusive": bool}, "title values")
_CHANGED_VALUES: Final[Types] = {
    "product_option_id": str,
    "add": array({"value": str}, "value"),
    "remove": list[str],
}
OPTION_BATCH: Final = fields(
    {
        "update": array(_CHANGED_VALUES, "product_option_id", strict=False),
        "add": _NEW_OPTIONS,
        "remove": list[str],
    }
)
OPTION: Final = fields({"title": str})

PRODUCT_COLUMNS: Final[Types] = {
    **dict.fromkeys(["title", "handle"], str),
    **dict.fromkeys(["subtitle", "description", "thumbnail", "external_id"], str | None),
    **dict.fromkeys(["type_id", "collection_id"], str | None),
    "discountable": bool,
    **_DETAILS,
}
_PRODUCT: Final[Types] = {
    **PRODUCT_COLUMNS,
    **dict.fromkeys(["categories", "tags", "sales_channels"], _IDS),
    "metadata": _METADATA,
}
_NEW_PRODUCT: Final[Types] = {
    **_PRODUCT,
    "images": array({"url": str}, "url", strict=False),
    "status": _STATUS | None,
    "options": _NEW_OPTIONS,
    "variants": array(_NEW_VARIANT, "title prices"),
    "shipping_profile_id": str,
}
_CHANGED_PRODUCT: Final[Types] = {
    **_PRODUCT,
    "option_ids": list[str],
    # Medusa accepts more here. A refused update would not restore it, so this tool sends only these.
    "variants": array({"id": str, "options": dict[str, str]}, "id"),
    "status": _STATUS,
    "images": array({"id": str, "url": str}, "url", strict=False),
    "shipping_profile_id": str | None,
}
PRODUCT: Final = fields(_CHANGED_PRODUCT)
PRODUCT_BATCH: Final = fields(
    {
        "create": array(_NEW_PRODUCT, "title"),
        "update": array({**_CHANGED_PRODUCT, "id": str}, "id"),
        "delete": list[str],
    }
)

_CATEGORY: Final[Types] = {
    **dict.fromkeys(["name", "description", "handle"], str),
    "is_active": bool,
    "metadata": _METADATA,
    "parent_category_id": str | None,
}
NEW_CATEGORY: Final = fields(_CATEGORY, "name handle")
CATEGORY: Final = fields(_CATEGORY)
_VALUE: Final[Types] = {"value": str, "metadata": _METADATA}
VALUE: Final = fields(_VALUE, "value")
_COLLECTION: Final[Types] = {"title": str, "handle": str, "metadata": _METADATA}
COLLECTION: Final = fields(_COLLECTION, "title handle")
NAMED: Final = fields({"name": str, "metadata": _METADATA}, "name")
PROFILE: Final = fields({"name": str, "type": str, "metadata": _METADATA}, "name type")
CHANNEL: Final = fields(
    {"name": str, "description": str | None, "is_disabled": bool, "metadata": _METADATA}, "name"
)
NAME: Final = fields({"name": str})
LINKS: Final = fields({"add": list[str], "remove": list[str]})
REGION: Final = fields({"name": str, "currency_code": str, "metadata": _METADATA}, "name currency_code")

_LIST_PRICE: Final[Types] = {**_PRICE, "variant_id": str}
_NEW_LIST_PRICES: Final = array(_LIST_PRICE, "currency_code amount variant_id", strict=False)
LIST_PRICE_BATCH: Final = fields(
    {
        "create": _NEW_LIST_PRICES,
        "update": array({**_LIST_PRICE, "id": str}, "id variant_id", strict=False),
        "delete": list[str],
    }
)
PRICE_LIST: Final = fields(
    {
        **dict.fromkeys(["title", "description"], str),
        "metadata": _METADATA,
        "prices": _NEW_LIST_PRICES,
        "status": Literal["active", "draft"],
        "type": Literal["sale", "override"],
    },
    "title description",
)

_STOCK: Final[Types] = {"location_id": str, "stocked_quantity": Annotated[float, Meta(ge=0)]}
_LEVELS: Final = array({"inventory_item_id": str, **_STOCK}, "inventory_item_id location_id", strict=False)
LEVEL_BATCH: Final = fields({"create": _LEVELS, "update": _LEVELS})
_RESERVATION: Final = "inventory_item_id location_id quantity"
RESERVATION: Final = fields({"inventory_item_id": str, "location_id": str, "quantity": float}, _RESERVATION)
_ITEM_TEXTS: Final = dict.fromkeys(["sku", "title", "description"], str | None)
_ITEM_FIELDS: Final = {**_ITEM_TEXTS, "weight": float | None, "location_levels": array(_STOCK, "location_id")}
ITEM: Final = fields(_ITEM_FIELDS)
ITEM_CHANGE: Final = fields({"sku": str | None})

_TEXTS: Final = {
    **dict.fromkeys(["id", "reference_id", "reference", "locale_code"], str),
    "translations": dict[str, str],
}
TRANSLATION_BATCH: Final = fields(
    {
        "create": array(_TEXTS, "reference_id reference locale_code translations", strict=False),
        "update": array(_TEXTS, "id translations", strict=False),
        "delete": list[str],
    }
)
STORE: Final = fields(
    {
        "supported_locales": array({"locale_code": str}, "locale_code"),
        "supported_currencies": array({"currency_code": str, "is_default": bool}, "currency_code"),
    }
)

WORKFLOW: Final = fields({"input": Any})
_VARIANT_WITH_ID: Final = {**_NEW_VARIANT, "id": str, "thumbnail": str | None, "prices": _ANY_PRICES}
_PRODUCT_WITH_ID: Final = {
    **_NEW_PRODUCT,
    "id": str,
    "tag_ids": list[str],
    "category_ids": list[str],
    "variants": array(_VARIANT_WITH_ID, "title"),
}
_ITEM_WITH_ID: Final = {"id": str, **_ITEM_FIELDS}
INPUTS: Final = {
    "create-product-tags": ("product_tags", array({**_VALUE, "id": str}, "value")),
    "create-product-types": ("product_types", array({**_VALUE, "id": str}, "value")),
    "create-collections": ("collections", array({**_COLLECTION, "id": str}, "title handle")),
    "create-product-categories": ("product_categories", array({**_CATEGORY, "id": str}, "name handle")),
    "create-inventory-items-workflow": ("items", array(_ITEM_WITH_ID)),
    "update-inventory-items-workflow": ("updates", array({"id": str, "sku": str | None}, "id")),
    "create-products": ("products", array(_PRODUCT_WITH_ID, "title")),
    "create-product-variants": (
        "product_variants",
        array({**_VARIANT_WITH_ID, "product_id": str}, "title product_id"),
    ),
    "update-product-variants": ("product_variants", array({**_CHANGED_VARIANT, "prices": _ANY_PRICES}, "id")),
    "delete-product-variants": ("ids", list[str]),
    "update-translations": (
        "translations",
        array({"id": str, "translations": dict[str, str | None]}, "id translations"),
    ),
}
"""For each workflow, the name and the type of its list; Medusa does not check these."""
