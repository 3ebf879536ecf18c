"""What the merchant sets up for the store as a whole: renamed, removed, and made again with another id."""

import pytest

from tests.contract.shop import LEVELS, USD, Shop, View, item_of, variant_of

NAMED = ("regions", "stock-locations", "sales-channels")


def made(shop: Shop, path: str, name: str) -> str:
    """The id of what was created."""
    body = {"name": name, **({"currency_code": "usd"} if path == "regions" else {})}
    return str(shop.call("POST", f"/admin/{path}", body)[path.replace("-", "_").removesuffix("s")]["id"])


def named(shop: Shop, path: str) -> dict[str, str]:
    rows = shop.call("GET", f"/admin/{path}", limit="1000", fields="id,name")[path.replace("-", "_")]
    return {each["id"]: each["name"] for each in rows}


def settings(shop: Shop, field: str) -> set[str]:
    name = "locale_code" if field == "supported_locales" else "currency_code"
    [store] = shop.call("GET", "/admin/stores", fields=f"{field}.{name}")["stores"]
    return {each[name] for each in store[field]}


@pytest.mark.parametrize("path", NAMED)
def test_names_change_and_what_is_removed_is_gone(shop: Shop, path: str) -> None:
    own = made(shop, path, "Market")
    shop.call("POST", f"/admin/{path}/{own}", {"name": "Fair"})
    assert named(shop, path)[own] == "Fair"
    shop.call("DELETE", f"/admin/{path}/{own}")
    assert own not in named(shop, path)
    assert made(shop, path, "Market") != own


def test_prices_of_a_removed_region_stay(shop: Shop) -> None:
    region = made(shop, "regions", "Mars")
    prices = [{**USD, "amount": 5}, {**USD, "amount": 4, "rules": {"region_id": region}}]
    product = shop.create(variant={"prices": prices})
    shop.call("DELETE", f"/admin/regions/{region}")
    left = variant_of(shop.product(product["id"]))["prices"]
    assert sorted((each["amount"], each["rules"].get("region_id")) for each in left) == [
        (4, region),
        (5, None),
    ]


def test_levels_at_a_removed_location_stay(shop: Shop) -> None:
    location, product = made(shop, "stock-locations", "Second"), shop.create()
    shop.call("POST", LEVELS, {"create": [shop.level(item_of(product), 5) | {"location_id": location}]})
    shop.call("DELETE", f"/admin/stock-locations/{location}")
    [link] = variant_of(shop.product(product["id"]))["inventory_items"]
    levels = [
        (each["location_id"], each["stocked_quantity"]) for each in link["inventory"]["location_levels"]
    ]
    assert levels == [(location, 5)]


def test_products_leave_a_removed_channel(shop: Shop) -> None:
    channel = made(shop, "sales-channels", "Market")
    product: View = shop.create(sales_channels=[{"id": channel}, {"id": shop.sales_channel_id}])
    shop.call("DELETE", f"/admin/sales-channels/{channel}")
    assert [each["name"] for each in shop.product(product["id"])["sales_channels"]] == [
        "Default Sales Channel"
    ]


def test_currencies_and_locales_are_replaced_as_lists(shop: Shop) -> None:
    path = f"/admin/stores/{shop.store_id}"
    usd, eur = {"currency_code": "usd", "is_default": True}, {"currency_code": "eur", "is_default": False}
    shop.call("POST", path, {"supported_currencies": [usd]})
    assert settings(shop, "supported_currencies") == {"usd"}
    shop.call("POST", path, {"supported_currencies": [usd, eur]})
    assert settings(shop, "supported_currencies") == {"usd", "eur"}
    shop.call("POST", path, {"supported_locales": [{"locale_code": "fr-FR"}]})
    assert (settings(shop, "supported_locales"), settings(shop, "supported_currencies")) == (
        {"fr-FR"},
        {"usd", "eur"},
    )


def test_a_reservation_is_released(shop: Shop) -> None:
    product = shop.create()
    item = item_of(product)
    shop.call("POST", LEVELS, {"create": [shop.level(item, 5)]})
    body = {"inventory_item_id": item, "location_id": shop.location_id, "quantity": 2}
    own = shop.call("POST", "/admin/reservations", body)["reservation"]["id"]

    def reserved() -> float:
        [found] = shop.call("GET", "/admin/inventory-items", **{"id[]": [item]})["inventory_items"]
        return float(found["location_levels"][0]["reserved_quantity"])

    assert reserved() == 2
    shop.call("DELETE", f"/admin/reservations/{own}")
    assert reserved() == 0
