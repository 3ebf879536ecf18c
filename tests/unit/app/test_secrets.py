"""No secret is in any output, and those of the source reach only the source."""

import itertools
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple
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
from tests.unit.forms import FORMS

pytestmark = pytest.mark.usefixtures("no_waiting", "isolated")

URL: Final = "https://source.example/products"
VARIABLE: Final = "SYNC_PRODUCTS_SOURCE_AUTHORIZATION"
KEY: Final = "sk_hush_0123456789abcdef"
PASSWORD: Final = 'hush-pä"s\\s w/+&%'
PING: Final = "https://monitor.example/ping/hush-0123-4567"
PUSH: Final = "http://me:hush-push@gateway.example"
USER, USER_PASSWORD = "hush-user-9", 'p&<"ß\\hush-pass'
TOKEN = "Bearer hush/5+word=="
QUERY = {  # by the names that say so
    name: f"{name.title()} hush/{number}"
    for number, name in enumerate(("key", "access_token", "client_secret", "X-Amz-Signature"))
}
WORDS = ["Smartphone X", "Kitchen Tools A1b2C3d4e5", "Elmwood"]  # other values of the query
IN_URL = f"https://{quote(USER, safe='')}:{quote(USER_PASSWORD, safe='')}@source.example/products"
BASIC = "Basic " + b64encode(f"{USER}:{USER_PASSWORD}".encode()).decode()
WITH_QUERY = f"{URL}?q=Smartphone&category=Kitchen+Tools&id=A1b2C3d4e5&author=Elmwood" + "".join(
    f"&{name}={quote_plus(secret)}" for name, secret in QUERY.items()
)


class Way(NamedTuple):
    """A way to authorize requests: the URL, the variable, the header that the source gets, what is secret."""

    url: str
    variable: str
    header: str
    secrets: list[str]


WAYS = {
    "user": Way(IN_URL, "", BASIC, [BASIC, USER_PASSWORD, f"{USER}:{USER_PASSWORD}"]),
    "header": Way(URL, TOKEN, TOKEN, [TOKEN, TOKEN.removeprefix("Bearer ")]),
    "query": Way(WITH_QUERY, "", "", list(QUERY.values())),
}


@pytest.fixture
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Way:
    monkeypatch.setenv(VARIABLE, WAYS[request.param].variable)
    return WAYS[request.param]


in_each_way = pytest.mark.parametrize("way", WAYS, indirect=True)
by_header = pytest.mark.parametrize("way", ["user", "header"], indirect=True)


def page(rows: list[dict[str, Any]], **members: Any) -> dict[str, Any]:
    return {"products": rows, "total": len(rows), **members}


def traces(secret: str) -> Iterator[str]:
    """What no output may have: the secret, and its base64 at each position, without its ends."""
    yield from (form(secret) for form in FORMS.values())
    for before in ("", "x", "xx"):
        yield b64encode(f"{before}{secret}".encode()).decode()[4:-4]


def assert_hidden(texts: dict[str, str], *secrets: str) -> None:
    wanted = [trace for secret in secrets for trace in traces(secret)]
    for name, text in texts.items():
        assert "hush" not in text, name
        assert not [trace for trace in wanted if trace in text], name


# --- output ---------------------------------------------------------------------------------------------


class Echo:
    """A store that responds to writes with all that it and the source received, in every form."""

    def __init__(self, store: FakeMedusa, status: int) -> None:
        self._status = status
        self._number = itertools.count()
        self._texts = [PING]
        store.before = self.respond

    def record(self, request: httpx.Request) -> None:
        self._texts += [str(request.url), request.headers.get("authorization", "")]
        if request.url.path.endswith("/emailpass"):
            self._texts.append(json.loads(request.content)["password"])

    def respond(self, request: httpx.Request) -> httpx.Response | None:
        self.record(request)
        if not request.url.path.endswith(("/products/batch", "/create-products/run")):
            return None
        texts = [text for text in dict.fromkeys(self._texts) if text]
        forms = [form(text) for text in texts for form in FORMS.values()]
        # Long messages are cut: start each one with another form.
        start = next(self._number) * 7 % len(forms)
        message = f"echo: {' '.join(forms[start:] + forms[:start])}"
        return httpx.Response(self._status, json={"message": message})


