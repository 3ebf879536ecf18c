"""The Admin API: how requests are authorised, what each answer means, how look-ups are split."""

import asyncio
import re
import traceback
from base64 import b64encode
from functools import partial
from typing import Any

import httpx
import pytest
from msgspec import Struct
from pytest_httpx import HTTPXMock

from medusa_sync.core.stored import StoredSummary, Unreadable, WrittenProduct
from medusa_sync.errors import AmbiguousWriteError, MedusaSyncError, StoreError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi, Level
from medusa_sync.medusa.client import LOGIN_PATH, MAX_BODY_BYTES, ApiKey, Credentials, Login, MedusaClient
from tests.unit.builders import STORE_URL, medusa_client

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

KEY = ApiKey("sk_hush")
LOGIN = Login("me@example.com", "hush-password")
LOGIN_URL = f"{STORE_URL}{LOGIN_PATH}"
THINGS_URL = f"{STORE_URL}/admin/things"
CHECKS_URL = re.compile(f"^{STORE_URL}/admin/products")
URL_LIMIT = 16_000  # Medusa answers 431 above
DEEP = b'{"count":' + b"[" * 100_000

both = pytest.mark.parametrize("credentials", [KEY, LOGIN], ids=["key", "log-in"])


class Things(Struct):
    count: int


def give_tokens(httpx_mock: HTTPXMock, *tokens: str) -> None:
    """Answer a log-in with each token in turn, after other requests have had their turn."""

    async def respond(_request: httpx.Request, token: str) -> httpx.Response:
        await asyncio.sleep(0)
        return httpx.Response(200, json={"token": token})

    for token in tokens:
        httpx_mock.add_callback(partial(respond, token=token), url=LOGIN_URL, method="POST")


