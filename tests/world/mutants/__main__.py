"""Applies each bug of bugs.toml to a copy of the package, and expects that a test finds it.

`python -m tests.world.mutants [--seconds 60] [WORD ...]` takes the bugs whose file or description has a word.
"""

import argparse
import os
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import msgspec
from msgspec import Struct, convert

from tests.world.mutants.judge import ROOT, Found

BUGS = Path(__file__).with_name("bugs.toml")
_ENDLESS = "it never ends"
_TOO_BUSY = "no verdict: the machine is too busy, or nothing happens any more"
_BUSY = 100
"""How much slower than its processor a machine may be."""
_READ = ("tests", "docs", "pyproject.toml")
"""What tests need besides the package."""


class Bug(Struct, frozen=True, kw_only=True):
    """A change of one place in the package.

    Attributes:
        file: below `medusa_sync/`.
        old: the text that is replaced; the file has it once.
        new: what it becomes.
        says: what users would see.
        judged_by: what finds it soon: checks of the planner, rules of the world; or tests of pytest, if it is
            about requests.
        survives: why no test can find it; empty if one has to.
    """

    file: str
    old: str
    new: str
    says: str
    judged_by: tuple[str, ...] = ()
    survives: str = ""

    def apply(self, package: Path) -> None:
        path = package / self.file
        text = path.read_text()
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} has {text.count(self.old)} times: {self.old}")
        path.write_text(text.replace(self.old, self.new))


class Verdict(Struct, frozen=True):
    """What was found of a bug."""

    bug: Bug
    found: Found

    @property
    def is_expected(self) -> bool:
        return self.is_dead != bool(self.bug.survives)

    @property
    def is_dead(self) -> bool:
        return bool(self.found.failure)

    @property
    def state(self) -> str:
        if not self.is_dead:
            return "explained" if self.bug.survives else "ALIVE"
        judge = self.found.trial.partition(" ")[0]
        return f"dead by {judge if judge in {'world', 'pytest'} else 'the planner'}"

    def __str__(self) -> str:
        why = self.bug.survives or self.bug.new
        words = f"{self.found.trial}: {self.found.failure}" if self.is_dead else why
        lines = [
            f"{self.found.seconds:5.1f} s  {self.state}: {self.bug.file}: {self.bug.says}",
            words,
            *(f"not counted: {each}" for each in self.found.not_counted),
        ]
        return "\n         ".join(lines)


def bugs() -> list[Bug]:
    """All bugs of the list."""
    return convert(tomllib.loads(BUGS.read_text())["bug"], list[Bug])


def judged(bug: Bug, seconds: float, seed: int) -> Verdict:
    """Apply a bug to a copy, and look for a failure."""
    begin = time.monotonic()
    with TemporaryDirectory() as folder:
        copytree(ROOT / "medusa_sync", Path(folder, "medusa_sync"))
        for name in _READ:
            Path(folder, name).symlink_to(ROOT / name)
        bug.apply(Path(folder, "medusa_sync"))
        command = [sys.executable, "-m", "tests.world.mutants.judge", str(seconds), str(seed), bug.file]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                [*command, *bug.judged_by],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=_BUSY * seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Verdict(bug, Found("", "", time.monotonic() - begin, [_TOO_BUSY]))
    if done.returncode:  # it was not even imported, or was ended
        error = (done.stderr.strip().splitlines() or [_ENDLESS])[-1]
        return Verdict(bug, Found("time", error, time.monotonic() - begin, []))
    return Verdict(bug, msgspec.json.decode(done.stdout, type=Found))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.world.mutants", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="to find one (60)")
    parser.add_argument("--seed", type=int, default=1, help="the first (1)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="at once")
    parser.add_argument("words", nargs="*", help="of the file or the description")
    chosen = parser.parse_args(arguments)
    words = chosen.words or [""]
    wanted = [each for each in bugs() if any(word in f"{each.file} {each.says}" for word in words)]
    with ThreadPoolExecutor(chosen.workers) as pool:
        verdicts = []
        for done in as_completed(pool.submit(judged, bug, chosen.seconds, chosen.seed) for bug in wanted):
            verdicts.append(done.result())
            print(verdicts[-1], flush=True)
    print(f"{len(verdicts)} bugs")
    for state, number in sorted(Counter(each.state for each in verdicts).items()):
        print(f"{number:5} {state}")
    return 0 if all(each.is_expected for each in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
