"""A field that both sides changed is a conflict: one side wins, and the run says so once."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.flow.edits import (
    EDITED,
    PAIRS,
    add_variant,
    at_the_first_write,
    change_our_price,
    change_title,
    conflicts,
    edit_after_rows,
    edit_at,
    in_sync,
    path_of,
    price_edit,
)
from tests.flow.shirts import held, shirt
from tests.flow.stage import (
    ListSource,
    Signal,
    assert_quiet,
    run_once,
    sent_in_bulk,
    sync,
    synced,
    text,
)
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Variant


@pytest.mark.parametrize("on_conflict", ["source", "store"])
@pytest.mark.parametrize("field", ["price", "title"])
def test_an_edit_during_a_run_conflicts_with_a_source_change_of_the_same_field(
    field: str, on_conflict: str
) -> None:
    store, source = in_sync()
    source.rows = [{**row, "price": row["price"] + 1, "title": f"New {row['id']}"} for row in source.rows]
    edit_at(store, change_our_price if field == "price" else change_title, at_the_first_write)
    result = sync(source, store, **PAIRS, on_conflict=on_conflict)
    theirs, ours = (7_777 if field == "price" else "Mine"), source.rows[3][field]
    assert conflicts(result) == [(field, theirs, ours, on_conflict)]
    edited = store.products[EDITED]
    found = {"price": edited.variants[0].prices[0].amount, "title": edited.title}
    assert found[field] == (ours if on_conflict == "source" else theirs)
    assert_quiet(source, store)


@pytest.mark.parametrize(
    ("options", "left", "fields"),
    [
        ({}, 30, {"title", "price"}),
        ({"on_conflict": "store"}, 25, {"title"}),
        ({"max_price_change": "50%"}, 500, {"title"}),
    ],
    ids=["the source wins", "the store wins", "held back"],
)
def test_the_report_says_what_a_price_became_that_was_edited_while_it_was_written(
    options: dict[str, str], left: int, fields: set[str]
) -> None:
    store, row = synced([shirt()]), shirt(title="Other")
    row["variants"][0]["price"] = 30
    theirs = 500 if "max_price_change" in options else 25
    edit_after_rows(store, lambda: price_edit(store, 1, 0, {"currency_code": "usd", "amount": theirs}))
    result = sync(ListSource([row]), store, **options)
    assert held(store)["SH1-S-R"]["price"] == {"usd": left}
    [outcome] = result.changes
    assert {change.field for change in outcome.changes} == fields
    assert result.conflicts == ("max_price_change" not in options)


@pytest.mark.parametrize("kept", [{"title"}, {"price"}, {"title", "price"}, set()], ids=sorted)
def test_each_field_of_a_product_has_its_own_winner_and_each_conflict_is_reported_once(
    kept: set[str],
) -> None:
    store, source = in_sync()
    change_title(store, store.products[EDITED])
    change_our_price(store, store.products[EDITED])
    assert_quiet(source, store)
    source.rows[3] |= {"title": "New", "price": 5}
    sides = ",".join(["source", *(f"{name}=store" for name in kept)])
    result = sync(source, store, on_conflict=sides)
    assert sorted((field, side) for field, _, _, side in conflicts(result)) == [
        (name, "store" if name in kept else "source") for name in ("price", "title")
    ]
    found = store.products[EDITED]
    assert found.title == ("Mine" if "title" in kept else "New")
    assert found.variants[0].prices[0].amount == (7_777 if "price" in kept else 5)
    assert_quiet(source, store)


@pytest.mark.parametrize("ends_at", range(1, 9))
def test_a_conflict_that_the_source_won_is_reported_even_if_no_response_to_the_write_arrives(
    ends_at: int,
) -> None:
    store, source = in_sync()
    change_title(store, store.products[EDITED])
    source.rows[3]["title"] = "New"
    stop = Signal()

    def lose(_request: httpx.Request, _response: httpx.Response) -> None:
        if len(store.requests) >= ends_at:
            stop.run_out()
            raise httpx.ReadTimeout("slow")

    store.after = lose
    first = asyncio.run(run_once(source, store, stop=stop))
    store.after = None
    assert first.seen == sum(first.counts.values())
    second = sync(source, store)
    assert store.products[EDITED].title == "New"
    reported = [*conflicts(first), *conflicts(second)]
    assert ("title", "Mine", "New", "source") in reported
    assert first.conflicts + second.conflicts == len(reported)


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_conflict_of_a_product_that_fails_after_it_was_written_is_reported(*, is_lost: bool) -> None:
    """Its stock is refused, or the store goes down after a write whose response is lost."""
    store, source = in_sync()
    change_title(store, store.products[EDITED])
    source.rows[3] |= {"title": "New", "stock": 77, "price": 1}

    def down(_request: httpx.Request) -> None:
        raise httpx.ReadError("down")

    def hurt(request: httpx.Request) -> httpx.Response | None:
        if is_lost and sent_in_bulk(request, "update-product-variants"):
            store.before = None
            store.handle(request)
            store.before = down
            raise httpx.ReadError("lost")
        if is_lost or "location-levels" not in request.url.path:
            return None
        return httpx.Response(400, json={"type": "invalid_data", "message": "No"})

    store.before = hurt
    result = sync(source, store)
    assert (result.conflicts, store.products[EDITED].title) == (1, "New")
    if not is_lost:
        assert result.exit_code == 5
        assert "title: Mine (may be overwritten; changed on both sides; source: New" in text(result)


# --- our variant ----------------------------------------------------------------------------------------


def variants_of(store: FakeMedusa) -> list[Variant]:
    return store.products[EDITED].variants


@pytest.mark.parametrize("on_conflict", ["source", "store"])
def test_a_variant_of_the_merchant_is_unchanged_if_ours_is_deleted(on_conflict: str) -> None:
    store, source = in_sync()
    add_variant(store, store.products[EDITED])
    ours, theirs = variants_of(store)
    store.call("POST", f"{path_of(store.products[EDITED])}/variants/batch", {"delete": [ours.id]})
    assert_quiet(source, store)
    for number in (1, 2):
        changed = {"title": f"Title {number}", "price": number, "sku": f"NEW-{number}", "stock": number}
        source.rows[3] = {**source.rows[3], **changed}
        result = sync(source, store, on_conflict=on_conflict)
        assert result.exit_code == 0
        assert [(field, side) for field, _, _, side in conflicts(result)] == [("variant", "store")]
        assert (store.products[EDITED].title, variants_of(store)) == (f"Title {number}", [theirs])
        assert_quiet(source, store)


def test_our_variant_is_identified_by_its_id_even_if_the_merchant_swapped_skus() -> None:
    store, source = in_sync()
    add_variant(store, store.products[EDITED])
    ours, theirs = variants_of(store)
    ours.sku, theirs.sku = "THEIRS", ours.sku
    source.rows[3]["price"] = 3
    result = sync(source, store)
    assert (result.exit_code, result.conflicts) == (0, 0)
    assert {each.id: each.prices[0].amount for each in variants_of(store)} == {ours.id: 3, theirs.id: 20}
