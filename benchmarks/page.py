"""Writes results into the benchmark page: `python -m benchmarks.page build/benchmark.json`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchmarks import rows
from benchmarks.chart import chart
from benchmarks.results import Results

_DOCS = Path(__file__).parent.parent / "docs"
_BLOCK = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- /results -->)", re.DOTALL)


def main() -> None:
    results = Results.load(Path(sys.argv[1]))
    page = _DOCS / "benchmarks.md"
    text, found = _BLOCK.subn(lambda _: block(results), page.read_text(encoding="utf-8"))
    if found != 1:
        raise ValueError(f"{page}: expected one block `results`, found {found}")
    page.write_text(text, encoding="utf-8")
    (_DOCS / "benchmarks.svg").write_text(chart(results), encoding="utf-8")


def block(results: Results) -> str:
    machine = results.machine
    runs = max((len(each.wall_s) for each in results.scenarios), default=0)
    tables = [
        rows.markdown(rows.RUN_HEAD, rows.run_rows(results)),
        rows.markdown(rows.TARGET_HEAD, rows.target_rows(results)),
        "The client alone, with a stub store that takes no time:\n\n"
        + rows.markdown(rows.CLIENT_HEAD, rows.client_rows(results)),
        "Start-up:\n\n" + rows.markdown(rows.START_HEAD, rows.start_rows(results)),
    ]
    where = f"{machine['cores']} cores of {machine['processor']}, Python {machine['python']}"
    return f"\nMedians of {runs} runs on {where}, {results.made_at[:10]}.\n\n" + "\n".join(tables) + "\n"


if __name__ == "__main__":
    main()
