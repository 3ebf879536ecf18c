import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.harness import catalogue
from tests.harness.dummyjson import (
    ABSENT,
    CLOSED,
    HTML_PAGE,
    NO_PRODUCTS,
    NOT_AN_OBJECT,
    SERVER_ERROR,
    DummyJson,
    RateLimit,
    Request,
    Response,
    chunked,
    delayed,
    dummyjson,
    half_json,
    in_turn,
    redirect,
    slow,
    too_many_requests,
    truncated,
    with_fields,
)

CATALOGUE = catalogue.products(65)


@pytest.fixture
def server() -> Iterator[DummyJson]:
    with dummyjson(CATALOGUE) as server:
        yield server


@pytest.fixture
def client(server: DummyJson) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url.removesuffix("/products"), timeout=5) as client:
        yield client


def page(client: httpx.Client, **query: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = client.get("/products", params=query).raise_for_status().json()
    return loaded


def test_a_page_has_thirty_products_by_default(client: httpx.Client) -> None:
    assert page(client) == {"products": CATALOGUE[:30], "total": 65, "skip": 0, "limit": 30}


def test_limit_zero_returns_all_products(client: httpx.Client) -> None:
    assert page(client, limit=0) == {"products": CATALOGUE, "total": 65, "skip": 0, "limit": 65}


def test_the_limit_in_a_response_is_the_number_of_its_products(client: httpx.Client) -> None:
    assert page(client, limit=10, skip=60) == {
        "products": CATALOGUE[60:],
        "total": 65,
        "skip": 60,
        "limit": 5,
    }
    assert page(client, skip=65) == {"products": [], "total": 65, "skip": 65, "limit": 0}


@pytest.mark.parametrize("query", [{"limit": "-1"}, {"limit": "many"}, {"skip": "-1"}])
def test_invalid_numbers_are_refused(client: httpx.Client, query: dict[str, str]) -> None:
    response = client.get("/products", params=query)
    assert response.status_code == 400
    assert response.json().keys() == {"message"}


def test_select_returns_the_named_fields_and_the_id(client: httpx.Client) -> None:
    first = page(client, select="title,price")["products"][0]
    assert first == {name: CATALOGUE[0][name] for name in ("id", "title", "price")}


def test_a_product_can_be_read_by_its_id(client: httpx.Client) -> None:
    assert client.get("/products/7").json() == CATALOGUE[6]
    assert client.get("/products/7?select=sku").json() == {"id": 7, "sku": CATALOGUE[6]["sku"]}


def test_an_unknown_product_returns_404_with_json(client: httpx.Client) -> None:
    response = client.get("/products/999")
    assert response.status_code == 404
    assert response.json() == {"message": "Product with id '999' not found"}


def test_categories_are_listed(client: httpx.Client) -> None:
    assert client.get("/products/categories").json() == catalogue.CATEGORIES


def test_a_trailing_slash_redirects(client: httpx.Client) -> None:
    response = client.get("/products/?limit=3")
    assert response.status_code == 301
    assert response.headers["location"] == "/products?limit=3"


def test_an_unknown_path_returns_404_with_html(client: httpx.Client) -> None:
    response = client.get("/goods")
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")


def test_text_is_unchanged_even_an_unpaired_surrogate(server: DummyJson, client: httpx.Client) -> None:
    server.edit(1, title="茶 🍵 \ud83c")
    response = client.get("/products/1")
    assert "茶 🍵".encode() in response.content
    assert response.json()["title"] == "茶 🍵 \ud83c"


def test_the_catalogue_can_be_edited(server: DummyJson, client: httpx.Client) -> None:
    server.edit(1, price=5, brand=ABSENT)
    server.add({"id": 900, "title": "New"})
    server.remove(2)
    everything = page(client, limit=0)["products"]
    assert everything == server.products
    assert everything[0] == {n: v for n, v in CATALOGUE[0].items() if n != "brand"} | {"price": 5}
    assert everything[1:] == [*CATALOGUE[2:], {"id": 900, "title": "New"}]


def test_the_catalogue_can_be_replaced(server: DummyJson, client: httpx.Client) -> None:
    server.products = server.products[:1] * 2
    assert page(client)["products"] == [CATALOGUE[0], CATALOGUE[0]]


def test_an_unknown_product_cannot_be_edited(server: DummyJson) -> None:
    with pytest.raises(KeyError, match="999"):
        server.edit(999, price=1)


def test_requests_are_recorded(server: DummyJson, client: httpx.Client) -> None:
    page(client, limit=5, skip=10)
    assert server.requests == [Request("GET", "/products", {"limit": "5", "skip": "10"}, {})]
    assert server.requests[0].headers["user-agent"].startswith("python-httpx")


def test_the_rate_limit_refuses_until_the_window_ends(
    server: DummyJson, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("tests.harness.dummyjson.monotonic", lambda: now)
    server.rate_limit = RateLimit(requests=2, seconds=10, retry_after=True)
    assert [client.get("/products").status_code for _ in range(3)] == [200, 200, 429]
    now = 107.5
    refusal = client.get("/products")
    assert refusal.headers["retry-after"] == "3"
    assert refusal.json().keys() == {"message"}
    now = 110.0
    assert client.get("/products").status_code == 200


@pytest.mark.parametrize(
    ("fault", "status"), [(SERVER_ERROR, 500), (HTML_PAGE, 200), (too_many_requests(3), 429)]
)
def test_a_fault_hits_the_chosen_request(
    server: DummyJson, client: httpx.Client, fault: Response, status: int
) -> None:
    server.intercept = in_turn(None, fault)
    responses = [client.get("/products") for _ in range(3)]
    assert [response.status_code for response in responses] == [200, status, 200]
    assert responses[1].content == fault.body
    assert responses[1].headers["content-type"] == fault.headers["Content-Type"]


@pytest.mark.parametrize("keep", [CLOSED.keep, 5, 40, -1])
def test_a_connection_breaks_at_any_byte(server: DummyJson, client: httpx.Client, keep: int) -> None:
    server.intercept = in_turn(Response(body=b"x" * 100, keep=keep))
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/products")
    assert client.get("/products").status_code == 200


def test_a_normal_response_can_be_cut_off(server: DummyJson, client: httpx.Client) -> None:
    server.intercept = lambda request: truncated(server.normal_response(request))
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        client.get("/products")


def test_a_normal_response_can_have_half_of_its_json(server: DummyJson, client: httpx.Client) -> None:
    server.intercept = lambda request: half_json(server.normal_response(request))
    with pytest.raises(ValueError, match="char"):
        client.get("/products").json()


def test_a_normal_response_can_have_a_wrong_total(server: DummyJson, client: httpx.Client) -> None:
    server.intercept = lambda request: with_fields(server.normal_response(request), total=99)
    assert page(client, limit=0) == {"products": CATALOGUE, "total": 99, "skip": 0, "limit": 65}


def test_malformed_pages_are_json(server: DummyJson, client: httpx.Client) -> None:
    server.intercept = in_turn(NOT_AN_OBJECT, NO_PRODUCTS)
    assert client.get("/products").json() == []
    assert "products" not in client.get("/products").json()


def test_a_redirect_has_the_given_location(server: DummyJson, client: httpx.Client) -> None:
    server.intercept = in_turn(redirect("https://elsewhere.example/products"))
    assert client.get("/products").headers["location"] == "https://elsewhere.example/products"


def test_a_delayed_response_times_out(server: DummyJson, client: httpx.Client) -> None:
    server.intercept = in_turn(delayed(Response.json({}), 30))
    with pytest.raises(httpx.ReadTimeout):
        client.get("/products", timeout=0.05)


def test_a_slow_response_arrives_in_parts(server: DummyJson, client: httpx.Client) -> None:
    server.intercept = in_turn(slow(Response.json(CATALOGUE), 0.05))
    started = time.monotonic()
    assert client.get("/products").json() == CATALOGUE
    assert time.monotonic() - started >= 0.05


def test_a_response_in_chunks_has_no_length(server: DummyJson, client: httpx.Client) -> None:
    whole = Response.json(CATALOGUE)
    server.intercept = in_turn(chunked(whole), chunked(whole, is_complete=False))
    response = client.get("/products")
    assert response.json() == CATALOGUE
    assert "content-length" not in response.headers
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
        client.get("/products")


def test_a_response_can_end_with_the_connection(server: DummyJson, client: httpx.Client) -> None:
    server.intercept = in_turn(Response(200, b"all", {"Content-Length": ""}))
    assert client.get("/products").text == "all"
    assert client.get("/products").status_code == 200


def test_an_unknown_status_is_sent(server: DummyJson, client: httpx.Client) -> None:
    server.intercept = in_turn(replace(SERVER_ERROR, status=520))
    assert client.get("/products").status_code == 520


def test_closing_ends_open_connections_and_delayed_responses() -> None:
    before = threading.active_count()
    with httpx.Client() as idle, httpx.Client(timeout=0.05) as impatient:
        started = time.monotonic()
        with dummyjson(CATALOGUE) as server:
            idle.get(server.url)
            server.intercept = in_turn(Response(delay=30))
            with pytest.raises(httpx.ReadTimeout):
                impatient.get(server.url)
        assert time.monotonic() - started < 5
        assert threading.active_count() == before


def test_the_server_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "tests.harness.dummyjson", "--sample"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert httpx.get(url, params={"limit": 0}).json()["products"] == catalogue.whole_sample()
        finally:
            process.terminate()
