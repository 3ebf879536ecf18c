"""The fields that requests ask the store for."""

from __future__ import annotations

from collections.abc import Iterator

from medusa_sync.core.fields import FIELDS, VARIANT_FIELDS, Place

SUMMARY_FIELDS = "id,external_id,metadata"
OPTION_FIELDS = ",options.id,options.title"
TOMBSTONE_FIELDS = f"{SUMMARY_FIELDS},deleted_at"
LISTED_FIELDS = f"{SUMMARY_FIELDS},title,status"
UNOWNED_FIELDS = "id,title,handle,metadata,variants.sku"
PRODUCT_FIELDS = "id,external_id,title"
HANDLE_FIELDS = f"{PRODUCT_FIELDS},handle"
OWNER_FIELDS = "id,sku,barcode,product.id,product.external_id,product.title"
ITEM_FIELDS = (
    "id,sku,reserved_quantity,location_levels.location_id,"
    "variants.id,variants.product.id,variants.product.external_id,variants.product.title"
)
WRITTEN_FIELDS = (
    "id,external_id,options.id,options.title,variants.id,variants.sku,"
    "variants.inventory_items.inventory_item_id,variants.options.value,variants.options.option.title"
)


def _table_fields() -> Iterator[str]:
    """The fields of the tables that are attributes of a product, of its sets or of its variants."""
    for name, field in FIELDS.items():
        if field.member:
            yield from (f"{name}.{attribute}" for attribute in ("id", *(field.reads or (field.member,))))
        elif field.place is Place.PRODUCT:
            yield name
    for name, field in VARIANT_FIELDS.items():
        if field.place is Place.VARIANT:
            yield f"variants.{name}"


# Responses show `variants.price_set.prices` as `variants.prices`. If asked for by that name, a store with the
# index engine leaves them out of filtered lists.
DETAIL_FIELDS = (
    f"id,external_id,metadata,created_at,handle,status,{','.join(_table_fields())},"
    "sales_channels.id,shipping_profile.id,"
    "options.id,options.title,options.is_exclusive,options.values.id,options.values.value,"
    "variants.options.option_id,variants.options.value,variants.id,variants.created_at,"
    "variants.metadata,variants.manage_inventory,"
    "variants.price_set.prices.id,variants.price_set.prices.amount,"
    "variants.price_set.prices.currency_code,"
    "variants.price_set.prices.min_quantity,variants.price_set.prices.max_quantity,"
    "variants.price_set.prices.price_rules.attribute,variants.price_set.prices.price_rules.value,"
    "variants.inventory_items.inventory_item_id,variants.inventory_items.inventory.sku,"
    "variants.inventory_items.inventory.location_levels.location_id,"
    "variants.inventory_items.inventory.location_levels.stocked_quantity"
)
