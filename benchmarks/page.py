"""Writes results into the benchmark page: `python -m benchmarks.page build/benchmark.json...`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchmarks.chart import chart
from benchmarks.results import Results
from benchmarks.rows import tables
from benchmarks.targets import targets

_FOLDER = Path(__file__).parent
_BLOCK = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- /results -->)", re.DOTALL)


def main() -> None:
    results = Results.load([Path(name) for name in sys.argv[1:]])
    page = _FOLDER / "README.md"
    text, found = _BLOCK.subn(lambda _: block(results), page.read_text(encoding="utf-8"))
    if found != 1:
        raise ValueError(f"{page}: expected one block `results`, found {found}")
    page.write_text(text, encoding="utf-8")
    (_FOLDER / "targets.svg").write_text(chart(targets(results)), encoding="utf-8")


def block(results: Results) -> str:
    machine = results.machine
    counts = {len(each.wall_s) for each in results.scenarios}
    runs = "-".join(map(str, sorted({min(counts, default=0), max(counts, default=0)})))
    where = f"{machine['cores']} cores of {machine['processor']}, Python {machine['python']}"
    head = f"\nMedians of {runs} runs on {where}, {results.made_at[:10]}.\n\n"
    return head + "\n".join(table.markdown() for table in tables(results)) + "\n"


if __name__ == "__main__":
    main()
