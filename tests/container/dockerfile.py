"""Reads the Dockerfile."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"


@dataclass
class Stage:
    """A stage of the build.

    Attributes:
        steps: its instructions with their arguments, in order.
    """

    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def last(self, instruction: str) -> str:
        return [argument for name, argument in self.steps if name == instruction][-1]

    def words(self, instruction: str) -> list[str]:
        """The last value of an instruction whose value is a JSON array, after its options."""
        value: list[str] = json.loads(self.last(instruction)[self.last(instruction).index("[") :])
        return value

    def environment(self) -> dict[str, str]:
        """The variables of the image, with the PATH of the base image."""
        variables = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
        for name, argument in self.steps:
            if name == "ENV":
                given = dict(word.split("=", 1) for word in shlex.split(argument))
                path = variables["PATH"]
                variables |= {key: value.replace("$PATH", path) for key, value in given.items()}
        return variables


def stages() -> list[Stage]:
    lines = [line for line in DOCKERFILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    text = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found: list[Stage] = []
    for line in filter(None, text.splitlines()):
        instruction, argument = line.split(maxsplit=1)
        if instruction == "FROM":
            base, _, name = argument.partition(" AS ")
            found.append(Stage(base, name))
        else:
            found[-1].steps.append((instruction, argument))
    return found


def context() -> set[str]:
    """What `.dockerignore` leaves of the checkout."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "*"
    return {line[1:] for line in lines if line.startswith("!")}


def copied() -> set[str]:
    """What the Dockerfile copies from the checkout."""
    steps = [argument for stage in stages() for name, argument in stage.steps if name == "COPY"]
    return {word for step in steps if "--from=" not in step for word in step.split()[:-1]}
