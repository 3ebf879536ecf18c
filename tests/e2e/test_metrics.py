"""Prometheus' checker accepts the metrics file; a real Pushgateway keeps the time of the last success."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from medusa_sync import RunResult, Status
from medusa_sync.notify.metrics import LAST_SUCCESS, push_metrics, write_metrics
from tests.harness.processes import free_port, running
from tests.tiers import needed
from tests.unit.results import DELETED, LAMP, LEFT, MUG, SPOON, STAMPS, run

LABELS = {"job": "nightly", "source": "toys", "store": "localhost:9000"}


@pytest.mark.parametrize("job", ["sync-products", 'a "quoted" \\ job\nof two lines 🐻'])
def test_promtool_accepts_the_file(tmp_path: Path, job: str) -> None:
    promtool, path = needed("prometheus", "promtool"), tmp_path / "medusa.prom"
    for result in (
        run(SPOON, MUG, DELETED),
        run(SPOON, problems=[LAMP, STAMPS], not_completed=LEFT),
        run(status=Status.FAILED, exit_code=4, started_at=datetime(2026, 7, 1, tzinfo=UTC), duration_s=0),
    ):
        write_metrics(result, path, job=job, source="dummyjson")
        check = subprocess.run(
            [promtool, "check", "metrics"],
            input=path.read_bytes(),
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert (check.returncode, check.stdout + check.stderr) == (0, b"")


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[str]:
    program = needed("prometheus-pushgateway", "prometheus-pushgateway", "pushgateway")
    address = f"127.0.0.1:{free_port()}"
    command = [program, f"--web.listen-address={address}"]
    with running("Pushgateway", command, log=tmp_path / "log", cwd=tmp_path, env={}) as started:

        def is_ready() -> bool:
            try:
                return httpx.get(f"http://{address}/-/ready").is_success
            except httpx.TransportError:
                return False

        started.wait_until(is_ready, 30)
        yield f"http://{address}"


def push(result: RunResult, gateway: str) -> None:
    push_metrics(result, gateway, job="nightly", source="toys", store="http://localhost:9000")


def held_by(gateway: str) -> dict[str, float]:
    """The metrics of this job, without those that the gateway adds."""
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(httpx.get(f"{gateway}/metrics").text)
        for sample in family.samples
        if sample.name.startswith("medusa_sync_") and sample.labels == {**LABELS, "instance": ""}
    }


def test_the_gateway_keeps_the_last_success(gateway: str, caplog: pytest.LogCaptureFixture) -> None:
    success = run(SPOON, MUG, started_at=datetime(2026, 1, 2, tzinfo=UTC))
    push(success, gateway)
    whole = held_by(gateway)
    assert whole[LAST_SUCCESS] == (success.started_at.timestamp() + success.duration_s)
    push(run(problems=[LAMP], status=Status.PARTIAL), gateway)
    after = held_by(gateway)
    assert after.keys() == whole.keys()
    assert after[LAST_SUCCESS] == whole[LAST_SUCCESS]
    assert (whole["medusa_sync_last_run_exit_code"], after["medusa_sync_last_run_exit_code"]) == (0, 5)
    assert not caplog.records
