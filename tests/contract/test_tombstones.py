"""What deleted products leave."""

from typing import Any

from medusa_sync.core.record import RECORD_KEY
from medusa_sync.medusa.api import AdminApi
from tests.contract.shop import Shop, View


def listed(shop: Shop, *external_ids: str, **query: str) -> list[View]:
    fields = "id,external_id,deleted_at,metadata"
    asked: Any = {"external_id[]": external_ids, "fields": fields, "order": "id", **query}
    products: list[View] = shop.call("GET", "/admin/products", **asked)["products"]
    return products


def test_deleted_products_are_listed_with_their_metadata_only_on_request(shop: Shop) -> None:
    """A product that is created again leaves one for each deletion; they do not change any more."""
    ids = []
    for number in (1, 2):
        ids.append(shop.create(metadata={"a": number})["id"])
        shop.batch(delete=ids[-1:])
    shop.send("POST", "/admin/products/batch", {"update": [{"id": ids[0], "metadata": {"a": 9}}]})
    assert listed(shop, "contract:1") == listed(shop, "contract:1", with_deleted="false") == []
    live = shop.create()
    first, second, last = listed(shop, "contract:1", with_deleted="true")
    assert [each["id"] for each in (first, second, last)] == [*ids, live["id"]]
    assert [each["metadata"] for each in (first, second)] == [{"a": 1}, {"a": 2}]
    assert (first["deleted_at"] < second["deleted_at"], last["deleted_at"]) == (True, None)


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
    expected = {"contract:1": True, "contract:2": False, "contract:3": False, "contract:4": True}
    for asked in ([f"contract:{number}" for number in range(1, 7)], None):
        found = shop.ask(lambda api, asked=asked: api.tombstones(asked))  # type: ignore[misc]  # a default argument
        assert {each.external_id: each.is_ours for each in found} == expected


def test_only_the_tombstones_of_one_product_with_a_comma_are_read(shop: Shop) -> None:
    names = ("a:1,2", "a:1", "2")
    for number, name in enumerate(names):
        shop.batch(delete=[shop.create(number, external_id=name)["id"]])

    async def found(api: AdminApi) -> list[set[str | None]]:
        return [{each.external_id for each in await api.tombstones([name])} for name in names]

    assert shop.ask(found) == [{name} for name in names]
