"""A server that behaves like DummyJSON, or fails as a test wants."""

# Run it with `python -m tests.harness.dummyjson --sample --port 8100`.

import argparse
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from http.client import responses
from http.server import BaseHTTPRequestHandler
from socket import SHUT_RDWR, socket
from socketserver import ThreadingTCPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.harness import catalogue
from tests.harness.catalogue import CATEGORIES

_JSON: Final = "application/json; charset=utf-8"
_HTML: Final = "text/html; charset=utf-8"

ABSENT: Final = object()


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str] = field(repr=False, compare=False)  # names in lower case


@dataclass(frozen=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """In addition to Content-Length, which an empty text removes."""
    keep: int | None = None
    """How many bytes of head and body are sent before the connection breaks; negative: all but so many."""

    @classmethod
    def json(cls, data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> "Response":
        return cls(status, _encode(data), {"Content-Type": _JSON, **(headers or {})})

    @classmethod
    def html(cls, text: str, status: int = 200) -> "Response":
        return cls(status, text.encode(), {"Content-Type": _HTML})


Intercept = Callable[[Request], Response | None]


class DummyJson:
    """A catalogue behind HTTP. All methods are thread-safe."""

    def __init__(self, products: Sequence[dict[str, Any]], categories: Sequence[dict[str, str]]) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.intercept: Intercept | None = None
        """Called first for each request; if it returns `None`, `normal_response` is used."""
        self._categories = _encode(list(categories))
        self._lock = threading.Lock()
        self.products = list(products)

    @property
    def products(self) -> list[dict[str, Any]]:
        """A copy; to change the catalogue, assign to it or use `edit`, `add` and `remove`."""
        with self._lock:
            return [json.loads(entry.text) for entry in self._entries]

    @products.setter
    def products(self, products: Sequence[dict[str, Any]]) -> None:
        entries = [_Entry.of(product) for product in products]
        with self._lock:
            self._entries = entries

    def edit(self, product_id: int, **changes: Any) -> None:
        """Set fields, or remove the ones that are set to `ABSENT`."""
        with self._lock:
            index = self._index(product_id)
            product = json.loads(self._entries[index].text) | changes
            product = {name: value for name, value in product.items() if value is not ABSENT}
            self._entries[index] = _Entry.of(product)

    def add(self, product: dict[str, Any]) -> None:
        with self._lock:
            self._entries.append(_Entry.of(product))

    def remove(self, product_id: int) -> None:
        with self._lock:
            del self._entries[self._index(product_id)]

    def respond(self, request: Request) -> Response:
        self.requests.append(request)
        intercept = self.intercept
        broken = intercept(request) if intercept else None
        return broken or self.normal_response(request)

    def normal_response(self, request: Request) -> Response:
        """The response of DummyJSON, which an `intercept` may change."""
        path, query = request.path, request.query
        if path.endswith("/") and path != "/":
            return redirect(f"{path[:-1]}?{urlencode(query)}" if query else path[:-1], 301)
        if path == "/products":
            return self._page(int(query.get("limit", "30")), int(query.get("skip", "0")))
        if path == "/products/categories":
            return Response(200, self._categories, {"Content-Type": _JSON})
        collection, _, product_id = path.rpartition("/")
        if collection == "/products":
            return self._product(product_id)
        return _not_found()

    def _page(self, limit: int, skip: int) -> Response:
        with self._lock:
            total = len(self._entries)
            entries = self._entries[skip : skip + limit if limit else None]
        products = b",".join(entry.text for entry in entries)
        rest = f'],"total":{total},"skip":{skip},"limit":{len(entries)}}}'
        return Response(200, b'{"products":[' + products + rest.encode(), {"Content-Type": _JSON})

    def _product(self, product_id: str) -> Response:
        with self._lock:
            entry = next((entry for entry in self._entries if str(entry.id) == product_id), None)
        if entry is None:
            return _message(f"Product with id '{product_id}' not found", 404)
        return Response(200, entry.text, {"Content-Type": _JSON})

    def _index(self, product_id: int) -> int:
        for index, entry in enumerate(self._entries):
            if entry.id == product_id:
                return index
        raise KeyError(product_id)


@dataclass(frozen=True)
class _Entry:
    """A product, encoded once and not for every page."""

    id: object
    text: bytes

    @classmethod
    def of(cls, product: dict[str, Any]) -> "_Entry":
        return cls(product.get("id"), _encode(product))


def _encode(data: object) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    # An unpaired surrogate cannot be encoded in UTF-8; JSON escapes it with a backslash.
    return text.encode(errors="backslashreplace")


def _message(text: str, status: int) -> Response:
    return Response.json({"message": text}, status)


def _not_found() -> Response:
    return Response.html("<!doctype html><title>404</title><h1>There is nothing here</h1>", 404)


# Broken responses, for `DummyJson.intercept`.

CLOSED: Final = Response(keep=0)
HTML_PAGE: Final = Response.html("<!doctype html><title>Back soon</title><h1>We are mending the roof</h1>")
SERVER_ERROR: Final = _message("The shop has lost its keys.", 500)


def redirect(location: str, status: int = 302) -> Response:
    return Response(status, b"", {"Location": location})


def truncated(response: Response) -> Response:
    """The connection breaks in the middle of the body."""
    return replace(response, keep=-(len(response.body) // 2))


def chunked(response: Response, *, is_complete: bool = True) -> Response:
    """The body without its length; if it is not complete, the last chunk is missing."""
    chunk = b"%x\r\n%b\r\n" % (len(response.body), response.body)
    headers = {**response.headers, "Content-Length": "", "Transfer-Encoding": "chunked"}
    return replace(response, body=chunk + b"0\r\n\r\n" * is_complete, headers=headers)


class Server(ThreadingTCPServer):
    """A server with a thread for each connection."""

    allow_reuse_address = True
    daemon_threads = False  # closing waits for them, so none outlives its test
    request_queue_size = 128

    def __init__(self, handler: Callable[..., BaseHTTPRequestHandler], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self.connections: set[socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        self.close_request(request)

    def shutdown(self) -> None:
        super().shutdown()
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, catalogue: DummyJson, *arguments: Any) -> None:
        self._catalogue = catalogue
        super().__init__(*arguments)

    def handle(self) -> None:
        # Some tests disconnect in the middle of a response.
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        request = Request(self.command, url.path, query, headers)
        self._send(self._catalogue.respond(request))

    def _send(self, response: Response) -> None:
        headers = {"Content-Length": str(len(response.body)), **response.headers}
        head = f"HTTP/1.1 {response.status} {responses.get(response.status, '')}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
        content = (head.encode("latin-1") + b"\r\n" + response.body)[: response.keep]
        self.wfile.write(content)
        if response.keep is not None or not headers["Content-Length"]:
            self.close_connection = True

    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def serving(server: Server) -> Iterator[str]:
    """Run a server; yields its URL."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def dummyjson(
    products: Sequence[dict[str, Any]], categories: Sequence[dict[str, str]] = CATEGORIES, *, port: int = 0
) -> Iterator[DummyJson]:
    catalogue = DummyJson(products, categories)
    with serving(Server(partial(_Handler, catalogue), port)) as url:
        catalogue.url = f"{url}/products"
        yield catalogue


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.harness.dummyjson", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--count", type=int, default=194, help="number of generated products (194)")
    which.add_argument("--sample", action="store_true", help="use the packaged sample")
    parser.add_argument("--port", type=int, default=0, help="default: a free port")
    chosen = parser.parse_args()
    if chosen.sample:
        products, categories = catalogue.whole_sample(), catalogue.sample_categories()
    else:
        products, categories = catalogue.products(chosen.count), CATEGORIES
    with suppress(KeyboardInterrupt), dummyjson(products, categories, port=chosen.port) as server:
        print(server.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
