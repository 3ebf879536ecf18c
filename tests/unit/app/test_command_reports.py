"""Reports, metrics and notifications of the command."""

import logging
import re
import tempfile
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO
from pathlib import Path

import pytest
from pytest_httpx import HTTPXMock

from medusa_sync import __version__
from medusa_sync.app import command as command_module
from medusa_sync.app.lock import run_lock
from medusa_sync.report import file
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.unit.app.commands import KEY, document, run, write

pytestmark = pytest.mark.usefixtures("no_waiting", "isolated")


@pytest.mark.parametrize(
    ("report", "problem"),
    [
        ("no-folder/r.html", "the folder"),
        ("./catalogue.json", "'./catalogue.json' is what a run reads; choose another"),
    ],
)
def test_a_wrong_report_is_found_before_the_run(
    report: str, problem: str, store: FakeMedusa, source: Path
) -> None:
    result = run("--source", str(source), "--report", report)
    assert result.exit_code == 2
    assert f"--report (SYNC_PRODUCTS_REPORT): {problem}" in result.stderr
    assert store.requests == []


def test_the_plan_is_markdown_and_has_a_file_of_its_own(
    store: FakeMedusa, source: Path, tmp_path: Path
) -> None:
    rows = products(20)
    rows[0]["title"] = "a | b\n@everyone <img src=x> ##[add-mask]c"
    write(source, rows)
    (tmp_path / "runs").mkdir()
    arguments = ("--source", str(source), "--dry-run", "--json")
    result = run(*arguments, "--report", str(tmp_path / "runs" / "{started_at}.md"))
    assert result.exit_code == 0, result.stderr
    [report] = (tmp_path / "runs").iterdir()
    started_at = document(result)["started_at"]
    assert report.name == f"{started_at[:19].replace(':', '-')}Z.md"
    text = report.read_text(encoding="utf-8")
    assert text.count("| to create |") == 20 + 1  # in the table of counts, too
    assert "; nothing was written**\n" in text
    assert not set(
        re.sub("<code>.*?</code>|</?(?:details|summary)>|<!-- medusa-sync .*? -->", "", text)
    ) & set("@<[")
    assert store.products == {}


