"""Runs a map: a jq program that turns an item of a source into products of our own format."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jq
import msgspec

from medusa_sync.errors import SettingsError
from medusa_sync.sources.maps import BUILT_IN
from medusa_sync.sources.text import one_line

_LONGEST = 300  # characters of a message
_DIGITS = 20
MAX_NUMBER = 2**53  # jq keeps numbers in double precision, so larger ones would be joined

_LONG_NUMBER = re.compile(rb"[0-9]{16}")
_UNAVAILABLE = ("env", "input", "inputs", "halt", "halt_error", "now", "modulemeta")
# A program must neither read secrets nor drop items, and its results must depend on the item alone.
_SHADOWS = "".join(f'def {name}: error("{name} is not available in a map"); ' for name in _UNAVAILABLE)
_SHADOWS += "def halt_error($_): halt; {} as $ENV | ("


class MapError(Exception):
    """A program fails for an item; the message is jq's."""


class Program:
    """A compiled map.

    Args:
        name: of a file, or of a map that comes with this tool.

    Raises:
        SettingsError: there is no such file, or it is not a valid program.
    """

    def __init__(self, name: str) -> None:
        known = {each.name for each in BUILT_IN}
        path = Path(__file__).with_name(f"{name}.jq") if name in known else Path(name)
        self.name = name if name in known else path.name
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            hint = f"; expected a file, or one of {', '.join(sorted(known))}"
            raise SettingsError([f"--source-map: {name} cannot be read ({reason}){hint}"]) from error
        try:
            self._program = jq.compile(f"{_SHADOWS}\n{text}\n)")
        except ValueError as error:
            problem = f"--source-map: {self.name} is not a valid jq program: {_reason(text, error)}"
            raise SettingsError([problem]) from error

    def parts(self, item: Any) -> Iterator[Any]:
        """What the program makes of an item.

        Args:
            item: a JSON object, or a `msgspec.Raw`.

        Raises:
            MapError: the program fails. What it gave before that came first.
        """
        text = bytes(item) if isinstance(item, msgspec.Raw) else json.dumps(item).encode()
        if _LONG_NUMBER.search(text):
            text = json.dumps(json.loads(text, parse_int=_exact)).encode()
        try:
            yield from self._program.input_text(text.decode(errors="replace"))
        except ValueError as error:
            raise MapError(f"{self.name}: {one_line(str(error)[:_LONGEST])}") from error


def _exact(digits: str) -> int | str:
    return digits if len(digits) > _DIGITS or abs(int(digits)) > MAX_NUMBER else int(digits)


def _reason(text: str, error: ValueError) -> str:
    """What jq says about a program by itself, so with its own lines."""
    try:
        jq.compile(text)
    except ValueError as own:
        error = own
    return str(error).removeprefix("jq: error: ").partition("\njq: ")[0].strip()
