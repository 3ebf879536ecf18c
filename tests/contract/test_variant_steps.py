"""The steps of a batch of variants, which are visible while it is in progress and stay after a kill."""

import threading
from typing import Any

import httpx
import pytest

from tests.contract.sales import amounts, change, created, new_list, price, stored
from tests.contract.shirts import (
    entry,
    option_of,
    shirt,
    sizes,
    stocked_shirt,
    values_of,
    variant,
    variants_path,
)
from tests.contract.shop import Shop, View, options_of, prices_of, variant_of
from tests.contract.test_faults import give_up_at
from tests.harness.fake_medusa import FakeMedusa

CREATION = [(False, False, False), (True, False, False), (True, True, False), (True, True, True)]
DELETION = [(True, True, True), (True, False, False), (False, False, False)]
"""Whether the variant, its inventory item and its prices are visible."""


def stage(shop: Shop, sku: str) -> tuple[bool, bool, bool]:
    fields = "prices.id,inventory_items.inventory_item_id"
    found = shop.call("GET", "/admin/product-variants", sku=sku, fields=fields)["variants"]
    return (
        bool(found),
        any(each["inventory_items"] for each in found),
        any(each.get("prices") for each in found),
    )


def watched(shop: Shop, product: View, sku: str, parts: dict[str, Any]) -> list[tuple[bool, bool, bool]]:
    """What is visible of a variant while the real store handles a batch."""
    arguments = ("POST", variants_path(product), parts)
    writing = threading.Thread(target=shop.call, args=arguments, kwargs={"fields": "id"})
    with httpx.Client(base_url=shop.client.base_url, auth=shop.client.auth, timeout=60) as client:
        watching = Shop(shop, client)
        writing.start()
        seen = []
        while writing.is_alive():
            seen.append(stage(watching, sku))
        writing.join()
    return list(dict.fromkeys([*seen, stage(shop, sku)]))


@pytest.mark.e2e
def test_the_real_store_creates_variants_in_visible_steps(real_shop: Shop) -> None:
    texts = [str(number) for number in range(200)]
    product = shirt(real_shop, sizes=("S",), colours=("Red",))
    product = real_shop.options(
        product,
        update=[
            {"product_option_id": option_of(product, "Size"), "add": [{"value": text} for text in texts]}
        ],
    )
    new = [variant(text, "Red") for text in texts]
    observed = watched(real_shop, product, "SH1-0-Red", {"create": new})
    assert observed == [state for state in CREATION if state in observed]
    assert (observed[0], observed[-1]) == (CREATION[0], CREATION[-1])
    assert set(CREATION[1:3]) & set(observed)


@pytest.mark.e2e
def test_the_real_store_deletes_variants_in_visible_steps(real_shop: Shop) -> None:
    product = shirt(real_shop, sizes=[str(number) for number in range(60)], colours=("Red",))
    ids = [each["id"] for each in product["variants"]]
    observed = watched(real_shop, product, "SH1-0-Red", {"delete": ids})
    assert observed[-1] == (False, False, False)
    assert {(True, False, True), (True, True, False), (True, False, False)} & set(observed)


def test_the_fake_creates_and_deletes_variants_in_visible_steps(fake: FakeMedusa, fake_shop: Shop) -> None:
    product = stocked_shirt(fake_shop)
    seen: list[tuple[bool, bool, bool]] = []
    fake.between = lambda _request, _step: seen.append(stage(fake_shop, "SH1-L-Red"))
    product = fake_shop.variants(product, create=[variant("L", "Red")])
    assert list(dict.fromkeys(seen)) == CREATION[:-1]
    seen.clear()
    fake_shop.variants(product, delete=[variant_of(product, "L / Red")["id"]])
    assert list(dict.fromkeys(seen)) == DELETION[:-1]


def killed(fake: FakeMedusa, shop: Shop, product: View, step: str, **parts: Any) -> View:
    """The product after the store was killed in a batch of variants."""
    fake.between = give_up_at(step)
    with pytest.raises(httpx.ReadTimeout):
        shop.call("POST", variants_path(product), parts)
    fake.crash()
    fake.between = None
    return shop.product(product["id"])


@pytest.mark.parametrize(
    ("step", "items", "links"), [("variants", 4, 0), ("items", 5, 0), ("inventory", 5, 1)]
)
def test_a_killed_creation_leaves_a_variant_without_prices(
    fake: FakeMedusa, fake_shop: Shop, step: str, items: int, links: int
) -> None:
    product = stocked_shirt(fake_shop)
    seen = killed(fake, fake_shop, product, step, create=[variant("L", "Red")])
    new = variant_of(seen, "L / Red")
    assert options_of(seen, new) == {"Size": "L", "Colour": "Red"}
    assert ("prices" in new, len(new["inventory_items"])) == (False, links)
    assert fake_shop.call("GET", "/admin/inventory-items")["count"] == items


