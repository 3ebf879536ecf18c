"""The credentials of the source reach only the source, and nothing shows them."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync import Secret, Settings, sync_products
from medusa_sync.errors import SettingsError
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import sampled, some
from tests.unit.app.commands import run

pytestmark = pytest.mark.usefixtures("no_waiting", "isolated")

URL = "https://source.example/products"
USER, PASSWORD = "Xk3-user-9", 'p&<"ß\\Zq7-pass'
IN_URL = f"https://{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@source.example/products"
BASIC = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
TOKEN = "Bearer Tk/5+word=="
VARIABLE = "SYNC_PRODUCTS_SOURCE_AUTHORIZATION"


class Way:
    """A way to authorize requests.

    Attributes:
        url: for `--source`.
        given: the variable; None if it is not set.
        header: that the source gets.
        secrets: in the forms in which a server may send them back.
        traces: parts of them that are in no other text.
    """

    def __init__(self, url: str, given: str | None, header: str, *secrets: str, traces: list[str]) -> None:
        self.url = url
        self.given = given
        self.header = header
        self.secrets = [form for secret in secrets for form in forms(secret)]
        self.traces = [*traces, *(b64encode(secret.encode()).decode()[:12] for secret in secrets)]


def forms(text: str) -> list[str]:
    content = text.encode()
    return [
        text,
        repr(text),
        json.dumps(text)[1:-1],
        quote(text, safe=""),
        quote_plus(text),
        escape(text),
        b64encode(content).decode(),
        urlsafe_b64encode(content).decode(),
    ]


USER_INFO = Way(
    IN_URL, None, BASIC, PASSWORD, f"{USER}:{PASSWORD}", BASIC, BASIC[6:], traces=["Zq7-pass", "Xk3-user-9"]
)
HEADER = Way(URL, TOKEN, TOKEN, TOKEN, TOKEN[7:], traces=["5+word", "5%2Bword", "5&#43;word"])
WAYS = {"user": USER_INFO, "header": HEADER}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Way:
    way = WAYS[request.param]
    if way.given is not None:
        monkeypatch.setenv(VARIABLE, way.given)
    return way


def sent_to(httpx_mock: HTTPXMock, host: str) -> list[str | None]:
    """The authorization of each request to a host."""
    requests = [request for request in httpx_mock.get_requests() if request.url.host == host]
    return [request.headers.get("authorization") for request in requests]


def page(rows: list[dict[str, Any]], **members: Any) -> dict[str, Any]:
    return {"products": rows, "total": len(rows), **members}


# --- the requests that have them ------------------------------------------------------------------------


def test_every_request_to_the_source_is_authorized(
    httpx_mock: HTTPXMock,
    store: FakeMedusa,
    way: Way,
) -> None:
    catalogue = products(12)

    def respond(request: httpx.Request) -> httpx.Response:
        assert not request.url.userinfo
        match request.url.path.removeprefix("/products"):
            case "/categories":
                return httpx.Response(200, json=[])
            case "":
                return httpx.Response(200, json=page(catalogue))
            case "/1":  # asked before another product is removed
                return httpx.Response(200, json=catalogue[0])
        return httpx.Response(404, json={"message": "no"})

    httpx_mock.add_callback(respond, url=re.compile("^https://source.example/"), is_reusable=True)
    assert run("--source", way.url).exit_code == 0
    del catalogue[-1]
    assert run("--source", way.url, "--on-missing", "delete").exit_code == 0
    assert len(store.products) == 11
    assert sent_to(httpx_mock, "source.example") == [way.header] * 5


@pytest.mark.parametrize("path", sampled(["", ".json"], ".json"))
@pytest.mark.parametrize(
    ("target", "is_authorized"),
    [
        ("https://source.example/moved", True),
        ("/moved", True),
        ("https://other.example/moved", False),
        ("https://sub.source.example/moved", False),
        ("https://source.example:8443/moved", False),
        ("http://source.example/moved", False),
    ],
)
def test_redirect_elsewhere_does_not_get_them(
    httpx_mock: HTTPXMock,
    way: Way,
    path: str,
    target: str,
    is_authorized: bool,  # noqa: FBT001 - a parameter
) -> None:
    httpx_mock.add_response(302, headers={"location": target})
    httpx_mock.add_response(json=page([]))
    assert run("--source", way.url + path, "--dry-run").exit_code == 0
    first, second = httpx_mock.get_requests()
    assert first.headers["authorization"] == way.header
    assert second.headers.get("authorization") == (way.header if is_authorized else None)
    assert str(second.url) == str(httpx.URL(URL).join(target))


def test_next_page_elsewhere_is_not_requested(httpx_mock: HTTPXMock, way: Way) -> None:
    httpx_mock.add_response(json=page([], next="https://other.example/2"))
    result = run("--source", way.url, "--dry-run")
    assert result.exit_code == 3
    assert "the next page has another scheme, host or port: https://other.example" in result.stderr
    assert sent_to(httpx_mock, "source.example") == [way.header]
    assert sent_to(httpx_mock, "other.example") == []


def test_next_page_is_authorized(httpx_mock: HTTPXMock, way: Way) -> None:
    httpx_mock.add_response(json={"items": []}, headers={"link": f'<{URL}?page=2>; rel="next"'})
    httpx_mock.add_response(json={"items": []})
    assert run("--source", way.url, "--dry-run").exit_code == 0
    assert sent_to(httpx_mock, "source.example") == [way.header] * 2


def test_store_and_monitor_do_not_get_them(
    httpx_mock: HTTPXMock,
    store: FakeMedusa,
    way: Way,
) -> None:
    httpx_mock.add_response(url=re.compile("^https://source.example/"), json=page([]), is_reusable=True)
    httpx_mock.add_response(url=re.compile("^https://monitor.example/"), is_reusable=True)
    assert run("--source", way.url, "--ping-url", "https://monitor.example/x").exit_code == 0
    others = [request for request in httpx_mock.get_requests() if request.url.host != "source.example"]
    assert len(others) >= 3
    for request in others:
        assert way.header not in request.headers.values()
        assert not any(trace.encode() in request.content for trace in way.traces)
    assert store.requests


# --- output ---------------------------------------------------------------------------------------------


def assert_hidden(way: Way, tmp_path: Path, *outputs: str) -> None:
    """Neither output nor a file in the folder has a trace."""
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    for text in (*outputs, *(path.read_text(encoding="utf-8") for path in files)):
        assert not [secret for secret in way.secrets if secret in text]
        assert not [trace for trace in way.traces if trace in text]
    assert not [trace for trace in way.traces for path in files if trace in str(path)]


@pytest.mark.parametrize(
    ("report", "output"),
    [("r.json", "--json"), ("r.csv", "--verbose"), ("r.html", "--verbose --log-format json")],
)
def test_no_output_shows_what_the_source_sends_back(
    httpx_mock: HTTPXMock,
    store: FakeMedusa,
    way: Way,
    tmp_path: Path,
    report: str,
    output: str,
) -> None:
    invalid = [
        {"id": number, "title": f"Shirt {secret}", "price": 1, "variants": [{"sku": secret}, {"sku": secret}]}
        for number, secret in enumerate(way.secrets)
    ]
    valid = [
        row | {"title": secret} for row, secret in zip(products(len(way.secrets)), way.secrets, strict=True)
    ]
    rows = [row | {"id": 1000 + number} for number, row in enumerate([*valid, *invalid])]
    httpx_mock.add_response(
        url=re.compile(r"^https://source\.example/"),
        json=page(rows),
        is_reusable=True,
        headers={"x": way.header},
    )
    httpx_mock.add_response(url=re.compile("^https://monitor.example/"), is_reusable=True)
    result = run(
        *("--source", f"{way.url}?select=all", "--report", str(tmp_path / report), *output.split()),
        *("--metrics-file", str(tmp_path / "sync.prom"), "--ping-url", "https://monitor.example/x"),
    )
    assert result.exit_code == 5
    assert len(store.products) == len(way.secrets)
    assert_hidden(way, tmp_path, result.stdout, result.stderr)
    assert "source.example/products" in result.stdout
    assert USER not in result.stdout


@pytest.mark.parametrize("status", [401, 500])
def test_no_message_shows_what_the_source_sends_back(
    httpx_mock: HTTPXMock,
    way: Way,
    tmp_path: Path,
    status: int,
) -> None:
    for secret in some(way.secrets, 4):  # one at a time, because long messages are cut
        httpx_mock.add_response(
            status,
            json={"message": f"bad credentials: {secret}"},
            headers={"x": way.header},
            is_reusable=True,
            is_optional=True,
        )
        result = run("--source", way.url, "--dry-run", "--verbose", "--report", str(tmp_path / "r.json"))
        assert result.exit_code == 3
        assert f"the server responded with {status}" in result.stderr
        assert_hidden(way, tmp_path, result.stdout, result.stderr)
        httpx_mock.reset()


NAMES = ["key", "api_key", "access_token", "client_secret", "password", "X-Amz-Signature", "sig", "auth"]


@pytest.mark.parametrize(
    ("report", "output"),
    [("r.json", "--json"), ("r.csv", "--verbose"), ("r.html", "--verbose --log-format json")],
)
@pytest.mark.usefixtures("store")
def test_words_of_the_query_are_shown_and_only_secrets_are_hidden(
    httpx_mock: HTTPXMock, tmp_path: Path, report: str, output: str
) -> None:
    secrets = {name: f"{name.title()} Zq7/pass" for name in NAMES}
    leaked = [form for secret in secrets.values() for form in forms(secret)]
    words = ["Smartphone X", "Kitchen Tools A1b2C3d4e5", "Elmwood"]
    titles = [*words, *(f"Leak {each}" for each in leaked)]
    rows = [
        row | {"title": title, "price": -1}  # rejected, because each output has the titles of those
        for row, title in zip(products(len(titles)), titles, strict=True)
    ]
    httpx_mock.add_response(url=re.compile(r"^https://source\.example/"), json=page(rows), is_reusable=True)
    url = f"{URL}?q=Smartphone&category=Kitchen+Tools&id=A1b2C3d4e5&author=Elmwood"
    query = "".join(f"&{name}={quote_plus(secret)}" for name, secret in secrets.items())
    result = run("--source", url + query, "--report", str(tmp_path / report), *output.split())
    assert result.exit_code == 5
    outputs = [result.stdout, result.stderr, (tmp_path / report).read_text(encoding="utf-8")]
    assert not [form for form in leaked for text in outputs if form in text]
    assert not [text for text in outputs if "Zq7" in text]
    assert all(word in outputs[2] for word in words)


def test_refusal_names_the_variable(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(401)
    result = run("--source", URL, "--dry-run")
    assert f"Set {VARIABLE} to the value of the header." in result.stderr


# --- settings -------------------------------------------------------------------------------------------


def test_both_ways_at_once_are_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)
    result = run("--source", IN_URL, "--dry-run")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{VARIABLE}: --source (SYNC_PRODUCTS_SOURCE) also has a user name or password" in result.stderr
    assert not [trace for way in WAYS.values() for trace in way.traces if trace in result.stderr]


def test_both_ways_at_once_are_a_mistake_of_a_program() -> None:
    settings = Settings(source=IN_URL, source_authorization=Secret(TOKEN), dry_run=True)
    with pytest.raises(SettingsError, match="set only one of them"):
        sync_products(settings)


@pytest.mark.parametrize(
    ("url", "is_warned"), [("http://{}source.example/p", True), ("http://{}127.0.0.1/p", False)]
)
@pytest.mark.parametrize("user", ["", f"{USER}:Zq7-pass@"])
def test_plain_http_to_another_machine_gives_a_warning(
    httpx_mock: HTTPXMock,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    is_warned: bool,  # noqa: FBT001 - a parameter
    user: str,
) -> None:
    monkeypatch.setenv(VARIABLE, "" if user else TOKEN)
    httpx_mock.add_response(json=page([]))
    result = run("--source", url.format(user), "--dry-run")
    assert result.exit_code == 0
    warning = "the credentials are sent to http://source.example/p unencrypted; use https"
    assert (warning in result.stderr) is is_warned


def test_source_without_credentials_gives_no_warning(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=page([]))
    assert "unencrypted" not in run("--source", "http://source.example/p", "--dry-run").stderr
