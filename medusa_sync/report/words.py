"""What is told of a run, in words; how they are laid out is another matter."""

from __future__ import annotations

from collections.abc import Iterator

from medusa_sync.core.result import Action, Outcome, Result, RunResult, Status
from medusa_sync.report.text import visible

LISTED = 20  # products that a list names; the rest is a number

STYLES = {
    Result.CREATED: "green",
    Result.UPDATED: "cyan",
    Result.UNCHANGED: "",
    Result.REJECTED: "red",
    Result.FAILED: "red",
    Result.UNCONFIRMED: "yellow",
    Result.NOT_ATTEMPTED: "yellow",
    Result.REMOVED: "magenta",
}
RARE = frozenset({Result.UNCONFIRMED, Result.NOT_ATTEMPTED, Result.REMOVED})
"""Results whose count is shown only if there are any."""

_NAMES = {Result.NOT_ATTEMPTED: "not attempted"}
_PLANS = {
    Result.CREATED: "to create",
    Result.UPDATED: "to update",
    Result.REMOVED: "to remove",
}
_ACTIONS = {
    Action.CREATE: ("created", "to create"),
    Action.UPDATE: ("updated", "to update"),
    Action.ADOPT: ("adopted", "to adopt"),
    Action.DRAFT: ("drafted", "to draft"),
    Action.DELETE: ("deleted", "to delete"),
}

_MINUTE = 60  # seconds


# --- the run as a whole ---------------------------------------------------------------------------------


def headline(result: RunResult, arrow: str) -> str:
    """Which job brought what where."""
    target = f" {arrow} {visible(result.store_url)}" if result.store_url else ""
    return f"{visible(result.job)}: {visible(result.source_url)}{target}"


def action(outcome: Outcome, *, dry_run: bool) -> str:
    """What was done to a product, or would be done."""
    if outcome.action is None:
        return _NAMES.get(outcome.result, outcome.result.value)
    done, planned = _ACTIONS[outcome.action]
    return planned if dry_run else done


def in_a_line(result: RunResult) -> str:
    """The whole run, for a log."""
    ends = ", ".join(f"{count} {label}" for label, count, _ in counts(result) if count)
    plan = " (dry run)" if result.dry_run else ""
    return f"{result.status}{plan}: {ends or 'nothing done'} in {_duration(result.duration_s)}"


def counts(result: RunResult) -> Iterator[tuple[str, int, str]]:
    """How many products have which result, with the style of that result."""
    names = _NAMES | _PLANS if result.dry_run else _NAMES
    for each in Result:
        count = result.counts.get(each, 0)
        if count or each not in RARE:
            yield names.get(each, each.value), count, STYLES[each]
    if result.conflicts:
        yield "conflicts", result.conflicts, "yellow"
    if result.not_compared:
        yield "not compared", result.not_compared, "yellow"


def facts(result: RunResult) -> Iterator[tuple[str, str]]:
    """The rest of the summary, each fact under its name."""
    total = "" if result.source_total is None else f" of {result.source_total}"
    yield "seen", f"{result.seen}{total}"
    if result.store:
        yield "in store", f"{result.store.products} products, {result.store.owned} of this source"
    requests = result.requests
    store = f"{requests.store_reads} store reads, {requests.store_writes} store writes"
    yield "requests", f"{requests.source} source, {store}, {_counted(requests.retries, 'retry', 'retries')}"
    yield "time", _duration(result.duration_s)
    yield "status", _status(result)


def _status(result: RunResult) -> str:
    if result.status is Status.OK:
        return result.status.value
    early = "ended early, " if result.error else ""
    return f"{result.status.value} ({early}exit code {result.exit_code})"


def _duration(seconds: float) -> str:
    tenths = round(seconds, 1)
    if tenths < _MINUTE:
        return f"{tenths} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min {rest} s" if hours else f"{minutes} min {rest} s"


# --- products -------------------------------------------------------------------------------------------


class Listing:
    """Products that are worth a line each; it keeps no more than it shows.

    Args:
        heading: above the lines.
        noun: what the line of a product begins with in a pipe.
        many: what several of the products are.

    Attributes:
        shown: the first of them.
    """

    def __init__(self, heading: str, noun: str, many: str) -> None:
        self.heading = heading
        self.noun = noun
        self._many = many
        self._count = 0
        self.shown: list[Outcome] = []

    def add(self, outcome: Outcome) -> None:
        self._count += 1
        if self._count <= LISTED:
            self.shown.append(outcome)

    @property
    def rest(self) -> str:
        """What is left out; empty when nothing is."""
        rest = self._count - len(self.shown)
        return f"... and {rest} more {self._many}; --json shows them all" if rest else ""


def listings(result: RunResult, *, verbose: bool) -> Iterator[Listing]:
    """Every product in one list at the most. What surprises is named after any run: conflicts, removals and
    problems. The other changes are named in a dry run, but for new products, and when asked for.
    """
    conflicts = Listing("Conflicts", "conflict", "with conflicts")
    removals = Listing("Removals", "removal", "to remove" if result.dry_run else "removed")
    changes = Listing("Changes", "change", "with changes")
    problems = Listing("Problems", "problem", "with problems")
    for outcome in result.changes:
        if outcome.conflicts:
            conflicts.add(outcome)
        elif outcome.result is Result.REMOVED:
            removals.add(outcome)
        elif verbose or (result.dry_run and outcome.action is not Action.CREATE):
            changes.add(outcome)
    for outcome in result.problems:
        problems.add(outcome)
    return (listing for listing in (conflicts, removals, changes, problems) if listing.shown)


def name(outcome: Outcome) -> tuple[str, str]:
    """Id and title of a product; a row of the source that is no product may have neither."""
    return visible(outcome.external_id or "(no id)"), visible(outcome.title)


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
