"""Ten mistakes that people make, and the one message that each of them gets."""

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

ADVICE = "  `medusa-sync products --help` lists every option with its variable and default.\n"


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, httpx_mock: HTTPXMock) -> None:
    """A folder with a catalogue, a store at an address of this machine, and the right key."""
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
    """The message is the only error in the log."""
    [line] = [line for line in result.stderr.splitlines() if " ERROR " in line]
    assert (result.exit_code, line.partition("]: ")[2]) == (exit_code, message)


def assert_refused(result: Result, problem: str) -> None:
    """Before anything is done the problem is told, and nothing else."""
    assert result.stderr == f"error: A setting is wrong:\n  {problem}\n{ADVICE}"
    assert (result.exit_code, result.stdout) == (2, "")


def test_no_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDUSA_API_KEY")
    assert_refused(
        run(),
        "MEDUSA_API_KEY: it is not set, nor are MEDUSA_EMAIL and MEDUSA_PASSWORD; put a secret API key of "
        "the store into the environment or .env, or use --dry-run to check the source alone",
    )


def test_a_wrong_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDUSA_API_KEY", "sk_of_another_store")
    assert_ended(
        run(),
        4,
        "The store refused the credentials. Check MEDUSA_API_KEY (a secret key, sk_..., from Settings > "
        "Secret API Keys), or MEDUSA_EMAIL and MEDUSA_PASSWORD. Roles, multi-factor login and firewalls can "
        "refuse valid ones.",
    )


@pytest.mark.parametrize("key", ["Bearer sk_123", "bearer: sk_123", "Basic c2tfMTIz"])
def test_a_key_with_the_name_of_its_scheme(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDUSA_API_KEY", key)
    assert_refused(
        run(),
        "MEDUSA_API_KEY: expected the key alone (sk_...), without the name of a scheme such as Bearer",
    )


def test_a_publishable_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDUSA_API_KEY", "pk_123")
    assert_refused(
        run(),
        "MEDUSA_API_KEY: it is a publishable key; make a secret one in the admin "
        "(Settings > Secret API Keys)",
    )


def test_an_address_with_a_slash_at_its_end_is_no_mistake() -> None:
    assert run("--medusa-url", "http://127.0.0.1:9000/").exit_code == 0


@pytest.mark.parametrize("page", ["/admin", "/app", "/admin/"])
def test_the_address_of_the_admin(page: str) -> None:
    assert_refused(
        run("--medusa-url", f"http://127.0.0.1:9000{page}"),
        f"--medusa-url (MEDUSA_BACKEND_URL) 'http://127.0.0.1:9000{page}': leave out {page.rstrip('/')!r}: "
        "expected the backend itself, http://127.0.0.1:9000",
    )


def test_a_store_that_is_down(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_exception(
        httpx.ConnectError("Connection refused"), url=re.compile("^http://127.0.0.1:1/"), is_reusable=True
    )
    assert_ended(
        run("--medusa-url", "http://127.0.0.1:1"),
        4,
        "http://127.0.0.1:1: GET /admin/products: no connection (Connection refused). Is the store up? Check "
        "--medusa-url (MEDUSA_BACKEND_URL); the next run completes what is left.",
    )


def test_a_store_without_the_currency() -> None:
    assert_ended(
        run("--currency", "gbp"),
        2,
        "The store does not sell in 'gbp', only in: eur, usd. Add it in the admin (Settings > Store), or set "
        "--currency (SYNC_PRODUCTS_CURRENCY).",
    )


def test_a_wrong_cron_expression() -> None:
    assert_refused(
        run("--loop", "--schedule", "*/2 * * *"),
        "--schedule (SYNC_PRODUCTS_SCHEDULE) '*/2 * * *': expected 5 fields (minute hour day-of-month month "
        "day-of-week), 6 with seconds first, or a name such as @hourly; there are 4",
    )


def test_a_batch_size_of_nothing() -> None:
    assert_refused(
        run("--batch-size", "0"),
        "--batch-size (SYNC_PRODUCTS_BATCH_SIZE) '0': expected a whole number from 1 to 1000",
    )


def test_an_unknown_sales_channel() -> None:
    assert_ended(
        run("--sales-channel", "Webshop"),
        2,
        "The store has no sales channel 'Webshop'. Check --sales-channel (SYNC_PRODUCTS_SALES_CHANNEL): a "
        "name or an id.",
    )


def test_no_permission_to_write_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_args, **_kwargs: False)  # root may write anywhere
    assert_refused(
        run("--report", str(tmp_path / "report.html")),
        f"--report (SYNC_PRODUCTS_REPORT): the folder {str(tmp_path)!r} is not writable; change its "
        "permissions or choose another",
    )
