"""The steps of workflows, which are visible while they are in progress and stay after a kill."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.contract.midway import Midway
from tests.contract.shirts import entry, sizes, stocked_shirt
from tests.contract.shop import Shop, View, options_of, prices_of, variant_of, workflow_path
from tests.contract.test_bulk_variants import CREATE, DELETE, UPDATE, USD, new, skus
from tests.contract.test_faults import give_up_at, once
from tests.harness.fake_medusa import FakeMedusa

ITEMS = "create-inventory-items-workflow"


@pytest.fixture
def product(shop: Shop) -> View:
    return stocked_shirt(shop)


def looks(views: list[View], shop: Shop, product: View) -> Callable[[], None]:
    return lambda: views.append(shop.product(product["id"]))


@pytest.mark.parametrize(
    ("step", "items", "links"), [("variants", 4, 0), ("items", 5, 0), ("inventory", 5, 1)]
)
def test_variants_are_visible_before_their_items_and_prices(
    shop: Shop, product: View, midway: Midway, step: str, items: int, links: int
) -> None:
    views: list[View] = []
    counts: list[int] = []

    def look() -> None:
        views.append(shop.product(product["id"]))
        counts.append(len(skus(shop)))

    assert midway(step, look, CREATE, product_variants=[new(product, "L", 1)]).status_code == 200
    seen = variant_of(views[0], "L / Red")
    assert options_of(views[0], seen) == {"Size": "L", "Colour": "Red"}
    assert (counts, "prices" in seen, len(seen["inventory_items"])) == ([items], False, links)
    assert len(variant_of(shop.product(product["id"]), "L / Red")["prices"]) == 2


def test_rows_are_changed_before_prices(shop: Shop, product: View, midway: Midway) -> None:
    views: list[View] = []
    changes = {"title": "New", "metadata": {"a": 1}, "prices": [{**USD, "amount": 1}], **sizes("L")}
    bodies = [entry(product, "S / Red", **changes)]
    midway("inventory", looks(views, shop, product), UPDATE, product_variants=bodies)
    seen = variant_of(views[0], "New")
    assert (seen["metadata"], options_of(views[0], seen)) == ({"a": 1}, {"Size": "L", "Colour": "Red"})
    assert seen["prices"] == variant_of(product, "S / Red")["prices"]
    assert {price[:2] for price in prices_of(shop.product(product["id"]), "New")} == {("usd", 1)}


@pytest.mark.parametrize("step", ["links", "prices", "items"])
def test_variants_disappear_after_their_prices_and_items(
    shop: Shop, product: View, midway: Midway, step: str
) -> None:
    views: list[View] = []
    midway(step, looks(views, shop, product), DELETE, ids=[entry(product, "S / Red")["id"]])
    seen = variant_of(views[0], "S / Red")
    assert ("prices" in seen, seen["inventory_items"]) == (False, [])
    assert len(shop.product(product["id"])["variants"]) == 3


def test_items_are_visible_before_their_stock(shop: Shop, midway: Midway) -> None:
    seen: list[View] = []

    def look() -> None:
        fields = "sku,location_levels.stocked_quantity"
        seen.extend(shop.call("GET", "/admin/inventory-items", fields=fields)["inventory_items"])

    stock = [{"location_id": shop.location_id, "stocked_quantity": 3}]
    midway("items", look, ITEMS, items=[{"id": "own", "sku": "A", "location_levels": stock}])
    assert seen == [{"id": "own", "sku": "A", "location_levels": []}]


# --- the hooks of the fake store ---


def give_up(fake: FakeMedusa, shop: Shop, step: str, workflow_id: str, **given: Any) -> None:
    fake.between = give_up_at(step)
    with pytest.raises(httpx.ReadTimeout):
        shop.workflow(workflow_id, **given)
    fake.between = None


@pytest.mark.parametrize("step", ["variants", "items", "inventory"])
def test_a_killed_creation_leaves_a_variant_that_can_never_get_prices(
    fake: FakeMedusa, fake_shop: Shop, step: str
) -> None:
    product = stocked_shirt(fake_shop)
    bodies = [new(product, "L", 1, id="variant_own")]
    give_up(fake, fake_shop, step, CREATE, product_variants=bodies)
    fake.crash()
    left = fake_shop.product(product["id"])
    assert "prices" not in variant_of(left, "L / Red")
    prices = [{"id": "variant_own", "prices": [{**USD, "amount": 1}]}]
    message = "Variants with IDs variant_own do not have prices associated."
    refused = fake_shop.workflow_refusal(UPDATE, product_variants=prices)
    assert refused == (404, "not_found", message)
    assert fake_shop.workflow_refusal(CREATE, product_variants=bodies)[0] == 500
    assert fake_shop.product(product["id"]) == left


def test_a_killed_update_leaves_old_prices_and_can_be_repeated(fake: FakeMedusa, fake_shop: Shop) -> None:
    product = stocked_shirt(fake_shop)
    bodies = [entry(product, "S / Red", title="New", prices=[{**USD, "amount": 1}])]
    give_up(fake, fake_shop, "inventory", UPDATE, product_variants=bodies)
    fake.crash()
    seen = fake_shop.product(product["id"])
    assert prices_of(seen, "New") == prices_of(product, "S / Red")
    fake_shop.workflow(UPDATE, product_variants=bodies)
    assert {price[:2] for price in prices_of(fake_shop.product(product["id"]), "New")} == {("usd", 1)}


def test_a_client_that_gives_up_does_not_stop_a_workflow(fake: FakeMedusa, fake_shop: Shop) -> None:
    product = stocked_shirt(fake_shop)
    fake.linger = 1
    give_up(fake, fake_shop, "accepted", CREATE, product_variants=[new(product, "L", 1)])
    assert len(fake_shop.product(product["id"])["variants"]) == 4
    assert len(fake_shop.product(product["id"])["variants"]) == 5
    give_up(fake, fake_shop, "links", DELETE, ids=[entry(product, "S / Red")["id"]])
    fake.catch_up()
    assert len(fake_shop.product(product["id"])["variants"]) == 4


def test_requests_and_responses_of_workflows_can_be_lost_or_replaced(
    fake: FakeMedusa, fake_shop: Shop
) -> None:
    given = {"product_tags": [{"value": "red"}]}
    fake.before = once(httpx.ConnectError("lost"))
    with pytest.raises(httpx.ConnectError):
        fake_shop.workflow("create-product-tags", **given)
    assert fake.state.tags == {}
    fake.after = once(httpx.ReadError("lost"))
    with pytest.raises(httpx.ReadError):
        fake_shop.workflow("create-product-tags", **given)
    assert len(fake.state.tags) == 1
    fake.before = lambda request: httpx.Response(403) if "workflows" in request.url.path else None
    assert fake_shop.send("POST", workflow_path("create-product-tags"), {"input": given}).status_code == 403
    assert fake_shop.send("POST", "/admin/product-tags", {"value": "blue"}).status_code == 200
