"""Credentials, limits and the validation of bodies."""

import json
from typing import Any

import httpx
import pytest

from tests.contract.shop import LEVELS, Shop

BATCH = "/admin/products/batch"
OPTIONS_ARE_GONE = (
    "The 'options' property was removed in version 2.16.0. Please remove it from your request payload."
)
THREE_COMPLAINTS = (
    "Expected type: 'string' for field 'title', got: '3';"
    " Unrecognized fields: 'bar'; Unrecognized fields: 'foo'"
)


# --- credentials ---


def log_out(shop: Shop) -> None:
    shop.client.auth = httpx.Auth()


def test_every_endpoint_needs_credentials(shop: Shop) -> None:
    log_out(shop)
    response = shop.send("GET", "/admin/products")
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


def test_a_wrong_key_is_refused(shop: Shop) -> None:
    shop.client.auth = ("sk_wrong", "")
    response = shop.send("GET", "/admin/products")
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


def test_a_key_is_refused_as_a_token(shop: Shop) -> None:
    log_out(shop)
    shop.client.headers["Authorization"] = f"Bearer {shop.api_key}"
    response = shop.send("GET", "/admin/products")
    assert response.status_code == 401
    assert "must be sent using HTTP Basic authentication" in response.json()["message"]


def test_a_log_in_returns_a_token(shop: Shop) -> None:
    log_out(shop)
    login = {"email": shop.email, "password": shop.password}
    token = shop.call("POST", "/auth/user/emailpass", login)["token"]
    shop.client.headers["Authorization"] = f"Bearer {token}"
    assert shop.call("GET", "/admin/products")["count"] == 0


def test_an_invalid_token_is_refused(shop: Shop) -> None:
    log_out(shop)
    shop.client.headers["Authorization"] = "Bearer expired"
    response = shop.send("GET", "/admin/products")
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize(
    ("login", "message"),
    [
        ({"email": "admin@example.com", "password": "wrong"}, "Invalid email or password"),
        ({"email": "nobody@example.com", "password": "supersecret"}, "Invalid email or password"),
        ({"email": "admin@example.com"}, "Password should be a string"),
    ],
)
def test_a_wrong_log_in_is_refused(shop: Shop, login: dict[str, str], message: str) -> None:
    assert shop.refusal("POST", "/auth/user/emailpass", login) == (401, "unauthorized", message)


def test_credentials_are_checked_before_the_path(shop: Shop) -> None:
    log_out(shop)
    assert shop.send("GET", "/admin/nowhere").status_code == 401


def test_an_unknown_path_returns_html(shop: Shop) -> None:
    response = shop.send("GET", "/admin/nowhere")
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


# --- limits ---


