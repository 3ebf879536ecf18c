"""Updates of products and variants."""

from typing import Any

import pytest

from tests.contract.shop import (
    FIELDS,
    LEVELS,
    UNKNOWN_ERROR,
    Shop,
    invalid,
    item_of,
    natural,
    not_there,
    variant_of,
)

# --- changing ---


def test_fields_that_are_not_sent_stay(shop: Shop) -> None:
    tag, category = shop.tag("blue"), shop.category("shoes")
    product = shop.create(
        description="Fine",
        weight=1.5,
        images=[{"url": "https://example.com/1.png"}],
        tags=[{"id": tag["id"]}],
        categories=[{"id": category["id"]}],
        metadata={"a": 1},
    )
    product = shop.second_variant(product)
    updated = shop.update(product, title="New")
    assert natural(updated) == {**natural(product), "title": "New"}
    assert {variant["id"] for variant in updated["variants"]} == {
        variant["id"] for variant in product["variants"]
    }


def test_plain_fields_can_be_set_and_cleared(shop: Shop) -> None:
    product = shop.create(description="Fine", weight=1.5, thumbnail="https://example.com/t.png")
    updated = shop.update(product, description=None, weight=None, thumbnail=None, status="draft")
    assert (updated["description"], updated["weight"], updated["thumbnail"]) == (None, None, None)
    assert updated["status"] == "draft"
    assert shop.update(product, description="")["description"] == ""


def test_a_thumbnail_does_not_follow_the_images_of_an_update(shop: Shop) -> None:
    product = shop.create()
    assert shop.update(product, images=[{"url": "https://example.com/1.png"}])["thumbnail"] is None


@pytest.mark.parametrize(
    ("update", "kept"),
    [
        ({"c": 3}, {"a": 1, "b": {"x": 1, "y": 2}, "c": 3}),
        ({"a": ""}, {"b": {"x": 1, "y": 2}}),
        ({"b": {"x": 9}}, {"a": 1, "b": {"x": 9}}),
        ({"b": {"x": ""}}, {"a": 1, "b": {"x": ""}}),
        ({"a": None}, {"a": None, "b": {"x": 1, "y": 2}}),
        ({"a": 0}, {"a": 0, "b": {"x": 1, "y": 2}}),
        ({"gone": ""}, {"a": 1, "b": {"x": 1, "y": 2}}),
        ({}, {}),
        (None, None),
    ],
)
def test_metadata_is_merged_at_the_top_level(
    shop: Shop, update: dict[str, Any] | None, kept: dict[str, Any] | None
) -> None:
    product = shop.create(metadata={"a": 1, "b": {"x": 1, "y": 2}})
    assert shop.update(product, metadata=update)["metadata"] == kept


def test_metadata_of_a_new_product_is_stored_unchanged(shop: Shop) -> None:
    assert shop.create(metadata={"a": "", "b": None})["metadata"] == {"a": "", "b": None}


def test_tags_categories_and_sales_channels_are_replaced(shop: Shop) -> None:
    tags = [shop.tag(value)["id"] for value in ("a", "b")]
    categories = [shop.category(handle)["id"] for handle in ("a", "b")]
    channel = shop.call("POST", "/admin/sales-channels", {"name": "Second"})["sales_channel"]["id"]
    product = shop.create(tags=[{"id": tags[0]}], categories=[{"id": categories[0]}])
    updated = shop.update(
        product,
        tags=[{"id": tags[1]}, {"id": tags[1]}],
        categories=[{"id": categories[1]}],
        sales_channels=[{"id": channel}],
    )
    seen = natural(updated)
    assert (seen["tags"], seen["categories"], seen["sales_channels"]) == (["b"], ["b"], ["Second"])
    seen = natural(shop.update(product, tags=[], categories=[], sales_channels=[], shipping_profile_id=None))
    assert (seen["tags"], seen["categories"], seen["sales_channels"]) == ([], [], [])
    assert seen["shipping_profile"] is None


