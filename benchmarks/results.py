"""The results of a benchmark, as in the JSON file."""

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
    """One kind of run against a real store; every list has one number per run.

    Attributes:
        floor_s: seconds for the same requests from a client that does nothing else.
        lanes: number of requests of each kind in progress at once, in the command and its floor.
        writes_floor_s: seconds for the writes alone; empty if not measured.
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
        """Each run divided by the floor right after it, because the speed of a machine drifts."""
        return [wall / floor for wall, floor in zip(self.wall_s, self.floor_s, strict=True)]

    @property
    def ratio(self) -> float:
        return median(self.ratios)


@dataclass
class Client:
    """Runs against the stub store."""

    size: int
    name: str
    cpu_s: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)

    @property
    def cpu_ms_per_product(self) -> float:
        return median(self.cpu_s) / self.size * 1000


@dataclass
class Start:
    """Seconds per process, by what it runs."""

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
        """Write the results and the targets."""
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
    """The name of the processor on Linux, its kind elsewhere."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
