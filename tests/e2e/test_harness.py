"""The harness of the end-to-end tests."""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from tests.harness.medusa import Store
from tests.harness.postgres import running_postgres
from tests.tiers import deep

REPOSITORY = Path(__file__).parents[2]


class Admin(httpx.Client):
    def __init__(self, store: Store) -> None:
        super().__init__(base_url=f"{store.url}/admin", auth=(store.api_key, ""), timeout=60)

    def call(self, method: str, path: str, body: object = None) -> Any:
        response = self.request(method, path, json=body)
        assert response.is_success, response.text
        return response.json()


def product(number: int) -> dict[str, Any]:
    return {
        "title": f"Product {number}",
        "handle": f"product-{number}",
        "external_id": f"harness:{number}",
        "status": "published",
        "options": [{"title": "Default", "values": ["Default"]}],
        "variants": [
            {
                "title": "Default",
                "sku": f"SKU-{number}",
                "barcode": f"BAR-{number}",
                "options": {"Default": "Default"},
                "prices": [{"amount": 9.99, "currency_code": "usd"}],
            }
        ],
    }


def write_everywhere(store: Store) -> str:
    """Write what a sync writes and what a merchant may change; returns the id of a product."""
    with Admin(store) as admin:
        body: dict[str, Any] = {"name": "Parent", "handle": "parent"}
        parent = admin.call("POST", "/product-categories", body)["product_category"]
        body = {"name": "Child", "handle": "child", "is_active": True, "parent_category_id": parent["id"]}
        child = admin.call("POST", "/product-categories", body)["product_category"]
        tag = admin.call("POST", "/product-tags", {"value": "harness"})["product_tag"]
        body = product(1) | {
            "categories": [{"id": child["id"]}],
            "tags": [{"id": tag["id"]}],
            "sales_channels": [{"id": store.sales_channel_id}],
            "shipping_profile_id": store.shipping_profile_id,
            "images": [{"url": "https://example.com/1.png"}],
        }
        fields = "id,variants.inventory_items.inventory_item_id"
        made = admin.call("POST", f"/products?fields={fields}", body)["product"]
        level = {
            "inventory_item_id": made["variants"][0]["inventory_items"][0]["inventory_item_id"],
            "location_id": store.location_id,
            "stocked_quantity": 7,
        }
        admin.call("POST", "/inventory-items/location-levels/batch", {"create": [level]})
        body = {"supported_currencies": [{"currency_code": "gbp", "is_default": True}]}
        admin.call("POST", f"/stores/{store.store_id}", body)
        admin.call("POST", "/sales-channels", {"name": "Second"})
        product_id: str = made["id"]
        return product_id


def rows(store: Store) -> dict[str, list[str]]:
    with psycopg.connect(store.database_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        query = SQL("SELECT t::text FROM {} t ORDER BY 1")
        return {
            table: [row for (row,) in connection.execute(query.format(Identifier(table)))]
            for (table,) in tables
        }


def running_programs() -> str:
    return subprocess.run(
        ["ps", "-A", "-ww", "-o", "args"], capture_output=True, text=True, check=True
    ).stdout


def becomes_true(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def temporary_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder for one test, which the account of PostgreSQL can read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield folder


def test_reset_undoes_all_changes(store: Store) -> None:
    fresh = rows(store)
    product_id = write_everywhere(store)
    store.reset()
    assert rows(store) == fresh
    with Admin(store) as admin:
        assert admin.get(f"/products/{product_id}").status_code == 404
        (settings,) = admin.call("GET", "/stores")["stores"]
        assert len(settings["supported_currencies"]) == 2


def test_reset_waits_for_requests_whose_client_gave_up(store: Store) -> None:
    batch = {"create": [product(number) for number in range(100)]}
    with Admin(store) as admin:
        with pytest.raises(httpx.ReadTimeout):
            admin.post("/products/batch", json=batch, timeout=httpx.Timeout(60, read=0.1))
        store.reset()
        time.sleep(1)
        assert admin.call("GET", "/products")["count"] == 0


@deep
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_test_process_leaves_nothing_behind(number: signal.Signals, temporary_folder: Path) -> None:
    command = [sys.executable, "-m", "tests.harness.medusa"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        printed = dict(program.stdout.readline().rstrip("\n").split("=", 1) for _ in range(6))
        assert httpx.get(f"{printed['MEDUSA_BACKEND_URL']}/health").is_success
        assert str(temporary_folder) in running_programs()
        program.send_signal(number)
    assert becomes_true(lambda: str(temporary_folder) not in running_programs())
    assert becomes_true(lambda: list(temporary_folder.iterdir()) == [])
    with running_postgres(), pytest.raises(psycopg.OperationalError):
        psycopg.connect(printed["DATABASE_URL"])


@deep
@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("true", "1 error")])
def test_tests_are_skipped_without_node_but_fail_in_ci(ci: str, outcome: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        f"{__file__}::{test_reset_undoes_all_changes.__name__}",
    ]
    run = subprocess.run(
        command, cwd=REPOSITORY, env={"PATH": "", "CI": ci}, capture_output=True, text=True, check=False
    )
    assert outcome in run.stdout
    assert "Node 20 or later is needed" in run.stdout
