"""Creating, changing and deleting products."""

from typing import Any

import pytest

from tests.contract.shop import (
    DETAILS,
    FIELDS,
    UNKNOWN_ERROR,
    Refusal,
    Shop,
    View,
    exists,
    invalid,
    natural,
    not_there,
    variant_of,
)

BAD_HANDLE = "Invalid product handle '{}'. It must contain URL safe characters"


def unlinked(value: str, title: str = "Default") -> str:
    return f"Option value {value} does not exist for option {title}"


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
        metadata={"a": {"b": [1]}, "c": "", "d": None},
    )
    assert natural(product) == {
        **dict.fromkeys(("subtitle", "length", "height", "width", "type", "collection")),
        "external_id": "contract:1",
        "metadata": {"a": {"b": [1]}, "c": "", "d": None},
        "title": "Product 1",
        "handle": "product-1",
        "status": "published",
        "description": "Fine",
        "thumbnail": "https://example.com/t.png",
        "weight": 1.5,
        "images": [("https://example.com/1.png", 0, None), ("https://example.com/2.png", 1, None)],
        "tags": ["blue"],
        "categories": ["shoes"],
        "sales_channels": ["Default Sales Channel"],
        "shipping_profile": "Default Shipping Profile",
        "options": [("Default", ["Default"])],
        "variants": [
            {
                **dict.fromkeys(("metadata", "born", *DETAILS)),
                "title": "Default",
                "sku": "SKU-1",
                "barcode": "BAR-1",
                "manage_inventory": True,
                "options": [("Default", "Default")],
                "prices": [("usd", 9.99, None, None, (), None)],
                "has_price_set": True,
                "inventory_items": [("SKU-1", None, [])],
            }
        ],
    }


def test_a_new_product_has_defaults(shop: Shop) -> None:
    """A missing shipping profile is left out of responses, instead of being null."""
    body = {"title": "Été: 100% Pure_Wool", "options": [{"title": "Default", "values": ["Default"]}]}
    body["variants"] = [{"title": "Default", "options": {"Default": "Default"}, "prices": []}]
    (created,) = shop.batch(create=[body])["created"]
    assert (created["handle"], created["status"], created["metadata"]) == (
        *("été-100-pure-wool", "draft", None),
    )
    assert created["sales_channels"] == []
    assert variant_of(created)["manage_inventory"] is True
    shop.create(2)
    fields = "external_id,shipping_profile.id"
    shown = shop.call("GET", "/admin/products", fields=fields)["products"]
    profiles = {product["external_id"]: product.get("shipping_profile", "left out") for product in shown}
    assert profiles == {None: "left out", "contract:2": {"id": shop.shipping_profile_id}}


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


def test_an_empty_batch_writes_nothing(shop: Shop) -> None:
    deleted = {"ids": [], "object": "product", "deleted": True}
    assert shop.call("POST", "/admin/products/batch", {}) == {
        "created": [],
        "updated": [],
        "deleted": deleted,
    }


