"""Runs the quick tests on the installed wheel, with several versions of Python (`make release`).

The tests come from the sdist, so that it is complete too.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from medusa_sync import __version__
from tests.harness.pythons import python_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "release"
DIST = ROOT / "dist"
UV = Path(sys.executable).with_name("uv")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pythons", nargs="+", metavar="VERSION")
    parser.add_argument("--workers", default="2")
    given = parser.parse_args()
    missing = [python for python in given.pythons if not test(python, given.workers)]
    if missing:
        print(f"NOT TESTED, because uv cannot provide it: Python {', '.join(missing)}")
        sys.exit(os.environ.get("CI") == "true")


def test(python: str, workers: str) -> bool:
    """Run the quick tests; return False if there is no such Python."""
    environment = FOLDER / python
    made = subprocess.run(
        [UV, "venv", "--quiet", "--clear", "--python", python_of(python) or python, environment], check=False
    )
    if made.returncode != 0:
        return False
    interpreter = environment / "bin" / "python"
    install: list[str | Path] = [UV, "pip", "install", "--quiet", "--python", interpreter]
    subprocess.run([*install, "--requirement", ROOT / "requirements.lock"], check=True)
    subprocess.run([*install, "--no-deps", DIST / f"medusa_sync-{__version__}-py3-none-any.whl"], check=True)
    folder = _sources(environment, interpreter)
    print(f"--- Python {python}", flush=True)
    tests = ["-m", "pytest", "--quiet", "--numprocesses", workers, "tests/unit", "tests/flow"]
    subprocess.run([interpreter, *tests], cwd=folder, check=True)
    return True


def _sources(environment: Path, interpreter: Path) -> Path:
    """The sdist, with the package of the wheel instead of its own."""
    with tarfile.open(DIST / f"medusa_sync-{__version__}.tar.gz") as archive:
        archive.extractall(environment / "sdist", filter="data")
    [folder] = (environment / "sdist").iterdir()
    find = "import medusa_sync; print(medusa_sync.__path__[0])"
    installed = subprocess.check_output([interpreter, "-c", find], cwd=environment, text=True).strip()
    assert "site-packages" in installed
    shutil.rmtree(folder / "medusa_sync")
    (folder / "medusa_sync").symlink_to(installed)
    return folder


if __name__ == "__main__":
    main()
