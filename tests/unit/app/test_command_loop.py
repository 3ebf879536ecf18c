"""The command with --loop."""

import signal
from pathlib import Path

import pytest

from medusa_sync.notify import dispatch
from medusa_sync.settings.options import Settings
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import deep
from tests.unit.alone import alone
from tests.unit.app.commands import document, run

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
