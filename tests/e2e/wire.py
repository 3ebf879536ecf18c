"""A proxy in front of the store that writes down every request that goes over the wire."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.harness.medusa import Store

_HOP_BY_HOP = {"connection", "content-length", "content-encoding", "transfer-encoding", "keep-alive", "host"}


@dataclass(frozen=True)
class WireRequest:
    method: str
    path: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Wire:
    url: str
    requests: list[WireRequest] = field(default_factory=list)

    def store(self, store: Store) -> Store:
        """The store as it is reached through the proxy."""
        return replace(store, url=self.url)


@contextmanager
def wire(target: str) -> Iterator[Wire]:
    with httpx.Client(base_url=target, timeout=60) as upstream:

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                """Requests are kept, not printed."""

            def _forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                proxy.requests.append(WireRequest(self.command, self.path.partition("?")[0], body))
                headers = {
                    key: value for key, value in self.headers.items() if key.lower() not in _HOP_BY_HOP
                }
                answer = upstream.request(self.command, self.path, content=body, headers=headers)
                self.send_response(answer.status_code)
                for key, value in answer.headers.items():
                    if key.lower() not in _HOP_BY_HOP:
                        self.send_header(key, value)
                self.send_header("content-length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_POST = do_DELETE = _forward  # noqa: N815 - the base class names them so

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            proxy = Wire(f"http://127.0.0.1:{server.server_address[1]}")
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield proxy
            finally:
                server.shutdown()
