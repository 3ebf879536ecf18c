"""Creating and deleting products."""

from datetime import datetime
from typing import Any

import pytest

from tests.contract.shop import DETAILS, UNKNOWN_ERROR, Shop, invalid, natural, not_there, variant_of

# --- creating ---


def test_a_product_is_stored_as_sent(shop: Shop) -> None:
    tag, category = shop.tag("blue"), shop.category("shoes")
    product = shop.create(
        description="Fine",
        weight=1.5,
        thumbnail="https://example.com/t.png",
        images=[{"url": "https://example.com/1.png"}, {"url": "https://example.com/2.png"}],
        tags=[{"id": tag["id"]}],
        categories=[{"id": category["id"]}],
        metadata={"a": {"b": [1]}},
    )
    assert natural(product) == {
        "external_id": "contract:1",
        "metadata": {"a": {"b": [1]}},
        "title": "Product 1",
        "handle": "product-1",
        "status": "published",
        "description": "Fine",
        "subtitle": None,
        "thumbnail": "https://example.com/t.png",
        "weight": 1.5,
        "length": None,
        "height": None,
        "width": None,
        "images": [("https://example.com/1.png", 0, None), ("https://example.com/2.png", 1, None)],
        "tags": ["blue"],
        "categories": ["shoes"],
        "sales_channels": ["Default Sales Channel"],
        "type": None,
        "collection": None,
        "shipping_profile": "Default Shipping Profile",
        "options": [("Default", ["Default"])],
        "variants": [
            {
                "title": "Default",
                "sku": "SKU-1",
                "barcode": "BAR-1",
                "manage_inventory": True,
                "metadata": None,
                **dict.fromkeys(DETAILS),
                "born": None,
                "options": [("Default", "Default")],
                "prices": [("usd", 9.99, None, None, (), None)],
                "has_price_set": True,
                "inventory_items": [("SKU-1", None, [])],
            }
        ],
    }


def test_a_new_product_has_defaults(shop: Shop) -> None:
    body = {"title": "Été: 100% Pure_Wool", "options": [{"title": "Default", "values": ["Default"]}]}
    (created,) = shop.batch(create=[body])["created"]
    assert (created["handle"], created["status"], created["variants"]) == ("été-100-pure-wool", "draft", [])
    assert created["sales_channels"] == []
    assert created.get("shipping_profile") is None
    assert created["metadata"] is None


def test_a_variant_is_managed_by_default(shop: Shop) -> None:
    body = shop.body(1)
    del body["variants"][0]["manage_inventory"]
    (created,) = shop.batch(create=[body])["created"]
    assert variant_of(created)["manage_inventory"] is True


@pytest.mark.parametrize("thumbnail", [{}, {"thumbnail": None}, {"thumbnail": ""}])
def test_the_thumbnail_of_a_new_product_is_its_first_image(shop: Shop, thumbnail: dict[str, Any]) -> None:
    product = shop.create(images=[{"url": "https://example.com/1.png"}, {"url": "x"}], **thumbnail)
    assert product["thumbnail"] == "https://example.com/1.png"


def test_a_batch_returns_each_product_once_in_any_order(shop: Shop) -> None:
    response = shop.batch(create=[shop.body(number) for number in range(20)])
    assert {product["external_id"] for product in response["created"]} == {f"contract:{n}" for n in range(20)}
    ids = [product["id"] for product in response["created"]]
    response = shop.batch(update=[{"id": product_id, "title": "x"} for product_id in ids])
    assert sorted(product["id"] for product in response["updated"]) == sorted(ids)


def test_external_ids_need_not_be_unique(shop: Shop) -> None:
    shop.batch(create=[shop.body(1), shop.body(2, external_id="contract:1")])
    response = shop.call("GET", "/admin/products", external_id="contract:1", fields="id")
    assert response["count"] == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"handle": "product-1"}, "Product with handle: product-1, already exists."),
        ({"variant": {"sku": "SKU-1"}}, "Product variant with sku: SKU-1, already exists."),
        ({"variant": {"barcode": "BAR-1"}}, "Product variant with barcode: BAR-1, already exists."),
    ],
)
def test_handles_skus_and_barcodes_are_unique_in_a_store(
    shop: Shop, changes: dict[str, Any], message: str
) -> None:
    shop.create(1)
    assert shop.batch_refusal(create=[shop.body(2, **changes)]) == invalid(message)
    assert shop.products().keys() == {"contract:1"}
    assert shop.batch_refusal(create=[shop.body(3), shop.body(4), shop.body(2, **changes)]) == invalid(
        message
    )
    assert shop.products().keys() == {"contract:1"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"handle": "product-1"}, "Product with handle: product-1, already exists."),
        ({"variant": {"sku": "SKU-1"}}, "Product variant with sku: SKU-1, already exists."),
        ({"variant": {"barcode": "BAR-1"}}, "Product variant with barcode: BAR-1, already exists."),
    ],
)
def test_handles_skus_and_barcodes_are_unique_in_a_batch(
    shop: Shop, changes: dict[str, Any], message: str
) -> None:
    assert shop.batch_refusal(create=[shop.body(1), shop.body(2, **changes)]) == invalid(message)
    assert shop.products() == {}


def test_a_missing_sku_need_not_be_unique_but_an_empty_one_must(shop: Shop) -> None:
    nothing = {"sku": None, "barcode": None}
    shop.batch(create=[shop.body(1, variant=nothing), shop.body(2, variant=nothing)])
    shop.create(3, variant={"sku": ""})
    message = "Product variant with sku: , already exists."
    assert shop.batch_refusal(create=[shop.body(4, variant={"sku": ""})]) == invalid(message)


