"""Node, and packages for it."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.harness.processes import run

_OLDEST_NODE = 20


class NodeMissing(RuntimeError):  # noqa: N818 - what it says is the reason a test is skipped for
    """There is no Node of the right age on PATH, or no npm."""


def node() -> str:
    """The path of Node; raises NodeMissing."""
    path = shutil.which("node")
    if path is None or shutil.which("npm") is None:
        raise NodeMissing(f"Node {_OLDEST_NODE} or later is needed, with npm: not both are on PATH")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < _OLDEST_NODE:
        raise NodeMissing(f"Node {_OLDEST_NODE} or later is needed: {path} is {version}")
    return path


def npm_install(folder: Path) -> None:
    """Installs what the `package.json` in `folder` lists.

    Without install scripts: newer versions of npm hold them back anyway, and Medusa's telemetry has one that
    writes into the home of whoever runs the tests.
    """
    node()
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    run("npm install", ["npm", "install", *options], log=folder / "npm.log", cwd=folder, env=os.environ)
