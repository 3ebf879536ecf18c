"""The command on a real terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-m", "medusa_sync", "products", "--source", "sample")
ESC = "\x1b"


def shown(*arguments: str, folder: Path, **changes: str) -> tuple[int, str]:
    """Run the command with both streams on a terminal; returns its exit code and what it shows."""
    terminal, inner = pty.openpty()
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MEDUSA_", "SYNC_PRODUCTS_"))
    }
    environment = clean | {"COLUMNS": "80", "PYTHONPATH": str(Path.cwd()), **changes}
    with subprocess.Popen(
        [*COMMAND, *arguments], stdin=inner, stdout=inner, stderr=inner, cwd=folder, env=environment
    ) as process:
        os.close(inner)
        content = b""
        while chunk := _read(terminal):
            content += chunk
    os.close(terminal)
    return process.returncode, content.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the command has closed its side
        return b""


@pytest.mark.parametrize("arguments", [("--dry-run",), ("--dry-run", "--verbose"), ("--batch-size", "0")])
def test_a_dumb_terminal_gets_no_escape_sequences(arguments: tuple[str, ...], tmp_path: Path) -> None:
    exit_code, text = shown(*arguments, folder=tmp_path, TERM="dumb")
    assert exit_code == (2 if "--batch-size" in arguments else 0)
    assert ESC not in text
    assert "63" in text or "--batch-size" in text
