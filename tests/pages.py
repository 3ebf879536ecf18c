"""What readers copy from the pages: the blocks, and the commands that no test runs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from docs.build import DOCS, README

PAGES = [README, *sorted(each for each in DOCS.glob("*.md") if each.name != "index.md")]
"""The start page of the site is the README."""
SHELLS = {"sh", "bash", "console", "shell", "cron"}
_BLOCK = re.compile(r'^( *)```(\w*)(?: title="([^"\n]+)")?\n(.*?)^\1```', re.DOTALL | re.MULTILINE)

TRANSCRIPTS = ("tutorial.md", "approve.md", "undo.md")
"""Pages whose blocks `bash` have their output below them, which a test compares; blocks `sh` are not run."""

_NO_ENGINE = "needs a container engine; tests/container builds the image and runs it"
_NO_CLUSTER = "needs a cluster; test_recipes checks the file and runs its command"
_AS_ROOT = "changes the machine as root; test_recipes checks the units and runs their command"
_ROLES = "needs a store with roles, which tests/e2e/test_roles.py starts"
NOT_RUN: Mapping[str, Mapping[str, str]] = {
    "approve.md": {
        "MEDUSA_EMAIL=agent@example.com MEDUSA_PASSWORD=$READS \\": _ROLES,
        "MEDUSA_EMAIL=deploy@example.com MEDUSA_PASSWORD=$WRITES \\": _ROLES,
    },
    "scheduling.md": {
        "/usr/bin/python3 -m venv /opt/medusa-sync": _AS_ROOT,
        "cp docs/recipes/medusa-sync.service docs/recipes/medusa-sync.timer /etc/systemd/system": _AS_ROOT,
        "docker build -t medusa-sync .": _NO_ENGINE,
        "docker run --rm --env-file .env medusa-sync products --dry-run": _NO_ENGINE,
        "docker run -d --name medusa-sync --env-file .env \\": _NO_ENGINE,
        "docker compose -f docs/examples/compose.yaml up --build": _NO_ENGINE,
        "kubectl create secret generic medusa-sync --from-literal=api-key=sk_...": _NO_CLUSTER,
        "kubectl apply -f docs/recipes/kubernetes-cronjob.yaml": _NO_CLUSTER,
    },
    "tutorial.md": {
        "pipx install .": "as in the README, whose commands run",
        "make store": "runs until Ctrl-C; the tests use the store that it starts",
        "mkdir shop && cd shop": "the test begins in an empty folder",
    },
}
"""Why no test runs a command, by its page and its first line."""


@dataclass(frozen=True)
class Block:
    """A block of code; one with a title is a file that the reader saves."""

    language: str
    title: str
    text: str

    @property
    def is_command(self) -> bool:
        return self.language in SHELLS and not self.title

    @property
    def first(self) -> str:
        return self.text.partition("\n")[0]


def blocks(page: Path) -> Iterator[Block]:
    for indent, language, title, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        yield Block(language, title, re.sub(f"^{indent}", "", text, flags=re.MULTILINE))


def commands(page: Path) -> list[Block]:
    """The commands of a page that a test has to run, in the order in which a reader meets them."""
    left_out = NOT_RUN.get(page.name, {})
    return [each for each in blocks(page) if each.is_command and each.first not in left_out]
