"""With --adopt, products of the merchant with the old id, an SKU or the handle of ours are taken over."""

from typing import Any

import httpx
import pytest

from tests.flow.merchant import create
from tests.flow.plans import carried_out
from tests.flow.shirts import assert_shirts
from tests.flow.stage import (
    BATCHES,
    SOURCE_NAME,
    ListSource,
    assert_quiet,
    counts,
    sync,
)
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import COLOURS, SIZES, shirt

ROW: dict[str, Any] = {"id": 7, "title": "Jug", "price": 9.99, "stock": 12, "sku": "KIT-7"}
OWN = f"{SOURCE_NAME}:7"
OLD_ID = {"handle": "other", "metadata": {"external_id": "7"}}


MATCHES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "old id": ([], OLD_ID),
    "old id as a number": ([], {"handle": "other", "metadata": {"external_id": 7}}),
    "old external id": ([], {"handle": "other", "metadata": {"external_id": OWN}}),
    "SKU": (["KIT-7"], {"handle": "other"}),
    "handle": ([], {"handle": "jug"}),
    "all of them": (["KIT-7"], {"handle": "jug", "metadata": {"external_id": "7"}}),
}


@pytest.mark.parametrize("by", MATCHES)
def test_a_product_of_the_merchant_is_taken_over_only_if_that_is_asked_for(by: str) -> None:
    store, source = FakeMedusa(), ListSource([ROW])
    skus, fields = MATCHES[by]
    theirs = create(store, "Jug", *skus, **fields)
    assert counts(sync(source, store, dry_run=True)) == {"rejected": 1}
    assert counts(carried_out(source, store, adopt=True)) == {"updated": 1}
    assert {own: product.id for own, product in store.products.items()} == {OWN: theirs}
    assert_quiet(source, store)


PLAIN = {"SKU": (["KIT-7"], "other"), "handle": ([], "jug"), "both": (["KIT-7"], "jug")}


@pytest.mark.parametrize("by", PLAIN)
def test_a_product_with_our_id_as_its_external_id_is_taken_over_only_if_that_is_asked_for(by: str) -> None:
    """Another job has stored it without the name of the source."""
    store, source = FakeMedusa(), ListSource([ROW, ROW | {"id": 8, "title": "Mug", "sku": "KIT-8"}])
    skus, handle = PLAIN[by]
    theirs = create(store, "Jug", *skus, handle=handle, external_id="7")
    assert counts(sync(source, store, dry_run=True))["created"] == 1 + (not skus)
    assert counts(carried_out(source, store, adopt=True)) == {"updated": 1, "created": 1}
    assert store.products[OWN].id == theirs
    assert_quiet(source, store)


@pytest.mark.parametrize("adopt", [False, True])
def test_a_product_with_our_id_as_its_external_id_may_be_another_one(*, adopt: bool) -> None:
    """Numbers of other systems are the same by chance, so the SKU or the handle has to be, too."""
    store, source = FakeMedusa(), ListSource([ROW])
    create(store, "Bowl", "BOWL", handle="bowl", external_id="7")
    create(store, "Jug", handle="jug", external_id="other:7")
    assert counts(carried_out(source, store, adopt=adopt)) == {"created": 1}
    assert_quiet(source, store, adopt=adopt)


def test_candidates_that_differ_or_belong_to_another_product_are_not_taken_over() -> None:
    """One has the old id, another one the SKU; a third has the handle, but the id of another product."""
    store, other = FakeMedusa(), ROW | {"id": 8, "title": "Mug", "sku": "KIT-8"}
    create(store, "Jug", **OLD_ID)
    create(store, "Jug", "KIT-7", handle="another")
    theirs = create(store, "Jug", handle="mug", metadata={"external_id": "9"})
    result = carried_out(ListSource([ROW, other]), store, adopt=True)
    assert counts(result) == {"created": 1, "rejected": 1}
    assert [each.external_id for each in result.problems] == [OWN]
    assert {own: product.id == theirs for own, product in store.products.items()} == {
        f"{SOURCE_NAME}:8": False
    }


