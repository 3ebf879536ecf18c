"""What each kind of run prints, and one run with everything in each format: compare with `snapshots/`.

`SNAPSHOTS=write pytest tests/unit/report/test_snapshots.py` writes them. Review the difference.
"""

import io
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from medusa_sync.codes import Note
from medusa_sync.core.field_changes import Conflict, FieldChange
from medusa_sync.core.ids import Shard
from medusa_sync.core.outcome import Outcome, Result
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.result import Requests, RunResult, Status, StoreState
from medusa_sync.notify.github import step_summary, workflow_commands
from medusa_sync.report.csv import as_csv
from medusa_sync.report.html import as_html
from medusa_sync.report.json import as_json
from medusa_sync.report.log import log_result
from medusa_sync.report.markdown import as_markdown
from medusa_sync.report.output import Output, output_to
from medusa_sync.report.text import as_text, print_listed_once, print_result
from tests.unit.results import (
    BOWL,
    DELETED,
    DRAFTED,
    EVERYTHING,
    HELD,
    KEEPING,
    KNOWN,
    LACKING,
    LAMP,
    LEFT,
    MUG,
    NOT_COMPARED,
    OVERRULED,
    RESPECTED,
    ROW,
    SHIRT,
    SPOON,
    Terminal,
    of_variants,
    run,
    updated,
)

SNAPSHOTS = Path(__file__).parent / "snapshots"
ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
BEFORE = "Hand-carved from a single piece of olive wood, which is hard and does not absorb any taste. "
TEXT = FieldChange("description", BEFORE, f"{BEFORE}Wash it by hand.", BEFORE, f"{BEFORE}Wash it by hand.")
IMAGES = tuple(f"https://cdn.example.com/products/kitchen/olive-wood-spoon/{n}.webp" for n in range(3))
PICTURES = FieldChange("images", IMAGES[:2], (*IMAGES[:1], IMAGES[2]), IMAGES[:2], (*IMAGES[:1], IMAGES[2]))
LONG = updated(2, "Olive Wood Spoon with a long handle", TEXT, PICTURES)
OURS, NEW = "Ours. " * 12, f"{BEFORE}New."
CONTESTED = updated(
    42,
    "Olive Wood Spoon with a short handle",
    FieldChange("description", OURS, NEW, BEFORE, NEW),
    conflicts=(Conflict("description", OURS, NEW, OnConflict.SOURCE),),
)
NOTE = Note("no_stock_location", "The store has no stock location.")
FEW = Requests(source=1, store_reads=1)
INTERRUPTED = "Interrupted by SIGTERM"
TAKEN = Outcome("dummyjson:9", "Mug", Result.FAILED, "Product with handle: mug, already exists.")


def stopped(status: Status, exit_code: int, error: str) -> RunResult:
    """A run that ended early: 3 products are unconfirmed, 70 not attempted."""
    left = [*[LEFT[0]] * 3, *[LEFT[1]] * 70]
    return run(SPOON, MUG, not_completed=left, status=status, exit_code=exit_code, error=error, store=None)


_SINCE, _FOREVER = "edited since the run", "the run deleted it, which cannot be undone"
UNDO = run(
    updated(
        2,
        "Olive Wood Spoon",
        FieldChange("price", 950, 9.5, 950, 9.5, setting="--undo"),
        conflicts=(
            Conflict("title", "Mine", "Olive Wood Spoon", OnConflict.STORE, reason=_SINCE),
            Conflict("variant", None, "Small", OnConflict.STORE, "Small", "small", _FOREVER),
        ),
    ),
    DRAFTED,
    skipped=[Outcome("dummyjson:3", "Mug", Result.SKIPPED, _FOREVER)],
    undoes=True,
)

