"""A proxy in front of the store that records all requests and injects faults into chosen writes."""

# It works like Toxiproxy, but on whole requests instead of streams of bytes, so a fault always hits the same
# request.

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from http.client import responses
from typing import Any
from urllib.parse import urlsplit

from tests.harness.medusa import Store

_END_OF_HEAD = b"\r\n\r\n"
_LOG_IN = "/auth/user/emailpass"
_WITHIN_S = 60  # generous: on an idle machine it happens at once


@dataclass(frozen=True)
class WireRequest:
    method: str
    path: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_write(self) -> bool:
        return self.method != "GET" and self.path != _LOG_IN


class Exchange:
    """One request, with the actions that a fault can take.

    Args:
        request: of the client.
        head: request line and headers for the store.
        store: host and port.
        reader: from the client.
        writer: to the client.
    """

    def __init__(
        self,
        request: WireRequest,
        head: bytes,
        store: tuple[str, int],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.request = request
        self._head = head
        self._store = store
        self._reader = reader
        self._writer = writer

    async def forward(self) -> bytes:
        """Send the request to the store, even if the client is gone, and return the response."""
        reader, writer = await asyncio.open_connection(*self._store)
        with closing(writer):
            writer.write(self._head + self.request.body)
            head, _, body = (await reader.read()).partition(_END_OF_HEAD)
        status, *headers = head.decode("latin-1").split("\r\n")
        kept = (line for line in headers if _name(line) not in {"connection", "content-length"})
        return _message([status, *kept, f"Content-Length: {len(body)}"], body)

    async def respond(self, response: bytes) -> None:
        self._writer.write(response)
        await self._writer.drain()

    def hang_up(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        """Break the connection with RST, as a crash does."""
        linger = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()

    async def until_given_up(self) -> None:
        """Wait until the client disconnects."""
        with suppress(ConnectionError):
            await self._reader.read()


Fault = Callable[[Exchange], Awaitable[None]]
"""Handles a request instead of forwarding it."""


@dataclass(frozen=True)
class Span:
    """A request, and when the proxy began and ended it, by the monotonic clock."""

    request: WireRequest
    begin: float
    end: float


class FaultProxy:
    """The proxy. It runs in an event loop in a separate thread.

    Attributes:
        url: of the proxy.
        requests: in order of arrival; clearing the list restarts the numbers of the writes.
        faults: by number of the write, starting at 1.
        choose: returns a fault for a request that has none by number, or None.
        struck: numbers of the writes that had a fault.
        spans: of finished requests.
        under_way: number of unfinished requests.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._store = (parts.hostname or "", parts.port or 80)
        self._loop = asyncio.get_running_loop()
        self._clients: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server
        self.url = ""
        self.requests: list[WireRequest] = []
        self.faults: dict[int, Fault] = {}
        self.choose: Callable[[WireRequest], Fault | None] = lambda _request: None
        self.spans: list[Span] = []
        self.under_way = 0
        self.struck: set[int] = set()

    @property
    def writes(self) -> list[WireRequest]:
        return [request for request in self.requests if request.is_write]

    def store(self, store: Store) -> Store:
        """The store with the URL of the proxy."""
        return replace(store, url=self.url)

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"

    def go_down(self) -> None:
        """Refuse new connections and break existing ones; called by faults."""
        self._server.close()
        for client in self._clients:
            client.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        # The stream that started a task would report its cancellation as an error.
        with closing(writer), suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while not writer.is_closing():
                exchange = await self._receive(reader, writer)
                begin = time.monotonic()
                self.under_way += 1
                try:
                    await self._treat(exchange)
                finally:
                    self.under_way -= 1
                    self.spans.append(Span(exchange.request, begin, time.monotonic()))
        self._clients.discard(writer)

    async def _treat(self, exchange: Exchange) -> None:
        number = len(self.writes) if exchange.request.is_write else 0
        fault = self.faults.get(number)
        if fault is not None:
            self.struck.add(number)
        fault = fault or self.choose(exchange.request)
        if fault is None:
            await exchange.respond(await exchange.forward())
        else:
            await fault(exchange)

    async def _receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange:
        head = (await reader.readuntil(_END_OF_HEAD)).removesuffix(_END_OF_HEAD).decode("latin-1")
        request_line, *headers = head.split("\r\n")
        method, target, _ = request_line.split(" ")
        lengths = (int(line.partition(":")[2]) for line in headers if _name(line) == "content-length")
        request = WireRequest(method, target.partition("?")[0], await reader.readexactly(next(lengths, 0)))
        self.requests.append(request)
        # In HTTP/1.0 the end of the connection ends the response, and there are no chunks.
        kept = (line for line in headers if _name(line) != "connection")
        upstream = _message([f"{method} {target} HTTP/1.0", *kept], b"")
        return Exchange(request, upstream, self._store, reader, writer)


@contextmanager
def fault_proxy(target: str) -> Iterator[FaultProxy]:
    """A proxy in front of the server at a URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="fault proxy")
    thread.start()

    async def begin() -> FaultProxy:
        proxy = FaultProxy(target)
        await proxy.listen()
        return proxy

    async def end(proxy: FaultProxy) -> None:
        proxy.go_down()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    try:
        proxy = asyncio.run_coroutine_threadsafe(begin(), loop).result()
        try:
            yield proxy
        finally:
            asyncio.run_coroutine_threadsafe(end(proxy), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _name(header: str) -> str:
    return header.partition(":")[0].strip().lower()


def _message(lines: list[str], body: bytes) -> bytes:
    return "\r\n".join(lines).encode("latin-1") + _END_OF_HEAD + body


def _refusal(status: int, **headers: str) -> bytes:
    """A response that does not come from the store, as from a gateway."""
    body = json.dumps({"message": f"response of the proxy: {status}"}).encode()
    named = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines = [f"HTTP/1.1 {status} {responses[status]}", f"Content-Length: {len(body)}", *named]
    return _message([*lines, "Content-Type: application/json"], body)


# Faults. With `commits`, the store has committed the request.


def lost(break_off: Callable[[Exchange], None], *, commits: bool) -> Fault:
    async def fault(exchange: Exchange) -> None:
        if commits:
            await exchange.forward()
        break_off(exchange)

    return fault


def answered(status: int, *, commits: bool = False, **headers: str) -> Fault:
    async def fault(exchange: Exchange) -> None:
        if commits:
            await exchange.forward()
        await exchange.respond(_refusal(status, **headers))

    return fault


async def block(exchange: Exchange) -> None:
    """Refuse with an HTML page, as a firewall does."""
    body = b"<html><body><h1>403 Forbidden</h1></body></html>"
    lines = ["HTTP/1.1 403 Forbidden", f"Content-Length: {len(body)}", "Content-Type: text/html"]
    await exchange.respond(_message(lines, body))


async def truncate(exchange: Exchange) -> None:
    head, end, body = (await exchange.forward()).partition(_END_OF_HEAD)
    await exchange.respond(head + end + body[: len(body) // 2])
    exchange.hang_up()


async def withhold(exchange: Exchange) -> None:
    await exchange.forward()
    await exchange.until_given_up()


async def deliver_late(exchange: Exchange) -> None:
    """Deliver the request after the client gave up; the store commits it while the client tries again."""
    await exchange.until_given_up()
    await exchange.forward()


async def delay(exchange: Exchange) -> None:
    await asyncio.sleep(0.3)
    await exchange.respond(await exchange.forward())


KINDS: dict[str, Fault] = {
    "request dropped": lost(Exchange.hang_up, commits=False),
    "request reset": lost(Exchange.reset, commits=False),
    "response dropped": lost(Exchange.hang_up, commits=True),
    "response reset": lost(Exchange.reset, commits=True),
    "response truncated": truncate,
    "delay": delay,
    "401": answered(401),
    "403 in HTML": block,
    "429": answered(429),
    "429 with Retry-After": answered(429, Retry_After="1"),
    "500": answered(500),
    "502": answered(502),
    "503": answered(503),
    "response withheld": withhold,
    "request delivered late": deliver_late,
    "413": answered(413),
    "500 after the commit": answered(500, commits=True),
    "502 after the commit": answered(502, commits=True),
}
ONLY_OF_WRITES = (
    *("response withheld", "request delivered late", "413"),
    *("500 after the commit", "502 after the commit"),
)


async def until(happened: Callable[[], bool]) -> None:
    """Wait for a condition that another thread sets."""
    while not happened():  # noqa: ASYNC110 - other threads cannot set an asyncio event
        await asyncio.sleep(0.01)


class Hold:
    """A fault that holds a request until the test releases it."""

    def __init__(self) -> None:
        self._arrived = threading.Event()
        self._released = threading.Event()

    async def __call__(self, exchange: Exchange) -> None:
        self._arrived.set()
        await until(self._released.is_set)
        await exchange.respond(await exchange.forward())

    def wait_until_arrived(self) -> None:
        assert self._arrived.wait(_WITHIN_S)

    def release(self) -> None:
        self._released.set()
