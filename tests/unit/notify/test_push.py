"""Pushed metrics: what the gateway holds after each run."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.core.ids import Shard
from medusa_sync.core.result import RunResult, Status
from medusa_sync.notify.metrics import LAST_SUCCESS, push_metrics
from tests.harness.gateway import Gateway
from tests.unit.results import SPOON, run

URL = "http://gateway.example:9091"
START = datetime(2026, 1, 2, tzinfo=UTC)
EXIT_CODE = "medusa_sync_last_run_exit_code"


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


def ended(hours: int, exit_code: int = 0) -> RunResult:
    status = Status.FAILED if exit_code else Status.OK
    return run(started_at=START + timedelta(hours=hours), duration_s=1.0, exit_code=exit_code, status=status)


def end_of(hours: int) -> float:
    return (START + timedelta(hours=hours, seconds=1)).timestamp()


def test_the_time_of_the_last_success_survives_failed_runs(gateway: Gateway) -> None:
    expected = []
    seen = []
    for hours, exit_code in enumerate([0, 4, 5, 0, 3]):
        push(ended(hours, exit_code))
        ((_, metrics),) = gateway.groups.items()
        seen.append((metrics[LAST_SUCCESS], metrics[EXIT_CODE]))
        expected.append((end_of(3 if hours >= 3 else 0), exit_code))
    assert seen == expected


def test_a_success_removes_metrics_of_older_versions(gateway: Gateway) -> None:
    push(ended(0))
    (path,) = gateway.groups
    gateway.groups[path]["medusa_sync_of_an_older_version"] = 1
    push(ended(1, 4))
    assert "medusa_sync_of_an_older_version" in gateway.groups[path]
    push(ended(2))
    assert "medusa_sync_of_an_older_version" not in gateway.groups[path]


def test_jobs_sources_stores_and_shards_do_not_share_a_group(gateway: Gateway) -> None:
    push(ended(0))
    push(ended(0), job="hourly")
    push(ended(0), source="books")
    push(ended(0), store="http://localhost:9000/shop")
    for number in (1, 2):
        push(run(SPOON, shard=Shard(number, 2)))
    assert gateway.groups.keys() == {
        "/metrics/job/nightly/source/toys/store/shop.example",
        "/metrics/job/hourly/source/toys/store/shop.example",
        "/metrics/job/nightly/source/books/store/shop.example",
        "/metrics/job/nightly/source/toys/store/localhost%3A9000",
        "/metrics/job/nightly/source/toys/shard/1/store/shop.example",
        "/metrics/job/nightly/source/toys/shard/2/store/shop.example",
    }


def test_the_url_may_have_a_path_and_credentials(gateway: Gateway) -> None:
    push(ended(0), "http://me:hush%20word@gateway.example:9091/push/")
    (request,) = gateway.requests
    assert request.url.path.startswith("/push/metrics/job/nightly/")
    assert request.headers["authorization"] == httpx.BasicAuth("me", "hush word")._auth_header
    assert request.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