def post_text(shop: Shop, path: str, text: str) -> httpx.Response:
    return shop.client.post(path, content=text, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize(
    ("path", "limit"),
    [(BATCH, 2 * 1024 * 1024), (LEVELS, 2 * 1024 * 1024), ("/admin/product-tags", 100 * 1024)],
)
def test_the_body_size_is_limited(shop: Shop, path: str, limit: int) -> None:
    shell = len('{"other":""}')
    assert post_text(shop, path, f'{{"other":"{"x" * (limit - shell)}"}}').status_code == 400
    response = post_text(shop, path, f'{{"other":"{"x" * (limit - shell + 1)}"}}')
    assert (response.status_code, response.json()["message"]) == (413, "request entity too large")


def test_the_body_size_is_checked_before_credentials(shop: Shop) -> None:
    log_out(shop)
    assert post_text(shop, BATCH, "x" * 3_000_000).status_code == 413


def test_the_request_line_is_limited(shop: Shop) -> None:
    assert shop.send("GET", "/admin/products", handle="x" * 15_000, fields="id").status_code == 200
    assert shop.send("GET", "/admin/products", handle="x" * 17_000, fields="id").status_code == 431


def test_one_request_can_look_up_three_hundred_external_ids(shop: Shop) -> None:
    shop.create(7)
    wanted = [f"contract:{number}" for number in range(300)]
    response = shop.call("GET", "/admin/products", **{"external_id[]": wanted, "fields": "id,external_id"})
    assert [product["external_id"] for product in response["products"]] == ["contract:7"]


# --- JSON ---


@pytest.mark.parametrize("text", ["{", '{"a":NaN}', '"text"', "7"])
def test_a_body_that_is_not_a_json_object_is_refused(shop: Shop, text: str) -> None:
    response = post_text(shop, BATCH, text)
    assert (response.status_code, response.json()["type"]) == (400, "invalid_data")


def test_without_a_content_type_the_body_is_not_read(shop: Shop) -> None:
    response = shop.client.post(BATCH, content='{"creates": []}')
    assert response.json() == {
        "created": [],
        "updated": [],
        "deleted": {"ids": [], "object": "product", "deleted": True},
    }


def test_an_unpaired_surrogate_becomes_a_replacement_character(shop: Shop) -> None:
    text = json.dumps({"value": "\ud800a\U0001f600"})
    assert post_text(shop, "/admin/product-tags", text).json()["product_tag"]["value"] == "\ufffda\U0001f600"


# --- what a body has to look like ---


def in_batch(create: dict[str, Any] | None = None, update: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"create": [create] if create else [], "update": [update] if update else []}


NEW: dict[str, Any] = {"title": "New", "options": [{"title": "Default", "values": ["Default"]}]}
VARIANT: dict[str, Any] = {"title": "Default", "options": {"Default": "Default"}, "prices": []}


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"creates": []}, "Unrecognized fields: 'creates'"),
        ({"create": {}}, "Expected type: 'array' for field 'create', got: '[object Object]'"),
        ({"create": None}, "Expected type: 'array' for field 'create', got: 'null'"),
        (in_batch({**NEW, "foo": 1}), "Unrecognized fields: 'foo'"),
        (in_batch({**NEW, "foo": 1, "bar": 1}), "Unrecognized fields: 'foo, bar'"),
        (in_batch({**NEW, "variants": [{**VARIANT, "foo": 1}]}), "Unrecognized fields: 'foo'"),
        (
            in_batch({**NEW, "foo": 1}, {"id": "x", "bar": 1}),
            "Unrecognized fields: 'foo'; Unrecognized fields: 'bar'",
        ),
        (in_batch({"options": []}), "Field 'create, 0, title' is required"),
        (in_batch({**NEW, "title": 1}), "Field 'create, 0, title' is required"),
        (in_batch({**NEW, "title": None}), "Field 'create, 0, title' is required"),
        (in_batch({**NEW, "weight": "1"}), "Field 'create, 0, weight' is required"),
        (in_batch({**NEW, "handle": None}), "Field 'create, 0, handle' is required"),
        (in_batch({**NEW, "status": "gone"}), "Field 'create, 0, status' is required"),
        (in_batch({**NEW, "images": ["url"]}), "Field 'create, 0, images, 0' is required"),
        (in_batch({**NEW, "tags": [{"id": 1}]}), "Field 'create, 0, tags, 0, id' is required"),
        (in_batch({**NEW, "metadata": []}), "Field 'create, 0, metadata' is required"),
        (
            in_batch({**NEW, "title": 1, "weight": "1"}),
            "Field 'create, 0, title' is required; Field 'create, 0, weight' is required",
        ),
        (
            in_batch({**NEW, "variants": [{"title": "x"}]}),
            "Field 'create, 0, variants, 0, prices' is required",
        ),
        (
            in_batch({**NEW, "variants": [{**VARIANT, "prices": [{"currency_code": "usd"}]}]}),
            "Field 'create, 0, variants, 0, prices, 0, amount' is required",
        ),
        (
            in_batch({**NEW, "variants": [{**VARIANT, "prices": [{"currency_code": "usd", "amount": "1"}]}]}),
            "Field 'create, 0, variants, 0, prices, 0, amount' is required",
        ),
        (
            in_batch({**NEW, "variants": [{**VARIANT, "manage_inventory": 1}]}),
            "Field 'create, 0, variants, 0, manage_inventory' is required",
        ),
        (in_batch({**NEW, "variants": [{**VARIANT, "manage_inventory": "yes"}]}), "Invalid input"),
        (in_batch(update={"title": "x"}), "Field 'update, 0, id' is required"),
        (in_batch(update={"id": "x", "variants": None}), "Field 'update, 0, variants' is required"),
        (in_batch(update={"id": "x", "status": None}), "Field 'update, 0, status' is required"),
        (
            in_batch(update={"id": "x", "options": []}),
            OPTIONS_ARE_GONE,
        ),
        ({"delete": [1]}, "Field 'delete, 0' is required"),
    ],
)
def test_a_malformed_batch_is_refused(shop: Shop, body: dict[str, Any], complaint: str) -> None:
    assert shop.refusal("POST", BATCH, body) == (400, "invalid_data", f"Invalid request: {complaint}")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"title": 1}, "Expected type: 'string' for field 'title', got: '1'"),
        ({"title": None}, "Expected type: 'string' for field 'title', got: 'null'"),
        ({"weight": True}, "Expected type: 'number' for field 'weight', got: 'true'"),
        ({"metadata": [1]}, "Expected type: 'record' for field 'metadata', got: '1'"),
        (
            {"status": "gone"},
            "Expected: 'draft, proposed, published, rejected' for field 'status', but got: 'gone'",
        ),
        ({"discountable": 1}, "Expected type: 'boolean, string' for field 'discountable', got: '1'"),
        (
            {"foo": 1, "variants": [{"bar": 2}], "title": 3},
            THREE_COMPLAINTS,
        ),
    ],
)
def test_a_malformed_product_is_refused(shop: Shop, body: dict[str, Any], complaint: str) -> None:
    product = shop.create()
    response = shop.refusal("POST", f"/admin/products/{product['id']}", body)
    assert response == (400, "invalid_data", f"Invalid request: {complaint}")


def test_an_infinite_number_is_refused(shop: Shop) -> None:
    product = shop.create()
    response = post_text(shop, f"/admin/products/{product['id']}", '{"weight":1e400}')
    assert "Expected type: 'number' for field 'weight', got: 'Infinity'" in response.text


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        ("/admin/product-tags", {}, "Field 'value' is required"),
        ("/admin/product-tags", {"value": "x", "foo": 1}, "Unrecognized fields: 'foo'"),
        ("/admin/product-categories", {"handle": "x"}, "Field 'name' is required"),
        (
            "/admin/product-categories",
            {"name": "x", "is_active": "true"},
            "Expected type: 'boolean' for field 'is_active', got: 'true'",
        ),
        (LEVELS, {"updates": []}, "Unrecognized fields: 'updates'"),
        (LEVELS, {"create": [{"location_id": "x"}]}, "Field 'create, 0, inventory_item_id' is required"),
        (
            LEVELS,
            {"create": [{"inventory_item_id": "x", "location_id": "y", "stocked_quantity": -1}]},
            "Value for field 'create, 0, stocked_quantity' too small, expected at least: '0'",
        ),
        (
            LEVELS,
            {"update": [{"inventory_item_id": "x", "location_id": "y", "stocked_quantity": None}]},
            "Field 'update, 0, stocked_quantity' is required",
        ),
    ],
)
def test_other_malformed_bodies_are_refused(
    shop: Shop, path: str, body: dict[str, Any], complaint: str
) -> None:
    assert shop.refusal("POST", path, body) == (400, "invalid_data", f"Invalid request: {complaint}")