def test_a_product_of_the_merchant_is_taken_over_by_one_of_two_that_match_it() -> None:
    store, other = FakeMedusa(), ROW | {"id": 8, "sku": "KIT-8"}
    theirs = create(store, "Jug", "KIT-7")
    source = ListSource([ROW, other])
    assert counts(carried_out(source, store, adopt=True)) == {"created": 1, "updated": 1}
    assert {own: each.id == theirs for own, each in store.products.items()} == {
        OWN: True,
        f"{SOURCE_NAME}:8": False,
    }
    assert_quiet(source, store)


@pytest.mark.parametrize(
    ("skus", "ours"), [(("THEIRS", "KIT-7", "OLDEST"), 1), (("KIT-7", "THEIRS"), 0)], ids=["second", "first"]
)
def test_the_variant_with_our_sku_is_ours_and_a_placement_of_the_merchant_stays(
    skus: tuple[str, ...], ours: int
) -> None:
    """The variants of the merchant are older and older."""
    store, source = FakeMedusa(), ListSource([ROW])
    channel = store.call("POST", "/admin/sales-channels", {"name": "Market"})["sales_channel"]["id"]
    create(store, "Jug", *skus, **({} if ours else {"sales_channels": [{"id": channel}]}))
    by_sku = {str(each.sku): each for each in store.state.variants().values()}
    for age, sku in enumerate(skus):
        by_sku[sku].created_at -= 100_000 * age
    assert counts(sync(source, store, adopt=True)) == {"updated": 1}
    product = store.products[OWN]
    amounts = {each.id: [price.amount for price in each.prices] for each in product.variants}
    assert amounts == {by_sku[sku].id: [9.99] if sku == "KIT-7" else [] for sku in skus}
    assert product.sales_channel_ids == [store.sales_channel_id if ours else channel]
    assert product.shipping_profile_id == store.shipping_profile_id
    assert_quiet(source, store)


def test_variants_without_skus_are_found_by_their_option_values() -> None:
    store, row = FakeMedusa(), shirt(1)
    by_hand = [
        {"title": "Mine", "options": each["options"], "prices": [], "manage_inventory": False}
        for each in reversed(row["variants"])
    ]
    options = [{"title": "Size", "values": [*SIZES]}, {"title": "Colour", "values": [*COLOURS]}]
    body = {"title": row["title"], "options": options, "variants": by_hand}
    store.call("POST", BATCHES, {"create": [body]})
    values = {key: each.options for key, each in store.state.variants().items()}
    assert counts(carried_out(ListSource([row]), store, adopt=True)) == {"updated": 1}
    assert_shirts([row], store)
    assert {key: each.options for key, each in store.state.variants().items()} == values


def test_a_product_that_is_deleted_before_it_is_taken_over_fails_alone() -> None:
    store, other = FakeMedusa(), ROW | {"id": 8, "title": "Mug", "sku": "KIT-8"}
    theirs = create(store, "Jug", "KIT-7")

    def delete(request: httpx.Request) -> None:
        if theirs in str(request.url):
            store.before = None
            store.call("DELETE", f"/admin/products/{theirs}")

    store.before = delete
    result = sync(ListSource([ROW, other]), store, adopt=True)
    assert counts(result) == {"created": 1, "failed": 1}
    assert counts(sync(ListSource([ROW, other]), store, adopt=True)) == {"created": 1, "unchanged": 1}


def test_variants_that_only_their_options_identify_are_adopted_although_the_source_has_one_more() -> None:
    store = FakeMedusa()
    product_id = create(store, "Shirt", "S", "M", variant={"sku": None})
    before = {each.id for each in store.state.products[product_id].variants}
    variants = [{"price": 5, "options": {"Kind": kind, "Colour": "Red"}} for kind in ("S", "M")]
    source = ListSource([{"id": 1, "title": "Shirt", "options": ["Kind", "Colour"], "variants": variants}])
    assert counts(carried_out(source, store, adopt=True)) == {"updated": 1}
    adopted = store.products["dummyjson:1"].variants
    assert {each.id for each in adopted} == before
    assert [(each.prices[0].amount, each.options["Colour"]) for each in adopted] == [(5, "Red")] * 2
    assert_quiet(source, store)
