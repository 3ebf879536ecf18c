"""Stock levels find the inventory item that is theirs."""

from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.errors import StoreError
from medusa_sync.http import HttpClient
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.client import ApiKey, MedusaClient
from medusa_sync.models import StoredInventoryItem, StoredProduct, StoredVariant
from medusa_sync.stop import Stop
from medusa_sync.sync.stock import LateLevel, item_id_of, stocked_variant

URL = "http://store.test"
OURS = StoredVariant("variant_ours", sku="SKU-1")
THEIRS = StoredVariant("variant_theirs", inventory_items=(StoredInventoryItem("iitem_theirs"),))


def test_a_level_never_goes_to_a_variant_of_the_merchant_that_comes_first() -> None:
    written = StoredProduct("prod_1", variants=(THEIRS, OURS))
    variant = stocked_variant(LateLevel("dummyjson:1", "sloc_1", 5, None, OURS.id), written)
    assert variant is OURS
    assert item_id_of(variant) is None


def test_a_new_product_has_a_single_variant() -> None:
    assert (
        stocked_variant(LateLevel("dummyjson:1", "sloc_1", 5), StoredProduct("prod_1", variants=(OURS,)))
        is OURS
    )


async def give_item(httpx_mock: HTTPXMock, found: list[dict[str, Any]]) -> tuple[str, list[str]]:
    httpx_mock.add_response(method="GET", json={"inventory_items": found})
    httpx_mock.add_response(
        method="POST",
        url=f"{URL}/admin/inventory-items?fields=id",
        json={"inventory_item": {"id": "iitem_new"}},
        is_optional=True,
    )
    httpx_mock.add_response(
        method="POST",
        url=f"{URL}/admin/products/prod_1/variants/variant_ours/inventory-items?fields=id",
        json={"variant": {"id": OURS.id}},
    )
    async with httpx.AsyncClient(base_url=URL) as client:
        http = HttpClient(
            client,
            max_retries=0,
            unavailable=StoreError,
            on_request=lambda _method, _url: None,
            on_retry=lambda: None,
            stop=Stop(),
        )
        item_id = await AdminApi(MedusaClient(http, ApiKey("sk_1"))).give_inventory_item("prod_1", OURS)
    sent = [request for request in httpx_mock.get_requests() if request.method == "POST"]
    assert sent[-1].read() == b'{"inventory_item_id":"%s","required_quantity":1}' % item_id.encode()
    return item_id, [request.url.path for request in sent[:-1]]


@pytest.mark.anyio
async def test_an_older_store_is_given_the_item_that_it_does_not_make(httpx_mock: HTTPXMock) -> None:
    assert await give_item(httpx_mock, []) == ("iitem_new", ["/admin/inventory-items"])


@pytest.mark.anyio
async def test_an_item_that_an_interrupted_run_has_left_is_taken(httpx_mock: HTTPXMock) -> None:
    assert await give_item(httpx_mock, [{"id": "iitem_left"}]) == ("iitem_left", [])
