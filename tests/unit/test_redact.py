"""Redaction: no output contains a secret, in any form."""

from __future__ import annotations

import html
import io
import itertools
import json
import re
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, quote_plus, urlencode

import httpx
import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pytest_httpx import HTTPXMock
from typer.testing import CliRunner

from medusa_sync.cli import app
from medusa_sync.core.change import Conflict, FieldChange
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.result import Outcome, Result
from medusa_sync.notify.github import step_summary, workflow_commands
from medusa_sync.redact import Redactor, redacted
from medusa_sync.report.file import write_report
from medusa_sync.report.json import print_json
from medusa_sync.report.output import output_to
from medusa_sync.report.text import print_result
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import sampled
from tests.unit.results import run

Form = Callable[[str], str]


def percent_lower(text: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), quote(text, safe=""))


def in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def in_ascii_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def upper_hex(text: str) -> str:
    return re.sub(r"\\u[0-9a-f]{4}", lambda match: "\\u" + match[0][2:].upper(), in_ascii_json(text))


def slashes_escaped(text: str) -> str:
    return in_ascii_json(text).replace("/", "\\/")


def hex_markup(text: str) -> str:
    return re.sub("[<>&']", lambda match: f"\\u{ord(match[0]):04x}", in_json(text))


def basic(text: str) -> str:
    return b64encode(f"{text}:".encode()).decode()


def basic_password(text: str) -> str:
    return b64encode(f"somebody:{text}".encode()).decode()


FORMS: Final[dict[str, Form]] = {
    form.__name__: form
    for form in (
        str,
        quote,
        quote_plus,
        percent_lower,
        in_json,
        in_ascii_json,
        upper_hex,
        slashes_escaped,
        hex_markup,
        basic,
        basic_password,
        html.escape,
    )
} | {
    "encodeURIComponent": lambda text: quote(text, safe="!'()*"),
    "URL-safe base64": lambda text: urlsafe_b64encode(f"{text}:".encode()).decode(),
    "msgspec": lambda text: msgspec.json.encode(text).decode()[1:-1],
    "form": lambda text: urlencode({"password": text}).removeprefix("password="),
}
SECRETS = st.text(st.characters(exclude_characters="*", exclude_categories=["Cs"]), min_size=4, max_size=30)
SPECIAL = st.text("\\\"'/&%+=<> \n\x00äß€🐻aZ9", min_size=4, max_size=12)
AROUND = st.text(max_size=10)


@pytest.mark.parametrize("name", FORMS)
@given(secret=SECRETS | SPECIAL, before=AROUND, after=AROUND, others=st.lists(SECRETS, max_size=2))
@example('pä"s\\s w/+&%=', "", "", [])
@example("\\\\\\\\", "\\", "\\", [])
@example("%25%", "%", "25", [])
def test_every_form_of_a_secret_is_hidden(
    name: str, secret: str, before: str, after: str, others: list[str]
) -> None:
    form = FORMS[name](secret)
    shown = Redactor([secret, *others])(f"{before}{form}{after}")
    assert form not in shown
    assert secret not in shown
    assert "***" in shown


@given(secret=SECRETS | SPECIAL, text=st.text())
def test_other_texts_do_not_change(secret: str, text: str) -> None:
    forms = [FORMS[name](secret) for name in FORMS]
    assume(not any(character in text for character in "".join(forms)))
    assert Redactor([secret])(text) == text


@pytest.mark.parametrize("short", ["", "a", "shoe"[:3], "é€"])
def test_short_texts_are_not_secrets(short: str) -> None:
    text = "a shoe costs 5 €, a short one é€"
    assert Redactor([short])(text) == text


def test_longest_secret_is_replaced_first() -> None:
    assert Redactor(["hush", "hush-hush"])("say hush-hush, not hush") == "say ***, not ***"


def test_secret_can_be_added_later() -> None:
    redactor = Redactor()
    redactor.add("hush-token")
    assert redactor("Bearer hush-token") == "Bearer ***"


def test_case_matters() -> None:
    assert Redactor(["Häsh"])("häsh HÄSH") == "häsh HÄSH"


@pytest.mark.parametrize(
    "secret", ['\\a"\\\\/b', "\\\\\\\\\\\\\\", '""""""', "%%%%%%%%", "&&&&&&&&", "    a"]
)
@pytest.mark.parametrize("piece", ["\\", '\\"', "%25", "%5C", "&amp;", "&#92;", " ", "+", "%252525"])
def test_hostile_text_takes_no_longer(secret: str, piece: str) -> None:
    text = piece * 4_000
    started = time.process_time()
    Redactor([secret])(text)
    assert time.process_time() - started < 2


# --- results --------------------------------------------------------------------------------------------

SECRET = 'hush "quoted" \\back\\ ümlaut&<tag>/%25 hush'


