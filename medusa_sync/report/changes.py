"""What changes in a product, in words: the value before and after, and which side the change comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from medusa_sync.core.change import Conflict, FieldChange
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import Value
from medusa_sync.core.record import DIGEST
from medusa_sync.core.result import Action, Outcome
from medusa_sync.report.text import visible

Words = list[tuple[str, str]]  # pieces of a line with their styles

_LONG = 60  # characters of a value that are shown
_CONTEXT = 15  # of them, those that are equal on both sides and stand before the first difference
_MEMBERS = 3  # of a set that are shown of those that leave it, and of those that join it
_SHORT = 30  # characters of an address that is shown whole among others; of a longer one, the file's name

_BOTH = "changed on both sides"
_LAST = "last applied"


def told(outcome: Outcome, arrow: str) -> Iterator[Words]:
    """What there is to say about a product, a line each: the reason of a problem, or field by field what
    changes and why.
    """
    if outcome.reason:
        yield [(visible(outcome.reason), "")]
    contested = {conflict.field for conflict in outcome.conflicts}
    for difference in outcome.changes:
        change = _change(difference, arrow)
        is_contested = difference.field in contested
        notes = _notes(difference, outcome.action, is_contested=is_contested)
        yield [_label(difference), *change, *_bracketed(notes, "yellow" if is_contested else "dim")]
    for conflict in outcome.conflicts:
        if conflict.kept == OnConflict.STORE:
            store, source = _excerpts(_shown(conflict.stored), _shown(conflict.desired))
            notes = [_BOTH, f"source: {visible(source)}"]
            yield [_label(conflict), (f"{visible(store)} stays", ""), *_bracketed(notes, "yellow")]


def _label(what: FieldChange | Conflict) -> tuple[str, str]:
    return f"{visible(what.field)}: ", "bold"


def _bracketed(notes: Sequence[str], style: str) -> Words:
    return [(f" ({'; '.join(notes)})", style)] if notes else []


# --- before and after -----------------------------------------------------------------------------------


def _change(difference: FieldChange, arrow: str) -> Words:
    """A value before and after, or for a set what leaves it and what joins it."""
    before, after = difference.stored, difference.planned
    if isinstance(before, tuple | None) and isinstance(after, tuple | None):
        moved = _moved(before or (), after or ())
        if moved:
            return moved
    old, new = _excerpts(_shown(before), _shown(after))
    return [(visible(old), "red"), (f" {arrow} ", ""), (visible(new), "green")]


def _moved(before: Sequence[str], after: Sequence[str]) -> Words:
    names = _names((*before, *after))
    left = _signed("-", "red", [names[member] for member in before if member not in after])
    joined = _signed("+", "green", [names[member] for member in after if member not in before])
    return [word for piece in left + joined for word in ((", ", ""), piece)][1:]


def _signed(sign: str, style: str, names: Sequence[str]) -> Words:
    words = [(f"{sign}{name}", style) for name in names[:_MEMBERS]]
    rest = len(names) - len(words)
    return [*words, (f"{sign}{rest} more", style)] if rest else words


def _shown(value: Value) -> str:
    if value is None or value == ():
        return "nothing"
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) or "an empty text"


# --- where it comes from --------------------------------------------------------------------------------


def _notes(difference: FieldChange, action: Action | None, *, is_contested: bool) -> list[str]:
    """What the two values do not say: in the usual cases who has moved, else what each side holds."""
    before, after, applied, source = (
        _comparable(value)
        for value in (difference.stored, difference.planned, difference.applied, difference.desired)
    )
    if action not in {Action.UPDATE, Action.ADOPT}:
        return []
    if difference.field == "status":  # the one field that follows the source's having the product at all
        return ["back in the source"]
    if after == source and not is_contested:
        if action is Action.ADOPT:  # nothing was ever applied to it
            return []
        if applied == before:
            return ["changed in the source"]
        if applied == source:
            return ["missing in the store" if before is None else "undoes a change in the store"]
    return [*([_BOTH] if is_contested else []), *_facts(difference, is_adopted=action is Action.ADOPT)]


def _facts(difference: FieldChange, *, is_adopted: bool) -> list[str]:
    """What the store, the record and the source hold; of a single value, only what does not stand there."""
    sides = [(_LAST, difference.applied)] if not is_adopted else []
    is_set = isinstance(difference.planned, tuple) or isinstance(difference.stored, tuple)
    if is_set or difference.desired != difference.planned:
        sides.append(("source", difference.desired))
    if is_set:
        sides.insert(0, ("store", difference.stored))
    names = _names(
        member
        for label, value in sides
        if isinstance(value, tuple)
        for member in value
        if label != _LAST or not DIGEST.fullmatch(member)
    )
    labels: dict[object, list[str]] = {}
    values: dict[object, Value] = {}
    for label, value in sides:
        labels.setdefault(_comparable(value), []).append(label)
        values.setdefault(_comparable(value), value)
    return [f"{' and '.join(labels[each])}: {_side(value, names)}" for each, value in values.items()]


def _comparable(value: Value) -> object:
    """Sets are equal in any order, and an empty one is nothing."""
    return (frozenset(value) or None) if isinstance(value, tuple) else value


def _side(value: Value, names: dict[str, str]) -> str:
    if isinstance(value, tuple) and value:
        return _listed([names[member] for member in value if member in names], len(value))
    if isinstance(value, str) and DIGEST.fullmatch(value):
        return "another text"
    return visible(_excerpt(_shown(value), 0))


def _listed(names: Sequence[str], number: int) -> str:
    """Members by name, as many as fit; what has no name is one of the long texts that the record keeps."""
    shown: list[str] = []
    for name in names:
        if shown and len(", ".join([*shown, name])) > _LONG:
            break
        shown.append(name)
    if len(names) > len(shown):
        shown.append(f"{number - len(shown)} more")
    elif nameless := number - len(names):
        shown.append("a long text" if nameless == 1 else f"{nameless} long texts")
    return ", ".join(shown)


# --- long values ----------------------------------------------------------------------------------------


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


def _names(members: Iterable[str]) -> dict[str, str]:
    """The members of a set as they are shown: as short as they can still be told apart."""
    distinct = dict.fromkeys(members)
    for shortened in (_file_name, _clipped):
        names = {member: shortened(member) for member in distinct}
        if len(set(names.values())) == len(distinct):
            return names
    return {member: visible(member) for member in distinct}


def _file_name(member: str) -> str:
    is_long_address = len(member) > _SHORT and "://" in member
    return _clipped((member.rpartition("/")[2] if is_long_address else "") or member)


def _clipped(member: str) -> str:
    """Of a long member both ends, as the addresses of images differ in theirs."""
    half = _LONG // 2
    return visible(member if len(member) <= _LONG else f"{member[:half]}...{member[-half:]}")
