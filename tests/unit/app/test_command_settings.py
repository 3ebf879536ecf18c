"""`--print-settings`, and warnings of misspelled variables."""

import json
import signal
from pathlib import Path
from typing import ClassVar

import pytest

from medusa_sync.app import command
from medusa_sync.app.signals import Signals
from medusa_sync.settings.options import ALL_OPTIONS, OPTIONS
from tests.unit.app.commands import run

pytestmark = pytest.mark.usefixtures("isolated", "no_waiting")


def lines(*arguments: str) -> dict[str, tuple[str, str]]:
    """The value and the origin of each setting, by flag or variable."""
    result = run("--print-settings", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    columns = [[cell.strip() for cell in line.split("  ") if cell] for line in result.stdout.splitlines()]
    return {name: (value, origin) for name, value, origin in columns}


@pytest.fixture(autouse=True)
def _no_requests(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Any request or run would fail; the store of `store` is used by the tests of warnings."""
    if "store" not in request.fixturenames:
        monkeypatch.setattr(command, "sync_products", None)


def test_every_setting_is_shown_with_its_value_and_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a table, and as data."""
    text = "# ours\nSYNC_PRODUCTS_BATCH_SIZE=20\nSYNC_PRODUCTS_MAX_RETRIES=4\n"
    (tmp_path / ".env").write_text(text, encoding="utf-8")
    monkeypatch.setenv("SYNC_PRODUCTS_ON_CONFLICT", "source,title=store")
    monkeypatch.setenv("SYNC_PRODUCTS_LIMIT", "")
    monkeypatch.setenv("SYNC_PRODUCTS_MAX_DURATION", "12.345")
    for name in ("MEDUSA_API_KEY", "MEDUSA_EMAIL", "MEDUSA_PASSWORD"):
        monkeypatch.setenv(name, "hush-hush")
    flags = ("--currency", "EUR", "--adopt", "--no-verbose", "--loop", "--schedule", "@hourly")
    shown = lines(*flags)
    assert list(shown) == [each.flag or each.variable for each in ALL_OPTIONS if not each.is_command]
    document = json.loads(run("--print-settings", "--json", *flags).stdout)
    found = document["settings"]
    assert (document["version"], found.keys()) == (1, {*OPTIONS, "env_file"})
    duration = "SYNC_PRODUCTS_MAX_DURATION"
    for name, in_table, value, origin, data in (
        ("--batch-size", "20", 20, "file .env, line 2", {"kind": "file", "name": ".env", "line": 2}),
        ("--max-retries", "4", 4, "file .env, line 3", {"kind": "file", "name": ".env", "line": 3}),
        ("--max-duration", "12.345", 12.345, f"variable {duration}", {"kind": "variable", "name": duration}),
        ("--currency", "EUR", "EUR", "flag", {"kind": "flag", "name": "--currency"}),
        ("--verbose", "false", False, "flag", {"kind": "flag", "name": "--verbose"}),
        ("--limit", "-", None, "default", {"kind": "default"}),
        ("--max-removals", "10%", "10%", "default", {"kind": "default"}),
    ):
        assert shown[name] == (in_table, origin)
        assert found[name[2:].replace("-", "_")] == {"value": value, "origin": data}
    assert {found[name]["value"] for name in ("api_key", "email", "password")} == {"***"}


@pytest.mark.parametrize(
    ("flag", "url", "shown"),
    [
        ("--source", "https://u:p@a.example/p?q=Phone", "https://***@a.example/p?q=Phone"),
        ("--source", "https://a.example/p?key=abc&x=", "https://a.example/p?key=***&x="),
        ("--source", "https://me:hush@[::1]:8/p?q=a@b", "https://***@[::1]:8/p?q=a@b"),
        ("--source", "https://a/p?access%5Ftoken=a%2Fb#top", "https://a/p?access%5Ftoken=***#top"),
        ("--source", "https://a.example/p?token", "https://a.example/p?token"),
        ("--source", "me:hush@file.json?key=a", "me:hush@file.json?key=a"),
        ("--metrics-push", "https://u:p@push.example/", "https://***@push.example/"),
        ("--ping-url", "https://hc.example/abc/", "***"),
    ],
)
def test_a_url_with_a_secret_is_shown_without_it_however_short_it_is(flag: str, url: str, shown: str) -> None:
    assert lines(flag, url)[flag][0] == shown
    document = json.loads(run("--print-settings", "--json", flag, url).stdout)
    assert document["settings"][flag.removeprefix("--").replace("-", "_")]["value"] == shown


def test_a_variable_cannot_replace_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNC_PRODUCTS_PRINT_SETTINGS", "true")
    assert "SYNC_PRODUCTS_PRINT_SETTINGS is not a setting" in run("--print-settings").stderr
    assert run("--no-print-settings").exit_code == 2


# --- misspelled variables -------------------------------------------------------------------------------

WARNING = "the variable SYNC_PRODUCTS_CURENCY is not a setting; did you mean SYNC_PRODUCTS_CURRENCY?"


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("arguments", [(), ("--json",), ("--log-format", "json")], ids=str)
def test_a_misspelled_variable_is_a_warning_in_the_log(
    arguments: tuple[str, ...], source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNC_PRODUCTS_CURENCY", "eur")
    result = run("--source", str(source), *arguments)
    assert result.exit_code == 0
    assert result.stderr.count(WARNING) == 1
    assert WARNING not in result.stdout
    assert run("--source", str(source), "--quiet", *arguments).stderr == ""


def test_a_loop_warns_once_even_if_it_reads_its_settings_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Scripted(Signals):
        numbers: ClassVar = [signal.SIGHUP, signal.SIGHUP, signal.SIGTERM]

        def wait(self, _seconds: float) -> signal.Signals | None:
            if len(self.numbers) == 2:  # before the settings are read for the third time
                Path(".env").write_text("MEDUSA_EMIAL=me@example.com\n", encoding="utf-8")
            return self.numbers.pop(0)

    monkeypatch.setattr(command, "Signals", Scripted)
    monkeypatch.setenv("SYNC_PRODUCTS_CURENCY", "eur")
    result = run("--dry-run", "--loop", "--schedule", "@yearly")
    assert result.exit_code == 143
    assert result.stderr.count("the settings were read again") == 2
    assert result.stderr.count(WARNING) == 1
    assert result.stderr.count("did you mean MEDUSA_EMAIL?") == 1
