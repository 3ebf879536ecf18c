"""Ctrl-C while the command is imported."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULE, _, NAME = PROJECT["scripts"]["medusa-sync"].partition(":")


@pytest.mark.parametrize("start", [["-m", "medusa_sync"], ["-c", f"from {MODULE} import {NAME}; {NAME}()"]])
def test_ctrl_c_during_the_start_shows_no_traceback(start: list[str], tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt", encoding="utf-8")
    command = [sys.executable, *start, "--help"]
    environment = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
