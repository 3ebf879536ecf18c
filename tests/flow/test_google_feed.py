"""Runs from a feed with Google Merchant's attributes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from medusa_sync import RunResult
from tests.flow.stage import counts, writes
from tests.flow.urls import sync
from tests.harness.fake_medusa import FakeMedusa
from tests.unit.sources.merchant import Item, as_atom, as_rss, as_table

SHIRT = {
    "item_group_id": "SHIRT",
    "title": "Shirt",
    "description": "Soft & warm",
    "brand": "Elm",
    "availability": "in_stock",
    "product_type": "Apparel > Shirts",
    "image_link": "https://cdn.example/shirt.jpg",
}


def feed(**changes: str) -> list[Item]:
    """A shirt in two sizes and a mug; `changes` are those of the larger shirt."""
    small = {
        **SHIRT,
        "id": "SHIRT-S",
        "size": "S",
        "price": "20.00 USD",
        "quantity": "3",
        "shipping_weight": "0.2 kg",
    }
    large = {**small, "id": "SHIRT-L", "size": "L", "quantity": "0", "gtin": "3234567890126"}
    mug = {
        "id": "MUG",
        "title": "Mug",
        "price": "9.50 USD",
        "availability": "out_of_stock",
        "product_type": "Kitchen",
    }
    return [list(item.items()) for item in (small, large | changes, mug)]


@pytest.fixture
def sync_feed(tmp_path: Path) -> Callable[[bytes | str, FakeMedusa], RunResult]:
    def run(content: bytes | str, store: FakeMedusa) -> RunResult:
        file = tmp_path / "feed"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return sync(str(file), store, sale_prices=True)

    return run


@pytest.fixture
def store(sync_feed: Callable[[bytes | str, FakeMedusa], RunResult]) -> FakeMedusa:
    store = FakeMedusa()
    assert counts(sync_feed(as_rss(feed()), store)) == {"created": 2}
    store.requests.clear()
    return store


def test_a_feed_is_stored_with_its_variants_and_categories(store: FakeMedusa) -> None:
    shirt, mug = store.products["dummyjson:SHIRT"], store.products["dummyjson:MUG"]
    assert [(each.sku, each.title, each.weight, each.prices[0].amount) for each in shirt.variants] == [
        ("SHIRT-S", "S", 200, 20),
        ("SHIRT-L", "L", 200, 20),
    ]
    assert (store.level_of("SHIRT-S"), store.level_of("SHIRT-L")) == (3, 0)
    [variant] = mug.variants
    assert (variant.sku, variant.manage_inventory, variant.prices[0].amount) == ("MUG", False, 9.5)
    names = {category.id: category.name for category in store.state.categories.values()}
    assert [[names[own] for own in each.category_ids] for each in (shirt, mug)] == [["Shirts"], ["Kitchen"]]


def test_the_same_products_in_another_format_are_unchanged(
    store: FakeMedusa, sync_feed: Callable[[bytes | str, FakeMedusa], RunResult]
) -> None:
    for content in (as_atom(feed()), as_table(feed(), "\t"), as_table(feed(), ",")):
        assert counts(sync_feed(content, store)) == {"unchanged": 2}
        assert writes(store) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"price": "21.00 USD"}, "price"),
        ({"quantity": "7"}, "stock"),
        ({"gtin": "3234567890133"}, "barcode"),
        ({"sale_price": "15.00 USD"}, "sale_price"),
    ],
)
def test_one_changed_attribute_changes_one_field(
    store: FakeMedusa,
    sync_feed: Callable[[bytes | str, FakeMedusa], RunResult],
    change: dict[str, str],
    field: str,
) -> None:
    result = sync_feed(as_rss(feed(**change)), store)
    assert counts(result) == {"updated": 1, "unchanged": 1}
    [outcome] = result.changes
    assert [each.field for each in outcome.changes] == [field]
