"""Tags, types, collections, categories and inventory items, one by one and many at once."""

from operator import itemgetter
from typing import Any

import pytest

from tests.contract.shop import UNKNOWN_ERROR, Refusal, Shop, View, exists

Term = tuple[str, str, str, str, str]
TERMS: list[Term] = [
    ("create-product-tags", "product_tags", "product-tags", "value", "Product tag"),
    ("create-product-types", "product_types", "product-types", "value", "Product type"),
    ("create-collections", "collections", "collections", "handle", "Product collection"),
    ("create-product-categories", "product_categories", "product-categories", "handle", "Product category"),
    ("create-inventory-items-workflow", "items", "inventory-items", "sku", "Inventory item"),
]
"""Workflow, name of its list, route, unique field, and the name in messages."""
NAMES = {"collections": "title", "product_categories": "name"}
CATEGORIES = "/admin/product-categories"


@pytest.fixture(params=TERMS, ids=itemgetter(2))
def term(request: pytest.FixtureRequest) -> Term:
    chosen: Term = request.param
    return chosen


def body(term: Term, unique: str, **more: Any) -> View:
    _, name, _, column, _ = term
    return {column: unique, **({NAMES[name]: f"The {unique}"} if name in NAMES else {}), **more}


def create(shop: Shop, term: Term, *bodies: View) -> View:
    return shop.workflow(term[0], **{term[1]: list(bodies)})


def refused(shop: Shop, term: Term, *bodies: View) -> Refusal:
    return shop.workflow_refusal(term[0], **{term[1]: list(bodies)})


def stored(shop: Shop, term: Term) -> dict[str, str]:
    """Ids by the unique value."""
    _, name, path, column, _ = term
    name = "inventory_items" if name == "items" else name
    found = shop.call("GET", f"/admin/{path}", fields=f"id,{column}", limit="1000")[name]
    return {each[column]: each["id"] for each in found}


# --- all of them ---


def test_many_are_created_in_one_call_with_or_without_an_id_of_our_own(shop: Shop, term: Term) -> None:
    acknowledged = create(shop, term, body(term, "one"), body(term, "two", id="own_2"))["acknowledgement"]
    assert acknowledged.pop("transactionId").startswith("auto-")
    assert acknowledged == {"workflowId": term[0], "hasFinished": True, "hasFailed": False}
    seen = stored(shop, term)
    assert (set(seen), seen["two"]) == ({"one", "two"}, "own_2")
    assert create(shop, term)["acknowledgement"]["hasFinished"]
    assert stored(shop, term) == seen


def test_one_value_that_exists_refuses_the_whole_call(shop: Shop, term: Term) -> None:
    """Also one that the database refuses; values are case-sensitive."""
    refusal = exists(term[4], **{term[3]: "taken"})
    new, taken = body(term, "new"), body(term, "taken")
    assert refused(shop, term, new, taken, taken) == refusal
    assert refused(shop, term, new, body(term, "NUL \0")) == UNKNOWN_ERROR
    assert stored(shop, term) == {}
    shop.call("POST", f"/admin/{term[2]}", taken)
    assert refused(shop, term, new, taken) == refused(shop, term, taken, new) == refusal
    assert shop.refusal("POST", f"/admin/{term[2]}", taken) == refusal
    assert stored(shop, term).keys() == {"taken"}
    shop.call("POST", f"/admin/{term[2]}", body(term, "TAKEN"))


@pytest.mark.parametrize("term", [term for term in TERMS if term[1] != "collections"], ids=itemgetter(2))
def test_an_id_that_exists_refuses_the_whole_call(shop: Shop, term: Term) -> None:
    """Medusa overwrites a collection that has the id."""
    create(shop, term, body(term, "one", id="own_1"))
    refusal = exists(term[4], id="own_1")
    assert refused(shop, term, body(term, "new"), body(term, "two", id="own_1")) == refusal
    assert stored(shop, term) == {"one": "own_1"}


# --- categories ---


def test_categories_of_several_levels_are_created_parents_first(shop: Shop) -> None:
    above: View = {
        "id": "pcat_A",
        "name": "Above",
        "handle": "above",
        "is_active": True,
        "metadata": {"a": 1},
    }
    below: View = {"id": "pcat_B", "name": "Below", "handle": "below", "parent_category_id": "pcat_A"}
    refusal = (500, "invalid_argument", "Parent category with id: 'pcat_A' does not exist")
    assert shop.workflow_refusal("create-product-categories", product_categories=[below, above]) == refusal
    assert shop.call("GET", CATEGORIES)["count"] == 0
    shop.workflow("create-product-categories", product_categories=[above, below])
    found = shop.call("GET", CATEGORIES, order="id")["product_categories"]
    defaults: View = {"is_active": False, "parent_category_id": None, "metadata": None}
    for sent, stored in zip((above, below), found, strict=True):
        assert {name: stored[name] for name in defaults | sent} == defaults | sent


# --- inventory items ---


def levels(shop: Shop) -> dict[str, list[tuple[str, float]]]:
    fields = "sku,location_levels.location_id,location_levels.stocked_quantity"
    found = shop.call("GET", "/admin/inventory-items", fields=fields)["inventory_items"]
    return {
        item["sku"]: [(level["location_id"], level["stocked_quantity"]) for level in item["location_levels"]]
        for item in found
    }


def test_items_are_created_with_their_stock_or_not_at_all(shop: Shop) -> None:
    def items(*location_levels: View) -> list[View]:
        return [{"sku": "A"}, {"id": "own_1", "sku": "B", "location_levels": list(location_levels)}]

    def refusal(*location_levels: View) -> Refusal:
        return shop.workflow_refusal("create-inventory-items-workflow", items=items(*location_levels))

    here = {"location_id": shop.location_id, "stocked_quantity": 7}
    gone = "Stock locations with ids: sloc_gone was not found"
    assert refusal(here, {"location_id": "sloc_gone"}) == (404, "not_found", gone)
    twice = exists("Inventory level", inventory_item_id="own_1", location_id="<id>")
    assert refusal(here, here) == twice
    assert levels(shop) == {}
    shop.workflow("create-inventory-items-workflow", items=items(here))
    assert levels(shop) == {"A": [], "B": [(shop.location_id, 7)]}


def test_items_get_other_skus_in_one_call(shop: Shop) -> None:
    items = [{"id": f"iitem_{sku}", "sku": sku} for sku in "ABC"]
    shop.workflow("create-inventory-items-workflow", items=items)

    def refusal(**skus: str) -> Refusal:
        return shop.workflow_refusal("update-inventory-items-workflow", updates=updates(**skus))

    def updates(**skus: str) -> list[View]:
        return [{"id": f"iitem_{key}", "sku": sku} for key, sku in skus.items()]

    taken = exists("Inventory item", sku="B")
    assert refusal(C="D", A="B") == taken
    assert refusal(C="D", X="Y") == (404, "not_found", 'InventoryItem with id "iitem_X" not found')
    assert refusal(A="B", B="A")[:2] == taken[:2]
    assert levels(shop).keys() == {"A", "B", "C"}
    shop.workflow("update-inventory-items-workflow", updates=updates(A="X", C="Y"))
    assert levels(shop).keys() == {"X", "B", "Y"}


def test_an_unknown_workflow_is_not_found(shop: Shop) -> None:
    message = 'Workflow with id "nope" not found.'
    assert shop.workflow_refusal("nope", things=[]) == (404, "not_found", message)
