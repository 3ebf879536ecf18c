"""The harness of the end-to-end tests."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from tests.harness.cache import cached
from tests.harness.medusa import Store, running_store
from tests.harness.npm import NodeMissing, node
from tests.harness.postgres import Postgres, running_postgres
from tests.harness.processes import ProgramError, running

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


def test_a_fresh_store_matches_its_facts(store: Store) -> None:
    with Admin(store) as admin:
        (settings,) = admin.call("GET", "/stores")["stores"]
        (location,) = admin.call("GET", "/stock-locations")["stock_locations"]
        (channel,) = admin.call("GET", "/sales-channels")["sales_channels"]
        (profile,) = admin.call("GET", "/shipping-profiles?type=default")["shipping_profiles"]
        products = admin.call("GET", "/products")["count"]
    currencies = {entry["currency_code"]: entry["is_default"] for entry in settings["supported_currencies"]}
    assert currencies == {"eur": True, "usd": False}
    assert settings["id"] == store.store_id
    assert settings["default_location_id"] == location["id"] == store.location_id
    assert settings["default_sales_channel_id"] == channel["id"] == store.sales_channel_id
    assert profile["id"] == store.shipping_profile_id
    assert products == 0


def test_a_store_refuses_other_credentials(store: Store) -> None:
    products = f"{store.url}/admin/products"
    login = f"{store.url}/auth/user/emailpass"
    token = httpx.post(login, json={"email": store.email, "password": store.password}).json()["token"]
    assert httpx.get(products, auth=(store.api_key, "")).status_code == 200
    assert httpx.get(products, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert httpx.get(products, auth=("sk_wrong", "")).status_code == 401
    assert httpx.get(products).status_code == 401


def test_reset_undoes_all_changes(store: Store) -> None:
    fresh = rows(store)
    product_id = write_everywhere(store)
    store.reset()
    assert rows(store) == fresh
    with Admin(store) as admin:
        assert admin.get(f"/products/{product_id}").status_code == 404
        (settings,) = admin.call("GET", "/stores")["stores"]
        assert len(settings["supported_currencies"]) == 2


def test_data_removed_by_reset_can_be_created_again(store: Store) -> None:
    write_everywhere(store)
    store.reset()
    product_id = write_everywhere(store)
    fields = (
        "*categories,*categories.parent_category,*tags,*variants.prices,*variants.inventory_items.inventory"
    )
    with Admin(store) as admin:
        made = admin.call("GET", f"/products/{product_id}?fields={fields}")["product"]
    (variant,) = made["variants"]
    assert [tag["value"] for tag in made["tags"]] == ["harness"]
    assert [category["parent_category"]["handle"] for category in made["categories"]] == ["parent"]
    assert [price["amount"] for price in variant["prices"]] == [9.99]
    assert [item["inventory"]["sku"] for item in variant["inventory_items"]] == ["SKU-1"]


def test_reset_takes_well_under_a_second(store: Store) -> None:
    with Admin(store) as admin:
        batch = {"create": [product(number) for number in range(200)]}
        admin.call("POST", "/products/batch?fields=id", batch)
    start = time.perf_counter()
    store.reset()
    assert time.perf_counter() - start < 1


def test_reset_waits_for_requests_whose_client_gave_up(store: Store) -> None:
    batch = {"create": [product(number) for number in range(100)]}
    with Admin(store) as admin:
        with pytest.raises(httpx.ReadTimeout):
            admin.post("/products/batch", json=batch, timeout=httpx.Timeout(60, read=0.1))
        store.reset()
        time.sleep(1)
        assert admin.call("GET", "/products")["count"] == 0


def test_reset_does_not_wait_for_an_incomplete_request(store: Store) -> None:
    address = urlsplit(store.url)
    head = [
        "POST /admin/products HTTP/1.1",
        "Host: x",
        "Content-Type: application/json",
        "Content-Length: 99",
    ]
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall("\r\n".join([*head, "", "{"]).encode())
    start = time.perf_counter()
    store.reset()
    assert time.perf_counter() - start < 1


def test_a_second_store_is_independent_and_is_cleaned_up(
    store: Store, postgres: Postgres, temporary_folder: Path
) -> None:
    with suppress(ZeroDivisionError), running_store(postgres) as second:
        write_everywhere(second)
        with Admin(store) as admin:
            assert admin.call("GET", "/products")["count"] == 0
        assert str(temporary_folder) in running_programs()
        raise ZeroDivisionError
    assert str(temporary_folder) not in running_programs()
    assert list(temporary_folder.iterdir()) == []
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(second.database_url)


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


def test_a_program_that_ignores_a_request_to_stop_is_killed_with_its_children(tmp_path: Path) -> None:
    stubborn = ["sh", "-c", 'trap "" TERM; tail -f "$0" & touch "$0.started"; wait', f"{tmp_path}/file"]
    (tmp_path / "file").touch()
    with running(
        "Stubborn", stubborn, log=tmp_path / "log", cwd=tmp_path, env=os.environ, grace=0.1
    ) as program:
        program.wait_until((tmp_path / "file.started").exists, seconds=10)
        assert str(tmp_path / "file") in running_programs()
    assert becomes_true(lambda: str(tmp_path / "file") not in running_programs())


def test_the_error_for_a_program_that_ends_early_has_the_end_of_its_log(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo the port is taken; exit 3"]
    with (
        pytest.raises(ProgramError, match=r"(?s)Broken ended with code 3.*the port is taken"),
        running("Broken", command, log=tmp_path / "log", cwd=tmp_path, env=os.environ) as program,
    ):
        program.wait_until(lambda: False, seconds=10)


def test_the_error_for_a_program_that_is_not_ready_in_time_has_the_end_of_its_log(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo waiting for Godot; sleep 60"]
    with (
        pytest.raises(ProgramError, match=r"(?s)Slow was not ready after 0.5 s.*waiting for Godot"),
        running("Slow", command, log=tmp_path / "log", cwd=tmp_path, env=os.environ) as program,
    ):
        program.wait_until(lambda: False, seconds=0.5)


def test_an_interrupted_cache_entry_is_made_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MEDUSA_SYNC_TEST_CACHE", str(tmp_path))

    def interrupted(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached("thing", interrupted)
    made = cached("thing", lambda folder: (folder / "whole").touch())
    assert [path.name for path in made.iterdir()] == ["whole"]
    assert {path.name for path in tmp_path.iterdir()} == {"thing", "thing.lock"}


def test_a_cache_entry_is_made_once_for_concurrent_requests(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MEDUSA_SYNC_TEST_CACHE", str(tmp_path))
    makers = []

    def make(folder: Path) -> None:
        time.sleep(0.2)
        makers.append(folder)

    with ThreadPoolExecutor() as pool:
        made = set(pool.map(lambda _: cached("thing", make), range(4)))
    assert made == {tmp_path / "thing"}
    assert len(makers) == 1


def test_the_error_without_node_has_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NodeMissing, match="Node 20 or later is needed"):
        node()


@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("true", "1 error")])
def test_tests_are_skipped_without_node_but_fail_in_ci(ci: str, outcome: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        f"{__file__}::{test_a_fresh_store_matches_its_facts.__name__}",
    ]
    run = subprocess.run(
        command, cwd=REPOSITORY, env={"PATH": "", "CI": ci}, capture_output=True, text=True, check=False
    )
    assert outcome in run.stdout
    assert "Node 20 or later is needed" in run.stdout
