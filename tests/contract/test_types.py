"""Product types and collections."""

from typing import Any

import pytest

from tests.contract.shop import UNKNOWN_ERROR, Shop, View, invalid, natural, not_there

TYPES, COLLECTIONS = "/admin/product-types", "/admin/collections"
GROUPS = ("type_id", "collection_id")


@pytest.fixture
def groups(shop: Shop) -> View:
    return {"type_id": shop.type("Shirt")["id"], "collection_id": shop.collection("Summer")["id"]}


# --- types ---


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("Shirt", "Shirt"),
        (" Shirt ", "Shirt"),
        ("Shirt, long", "Shirt"),
        ("Shirt (long)", "long)"),
        ("Shirt (long), (red)", "long"),
        ("t", "true"),
    ],
)
def test_a_type_has_a_unique_value_that_the_refusal_names_in_part(shop: Shop, value: str, named: str) -> None:
    created = shop.call("POST", TYPES, {"value": value}, fields="value")["product_type"]
    assert created == {"id": created["id"], "value": value}
    shop.type(value.swapcase())
    message = f"Product type with value: {named}, already exists."
    assert shop.refusal("POST", TYPES, {"value": value}) == invalid(message)


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, invalid("Invalid request: Field 'value' is required")),
        ({"value": None}, invalid("Invalid request: Expected type: 'string' for field 'value', got: 'null'")),
        ({"value": "x", "foo": 1}, invalid("Invalid request: Unrecognized fields: 'foo'")),
        ({"value": "NUL \0"}, UNKNOWN_ERROR),
    ],
)
def test_wrong_types_are_refused(shop: Shop, body: View, refusal: tuple[int, str, str]) -> None:
    assert shop.refusal("POST", TYPES, body) == refusal


def test_types_are_found_by_value(shop: Shop) -> None:
    values = ["Shirt", "Long shirt", "Hat", "a,b", *(str(number) for number in range(10))]
    for value in values:
        shop.type(value)

    def found(**query: Any) -> set[str]:
        response = shop.call("GET", TYPES, **{"limit": "50", **query, "fields": "value"})
        return {each["value"] for each in response["product_types"]}

    assert found() == set(values)
    assert found(value="a,b") == {"a,b"}
    assert found(**{"value[]": ["Shirt", "Hat", "Cap"]}) == {"Shirt", "Hat"}
    assert found(**{"value[]": ["a,b"]}) == set()
    assert found(q="SHIRT") == {"Shirt", "Long shirt"}
    response = shop.call("GET", TYPES)
    assert (len(response["product_types"]), response["count"], response["limit"]) == (10, 14, 10)


# --- collections ---


def test_a_collection_has_a_unique_handle(shop: Shop) -> None:
    created = shop.call("POST", COLLECTIONS, {"title": "Summer"}, fields="title,handle")["collection"]
    assert created == {"id": created["id"], "title": "Summer", "handle": "summer"}
    message = "Product collection with handle: summer, already exists."
    assert shop.refusal("POST", COLLECTIONS, {"title": "Summer"}) == invalid(message)
    assert shop.refusal("POST", COLLECTIONS, {"title": "Other", "handle": "summer"}) == invalid(message)
    assert shop.collection("Summer", handle="summer-2")["title"] == "Summer"


@pytest.mark.parametrize(
    ("title", "sent", "handle"),
    [
        ("Été: 100% Pure_Wool fooBar", None, "été:-100%-pure-wool-foo-bar"),
        ("Two  spaces__and-dash", None, "two-spaces-and-dash"),
        ("Empty", "", "empty"),
        ("", "Not URL / safe", "Not URL / safe"),
    ],
)
def test_a_handle_is_made_from_the_title(shop: Shop, title: str, sent: str | None, handle: str) -> None:
    more = {} if sent is None else {"handle": sent}
    assert shop.collection(title, **more)["handle"] == handle


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"handle": "x"}, invalid("Invalid request: Field 'title' is required")),
        ({"title": "x", "foo": 1}, invalid("Invalid request: Unrecognized fields: 'foo'")),
        ({"title": "NUL \0"}, UNKNOWN_ERROR),
    ],
)
def test_wrong_collections_are_refused(shop: Shop, body: View, refusal: tuple[int, str, str]) -> None:
    assert shop.refusal("POST", COLLECTIONS, body) == refusal


