"""Requests to the store: credentials, and the meaning of each kind of response."""

import asyncio
import re
from base64 import b64encode
from functools import partial
from typing import Any, Final

import httpx
import pytest
from msgspec import Struct
from pytest_httpx import HTTPXMock

from medusa_sync.errors import (
    AmbiguousWriteError,
    MedusaSyncError,
    StoreError,
    StoreRefusedError,
    UnknownQueryError,
)
from medusa_sync.medusa.client import (
    LOGIN_PATH,
    MAX_BODY_BYTES,
    ApiKey,
    Credentials,
    Login,
    MedusaClient,
)
from tests.unit.builders import STORE_URL, medusa_client

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

THINGS_URL: Final = f"{STORE_URL}/admin/things"
LOGIN_URL: Final = f"{STORE_URL}{LOGIN_PATH}"
CHECKS_URL: Final = re.compile(f"^{STORE_URL}/admin/products")
DEEP: Final = b'{"count":' + b"[" * 100_000
KEY: Final = ApiKey("sk_hush")
LOGIN: Final = Login("me@example.com", "hush-password")
BASIC: Final = "Basic " + b64encode(b"sk_hush:").decode()


class Things(Struct):
    count: int


async def get(client: MedusaClient) -> Things:
    return await client.get("/admin/things", [], Things)


async def post(client: MedusaClient) -> Things:
    return await client.post("/admin/things", {"name": "a"}, Things)


calls = pytest.mark.parametrize("call", [get, post])


def give_tokens(httpx_mock: HTTPXMock, *tokens: str) -> None:
    """Return one token per log-in, after letting other tasks run."""

    async def respond(_request: httpx.Request, token: str) -> httpx.Response:
        await asyncio.sleep(0)
        return httpx.Response(200, json={"token": token})

    for token in tokens:
        httpx_mock.add_callback(partial(respond, token=token), url=LOGIN_URL, method="POST")


def respond(httpx_mock: HTTPXMock, url: Any, *statuses: int) -> None:
    """Respond with these statuses; the last one repeats."""
    for number, status in enumerate(statuses, start=1):
        is_last = number == len(statuses)
        httpx_mock.add_response(
            status, url=url, json={"count": 1}, is_reusable=is_last, is_optional=url is CHECKS_URL
        )