def test_images_are_replaced_except_those_sent_with_an_id(shop: Shop) -> None:
    product = shop.create(images=[{"url": "1"}, {"url": "2"}, {"url": "3"}])
    first, second, _ = (image["id"] for image in product["images"])
    images = shop.update(
        product, images=[{"id": second, "url": "2"}, {"url": "4"}, {"id": first, "url": "5"}]
    )["images"]
    assert [(image["url"], image["rank"]) for image in images] == [("2", 0), ("4", 1), ("5", 2)]
    assert [images[0]["id"], images[2]["id"]] == [second, first]
    again = shop.update(product, images=[{"url": "4"}])["images"]
    assert again[0]["id"] != images[1]["id"]


def test_a_deleted_image_is_created_again_with_its_id(shop: Shop) -> None:
    product = shop.create(images=[{"url": "1"}, {"url": "2"}])
    first, second = product["images"]
    shop.update(product, images=[second])
    assert shop.update(product, images=[second, first])["images"] == [
        {**second, "rank": 0},
        {**first, "rank": 1},
    ]


def test_an_image_of_another_product_is_refused(shop: Shop) -> None:
    product, other = shop.create(1), shop.create(2, images=[{"url": "1"}])
    body = {"id": product["id"], "images": [{"id": other["images"][0]["id"], "url": "1"}]}
    assert shop.batch_refusal(update=[body]) == invalid("Image with id: <id>, already exists.")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"handle": "product-2"}, invalid("Product with handle: product-2, already exists.")),
        (
            {"handle": "A"},
            invalid("Invalid product handle 'A'. It must contain URL safe characters"),
        ),
        (
            {"tags": [{"id": "ptag_gone"}]},
            not_there("product_tag_id", "ptag_gone"),
        ),
        (
            {"categories": [{"id": "pcat_gone"}]},
            not_there("product_category_id", "pcat_gone"),
        ),
        ({"title": "NUL \0"}, UNKNOWN_ERROR),
        ({"variants": [{"id": "variant_gone", "sku": "x"}]}, UNKNOWN_ERROR),
    ],
)
def test_one_refused_update_fails_the_batch(
    shop: Shop, changes: dict[str, Any], refusal: tuple[int, str, str]
) -> None:
    product, other = shop.create(1), shop.create(2)
    fine = {"id": other["id"], "title": "New", "images": [{"url": "1"}], "metadata": {"a": 1}}
    assert shop.batch_refusal(update=[fine, {"id": product["id"], **changes}]) == refusal
    assert shop.product(product["id"]) == product
    assert shop.product(other["id"]) == other


def test_the_sku_of_another_variant_is_refused(shop: Shop) -> None:
    product, other = shop.create(1), shop.create(2)
    variant = {"id": variant_of(product)["id"], "sku": "SKU-2"}
    message = "Product variant with sku: SKU-2, already exists."
    freed = {"id": other["id"], "variants": [{"id": variant_of(other)["id"], "sku": "SKU-3"}]}
    body = {"id": product["id"], "title": "New", "variants": [variant]}
    assert shop.batch_refusal(update=[body]) == invalid(message)
    # Refused even if the same batch frees it.
    assert shop.batch_refusal(update=[freed, body]) == invalid(message)
    assert shop.product(product["id"]) == product
    assert shop.product(other["id"]) == other


def test_a_deleted_product_is_not_found(shop: Shop) -> None:
    product = shop.create()
    message = "Unable to update the products with ids: prod_gone"
    bodies = [{"id": product["id"], "title": "New"}, {"id": "prod_gone", "title": "New"}]
    assert shop.batch_refusal(update=bodies) == (404, "not_found", message)
    assert shop.product(product["id"]) == product
    message = 'Product with id "prod_gone" not found'
    assert shop.refusal("POST", "/admin/products/prod_gone", {"title": "x"}) == (404, "not_found", message)


def test_updates_of_one_product_in_one_batch_are_combined(shop: Shop) -> None:
    product = shop.create()
    response = shop.batch(
        update=[
            {"id": product["id"], "title": "First", "metadata": {"a": 1}},
            {"id": product["id"], "title": "Second", "metadata": {"b": 2}},
        ]
    )
    assert len(response["updated"]) == 1
    updated = shop.product(product["id"])
    assert (updated["title"], updated["metadata"]) == ("Second", {"a": 1, "b": 2})


