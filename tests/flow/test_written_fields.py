"""A new product is stored in full; an update writes what the source changed, and nothing else."""

import copy
from dataclasses import fields
from typing import Any

import httpx
import pytest

from tests.flow.faults import refuse
from tests.flow.merchant import add_image, add_tag, edit, edit_variant, set_prices
from tests.flow.stage import SOURCE_NAME, ListSource, assert_quiet, counts, is_write, sync, synced, text
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Product

URL = "https://cdn.example/{}.webp".format
ROW: dict[str, Any] = {
    "id": 7,
    "title": "Jug",
    "status": "published",
    "subtitle": "For milk",
    "description": "Holds a litre.",
    "category": "kitchen",
    "tags": ["jugs", "copper"],
    "brand": "Copperdell",
    "rating": 4.5,
    "price": 9.99,
    "stock": 12,
    "sku": "KIT-7",
    "weight": 3,
    "dimensions": {"width": 10.5, "height": 20, "depth": 30.25},
    "meta": {"barcode": "2001000000071"},
    "images": [URL(1), URL(2)],
    "thumbnail": URL("t"),
}
OWN = f"{SOURCE_NAME}:7"


def shown(store: FakeMedusa) -> dict[str, Any]:
    """Everything that the store holds of the product but our record, with the names of its terms."""
    product = store.products[OWN]
    [variant] = product.variants
    own = {each.name: getattr(product, each.name) for each in fields(Product)}
    own |= {f"variant {each.name}": getattr(variant, each.name) for each in fields(variant)}
    own["metadata"] = {key: each for key, each in (product.metadata or {}).items() if key != "medusa_sync"}
    own["tag_ids"] = [store.state.tags[each].value for each in product.tag_ids]
    own["category_ids"] = [store.state.categories[each].handle for each in product.category_ids]
    items = [store.state.items[each] for each in variant.item_ids]
    own["items"] = [(each.sku, [level.stocked_quantity for level in each.levels]) for each in items]
    own["options"] = [(each.id, each.title) for each in product.options]
    own["variant values"] = [each.id for each in variant.values]
    del own["variants"], own["values"]
    return copy.deepcopy(own)


def test_a_new_product_is_stored_in_full() -> None:
    held = shown(synced([ROW]))
    assert {name: held[name] for name in ("title", "subtitle", "description", "thumbnail", "weight")} == {
        name: ROW[name] for name in ("title", "subtitle", "description", "thumbnail", "weight")
    }
    assert (held["length"], held["height"], held["width"]) == (30.25, 20, 10.5)
    assert (held["handle"], held["status"], held["external_id"]) == ("jug", "published", OWN)
    assert held["metadata"].items() >= {"brand": "Copperdell", "rating": 4.5}.items()
    assert [image.url for image in held["images"]] == ROW["images"]
    assert (held["tag_ids"], held["category_ids"]) == (ROW["tags"], ["kitchen"])
    assert (held["sales_channel_ids"], held["shipping_profile_id"]) == (
        [FakeMedusa().sales_channel_id],
        FakeMedusa().shipping_profile_id,
    )
    assert (held["variant sku"], held["variant barcode"]) == ("KIT-7", "2001000000071")
    assert (held["variant title"], held["variant manage_inventory"]) == ("Default", True)
    assert [(each.currency_code, each.amount) for each in held["variant prices"]] == [("usd", 9.99)]
    assert held["items"] == [("KIT-7", [12])]


CHANGES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "title": ({"title": "Cup"}, {"title"}),
    "subtitle": ({"subtitle": None}, {"subtitle"}),
    "description": ({"description": "Holds two."}, {"description"}),
    "thumbnail": ({"thumbnail": URL("u")}, {"thumbnail"}),
    "weight": ({"weight": 4}, {"weight"}),
    "tags": ({"tags": ["copper", "new"]}, {"tag_ids"}),
    "no tags": ({"tags": []}, {"tag_ids"}),
    "category": ({"category": "garden"}, {"category_ids"}),
    "images": ({"images": [URL(2), URL(3)]}, {"images"}),
    "brand": ({"brand": "Elmsworthy"}, {"metadata"}),
    "no brand": ({"brand": None}, {"metadata"}),
    "price": ({"price": 10.5}, {"variant prices"}),
    "sku": ({"sku": "KIT-8"}, {"variant sku", "items"}),
    "barcode": ({"meta": {"barcode": "2001000000088"}}, {"variant barcode"}),
    "stock": ({"stock": 13}, {"items"}),
    "handle": ({"handle": "another"}, set()),
    "status": ({"status": "draft"}, {"status"}),
}


