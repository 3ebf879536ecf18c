"""The command: exit codes, streams and messages."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock
from typer.testing import CliRunner, Result

from medusa_sync import __version__
from medusa_sync.app import command as command_module
from medusa_sync.app.lock import run_lock
from medusa_sync.cli import app
from medusa_sync.notify import dispatch
from medusa_sync.settings.options import Settings
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.unit.alone import alone

pytestmark = pytest.mark.usefixtures("no_waiting")

KEY = "sk_fake"


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use no settings or locks of the user."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYNC_PRODUCTS_LOCK_DIR", str(tmp_path / "locks"))


@pytest.fixture
def store(httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch) -> FakeMedusa:
    fake = FakeMedusa()
    httpx_mock.add_callback(
        fake.handle, url=re.compile(f"^{re.escape(fake.url)}/"), is_reusable=True, is_optional=True
    )
    monkeypatch.setenv("MEDUSA_BACKEND_URL", fake.url)
    monkeypatch.setenv("MEDUSA_API_KEY", KEY)
    return fake


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps({"products": products(20), "total": 20}), encoding="utf-8")
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["products", *arguments])


def document(result: Result) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(result.stdout)
    return parsed


def test_version() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"medusa-sync {__version__}\n"


def test_no_command_shows_help() -> None:
    assert "products" in CliRunner().invoke(app, []).output


def test_all_invalid_settings_are_reported_at_once(source: Path) -> None:
    result = run("--batch-size", "0", "--currency", "dollars", "--source", str(source), "--dry-run")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "--batch-size (SYNC_PRODUCTS_BATCH_SIZE) '0'" in result.stderr
    assert "--currency (SYNC_PRODUCTS_CURRENCY) 'dollars'" in result.stderr


def test_unknown_option_is_a_usage_error() -> None:
    assert run("--batchsize", "3").exit_code == 2


def test_dry_run_without_credentials_checks_the_source(source: Path) -> None:
    result = run("--source", str(source), "--dry-run")
    assert result.exit_code == 0
    assert "Nothing was compared" in result.stdout
    assert "not compared: 20" in result.stdout


def test_run_without_credentials_says_what_to_set(source: Path) -> None:
    result = run("--source", str(source))
    assert result.exit_code == 2
    assert "MEDUSA_API_KEY" in result.stderr


def test_json_prints_only_one_document_to_stdout(store: FakeMedusa, source: Path) -> None:
    result = run("--source", str(source), "--json")
    assert result.exit_code == 0
    assert document(result)["counts"]["created"] == 20
    assert len(store.products) == 20


def test_quiet_prints_nothing_if_all_is_well(store: FakeMedusa, source: Path) -> None:
    result = run("--source", str(source), "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    assert len(store.products) == 20


@pytest.mark.usefixtures("store")
def test_quiet_prints_problems(source: Path) -> None:
    rows = products(5)
    rows[2]["price"] = -1
    source.write_text(json.dumps({"products": rows}), encoding="utf-8")
    result = run("--source", str(source), "--quiet")
    assert result.exit_code == 5
    assert "problem: rejected dummyjson:3" in result.stdout


@pytest.mark.usefixtures("store")
def test_missing_source_gives_one_message(tmp_path: Path) -> None:
    result = run("--source", str(tmp_path / "none.json"))
    assert (result.exit_code, result.stdout) == (3, "")
    assert "none.json: the file cannot be read" in result.stderr


@pytest.mark.usefixtures("store")
def test_refused_key_gives_one_message_without_the_key(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDUSA_API_KEY", "sk_wrong")
    result = run("--source", str(source), "--verbose")
    assert result.exit_code == 4
    assert "The store refused the credentials" in result.stderr
    assert "sk_wrong" not in result.output


def test_unknown_currency_is_a_usage_error(store: FakeMedusa, source: Path) -> None:
    result = run("--source", str(source), "--currency", "gbp")
    assert result.exit_code == 2
    assert "only in: eur, usd" in result.stderr
    assert store.products == {}


def test_second_run_reports_the_holder_of_the_lock(store: FakeMedusa, source: Path, tmp_path: Path) -> None:
    with run_lock("sync-products", store.url, "dummyjson", folder=tmp_path / "locks"):
        result = run("--source", str(source), "--json")
        assert run("--source", str(source), "--dry-run").exit_code == 0, "a dry run needs no lock"
    assert (result.exit_code, document(result)["status"]) == (75, "locked")
    assert "Another run is under way: sync-products, process" in result.stderr
    assert run("--source", str(source)).exit_code == 0


@pytest.mark.parametrize(("url", "warned"), [("http://shop.example", True), ("http://127.0.0.1:9", False)])
def test_plain_http_to_another_machine_gives_a_warning(
    url: str,
    warned: bool,  # noqa: FBT001 - a parameter of the test
    httpx_mock: HTTPXMock,
    source: Path,
) -> None:
    httpx_mock.add_exception(httpx.ConnectError("refused"), is_reusable=True)
    result = CliRunner(env={"MEDUSA_API_KEY": KEY}).invoke(
        app, ["products", "--source", str(source), "--medusa-url", url]
    )
    assert result.exit_code == 4
    assert ("unencrypted" in result.stderr) is warned


def test_bug_is_reported_without_traceback_or_secret(
    store: FakeMedusa, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(f"with {KEY}")

    monkeypatch.setattr(command_module, "sync_products", broken)
    result = run("--source", str(source))
    assert result.exit_code == 1
    assert "Unexpected ZeroDivisionError: with ***" in result.stderr
    assert "Traceback" not in result.output
    verbose = run("--source", str(source), "--verbose")
    assert "Traceback" in verbose.stderr
    assert KEY not in verbose.output
    assert store.products == {}


def test_verbose_logs_requests_without_credentials(store: FakeMedusa, source: Path) -> None:
    result = run("--source", str(source), "--verbose")
    assert result.exit_code == 0
    assert "POST /admin/products/batch: 200" in result.stderr
    assert KEY not in result.output
    assert len(store.products) == 20


class Unwritable(io.TextIOWrapper):
    """A stream on a full disk, or a closed pipe."""

    def __init__(self, error: OSError) -> None:
        super().__init__(io.BytesIO())
        self._error = error

    def write(self, _text: str) -> int:
        raise self._error


@pytest.mark.parametrize("flag", ["--json", "--no-json"])
@pytest.mark.parametrize(
    ("error", "exit_code"), [(OSError(28, "No space left on device"), 2), (BrokenPipeError(32, "gone"), 0)]
)
def test_unwritable_stdout_is_reported_and_the_rest_is_written(
    flag: str,
    error: OSError,
    exit_code: int,
    store: FakeMedusa,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics = tmp_path / "m.prom"
    flags: dict[str, str | bool | None] = {"source": str(source), "json": flag == "--json"}
    flags["metrics_file"] = str(metrics)
    monkeypatch.setattr(sys, "stdout", Unwritable(error))
    assert command_module.execute(flags) == exit_code
    assert metrics.exists()
    assert len(store.products) == 20
    assert ("not written to stdout: No space left" in capsys.readouterr().err) is (exit_code == 2)


@pytest.mark.parametrize("flag", ["--json", "--no-json"])
def test_full_disk_gives_one_message_and_no_traceback(flag: str) -> None:
    command = Path(sys.executable).with_name("medusa-sync")
    with Path("/dev/full").open("w") as full:
        finished = subprocess.run(
            [command, "products", "--source", "sample", "--dry-run", "--quiet", "--limit", "3", flag],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    # With --quiet, only the document is printed.
    assert (finished.returncode, len(finished.stderr.splitlines())) == (
        (2, 1) if flag == "--json" else (0, 0)
    )


@pytest.mark.parametrize("as_json", ["text", "json"])
def test_unwritable_stderr_does_not_end_a_run(
    as_json: str, store: FakeMedusa, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", Unwritable(OSError(28, "No space left on device")))
    assert command_module.execute({"source": str(source), "log_format": as_json}) == 0
    assert len(store.products) == 20


# --- the loop -------------------------------------------------------------------------------------------


def test_loop_prints_one_document_per_run(store: FakeMedusa, source: Path) -> None:
    result = run("--source", str(source), "--json", "--loop", "--run-now", "--max-runs", "1")
    assert result.exit_code == 0
    assert document(result)["counts"]["created"] == 20
    assert len(store.products) == 20


def test_invalid_schedule_is_reported_before_the_first_run(store: FakeMedusa, source: Path) -> None:
    result = run("--source", str(source), "--loop", "--run-now", "--schedule", "0 25 * * *")
    assert (result.exit_code, result.stdout, store.requests) == (2, "", [])
    assert "--schedule (SYNC_PRODUCTS_SCHEDULE) '0 25 * * *': the hour field '25': expected 0-23" in (
        result.stderr
    )


def test_invalid_local_time_zone_matters_only_if_it_is_used(
    store: FakeMedusa, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Mars/Phobos")
    arguments = ("--source", str(source), "--loop", "--run-now", "--max-runs", "1")
    result = run(*arguments)
    assert (result.exit_code, store.requests) == (2, [])
    assert "--timezone (SYNC_PRODUCTS_TIMEZONE): no local time zone (TZ='Mars/Phobos')" in result.stderr
    assert run(*arguments, "--timezone", "Europe/Riga").exit_code == 0
    assert run("--source", str(source)).exit_code == 0


def test_signal_before_a_run_ends_it_before_it_writes(
    store: FakeMedusa, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = dispatch.begin

    def interrupted(settings: Settings) -> None:
        signal.raise_signal(signal.SIGTERM)
        begin(settings)

    monkeypatch.setattr(dispatch, "begin", interrupted)
    result = run("--source", str(source), "--json", "--loop", "--run-now")
    assert result.exit_code == 143
    assert document(result)["status"] == "interrupted"
    assert store.products == {}


def test_many_runs_do_not_leak_memory(source: Path, tmp_path: Path) -> None:
    code = """
