"""Products with variants in a real store: what it has to hold, and what its merchant does to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.e2e.command import Finished, medusa_sync
from tests.e2e.exact import assert_in_order
from tests.e2e.fault_proxy import FaultProxy
from tests.e2e.shop import Shop
from tests.e2e.storefront import Offer
from tests.flow.shirts import shirt
from tests.harness.dummyjson import DummyJson
from tests.harness.medusa import MEDUSA_VERSION

_VERSION = tuple(map(int, MEDUSA_VERSION.split(".")[:2]))
OPTIONS_ARE_ENTITIES = _VERSION >= (2, 17)
"""Options have an `is_exclusive`, and cannot be removed from a product."""
WEIGHT = 0.3 if _VERSION >= (2, 15) else 3
"""Of a variant: older versions keep whole numbers."""

_FIELDS = (
    "id,external_id,title,status,handle,"
    "options.id,options.title,options.values.id,options.values.value,"
    "variants.id,variants.title,variants.sku,variants.barcode,variants.weight,variants.manage_inventory,"
    "variants.options.value,variants.options.option.title,"
    "variants.prices.id,variants.prices.amount,variants.prices.currency_code,"
    "variants.inventory_items.inventory_item_id,variants.inventory_items.inventory.sku,"
    "variants.inventory_items.inventory.location_levels.location_id,"
    "variants.inventory_items.inventory.location_levels.stocked_quantity"
) + (",options.is_exclusive" if OPTIONS_ARE_ENTITIES else "")
_ALL = 1_000

REMOVE = ("--on-missing", "delete", "--max-removals", "100%")
DRAFT = ("--on-missing", "draft", "--max-removals", "100%")

Row = dict[str, Any]


def held(shop: Shop) -> dict[str, Row]:
    """The products of the store with their variants, by external id."""
    products = shop.get("/admin/products", fields=_FIELDS, limit=_ALL, order="id")["products"]
    by_id = {product["external_id"]: product for product in products}
    assert len(by_id) == len(products), "a product is stored twice"
    return by_id


def product(shop: Shop, number: int = 1) -> Row:
    """A shirt in the store; lists that Medusa returns in no order are sorted."""
    found = held(shop)[f"dummyjson:{number}"]
    for variant in found["variants"]:
        variant["options"].sort(key=lambda each: str(each["option"]["title"]))
        variant["prices"].sort(key=lambda each: str(each["id"]))
    return found


def variant_ids(shop: Shop, number: int = 1) -> dict[str, str]:
    """The ids of the variants of a shirt, by SKU."""
    return {variant["sku"]: variant["id"] for variant in product(shop, number)["variants"]}


def identities(shop: Shop) -> dict[str, tuple[list[str], list[str]]]:
    """The inventory item and the price in dollars of every variant, by its id: a change must keep them."""
    return {
        variant["id"]: (
            [item["inventory_item_id"] for item in variant["inventory_items"] or ()],
            [price["id"] for price in variant["prices"] if price["currency_code"] == "usd"],
        )
        for each in held(shop).values()
        for variant in each["variants"]
    }


def as_stored(each: Row) -> dict[str, Any]:
    """Everything that a sync decides about a stored product."""
    return {
        "title": each["title"],
        "status": each["status"],
        "options": {
            option["title"]: sorted(value["value"] for value in option["values"])
            for option in each["options"]
        },
        "exclusive": all(option.get("is_exclusive", True) for option in each["options"]),
        "variants": {_name(variant): _as_stored(variant) for variant in each["variants"]},
        "number of variants": len(each["variants"]),
    }


def _as_stored(variant: Row) -> dict[str, Any]:
    items = variant["inventory_items"] or []
    return {
        "title": variant["title"],
        "barcode": variant["barcode"],
        "weight": variant["weight"] and float(variant["weight"]),  # up to 2.14 it is text
        "options": {value["option"]["title"]: value["value"] for value in variant["options"]},
        "prices": sorted((price["currency_code"], price["amount"]) for price in variant["prices"]),
        "managed": variant["manage_inventory"],
        "items": [item["inventory"]["sku"] for item in items],
        "stock": [
            (level["location_id"], level["stocked_quantity"])
            for item in items
            for level in item["inventory"]["location_levels"]
        ],
    }


def as_wanted(row: Row, shop: Shop, *, sale_prices: bool = False) -> dict[str, Any]:
    """What the store must have for a product of the source."""
    variants = row.get("variants") or [_only(row)]
    names = row.get("options", ["Default"])
    return {
        "title": row["title"],
        "status": "published",
        "options": {name: sorted({each["options"][name] for each in variants}) for name in names},
        "exclusive": True,
        "variants": {
            _name(each): _as_wanted(each, shop.store.location_id, sale_prices=sale_prices)
            for each in variants
        },
        "number of variants": len(variants),
    }


def _only(row: Row) -> Row:
    """The variant of a product without variants."""
    return {
        "title": "Default",
        "options": {"Default": "Default"},
        **{name: row.get(name) for name in ("sku", "price", "stock", "prices")},
    }


def _as_wanted(variant: Row, location_id: str, *, sale_prices: bool) -> dict[str, Any]:
    price, compared, stock = variant["price"], variant.get("compareAtPrice"), variant.get("stock")
    price = compared if sale_prices and compared and compared > price else price
    return {
        "title": variant.get("title") or " / ".join(variant["options"].values()),
        "barcode": variant.get("barcode"),
        "weight": variant.get("weight"),
        "options": variant["options"],
        "prices": sorted([("usd", price), *(variant.get("prices") or {}).items()]),
        "managed": stock is not None,
        "items": [] if stock is None else [variant.get("sku")],
        "stock": [] if stock is None else [(location_id, stock)],
    }


def _name(variant: Row) -> str:
    return variant.get("sku") or variant.get("title") or " / ".join(variant["options"].values())


def assert_held(shop: Shop, rows: Sequence[Row], *, sale_prices: bool = False) -> None:
    """The store has exactly these products, field by field."""
    stored = held(shop)
    assert stored.keys() == {f"dummyjson:{row['id']}" for row in rows}
    wanted = {f"dummyjson:{row['id']}": as_wanted(row, shop, sale_prices=sale_prices) for row in rows}
    for external_id, each in wanted.items():
        assert as_stored(stored[external_id]) == each


@dataclass
class Rig:
    """A source, a store, and a proxy between tool and store that sees every request."""

    shop: Shop
    source: DummyJson
    proxy: FaultProxy

    def run(self, *arguments: str) -> Finished:
        self.proxy.requests.clear()
        store = self.proxy.store(self.shop.store)
        return medusa_sync("--source", self.source.url, "--json", *arguments, store=store)

    def change(self, *rows: Row) -> None:
        """Replace products of the source."""
        changed = {row["id"]: row for row in rows}
        self.source.products = [changed.get(row["id"], row) for row in self.source.products]

    def follow(self, *arguments: str, **counts: int) -> Finished:
        """Run; it has these outcomes without a conflict or problem, and another run writes nothing."""
        run = self.run(*arguments)
        assert_in_order(run, 0)
        assert run.counts == counts, run.document
        self.is_quiet(*arguments)
        return run

    def is_quiet(self, *arguments: str) -> None:
        """A run finds everything up to date, and writes nothing on the wire."""
        run = self.run(*arguments)
        assert (run.exit_code, run.counts) == (0, {"unchanged": len(self.source.products)}), run.document
        assert self.proxy.writes == []

    def is_held(self, *, sale_prices: bool = False) -> None:
        """The store has exactly what the source has."""
        assert_held(self.shop, self.source.products, sale_prices=sale_prices)


def listed_prices(shop: Shop) -> list[float]:
    """The amounts in the only price list, which has each variant once."""
    lists = shop.get("/admin/price-lists", fields="id")["price_lists"]
    if not lists:
        return []
    [sale] = lists
    fields = "amount,currency_code,price_set.variant.id"
    prices = shop.get(f"/admin/price-lists/{sale['id']}/prices", fields=fields, limit=_ALL)["prices"]
    variants = [price["price_set"]["variant"]["id"] for price in prices]
    assert len(set(variants)) == len(variants), "a sale price is stored twice"
    assert all(price["currency_code"] == "usd" for price in prices)
    return sorted(price["amount"] for price in prices)


def offers_of(rows: list[Row]) -> dict[str, Offer]:
    """What the storefront has to show, without sales."""
    return {
        each["sku"]: (each["price"], each["price"], each["stock"]) for row in rows for each in row["variants"]
    }


def without_blue(number: int) -> Row:
    """A shirt in red only."""
    variants = [each for each in shirt(number)["variants"] if each["options"]["Colour"] == "Red"]
    return shirt(number, variants=variants)


# --- the merchant ---------------------------------------------------------------------------------------


def add_value(shop: Shop, each: Row, title: str, value: str) -> None:
    """Add a value to an option of a product."""
    option = next(option for option in each["options"] if option["title"] == title)
    path = f"/admin/products/{each['id']}/options"
    if OPTIONS_ARE_ENTITIES:
        change = {"product_option_id": option["id"], "add": [{"value": value}]}
        shop.post(f"{path}/batch", {"update": [change]})
    else:
        values = [*(known["value"] for known in option["values"]), value]
        shop.post(f"{path}/{option['id']}", {"title": title, "values": values})


def add_variant(shop: Shop, each: Row, sku: str, options: dict[str, str]) -> str:
    """Add a variant to a product; returns its id."""
    body = {"title": sku, "sku": sku, "options": options, "prices": [{"currency_code": "usd", "amount": 77}]}
    response = shop.post(f"/admin/products/{each['id']}/variants?fields=variants.id,variants.sku", body)
    return next(str(known["id"]) for known in response["product"]["variants"] if known["sku"] == sku)


def delete_variant(shop: Shop, each: Row, variant_id: str) -> None:
    shop.delete(f"/admin/products/{each['id']}/variants/{variant_id}")


def reserve(shop: Shop, variant: Row) -> None:
    """Reserve one piece, as an order does."""
    [item] = variant["inventory_items"]
    level = {"location_id": shop.store.location_id, "quantity": 1}
    shop.post("/admin/reservations", {"inventory_item_id": item["inventory_item_id"], **level})
