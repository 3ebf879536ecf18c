"""Serves the fake store of the tests, to measure the client without the time of a real store."""

# `python -m benchmarks.fake_store` prints its URL. POST /reset empties it.

from __future__ import annotations

import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer

import httpx

from tests.harness.fake_medusa import FakeMedusa


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = FakeMedusa()
        self.lock = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length", 0)))
        request = httpx.Request(
            self.command, f"http://store{self.path}", headers=self.headers.items(), content=content
        )
        with self.server.lock:
            if self.path == "/reset":
                self.server.store = FakeMedusa()
            response = self.server.store.handle(request)
            self.server.store.requests.clear()
        body = response.content
        head = f"Content-Type: {response.headers['content-type']}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(f"HTTP/1.1 {response.status_code} OK\r\n{head}".encode() + body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_args: object) -> None:
        pass


def main() -> None:
    with suppress(KeyboardInterrupt), _Server() as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
