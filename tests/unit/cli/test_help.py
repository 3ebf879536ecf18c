"""`medusa-sync products --help` and `--help-all`, and completion as in bash."""

import os
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from medusa_sync.cli import app
from medusa_sync.core.fields import NAMES
from medusa_sync.errors import EXIT_CODES
from medusa_sync.settings.option import GROUPS
from medusa_sync.settings.options import ALL_OPTIONS, OPTIONS

FLAGS = [each for each in ALL_OPTIONS if each.flag]


def shown(flag: str, columns: int = 80) -> str:
    result = CliRunner().invoke(app, ["products", flag], env={"COLUMNS": str(columns), "TERM": "dumb"})
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("flag", ["--help", "--help-all"])
def test_help_shows_the_common_options_and_help_all_shows_all_of_them_once(flag: str) -> None:
    expected = [each.flag for each in FLAGS if each.is_common or flag == "--help-all"]
    assert len(expected) == 30 or flag == "--help-all"
    text = shown(flag)
    options = re.findall(r"^  (?:-h, )?(--[a-z-]+)", text, re.MULTILINE)
    assert sorted(options) == sorted([*expected, "--help", "--help-all"])
    assert re.findall(r"^([A-Z].+?):$", text, re.MULTILINE) == [*GROUPS, "Examples"]
    assert "…" not in text, "nothing is cut"


def test_each_option_has_its_whole_help_and_its_default() -> None:
    text = " ".join(shown("--help-all", 120).split())
    for option in FLAGS:
        default = "" if option.default in {None, "false"} else f" Default: {option.default}."
        assert " ".join(f"{option.flag} {option.metavar} {option.help}{default}".split()) in text


@pytest.mark.parametrize("columns", [70, 80, 120, 400])
def test_texts_about_options_are_in_one_column(columns: int) -> None:
    lines = shown("--help-all", columns).splitlines()
    assert max(map(len, lines)) <= min(columns, 120)
    block = lines[lines.index("Source:") : lines.index("Output:")]
    begins = {len(line) - len(line.lstrip()) for line in block if line.startswith("   ")}
    assert len(begins) == 1


@pytest.mark.parametrize("columns", [40, 50, 69])
def test_a_narrow_terminal_cuts_nothing(columns: int) -> None:
    lines = shown("--help-all", columns).splitlines()
    assert max(map(len, lines)) <= columns
    wide, narrow = shown("--help-all", 400), "".join("".join(lines).split())
    texts = [wide.partition("Source:")[0], wide.partition("Exit codes:")[2]]
    for option in FLAGS:
        assert f"  {option.flag} {option.metavar}".rstrip() in lines
        texts += [option.help, option.shown_default]
    assert not [text for text in texts if "".join(text.split()) not in narrow]


def test_the_help_names_each_exit_code() -> None:
    sentence = shown("--help").partition("Exit codes:")[2].partition("Examples:")[0]
    assert {int(number) for number in re.findall(r"[0-9]+", sentence)} == {*EXIT_CODES, 143}


def test_the_text_names_exactly_the_variables_that_the_rule_does_not_cover() -> None:
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", shown("--help", 200)))
    exceptions = {each.variable for each in ALL_OPTIONS if each.own_variable or each.is_secret}
    assert named == exceptions | {"SYNC_PRODUCTS_BATCH_SIZE"}


def test_the_options_of_the_examples_exist() -> None:
    examples = shown("--help").partition("Examples:")[2].strip().splitlines()
    assert len(examples) == 3
    assert set(re.findall(r"--[a-z-]+", " ".join(examples))) <= {each.flag for each in FLAGS}


def test_unknown_option_names_similar_ones() -> None:
    result = CliRunner().invoke(app, ["products", "--curency"], env={"COLUMNS": "80"})
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--currency" in result.stderr


def in_bash(line: str) -> list[str]:
    words = line.split(" ")
    variables = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    environment = {**os.environ, "_MEDUSA_SYNC_COMPLETE": "complete_bash", **variables}
    command = [sys.executable, "-m", "medusa_sync"]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_options_and_their_values_are_completed() -> None:
    """Also options that `--help` does not show."""
    assert in_bash("medusa-sync products --on-d") == ["--on-deleted"]
    assert in_bash("medusa-sync products --dry-run --on-missing d") == ["draft", "delete"]
    assert in_bash("medusa-sync products --help-all --on-d") == ["--on-deleted"]


@pytest.mark.parametrize(
    ("name", "typed", "values"),
    [
        ("log_format", "j", ["json"]),
        ("only", "price,stock,pri", []),
        ("only", "", list(NAMES)),
        ("on_conflict", "", ["source", "store", *(f"{name}=" for name in NAMES)]),
        ("on_conflict", "source,ti", ["source,title="]),
        ("on_conflict", "source,title=", ["source,title=source", "source,title=store"]),
        ("timezone", "Europe/Rig", ["Europe/Riga"]),
        *((name, "", []) for name in ("currency", "max_removals", "source")),
    ],
)
def test_completions_of_values(name: str, typed: str, values: list[str]) -> None:
    assert OPTIONS[name].completions(typed) == values


def test_every_completed_value_is_valid_and_files_are_left_to_the_shell() -> None:
    for option in ALL_OPTIONS:
        for value in option.completions(""):
            if not value.endswith("="):
                option.read(value)
        assert "FILE" not in option.metavar.split("|") or option.completions("") == []


def test_without_a_command_it_shows_the_commands() -> None:
    result = CliRunner().invoke(app, [], env={"COLUMNS": "80"})
    assert result.exit_code == 2
    assert "error:" not in result.output
    lines = result.output.splitlines()
    assert [line for line in lines if re.match(r"[A-Z]\w+:$", line)] == ["Commands:", "Options:"]
    starts = {line.rindex("  ") + 2 for line in lines if re.match(r"  [a-z-]", line)}
    assert starts == {34}, "all texts are in one column"


def test_examples_keep_their_places() -> None:
    assert "\n  medusa-sync products --loop" in shown("--help")
