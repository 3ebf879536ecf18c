"""`medusa-sync products --help`."""

import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Mapping

import pytest
from typer.testing import CliRunner

from medusa_sync.cli import app
from medusa_sync.settings.option import GROUPS
from medusa_sync.settings.options import ALL_OPTIONS, OPTIONS
from tests.unit.snapshot import assert_same_as_file

COMMAND = [sys.executable, "-m", "medusa_sync", "products"]
LONGEST = 130  # lines at 80 columns
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def environment(**variables: str) -> Mapping[str, str]:
    ours = ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "COV", "GITHUB_ACTIONS", "TERM")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONIOENCODING": "utf-8", **variables}


def piped(**variables: str) -> str:
    return subprocess.check_output([*COMMAND, "--help"], env=environment(**variables), encoding="utf-8")


def on_terminal(columns: int, **variables: str) -> str:
    """What a terminal of this width shows."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, columns))
    process = subprocess.Popen(
        [*COMMAND, "--help"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment(**variables)
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # the other side is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    return shown.decode().replace("\r\n", "\n")


@pytest.fixture(scope="module")
def text() -> str:
    """The help at 80 columns."""
    return piped(COLUMNS="80")


def test_pipe_gets_80_columns_without_a_terminal_or_a_setting(text: str) -> None:
    assert piped() == text


@pytest.mark.parametrize("columns", [80, 200])
def test_help_is_as_reviewed(columns: int) -> None:
    shown = piped(COLUMNS=str(columns), NO_COLOR="1")
    assert max(map(len, shown.splitlines())) <= columns
    assert_same_as_file(f"help_{columns}.txt", shown)


@pytest.mark.parametrize("columns", [80, 200])
def test_terminal_shows_the_same_in_its_width_and_in_colour_unless_it_should_not(columns: int) -> None:
    plain = on_terminal(columns, NO_COLOR="1", TERM="xterm-256color")
    assert plain == piped(COLUMNS=str(columns))
    coloured = on_terminal(columns, TERM="xterm-256color")
    assert ANSI.search(coloured)
    assert ANSI.sub("", coloured) == plain
    assert on_terminal(columns, TERM="dumb") == plain


def test_forced_colour_does_not_reach_a_pipe(text: str) -> None:
    assert piped(COLUMNS="80", FORCE_COLOR="1") == text


def test_help_is_short(text: str) -> None:
    assert len(text.splitlines()) <= LONGEST


def test_no_word_is_cut(text: str) -> None:
    """Each option is followed by its whole help and its default, if line breaks are ignored."""
    inside = " ".join(line.strip("│ ") for line in text.splitlines())
    flat = " ".join(inside.split())
    assert "…" not in text
    for option in ALL_OPTIONS:
        if option.flag:
            default = "" if option.default in {None, "false"} else f" [default: {option.default}]"
            assert f" {option.flag} {option.metavar}".rstrip() + f" {option.help}{default}" in flat


def test_panels_are_the_groups_in_order(text: str) -> None:
    assert tuple(re.findall(r"^╭─ (.+?) ─+╮$", text, re.MULTILINE)) == GROUPS


def test_each_option_is_in_its_panel(text: str) -> None:
    panels = dict(zip(GROUPS, re.split(r"^╭─.*$", text, flags=re.MULTILINE)[1:], strict=True))
    for option in ALL_OPTIONS:
        assert not option.flag or re.search(rf"^│ {option.flag}\b", panels[option.group], re.MULTILINE)


def test_the_rule_names_exactly_the_variables_that_it_does_not_cover(text: str) -> None:
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text))
    exceptions = {each.variable for each in OPTIONS.values() if each.own_variable or each.is_secret}
    assert named == exceptions | {"SYNC_PRODUCTS_BATCH_SIZE"}
    assert OPTIONS["batch_size"].variable == "SYNC_PRODUCTS_BATCH_SIZE"
    for option in ALL_OPTIONS:
        if option.variable not in exceptions and option.flag and option.variable:
            assert option.variable == f"SYNC_PRODUCTS_{option.flag[2:].replace('-', '_').upper()}"


def test_help_ends_with_three_examples_whose_options_exist(text: str) -> None:
    examples = text.partition("Examples:\n")[2].splitlines()
    assert len(examples) == 3
    flags = {each.flag for each in ALL_OPTIONS}
    for line in examples:
        assert line.startswith("  medusa-sync products --")
        assert set(re.findall(r"--[a-z-]+", line)) <= flags


def test_output_that_is_not_unicode_gets_plain_borders(text: str) -> None:
    shown = piped(COLUMNS="80", PYTHONIOENCODING="ascii")
    assert shown.isascii()
    assert len(shown.splitlines()) == len(text.splitlines())


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [(f"{each.flag}s" if each.is_switch else each.flag[:-1], each.flag) for each in ALL_OPTIONS if each.flag],
)
def test_unknown_option_names_the_nearest_one(typed: str, nearest: str) -> None:
    result = CliRunner().invoke(app, ["products", typed], env={"COLUMNS": "80"})
    assert result.exit_code == 2
    assert result.stdout == ""
    message = " ".join(line.strip("│ ") for line in result.stderr.splitlines())
    assert f"No such option: {typed}" in message
    assert re.findall(r"Possible options: (.*)\)", message) == [nearest]
