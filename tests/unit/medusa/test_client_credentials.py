"""Credentials: how they are sent, checked and hidden."""

import asyncio
import re
import traceback
from base64 import b64encode
from functools import partial
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.errors import MedusaSyncError, StoreError, StoreRefusedError
from medusa_sync.medusa.client import LOGIN_PATH, ApiKey, Credentials, Login, MedusaClient
from tests.unit.builders import STORE_URL, medusa_client
from tests.unit.medusa.calls import DEEP, THINGS_URL, get, post

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]


KEY = ApiKey("sk_hush")
LOGIN = Login("me@example.com", "hush-password")
LOGIN_URL = f"{STORE_URL}{LOGIN_PATH}"


CHECKS_URL = re.compile(f"^{STORE_URL}/admin/products")


both = pytest.mark.parametrize("credentials", [KEY, LOGIN], ids=["key", "log-in"])


def give_tokens(httpx_mock: HTTPXMock, *tokens: str) -> None:
    """Return one token per log-in, after letting other tasks run."""

    async def respond(_request: httpx.Request, token: str) -> httpx.Response:
        await asyncio.sleep(0)
        return httpx.Response(200, json={"token": token})

    for token in tokens:
        httpx_mock.add_callback(partial(respond, token=token), url=LOGIN_URL, method="POST")


