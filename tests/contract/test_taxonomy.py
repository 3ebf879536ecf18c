"""Lists, categories, tags, placement and the settings of the store."""

import pytest

from tests.contract.shop import UNKNOWN_ERROR, Shop

LISTS = {
    "products": "products",
    "product-categories": "product_categories",
    "product-tags": "product_tags",
    "product-types": "product_types",
    "collections": "collections",
    "product-variants": "variants",
    "inventory-items": "inventory_items",
    "sales-channels": "sales_channels",
    "shipping-profiles": "shipping_profiles",
    "stock-locations": "stock_locations",
    "stores": "stores",
}


# --- lists ---


def test_products_are_found_by_id_external_id_handle_and_sku(shop: Shop) -> None:
    first, second, third = (shop.create(number) for number in (1, 2, 3))

    def found(**query: list[str]) -> set[str]:
        response = shop.call("GET", "/admin/products", fields="id,external_id", **query)
        assert response["count"] == len(response["products"])
        return {product["external_id"] for product in response["products"]}

    both = {"contract:1", "contract:2"}
    assert found(**{"id[]": [first["id"], second["id"], "prod_gone"]}) == both
    assert found(**{"external_id[]": ["contract:1", "contract:2", "contract:9"]}) == both
    assert found(**{"handle[]": ["product-1", "product-2"]}) == both
    assert found(**{"variants[sku][]": ["SKU-1", "SKU-2"]}) == both
    assert found(**{"id[]": [first["id"], third["id"]], "handle[]": ["product-1", "product-2"]}) == {
        "contract:1"
    }
    assert found(external_id=["contract:3"]) == {"contract:3"}


def test_products_without_an_external_id_can_be_listed(shop: Shop) -> None:
    for number, external_id in enumerate([None, "", "null", "contract:1"]):
        body = shop.body(number)
        shop.batch(
            create=[
                {key: value for key, value in body.items() if key != "external_id"}
                | ({} if external_id is None else {"external_id": external_id})
            ]
        )

    def found(**query: str) -> set[str | None]:
        response = shop.call("GET", "/admin/products", fields="id,external_id", order="id", **query)
        return {product["external_id"] for product in response["products"]}

    assert found(external_id="null") == {None}
    assert found(external_id="") == {""}
    assert found(**{"external_id[]": "null"}) == set()


def test_a_list_has_pages(shop: Shop) -> None:
    shop.batch(create=[shop.body(number) for number in range(5)])
    response = shop.call("GET", "/admin/products", limit="2", offset="3", order="id", fields="id")
    assert (response["count"], response["limit"], response["offset"], len(response["products"])) == (
        5,
        2,
        3,
        2,
    )
    assert shop.call("GET", "/admin/products", limit="0")["products"] == []


@pytest.mark.parametrize("order", ["id", "-id"])
def test_a_list_is_sorted_on_request(shop: Shop, order: str) -> None:
    shop.batch(create=[shop.body(number) for number in range(5)])
    response = shop.call("GET", "/admin/products", order=order, fields="id")
    ids = [product["id"] for product in response["products"]]
    assert ids == sorted(ids, reverse=order == "-id")


def test_later_products_have_greater_ids(shop: Shop) -> None:
    products = [shop.create(number) for number in range(5)]
    assert products == sorted(products, key=lambda product: str(product["id"]))


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        *(("products", 50), ("product-categories", 50), ("product-tags", 20), ("inventory-items", 20)),
        *(("sales-channels", 20), ("shipping-profiles", 20), ("stock-locations", 20), ("stores", 50)),
    ],
)
def test_each_list_has_its_default_limit(shop: Shop, path: str, limit: int) -> None:
    response = shop.call("GET", f"/admin/{path}", fields="id")
    assert (response["limit"], response["offset"]) == (limit, 0)
    assert len(response[LISTS[path]]) == response["count"]


def test_an_invalid_limit_is_refused(shop: Shop) -> None:
    message = "Invalid request: Expected type: 'number' for field 'limit', got: 'x'"
    assert shop.refusal("GET", "/admin/products?limit=x") == (400, "invalid_data", message)


@pytest.mark.parametrize("path", sorted(set(LISTS) - {"products"}))
def test_an_unknown_parameter_is_refused(shop: Shop, path: str) -> None:
    message = "Invalid request: Unrecognized fields: 'foo'"
    assert shop.refusal("GET", f"/admin/{path}?foo=1") == (400, "invalid_data", message)


def test_an_unknown_parameter_of_products_is_ignored(shop: Shop) -> None:
    shop.create()
    assert shop.call("GET", "/admin/products", foo="1", fields="id")["count"] == 1


