"""The summary that all reports render: headline, counts, facts, and lists of products."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from msgspec.structs import replace as replaced

from medusa_sync.codes import Note
from medusa_sync.core.fields import VARIANT
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.result import Action, Outcome, Result, RunResult, Status
from medusa_sync.errors import EXIT_GUARD
from medusa_sync.report.changes import KINDS, Detail, Kind, by_kind
from medusa_sync.report.escape import visible

LISTED = 20  # products that a list shows; the others are counted

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
_WINNERS = {
    frozenset[OnConflict](): "A variant that was deleted in the admin is not created again.",
    frozenset({OnConflict.SOURCE}): (
        "The source {}. To keep the merchant's values, set --on-conflict store (or FIELD=store)."
    ),
    frozenset({OnConflict.STORE}): (
        "The store {}. To apply the source's values, set --on-conflict source (or FIELD=source)."
    ),
    frozenset(OnConflict): "To choose which side wins, set --on-conflict.",
}
_HELD = "If these prices are right, run once with a higher --max-price-change."
_WITHHELD = (
    "Two variants of a store cannot have the same SKU or barcode, and two products not the same handle. "
    "Change one of them at the source or in the admin."
)
_ONCE: Collection[Kind] = ("conflict", "withheld")  # no later run lists them
_MINUTE = 60  # seconds
_NAMED = 5  # products that a line names


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
    early = "ended early; " if result.error else ""
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


def totals(result: RunResult) -> Iterator[tuple[str, str, int, str]]:
    """Yield the kind, label, number and style of each result, and of conflicts and the like."""
    for each in Result:
        count = result.counts.get(each, 0)
        yield each.value, label(each, dry_run=result.dry_run), count, STYLES[each]
    yield "conflict", "kept" if result.undoes else "conflicts", result.conflicts, "yellow"
    yield "held", "prices over the limit", result.held, "yellow"
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
    early = "ended early, " if result.error else ""
    is_ok = result.status is Status.OK
    yield "status", result.status.value + ("" if is_ok else f" ({early}exit code {result.exit_code})")


def figures(result: RunResult) -> Iterator[tuple[str, str]]:
    """Yield the facts that are numbers of products and requests, the shard, and the format of the source."""
    yield from products(result)
    requests = result.requests
    store = f"{requests.store_reads} store reads, {requests.store_writes} store writes"
    retries = f"{requests.retries} {'retry' if requests.retries == 1 else 'retries'}"
    yield "requests", f"{requests.source} source, {store}, {retries}"
    if result.source_format:
        yield "format", visible(result.source_format)


def products(result: RunResult) -> Iterator[tuple[str, str]]:
    """Yield how many products there are at the source and in the store, and the shard."""
    if result.shard:
        yield "shard", str(result.shard)
    total = "" if result.source_total is None else f" of {result.source_total}"
    yield "seen", f"{result.seen}{total}"
    if result.store:
        yield "in store", f"{result.store.products} products, {result.store.owned} of this source"


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


@dataclass
class Listing:
    """A list of products; it keeps only the ones that are listed.

    Attributes:
        noun: starts the line of a product in a pipe.
        description: of the products that are left out, as in "3 more with problems".
        is_complete: nothing is left out, because no later run reports it again.
        is_planned: it is of a dry run.
        kinds: the changes that it shows.
    """

    heading: str
    noun: str
    description: str
    is_complete: bool = False
    is_planned: bool = False
    kinds: Collection[Kind] = KINDS
    listed: list[Outcome] = field(default_factory=list)
    _count: int = 0
    _hints: Counter[str] = field(default_factory=Counter)
    _same: dict[tuple[Detail, ...], list[Outcome]] = field(default_factory=dict)
    _winners: set[OnConflict] = field(default_factory=set)
    _has_winner: bool = False

    def add(self, outcome: Outcome) -> None:
        if self._is_repeated(outcome):
            return
        self._count += 1
        self._hints[_parted(outcome.reason)[1]] += 1
        won = [each for each in outcome.conflicts if not each.reason]
        self._has_winner |= bool(won)
        self._winners.update(each.kept for each in won if each.field != VARIANT)
        if self.is_complete or self._count <= LISTED:
            self.listed.append(outcome)

    def _is_repeated(self, outcome: Outcome) -> bool:
        """Whether another product wants the same values, which is only counted."""
        groups = self.groups(outcome) if self.noun == "withheld" else {}
        if groups.keys() != {"withheld"}:
            return False
        wanted = tuple(each._replace(variant="", stored=None) for each in groups["withheld"])
        is_first = wanted not in self._same
        self._same.setdefault(wanted, []).append(outcome)
        return not is_first

    def shown(self, outcome: Outcome) -> Outcome:
        """A product of the list, without the hint that several of them have."""
        what, hint = _parted(outcome.reason)
        return replaced(outcome, reason=what) if hint and self._hints[hint] > 1 else outcome

    @property
    def left_out(self) -> int:
        return self._count - len(self.listed)

    def groups(self, outcome: Outcome) -> dict[Kind, list[Detail]]:
        """The changes of a product that this list shows."""
        return {kind: found for kind, found in by_kind(outcome).items() if kind in self.kinds}

    def remarks(self) -> Iterator[str]:
        """Yield a line about products that are left out, and what to do about conflicts and the like."""
        for wanted, (_, *others) in self._same.items():
            if others:
                values = ", ".join(f"{each.field} {visible(str(each.desired))}" for each in wanted)
                yield f"{values}: {_several(others)} too"
        yield from (
            f"{hint[:1].upper()}{hint[1:]}." for hint, count in self._hints.items() if hint and count > 1
        )
        if self.left_out:
            yield f"... and {self.left_out} more {self.description}; --json shows them all"
        shown = {kind for each in self.listed for kind in self.groups(each)}
        if "conflict" in shown and self._has_winner:
            yield _WINNERS[frozenset(self._winners)].format("will win" if self.is_planned else "won")
        if "held" in shown:
            yield _HELD
        if "withheld" in shown:
            yield _WITHHELD


def _parted(reason: str) -> tuple[str, str]:
    """The reason of a problem, and what to do about it."""
    what, separator, hint = reason.rpartition("; ")
    return (what, hint) if separator else (reason, "")


def _several(products: Sequence[Outcome]) -> str:
    """How many products, with the ids of the first ones."""
    ids = ", ".join(name(each)[0] for each in products[:_NAMED])
    more = ", ..." if len(products) > _NAMED else ""
    return f"{len(products)} more product{'s' if len(products) > 1 else ''} ({ids}{more})"


def listings(result: RunResult, *, verbose: bool, is_short: bool = False) -> list[Listing]:
    """The lists that are not empty; a product is in one at most.

    Conflicts, prices over the limit, newly withheld values, removed products and problems are always listed.
    Other changes, and products that are skipped for a reason, are listed if `verbose`; a dry run lists
    changes too, except new products. If `is_short`, even conflicts and withheld values are left out if they
    are many.
    """
    is_complete = not (result.dry_run or is_short)
    of_plan = result.exit_code == EXIT_GUARD and not result.error  # they are not as the plan expects them
    lists = [
        (Listing("Problems", "problem", "with problems"), result.problems),
        *_of_changes(result, verbose=verbose, is_complete=is_complete),
    ]
    if verbose:
        before = Listing("Withheld before", "withheld", "with values that are withheld", is_complete=True)
        lists.append((before, result.withheld_before))
    if verbose or of_plan or result.undoes:
        lists.append((Listing("Skipped", "skip", "that are skipped"), result.skipped))
    for listing, outcomes in lists:
        for outcome in outcomes:
            listing.add(outcome)
    return [listing for listing, _ in lists if listing.listed]


def _of_changes(
    result: RunResult, *, verbose: bool, is_complete: bool
) -> Iterator[tuple[Listing, Collection[Outcome]]]:
    """The lists of changes, each with its products."""
    contested = Listing("Conflicts", "conflict", "with conflicts", is_complete, result.dry_run)
    if result.undoes:
        contested = Listing("Kept", "conflict", "with values that are kept", is_complete)
    held = Listing("Prices over the limit", "held", "with prices over the limit")
    withheld = Listing("Withheld", "withheld", "with values that are withheld", is_complete)
    heading = "To remove" if result.dry_run else "Removed"
    removed = Listing(heading, "removal", heading.lower())
    changes = Listing("Changes", "change", "with changes")
    for outcome in result.changes:
        if outcome.conflicts:
            contested.add(outcome)
        elif outcome.newly_withheld:
            withheld.add(outcome)
        elif outcome.held:
            held.add(outcome)
        elif outcome.result is Result.REMOVED:
            removed.add(outcome)
        elif verbose or (result.dry_run and outcome.action is not Action.CREATE):
            changes.add(outcome)
    yield from ((each, ()) for each in (contested, held, withheld, removed, changes))


def listed_once(result: RunResult) -> list[Listing]:
    """The conflicts and newly withheld values, without other changes of their products; no empty lists."""
    found = (each for each in listings(result, verbose=False) if each.noun in _ONCE)
    return [replace(each, kinds=_ONCE) for each in found]
