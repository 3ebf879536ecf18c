"""Proxies in front of source and store that record all requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import ClassVar
from urllib.parse import urlsplit

from benchmarks.recording import Exchange, Recording, Server, ids_of

_OF_THE_CONNECTION = frozenset({"host", "connection", "content-length", "keep-alive", "transfer-encoding"})


class Recorder:
    """Both proxies and their recordings.

    Args:
        source: its URL; only the host is used.
        store: the same.
    """

    def __init__(self, source: str, store: str) -> None:
        self.origins: dict[Server, str] = {"source": _origin(source), "store": _origin(store)}
        self.urls: dict[Server, str] = {}
        self._exchanges: list[Exchange] = []

    def add(self, exchange: Exchange) -> None:
        self._exchanges.append(exchange)

    def recording(self) -> Recording:
        """The recorded requests, with the URLs of the servers."""
        urls: dict[str, str] = dict(self.origins.items())
        return Recording(urls, sorted(self._exchanges, key=lambda each: each.began))


@contextmanager
def recorder(source: str, store: str) -> Iterator[Recorder]:
    with ExitStack() as stack:
        seen = Recorder(source, store)
        for name in seen.origins:
            proxy = stack.enter_context(_Proxy(name, seen))
            stack.callback(proxy.shutdown)
            threading.Thread(target=proxy.serve_forever, args=(0.01,), name=f"{name} recorder").start()
            seen.urls[name] = f"http://127.0.0.1:{proxy.server_address[1]}"
        yield seen


class _Proxy(ThreadingTCPServer):
    daemon_threads = True  # a client may keep connections open
    block_on_close = False
    request_queue_size = 128

    def __init__(self, name: Server, recorder: Recorder) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.name: Server = name
        self.recorder = recorder


class _Handler(BaseHTTPRequestHandler):
    """One connection of the client, with its own connection to the server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # sends head and body together
    server: _Proxy
    upstream: HTTPConnection
    kept: ClassVar = _OF_THE_CONNECTION

    def setup(self) -> None:
        super().setup()
        self.upstream = HTTPConnection(urlsplit(self.server.recorder.origins[self.server.name]).netloc)

    def finish(self) -> None:
        super().finish()
        self.upstream.close()

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        head = [(name, value) for name, value in self.headers.items() if name.lower() not in self.kept]
        began = time.monotonic()
        self.upstream.request(self.command, self.path, body or None, dict(head))
        response = self.upstream.getresponse()
        content = response.read()
        ended = time.monotonic()
        is_plain = self.server.name == "store" and response.status < 400
        lines = [f"{name}: {value}" for name, value in head]
        ids = ids_of(content) if is_plain else []
        self.server.recorder.add(
            Exchange(self.server.name, self.command, self.path, lines, body.decode(), ids, began, ended)
        )
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in self.kept:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, *_args: object) -> None:
        pass


def _origin(url: str) -> str:
    return urlsplit(url)._replace(path="", query="").geturl()
