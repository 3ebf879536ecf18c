"""The workflows that create many terms and inventory items at once."""

from operator import itemgetter
from typing import Any

import httpx
import pytest

from tests.contract.shop import UNKNOWN_ERROR, Shop, View, invalid, workflow_path

TERMS: list[tuple[str, str, str, str, str]] = [
    ("create-product-tags", "product_tags", "product-tags", "value", "Product tag"),
    ("create-product-types", "product_types", "product-types", "value", "Product type"),
    ("create-collections", "collections", "collections", "handle", "Product collection"),
    ("create-product-categories", "product_categories", "product-categories", "handle", "Product category"),
    ("create-inventory-items-workflow", "items", "inventory-items", "sku", "Inventory item"),
]
"""Workflow, name of its list, route, unique field, and the name in messages."""
NAMES = {"collections": "title", "product_categories": "name"}
terms = pytest.mark.parametrize("term", TERMS, ids=itemgetter(2))

Term = tuple[str, str, str, str, str]


def body(term: Term, unique: str, **more: Any) -> View:
    _, name, _, column, _ = term
    return {column: unique, **({NAMES[name]: f"The {unique}"} if name in NAMES else {}), **more}


def create(shop: Shop, term: Term, *bodies: View) -> View:
    return shop.workflow(term[0], **{term[1]: list(bodies)})


def refused(shop: Shop, term: Term, *bodies: View) -> tuple[int, str, str]:
    return shop.workflow_refusal(term[0], **{term[1]: list(bodies)})


def stored(shop: Shop, term: Term) -> dict[str, str]:
    """Ids by the unique value."""
    _, name, path, column, _ = term
    name = "inventory_items" if name == "items" else name
    found = shop.call("GET", f"/admin/{path}", fields=f"id,{column}", limit="1000")[name]
    return {each[column]: each["id"] for each in found}


@terms
def test_many_are_created_in_one_call_with_or_without_an_id_of_our_own(shop: Shop, term: Term) -> None:
    acknowledged = create(shop, term, body(term, "one"), body(term, "two", id="own_2"))["acknowledgement"]
    assert acknowledged.pop("transactionId").startswith("auto-")
    assert acknowledged == {"workflowId": term[0], "hasFinished": True, "hasFailed": False}
    seen = stored(shop, term)
    assert seen.keys() == {"one", "two"}
    assert seen["two"] == "own_2"
    assert create(shop, term)["acknowledgement"]["hasFinished"]
    assert stored(shop, term) == seen


@terms
@pytest.mark.parametrize("others", ["stored", "in the same call"])
def test_one_value_that_exists_refuses_the_whole_call(shop: Shop, term: Term, others: str) -> None:
    sent = [body(term, "new"), body(term, "taken")]
    if others == "stored":
        create(shop, term, body(term, "taken"))
    else:
        sent.append(body(term, "taken"))
    before = stored(shop, term)
    message = f"{term[4]} with {term[3]}: taken, already exists."
    assert refused(shop, term, *sent) == invalid(message)
    assert refused(shop, term, *sent[::-1]) == invalid(message)
    assert stored(shop, term) == before


@pytest.mark.parametrize("term", [term for term in TERMS if term[1] != "collections"], ids=itemgetter(2))
def test_an_id_that_exists_refuses_the_whole_call(shop: Shop, term: Term) -> None:
    create(shop, term, body(term, "one", id="own_1"))
    before = stored(shop, term)
    refusal = invalid(f"{term[4]} with id: own_1, already exists.")
    assert refused(shop, term, body(term, "new"), body(term, "two", id="own_1")) == refusal
    assert stored(shop, term) == before
    assert shop.call("DELETE", f"/admin/{term[2]}/own_1")["deleted"]
    assert stored(shop, term) == {}
    assert refused(shop, term, body(term, "new"), body(term, "one", id="own_1")) == refusal
    create(shop, term, body(term, "one", id="own_2"))
    assert stored(shop, term) == {"one": "own_2"}


