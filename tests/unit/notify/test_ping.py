"""Pings: their URLs and bodies, and failures that neither end a run nor reveal the URL."""

import contextlib
import logging
import socket
import threading
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.notify import ping as module
from medusa_sync.notify.ping import MAX_BODY_BYTES, ping

SECRET = "0c6e1f3a-5b1d-4c0e-9a51-3f2f1f1a7d11"
URL = f"https://hc-ping.com/{SECRET}"
LOCAL = "http://localhost:8000/ping/key/a%2Fb"


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    """Log as the command does with --verbose: everything except the records of httpx, which contain URLs."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "httpx")
    caplog.set_level(logging.WARNING, "httpcore")
    caplog.set_level(logging.WARNING, "asyncio")


def the_warning(caplog: pytest.LogCaptureFixture, *, host: str = "https://hc-ping.com/...") -> str:
    """The only warning that was logged; it does not contain the secret."""
    (record,) = caplog.records
    assert (record.name, record.levelname, record.exc_info) == ("medusa_sync.notify.ping", "WARNING", None)
    assert host in record.getMessage()
    assert SECRET not in caplog.text
    return record.getMessage()


# --- requests -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "path", "query"),
    [
        (URL, URL, ""),
        (f"{URL}/", URL, ""),
        (f"{URL}?create=1", URL, "?create=1"),
        (f"{URL}/?a=%20b&c#top", URL, "?a=%20b&c"),
        (LOCAL, LOCAL, ""),
    ],
)
def test_the_event_is_appended_to_the_path_and_the_summary_is_the_body(
    httpx_mock: HTTPXMock, caplog: pytest.LogCaptureFixture, given: str, path: str, query: str
) -> None:
    httpx_mock.add_response(text="OK", is_reusable=True)
    ping(given)
    ping(given, 0, "194 products: 2 created ☕")
    ping(given, 4, "down")
    requests = httpx_mock.get_requests()
    assert [(each.method, str(each.url), each.content.decode()) for each in requests] == [
        ("POST", f"{path}/start{query}", ""),
        ("POST", f"{path}{query}", "194 products: 2 created ☕"),
        ("POST", f"{path}/4{query}", "down"),
    ]
    for request in requests:
        assert request.headers["content-type"] == "text/plain; charset=utf-8"
        assert request.headers["user-agent"].startswith("medusa-sync/")
        assert set(request.extensions["timeout"].values()) == {5.0}
    assert not caplog.records


@pytest.mark.parametrize("character", ["a", "é", "☕", "🐻", "\udcff"])
@pytest.mark.parametrize("padding", range(4))
def test_a_long_body_is_cut_between_characters(httpx_mock: HTTPXMock, character: str, padding: int) -> None:
    httpx_mock.add_response(text="OK")
    whole = "." * padding + character * MAX_BODY_BYTES
    ping(URL, 0, whole)
    [request] = httpx_mock.get_requests()
    assert whole.encode("utf-8", "replace").startswith(request.content)
    assert MAX_BODY_BYTES - 4 < len(request.content) <= MAX_BODY_BYTES
    request.content.decode()


# --- failures -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "attempts", "words"),
    [
        ("OK (not found)", 1, "the server does not know this check"),
        ("OK (rate limited)\n", 1, "the server limits the rate of pings"),
        (httpx.ConnectError("[Errno -2] Name or service not known"), 2, "no connection ([Errno -2] Name or"),
        (httpx.ConnectError(""), 2, "no connection"),
        (httpx.ConnectTimeout(""), 2, "no response within 5 s"),
        (httpx.ReadTimeout(""), 2, "no response within 5 s"),
        (httpx.RemoteProtocolError(f"who is {URL}?"), 2, "RemoteProtocolError"),
        (httpx.DecodingError(""), 2, "DecodingError"),
        (httpx.ReadError(""), 2, "the connection was dropped"),
        (503, 2, "the server responded with 503"),
        *((status, 1, f"the server responded with {status}") for status in (301, 302, 307, 400, 404, 429)),
    ],
)
def test_a_failure_is_a_warning_after_a_retry_that_may_help(
    httpx_mock: HTTPXMock, caplog: pytest.LogCaptureFixture, failure: Any, attempts: int, words: str
) -> None:
    location = {"location": f"https://elsewhere.example/{SECRET}"}
    match failure:
        case str():
            httpx_mock.add_response(text=failure)
        case int():
            httpx_mock.add_response(failure, text=f"no, {SECRET}", headers=location, is_reusable=True)
        case _:
            httpx_mock.add_exception(failure, is_reusable=True)
    ping(f"https://me:{SECRET}@hc-ping.com/{SECRET}?token={SECRET}")
    assert len(httpx_mock.get_requests()) == attempts
    assert words in the_warning(caplog)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (f"ftp://hc-ping.com/{SECRET}", "ftp://hc-ping.com/..."),
        (f"hc-ping.com/{SECRET}", ":///..."),
        (f"https://hc-ping.com:port/{SECRET}", "https://hc-ping.com:port/..."),
        (f"https://hc-ping.com/{SECRET}\x00", "https://hc-ping.com/..."),
        (f"https://[::1/{SECRET}", "the ping URL"),
    ],
)
def test_an_invalid_url_is_a_warning(caplog: pytest.LogCaptureFixture, url: str, host: str) -> None:
    ping(url)
    assert the_warning(caplog, host=host).startswith(f"the ping to {host} failed: the URL is invalid")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [("SSL_CERT_FILE", "missing.pem", "No such file"), ("ALL_PROXY", "socks5://localhost:1", "SOCKS")],
)
def test_certificates_and_proxies_that_cannot_be_used_are_a_warning(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv(variable, value)
    ping(URL)
    assert words in the_warning(caplog)


def test_a_name_that_is_too_long_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    host = f"https://{'x' * 70}.example"
    ping(f"{host}/{SECRET}")
    assert "no connection" in the_warning(caplog, host=f"{host}/...")


def test_the_retry_may_succeed(httpx_mock: HTTPXMock, caplog: pytest.LogCaptureFixture) -> None:
    httpx_mock.add_exception(httpx.ReadTimeout(""))
    httpx_mock.add_response(text="OK")
    ping(URL, 0, "all is well")
    assert [request.content for request in httpx_mock.get_requests()] == [b"all is well"] * 2
    assert not caplog.records


def test_an_endless_response_is_not_read(httpx_mock: HTTPXMock, caplog: pytest.LogCaptureFixture) -> None:
    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b"OK "

    httpx_mock.add_response(stream=Endless())
    ping(URL)
    assert not caplog.records


def test_a_server_that_sends_a_byte_from_time_to_time_does_not_hold_up_the_run(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TIMEOUT_S", 0.2)
    is_over = threading.Event()

    def serve() -> None:
        for _ in range(2):  # attempts
            connection, _ = server.accept()
            with connection, contextlib.suppress(ConnectionError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not is_over.wait(0.05):
                    connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        began = monotonic()
        ping(f"http://127.0.0.1:{server.getsockname()[1]}/{SECRET}")
        assert monotonic() - began < 5
        is_over.set()
        thread.join()
    assert "no response within 0.2 s" in the_warning(caplog, host="http://127.0.0.1")
