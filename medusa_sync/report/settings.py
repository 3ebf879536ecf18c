"""Shows the settings and where they come from, without secrets."""

from __future__ import annotations

from typing import Any

from medusa_sync.redact import Redactor
from medusa_sync.report.escape import visible
from medusa_sync.report.json import print_json
from medusa_sync.report.output import Output, print_line
from medusa_sync.settings.load import Loaded
from medusa_sync.settings.options import ALL_OPTIONS

_VERSION = 1
_WIDTH = 32  # columns of a value; a longer one moves only its own origin to the right


def print_settings(loaded: Loaded, output: Output) -> None:
    """Print a line for each setting, or one JSON document with `--json`."""
    redactor = Redactor(loaded.settings.secrets())
    shown: list[tuple[Any, Any, Any]] = []
    for option in ALL_OPTIONS:
        found = loaded.found.get(option.name)
        if found is None:
            continue
        value = getattr(loaded.settings, option.name, None)
        if found.text is not None and not isinstance(value, bool | int | float):
            value = redactor(option.masked(found.text))
        shown.append((option, found, value))
    if loaded.settings.json:
        settings = {
            option.name: {
                "value": value,
                "origin": {"kind": found.kind}
                | ({"name": found.name} if found.name else {})
                | ({"line": found.line} if found.line else {}),
            }
            for option, found, value in shown
        }
        print_json({"version": _VERSION, "settings": settings}, output)
        return
    names = [option.flag or option.variable for option, _, _ in shown]
    width = max(map(len, names))
    for name, (_, found, value) in zip(names, shown, strict=True):
        line = f"{name:{width}}  {visible(_text(value)):{_WIDTH}}  {visible(found.origin)}"
        print_line(output, (line, "dim") if found.kind == "default" else line)


def _text(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return str(value).lower()
        case float():
            return str(value).removesuffix(".0")
        case _:
            return str(value)
