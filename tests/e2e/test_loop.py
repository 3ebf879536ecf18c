"""The loop with real runs on a real store, a few seconds apart."""

import signal
import time
from pathlib import Path
from typing import Any

from tests.e2e.command import medusa_sync, running
from tests.e2e.exact import assert_exact, assert_quiet
from tests.e2e.fault_proxy import FaultProxy, Hold, until
from tests.e2e.shop import Shop, price
from tests.harness.catalogue import products
from tests.harness.documents import read_document
from tests.harness.dummyjson import dummyjson

EVERY_TWO_SECONDS = ("--loop", "--schedule", "*/2 * * * * *")
WITHIN_S = 60


def documents(stdout: str) -> list[dict[str, Any]]:
    return [read_document(line) for line in stdout.splitlines()]


def test_three_runs_a_few_seconds_apart_until_a_signal_during_a_batch(shop: Shop, proxy: FaultProxy) -> None:
    with (
        dummyjson(products(60)) as source,
        running("--source", source.url, "--json", *EVERY_TWO_SECONDS, store=proxy.store(shop.store)) as loop,
    ):
        until(lambda: len(shop.by_external_id()) == 60)
        source.edit(7, price=1234.56)
        until(lambda: price(shop.by_external_id()["dummyjson:7"]) == 1234.56)
        hold = Hold()
        proxy.choose = lambda request: hold if b"New during the batch" in request.body else None
        source.edit(8, title="New during the batch")
        hold.wait_until_arrived()
        loop.send(signal.SIGTERM)
        hold.release()
        ended = loop.finish()

        assert ended.exit_code == 143
        runs = documents(ended.stdout)
        changed = [run for run in runs if run["counts"]["created"] or run["counts"]["updated"]]
        assert [run["counts"]["created"] + run["counts"]["updated"] for run in changed] == [60, 1, 1]
        assert [run["exit_code"] for run in runs[:-1]] == [0] * (len(runs) - 1)
        assert runs[-1]["status"] == "interrupted"

        again = medusa_sync("--source", source.url, "--json", store=shop.store)
        assert again.exit_code == 0
        assert_exact(shop, source.products)
        assert_quiet(medusa_sync("--source", source.url, "--json", store=shop.store), 60)


def test_sighup_reloads_the_settings_and_a_signal_ends_the_sleep_at_once(shop: Shop, tmp_path: Path) -> None:
    settings = tmp_path / ".env"
    with dummyjson(products(30)) as source:

        def write(limit: str, schedule: str = "*/2 * * * * *") -> None:
            lines = {"SOURCE": source.url, "LIMIT": limit, "SCHEDULE": schedule}
            text = "".join(f"SYNC_PRODUCTS_{name}={value}\n" for name, value in lines.items())
            settings.write_text(text, encoding="utf-8")

        write("10")
        with running("--json", "--loop", store=shop.store, directory=tmp_path) as loop:
            until(lambda: len(shop.by_external_id()) == 10)
            write("none")
            loop.send(signal.SIGHUP)
            time.sleep(3)
            assert len(shop.by_external_id()) == 10, "what is wrong changes nothing"
            write("30")
            loop.send(signal.SIGHUP)
            until(lambda: len(shop.by_external_id()) == 30)
            write("30", schedule="@yearly")
            loop.send(signal.SIGHUP)
            time.sleep(3)
            sent = time.monotonic()
            loop.send(signal.SIGTERM)
            ended = loop.finish()
    assert time.monotonic() - sent < WITHIN_S
    assert ended.exit_code == 143
    assert "expected a whole number" in ended.stderr
    assert "The settings stay as they were." in ended.stderr
    assert "the settings were read again" in ended.stderr