@in_each_way
@pytest.mark.parametrize("status", sampled([400, 500, 401], 400))
@pytest.mark.parametrize("credentials", sampled(["key", "log-in"], "log-in"))
@pytest.mark.parametrize(
    ("report", "layout"),
    [("r.html", ["--verbose"]), ("r.json", ["--verbose", "--json", "--log-format=json"]), ("r.csv", [])],
)
def test_no_output_shows_a_secret_that_the_store_or_the_source_sends_back(
    way: Way,
    status: int,
    credentials: str,
    report: str,
    layout: list[str],
    httpx_mock: HTTPXMock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = FakeMedusa()
    store.api_key, store.password = KEY, PASSWORD
    echo = Echo(store, status)
    leaked = [form(secret) for secret in way.secrets[:3] for form in FORMS.values()]
    rows = products(4 + len(leaked) + len(WORDS))
    for row, title in zip(rows[4:], [*WORDS, *leaked], strict=True):
        row |= {"title": title, "price": -1}  # rejected, because each output has the titles of those

    def source(request: httpx.Request) -> httpx.Response:
        echo.record(request)
        return httpx.Response(200, json=page(rows), headers={"x": way.header})

    httpx_mock.add_callback(store.handle, url=re.compile("^http://medusa.test/"), is_reusable=True)
    httpx_mock.add_callback(source, url=re.compile("^https://source.example/"), is_reusable=True)
    httpx_mock.add_response(url=re.compile("^https://monitor.example/"), text="OK", is_reusable=True)
    httpx_mock.add_response(
        503, url=re.compile("^http://.*gateway.example/"), text="hush-push", is_reusable=True
    )
    if credentials == "key":
        monkeypatch.setenv("MEDUSA_API_KEY", KEY)
    else:
        monkeypatch.setenv("MEDUSA_EMAIL", store.email)
        monkeypatch.setenv("MEDUSA_PASSWORD", PASSWORD)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    flags = {"source": way.url, "medusa-url": store.url, "report": report, "max-retries": 0, "batch-size": 2}
    flags |= {"ping-url": PING, "metrics-file": "m.prom", "metrics-push": PUSH}
    result = run(*(f"--{name}={value}" for name, value in flags.items()), *layout)
    assert result.exit_code in {4, 5}
    outputs = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir() if path.is_file()}
    outputs |= {"stdout": result.stdout, "stderr": result.stderr}
    pings = httpx_mock.get_requests(url=re.compile("^https://monitor.example/"))
    outputs |= {f"ping {number}": ping.content.decode() for number, ping in enumerate(pings)}
    assert {report, "m.prom", "summary.md", "ping 1"} <= outputs.keys()
    assert_hidden(outputs, *way.secrets, PASSWORD if credentials == "log-in" else KEY)
    if status != 401:
        assert "echo: " in outputs[report]
        assert all(word in outputs[report] for word in WORDS), "words of a query are no secrets"


@by_header
@pytest.mark.parametrize("status", [401, 500])
def test_no_message_shows_what_the_source_sends_back(
    way: Way, httpx_mock: HTTPXMock, tmp_path: Path, status: int
) -> None:
    for form in some(
        [form(way.header) for form in FORMS.values()], 4
    ):  # alone, because long messages are cut
        message = {"message": f"bad credentials: {form}"}
        httpx_mock.add_response(status, json=message, headers={"x": way.header}, is_reusable=True)
        result = run("--source", way.url, "--dry-run", "--verbose", "--report", str(tmp_path / "r.json"))
        assert result.exit_code == 3
        assert f"the server responded with {status}" in result.stderr
        assert (f"Set {VARIABLE} to the value" in result.stderr) is (status == 401)
        report = (tmp_path / "r.json").read_text(encoding="utf-8")
        assert_hidden({"stdout": result.stdout, "stderr": result.stderr, "report": report}, way.header)
        httpx_mock.reset()


