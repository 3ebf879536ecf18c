"""What is told of a run, in words; how they are laid out is another matter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from medusa_sync.models import Action, Difference, Outcome, Result, RunResult, Status, Value
from medusa_sync.report.text import visible

LISTED = 20  # products that a list names; the rest is a number

STYLES = {
    Result.CREATED: "green",
    Result.UPDATED: "cyan",
    Result.UNCHANGED: "",
    Result.REJECTED: "red",
    Result.FAILED: "red",
    Result.REMOVED: "magenta",
}
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

_LONG = 60  # characters of a value that are shown
_CONTEXT = 15  # of them, those that are equal on both sides and stand before the first difference
_MEMBERS = 3  # of a set that are shown of those that leave it, and of those that join it
_MINUTE = 60  # seconds

Words = list[tuple[str, str]]  # pieces of a line with their styles


# --- the run as a whole ---------------------------------------------------------------------------------


def headline(result: RunResult, arrow: str) -> str:
    """Which job brought what where."""
    target = f" {arrow} {visible(result.store_url)}" if result.store_url else ""
    return f"{visible(result.job)}: {visible(result.source_url)}{target}"


def action(outcome: Outcome, *, dry_run: bool) -> str:
    """What was done to a product, or would be done."""
    if outcome.action is None:
        return outcome.result.value
    done, planned = _ACTIONS[outcome.action]
    return planned if dry_run else done


def counts(result: RunResult) -> Iterator[tuple[str, int, str]]:
    """How many products came to which end, with the style of that end."""
    for each in Result:
        count = result.counts.get(each, 0)
        if count or each is not Result.REMOVED:
            yield _PLANS.get(each, each.value) if result.dry_run else each.value, count, STYLES[each]
    if result.conflicts:
        yield "conflicts", result.conflicts, "yellow"
    if result.not_compared:
        yield "not compared", result.not_compared, "yellow"


def facts(result: RunResult) -> Iterator[tuple[str, str]]:
    """The rest of the summary, each fact under its name."""
    total = "" if result.source_total is None else f" of {result.source_total}"
    yield "seen", f"{result.seen}{total}"
    if result.not_attempted:
        yield "not attempted", _counted(len(result.not_attempted), "product", "products")
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


def listed_changes(result: RunResult, *, verbose: bool) -> Sequence[Outcome]:
    """The changes that are worth a line each: conflicts, of a dry run all but new products, and when asked
    for all of any run.
    """
    if verbose:
        return result.changes
    listed = (c for c in result.changes if c.conflicts or (result.dry_run and c.action is not Action.CREATE))
    return tuple(listed)


def more(outcomes: Sequence[Outcome], noun: str) -> str:
    """What a list leaves out; empty when it leaves out nothing."""
    rest = len(outcomes) - LISTED
    if rest <= 0:
        return ""
    return f"... and {_counted(rest, f'more {noun}', f'more {noun}s')}; --json shows them all"


def name(outcome: Outcome) -> tuple[str, str]:
    """Id and title of a product; a row of the source that is no product may have neither."""
    return visible(outcome.external_id or "(no id)"), visible(outcome.title)


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


# --- differences ----------------------------------------------------------------------------------------


def differences(outcome: Outcome, arrow: str, *, dry_run: bool) -> Iterator[Words]:
    """What changes in a product, a line for each field; a plan also says where the change comes from."""
    for difference in outcome.differences:
        origin = _origin(difference) if dry_run and outcome.result is Result.UPDATED else []
        yield [(f"{visible(difference.field)}: ", "bold"), *_difference(difference, arrow), *origin]
    if outcome.action is Action.UPDATE and not outcome.differences:
        yield [("no field changes; it completes what an interrupted run has left", "")]
    for conflict in outcome.conflicts:
        store, source = _excerpts(_shown(conflict.store), _shown(conflict.source))
        both = f"both sides changed it (store: {visible(store)}; source: {visible(source)}); "
        kept = f"the {conflict.kept}'s value counts"
        yield [(f"{visible(conflict.field)}: ", "bold"), (both + kept, "yellow")]


def _origin(difference: Difference) -> Words:
    applied, source = _excerpts(_shown(difference.applied), _shown(difference.source))
    return [(f" (last applied: {visible(applied)}; source: {visible(source)})", "dim")]


def _difference(difference: Difference, arrow: str) -> Words:
    """A value before and after, or for a set what leaves it and what joins it."""
    before, after = difference.before, difference.after
    if isinstance(before, tuple | None) and isinstance(after, tuple | None):
        moved = _moved(before or (), after or ())
        if moved:
            return moved
    old, new = _excerpts(_shown(before), _shown(after))
    return [(visible(old), "red"), (f" {arrow} ", ""), (visible(new), "green")]


def _moved(before: tuple[str, ...], after: tuple[str, ...]) -> Words:
    left = _signed("-", "red", [member for member in before if member not in after])
    joined = _signed("+", "green", [member for member in after if member not in before])
    return [word for piece in left + joined for word in ((", ", ""), piece)][1:]


def _signed(sign: str, style: str, members: list[str]) -> Words:
    words = [(f"{sign}{_clipped(member)}", style) for member in members[:_MEMBERS]]
    rest = len(members) - len(words)
    return [*words, (f"{sign}{rest} more", style)] if rest else words


def _shown(value: Value) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value) or "(empty)"


def _excerpts(before: str, after: str) -> tuple[str, str]:
    """Two texts, cut so that what differs first can be seen when they are long."""
    if max(len(before), len(after)) <= _LONG:
        return before, after
    shorter = min(len(before), len(after))
    equal = next((index for index in range(shorter) if before[index] != after[index]), shorter)
    start = max(equal - _CONTEXT, 0)
    return _excerpt(before, start), _excerpt(after, start)


def _excerpt(text: str, start: int) -> str:
    end = start + _LONG
    return ("..." if start else "") + text[start:end] + ("..." if len(text) > end else "")


def _clipped(member: str) -> str:
    """A member of a set; of a long one both ends, as the names of images differ in theirs."""
    half = _LONG // 2
    return visible(member if len(member) <= _LONG else f"{member[:half]}...{member[-half:]}")
