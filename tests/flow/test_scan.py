"""A quiet run proves that products are up to date; what it cannot prove, it reads and compares."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flow.faults import strike
from tests.flow.merchant import create
from tests.flow.stage import SOURCE_NAME, ListSource, assert_exact, counts, sync, synced, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Currency

ALL = "100%"
Row = dict[str, Any]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
WORDS = st.text("abcäß 0-.", max_size=8)
AMOUNTS = st.sampled_from([0, 1, 10.0, 0.1, 9.99, 1e-7, 123456.789, 10**9])
CODES = st.none() | st.sampled_from(["A", "B", "C", "007"])
PRICES = st.dictionaries(st.sampled_from(["eur", "GBP", "jpy"]), AMOUNTS)
METADATA = st.dictionaries(WORDS, TEXTS | st.booleans() | AMOUNTS | st.just(""), max_size=3)
VARIANT_ROWS = st.fixed_dictionaries(
    {"price": AMOUNTS},
    optional={
        "stock": st.none() | st.integers(0, 99),
        "weight": AMOUNTS,
        "prices": PRICES,
        "title": TEXTS,
        "metadata": METADATA,
    },
)
PRODUCT_ROWS: st.SearchStrategy[Row] = st.fixed_dictionaries(
    {"title": TEXTS.filter(str.strip), "price": AMOUNTS},
    optional={
        "description": TEXTS | st.none(),
        "subtitle": WORDS,
        "brand": WORDS,
        "rating": AMOUNTS,
        "weight": AMOUNTS,
        "stock": st.none() | st.integers(0, 99),
        "tags": st.lists(WORDS, max_size=3),
        "categories": st.lists(st.lists(st.sampled_from("xyz"), min_size=1, max_size=3), max_size=2),
        "type": WORDS,
        "collection": WORDS,
        "images": st.lists(st.sampled_from(["https://a.example/1", "https://a.example/2?x=%20"])),
        "metadata": METADATA,
        "handle": WORDS,
    },
)


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Any two products; each has its own values of what must be unique."""
    found = draw(st.lists(PRODUCT_ROWS, min_size=2, max_size=2))
    for number, row in enumerate(found):
        row["id"] = number
        if row.get("handle"):
            row["handle"] = f"{row['handle']}{number}"
        sizes = draw(st.lists(st.sampled_from(["S", "M", "y" * 50]), unique=True))
        if sizes:
            row["options"] = ["Size"]
            row["variants"] = [draw(VARIANT_ROWS) | {"options": {"Size": size}} for size in sizes]
        own: list[Row] = row.get("variants", [row])
        for place, each in enumerate(own):
            if code := draw(CODES):
                each["sku"] = f"{number}-{place}-{code}"
    return found


@given(st.lists(rows(), min_size=1, max_size=2))
def test_any_product_that_was_written_is_up_to_date(catalogues: list[list[Row]]) -> None:
    """The store sorts keys, cuts texts and returns 10.0 as 10. The second catalogue changes the first one."""
    store = FakeMedusa()
    for code in ("gbp", "jpy"):
        store.state.store.supported_currencies.append(Currency(f"stocur_{code}", code))
    for catalogue in catalogues:
        source = ListSource(catalogue)
        result = sync(source, store, on_missing="delete", max_removals=ALL)
        assert "failed" not in counts(result), list(result.problems)
        store.requests.clear()
        again = sync(source, store, on_missing="delete", max_removals=ALL)
        assert counts(again).keys() <= {"unchanged", "rejected"}
        assert writes(store) == []
        if not result.problems:
            [page] = store.requests
            assert dict(page.query)["fields"] == "id,external_id,metadata,status"


@pytest.mark.parametrize("source_id", ["a:b,c", "007", "-2", str(10**30), "Größe 5", "null", "0"])
def test_any_text_can_be_an_id(source_id: str) -> None:
    store, source = FakeMedusa(), ListSource([products(1)[0] | {"id": source_id}])
    assert counts(sync(source, store)) == {"created": 1}
    assert list(store.products) == [f"{SOURCE_NAME}:{source_id}"]
    store.requests.clear()
    options: dict[str, Any] = {"on_missing": "delete", "max_removals": ALL}
    assert counts(sync(source, store, **options)) == {"unchanged": 1}
    assert writes(store) == []


