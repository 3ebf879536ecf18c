"""Common mistakes: each one gives one message that says what to do."""

import re
import tempfile
from pathlib import Path

import httpx
import pytest
from pytest_httpx import HTTPXMock
from typer.testing import CliRunner

from medusa_sync.app import command as command_module
from medusa_sync.cli import app
from tests.unit.app.commands import KEY, document, run

pytestmark = pytest.mark.usefixtures("no_waiting", "isolated", "store")

ADVICE = "  `medusa-sync products --help-all` lists all options and variables.\n"
STORE = "http://medusa.test"

NO_CREDENTIALS = (
    "MEDUSA_API_KEY: it is not set, nor are MEDUSA_EMAIL and MEDUSA_PASSWORD; create a secret API key in the "
    "admin (Settings > Secret API Keys) and set it in the environment or .env, or use --dry-run to check "
    "only the source"
)
DOWN = (
    "http://127.0.0.1:1: GET /admin/products: no connection (Connection refused). Check that the store "
    "is up, and --medusa-url (MEDUSA_BACKEND_URL). Then run again."
)
CURRENCY = (
    "The store has no currency 'gbp', only: 'eur', 'usd'. Add it in the admin (Settings > Store), or "
    "set --currency (SYNC_PRODUCTS_CURRENCY)."
)
CHANNEL = (
    "The store has no sales channel 'Webshop', only: 'Default Sales Channel'. Check --sales-channel "
    "(SYNC_PRODUCTS_SALES_CHANNEL): a name or an id."
)
REFUSED = (
    f"The store at {STORE} refused the credentials. Check MEDUSA_API_KEY (a secret key, sk_..., from "
    "Settings > Secret API Keys), or MEDUSA_EMAIL and MEDUSA_PASSWORD. Roles, multi-factor login and "
    "firewalls can refuse valid ones."
)


@pytest.fixture(autouse=True)
def _environment(source: Path, monkeypatch: pytest.MonkeyPatch, httpx_mock: HTTPXMock) -> None:
    """Another store is down."""
    down = httpx.ConnectError("Connection refused")
    url = re.compile("^http://127.0.0.1:1/")
    httpx_mock.add_exception(down, url=url, is_reusable=True, is_optional=True)
    monkeypatch.setenv("SYNC_PRODUCTS_SOURCE", source.name)
    monkeypatch.setenv("SYNC_PRODUCTS_MAX_RETRIES", "0")


def test_without_a_store_no_exit_code_says_that_there_is_nothing_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On CI, a secret that is not set is an empty text."""
    monkeypatch.setenv("MEDUSA_API_KEY", "")
    result = run("--dry-run", "--exit-code")
    assert result.exit_code == 2
    assert "--exit-code (SYNC_PRODUCTS_EXIT_CODE): nothing can be compared without cred" in result.stderr
    assert run("--dry-run").exit_code == 0
    assert run("--dry-run", "--exit-code", "--print-settings").exit_code == 0


def test_an_invalid_setting_is_the_only_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDUSA_API_KEY")
    result = run()
    assert result.stderr == f"error: A setting is invalid:\n  {NO_CREDENTIALS}\n{ADVICE}"
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize(
    ("flags", "exit_code", "message"),
    [
        (["--medusa-url", "http://127.0.0.1:1"], 4, DOWN),
        (["--currency", "gbp"], 2, CURRENCY),
        (["--sales-channel", "Webshop"], 2, CHANNEL),
        ([], 4, REFUSED),
    ],
)
def test_what_ends_a_run_is_the_only_error_in_the_log(
    flags: list[str], exit_code: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not flags:
        monkeypatch.setenv("MEDUSA_API_KEY", "sk_of_another_store")
    result = run(*flags)
    [line] = [line for line in result.stderr.splitlines() if " ERROR " in line]
    assert (result.exit_code, line.partition("]: ")[2]) == (exit_code, message)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "reason"),
    [
        (["--batch-size", "x"], 2, "--batch-size (SYNC_PRODUCTS_BATCH_SIZE) 'x': expected"),
        (["--schedule", "@hourly", "--job-name", "nightly"], 2, "it has no effect without --loop"),
        (["--report", "no-folder/r.csv"], 2, "no-folder' does not exist"),
        (["--env-file", "none"], 2, "'none': the file does not exist"),
        (["--print-settings", "--timezone", "Mars"], 2, "--timezone (SYNC_PRODUCTS_TIMEZONE) 'Mars'"),
        (["--batch-sise", "4"], 2, "No such option: --batch-sise (Possible options: --batch-size)"),
        (["catalogue.json"], 2, "Got unexpected extra argument"),
        (["--source"], 2, "Option '--source' requires an argument."),
        (["--currency", "gbp"], 2, "The store has no currency 'gbp'"),
        (["--source", "none.json"], 3, "none.json: the file cannot be read"),
        (["--medusa-url", "http://127.0.0.1:1"], 4, "no connection"),
        (["--job-name", "nightly"], 1, "Unexpected ZeroDivisionError: with ***"),
    ],
)
@pytest.mark.parametrize("by", ["flag", "variable"])
def test_json_prints_a_document_whatever_happens(
    by: str,
    arguments: list[str],
    exit_code: int,
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(f"with {KEY}")

    if exit_code == 1:
        monkeypatch.setattr(command_module, "sync_products", broken)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # for the crash report
    if by == "variable":
        monkeypatch.setenv("SYNC_PRODUCTS_JSON", "true")
    result = run(*(["--json"] if by == "flag" else []), "--dry-run", *arguments)
    found = document(result)
    assert (result.exit_code, found["exit_code"], found["status"]) == (exit_code, exit_code, "failed")
    assert found["job"] == ("nightly" if "nightly" in arguments else "sync-products")
    problem, *_ = found["problems"]
    assert reason in problem["reason"]
    assert problem["outcome"] == "failed"
    assert result.stderr


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["products", "https://me:hu sh@[::1]:80/feed?token=hush"], "(https://[::1]:80/...)"),
        (["products", "--dry-run", "https://hc-ping.com/hush"], "(https://hc-ping.com/...)"),
        (["products", "--https://me:hush@source.example"], "--https://source.example/..."),
        (["products", "--json=https://me:hush@source.example"], "'--json' does not take a value"),
        (["products", "MEDUSA_API_KEY=hush", "x"], "(MEDUSA_API_KEY=***)"),
        (["https://me:hush@source.example/feed"], "'https://source.example/...'"),
        (["--https://me:hush@source.example/feed"], "--https://source.example/..."),
    ],
)
def test_an_argument_in_the_wrong_place_is_shown_without_its_secrets(
    arguments: list[str], shown: str
) -> None:
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200", "SYNC_PRODUCTS_JSON": "true"})
    assert result.exit_code == 2
    assert shown in result.stderr
    assert shown in document(result)["problems"][0]["reason"]
    assert not [part for part in ("hu", "sh@") if part in result.output]


@pytest.mark.parametrize(
    ("flag", "ending", "exit_code"),
    [
        ("--report", ".json", 2),
        ("--lock-dir", "", 2),
        ("--env-file", "", 2),
        ("--source", ".csv", 3),
        ("--metrics-file", ".prom", 0),  # only a warning, like all failures of metrics
    ],
)
def test_a_name_that_is_too_long_is_a_message(flag: str, ending: str, exit_code: int) -> None:
    for name in ("n" * 300, f"{'n' * 300}/x", "d/" * 3000 + "x"):
        result = run(flag, f"{name}{ending}")
        assert result.exit_code == exit_code
        assert "File name too long" in result.stderr
        assert "Traceback" not in result.stderr
        assert "bug" not in result.stderr
