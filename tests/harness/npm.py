"""Finds Node and installs npm packages."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.harness.processes import run

_OLDEST_NODE = 20


class NodeMissing(RuntimeError):  # noqa: N818 - a reason to skip a test, not an error
    """No recent Node, or no npm, is on PATH."""


def node() -> str:
    """Return the path of Node; raises NodeMissing."""
    path = shutil.which("node")
    if path is None or shutil.which("npm") is None:
        raise NodeMissing(f"Node {_OLDEST_NODE} or later is needed, with npm: not both are on PATH")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < _OLDEST_NODE:
        raise NodeMissing(f"Node {_OLDEST_NODE} or later is needed: {path} is {version}")
    return path


def npm_install(folder: Path) -> None:
    """Install the packages of `package.json` in `folder`, without install scripts.

    Newer versions of npm block the scripts anyway, and the one of Medusa's telemetry writes into the user's
    home folder.
    """
    node()
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    run("npm install", ["npm", "install", *options], log=folder / "npm.log", cwd=folder, env=os.environ)