def edit_everything(store: FakeMedusa) -> None:
    """The merchant edits what the source owns, and adds to it."""
    add_tag(store, 7, "mine")
    add_image(store, 7, URL("mine"))
    edit(store, 7, handle="mine", material="tin", metadata={"mine": "yes"})
    of_ten = {"currency_code": "usd", "amount": 7, "min_quantity": 10}
    set_prices(store, 7, {"currency_code": "eur", "amount": 8}, of_ten)
    edit_variant(store, 7, material="tin")


def test_zero_is_stored_and_what_the_source_lacks_is_not() -> None:
    zeros = dict.fromkeys(["price", "weight", "stock", "minimumOrderQuantity"], 0)
    held = shown(synced([{"id": 7, "title": "Jug", "brand": "", **zeros}]))
    assert (held["weight"], held["metadata"]) == (0, {"minimum_order_quantity": 0})
    assert ([each.amount for each in held["variant prices"]], held["items"]) == ([0], [(None, [0])])
    assert {held[name] for name in ("subtitle", "description", "thumbnail", "length")} == {None}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("edited", [False, True])
def test_only_what_the_source_changed_is_written(what: str, *, edited: bool) -> None:
    store = synced([ROW])
    if edited:
        edit_everything(store)
    changes, expected = CHANGES[what]
    before = shown(store)
    result = sync(ListSource([ROW | changes]), store, max_removals="100%")
    assert (result.exit_code, result.conflicts) == (0, 0)
    after = shown(store)
    assert {name for name in after if after[name] != before[name]} == expected
    if edited:
        assert after["images"][-1].url == URL("mine") or "images" in expected
        assert URL("mine") in [image.url for image in after["images"]]
        assert ("mine" in after["tag_ids"], after["metadata"]["mine"]) == (True, "yes")
        prices = {(each.currency_code, each.amount, each.min_quantity) for each in after["variant prices"]}
        assert prices > {("usd", 7, 10), ("eur", 8, None)}
    stays = {image.id for image in before["images"]} & {image.id for image in after["images"]}
    assert len(stays) >= (1 if what == "images" else 2), "images that stay keep their ids"


def test_a_price_is_compared_exactly() -> None:
    """Measurements are rounded by the store, prices are not."""
    store = synced([ROW | {"price": 1.23456789}])
    assert counts(sync(ListSource([ROW | {"price": 1.2345679}]), store)) == {"updated": 1}


def test_a_new_currency_adds_a_price_and_the_one_in_the_old_currency_stays() -> None:
    """It is no longer the source's; a price whose name has a currency is, and is removed with its name."""
    store = synced([ROW | {"prices": {"usd.10+": 8}}])
    source = ListSource([ROW | {"price": 12}], currency="eur")
    result = sync(source, store, currency="eur", accept_settings=True)
    assert (counts(result), result.conflicts) == ({"updated": 1}, 0)
    prices = {price.currency_code: price.amount for price in store.products[OWN].variants[0].prices}
    assert prices == {"usd": 9.99, "eur": 12}
    assert_quiet(source, store, currency="eur")


# --- status -----------------------------------------------------------------------------------------------


def test_a_handle_and_an_unknown_status_are_for_new_products_only() -> None:
    """A status that the store does not have makes a draft, and is listed like a conflict."""
    store, source = FakeMedusa(), ListSource([ROW | {"status": "publish", "handle": "mine"}])
    for dry_run in (True, False):
        result = sync(source, store, dry_run=dry_run)
        assert (counts(result), result.conflicts) == ({"created": 1}, 1)
        line = "status: draft (kept; the store has no such status; source: publish; the store wins)"
        assert line in text(result)
        assert "--on-conflict" not in text(result)
    product = store.products[OWN]
    assert (product.status, product.handle) == ("draft", "mine")
    for status in ("publish", {"name": "live"}, 7):
        changed = ListSource([ROW | {"status": status, "handle": "another"}])
        assert_quiet(changed, store)
    result = sync(ListSource([ROW | {"status": "publish", "price": 1}]), store)
    assert (counts(result), result.conflicts, product.status) == ({"updated": 1}, 0, "draft")


