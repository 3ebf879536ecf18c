"""Outputs, errors and progress on a terminal and in a pipe."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from medusa_sync.report.output import output_to, print_error

ESC = "\x1b"
HINT = "Check --medusa-url (MEDUSA_BACKEND_URL)."


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def error_on(stream: Any, message: str = "no connection", hint: str = HINT) -> str:
    print_error(message, hint, output_to(stream))
    return str(stream.getvalue())


# --- outputs --------------------------------------------------------------------------------------------


def test_a_terminal_gets_colour() -> None:
    assert f"{ESC}[1;31merror: {ESC}[0m" in error_on(Terminal())


def test_a_pipe_gets_no_colour() -> None:
    assert error_on(io.StringIO()) == f"error: no connection\n  {HINT}\n"


@pytest.mark.parametrize("name", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_colour_variables_do_not_make_a_pipe_a_terminal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    assert not output_to(io.StringIO()).is_terminal
    assert ESC not in error_on(io.StringIO())


def test_no_color_removes_every_style(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert output_to(Terminal()).is_terminal
    assert ESC not in error_on(Terminal())


def test_an_empty_no_color_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    assert ESC in error_on(Terminal())


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_dumb_terminal_is_a_pipe(term: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", term)
    assert not output_to(Terminal()).is_terminal


@pytest.mark.parametrize("columns", ["0", "1"])
def test_a_terminal_with_hardly_any_columns_shows_everything(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert "connection" in error_on(Terminal())


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


# --- errors ---------------------------------------------------------------------------------------------


def test_the_following_lines_of_an_error_are_indented() -> None:
    assert error_on(io.StringIO(), "2 settings are wrong:\n  --limit: -1\nand one", "") == (
        "error: 2 settings are wrong:\n  --limit: -1\n  and one\n"
    )


def test_markup_and_escape_sequences_in_an_error_are_literal() -> None:
    assert error_on(io.StringIO(), "[red]x[/red] [/italic] \x1b[2J", "[b]\x07") == (
        "error: [red]x[/red] [/italic] \\x1b[2J\n  [b]\\x07\n"
    )


@given(message=st.text(st.characters()), hint=st.text(st.characters()), width=st.integers(1, 100))
def test_any_error_can_be_printed(message: str, hint: str, width: int) -> None:
    assert len(error_on(io.StringIO(), message, hint).split("\n")) == message.count("\n") + 2 + bool(hint)
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    print_error(message, hint, console)
