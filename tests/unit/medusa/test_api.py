"""The calls of the Admin API: how look-ups are split, and what odd responses mean."""

from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.core.record import ONLY, RECORD_KEY, Record, VariantRecord, applied
from medusa_sync.core.stored import StoredSummary, Unreadable
from medusa_sync.errors import StoreError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.decode import summary
from medusa_sync.medusa.operations import CREATE_TAGS
from tests.unit.builders import as_json, desired_product, medusa_client

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


SCRIPTS = {
    "latin": "a",
    "accents": "ê",
    "cyrillic": "ж",
    "chinese": "香",
    "emoji": "🍵",
    "reserved": "&",
    "harmless": "-",
}


@pytest.mark.parametrize("letter", SCRIPTS.values(), ids=SCRIPTS)
@pytest.mark.parametrize("length", [1, 20, 200])
async def test_look_ups_are_split_so_that_no_url_is_too_long(
    httpx_mock: HTTPXMock, api: AdminApi, letter: str, length: int
) -> None:
    hold(httpx_mock, "product_tags", "value")
    values = [f"{number}{letter * length}" for number in range(20_000 // (length + 10))]
    assert list(await api.bulk.existing(CREATE_TAGS, values)) == values
    for request in httpx_mock.get_requests():
        assert len(request.url.raw_path) < URL_LIMIT


async def test_a_look_up_of_200_products_is_one_request(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    hold(httpx_mock, "products", "external_id")
    await api.summaries("external_id", [f"dummyjson:{number}" for number in range(10_000, 10_200)])
    assert len(httpx_mock.get_requests()) == 1


@pytest.mark.parametrize("limit", [2, 2000])
@pytest.mark.parametrize("size", [0, 1, 2])
@pytest.mark.parametrize("count", [0, 2, 100])
async def test_a_page_that_is_not_full_is_the_last_one(
    httpx_mock: HTTPXMock, api: AdminApi, size: int, limit: int, count: int
) -> None:
    """The count may be an estimate, and the store may limit the size of pages."""
    products: list[Any] = [
        {"id": f"prod_{number}", "external_id": None, "metadata": {}} for number in range(size)
    ]
    httpx_mock.add_response(json={"products": products, "count": count, "limit": limit})
    page = await api.scan(offset=4, limit=2000)
    assert [product.id for product in page.entries] == [f"prod_{number}" for number in range(size)]
    assert (page.count, page.is_last) == (count, size < limit)
    [request] = httpx_mock.get_requests()
    assert (request.url.params["offset"], request.url.params["limit"]) == ("4", "2000")


async def test_a_scan_fails_if_the_external_id_is_absent(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    httpx_mock.add_response(json={"products": [{"id": "prod_1", "metadata": {}}], "count": 1, "limit": 2})
    with pytest.raises(StoreError, match="external_id"):
        await api.scan(0, 2)


@pytest.mark.parametrize("absent", ["products", "count", "limit"])
async def test_a_response_that_is_not_a_page_of_medusa_is_an_error(
    httpx_mock: HTTPXMock, api: AdminApi, absent: str
) -> None:
    """An empty list of something else would look like an empty store."""
    page = {"products": [], "count": 0, "limit": 2}
    del page[absent]
    httpx_mock.add_response(json=page)
    with pytest.raises(StoreError, match="not from Medusa"):
        await api.scan(0, 2)


TITLED = Record(fields={"title": "Jug"}, currency="usd", variants={ONLY: VariantRecord()})
WITHOUT_RECORD: list[Any] = [None, [], "text", {}, {RECORD_KEY: None}, {RECORD_KEY: "text"}]
OLD_RECORD = {"fields": {"title": "Jug"}, "currency": "usd"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        *(({"metadata": metadata}, None) for metadata in WITHOUT_RECORD),
        ({"metadata": {RECORD_KEY: OLD_RECORD, "mine": 1}}, TITLED),
        (
            {"metadata": {RECORD_KEY: as_json(applied(desired_product())), "mine": [1]}},
            applied(desired_product()),
        ),
        ({}, "the response lacks metadata"),
        ({"metadata": {RECORD_KEY: {"version": 99}}}, "version 99"),
    ],
    ids=str,
)
async def test_scans_and_look_ups_read_records_and_show_what_they_cannot_read(
    httpx_mock: HTTPXMock, api: AdminApi, more: dict[str, Any], expected: Record | str | None
) -> None:
    whole = {"id": "prod_2", "external_id": "dummyjson:2", "metadata": None}
    product = {"id": "prod_1", "external_id": "dummyjson:1", **more}
    answer = {"products": [product, whole], "count": 2, "limit": 2000}
    httpx_mock.add_response(json=answer, is_reusable=True)
    for seen in (
        map(summary, (await api.scan(0, 2000)).entries),
        await api.summaries("external_id", ["dummyjson:1", "dummyjson:2"]),
    ):
        first, second = seen
        assert second == StoredSummary("prod_2", "dummyjson:2", None)
        if isinstance(expected, str):
            assert isinstance(first, Unreadable)
            assert expected in first.reason
        else:
            assert first == StoredSummary("prod_1", "dummyjson:1", expected)


async def test_a_store_that_does_not_know_a_filter_shows_no_owners(
    httpx_mock: HTTPXMock, api: AdminApi
) -> None:
    message = "Invalid request: Unrecognized fields: 'sku'"
    httpx_mock.add_response(status_code=400, json={"type": "invalid_data", "message": message})
    assert await api.variants_with("sku", ["SKU-1"]) == []


async def test_a_response_without_a_store_is_an_error(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    httpx_mock.add_response(json={"stores": []})
    with pytest.raises(StoreError):
        await api.defaults()


@pytest.mark.parametrize(
    "body", [{}, {"sales_channels": None}, {"sales_channels": [{}]}, {"sales_channels": [7]}]
)
async def test_a_list_of_another_shape_is_an_error(
    httpx_mock: HTTPXMock, api: AdminApi, body: dict[str, Any]
) -> None:
    httpx_mock.add_response(json=body)
    with pytest.raises(StoreError):
        await api.named("sales_channels", {})