# --- writes that arrive late ----------------------------------------------------------------------------


@pytest.mark.parametrize("on_conflict", ["source", "store"])
@pytest.mark.parametrize("what", ["title", "price", "stock", "tags"])
def test_a_write_that_arrives_after_the_next_run_is_no_edit_of_the_merchant(
    what: str, on_conflict: str
) -> None:
    """Also if the source has gone back to the old value meanwhile."""
    store, source = synced([ROW]), ListSource([ROW])
    late = refuse(store, is_write, httpx.ReadTimeout("slow"))
    sync(ListSource([ROW | CHANGES[what][0]]), store, max_retries=0)
    store.before = None
    assert sync(source, store, on_conflict=on_conflict).exit_code == 0
    for request in late[:2]:
        store.handle(request)
    result = sync(source, store, on_conflict=on_conflict)
    assert (result.exit_code, result.conflicts) == (0, 0)
    held = shown(store)
    assert (held["title"], held["tag_ids"], held["items"]) == (ROW["title"], ROW["tags"], [("KIT-7", [12])])
    assert [each.amount for each in held["variant prices"]] == [ROW["price"]]


def test_a_stock_level_that_arrives_after_a_later_run_stays_until_overwrite() -> None:
    """Its request has no note, and a run whose writes are complete leaves none."""
    store, now = synced([ROW]), ListSource([ROW | {"stock": 5}])
    late = refuse(store, lambda each: "location-levels" in each.url.path, httpx.ReadTimeout("slow"))
    sync(ListSource([ROW | {"stock": 99}]), store, max_retries=0)
    store.before = None
    assert sync(now, store).exit_code == 0
    store.handle(late[0])
    assert (counts(sync(now, store)), store.level_of("KIT-7")) == ({"unchanged": 1}, 99)
    assert counts(sync(now, store, overwrite=True)) == {"updated": 1}
    assert store.level_of("KIT-7") == 5


def test_a_change_is_reported_with_what_was_applied_and_what_the_store_has() -> None:
    """The record has a digest of a long text; the report has the text if the store still has it."""
    before, after = (
        ROW | {"title": letter, "description": letter * 50, "brand": letter, "tags": [letter * 50]}
        for letter in "xy"
    )
    store = synced([before])

    def reported(*names: str) -> list[Any]:
        [outcome] = sync(ListSource([after]), store, dry_run=True).changes
        found = {each.field: (each.stored, each.applied) for each in outcome.changes}
        return [found.get(name) for name in names]

    long = "x" * 50
    assert reported("title", "description", "tags") == [("x", "x"), (long, long), ((long,), (long,))]
    edits = {"title": "y", "description": "z" * 50, "metadata": {"brand": {"name": "Ours"}}}
    store.call("POST", f"/admin/products/{store.products[OWN].id}", edits)
    title, (stored, applied), brand = reported("title", "description", "metadata.brand")
    assert (title, brand) == (None, ('{"name":"Ours"}', "x"))
    assert (stored, applied[:1]) == ("z" * 50, "#")
    assert sync(ListSource([after]), store).conflicts == 2, "both sides changed the title to the same"


def test_what_the_merchant_changed_is_reverted_if_that_is_asked_for() -> None:
    store = synced([ROW])
    before = shown(store)
    edit_everything(store)
    edits = {"title": "Mine", "description": "", "metadata": {"brand": "Mine"}, "tags": []}
    store.call("POST", f"/admin/products/{store.products[OWN].id}", edits)
    assert_quiet(ListSource([ROW]), store)
    result = sync(ListSource([ROW]), store, overwrite=True)
    assert (counts(result), result.conflicts) == ({"updated": 1}, 0)
    after = shown(store)
    for name in ("title", "description", "tag_ids"):
        assert after[name] == before[name]
    assert after["metadata"] == {**before["metadata"], "mine": "yes"}
    assert (after["material"], after["variant material"], after["handle"]) == ("tin", "tin", "mine")
