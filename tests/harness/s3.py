"""An S3 server for the tests, which moto provides."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.harness.cache import cached
from tests.harness.processes import run, running

BUCKET = "shop"
_PACKAGES = ("moto[s3]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5")


def _installed() -> Path:
    """The folder with moto, which has too many dependencies for the environment of the tests."""

    def install(folder: Path) -> None:
        uv = Path(sys.executable).with_name("uv")
        options: list[str | Path] = ["--quiet", "--python", sys.executable, "--target", folder]
        run(
            "uv",
            [uv, "pip", "install", *options, *_PACKAGES],
            log=folder / "uv.log",
            cwd=folder,
            env=os.environ,
        )

    return cached(f"moto-5.2.5-python-{sys.version_info.major}.{sys.version_info.minor}", install)


@contextmanager
def running_s3(port: int) -> Iterator[None]:
    """Run a server that keeps what it has in memory, with an empty bucket."""
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="medusa-sync-s3-") as name:
        folder = Path(name)
        command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
        environment = {"PYTHONPATH": str(_installed()), "HOME": name}
        with running("S3", command, log=folder / "s3.log", cwd=folder, env=environment) as server:
            server.wait_until(lambda: _answers(url), seconds=60)
            httpx.put(f"{url}/{BUCKET}", headers={"x-amz-acl": "public-read"}).raise_for_status()
            yield


def files_in_s3(port: int) -> set[str]:
    """The URLs of all files in the bucket."""
    url = f"http://127.0.0.1:{port}/{BUCKET}"
    listed = httpx.get(url, params={"list-type": 2}).raise_for_status().text
    assert "<IsTruncated>false<" in listed
    return {f"{url}/{key}" for key in re.findall("<Key>(.*?)</Key>", listed)}


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False
