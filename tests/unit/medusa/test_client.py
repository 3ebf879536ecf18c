"""Requests to the store: credentials, and the meaning of each kind of response."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
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
from medusa_sync.medusa.client import LOGIN_PATH, MAX_BODY_BYTES, ApiKey, Credentials, Login, MedusaClient
from tests.unit.builders import STORE_URL, medusa_client

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

THINGS: Final = "/admin/things"
DEEP: Final = b'{"count":' + b"[" * 100_000
KEY: Final = ApiKey("sk_hush")
LOGIN: Final = Login("me@example.com", "hush-password")
BASIC: Final = "Basic " + b64encode(b"sk_hush:").decode()


class Things(Struct):
    count: int


async def get(client: MedusaClient) -> Things:
    return await client.get(THINGS, [], Things)


async def post(client: MedusaClient) -> Things:
    return await client.post(THINGS, {"name": "a"}, Things)


Call = Callable[[MedusaClient], Awaitable[Things]]
calls = pytest.mark.parametrize("call", [get, post])


class Server:
    """A store with things. Its responses come in turn; the last status of things or checks repeats."""

    def __init__(self) -> None:
        self.tokens: list[str] = []  # of the log-ins; there is no response to one with an empty token
        self.things: list[int] = [200]
        self.checks: list[int] = []  # of requests that check the credentials, which come one at a time
        self.accepted = ""  # the only authorization that gets things, unless it is empty
        self.requests: list[httpx.Request] = []
        self._checking = asyncio.Lock()

    async def respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.path == LOGIN_PATH:
            await asyncio.sleep(0)  # others go on
            if not (token := self.tokens.pop(0)):
                raise httpx.ReadTimeout("")
            return httpx.Response(200, json={"token": token})
        if request.url.path != THINGS:
            assert not self._checking.locked()
            async with self._checking:
                await asyncio.sleep(0)
            return self._next(self.checks)
        is_refused = self.accepted not in {"", request.headers["authorization"]}
        await asyncio.sleep(0)
        return httpx.Response(401) if is_refused else self._next(self.things)

    @staticmethod
    def _next(statuses: list[int]) -> httpx.Response:
        return httpx.Response(statuses.pop(0) if len(statuses) > 1 else statuses[0], json={"count": 1})

    def sent(self, path: str) -> list[httpx.Request]:
        return [request for request in self.requests if request.url.path == path]


@pytest.fixture
def server(httpx_mock: HTTPXMock) -> Server:
    server = Server()
    httpx_mock.add_callback(server.respond, is_reusable=True, is_optional=True)
    return server


# --- credentials ----------------------------------------------------------------------------------------


REFUSED: dict[str, tuple[Credentials, list[str], list[int], list[int], str, int]] = {
    "expired token": (LOGIN, ["old", "new"], [401, 200], [], "", 2),
    "refused tokens": (LOGIN, ["old", "new"], [401], [401], "the credentials", 2),
    "wrong key": (KEY, [], [401], [401], "the credentials", 1),
    "useless key": (KEY, [], [403], [403], "the credentials", 1),
    "refused request, key": (KEY, [], [403], [200], "403", 1),
    "refused request, log-in": (LOGIN, ["a"], [403], [200], "403", 1),
    # While its database connections drop, Medusa returns 401 for valid credentials.
    "busy store, key": (KEY, [], [401, 401, 200], [200], "", 3),
    "busy store, log-in": (LOGIN, ["a", "b"], [401, 401, 401, 200], [200], "", 4),
    "request that always gets 401": (KEY, [], [401], [200], "401", 3),
}
"""The credentials; `tokens`, `things` and `checks` of the server; the error; how many requests are sent."""


@pytest.mark.parametrize("name", REFUSED)
@calls
async def test_refused_requests(
    server: Server, pool: httpx.AsyncClient, waits: list[float], call: Call, name: str
) -> None:
    """The credentials are checked with the same method and without a change."""
    credentials, tokens, things, checks, error, sent = REFUSED[name]
    server.tokens, server.things, server.checks = [*tokens], [*things], [*checks]
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
    assert len(server.sent(THINGS)) == sent
    for check in server.requests:
        if check.url.path not in {THINGS, LOGIN_PATH}:
            assert (check.method, check.content) == (("GET", b"") if call is get else ("POST", b"{}"))


async def test_a_user_logs_in_once_and_again_when_the_token_has_expired(
    server: Server, pool: httpx.AsyncClient
) -> None:
    """Requests at the same time wait for one log-in, which is tried again if there is no response."""
    server.tokens = ["", "hush-token", "new-token"]
    client = medusa_client(pool, LOGIN)
    for server.accepted in ("Bearer hush-token", "Bearer new-token"):
        await asyncio.gather(*(get(client) for _ in range(5)))
        assert (await post(client)).count == 1
    log_ins = server.sent(LOGIN_PATH)
    assert len(log_ins) == 3
    for log_in in log_ins:
        assert log_in.content == b'{"email":"me@example.com","password":"hush-password"}'
        assert "authorization" not in log_in.headers
    server.accepted = BASIC
    assert (await get(medusa_client(pool, KEY))).count == 1, "a key is sent by Basic"


@calls
async def test_credentials_that_worked_are_checked_more_often(
    server: Server, pool: httpx.AsyncClient, call: Call
) -> None:
    server.things, server.checks = [200, 401, 200], [401, 401, 401, 401, 200]
    client = medusa_client(pool, KEY)
    for _ in range(2):
        assert (await call(client)).count == 1


async def test_concurrent_refusals_check_the_credentials_one_at_a_time(
    server: Server, pool: httpx.AsyncClient
) -> None:
    server.things, server.checks = [403], [200]
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
    httpx_mock.add_response(status, content=body)
    message = "refused the log-in" if status == 401 else f"POST {LOGIN_PATH}: no token in the response"
    with pytest.raises(StoreError, match=message) as caught:
        await get(medusa_client(pool, LOGIN))
    assert ("MEDUSA_PASSWORD" if status == 401 else "--medusa-url") in caught.value.hint
    assert "hush" not in str(caught.value)


# --- responses ------------------------------------------------------------------------------------------

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
    ("call", "status", "how", "kind", "message"),
    RESPONSES,
    ids=lambda value: getattr(value, "__name__", str(value)[:20]),
)
async def test_what_a_response_means(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, call: Call, status: int, how: Any, kind: Any, message: str
) -> None:
    httpx_mock.add_response(status, is_reusable=True, **how)
    with pytest.raises(kind, match=message) as caught:
        await call(medusa_client(pool))
    assert type(caught.value) is kind
    if isinstance(caught.value, StoreRefusedError):
        assert caught.value.status == status
    if kind is StoreError:
        assert str(caught.value).startswith(f"{STORE_URL}: ")
        assert "--medusa-url" in caught.value.hint


async def test_a_body_above_the_limit_is_not_sent(pool: httpx.AsyncClient) -> None:
    with pytest.raises(StoreRefusedError, match="more than the store accepts") as caught:
        await medusa_client(pool).post(THINGS, {"name": "x" * MAX_BODY_BYTES}, Things)
    assert caught.value.status == 413
