"""Builds and runs the image: with Docker or Podman, or without either in a clean root of Debian."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.container.dockerfile import ROOT, Stage, context, stages
from tests.harness.cache import cached

BUILD_S, TIMEOUT_S = 900, 60


def wait_for(container: Container, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, container.log()
        time.sleep(0.2)


# --- Docker and Podman ----------------------------------------------------------------------------------


class OciContainer:
    """A container that is running."""

    is_running = True

    def __init__(self, program: str, name: str) -> None:
        self._program, self._name = program, name

    def run(self, *command: str) -> int:
        """Run another command in it; return its exit code."""
        words = [self._program, "exec", self._name, *command]
        return subprocess.run(words, check=False, timeout=TIMEOUT_S).returncode

    def stop(self) -> int:
        """Send SIGTERM to its first process; return the exit code of that process."""
        self.is_running = False
        subprocess.run([self._program, "kill", "--signal", "TERM", self._name], check=True, timeout=TIMEOUT_S)
        return int(_output(self._program, "wait", self._name))

    def log(self) -> str:
        return _output(self._program, "logs", self._name)


class OciEngine:
    def __init__(self, program: str) -> None:
        self._program = program
        _output(program, "build", "--tag", "medusa-sync-test", str(ROOT), timeout=BUILD_S)

    def start(self, *arguments: str, **variables: str) -> OciContainer:
        """Start a container with a read-only root, a writable /tmp and the network of the host."""
        name = f"medusa-sync-{uuid.uuid4().hex[:8]}"
        _output(*self._command("--detach", f"--name={name}", variables=variables), *arguments)
        return OciContainer(self._program, name)

    def output(self, *arguments: str, **variables: str) -> str:
        """Run the entry point to its end in such a container; return what it printed on stdout."""
        return _output(*self._command("--rm", variables=variables), *arguments)

    def _command(self, *options: str, variables: Mapping[str, str]) -> list[str]:
        given = [f"--env={name}={value}" for name, value in variables.items()]
        limits = ["--read-only", "--tmpfs=/tmp", "--network=host", "--cap-drop=ALL"]
        return [self._program, "run", *options, *limits, *given, "medusa-sync-test"]


# --- a clean root of Debian, whose steps a test executes ------------------------------------------------


class RootContainer:
    is_running = True

    def __init__(self, process: subprocess.Popen[str], engine: CleanRoot) -> None:
        self._process, self._engine = process, engine

    def _first(self) -> int:
        """The process that is number 1 in the container: the only child of `unshare`."""
        path = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        wait_for(self, lambda: bool(path.read_text().split()))
        return int(path.read_text())

    def run(self, *command: str) -> int:
        inside = ["nsenter", f"--target={self._first()}", "--mount", "--pid", *self._engine.inside(*command)]
        return subprocess.run(inside, check=False, timeout=TIMEOUT_S).returncode

    def stop(self) -> int:
        self.is_running = False
        subprocess.run(["kill", "-TERM", str(self._first())], check=True)
        self._process.communicate(timeout=TIMEOUT_S)
        return self._process.returncode

    def log(self) -> str:
        self._process.kill()
        return "".join(self._process.communicate())


class CleanRoot:
    """Executes each step of the Dockerfile in a root that has only Debian and its Python.

    Args:
        folder: for the roots.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._base = cached("debian-trixie-1", _bootstrap) / "root"
        roots: dict[str, Path] = {}
        for stage in stages():
            roots[stage.name] = self._build(stage, roots)
        self._stage, self._root = stage, roots[stage.name]

    def _build(self, stage: Stage, roots: Mapping[str, Path]) -> Path:
        assert stage.base == "python:3.13-slim"  # Debian 13, whose Python is 3.13 too
        root = self._folder / (stage.name or "image")
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["cp", "--archive", "--reflink=auto", self._base, root], check=True)
        for file in ("etc/resolv.conf", "etc/ssl/certs/ca-certificates.crt"):
            shutil.copy(Path("/") / file, root / file)
        directory = "/"
        for name, argument in stage.steps:
            if name == "WORKDIR":
                directory = argument
                (root / argument.lstrip("/")).mkdir(parents=True, exist_ok=True)
            elif name == "COPY":
                _copy(argument, root, directory, roots)
            elif name == "RUN":
                script = f"cd {directory} && {argument}"
                variables = stage.environment() | _pip_configuration()
                settings = [f"{key}={value}" for key, value in variables.items()]
                words = ["chroot", str(root), "env", "-i", *settings, "sh", "-ec", script]
                _output(*words, timeout=BUILD_S)
        return root

    def inside(self, *command: str, **variables: str) -> list[str]:
        """A command as the image runs it, for a process that is in its mount namespace."""
        stage, user = self._stage, self._stage.last("USER")
        home = {"HOME": "/var/lib/medusa-sync"}  # container engines read it from /etc/passwd
        settings = [f"{key}={value}" for key, value in {**home, **stage.environment(), **variables}.items()]
        changed = ["chroot", f"--userspec={user}:{user}", "--groups=", str(self._root)]
        return [*changed, "env", "-i", f"--chdir={stage.last('WORKDIR')}", *settings, *command]

    def start(self, *arguments: str, **variables: str) -> RootContainer:
        return RootContainer(self._process(arguments, variables), self)

    def output(self, *arguments: str, **variables: str) -> str:
        process = self._process(arguments, variables)
        stdout, stderr = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 0, stdout + stderr
        return stdout

    def _process(self, arguments: tuple[str, ...], variables: dict[str, str]) -> subprocess.Popen[str]:
        root = self._root
        mounts = (
            f"mount --bind {root} {root} && mount -o remount,bind,ro {root} && mount -t proc proc {root}/proc"
            f" && mount -t tmpfs tmpfs {root}/tmp"  # noqa: S108 - of the container
            f' && mount --bind /dev {root}/dev && exec "$@"'
        )
        words = [*self._stage.words("ENTRYPOINT"), *(arguments or self._stage.words("CMD"))]
        isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", mounts, "sh"]
        return subprocess.Popen(
            [*isolated, *self.inside(*words, **variables)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
        )


Container = OciContainer | RootContainer
Engine = OciEngine | CleanRoot


def _bootstrap(folder: Path) -> None:
    found = _output("apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)").splitlines()
    mirror = next(line.split()[1] for line in found if line.startswith("trixie "))
    packages = "--include=python3,python3-venv,python3-pip,ca-certificates"
    root = folder / "root"
    _output("debootstrap", "--variant=minbase", packages, "trixie", str(root), mirror, timeout=BUILD_S)
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")  # as in the base image


def _copy(argument: str, root: Path, directory: str, roots: Mapping[str, Path]) -> None:
    *sources, target = [word for word in argument.split() if not word.startswith("--")]
    stage = re.match("--from=(\\S+)", argument)
    origin = roots[stage[1]] if stage else ROOT
    for source in sources:
        assert stage or source in context(), f"{source} is not in the context"
        found = origin / source.lstrip("/")
        to = root / f"{directory}/{target}".lstrip("/") if target[0] != "/" else root / target.lstrip("/")
        if found.is_dir():
            ignored = None if stage else shutil.ignore_patterns("__pycache__")
            shutil.copytree(found, to, symlinks=True, ignore=ignored)
        else:
            shutil.copy(found, to)


def _pip_configuration() -> dict[str, str]:
    """Where pip gets packages on this machine."""
    lines = _output("pip", "config", "list")
    found = re.findall(r"^global\.(index-url|extra-index-url)='(.*)'$", lines, re.MULTILINE)
    return {f"PIP_{key.upper().replace('-', '_')}": value for key, value in found}


def _output(*words: str, timeout: float = TIMEOUT_S) -> str:
    ended = subprocess.run(words, capture_output=True, encoding="utf-8", check=False, timeout=timeout)
    assert ended.returncode == 0, f"{words}\n{ended.stdout}{ended.stderr}"
    return ended.stdout
