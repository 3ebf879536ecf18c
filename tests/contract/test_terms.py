"""Tags, types, collections, categories and inventory items, one by one and many at once."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import pytest

from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.lists import List
from medusa_sync.medusa.resources import COLLECTIONS, ITEMS, TAGS, TYPES
from medusa_sync.medusa.terms import categories_called
from tests.contract.shop import UNKNOWN_ERROR, Refusal, Shop, View, exists


class Term(NamedTuple):
    workflow_id: str
    given: str
    """The list in the input of the workflow."""
    path: str
    column: str
    """The unique field."""
    what: str
    """In messages."""
    title: str = ""
    """Another field that is required."""


TERMS = [
    Term("create-product-tags", "product_tags", "product-tags", "value", "Product tag"),
    Term("create-product-types", "product_types", "product-types", "value", "Product type"),
    Term("create-collections", "collections", "collections", "handle", "Product collection", "title"),
    Term(
        *("create-product-categories", "product_categories", "product-categories", "handle"),
        *("Product category", "name"),
    ),
    Term("create-inventory-items-workflow", "items", "inventory-items", "sku", "Inventory item"),
]
CATEGORIES = "/admin/product-categories"


@pytest.fixture(params=TERMS, ids=attrgetter("path"))
def term(request: pytest.FixtureRequest) -> Term:
    chosen: Term = request.param
    return chosen


def body(term: Term, unique: str, **more: Any) -> View:
    return {term.column: unique, **({term.title: f"The {unique}"} if term.title else {}), **more}


def create(shop: Shop, term: Term, *bodies: View) -> View:
    return shop.workflow(term.workflow_id, **{term.given: list(bodies)})


def refused(shop: Shop, term: Term, *bodies: View) -> Refusal:
    return shop.workflow_refusal(term.workflow_id, **{term.given: list(bodies)})


def stored(shop: Shop, term: Term, **query: Any) -> dict[str, str]:
    """Ids by the unique value."""
    query = {"fields": f"id,{term.column}", "limit": "1000", **query}
    found = shop.call("GET", f"/admin/{term.path}", **query)[term.path.replace("-", "_")]
    return {each[term.column]: each["id"] for each in found}


# --- all of them ---


def test_many_are_created_in_one_call_with_or_without_an_id_of_our_own(shop: Shop, term: Term) -> None:
    acknowledged = create(shop, term, body(term, "one"), body(term, "two", id="own_2"))["acknowledgement"]
    assert acknowledged.pop("transactionId").startswith("auto-")
    assert acknowledged == {"workflowId": term.workflow_id, "hasFinished": True, "hasFailed": False}
    seen = stored(shop, term)
    assert (set(seen), seen["two"]) == ({"one", "two"}, "own_2")
    assert create(shop, term)["acknowledgement"]["hasFinished"]
    assert stored(shop, term) == seen


def test_one_value_that_exists_refuses_the_whole_call(shop: Shop, term: Term) -> None:
    """Also one that the database refuses; values are case-sensitive."""
    refusal = exists(term.what, **{term.column: "taken"})
    new, taken = body(term, "new"), body(term, "taken")
    assert refused(shop, term, new, taken, taken) == refusal
    assert refused(shop, term, new, body(term, "NUL \0")) == UNKNOWN_ERROR
    assert stored(shop, term) == {}
    shop.call("POST", f"/admin/{term.path}", taken)
    assert refused(shop, term, new, taken) == refused(shop, term, taken, new) == refusal
    assert shop.refusal("POST", f"/admin/{term.path}", taken) == refusal
    assert stored(shop, term).keys() == {"taken"}
    shop.call("POST", f"/admin/{term.path}", body(term, "TAKEN"))


@pytest.mark.parametrize(
    "term", [term for term in TERMS if term.path != "collections"], ids=attrgetter("path")
)
def test_an_id_that_exists_refuses_the_whole_call(shop: Shop, term: Term) -> None:
    """Medusa overwrites a collection that has the id."""
    create(shop, term, body(term, "one", id="own_1"))
    refusal = exists(term.what, id="own_1")
    assert refused(shop, term, body(term, "new"), body(term, "two", id="own_1")) == refusal
    assert stored(shop, term) == {"one": "own_1"}


# --- finding them ---

TEXTS = ("null", "NULL", "annulled", "nul", "a,b", "a", "b", "red, blue", ",", "a,", "[]", "%", "a b", "é")
LISTS: dict[str, List[Any]] = {
    each.path.removeprefix("/admin/"): each for each in (TAGS, TYPES, COLLECTIONS, ITEMS)
}


def add(shop: Shop, term: Term, texts: Sequence[str]) -> None:
    for text in texts:
        shop.call("POST", f"/admin/{term.path}", body(term, text))


async def looked_up(api: AdminApi, term: Term, texts: Sequence[str]) -> list[str | None]:
    if term.path == "product-categories":
        return [category.handle for category in await categories_called(api, texts)]
    return [getattr(each, term.column) for each in await api.find(LISTS[term.path], term.column, texts)]


def test_an_array_of_one_value_is_split_at_commas(shop: Shop, term: Term) -> None:
    add(shop, term, ["a", "b", "a,b"])
    for asked, found in ((["a,b"], {"a", "b"}), (["a,b", "a,b"], {"a,b"}), (["a,b", "a"], {"a", "a,b"})):
        assert stored(shop, term, **{f"{term.column}[]": asked}).keys() == found
    assert stored(shop, term, **{term.column: "a,b"}).keys() == {"a,b"}


def test_the_text_null_is_found_only_by_a_search(shop: Shop, term: Term) -> None:
    """As a value, it finds what has none; as the handle, it finds everything."""
    add(shop, term, ["null", "NULL", "ANNULLED", "nil"])
    key, everything = term.column, {"null", "NULL", "ANNULLED", "nil"}
    assert stored(shop, term, **{f"{key}[]": ["null"]}) == {}
    assert stored(shop, term, **{f"{key}[]": ["null", "NULL"]}).keys() == {"NULL"}
    assert stored(shop, term, **{key: "null"}).keys() == (everything if key == "handle" else set())
    assert stored(shop, term, q="nul").keys() == {"null", "NULL", "ANNULLED"}
    assert stored(shop, term, q="null").keys() == everything


def test_created_entities_are_found(shop: Shop, term: Term) -> None:
    add(shop, term, TEXTS)

    async def found_again(api: AdminApi) -> None:
        for asked in (TEXTS, *([text] for text in TEXTS)):
            assert sorted(map(str, await looked_up(api, term, asked))) == sorted(asked)

    shop.ask(found_again)
    assert shop.ask(lambda api: looked_up(api, term, ["nu", "b,a", "A", "nuLL"])) == []


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
