"""The loop with real runs on a real store, a second apart."""

import signal
import time
from pathlib import Path

from tests.harness.catalogue import products
from tests.harness.command import medusa_sync, running
from tests.harness.documents import read_document
from tests.harness.dummyjson import dummyjson
from tests.harness.fault_proxy import FaultProxy, Hold, until
from tests.world.exact import assert_exact, assert_quiet
from tests.world.shop import Shop, price

SIZE = 60


def test_runs_follow_the_source_and_the_settings_until_a_signal_during_a_batch(
    shop: Shop, proxy: FaultProxy, tmp_path: Path
) -> None:
    with dummyjson(products(SIZE)) as source:

        def limit(value: object) -> None:
            lines = {"SOURCE": source.url, "LIMIT": value, "SCHEDULE": "* * * * * *"}
            text = "".join(f"SYNC_PRODUCTS_{name}={value}\n" for name, value in lines.items())
            (tmp_path / ".env").write_text(text, encoding="utf-8")

        limit(10)
        with running("--json", "--loop", store=proxy.store(shop.store), directory=tmp_path) as loop:
            until(lambda: len(shop.by_external_id()) == 10)
            limit("none")
            loop.send(signal.SIGHUP)
            time.sleep(1.5)
            assert len(shop.by_external_id()) == 10, "what is wrong changes nothing"
            limit(SIZE)
            loop.send(signal.SIGHUP)
            until(lambda: len(shop.by_external_id()) == SIZE)
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
        assert "expected a whole number" in ended.stderr
        runs = [read_document(line) for line in ended.stdout.splitlines()]
        changes = [run["counts"]["created"] + run["counts"]["updated"] for run in runs]
        assert list(filter(None, changes)) == [10, SIZE - 10, 1, 1]
        assert {run["exit_code"] for run in runs[:-1]} == {0}
        assert runs[-1]["status"] == "interrupted"

        again = medusa_sync("--source", source.url, "--json", store=shop.store)
        assert again.exit_code == 0
        assert_exact(shop, source.products)
        assert_quiet(medusa_sync("--source", source.url, "--json", store=shop.store), SIZE)
