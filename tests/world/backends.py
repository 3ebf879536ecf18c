"""The stores that a world may have: one in memory, or a real one."""

import random
import threading
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from functools import partial
from typing import Protocol, Self, cast

import httpx

from tests.harness.breakable import BreakableStore
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.medusa import Store
from tests.world.pictures import source_of
from tests.world.shop import Shop


class Backend(Protocol):
    """What networks, runs and the merchant use of a store."""

    url: str
    api_key: str
    dice: random.Random
    offers_bulk: bool
    time: float | None
    pause: Callable[[], Awaitable[None]]
    between: Callable[[httpx.Request, str], None] | None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response: ...

    def shop(self) -> Shop:
        """The store as its merchant sees it."""
        ...

    def doom(self) -> None:
        """It will be killed inside of the next call."""
        ...

    def crash(self) -> None:
        """Kill and start it: what it has not finished stays so."""
        ...

    def catch_up(self) -> None:
        """Wait until it has finished what it has begun."""
        ...


class InMemory(FakeMedusa):
    """A store in memory, which works step by step in simulated time."""

    def shop(self) -> Shop:
        shop = Shop(cast("Store", self), transport=self)
        shop.source_of, shop.content_of = partial(source_of, self._content_of), self._content_of
        return shop

    def _content_of(self, name: str) -> bytes | None:
        file = self.state.files.get(name)
        return file.content if file else None

    def doom(self) -> None:
        """Nothing: its work is cancelled."""


class Real(httpx.AsyncBaseTransport):
    """A real store. A request takes no simulated time, and the store shows simulated time in its answers."""

    def __init__(self, server: BreakableStore) -> None:
        self._server = server
        self._client, self._shop = httpx.Client(timeout=120), Shop(server.store)
        self._shop.source_of, self._shop.content_of = partial(source_of, self._content_of), self._content_of
        self._is_doomed = False
        self.url, self.api_key = server.store.url, server.store.api_key
        self.dice = random.Random(0)
        self.offers_bulk = True
        self.time: float | None = None
        self.pause: Callable[[], Awaitable[None]]
        self.between: Callable[[httpx.Request, str], None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._shop.__exit__()

    def shop(self) -> Shop:
        return self._shop

    def _content_of(self, name: str) -> bytes | None:
        path = self._server.store.log.with_name("static") / name
        return path.read_bytes() if name and path.is_file() else None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        await self.pause()
        if not self.offers_bulk and request.url.path.startswith("/admin/workflows-executions/"):
            return httpx.Response(403, json={"type": "forbidden", "message": "Forbidden"})
        response = self._killed(request) if self._is_doomed else self._answer(request)
        headers = {
            "content-type": response.headers.get("content-type", ""),
            "date": formatdate(time.time() if self.time is None else self.time, usegmt=True),
        }
        return httpx.Response(response.status_code, headers=headers, content=response.content)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        return self._client.request(
            request.method, request.url, headers=request.headers, content=request.content
        )

    def _killed(self, request: httpx.Request) -> httpx.Response:
        """Kill the server while it works, or shortly after it."""
        self._is_doomed = False
        answers: list[httpx.Response] = []

        def send() -> None:
            try:
                answers.append(self._answer(request))
            except httpx.TransportError:
                answers.append(httpx.Response(500))

        thread = threading.Thread(target=send)
        thread.start()
        time.sleep(self.dice.choice([0.002, 0.01, 0.02, 0.05, 0.1]))
        self._server.kill()
        thread.join()
        self._server.start()
        return answers[0]

    def doom(self) -> None:
        self._is_doomed = True

    def crash(self) -> None:
        """Nothing: it is killed inside of a call."""

    def catch_up(self) -> None:
        self._server.store.wait_until_idle()
