"""Applies each bug of bugs.toml to a copy of the package, and expects that a test of the world finds it.

`python -m tests.world.mutants [--seconds 60] [WORD ...]` takes the bugs whose file or description has a word.
"""

import argparse
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

from msgspec import Struct, convert

ROOT = Path(__file__).parents[3]
BUGS = Path(__file__).with_name("bugs.toml")
_ENDLESS = "it never ends"


class Bug(Struct, frozen=True, kw_only=True):
    """A change of one place in the package.

    Attributes:
        file: below `medusa_sync/`.
        old: the text that is replaced; the file has it once.
        new: what it becomes.
        says: what users would see.
        survives: why no test can find it; empty if one has to.
    """

    file: str
    old: str
    new: str
    says: str
    survives: str = ""

    def apply(self, package: Path) -> None:
        path = package / self.file
        text = path.read_text()
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} has {text.count(self.old)} times: {self.old}")
        path.write_text(text.replace(self.old, self.new))


class Verdict(Struct, frozen=True):
    """Whether a bug was found: by what, and after how many seconds."""

    bug: Bug
    found: str
    seconds: float

    @property
    def is_expected(self) -> bool:
        return bool(self.found) != bool(self.bug.survives)

    def __str__(self) -> str:
        state = f"dead after {self.seconds:4.0f} s" if self.found else "SURVIVES         "
        words = f"{state}  {self.bug.file}: {self.bug.says}"
        return f"{words}\n    {self.found or self.bug.survives or self.bug.new}"


def bugs() -> list[Bug]:
    """All bugs of the list."""
    return convert(tomllib.loads(BUGS.read_text())["bug"], list[Bug])


def judged(bug: Bug, seconds: float, seed: int) -> Verdict:
    """Apply a bug to a copy, and look for a failure."""
    begin = time.monotonic()
    with TemporaryDirectory() as folder:
        copytree(ROOT / "medusa_sync", Path(folder, "medusa_sync"))
        Path(folder, "tests").symlink_to(ROOT / "tests")
        bug.apply(Path(folder, "medusa_sync"))
        command = [sys.executable, "-m", "tests.world.mutants.judge", bug.file, str(seconds), str(seed)]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=20 * seconds + 60,  # the machine may be busy
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Verdict(bug, _ENDLESS, time.monotonic() - begin)
    took, _, found = done.stdout.strip().partition("\n")
    if done.returncode and not took:  # it was not even imported, or was ended
        found = (done.stderr.strip().splitlines() or [_ENDLESS])[-1]
    return Verdict(bug, found, float(took or time.monotonic() - begin))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.world.mutants", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="to find one (60)")
    parser.add_argument("--seed", type=int, default=1, help="the first (1)")
    parser.add_argument("words", nargs="*", help="of the file or the description")
    chosen = parser.parse_args(arguments)
    words = chosen.words or [""]
    wanted = [each for each in bugs() if any(word in f"{each.file} {each.says}" for word in words)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        verdicts = []
        for verdict in pool.map(lambda bug: judged(bug, chosen.seconds, chosen.seed), wanted):
            print(verdict, flush=True)
            verdicts.append(verdict)
    dead = sum(1 for each in verdicts if each.found)
    print(f"{len(verdicts)} bugs: {dead} dead, {len(verdicts) - dead} alive")
    return 0 if all(each.is_expected for each in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
