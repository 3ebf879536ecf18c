"""Prometheus' checker accepts the metrics file."""

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from medusa_sync import Status
from medusa_sync.notify.metrics import write_metrics
from tests.unit.results import DELETED, LAMP, LEFT, MUG, SPOON, STAMPS, run


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        reason = "promtool is not installed (Debian: package promtool or prometheus)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def check(promtool: str, content: bytes) -> tuple[int, str]:
    ended = subprocess.run(
        [promtool, "check", "metrics"], input=content, capture_output=True, check=False, timeout=60
    )
    return ended.returncode, (ended.stdout + ended.stderr).decode()


@pytest.mark.parametrize("job", ["sync-products", 'a "quoted" \\ job\nof two lines 🐻'])
def test_promtool_accepts_the_file(promtool: str, tmp_path: Path, job: str) -> None:
    path = tmp_path / "medusa.prom"
    for result in (
        run(SPOON, MUG, DELETED),
        run(SPOON, problems=[LAMP, STAMPS], not_completed=LEFT),
        run(status=Status.FAILED, exit_code=4, started_at=datetime(2026, 7, 1, tzinfo=UTC), duration_s=0),
    ):
        write_metrics(result, path, job=job, source="dummyjson")
        assert check(promtool, path.read_bytes()) == (0, "")
