"""Metrics in a file or pushed: content, memory of the last success, and failures that never end a run."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pytest_httpx import HTTPXMock

from medusa_sync.core.ids import Shard
from medusa_sync.core.result import RunResult, Status
from medusa_sync.notify.metrics import LAST_COMPLETE, LAST_SUCCESS, push_metrics, write_metrics
from tests.harness.gateway import Gateway
from tests.unit.results import DELETED, KEEPING, KNOWN, LAMP, LEFT, MUG, SPOON, STAMPS, run

EARLY = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)
LATE = EARLY + timedelta(minutes=2)
OURS = f'{LAST_SUCCESS}{{job="j",source="s"}}'


def ended(started: datetime, exit_code: int = 0, status: Status = Status.OK, **rest: Any) -> RunResult:
    return run(started_at=started, duration_s=1.5, exit_code=exit_code, status=status, **rest)


def failed(started: datetime, **rest: Any) -> RunResult:
    return ended(started, 4, Status.FAILED, **rest)


def end_of(started: datetime) -> float:
    return started.timestamp() + 1.5


def write(result: RunResult, path: Path, job: str = "j", source: str = "s") -> None:
    write_metrics(result, path, job=job, source=source)


def samples(path: Path) -> Iterator[tuple[str, dict[str, str], float]]:
    """Parse the file as bytes: in text mode a carriage return in a label would end the line."""
    for family in text_string_to_metric_families(path.read_bytes().decode()):
        assert (family.type, bool(family.documentation)) == ("gauge", True)
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def values(path: Path) -> dict[str, float]:
    return {name.removeprefix("medusa_sync_last_run_"): value for name, _, value in samples(path)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "medusa.prom"


def the_warning(caplog: pytest.LogCaptureFixture) -> str:
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("medusa_sync.notify.metrics", "WARNING")
    return record.getMessage()


def test_the_file_has_the_numbers_of_the_run_and_all_may_read_it(path: Path) -> None:
    umask = os.umask(0o022)
    try:
        write(run(SPOON, MUG, DELETED, KNOWN, KEEPING, problems=[LAMP, STAMPS], not_completed=LEFT), path)
    finally:
        os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o644
    ended_at = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC).timestamp() + 9.51234
    products = {"created": 1, "updated": 2, "unchanged": 187, "skipped": 0, "rejected": 1, "failed": 1}
    products |= {"unconfirmed": 1, "not_attempted": 1, "removed": 1}
    requests = {"source_requests": 7, "store_read_requests": 12, "store_write_requests": 26, "retries": 1}
    run_ = {"timestamp_seconds": ended_at, "duration_seconds": 9.51234, "exit_code": 5, "withheld_values": 2}
    numbers = {f"{name}_products": number for name, number in products.items()}
    assert values(path) == {LAST_SUCCESS: 0, LAST_COMPLETE: 0, **requests, **run_, **numbers}


RUNS = [
    (0, Status.OK),
    *((5, Status.PARTIAL), (3, Status.FAILED), (6, Status.FAILED), (143, Status.INTERRUPTED)),
    (0, Status.OK),
    (4, Status.FAILED),
]


@pytest.mark.parametrize(
    ("job", "source"), [('"', "\\"), ("two\nlines", "\\n"), ("a\rb", '{job="x"} 1'), ("{},= #", "é🐻")]
)
def test_all_but_exit_code_0_keep_the_time_of_the_last_success(
    path: Path, job: str, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    last = 0.0
    for minute, (exit_code, status) in enumerate(RUNS):
        started = EARLY + timedelta(minutes=minute)
        write(ended(started, exit_code, status), path, job, source)
        last = last if exit_code else end_of(started)
        assert all(labels == {"job": job, "source": source} for _, labels, _ in samples(path))
        expected = {LAST_SUCCESS: last, "timestamp_seconds": end_of(started), "exit_code": exit_code}
        assert values(path).items() >= expected.items()
    assert not caplog.records


def test_each_shard_has_its_own_label(path: Path) -> None:
    write(ended(EARLY, shard=Shard(3, 8)), path)
    assert {labels["shard"] for _, labels, _ in samples(path)} == {"3"}
    for number, last in ((3, end_of(EARLY)), (4, 0)):
        write(failed(LATE, shard=Shard(number, 8)), path)
        assert values(path)[LAST_SUCCESS] == last


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"no metrics at all\n", b"\xff\xfe\x00binary\n", b"#" * 70_000 + f"\n{OURS} 1\n".encode()),
        *(f"{OURS} {value}\n".encode() for value in ("soon", "NaN", "+Inf", "-1", "9" * 400)),
        *(f"{OURS} 1.7e+0".encode(), f"{OURS} 1\n{OURS} 2\n".encode()),
        *(
            f"{LAST_SUCCESS}{labels} 1\n".encode()
            for labels in ('{job="other",source="s"}', '{job="j",source="s",store="x"}', "")
        ),
    ],
)
def test_a_damaged_or_unrelated_file_is_replaced_with_a_warning(
    path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    path.write_bytes(content)
    write(failed(EARLY), path)
    assert values(path)[LAST_SUCCESS] == 0
    assert str(path) in the_warning(caplog)


def test_a_full_disk_keeps_the_old_file_and_a_link_is_followed(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    write(ended(EARLY), path)
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", refuse)
        write(ended(LATE), path)
    assert path.read_bytes() == before
    assert the_warning(caplog).endswith(f"{path}: No space left on device")
    assert list(path.parent.iterdir()) == [path]
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)  # the file cannot be read
        write(failed(LATE), path)
    assert values(path)[LAST_SUCCESS] == 0
    link = path.with_name("link.prom")
    link.symlink_to(path.with_name("elsewhere"))
    write(ended(EARLY), link)
    assert (link.is_symlink(), values(link)[LAST_SUCCESS]) == (True, end_of(EARLY))


@pytest.mark.parametrize(
    ("name", "job"),
    [
        *(
            (name, "j")
            for name in ("missing/medusa.prom", ".", "pipe", "file/medusa.prom", "nul\0", "x" * 300)
        ),
        ("medusa.prom", "bytes \udcff"),
    ],
)
def test_what_cannot_be_written_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, job: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    write(run(), tmp_path / name, job)
    assert sorted(tmp_path.rglob("*")) == before
    assert "the metrics were not written" in caplog.text
    assert {each.levelname for each in caplog.records} == {"WARNING"}


# --- a gateway ------------------------------------------------------------------------------------------

URL = "http://gateway.example:9091"
OLD = "medusa_sync_of_an_older_version"


@pytest.fixture
def gateway(httpx_mock: HTTPXMock) -> Gateway:
    gateway = Gateway()
    httpx_mock.add_callback(
        gateway.handle, url=re.compile("^http://.*gateway.example"), is_reusable=True, is_optional=True
    )
    return gateway


def push(result: RunResult, url: str = URL, **names: str) -> None:
    labels: dict[str, Any] = {"job": "nightly", "source": "toys", "store": "https://shop.example", **names}
    push_metrics(result, url, **labels)


def test_failed_runs_keep_the_last_success_and_a_success_removes_metrics_of_older_versions(
    gateway: Gateway,
) -> None:
    last = 0.0
    for minute, (exit_code, status) in enumerate(RUNS):
        for metrics in gateway.groups.values():
            metrics[OLD] = 1
        started = EARLY + timedelta(minutes=minute)
        push(ended(started, exit_code, status))
        last = last if exit_code else end_of(started)
        (metrics,) = gateway.groups.values()
        assert metrics[LAST_SUCCESS] == last
        assert metrics["medusa_sync_last_run_exit_code"] == exit_code
        assert (OLD in metrics) is (exit_code != 0)


def test_jobs_sources_stores_and_shards_do_not_share_a_group(gateway: Gateway) -> None:
    push(run())
    push(run(), job="hourly")
    push(run(), source="books")
    push(run(), store="http://localhost:9000/shop")
    for number in (1, 2):
        push(run(shard=Shard(number, 2)))
    assert gateway.groups.keys() == {
        "/metrics/job/nightly/source/toys/store/shop.example",
        "/metrics/job/hourly/source/toys/store/shop.example",
        "/metrics/job/nightly/source/books/store/shop.example",
        "/metrics/job/nightly/source/toys/store/localhost%3A9000",
        "/metrics/job/nightly/source/toys/shard/1/store/shop.example",
        "/metrics/job/nightly/source/toys/shard/2/store/shop.example",
    }


def test_the_url_may_have_a_path_and_credentials(gateway: Gateway) -> None:
    push(run(), "http://me:hush%20word@gateway.example:9091/push/")
    (request,) = gateway.requests
    assert request.url.path.startswith("/push/metrics/job/nightly/")
    assert request.headers["authorization"] == httpx.BasicAuth("me", "hush word")._auth_header
    assert request.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