def accept(httpx_mock: HTTPXMock, authorization: str) -> None:
    """Let only this authorization in, as often as it comes."""

    async def respond(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        return httpx.Response(
            200 if request.headers["authorization"] == authorization else 401, json={"count": 1}
        )

    httpx_mock.add_callback(respond, url=THINGS_URL, is_reusable=True)


def answer_checks(httpx_mock: HTTPXMock, *statuses: int) -> None:
    """Answer the requests that check the credentials; the last status as often as they come."""
    *first, last = statuses
    for status in first:
        httpx_mock.add_response(status, url=CHECKS_URL)
    httpx_mock.add_response(last, url=CHECKS_URL, is_reusable=True)


def client_of(pool: httpx.AsyncClient, httpx_mock: HTTPXMock, credentials: Credentials) -> MedusaClient:
    if isinstance(credentials, Login):
        give_tokens(httpx_mock, "hush-token")
    return medusa_client(pool, credentials)


async def get(client: MedusaClient) -> Things:
    return await client.get("/admin/things", [], Things)


async def post(client: MedusaClient) -> Things:
    return await client.post("/admin/things", {"name": "a"}, Things)


# --- credentials ----------------------------------------------------------------------------------------


async def test_an_api_key_is_the_user_name_of_basic(httpx_mock: HTTPXMock, pool: httpx.AsyncClient) -> None:
    accept(httpx_mock, "Basic " + b64encode(b"sk_hush:").decode())
    client = medusa_client(pool, KEY)
    assert (await get(client)).count == (await post(client)).count == 1


async def test_a_user_logs_in_once_and_shows_the_token(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    give_tokens(httpx_mock, "hush-token")
    accept(httpx_mock, "Bearer hush-token")
    client = medusa_client(pool, LOGIN)
    assert (await get(client)).count == (await post(client)).count == 1
    log_in, *_ = httpx_mock.get_requests()
    assert log_in.content == b'{"email":"me@example.com","password":"hush-password"}'
    assert "authorization" not in log_in.headers


async def test_requests_side_by_side_log_in_once(httpx_mock: HTTPXMock, pool: httpx.AsyncClient) -> None:
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


async def test_requests_side_by_side_renew_an_expired_token_once(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    give_tokens(httpx_mock, "old", "new")
    httpx_mock.add_response(url=THINGS_URL, json={"count": 1})
    client = medusa_client(pool, LOGIN)
    await get(client)
    accept(httpx_mock, "Bearer new")
    await asyncio.gather(*(get(client) for _ in range(5)))
    assert len(httpx_mock.get_requests(url=LOGIN_URL)) == 2


async def test_a_token_that_does_not_help_is_not_renewed_again(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    give_tokens(httpx_mock, "old", "new")
    accept(httpx_mock, "Bearer none of these")
    answer_checks(httpx_mock, 401)
    with pytest.raises(StoreError, match="refused the credentials"):
        await get(medusa_client(pool, LOGIN))
    assert len(httpx_mock.get_requests(url=LOGIN_URL)) == 2


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("call", [get, post])
async def test_a_wrong_key_is_reported_soon_and_with_few_requests(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, waits: list[float], call: Any, status: int
) -> None:
    httpx_mock.add_response(status, url=THINGS_URL)
    answer_checks(httpx_mock, status)
    with pytest.raises(StoreError, match="refused the credentials") as caught:
        await call(medusa_client(pool, KEY))
    assert caught.value.exit_code == 4
    assert "MEDUSA_API_KEY" in caught.value.hint
    assert len(httpx_mock.get_requests()) <= 4
    assert sum(waits) < 2


@both
@pytest.mark.parametrize("call", [get, post])
async def test_a_request_that_is_forbidden_to_valid_credentials_is_refused(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, credentials: Credentials, call: Any
) -> None:
    client = client_of(pool, httpx_mock, credentials)
    httpx_mock.add_response(403, url=THINGS_URL, html="<html>")
    answer_checks(httpx_mock, 200)
    with pytest.raises(StoreRefusedError, match="the server responded with 403") as caught:
        await call(client)
    assert (caught.value.status, caught.value.exit_code) == (403, 4)
    assert "firewall" in caught.value.hint
    assert len(httpx_mock.get_requests(url=THINGS_URL)) == 1


@pytest.mark.parametrize("call", [get, post])
async def test_a_read_is_checked_by_a_read_and_a_write_by_a_write_that_changes_nothing(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, call: Any
) -> None:
    httpx_mock.add_response(403, url=THINGS_URL)
    answer_checks(httpx_mock, 200)
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
    """While its database connections drop, Medusa answers 401 for a valid key."""
    if isinstance(credentials, Login):
        give_tokens(httpx_mock, "hush-token", "other-token")
        httpx_mock.add_response(401, url=THINGS_URL)
    for status in (401, 401, 200):
        httpx_mock.add_response(status, url=THINGS_URL, json={"count": 1})
    answer_checks(httpx_mock, 200)
    assert (await call(medusa_client(pool, credentials))).count == 1


@pytest.mark.parametrize("call", [get, post])
async def test_a_401_that_stays_although_the_credentials_are_valid_is_a_refusal(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, call: Any
) -> None:
    httpx_mock.add_response(401, url=THINGS_URL, is_reusable=True)
    answer_checks(httpx_mock, 200)
    with pytest.raises(StoreRefusedError) as caught:
        await call(medusa_client(pool, KEY))
    assert caught.value.status == 401
    assert len(httpx_mock.get_requests(url=THINGS_URL)) == 3


@pytest.mark.parametrize("call", [get, post])
async def test_credentials_that_worked_before_are_checked_patiently(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, call: Any
) -> None:
    for status in (200, 401, 200):
        httpx_mock.add_response(status, url=THINGS_URL, json={"count": 1})
    answer_checks(httpx_mock, 401, 401, 401, 401, 200)
    client = medusa_client(pool, KEY)
    await call(client)
    assert (await call(client)).count == 1


async def test_a_log_in_that_worked_before_is_tried_again(
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


async def test_requests_that_are_refused_at_the_same_time_do_not_check_at_the_same_time(
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


async def test_a_refused_log_in_says_so(httpx_mock: HTTPXMock, pool: httpx.AsyncClient) -> None:
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
async def test_a_log_in_that_gives_no_token_says_so(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, status: int, body: bytes
) -> None:
    httpx_mock.add_response(status, url=LOGIN_URL, content=body)
    with pytest.raises(StoreError, match=f"POST {LOGIN_PATH}: no token in the answer") as caught:
        await get(medusa_client(pool, LOGIN))
    assert "hush" not in str(caught.value)


async def test_a_log_in_is_tried_again(httpx_mock: HTTPXMock, pool: httpx.AsyncClient) -> None:
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
async def test_no_failure_shows_a_secret_even_if_the_store_does(
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


# --- answers --------------------------------------------------------------------------------------------


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
async def test_a_read_that_is_not_medusas_says_so(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, body: bytes
) -> None:
    httpx_mock.add_response(content=body)
    with pytest.raises(StoreError, match="GET /admin/things: the answer is not Medusa's") as caught:
        await get(medusa_client(pool))
    assert caught.value.exit_code == 4
    assert "--medusa-url" in caught.value.hint


@pytest.mark.parametrize("body", UNREADABLE, ids=UNREADABLE_IDS)
async def test_a_write_whose_answer_cannot_be_read_is_ambiguous(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, body: bytes
) -> None:
    httpx_mock.add_response(content=body)
    with pytest.raises(AmbiguousWriteError, match="POST /admin/things: the answer cannot be read"):
        await post(medusa_client(pool))


@pytest.mark.parametrize("status", [400, 404, 422, 431])
async def test_a_read_that_is_refused_ends_the_run(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, status: int
) -> None:
    httpx_mock.add_response(status, json={"message": "No"})
    with pytest.raises(StoreError, match=f"GET /admin/things: the server responded with {status}: No"):
        await get(medusa_client(pool))


@pytest.mark.parametrize("status", [400, 404, 409, 413, 431])
async def test_a_write_that_is_refused_says_why(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, status: int
) -> None:
    httpx_mock.add_response(status, json={"type": "invalid_data", "message": "Product exists."})
    with pytest.raises(StoreRefusedError, match=f"{status}: Product exists") as caught:
        await post(medusa_client(pool))
    assert caught.value.status == status


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_write_that_fails_in_the_store_is_ambiguous(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, status: int
) -> None:
    httpx_mock.add_response(status)
    with pytest.raises(AmbiguousWriteError):
        await post(medusa_client(pool))


async def test_a_body_that_the_store_would_not_take_is_not_sent(pool: httpx.AsyncClient) -> None:
    with pytest.raises(StoreRefusedError, match="bytes are more than") as caught:
        await medusa_client(pool).post("/admin/things", {"name": "x" * MAX_BODY_BYTES}, Things)
    assert caught.value.status == 413


# --- calls ----------------------------------------------------------------------------------------------


@pytest.fixture
def api(pool: httpx.AsyncClient) -> AdminApi:
    return AdminApi(medusa_client(pool))


def hold(httpx_mock: HTTPXMock, collection: str, key: str) -> None:
    """Answer every look-up with what it asks for."""

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
async def test_look_ups_are_split_so_that_no_address_is_too_long(
    httpx_mock: HTTPXMock, api: AdminApi, letter: str, length: int
) -> None:
    hold(httpx_mock, "product_tags", "value")
    values = [f"{number}{letter * length}" for number in range(20_000 // (length + 10))]
    assert [tag.value for tag in await api.tags(values)] == values
    for request in httpx_mock.get_requests():
        assert len(request.url.raw_path) < URL_LIMIT


async def test_a_look_up_takes_few_requests(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    hold(httpx_mock, "products", "external_id")
    await api.look_up([f"dummyjson:{number}" for number in range(10_000, 10_200)])
    assert len(httpx_mock.get_requests()) == 1


async def test_a_look_up_sees_what_stands_twice(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    product = {"external_id": "dummyjson:1", "metadata": None}
    twice = [{"id": "prod_1", **product}, {"id": "prod_2", **product}]
    httpx_mock.add_response(json={"products": twice, "count": 2})
    assert [product.id for product in await api.look_up(["dummyjson:1"])] == ["prod_1", "prod_2"]
    (request,) = httpx_mock.get_requests()
    assert int(request.url.params["limit"]) >= 2
    assert request.url.params["order"] == "id"


async def test_a_quiet_look_up_reads_no_details(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    hold(httpx_mock, "products", "external_id")
    await api.look_up(["dummyjson:1"])
    (request,) = httpx_mock.get_requests()
    assert request.url.params["fields"] == "id,external_id,metadata"


async def test_products_are_looked_up_by_what_is_named(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    httpx_mock.add_response(json={"products": [], "count": 0, "limit": 1}, is_reusable=True)
    await api.details("id", ["prod_1"])
    await api.handles(["jug"])
    asked = [request.url.params.multi_items()[0] for request in httpx_mock.get_requests()]
    assert asked == [("id[]", "prod_1"), ("handle[]", "jug")]


async def test_the_store_says_how_many_products_it_holds(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    httpx_mock.add_response(json={"products": [{"id": "prod_1"}], "count": 194})
    assert await api.count_products() == 194


async def test_nothing_to_look_up_is_no_request(api: AdminApi) -> None:
    assert (await api.look_up([]), await api.tags([]), await api.categories([])) == ([], [], [])


@pytest.mark.parametrize("count", [0, 1, 5, 100], ids="count {}".format)
@pytest.mark.parametrize("pages", [(2, 2, 1), (1,), (2, 0), (0,)], ids=str)
async def test_a_scan_ends_with_a_page_that_is_not_full(
    httpx_mock: HTTPXMock, api: AdminApi, pages: tuple[int, ...], count: int
) -> None:
    """Whatever the count is, which may be an estimate, and also if the store limits pages to two."""
    position = 0
    for size in pages:
        products = [
            {"id": f"prod_{number}", "external_id": None, "title": "Jug", "status": "draft"}
            for number in range(position, position + size)
        ]
        httpx_mock.add_response(json={"products": products, "count": count, "limit": 2})
        position += size
    scanned = [product.id async for page in api.scan() for product in page]
    assert scanned == [f"prod_{number}" for number in range(position)]
    offsets = [int(request.url.params["offset"]) for request in httpx_mock.get_requests()]
    assert offsets == [sum(pages[:index]) for index in range(len(pages))]


async def test_a_scan_does_not_take_what_is_absent_for_empty(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    httpx_mock.add_response(json={"products": [{"id": "prod_1", "title": "Jug"}], "count": 1, "limit": 2})
    with pytest.raises(StoreError, match="external_id"):
        _ = [page async for page in api.scan()]


async def test_a_product_whose_response_lacks_something_does_not_affect_the_others(
    httpx_mock: HTTPXMock, api: AdminApi
) -> None:
    whole = {"id": "prod_1", "external_id": "dummyjson:1", "metadata": {"a": 1}}
    partial = {"id": "prod_2", "external_id": "dummyjson:2"}
    httpx_mock.add_response(json={"products": [whole, partial]})
    assert await api.look_up(["dummyjson:1", "dummyjson:2"]) == [
        StoredSummary("prod_1", "dummyjson:1", {"a": 1}),
        Unreadable("prod_2", "dummyjson:2", "the response lacks metadata"),
    ]


async def test_the_handle_null_is_looked_for_in_the_whole_store(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        handles = [] if "handle[]" in request.url.params else ["jug", "null"]
        products = [{"id": "prod_1", "external_id": f"x:{handle}", "handle": handle} for handle in handles]
        return httpx.Response(200, json={"products": products, "count": 0, "limit": 500})

    httpx_mock.add_callback(respond, is_reusable=True)
    assert await api.handles(["null", "mug"]) == {"null": "x:null"}


async def test_creations_and_updates_are_calls_of_their_own_that_ask_for_few_fields(
    httpx_mock: HTTPXMock, api: AdminApi
) -> None:
    written: dict[str, Any] = {"external_id": None, "variants": []}
    httpx_mock.add_response(json={"created": [{"id": "prod_1", **written}], "updated": [], "deleted": {}})
    httpx_mock.add_response(json={"created": [], "updated": [{"id": "prod_2", **written}], "deleted": {}})
    assert await api.create_products([{"title": "Jug"}]) == [WrittenProduct("prod_1", None, ())]
    assert await api.update_products([{"id": "prod_2"}]) == [WrittenProduct("prod_2", None, ())]
    create, update = httpx_mock.get_requests()
    assert create.content == b'{"create":[{"title":"Jug"}]}'
    assert update.content == b'{"update":[{"id":"prod_2"}]}'
    for request in (create, update):
        assert request.url.path == "/admin/products/batch"
        assert request.url.params["fields"].startswith("id,external_id,")


async def test_deletes_share_no_call_with_writes(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    httpx_mock.add_response(json={"deleted": {"ids": ["prod_1"]}})
    await api.delete_products(["prod_1"])
    assert httpx_mock.get_requests()[0].content == b'{"delete":["prod_1"]}'


async def test_levels_are_one_call(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    httpx_mock.add_response(json={})
    await api.write_levels(create=[Level("iitem_1", "sloc_1", 5)], update=[])
    level = b'{"inventory_item_id":"iitem_1","location_id":"sloc_1","stocked_quantity":5}'
    assert httpx_mock.get_requests()[0].content == b'{"create":[' + level + b'],"update":[]}'


async def test_a_category_is_created_active(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    httpx_mock.add_response(json={"product_category": {"id": "pcat_1", "handle": "toys"}})
    assert (await api.create_category("toys", "Toys")).id == "pcat_1"
    assert httpx_mock.get_requests()[0].content == b'{"name":"Toys","handle":"toys","is_active":true}'


async def test_a_category_is_activated_and_nothing_else(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    httpx_mock.add_response(url=f"{STORE_URL}/admin/product-categories/pcat_1", json={})
    await api.activate_category("pcat_1")
    assert httpx_mock.get_requests()[0].content == b'{"is_active":true}'


async def test_a_store_that_says_nothing_of_itself_is_no_medusa(httpx_mock: HTTPXMock, api: AdminApi) -> None:
    httpx_mock.add_response(json={"stores": []})
    with pytest.raises(StoreError):
        await api.defaults()


@pytest.mark.parametrize(
    "body", [{}, {"sales_channels": None}, {"sales_channels": [{}]}, {"sales_channels": [7]}]
)
async def test_a_list_of_another_shape_is_not_medusas(
    httpx_mock: HTTPXMock, api: AdminApi, body: dict[str, Any]
) -> None:
    httpx_mock.add_response(json=body)
    with pytest.raises(StoreError):
        await api.named("sales_channels", {})
