"""The calls of the Admin API: what they ask for, and how look-ups are split."""

import asyncio
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.core.fields import FIELDS, VARIANT_FIELDS, Place
from medusa_sync.core.record import ONLY, RECORD_KEY, Record, VariantRecord, applied
from medusa_sync.core.stored import StoredSummary, Unreadable, WrittenProduct
from medusa_sync.errors import StoreError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.resources import Level
from tests.unit.builders import STORE_URL, as_json, desired_product, medusa_client

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
    assert [tag.value for tag in await api.terms.tags(values)] == values
    for request in httpx_mock.get_requests():
        assert len(request.url.raw_path) < URL_LIMIT


async def test_a_look_up_of_200_products_is_one_request(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    hold(httpx_mock, "products", "external_id")
    await api.look_up([f"dummyjson:{number}" for number in range(10_000, 10_200)])
    assert len(httpx_mock.get_requests()) == 1


async def test_a_look_up_finds_copies(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    product = {"external_id": "dummyjson:1", "metadata": None}
    twice = [{"id": "prod_1", **product}, {"id": "prod_2", **product}]
    httpx_mock.add_response(json={"products": twice, "count": 2, "limit": 2})
    assert [product.id for product in await api.look_up(["dummyjson:1"])] == ["prod_1", "prod_2"]
    (request,) = httpx_mock.get_requests()
    assert int(request.url.params["limit"]) >= 2
    assert request.url.params["order"] == "id"


async def test_a_look_up_reads_no_details(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    hold(httpx_mock, "products", "external_id")
    await api.look_up(["dummyjson:1"])
    (request,) = httpx_mock.get_requests()
    assert request.url.params["fields"] == "id,external_id,metadata"


async def test_details_include_every_field_of_the_table(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    httpx_mock.add_response(json={"products": [], "count": 0, "limit": 1})
    await api.details("id", ["prod_1"])
    (request,) = httpx_mock.get_requests()
    asked = request.url.params["fields"].split(",")
    for name, field in FIELDS.items():
        if field.place is Place.PRODUCT:
            attributes = field.reads or filter(None, [field.member])
            assert ({f"{name}.{attribute}" for attribute in attributes} or {name}) <= set(asked)
    for name, field in VARIANT_FIELDS.items():
        if field.place is Place.VARIANT:
            assert f"variants.{name}" in asked


async def test_products_are_looked_up_by_the_given_key(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    httpx_mock.add_response(json={"products": [], "count": 0, "limit": 1}, is_reusable=True)
    await api.details("id", ["prod_1"])
    await api.handles(["jug"])
    asked = [request.url.params.multi_items()[0] for request in httpx_mock.get_requests()]
    assert asked == [("id[]", "prod_1"), ("handle[]", "jug")]


async def test_an_empty_look_up_sends_no_request(api: AdminApi) -> None:
    assert (await api.look_up([]), await api.terms.tags([]), await api.terms.categories([])) == ([], [], [])


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
    assert [product.id for product in page.products] == [f"prod_{number}" for number in range(size)]
    assert (page.count, page.is_last) == (count, size < limit)
    [request] = httpx_mock.get_requests()
    assert (request.url.params["offset"], request.url.params["limit"]) == ("4", "2000")


async def test_a_scan_fails_if_the_external_id_is_absent(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    httpx_mock.add_response(json={"products": [{"id": "prod_1", "metadata": {}}], "count": 1, "limit": 2})
    with pytest.raises(StoreError, match="external_id"):
        await api.scan(0, 2)


TITLED = Record(fields={"title": "Jug"}, currency="usd", variants={ONLY: VariantRecord()})
OLD_RECORD = {"fields": {"title": "Jug"}, "currency": "usd"}


@pytest.mark.parametrize(
    ("metadata", "record"),
    [
        (None, None),
        ([], None),
        ("text", None),
        ({}, None),
        ({RECORD_KEY: None}, None),
        ({RECORD_KEY: "text"}, None),
        ({RECORD_KEY: OLD_RECORD, "mine": 1}, TITLED),
        ({RECORD_KEY: as_json(applied(desired_product())), "mine": [1]}, applied(desired_product())),
    ],
    ids=str,
)
async def test_a_scan_reads_the_records_that_this_version_knows(
    httpx_mock: HTTPXMock, api: AdminApi, metadata: Any, record: Record | None
) -> None:
    product = {"id": "prod_1", "external_id": "dummyjson:1", "metadata": metadata}
    httpx_mock.add_response(json={"products": [product], "count": 1, "limit": 2000})
    assert list((await api.scan(0, 2000)).products) == [StoredSummary("prod_1", "dummyjson:1", record)]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, "lacks metadata"),
        ({"metadata": {RECORD_KEY: {"version": 99}}}, "version 99"),
    ],
)
async def test_a_scan_shows_products_that_cannot_be_compared(
    httpx_mock: HTTPXMock, api: AdminApi, more: dict[str, Any], reason: str
) -> None:
    product = {"id": "prod_1", "external_id": "dummyjson:1", **more}
    httpx_mock.add_response(json={"products": [product], "count": 1, "limit": 2000})
    [found] = (await api.scan(0, 2000)).products
    assert isinstance(found, Unreadable)
    assert reason in found.reason


async def test_an_incomplete_product_does_not_affect_the_others(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    record = applied(desired_product())
    metadata = {RECORD_KEY: as_json(record), "mine": 1}
    whole = {"id": "prod_1", "external_id": "dummyjson:1", "metadata": metadata}
    partial = {"id": "prod_2", "external_id": "dummyjson:2"}
    httpx_mock.add_response(json={"products": [whole, partial], "limit": 4})
    assert await api.look_up(["dummyjson:1", "dummyjson:2"]) == [
        StoredSummary("prod_1", "dummyjson:1", record),
        Unreadable("prod_2", "dummyjson:2", "the response lacks metadata"),
    ]


async def test_a_store_that_does_not_know_a_filter_shows_no_owners(
    httpx_mock: HTTPXMock, api: AdminApi
) -> None:
    message = "Invalid request: Unrecognized fields: 'sku'"
    httpx_mock.add_response(status_code=400, json={"type": "invalid_data", "message": message})
    assert await api.variants_with("sku", ["SKU-1"]) == []


async def test_products_without_an_external_id_are_read_in_two_lists_at_once(
    httpx_mock: HTTPXMock, api: AdminApi
) -> None:
    """The list of those whose id is empty comes first, but the order does not depend on that."""
    asked: list[str] = []
    both = asyncio.Event()

    async def respond(request: httpx.Request) -> httpx.Response:
        external_id = request.url.params["external_id"]
        asked.append(external_id)
        if len(asked) == 2:
            both.set()
        await both.wait()
        await asyncio.sleep(0.01 if external_id else 0)
        product: dict[str, Any] = {
            "id": f"prod_{external_id}",
            "title": "",
            "handle": "",
            "metadata": None,
            "variants": [],
        }
        return httpx.Response(200, json={"products": [product], "count": 1, "limit": 500})

    httpx_mock.add_callback(respond, is_reusable=True)
    async with asyncio.timeout(5):
        found = await api.without_external_id()
    assert [product.id for product in found] == ["prod_null", "prod_"]
    assert sorted(asked) == ["", "null"]


async def test_updates_are_one_call_that_asks_for_few_fields(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    written: dict[str, Any] = {"id": "prod_2", "external_id": None, "variants": []}
    httpx_mock.add_response(json={"created": [], "updated": [written], "deleted": {}})
    assert await api.update_products([{"id": "prod_2"}]) == [WrittenProduct("prod_2", None, ())]
    [update] = httpx_mock.get_requests()
    assert update.content == b'{"update":[{"id":"prod_2"}]}'
    assert update.url.path == "/admin/products/batch"
    assert update.url.params["fields"] == "id,external_id"


async def test_the_ids_of_live_and_of_deleted_products_are_taken(
    httpx_mock: HTTPXMock, api: AdminApi
) -> None:
    found = [
        {"id": "prod_1", "external_id": "dummyjson:1", "deleted_at": None},
        {"id": "prod_2", "external_id": "dummyjson:2", "deleted_at": "2026-01-02T03:04:05.678Z"},
    ]
    httpx_mock.add_response(json={"products": found, "count": 2, "limit": 3})
    assert await api.taken_ids(["prod_1", "prod_2", "prod_3"]) == {"prod_1": "dummyjson:1", "prod_2": None}
    [request] = httpx_mock.get_requests()
    assert request.url.params.get_list("id[]") == ["prod_1", "prod_2", "prod_3"]
    assert request.url.params["with_deleted"] == "true"


async def test_deletes_are_a_separate_call(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    httpx_mock.add_response(json={"deleted": {"ids": ["prod_1"]}})
    await api.delete_products(["prod_1"])
    assert httpx_mock.get_requests()[0].content == b'{"delete":["prod_1"]}'


async def test_levels_are_one_call(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    httpx_mock.add_response(json={})
    await api.items.write_levels(create=[Level("iitem_1", "sloc_1", 5)], update=[])
    level = b'{"inventory_item_id":"iitem_1","location_id":"sloc_1","stocked_quantity":5}'
    assert httpx_mock.get_requests()[0].content == b'{"create":[' + level + b'],"update":[]}'


async def test_activating_a_category_changes_nothing_else(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    httpx_mock.add_response(url=f"{STORE_URL}/admin/product-categories/pcat_1", json={})
    await api.terms.activate_category("pcat_1")
    assert httpx_mock.get_requests()[0].content == b'{"is_active":true}'


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
