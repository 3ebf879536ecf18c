"""Stock that variants share, as the customers of a real store see it."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.e2e.rig import REMOVE, Rig
from tests.e2e.storefront import Storefront
from tests.harness.fault_proxy import answered
from tests.tiers import deep, sampled

SIZE = 1
DRAFT = ("--on-missing", "draft", "--max-removals", "100%")


def shirt(own: Mapping[str, int] = {}, *, sizes: str = "SML", stock: int = 5) -> dict[str, Any]:
    """A shirt whose variants share a stock, but for those that have their own."""
    variants = [
        {"id": size, "sku": f"SHIRT-{size}", "price": 20, "options": {"Size": size}}
        | ({"stock": own[size]} if size in own else {})
        for size in sizes
    ]
    return {"id": 7, "title": "Shirt", "stock": stock, "variants": variants}


def stock(storefront: Storefront) -> dict[str, int | None]:
    """What customers see of each size."""
    offers = storefront.offers()
    return {
        sku.removeprefix("SHIRT-"): left for sku, (*_, left) in offers.items() if sku.startswith("SHIRT-")
    }


def items(rig: Rig) -> list[str]:
    """The SKUs of all inventory items for shirts."""
    listed = rig.shop.get("/admin/inventory-items", limit=1_000, fields="sku")["inventory_items"]
    skus = [str(each["sku"]) for each in listed]
    return sorted(each for each in skus if each.startswith("SHIRT") or each.endswith(":7"))


@pytest.mark.parametrize("routes", sampled(["bulk", "ordinary"], "bulk"))
def test_customers_buy_from_the_stock_that_variants_share(
    routes: str, rig: Rig, storefront: Storefront
) -> None:
    if routes == "ordinary":
        rig.proxy.choose = lambda request: answered(404) if "/workflows-executions/" in request.path else None
    rig.source.products = [*rig.source.products, shirt()]
    rig.follow(created=1)
    assert (stock(storefront), items(rig)) == (dict.fromkeys("SML", 5), ["dummyjson:7"])

    ids = rig.variant_ids(7)
    with pytest.raises(httpx.HTTPStatusError):
        storefront.price_in_cart(ids["SHIRT-M"], quantity=6)
    storefront.order(ids["SHIRT-S"], quantity=2)
    assert stock(storefront) == dict.fromkeys("SML", 3)
    rig.is_quiet()

    rig.change(shirt(sizes="SM"))
    rig.follow(*DRAFT, updated=1)
    assert {size: left or 0 for size, left in stock(storefront).items()} == {"S": 3, "M": 3, "L": 0}
    with pytest.raises(httpx.HTTPStatusError):
        storefront.price_in_cart(ids["SHIRT-L"])
    rig.change(shirt(sizes="SMLX", stock=9))
    rig.follow(*DRAFT, updated=1)
    assert stock(storefront) == dict.fromkeys("SMLX", 7), "2 are reserved for the order"

    rig.change(shirt({"S": 6, "L": 2}, sizes="SML", stock=9))
    rig.follow(*REMOVE, updated=1)
    assert stock(storefront) == {"S": 4, "M": 9, "L": 2}, "the first one keeps the item, and the order"
    rig.change(shirt(stock=8))
    rig.follow(updated=1)
    assert (stock(storefront), items(rig)) == (dict.fromkeys("SML", 6), ["dummyjson:7"])


@deep  # flow tests prove kits
def test_a_kit_and_an_ordered_variant_are_left_to_the_merchant(rig: Rig, storefront: Storefront) -> None:
    """The source changes all stock, and then drops a variant that is ordered and one that is not."""
    rig.source.products = [*rig.source.products, shirt(dict.fromkeys("SML", 9))]
    rig.follow(created=1)
    levels = [{"location_id": rig.shop.store.location_id, "stocked_quantity": 4}]
    box = rig.shop.post("/admin/inventory-items", {"sku": "SHIRT-BOX", "location_levels": levels})
    ids, product_id = rig.variant_ids(7), rig.shop.by_external_id()["dummyjson:7"]["id"]
    path = f"/admin/products/{product_id}/variants/{ids['SHIRT-S']}/inventory-items"
    link = {"inventory_item_id": box["inventory_item"]["id"], "required_quantity": 2}
    rig.shop.post(path, link)
    assert stock(storefront) == {"S": 2, "M": 9, "L": 9}

    rig.change(shirt(dict.fromkeys("SML", 1)))
    run = rig.follow(updated=1)
    assert [each["code"] for each in run.document["warnings"]] == ["W405"]
    assert stock(storefront) == {"S": 2, "M": 1, "L": 1}

    storefront.order(ids["SHIRT-M"])
    rig.change(shirt({"S": 1}, sizes="S"))
    rig.follow(*DRAFT, updated=1)
    assert {size: left or 0 for size, left in stock(storefront).items()} == {"S": 2, "M": -1, "L": 0}
    run = rig.run(*REMOVE)
    assert (run.exit_code, {*rig.variant_ids(7)}) == (5, {"SHIRT-S", "SHIRT-M"})
    variants = rig.shop.product(product_id)["variants"]
    links = {each["sku"]: [own["inventory"]["sku"] for own in each["inventory_items"]] for each in variants}
    assert {sku: sorted(own) for sku, own in links.items()} == {
        "SHIRT-S": ["SHIRT-BOX", "SHIRT-S"],
        "SHIRT-M": ["SHIRT-M"],
    }