ENDED_EARLY = ("interrupted", "time-limit", "store-down", "guard")
Show = Callable[[RunResult, Output], None]
KINDS: dict[str, tuple[RunResult, Show]] = {
    "up-to-date": (run(requests=FEW, duration_s=0.31), print_result),
    "up-to-date-dry-run": (run(requests=FEW, duration_s=0.31, dry_run=True), print_result),
    "up-to-date-with-a-limit": (run(seen=60, counts={Result.UNCHANGED: 60}, duration_s=0.31), print_result),
    "up-to-date-with-a-note": (
        run(requests=FEW, notes=(NOTE,)),
        print_result,
    ),
    "up-to-date-of-a-shard": (
        run(shard=Shard(3, 8), seen=1, source_total=1, counts={Result.UNCHANGED: 1}),
        print_result,
    ),
    "some-skipped": (run(requests=FEW, counts={Result.UNCHANGED: 190, Result.SKIPPED: 4}), print_result),
    "first-sync": (run(counts={Result.CREATED: 194}, store=StoreState(194, 194)), print_result),
    "dry-run": (run(SPOON, MUG, BOWL, LONG, of_variants(40), DRAFTED, DELETED, dry_run=True), print_result),
    "removed": (run(DRAFTED, DELETED), print_result),
    "problems": (run(SPOON, problems=[LAMP, ROW, TAKEN, LEFT[0]]), print_result),
    "conflicts": (run(OVERRULED, RESPECTED, SHIRT, CONTESTED), print_result),
    "conflicts-the-source-won": (run(OVERRULED, CONTESTED), print_result),
    "conflicts-quiet": (run(OVERRULED, RESPECTED, SHIRT, SPOON), print_listed_once),
    "quiet": (run(SPOON, MUG, DELETED), print_listed_once),
    "held": (run(HELD, SPOON, status=Status.PARTIAL, exit_code=5), print_result),
    "withheld": (run(LACKING, KEEPING, KNOWN, SPOON), print_result),
    "withheld-dry-run": (run(LACKING, KEEPING, KNOWN, dry_run=True), print_result),
    "withheld-quiet": (run(LACKING, KEEPING, KNOWN, OVERRULED), print_listed_once),
    "up-to-date-with-withheld-values": (run(requests=FEW, duration_s=0.1, withheld=3), print_result),
    "interrupted": (stopped(Status.INTERRUPTED, 143, INTERRUPTED), print_result),
    "time-limit": (stopped(Status.PARTIAL, 5, "The run was stopped after 60 s"), print_result),
    "store-down": (stopped(Status.FAILED, 4, "no connection"), print_result),
    "guard": (
        run(SPOON, requests=FEW, status=Status.FAILED, exit_code=6, error="180 of 194 products"),
        print_result,
    ),
    "not-compared": (NOT_COMPARED, print_result),
    "undo": (UNDO, print_result),
    "undo-quiet": (UNDO, print_listed_once),
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def printed(kind: str, stream: io.StringIO) -> str:
    result, show = KINDS[kind]
    show(result, output_to(stream))
    return stream.getvalue()


def compare(name: str, text: str) -> None:
    file = SNAPSHOTS / name
    if os.environ.get("SNAPSHOTS") == "write":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_prints_its_snapshot(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {"in a pipe": printed(kind, io.StringIO())}
    for width in (50, 80, 200) if KINDS[kind][0].first else (80, 200):
        monkeypatch.setenv("COLUMNS", str(width))
        parts[f"{width} columns"] = shown = printed(kind, Terminal())
        assert "\x1b" not in shown
        assert max(map(cell_len, shown.splitlines()), default=0) <= width
    compare(f"{kind}.txt", "".join(f"--- {name}\n{part}" for name, part in parts.items()))


# --- one run with everything, in each format ------------------------------------------------------------


def body(result: RunResult) -> str:
    """The page without its style and script, and without the blanks between tags."""
    text = re.sub(r"<(style|script)>.*?</\1>", "", as_html(result).partition("<body>")[2], flags=re.DOTALL)
    return re.sub(r"\s*\n\s*", "\n", text).strip() + "\n"


LONG_LISTS = run(  # long values, and more variants and problems than a list shows
    of_variants(7, 5, 6),
    updated(
        1,
        "Olive Wood Spoon",
        FieldChange("description", f"{'old ' * 50}end", f"{'new ' * 50}\nline & end"),
        FieldChange("images", (), tuple(f"https://cdn.example/{n}.webp" for n in range(5))),
    ),
    problems=[LAMP] * 21,
    dry_run=True,
)
FORMATS: dict[str, Callable[[RunResult], str]] = {
    "json": lambda result: as_json(result, pretty=True) + "\n",
    "csv": as_csv,
    "md": step_summary,
    "report.md": as_markdown,
    "annotations": lambda result: "\n".join([*workflow_commands(result), ""]),
    "html": body,
    "verbose": lambda result: as_text(result, verbose=True),
}
REPORTS = {
    **{f"everything.{form}": EVERYTHING for form in FORMATS},
    **{f"not-compared.{form}": NOT_COMPARED for form in FORMATS},
    **{f"{kind}.{form}": KINDS[kind][0] for kind in ENDED_EARLY for form in ("annotations", "md")},
    "long.html": LONG_LISTS,
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_its_snapshot(name: str) -> None:
    compare(name, FORMATS[name.partition(".")[2]](REPORTS[name]))


@pytest.mark.parametrize("as_json", [False, True])
def test_the_log_of_a_run_is_its_snapshot(caplog: pytest.LogCaptureFixture, *, as_json: bool) -> None:
    caplog.set_level(logging.DEBUG)
    log_result(EVERYTHING, as_json=as_json, is_printed=True)
    standard = logging.makeLogRecord({}).__dict__.keys()
    lines = []
    for each in caplog.records:
        more = {name: value for name, value in each.__dict__.items() if name not in {*standard, "message"}}
        lines.append(f"{each.levelname} {each.getMessage()!r} {more}\n")
    compare(f"everything.{'json-log' if as_json else 'log'}", "".join(lines))


def test_there_is_no_snapshot_without_a_test() -> None:
    names = {f"{kind}.txt" for kind in KINDS} | {"everything.log", "everything.json-log"}
    assert {file.name for file in SNAPSHOTS.iterdir()} == names | REPORTS.keys()


# --- terminals ------------------------------------------------------------------------------------------


def test_colour_changes_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    plain = {kind: printed(kind, Terminal()) for kind in KINDS}
    monkeypatch.delenv("NO_COLOR")
    coloured = {kind: printed(kind, Terminal()) for kind in KINDS}
    assert coloured != plain
    assert {kind: ESCAPE_SEQUENCE.sub("", text) for kind, text in coloured.items()} == plain
    monkeypatch.setenv("TERM", "dumb")
    assert printed("conflicts", Terminal()) == printed("conflicts", io.StringIO())
