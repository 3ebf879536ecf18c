"""Common mistakes: each one gives one message that says what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
from pytest_httpx import HTTPXMock
from typer.testing import CliRunner, Result

from medusa_sync.cli import app
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

pytestmark = pytest.mark.usefixtures("no_waiting")

ADVICE = "  `medusa-sync products --help-all` lists all options with their defaults.\n"


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, httpx_mock: HTTPXMock) -> None:
    """Provide a catalogue, a store and its key."""
    fake = FakeMedusa()
    fake.url = "http://127.0.0.1:9000"
    httpx_mock.add_callback(
        fake.handle, url=re.compile("^http://127.0.0.1:9000/"), is_reusable=True, is_optional=True
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYNC_PRODUCTS_LOCK_DIR", str(tmp_path / "locks"))
    monkeypatch.setenv("SYNC_PRODUCTS_SOURCE", "catalogue.json")
    monkeypatch.setenv("MEDUSA_BACKEND_URL", fake.url)
    monkeypatch.setenv("MEDUSA_API_KEY", fake.api_key)
    Path("catalogue.json").write_text(json.dumps({"products": products(3)}), encoding="utf-8")
    monkeypatch.setenv("SYNC_PRODUCTS_MAX_RETRIES", "0")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["products", *arguments])


def assert_ended(result: Result, exit_code: int, message: str) -> None:
    """Check that the message is the only error in the log."""
    [line] = [line for line in result.stderr.splitlines() if " ERROR " in line]
    assert (result.exit_code, line.partition("]: ")[2]) == (exit_code, message)


def assert_refused(result: Result, problem: str) -> None:
    """Check that only the problem is reported, before the run."""
    assert result.stderr == f"error: A setting is invalid:\n  {problem}\n{ADVICE}"
    assert (result.exit_code, result.stdout) == (2, "")


def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDUSA_API_KEY")
    assert_refused(
        run(),
        "MEDUSA_API_KEY: it is not set, nor are MEDUSA_EMAIL and MEDUSA_PASSWORD; set a secret API key of "
        "the store in the environment or .env, or use --dry-run to check only the source",
    )


def test_wrong_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDUSA_API_KEY", "sk_of_another_store")
    assert_ended(
        run(),
        4,
        "The store at http://127.0.0.1:9000 refused the credentials. Check MEDUSA_API_KEY (a secret key, "
        "sk_..., from Settings > Secret API Keys), or MEDUSA_EMAIL and MEDUSA_PASSWORD. Roles, multi-factor "
        "login and firewalls can refuse valid ones.",
    )


@pytest.mark.parametrize("key", ["Bearer sk_123", "bearer: sk_123", "Basic c2tfMTIz"])
def test_key_with_its_scheme(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDUSA_API_KEY", key)
    assert_refused(
        run(),
        "MEDUSA_API_KEY: expected only the key (sk_...), without a scheme such as Bearer",
    )


def test_publishable_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDUSA_API_KEY", "pk_123")
    assert_refused(
        run(),
        "MEDUSA_API_KEY: it is a publishable key; create a secret key in the admin "
        "(Settings > Secret API Keys)",
    )


def test_trailing_slash_is_valid() -> None:
    assert run("--medusa-url", "http://127.0.0.1:9000/").exit_code == 0


@pytest.mark.parametrize("page", ["/admin", "/app", "/admin/"])
def test_url_of_the_admin(page: str) -> None:
    assert_refused(
        run("--medusa-url", f"http://127.0.0.1:9000{page}"),
        f"--medusa-url (MEDUSA_BACKEND_URL) 'http://127.0.0.1:9000{page}': expected the backend without "
        f"{page.rstrip('/')!r}: http://127.0.0.1:9000",
    )


def test_store_is_down(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_exception(
        httpx.ConnectError("Connection refused"), url=re.compile("^http://127.0.0.1:1/"), is_reusable=True
    )
    assert_ended(
        run("--medusa-url", "http://127.0.0.1:1"),
        4,
        "http://127.0.0.1:1: GET /admin/products: no connection (Connection refused). Check that the "
        "store is up, and --medusa-url (MEDUSA_BACKEND_URL). Then run again.",
    )


def test_store_without_the_currency() -> None:
    assert_ended(
        run("--currency", "gbp"),
        2,
        "The store does not sell in 'gbp', only in: eur, usd. Add it in the admin (Settings > Store), or set "
        "--currency (SYNC_PRODUCTS_CURRENCY).",
    )


def test_invalid_cron_expression() -> None:
    assert_refused(
        run("--loop", "--schedule", "*/2 * * *"),
        "--schedule (SYNC_PRODUCTS_SCHEDULE) '*/2 * * *': expected 5 fields (minute hour day-of-month month "
        "day-of-week), 6 with seconds first, or a name such as @hourly; there are 4",
    )


def test_batch_size_zero() -> None:
    assert_refused(
        run("--batch-size", "0"),
        "--batch-size (SYNC_PRODUCTS_BATCH_SIZE) '0': expected a whole number from 1 to 1000, or auto",
    )


def test_unknown_sales_channel() -> None:
    assert_ended(
        run("--sales-channel", "Webshop"),
        2,
        "The store has no sales channel 'Webshop', only: 'Default Sales Channel'. Check --sales-channel "
        "(SYNC_PRODUCTS_SALES_CHANNEL): a name or an id.",
    )


def test_report_folder_is_not_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_args, **_kwargs: False)  # root may write anywhere
    assert_refused(
        run("--report", str(tmp_path / "report.html")),
        f"--report (SYNC_PRODUCTS_REPORT): the folder {str(tmp_path)!r} is not writable; change its "
        "permissions or choose another",
    )


@pytest.mark.parametrize(
    "name", ["n" * 300, f"{'n' * 300}/x", "d/" * 3000 + "x"], ids=["name", "folder", "path"]
)
@pytest.mark.parametrize(
    ("flag", "ending", "exit_code"),
    [
        ("--report", ".json", 2),
        ("--report", ".html", 2),
        ("--lock-dir", "", 2),
        ("--env-file", "", 2),
        ("--source", ".csv", 3),
        ("--metrics-file", ".prom", 0),  # only a warning, like all failures of metrics
    ],
)
def test_a_name_that_is_too_long_is_a_message(flag: str, ending: str, exit_code: int, name: str) -> None:
    result = run(flag, f"{name}{ending}")
    assert result.exit_code == exit_code
    assert "File name too long" in result.stderr
    assert "Traceback" not in result.stderr
    assert "bug" not in result.stderr


def test_a_report_that_is_a_link_to_itself_is_replaced() -> None:
    Path("loop.json").symlink_to("loop.json")
    assert run("--report", "loop.json").exit_code == 0
    assert json.loads(Path("loop.json").read_text(encoding="utf-8"))["version"] == 1