def test_external_ids_and_missing_skus_need_not_be_unique(shop: Shop) -> None:
    nothing = {"sku": None, "barcode": None}
    same = {"external_id": "contract:1", "variant": nothing}
    shop.batch(create=[shop.body(1, **same), shop.body(2, **same)])
    response = shop.call("GET", "/admin/products", external_id="contract:1", fields="id")
    assert response["count"] == 2
    shop.batch(create=[shop.body(3, variant={"sku": "sku"}), shop.body(4, variant={"sku": "SKU"})])


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"handle": "product-1"}, exists("Product", handle="product-1")),
        ({"variant": {"sku": "SKU-1"}}, exists("Product variant", sku="SKU-1")),
        ({"variant": {"barcode": "BAR-1"}}, exists("Product variant", barcode="BAR-1")),
    ],
)
def test_handles_skus_and_barcodes_are_unique(shop: Shop, changes: dict[str, Any], refusal: Refusal) -> None:
    assert shop.batch_refusal(create=[shop.body(1), shop.body(2, **changes)]) == refusal
    assert shop.products() == {}
    shop.create(1)
    assert shop.batch_refusal(create=[shop.body(3), shop.body(4), shop.body(2, **changes)]) == refusal
    assert shop.products().keys() == {"contract:1"}


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"title": ""}, invalid("Product title is required")),
        *(({"handle": bad}, invalid(BAD_HANDLE.format(bad))) for bad in ("A", "a b", "a_b", "-a", "a--b")),
        ({"options": []}, invalid("Product options are not provided for: [Product 1].")),
        (
            {"tags": [{"id": "ptag_gone"}]},
            invalid(
                "Tag with id ptag_gone not found."
                " Please create the tag before associating it with the product."
            ),
        ),
        ({"categories": [{"id": "pcat_gone"}]}, not_there("product_category_id", "pcat_gone")),
        ({"type_id": "ptyp_gone"}, not_there("type_id", "ptyp_gone")),
        ({"collection_id": "pcol_gone"}, not_there("collection_id", "pcol_gone")),
        ({"variant": {"options": {"Default": "Other"}}}, invalid(unlinked("Other"))),
        *(
            (changes, UNKNOWN_ERROR)
            for changes in (
                *({"title": "NUL \0"}, {"description": "NUL \0"}, {"metadata": {"a": {"b": "NUL \0"}}}),
                *({"variant": {"sku": "NUL \0"}}, {"weight": 1e39}, {"type_id": ""}),
                {"sales_channels": [{"id": "sc_1"}, {"id": "sc_1"}]},
            )
        ),
    ],
)
def test_one_refused_product_fails_the_batch(shop: Shop, changes: dict[str, Any], refusal: Refusal) -> None:
    bodies = [shop.body(2), shop.body(1, **changes)]
    assert shop.batch_refusal(create=bodies) == refusal
    assert shop.workflow_refusal("create-products", products=bodies) == UNKNOWN_ERROR
    assert shop.products() == {}
    shop.create(2)


@pytest.mark.parametrize("handle", ["a-1", "é", "日本", "7"])
def test_a_handle_may_be_in_any_script(shop: Shop, handle: str) -> None:
    assert shop.create(handle=handle)["handle"] == handle


def test_a_sales_channel_and_a_profile_that_do_not_exist_are_accepted(shop: Shop) -> None:
    product = shop.create(sales_channels=[{"id": "sc_gone"}], shipping_profile_id="sp_gone")
    assert product["sales_channels"] == [None]
    assert product.get("shipping_profile") is None


@pytest.mark.parametrize(
    ("sent", "kept"),
    [(0.1, 0.1), (99.99, 99.99), (16_777_217, 16_777_216), (1_234_567.89, 1_234_567.9), (-3, -3), (0, 0)],
)
def test_a_weight_is_kept_in_single_precision(shop: Shop, sent: float, kept: float) -> None:
    assert shop.create(weight=sent)["weight"] == kept


# --- changing ---


def test_fields_that_are_not_sent_stay(shop: Shop) -> None:
    product = shop.create(
        description="Fine",
        weight=1.5,
        images=[{"url": "https://example.com/1.png"}],
        tags=[{"id": shop.tag("blue")["id"]}],
        categories=[{"id": shop.category("shoes")["id"]}],
        metadata={"a": 1},
        type_id=shop.type("Shirt")["id"],
        collection_id=shop.collection("Summer")["id"],
    )
    product = shop.second_variant(product)
    assert shop.update(product, title="New") == {**product, "title": "New"}


