"""A Redis server for the tests."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.processes import free_port, running


@contextmanager
def running_redis(program: str) -> Iterator[str]:
    """Run a server that keeps nothing; yields its URL."""
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with tempfile.TemporaryDirectory(prefix="medusa-sync-redis-") as name:
        folder = Path(name)
        command: list[str | Path] = [program, *options, "--dir", folder]
        with running("Redis", command, log=folder / "redis.log", cwd=folder, env={}) as server:
            server.wait_until(lambda: _answers(port), seconds=30)
            yield f"redis://127.0.0.1:{port}"


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
    except OSError:
        return False
