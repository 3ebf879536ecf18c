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
    prices_of,
    refusal_of,
    unlinked,
    variant_of,
)

SAME_VALUES = 'Variant "undefined" has same combination of option values as "undefined".'
NO_TAG = "Tag with id ptag_gone not found. Please create the tag before associating it with the product."
LINKS = {"tags": "tag", "categories": "category"}
BAD_HANDLE = "Invalid product handle '{}'. It must contain URL safe characters"


def taken(number: int) -> list[tuple[dict[str, Any], Refusal]]:
    """The unique values of a product, and their refusals."""
    return [
        ({"handle": f"product-{number}"}, exists("Product", handle=f"product-{number}")),
        ({"variant": {"sku": f"SKU-{number}"}}, exists("Product variant", sku=f"SKU-{number}")),
        ({"variant": {"barcode": f"BAR-{number}"}}, exists("Product variant", barcode=f"BAR-{number}")),
    ]


# --- creating ---


@pytest.mark.parametrize("route", ["batch", "create-products"])
def test_a_product_is_stored_as_sent(shop: Shop, route: str) -> None:
    plain = {"description": "Fine", "weight": 1.5, "metadata": {"a": {"b": [1]}, "c": "", "d": None}}
    plain["thumbnail"] = "https://example.com/t.png"
    links = {
        "images": [{"url": "https://example.com/1.png"}, {"url": "https://example.com/2.png"}],
        "tags": [{"id": shop.tag("blue")["id"]}],
        "categories": [{"id": shop.category("shoes")["id"]}],
        "type_id": shop.type("Shirt")["id"],
        "collection_id": shop.collection("Summer")["id"],
    }
    body = shop.body(1, **plain, **links)
    if route == "batch":
        shop.batch(create=[body])
    else:
        shop.workflow(route, products=[body])
    product = shop.products()["contract:1"]
    assert [image["url"][-5:] for image in product["images"]] == ["1.png", "2.png"]
    assert prices_of(product) == {("usd", 9.99, None, None, ())}
    seen = natural(product)
    [own] = seen.pop("variants")
    sent = {name: body["variants"][0][name] for name in ("title", "sku", "barcode", "manage_inventory")}
    expected = {"metadata": None, **dict.fromkeys(DETAILS), **sent}
    assert {name: own[name] for name in expected} == expected
    assert [value["value"] for value in own["options"]] == ["Default"]
    assert [item["inventory"] for item in own["inventory_items"]] == [{"sku": "SKU-1", "location_levels": []}]
    del seen["images"]
    assert seen == {
        **dict.fromkeys(("subtitle", "length", "height", "width")),
        **{name: body[name] for name in ("external_id", "title", "handle", "status")},
        **plain,
        "tags": [{"value": "blue"}],
        "categories": [{"handle": "shoes"}],
        "type": {"value": "Shirt"},
        "collection": {"handle": "summer"},
        "sales_channels": [{"name": "Default Sales Channel"}],
        "shipping_profile": {"name": "Default Shipping Profile"},
        "options": [{"title": "Default", "is_exclusive": True, "values": [{"value": "Default"}]}],
    }


def test_values_of_new_products_that_medusa_changes(shop: Shop) -> None:
    """A weight is in single precision, and the first image is the thumbnail."""
    weights = {0.1: 0.1, 99.99: 99.99, 16_777_217: 16_777_216, 1_234_567.89: 1_234_567.9, -3: -3, 0: 0}
    for number, (sent, kept) in enumerate(weights.items()):
        assert shop.create(number, weight=sent)["weight"] == kept
    images = [{"url": "https://example.com/1.png"}, {"url": "x"}]
    thumbnails: list[dict[str, Any]] = [{}, {"thumbnail": None}, {"thumbnail": ""}]
    for number, thumbnail in enumerate(thumbnails, 10):
        product = shop.create(number, images=images, **thumbnail)
        assert product["thumbnail"] == "https://example.com/1.png"