@pytest.mark.parametrize("external_id", ["other:1", f"{SOURCE_NAME}:", "1", None])
def test_products_of_other_sources_and_of_the_merchant_are_ignored(external_id: str | None) -> None:
    store, source = FakeMedusa(), ListSource(products(2))
    stranger = create(store, "Mine", external_id=external_id)
    assert sync(source, store).exit_code == 0
    rules: dict[str, Any] = {"on_missing": "delete", "max_removals": ALL}
    store.requests.clear()
    assert counts(sync(source, store, **rules)) == {"unchanged": 2}
    assert writes(store) == []
    assert stranger in store.state.products


def limited(store: FakeMedusa) -> None:
    """Fail instead of running for ever."""

    def count(_request: httpx.Request) -> None:
        assert len(store.requests) < 300, "it does not end"

    store.requests.clear()
    store.before = count


def test_a_product_whose_external_id_the_merchant_gave_to_another_one_is_created_again() -> None:
    """The merchant gives product 2 the external id of product 1, so that 1 is there twice and 2 is not."""
    store, source = FakeMedusa(), ListSource(products(2))
    assert sync(source, store).exit_code == 0
    store.products[f"{SOURCE_NAME}:2"].external_id = f"{SOURCE_NAME}:1"
    limited(store)
    result = sync(source, store)
    assert (result.exit_code, counts(result)) == (5, {"created": 1, "failed": 1})
    [problem] = result.problems
    assert problem.external_id == f"{SOURCE_NAME}:1"
    twice = [own for own, each in store.state.products.items() if each.external_id == f"{SOURCE_NAME}:1"]
    assert len(twice) == sum(own in problem.reason for own in twice) == 2


@pytest.mark.parametrize("external_id", ["other:1", "1"])
def test_a_product_whose_external_id_the_merchant_changed_is_created_again(external_id: str) -> None:
    """The merchant took it over, with other unique values."""
    store, source = FakeMedusa(), ListSource(products(2))
    assert sync(source, store).exit_code == 0
    taken = store.products[f"{SOURCE_NAME}:1"]
    taken.external_id, taken.variants[0].sku, taken.variants[0].barcode = external_id, None, None
    for item_id in taken.variants[0].item_ids:
        store.state.items[item_id].sku = None
    limited(store)
    assert counts(sync(source, store)) == {"created": 1, "unchanged": 1}


def in_pages(store: FakeMedusa, size: int, count: int | None) -> None:
    """The store limits the size of pages, and its count may be an estimate."""

    def answer(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        is_list = request.method == "GET" and request.url.path == "/admin/products"
        if not is_list or not response.is_success or "external_id[]" in request.url.params:
            return None
        document = json.loads(response.content)
        limit = min(document["limit"], size)
        document |= {"products": document["products"][:limit], "limit": limit}
        if count is not None:
            document |= {"count": count, "estimate_count": count}
        return httpx.Response(200, json=document)

    store.after = answer


@pytest.mark.parametrize("size", [7, 20, 2000])
def test_every_page_is_read_whatever_the_count_says(size: int) -> None:
    store, source = synced(products(60)), ListSource(products(60))
    for count in (None, 0, 50, 60, 400):
        in_pages(store, size, count)
        store.requests.clear()
        assert counts(sync(source, store, on_missing="delete", max_removals=ALL)) == {"unchanged": 60}
        assert writes(store) == []
        assert len(store.requests) <= max(60, count or 0) / size + 6, count


def test_products_that_move_to_a_page_that_was_read_are_not_created_again() -> None:
    """Another run deletes a product while this one reads."""
    store, source = FakeMedusa(), ListSource(products(8))
    assert sync(source, store).exit_code == 0
    in_pages(store, 3, None)

    def delete_first() -> None:
        first = min(store.products.values(), key=lambda product: product.id)
        store.call("DELETE", f"/admin/products/{first.id}")

    strike(store, "before", lambda each: each.url.params.get("offset") == "3", delete_first)
    result = sync(source, store)
    assert result.exit_code == 0
    store.after = None
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)
    assert len(store.state.products) == 8
