"""Images are in the order of the source, or in that of the merchant until the source changes its own."""

from pathlib import Path
from typing import Any

import pytest

from tests.flow.plans import carried_out
from tests.flow.stage import ListSource, assert_quiet, counts, sync, synced, text
from tests.flow.test_undo import assert_order_is_planned_and_undone, undo
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Image
from tests.harness.picture_server import PictureServer


def source(images: str, **fields: Any) -> ListSource:
    urls = [f"https://i.example/{each}.png" for each in images]
    return ListSource([{"id": 1, "title": "Mug", "price": 3, "images": urls, **fields}])


def shown(store: FakeMedusa) -> str:
    [product] = store.products.values()
    return "".join(each.url.rpartition("/")[2][0] for each in product.images)


def merchant_orders(store: FakeMedusa, images: str) -> None:
    """The merchant arranges, adds and removes images."""
    [product] = store.products.values()
    known = {each.url.rpartition("/")[2][0]: each for each in product.images}
    product.images = [
        known.get(each) or Image(f"img_{each}", f"https://m.example/{each}.png") for each in images
    ]


@pytest.mark.parametrize("after", ["BAC", "CBA", "DABC", "ADBC", "ABCD", "CA", "DCA"])
def test_a_changed_order_is_sent_once(after: str) -> None:
    store = synced(source("ABC").rows)
    ids = {each.url: each.id for each in store.products["dummyjson:1"].images}
    result = carried_out(source(after), store)
    assert (shown(store), result.conflicts) == (after, 0)
    assert all(ids.get(each.url, each.id) == each.id for each in store.products["dummyjson:1"].images)
    assert_quiet(source(after), store)


def test_a_report_shows_both_orders() -> None:
    store = synced(source("AB").rows)
    shown_to_all = text(sync(source("BA"), store, dry_run=True))
    assert "A.png" in shown_to_all.partition("B.png")[2]


def test_a_lost_record_and_another_field_move_none() -> None:
    store = synced(source("ABC").rows)
    merchant_orders(store, "CBA")
    store.products["dummyjson:1"].metadata = None
    sync(source("ABC"), store)
    sync(source("BAC"), store, only="title")
    assert shown(store) == "CBA"
    sync(source("BAC"), store)
    assert shown(store) == "BAC"


def test_tags_have_no_order() -> None:
    store = synced(source("A", tags=["x", "y"]).rows)
    assert counts(sync(source("A", tags=["y", "x"]), store)) == {"unchanged": 1}


def test_a_saved_plan_and_an_undo_write_it(tmp_path: Path) -> None:
    assert_order_is_planned_and_undone(source, shown, tmp_path)


@pytest.mark.parametrize("arranged", ["BAC", "CAMB", "BC"])
def test_an_undo_keeps_the_order_of_the_merchant(arranged: str, tmp_path: Path) -> None:
    store = synced(source("ABC").rows)
    result = sync(source("CAB"), store)
    merchant_orders(store, arranged)
    [outcome] = undo(store, result, tmp_path).changes
    assert shown(store) == arranged
    assert [each.field for each in outcome.changes] == ["thumbnail"]


def test_copies_are_moved() -> None:
    store, pictures = FakeMedusa(), PictureServer()
    how: dict[str, Any] = {"copy_images": "i.example", "pictures": pictures}
    sync(source("ABC"), store, **how)
    before = [each.id for each in store.products["dummyjson:1"].images]
    assert counts(sync(source("CAB"), store, **how)) == {"updated": 1}
    after = [each.id for each in store.products["dummyjson:1"].images]
    assert after == [before[2], before[0], before[1]]
    assert len(pictures.requests) == 3
