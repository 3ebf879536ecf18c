"""The kinds of edits that a merchant makes to variants and options."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.soak.merchant import Merchant

Json = dict[str, Any]

_LEVELS = "/admin/inventory-items/location-levels/batch"


def _number(merchant: Merchant) -> int:
    return merchant.dice.randrange(10**6)


def _ours(merchant: Merchant, key: str, product: Json) -> tuple[str, Json] | None:
    """One of the variants of the source that are certainly stored, with its key."""
    expected = merchant.oracle.products[key].variants
    stored = {each["id"]: each for each in product["variants"]}
    known = [
        (name, stored[each.store_id])
        for name, each in expected.items()
        if each.store_id in stored and not (each.is_gone or each.may_be_gone)
    ]
    return merchant.dice.choice(known) if known else None


def _path(product: Json, variant: Json) -> str:
    return f"/admin/products/{product['id']}/variants/{variant['id']}"


def _scalar(merchant: Merchant, key: str, product: Json, field: str, new: Any) -> str | None:
    if (own := _ours(merchant, key, product)) is None:
        return None
    name, variant = own
    merchant.shop.post(_path(product, variant), {field: new})
    merchant.oracle.edit(key, field, new, variant=name)
    return f"{name} {new}"


# --- prices -------------------------------------------------------------------------------------------


def _prices(merchant: Merchant, key: str, product: Json, changes: Callable[[list[Json]], None]) -> str | None:
    """Send all prices of one of our variants, as the admin does."""
    if (own := _ours(merchant, key, product)) is None:
        return None
    name, variant = own
    fields = ("id", "currency_code", "amount", "min_quantity")
    prices = [{field: price[field] for field in fields} for price in variant["prices"]]
    before = {_kind(price): price["amount"] for price in prices}
    changes(prices)
    merchant.shop.post(_path(product, variant), {"prices": prices})
    after = {_kind(price): price["amount"] for price in prices}
    for field, kind in (("price", ("usd", None)), ("price.eur", ("eur", None))):
        if before.get(kind) != after.get(kind):
            merchant.oracle.edit(key, field, after.get(kind), variant=name)
    merchant.look(key, "other prices", "ids of prices", "id of the price in euros", variant=name)
    return f"{name} {prices}"


def _kind(price: Json) -> tuple[str, int | None]:
    return price["currency_code"], price.get("min_quantity")


def price(merchant: Merchant, key: str, product: Json) -> str | None:
    def change(prices: list[Json]) -> None:
        for each in prices:
            if _kind(each) == ("usd", None):
                each["amount"] = merchant.dice.randrange(100, 99999) / 100

    return _prices(merchant, key, product, change)


def euros(merchant: Merchant, key: str, product: Json) -> str | None:
    def change(prices: list[Json]) -> None:
        prices[:] = [each for each in prices if _kind(each) != ("eur", None)]
        prices.append({"currency_code": "eur", "amount": merchant.dice.randrange(100, 999)})

    return _prices(merchant, key, product, change)


def price_of_ten(merchant: Merchant, key: str, product: Json) -> str | None:
    def change(prices: list[Json]) -> None:
        prices[:] = [each for each in prices if not each["min_quantity"]]
        amount = merchant.dice.randrange(100, 999)
        prices.append({"currency_code": "usd", "amount": amount, "min_quantity": 10})

    return _prices(merchant, key, product, change)


def sale_price(merchant: Merchant, key: str, product: Json) -> str | None:
    if (own := _ours(merchant, key, product)) is None:
        return None
    name, variant = own
    listed = [each for each in merchant.shop.sale_prices() if each["variant_id"] == variant["id"]]
    if len(listed) != 1:
        return None
    new = merchant.dice.randrange(100, 99999) / 100
    body = {"id": listed[0]["id"], "variant_id": variant["id"], "currency_code": "usd", "amount": new}
    merchant.shop.post(f"/admin/price-lists/{listed[0]['list_id']}/prices/batch", {"update": [body]})
    merchant.oracle.edit(key, "sale_price", new, variant=name)
    return f"{name} {new}"


# --- other fields -------------------------------------------------------------------------------------


def sku(merchant: Merchant, key: str, product: Json) -> str | None:
    if (own := _ours(merchant, key, product)) is None:
        return None
    name, variant = own
    new = f"M-{_number(merchant)}"
    merchant.shop.post(_path(product, variant), {"sku": new})
    merchant.oracle.left_skus |= {link["inventory"]["sku"] for link in variant["inventory_items"]}
    merchant.oracle.edit(key, "sku", new, variant=name)
    return f"{name} {new}"


def barcode(merchant: Merchant, key: str, product: Json) -> str | None:
    return _scalar(merchant, key, product, "barcode", f"M{_number(merchant)}")


def variant_title(merchant: Merchant, key: str, product: Json) -> str | None:
    return _scalar(merchant, key, product, "title", f"Merchant's title {_number(merchant)}")


def variant_weight(merchant: Merchant, key: str, product: Json) -> str | None:
    return _scalar(merchant, key, product, "weight", merchant.dice.randrange(100, 999))


# --- options ------------------------------------------------------------------------------------------


def _add_value(merchant: Merchant, product: Json, option: Json, value: str) -> None:
    added = {"product_option_id": option["id"], "add": [{"value": value}]}
    merchant.shop.post(f"/admin/products/{product['id']}/options/batch", {"update": [added]})


def _options(merchant: Merchant, key: str, product: Json) -> list[tuple[int, Json]]:
    """The options of the source, with their places."""
    places = {own: number for number, own in merchant.oracle.products[key].options.items()}
    return [(places[each["id"]], each) for each in product["options"] if each["id"] in places]


def option_value(merchant: Merchant, key: str, product: Json) -> str | None:
    """Give a variant another value for one of its options."""
    options, own = _options(merchant, key, product), _ours(merchant, key, product)
    if not options or own is None:
        return None
    name, variant = own
    (place, chosen), new = merchant.dice.choice(options), f"Merchant's {_number(merchant)}"
    values = {value["option_id"]: value["value"] for value in variant["options"]} | {chosen["id"]: new}
    if values.keys() != {option["id"] for option in product["options"]}:
        return None
    _add_value(merchant, product, chosen, new)
    body = {"options": {option["title"]: values[option["id"]] for option in product["options"]}}
    merchant.shop.post(_path(product, variant), body)
    merchant.oracle.edit(key, f"option.{place}", new, variant=name)
    return f"{name} {body}"


def unused_value(merchant: Merchant, key: str, product: Json) -> str:
    """Add an option value that no variant has yet."""
    new = f"Unused {_number(merchant)}"
    _add_value(merchant, product, merchant.dice.choice(product["options"]), new)
    merchant.oracle.products[key].own_values.add(new)
    return new


def option_title(merchant: Merchant, key: str, product: Json) -> str | None:
    """Rename an option, but not the one that products without variants have."""
    options = [each for each in _options(merchant, key, product) if each[1]["title"] != "Default"]
    if not options:
        return None
    (place, option), new = merchant.dice.choice(options), f"Merchant's option {_number(merchant)}"
    merchant.shop.post(f"/admin/product-options/{option['id']}", {"title": new})
    merchant.oracle.edit(key, f"options.{place}", new)
    return f"{option['title']!r}: {new!r}"


# --- stock --------------------------------------------------------------------------------------------


def _item(variant: Json) -> str | None:
    links = variant["inventory_items"]
    return links[0]["inventory_item_id"] if links else None


def stock(merchant: Merchant, key: str, product: Json) -> str | None:
    own = _ours(merchant, key, product)
    if own is None or (item := _item(own[1])) is None:
        return None
    name, location_id = own[0], merchant.shop.store.location_id
    new = merchant.dice.randrange(200)
    level = {"inventory_item_id": item, "location_id": location_id, "stocked_quantity": new}
    merchant.shop.post(_LEVELS, {"update": [level]})
    merchant.oracle.edit(key, "stock", new, variant=name)
    return f"{name} {new}"


def level_elsewhere(merchant: Merchant, key: str, product: Json) -> str | None:
    own = _ours(merchant, key, product)
    if own is None or (item := _item(own[1])) is None:
        return None
    name = own[0]
    if any(merchant.oracle.products[key].variants[name].others["levels elsewhere"]):
        return None
    level = {"inventory_item_id": item, "location_id": merchant.elsewhere}
    body = {"create": [{**level, "stocked_quantity": merchant.dice.randrange(1, 200)}]}
    merchant.shop.post(_LEVELS, body)
    merchant.look(key, "levels elsewhere", "ids of levels", variant=name)
    return f"{name} {body}"


def stop_managing(merchant: Merchant, key: str, product: Json) -> str | None:
    own = _ours(merchant, key, product)
    if own is None or _item(own[1]) is None:
        return None
    name, variant = own
    expected = merchant.oracle.products[key].variants[name]
    if any(not isinstance(applied, int) for applied, _ in expected.states["stock"]):
        return None  # a dropped variant that comes back is managed again
    stored = merchant.read(key).variants[variant["id"]]
    merchant.oracle.left_levels.append(stored.others["levels elsewhere"])
    merchant.shop.post(_path(product, variant), {"manage_inventory": False})
    expected.is_managed = False
    merchant.oracle.left_skus |= {link["inventory"]["sku"] for link in variant["inventory_items"]}
    merchant.look(key, "ids of items", "ids of levels", "levels elsewhere", variant=name)
    return f"{name} {variant['id']}"


# --- whole variants -----------------------------------------------------------------------------------


def add_variant(merchant: Merchant, key: str, product: Json) -> str:
    """Add a variant with a new value for the first option, and the values of a sibling for the others."""
    value = f"Own {_number(merchant)}"
    first, *others = product["options"]
    _add_value(merchant, product, first, value)
    used = {each["option_id"]: each["value"] for one in product["variants"] for each in one["options"]}
    values = {each["title"]: used.get(each["id"]) or each["values"][0]["value"] for each in others}
    merchant.shop.post(
        f"/admin/products/{product['id']}/variants",
        {
            "title": value,
            "sku": value,
            "options": {first["title"]: value, **values},
            "manage_inventory": False,
            "prices": [{"currency_code": "usd", "amount": 77}, {"currency_code": "eur", "amount": 66}],
        },
    )
    merchant.look_at_own_variants(key)
    return value


def delete_our_variant(merchant: Merchant, key: str, product: Json) -> str | None:
    own = _ours(merchant, key, product)
    if own is None or own[0] not in merchant.wanted[key].variants:
        return None
    name, variant = own
    merchant.shop.delete(_path(product, variant))
    merchant.oracle.products[key].variants[name].is_gone = True
    return f"{name} {variant['id']}"


def add_and_delete_variant(merchant: Merchant, key: str, product: Json) -> str | None:
    add_variant(merchant, key, product)
    return delete_our_variant(merchant, key, product)
