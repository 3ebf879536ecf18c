"""The calls of the Admin API: how look-ups are split, and what odd responses mean."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from msgspec import UNSET
from pytest_httpx import HTTPXMock

from medusa_sync.core.kinds.channels import SALES_CHANNELS
from medusa_sync.errors import StoreError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.resources import TAGS
from tests.unit.builders import medusa_client

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

URL_LIMIT = 16_000  # Medusa returns 431 above


@pytest.fixture
def api(pool: httpx.AsyncClient) -> AdminApi:
    return AdminApi(medusa_client(pool))


def hold(httpx_mock: HTTPXMock, collection: str, key: str) -> None:
    """Return what each look-up asks for."""

    def respond(request: httpx.Request) -> httpx.Response:
        asked = request.url.params.get_list(f"{key}[]")
        found = [{"id": f"id of {value}", key: value, "metadata": None} for value in asked]
        return httpx.Response(200, json={collection: found, "count": len(found), "limit": 1_000})

    httpx_mock.add_callback(respond, is_reusable=True)


@pytest.mark.parametrize("letter", [*"aê香🍵&-"])
@pytest.mark.parametrize("length", [1, 200])
async def test_look_ups_are_split_so_that_no_url_is_too_long(
    httpx_mock: HTTPXMock, api: AdminApi, letter: str, length: int
) -> None:
    hold(httpx_mock, "product_tags", "value")
    values = [f"{number}{letter * length}" for number in range(20_000 // (length + 10))]
    assert [each.value for each in await api.find(TAGS, "value", values)] == values
    for request in httpx_mock.get_requests():
        assert len(request.url.raw_path) < URL_LIMIT


async def test_a_look_up_of_200_products_is_one_request(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    hold(httpx_mock, "products", "external_id")
    await api.summaries("external_id", [f"dummyjson:{number}" for number in range(10_000, 10_200)])
    assert len(httpx_mock.get_requests()) == 1


async def test_a_look_up_that_fails_leaves_none_behind(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    """The end of a run would report the failure of one that is left with a traceback."""
    ended, tasks = list[str](), asyncio.all_tasks()

    async def respond(request: httpx.Request) -> httpx.Response:
        if "sku[]" in request.url.params:
            raise httpx.ReadError("dropped")
        await asyncio.sleep(0.01)
        ended.append("barcode")
        raise httpx.ReadError("dropped later")

    httpx_mock.add_callback(respond, is_reusable=True)
    with pytest.raises(StoreError, match="product-variants"):
        await api.owners([("sku", "SKU-1"), ("barcode", "B-1")])
    assert ended
    assert asyncio.all_tasks() == tasks


async def test_a_store_that_does_not_know_a_filter_shows_no_owners(
    httpx_mock: HTTPXMock, api: AdminApi
) -> None:
    message = "Invalid request: Unrecognized fields: 'sku'"
    httpx_mock.add_response(status_code=400, json={"type": "invalid_data", "message": message})
    assert await api.owners([("sku", "SKU-1")]) == {}


PAGE: dict[str, Any] = {"products": [], "count": 0, "limit": 2}
CHANNELS: list[Any] = [None, [{}], [7]]
ASK: dict[str, Callable[[AdminApi], Awaitable[object]]] = {
    "first page": lambda api: api.scan(0, 2),
    "defaults": lambda api: api.defaults(),
    "channels": lambda api: api.all_of(SALES_CHANNELS),
}


@pytest.mark.parametrize(
    ("ask", "body", "words"),
    [
        *(("first page", {**PAGE, absent: UNSET}, "not from Medusa") for absent in PAGE),
        ("first page", {**PAGE, "products": [{"id": "prod_1", "metadata": {}}]}, "external_id"),
        ("defaults", {"stores": []}, "store"),
        *(("channels", {"sales_channels": each}, "not from Medusa") for each in (UNSET, *CHANNELS)),
    ],
)
async def test_a_response_of_another_shape_is_an_error(
    httpx_mock: HTTPXMock, api: AdminApi, ask: str, body: dict[str, Any], words: str
) -> None:
    """An empty list of something else would look like an empty store."""
    httpx_mock.add_response(json={name: value for name, value in body.items() if value is not UNSET})
    with pytest.raises(StoreError, match=words):
        await ASK[ask](api)
