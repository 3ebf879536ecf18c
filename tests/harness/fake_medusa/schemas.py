"""The request bodies that the endpoints accept."""

from typing import Final

from tests.harness.fake_medusa.validation import (
    Check,
    anything,
    array,
    boolean,
    fields,
    not_negative,
    nullable,
    number,
    one_of,
    record,
    text,
)

_METADATA: Final = nullable(record())
_IDS: Final = array(fields({"id": text}, required=["id"], strict=False))
_STATUS: Final = one_of("draft", "proposed", "published", "rejected")
_DETAILS: Final[dict[str, Check]] = {
    **dict.fromkeys(["hs_code", "mid_code", "origin_country", "material"], nullable(text)),
    **dict.fromkeys(["weight", "length", "height", "width"], nullable(number)),
    "metadata": _METADATA,
}

_PRICE: Final[dict[str, Check]] = {
    "currency_code": text,
    "amount": number,
    "min_quantity": nullable(number),
    "max_quantity": nullable(number),
    "rules": record(text),
}
_NEW_PRICE: Final = fields(_PRICE, required=["currency_code", "amount"], strict=False)
_CHANGED_PRICES: Final = array(fields({**_PRICE, "id": text}, strict=False))
_ANY_PRICES: Final = array(fields({**_PRICE, "id": text}))

_VARIANT: Final[dict[str, Check]] = {
    "title": text,
    "sku": nullable(text),
    "barcode": nullable(text),
    "manage_inventory": boolean,
    "options": record(text),
    **_DETAILS,
}
_NEW_OPTION: Final = fields(
    {"title": text, "values": array(text), "is_exclusive": boolean}, required=["title", "values"]
)
ITEM_LINK: Final = fields(
    {"inventory_item_id": text, "required_quantity": number}, required=["inventory_item_id"]
)
_NEW_VARIANT: Final[dict[str, Check]] = {
    **_VARIANT,
    "prices": array(_NEW_PRICE),
    "inventory_items": array(ITEM_LINK),
}
_CHANGED_VARIANT: Final[dict[str, Check]] = {
    **_VARIANT,
    "id": text,
    "thumbnail": nullable(text),
    "prices": _CHANGED_PRICES,
}

_PRODUCT: Final[dict[str, Check]] = {
    "title": text,
    "subtitle": nullable(text),
    "description": nullable(text),
    "thumbnail": nullable(text),
    "handle": text,
    "external_id": nullable(text),
    "categories": _IDS,
    "tags": _IDS,
    "sales_channels": _IDS,
    **dict.fromkeys(["type_id", "collection_id"], nullable(text)),
    **_DETAILS,
}
_NEW_PRODUCT: Final[dict[str, Check]] = {
    **_PRODUCT,
    "images": array(fields({"url": text}, required=["url"], strict=False)),
    "status": nullable(_STATUS),
    "options": array(_NEW_OPTION),
    "variants": array(fields(_NEW_VARIANT, required=["title", "prices"])),
    "shipping_profile_id": text,
}
_CHANGED_PRODUCT: Final[dict[str, Check]] = {
    **_PRODUCT,
    "option_ids": array(text),
    # Medusa accepts more here. A refused update would not restore it, so this tool sends only these.
    "variants": array(fields({"id": text, "options": record(text)}, required=["id"])),
    "status": _STATUS,
    "images": array(fields({"id": text, "url": text}, required=["url"], strict=False)),
    "shipping_profile_id": nullable(text),
}

PRODUCT: Final = fields(_CHANGED_PRODUCT)
PRODUCT_BATCH: Final = fields(
    {
        "create": array(fields(_NEW_PRODUCT, required=["title"])),
        "update": array(fields({**_CHANGED_PRODUCT, "id": text}, required=["id"])),
        "delete": array(text),
    }
)
NEW_VARIANT: Final = fields(_NEW_VARIANT, required=["title", "prices"])
VARIANT: Final = fields(_CHANGED_VARIANT)
VARIANT_BATCH: Final = fields(
    {
        "create": array(NEW_VARIANT),
        "update": array(fields(_CHANGED_VARIANT, required=["id"])),
        "delete": array(text),
    }
)
_CHANGED_VALUES: Final = fields(
    {
        "product_option_id": text,
        "add": array(fields({"value": text}, required=["value"])),
        "remove": array(text),
    },
    required=["product_option_id"],
    strict=False,
)
OPTION_BATCH: Final = fields(
    {"update": array(_CHANGED_VALUES), "add": array(_NEW_OPTION), "remove": array(text)}
)
OPTION: Final = fields({"title": text})

