"""What a batch leaves behind when a part of it is refused, and what others see while it is under way."""

import threading
from typing import Any

import httpx
import pytest

from tests.contract.shop import LEVELS, Shop, View, item_of, natural, prices_of, variant_of
from tests.harness.fake_medusa import FakeMedusa

TAKEN = (400, "invalid_data", "Product with handle: product-2, already exists.")


@pytest.fixture
def product(shop: Shop) -> View:
    """A product that is changed by a batch in which the creation of another one is refused."""
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
    """The product after the refusal of a batch that was to change it."""
    refused = shop.body(3, handle="product-2")
    refusal = shop.batch_refusal(create=[refused], update=[{"id": product["id"], **changes}])
    assert refusal == TAKEN
    assert "contract:3" not in shop.products()
    return shop.product(product["id"])


def sent(product: View, **changes: Any) -> list[View]:
    """All variants, one of them changed."""
    own = {"id": variant_of(product)["id"], **changes}
    return [own, {"id": variant_of(product, "Two")["id"]}]


# --- creations and changes in one batch ---


def test_single_values_of_a_change_are_taken_back(shop: Shop, product: View) -> None:
    changes = {"title": "New", "handle": "new", "status": "draft", "description": None, "weight": 2}
    seen = refused_beside(shop, product, **changes, external_id="contract:9", thumbnail="new")
    assert seen == product


def test_values_of_metadata_are_taken_back_but_not_new_keys(shop: Shop, product: View) -> None:
    seen = refused_beside(shop, product, metadata={"changed": 2, "gone": "", "new": 3})
    assert seen["metadata"] == {"kept": 1, "changed": 1, "gone": 1, "new": 3}


@pytest.mark.parametrize("metadata", [None, {}])
def test_where_there_was_no_metadata_there_is_none_again(shop: Shop, metadata: dict[str, Any] | None) -> None:
    shop.create(2)
    product = shop.create(1, metadata=metadata)
    assert refused_beside(shop, product, metadata={"new": 1})["metadata"] == metadata


def test_images_tags_and_categories_stay_changed(shop: Shop, product: View) -> None:
    seen = natural(refused_beside(shop, product, images=[{"url": "new"}], tags=[], categories=[]))
    assert [url for url, _, _ in seen["images"]] == ["new"]
    assert (seen["tags"], seen["categories"]) == ([], [])


def test_places_are_taken_back(shop: Shop, product: View) -> None:
    assert refused_beside(shop, product, sales_channels=[], shipping_profile_id=None) == product


def test_variants_stay_changed_and_removed(shop: Shop, product: View) -> None:
    seen = refused_beside(shop, product, variants=sent(product, sku="NEW"))
    assert variant_of(seen)["sku"] == "NEW"
    seen = refused_beside(shop, product, variants=sent(product)[:1])
    assert [variant["title"] for variant in seen["variants"]] == ["Default"]


def test_prices_that_are_sent_are_lost_with_those_that_they_were_to_replace(
    shop: Shop, product: View
) -> None:
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


def test_what_is_created_is_taken_back_when_a_change_is_refused(shop: Shop) -> None:
    product = shop.create(1)
    message = "Unable to update the products with ids: prod_gone"
    refusal = shop.batch_refusal(create=[shop.body(2)], update=[{"id": "prod_gone", "title": "x"}])
    assert refusal == (404, "not_found", message)
    assert shop.products() == {"contract:1": product}
    assert shop.call("GET", "/admin/inventory-items")["count"] == 1


def test_a_change_of_the_same_batch_frees_nothing(shop: Shop) -> None:
    product = shop.create(2)
    body = {"id": product["id"], "handle": "other"}
    assert shop.batch_refusal(create=[shop.body(3, handle="product-2")], update=[body]) == TAKEN
    assert shop.product(product["id"]) == product


def test_what_is_deleted_comes_back_when_a_creation_is_refused(shop: Shop) -> None:
    shop.create(2)
    product = shop.create(1)
    shop.call("POST", LEVELS, {"create": [shop.level(item_of(product), 7)]})
    product = shop.product(product["id"])
    assert shop.batch_refusal(create=[shop.body(3, handle="product-2")], delete=[product["id"]]) == TAKEN
    assert shop.product(product["id"]) == product


def test_in_a_batch_of_changes_a_channel_named_twice_costs_all_their_prices(shop: Shop) -> None:
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
"""Whether products, variants, inventory items and prices are seen."""


def stage(shop: Shop) -> tuple[bool, bool, bool, bool]:
    """Of the product that the look-up gives first."""
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


def test_others_see_each_step_of_the_fake(fake: FakeMedusa, fake_shop: Shop) -> None:
    seen = []
    fake.between = lambda _request, _step: seen.append(stage(fake_shop))
    fake_shop.batch(create=[fake_shop.body(1)])
    assert list(dict.fromkeys(seen)) == STAGES[:-1]


@pytest.mark.e2e
def test_others_see_the_steps_of_the_real_one(real_shop: Shop) -> None:
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
