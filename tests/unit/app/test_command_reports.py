"""Reports, metrics and notifications of the command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.app import command as command_module
from medusa_sync.report import file
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.unit.app.commands import KEY, document, run

pytestmark = pytest.mark.usefixtures("no_waiting", "isolated")


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
    assert re.fullmatch(rb"ok: 20 created in \d+\.\d s", pings[1].content)
    assert len(store.products) == 20


def test_a_report_that_cannot_be_written_is_a_failure_for_monitors_too(
    httpx_mock: HTTPXMock, store: FakeMedusa, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file, "_replace", full)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    httpx_mock.add_response(url=re.compile("^https://monitor.example/"), text="OK", is_reusable=True)
    metrics = tmp_path / "sync.prom"
    arguments = ("--report", str(tmp_path / "r.json"), "--metrics-file", str(metrics))
    result = run("--source", str(source), "--ping-url", "https://monitor.example/secret", *arguments)
    assert result.exit_code == 2
    assert "was not written: No space left on device" in result.stderr
    assert [r.url.path for r in httpx_mock.get_requests()][-1] == "/secret/2"
    assert re.search(r"last_run_exit_code\{.*\} 2.0", metrics.read_text(encoding="utf-8"))
    assert (tmp_path / "summary.md").exists()
    assert len(store.products) == 20


@pytest.mark.parametrize("dry_run", [False, True])
def test_metrics_are_pushed(
    httpx_mock: HTTPXMock, store: FakeMedusa, source: Path, *, dry_run: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNC_PRODUCTS_METRICS_PUSH", "https://me:hush@gateway.example/push")
    httpx_mock.add_response(url=re.compile("^https://.*gateway.example/"), is_optional=True)
    result = run("--source", str(source), "--job-name", "nightly", "--dry-run" if dry_run else "--no-dry-run")
    assert result.exit_code == 0
    pushed = [request for request in httpx_mock.get_requests() if request.url.host == "gateway.example"]
    assert [(request.method, request.url.path) for request in pushed] == (
        [] if dry_run else [("PUT", "/push/metrics/job/nightly/source/dummyjson/store/medusa.test")]
    )
    assert len(store.products) == (0 if dry_run else 20)


def test_a_push_or_ping_that_fails_is_a_warning_and_no_failure(
    httpx_mock: HTTPXMock, store: FakeMedusa, source: Path
) -> None:
    httpx_mock.add_response(400, url=re.compile("^https://.*monitor.example/"), is_reusable=True)
    urls = (
        "--metrics-push",
        "https://me:hush@monitor.example",
        "--ping-url",
        "https://monitor.example/secret",
    )
    result = run("--source", str(source), *urls)
    assert result.exit_code == 0
    assert "the metrics were not pushed to https://monitor.example/...: the server responded with 400" in (
        result.stderr
    )
    assert result.stderr.count("the ping to https://monitor.example/... failed") == 2  # start and end
    assert "hush" not in result.output
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
