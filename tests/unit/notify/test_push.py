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
from tests.unit.results import run

URL = "http://gateway.example:9091"
START = datetime(2026, 1, 2, tzinfo=UTC)
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


def ended(hours: int = 0, exit_code: int = 0, **more: Any) -> RunResult:
    status = Status.FAILED if exit_code else Status.OK
    started = START + timedelta(hours=hours)
    return run(started_at=started, duration_s=1.0, exit_code=exit_code, status=status, **more)


def test_failed_runs_keep_the_last_success_and_a_success_removes_metrics_of_older_versions(
    gateway: Gateway,
) -> None:
    for hours, exit_code in enumerate([0, 4, 5, 0, 3]):
        for metrics in gateway.groups.values():
            metrics[OLD] = 1
        push(ended(hours, exit_code))
        (metrics,) = gateway.groups.values()
        last = START + timedelta(hours=3 if hours >= 3 else 0, seconds=1)
        assert metrics[LAST_SUCCESS] == last.timestamp()
        assert metrics["medusa_sync_last_run_exit_code"] == exit_code
        assert (OLD in metrics) is (exit_code != 0)


def test_jobs_sources_stores_and_shards_do_not_share_a_group(gateway: Gateway) -> None:
    push(ended())
    push(ended(), job="hourly")
    push(ended(), source="books")
    push(ended(), store="http://localhost:9000/shop")
    for number in (1, 2):
        push(ended(shard=Shard(number, 2)))
    assert gateway.groups.keys() == {
        "/metrics/job/nightly/source/toys/store/shop.example",
        "/metrics/job/hourly/source/toys/store/shop.example",
        "/metrics/job/nightly/source/books/store/shop.example",
        "/metrics/job/nightly/source/toys/store/localhost%3A9000",
        "/metrics/job/nightly/source/toys/shard/1/store/shop.example",
        "/metrics/job/nightly/source/toys/shard/2/store/shop.example",
    }


def test_the_url_may_have_a_path_and_credentials(gateway: Gateway) -> None:
    push(ended(), "http://me:hush%20word@gateway.example:9091/push/")
    (request,) = gateway.requests
    assert request.url.path.startswith("/push/metrics/job/nightly/")
    assert request.headers["authorization"] == httpx.BasicAuth("me", "hush word")._auth_header
    assert request.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
