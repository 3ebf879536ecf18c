"""Price lists."""

from typing import Any

import pytest

from tests.contract.sales import LISTS, SALE, USD, amounts, created, new_list, price, refusal, stored
from tests.contract.shirts import stocked_shirt
from tests.contract.shop import UNKNOWN_ERROR, Shop, View, invalid


@pytest.fixture
def product(shop: Shop) -> View:
    return stocked_shirt(shop)


@pytest.fixture
def sale(shop: Shop) -> str:
    return new_list(shop)


def test_a_list_is_stored_as_sent(shop: Shop) -> None:
    body = {**SALE, "title": "A", "description": "B", "metadata": {"a": 1}}
    response = shop.call("POST", LISTS, body)["price_list"]
    seen = shop.call("GET", f"{LISTS}/{response['id']}")["price_list"]
    assert {name: seen[name] for name in body if name != "prices"} == {
        name: body[name] for name in body if name != "prices"
    }
    assert seen["rules"] == {}
    fields = "id,title,type,status,description,metadata"
    plain = shop.call("POST", LISTS, {"title": "A", "description": ""}, fields=fields)["price_list"]
    assert plain == {
        "id": plain["id"],
        "title": "A",
        "description": "",
        "type": "sale",
        "status": "draft",
        "metadata": None,
    }


WRONG_LISTS: list[tuple[View, tuple[int, str, str]]] = [
    ({"title": None}, invalid("Invalid request: Expected type: 'string' for field 'title', got: 'null'")),
    (
        {"description": None},
        invalid("Invalid request: Expected type: 'string' for field 'description', got: 'null'"),
    ),
    ({"type": "x"}, invalid("Invalid request: Expected: 'sale, override' for field 'type', but got: 'x'")),
    ({"status": "x"}, invalid("Invalid request: Expected: 'active, draft' for field 'status', but got: 'x'")),
    ({"foo": 1}, invalid("Invalid request: Unrecognized fields: 'foo'")),
    ({"title": "NUL \0"}, UNKNOWN_ERROR),
    (
        {"prices": [{**USD, "amount": 1, "variant_id": "variant_gone"}]},
        invalid("No price set exist for variants: variant_gone"),
    ),
]


def test_wrong_lists_are_refused(shop: Shop) -> None:
    for changes, expected in WRONG_LISTS:
        assert shop.refusal("POST", LISTS, {**SALE, **changes}) == expected, changes
    assert shop.call("GET", LISTS)["count"] == 0


def test_a_list_can_be_created_with_prices(shop: Shop, product: View) -> None:
    sale = new_list(shop, prices=[price(product, "S / Red", 1), price(product, "S / Blue", 2)])
    assert amounts(shop, sale) == [("usd", 1), ("usd", 2)]


def test_lists_are_found_by_text(shop: Shop) -> None:
    for title, description in (("Summer sale", ""), ("B", "for SALE")):
        new_list(shop, title=title, description=description)
    new_list(shop, title="C", status="draft", metadata={"a": "sale"})

    def found(**query: Any) -> set[str]:
        response = shop.call("GET", LISTS, fields="title", **query)
        assert response["count"] == len(response["price_lists"])
        return {each["title"] for each in response["price_lists"]}

    assert found() == {"Summer sale", "B", "C"}
    assert found(q="Sale") == {"Summer sale", "B"}
    assert found(q="summer") == {"Summer sale"}
    assert found(**{"status[]": ["draft"]}) == {"C"}
    for name in ("title", "type"):
        message = f"Invalid request: Unrecognized fields: '{name}'"
        response = shop.send("GET", LISTS, **{name: "x"})
        assert (response.status_code, response.json()["message"]) == (400, message)
    ordered = shop.call("GET", LISTS, fields="title,created_at", order="created_at")["price_lists"]
    assert [each["title"] for each in ordered] == ["Summer sale", "B", "C"]


def test_lists_may_have_the_same_title(shop: Shop) -> None:
    assert new_list(shop) != new_list(shop)


def test_a_list_can_be_changed(shop: Shop, sale: str) -> None:
    fields = "id,title,type,status,description,metadata"

    def changed(**changes: Any) -> View:
        response: View = shop.call("POST", f"{LISTS}/{sale}", changes, fields=fields)["price_list"]
        assert shop.call("GET", f"{LISTS}/{sale}", fields=fields)["price_list"] == response
        return response

    assert changed(title="New", status="draft", type="override")["title"] == "New"
    assert changed(metadata={"a": 1, "b": 2})["metadata"] == {"a": 1, "b": 2}
    assert changed(metadata={"a": "", "c": 3})["metadata"] == {"b": 2, "c": 3}
    assert changed(metadata=None)["metadata"] is None
    assert changed() == changed(title="New")
    message = "Cannot set field 'description' of Price list to null"
    assert shop.refusal("POST", f"{LISTS}/{sale}", {"description": None}) == invalid(message)
    message = "Invalid request: Unrecognized fields: 'prices'"
    assert shop.refusal("POST", f"{LISTS}/{sale}", {"prices": []}) == invalid(message)


def test_an_unknown_list_is_not_found(shop: Shop) -> None:
    gone = f"{LISTS}/plist_gone"
    message = "Price list with id: plist_gone was not found"
    assert shop.refusal("GET", gone) == (404, "not_found", message)
    message = "Price lists with id: plist_gone was not found"
    assert shop.refusal("POST", gone, {"title": "x"}) == (404, "not_found", message)
    assert refusal(shop, "plist_gone") == (404, "not_found", message)
    assert stored(shop, "plist_gone") == []


def test_deleting_a_list_deletes_its_prices(shop: Shop, product: View, sale: str) -> None:
    created(shop, sale, price(product, "S / Red"))
    for _ in range(2):
        response = shop.call("DELETE", f"{LISTS}/{sale}")
        assert response == {"id": sale, "object": "price_list", "deleted": True}
    assert shop.refusal("GET", f"{LISTS}/{sale}")[0] == 404
    assert stored(shop, sale) == []
    assert shop.product(product["id"]) == product
