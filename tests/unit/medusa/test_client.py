"""The meaning of each kind of response."""

from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.errors import AmbiguousWriteError, StoreError, StoreRefusedError
from medusa_sync.medusa.client import MAX_BODY_BYTES
from tests.unit.builders import medusa_client
from tests.unit.medusa.calls import DEEP, THINGS_URL, Things, get, post

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]


@pytest.mark.parametrize("call", [get, post])
async def test_a_redirect_is_not_followed(httpx_mock: HTTPXMock, pool: httpx.AsyncClient, call: Any) -> None:
    httpx_mock.add_response(
        301, url=THINGS_URL, headers={"location": "https://elsewhere.example/admin/things"}
    )
    with pytest.raises(StoreError, match=r"redirects to https://elsewhere\.example") as caught:
        await call(medusa_client(pool))
    assert "--medusa-url" in caught.value.hint


UNREADABLE = [b"<!doctype html>", b"", b"[]", b'{"count":"many"}', b'{"count":', b'{"count":"\xff"}', DEEP]
UNREADABLE_IDS = ["html", "empty", "array", "other-type", "truncated", "not-utf-8", "deep"]


@pytest.mark.parametrize("body", UNREADABLE, ids=UNREADABLE_IDS)
async def test_a_read_that_cannot_be_decoded_is_reported(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, body: bytes
) -> None:
    httpx_mock.add_response(content=body)
    with pytest.raises(StoreError, match="GET /admin/things: the response is not from Medusa") as caught:
        await get(medusa_client(pool))
    assert caught.value.exit_code == 4
    assert "--medusa-url" in caught.value.hint


@pytest.mark.parametrize("body", UNREADABLE, ids=UNREADABLE_IDS)
async def test_a_write_whose_response_cannot_be_decoded_is_ambiguous(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, body: bytes
) -> None:
    httpx_mock.add_response(content=body)
    with pytest.raises(AmbiguousWriteError, match="POST /admin/things: the response cannot be read"):
        await post(medusa_client(pool))


@pytest.mark.parametrize("status", [400, 404, 422, 431])
async def test_a_refused_read_is_an_error_of_the_store(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, status: int
) -> None:
    httpx_mock.add_response(status, json={"message": "No"})
    with pytest.raises(StoreError, match=f"GET /admin/things: the server responded with {status}: No"):
        await get(medusa_client(pool))


async def test_a_read_of_something_that_was_deleted_is_a_refusal(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    httpx_mock.add_response(404, json={"type": "not_found", "message": "Product was not found"})
    with pytest.raises(StoreRefusedError, match=r"404: Product was not found$") as caught:
        await get(medusa_client(pool))
    assert caught.value.status == 404


@pytest.mark.parametrize("status", [400, 404, 409, 413, 431])
async def test_a_refused_write_reports_the_reason(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, status: int
) -> None:
    httpx_mock.add_response(status, json={"type": "invalid_data", "message": "Product exists."})
    with pytest.raises(StoreRefusedError, match=f"{status}: Product exists") as caught:
        await post(medusa_client(pool))
    assert caught.value.status == status


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_write_with_a_server_error_is_ambiguous(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, status: int
) -> None:
    httpx_mock.add_response(status)
    with pytest.raises(AmbiguousWriteError):
        await post(medusa_client(pool))


async def test_a_body_above_the_limit_is_not_sent(pool: httpx.AsyncClient) -> None:
    with pytest.raises(StoreRefusedError, match="more than the store accepts") as caught:
        await medusa_client(pool).post("/admin/things", {"name": "x" * MAX_BODY_BYTES}, Things)
    assert caught.value.status == 413
