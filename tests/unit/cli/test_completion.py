"""Completion, through the variables that the scripts of Typer set."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from medusa_sync.core.fields import NAMES
from medusa_sync.settings.options import ALL_OPTIONS, OPTIONS

COMMAND = [sys.executable, "-m", "medusa_sync"]
FILES: list[str] = []  # no values: the shell completes files


def complete(shell: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        COMMAND,
        env={**os.environ, "_MEDUSA_SYNC_COMPLETE": f"complete_{shell}", **variables},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def in_bash(line: str) -> list[str]:
    words = line.split(" ")
    done = complete("bash", COMP_WORDS="\n".join(words), COMP_CWORD=str(len(words) - 1))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def in_zsh(line: str) -> list[str]:
    done = complete("zsh", _TYPER_COMPLETE_ARGS=line)
    assert (done.returncode, done.stderr) == (0, "")
    if done.stdout == "_files\n":
        return FILES
    values = done.stdout.removeprefix("_arguments '*: :((").removesuffix("))'\n").splitlines()
    return [value.split('":"')[0].strip('"') for value in values]


def in_fish(line: str) -> list[str]:
    asked = complete("fish", _TYPER_COMPLETE_ARGS=line, _TYPER_COMPLETE_FISH_ACTION="is-args")
    if asked.returncode == 1:
        return FILES
    done = complete("fish", _TYPER_COMPLETE_ARGS=line, _TYPER_COMPLETE_FISH_ACTION="get-args")
    assert (asked.returncode, done.returncode, done.stderr) == (0, 0, "")
    return [value.split("\t")[0] for value in done.stdout.splitlines()]


in_each_shell = pytest.mark.parametrize("in_shell", [in_bash, in_zsh, in_fish], ids=["bash", "zsh", "fish"])
Shell = Callable[[str], list[str]]


@in_each_shell
@pytest.mark.parametrize(
    ("typed", "values"), [("--dry-run --on-missing d", ["draft", "delete"]), ("--report ", FILES)]
)
def test_values_of_an_option_are_completed(typed: str, values: list[str], in_shell: Shell) -> None:
    assert in_shell(f"medusa-sync products {typed}") == values


@in_each_shell
def test_options_are_completed(in_shell: Shell) -> None:
    assert in_shell("medusa-sync products --on-m") == ["--on-missing"]
    assert in_shell("medusa-sync products --on-d") == ["--on-deleted"]  # --help does not show it


@pytest.mark.parametrize(
    ("name", "typed", "values"),
    [
        ("batch_size", "", ["auto"]),
        ("log_format", "j", ["json"]),
        ("only", "price", ["price"]),
        ("only", "price,stock,pri", []),
        ("only", "", list(NAMES)),
        ("on_conflict", "", ["source", "store", *(f"{name}=" for name in NAMES)]),
        ("on_conflict", "source,ti", ["source,title="]),
        ("on_conflict", "source,title=", ["source,title=source", "source,title=store"]),
        ("timezone", "Europe/Rig", ["Europe/Riga"]),
        ("currency", "", []),
        ("max_removals", "", []),
        ("source", "", []),
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
