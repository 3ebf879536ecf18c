"""Codes of warnings and notes, which never change; `codes.csv` is their table."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Self


class Note(str):
    """A remark about a run.

    Attributes:
        name: of its row in the table.
    """

    __slots__ = ("name",)
    name: str

    def __new__(cls, name: str, text: str) -> Self:
        note = super().__new__(cls, text)
        note.name = name
        return note

    def __reduce__(self) -> tuple[type[Note], tuple[str, str]]:  # for pickle
        return Note, (self.name, str(self))

    @property
    def code(self) -> str:
        return code_of(self.name)


def code_of(name: str) -> str:
    """The code of a note or a log event, such as `W101`; empty if it has none."""
    return table()[name]["code"] if name in table() else ""


@cache
def table() -> Mapping[str, Mapping[str, str]]:
    """The rows by name; each has `code`, `name`, `meaning` and `remedy`."""
    import csv  # most runs need no code

    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}
