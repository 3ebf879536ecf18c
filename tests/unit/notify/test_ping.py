"""Pings: their URLs and bodies, and failures that neither end a run nor reveal the URL."""

import itertools
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_httpx import HTTPXMock

from medusa_sync.notify.ping import MAX_BODY_BYTES, ping_end, ping_start

SECRET = "0c6e1f3a-5b1d-4c0e-9a51-3f2f1f1a7d11"
URL = f"https://hc-ping.com/{SECRET}"
OK = 0
BROKEN = 4


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    """Log as the command does with --verbose: everything except the records of httpx, which contain URLs."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "httpx")
    caplog.set_level(logging.WARNING, "httpcore")


def the_warning(caplog: pytest.LogCaptureFixture, *, host: str = "https://hc-ping.com") -> str:
    """The only warning that was logged; it does not contain the secret."""
    (record,) = caplog.records
    assert (record.name, record.levelname, record.exc_info) == ("medusa_sync.notify.ping", "WARNING", None)
    assert f"{host}/..." in record.getMessage()
    assert SECRET not in caplog.text
    return record.getMessage()


# --- requests -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_url", "start", "success", "failure"),
    [
        (URL, f"{URL}/start", URL, f"{URL}/4"),
        (f"{URL}/", f"{URL}/start", URL, f"{URL}/4"),
        (f"{URL}?create=1", f"{URL}/start?create=1", f"{URL}?create=1", f"{URL}/4?create=1"),
        (f"{URL}/?a=%20b&c#top", f"{URL}/start?a=%20b&c", f"{URL}?a=%20b&c", f"{URL}/4?a=%20b&c"),
        (
            "http://localhost:8000/ping/key/a%2Fb",
            "http://localhost:8000/ping/key/a%2Fb/start",
            "http://localhost:8000/ping/key/a%2Fb",
            "http://localhost:8000/ping/key/a%2Fb/4",
        ),
    ],
)
def test_the_event_is_appended_to_the_path_before_the_query(
    httpx_mock: HTTPXMock, given_url: str, start: str, success: str, failure: str
) -> None:
    httpx_mock.add_response(text="OK", is_reusable=True)
    ping_start(given_url)
    ping_end(given_url, OK, "")
    ping_end(given_url, BROKEN, "")
    assert [str(request.url) for request in httpx_mock.get_requests()] == [start, success, failure]


@pytest.mark.parametrize("exit_code", [OK, BROKEN])
def test_the_summary_is_the_body(httpx_mock: HTTPXMock, exit_code: int) -> None:
    httpx_mock.add_response(text="OK")
    ping_end(URL, exit_code, "194 products: 2 created ☕")
    (request,) = httpx_mock.get_requests()
    assert request.method == "POST"
    assert request.content.decode() == "194 products: 2 created ☕"
    assert request.headers["content-type"] == "text/plain; charset=utf-8"
    assert request.headers["user-agent"].startswith("medusa-sync/")


def test_a_start_has_no_body(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(text="OK")
    ping_start(URL)
    (request,) = httpx_mock.get_requests()
    assert (request.method, request.content) == ("POST", b"")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    # Joined from a list, because `st.text` merges its alphabets and rarely draws the special characters.
    text=st.lists(st.characters() | st.sampled_from("☕\udcff\n"), max_size=20).map("".join),
    padding=st.integers(0, MAX_BODY_BYTES),
)
def test_a_long_body_is_cut_between_characters(httpx_mock: HTTPXMock, text: str, padding: int) -> None:
    body = "." * padding + text * 100
    httpx_mock.add_response(text="OK")
    ping_end(URL, OK, body)
    content = httpx_mock.get_requests()[-1].content
    whole = body.encode("utf-8", "replace")
    assert whole.startswith(content)
    assert min(len(whole), MAX_BODY_BYTES) - 4 < len(content) <= MAX_BODY_BYTES
    content.decode()


def test_a_successful_ping_logs_nothing(httpx_mock: HTTPXMock, caplog: pytest.LogCaptureFixture) -> None:
    httpx_mock.add_response(text="OK")
    ping_start(URL)
    assert not caplog.records


def test_every_timeout_is_5_seconds(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(text="OK")
    ping_start(URL)
    (request,) = httpx_mock.get_requests()
    assert set(request.extensions["timeout"].values()) == {5.0}


# --- failures -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (httpx.ConnectError("[Errno -2] Name or service not known"), "no connection ([Errno -2] Name or"),
        (httpx.ConnectError(""), "no connection"),
        (httpx.ConnectTimeout(""), "no response within 5 s"),
        (httpx.ReadTimeout(""), "no response within 5 s"),
        (httpx.RemoteProtocolError(f"who is {URL}?"), "RemoteProtocolError"),
        (httpx.DecodingError(""), "DecodingError"),
    ],
)
def test_a_broken_connection_is_retried_once(
    httpx_mock: HTTPXMock, caplog: pytest.LogCaptureFixture, error: Exception, words: str
) -> None:
    httpx_mock.add_exception(error)
    httpx_mock.add_exception(error)
    ping_start(URL)
    assert len(httpx_mock.get_requests()) == 2
    assert words in the_warning(caplog)


@pytest.mark.parametrize("failure", [httpx.ReadTimeout(""), 500, 502, 503])
def test_the_retry_may_succeed(
    httpx_mock: HTTPXMock, caplog: pytest.LogCaptureFixture, failure: Exception | int
) -> None:
    if isinstance(failure, int):
        httpx_mock.add_response(failure)
    else:
        httpx_mock.add_exception(failure)
    httpx_mock.add_response(text="OK")
    ping_end(URL, OK, "all is well")
    assert [request.content for request in httpx_mock.get_requests()] == [b"all is well"] * 2
    assert not caplog.records


def test_an_error_of_the_server_is_retried_once(
    httpx_mock: HTTPXMock, caplog: pytest.LogCaptureFixture
) -> None:
    httpx_mock.add_response(503, text=f"not now, {SECRET}", is_reusable=True)
    ping_start(URL)
    assert len(httpx_mock.get_requests()) == 2
    assert "the server responded with 503" in the_warning(caplog)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 409, 429])
def test_a_refusal_or_redirect_is_not_retried(
    httpx_mock: HTTPXMock, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    httpx_mock.add_response(status, headers={"location": f"https://elsewhere.example/{SECRET}"})
    ping_start(URL)
    assert len(httpx_mock.get_requests()) == 1
    assert f"the server responded with {status}" in the_warning(caplog)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("OK (not found)", "the server does not know this check"),
        ("OK (rate limited)\n", "the server limits the rate of pings"),
    ],
)
def test_an_ignored_ping_is_a_warning(
    httpx_mock: HTTPXMock, caplog: pytest.LogCaptureFixture, text: str, words: str
) -> None:
    httpx_mock.add_response(text=text)
    ping_start(URL)
    assert words in the_warning(caplog)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (f"ftp://hc-ping.com/{SECRET}", "ftp://hc-ping.com"),
        (f"hc-ping.com/{SECRET}", "://"),
        (f"https://hc-ping.com:port/{SECRET}", "https://hc-ping.com:port"),
        (f"https://hc-ping.com/{SECRET}\x00", "https://hc-ping.com"),
        (f"https://{'x' * 70}.example/{SECRET}", f"https://{'x' * 70}.example"),
    ],
)
def test_an_invalid_url_is_a_warning(caplog: pytest.LogCaptureFixture, url: str, host: str) -> None:
    ping_start(url)
    assert "the URL is invalid" in the_warning(caplog, host=host)


def test_a_url_without_a_valid_host_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    ping_start(f"https://[::1/{SECRET}")
    assert "the ping to the ping URL failed" in caplog.text
    assert SECRET not in caplog.text


def test_a_password_in_the_url_is_not_logged(httpx_mock: HTTPXMock, caplog: pytest.LogCaptureFixture) -> None:
    httpx_mock.add_response(404)
    ping_start(f"https://me:{SECRET}@checks.example:8443/x?token={SECRET}")
    the_warning(caplog, host="https://checks.example:8443")


def test_missing_certificates_are_a_warning(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    ping_start(URL)
    assert "No such file" in the_warning(caplog)


def test_a_closed_port_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        ping_start(f"{address}/{SECRET}")
    assert "no connection" in the_warning(caplog, host=address)


def test_an_endless_response_is_not_read(httpx_mock: HTTPXMock, caplog: pytest.LogCaptureFixture) -> None:
    class Endless(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return itertools.repeat(b"OK ")

    httpx_mock.add_response(stream=Endless())
    ping_start(URL)
    assert not caplog.records