def test_a_batch_returns_each_product_once_in_any_order(shop: Shop) -> None:
    response = shop.batch(create=[shop.body(number) for number in range(20)])
    assert {product["external_id"] for product in response["created"]} == {f"contract:{n}" for n in range(20)}
    ids = [product["id"] for product in response["created"]]
    response = shop.batch(update=[{"id": product_id, "title": "x"} for product_id in ids])
    assert sorted(product["id"] for product in response["updated"]) == sorted(ids)


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
        *((changes, refusal) for number in (2, 9) for changes, refusal in taken(number)),
        ({"title": ""}, invalid("Product title is required")),
        *(({"handle": bad}, invalid(BAD_HANDLE.format(bad))) for bad in ("A", "a b", "a_b", "-a", "a--b")),
        ({"options": []}, invalid("Product options are not provided for: [Product 1].")),
        ({"tags": [{"id": "ptag_gone"}]}, invalid(NO_TAG)),
        ({"categories": [{"id": "pcat_gone"}]}, not_there("product_category_id", "pcat_gone")),
        ({"type_id": "ptyp_gone"}, not_there("type_id", "ptyp_gone")),
        ({"collection_id": "pcol_gone"}, not_there("collection_id", "pcol_gone")),
        ({"variant": {"options": {"Default": "Other"}}}, invalid(unlinked("Other", "Default"))),
        ({"metadata": {"a": {"b": "NUL \0"}}}, UNKNOWN_ERROR),
        ({"weight": 1e39}, UNKNOWN_ERROR),
        ({"type_id": ""}, UNKNOWN_ERROR),
        ({"sales_channels": [{"id": "sc_1"}, {"id": "sc_1"}]}, UNKNOWN_ERROR),
    ],
)
def test_one_refused_product_fails_the_batch(shop: Shop, changes: dict[str, Any], refusal: Refusal) -> None:
    """Product 9 is stored, and product 2 is in the batch."""
    shop.create(9)
    bodies = [shop.body(2), shop.body(1, **changes)]
    assert shop.batch_refusal(create=bodies) == refusal
    assert shop.workflow_refusal("create-products", products=bodies) == UNKNOWN_ERROR
    assert shop.products().keys() == {"contract:9"}
    shop.create(2)


def test_placement_need_not_exist_and_a_missing_profile_is_left_out(shop: Shop) -> None:
    product = shop.create(sales_channels=[{"id": "sc_gone"}], shipping_profile_id="sp_gone")
    assert product["sales_channels"] == [None]
    assert product.get("shipping_profile") is None
    bare = {name: value for name, value in shop.body(2).items() if name in {"title", "options"}}
    shop.batch(create=[bare])
    shop.create(3)
    fields = "external_id,shipping_profile.id"
    shown = shop.call("GET", "/admin/products", fields=fields)["products"]
    profiles = {each["external_id"]: each.get("shipping_profile", "left out") for each in shown}
    assert profiles[None] == "left out"
    assert profiles["contract:3"] == {"id": shop.shipping_profile_id}


# --- changing ---


def test_plain_fields_can_be_set_and_cleared(shop: Shop) -> None:
    groups = {"type_id": shop.type("Hat")["id"], "collection_id": shop.collection("Winter")["id"]}
    product = shop.create(description="Fine", weight=1.5, thumbnail="https://example.com/t.png")
    updated = shop.update(product, description="", status="draft", images=[{"url": "1"}], **groups)
    assert (updated["description"], updated["status"]) == ("", "draft")
    assert (updated["type"]["value"], updated["collection"]["handle"]) == ("Hat", "winter")
    names = ("description", "weight", "thumbnail", "type_id", "collection_id")
    updated = shop.update(product, **dict.fromkeys(names))
    assert {updated[name] for name in (*names, "type", "collection")} == {None}
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


@pytest.mark.parametrize(
    ("value", "is_taken"), [([1, [2]], True), ([1, None], False), ([[None]], True), ({"x": [None]}, False)]
)
def test_null_in_a_list_of_a_field_is_taken_only_in_a_batch(
    shop: Shop, value: object, *, is_taken: bool
) -> None:
    """The admin sends all metadata back if the merchant edits some of it."""
    product, metadata = shop.create(), {"a": value}
    refused = shop.send("POST", f"/admin/products/{product['id']}", {"metadata": metadata})
    assert refused.is_success if is_taken else refusal_of(refused) == UNKNOWN_ERROR
    assert shop.update(product, metadata=metadata)["metadata"] == metadata


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
    assert [tag["value"] for tag in updated["tags"]] == ["b"]
    assert [category["handle"] for category in updated["categories"]] == ["b"]
    assert [each["name"] for each in updated["sales_channels"]] == ["Second"]
    seen = shop.update(product, tags=[], categories=[], sales_channels=[], shipping_profile_id=None)
    assert (seen["tags"], seen["categories"], seen["sales_channels"]) == ([], [], [])
    assert seen.get("shipping_profile") is None


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
        ({"id": "prod_gone"}, (404, "not_found", "Unable to update the products with ids: prod_gone")),
    ],
)
def test_one_refused_update_fails_the_batch(shop: Shop, changes: dict[str, Any], refusal: Refusal) -> None:
    product, other = shop.create(1), shop.create(2)
    fine = {"id": other["id"], "title": "New", "handle": "new", "images": [{"url": "1"}]}
    assert shop.batch_refusal(update=[fine, {"id": product["id"], **changes}]) == refusal
    assert shop.products() == {"contract:1": product, "contract:2": other}