def test_a_collection_whose_id_exists_is_overwritten(shop: Shop) -> None:
    """Even a deleted one, which stays deleted: the call succeeds, and nothing is there."""
    shop.workflow("create-collections", collections=[{"id": "own_1", "title": "One", "metadata": {"a": 1}}])
    shop.workflow("create-collections", collections=[{"id": "own_1", "title": "Two"}])
    listed = shop.call("GET", "/admin/collections", fields="title,handle,metadata")["collections"]
    assert listed == [{"id": "own_1", "title": "Two", "handle": "two", "metadata": {"a": 1}}]
    shop.call("DELETE", "/admin/collections/own_1")
    shop.workflow("create-collections", collections=[{"id": "own_1", "title": "Three"}])
    assert shop.call("GET", "/admin/collections")["count"] == 0
    shop.workflow("create-collections", collections=[{"id": "own_2", "title": "Three"}])
    assert shop.call("GET", "/admin/collections")["count"] == 1


@terms
def test_a_value_that_the_database_refuses(shop: Shop, term: Term) -> None:
    assert refused(shop, term, body(term, "new"), body(term, "NUL \0")) == UNKNOWN_ERROR
    assert stored(shop, term) == {}


def test_terms_keep_their_metadata(shop: Shop) -> None:
    for workflow_id, name, path, *_ in TERMS[:4]:
        term = next(each for each in TERMS if each[0] == workflow_id)
        create(shop, term, body(term, "one", metadata={"a": {"b": 1}}))
        (seen,) = shop.call("GET", f"/admin/{path}", fields="metadata")[name]
        assert seen["metadata"] == {"a": {"b": 1}}


def test_categories_of_several_levels_are_created_parents_first(shop: Shop) -> None:
    above = {"id": "pcat_A", "name": "Above", "handle": "above", "is_active": True}
    below = {"id": "pcat_B", "name": "Below", "parent_category_id": "pcat_A"}
    refusal = (500, "invalid_argument", "Parent category with id: 'pcat_A' does not exist")
    assert shop.workflow_refusal("create-product-categories", product_categories=[below, above]) == refusal
    assert shop.call("GET", "/admin/product-categories")["count"] == 0
    shop.workflow("create-product-categories", product_categories=[above, below])
    fields = "handle,is_active,is_internal,parent_category_id"
    found = shop.call("GET", "/admin/product-categories", fields=fields, order="id")["product_categories"]
    assert found == [
        {"id": "pcat_A", "handle": "above", "is_active": True, "is_internal": False}
        | {"parent_category_id": None},
        {"id": "pcat_B", "handle": "below", "is_active": False, "is_internal": False}
        | {"parent_category_id": "pcat_A"},
    ]


def test_terms_in_use_disappear_from_their_products(shop: Shop) -> None:
    tag, category, below = shop.tag("red"), shop.category("above"), shop.category("below")
    shop.call("POST", f"/admin/product-categories/{below['id']}", {"parent_category_id": category["id"]})
    refs = {"tags": [{"id": tag["id"]}], "categories": [{"id": below["id"]}]}
    product = shop.create(1, **refs)
    path = f"/admin/product-categories/{category['id']}"
    message = "Deleting ProductCategory (<id>) with category children is not allowed"
    assert shop.refusal("DELETE", path) == (400, "not_allowed", message)
    shop.call("DELETE", f"/admin/product-tags/{tag['id']}")
    shop.call("DELETE", f"/admin/product-categories/{below['id']}")
    shop.call("DELETE", path)
    seen = shop.product(product["id"])
    assert (seen["tags"], seen["categories"]) == ([], [])
    assert shop.call("DELETE", "/admin/product-tags/ptag_gone")["deleted"]
    refusal = (404, "not_found", "ProductCategory with id: pcat_gone was not found")
    assert shop.refusal("DELETE", "/admin/product-categories/pcat_gone") == refusal


# --- inventory items ---


def levels(shop: Shop) -> dict[str, list[tuple[str, float]]]:
    fields = "sku,location_levels.location_id,location_levels.stocked_quantity"
    found = shop.call("GET", "/admin/inventory-items", fields=fields)["inventory_items"]
    return {
        item["sku"]: [(level["location_id"], level["stocked_quantity"]) for level in item["location_levels"]]
        for item in found
    }


