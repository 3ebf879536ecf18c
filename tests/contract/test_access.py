"""Credentials, limits and the validation of bodies."""

import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.contract.shop import LEVELS, MALFORMED, Shop, workflow_path

BATCH = "/admin/products/batch"
TAGS = "/admin/product-tags"
MEGABYTES = 2 * 1024 * 1024


# --- credentials ---


@pytest.mark.parametrize("header", ["", "Basic c2tfd3Jvbmc6", "Bearer expired"])
@pytest.mark.parametrize("path", ["/admin/products", "/admin/nowhere", workflow_path("create-products")])
def test_every_endpoint_needs_credentials(shop: Shop, header: str, path: str) -> None:
    shop.client.auth = httpx.Auth()
    method = "POST" if "workflows" in path else "GET"
    response = shop.client.request(method, path, headers={"Authorization": header} if header else {})
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


def test_a_log_in_returns_a_token(shop: Shop) -> None:
    shop.client.auth = httpx.Auth()
    login = {"email": shop.email, "password": shop.password}
    token = shop.call("POST", "/auth/user/emailpass", login)["token"]
    shop.client.headers["Authorization"] = f"Bearer {token}"
    assert shop.call("GET", "/admin/products")["count"] == 0
    shop.workflow("create-product-tags", product_tags=[{"value": "red"}])


def test_every_response_has_the_time_of_the_store(shop: Shop) -> None:
    for method, path in (("GET", "/admin/products"), ("POST", "/admin/nowhere")):
        date = parsedate_to_datetime(shop.client.request(method, path).headers["date"])
        assert abs(date.timestamp() - time.time()) < 60


def test_an_empty_bulk_call_shows_that_the_route_is_offered(shop: Shop) -> None:
    assert shop.workflow("create-product-tags", product_tags=[])["acknowledgement"]["hasFinished"]
    assert shop.call("GET", TAGS)["count"] == 0


@pytest.mark.parametrize("email", ["admin@example.com", "nobody@example.com"])
def test_a_wrong_log_in_is_refused(shop: Shop, email: str) -> None:
    login = {"email": email, "password": "wrong"}
    refusal = (401, "unauthorized", "Invalid email or password")
    assert shop.refusal("POST", "/auth/user/emailpass", login) == refusal


def test_an_unknown_path_returns_html(shop: Shop) -> None:
    response = shop.send("GET", "/admin/nowhere")
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


# --- limits ---


def post_text(shop: Shop, path: str, text: str) -> httpx.Response:
    return shop.client.post(path, content=text, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        *((path, MEGABYTES) for path in (BATCH, LEVELS, "/admin/products/prod_gone/variants/batch")),
        ("/admin/price-lists/plist_gone/prices/batch", MEGABYTES),
        *((path, 100 * 1024) for path in (TAGS, "/admin/products/prod_gone/options/batch")),
        (workflow_path("create-product-tags"), 100 * 1024),
    ],
)
def test_the_body_size_is_limited(shop: Shop, path: str, limit: int) -> None:
    shell = len('{"other":""}')
    assert post_text(shop, path, f'{{"other":"{"x" * (limit - shell)}"}}').status_code != 413
    response = post_text(shop, path, f'{{"other":"{"x" * (limit - shell + 1)}"}}')
    assert (response.status_code, response.json()["message"]) == (413, "request entity too large")


def test_the_request_line_is_limited(shop: Shop) -> None:
    assert shop.send("GET", "/admin/products", handle="x" * 15_000, fields="id").status_code == 200
    assert shop.send("GET", "/admin/products", handle="x" * 17_000, fields="id").status_code == 431


# --- bodies ---


NEW: dict[str, Any] = {"title": "New", "options": [{"title": "Default", "values": ["Default"]}]}
VARIANT: dict[str, Any] = {"title": "Default", "options": {"Default": "Default"}, "prices": []}
LEVEL = {"inventory_item_id": "x", "location_id": "y"}
LISTS = "/admin/price-lists"


NEW_ONES: list[dict[str, Any]] = [
    *({"foo": 1}, {"title": None}, {"weight": "1"}, {"handle": None}, {"status": "gone"}),
    *({"images": ["url"]}, {"tags": [{"id": 1}]}, {"metadata": []}, {"id": "prod_own"}),
    *({"variants": [{**VARIANT, "foo": 1}]}, {"variants": [{"title": "x"}]}),
    {"variants": [{**VARIANT, "prices": [{"currency_code": "usd", "amount": "1"}]}]},
    *({"variants": [{**VARIANT, "manage_inventory": value}]} for value in (1, "yes")),
]
CHANGED_ONES: list[dict[str, Any]] = [
    *({"title": "x"}, {"id": "x", "variants": None}, {"id": "x", "status": None}, {"id": "x", "options": []})
]
BODIES: list[tuple[str, dict[str, Any]]] = [
    *((BATCH, {"creates": []}), (BATCH, {"create": {}}), (BATCH, {"create": None}), (BATCH, {"delete": [1]})),
    *((BATCH, {"create": [{**NEW, **changes}]}) for changes in NEW_ONES),
    (BATCH, {"create": [{"options": []}]}),
    *((BATCH, {"update": [body]}) for body in CHANGED_ONES),
    ("/admin/products/x", {"weight": True}),
    *((TAGS, {}), (TAGS, {"value": "x", "foo": 1})),
    ("/admin/product-types", {"value": None}),
    ("/admin/collections", {"handle": "x"}),
    ("/admin/product-categories", {"handle": "x"}),
    ("/admin/product-categories", {"name": "x", "is_active": "true"}),
    ("/admin/product-options/x", {"foo": 1}),
    ("/admin/products/x/options/batch", {"add": [{"title": "Fit", "is_exclusive": True}]}),
    *((LISTS, {"title": "x", "description": "", name: "x"}) for name in ("type", "status", "foo")),
    (LEVELS, {"updates": []}),
    (LEVELS, {"create": [{"location_id": "x"}]}),
    (LEVELS, {"create": [{**LEVEL, "stocked_quantity": -1}]}),
    (LEVELS, {"update": [{**LEVEL, "stocked_quantity": None}]}),
    (workflow_path("create-product-tags"), {"input": {"product_tags": []}, "foo": 1}),
]


@pytest.mark.parametrize(("path", "body"), BODIES)
def test_a_malformed_body_is_refused(shop: Shop, path: str, body: dict[str, Any]) -> None:
    assert shop.refusal("POST", path, body) == MALFORMED
