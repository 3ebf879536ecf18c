"""Installs the command as users have it, without development dependencies."""

# Other packages matter: httpx imports trio if it is installed, which takes as long as importing httpx.
# The copy also protects the measurement from edits of the source.

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Installed:
    """A virtual environment with the package."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def command(self) -> Path:
        return self.folder / "bin" / "medusa-sync"


def install(folder: Path) -> Installed:
    """Create the environment again."""
    installed = Installed(folder.absolute())
    subprocess.run([sys.executable, "-m", "venv", "--clear", installed.folder], check=True)
    pip: list[str | Path] = [installed.python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", "--compile", _ROOT], check=True
    )  # compiles the modules, so that the first start is not slower
    return installed
