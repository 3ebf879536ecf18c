"""The summary that all reports render: the answer, counts and facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import chain

from medusa_sync.codes import Note
from medusa_sync.core.outcome import Outcome, Result
from medusa_sync.core.result import RunResult, Status
from medusa_sync.errors import EXIT_GUARD
from medusa_sync.report.escape import visible

STYLES: defaultdict[Result, str] = defaultdict(str) | {
    Result.CREATED: "green",
    Result.UPDATED: "cyan",
    Result.REJECTED: "red",
    Result.FAILED: "red",
    Result.UNCONFIRMED: "yellow",
    Result.NOT_ATTEMPTED: "yellow",
    Result.REMOVED: "magenta",
}

_DONE = (Result.CREATED, Result.UPDATED, Result.REMOVED)
_OPEN = (Result.REJECTED, Result.FAILED, Result.UNCONFIRMED, Result.NOT_ATTEMPTED)
_ANSWER_STYLES = {
    Status.OK: "bold green",
    Status.PARTIAL: "bold yellow",
    Status.FAILED: "bold red",
    Status.INTERRUPTED: "bold yellow",
    Status.LOCKED: "bold yellow",
}
_NOTHING_TO_DO = frozenset({Result.UNCHANGED, Result.SKIPPED, Result.REJECTED})
_PLANNED = {Result.CREATED: "to create", Result.UPDATED: "to update", Result.REMOVED: "to remove"}
_MINUTE = 60  # seconds


def headline(result: RunResult, arrow: str) -> str:
    """Name the job, its source and its store."""
    target = f" {arrow} {visible(result.store_url)}" if result.store_url else ""
    return f"{visible(result.job)}: {visible(result.source_url)}{target}"


def one_line(result: RunResult) -> str:
    """Summarize the run in one line, for the log and for monitors."""
    if line := up_to_date(result):
        return line
    new = {label(Result.REJECTED, dry_run=False): new_rejected(result)}
    done = ", ".join(f"{count} {name}{new.get(name, '')}" for name, count, _ in counts(result))
    dry_run = " (dry run)" if result.dry_run else ""
    return f"{result.status}{dry_run}: {done or 'nothing done'} in {duration(result.duration_s)}"


def has_content(result: RunResult) -> bool:
    """Whether there is more to say than the error that ended the run early."""
    return bool(result.seen or result.changes or not result.error)


def up_to_date(result: RunResult) -> str | None:
    """Summarize a run in which there was nothing to do, in one line; None for any other run."""
    outcomes = {each for each, count in result.counts.items() if count}
    to_see = result.error or result.conflicts or result.held or result.changes or result.exit_code
    if to_see or result.store_url is None or not outcomes <= _NOTHING_TO_DO:
        return None
    skipped, rejected = (result.counts.get(each, 0) for each in (Result.SKIPPED, Result.REJECTED))
    number = result.seen - skipped - rejected
    total = None if result.shard else result.source_total
    of_total = "" if total is None or total == result.seen else f" of {total}"
    noun = "product" if (number if not of_total else total) == 1 else "products"
    noun += f" of shard {result.shard}" if result.shard else ""
    counted = (
        (skipped, "skipped"),
        (rejected, f"rejected{new_rejected(result)}"),
        (result.withheld, "withheld"),
    )
    others = "".join(f", {count} {what}" for count, what in counted if count)
    dry_run = "Dry run: " if result.dry_run else ""
    return f"{dry_run}{number}{of_total} {noun} up to date{others} ({duration(result.duration_s)})"


def new_rejected(result: RunResult) -> str:
    """How many of the rejected products are new, if some are and others are not."""
    new = result.new_rejected or 0
    return f" ({new} new)" if 0 < new < result.counts.get(Result.REJECTED, 0) else ""


def answer(result: RunResult) -> tuple[str, str]:
    """What a run did, or what kept it from that, in one line, and its style."""
    style = _ANSWER_STYLES[result.status]
    if line := up_to_date(result):
        return line, style
    left, done = [*_left(result)], [*_done(result)]
    parts = (left + done) if result.exit_code else (done + left)
    words = ", ".join(parts) or ("nothing to do" if result.dry_run else "nothing done")
    early = f"{_stopped(result)}; " if result.error else ""
    end = f" (exit code {result.exit_code})" if result.exit_code else ""
    if not result.dry_run:
        return f"{result.status}: {early}{words}{end}", style
    kind = "dry run" if result.status is Status.OK else f"dry run, {result.status}"
    return f"{kind}: {early}{words}; nothing was written{end}", style


def _left(result: RunResult) -> Iterator[str]:
    """What is not written; the first one says of how many products."""
    total = f" of {result.seen}"
    for each in _OPEN:
        if count := result.counts.get(each, 0):
            new = new_rejected(result) if each is Result.REJECTED else ""
            yield f"{count}{total} {label(each, dry_run=False)}{new}"
            total = ""
    if result.held:
        yield f"{result.held} over the price limit"
    if result.exit_code == EXIT_GUARD and result.skipped:
        yield f"{len(result.skipped)} skipped"
    if result.undoes and result.conflicts:
        yield f"{result.conflicts} kept"


def _done(result: RunResult) -> Iterator[str]:
    for each in _DONE:
        if count := result.counts.get(each, 0):
            yield f"{count} {label(each, dry_run=result.dry_run)}"
    if result.not_compared:
        yield f"{result.not_compared} not compared"


def author_facts(result: RunResult) -> str:
    """How the run was done, in one line."""
    found = dict(facts(result))
    parts = [f"requests: {found['requests']}", found.get("format", ""), found["time"]]
    parts.append(f"run {result.run_id}" if result.run_id else "")
    return "; ".join(filter(None, parts))


def in_order(notes: Sequence[Note]) -> list[Note]:
    """Notes, those that ask for nothing last."""
    return sorted(notes, key=lambda note: (note.code.startswith("I"), note.name == "valid"))


def parts(result: RunResult) -> tuple[Collection[Outcome], ...]:
    """The products that a report has, by part."""
    changed = result.problems, result.not_completed, result.changes
    return *changed, result.skipped, result.withheld_before


def reported(result: RunResult) -> Iterator[Outcome]:
    """Yield the products that a report has: problems, then what is kept or removed, then all others."""
    yield from chain(result.problems, result.not_completed)
    for is_first in (True, False):
        yield from (each for each in result.changes if _is_notable(each) is is_first)
    yield from chain(result.skipped, result.withheld_before)


def _is_notable(outcome: Outcome) -> bool:
    kept = outcome.conflicts or outcome.held or outcome.newly_withheld
    return bool(kept) or outcome.result is Result.REMOVED


def ended_as(result: RunResult) -> Result:
    """What a run that ended early counts as: only an error is a failure, not a signal, a limit or a lock."""
    return Result.FAILED if result.status is Status.FAILED else Result.NOT_ATTEMPTED


def ended(result: RunResult) -> str:
    """Whether a guard or something else ended a run early."""
    return "Guard" if result.exit_code == EXIT_GUARD else "Ended early"


def _stopped(result: RunResult) -> str:
    """The same within a line; a run may have synced all that its guard did not refuse."""
    return "stopped by a guard" if result.exit_code == EXIT_GUARD else "ended early"


def totals(result: RunResult) -> Iterator[tuple[str, str, int, str]]:
    """Yield the kind, label, number and style of each result, and of conflicts and the like."""
    for each in Result:
        count = result.counts.get(each, 0)
        yield each.value, label(each, dry_run=result.dry_run), count, STYLES[each]
    conflicts = "conflict" if result.conflicts == 1 else "conflicts"
    yield "conflict", "kept" if result.undoes else conflicts, result.conflicts, "yellow"
    held = "price over the limit" if result.held == 1 else "prices over the limit"
    yield "held", held, result.held, "yellow"
    yield "withheld", "withheld", result.withheld, "yellow"
    yield "not-compared", "not compared", result.not_compared, "yellow"


def counts(result: RunResult) -> list[tuple[str, int, str]]:
    """The label, number and style of each total that is not zero."""
    return [(name, count, style) for _, name, count, style in totals(result) if count]


def label(result: Result, *, dry_run: bool) -> str:
    planned = _PLANNED.get(result) if dry_run else None
    return planned or result.value.replace("_", " ")


def facts(result: RunResult) -> Iterator[tuple[str, str]]:
    """Yield the name and value of everything else in the summary."""
    yield from figures(result)
    yield "time", duration(result.duration_s)
    early = f"{_stopped(result)}, " if result.error else ""
    is_ok = result.status is Status.OK
    yield "status", result.status.value + ("" if is_ok else f" ({early}exit code {result.exit_code})")


def figures(result: RunResult) -> Iterator[tuple[str, str]]:
    """Yield the facts that are numbers of products and requests, the shard, and the format of the source."""
    yield from products(result)
    requests = result.requests
    counts = (
        (requests.store_reads, "store read", "store reads"),
        (requests.store_writes, "store write", "store writes"),
        (requests.retries, "retry", "retries"),
    )
    each = (f"{count} {one if count == 1 else many}" for count, one, many in counts)
    yield "requests", ", ".join((f"{requests.source} source", *each))
    if result.source_format:
        yield "format", visible(result.source_format)


def products(result: RunResult) -> Iterator[tuple[str, str]]:
    """Yield how many products there are at the source and in the store, and the shard."""
    if result.shard:
        yield "shard", str(result.shard)
    total = "" if result.source_total is None else f" of {result.source_total}"
    yield "seen", f"{result.seen}{total}"
    if store := result.store:
        noun = "product" if store.products == 1 else "products"
        yield "in store", f"{store.products} {noun}, {store.owned} of them seen"


def duration(seconds: float) -> str:
    tenths = round(seconds, 1)
    if tenths < _MINUTE:
        return f"{tenths} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min {rest} s" if hours else f"{minutes} min {rest} s"


def name(outcome: Outcome) -> tuple[str, str]:
    """The external id and title of a product; a rejected row of the source may lack both."""
    return visible(outcome.external_id or "(no id)"), visible(outcome.title)


def named(outcome: Outcome) -> str:
    """A product with its title, in one line."""
    external_id, title = name(outcome)
    return f"{external_id} ({title})" if title else external_id


def action(outcome: Outcome, *, dry_run: bool) -> str:
    """What was done to a product, or would be done."""
    if outcome.action is None:
        return label(outcome.result, dry_run=False)
    verb = outcome.action.value
    return f"to {verb}" if dry_run else verb.removesuffix("e") + "ed"
