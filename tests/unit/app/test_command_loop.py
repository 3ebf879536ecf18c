"""The command with --loop."""

import json
import re
import signal
from pathlib import Path

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.app.command import execute
from medusa_sync.app.signals import Signals
from medusa_sync.notify import dispatch
from medusa_sync.schedule import Schedule
from medusa_sync.settings.options import Settings
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import deep
from tests.unit.alone import alone
from tests.unit.app.commands import document, run
from tests.unit.results import Terminal

pytestmark = pytest.mark.usefixtures("no_waiting", "isolated")


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
    assert "the next run is at" not in result.stderr


@pytest.mark.parametrize("url", ["https://feed.example/products.csv", "https://feed.example/products"])
def test_an_unchanged_source_is_not_sent_again_and_the_store_is_repaired(
    store: FakeMedusa, httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    rows = [{"id": number, "title": f"Mug {number}", "price": 9, "colour": "red"} for number in (1, 2, 3)]
    table = "id,title,price,colour\n" + "".join(f"{','.join(map(str, row.values()))}\n" for row in rows)
    body = table if url.endswith("csv") else json.dumps({"products": rows, "total": 3})
    sent: list[int] = []

    def feed(request: httpx.Request) -> httpx.Response:
        is_known = request.headers.get("if-none-match") == '"1"'
        sent.append(0 if is_known else len(body))
        return httpx.Response(304) if is_known else httpx.Response(200, headers={"etag": '"1"'}, text=body)

    httpx_mock.add_callback(feed, url=re.compile(re.escape(url)), is_reusable=True)
    begin = dispatch.begin

    def without_a_mug(settings: Settings) -> None:
        if len(sent) == 2:
            store.call("DELETE", f"/admin/products/{store.products['dummyjson:2'].id}")
        begin(settings)

    monkeypatch.setattr(dispatch, "begin", without_a_mug)
    result = run(
        "--source", url, "--json", "--loop", "--run-now", "--max-runs", "4", "--schedule", "* * * * * *"
    )
    first, second, third, fourth = map(json.loads, result.stdout.splitlines())
    assert (sent, [*store.products]) == ([len(body), 0, 0, 0], ["dummyjson:1", "dummyjson:3", "dummyjson:2"])
    assert [each["counts"]["created"] for each in (first, second, third, fourth)] == [3, 0, 1, 0]
    assert second["source"] == first["source"]
    assert second["requests"]["source"] == first["requests"]["source"] == 1
    run("--source", url)
    assert sent[4:] == [len(body)], "a run without --loop keeps nothing"


@deep
def test_many_runs_do_not_leak_memory(source: Path, tmp_path: Path) -> None:
    code = """
import gc, sys, tracemalloc
from itertools import pairwise
from medusa_sync.app.command import execute

flags = {"source": sys.argv[1], "dry_run": True, "quiet": True, "report": sys.argv[2]}

def memory_after(runs):
    for _ in range(runs):
        assert execute(flags) == 0
    gc.collect()
    return tracemalloc.get_traced_memory()[0]

memory_after(1)
tracemalloc.start()
used = [memory_after(25) for _ in range(4)]
# The smallest of three: Python may resize a table of its own once, but a leak grows every time.
print(min(after - before for before, after in pairwise(used)))
"""
    grown = int(alone(code, source, tmp_path / "report.csv"))
    assert grown < 25 * 500  # bytes: caches of the standard library fill up; a kept run takes 20 times that


def test_a_run_without_changes_is_one_line_on_a_terminal(
    store: FakeMedusa, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(Signals, "wait", lambda _signals, _seconds: None)
    monkeypatch.setattr(Schedule, "after", lambda _schedule, time: time)
    flags: dict[str, str | bool | None] = {
        "source": str(source),
        "loop": True,
        "run_now": True,
        "max_runs": "3",
    }
    assert execute(flags) == 0
    quiet = re.findall(r"^\d\d:\d\d:\d\d 20 products up to date \(.*\)$", terminal.getvalue(), re.MULTILINE)
    assert len(quiet) == 2
    assert terminal.getvalue().count("up to date") == 2
    assert store.products
