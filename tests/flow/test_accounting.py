"""Every product leaves a run with an outcome, and with a reason if it is not done."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from medusa_sync import Result, RunResult
from tests.flow.shirts import held, shirt, variant, wanted
from tests.flow.stage import ListSource, counts, is_creation, sent_in_bulk, sync
from tests.harness.fake_medusa import FakeMedusa

REFUSED = httpx.Response(400, json={"type": "invalid_data", "message": "No."})


def with_another_variant(number: int) -> dict[str, Any]:
    row = shirt(number)
    return row | {"variants": [*row["variants"], variant(number, "XL", "Red", sku=f"SH{number}-XL-R")]}


def adds_variants_to(store: FakeMedusa, number: int, request: httpx.Request) -> bool:
    product_id = store.products[f"dummyjson:{number}"].id
    added = sent_in_bulk(request, "create-product-variants")
    is_ordinary = request.url.path == f"/admin/products/{product_id}/variants/batch"
    return any(each["product_id"] == product_id for each in added) or (
        is_ordinary and b'"create"' in request.content
    )


def assert_accounted(result: RunResult) -> None:
    assert all(each.reason for each in result.problems), list(result.problems)
    assert not [each for each in result.problems if each.result is Result.UNCONFIRMED]


@pytest.mark.parametrize("answer", [REFUSED, httpx.Response(500)], ids=["refused", "unknown"])
def test_a_product_whose_variants_are_refused_has_a_reason_whatever_happens_to_its_neighbours(
    answer: httpx.Response,
) -> None:
    store = FakeMedusa()
    sync(ListSource([shirt(1), shirt(2)]), store)

    def before(request: httpx.Request) -> httpx.Response | None:
        if adds_variants_to(store, 1, request):
            return REFUSED
        return answer if is_creation(request) else None

    store.before = before
    result = sync(ListSource([with_another_variant(1), with_another_variant(2), shirt(3)]), store)
    assert (result.exit_code, counts(result)) == (5, {"updated": 1, "failed": 2})
    assert_accounted(result)
    assert held(store, 2) == wanted(with_another_variant(2))


def test_a_product_whose_variants_are_refused_once_is_written_although_its_batch_starts_again() -> None:
    """The batch starts again because an adopted product needs a new category."""
    store = FakeMedusa()
    sync(ListSource([shirt(1), shirt(2), shirt(3)]), store)
    store.products["dummyjson:3"].external_id = None
    for product in store.state.products.values():
        if product.external_id is None:
            product.metadata = None
    refused: list[httpx.Request] = []

    def before(request: httpx.Request) -> httpx.Response | None:
        if adds_variants_to(store, 1, request) and len(refused) < 3:  # together, half of them, alone
            refused.append(request)
            return REFUSED
        return None

    store.before = before
    rows = [with_another_variant(1), with_another_variant(2), shirt(3, category="brand-new")]
    result = sync(ListSource(rows), store, adopt=True)
    assert refused
    assert (result.exit_code, counts(result)) == (0, {"updated": 3})
    assert held(store, 1) == wanted(with_another_variant(1))
