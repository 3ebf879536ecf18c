"""What deleted products leave."""

from __future__ import annotations

from typing import Any

from medusa_sync.core.record import RECORD_KEY
from medusa_sync.medusa.api import AdminApi
from tests.contract.shop import Shop, View

FIELDS = "id,external_id,deleted_at,metadata"


def listed(shop: Shop, *external_ids: str, **query: str) -> list[View]:
    products: list[View] = shop.call(
        "GET", "/admin/products", **{"external_id[]": external_ids, "fields": FIELDS, "order": "id"}, **query
    )["products"]
    return products


def test_a_deleted_product_is_listed_with_its_metadata_only_on_request(shop: Shop) -> None:
    product = shop.create(metadata={"a": {"b": 1}})
    other = shop.create(2)
    shop.batch(delete=[product["id"]])
    assert listed(shop, "contract:1") == listed(shop, "contract:1", with_deleted="false") == []
    [gone] = listed(shop, "contract:1", with_deleted="true")
    assert (gone["id"], gone["external_id"], gone["metadata"]) == (
        product["id"],
        "contract:1",
        {"a": {"b": 1}},
    )
    assert isinstance(gone["deleted_at"], str)
    [live] = listed(shop, "contract:2", with_deleted="true")
    assert (live["id"], live["deleted_at"]) == (other["id"], None)


def test_a_product_that_is_created_again_leaves_a_tombstone_for_each_deletion(shop: Shop) -> None:
    ids = []
    for _ in range(2):
        product = shop.create()
        shop.call("DELETE", f"/admin/products/{product['id']}")
        ids.append(product["id"])
    live = shop.create()
    found = {each["id"]: each["deleted_at"] for each in listed(shop, "contract:1", with_deleted="true")}
    assert found.keys() == {*ids, live["id"]}
    assert found[live["id"]] is None
    assert found[ids[0]] < found[ids[1]]


def test_a_creation_that_is_refused_leaves_no_tombstone(shop: Shop) -> None:
    shop.create(1)
    shop.batch_refusal(create=[shop.body(2), shop.body(3, handle="product-1")])
    sku = {"sku": "SKU-1"}
    shop.batch_refusal(create=[shop.body(2), shop.body(3, variant=sku)])
    assert listed(shop, "contract:2", "contract:3", with_deleted="true") == []


def test_a_deleted_product_does_not_change_any_more(shop: Shop) -> None:
    product = shop.create(metadata={"a": 1})
    shop.batch(delete=[product["id"]])
    shop.send("POST", "/admin/products/batch", {"update": [{"id": product["id"], "metadata": {"a": 2}}]})
    [gone] = listed(shop, "contract:1", with_deleted="true")
    assert gone["metadata"] == {"a": 1}


def test_tombstones_say_whether_this_tool_deleted_the_product(shop: Shop) -> None:
    notes: list[dict[str, Any]] = [
        {"metadata": {RECORD_KEY: {"version": 3, "deleted": True}}},
        {"metadata": {RECORD_KEY: {"version": 3, "fields": {"title": "x"}}}},
        {"metadata": None},
        {"metadata": {RECORD_KEY: {"version": 99, "deleted": True}}},
    ]
    products = [shop.create(number, **note) for number, note in enumerate(notes, 1)]
    shop.create(5)
    shop.batch(delete=[product["id"] for product in products])
    found = shop.ask(lambda api: api.tombstones([f"contract:{number}" for number in range(1, 7)]))
    assert {each.external_id: each.is_ours for each in found} == {
        "contract:1": True,
        "contract:2": False,
        "contract:3": False,
        "contract:4": True,
    }


def test_only_the_tombstones_of_one_product_with_a_comma_are_read(shop: Shop) -> None:
    names = ("a:1,2", "a:1", "2")
    for number, name in enumerate(names):
        product = shop.create(number, external_id=name)
        shop.batch(delete=[product["id"]])

    async def found(api: AdminApi) -> list[set[str | None]]:
        return [{each.external_id for each in await api.tombstones([name])} for name in names]

    assert shop.ask(found) == [{name} for name in names]