def test_collections_are_found_by_handle(shop: Shop) -> None:
    titles = ["Summer", "Late summer", "Winter", *(str(number) for number in range(10))]
    for title in titles:
        shop.collection(title)

    def found(**query: Any) -> set[str]:
        response = shop.call("GET", COLLECTIONS, **{"limit": "50", **query, "fields": "handle"})
        return {each["handle"] for each in response["collections"]}

    assert len(found()) == 13
    assert found(handle="late-summer") == {"late-summer"}
    assert found(**{"handle[]": ["summer", "winter", "spring"]}) == {"summer", "winter"}
    assert found(title="Winter") == {"winter"}
    assert found(q="SUMMER") == {"summer", "late-summer"}
    response = shop.call("GET", COLLECTIONS)
    assert (len(response["collections"]), response["count"], response["limit"]) == (10, 13, 10)


# --- products ---


def test_products_show_their_type_and_collection(shop: Shop, groups: View) -> None:
    product, other = shop.create(1, **groups), shop.create(2)
    assert (natural(product)["type"], natural(product)["collection"]) == ("Shirt", "summer")
    assert (other["type_id"], other["type"], other["collection_id"], other["collection"]) == (None,) * 4
    fields = "type.id,type.value,collection.id,collection.title,collection.handle"
    query = {"external_id[]": ["contract:1", "contract:9"], "fields": fields}
    (seen,) = shop.call("GET", "/admin/products", **query)["products"]
    assert seen["type"] == {"id": groups["type_id"], "value": "Shirt"}
    assert seen["collection"] == {"id": groups["collection_id"], "title": "Summer", "handle": "summer"}


def test_type_and_collection_can_be_changed_and_cleared(shop: Shop, groups: View) -> None:
    product = shop.update(shop.create(), **groups)
    assert natural(shop.update(product, title="New")) == {**natural(product), "title": "New"}
    assert (product["type"]["value"], product["collection"]["handle"]) == ("Shirt", "summer")
    changed = {"type_id": shop.type("Hat")["id"], "collection_id": shop.collection("Winter")["id"]}
    product = shop.update(product, **changed)
    assert (product["type"]["value"], product["collection"]["handle"]) == ("Hat", "winter")
    product = shop.update(product, **dict.fromkeys(GROUPS))
    assert (product["type_id"], product["type"], product["collection_id"], product["collection"]) == (
        (None,) * 4
    )


def test_renaming_a_type_or_a_collection_changes_its_products(shop: Shop, groups: View) -> None:
    product = shop.create(**groups)
    shop.call("POST", f"{TYPES}/{groups['type_id']}", {"value": "Tee"})
    body = {"title": "Sommer", "handle": "sommer"}
    shop.call("POST", f"{COLLECTIONS}/{groups['collection_id']}", body)
    seen = shop.product(product["id"])
    assert (seen["type"]["value"], seen["collection"]["handle"]) == ("Tee", "sommer")
    message = 'Product type with id "ptyp_gone" not found'
    assert shop.refusal("POST", f"{TYPES}/ptyp_gone", {"value": "x"}) == (404, "not_found", message)
    message = 'Collection with id "pcol_gone" not found'
    assert shop.refusal("POST", f"{COLLECTIONS}/pcol_gone", {"title": "x"}) == (404, "not_found", message)


@pytest.mark.parametrize(
    ("column", "value", "refusal"),
    [
        ("type_id", "ptyp_gone", not_there("type_id", "ptyp_gone")),
        ("collection_id", "pcol_gone", not_there("collection_id", "pcol_gone")),
        ("type_id", "", UNKNOWN_ERROR),
    ],
)
def test_an_unknown_type_or_collection_fails_the_batch(
    shop: Shop, column: str, value: str, refusal: tuple[int, str, str]
) -> None:
    product = shop.create()
    assert shop.batch_refusal(create=[shop.body(2), shop.body(3, **{column: value})]) == refusal
    assert shop.batch_refusal(update=[{"id": product["id"], "title": "New", column: value}]) == refusal
    assert shop.products() == {"contract:1": product}


@pytest.mark.parametrize("column", GROUPS)
def test_a_refused_update_is_not_undone_if_it_clears_a_type_or_collection(
    shop: Shop, groups: View, column: str
) -> None:
    """A mistake of Medusa."""
    product, other = shop.create(1, **groups), shop.create(2, metadata={"a": 1})
    twice = [{"id": shop.sales_channel_id}] * 2

    def refused(value: str | None) -> tuple[View, View]:
        changes = {"id": product["id"], "title": "New", column: value}
        bodies = [changes, {"id": other["id"], "metadata": {"a": 2}, "sales_channels": twice}]
        assert shop.batch_refusal(update=bodies)[0] == 500
        return shop.product(product["id"]), shop.product(other["id"])

    assert refused(groups[column]) == (product, other)
    left, right = refused(None)
    assert (left["title"], left[column], right["metadata"]) == ("New", None, {"a": 2})
    assert right["sales_channels"] == other["sales_channels"]
