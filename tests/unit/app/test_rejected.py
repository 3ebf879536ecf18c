"""Rejected products: how many are a success, and which are new."""

import re
from pathlib import Path

import httpx
import pytest

from tests.flow.faults import strike
from tests.flow.stage import is_creation
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.unit.app.commands import document, run, write

pytestmark = pytest.mark.usefixtures("no_waiting", "isolated")


def rejected(source: Path, *ids: int) -> None:
    """Make these of ten products invalid."""
    write(source, [row | ({"price": -1} if row["id"] in ids else {}) for row in products(10)])


def test_a_product_that_stays_rejected_is_new_only_once(store: FakeMedusa, source: Path) -> None:
    def new(*arguments: str) -> tuple[int, int | None]:
        result = run("--source", str(source), "--json", *arguments)
        found = document(result)
        return found["counts"]["rejected"], found["new_rejected"]

    rejected(source, 3)
    assert new("--dry-run") == (1, None)
    assert [new(), new(), new()] == [(1, 1), (1, 0), (1, 0)]
    rejected(source, 3, 5)
    assert new("--limit", "4") == (1, 0)
    assert new("--product", "1") == (0, 0)
    assert [new(), new()] == [(2, 1), (2, 0)]
    rejected(source, 5)
    assert new() == (1, 0)
    rejected(source, 3, 5)
    assert new() == (2, 1), "it was corrected, and came back"
    [file] = Path("locks").glob("*.runs/rejected.json")
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("damaged", encoding="utf-8")
    assert [new(), new()] == [(2, 2), (2, 0)]
    assert len(store.products) == 10


def test_a_run_that_ended_early_forgets_no_rejected_product(store: FakeMedusa, source: Path) -> None:
    rejected(source, 3, 5)
    assert document(run("--source", str(source), "--json"))["new_rejected"] == 2
    store.before = strike_all
    assert run("--source", str(source), "--overwrite").exit_code == 4
    store.before = None
    assert document(run("--source", str(source), "--json"))["new_rejected"] == 0


def strike_all(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(401)


@pytest.mark.parametrize(("allowed", "exit_code"), [("0", 5), ("1", 5), ("2", 0), ("10%", 5), ("20%", 0)])
def test_so_many_rejected_products_are_a_success(
    allowed: str, exit_code: int, store: FakeMedusa, source: Path, tmp_path: Path
) -> None:
    write(source, products(10))
    assert run("--source", str(source)).exit_code == 0
    rejected(source, 3, 5)
    metrics = tmp_path / "sync.prom"
    arguments = ("--max-rejected", allowed, "--metrics-file", str(metrics))
    result = run("--source", str(source), *arguments, "--json")
    status = "partial" if exit_code else "ok"
    assert (result.exit_code, document(result)["status"]) == (exit_code, status)
    assert document(result)["store"] == {"url": store.url, "products": 10, "owned": 10}
    values = dict(re.findall(r"^(medusa_sync\w+)\{.*\} (.*)$", metrics.read_text(), re.MULTILINE))
    assert float(values["medusa_sync_last_complete_timestamp_seconds"]) > 0
    assert (float(values["medusa_sync_last_success_timestamp_seconds"]) > 0) is (exit_code == 0)
    assert float(values["medusa_sync_last_run_new_rejected_products"]) == 2
    shown = run("--source", str(source), *arguments).stdout
    assert shown.count("price: it is below 0") == 2, "they are listed as always"
    assert ("8 products up to date, 2 rejected" in shown) is (exit_code == 0)


def test_a_limit_of_rejected_products_allows_nothing_else(store: FakeMedusa, source: Path) -> None:
    write(source, products(4))
    strike(store, "before", is_creation, httpx.Response(400), once=False)
    result = run("--source", str(source), "--max-rejected", "100%", "--max-retries", "0")
    assert result.exit_code == 5, result.stdout