def test_each_run_of_a_loop_has_a_report(
    store: FakeMedusa, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = str(tmp_path / "{started_at}.json")
    written: list[str] = []

    def replacing(path: Path, **_: int) -> AbstractContextManager[BytesIO]:
        written.append(path.name)
        return nullcontext(BytesIO())

    monkeypatch.setattr(file, "replacing", replacing)
    result = run(
        "--source",
        str(source),
        "--keep-runs=0",
        "--loop",
        "--run-now",
        "--max-runs",
        "2",
        "--schedule",
        "* * * * * *",
        "--report",
        report,
    )
    assert (result.exit_code, len(store.products)) == (0, 20)
    assert len(written) == 2
    assert all(re.fullmatch(r"[\d-]{10}T[\d-]{8}Z\.json", name) for name in written)


@pytest.mark.parametrize("kind", ["run", "dry run", "locked run"])
def test_monitors_hear_of_runs_but_not_of_dry_and_locked_ones(
    kind: str,
    httpx_mock: HTTPXMock,
    store: FakeMedusa,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """GitHub hears of all; its annotations are on stderr."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    write(source, [*products(20), {**products(21)[20], "price": -1}])
    httpx_mock.add_response(
        url=re.compile("^https://.*monitor.example/"), text="OK", is_reusable=True, is_optional=True
    )
    flags = {
        "source": source,
        "job-name": "nightly",
        "ping-url": "https://monitor.example/secret",
        "metrics-push": "https://me:hush@monitor.example/push",
        "metrics-file": tmp_path / "m.prom",
    }
    arguments = [f"--{name}={value}" for name, value in flags.items()]
    lock = run_lock("other", store.url, "dummyjson", folder=tmp_path / "locks")
    with lock if kind == "locked run" else nullcontext():
        result = run(*arguments, *(["--dry-run"] if kind == "dry run" else []), "--quiet")
    requests = [each for each in httpx_mock.get_requests() if each.url.host == "monitor.example"]
    seen = [(each.method, each.url.path) for each in requests]
    if kind == "run":
        assert result.exit_code == 5
        pushed = "/push/metrics/job/nightly/source/dummyjson/store/medusa.test"
        assert seen == [("POST", "/secret/start"), ("POST", pushed), ("POST", "/secret/5")]
        assert re.fullmatch(rb"partial: 20 created, 1 rejected in \d+\.\d s", requests[2].content)
        created = 'medusa_sync_last_run_created_products{job="nightly",source="dummyjson"} 20.0'
        assert created in (tmp_path / "m.prom").read_text(encoding="utf-8")
    else:
        assert seen == ([] if kind == "dry run" else [("POST", "/secret/start")])
        assert not (tmp_path / "m.prom").exists()
        assert store.products == {}
    assert "::warning title=" in result.stderr
    assert "nightly" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_is_a_failure_for_monitors_too(
    httpx_mock: HTTPXMock, store: FakeMedusa, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: Path, **_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file, "replacing", full)
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


def test_a_push_or_ping_that_fails_is_a_warning_and_no_failure(
    httpx_mock: HTTPXMock, store: FakeMedusa, source: Path
) -> None:
    httpx_mock.add_response(400, url=re.compile("^https://.*monitor.example/"), is_reusable=True)
    push, ping = "https://me:hush@monitor.example", "https://monitor.example/secret"
    result = run("--source", str(source), "--metrics-push", push, "--ping-url", ping)
    assert result.exit_code == 0
    message = "the metrics were not pushed to https://monitor.example/...: the server responded with 400"
    assert f"{message}; check --metrics-push" in result.stderr
    assert result.stderr.count("the ping to https://monitor.example/... failed") == 2  # start and end
    assert "hush" not in result.output
    assert len(store.products) == 20


@pytest.mark.parametrize("flag", ["--no-verbose", "--verbose", "--dry-run"])
def test_bug_is_reported_also_to_monitor_and_github_without_secrets(
    httpx_mock: HTTPXMock, store: FakeMedusa, source: Path, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(f"with {KEY}")

    monkeypatch.setattr(command_module, "sync_products", broken)
    monkeypatch.setattr(tempfile, "tempdir", "/proc")  # no file can be written there
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    httpx_mock.add_response(
        url=re.compile("^https://monitor.example/"), text="OK", is_reusable=True, is_optional=True
    )
    result = run("--source", str(source), "--ping-url", "https://monitor.example/secret", flag)
    assert result.exit_code == 1
    pings = [(r.url.path, r.content) for r in httpx_mock.get_requests() if r.url.host == "monitor.example"]
    bug = b"Unexpected ZeroDivisionError: with ***"
    assert pings == ([] if flag == "--dry-run" else [("/secret/start", b""), ("/secret/1", bug)])
    assert "ERROR sync-products[" in result.stderr
    assert "::error title=sync-products::Unexpected ZeroDivisionError: with ***\n" in result.stderr
    assert ("Traceback" in result.stderr) is (flag == "--verbose")
    assert KEY not in result.output
    assert store.requests == []


def test_bug_is_described_in_a_file_without_secrets(
    store: FakeMedusa, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is where another run that meets the same bug finds it."""

    def broken(*_: object, **__: object) -> None:
        logging.getLogger("medusa_sync.test").debug("what came before, with %s", KEY)
        raise ZeroDivisionError(f"with {KEY}")

    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(command_module, "sync_products", broken)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    for _ in range(2):
        result = run("--source", str(source), "--batch-size", "7")
        [report] = folder.iterdir()
        [line] = [each for each in result.stderr.splitlines() if " ERROR " in each]
        assert (result.exit_code, f"Report it with the file {report}; secrets are hidden in it" in line) == (
            1,
            True,
        )
    text = report.read_text(encoding="utf-8")
    assert text.startswith(f"medusa-sync {__version__}, Python 3.")
    assert re.search(r"^--batch-size +7 ", text, re.MULTILINE)
    for words in (
        "httpx 0.",
        "DEBUG sync-products",
        "what came before, with ***",
        "in broken\n",
        "Error: with ***",
    ):
        assert words in text
    assert KEY not in text
    assert report.stat().st_mode & 0o777 == 0o600
    assert store.requests == []


@pytest.mark.usefixtures("store")
def test_exit_code_of_a_dry_run_shows_changes(source: Path) -> None:
    drift = run("--source", str(source), "--dry-run", "--exit-code", "--json")
    assert (drift.exit_code, document(drift)["exit_code"]) == (7, 7)
    assert run("--source", str(source), "--exit-code").exit_code == 0
    assert run("--source", str(source), "--dry-run", "--exit-code").exit_code == 0
    images = ("--copy-images", "public", "--accept-settings")
    assert run("--source", str(source), "--dry-run", "--exit-code", *images).exit_code == 7
