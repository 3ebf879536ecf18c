"""Medusa's admin, built once for each version."""

import os
from pathlib import Path

from tests.harness.cache import cached
from tests.harness.medusa_server import Project, installed_app
from tests.harness.npm import node
from tests.harness.processes import run

# What `medusa build` does for the admin; that command also needs TypeScript.
_BUILD = """
import { build } from "@medusajs/admin-bundler"
const outDir = process.argv[1]
await build({ disable: false, path: "/app", backendUrl: "/", outDir, sources: [], plugins: [] })
"""


def built_admin(version: str) -> Path:
    """The folder with the admin of this version of Medusa."""

    def build(folder: Path) -> None:
        (folder / "node_modules").symlink_to(installed_app(version) / "node_modules")
        run(
            "the build of Medusa's admin",
            [node(), "--input-type=module", "--eval", _BUILD, str(folder / "admin")],
            log=folder / "build.log",
            cwd=folder,
            env={**os.environ, "NODE_ENV": "production"},
        )

    return cached(f"medusa-{version}-admin", build) / "admin"


def add_admin(project: Project, version: str) -> None:
    """Let the server of the project, which must have the setting ADMIN, serve the admin at `/app`."""
    public = project.folder / "public"
    public.mkdir()
    (public / "admin").symlink_to(built_admin(version))
