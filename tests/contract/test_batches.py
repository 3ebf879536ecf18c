"""The state after a batch is refused, and while it is in progress."""

import threading
from typing import Any

import httpx
import pytest

from tests.contract.shop import LEVELS, Shop, View, item_of, natural, prices_of, variant_of
from tests.harness.fake_medusa import FakeMedusa

TAKEN = (400, "invalid_data", "Product with handle: product-2, already exists.")


@pytest.fixture
def product(shop: Shop) -> View:
    """A product in a batch that is refused because of another product."""
    shop.create(2)
    product = shop.create(
        metadata={"kept": 1, "changed": 1, "gone": 1},
        description="Old",
        weight=1,
        images=[{"url": "old"}],
        tags=[{"id": shop.tag("old")["id"]}],
        categories=[{"id": shop.category("old")["id"]}],
    )
    return shop.second_variant(product, sku="SKU-1b")


def refused_beside(shop: Shop, product: View, **changes: Any) -> View:
    """Send an update that is refused; returns the product afterwards."""
    refused = shop.body(3, handle="product-2")
    refusal = shop.batch_refusal(create=[refused], update=[{"id": product["id"], **changes}])
    assert refusal == TAKEN
    assert "contract:3" not in shop.products()
    return shop.product(product["id"])


def sent(product: View, **changes: Any) -> list[View]:
    """The variants with one of them changed."""
    own = {"id": variant_of(product)["id"], **changes}
    return [own, {"id": variant_of(product, "Two")["id"]}]


# --- creations and changes in one batch ---


def test_plain_fields_of_a_refused_update_are_restored(shop: Shop, product: View) -> None:
    changes = {"title": "New", "handle": "new", "status": "draft", "description": None, "weight": 2}
    seen = refused_beside(shop, product, **changes, external_id="contract:9", thumbnail="new")
    assert seen == product


def test_metadata_values_are_restored_but_new_keys_stay(shop: Shop, product: View) -> None:
    seen = refused_beside(shop, product, metadata={"changed": 2, "gone": "", "new": 3})
    assert seen["metadata"] == {"kept": 1, "changed": 1, "gone": 1, "new": 3}


@pytest.mark.parametrize("metadata", [None, {}])
def test_metadata_that_was_null_is_null_again(shop: Shop, metadata: dict[str, Any] | None) -> None:
    shop.create(2)
    product = shop.create(1, metadata=metadata)
    assert refused_beside(shop, product, metadata={"new": 1})["metadata"] == metadata


def test_images_tags_and_categories_are_not_restored(shop: Shop, product: View) -> None:
    seen = natural(refused_beside(shop, product, images=[{"url": "new"}], tags=[], categories=[]))
    assert [url for url, _, _ in seen["images"]] == ["new"]
    assert (seen["tags"], seen["categories"]) == ([], [])


def test_sales_channels_and_the_shipping_profile_are_restored(shop: Shop, product: View) -> None:
    assert refused_beside(shop, product, sales_channels=[], shipping_profile_id=None) == product


def test_variants_are_not_restored(shop: Shop, product: View) -> None:
    seen = refused_beside(shop, product, variants=sent(product, sku="NEW"))
    assert variant_of(seen)["sku"] == "NEW"
    seen = refused_beside(shop, product, variants=sent(product)[:1])
    assert [variant["title"] for variant in seen["variants"]] == ["Default"]


def test_sent_prices_and_the_ones_they_replace_are_lost(shop: Shop, product: View) -> None:
    prices = [{"currency_code": "eur", "amount": 1}]
    seen = refused_beside(shop, product, variants=sent(product, prices=prices))
    assert prices_of(seen) == set()
    assert prices_of(seen, "Two") == prices_of(product, "Two")


def test_a_variant_stays_unmanaged_but_gets_its_item_back(shop: Shop, product: View) -> None:
    shop.call("POST", LEVELS, {"create": [shop.level(item_of(product), 7)]})
    product = shop.product(product["id"])
    seen = variant_of(refused_beside(shop, product, variants=sent(product, manage_inventory=False)))
    assert seen == {**variant_of(product), "manage_inventory": False}


