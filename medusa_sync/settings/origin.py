"""The text of a setting, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    FLAG = "flag"
    VARIABLE = "variable"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True)
class Origin:
    """Where a setting comes from.

    Attributes:
        name: the flag, the variable or the path of the file; empty for a default.
        line: in the file, from 1; 0 for all others.
    """

    kind: Kind
    name: str = ""
    line: int = 0

    def __str__(self) -> str:
        match self.kind:
            case Kind.VARIABLE:
                return f"variable {self.name}"
            case Kind.FILE:
                return f"file {self.name}, line {self.line}"
            case _:
                return self.kind.value


@dataclass(frozen=True)
class Found:
    """A setting as it is written.

    Attributes:
        text: None if it has neither a value nor a default.
    """

    text: str | None
    origin: Origin = Origin(Kind.DEFAULT)

    @property
    def is_default(self) -> bool:
        return self.origin.kind is Kind.DEFAULT
