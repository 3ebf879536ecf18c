"""Values of fields as reports show them: short, but so that differences are visible."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from medusa_sync.core.remembered import DIGEST
from medusa_sync.core.value import Value, excerpt, excerpts
from medusa_sync.report.escape import visible

Line: TypeAlias = list[tuple[str, str]]
"""Pieces of a line, each with its style."""

LONG = 60  # characters of a value that are shown
_ID = "[a-z]{2,12}_[0-9A-HJKMNP-TV-Z]{26}"  # of the store
_IDS = re.compile(rf" \({_ID}\)|^{_ID}: |(?<=inventory item) {_ID}(?= of )")
_MEMBERS = 3  # members of a set that are shown as removed, and as many as added
_SHORT = 30  # characters; a longer URL in a set is shown as its file name


def before_and_after(before: Value, after: Value, arrow: str, longest: int) -> Line:
    """The value before and after, or the members that a set loses and gains."""
    if isinstance(before, tuple | None) and isinstance(after, tuple | None):
        old_members, new_members = before or (), after or ()
        names = short_names((*old_members, *new_members), longest)
        removed = [names[member] for member in old_members if member not in new_members]
        added = [names[member] for member in new_members if member not in old_members]
        members = _signed("-", "red", removed) + _signed("+", "green", added)
        if members:
            return [piece for member in members for piece in ((", ", ""), member)][1:]
    old, new = excerpts(before, after, longest)
    return [(visible(old), "red"), (f" {arrow} ", ""), (visible(new), "green")]


def _signed(sign: str, style: str, names: Sequence[str]) -> Line:
    line = [(f"{sign}{name}", style) for name in names[:_MEMBERS]]
    rest = len(names) - len(line)
    return [*line, (f"{sign}{rest} more", style)] if rest else line


def without_ids(text: str) -> str:
    """A message without ids of the store that are beside a name."""
    return _IDS.sub("", text)


def side(value: Value, names: Mapping[str, str], longest: int) -> str:
    """What one side holds; a set is listed by the names of its members, as many as fit."""
    if isinstance(value, str) and DIGEST.fullmatch(value):
        return "another text"
    if not isinstance(value, tuple) or not value:
        return visible(excerpt(value, longest))
    named = [names[member] for member in value if member in names]
    shown: list[str] = []
    for name in named:
        if shown and len(", ".join([*shown, name])) > longest:
            break
        shown.append(name)
    if len(named) > len(shown):
        shown.append(f"{len(value) - len(shown)} more")
    elif nameless := len(value) - len(named):  # recorded as a digest
        shown.append("a long text" if nameless == 1 else f"{nameless} long texts")
    return ", ".join(shown)


def short_names(members: Iterable[str], longest: int) -> dict[str, str]:
    """Map the members of sets to names that are as short as possible but distinct."""
    distinct = dict.fromkeys(members)
    for shortened in (_file_name, clipped):
        names = {member: shortened(member, longest) for member in distinct}
        if len(set(names.values())) == len(distinct):
            return names
    return {member: visible(member) for member in distinct}


def _file_name(member: str, longest: int) -> str:
    is_long_url = len(member) > _SHORT and "://" in member
    return clipped((member.rpartition("/")[2] if is_long_url else "") or member, longest)


def clipped(member: str, longest: int = LONG) -> str:
    """Shorten in the middle, because the URLs of images differ at the end."""
    half = longest // 2
    return visible(member if len(member) <= longest else f"{member[:half]}...{member[-half:]}")
