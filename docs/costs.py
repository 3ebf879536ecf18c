"""The table of the README that says what a sync costs, from docs/benchmarks.md (`make docs`)."""

from __future__ import annotations

from collections.abc import Iterator

WANTED = [
    ("194", "default", "first sync"),
    ("194", "default", "1 % changed"),
    ("194", "default", "quiet run"),
    ("5,000", "recommended", "first sync"),
    ("5,000", "recommended", "quiet run"),
    ("100,000", "default", "quiet run"),
]
RUNS = {"quiet run": "nothing changed"}


def table(page: str) -> str:
    """The wanted rows, with time, requests and memory."""
    lines = ["| products | run | time | requests | memory |\n", "| --- | --- | --- | --- | --- |\n"]
    results = list(_rows(page))
    for products, settings, run in WANTED:
        row = next(
            each
            for each in results
            if (each["products"], each["settings"], each["run"]) == (products, settings, run)
        )
        requests = row["requests / cheapest"].partition(" / ")[0]
        cells = (products, RUNS.get(run, run), row["wall"], requests, row["peak"])
        lines.append(f"| {' | '.join(cells)} |\n")
    return "".join(lines)


def _rows(page: str) -> Iterator[dict[str, str]]:
    """The rows of all tables that begin with the number of products, by the names of their columns."""
    columns: list[str] = []
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[:3] == ["products", "settings", "run"]:
            columns = cells
        elif not line.startswith("|"):
            columns = []
        elif columns and not line.startswith("| ---"):
            yield dict(zip(columns, cells, strict=True))
