"""The request bodies that the endpoints accept."""

from typing import Final

from tests.harness.fake_medusa.validation import (
    Check,
    array,
    boolean,
    boolean_or_its_name,
    either,
    fields,
    not_in_the_fake,
    not_negative,
    nullable,
    number,
    one_of,
    record,
    refused,
    text,
)

_METADATA: Final = nullable(record())
_IDS: Final = array(fields({"id": text}, required=["id"], strict=False))
_STATUS: Final = one_of("draft", "proposed", "published", "rejected")
_OPTIONS_ARE_GONE: Final = refused(
    "The 'options' property was removed in version 2.16.0. Please remove it from your request payload."
)

_PRICE: Final[dict[str, Check]] = {
    "id": text,
    "currency_code": text,
    "amount": number,
    "min_quantity": nullable(number),
    "max_quantity": nullable(number),
    "rules": record(text),
}
_NEW_PRICE: Final = fields(
    {name: check for name, check in _PRICE.items() if name != "id"},
    required=["currency_code", "amount"],
    strict=False,
)

_VARIANT: Final[dict[str, Check]] = {
    "title": text,
    "sku": nullable(text),
    "barcode": nullable(text),
    "allow_backorder": boolean_or_its_name,
    "manage_inventory": boolean_or_its_name,
    "metadata": _METADATA,
    "options": record(text),
    **dict.fromkeys(["hs_code", "mid_code", "origin_country", "material"], nullable(text)),
    **dict.fromkeys(["weight", "length", "height", "width"], nullable(number)),
    **dict.fromkeys(["ean", "upc", "variant_rank"], not_in_the_fake),
}
_NEW_OPTION: Final = fields(
    {
        "title": text,
        "values": array(text),
        "is_exclusive": boolean,
        **dict.fromkeys(["ranks", "metadata"], not_in_the_fake),
    },
    required=["title", "values"],
)
_NEW_VARIANT: Final[dict[str, Check]] = {
    **_VARIANT,
    "prices": array(_NEW_PRICE),
    "inventory_items": array(
        fields({"inventory_item_id": text, "required_quantity": number}, required=["inventory_item_id"])
    ),
}
_CHANGED_VARIANT: Final[dict[str, Check]] = {
    **_VARIANT,
    "id": text,
    "prices": array(fields(_PRICE, strict=False)),
    "thumbnail": nullable(text),
}

