"""Runs whose documents are kept: which of them are undone, and which have written over another one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from medusa_sync.core.remembered import remember
from medusa_sync.core.value import Value


class RunName(Struct, frozen=True, order=True):
    """What a run is called: when it began, in UTC as the document has it, and its id."""

    started_at: str
    run_id: str

    def __str__(self) -> str:
        return f"{self.run_id} of {self.started_at[:19]}Z"


class TakenBack(Struct, frozen=True):
    """The run that a run has undone.

    Attributes:
        run_id: its id; empty if its document has none.
        is_whole: all of its fields were undone, as far as that is possible.
    """

    run_id: str
    is_whole: bool


class KeptRun(Struct, frozen=True):
    """A run that is kept; `took_back` is the run that it has undone. Its document may be damaged."""

    name: RunName
    took_back: TakenBack | None = None
    is_damaged: bool = False


def undone_by(runs: Sequence[KeptRun]) -> dict[str, str]:
    """The ids of the runs that have undone others, by the ids of these; an undo may be undone, too.

    `runs` are sorted, the oldest first.
    """
    found: dict[str, str] = {}
    for each in reversed(runs):
        own, other = each.name.run_id, each.took_back
        if other is not None and other.is_whole and own not in found:
            found.setdefault(other.run_id, own)
    return found


def last(runs: Sequence[KeptRun]) -> KeptRun | None:
    """The newest run that is neither an undo nor undone."""
    undone = undone_by(runs)
    left = (each for each in reversed(runs) if not (each.took_back or each.is_damaged))
    return next((each for each in left if each.name.run_id not in undone), None)


def matching(runs: Iterable[KeptRun], text: str) -> list[KeptRun]:
    """The runs with this id, or that began at a time of which `text` has the first parts."""
    start = re.sub("[ _]", "T", text).removesuffix("Z")
    return [each for each in runs if each.name.run_id == text or each.name.started_at.startswith(start)]


_UNKNOWN = "a later run wrote it, which was undone or is not kept here"

Place = tuple[str | None, str]
"""The key of a variant, or None for the product, and a field, of which an option is called by its id."""


class Overwritten(Struct, frozen=True):
    """A field that later runs have written, and were not undone since.

    Attributes:
        runs: the oldest first.
        value: what the last one wrote.
    """

    key: str | None
    field: str
    runs: tuple[RunName, ...]
    value: Value


class LaterWrites:
    """What later runs have written to a product, run by run."""

    def __init__(self) -> None:
        self._runs: dict[Place, list[RunName]] = {}
        self._values: dict[Place, Value] = {}

    def add(self, place: Place, run: RunName, value: Value, *, takes_back: bool) -> None:
        """Add what a run has written; if it `takes_back`, it undoes what `run` wrote."""
        runs = self._runs.setdefault(place, [])
        if run in runs:
            runs.remove(run)
        if not takes_back:
            runs.append(run)
        self._values[place] = value

    @property
    def overwritten(self) -> tuple[Overwritten, ...]:
        return tuple(
            Overwritten(*place, tuple(sorted(runs)), self._values[place])
            for place, runs in self._runs.items()
            if runs
        )


def origin(run: KeptRun, runs: Mapping[str, KeptRun]) -> tuple[RunName, bool]:
    """The run whose values a run has written, and whether it took these back: an undo of an undo repeats it.

    `runs` are those that are known, by id.
    """
    takes_back = False
    while run.took_back is not None and run.took_back.run_id in runs:
        run, takes_back = runs[run.took_back.run_id], not takes_back
    return run.name, takes_back


def writers(
    overwritten: Iterable[Overwritten], place: Place, stored: Value, recorded: Value
) -> tuple[RunName, ...] | None:
    """The later runs that wrote what the store has; None if it is an edit, none if they are not known.

    `recorded` is what the last run wrote that was no undo.
    """
    own = next((each for each in overwritten if (each.key, each.field) == place), None)
    written = {_content(recorded), *({_content(remember(own.value))} if own else ())}
    return (own.runs if own else ()) if _content(remember(stored)) in written else None


def _content(value: Value) -> object:
    return frozenset(value) if isinstance(value, tuple) else value


def runs_of(overwritten: Iterable[Overwritten], key: str | None = None) -> tuple[RunName, ...]:
    """The runs that have written a variant, or anything of the product, the oldest first."""
    return tuple(sorted({run for each in overwritten if key in {None, each.key} for run in each.runs}))


def later_runs(runs: Sequence[RunName]) -> str:
    """That these runs, or one that is not known or was undone, have written what was to be undone."""
    if not runs:
        return _UNKNOWN
    names, is_one = ", ".join(each.run_id for each in reversed(runs)), len(runs) == 1
    subject = "a later run" if is_one else "later runs"
    return f"{subject} wrote it ({names}); undo {'that' if is_one else 'these'} first"
