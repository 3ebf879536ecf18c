"""The list of changes of a product that all reports render, and where each change comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Literal, NamedTuple, get_args

from medusa_sync.core.field_changes import DRAFTING, Conflict, FieldChange
from medusa_sync.core.fields import VARIANT
from medusa_sync.core.kinds.status import STATUS
from medusa_sync.core.outcome import Action, Outcome
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.remembered import DIGEST
from medusa_sync.core.result import RunResult
from medusa_sync.core.value import Value, excerpts
from medusa_sync.report import values
from medusa_sync.report.escape import visible
from medusa_sync.report.values import Line

Kind = Literal["conflict", "held", "withheld", "change"]
KINDS: tuple[Kind, ...] = get_args(Kind)

FEW = 5  # changes of variants that are shown for one product; if there are more, the first ones are
_FIRST = 3
_WIDE = (480, 240, 160, 110, 80, values.LONG)  # characters of a value on a terminal, until the line fits
_NARROW = (48, 36, 24, 16)

_CONFLICT = "changed on both sides"
_UNKNOWN = "the store has no such status"
_HELD = "above --max-price-change"
_LAST = "last applied"


class Detail(NamedTuple):
    """A field that was changed, is in conflict, or has a value that is held back or withheld.

    Attributes:
        desired: what the source wants.
        change: None if the field keeps the value that the store holds.
        winner: of a conflict.
        owner: what has the value that is withheld.
        reason: why a value is kept, if a run is undone.
    """

    kind: Kind
    variant: str
    field: str
    stored: Value
    desired: Value
    change: FieldChange | None = None
    winner: OnConflict | None = None
    owner: str = ""
    reason: str = ""

    @property
    def name(self) -> str:
        """The field with its variant."""
        of = "" if self.field == VARIANT else " of"
        return visible(self.field) + (f"{of} {values.clipped(self.variant)}" if self.variant else "")


def details(outcome: Outcome) -> list[Detail]:
    """The changes of a product, then what changed nothing: conflicts, held prices and withheld values.

    Conflicts have none if the store won, or if it is not known whether the write arrived. The others belong
    to a change of the same field of the same variant. Variants without a SKU may have the same name, so there
    may be several for one name.
    """
    won: dict[tuple[str, str], list[Conflict]] = {}
    for conflict in outcome.conflicts:
        if conflict.kept == OnConflict.SOURCE:
            won.setdefault((conflict.variant, conflict.field), []).append(conflict)
    found = []
    for change in outcome.changes:
        same = won.get((change.variant, change.field))
        winner = same.pop(0).kept if same else None
        sides = change.stored, change.desired
        kind: Kind = "conflict" if winner else "change"
        found.append(Detail(kind, change.variant, change.field, *sides, change, winner))
    kept = chain((each for each in outcome.conflicts if each.kept == OnConflict.STORE), *won.values())
    found += [
        Detail(
            *("conflict", each.variant, each.field, each.stored, each.desired),
            winner=each.kept,
            reason=each.reason,
        )
        for each in kept
    ]
    found += [Detail("held", each.variant, each.field, each.stored, each.desired) for each in outcome.held]
    has_others = outcome.action or outcome.conflicts or outcome.held or outcome.newly_withheld
    withheld = outcome.newly_withheld if has_others else outcome.withheld_before
    found += [
        Detail("withheld", each.variant, each.field, each.stored, each.value, owner=each.owner)
        for each in withheld
    ]
    return found


def _once(found: Sequence[Detail]) -> Iterator[Detail]:
    """Details with one for each withheld value, whatever the number of variants that want it."""
    variants: dict[tuple[str, Value, str], list[Detail]] = {}
    for each in found:
        if each.kind == "withheld":
            variants.setdefault((each.field, each.desired, each.owner), []).append(each)
    for each in found:
        same = variants.get((each.field, each.desired, each.owner), []) if each.kind == "withheld" else []
        if len(same) <= 1:
            yield each
        elif same[0] is each:
            yield each._replace(variant=f"{len(same)} variants", stored=None)


def by_kind(outcome: Outcome) -> dict[Kind, list[Detail]]:
    """The changes of a product, first its conflicts, held prices and withheld values; no empty lists."""
    found = details(outcome)
    groups = {kind: [each for each in found if each.kind == kind] for kind in KINDS}
    return {kind: group for kind, group in groups.items() if group}


def of_kind(result: RunResult, kind: Kind) -> Iterator[tuple[Outcome, list[Detail]]]:
    """Yield the products that have conflicts, held prices or withheld values, with these."""
    has_any = {"conflict": result.conflicts, "held": result.held, "withheld": result.withheld}[kind]
    for outcome in result.changes if has_any else ():  # which may be on disk
        if found := by_kind(outcome).get(kind):
            yield outcome, found


def abridged(found: list[Detail]) -> tuple[list[Detail], str]:
    """Keep only a few changes of variants, conflicts first; return words that count the others, if any."""
    of_variants = [each for each in found if each.variant]
    if len(of_variants) <= FEW:
        return found, ""
    of_variants.sort(key=lambda each: each.kind != "conflict")
    rest = of_variants[_FIRST:]
    conflicts = sum(each.kind == "conflict" for each in rest)
    counts = ((len(rest) - conflicts, "change"), (conflicts, "conflict"))
    words = " and ".join(f"{n} more {noun}{'s' if n > 1 else ''}" for n, noun in counts if n)
    return [each for each in found if not each.variant] + of_variants[:_FIRST], f"... and {words} of variants"


def change_lines(
    outcome: Outcome,
    arrow: str,
    found: list[Detail] | None = None,
    *,
    brief: bool = False,
    has_ids: bool = False,
    fits: Callable[[Line], bool] | None = None,
) -> Iterator[Line]:
    """Yield the reason of a problem, and a line for each field that was changed or kept its value.

    If `brief`, leave out what `abridged` leaves out, and say so. Ids of the store are left out unless
    `has_ids`. The values in a line are shortened until it `fits`.
    """
    named = str if has_ids else values.without_ids
    if outcome.reason:
        yield [(visible(named(outcome.reason)), "")]
    found = [*_once(details(outcome) if found is None else found)]
    found = [each._replace(owner=named(each.owner)) for each in found]
    shown, rest = abridged(found) if brief else (found, "")
    lengths = (values.LONG,) if fits is None else (*_WIDE, *(() if has_ids else _NARROW))
    for detail in shown:
        for longest in lengths:
            line = [(f"{detail.name}: ", "bold"), *line_about(detail, outcome.action, arrow, longest=longest)]
            if fits is None or fits(line):
                break
        yield line
    if rest:
        yield [(f"{rest}; --verbose lists them all", "yellow")]


def plain_lines(
    outcome: Outcome,
    arrow: str,
    found: list[Detail] | None = None,
    *,
    brief: bool = False,
    has_ids: bool = False,
) -> list[str]:
    """`change_lines` without styles."""
    lines = change_lines(outcome, arrow, found, brief=brief, has_ids=has_ids)
    return ["".join(text for text, _ in line) for line in lines]


def line_about(detail: Detail, action: Action | None, arrow: str, *, longest: int = values.LONG) -> Line:
    """The values of a field and where its change comes from, without its name."""
    if detail.kind == "withheld":
        return _about_withheld(detail)
    if detail.change:
        line = values.before_and_after(detail.stored, detail.change.planned, arrow, longest)
    else:
        line = [(visible(excerpts(detail.stored, detail.desired, longest)[0]), "")]
    notes = notes_about(detail, action, longest)
    style = "dim" if detail.kind == "change" else "yellow"
    return [*line, (f" ({notes})", style)] if notes else line


def _about_withheld(detail: Detail) -> Line:
    """The whole value and what has it, so that both can be found."""
    instead = "" if detail.stored is None else f"; this one has {detail.stored}"
    return [(visible(str(detail.desired)), ""), (visible(f" ({detail.owner} has it{instead})"), "yellow")]


def notes_about(detail: Detail, action: Action | None, longest: int) -> str:
    """Where a change comes from, or why there is none, and what the source wants."""
    winner = detail.winner
    wins = [f"the {winner.value} wins"] if winner else []
    if detail.change:
        found = _notes(detail.change, action, longest, is_contested=winner is not None)
        return "; ".join([*found, *_reserved(detail.change), *wins])
    wanted = visible(excerpts(detail.stored, detail.desired, longest)[1])
    if detail.reason:
        return f"kept; {detail.reason}" + ("" if detail.field == VARIANT else f"; before it: {wanted}")
    source = f"source: {wanted}"
    kept = "may be overwritten" if winner == OnConflict.SOURCE else "kept"
    if detail.kind == "withheld":
        owner = f"{source}, which belongs to {visible(detail.owner)}"
        return owner if detail.stored is None or action is Action.CREATE else f"{kept}; {owner}"
    why = _HELD if detail.kind == "held" else _UNKNOWN if action is Action.CREATE else _CONFLICT
    return "; ".join([kept, why, source, *wins])


def _notes(change: FieldChange, action: Action | None, longest: int, *, is_contested: bool) -> list[str]:
    """Say which side changed in the usual cases, otherwise what each side holds."""
    stored, planned, applied, desired = map(
        _comparable, (change.stored, change.planned, change.applied, change.desired)
    )
    if action not in {Action.UPDATE, Action.ADOPT}:
        return []
    if change.field == STATUS and change.setting == DRAFTING:  # the source has the product again
        return ["back in the source"]
    if planned == desired and not is_contested:
        if action is Action.ADOPT:  # nothing has been applied yet
            return []
        if applied == stored:
            return [f"changed by {change.setting}" if change.setting else "changed in the source"]
        if applied == desired:
            return ["missing in the store" if stored is None else "undoes a change in the store"]
    sides = _sides(change, longest, is_adopted=action is Action.ADOPT)
    return [*([_CONFLICT] if is_contested else []), *sides]


def _reserved(change: FieldChange) -> Iterator[str]:
    """What orders have reserved, and the number that the store gets."""
    if change.reserved and isinstance(change.planned, int):
        yield f"{change.reserved:g} reserved, so {change.planned + change.reserved:g} in stock"


def _sides(change: FieldChange, longest: int, *, is_adopted: bool) -> list[str]:
    """What the store, the record and the source hold, without what the line already shows."""
    is_set = isinstance(change.planned, tuple) or isinstance(change.stored, tuple)
    sides = [("store", change.stored)] if is_set else []
    if not is_adopted:
        sides.append((_LAST, change.applied))
    if is_set or change.desired != change.planned:
        sides.append(("source", change.desired))
    names = values.short_names(
        (
            member
            for label, value in sides
            for member in (value if isinstance(value, tuple) else ())
            if label != _LAST or not DIGEST.fullmatch(member)  # the record has digests of long texts
        ),
        longest,
    )
    groups: dict[object, tuple[Value, list[str]]] = {}
    for label, value in sides:
        groups.setdefault(_comparable(value), (value, []))[1].append(label)
    return [
        f"{' and '.join(labels)}: {values.side(value, names, longest)}" for value, labels in groups.values()
    ]


def _comparable(value: Value) -> object:
    """Sets are equal in any order, and an empty set equals None."""
    return (frozenset(value) or None) if isinstance(value, tuple) else value
