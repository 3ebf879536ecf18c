"""The exact number of requests, so that a wasteful plan is noticed without a clock."""

from __future__ import annotations

from typing import Any

from tests.e2e.command import medusa_sync
from tests.e2e.shop import Shop
from tests.harness.catalogue import products
from tests.harness.dummyjson import DummyJson, dummyjson

SIZE = 200


def catalogue() -> list[dict[str, Any]]:
    """Different titles: which batch looks up the handle of a repeated one depends on timing."""
    return [product | {"title": f"Product {product['id']}"} for product in products(SIZE)]


def requests(shop: Shop, source: DummyJson) -> dict[str, int]:
    """The requests of a run."""
    run = medusa_sync("--source", source.url, "--batch-size", "100", "--json", store=shop.store)
    assert run.exit_code == 0, run.stderr
    counted: dict[str, int] = run.document["requests"]
    return counted


def test_the_number_of_requests_is_as_expected(shop: Shop) -> None:
    rows = catalogue()
    with dummyjson(rows) as source:
        # Source: the products, the names of categories.
        # Reads: a page of the store, the placement (3), tags, categories, a look-up before the
        # acknowledgement. An empty store has no handles, SKUs and barcodes to look up.
        # Writes: tags, categories, inventory items, three bodies of less than 100 kB for each batch, the
        # acknowledgement.
        assert requests(shop, source) == {
            "source": 2,
            "store_reads": 7,
            "store_writes": 2 + 1 + 2 * 3 + 1,
            "retries": 0,
        }

        assert requests(shop, source) == {"source": 1, "store_reads": 1, "store_writes": 0, "retries": 0}

        for number in (50, 150):
            source.edit(number, price=12.5, stock=7)
        # Reads: a page, a look-up, the placement (3), details, details after the rows were written, a look-up
        # before the acknowledgement.
        # Writes: the rows with their notes, the variants, their levels, the acknowledgement.
        assert requests(shop, source) == {"source": 1, "store_reads": 8, "store_writes": 4, "retries": 0}
