"""Completion, through the variables that the script of Typer for bash sets."""

import os
import subprocess
import sys

import pytest

from medusa_sync.core.fields import NAMES
from medusa_sync.settings.options import ALL_OPTIONS, OPTIONS


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