def test_a_nul_in_a_parameter_is_an_unknown_error(shop: Shop) -> None:
    assert shop.refusal("GET", "/admin/products?handle=%00") == UNKNOWN_ERROR
    assert shop.refusal("GET", "/admin/product-tags?value=%00") == UNKNOWN_ERROR


def test_only_the_requested_fields_are_returned(shop: Shop) -> None:
    created = shop.create(metadata={"a": 1})
    (product,) = shop.call("GET", "/admin/products", fields="id,external_id,metadata")["products"]
    assert product == {"id": created["id"], "external_id": "contract:1", "metadata": {"a": 1}}
    (product,) = shop.call("GET", "/admin/products", fields="variants.sku")["products"]
    assert product["variants"] == [{"id": created["variants"][0]["id"], "sku": "SKU-1"}]
    (product,) = shop.call("GET", "/admin/products", fields="id,unknown,variants.unknown.more")["products"]
    assert product.keys() <= {"id", "variants"}


def test_a_star_selects_all_fields_of_a_relation(shop: Shop) -> None:
    created = shop.create()
    (product,) = shop.call("GET", "/admin/products", fields="id,*variants")["products"]
    (variant,) = product["variants"]
    assert variant.items() >= {"id": created["variants"][0]["id"], "sku": "SKU-1", "barcode": "BAR-1"}.items()
    assert "prices" not in variant


def test_a_product_is_looked_up_by_id(shop: Shop) -> None:
    product = shop.create()
    assert shop.product(product["id"]) == product
    refusal = (404, "not_found", "Product not found")
    assert shop.refusal("GET", "/admin/products/prod_gone") == refusal


# --- categories ---


def test_a_category_is_inactive_by_default(shop: Shop) -> None:
    assert shop.category("first")["is_active"] is False
    assert shop.category("second", is_active=True)["is_active"] is True


def test_a_category_is_found_by_handle(shop: Shop) -> None:
    category = shop.category("shoes")
    shop.category("hats")
    response = shop.call(
        "GET", "/admin/product-categories", **{"handle[]": ["shoes", "x"], "fields": "id,handle"}
    )
    assert response["product_categories"] == [{"id": category["id"], "handle": "shoes"}]


def test_category_handles_are_unique(shop: Shop) -> None:
    shop.category("shoes")
    message = "Product category with handle: shoes, already exists."
    response = shop.refusal("POST", "/admin/product-categories", {"name": "Other", "handle": "shoes"})
    assert response == (400, "invalid_data", message)
    assert shop.category("Shoes")["handle"] == "Shoes"


def test_a_category_without_a_handle_gets_one_from_its_name(shop: Shop) -> None:
    body = {"name": "Cats & Dogs"}
    category = shop.call("POST", "/admin/product-categories", body)["product_category"]
    assert category["handle"] == "cats-&-dogs"


def test_a_category_is_updated(shop: Shop) -> None:
    category = shop.category("shoes", metadata={"a": 1})
    path = f"/admin/product-categories/{category['id']}"
    updated = shop.call("POST", path, {"is_active": True, "name": "Boots", "metadata": {"b": 2}})
    assert (
        updated["product_category"].items() >= {"name": "Boots", "is_active": True, "handle": "shoes"}.items()
    )
    assert updated["product_category"]["metadata"] == {"b": 2}


def test_the_update_of_an_unknown_category_returns_nothing(shop: Shop) -> None:
    assert shop.call("POST", "/admin/product-categories/pcat_gone", {"name": "x"}) == {}


def test_a_category_is_created_below_another_one(shop: Shop) -> None:
    shoes = shop.category("shoes")
    boots = shop.category("boots", parent_category_id=shoes["id"])
    hats = shop.category("hats", parent_category_id=None)
    fields = "id,handle,parent_category_id"
    listed = shop.call("GET", "/admin/product-categories", fields=fields)["product_categories"]
    assert {each["id"]: (each["handle"], each["parent_category_id"]) for each in listed} == {
        shoes["id"]: ("shoes", None),
        boots["id"]: ("boots", shoes["id"]),
        hats["id"]: ("hats", None),
    }


def test_the_handle_of_a_category_is_unique_below_all_others(shop: Shop) -> None:
    shoes = shop.category("shoes")
    shop.category("sale", parent_category_id=shoes["id"])
    body = {"name": "Sale", "handle": "sale", "parent_category_id": shop.category("hats")["id"]}
    message = "Product category with handle: sale, already exists."
    assert shop.refusal("POST", "/admin/product-categories", body) == (400, "invalid_data", message)


