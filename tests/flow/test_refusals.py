"""What a product costs that the store refuses together with its neighbours."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.flow.stage import ListSource, counts, sync
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

ANSWERS: dict[int, dict[str, Any]] = {
    400: {"type": "invalid_data", "message": "not acceptable"},
    500: {"type": "unknown_error", "message": "An unknown error occurred."},
}
MOST = {400: 14, 500: 20}  # requests more; a 500 is tried once more


def requests(status: int, culprit: int | None, *, is_stored: bool) -> int:
    """Count the requests of a run that writes 15 products, one of which the store refuses."""
    store, source = FakeMedusa(), ListSource(products(15))
    if is_stored:
        sync(source, store)
        for row in source.rows:
            row["title"] += " (new)"
    if culprit is not None:
        title = json.dumps(source.rows[culprit]["title"]).encode()

        def refuse(request: httpx.Request) -> httpx.Response | None:
            is_sent = request.method == "POST" and "product" in request.url.path and title in request.content
            return httpx.Response(status, json=ANSWERS[status]) if is_sent else None

        store.before = refuse
    before = len(store.requests)
    result = sync(source, store)
    written = "updated" if is_stored else "created"
    refused = 0 if culprit is None else 1
    assert counts(result) == {written: 15 - refused} | ({"failed": 1} if refused else {})
    return len(store.requests) - before


@pytest.mark.parametrize("is_stored", [False, True])
@pytest.mark.parametrize("status", ANSWERS)
def test_one_refused_product_of_15_costs_few_requests(status: int, *, is_stored: bool) -> None:
    least = requests(status, None, is_stored=is_stored)
    more = [requests(status, culprit, is_stored=is_stored) - least for culprit in range(15)]
    assert max(more) <= MOST[status], more