_CATEGORY: Final[dict[str, Check]] = {
    "name": text,
    "description": text,
    "handle": text,
    "is_internal": boolean,
    "is_active": boolean,
    "metadata": _METADATA,
    "parent_category_id": nullable(text),
}
NEW_CATEGORY: Final = fields(_CATEGORY, required=["name"])
CATEGORY: Final = fields(_CATEGORY)
_VALUE: Final[dict[str, Check]] = {"value": text, "metadata": _METADATA}
VALUE: Final = fields(_VALUE, required=["value"])
_COLLECTION: Final[dict[str, Check]] = {"title": text, "handle": text, "metadata": _METADATA}
COLLECTION: Final = fields(_COLLECTION, required=["title"])
NAMED: Final = fields({"name": text, "metadata": _METADATA}, required=["name"])

_NEW_LIST_PRICE: Final[dict[str, Check]] = {**_PRICE, "variant_id": text}
_LIST_PRICES: Final = array(
    fields(_NEW_LIST_PRICE, required=["currency_code", "amount", "variant_id"], strict=False)
)
LIST_PRICE_BATCH: Final = fields(
    {
        "create": _LIST_PRICES,
        "update": array(fields({**_NEW_LIST_PRICE, "id": text}, required=["id", "variant_id"], strict=False)),
        "delete": array(text),
    }
)
PRICE_LIST: Final = fields(
    {
        "title": text,
        "description": text,
        "status": one_of("active", "draft"),
        "type": one_of("sale", "override"),
        "metadata": _METADATA,
        "prices": _LIST_PRICES,
    },
    required=["title", "description"],
)

_LEVEL: Final = fields(
    {"inventory_item_id": text, "location_id": text, "stocked_quantity": not_negative},
    required=["inventory_item_id", "location_id"],
    strict=False,
)
LEVEL_BATCH: Final = fields({"create": array(_LEVEL), "update": array(_LEVEL)})
RESERVATION: Final = fields(
    {"inventory_item_id": text, "location_id": text, "quantity": number},
    required=["inventory_item_id", "location_id", "quantity"],
)
ITEM: Final = fields({"sku": nullable(text)})

# The members of the lists that workflows get; Medusa does not check these.
WORKFLOW: Final = fields({"input": anything})
VALUE_WITH_ID: Final = fields({**_VALUE, "id": text}, required=["value"])
COLLECTION_WITH_ID: Final = fields({**_COLLECTION, "id": text}, required=["title"])
CATEGORY_WITH_ID: Final = fields({**_CATEGORY, "id": text}, required=["name"])
ITEM_WITH_ID: Final = fields(
    {
        "id": text,
        "sku": nullable(text),
        "title": nullable(text),
        "description": nullable(text),
        "weight": nullable(number),
        "location_levels": array(
            fields({"location_id": text, "stocked_quantity": number}, required=["location_id"])
        ),
    }
)
CHANGED_ITEM: Final = fields({"id": text, "sku": nullable(text)}, required=["id"])
_VARIANT_WITH_ID: Final = {**_NEW_VARIANT, "id": text, "thumbnail": nullable(text), "prices": _ANY_PRICES}
VARIANT_WITH_ID: Final = fields({**_VARIANT_WITH_ID, "product_id": text}, required=["title", "product_id"])
PRODUCT_WITH_ID: Final = fields(
    {
        **_NEW_PRODUCT,
        "id": text,
        "tag_ids": array(text),
        "category_ids": array(text),
        "variants": array(fields(_VARIANT_WITH_ID, required=["title"])),
    },
    required=["title"],
)
CHANGED_VARIANT: Final = fields({**_CHANGED_VARIANT, "prices": _ANY_PRICES}, required=["id"])
