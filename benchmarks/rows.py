"""The tables as text, for the terminal and the page."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from benchmarks.results import Results
from benchmarks.targets import floor_limit, targets

Rows = list[tuple[str, ...]]

RUN_HEAD = ("products", "settings", "run", "wall", "floor", "ratio", "at most", "CPU", "peak", "requests")
TARGET_HEAD = ("target", "found", "at most", "met")
CLIENT_HEAD = ("products", "run", "CPU", "per product", "peak")
START_HEAD = ("process", "wall")


def run_rows(results: Results) -> Rows:
    rows: Rows = []
    for each in results.scenarios:
        limit = floor_limit(each, results.scenarios)
        rows.append(
            (
                f"{each.size:,}",
                each.profile,
                each.name,
                f"{each.wall:.2f} s",
                f"{each.floor:.2f} s",
                f"{each.ratio:.2f} ({min(each.ratios):.2f}-{max(each.ratios):.2f})",
                "" if limit is None else f"{limit:.2f}",
                f"{median(each.cpu_s):.2f} s",
                f"{median(each.peak_mb):.0f} MB",
                f"{median(each.requests):,.0f}",
            )
        )
    return rows


def target_rows(results: Results) -> Rows:
    return [
        (each.what, each.shown_value, each.shown_limit, "yes" if each.is_met else "**no**")
        for each in targets(results)
    ]


def client_rows(results: Results) -> Rows:
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


def start_rows(results: Results) -> Rows:
    return [
        (what, f"{median(seconds) * 1000:.0f} ms")
        for what, seconds in results.start.seconds.items()
        if seconds
    ]


def markdown(head: Sequence[str], rows: Rows) -> str:
    lines = [tuple(head), tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
