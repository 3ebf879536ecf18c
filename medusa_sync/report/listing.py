"""The lists of products that all reports render, each with what to do about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from msgspec.structs import replace as replaced

from medusa_sync.core.fields import VARIANT
from medusa_sync.core.outcome import Action, Outcome, Result
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.result import RunResult
from medusa_sync.errors import EXIT_GUARD
from medusa_sync.report import summary
from medusa_sync.report.changes import KINDS, Detail, Kind, by_kind
from medusa_sync.report.escape import visible

LISTED = 20  # products that a list shows; the others are counted

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
_HELD = "If these prices are right, run once with --max-price-change none."
_WITHHELD = (
    "Two variants of a store cannot have the same SKU or barcode, and two products not the same handle. "
    "Change one of them at the source or in the admin."
)
_ONCE: Collection[Kind] = ("conflict", "withheld")  # no later run lists them
_NAMED = 5  # products that a line names


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
        is_new = outcome.action is Action.CREATE  # its conflict is a status that the store does not have
        won = [each for each in outcome.conflicts if not (each.reason or is_new)]
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
    ids = ", ".join(summary.name(each)[0] for each in products[:_NAMED])
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
