"""Checks of a store after disturbed runs, and of the output of such runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg.sql import SQL, Identifier

from tests.e2e.command import Finished, medusa_sync
from tests.e2e.shop import Shop, price, stock
from tests.harness.dummyjson import DummyJson

# What a sync creates, and what must be unique; Medusa does not have an index for all of these.
_ONLY_ONCE = (
    ("product", "external_id"),
    ("product", "handle"),
    ("product_variant", "sku"),
    ("product_variant", "barcode"),
    ("inventory_item", "sku"),
    ("product_category", "handle"),
    ("product_tag", "value"),
)
# Pairs of live rows in which each side must have exactly one of the other.
_ONE_TO_ONE: dict[str, LiteralString] = {
    "product and variant": """
        SELECT p.id, v.id FROM live_product p FULL JOIN live_variant v ON v.product_id = p.id
    """,
    "variant and inventory item": """
        SELECT v.id, i.id
        FROM (SELECT * FROM live_variant WHERE manage_inventory) v
        FULL JOIN live_item_link l ON l.variant_id = v.id
        FULL JOIN live_item i ON i.id = l.inventory_item_id
    """,
    "inventory item and level": """
        SELECT i.id, l.id FROM live_item i FULL JOIN live_level l ON l.inventory_item_id = i.id
    """,
    "variant and price set": """
        SELECT v.id, s.id
        FROM live_variant v
        FULL JOIN live_price_set_link l ON l.variant_id = v.id
        FULL JOIN live_price_set s ON s.id = l.price_set_id
    """,
    "price set and price": """
        SELECT s.id, p.id FROM live_price_set s FULL JOIN live_price p ON p.price_set_id = s.id
    """,
    "product and sales channel": """
        SELECT p.id, l.id FROM live_product p FULL JOIN live_channel_link l ON l.product_id = p.id
    """,
    "product and shipping profile": """
        SELECT p.id, l.id FROM live_product p FULL JOIN live_profile_link l ON l.product_id = p.id
    """,
}
_UNUSED_TAG = "tag without a product"
_UNUSED: dict[str, LiteralString] = {
    "category without a product": """
        SELECT handle FROM live_category WHERE id NOT IN (
            SELECT product_category_id FROM product_category_product JOIN live_product p ON p.id = product_id
        )
    """,
    _UNUSED_TAG: """
        SELECT value FROM live_tag WHERE id NOT IN (
            SELECT product_tag_id FROM product_tags JOIN live_product p ON p.id = product_id
        )
    """,
    "image without a product": """
        SELECT url FROM live_image WHERE product_id NOT IN (SELECT id FROM live_product)
    """,
}
_LIVE = {
    "live_product": "product",
    "live_variant": "product_variant",
    "live_item": "inventory_item",
    "live_item_link": "product_variant_inventory_item",
    "live_level": "inventory_level",
    "live_price_set": "price_set",
    "live_price_set_link": "product_variant_price_set",
    "live_price": "price",
    "live_channel_link": "product_sales_channel",
    "live_profile_link": "product_shipping_profile",
    "live_category": "product_category",
    "live_tag": "product_tag",
    "live_image": "image",
}
_SHOWN = 3  # wrong products or rows in a message


def mapped_metadata(product: dict[str, Any]) -> dict[str, Any]:
    return {
        "brand": product.get("brand"),
        "rating": product["rating"],
        "review_count": len(product["reviews"]),
        "discount_percentage": product["discountPercentage"],
        "warranty_information": product["warrantyInformation"],
        "shipping_information": product["shippingInformation"],
        "return_policy": product["returnPolicy"],
        "minimum_order_quantity": product["minimumOrderQuantity"],
        "availability_status": product["availabilityStatus"],
    }


def as_mapped(product: dict[str, Any], shop: Shop) -> dict[str, Any]:
    """What the store must have for a product of the source (docs/mapping.md)."""
    return {
        "external_id": f"dummyjson:{product['id']}",
        "title": product["title"],
        "subtitle": product.get("subtitle"),
        "customs": tuple(map(product.get, ("originCountry", "hsCode", "midCode", "material"))),
        "description": product["description"],
        "status": "published",
        "thumbnail": product["thumbnail"],
        "images": product["images"],
        "tags": sorted(set(product["tags"])),
        "categories": [(product["category"], True)],
        "sales_channels": [shop.store.sales_channel_id],
        "shipping_profile": shop.store.shipping_profile_id,
        "size": (
            product["weight"],
            product["dimensions"]["width"],
            product["dimensions"]["height"],
            product["dimensions"]["depth"],
        ),
        "variants": [
            ("Default", product.get("sku"), product.get("meta", {}).get("barcode"), product["price"])
        ],
        "stock": {shop.store.location_id: product["stock"]},
        "metadata": mapped_metadata(product),
    }


def as_stored(product: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in product["metadata"].items() if key != "medusa_sync"}
    return {
        "external_id": product["external_id"],
        "title": product["title"],
        "subtitle": product["subtitle"],
        "customs": tuple(map(product.get, ("origin_country", "hs_code", "mid_code", "material"))),
        "description": product["description"],
        "status": product["status"],
        "thumbnail": product["thumbnail"],
        "images": [image["url"] for image in sorted(product["images"], key=lambda image: image["rank"])],
        "tags": sorted(tag["value"] for tag in product["tags"]),
        "categories": [(category["handle"], category["is_active"]) for category in product["categories"]],
        "sales_channels": [channel["id"] for channel in product["sales_channels"]],
        "shipping_profile": product["shipping_profile"]["id"],
        "size": (product["weight"], product["width"], product["height"], product["length"]),
        "variants": [
            (variant["title"], variant["sku"], variant["barcode"], price(product))
            for variant in product["variants"]
        ],
        "stock": stock(product),
        "metadata": {"brand": None, **metadata},
    }


def assert_exact(shop: Shop, products: Sequence[dict[str, Any]], *, tags_may_be_unused: bool = False) -> None:
    """Check that the store has exactly the products of the source, as mapped.

    A tag that a product loses stays in the store.
    """
    shop.store.wait_until_idle()
    stored = shop.by_external_id()
    assert len(stored) == len(shop.products()) == len(products)
    wanted = (as_mapped(product, shop) for product in products)
    wrong = [(as_stored(stored[want["external_id"]]), want) for want in wanted]
    assert [pair for pair in wrong if pair[0] != pair[1]][:_SHOWN] == []
    unused = {_UNUSED_TAG} if tags_may_be_unused else set()
    assert_no_duplicates_or_leftovers(shop, except_for=unused)


def assert_no_duplicates_or_leftovers(shop: Shop, *, except_for: Collection[str] = ()) -> None:
    """Check database rows that the Admin API does not show; only runs may have written to the store.

    Args:
        shop: the store.
        except_for: names of checks.
    """
    views = SQL(", ").join(
        SQL("{} AS (SELECT * FROM {} WHERE deleted_at IS NULL)").format(Identifier(view), Identifier(table))
        for view, table in _LIVE.items()
    )
    twice = SQL(
        "SELECT {column} FROM {table} WHERE deleted_at IS NULL AND {column} IS NOT NULL "
        "GROUP BY {column} HAVING count(*) > 1"
    )
    with psycopg.connect(shop.store.database_url) as connection:
        for table, column in _ONLY_ONCE:
            query = twice.format(column=Identifier(column), table=Identifier(table))
            assert connection.execute(query).fetchall()[:_SHOWN] == [], f"{table}.{column} is stored twice"
        for what, pairs in _ONE_TO_ONE.items():
            if what in except_for:
                continue
            rows = connection.execute(SQL("WITH {} ").format(views) + SQL(pairs)).fetchall()
            assert _not_one_to_one(rows)[:_SHOWN] == [], f"{what} do not match one to one"
        for what, unused in _UNUSED.items():
            if what in except_for:
                continue
            rows = connection.execute(SQL("WITH {} ").format(views) + SQL(unused)).fetchall()
            assert rows[:_SHOWN] == [], what


def _not_one_to_one(pairs: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    left, right = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    return [pair for pair in pairs if None in pair or left[pair[0]] > 1 or right[pair[1]] > 1]


def assert_in_order(run: Finished, *exit_codes: int) -> None:
    """Check that a disturbed run has one of these exit codes, no traceback, and counts that add up."""
    assert run.exit_code in exit_codes, run.stderr
    assert "Traceback" not in run.stderr
    document = run.document
    assert document["exit_code"] == run.exit_code
    assert sum(run.counts.values()) == document["source"]["seen"]


def said_to_be_stored(run: Finished, products: Sequence[dict[str, Any]]) -> set[str]:
    """External ids of the products that a run handled without a problem."""
    document = run.document
    problems = {problem["external_id"] for problem in document["problems"]}
    delivered = products[: document["source"]["seen"]]
    return {f"dummyjson:{product['id']}" for product in delivered} - problems


def assert_quiet(run: Finished, size: int) -> None:
    """Check that a run found everything up to date and wrote nothing."""
    assert (run.exit_code, run.counts) == (0, {"unchanged": size}), run.stderr
    assert run.document["requests"]["store_writes"] == 0


def assert_completed(source: DummyJson, shop: Shop) -> None:
    """Check that the next run completes the work, and that the one after it writes nothing."""
    arguments = ["--source", source.url, "--json"]
    assert_in_order(medusa_sync(*arguments, store=shop.store), 0)
    assert_exact(shop, source.products)
    assert_quiet(medusa_sync(*arguments, store=shop.store), len(source.products))
