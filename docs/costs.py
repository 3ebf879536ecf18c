"""The tables of the README and of scaling.md: what a sync costs, from benchmarks/README.md (`make docs`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

WANTED = [
    ("194", "default", "first sync"),
    ("194", "default", "1 % changed"),
    ("194", "default", "quiet run"),
    ("1,500", "default", "all prices"),
    ("5,000", "recommended", "first sync"),
    ("5,000", "recommended", "quiet run"),
    ("100,000", "default", "quiet run"),
]
LARGE = [
    ("5,000", "recommended", "first sync"),
    ("5,000", "recommended", "1 % changed"),
    ("20,000", "default", "quiet run"),
    ("100,000", "default", "quiet run"),
]
COLUMNS = {"time": "wall", "requests": "requests / cheapest", "memory": "peak"}
CPU = {"time": "wall", "CPU": "CPU", "memory": "peak"}
RUNS = {"quiet run": "nothing changed"}


def table(
    page: str,
    wanted: Sequence[tuple[str, str, str]] = WANTED,
    columns: Mapping[str, str] = COLUMNS,
) -> str:
    """The wanted rows with some columns, which have other names in the page."""
    names = ["products", "run", *columns]
    lines = [f"| {' | '.join(names)} |\n", f"|{' --- |' * len(names)}\n"]
    results = list(_rows(page))
    for products, settings, run in wanted:
        row = next(
            each
            for each in results
            if (each["products"], each["settings"], each["run"]) == (products, settings, run)
        )
        values = (row[column].partition(" / ")[0] for column in columns.values())
        cells = (products, RUNS.get(run, run), *values)
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
