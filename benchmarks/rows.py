"""The tables as text, for the terminal and the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.results import BULK, CHANGES, DISTANCE, LARGE, STORE, VARIANTS, Results, Scenario
from benchmarks.targets import budget, targets

Rows = list[tuple[str, ...]]

_RUN_HEAD = (
    *("products", "settings", "run", "wall", "cheapest", "ratio", "at most"),
    *("CPU", "peak", "per product", "requests / cheapest", "writes / cheapest"),
)
_TITLES = {
    STORE: "A store on the same machine:",
    BULK: "Many terms or variants to write:",
    DISTANCE: "Source and store 100 ms away:",
    LARGE: "Large catalogues:",
}


@dataclass(frozen=True)
class Rendered:
    """A table; it has no rows if its part was not measured."""

    title: str
    head: tuple[str, ...]
    rows: Rows

    def markdown(self) -> str:
        lines = [self.head, tuple("---" for _ in self.head), *self.rows]
        return f"{self.title}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def tables(results: Results) -> list[Rendered]:
    """All tables that have rows."""
    found = [
        *(
            Rendered(title, _RUN_HEAD, [_run(each) for each in results.scenarios if each.part == part])
            for part, title in _TITLES.items()
        ),
        Rendered(
            "What changes after the first sync:",
            (*_RUN_HEAD, "`product.updated` / cheapest"),
            [
                (*_run(each), _both(each.events, each.cheapest_events))
                for each in results.scenarios
                if each.part == CHANGES
            ],
        ),
        Rendered(
            "Products with variants:",
            ("variants", *_RUN_HEAD, "largest record"),
            [_with_variants(each) for each in results.scenarios if each.part == VARIANTS],
        ),
        Rendered("Targets:", ("target", "found", "at most", "met"), _targets(results)),
        Rendered(
            "The client alone, with a fake store:",
            ("products", "run", "CPU", "per product", "peak"),
            _clients(results),
        ),
        Rendered("Start-up:", ("process", "wall"), _starts(results)),
    ]
    return [table for table in found if table.rows]


def _run(each: Scenario) -> tuple[str, ...]:
    target = budget(each)
    return (
        f"{each.size:,}",
        each.profile,
        each.name,
        f"{each.wall:.2f} s",
        f"{each.cheapest:.2f} s",
        f"{each.ratio:.2f} ({min(each.ratios):.2f}-{max(each.ratios):.2f})",
        "" if target is None else target.shown_limit,
        f"{median(each.cpu_s):.2f} s",
        f"{median(each.peak_mb):.0f} MB",
        f"{each.ms_per_product:.2f} ms",
        _both(each.requests, each.cheapest_requests),
        _both(each.writes, each.cheapest_writes),
    )


def _both(own: Sequence[int], cheapest: Sequence[int]) -> str:
    """The medians; results of older versions have no writes."""
    return f"{median(own):,.0f} / {median(cheapest):,.0f}" if own else ""


def _with_variants(each: Scenario) -> tuple[str, ...]:
    record = f"{each.record_bytes / 1000:,.1f} kB" if each.record_bytes else ""
    return (f"{each.variants:,}", *_run(each), record)


def _targets(results: Results) -> Rows:
    return [
        (each.what, each.shown_value, each.shown_limit, "yes" if each.is_met else "**no**")
        for each in targets(results)
    ]


def _clients(results: Results) -> Rows:
    return [
        (
            f"{each.size:,}",
            each.name,
            f"{median(each.cpu_s):.2f} s",
            f"{each.cpu_ms_per_product:.2f} ms",
            f"{median(each.peak_mb):.1f} MB",
        )
        for each in results.clients
    ]


def _starts(results: Results) -> Rows:
    return [
        (what, f"{median(seconds) * 1000:.0f} ms")
        for what, seconds in results.start.seconds.items()
        if seconds
    ]
