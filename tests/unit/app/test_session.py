"""Certificates are loaded only if a connection needs them."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socket import create_server
from threading import Thread

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync import Secret, Settings, sync_products
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa


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


@pytest.mark.parametrize(
    ("source", "store", "loads"),
    [
        ("http://source.test/products", "http://medusa.test", 0),
        ("https://source.test/products", "http://medusa.test", 1),
        ("http://source.test/products", "https://medusa.test", 1),
        ("https://source.test/products", "https://medusa.test", 1),
    ],
)
def test_certificates_are_loaded_once_if_a_url_is_https(
    source: str, store: str, loads: int, loaded: list[ssl.SSLContext], httpx_mock: HTTPXMock, tmp_path: Path
) -> None:
    fake, rows = FakeMedusa(), products(3)
    httpx_mock.add_callback(fake.handle, url=re.compile(f"^{store}/"), is_reusable=True)
    page = {"products": rows, "total": 3, "skip": 0, "limit": 3}
    httpx_mock.add_response(url=re.compile(r"^https?://source\.test/products\?"), json=page)
    httpx_mock.add_response(url=re.compile(r"^https?://source\.test/products/categories"), json=[])
    settings = Settings(
        source=source, medusa_url=store, api_key=Secret(fake.api_key), lock_dir=str(tmp_path), max_retries=0
    )
    assert sync_products(settings).exit_code == 0
    assert len(loaded) == loads


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


def test_certificates_are_loaded_after_a_redirect_to_https(loaded: list[ssl.SSLContext]) -> None:
    """The connection begins as if the URL had been https from the start; then this server closes it."""
    greetings: list[bytes] = []
    with create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                greetings.append(connection.recv(4096))

        thread = Thread(target=greet)
        thread.start()
        with redirecting_to(f"https://localhost:{listener.getsockname()[1]}/products") as source:
            result = sync_products(Settings(source=source, dry_run=True, max_retries=0))
        thread.join()
    assert result.exit_code == 3
    [context] = loaded
    assert context.get_ca_certs()
    [greeting] = greetings
    assert b"localhost" in greeting
    assert b"http/1.1" in greeting
