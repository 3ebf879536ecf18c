"""Certificates are loaded only if a connection needs them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from socket import create_server
from threading import Thread

import httpx
import pytest

from medusa_sync import Settings, sync_products
from tests.harness.catalogue import products
from tests.harness.dummyjson import dummyjson


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[ssl.SSLContext]:
    """The contexts whose certificates were loaded."""
    contexts: list[ssl.SSLContext] = []
    load = httpx.create_ssl_context

    def record() -> ssl.SSLContext:
        contexts.append(load())
        return contexts[-1]

    monkeypatch.setattr(httpx, "create_ssl_context", record)
    return contexts


@contextmanager
def redirecting_to(url: str) -> Iterator[str]:
    """A server that redirects every request to this URL."""

    class Redirect(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the output of the tests clean."""

    with HTTPServer(("127.0.0.1", 0), Redirect) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/products"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("is_redirected", [False, True])
def test_certificates_are_loaded_once_there_is_a_tls_connection(
    loaded: list[ssl.SSLContext], *, is_redirected: bool
) -> None:
    """The server closes the connection after the greeting, which has the name and the protocol."""
    greetings: list[bytes] = []
    with create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                greetings.append(connection.recv(4096))

        thread = Thread(target=greet)
        thread.start()
        url = f"https://localhost:{listener.getsockname()[1]}/products"
        with redirecting_to(url) as redirected:
            source = redirected if is_redirected else url
            result = sync_products(Settings(source=source, dry_run=True, max_retries=0))
        thread.join()
    assert result.exit_code == 3
    [context] = loaded
    assert context.get_ca_certs()
    [greeting] = greetings
    assert b"localhost" in greeting
    assert b"http/1.1" in greeting


def test_a_run_without_tls_loads_no_certificates(loaded: list[ssl.SSLContext]) -> None:
    with dummyjson(products(3)) as server:
        assert sync_products(Settings(source=server.url, dry_run=True)).seen == 3
    assert loaded == []
