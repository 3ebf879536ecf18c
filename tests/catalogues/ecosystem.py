"""What a change does to the catalogues of other programs: `python -m tests.catalogues.ecosystem [REF]`.

It reads all of them with the package of a commit (REF, or the branch `main`) and with that of the working
tree, and prints what differs: format, products, rejected rows and notes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SURVEY = "--survey"
Reading = dict[str, Any]
"""What a catalogue becomes: `format`, `notes` and `rows`, or why it is `refused`."""


def main(arguments: Sequence[str]) -> int:
    if arguments[:1] == [SURVEY]:
        json.dump(readings(), sys.stdout)
        return 0
    ref = arguments[0] if arguments else "main"
    with TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        git("worktree", "add", "--quiet", "--detach", str(tree), ref)
        try:
            before, after = map(finished, [surveying(tree), surveying(ROOT)])
        finally:
            git("worktree", "remove", "--force", str(tree))
    print("\n".join(differences(before, after)))
    return 0


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=ROOT, check=True)


def surveying(tree: Path) -> subprocess.Popen[bytes]:
    """Begin to read the catalogues of the working tree with the package of another one."""
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    command = [sys.executable, __file__, SURVEY]
    return subprocess.Popen(command, cwd=tree, env=environment, stdout=subprocess.PIPE)


def finished(survey: subprocess.Popen[bytes]) -> Mapping[str, Reading]:
    """What a survey has found."""
    output, _ = survey.communicate()
    if survey.returncode:
        sys.exit(survey.returncode)  # it has said why
    found: dict[str, Reading] = json.loads(output)
    return found


def readings() -> Mapping[str, Reading]:
    """What each catalogue beside this file becomes, with the package that is imported."""
    from tests import catalogues  # noqa: PLC0415 - of the tree that is surveyed, only in its own process

    here = Path(__file__).parent
    names = {each.name: each for each in here.iterdir() if each.suffix in {".csv", ".json", ".xml"}}
    catalogues.CATALOGUES.update(names)
    catalogues.MAPS.update({each.stem: str(each) for each in here.glob("*.jq")})
    return {name: json.loads(catalogues.rendered(name)) for name in sorted(names)}


def differences(before: Mapping[str, Reading], after: Mapping[str, Reading]) -> Iterator[str]:
    """Yield lines about the catalogues that are read in another way, and how many there are."""
    changed = 0
    for name, now in after.items():
        if (then := before.get(name, {})) != now:
            changed += 1
            yield from (f"{name}: {line}" for line in about(then, now))
    yield f"{changed} of {len(after)} catalogues are read in another way."


def about(before: Reading, after: Reading) -> Iterator[str]:
    """Yield what differs in one of them."""
    for what in ("refused", "format", "hint"):
        if before.get(what) != after.get(what):
            yield f"{what}: {before.get(what)} -> {after.get(what)}"
    then, now = parted(before), parted(after)
    for what in ("products", "rejected"):
        old, new = then[what], now[what]
        if len(old) != len(new):
            yield f"{what}: {len(old)} -> {len(new)}"
        changed = [key for key, value in new.items() if old.get(key, value) != value]
        if changed:
            yield f"{what} that differ: {len(changed)}, such as {changed[0]}"
    for sign, notes in (
        ("-", [each for each in before.get("notes", ()) if each not in after.get("notes", ())]),
        ("+", [each for each in after.get("notes", ()) if each not in before.get("notes", ())]),
    ):
        yield from (f"{sign} {note}" for note in notes)


def parted(reading: Reading) -> Mapping[str, dict[str, Any]]:
    """The products and the rejected rows of a reading."""
    found: dict[str, dict[str, Any]] = {"products": {}, "rejected": {}}
    for number, row in enumerate(reading.get("rows", ())):
        if "rejected" in row:
            found["rejected"][f"{row['rejected']} ({number})"] = row
        else:
            found["products"][row["external_id"]] = row
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
