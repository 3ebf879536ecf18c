"""Shows the settings and where they come from, without secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from medusa_sync.redact import Redactor
from medusa_sync.report.escape import visible
from medusa_sync.report.json import as_document
from medusa_sync.report.output import Output, print_line
from medusa_sync.settings.load import Loaded
from medusa_sync.settings.option import Option
from medusa_sync.settings.options import ALL_OPTIONS
from medusa_sync.settings.origin import Found, Origin

_VERSION = 1
_WIDTH = 32  # columns of a value; a longer one moves only its own origin to the right


def print_settings(loaded: Loaded, output: Output) -> None:
    """Print a line for each setting, or one JSON document with `--json`."""
    if loaded.settings.json:
        output.file.write(f"{as_document(_document(loaded), output)}\n")
        return
    rows = [
        (option.flag or option.variable, visible(_text(value)), found)
        for option, found, value in _settings(loaded)
    ]
    name_width = max(len(name) for name, _, _ in rows)
    for name, value, found in rows:
        line = f"{name:{name_width}}  {value:{_WIDTH}}  {visible(str(found.origin))}"
        print_line(output, (line, "dim") if found.is_default else line)


def _settings(loaded: Loaded) -> Iterator[tuple[Option, Found, Any]]:
    """Yield each setting with its value: a number, a switch, or the text as it is written."""
    redactor = Redactor(loaded.settings.secrets())
    for option in ALL_OPTIONS:
        found = loaded.found.get(option.name)
        if found is None:
            continue
        value = getattr(loaded.settings, option.name, None)
        if found.text is None or isinstance(value, bool | int | float):
            yield option, found, value
        else:
            yield option, found, redactor(option.shown(found.text))


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


def _document(loaded: Loaded) -> dict[str, Any]:
    settings = {
        option.name: {"value": value, "origin": _origin(found.origin)}
        for option, found, value in _settings(loaded)
    }
    return {"version": _VERSION, "settings": settings}


def _origin(origin: Origin) -> dict[str, Any]:
    return (
        {"kind": origin.kind.value}
        | ({"name": origin.name} if origin.name else {})
        | ({"line": origin.line} if origin.line else {})
    )
