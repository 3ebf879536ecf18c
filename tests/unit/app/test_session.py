"""Certificates are loaded only if a connection needs them. Wrong ones, and proxies, are wrong settings."""

import gc
import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import create_server

import httpx
import pytest

from medusa_sync import Settings, SettingsError, sync_products
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


def test_certificates_are_loaded_once_there_is_a_tls_connection(loaded: list[ssl.SSLContext]) -> None:
    """The server closes the connection after the greeting, which has the name and the protocol."""
    with dummyjson(products(3)) as server:
        assert sync_products(Settings(source=server.url, dry_run=True)).seen == 3
    assert loaded == []
    with create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        listener.settimeout(30)

        def greet() -> bytes:
            with listener.accept()[0] as connection:
                return connection.recv(4096)

        greeted = pool.submit(greet)
        source = f"https://localhost:{listener.getsockname()[1]}/products"
        assert sync_products(Settings(source=source, dry_run=True, max_retries=0)).exit_code == 3
        greeting = greeted.result()
    [context] = loaded
    assert context.get_ca_certs()
    assert b"localhost" in greeting
    assert b"http/1.1" in greeting


def test_certificates_that_cannot_be_loaded_are_an_invalid_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with create_server(("127.0.0.1", 0)) as listener:
        source = f"https://127.0.0.1:{listener.getsockname()[1]}/products"
        result = sync_products(Settings(source=source, dry_run=True))
    message = "SSL_CERT_FILE: the certificates cannot be loaded (No such file or directory)"
    assert (result.exit_code, message in result.error) == (2, True)
    gc.collect()  # a connection that was left open would be a warning, and so an error


@pytest.mark.parametrize(
    "proxy", ["socks5://u:secretpw@proxy", "foo://u:secretpw@proxy", "http://u:se/cretpw@proxy"]
)
def test_a_proxy_that_cannot_be_used_is_an_invalid_setting(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(SettingsError, match="or ALL_PROXY: the proxy cannot be used") as caught:
        sync_products(Settings(source="http://localhost/products", dry_run=True))
    assert "cretpw" not in str(caught.value)
