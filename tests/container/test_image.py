"""The image: it is built, and runs without root, on a read-only root file system.

Without Docker and Podman, the steps of the Dockerfile are executed in a clean root of Debian, as root.
"""

import os
import shutil
import signal
from collections.abc import Iterator

import pytest

from tests.container.dockerfile import stages
from tests.container.engines import CleanRoot, Container, Engine, OciEngine, wait_for

pytestmark = pytest.mark.container

METRICS = stages()[-1].environment()["SYNC_PRODUCTS_METRICS_FILE"]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    program = shutil.which("docker") or shutil.which("podman")
    if program:
        return OciEngine(program)
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        pytest.skip("it needs Docker or Podman, or root and Debian's debootstrap")
    return CleanRoot(tmp_path_factory.mktemp("image"))


@pytest.fixture
def loop(engine: Engine) -> Iterator[Container]:
    """A loop after its first run, which failed because the store is down."""
    loop = ("--loop", "--run-now", "--schedule", "@yearly")
    container = engine.start(
        *("products", *loop, "--source", "sample", "--max-retries", "0"),
        MEDUSA_BACKEND_URL="http://127.0.0.1:9",
        MEDUSA_API_KEY="sk_test",
    )
    wait_for(container, lambda: is_healthy(container))
    yield container
    if container.is_running:
        container.stop()


def is_healthy(container: Container) -> bool:
    code = container.run(*stages()[-1].words("HEALTHCHECK"))
    assert code in {0, 1}  # others are reserved
    return code == 0


def test_the_command_runs(engine: Engine) -> None:
    assert engine.output("--version").startswith("medusa-sync ")
    assert "seen: 63 of 63" in engine.output("products", "--source", "sample", "--dry-run")


def test_it_is_not_root_and_can_only_write_temporary_files(loop: Container) -> None:
    assert loop.run("sh", "-c", 'test "$(id -u)" = 10001') == 0
    for folder in ("/opt/medusa-sync", "/var/lib/medusa-sync", "/etc"):
        assert loop.run("touch", f"{folder}/file") != 0


def test_a_signal_ends_the_loop(loop: Container) -> None:
    assert loop.stop() == 128 + signal.SIGTERM


def test_a_loop_without_a_run_for_30_minutes_is_not_healthy(loop: Container) -> None:
    assert loop.run("touch", "-d", "29 minutes ago", METRICS) == 0
    assert is_healthy(loop)
    assert loop.run("touch", "-d", "31 minutes ago", METRICS) == 0
    assert not is_healthy(loop)
    assert loop.run("rm", METRICS) == 0
    assert not is_healthy(loop)
