"""The hooks of the fake store, which the real store does not have."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from tests.contract.shop import LEVELS, Shop, item_of, workflow_path
from tests.harness.fake_medusa import ApiError, FakeMedusa

BATCH = "/admin/products/batch"
TAGS = {"input": {"product_tags": [{"value": "red"}]}}


def once(error: Exception) -> Callable[..., None]:
    """A hook that raises once."""
    errors = [error]

    def hook(*_arguments: object) -> None:
        if errors:
            raise errors.pop()

    return hook


def give_up_at(step: str) -> Callable[[httpx.Request, str], None]:
    def hook(_request: httpx.Request, reached: str) -> None:
        if reached == step:
            raise httpx.ReadTimeout("too slow")

    return hook


def creates(shop: Shop, *numbers: int) -> dict[str, object]:
    return {"create": [shop.body(number) for number in numbers]}


def post(shop: Shop, *numbers: int) -> httpx.Response:
    return shop.send("POST", BATCH, creates(shop, *numbers), fields="id")


def test_requests_and_responses_can_be_lost(fake: FakeMedusa, fake_shop: Shop) -> None:
    fake.before = once(httpx.ConnectError("lost"))
    with pytest.raises(httpx.ConnectError):
        post(fake_shop, 1)
    assert fake.products == {}
    fake.after = once(httpx.ReadError("lost"))
    with pytest.raises(httpx.ReadError):
        post(fake_shop, 1)
    assert fake.products.keys() == {"contract:1"}


@pytest.mark.parametrize("status", [413, 429, 500, 502, 503])
def test_hooks_can_respond_instead_of_the_store(fake: FakeMedusa, fake_shop: Shop, status: int) -> None:
    fake.before = lambda _request: httpx.Response(status, headers={"Retry-After": "1"})
    assert post(fake_shop, 1).status_code == status
    assert fake.products == {}
    fake.before, fake.after = None, lambda _request, _response: httpx.Response(status)
    assert post(fake_shop, 1).status_code == status
    assert fake.products.keys() == {"contract:1"}


def test_a_store_may_not_offer_the_bulk_route(fake: FakeMedusa, fake_shop: Shop) -> None:
    path = workflow_path("create-product-tags")
    fake.offers_bulk = False
    assert fake_shop.send("POST", path, TAGS).status_code == 403
    fake.offers_bulk = True
    assert fake_shop.send("POST", path, TAGS).status_code == 200


def test_the_store_continues_when_a_client_gives_up(fake: FakeMedusa, fake_shop: Shop) -> None:
    fake.between, fake.linger = give_up_at("products"), 1
    with pytest.raises(httpx.ReadTimeout):
        post(fake_shop, 1)
    path = "/admin/products/" + fake.products["contract:1"].id
    half_done = fake_shop.call("GET", path, fields="variants.id")
    assert half_done["product"]["variants"] == []
    whole = fake_shop.call("GET", path, fields="variants.sku")
    assert [variant["sku"] for variant in whole["product"]["variants"]] == ["SKU-1"]


def test_a_request_whose_client_gave_up_may_begin_later_and_be_refused(
    fake: FakeMedusa, fake_shop: Shop
) -> None:
    fake.between = give_up_at("accepted")
    with pytest.raises(httpx.ReadTimeout):
        post(fake_shop, 1)
    assert fake.products == {}
    fake.catch_up()
    assert fake.products.keys() == {"contract:1"}
    fake.between = give_up_at("products")
    with pytest.raises(httpx.ReadTimeout):
        fake_shop.send("POST", BATCH, {"create": [fake_shop.body(2, variant={"sku": "SKU-1"})]})
    assert fake.products.keys() == {"contract:1", "contract:2"}
    fake.catch_up()
    assert fake.products.keys() == {"contract:1"}


def test_tokens_expire(fake: FakeMedusa, fake_shop: Shop) -> None:
    login = {"email": fake.email, "password": fake.password}
    token = fake_shop.call("POST", "/auth/user/emailpass", login)["token"]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(transport=fake, base_url=fake.url, headers=headers) as client:
        assert client.get("/admin/stores").status_code == 200
        fake.expire_tokens()
        assert client.get("/admin/stores").status_code == 401


def test_requests_are_recorded(fake: FakeMedusa, fake_shop: Shop) -> None:
    body = creates(fake_shop, 1)
    fake_shop.send("POST", BATCH, body, fields="id")
    fake.call("GET", "/admin/products")
    fake_shop.send("GET", "/admin/products", **{"external_id[]": ["a", "b"]})
    assert [(each.method, each.path, each.query, each.json) for each in fake.requests] == [
        ("POST", BATCH, (("fields", "id"),), body),
        ("GET", "/admin/products", (("external_id[]", "a"), ("external_id[]", "b")), None),
    ]


def test_requests_of_the_merchant_meet_no_faults(fake: FakeMedusa, fake_shop: Shop) -> None:
    product = fake_shop.create()
    fake.before = once(httpx.ConnectError("lost"))
    fake.call("POST", f"/admin/products/{product['id']}", {"title": "Mine"})
    assert fake.products["contract:1"].title == "Mine"
    with pytest.raises(ApiError, match="foo"):
        fake.call("POST", f"/admin/products/{product['id']}", {"foo": 1})


def test_stock_is_found_and_reserved_by_sku(fake: FakeMedusa, fake_shop: Shop) -> None:
    product = fake_shop.create()
    assert fake.level_of("SKU-1") is None
    fake_shop.call("POST", LEVELS, {"create": [fake_shop.level(item_of(product), 7)]})
    assert fake.level_of("SKU-1") == 7
    fake.reserve("SKU-1")
    assert fake_shop.batch_refusal(delete=[product["id"]])[0] == 400


def test_a_product_stored_twice_is_an_error(fake: FakeMedusa, fake_shop: Shop) -> None:
    fake_shop.batch(create=[fake_shop.body(1), fake_shop.body(2, external_id="contract:1")])
    with pytest.raises(AssertionError, match="stored more than once"):
        _ = fake.products


def test_the_same_seed_gives_the_same_store() -> None:
    def listed(seed: int) -> bytes:
        fake = FakeMedusa(seed)
        with httpx.Client(transport=fake, base_url=fake.url, auth=(fake.api_key, "")) as client:
            shop = Shop(fake, client)
            shop.batch(create=[shop.body(number) for number in range(10)])
            return shop.send("GET", "/admin/products", fields="id,title").content

    assert listed(1) == listed(1) != listed(2)


def test_concurrent_requests_take_turns(fake: FakeMedusa, fake_shop: Shop) -> None:
    """Two clients create the same product: one is refused, and one product is stored."""

    async def both() -> list[int]:
        async with httpx.AsyncClient(transport=fake, base_url=fake.url, auth=(fake.api_key, "")) as client:
            requests = (client.post(BATCH, json=creates(fake_shop, 1, number)) for number in (2, 3))
            return [response.status_code for response in await asyncio.gather(*requests)]

    assert sorted(asyncio.run(both())) == [200, 400]
    assert len(fake.products) == 2


def test_a_cancelled_client_does_not_stop_the_store(fake: FakeMedusa, fake_shop: Shop) -> None:
    async def cancelled() -> None:
        reached = asyncio.Event()
        fake.between = lambda _request, step: reached.set() if step == "products" else None
        async with httpx.AsyncClient(transport=fake, base_url=fake.url, auth=(fake.api_key, "")) as client:
            task = asyncio.create_task(client.post(BATCH, json=creates(fake_shop, 1)))
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(cancelled())
    assert fake.products["contract:1"].variants == []
    fake.catch_up()
    assert [variant.sku for variant in fake.products["contract:1"].variants] == ["SKU-1"]
