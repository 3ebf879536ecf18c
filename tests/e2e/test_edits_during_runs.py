"""Edits of the merchant during a run, to products that the run has not written yet."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.command import medusa_sync, running
from tests.e2e.fault_proxy import FaultProxy, Hold
from tests.e2e.shop import Shop, add_variant, price
from tests.harness.catalogue import product as generated
from tests.harness.dummyjson import DummyJson, dummyjson
from tests.tiers import sampled

SIZE = 40
BATCH_SIZE = 5
QUIET_S = 1  # no other request means that the run waits for the held one
EURO_PRICE, OWN_VARIANT, IMAGE, TAG, TITLE, PRICE = EDITED = range(SIZE - 5, SIZE + 1)


@pytest.fixture
def source() -> Iterator[DummyJson]:
    catalogue = [
        {**generated(number), "title": f"Product {number}", "tags": ["a"], "images": ["https://i.example/a"]}
        for number in range(1, SIZE + 1)
    ]
    with dummyjson(catalogue) as server:
        yield server


def edit(shop: Shop, stored: dict[str, dict[str, Any]]) -> None:
    """Make one kind of edit per product, as in the admin."""
    products = {number: stored[f"dummyjson:{number}"] for number in EDITED}
    paths = {number: f"/admin/products/{each['id']}" for number, each in products.items()}
    for number, prices in (
        (EURO_PRICE, [*_prices(products[EURO_PRICE]), {"currency_code": "eur", "amount": 5}]),
        (PRICE, [{**each, "amount": 4321} for each in _prices(products[PRICE])]),
    ):
        variant = products[number]["variants"][0]["id"]
        shop.post(f"{paths[number]}/variants/{variant}", {"prices": prices})
    add_variant(shop, products[OWN_VARIANT]["id"])
    images = [{"id": image["id"], "url": image["url"]} for image in products[IMAGE]["images"]]
    shop.post(paths[IMAGE], {"images": [*images, {"url": "https://i.example/merchant"}]})
    shop.post(paths[TAG], {"tags": [{"id": shop.tag(value)} for value in ("a", "merchant")]})
    shop.post(paths[TITLE], {"title": "The merchant's title"})


def _prices(product: dict[str, Any]) -> list[dict[str, Any]]:
    names = ("id", "currency_code", "amount")
    return [{name: each[name] for name in names} for each in product["variants"][0]["prices"]]


@pytest.mark.parametrize(
    ("changed_by_the_source", "on_conflict", "winners"),
    sampled(
        [
            ("other fields only", "source", ("source", "source")),
            ("the same fields", "source", ("source", "source")),
            ("the same fields", "store", ("store", "store")),
            ("the same fields", "source,title=store", ("store", "source")),
            ("the same fields", "store,price=source", ("store", "source")),
        ],
        ("other fields only", "source", ("source", "source")),
        ("the same fields", "source,title=store", ("store", "source")),
    ),
)
def test_an_edit_before_the_write_of_its_product_is_kept_or_reported(
    changed_by_the_source: str,
    on_conflict: str,
    winners: tuple[str, str],
    source: DummyJson,
    shop: Shop,
    proxy: FaultProxy,
) -> None:
    assert medusa_sync("--source", source.url, store=shop.store).exit_code == 0
    new: dict[str, Any] = {"rating": 1.25, "stock": 4}
    both_changed = changed_by_the_source == "the same fields"
    if both_changed:
        new |= {"price": 1234, "tags": ["a", "b"], "images": ["https://i.example/a", "https://i.example/b"]}
    for number in range(1, SIZE + 1):
        source.edit(number, **new, **({"title": f"New {number}"} if both_changed else {}))
    before = shop.by_external_id()
    hold = Hold()
    proxy.faults = {1: hold}
    arguments = ("--source", source.url, "--json", "--batch-size", str(BATCH_SIZE), "--concurrency", "1")
    with running(*arguments, "--on-conflict", on_conflict, store=proxy.store(shop.store)) as run:
        hold.wait_until_arrived()
        _wait_until_quiet(proxy)
        edit(shop, before)
        hold.release()
        finished = run.finish()

    assert (finished.exit_code, finished.counts["updated"]) == (0, SIZE)
    after = shop.by_external_id()
    products = {number: after[f"dummyjson:{number}"] for number in EDITED}
    assert price(products[EURO_PRICE], "eur") == 5
    assert "Own" in {variant["title"] for variant in products[OWN_VARIANT]["variants"]}
    assert "https://i.example/merchant" in {image["url"] for image in products[IMAGE]["images"]}
    assert "merchant" in {tag["value"] for tag in products[TAG]["tags"]}
    conflicts = {
        (change["external_id"], conflict["field"], conflict["kept"])
        for change in finished.document["changes"]
        for conflict in change.get("conflicts", ())
    }
    of_title, of_price = winners
    disputed = {(f"dummyjson:{TITLE}", "title", of_title), (f"dummyjson:{PRICE}", "price", of_price)}
    assert conflicts == (disputed if both_changed else set())
    has_our_title = both_changed and of_title == "source"
    assert products[TITLE]["title"] == (f"New {TITLE}" if has_our_title else "The merchant's title")
    assert price(products[PRICE]) == (1234 if both_changed and of_price == "source" else 4321)


def _wait_until_quiet(proxy: FaultProxy) -> None:
    seen = -1
    while len(proxy.requests) != seen:
        seen = len(proxy.requests)
        time.sleep(QUIET_S)