def everywhere(text: str) -> Any:
    """Return a result in which every text from outside is `text`."""
    change = FieldChange("title", text, (text,), applied=text, desired=(text, text))
    changed = Outcome("dummyjson:1", text, Result.UPDATED, changes=(change,))
    conflict = Conflict("title", text, (text,), OnConflict.STORE)
    problem = Outcome("dummyjson:2", text, Result.FAILED, text)
    return run(
        changed,
        Outcome("dummyjson:3", text, Result.UNCHANGED, conflicts=(conflict,), held=(change,)),
        problems=[problem, Outcome("dummyjson:4", text, Result.REJECTED, text)],
        not_completed=[problem],
        skipped=(Outcome("dummyjson:5", text, Result.SKIPPED, text),),
        source_url=text,
        store_url=text,
        notes=(text,),
        error=text,
        hint=text,
    )


def shown_everywhere(result: Any, folder: Path) -> Iterator[tuple[str, str]]:
    shows: dict[str, Any] = {"table": print_result, "document": print_json}
    for name, show in shows.items():
        stream = io.StringIO()
        show(result, output_to(stream))
        yield name, stream.getvalue()
    for ending in ("json", "csv", "html"):
        path = folder / f"report.{ending}"
        write_report(result, path)
        yield ending, path.read_text(encoding="utf-8")
    yield "summary", step_summary(result)
    yield "annotations", "\n".join(workflow_commands(result))


@pytest.mark.parametrize("name", FORMS)
def test_no_report_shows_a_secret(name: str, tmp_path: Path) -> None:
    text = f"before {FORMS[name](SECRET)} after"
    result = redacted(everywhere(text), Redactor([SECRET]))
    for report, shown in shown_everywhere(result, tmp_path):
        assert "before" in shown, report
        assert "hush" not in shown, report
        assert basic(SECRET)[:20] not in shown, report
        assert basic_password(SECRET)[20:40] not in shown, report


def test_result_without_secrets_does_not_change() -> None:
    result = everywhere("an ordinary text")
    cleaned = redacted(result, Redactor([SECRET]))
    assert list(cleaned.changes) == list(result.changes)
    assert list(cleaned.skipped) == list(result.skipped)
    assert len(cleaned.changes) == 2
    assert result.changes[0] in cleaned.changes
    assert (list(cleaned.problems), cleaned.error) == (list(result.problems), result.error)


# --- the whole command ----------------------------------------------------------------------------------

KEY: Final = "sk_hush_0123456789abcdef"
PASSWORD: Final = 'hush-pä"s\\s w/+&%'
TOKEN: Final = "A1b2C3d4-hush-token"
PING: Final = "https://monitor.example/ping/hush-0123-4567"


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYNC_PRODUCTS_LOCK_DIR", str(tmp_path / "locks"))


class Echo:
    """A store that responds to writes with all requests that it and the source received, in every form."""

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


LAYOUTS: Final = (
    ["--verbose", "--report=r.html"],
    ["--verbose", "--json", "--log-format=json", "--report=r.json"],
    ["--report=r.csv"],
)


def outputs_of_runs(folder: Path) -> dict[str, str]:
    """Run the command in each layout; returns all that it prints and writes."""
    outputs: dict[str, str] = {}
    for number, arguments in enumerate(LAYOUTS):
        result = CliRunner().invoke(
            app,
            [
                "products",
                f"--source=https://source.example/products?key={TOKEN}",
                "--medusa-url=http://medusa.test",
                f"--ping-url={PING}",
                "--metrics-file=m.prom",
                "--metrics-push=http://me:hush-push@gateway.example",
                "--max-retries=0",
                *arguments,
            ],
        )
        assert result.exit_code in {4, 5}
        outputs |= {f"stdout {number}": result.stdout, f"stderr {number}": result.stderr}
    return outputs | {
        path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.is_file()
    }


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("status", sampled([400, 500, 401], 400))
@pytest.mark.parametrize("credentials", sampled(["key", "log-in"], "log-in"))
def test_echoed_request_shows_no_secret_in_any_output(
    status: int,
    credentials: str,
    httpx_mock: HTTPXMock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = FakeMedusa()
    store.api_key, store.password = KEY, PASSWORD
    echo = Echo(store, status)
    httpx_mock.add_callback(store.handle, url=re.compile("^http://medusa.test/"), is_reusable=True)
    rows = products(6)

    def source(request: httpx.Request) -> httpx.Response:
        echo.record(request)
        return httpx.Response(200, json={"products": rows, "total": 6})

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
    outputs = outputs_of_runs(tmp_path)
    outputs |= {
        f"ping {number}": request.content.decode()
        for number, request in enumerate(httpx_mock.get_requests(url=re.compile("^https://monitor.example/")))
    }
    assert {"r.json", "r.csv", "r.html", "m.prom", "summary.md"} <= outputs.keys()
    for name, shown in outputs.items():
        for secret in ("hush", basic(KEY)[:-2], b64encode(PASSWORD.encode()).decode()[:-2]):
            assert secret not in shown, name
    if status != 401:
        assert all(
            "echo: " in outputs[name] for name in ("stdout 0", "stdout 1", "r.json", "r.csv", "r.html")
        )
