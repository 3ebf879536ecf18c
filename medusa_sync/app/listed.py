"""Lists the runs that are kept, for `--undo list`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from medusa_sync.app.kept import Document, KeptRuns
from medusa_sync.core.kept import KeptRun, undone_by
from medusa_sync.core.value import first
from medusa_sync.errors import SettingsError
from medusa_sync.report.json import print_json
from medusa_sync.report.output import Output, Pipe, discard_unwritten, print_line, printing
from medusa_sync.settings.options import OPTIONS, Settings

_VERSION = 1
_COUNTS = ("created", "updated", "removed")
_FIELDS = 4  # that a row names
_WIDE = 100  # columns of a table with fields
_HEADINGS = ("run", "started", *_COUNTS, "undone", "changed fields")


def print_kept_runs(settings: Settings, out: Output) -> int:
    """Print the kept runs of a store and a source, the newest first; returns the exit code."""
    kept = KeptRuns.of(settings)
    try:
        found = [*kept.rows()]
    except OSError as error:
        problem = f"the folder {kept.folder} cannot be used ({error.strerror})"
        raise SettingsError([f"{OPTIONS['undo'].spelling}: {problem}"]) from error
    undone = undone_by([run for run, _ in found])
    rows = [_row(*each) | {"undone_by": undone.get(each[0].name.run_id)} for each in reversed(found)]
    with discard_unwritten(out), printing("The list was", out):
        if settings.json:
            print_json({"version": _VERSION, "folder": str(kept.folder), "runs": rows}, out)
        elif rows and not isinstance(out, Pipe) and out.width < _WIDE:
            _print_briefly([*map(_cells, rows)], out)
        elif rows:
            _print_table([_HEADINGS, *map(_cells, rows)], out)
        else:
            print_line(out, f"No run of this store and source is kept in {kept.folder}.")
    return 0


def _row(run: KeptRun, document: Document) -> dict[str, Any]:
    counts = {each: document.counts.get(each, 0) for each in _COUNTS}
    return {
        "run_id": run.name.run_id,
        "started_at": run.name.started_at,
        "shard": document.shard,
        "exit_code": None if run.is_damaged else document.exit_code,
        **counts,
        "fields": document.fields,
        "took_back": run.took_back.run_id if run.took_back else None,
    }


def _cells(row: Mapping[str, Any]) -> Sequence[str]:
    fields = [f"{name} {count}" for name, count in row["fields"].items()]
    words = ", ".join(first(fields, _FIELDS))
    if row["exit_code"] is None:
        words = "its document is damaged"
    elif row["took_back"] is not None:
        words = ": ".join(filter(None, (f"undo of {row['took_back'] or 'a file'}", words)))
    shard = f" shard {row['shard']}" if row["shard"] else ""
    started = f"{row['started_at'][:19]}Z{shard}"
    return row["run_id"], started, *(str(row[each]) for each in _COUNTS), row["undone_by"] or "-", words


def _print_briefly(rows: Sequence[Sequence[str]], out: Output) -> None:
    """Print two lines for each run, which fit on a narrow terminal."""
    for run_id, started, *numbers, undone, words in rows:
        end = "" if undone == "-" else f"  undone by {undone}"
        print_line(out, (f"{run_id}  {started}{end}", "bold"))
        counts = ", ".join(f"{number} {name}" for name, number in zip(_COUNTS, numbers, strict=True))
        print_line(out, f"{counts}{': ' if words else ''}{words}", indent=2, hang=2)


def _print_table(rows: Sequence[Sequence[str]], out: Output) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = [
            f"{cell:>{width}}" if name in _COUNTS else f"{cell:{width}}"
            for name, cell, width in zip(_HEADINGS, row, widths, strict=True)
        ]
        line = "  ".join(cells).rstrip()
        print_line(out, (line, "" if number else "bold"), hang=2)