def test_a_category_can_be_moved(shop: Shop) -> None:
    shoes, hats = shop.category("shoes"), shop.category("hats")
    sale = shop.category("sale", parent_category_id=shoes["id"])
    for parent_id in (hats["id"], None):
        shop.call("POST", f"/admin/product-categories/{sale['id']}", {"parent_category_id": parent_id})
        query = {"handle": "sale", "fields": "id,parent_category_id"}
        [moved] = shop.call("GET", "/admin/product-categories", **query)["product_categories"]
        assert moved == {"id": sale["id"], "parent_category_id": parent_id}


def test_a_category_below_an_unknown_one_is_an_error(shop: Shop) -> None:
    body = {"name": "Boots", "handle": "boots", "parent_category_id": "pcat_gone"}
    message = "Parent category with id: 'pcat_gone' does not exist"
    assert shop.refusal("POST", "/admin/product-categories", body) == (500, "invalid_argument", message)
    assert shop.call("GET", "/admin/product-categories", handle="boots")["product_categories"] == []


# --- tags ---


def test_tag_values_are_unique(shop: Shop) -> None:
    shop.tag("Blue")
    message = "Product tag with value: Blue, already exists."
    assert shop.refusal("POST", "/admin/product-tags", {"value": "Blue"}) == (400, "invalid_data", message)


def test_tag_values_are_case_sensitive(shop: Shop) -> None:
    upper, lower = shop.tag("Blue"), shop.tag("blue")
    for tag in (upper, lower):
        response = shop.call("GET", "/admin/product-tags", **{"value[]": [tag["value"]], "fields": "id"})
        assert response["product_tags"] == [{"id": tag["id"]}]


# --- placement and the store ---


def test_the_store_has_defaults(shop: Shop) -> None:
    fields = "id,default_sales_channel_id,default_location_id,supported_currencies.currency_code"
    (store,) = shop.call("GET", "/admin/stores", limit="1", fields=fields)["stores"]
    assert store["id"] == shop.store_id
    assert store["default_sales_channel_id"] == shop.sales_channel_id
    assert store["default_location_id"] == shop.location_id
    assert {entry["currency_code"] for entry in store["supported_currencies"]} == {"eur", "usd"}


def test_store_metadata_is_replaced_as_a_whole(shop: Shop) -> None:
    path = f"/admin/stores/{shop.store_id}"
    shop.call("POST", path, {"metadata": {"a": 1, "b": 2}})
    assert shop.call("POST", path, {"metadata": {"b": 3}})["store"]["metadata"] == {"b": 3}
    assert shop.call("POST", path, {"metadata": {"a": ""}})["store"]["metadata"] == {"a": ""}
    assert shop.call("POST", path, {"metadata": None})["store"]["metadata"] is None


def test_currencies_and_defaults_of_a_store_can_change(shop: Shop) -> None:
    path = f"/admin/stores/{shop.store_id}"
    currencies = [{"currency_code": "gbp", "is_default": True}]
    shop.call("POST", path, {"supported_currencies": currencies, "default_location_id": None})
    (store,) = shop.call("GET", "/admin/stores")["stores"]
    assert [entry["currency_code"] for entry in store["supported_currencies"]] == ["gbp"]
    assert store["default_location_id"] is None
    message = "There should be a default currency set for the store"
    body = {"supported_currencies": [{"currency_code": "gbp"}]}
    assert shop.refusal("POST", path, body) == (400, "invalid_data", message)


@pytest.mark.parametrize(
    ("path", "list_name", "name"),
    [
        ("sales-channels", "sales_channels", "sales_channel"),
        ("shipping-profiles", "shipping_profiles", "shipping_profile"),
        ("stock-locations", "stock_locations", "stock_location"),
    ],
)
def test_sales_channels_profiles_and_locations_are_found_by_name_and_id(
    shop: Shop, path: str, list_name: str, name: str
) -> None:
    body = {"name": "Second"} | ({"type": "custom"} if path == "shipping-profiles" else {})
    second = shop.call("POST", f"/admin/{path}", body)[name]
    for query in ({"name": "Second"}, {"id": second["id"]}):
        response = shop.call("GET", f"/admin/{path}", **query, limit="2", fields="id,name")
        assert response[list_name] == [{"id": second["id"], "name": "Second"}]
    assert shop.call("GET", f"/admin/{path}", name="second")[list_name] == []
    assert shop.call("GET", f"/admin/{path}")["count"] == 2


def test_the_default_shipping_profile_is_found_by_type(shop: Shop) -> None:
    response = shop.call("GET", "/admin/shipping-profiles", type="default", fields="id")
    assert response["shipping_profiles"] == [{"id": shop.shipping_profile_id}]