import gc, sys, tracemalloc
from itertools import pairwise
from medusa_sync.report.output import output_to; from medusa_sync.app import command
from medusa_sync.settings.load import load_settings
from medusa_sync.app.signals import Signals

source, written, out = sys.argv[1:]
settings = load_settings({"source": source, "dry_run": True, "json": True, "report": written})
with Signals() as signals, open(out, "w") as stream:
    output = output_to(stream)
    job = command._Job({}, settings, signals, output, output)

    def memory_after(runs):
        for _ in range(runs):
            job.run()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    job.run()
    tracemalloc.start()
    used = [memory_after(25) for _ in range(4)]
    # The smallest of three: Python may resize a table of its own once, but a leak grows every time.
    print(min(after - before for before, after in pairwise(used)))
"""
    grown = int(alone(code, source, tmp_path / "report.csv", tmp_path / "out"))
    assert grown < 25 * 500  # bytes: caches of the standard library fill up; a kept run takes 20 times that


# --- the log --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("store")
def test_json_log_contains_only_json(tmp_path: Path) -> None:
    result = run("--source", str(tmp_path / "none.json"), "--log-format", "json")
    assert result.exit_code == 3
    records = [json.loads(line) for line in result.stderr.splitlines()]
    assert [record["level"] for record in records] == ["warning", "error"]
    assert records[0]["run"] is None, "settings are read before the run"
    assert "the file cannot be read" in records[1]["message"]
    assert "--source" in records[1]["hint"]
    assert records[1]["run"] is not None


def test_log_has_a_line_with_the_time_for_each_run(store: FakeMedusa, source: Path) -> None:
    result = run("--source", str(source), "--job-name", "nightly")
    _unencrypted, line = result.stderr.splitlines()
    assert re.fullmatch(
        r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO nightly\[\w{8}\]: ok: 20 created in \d\.\d s", line
    )
    assert len(store.products) == 20


# --- reports and notifications ---------------------------------------------------------------------------


def test_report_format_follows_the_file_name(store: FakeMedusa, source: Path, tmp_path: Path) -> None:
    for name, beginning in {"r.json": "{", "r.csv": "external_id,", "r.html": "<!doctype html>"}.items():
        result = run("--source", str(source), "--dry-run", "--report", str(tmp_path / name))
        assert result.exit_code == 0
        assert (tmp_path / name).read_text(encoding="utf-8").lower().startswith(beginning)
    assert store.products == {}


def test_unwritable_report_is_detected_before_the_run(
    store: FakeMedusa, source: Path, tmp_path: Path
) -> None:
    result = run("--source", str(source), "--report", str(tmp_path / "no-folder" / "r.html"))
    assert result.exit_code == 2
    assert "--report (SYNC_PRODUCTS_REPORT): the folder" in result.stderr
    assert store.requests == []


def test_report_cannot_overwrite_the_source(store: FakeMedusa, source: Path) -> None:
    result = run("--source", str(source), "--report", str(source.parent / "." / source.name))
    assert result.exit_code == 2
    assert "is the source; choose another file" in result.stderr
    assert store.requests == []


def test_run_needs_neither_stdout_nor_stderr(
    store: FakeMedusa, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started with `>&- 2>&-`, Python sets both to None."""
    monkeypatch.setattr("sys.stdout", None)
    monkeypatch.setattr("sys.stderr", None)
    assert command_module.execute({"source": str(source)}) == 0
    assert len(store.products) == 20


