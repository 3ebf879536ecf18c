"""Runs programs that stop when the test process ends or is killed."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_KEEPER = Path(__file__).with_name("keeper.py")
_TAIL_LINES = 40


class ProgramError(RuntimeError):
    """A program failed or did not start; has the end of its log."""


@dataclass(frozen=True)
class Account:
    """The user that a program runs as, if not the current one."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Program:
    name: str
    log: Path
    keeper: subprocess.Popen[bytes]

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            code = self.keeper.poll()
            if code is not None:
                raise self.failure(f"ended with code {code} while starting")
            if time.monotonic() > deadline:
                raise self.failure(f"was not ready after {seconds:g} s")
            time.sleep(0.02)

    def failure(self, what: str) -> ProgramError:
        tail = self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        return ProgramError("\n".join([f"{self.name} {what}. The end of its log:", *tail]))

    def stop(self) -> None:
        """Stop the program and wait until all of its processes are gone."""
        self.keeper.communicate(b".")


@contextmanager
def running(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path,
    env: Mapping[str, str],
    account: Account | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    grace: float = 10,
    folder: Path | None = None,
) -> Iterator[Program]:
    """Run a program with its output in `log`; if the test process is killed, `folder` is removed."""
    order = {
        "command": [str(part) for part in command],
        "user": account and account.uid,
        "group": account and account.gid,
        "stop_signal": int(stop_signal),
        "grace": grace,
        "folder": folder and str(folder),
    }
    with log.open("ab") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", _KEEPER, json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
    program = Program(name, log, keeper)
    try:
        yield program
    finally:
        program.stop()


def run(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path,
    env: Mapping[str, str],
    account: Account | None = None,
    folder: Path | None = None,
) -> None:
    """Run a program and wait for it; raises ProgramError if it fails."""
    with running(name, command, log=log, cwd=cwd, env=env, account=account, folder=folder) as program:
        code = program.keeper.wait()
        if code != 0:
            raise program.failure(f"ended with code {code}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
