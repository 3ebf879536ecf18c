"""The results of a benchmark, as in the JSON file."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

FIRST, QUIET, CHANGED = "first sync", "quiet run", "1 % changed"
EXPORT, ADDED, ADDED_VALUE = "first sync of an export", "new variant and price", "new option value and price"
ALL_PRICES, ALL_STOCK, PRICES_AND_STOCK = "all prices", "all stock", "all prices and stock"
TENTH = "a tenth, everything mixed"
STORE, DISTANCE, LARGE, VARIANTS, BULK = "store", "distance", "large", "variants", "bulk"
CHANGES = "changes"


@dataclass
class Scenario:
    """One kind of run against a real store; every list has one number per run.

    Attributes:
        part: of the benchmark.
        profile: the flags, a name in `command.PROFILES`.
        cheapest_s: seconds that the cheapest way took for the same work, without the start of Python.
        start_s: seconds to start Python with httpx and Typer.
        variants: of each product.
        record_bytes: the size of the largest record; 0 if it was not measured.
        events: of how many products the store has emitted `product.updated`.
    """

    part: str
    size: int
    profile: str
    name: str
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    writes: list[int] = field(default_factory=list)
    cheapest_s: list[float] = field(default_factory=list)
    cheapest_requests: list[int] = field(default_factory=list)
    cheapest_writes: list[int] = field(default_factory=list)
    start_s: list[float] = field(default_factory=list)
    variants: int = 1
    record_bytes: int = 0
    events: list[int] = field(default_factory=list)
    cheapest_events: list[int] = field(default_factory=list)

    @property
    def wall(self) -> float:
        return median(self.wall_s)

    @property
    def cheapest(self) -> float:
        """The cheapest way, with the start of Python."""
        return median(self.cheapest_with(starts=1))

    def cheapest_with(self, starts: float) -> list[float]:
        """The cheapest way and a multiple of the start of Python, for each run."""
        return [work + starts * start for work, start in zip(self.cheapest_s, self.start_s, strict=True)]

    @property
    def ratios(self) -> list[float]:
        """Each run divided by the cheapest way right after it, because the speed of a machine drifts."""
        return [wall / cheapest for wall, cheapest in zip(self.wall_s, self.cheapest_with(1), strict=True)]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def ms_per_product(self) -> float:
        return self.wall / self.size * 1000


@dataclass
class Client:
    """Runs against the fake store."""

    size: int
    name: str
    cpu_s: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)

    @property
    def cpu_ms_per_product(self) -> float:
        return median(self.cpu_s) / self.size * 1000


@dataclass
class Start:
    """Seconds per process, by what it runs.

    Attributes:
        cpu_s: CPU time of a quiet run, and of what it is compared with.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    cpu_s: dict[str, list[float]] = field(default_factory=dict)

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
    def load(cls, paths: Sequence[Path]) -> Results:
        """Load one or more files; each part of the benchmark can have its own."""
        documents = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
        last = documents[-1]
        return cls(
            last["machine"],
            last["made_at"],
            [Scenario(**each) for document in documents for each in document["scenarios"]],
            [Client(**each) for document in documents for each in document["clients"]],
            Start(
                {name: taken for each in documents for name, taken in each["start"]["seconds"].items()},
                {name: taken for each in documents for name, taken in each["start"].get("cpu_s", {}).items()},
            ),
        )


def _processor() -> str:
    """The name of the processor on Linux, its kind elsewhere."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
