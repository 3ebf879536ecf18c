"""Writes what is known about a bug to a file, ready to be pasted into an issue."""

from __future__ import annotations

import io
import os
import platform
import re
import tempfile
import traceback
from collections.abc import Callable, Iterator
from hashlib import blake2b
from importlib import metadata
from pathlib import Path

from medusa_sync import __version__
from medusa_sync.report import log
from medusa_sync.report.output import Pipe
from medusa_sync.report.text import print_settings
from medusa_sync.settings.load import Loaded

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def report(error: Exception, loaded: Loaded, redact: Callable[[str], str]) -> str:
    """Write the file, without secrets, to the temporary folder; returns what to do next.

    The name follows from where the bug is, so that a run which meets it again writes no second file.
    """
    try:
        path = Path(tempfile.gettempdir()) / f"medusa-sync-crash-{_digest(error)}.txt"
        _write(path, redact("\n".join(_sections(error, loaded))))
    except (OSError, metadata.PackageNotFoundError):
        return "This is a bug in medusa-sync. Run with --verbose to see where it happens, and report it."
    return f"This is a bug in medusa-sync. Report it with the file {path}; secrets are hidden in it."


def _digest(error: Exception) -> str:
    places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    return blake2b(repr((__version__, type(error), places)).encode(), digest_size=4).hexdigest()


def _write(path: Path, text: str) -> None:
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    try:
        with os.fdopen(file, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
    except OSError:
        path.unlink()
        raise


def _sections(error: Exception, loaded: Loaded) -> Iterator[str]:
    yield f"medusa-sync {__version__}, Python {platform.python_version()}, {platform.platform()}"
    names = [match[0] for each in metadata.requires("medusa-sync") or () if (match := _NAME.match(each))]
    yield ", ".join(f"{name} {metadata.version(name)}" for name in names if _is_installed(name))
    settings = io.StringIO()
    print_settings(loaded, Pipe(settings))
    yield f"\nSettings\n\n{settings.getvalue()}"
    yield "\n".join(["Log\n", *log.latest()])
    yield f"\nTraceback\n\n{''.join(traceback.format_exception(error))}"


def _is_installed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:  # a dependency of another version of Python
        return False