def test_metrics_have_the_job_name(store: FakeMedusa, source: Path, tmp_path: Path) -> None:
    path = tmp_path / "sync.prom"
    assert run("--source", str(source), "--metrics-file", str(path), "--job-name", "nightly").exit_code == 0
    created = 'medusa_sync_last_run_created_products{job="nightly",source="dummyjson"} 20.0'
    assert created in path.read_text(encoding="utf-8")
    assert len(store.products) == 20


def test_monitor_is_pinged_at_start_and_end(httpx_mock: HTTPXMock, store: FakeMedusa, source: Path) -> None:
    httpx_mock.add_response(url=re.compile("^https://monitor.example/"), text="OK", is_reusable=True)
    arguments = ("--source", str(source), "--ping-url", "https://monitor.example/secret", "--quiet")
    result = run(*arguments)
    assert (result.exit_code, result.output) == (0, "")
    assert run(*arguments, "--dry-run").exit_code == 0, "a dry run sends no ping"
    pings = [r for r in httpx_mock.get_requests() if r.url.host == "monitor.example"]
    assert [r.url.path for r in pings] == ["/secret/start", "/secret"]
    assert b"created: 20" in pings[1].content
    assert len(store.products) == 20


def test_bug_is_sent_to_monitor_and_github(
    httpx_mock: HTTPXMock, store: FakeMedusa, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(f"with {KEY}")

    monkeypatch.setattr(command_module, "sync_products", broken)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    httpx_mock.add_response(url=re.compile("^https://monitor.example/"), text="OK", is_reusable=True)
    result = run("--source", str(source), "--ping-url", "https://monitor.example/secret")
    assert result.exit_code == 1
    pings = [r for r in httpx_mock.get_requests() if r.url.host == "monitor.example"]
    assert [r.url.path for r in pings] == ["/secret/start", "/secret/1"]
    assert pings[1].content == b"Unexpected ZeroDivisionError: with ***"
    assert "::error title=sync-products::Unexpected ZeroDivisionError: with ***\n" in result.stderr
    assert store.requests == []


@pytest.mark.usefixtures("store")
def test_exit_code_of_a_dry_run_shows_changes(source: Path) -> None:
    drift = run("--source", str(source), "--dry-run", "--exit-code", "--json")
    assert (drift.exit_code, document(drift)["exit_code"]) == (7, 7)
    assert run("--source", str(source), "--exit-code").exit_code == 0
    assert run("--source", str(source), "--dry-run", "--exit-code").exit_code == 0


@pytest.mark.usefixtures("store")
def test_github_gets_a_summary_and_annotations(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    rows = products(5)
    rows[2]["price"] = -1
    source.write_text(json.dumps({"products": rows}), encoding="utf-8")
    result = run("--source", str(source), "--json")
    assert result.exit_code == 5
    assert document(result)["status"] == "partial"
    assert "::error" in result.stderr or "::warning" in result.stderr
    assert "dummyjson" in (tmp_path / "summary.md").read_text(encoding="utf-8")
