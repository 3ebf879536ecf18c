"""Runs from a feed with Google Merchant's attributes."""

from __future__ import annotations

from medusa_sync.sources.base import Entry
from tests.flow.stage import ListSource, counts, sync, writes
from tests.harness.fake_medusa import FakeMedusa
from tests.unit.sources.merchant import Entries, Item, as_atom, as_rss, as_table, read_table, read_xml

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


def source_of(entries: Entries) -> ListSource:
    return ListSource([entry.product for entry in entries if isinstance(entry, Entry)], sale_prices=True)


def synced() -> FakeMedusa:
    store = FakeMedusa()
    assert counts(sync(source_of(read_xml(as_rss(feed()))), store)) == {"created": 2}
    store.requests.clear()
    return store


def test_a_feed_is_stored_with_its_variants_and_categories() -> None:
    store = synced()
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


def test_the_same_products_in_another_format_are_unchanged() -> None:
    store = synced()
    for entries in (
        read_xml(as_atom(feed())),
        read_table(as_table(feed(), "\t")),
        read_table(as_table(feed(), ",")),
    ):
        assert counts(sync(source_of(entries), store)) == {"unchanged": 2}
    assert writes(store) == []


def test_one_changed_attribute_changes_one_field() -> None:
    for change, field in (
        ({"price": "21.00 USD"}, "price"),
        ({"quantity": "7"}, "stock"),
        ({"gtin": "3234567890133"}, "barcode"),
        ({"sale_price": "15.00 USD"}, "sale_price"),
    ):
        result = sync(source_of(read_xml(as_rss(feed(**change)))), synced())
        assert counts(result) == {"updated": 1, "unchanged": 1}
        [outcome] = result.changes
        assert [each.field for each in outcome.changes] == [field]