_PRODUCT: Final[dict[str, Check]] = {
    "title": text,
    "subtitle": nullable(text),
    "description": nullable(text),
    "discountable": boolean_or_its_name,
    "thumbnail": nullable(text),
    "handle": text,
    "external_id": nullable(text),
    "categories": _IDS,
    "tags": _IDS,
    "sales_channels": _IDS,
    **dict.fromkeys(["weight", "length", "height", "width"], nullable(number)),
    **dict.fromkeys(["material", "hs_code", "mid_code", "origin_country"], nullable(text)),
    "metadata": _METADATA,
    **dict.fromkeys(["type_id", "collection_id"], nullable(text)),
    "is_giftcard": not_in_the_fake,
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
    "options": _OPTIONS_ARE_GONE,
    "option_ids": array(text),
    "variants": array(fields(_CHANGED_VARIANT)),
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
OPTION_BATCH: Final = fields(
    {
        "update": array(
            fields(
                {
                    "product_option_id": text,
                    "add": array(either(text, fields({"value": text}, required=["value"]))),
                    "remove": array(text),
                },
                required=["product_option_id"],
                strict=False,
            )
        ),
        "add": array(either(text, _NEW_OPTION)),
        "remove": array(text),
    }
)
OPTION: Final = fields(
    {
        "title": text,
        **dict.fromkeys(["values", "ranks", "is_exclusive", "metadata"], not_in_the_fake),
    }
)
OPTION_VALUE: Final = fields({"value": text, "metadata": not_in_the_fake})

_CATEGORY: Final[dict[str, Check]] = {
    "name": text,
    "description": text,
    "handle": text,
    "is_internal": boolean,
    "is_active": boolean,
    "metadata": _METADATA,
    "parent_category_id": nullable(text),
    **dict.fromkeys(["external_id", "rank"], not_in_the_fake),
}
NEW_CATEGORY: Final = fields(_CATEGORY, required=["name"])
CATEGORY: Final = fields(_CATEGORY)
NEW_TAG: Final = fields(
    {"value": text, "external_id": not_in_the_fake, "metadata": _METADATA}, required=["value"]
)
_TYPE: Final[dict[str, Check]] = {"value": text, "external_id": not_in_the_fake, "metadata": _METADATA}
NEW_TYPE: Final = fields(_TYPE, required=["value"])
TYPE: Final = fields(_TYPE)
_COLLECTION: Final[dict[str, Check]] = {
    "title": text,
    "handle": text,
    "external_id": not_in_the_fake,
    "metadata": _METADATA,
}
NEW_COLLECTION: Final = fields(_COLLECTION, required=["title"])
COLLECTION: Final = fields(_COLLECTION)
NEW_SALES_CHANNEL: Final = fields(
    {
        "name": text,
        "metadata": _METADATA,
        **dict.fromkeys(["description", "is_disabled"], not_in_the_fake),
    },
    required=["name"],
)
NEW_SHIPPING_PROFILE: Final = fields(
    {"name": text, "type": text, "metadata": _METADATA}, required=["name", "type"]
)
NEW_STOCK_LOCATION: Final = fields(
    {"name": text, "metadata": _METADATA, **dict.fromkeys(["address", "address_id"], not_in_the_fake)}
)
STORE: Final = fields(
    {
        "name": text,
        "supported_currencies": array(
            fields(
                {"currency_code": text, "is_default": boolean, "is_tax_inclusive": boolean},
                required=["currency_code"],
                strict=False,
            )
        ),
        "supported_locales": not_in_the_fake,
        "default_sales_channel_id": nullable(text),
        "default_region_id": nullable(text),
        "default_location_id": nullable(text),
        "metadata": _METADATA,
    }
)

_NEW_LIST_PRICE: Final[dict[str, Check]] = {
    **{name: check for name, check in _PRICE.items() if name != "id"},
    "variant_id": text,
}
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
_PRICE_LIST: Final[dict[str, Check]] = {
    "title": text,
    "description": text,
    "status": one_of("active", "draft"),
    "type": one_of("sale", "override"),
    "metadata": _METADATA,
    **dict.fromkeys(["starts_at", "ends_at", "rules"], not_in_the_fake),
}
NEW_PRICE_LIST: Final = fields({**_PRICE_LIST, "prices": _LIST_PRICES}, required=["title", "description"])
PRICE_LIST: Final = fields({**_PRICE_LIST, "description": nullable(text)})

_LEVEL: Final = fields(
    {"inventory_item_id": text, "location_id": text, "stocked_quantity": not_negative},
    required=["inventory_item_id", "location_id"],
    strict=False,
)
LEVEL_BATCH: Final = fields(
    {"create": array(_LEVEL), "update": array(_LEVEL), "delete": array(text), "force": boolean}
)

RESERVATION: Final = fields(
    {"inventory_item_id": text, "location_id": text, "quantity": number},
    required=["inventory_item_id", "location_id", "quantity"],
)

ITEM: Final = fields({"sku": nullable(text)})
ITEM_LINK: Final = fields(
    {"inventory_item_id": text, "required_quantity": number},
    required=["inventory_item_id", "required_quantity"],
)

# The members of the lists that workflows get; Medusa does not check these.
WORKFLOW: Final = fields({"input": lambda _value, _path: [], "transaction_id": not_in_the_fake})
TAG_WITH_ID: Final = fields({"id": text, "value": text, "metadata": _METADATA}, required=["value"])
TYPE_WITH_ID: Final = TAG_WITH_ID
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
_VARIANT_WITH_ID: Final = {
    **_NEW_VARIANT,
    "id": text,
    "thumbnail": nullable(text),
    "prices": array(fields(_PRICE)),
}
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
CHANGED_VARIANT: Final = fields({**_CHANGED_VARIANT, "prices": array(fields(_PRICE))}, required=["id"])
