"""Colour and errors on terminals and in pipes."""

import io
from typing import Any

import pytest

from medusa_sync.report.output import output_to, print_error
from tests.unit.results import Terminal

ESC = "\x1b"
HINT = "Check --medusa-url (MEDUSA_BACKEND_URL)."


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def error_on(stream: Any, message: str = "no connection", hint: str = HINT) -> str:
    print_error(message, hint, output_to(stream))
    return str(stream.getvalue())


@pytest.mark.parametrize(
    ("stream", "variables", "is_terminal", "has_colour"),
    [
        (Terminal, {}, True, True),
        (io.StringIO, {}, False, False),
        (io.StringIO, {"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1"}, False, False),
        (Terminal, {"NO_COLOR": "1"}, True, False),
        (Terminal, {"NO_COLOR": ""}, True, True),
        (Terminal, {"TERM": "dumb"}, False, False),
        (Terminal, {"TERM": "unknown"}, False, False),
        (Terminal, {"COLUMNS": "0"}, True, True),
        (Terminal, {"COLUMNS": "1"}, True, True),
    ],
)
def test_only_a_terminal_gets_colour(
    stream: Any, variables: Any, monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool, has_colour: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert output_to(stream()).is_terminal is is_terminal
    shown = error_on(stream())
    assert (f"{ESC}[1;31merror: {ESC}[0m" in shown) is (ESC in shown) is has_colour
    assert "connection" in shown
    assert is_terminal or shown == f"error: no connection\n  {HINT}\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1257", "utf-8"])
def test_characters_that_a_stream_cannot_encode_are_escaped(encoding: str) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding, errors="strict")
    print_error("湯 é \ud800", "", output_to(stream))
    stream.flush()
    assert written.getvalue().decode(encoding) in {
        "error: \\u6e6f \\xe9 \\ud800\n",
        "error: \\u6e6f é \\ud800\n",
        "error: 湯 é \\ud800\n",
    }


@pytest.mark.parametrize(
    ("message", "hint", "shown"),
    [
        ("2 are wrong:\n  --limit: -1\nand one", "", "error: 2 are wrong:\n  --limit: -1\n  and one\n"),
        ("[red]x[/red] [/i] \x1b[2J", "[b]\x07", "error: [red]x[/red] [/i] \\x1b[2J\n  [b]\\x07\n"),
    ],
)
def test_the_lines_of_an_error_are_indented_and_literal(message: str, hint: str, shown: str) -> None:
    assert error_on(io.StringIO(), message, hint) == shown
