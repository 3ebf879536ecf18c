"""Edits of the merchant during a run, and of variants, survive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.stage import BATCHES, ListSource, Signal, assert_exact, counts, run_once, sync, text, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Product, Variant
from tests.unit.builders import desired_product, record_1

SIZE = 4
BATCH = 2
EDITED = "dummyjson:4"  # in the second batch


def in_sync() -> tuple[FakeMedusa, ListSource]:
    store, source = FakeMedusa(), ListSource(products(SIZE))
    assert sync(source, store, batch_size=BATCH).exit_code == 0
    store.requests.clear()
    return store, source


def quiet(store: FakeMedusa, source: ListSource) -> bool:
    """Whether another run has nothing to write and nothing to report."""
    store.requests.clear()
    result = sync(source, store, batch_size=BATCH)
    return (counts(result), result.conflicts, writes(store)) == ({"unchanged": len(source.rows)}, 0, [])


# --- edits during a run ---------------------------------------------------------------------


def path_of(product: Product) -> str:
    return f"/admin/products/{product.id}"


def price_as_sent(product: Product) -> dict[str, Any]:
    [price] = product.variants[0].prices
    return {"id": price.id, "currency_code": price.currency_code, "amount": price.amount}


def set_prices(store: FakeMedusa, product: Product, *prices: dict[str, Any]) -> None:
    store.call("POST", f"{path_of(product)}/variants/{product.variants[0].id}", {"prices": list(prices)})


IsKept = Callable[[Product], bool]
Edit = Callable[[FakeMedusa, Product], IsKept]


def add_euros(store: FakeMedusa, product: Product) -> IsKept:
    set_prices(store, product, price_as_sent(product), {"currency_code": "eur", "amount": 5})
    return lambda held: ("eur", 5) in [(each.currency_code, each.amount) for each in held.variants[0].prices]


def add_variant(store: FakeMedusa, product: Product) -> IsKept:
    option = {"product_option_id": product.options[0].id, "add": [{"value": "Two"}]}
    store.call("POST", f"{path_of(product)}/options/batch", {"update": [option]})
    prices = [{"currency_code": "usd", "amount": 20}]
    body = {"title": "Two", "sku": "THEIRS", "options": {"Default": "Two"}, "prices": prices}
    store.call("POST", f"{path_of(product)}/variants", body)

    def is_kept(held: Product) -> bool:
        theirs = [variant for variant in held.variants if variant.sku == "THEIRS"]
        return [price.amount for variant in theirs for price in variant.prices] == [20]

    return is_kept


def add_image(store: FakeMedusa, product: Product) -> IsKept:
    kept = [{"id": image.id, "url": image.url} for image in product.images]
    store.call("POST", path_of(product), {"images": [*kept, {"url": "https://shop.example/mine.webp"}]})
    return lambda held: held.images[-1].url == "https://shop.example/mine.webp"


def add_tag(store: FakeMedusa, product: Product) -> IsKept:
    tag_id = store.call("POST", "/admin/product-tags", {"value": "mine"})["product_tag"]["id"]
    tags = [{"id": each} for each in (*product.tag_ids, tag_id)]
    store.call("POST", path_of(product), {"tags": tags})
    return lambda held: tag_id in held.tag_ids


def change_title(store: FakeMedusa, product: Product) -> IsKept:
    store.call("POST", path_of(product), {"title": "Mine"})
    return lambda held: held.title == "Mine"


def change_our_price(store: FakeMedusa, product: Product) -> IsKept:
    set_prices(store, product, {**price_as_sent(product), "amount": 7_777})
    return lambda held: held.variants[0].prices[0].amount == 7_777


def add_metadata(store: FakeMedusa, product: Product) -> IsKept:
    store.call("POST", path_of(product), {"metadata": {"mine": "yes"}})
    return lambda held: (held.metadata or {}).get("mine") == "yes"


EDITS: dict[str, Edit] = {
    "price in euros": add_euros,
    "variant": add_variant,
    "image": add_image,
    "tag": add_tag,
    "title": change_title,
    "metadata": add_metadata,
}


IsDue = Callable[[FakeMedusa, httpx.Request], bool]


def edit_at(store: FakeMedusa, edit: Edit, is_due: IsDue) -> list[IsKept]:
    """Edit a product when the first such request arrives; returns a list that gets the check of the edit."""
    made: list[IsKept] = []

    def before(request: httpx.Request) -> None:
        if is_due(store, request):
            store.before = None
            made.append(edit(store, store.products[EDITED]))

    store.before = before
    return made


def at_the_first_write(_store: FakeMedusa, request: httpx.Request) -> bool:
    return request.method == "POST"


def after_the_first_write(store: FakeMedusa, request: httpx.Request) -> bool:
    return request.method == "GET" and any(each.method == "POST" for each in store.requests)


def at_the_acknowledgement(_store: FakeMedusa, request: httpx.Request) -> bool:
    """A batch that writes only records."""
    bodies = json.loads(request.content).get("update", []) if request.url.path == BATCHES else []
    return bool(bodies) and all(body.keys() == {"id", "metadata"} for body in bodies)


def new_prices(source: ListSource) -> None:
    source.rows = [{**row, "price": row["price"] + 1} for row in source.rows]


def new_tags(source: ListSource) -> None:
    source.rows[3] = {**source.rows[3], "tags": ["brand new"]}


def new_skus(source: ListSource) -> None:
    """Swap the SKUs of the last two products, so that they must be freed first."""
    one, two = source.rows[2:]
    source.rows[2:] = [{**one, "sku": two["sku"]}, {**two, "sku": one["sku"]}]


def new_products(source: ListSource) -> None:
    new_prices(source)
    source.rows = [*products(SIZE + 1)[SIZE:], *source.rows]


MOMENTS: dict[str, tuple[Callable[[ListSource], None], IsDue]] = {
    "the batch before is written": (new_prices, at_the_first_write),
    "its new tag is created": (new_tags, at_the_first_write),
    "its SKU was freed": (new_skus, after_the_first_write),
    "another product is created": (new_products, at_the_first_write),
    "its record is acknowledged": (new_prices, at_the_acknowledgement),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("what", EDITS)
def test_an_edit_during_a_run_is_kept(what: str, moment: str) -> None:
    store, source = in_sync()
    change, is_due = MOMENTS[moment]
    change(source)
    made = edit_at(store, EDITS[what], is_due)

    result = sync(source, store, batch_size=BATCH, concurrency=1)

    [is_kept] = made
    assert (result.exit_code, result.conflicts) == (0, 0)
    held = store.products[EDITED]
    assert is_kept(held)
    [ours] = [variant for variant in held.variants if variant.sku == source.rows[-1]["sku"]]
    assert source.rows[-1]["price"] in [price.amount for price in ours.prices]
    assert quiet(store, source)
    assert is_kept(store.products[EDITED])


@pytest.mark.parametrize("on_conflict", ["source", "store"])
@pytest.mark.parametrize("field", ["price", "title"])
def test_an_edit_during_a_run_conflicts_with_a_source_change_of_the_same_field(
    field: str, on_conflict: str
) -> None:
    store, source = in_sync()
    source.rows = [{**row, "price": row["price"] + 1, "title": f"New {row['id']}"} for row in source.rows]
    edit_at(store, change_our_price if field == "price" else change_title, at_the_first_write)

    result = sync(source, store, batch_size=BATCH, concurrency=1, on_conflict=on_conflict)

    theirs, ours = (7_777 if field == "price" else "Mine"), source.rows[3][field]
    assert conflicts(result) == [(field, theirs, ours, on_conflict)]
    edited = store.products[EDITED]
    held = {"price": edited.variants[0].prices[0].amount, "title": edited.title}
    assert held[field] == (ours if on_conflict == "source" else theirs)
    assert quiet(store, source)


@pytest.mark.parametrize(
    "kept",
    [{"title"}, {"price"}, {"title", "price"}, set()],
    ids=lambda kept: "-".join(sorted(kept)) or "none",
)
def test_each_field_of_a_product_has_its_own_winner_and_each_conflict_is_reported_once(
    kept: set[str],
) -> None:
    store, source = in_sync()
    product = store.products[EDITED]
    change_title(store, product)
    change_our_price(store, product)
    assert quiet(store, source)
    source.rows[3] |= {"title": "New", "price": 5}
    sides = ",".join(["source", *(f"{name}=store" for name in sorted(kept))])

    result = sync(source, store, on_conflict=sides)

    found = {each.field: each.kept for change in result.changes for each in change.conflicts}
    assert found == {name: "store" if name in kept else "source" for name in ("title", "price")}
    held = store.products[EDITED]
    assert held.title == ("Mine" if "title" in kept else "New")
    assert held.variants[0].prices[0].amount == (7_777 if "price" in kept else 5)
    assert quiet(store, source)


@pytest.mark.parametrize("ends_at", [1, 2, 3, 4, 5, 6, 7, 8])
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

    store.requests.clear()
    store.after = lose
    first = asyncio.run(run_once(source, store, stop=stop))
    store.after = None
    assert first.seen == sum(first.counts.values())
    second = sync(source, store)
    assert store.products[EDITED].title == "New"
    reported = [*conflicts(first), *conflicts(second)]
    assert ("title", "Mine", "New", "source") in reported
    assert first.conflicts + second.conflicts == len(reported)


def test_a_conflict_of_a_product_that_fails_after_its_row_was_written_is_reported() -> None:
    store, source = in_sync()
    change_title(store, store.products[EDITED])
    source.rows[3] |= {"title": "New", "stock": 77}

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if "location-levels" not in request.url.path:
            return None
        return httpx.Response(400, json={"type": "invalid_data", "message": "No"})

    store.before = refuse
    result = sync(source, store)
    assert (result.exit_code, result.conflicts, store.products[EDITED].title) == (5, 1, "New")
    assert "title: Mine (may be overwritten; changed on both sides; source: New" in text(result)


# --- our variant ----------------------------------------------------------------------------------------


def delete_variant(store: FakeMedusa, product: Product, variant: Variant) -> None:
    kept = [{"id": other.id} for other in product.variants if other.id != variant.id]
    store.call("POST", BATCHES, {"update": [{"id": product.id, "variants": kept}]})


def as_first_version(store: FakeMedusa, source: ListSource) -> None:
    """Replace the records with those of the first version of this tool."""
    for row in source.rows:
        product = store.products[f"dummyjson:{row['id']}"]
        assert product.metadata is not None
        product.metadata["medusa_sync"] = record_1(desired_product(row["id"], **row))


def variants_of(store: FakeMedusa) -> list[Variant]:
    return store.products[EDITED].variants


def conflicts(result: RunResult) -> list[tuple[str, Any, Any, str]]:
    """Field, value of the store, value of the source, and the winner."""
    return [
        (each.field, each.stored, each.desired, each.kept)
        for change in result.changes
        for each in change.conflicts
    ]


@pytest.mark.parametrize("first_version", [False, True])
@pytest.mark.parametrize("on_conflict", ["source", "store"])
def test_a_variant_of_the_merchant_is_unchanged_if_ours_is_deleted(
    on_conflict: str,
    first_version: bool,  # noqa: FBT001 - a parameter
) -> None:
    store, source = in_sync()
    if first_version:
        as_first_version(store, source)
    add_variant(store, store.products[EDITED])
    theirs = store.products[EDITED].variants[1]
    theirs.created_at += 60_001
    delete_variant(store, store.products[EDITED], variants_of(store)[0])
    assert quiet(store, source), "wrote although the source did not change"

    for number in (1, 2):
        changed = {"title": f"Title {number}", "price": number, "sku": f"NEW-{number}", "stock": number}
        source.rows[3] = {**source.rows[3], **changed}
        result = sync(source, store, batch_size=BATCH, on_conflict=on_conflict)

        assert result.exit_code == 0
        assert [(field, kept) for field, _, _, kept in conflicts(result)] == [("variant", "store")]
        assert store.products[EDITED].title == f"Title {number}"
        assert variants_of(store) == [theirs]
        assert quiet(store, source), "reported the same conflict twice"


def test_our_variant_is_identified_by_its_id_even_if_the_merchant_swapped_skus() -> None:
    store, source = in_sync()
    add_variant(store, store.products[EDITED])
    ours, theirs = variants_of(store)
    ours.sku, theirs.sku = "THEIRS", ours.sku
    source.rows[3]["price"] = 3
    result = sync(source, store, batch_size=BATCH)
    assert (result.exit_code, result.conflicts) == (0, 0)
    assert {each.id: each.prices[0].amount for each in variants_of(store)} == {ours.id: 3, theirs.id: 20}


def test_a_renamed_variant_of_the_first_version_is_identified_by_its_age() -> None:
    store, source = in_sync()
    as_first_version(store, source)
    add_variant(store, store.products[EDITED])
    ours, theirs = variants_of(store)
    ours.sku = ours.barcode = "RENAMED"
    theirs.created_at += 60_001
    source.rows[3]["price"] = 3
    result = sync(source, store, batch_size=BATCH)
    assert (result.exit_code, result.conflicts) == (0, 0)
    assert [(each.sku, each.prices[0].amount) for each in variants_of(store)] == [
        ("RENAMED", 3),
        (theirs.sku, 20),
    ]


def test_nothing_is_written_to_a_store_that_the_first_version_synced() -> None:
    store, source = in_sync()
    as_first_version(store, source)
    assert quiet(store, source)
    source.rows[0]["price"] = 3
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)
