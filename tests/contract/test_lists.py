"""What lists show and what queries find, also of deleted products; the tool finds all that it created."""

from datetime import datetime
from typing import Any

import pytest

from medusa_sync.core.entities import Entity
from medusa_sync.core.kinds.channels import SELLING, Channel
from medusa_sync.core.kinds.prices import REGIONS
from medusa_sync.core.names import Names
from medusa_sync.core.record import RECORD_KEY
from medusa_sync.core.stored import StoredProduct, category_metadata
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.terms import categories_called
from tests.contract.shop import MALFORMED, Shop, View, variant_of
from tests.contract.test_terms import TEXTS
from tests.harness.template import REGION

LIMITS = {
    **dict.fromkeys(("products", "product-variants", "product-categories", "price-lists", "stores"), 50),
    "regions": 50,
    **dict.fromkeys(("product-tags", "inventory-items", "sales-channels", "shipping-profiles"), 20),
    "stock-locations": 20,
    "product-types": 10,
    "collections": 10,
}


def name_of(path: str) -> str:
    """The name of the list at a path."""
    return "variants" if path == "product-variants" else path.replace("-", "_")


# --- lists ---


@pytest.mark.parametrize("path", LIMITS)
def test_each_list_has_a_limit_and_refuses_unknown_parameters(shop: Shop, path: str) -> None:
    """Products ignore them."""
    response = shop.call("GET", f"/admin/{path}", fields="id")
    assert (response["limit"], response["offset"]) == (LIMITS[path], 0)
    assert len(response[name_of(path)]) == response["count"]
    if path == "products":
        assert shop.call("GET", f"/admin/{path}?foo=1")["count"] == 0
    else:
        assert shop.refusal("GET", f"/admin/{path}?foo=1") == MALFORMED
    assert shop.refusal("GET", f"/admin/{path}?limit=x") == MALFORMED


def test_a_list_has_pages_in_the_order_of_creation(shop: Shop) -> None:
    ids = [shop.create(number)["id"] for number in range(5)]

    def page(**query: str) -> Any:
        return shop.call("GET", "/admin/products", fields="id", **query)

    response = page(limit="2", offset="3", order="id")
    assert [response[name] for name in ("count", "limit", "offset")] == [5, 2, 3]
    assert [product["id"] for product in response["products"]] == ids[3:]
    assert [product["id"] for product in page(order="-id")["products"]] == ids[::-1]
    assert page(limit="0")["products"] == []


def test_products_are_found_by_id_external_id_and_handle(shop: Shop) -> None:
    first, second, third = (shop.create(number) for number in (1, 2, 3))

    def found(**query: list[str]) -> set[str | None]:
        response = shop.call("GET", "/admin/products", fields="id,external_id", **query)
        assert response["count"] == len(response["products"])
        return {product["external_id"] for product in response["products"]}

    both = {"contract:1", "contract:2"}
    assert found(**{"id[]": [first["id"], second["id"], "prod_gone"]}) == both
    assert found(**{"external_id[]": ["contract:1", "contract:2", "contract:9"]}) == both
    handles = {"handle[]": ["product-1", "product-2"]}
    assert found(**handles) == both
    assert found(**{"id[]": [first["id"], third["id"]], **handles}) == {"contract:1"}
    assert found(external_id=["contract:3"]) == {"contract:3"}
    for number, external_id in enumerate((None, "", "null"), 4):
        shop.batch(create=[shop.body(number, external_id=external_id)])
    assert (found(external_id=["null"]), found(external_id=[""])) == ({None}, {""})
    assert found(**{"external_id[]": ["null"]}) == set()


def test_only_the_requested_fields_are_returned(shop: Shop) -> None:
    """A star selects all fields of a relation."""
    created = shop.create(metadata={"a": 1})
    own = variant_of(created)["id"]

    def shown(fields: str) -> Any:
        (product,) = shop.call("GET", "/admin/products", fields=fields)["products"]
        return product

    assert shown("id,external_id,metadata") == {
        "id": created["id"],
        "external_id": "contract:1",
        "metadata": {"a": 1},
    }
    assert shown("variants.sku")["variants"] == [{"id": own, "sku": "SKU-1"}]
    options = [{"title": "Default", "values": [{"value": "Default"}]}]
    assert shown("options.title,options.values.value")["options"] == options, "without ids"
    assert shown("id,unknown,variants.unknown.more").keys() <= {"id", "variants"}
    (variant,) = shown("id,*variants")["variants"]
    assert variant.items() >= {"id": own, "sku": "SKU-1", "barcode": "BAR-1"}.items()
    assert "prices" not in variant
    moments = shown("created_at,variants.created_at")
    assert datetime.fromisoformat(moments["created_at"]) <= datetime.fromisoformat(
        moments["variants"][0]["created_at"]
    )


# --- look-ups ---


@pytest.mark.parametrize("field", ["sku", "barcode"])
def test_the_owners_of_unique_values_are_found(shop: Shop, field: str) -> None:
    shop.batch(create=[shop.body(number, variant={field: text}) for number, text in enumerate(TEXTS)])
    expected = {text: f"contract:{number}" for number, text in enumerate(TEXTS)}

    def owners(*asked: str) -> dict[str, str | None]:
        found = shop.ask(lambda api: api.owners([(field, text) for text in asked]))
        owners = {text: [each.product for each in own if each.product] for (_, text), own in found.items()}
        return {text: product.external_id for text, own in owners.items() for product in own}

    assert owners(*TEXTS, "free") == expected
    for text in TEXTS:
        assert owners(text) == {text: expected[text]}
    assert owners("free") == {}


