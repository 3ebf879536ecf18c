"""The command as its users have it: the package and what it depends on, and nothing that a contributor needs.

What else is installed counts: httpx imports trio when it finds it, which takes as long as httpx itself.
A copy also keeps what is measured apart from what is being edited.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Installed:
    """A virtual environment with the package in it."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def command(self) -> Path:
        return self.folder / "bin" / "medusa-sync"


def install(folder: Path) -> Installed:
    """Make the environment anew."""
    installed = Installed(folder.absolute())
    subprocess.run([sys.executable, "-m", "venv", "--clear", installed.folder], check=True)
    pip: list[str | Path] = [installed.python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", "--compile", _ROOT], check=True
    )  # no start is slower for being the first
    return installed