def test_plain_fields_can_be_set_and_cleared(shop: Shop) -> None:
    groups = {"type_id": shop.type("Hat")["id"], "collection_id": shop.collection("Winter")["id"]}
    product = shop.create(description="Fine", weight=1.5, thumbnail="https://example.com/t.png")
    updated = shop.update(product, description="", status="draft", images=[{"url": "1"}], **groups)
    assert (updated["description"], updated["status"]) == ("", "draft")
    assert (updated["type"]["value"], updated["collection"]["handle"]) == ("Hat", "winter")
    names = ("description", "weight", "thumbnail", "type_id", "collection_id")
    updated = shop.update(product, **dict.fromkeys(names))
    assert {name: updated[name] for name in (*names, "type", "collection")} == dict.fromkeys(
        (*names, "type", "collection")
    )
    assert shop.update(product, images=[{"url": "2"}])["thumbnail"] is None


@pytest.mark.parametrize(
    ("update", "kept"),
    [
        ({"c": 3}, {"a": 1, "b": {"x": 1, "y": 2}, "c": 3}),
        ({"a": ""}, {"b": {"x": 1, "y": 2}}),
        ({"b": {"x": ""}}, {"a": 1, "b": {"x": ""}}),
        ({"a": None}, {"a": None, "b": {"x": 1, "y": 2}}),
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


def test_tags_categories_and_placement_are_replaced(shop: Shop) -> None:
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
    """One that was deleted is created again with its id."""
    product = shop.create(images=[{"url": "1"}, {"url": "2"}, {"url": "3"}])
    first, second, third = product["images"]
    sent = [{"id": second["id"], "url": "2"}, {"url": "4"}, {"id": first["id"], "url": "5"}]
    images = shop.update(product, images=sent)["images"]
    assert [(image["url"], image["rank"]) for image in images] == [("2", 0), ("4", 1), ("5", 2)]
    assert [images[0]["id"], images[2]["id"]] == [second["id"], first["id"]]
    again = shop.update(product, images=[{"url": "4"}, third])["images"]
    assert again[0]["id"] != images[1]["id"]
    assert again[1] == {**third, "rank": 1}
    other = {"id": shop.create(2)["id"], "images": [again[0]]}
    assert shop.batch_refusal(update=[other]) == exists("Image", id="<id>")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"handle": "product-2"}, exists("Product", handle="product-2")),
        ({"handle": "A"}, invalid(BAD_HANDLE.format("A"))),
        ({"tags": [{"id": "ptag_gone"}]}, not_there("product_tag_id", "ptag_gone")),
        ({"categories": [{"id": "pcat_gone"}]}, not_there("product_category_id", "pcat_gone")),
        ({"type_id": "ptyp_gone"}, not_there("type_id", "ptyp_gone")),
        ({"title": "NUL \0"}, UNKNOWN_ERROR),
        ({"id": "prod_gone"}, (404, "not_found", "Unable to update the products with ids: prod_gone")),
    ],
)
def test_one_refused_update_fails_the_batch(shop: Shop, changes: dict[str, Any], refusal: Refusal) -> None:
    product, other = shop.create(1), shop.create(2)
    fine = {
        "id": other["id"],
        "title": "New",
        "handle": "new",
        "images": [{"url": "1"}],
        "metadata": {"a": 1},
    }
    assert shop.batch_refusal(update=[fine, {"id": product["id"], **changes}]) == refusal
    assert shop.products() == {"contract:1": product, "contract:2": other}


def test_a_product_can_be_updated_at_its_own_endpoint(shop: Shop) -> None:
    product = shop.create(metadata={"a": 1})
    body = {"title": "Mine", "status": "draft", "metadata": {"b": 2}, "subtitle": "Ours"}
    response = shop.call("POST", f"/admin/products/{product['id']}", body, fields=FIELDS)["product"]
    updated = shop.product(product["id"])
    assert natural(response) == natural(updated)
    assert natural(updated) == {**natural(product), **body, "metadata": {"a": 1, "b": 2}}
    message = 'Product with id "prod_gone" not found'
    assert shop.refusal("POST", "/admin/products/prod_gone", {"title": "x"}) == (404, "not_found", message)


