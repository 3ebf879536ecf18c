"""The main job on a real store, by the installed command."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import medusa_sync
from tests.e2e.shop import Shop, price, stock
from tests.e2e.wire import Wire, wire
from tests.harness.catalogue import CATEGORIES, products, sample
from tests.harness.dummyjson import DummyJson, dummyjson
from tests.harness.medusa import Store

REAL_SIZE = 194


@pytest.fixture
def source() -> Iterator[DummyJson]:
    with dummyjson(products(REAL_SIZE)) as server:
        yield server


@pytest.fixture
def shop(store: Store) -> Iterator[Shop]:
    with Shop(store) as shop:
        yield shop


@pytest.fixture
def watched(store: Store) -> Iterator[Wire]:
    """A proxy in front of the store that writes down every request."""
    with wire(store.url) as proxy:
        yield proxy


def as_mapped(product: dict[str, Any], shop: Shop) -> dict[str, Any]:
    """What the store has to hold for a product of the source (DESIGN, section 3)."""
    return {
        "external_id": f"dummyjson:{product['id']}",
        "title": product["title"],
        "description": product["description"],
        "status": "published",
        "thumbnail": product["thumbnail"],
        "images": product["images"],
        "tags": sorted(set(product["tags"])),
        "categories": [(product["category"], True)],
        "sales_channels": [shop.store.sales_channel_id],
        "shipping_profile": shop.store.shipping_profile_id,
        "size": (
            product["weight"],
            product["dimensions"]["width"],
            product["dimensions"]["height"],
            product["dimensions"]["depth"],
        ),
        "variants": [("Default", product["sku"], product["meta"]["barcode"], product["price"])],
        "stock": {shop.store.location_id: product["stock"]},
        "metadata": {
            "brand": product.get("brand"),
            "rating": product["rating"],
            "review_count": len(product["reviews"]),
            "discount_percentage": product["discountPercentage"],
            "warranty_information": product["warrantyInformation"],
            "shipping_information": product["shippingInformation"],
            "return_policy": product["returnPolicy"],
            "minimum_order_quantity": product["minimumOrderQuantity"],
            "availability_status": product["availabilityStatus"],
        },
    }


def as_stored(product: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in product["metadata"].items() if key != "medusa_sync"}
    return {
        "external_id": product["external_id"],
        "title": product["title"],
        "description": product["description"],
        "status": product["status"],
        "thumbnail": product["thumbnail"],
        "images": [image["url"] for image in sorted(product["images"], key=lambda image: image["rank"])],
        "tags": sorted(tag["value"] for tag in product["tags"]),
        "categories": [(category["handle"], category["is_active"]) for category in product["categories"]],
        "sales_channels": [channel["id"] for channel in product["sales_channels"]],
        "shipping_profile": product["shipping_profile"]["id"],
        "size": (product["weight"], product["width"], product["height"], product["length"]),
        "variants": [
            (variant["title"], variant["sku"], variant["barcode"], price(product))
            for variant in product["variants"]
        ],
        "stock": stock(product),
        "metadata": {"brand": None, **metadata},
    }


def test_every_product_is_stored_once_as_mapped_and_a_second_run_writes_nothing(
    source: DummyJson, shop: Shop, watched: Wire
) -> None:
    first = medusa_sync("--source", source.url, "--json", store=watched.store(shop.store))
    assert (first.exit_code, first.counts) == (0, {"created": REAL_SIZE})
    stored = shop.by_external_id()
    assert len(stored) == len(shop.products()) == REAL_SIZE
    for product in source.products:
        assert as_stored(stored[f"dummyjson:{product['id']}"]) == as_mapped(product, shop)
    assert len({product["handle"] for product in stored.values()}) == REAL_SIZE
    names = {category["slug"]: category["name"] for category in CATEGORIES}
    assert all(c["name"] == names[c["handle"]] for product in stored.values() for c in product["categories"])

    watched.requests.clear()
    second = medusa_sync("--source", source.url, "--json", store=watched.store(shop.store))
    assert (second.exit_code, second.counts) == (0, {"unchanged": REAL_SIZE})
    assert [request.method for request in watched.requests if request.method != "GET"] == []
    assert second.document["store"] == {
        "url": watched.url,
        "products": REAL_SIZE,
        "owned": REAL_SIZE,
    }


def test_a_changed_price_sends_the_price_and_the_record_of_one_product(
    source: DummyJson, shop: Shop, watched: Wire
) -> None:
    medusa_sync("--source", source.url, store=shop.store)
    before = shop.by_external_id()
    source.edit(7, price=1234.56)
    watched.requests.clear()

    run = medusa_sync("--source", source.url, "--json", store=watched.store(shop.store))

    assert (run.exit_code, run.counts) == (0, {"updated": 1, "unchanged": REAL_SIZE - 1})
    [write] = [request for request in watched.requests if request.method != "GET"]
    [update] = write.json["update"]
    assert write.json["create"] == []
    assert update.keys() == {"id", "variants", "metadata"}
    assert update["metadata"].keys() == {"medusa_sync"}
    assert [variant.keys() for variant in update["variants"]] == [{"id", "prices"}]
    after = shop.by_external_id()
    assert price(after["dummyjson:7"]) == 1234.56
    del before["dummyjson:7"], after["dummyjson:7"]
    assert before == after


def test_a_dry_run_only_reads_and_the_real_run_does_what_it_printed(
    source: DummyJson, shop: Shop, watched: Wire
) -> None:
    medusa_sync("--source", source.url, "--limit", "150", store=shop.store)
    source.edit(3, price=5.5, title="Another title")
    source.edit(20, tags=["brand new tag"], stock=0)
    before = shop.by_external_id()
    watched.requests.clear()

    plan = medusa_sync("--source", source.url, "--dry-run", "--json", store=watched.store(shop.store))

    assert {request.method for request in watched.requests} == {"GET"}
    assert shop.by_external_id() == before
    real = medusa_sync("--source", source.url, "--json", store=shop.store)
    assert (plan.exit_code, real.exit_code) == (0, 0)
    assert plan.document["counts"] == real.document["counts"]
    by_id = [
        sorted(run.document["changes"], key=lambda change: change["external_id"]) for run in (plan, real)
    ]
    assert by_id[0] == by_id[1]
    assert real.counts == {"created": 44, "updated": 2, "unchanged": 148}


def test_a_dry_run_by_log_in_sends_nothing_but_reads_and_the_log_in(
    source: DummyJson, shop: Shop, watched: Wire
) -> None:
    store = shop.store
    run = medusa_sync(
        "--source",
        source.url,
        "--dry-run",
        "--json",
        store=None,
        MEDUSA_BACKEND_URL=watched.url,
        MEDUSA_EMAIL=store.email,
        MEDUSA_PASSWORD=store.password,
    )
    assert (run.exit_code, run.counts) == (0, {"created": REAL_SIZE})
    writes = [request.path for request in watched.requests if request.method != "GET"]
    assert writes == ["/auth/user/emailpass"]
    assert shop.products() == []


def test_the_sample_of_many_scripts_and_equal_titles_is_stored_whole(shop: Shop, tmp_path: Path) -> None:
    with dummyjson(sample()) as source:
        run = medusa_sync("--source", source.url, "--json", store=shop.store, directory=tmp_path)
        assert (run.exit_code, run.counts) == (0, {"created": 60})
    stored = shop.by_external_id()
    assert {product["title"] for product in stored.values()} == {product["title"] for product in sample()}
    assert all(product["handle"] for product in stored.values())


def test_a_store_without_a_stock_location_gets_unmanaged_variants_and_the_report_says_so(
    source: DummyJson, shop: Shop
) -> None:
    shop.delete(f"/admin/stock-locations/{shop.store.location_id}")
    first = medusa_sync("--source", source.url, "--limit", "20", store=shop.store)
    assert first.exit_code == 0
    assert "no stock location" in first.stdout
    assert not any(product["variants"][0]["manage_inventory"] for product in shop.products())
    second = medusa_sync("--source", source.url, "--limit", "20", "--json", store=shop.store)
    assert (second.counts, second.document["requests"]["store_writes"]) == ({"unchanged": 20}, 0)

    shop.post("/admin/stock-locations", {"name": "Opened later"})
    third = medusa_sync("--source", source.url, "--limit", "20", "--json", store=shop.store)
    assert (third.exit_code, third.counts) == (0, {"updated": 20})
    quantities = {product["id"]: product["stock"] for product in source.products}
    for product in shop.products():
        number = int(product["external_id"].removeprefix("dummyjson:"))
        assert list(stock(product).values()) == [quantities[number]]


def test_neighbours_of_broken_products_are_stored_and_the_counts_add_up(shop: Shop) -> None:
    catalogue = products(40)
    catalogue[3]["title"] = ""
    catalogue[9]["price"] = -1
    catalogue[20]["price"] = "9.99"
    catalogue[25] = {"id": "twenty-six"}
    catalogue[30]["sku"] = catalogue[0]["sku"]  # only the store can tell
    with dummyjson(catalogue) as source:
        run = medusa_sync("--source", source.url, "--json", store=shop.store)
    assert (run.exit_code, run.document["status"]) == (5, "partial")
    assert run.counts == {"created": 35, "rejected": 4, "failed": 1}
    assert sum(run.counts.values()) == run.document["source"]["seen"] == 40
    assert len(shop.by_external_id()) == 35
    [failed] = [problem for problem in run.document["problems"] if problem["outcome"] == "failed"]
    assert "already exists" in failed["reason"]
