"""A proxy in front of the store that records all requests and injects faults into chosen writes."""

# It works like Toxiproxy, but on whole requests instead of streams of bytes, so a fault always hits the same
# request.

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from http.client import HTTPConnection, HTTPException, responses
from http.server import BaseHTTPRequestHandler
from threading import Event, Lock
from typing import Any
from urllib.parse import urlsplit

from tests.harness.dummyjson import Server, serving
from tests.harness.medusa import Store

_LOG_IN = "/auth/user/emailpass"
_WITHIN_S = 60  # generous: on an idle machine it happens at once


@dataclass(frozen=True)
class WireRequest:
    method: str
    path: str
    body: bytes

    @property
    def is_write(self) -> bool:
        return self.method != "GET" and self.path != _LOG_IN


class Exchange(BaseHTTPRequestHandler):
    """The requests of one connection, each in turn, with the actions that a fault can take."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wire: WireRequest

    def __init__(self, proxy: "FaultProxy", *arguments: Any) -> None:
        self._proxy = proxy
        super().__init__(*arguments)

    def handle(self) -> None:
        with suppress(ConnectionError, HTTPException):  # the client or the store is gone
            super().handle()

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionError("the client is gone")
        self.wire = WireRequest(self.command, self.path.partition("?")[0], body)
        self._proxy.treat(self)

    do_POST = do_DELETE = do_GET  # noqa: N815 - the names of http.server

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def forward(self) -> bytes:
        """Send the request to the store, even if the client is gone, and return the response."""
        with closing(HTTPConnection(*self._proxy.target)) as store:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            store.request(self.command, self.path, self.wire.body, headers)
            response = store.getresponse()
            body = response.read()
        dropped = {"connection", "content-length", "keep-alive", "transfer-encoding"}
        kept = {name: value for name, value in response.getheaders() if name.lower() not in dropped}
        return _response(response.status, body, **kept)

    def respond(self, response: bytes) -> None:
        self.wfile.write(response)

    def hang_up(self) -> None:
        self.close_connection = True

    def reset(self) -> None:
        """Break the connection with RST, as a crash does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def until_given_up(self) -> None:
        """Wait until the client disconnects."""
        with suppress(ConnectionError):
            while self.connection.recv(1024):
                pass


Fault = Callable[[Exchange], None]
"""Handles a request instead of forwarding it."""


@dataclass(frozen=True)
class Span:
    """A request, and when the proxy began and ended it, by the monotonic clock."""

    request: WireRequest
    begin: float
    end: float


class FaultProxy:
    """What the proxy does with requests; each connection has its own thread."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self.target = (parts.hostname or "", parts.port or 80)
        self.url = ""
        self.requests: list[WireRequest] = []  # clearing the list restarts the numbers of the writes
        self.faults: dict[int, Fault] = {}  # by number of the write, starting at 1
        # Called for a request that has no fault by number.
        self.choose: Callable[[WireRequest], Fault | None] = lambda _request: None
        self.spans: list[Span] = []
        self.under_way = 0
        self.struck: set[int] = set()  # numbers of the writes that had a fault
        self._lock = Lock()

    @property
    def writes(self) -> list[WireRequest]:
        return [request for request in self.requests if request.is_write]

    def store(self, store: Store) -> Store:
        """The store with the URL of the proxy."""
        return replace(store, url=self.url)

    def treat(self, exchange: Exchange) -> None:
        request, begin = exchange.wire, time.monotonic()
        with self._lock:
            self.requests.append(request)
            self.under_way += 1
            number = len(self.writes) if request.is_write else 0
        fault = self.faults.get(number)
        if fault is not None:
            self.struck.add(number)
        fault = fault or self.choose(request) or delay
        try:
            fault(exchange)
        finally:
            with self._lock:
                self.under_way -= 1
                self.spans.append(Span(request, begin, time.monotonic()))


@contextmanager
def fault_proxy(target: str) -> Iterator[FaultProxy]:
    """A proxy in front of the server at a URL."""
    proxy = FaultProxy(target)
    with serving(Server(partial(Exchange, proxy))) as url:
        proxy.url = url
        yield proxy


def _response(status: int, body: bytes, /, **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} {responses.get(status, '')}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


# Faults. With `commits`, the store has committed the request.


def lost(break_off: Callable[[Exchange], None], *, commits: bool) -> Fault:
    def fault(exchange: Exchange) -> None:
        if commits:
            exchange.forward()
        break_off(exchange)

    return fault


def answered(status: int, *, commits: bool = False, **headers: str) -> Fault:
    """A response that does not come from the store, as from a gateway."""
    body = json.dumps({"message": f"response of the proxy: {status}"}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def fault(exchange: Exchange) -> None:
        if commits:
            exchange.forward()
        exchange.respond(_response(status, body, **{"Content-Type": "application/json"} | named))

    return fault


def block(exchange: Exchange) -> None:
    """Refuse with an HTML page, as a firewall does."""
    body = b"<html><body><h1>403 Forbidden</h1></body></html>"
    exchange.respond(_response(403, body, **{"Content-Type": "text/html"}))


def truncate(exchange: Exchange) -> None:
    head, end, body = exchange.forward().partition(b"\r\n\r\n")
    exchange.respond(head + end + body[: len(body) // 2])
    exchange.hang_up()


def withhold(exchange: Exchange) -> None:
    exchange.forward()
    exchange.until_given_up()


def deliver_late(exchange: Exchange) -> None:
    """Deliver the request after the client gave up; the store commits it while the client tries again."""
    exchange.until_given_up()
    exchange.forward()


def delay(exchange: Exchange, seconds: float = 0) -> None:
    time.sleep(seconds)
    exchange.respond(exchange.forward())


KINDS: dict[str, Fault] = {
    "request dropped": lost(Exchange.hang_up, commits=False),
    "request reset": lost(Exchange.reset, commits=False),
    "response dropped": lost(Exchange.hang_up, commits=True),
    "response reset": lost(Exchange.reset, commits=True),
    "response truncated": truncate,
    "delay": partial(delay, seconds=0.3),
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


def until(happened: Callable[[], bool]) -> None:
    """Wait for what another thread or process does."""
    deadline = time.monotonic() + _WITHIN_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Hold:
    """A fault that holds a request until the test releases it."""

    def __init__(self) -> None:
        self._arrived = Event()
        self._released = Event()

    def __call__(self, exchange: Exchange) -> None:
        self._arrived.set()
        self._released.wait(_WITHIN_S)
        exchange.respond(exchange.forward())

    def wait_until_arrived(self) -> None:
        assert self._arrived.wait(_WITHIN_S)

    def release(self) -> None:
        self._released.set()
