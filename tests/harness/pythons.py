"""Finds the Pythons of this machine."""

import os
import subprocess
from pathlib import Path

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))


def python_of(version: str) -> str | None:
    """Return an interpreter of that version, on PATH or installed by pyenv."""
    found = [f"python{version}", *map(str, PYENV.glob(f"versions/{version}.*/bin/python"))]
    return next(filter(is_installed, found), None)


def is_installed(python: str) -> bool:
    try:
        return subprocess.run([python, "--version"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