def accept(httpx_mock: HTTPXMock, authorization: str) -> None:
    """Accept only this authorization."""

    async def check(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        accepted = request.headers["authorization"] == authorization
        return httpx.Response(200 if accepted else 401, json={"count": 1})

    httpx_mock.add_callback(check, url=THINGS_URL, is_reusable=True)


# --- credentials ---


@pytest.mark.parametrize(
    ("credentials", "tokens", "things", "checks", "error", "sent"),
    [
        pytest.param(LOGIN, ["old", "new"], [401, 200], [], "", 2, id="expired token"),
        pytest.param(LOGIN, ["old", "new"], [401], [401], "the credentials", 2, id="refused tokens"),
        pytest.param(KEY, [], [401], [401], "the credentials", 1, id="wrong key"),
        pytest.param(KEY, [], [403], [403], "the credentials", 1, id="useless key"),
        pytest.param(KEY, [], [403], [200], "403", 1, id="refused request, key"),
        pytest.param(LOGIN, ["a"], [403], [200], "403", 1, id="refused request, log-in"),
        # While its database connections drop, Medusa returns 401 for valid credentials.
        pytest.param(KEY, [], [401, 401, 200], [200], "", 3, id="busy store, key"),
        pytest.param(LOGIN, ["a", "b"], [401, 401, 401, 200], [200], "", 4, id="busy store, log-in"),
        pytest.param(KEY, [], [401], [200], "401", 3, id="request that always gets 401"),
    ],
)
@calls
async def test_refused_requests(
    httpx_mock: HTTPXMock,
    pool: httpx.AsyncClient,
    waits: list[float],
    *,
    credentials: Credentials,
    tokens: list[str],
    things: list[int],
    checks: list[int],
    error: str,
    sent: int,
    call: Any,
) -> None:
    """The credentials are checked with the same method and without a change."""
    give_tokens(httpx_mock, *tokens)
    respond(httpx_mock, THINGS_URL, *things)
    respond(httpx_mock, CHECKS_URL, *checks)
    client = medusa_client(pool, credentials)
    if not error:
        assert (await call(client)).count == 1
    else:
        with pytest.raises(StoreError) as caught:
            await call(client)
        assert caught.value.exit_code == 4
        if error.isdecimal():
            assert isinstance(caught.value, StoreRefusedError)
            assert caught.value.status == int(error)
            assert "firewall" in caught.value.hint
        else:
            assert f"refused {error}" in str(caught.value)
            assert "MEDUSA_API_KEY" in caught.value.hint
            assert sum(waits) < 2
    assert len(httpx_mock.get_requests(url=THINGS_URL)) == sent
    for check in httpx_mock.get_requests(url=CHECKS_URL):
        assert (check.method, check.content) == (("GET", b"") if call is get else ("POST", b"{}"))


@pytest.mark.parametrize(
    ("credentials", "authorization"), [(KEY, BASIC), (LOGIN, "Bearer hush-token")], ids=["key", "log-in"]
)
async def test_a_key_is_sent_by_basic_and_a_user_logs_in_once(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, credentials: Credentials, authorization: str
) -> None:
    if isinstance(credentials, Login):
        httpx_mock.add_exception(httpx.ReadTimeout(""), url=LOGIN_URL)  # it is tried again
        give_tokens(httpx_mock, "hush-token")
    accept(httpx_mock, authorization)
    client = medusa_client(pool, credentials)
    await asyncio.gather(*(get(client) for _ in range(5)))
    assert (await post(client)).count == 1
    log_ins = httpx_mock.get_requests(url=LOGIN_URL)
    assert len(log_ins) == (2 if isinstance(credentials, Login) else 0)
    for log_in in log_ins:
        assert log_in.content == b'{"email":"me@example.com","password":"hush-password"}'
        assert "authorization" not in log_in.headers


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


@calls
async def test_credentials_that_worked_are_checked_more_often(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, call: Any
) -> None:
    client = medusa_client(pool, KEY)
    respond(httpx_mock, THINGS_URL, 200, 401, 200)
    await call(client)
    respond(httpx_mock, CHECKS_URL, 401, 401, 401, 401, 200)
    assert (await call(client)).count == 1


async def test_concurrent_refusals_check_the_credentials_one_at_a_time(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    under_way: list[httpx.Request] = []

    async def check(request: httpx.Request) -> httpx.Response:
        assert not under_way
        under_way.append(request)
        await asyncio.sleep(0)
        under_way.clear()
        return httpx.Response(200)

    respond(httpx_mock, THINGS_URL, 403)
    httpx_mock.add_callback(check, url=CHECKS_URL, is_reusable=True)
    client = medusa_client(pool, KEY)
    results = await asyncio.gather(*(post(client) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, StoreRefusedError) for result in results)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((200, body) for body in (b"<html>", b"{}", b'{"token":null}', b'{"token":""}', DEEP)),
        *((200, b'{"token":"' + token + b'"}') for token in (b"two\\nlines", "tökén".encode(), b"\xff")),
        (302, b""),
        (400, b'{"message":"hush-password is no password"}'),
        (404, b"<html>"),
        (401, b'{"message":"Invalid email or password"}'),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_a_log_in_without_a_token_is_reported(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, status: int, body: bytes
) -> None:
    httpx_mock.add_response(status, url=LOGIN_URL, content=body)
    message = "refused the log-in" if status == 401 else f"POST {LOGIN_PATH}: no token in the response"
    with pytest.raises(StoreError, match=message) as caught:
        await get(medusa_client(pool, LOGIN))
    assert ("MEDUSA_PASSWORD" if status == 401 else "--medusa-url") in caught.value.hint
    assert "hush" not in str(caught.value)


# --- responses ---

NO: Final = {"message": "No"}


ELSEWHERE: Final = {"headers": {"location": "https://elsewhere.example/"}}
RESPONSES: list[tuple[Any, int, Any, type[MedusaSyncError], str]] = [
    *((call, 301, ELSEWHERE, StoreError, "redirects to https:") for call in (get, post)),
    (get, 400, {"json": NO}, UnknownQueryError, "400: No"),
    *((get, status, {"json": NO}, StoreError, f"{status}: No") for status in (404, 422, 431)),
    (get, 404, {"json": {"type": "not_found", **NO}}, StoreRefusedError, "404: No"),
    *((post, status, {"json": NO}, StoreRefusedError, f"{status}: No") for status in (400, 404, 413, 431)),
    *((post, status, {}, AmbiguousWriteError, str(status)) for status in (500, 502, 503)),
    *(
        (call, 200, {"content": body}, kind, message)
        for body in (b"<!doctype html>", b"", b"[]", b'{"count":"many"}', b'{"count":', b'"\xff"', DEEP)
        for call, kind, message in (
            (get, StoreError, "the response is not from Medusa"),
            (post, AmbiguousWriteError, "the response cannot be read"),
        )
    ),
]


@pytest.mark.parametrize(
    ("call", "status", "answer", "kind", "message"),
    RESPONSES,
    ids=lambda value: getattr(value, "__name__", str(value)[:20]),
)
async def test_what_a_response_means(
    httpx_mock: HTTPXMock,
    pool: httpx.AsyncClient,
    *,
    call: Any,
    status: int,
    answer: Any,
    kind: Any,
    message: str,
) -> None:
    httpx_mock.add_response(status, url=THINGS_URL, is_reusable=True, **answer)
    with pytest.raises(kind, match=message) as caught:
        await call(medusa_client(pool))
    assert type(caught.value) is kind
    if isinstance(caught.value, StoreRefusedError):
        assert caught.value.status == status
    if kind is StoreError:
        assert "--medusa-url" in caught.value.hint


async def test_a_body_above_the_limit_is_not_sent(pool: httpx.AsyncClient) -> None:
    with pytest.raises(StoreRefusedError, match="more than the store accepts") as caught:
        await medusa_client(pool).post("/admin/things", {"name": "x" * MAX_BODY_BYTES}, Things)
    assert caught.value.status == 413