def test_a_merchant_updates_one_product_and_fields_that_are_not_sent_stay(shop: Shop) -> None:
    groups = {"type_id": shop.type("Shirt")["id"], "collection_id": shop.collection("Summer")["id"]}
    links: Any = {name: [{"id": getattr(shop, kind)("blue")["id"]}] for name, kind in LINKS.items()}
    images = [{"url": "https://example.com/1.png"}]
    product = shop.create(description="Fine", weight=1.5, metadata={"a": 1}, images=images, **groups, **links)
    product = shop.second_variant(product)
    changes = {"title": "Mine", "status": "draft", "subtitle": "Ours"}
    path = f"/admin/products/{product['id']}"
    response = shop.call("POST", path, {**changes, "metadata": {"b": 2}}, fields=FIELDS)["product"]
    updated = shop.product(product["id"])
    assert updated == {**product, **changes, "metadata": {"a": 1, "b": 2}}
    assert natural(response) == natural(updated)
    message = 'Product with id "prod_gone" not found'
    assert shop.refusal("POST", "/admin/products/prod_gone", {"title": "x"}) == (404, "not_found", message)


def test_an_update_of_a_product_replaces_its_variants(shop: Shop) -> None:
    """Variants that are sent by id stay, and may get other option values; others are deleted."""
    pair = shop.second_variant(shop.create(images=[{"url": "1"}]), sku="SKU-1b", metadata={"a": 1})
    own = [{"id": variant_of(pair, title)["id"]} for title in ("Default", "Two")]

    def with_values(*values: str) -> list[View]:
        return [each | {"options": {"Default": value}} for each, value in zip(own, values, strict=True)]

    for values, refusal in (
        (("Two", "Two"), invalid(SAME_VALUES)),
        (("Default", "Huge"), invalid(unlinked("Huge", "Default"))),
    ):
        assert shop.batch_refusal(update=[{"id": pair["id"], "variants": with_values(*values)}]) == refusal
        assert shop.product(pair["id"]) == pair
    assert shop.update(pair, variants=own) == pair
    updated = shop.update(pair, variants=with_values("Two", "Default")[::-1])
    shown = [variant_of(updated, title)["options"][0]["value"] for title in ("Default", "Two")]
    assert shown == ["Two", "Default"]
    assert shop.update(pair, variants=own[:1])["variants"] == [variant_of(updated)]
    assert shop.update(pair, variants=[])["variants"] == []


def test_an_update_that_names_a_deleted_variant_is_refused(shop: Shop) -> None:
    """As if it were to be created: it has no title."""
    pair = shop.second_variant(shop.create())
    bodies = [{"id": variant_of(pair, "Default")["id"], "options": {"Default": "Two"}}]
    bodies += [{"id": variant_of(pair, "Two")["id"], "options": {"Default": "Default"}}]
    shop.call("DELETE", f"/admin/products/{pair['id']}/variants/{bodies[1]['id']}")
    left = shop.product(pair["id"])
    assert shop.batch_refusal(update=[{"id": pair["id"], "variants": bodies}]) == UNKNOWN_ERROR
    assert shop.product(pair["id"]) == left


# --- deleting ---


def test_deleting_products_frees_their_unique_values(shop: Shop) -> None:
    first, second, third = (shop.create(number) for number in (1, 2, 3))
    ids = [first["id"], third["id"], "prod_gone"]
    for _ in range(2):
        assert shop.batch(delete=ids)["deleted"] == {"ids": ids, "object": "product", "deleted": True}
        response = shop.call("DELETE", f"/admin/products/{first['id']}")
        assert response == {"id": first["id"], "object": "product", "deleted": True}
    assert shop.products() == {"contract:2": second}
    refusal = (404, "not_found", "Product not found")
    assert shop.refusal("GET", f"/admin/products/{first['id']}") == refusal
    assert shop.batch_refusal(update=[{"id": first["id"], "title": "x"}])[0] == 404
    assert shop.create(1)["id"] != first["id"]


def test_a_product_with_reserved_stock_is_not_deleted(shop: Shop) -> None:
    first, second = shop.create(1), shop.create(2)
    shop.reserve(second, "Default")
    refusal = invalid("Cannot remove following inventory item(s) since they have reservations: [<id>].")
    assert shop.batch_refusal(delete=[first["id"], second["id"]]) == refusal
    assert shop.refusal("DELETE", f"/admin/products/{second['id']}") == refusal
    assert len(shop.products()) == 2