# --- variants in the update of a product ---


@pytest.fixture
def pair(shop: Shop) -> View:
    """A product with two variants of one option."""
    return shop.second_variant(shop.create(images=[{"url": "1"}]), sku="SKU-1b", metadata={"a": 1})


def sent(product: View, *options: View) -> list[View]:
    """The variants by title, with changes."""
    titles = ("Default", "Two")
    return [
        {"id": variant_of(product, title)["id"], **changes}
        for title, changes in zip(titles, options, strict=False)
    ]


def chosen(*values: str | None) -> list[View]:
    """Option values; an empty one is none, and None leaves them as they are."""
    return [{} if value is None else {"options": {"Default": value} if value else {}} for value in values]


def test_variants_that_are_sent_by_id_stay_and_others_are_deleted(shop: Shop, pair: View) -> None:
    assert shop.update(pair, variants=sent(pair, {}, {})[::-1]) == pair
    updated = shop.update(pair, variants=sent(pair, {}))
    assert updated["variants"] == [variant_of(pair)]
    assert shop.update(pair, variants=[])["variants"] == []


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        (("Two", "Default"), None),
        (("", None), UNKNOWN_ERROR),
        (
            ("Two", "Two"),
            invalid('Variant "undefined" has same combination of option values as "undefined".'),
        ),
        (("Default", "Huge"), invalid(unlinked("Huge"))),
    ],
)
def test_variants_exchange_option_values_and_differ(
    shop: Shop, pair: View, values: tuple[str | None, ...], refusal: Refusal | None
) -> None:
    body = {"id": pair["id"], "variants": sent(pair, *chosen(*values))}
    if refusal is not None:
        assert shop.batch_refusal(update=[body]) == refusal
        assert shop.product(pair["id"]) == pair
        return
    updated = shop.update(pair, variants=body["variants"])
    assert [variant_of(updated, title)["options"][0]["value"] for title in ("Default", "Two")] == [*values]


def test_a_variant_without_options_must_not_follow_one_with_options(shop: Shop, pair: View) -> None:
    """They are compared only with each other, not with stored ones."""
    first, second = sent(pair, {"options": {"Default": "Two"}}, {})
    assert shop.batch_refusal(update=[{"id": pair["id"], "variants": [first, second]}]) == UNKNOWN_ERROR
    updated = shop.update(pair, variants=[second, first])
    assert {variant["options"][0]["value"] for variant in updated["variants"]} == {"Two"}


# --- deleting ---


def test_deleting_a_product_frees_its_unique_values(shop: Shop) -> None:
    product = shop.create()
    for _ in range(2):
        response = shop.call("DELETE", f"/admin/products/{product['id']}")
        assert response == {"id": product["id"], "object": "product", "deleted": True}
    refusal = (404, "not_found", "Product not found")
    assert shop.refusal("GET", f"/admin/products/{product['id']}") == refusal
    assert shop.batch_refusal(update=[{"id": product["id"], "title": "x"}])[0] == 404
    assert shop.create()["id"] != product["id"]


def test_a_batch_deletes_products(shop: Shop) -> None:
    first, second, third = (shop.create(number) for number in (1, 2, 3))
    ids = [first["id"], third["id"], "prod_gone"]
    assert shop.batch(delete=ids)["deleted"] == {"ids": ids, "object": "product", "deleted": True}
    assert shop.products() == {"contract:2": second}


def test_a_product_with_reserved_stock_is_not_deleted(shop: Shop) -> None:
    first, second = shop.create(1), shop.create(2)
    shop.reserve(second, "Default")
    refusal = invalid("Cannot remove following inventory item(s) since they have reservations: [<id>].")
    assert shop.batch_refusal(delete=[first["id"], second["id"]]) == refusal
    assert shop.refusal("DELETE", f"/admin/products/{second['id']}") == refusal
    assert len(shop.products()) == 2
