"""What a benchmark has found: what the table shows, what the JSON file holds."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

FIRST, QUIET, CHANGED = "first sync", "quiet run", "1 % changed"


@dataclass
class Scenario:
    """One kind of run against a real store; every list has one number a run.

    Attributes:
        floor_s: the same requests from a client that does nothing else.
        lanes: requests of each kind that are under way at once, of the command and of its floor.
        writes_floor_s: its writes alone; empty where there are none to tell apart.
    """

    size: int
    profile: str
    flags: dict[str, str]
    name: str
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    lanes: dict[str, int] = field(default_factory=dict)
    floor_s: list[float] = field(default_factory=list)
    writes_floor_s: list[float] = field(default_factory=list)

    @property
    def wall(self) -> float:
        return median(self.wall_s)

    @property
    def floor(self) -> float:
        return median(self.floor_s)

    @property
    def ratios(self) -> list[float]:
        """Of each run and the floor right after it: a machine's own speed drifts by more than they differ."""
        return [wall / floor for wall, floor in zip(self.wall_s, self.floor_s, strict=True)]

    @property
    def ratio(self) -> float:
        return median(self.ratios)


@dataclass
class Client:
    """Runs against a store that takes no time."""

    size: int
    name: str
    cpu_s: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)

    @property
    def cpu_ms_per_product(self) -> float:
        return median(self.cpu_s) / self.size * 1000


@dataclass
class Start:
    """Seconds of whole processes, by what they run."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def ratio(self, name: str, base: str) -> float:
        return median(self.seconds[name]) / median(self.seconds[base])


@dataclass
class Results:
    machine: dict[str, str]
    made_at: str
    scenarios: list[Scenario] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    start: Start = field(default_factory=Start)

    @classmethod
    def begin(cls) -> Results:
        machine = {
            "processor": _processor(),
            "cores": str(os.cpu_count()),
            "python": platform.python_version(),
        }
        return cls(machine, datetime.now(UTC).isoformat(timespec="seconds"))

    def save(self, path: Path, targets: list[dict[str, Any]]) -> None:
        """Write everything; the targets go along, for whoever reads the file alone."""
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {**asdict(self), "targets": targets}
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Results:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            raw["machine"],
            raw["made_at"],
            [Scenario(**each) for each in raw["scenarios"]],
            [Client(**each) for each in raw["clients"]],
            Start(**raw["start"]),
        )


def _processor() -> str:
    """Its name as Linux gives it; elsewhere its kind will do."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
