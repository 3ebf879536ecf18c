"""Describes the changes of a product: values, and where each change comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from medusa_sync.core.change import FieldChange
from medusa_sync.core.fields import STATUS, VARIANT
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import Value
from medusa_sync.core.record import DIGEST
from medusa_sync.core.result import Action, Outcome
from medusa_sync.report.details import Detail, abridged, details
from medusa_sync.report.escape import visible

Line = list[tuple[str, str]]
"""Pieces of a line, each with its style."""

_LONG = 60  # characters of a value that are shown
_SHORTER = (_LONG, 48, 36, 24, 16)  # the same on a narrow terminal, until the line fits
_CONTEXT = 4  # a part of this size of two long values is shown before the first character that differs
_MEMBERS = 3  # members of a set that are shown as removed, and as many as added
_SHORT = 30  # characters; a longer URL in a set is shown as its file name

_CONFLICT = "changed on both sides"
_UNKNOWN = "the store has no such status"
_HELD = "above --max-price-change"
_LAST = "last applied"
_WINS = {OnConflict.SOURCE: "the source wins", OnConflict.STORE: "the store wins"}


# --- lines ----------------------------------------------------------------------------------------------


def change_lines(
    outcome: Outcome, arrow: str, *, brief: bool = False, fits: Callable[[Line], bool] = lambda _line: True
) -> Iterator[Line]:
    """Yield the reason of a problem, a line per field change, and a line per field that kept its value.

    Args:
        outcome: the product.
        arrow: between the value before and after.
        brief: leave out what `abridged` leaves out, and say so.
        fits: whether a line is short enough; if not, its values are shortened, but not what is said about
            them.
    """
    if outcome.reason:
        yield [(visible(outcome.reason), "")]
    shown, rest = abridged(outcome) if brief else (details(outcome), "")
    for detail in shown:
        lines = (
            [(f"{name_of(detail)}: ", "bold"), *line_about(detail, outcome.action, arrow, longest=longest)]
            for longest in _SHORTER
        )
        line = next(lines)
        while not fits(line) and (shorter := next(lines, None)):
            line = shorter
        yield line
    if rest:
        yield [(f"{rest}; --verbose lists them all", "yellow")]


def plain_lines(outcome: Outcome, arrow: str, *, brief: bool = False) -> list[str]:
    """`change_lines` without styles."""
    return ["".join(text for text, _ in line) for line in change_lines(outcome, arrow, brief=brief)]


def line_about(detail: Detail, action: Action | None, arrow: str, *, longest: int = _LONG) -> Line:
    """The values of a field and where its change comes from, without its name.

    Args:
        detail: of the product.
        action: what was done to the product.
        arrow: between the value before and after.
        longest: characters of a value that are shown.
    """
    change, conflict = detail.change, detail.conflict
    wins = [_WINS[conflict.kept]] if conflict else []
    if change is not None:
        notes = _notes(change, action, longest, is_contested=conflict is not None)
        values = _values(change, arrow, longest)
        return [*values, *_in_brackets([*notes, *wins], "yellow" if conflict else "dim")]
    side = conflict or detail.held
    stored, wanted = _excerpts(_shown(detail.stored), _shown(side.desired if side else None), longest)
    state = "may be overwritten" if conflict and conflict.kept == OnConflict.SOURCE else "kept"
    reason = _HELD if detail.held else _UNKNOWN if action is Action.CREATE else _CONFLICT
    notes = [state, reason, f"source: {visible(wanted)}", *wins]
    return [(visible(stored), ""), *_in_brackets(notes, "yellow")]


def name_of(detail: Detail) -> str:
    """The name of a field, with its variant."""
    name = visible(detail.field)
    if not detail.variant:
        return name
    return f"{name}{'' if detail.field == VARIANT else ' of'} {_clipped(detail.variant)}"


def _in_brackets(notes: Sequence[str], style: str) -> Line:
    return [(f" ({'; '.join(notes)})", style)] if notes else []


# --- values ---------------------------------------------------------------------------------------------


def _values(change: FieldChange, arrow: str, longest: int) -> Line:
    """The value before and after, or the members that a set loses and gains."""
    before, after = change.stored, change.planned
    if isinstance(before, tuple | None) and isinstance(after, tuple | None):
        members = _members(before or (), after or (), longest)
        if members:
            return members
    old, new = _excerpts(_shown(before), _shown(after), longest)
    return [(visible(old), "red"), (f" {arrow} ", ""), (visible(new), "green")]


def _members(before: Sequence[str], after: Sequence[str], longest: int) -> Line:
    names = _names((*before, *after), longest)
    removed = _signed("-", "red", [names[member] for member in before if member not in after])
    added = _signed("+", "green", [names[member] for member in after if member not in before])
    return [piece for member in removed + added for piece in ((", ", ""), member)][1:]


def _signed(sign: str, style: str, names: Sequence[str]) -> Line:
    line = [(f"{sign}{name}", style) for name in names[:_MEMBERS]]
    rest = len(names) - len(line)
    return [*line, (f"{sign}{rest} more", style)] if rest else line


def _shown(value: Value) -> str:
    if value is None or value == ():
        return "nothing"
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) or "an empty text"


# --- where a change comes from --------------------------------------------------------------------------


def _notes(change: FieldChange, action: Action | None, longest: int, *, is_contested: bool) -> list[str]:
    """Say which side changed in the usual cases, otherwise what each side holds."""
    stored, planned, applied, desired = map(
        _comparable, (change.stored, change.planned, change.applied, change.desired)
    )
    if action not in {Action.UPDATE, Action.ADOPT}:
        return []
    if change.field == STATUS:  # it changes if the source has the product again
        return ["back in the source"]
    if planned == desired and not is_contested:
        if action is Action.ADOPT:  # nothing has been applied yet
            return []
        if applied == stored:
            return ["changed in the source"]
        if applied == desired:
            return ["missing in the store" if stored is None else "undoes a change in the store"]
    sides = _sides(change, longest, is_adopted=action is Action.ADOPT)
    return [*([_CONFLICT] if is_contested else []), *sides]


def _sides(change: FieldChange, longest: int, *, is_adopted: bool) -> list[str]:
    """What the store, the record and the source hold, without what the line already shows."""
    is_set = isinstance(change.planned, tuple) or isinstance(change.stored, tuple)
    sides = [("store", change.stored)] if is_set else []
    if not is_adopted:
        sides.append((_LAST, change.applied))
    if is_set or change.desired != change.planned:
        sides.append(("source", change.desired))
    members = (
        member
        for label, value in sides
        if isinstance(value, tuple)
        for member in value
        if label != _LAST or not DIGEST.fullmatch(member)
    )
    names = _names(members, longest)
    groups: dict[object, tuple[Value, list[str]]] = {}
    for label, value in sides:
        groups.setdefault(_comparable(value), (value, []))[1].append(label)
    return [f"{' and '.join(labels)}: {_side(value, names, longest)}" for value, labels in groups.values()]


def _comparable(value: Value) -> object:
    """Sets are equal in any order, and an empty set equals None."""
    return (frozenset(value) or None) if isinstance(value, tuple) else value


def _side(value: Value, names: dict[str, str], longest: int) -> str:
    if isinstance(value, tuple) and value:
        return _listed([names[member] for member in value if member in names], len(value), longest)
    if isinstance(value, str) and DIGEST.fullmatch(value):
        return "another text"
    return visible(_excerpt(_shown(value), 0, longest))


def _listed(names: Sequence[str], number: int, longest: int) -> str:
    """List as many members as fit; a member without a name is a long text, recorded as a digest."""
    shown: list[str] = []
    for name in names:
        if shown and len(", ".join([*shown, name])) > longest:
            break
        shown.append(name)
    if len(names) > len(shown):
        shown.append(f"{number - len(shown)} more")
    elif nameless := number - len(names):
        shown.append("a long text" if nameless == 1 else f"{nameless} long texts")
    return ", ".join(shown)


# --- long values ----------------------------------------------------------------------------------------


def _excerpts(before: str, after: str, longest: int) -> tuple[str, str]:
    """Cut two long texts so that their first difference is visible."""
    if max(len(before), len(after)) <= longest:
        return before, after
    shorter = min(len(before), len(after))
    equal = next((index for index in range(shorter) if before[index] != after[index]), shorter)
    start = max(equal - longest // _CONTEXT, 0)
    return _excerpt(before, start, longest), _excerpt(after, start, longest)


def _excerpt(text: str, start: int, longest: int) -> str:
    end = start + longest
    return ("..." if start else "") + text[start:end] + ("..." if len(text) > end else "")


def _names(members: Iterable[str], longest: int) -> dict[str, str]:
    """Map the members of sets to names that are as short as possible but distinct."""
    distinct = dict.fromkeys(members)
    for shortened in (_file_name, _clipped):
        names = {member: shortened(member, longest) for member in distinct}
        if len(set(names.values())) == len(distinct):
            return names
    return {member: visible(member) for member in distinct}


def _file_name(member: str, longest: int) -> str:
    is_long_url = len(member) > _SHORT and "://" in member
    return _clipped((member.rpartition("/")[2] if is_long_url else "") or member, longest)


def _clipped(member: str, longest: int = _LONG) -> str:
    """Shorten in the middle, because the URLs of images differ at the end."""
    half = longest // 2
    return visible(member if len(member) <= longest else f"{member[:half]}...{member[-half:]}")