def test_a_category_is_found_by_the_slug_in_its_metadata_after_it_got_another_handle(shop: Shop) -> None:
    above = shop.category("hats")["id"]
    created = shop.category("shoes", metadata=category_metadata("shoes"), parent_category_id=None)["id"]
    changes = {"handle": "footwear", "name": "Footwear", "is_active": True, "parent_category_id": above}
    updated = shop.call("POST", f"/admin/product-categories/{created}", changes)["product_category"]
    assert updated.items() >= changes.items()
    [found] = shop.ask(lambda api: categories_called(api, ["shoes"]))
    assert (found.id, found.handle, found.name, found.is_active) == (created, "footwear", "Footwear", True)
    product = shop.create(categories=[{"id": created}])
    [stored] = shop.ask(lambda api: api.details("id", [product["id"]]))
    assert isinstance(stored, StoredProduct)
    assert [category.slug for category in stored.categories] == ["shoes"]


# --- placement ---


def test_the_store_has_defaults(shop: Shop) -> None:
    fields = "id,default_sales_channel_id,default_location_id,supported_currencies.currency_code"
    (store,) = shop.call("GET", "/admin/stores", limit="1", fields=fields)["stores"]
    assert store["id"] == shop.store_id
    assert store["default_sales_channel_id"] == shop.sales_channel_id
    assert store["default_location_id"] == shop.location_id
    assert {entry["currency_code"] for entry in store["supported_currencies"]} == {"eur", "usd"}


@pytest.mark.parametrize("path", ["sales-channels", "shipping-profiles", "stock-locations"])
def test_placement_is_found_by_name_and_id(shop: Shop, path: str) -> None:
    name = name_of(path)
    for other in ("sales-channels", "stock-locations"):
        shop.call("POST", f"/admin/{other}", {"name": "Second"})
    first = shop.call("GET", f"/admin/{path}", order="id", limit="1", fields="id,name")[name]
    queries = [{"name": first[0]["name"]}, {"id": first[0]["id"]}]
    queries += [{"type": "default"}] if path == "shipping-profiles" else []
    for query in queries:
        assert shop.call("GET", f"/admin/{path}", **query, limit="2", fields="id,name")[name] == first
    assert shop.call("GET", f"/admin/{path}", name=first[0]["name"].upper())[name] == []


def all_of(shop: Shop, sort: Names) -> list[Any]:
    return list(shop.ask(lambda api: api.all_of(sort)))


def test_regions_may_have_the_same_name_and_any_currency(shop: Shop) -> None:
    names = ["Nordics", "nordics", "Nordics"]
    for name, currency in zip(names, ("eur", "usd", "zzz"), strict=True):
        shop.call("POST", "/admin/regions", {"name": name, "currency_code": currency})
    found = [each for each in all_of(shop, REGIONS) if each.name.lower() == "nordics"]
    assert [(each.name, each.currency_code) for each in found] == [
        ("Nordics", "eur"),
        ("nordics", "usd"),
        ("Nordics", "zzz"),
    ]


def test_sales_channels_show_the_stock_locations_that_serve_them(shop: Shop) -> None:
    body = {"name": "Market", "is_disabled": True}
    channel_id = shop.call("POST", "/admin/sales-channels", body)["sales_channel"]["id"]
    loft = shop.call("POST", "/admin/stock-locations", {"name": "Loft"})["stock_location"]["id"]

    def served_by(change: str) -> list[str]:
        body = {change: [channel_id]}
        answer = shop.call("POST", f"/admin/stock-locations/{loft}/sales-channels", body)
        assert answer["stock_location"]["id"] == loft
        market = next(each for each in all_of(shop, SELLING) if each.id == channel_id)
        assert (market.name, market.is_disabled) == ("Market", True)
        return [each.id for each in market.stock_locations or () if each]

    assert served_by("add") == served_by("add") == [loft]
    assert served_by("remove") == served_by("remove") == []
    default = next(each for each in all_of(shop, SELLING) if each.id == shop.sales_channel_id)
    assert default == Channel(default.id, default.name, stock_locations=(Entity(shop.location_id),))


def test_the_store_has_a_region(shop: Shop) -> None:
    [region] = all_of(shop, REGIONS)
    assert {"name": region.name, "currency_code": region.currency_code} == REGION


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
    records: list[Any] = [
        {"version": 3, "deleted": True},
        {"version": 3, "fields": {"title": "x"}},
        None,
        {"version": 99, "deleted": True},
    ]
    products = [shop.create(number, metadata={RECORD_KEY: each}) for number, each in enumerate(records, 1)]
    shop.create(5)
    shop.batch(delete=[product["id"] for product in products])

    async def found(api: AdminApi) -> list[dict[str | None, bool]]:
        asked = [f"contract:{number}" for number in range(1, 7)]
        return [
            {each.external_id: each.is_by_us for each in await api.tombstones(own)} for own in (asked, None)
        ]

    expected = {"contract:1": True, "contract:2": False, "contract:3": False, "contract:4": True}
    assert shop.ask(found) == [expected] * 2


def test_only_the_tombstones_of_one_product_with_a_comma_are_read(shop: Shop) -> None:
    names = ("a:1,2", "a:1", "2")
    for number, name in enumerate(names):
        shop.batch(delete=[shop.create(number, external_id=name)["id"]])

    async def found(api: AdminApi) -> list[set[str | None]]:
        return [{each.external_id for each in await api.tombstones([name])} for name in names]

    assert shop.ask(found) == [{name} for name in names]