def test_a_variant_stays_managed_but_loses_its_new_item(shop: Shop) -> None:
    shop.create(2)
    product = shop.create(1, variant={"manage_inventory": False})
    managed = {"id": variant_of(product)["id"], "manage_inventory": True}
    seen = variant_of(refused_beside(shop, product, variants=[managed]))
    assert (seen["manage_inventory"], seen["inventory_items"]) == (True, [])
    seen = variant_of(shop.update(product, variants=[managed]))
    assert len(seen["inventory_items"]) == 1


def test_created_products_are_deleted_if_an_update_is_refused(shop: Shop) -> None:
    product = shop.create(1)
    message = "Unable to update the products with ids: prod_gone"
    refusal = shop.batch_refusal(create=[shop.body(2)], update=[{"id": "prod_gone", "title": "x"}])
    assert refusal == (404, "not_found", message)
    assert shop.products() == {"contract:1": product}
    assert shop.call("GET", "/admin/inventory-items")["count"] == 1


def test_an_update_does_not_free_a_value_for_the_same_batch(shop: Shop) -> None:
    product = shop.create(2)
    body = {"id": product["id"], "handle": "other"}
    assert shop.batch_refusal(create=[shop.body(3, handle="product-2")], update=[body]) == TAKEN
    assert shop.product(product["id"]) == product


def test_deleted_products_are_restored_if_a_creation_is_refused(shop: Shop) -> None:
    shop.create(2)
    product = shop.create(1)
    shop.call("POST", LEVELS, {"create": [shop.level(item_of(product), 7)]})
    product = shop.product(product["id"])
    assert shop.batch_refusal(create=[shop.body(3, handle="product-2")], delete=[product["id"]]) == TAKEN
    assert shop.product(product["id"]) == product


def test_a_channel_named_twice_costs_all_updates_of_the_batch_their_prices(shop: Shop) -> None:
    product, other = shop.create(1), shop.create(2)
    bodies: list[dict[str, Any]] = [
        {
            "id": product["id"],
            "variants": [
                {"id": variant_of(product)["id"], "prices": [{"currency_code": "eur", "amount": 1}]}
            ],
        },
        {"id": other["id"], "sales_channels": [{"id": shop.sales_channel_id}] * 2},
    ]
    assert shop.batch_refusal(update=bodies)[0] == 500
    assert prices_of(shop.product(product["id"])) == set()
    assert shop.product(other["id"]) == other


# --- a batch under way ---

STAGES = [
    (False, False, False, False),
    (True, False, False, False),
    (True, True, False, False),
    (True, True, True, False),
    (True, True, True, True),
]
"""Whether products, variants, inventory items and prices are visible."""


def stage(shop: Shop) -> tuple[bool, bool, bool, bool]:
    """What is visible of the first product that the look-up returns."""
    products = shop.call(
        "GET",
        "/admin/products",
        limit="1",
        order="id",
        fields="id,variants.prices.id,variants.inventory_items.inventory_item_id",
    )["products"]
    variants = [variant for product in products for variant in product["variants"]]
    return (
        bool(products),
        bool(variants),
        any(variant["inventory_items"] for variant in variants),
        any(variant.get("prices") for variant in variants),
    )


def test_the_fake_commits_a_batch_in_visible_steps(fake: FakeMedusa, fake_shop: Shop) -> None:
    seen = []
    fake.between = lambda _request, _step: seen.append(stage(fake_shop))
    fake_shop.batch(create=[fake_shop.body(1)])
    assert list(dict.fromkeys(seen)) == STAGES[:-1]


@pytest.mark.e2e
def test_the_real_store_commits_a_batch_in_visible_steps(real_shop: Shop) -> None:
    bodies = [real_shop.body(number) for number in range(300)]
    writing = threading.Thread(target=real_shop.batch, kwargs={"create": bodies})
    with httpx.Client(base_url=real_shop.client.base_url, auth=real_shop.client.auth, timeout=60) as client:
        watching = Shop(real_shop, client)
        writing.start()
        seen = []
        while writing.is_alive():
            seen.append(stage(watching))
        writing.join()
    observed = list(dict.fromkeys([*seen, stage(real_shop)]))
    assert observed == sorted(observed)
    assert set(observed) <= set(STAGES)
    assert STAGES[1] in observed