def test_a_product_can_be_updated_at_its_own_endpoint(shop: Shop) -> None:
    product = shop.create(metadata={"a": 1})
    body = {"title": "Mine", "status": "draft", "metadata": {"b": 2}, "subtitle": "Ours"}
    response = shop.call("POST", f"/admin/products/{product['id']}", body, fields=FIELDS)["product"]
    updated = shop.product(product["id"])
    assert natural(response) == natural(updated)
    assert natural(updated) == {**natural(product), **body, "metadata": {"a": 1, "b": 2}}


# --- variants ---


def test_a_second_variant_needs_a_value_of_the_option_first(shop: Shop) -> None:
    product = shop.create()
    path = f"/admin/products/{product['id']}/variants"
    body = {"title": "Two", "options": {"Default": "Two"}, "prices": []}
    message = "Option value Two does not exist for option Default"
    assert shop.refusal("POST", path, body) == invalid(message)
    body["options"] = {"Default": "Default"}
    message = "Variant (Default) with provided options already exists."
    assert shop.refusal("POST", path, body) == invalid(message)
    product = shop.second_variant(product, sku="SKU-1b")
    assert {(v["title"], v["sku"]) for v in product["variants"]} == {("Default", "SKU-1"), ("Two", "SKU-1b")}


def test_variants_that_are_sent_by_id_stay(shop: Shop) -> None:
    product = shop.second_variant(shop.create(images=[{"url": "1"}]), sku="SKU-1b", metadata={"a": 1})
    shop.call(
        "POST",
        LEVELS,
        {"create": [shop.level(item_of(product, "Two"), 5)]},
    )
    product = shop.product(product["id"])
    own, other = variant_of(product), variant_of(product, "Two")
    updated = shop.update(product, variants=[{"id": other["id"]}, {"id": own["id"], "sku": "NEW"}])
    assert variant_of(updated, "Two") == other
    assert variant_of(updated) == {**own, "sku": "NEW"}


def test_variants_that_are_not_sent_are_deleted(shop: Shop) -> None:
    product = shop.second_variant(shop.create(), sku="SKU-1b")
    updated = shop.update(product, variants=[{"id": variant_of(product)["id"]}])
    assert [variant["title"] for variant in updated["variants"]] == ["Default"]
    assert shop.update(product, variants=[])["variants"] == []


def test_variant_metadata_is_merged_only_at_its_own_endpoint(shop: Shop) -> None:
    product = shop.create(variant={"metadata": {"a": 1, "b": 2}})
    variant_id = variant_of(product)["id"]
    path = f"/admin/products/{product['id']}/variants/{variant_id}"
    shop.call("POST", path, {"metadata": {"a": "", "c": 3}})
    assert variant_of(shop.product(product["id"]))["metadata"] == {"b": 2, "c": 3}
    updated = shop.update(product, variants=[{"id": variant_id, "metadata": {"d": ""}}])
    assert variant_of(updated)["metadata"] == {"d": ""}


def test_a_variant_can_be_updated_at_its_own_endpoint(shop: Shop) -> None:
    product, other = shop.second_variant(shop.create(1)), shop.create(2)
    path = f"/admin/products/{product['id']}/variants/{variant_of(product)['id']}"
    shop.call("POST", path, {"sku": "MINE", "prices": [{"currency_code": "eur", "amount": 5}]})
    updated = shop.product(product["id"])
    assert variant_of(updated, "Two") == variant_of(product, "Two")
    assert variant_of(updated)["sku"] == "MINE"
    assert [(p["currency_code"], p["amount"]) for p in variant_of(updated)["prices"]] == [("eur", 5)]
    message = "Product variant with sku: SKU-2, already exists."
    assert shop.refusal("POST", path, {"title": "New", "sku": "SKU-2"}) == invalid(message)
    assert shop.product(product["id"]) == updated
    assert shop.product(other["id"]) == other


def test_the_update_of_an_unknown_variant_is_ignored(shop: Shop) -> None:
    product = shop.create()
    shop.call("POST", f"/admin/products/{product['id']}/variants/variant_gone", {"title": "x"})
    assert shop.product(product["id"]) == product
