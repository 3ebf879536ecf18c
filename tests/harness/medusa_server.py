"""Installs Medusa, and runs its commands and its server against a database."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

import httpx

from tests.harness.cache import cached
from tests.harness.npm import node, npm_install
from tests.harness.processes import run, running

PROJECT_FILES = Path(__file__).with_name("medusa_app")


def installed_app(version: str) -> Path:
    """The folder with the `node_modules` of this version of Medusa."""

    def install(folder: Path) -> None:
        template = Template((PROJECT_FILES / "package.json").read_text())
        (folder / "package.json").write_text(template.substitute(MEDUSA_VERSION=version))
        npm_install(folder)

    return cached(f"medusa-{version}", install)


@dataclass(frozen=True)
class Project:
    """A folder to run Medusa in. Medusa writes into it, so each store has its own."""

    folder: Path
    database_url: str
    settings: Mapping[str, str]
    """Environment variables that `medusa-config.js` or Medusa reads."""

    @property
    def log(self) -> Path:
        return self.folder / "medusa.log"

    def run(self, *arguments: str) -> None:
        run(
            f"medusa {arguments[0]}",
            self._medusa(*arguments),
            log=self.log,
            cwd=self.folder,
            env=self._environment(),
            folder=self.folder,
        )

    @contextmanager
    def serve(self, port: int = 0) -> Iterator[str]:
        """Run the server, by default on a free port, and yield its URL."""
        listening = self.folder / "port"
        listening.unlink(missing_ok=True)
        with running(
            "Medusa",
            self._medusa("start", "--host", "127.0.0.1", "--port", str(port)),
            log=self.log,
            cwd=self.folder,
            env=self._environment(),
            stop_signal=signal.SIGKILL,  # a graceful stop is slow, and there is nothing to save
            folder=self.folder,
        ) as program:
            program.wait_until(listening.exists, seconds=120)
            url = f"http://127.0.0.1:{listening.read_text()}"
            program.wait_until(lambda: httpx.get(f"{url}/health", timeout=60).is_success, seconds=60)
            yield url

    def _medusa(self, *arguments: str) -> list[str | Path]:
        cli = self.folder / "node_modules" / "@medusajs" / "cli" / "cli.js"
        return [node(), "--require", "./in-flight.cjs", cli, *arguments]

    def _environment(self) -> dict[str, str]:
        return {
            **self.settings,
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / "config"),  # holds the setting that turns telemetry off
            "MEDUSA_DISABLE_TELEMETRY": "1",
            "NODE_ENV": "production",
            "DATABASE_URL": self.database_url,
        }


@contextmanager
def project(version: str, database_url: str, **settings: str) -> Iterator[Project]:
    with tempfile.TemporaryDirectory(prefix="medusa-sync-store-") as name:
        folder = Path(name)
        shutil.copytree(PROJECT_FILES, folder, dirs_exist_ok=True)
        (folder / "node_modules").symlink_to(installed_app(version) / "node_modules")
        yield Project(folder, database_url, settings)