def test_skus_are_case_sensitive(shop: Shop) -> None:
    shop.batch(create=[shop.body(1, variant={"sku": "sku"}), shop.body(2, variant={"sku": "SKU"})])
    assert len(shop.products()) == 2


@pytest.mark.parametrize("handle", ["A", "a b", "a_b", "-a", "a-", "a--b", "a.b", "a/b", "ä!"])
def test_a_handle_must_be_url_safe(shop: Shop, handle: str) -> None:
    message = f"Invalid product handle '{handle}'. It must contain URL safe characters"
    assert shop.batch_refusal(create=[shop.body(1, handle=handle)]) == invalid(message)


@pytest.mark.parametrize("handle", ["a-1", "é", "日本", "7"])
def test_a_handle_may_be_in_any_script(shop: Shop, handle: str) -> None:
    assert shop.create(handle=handle)["handle"] == handle


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"title": ""}, invalid("Product title is required")),
        ({"options": []}, invalid("Product options are not provided for: [Product 1].")),
        (
            {"tags": [{"id": "ptag_gone"}]},
            invalid(
                "Tag with id ptag_gone not found."
                " Please create the tag before associating it with the product."
            ),
        ),
        (
            {"categories": [{"id": "pcat_gone"}]},
            not_there("product_category_id", "pcat_gone"),
        ),
        (
            {"variant": {"options": {"Default": "Other"}}},
            invalid("Option value Other does not exist for option Default"),
        ),
        (
            {"variant": {"options": {"Default": "Default", "Size": "L"}}},
            invalid(
                "Product has 1 option values but there were 2 provided option values"
                " for the variant: Default."
            ),
        ),
        ({"title": "NUL \0"}, UNKNOWN_ERROR),
        ({"description": "NUL \0"}, UNKNOWN_ERROR),
        ({"metadata": {"a": {"b": "NUL \0"}}}, UNKNOWN_ERROR),
        ({"variant": {"sku": "NUL \0"}}, UNKNOWN_ERROR),
        ({"weight": 1e39}, UNKNOWN_ERROR),
    ],
)
def test_one_refused_product_fails_the_batch(
    shop: Shop, changes: dict[str, Any], refusal: tuple[int, str, str]
) -> None:
    assert shop.batch_refusal(create=[shop.body(2), shop.body(1, **changes)]) == refusal
    assert shop.products() == {}
    shop.create(2)


def test_a_sales_channel_and_a_profile_that_do_not_exist_are_accepted(shop: Shop) -> None:
    product = shop.create(sales_channels=[{"id": "sc_gone"}], shipping_profile_id="sp_gone")
    assert product["sales_channels"] == [None]
    assert product.get("shipping_profile") is None


def test_a_sales_channel_that_is_named_twice_is_an_unknown_error(shop: Shop) -> None:
    twice = [{"id": shop.sales_channel_id}] * 2
    assert shop.batch_refusal(create=[shop.body(1, sales_channels=twice)]) == UNKNOWN_ERROR
    assert shop.products() == {}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [(0.1, 0.1), (99.99, 99.99), (16_777_217, 16_777_216), (1_234_567.89, 1_234_567.9), (-3, -3), (0, 0)],
)
def test_a_weight_is_kept_in_single_precision(shop: Shop, sent: float, kept: float) -> None:
    assert shop.create(weight=sent)["weight"] == kept


# --- deleting ---


def test_deleting_a_product_frees_its_unique_values(shop: Shop) -> None:
    product = shop.create()
    response = shop.call("DELETE", f"/admin/products/{product['id']}")
    assert response == {"id": product["id"], "object": "product", "deleted": True}
    assert shop.send("GET", f"/admin/products/{product['id']}").status_code == 404
    assert shop.batch_refusal(update=[{"id": product["id"], "title": "x"}])[0] == 404
    assert shop.create()["id"] != product["id"]


def test_a_batch_deletes_products(shop: Shop) -> None:
    first, second, third = (shop.create(number) for number in (1, 2, 3))
    response = shop.batch(delete=[first["id"], third["id"]])
    assert response["deleted"] == {"ids": [first["id"], third["id"]], "object": "product", "deleted": True}
    assert shop.products().keys() == {"contract:2"}
    assert shop.product(second["id"]) == second


def test_deleting_a_deleted_product_is_no_error(shop: Shop) -> None:
    shop.call("DELETE", "/admin/products/prod_gone")
    assert shop.batch(delete=["prod_gone"])["deleted"]["ids"] == ["prod_gone"]


def test_the_shipping_profile_is_left_out_if_there_is_none(shop: Shop) -> None:
    body = shop.body(1)
    del body["shipping_profile_id"]
    shop.batch(create=[body, shop.body(2)])
    fields = "external_id,shipping_profile.id"
    shown = shop.call("GET", "/admin/products", fields=fields)["products"]
    by_id = {product["external_id"]: product for product in shown}
    assert "shipping_profile" not in by_id["contract:1"]
    assert by_id["contract:2"]["shipping_profile"] == {"id": shop.shipping_profile_id}


def test_products_and_variants_have_a_creation_time(shop: Shop) -> None:
    product = shop.second_variant(shop.create())
    fields = "created_at,variants.title,variants.created_at"
    shown = shop.call("GET", f"/admin/products/{product['id']}", fields=fields)["product"]
    moments = {
        variant["title"]: datetime.fromisoformat(variant["created_at"]) for variant in shown["variants"]
    }
    assert datetime.fromisoformat(shown["created_at"]) <= moments["Default"] < moments["Two"]
