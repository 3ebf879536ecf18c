"""Prometheus' checker accepts the metrics file; a real Pushgateway keeps the time of the last success."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import yaml
from msgspec import structs
from prometheus_client.parser import text_string_to_metric_families

from medusa_sync import RunResult, Settings, Status
from medusa_sync.app.rejected import with_new_rejected
from medusa_sync.notify.metrics import LAST_SUCCESS, push_metrics, write_metrics
from tests.harness.processes import free_port, running
from tests.tiers import needed, sampled
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


RULES = Path(__file__).parents[2] / "docs" / "examples" / "prometheus-rules.yaml"
MINUTE, HOUR, DAY = 60, 3_600, 86_400
WEEK = 7 * DAY
START = DAY  # Prometheus tests begin at 0; a time of 0 is that of no run


@dataclass
class Schedule:
    """A job whose source has one row that is rejected for a week, and for a while a second one."""

    source: str
    every_s: int
    second: int  # when the second row comes; it is corrected a day later
    stops: int

    def metrics(self, folder: Path) -> dict[str, list[tuple[int, float]]]:
        """What Prometheus has after each run, by series: times and values."""
        settings = Settings(lock_dir=str(folder / "locks"), source_name=self.source)
        file = folder / f"{self.source}.prom"
        found: dict[str, list[tuple[int, float]]] = {}
        for at in range(START, self.stops, self.every_s):
            rejected = [LAMP, *([STAMPS_REJECTED] if self.second <= at < self.second + DAY else [])]
            result = run(
                problems=rejected,
                exit_code=5,
                status=Status.PARTIAL,
                started_at=datetime.fromtimestamp(at, UTC),
                duration_s=0,
            )
            write_metrics(with_new_rejected(result, settings), file, job="sync-products", source=self.source)
            for family in text_string_to_metric_families(file.read_text(encoding="utf-8")):
                for sample in family.samples:
                    if "timestamp" in sample.name:
                        labels = ",".join(f'{key}="{value}"' for key, value in sample.labels.items())
                        found.setdefault(f"{sample.name}{{{labels}}}", []).append((at, sample.value))
        return found


STAMPS_REJECTED = structs.replace(LAMP, external_id="toys:second")


def series(values: list[tuple[int, float]], step: int, end: int) -> str:
    """What promtool takes: the value at each step, the last one until the next."""
    texts, index = [], -1
    for at in range(0, end, step):
        while index + 1 < len(values) and values[index + 1][0] <= at:
            index += 1
        texts.append(f"{values[index][1]:.0f}" if index >= 0 else "_")
    return " ".join(texts)


SCHEDULES = {  # with a step in which Prometheus looks, and the limit of the rule
    "two minutes": (Schedule("shop", 2 * MINUTE, START + 3 * DAY, START + WEEK), 2 * MINUTE, 10 * MINUTE),
    "nightly": (Schedule("supplier", DAY, START + 3 * DAY, START + WEEK), HOUR // 2, 26 * HOUR),
}


@pytest.mark.parametrize("name", sampled(SCHEDULES, "nightly"))
def test_one_row_that_stays_rejected_neither_feeds_nor_silences_the_alerts(name: str, tmp_path: Path) -> None:
    schedule, step, limit = SCHEDULES[name]
    promtool = needed("prometheus", "promtool")
    found = schedule.metrics(tmp_path)
    last = max(range(START, schedule.stops, schedule.every_s))
    end = last + limit + DAY
    alerts = [
        (START + HOUR // 2, "MedusaSyncRejects", 1),
        (START + 2 * HOUR, "MedusaSyncRejects", 0),
        (START + 2 * HOUR, "MedusaSyncStale", 0),
        (schedule.second + HOUR // 2, "MedusaSyncRejects", 1),
        (schedule.second + 2 * HOUR, "MedusaSyncRejects", 0),
        (last + limit - step, "MedusaSyncRejects", 0),
        (last + limit - step, "MedusaSyncStale", 0),
        (last + limit + step, "MedusaSyncStale", 1),
    ]
    others = {"shop", "supplier"} - {schedule.source}
    fresh = [  # the other source is synced all the time
        {
            "series": f'medusa_sync_last_complete_timestamp_seconds{{source="{each}"}}',
            "values": f"0+{step}x{end // step}",
        }
        for each in others
    ]
    labels = {"job": "sync-products", "source": schedule.source}
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": f"{step}s",
        "tests": [
            {
                "interval": f"{step}s",
                "input_series": [
                    *({"series": own, "values": series(each, step, end)} for own, each in found.items()),
                    *fresh,
                ],
                "alert_rule_test": [
                    {
                        "eval_time": f"{at}s",
                        "alertname": alert,
                        "exp_alerts": [{"exp_labels": labels}] * count,
                    }
                    for at, alert, count in alerts
                ],
            }
        ],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump(test, width=10**9), encoding="utf-8")
    check = subprocess.run(
        [promtool, "test", "rules", str(file)], capture_output=True, text=True, check=False, timeout=120
    )
    assert check.returncode == 0, check.stdout + check.stderr


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
