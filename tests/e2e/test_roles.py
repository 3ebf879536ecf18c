"""A store with role-based access control, and a user whose role may not run workflows."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.shop import refusal_of, workflow_path
from tests.harness.command import Finished, medusa_sync
from tests.harness.dummyjson import DummyJson
from tests.harness.medusa import Store
from tests.harness.postgres import Postgres
from tests.harness.roles import running_store_with_roles
from tests.tiers import deep

SIZE = 20

pytestmark = [deep, pytest.mark.xdist_group("roles")]


@pytest.fixture(scope="module")
def store(postgres: Postgres) -> Iterator[Store]:
    with running_store_with_roles(postgres, without=["workflow_execution"]) as store:
        yield store


def log_in(store: Store) -> dict[str, str]:
    body = {"email": store.email, "password": store.password}
    token = httpx.post(f"{store.url}/auth/user/emailpass", json=body, timeout=60).json()["token"]
    return {"Authorization": f"Bearer {token}"}


def test_the_bulk_route_asks_for_a_right_of_its_own(store: Store) -> None:
    given = {"input": {"product_tags": [{"value": "red"}]}}
    right = "Insufficient permissions. Required policies: workflow_execution:read"
    with httpx.Client(base_url=store.url, headers=log_in(store), timeout=60) as client:
        for workflow_id in ("create-product-tags", "nope"):
            refused = refusal_of(client.post(workflow_path(workflow_id), json=given))
            assert refused == (403, "forbidden", right)
        assert client.get("/admin/product-tags").json()["count"] == 0
        assert client.post("/admin/products/batch", json={}).status_code == 200
    with httpx.Client(base_url=store.url, auth=(store.api_key, ""), timeout=60) as client:
        assert refusal_of(client.get("/admin/products")) == (403, "forbidden", "Forbidden")


def test_a_user_who_may_not_run_workflows_can_sync(store: Store, source: DummyJson) -> None:
    user = {"MEDUSA_BACKEND_URL": store.url, "MEDUSA_EMAIL": store.email, "MEDUSA_PASSWORD": store.password}

    def sync() -> Finished:
        return medusa_sync("--source", source.url, "--json", store=None, **user)

    run = sync()
    assert (run.exit_code, run.counts) == (0, {"created": SIZE}), run.document
    source.edit(1, price=12.5, tags=["new"], stock=3, sku="NEW")
    assert sync().counts == {"updated": 1, "unchanged": SIZE - 1}
    assert sync().counts == {"unchanged": SIZE}


def test_an_agent_that_may_only_read_can_plan_but_not_write(
    postgres: Postgres, source: DummyJson, tmp_path: Path
) -> None:
    file = str(tmp_path / "plan.ndjson")
    no_bulk_calls = ["workflow_execution"]  # to read it is to write
    with running_store_with_roles(postgres, without=no_bulk_calls, operation="read") as store:
        user = {
            "MEDUSA_BACKEND_URL": store.url,
            "MEDUSA_EMAIL": store.email,
            "MEDUSA_PASSWORD": store.password,
        }
        plan = medusa_sync("--source", source.url, "--dry-run", "--save-plan", file, store=None, **user)
        assert plan.exit_code == 0, plan.stderr
        written = medusa_sync("--apply-plan", file, "--json", store=None, **user)
        assert (written.exit_code, written.document["store"]) == (4, None), written.document
        assert "refused the credentials" in written.document["problems"][0]["reason"]
        with httpx.Client(base_url=store.url, headers=log_in(store), timeout=60) as client:
            assert client.get("/admin/products").json()["count"] == 0
