"""The fake store as an HTTP transport: credentials, limits, and hooks for tests."""

import asyncio
import json
import re
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.utils import formatdate
from functools import cached_property, partial
from random import Random
from typing import Any, Final, TypeVar

import httpx
import msgspec

from tests.harness.fake_medusa.api import Api
from tests.harness.fake_medusa.errors import ApiError, unknown_error
from tests.harness.fake_medusa.inventory import level_at
from tests.harness.fake_medusa.reads import Call
from tests.harness.fake_medusa.state import (
    Channel,
    Currency,
    Ids,
    Named,
    Number,
    Product,
    Region,
    State,
    StoreSettings,
)
from tests.harness.template import REGION

_BATCH_LIMIT: Final = 2 * 1024 * 1024
_BODY_LIMIT: Final = 100 * 1024
_HEAD_LIMIT: Final = 16 * 1024
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_LARGEST_PLAIN: Final = 1e21  # JavaScript writes larger numbers with an exponent

T = TypeVar("T")
Work = Generator[str, None, httpx.Response]


@dataclass(frozen=True)
class Request:
    method: str
    url: httpx.URL
    content: bytes

    @property
    def path(self) -> str:
        return self.url.path

    @cached_property
    def query(self) -> tuple[tuple[str, str], ...]:
        return tuple(self.url.params.multi_items())

    @cached_property
    def json(self) -> Any:
        """The body, or None if it is not JSON."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None


@dataclass
class _Unfinished:
    """Work whose client gave up."""

    work: Work
    waits: int
    """How many requests are handled before it continues."""


class FakeMedusa(httpx.AsyncBaseTransport, httpx.BaseTransport):
    """A store as `tests.harness.medusa` makes it: a stock location, two currencies and locales, no products.

    It behaves like Medusa `VERSION`, and raises NotImplementedError for anything that it does not support.

    Attributes:
        requests: everything that clients sent, including what a fault kept from the store.
        before: called with each request first; may raise, or return a response to use instead.
        between: called with the request and the name of a step, after a write is accepted and after each
            committed step but the last; if it raises, the client gives up and the store continues its work
            (see `linger`), but an ApiError is an error of the store, which undoes the call.
        after: called with the request and the response at the end; may raise, or return another response.
        dice: of its ids, and of the order of lists.
        linger: how many requests are handled before the store continues work whose client gave up.
        time: what its clock shows, in seconds since 1970; None for the time of this machine.
        pause: awaited before each step of an asynchronous request.
        offers_bulk: workflows can be run; otherwise the credentials lack the right to do that.
    """

    VERSION: Final = "2.21.2"
    offers_bulk = True

    def __init__(self) -> None:
        random = self.dice = Random(0)
        ids = Ids(random)
        location = Named(ids.new("sloc"), "Warehouse")
        channel = Channel(ids.new("sc"), "Default Sales Channel", location_ids=[location.id])
        profile = Named(ids.new("sp"), "Default Shipping Profile", "default")
        region = Region(ids.new("reg"), REGION["name"], REGION["currency_code"])
        currencies = [Currency(ids.new("stocur"), "eur", is_default=True), Currency(ids.new("stocur"), "usd")]
        store = StoreSettings(ids.new("store"), "Medusa Store", currencies, channel.id, location.id)
        self.state = State(
            ids,
            store,
            sales_channels={channel.id: channel},
            shipping_profiles={profile.id: profile},
            stock_locations={location.id: location},
            regions={region.id: region},
            locales=["de-DE", "fr-FR"],
        )
        self.url = "http://medusa.test"
        self.api_key = "sk_fake"
        self.email = "admin@example.com"
        self.password = "supersecret"
        self.store_id = store.id
        self.location_id = location.id
        self.sales_channel_id = channel.id
        self.shipping_profile_id = profile.id
        self.requests: list[Request] = []
        self.before: Callable[[httpx.Request], httpx.Response | None] | None = None
        self.between: Callable[[httpx.Request, str], None] | None = None
        self.after: Callable[[httpx.Request, httpx.Response], httpx.Response | None] | None = None
        self.linger = 0
        self.time: float | None = None
        self.pause: Callable[[], Awaitable[None]] = partial(asyncio.sleep, 0)
        self._api = Api(self.state, random)
        self._tokens: set[str] = set()
        self._unfinished: list[_Unfinished] = []

    # --- for tests ---

    @property
    def products(self) -> dict[str, Product]:
        """Products by external id; raises if an external id is stored twice."""
        owned = [product for product in self.state.products.values() if product.external_id]
        twice = [key for key, count in Counter(product.external_id for product in owned).items() if count > 1]
        if twice:
            raise AssertionError(f"stored more than once: {twice}")
        return {product.external_id or "": product for product in owned}

    def level_of(self, sku: str) -> Number | None:
        """The stocked quantity at the default location of the variant with this SKU."""
        variants = (variant for product in self.state.products.values() for variant in product.variants)
        variant = next(variant for variant in variants if variant.sku == sku)
        items = [self.state.items[item_id] for item_id in variant.item_ids]
        level = level_at(items[0] if items else None, self.location_id)
        return level.stocked_quantity if level else None

    def reserve(self, sku: str, quantity: Number = 1) -> None:
        """Reserve stock of the item with this SKU, as an order does."""
        item = next(item for item in self.state.live_items() if item.sku == sku)
        item.levels[0].reserved_quantity += quantity

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Handle a request of the merchant, without faults or recording; raises ApiError if it is refused."""
        url = httpx.URL(path)
        self.state.ids.next_moment()
        call = Call(method, url.path, tuple(url.params.multi_items()), {} if body is None else body)
        return _exhausted(self._api.respond(call))

    def catch_up(self) -> None:
        """Finish all work whose clients gave up."""
        while self._unfinished:
            _exhausted(self._unfinished.pop(0).work)

    def crash(self) -> None:
        """Kill and restart the server: unfinished work stays incomplete."""
        self._unfinished.clear()

    # --- transport ---

    def handle(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return _exhausted(self._handle(request))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Concurrent requests take turns at each step."""
        await request.aread()
        work = self._handle(request)
        try:
            while True:
                await self.pause()
                next(work)
        except StopIteration as end:
            response: httpx.Response = end.value
            return response
        finally:
            work.close()

    def _handle(self, request: httpx.Request) -> Work:
        self._continue()
        self.requests.append(Request(request.method, request.url, request.content))
        if self.before and (substitute := self.before(request)):
            return substitute
        work = self._respond(request)
        failure: ApiError | None = None
        while True:
            try:
                step = next(work) if failure is None else work.throw(failure)
            except StopIteration as end:
                response: httpx.Response = end.value
                break
            failure = None
            try:
                if self.between:
                    self.between(request, step)
                yield step
            except ApiError as error:
                failure = error
            except BaseException:
                self._unfinished.append(_Unfinished(work, self.linger))
                raise
        response.headers["date"] = formatdate(time.time() if self.time is None else self.time, usegmt=True)
        return (self.after and self.after(request, response)) or response

    def _continue(self) -> None:
        due = [unfinished.work for unfinished in self._unfinished if not unfinished.waits]
        self._unfinished = [unfinished for unfinished in self._unfinished if unfinished.waits]
        for unfinished in self._unfinished:
            unfinished.waits -= 1
        for work in due:
            _exhausted(work)

    # --- responses ---

    def _respond(self, request: httpx.Request) -> Work:
        self.state.ids.next_moment()
        path = request.url.path
        if _head_size(request) > _HEAD_LIMIT:
            return httpx.Response(431)
        limit = _BATCH_LIMIT if _is_large(path) else _BODY_LIMIT
        if path != "/admin/uploads" and len(request.content) > limit:
            return httpx.Response(413, json={"message": "request entity too large", "type": "unknown_error"})
        body = _parsed(request)
        if path == "/auth/user/emailpass":
            return self._log_in(body)
        if refusal := self._unauthorized(request.headers.get("Authorization", "")):
            return httpx.Response(401, json={"message": refusal})
        if path.startswith("/admin/workflows-executions/") and not self.offers_bulk:
            return httpx.Response(403, json={"type": "forbidden", "message": "Forbidden"})
        try:
            escaped = b"\\u0000" in request.content and _NUL.search(request.content)
            if escaped or b"%00" in request.url.query:
                raise unknown_error()  # PostgreSQL cannot store one, and Medusa does not check
            call = Call(request.method, path, tuple(request.url.params.multi_items()), body)
            content = msgspec.json.encode((yield from self._api.respond(call)))
            return httpx.Response(200, headers={"content-type": "application/json"}, content=content)
        except ApiError as error:
            return httpx.Response(error.status, json=error.body)
        except LookupError:
            return httpx.Response(404, html=f"<pre>Cannot {request.method} {path}</pre>")

    def _log_in(self, body: Any) -> httpx.Response:
        if (body.get("email"), body.get("password")) != (self.email, self.password):
            refusal = {"type": "unauthorized", "message": "Invalid email or password"}
            return httpx.Response(401, json=refusal)
        token = self.state.ids.new("token")
        self._tokens.add(token)
        return httpx.Response(200, json={"token": token})

    def _unauthorized(self, header: str) -> str:
        """Why a request is refused; empty if it is not."""
        scheme, _, value = header.partition(" ")
        if scheme.lower() == "bearer":
            return "" if value in self._tokens else "Unauthorized"
        try:
            authorized = scheme.lower() == "basic" and b64decode(value).decode() == f"{self.api_key}:"
        except ValueError:  # not base64, or not UTF-8
            authorized = False
        return "" if authorized else "Unauthorized"


def _exhausted(work: Generator[str, None, T]) -> T:
    """Run the work to its end and return its result."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result


def _is_large(path: str) -> bool:
    """Whether requests may be as large as batches."""
    return path.endswith("/batch") and not path.endswith("/options/batch")


def _head_size(request: httpx.Request) -> int:
    lines = [(request.method.encode(), request.url.raw_path, b"HTTP/1.1"), *request.headers.raw]
    return sum(len(b": ".join(line)) + 2 for line in lines)


def _parsed(request: httpx.Request) -> Any:
    """Parse the body with JavaScript's numbers."""
    kind = request.headers.get("Content-Type", "")
    if kind.startswith("multipart/form-data"):
        head = f"Content-Type: {kind}\r\n\r\n".encode()
        parts = message_from_bytes(head + request.content, policy=policy.HTTP).iter_parts()
        return [
            (each.get_filename(), each.get_content_type(), each.get_payload(decode=True)) for each in parts
        ]
    if not request.content or "json" not in kind:
        return {}
    return json.loads(request.content, parse_int=_number, parse_float=_number)


def _number(text: str) -> Number:
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < _LARGEST_PLAIN else number