def test_items_are_created_with_their_stock(shop: Shop) -> None:
    at = [{"location_id": shop.location_id, "stocked_quantity": 7}]
    shop.workflow(
        "create-inventory-items-workflow", items=[{"sku": "A", "location_levels": at}, {"sku": "B"}]
    )
    assert levels(shop) == {"A": [(shop.location_id, 7)], "B": []}


def test_items_are_not_created_if_their_stock_is_refused(shop: Shop) -> None:
    def refusal(*location_levels: View) -> tuple[int, str, str]:
        items = [{"sku": "A"}, {"id": "own_1", "sku": "B", "location_levels": list(location_levels)}]
        return shop.workflow_refusal("create-inventory-items-workflow", items=items)

    here = {"location_id": shop.location_id, "stocked_quantity": 7}
    gone = "Stock locations with ids: sloc_gone was not found"
    assert refusal(here, {"location_id": "sloc_gone"}) == (404, "not_found", gone)
    status, kind, message = refusal(here, here)
    assert (status, kind) == invalid("")[:2]
    assert message == (
        f"Inventory level with inventory_item_id: own_1, location_id: {shop.location_id}, already exists."
    ).replace(shop.location_id, "<id>")
    assert levels(shop) == {}
    items = [{"id": "own_1", "sku": "B"}]
    shop.workflow("create-inventory-items-workflow", items=items)
    assert levels(shop) == {"B": []}


def test_items_get_other_skus_in_one_call(shop: Shop) -> None:
    items = [{"id": f"iitem_{sku}", "sku": sku} for sku in "ABC"]
    shop.workflow("create-inventory-items-workflow", items=items)

    def refusal(**skus: str) -> tuple[int, str, str]:
        return shop.workflow_refusal("update-inventory-items-workflow", updates=updates(**skus))

    def updates(**skus: str) -> list[View]:
        return [{"id": f"iitem_{key}", "sku": sku} for key, sku in skus.items()]

    taken = invalid("Inventory item with sku: B, already exists.")
    assert refusal(C="D", A="B") == taken
    assert refusal(C="D", X="Y") == (404, "not_found", 'InventoryItem with id "iitem_X" not found')
    assert refusal(A="B", B="A")[:2] == taken[:2]
    assert levels(shop).keys() == {"A", "B", "C"}
    shop.workflow("update-inventory-items-workflow", updates=updates(A="X", C="Y"))
    assert levels(shop).keys() == {"X", "B", "Y"}


# --- the route ---


def test_an_unknown_workflow_is_not_found(shop: Shop) -> None:
    message = 'Workflow with id "nope" not found.'
    assert shop.workflow_refusal("nope", things=[]) == (404, "not_found", message)


def test_an_unknown_field_beside_the_input_is_refused(shop: Shop) -> None:
    body = {"input": {"product_tags": [{"value": "red"}]}, "foo": 1}
    message = "Invalid request: Unrecognized fields: 'foo'"
    assert shop.refusal("POST", workflow_path("create-product-tags"), body) == invalid(message)


def test_a_body_above_100_kb_is_refused(shop: Shop) -> None:
    tags = [{"value": f"{number}{'x' * 990}"} for number in range(102)]
    response = shop.send("POST", workflow_path("create-product-tags"), {"input": {"product_tags": tags}})
    assert response.status_code == 413
    assert shop.call("GET", "/admin/product-tags")["count"] == 0
    shop.workflow("create-product-tags", product_tags=tags[:100])
    assert shop.call("GET", "/admin/product-tags")["count"] == 100


def test_a_workflow_needs_credentials(shop: Shop) -> None:
    given = {"input": {"product_tags": [{"value": "red"}]}}
    path = workflow_path("create-product-tags")
    wrong = httpx.BasicAuth("sk_wrong", "")
    assert shop.client.post(path, json=given, auth=wrong).status_code == 401
    credentials = {"email": shop.email, "password": shop.password}
    token = shop.call("POST", "/auth/user/emailpass", credentials)["token"]
    headers = {"Authorization": f"Bearer {token}"}
    request = httpx.Request("POST", shop.client.base_url.join(path), json=given, headers=headers)
    assert shop.client.send(request).status_code == 200