def test_a_killed_update_leaves_old_prices(fake: FakeMedusa, fake_shop: Shop) -> None:
    product = stocked_shirt(fake_shop)
    prices = [{"currency_code": "usd", "amount": 1}]
    changes = entry(product, "S / Red", title="New", prices=prices, manage_inventory=False, **sizes("L"))
    for step, links in (("variants", 1), ("items", 1), ("inventory", 0)):
        seen = killed(fake, fake_shop, product, step, update=[changes])
        new = variant_of(seen, "New")
        assert options_of(seen, new) == {"Size": "L", "Colour": "Red"}
        assert prices_of(seen, "New") == prices_of(product, "S / Red")
        assert len(new["inventory_items"]) == links


@pytest.mark.parametrize(("step", "items"), [("links", 4), ("prices", 4), ("items", 3)])
def test_a_killed_deletion_leaves_a_variant_without_prices_and_item(
    fake: FakeMedusa, fake_shop: Shop, step: str, items: int
) -> None:
    product = stocked_shirt(fake_shop)
    deleted = variant_of(product, "S / Red")["id"]
    seen = killed(fake, fake_shop, product, step, delete=[deleted])
    left = variant_of(seen, "S / Red")
    assert ("prices" in left, left["inventory_items"]) == (False, [])
    assert fake_shop.call("GET", "/admin/inventory-items")["count"] == items
    assert len(fake_shop.variants(seen, delete=[deleted])["variants"]) == 3


@pytest.mark.parametrize(("step", "left"), [("links", [{}]), ("prices", []), ("items", [])])
def test_a_killed_deletion_leaves_list_prices_without_a_variant(
    fake: FakeMedusa, fake_shop: Shop, step: str, left: list[View]
) -> None:
    product, sale = stocked_shirt(fake_shop), new_list(fake_shop)
    change(fake_shop, sale, create=[price(product, "S / Red")])
    killed(fake, fake_shop, product, step, delete=[variant_of(product, "S / Red")["id"]])
    seen = stored(fake_shop, sale)
    assert [each["price_set"].get("variant", {}) for each in seen] == left
    change(fake_shop, sale, delete=[each["id"] for each in seen])
    assert stored(fake_shop, sale) == []


@pytest.mark.parametrize(
    ("step", "left"), [("created", [1, 2, 3]), ("updated", [1, 3, 9]), ("deleted", [3, 9])]
)
def test_a_killed_store_leaves_a_batch_of_list_prices_incomplete(
    fake: FakeMedusa, fake_shop: Shop, step: str, left: list[float]
) -> None:
    product, sale = stocked_shirt(fake_shop), new_list(fake_shop)
    first, second = created(fake_shop, sale, price(product, "S / Red", 1), price(product, "S / Blue", 2))
    fake.between = give_up_at(step)
    parts: dict[str, list[Any]] = {
        "create": [price(product, "M / Red", 3)],
        "update": [{"id": second, **price(product, "S / Blue", 9)}],
        "delete": [first],
    }
    with pytest.raises(httpx.ReadTimeout):
        change(fake_shop, sale, **parts)
    fake.crash()
    fake.between = None
    assert [amount for _, amount in amounts(fake_shop, sale)] == left


def test_a_killed_store_leaves_an_option_without_a_product(fake: FakeMedusa, fake_shop: Shop) -> None:
    product = stocked_shirt(fake_shop)
    fake.between = give_up_at("options")
    added = {"add": [{"title": "Fit", "values": ["Slim"], "is_exclusive": True}]}
    with pytest.raises(httpx.ReadTimeout):
        fake_shop.call("POST", f"/admin/products/{product['id']}/options/batch", added)
    fake.crash()
    fake.between = None
    assert fake_shop.product(product["id"]) == product
    assert values_of(fake_shop.options(product, **added))["Fit"] == ["Slim"]


def test_the_store_finishes_a_batch_whose_client_gave_up(fake: FakeMedusa, fake_shop: Shop) -> None:
    product = stocked_shirt(fake_shop)
    fake.between, fake.linger = give_up_at("variants"), 5
    with pytest.raises(httpx.ReadTimeout):
        fake_shop.variants(product, create=[variant("L", "Red")])
    fake.between = None
    assert "prices" not in variant_of(fake_shop.product(product["id"]), "L / Red")
    fake.catch_up()
    assert len(variant_of(fake_shop.product(product["id"]), "L / Red")["prices"]) == 2
