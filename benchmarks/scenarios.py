"""First sync, quiet run and 1 % changed on a real store, each followed by its floor."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.command import PROFILES, Counts, Synced, sync
from benchmarks.process import serving
from benchmarks.recorder import recorder
from benchmarks.results import CHANGED, FIRST, QUIET, Scenario
from benchmarks.source import is_changed
from tests.harness.medusa import Store, running_store
from tests.harness.postgres import running_postgres

_ROOT = Path(__file__).parent.parent

_TOLERANCE = 0.05

Say = Callable[[str], None]


def measured(
    command: Path, sizes: Sequence[int], profiles: Sequence[str], runs: int, warm_up: int, say: Say
) -> Iterator[Scenario]:
    """Yield each scenario when it is done."""
    with (
        tempfile.TemporaryDirectory(prefix="medusa-sync-bench-") as name,
        running_postgres() as postgres,
        running_store(postgres) as store,
    ):
        for place, size in enumerate(sizes):
            with serving("benchmarks.source", str(size)) as (plain, edited):
                bench = _Bench(command, store, size, plain, edited, runs, Path(name), say)
                for profile in profiles:
                    # The store's JIT compiler must not affect the measurement.
                    # Recording a run warms it up too, but not enough before the first scenario.
                    if place == 0 and profile == profiles[0]:
                        bench.warm_up(warm_up)
                    yield from bench.scenarios(profile)


class _Bench:
    """One store and one catalogue."""

    def __init__(
        self,
        command: Path,
        store: Store,
        size: int,
        plain: str,
        edited: str,
        runs: int,
        folder: Path,
        say: Say,
    ) -> None:
        self._command = command
        self._store = store
        self._size = size
        self._plain = plain
        self._edited = edited
        self._runs = runs
        self._folder = folder
        self._say = say
        self._changed = sum(is_changed(number) for number in range(1, size + 1))

    def warm_up(self, size: int) -> None:
        self._say("warming up the store")
        with serving("benchmarks.source", str(size)) as (source, _):
            self._store.reset()
            self._sync("default", source, {"created": size})

    def scenarios(self, profile: str) -> Iterator[Scenario]:
        """Yield the scenarios; the later ones use the products of the first one."""
        yield self._first(profile)
        with psycopg.connect(self._store.database_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")  # as a store has long done it that is not just filled
        yield self._quiet(profile)
        yield self._changing(profile)

    def _first(self, profile: str) -> Scenario:
        scenario = self._scenario(profile, FIRST)
        self._store.reset()
        with self._recording(profile, self._plain, {"created": self._size}) as recording:
            for _ in self._rounds(scenario):
                self._store.reset()
                _add(scenario, self._sync(profile, self._plain, {"created": self._size}))
                self._store.reset()
                _add_floor(scenario, recording)
        self._sync(profile, self._plain, {"unchanged": self._size})  # the floor did the same
        return scenario

    def _quiet(self, profile: str) -> Scenario:
        scenario = self._scenario(profile, QUIET)
        with self._recording(profile, self._plain, {"unchanged": self._size}) as recording:
            for _ in self._rounds(scenario):
                _add(scenario, self._sync(profile, self._plain, {"unchanged": self._size}))
                _add_floor(scenario, recording)
        return scenario

    def _changing(self, profile: str) -> Scenario:
        """Alternates between both catalogues: an update creates nothing, so its requests can be sent again
        as they are, whenever the store holds the other state.
        """
        scenario = self._scenario(profile, CHANGED)
        counts = {"updated": self._changed, "unchanged": self._size - self._changed}
        with (
            self._recording(profile, self._edited, counts) as there,
            self._recording(profile, self._plain, counts) as back,
        ):
            for _ in self._rounds(scenario):
                _add(scenario, self._sync(profile, self._edited, counts))
                _add_floor(scenario, back)
                scenario.writes_floor_s.append(_floor(there, "--writes")["wall_s"])
                _floor(back, "--writes")
        self._sync(profile, self._plain, {"unchanged": self._size})
        return scenario

    def _scenario(self, profile: str, name: str) -> Scenario:
        return Scenario(self._size, profile, dict(PROFILES[profile]), name)

    def _rounds(self, scenario: Scenario) -> Iterator[None]:
        """Alternate between command and floor, so that other load on the machine affects both."""
        for number in range(1, self._runs + 1):
            title = f"{scenario.size} products, {scenario.profile} settings, {scenario.name}"
            self._say(f"{title}: run {number} of {self._runs}")
            yield

    def _sync(self, profile: str, source: str, counts: Counts, *, store: str = "") -> Synced:
        return sync(
            self._command,
            profile,
            source=source,
            store=store or self._store.url,
            api_key=self._store.api_key,
            lock_dir=self._folder,
            expected=counts,
        )

    @contextmanager
    def _recording(self, profile: str, source: str, counts: Counts) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            path = Path(name) / "recording.json"
            with recorder(source, self._store.url) as proxies:
                self._sync(profile, f"{proxies.urls['source']}/products", counts, store=proxies.urls["store"])
                proxies.recording().save(path)
            yield path


def _add(scenario: Scenario, synced: Synced) -> None:
    scenario.wall_s.append(synced.taken.wall_s)
    scenario.cpu_s.append(synced.taken.cpu_s)
    scenario.peak_mb.append(synced.taken.peak_mb)
    scenario.requests.append(synced.requests)


def _add_floor(scenario: Scenario, recording: Path) -> None:
    found = _floor(recording)
    # Which batch needs a tag first is random, so a difference of one or two requests is normal.
    if abs(found["requests"] / scenario.requests[-1] - 1) > _TOLERANCE:
        raise RuntimeError(
            f"the floor sent {found['requests']} requests, the command {scenario.requests[-1]}"
        )
    scenario.floor_s.append(found["wall_s"])
    scenario.lanes = found["lanes"]


def _floor(recording: Path, *options: str) -> Any:
    """Measure the requests alone, without reading the recording and starting Python."""
    command = [sys.executable, "-m", "benchmarks.floor", str(recording), *options]
    return json.loads(subprocess.run(command, cwd=_ROOT, check=True, stdout=subprocess.PIPE).stdout)
