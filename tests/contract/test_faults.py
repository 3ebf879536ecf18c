"""What the fake store does if a client gives up, and for clients at the same time."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from tests.contract.shop import Shop
from tests.harness.fake_medusa import FakeMedusa

BATCH = "/admin/products/batch"


def give_up_at(step: str) -> Callable[[httpx.Request, str], None]:
    def hook(_request: httpx.Request, reached: str) -> None:
        if reached == step:
            raise httpx.ReadTimeout("too slow")

    return hook


def creates(shop: Shop, *numbers: int) -> dict[str, object]:
    return {"create": [shop.body(number) for number in numbers]}


def post(shop: Shop, *numbers: int) -> httpx.Response:
    return shop.send("POST", BATCH, creates(shop, *numbers), fields="id")


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