def accept(httpx_mock: HTTPXMock, authorization: str) -> None:
    """Accept only this authorization."""

    async def respond(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        return httpx.Response(
            200 if request.headers["authorization"] == authorization else 401, json={"count": 1}
        )

    httpx_mock.add_callback(respond, url=THINGS_URL, is_reusable=True)


def respond_to_checks(httpx_mock: HTTPXMock, *statuses: int) -> None:
    """Respond with these statuses to requests that check the credentials; the last one repeats."""
    *first, last = statuses
    for status in first:
        httpx_mock.add_response(status, url=CHECKS_URL)
    httpx_mock.add_response(last, url=CHECKS_URL, is_reusable=True)


def client_of(pool: httpx.AsyncClient, httpx_mock: HTTPXMock, credentials: Credentials) -> MedusaClient:
    if isinstance(credentials, Login):
        give_tokens(httpx_mock, "hush-token")
    return medusa_client(pool, credentials)


async def test_an_api_key_is_sent_as_the_user_name_of_basic(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    accept(httpx_mock, "Basic " + b64encode(b"sk_hush:").decode())
    client = medusa_client(pool, KEY)
    assert (await get(client)).count == (await post(client)).count == 1


async def test_a_user_logs_in_once_and_sends_the_token(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    give_tokens(httpx_mock, "hush-token")
    accept(httpx_mock, "Bearer hush-token")
    client = medusa_client(pool, LOGIN)
    assert (await get(client)).count == (await post(client)).count == 1
    log_in, *_ = httpx_mock.get_requests()
    assert log_in.content == b'{"email":"me@example.com","password":"hush-password"}'
    assert "authorization" not in log_in.headers


async def test_concurrent_requests_log_in_once(httpx_mock: HTTPXMock, pool: httpx.AsyncClient) -> None:
    give_tokens(httpx_mock, "hush-token")
    accept(httpx_mock, "Bearer hush-token")
    client = medusa_client(pool, LOGIN)
    await asyncio.gather(*(get(client) for _ in range(5)))
    assert len(httpx_mock.get_requests(url=LOGIN_URL)) == 1


@pytest.mark.parametrize("call", [get, post])
async def test_an_expired_token_is_renewed_once(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, call: Any
) -> None:
    give_tokens(httpx_mock, "old", "new")
    accept(httpx_mock, "Bearer new")
    assert (await call(medusa_client(pool, LOGIN))).count == 1


async def test_concurrent_requests_renew_an_expired_token_once(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    give_tokens(httpx_mock, "old", "new")
    httpx_mock.add_response(url=THINGS_URL, json={"count": 1})
    client = medusa_client(pool, LOGIN)
    await get(client)
    accept(httpx_mock, "Bearer new")
    await asyncio.gather(*(get(client) for _ in range(5)))
    assert len(httpx_mock.get_requests(url=LOGIN_URL)) == 2


async def test_a_new_token_that_is_refused_is_not_renewed_again(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    give_tokens(httpx_mock, "old", "new")
    accept(httpx_mock, "Bearer none of these")
    respond_to_checks(httpx_mock, 401)
    with pytest.raises(StoreError, match="refused the credentials"):
        await get(medusa_client(pool, LOGIN))
    assert len(httpx_mock.get_requests(url=LOGIN_URL)) == 2


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("call", [get, post])
async def test_a_wrong_key_is_reported_soon_and_with_few_requests(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, waits: list[float], call: Any, status: int
) -> None:
    httpx_mock.add_response(status, url=THINGS_URL)
    respond_to_checks(httpx_mock, status)
    with pytest.raises(StoreError, match="refused the credentials") as caught:
        await call(medusa_client(pool, KEY))
    assert caught.value.exit_code == 4
    assert "MEDUSA_API_KEY" in caught.value.hint
    assert len(httpx_mock.get_requests()) <= 4
    assert sum(waits) < 2


@both
@pytest.mark.parametrize("call", [get, post])
async def test_a_403_with_valid_credentials_is_a_refusal_of_the_request(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, credentials: Credentials, call: Any
) -> None:
    client = client_of(pool, httpx_mock, credentials)
    httpx_mock.add_response(403, url=THINGS_URL, html="<html>")
    respond_to_checks(httpx_mock, 200)
    with pytest.raises(StoreRefusedError, match="the server responded with 403") as caught:
        await call(client)
    assert (caught.value.status, caught.value.exit_code) == (403, 4)
    assert "firewall" in caught.value.hint
    assert len(httpx_mock.get_requests(url=THINGS_URL)) == 1


@pytest.mark.parametrize("call", [get, post])
async def test_credentials_are_checked_with_the_same_method_and_without_a_change(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, call: Any
) -> None:
    httpx_mock.add_response(403, url=THINGS_URL)
    respond_to_checks(httpx_mock, 200)
    with pytest.raises(StoreRefusedError):
        await call(medusa_client(pool, KEY))
    request, check = httpx_mock.get_requests()
    assert check.method == request.method
    assert check.content == (b"" if call is get else b"{}")


@both
@pytest.mark.parametrize("call", [get, post])
async def test_a_401_for_valid_credentials_is_tried_again(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, credentials: Credentials, call: Any
) -> None:
    """While its database connections drop, Medusa returns 401 for a valid key."""
    if isinstance(credentials, Login):
        give_tokens(httpx_mock, "hush-token", "other-token")
        httpx_mock.add_response(401, url=THINGS_URL)
    for status in (401, 401, 200):
        httpx_mock.add_response(status, url=THINGS_URL, json={"count": 1})
    respond_to_checks(httpx_mock, 200)
    assert (await call(medusa_client(pool, credentials))).count == 1


@pytest.mark.parametrize("call", [get, post])
async def test_a_persistent_401_with_valid_credentials_is_a_refusal_of_the_request(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, call: Any
) -> None:
    httpx_mock.add_response(401, url=THINGS_URL, is_reusable=True)
    respond_to_checks(httpx_mock, 200)
    with pytest.raises(StoreRefusedError) as caught:
        await call(medusa_client(pool, KEY))
    assert caught.value.status == 401
    assert len(httpx_mock.get_requests(url=THINGS_URL)) == 3


@pytest.mark.parametrize("call", [get, post])
async def test_credentials_that_worked_are_checked_more_often(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, call: Any
) -> None:
    for status in (200, 401, 200):
        httpx_mock.add_response(status, url=THINGS_URL, json={"count": 1})
    respond_to_checks(httpx_mock, 401, 401, 401, 401, 200)
    client = medusa_client(pool, KEY)
    await call(client)
    assert (await call(client)).count == 1


async def test_a_log_in_that_worked_is_tried_again_after_a_401(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    give_tokens(httpx_mock, "hush-token")
    for status in (200, 401, 200):
        httpx_mock.add_response(status, url=THINGS_URL, json={"count": 1})
    client = medusa_client(pool, LOGIN)
    await get(client)
    httpx_mock.add_response(401, url=LOGIN_URL)
    give_tokens(httpx_mock, "new-token")
    assert (await get(client)).count == 1


async def test_concurrent_refusals_check_the_credentials_one_at_a_time(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    under_way: list[httpx.Request] = []

    async def respond(request: httpx.Request) -> httpx.Response:
        assert not under_way
        under_way.append(request)
        await asyncio.sleep(0)
        under_way.clear()
        return httpx.Response(200)

    httpx_mock.add_response(403, url=THINGS_URL, is_reusable=True)
    httpx_mock.add_callback(respond, url=CHECKS_URL, is_reusable=True)
    client = medusa_client(pool, KEY)
    results = await asyncio.gather(*(post(client) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, StoreRefusedError) for result in results)


async def test_a_refused_log_in_is_reported(httpx_mock: HTTPXMock, pool: httpx.AsyncClient) -> None:
    httpx_mock.add_response(401, url=LOGIN_URL, json={"message": "Invalid email or password"})
    with pytest.raises(StoreError, match="refused the log-in") as caught:
        await get(medusa_client(pool, LOGIN))
    assert "MEDUSA_PASSWORD" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b""),
        (200, b"{}"),
        (200, b'{"token":null}'),
        (200, b'{"token":""}'),
        (200, b'{"token":"two\\nlines"}'),
        (200, '{"token":"tökén"}'.encode()),
        (200, b'{"token":"\xff"}'),
        (200, DEEP),
        (200, b'{"location":"https://login.example"}'),
        (302, b""),
        (400, b'{"message":"hush-password is no password"}'),
        (404, b"<html>"),
    ],
    ids=[
        *("html", "empty", "no-token", "null", "empty-token", "two-lines", "no-ascii", "not-utf-8", "deep"),
        *("elsewhere", "redirect", "refused", "not-found"),
    ],
)
async def test_a_log_in_without_a_token_is_reported(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, status: int, body: bytes
) -> None:
    httpx_mock.add_response(status, url=LOGIN_URL, content=body)
    with pytest.raises(StoreError, match=f"POST {LOGIN_PATH}: no token in the response") as caught:
        await get(medusa_client(pool, LOGIN))
    assert "hush" not in str(caught.value)


async def test_a_log_in_is_retried_after_a_timeout(httpx_mock: HTTPXMock, pool: httpx.AsyncClient) -> None:
    httpx_mock.add_exception(httpx.ReadTimeout(""), url=LOGIN_URL)
    give_tokens(httpx_mock, "hush-token")
    accept(httpx_mock, "Bearer hush-token")
    assert (await get(medusa_client(pool, LOGIN))).count == 1


@pytest.mark.parametrize(
    ("credentials", "secrets"),
    [(KEY, ["sk_hush"]), (LOGIN, ["hush-password", "hush-token"])],
    ids=["key", "log-in"],
)
@pytest.mark.parametrize("call", [get, post])
@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 500])
async def test_errors_contain_no_secret_even_if_the_response_does(
    httpx_mock: HTTPXMock,
    pool: httpx.AsyncClient,
    credentials: Credentials,
    secrets: list[str],
    call: Any,
    status: int,
) -> None:
    if isinstance(credentials, Login):
        httpx_mock.add_response(url=LOGIN_URL, json={"token": "hush-token"}, is_reusable=True)
    echo = "&".join(secrets)
    headers = {"location": f"{STORE_URL}/?{echo}"}
    for url in (THINGS_URL, CHECKS_URL):
        httpx_mock.add_response(
            status,
            url=url,
            json={"message": echo},
            headers=headers,
            is_reusable=True,
            is_optional=url is CHECKS_URL,
        )
    with pytest.raises(MedusaSyncError) as caught:
        await call(medusa_client(pool, credentials))
    shown = repr(credentials) + "".join(traceback.format_exception(caught.value))
    assert not [secret for secret in secrets if secret in shown]