CUT: Final = {  # what has a secret, `{}`, in a source: its file, and a map
    "a price": ("x.ndjson", '{"id": #, "title": "A", "price": "{}"}', ""),
    "a status": ("x.ndjson", '{"id": #, "title": "A", "price": 1, "status": "{}"}', ""),
    "a title": ("x.ndjson", '{"id": #, "price": -1, "title": "%s{}"}' % ("x" * 160), ""),
    "a cell": ("x.csv", "#,A,{}", ""),
    "unknown columns": ("x.csv", "{},price", ""),
    "a tag": ("x.xml", "<{}>1</{}>", ""),
    "an error message in a row": ("x.csv", "id,title,price\nFatal error: {}", ""),
    "a text for jq": ("x.ndjson", '{"id": #, "price": "{}"}', ".price | tonumber"),
    "a list for jq": ("x.ndjson", '{"id": #, "price": "{}"}', ".[[.price]]"),
    "an error of a map": ("x.ndjson", '{"id": #, "price": "%s{}"}' % ("x" * 250), "error(.price)"),
    "what a map gives": ("x.ndjson", '{"id": #, "price": "{}"}', ".price"),
    "an id": ("x.ndjson", '{"id": #, "price": "{}"}', "{id: [.price]}"),
    "a plan": ("x.ndjson", '{"id": #, "title": "{}", "price": 1}', ""),
}


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("what", CUT)
def test_a_text_that_is_cut_in_a_message_has_no_part_of_a_secret(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, text, program = CUT[what]
    secret = "hush-zqxwvk-jjxqzw-vvkqxz-wqzjxk-hush"
    monkeypatch.setenv(VARIABLE, f"Bearer {secret}")
    (tmp_path / "map.jq").write_text(program, encoding="utf-8")
    source, flags = tmp_path / name, ["--json", "--verbose", "--max-changes=0"]
    flags += ["--source-map=map.jq"] if program else []

    def sync(*texts: str) -> str:
        rows = [text.replace("#", f"{n}").replace("{}", each) for n, each in enumerate(texts)]
        header = "id,title,price\n" if what == "a cell" else ""
        source.write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")
        return run("--source", str(source), *flags).output

    secrets = ["x" * before + secret for before in range(60)]
    if what == "a plan":
        sync(*map(str, range(15)))
        secrets = secrets[::4]  # as many as the error shows
    one_by_one = what in {"unknown columns", "a tag", "an error message in a row"}
    outputs = "".join(map(sync, some(secrets, 8))) if one_by_one else sync(*secrets)
    assert "***" in outputs
    parts = [secret[start : start + 4] for start in range(len(secret) - 3)]
    assert not [part for part in parts if part in outputs]


# --- the requests that have them ------------------------------------------------------------------------


def sent_to(httpx_mock: HTTPXMock, host: str) -> list[str | None]:
    """The authorization of each request to a host."""
    requests = [request for request in httpx_mock.get_requests() if request.url.host == host]
    return [request.headers.get("authorization") for request in requests]


@by_header
def test_every_request_to_the_source_is_authorized_and_no_other(
    way: Way, httpx_mock: HTTPXMock, store: FakeMedusa
) -> None:
    catalogue = products(12)

    def respond(request: httpx.Request) -> httpx.Response:
        assert not request.url.userinfo
        match request.url.path.removeprefix("/products"):
            case "/categories":
                return httpx.Response(200, json=[])
            case "":
                return httpx.Response(200, json=page(catalogue))
        return httpx.Response(404, json={"message": "no"})

    httpx_mock.add_callback(respond, url=re.compile("^https://source.example/"), is_reusable=True)
    httpx_mock.add_response(url=re.compile("^https://monitor.example/"), is_reusable=True)
    arguments = ("--source", way.url, "--ping-url", "https://monitor.example/x")
    assert run(*arguments).exit_code == 0
    del catalogue[-1]
    assert run(*arguments, "--on-missing", "delete").exit_code == 0
    assert len(store.products) == 11
    assert sent_to(httpx_mock, "source.example") == [way.header] * 3
    for request in httpx_mock.get_requests():
        if request.url.host != "source.example":
            assert way.header not in request.headers.values()
            assert b"hush" not in request.content


@by_header
@pytest.mark.parametrize("path", sampled(["", ".json"], ".json"))
@pytest.mark.parametrize(
    ("target", "is_authorized"),
    [
        ("https://source.example/moved", True),
        ("/moved", True),
        ("https://other.example/moved", False),
        ("https://sub.source.example/moved", False),
        ("https://source.example:8443/moved", False),
    ],
)
def test_a_redirect_elsewhere_does_not_get_them(
    way: Way, httpx_mock: HTTPXMock, path: str, target: str, *, is_authorized: bool
) -> None:
    httpx_mock.add_response(302, headers={"location": target})
    httpx_mock.add_response(json=page([]))
    assert run("--source", way.url + path, "--dry-run").exit_code == 0
    first, second = httpx_mock.get_requests()
    assert first.headers["authorization"] == way.header
    assert second.headers.get("authorization") == (way.header if is_authorized else None)
    assert str(second.url) == str(httpx.URL(URL).join(target))


@pytest.mark.parametrize(
    "target", ["http://source.example/moved", "https://127.0.0.1", "https://x.example:99999"]
)
def test_a_redirect_that_is_less_safe_is_an_error_of_the_source(httpx_mock: HTTPXMock, target: str) -> None:
    httpx_mock.add_response(302, headers={"location": target})
    failed = run("--source", URL, "--dry-run")
    assert failed.exit_code == 3
    assert "it redirects to" in " ".join(failed.stderr.split())
    assert len(httpx_mock.get_requests()) == 1


@by_header
def test_a_next_page_is_authorized_and_not_requested_elsewhere(way: Way, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json={"items": []}, headers={"link": f'<{URL}?page=2>; rel="next"'})
    httpx_mock.add_response(json={"items": []}, headers={"link": '<https://other.example/3>; rel="next"'})
    result = run("--source", way.url, "--dry-run")
    assert result.exit_code == 3
    assert "the next page has another scheme, host or port: https://other.example" in result.stderr
    assert sent_to(httpx_mock, "source.example") == [way.header] * 2
    assert sent_to(httpx_mock, "other.example") == []


def test_both_ways_at_once_are_a_mistake_of_a_program() -> None:
    settings = Settings(source=IN_URL, source_authorization=Secret(TOKEN), dry_run=True)
    with pytest.raises(SettingsError, match="set only one of them"):
        sync_products(settings)


@pytest.mark.parametrize("to", ["source", "store"])
@pytest.mark.parametrize(
    ("url", "is_warned"),
    [("http://{}shop.example/p", True), ("http://{}127.0.0.1/p", False), ("https://{}shop.example/p", False)],
)
def test_credentials_that_are_sent_unencrypted_give_a_warning(
    to: str, url: str, httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch, *, is_warned: bool
) -> None:
    warning = f"the credentials are sent to {url.format('')} unencrypted; use https"
    httpx_mock.add_response(503, is_reusable=True)
    if to == "store":
        monkeypatch.setenv("MEDUSA_API_KEY", KEY)
        result = run("--source", "sample", "--medusa-url", url.format(""))
        assert (result.exit_code, warning in result.stderr) == (4, is_warned)
        return
    for user, header in ((f"{USER}:hush-pass@", ""), ("", TOKEN), ("", "")):
        monkeypatch.setenv(VARIABLE, header)
        result = run("--source", url.format(user), "--dry-run")
        assert (result.exit_code, warning in result.stderr) == (3, is_warned and bool(user or header))
