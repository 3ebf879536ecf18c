"""A store with role-based access control."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

import httpx

from tests.harness.medusa import MEDUSA_VERSION, Store, fresh_database
from tests.harness.medusa_server import project
from tests.harness.postgres import Postgres
from tests.harness.template import PASSWORD, facts_of

_SUPER_ADMIN = "role_super_admin"
_SUPER_USER = "super@example.com"


@contextmanager
def running_store_with_roles(
    postgres: Postgres, *, without: Collection[str], operation: str = "*"
) -> Iterator[Store]:
    """Run a fresh store; its user may do everything, or one operation, except with the resources `without`.

    Medusa refuses every secret key if access control is on.
    """
    with (
        fresh_database(postgres, MEDUSA_VERSION) as database_url,
        project(MEDUSA_VERSION, database_url, MEDUSA_FF_RBAC="true") as medusa,
    ):
        medusa.run("db:migrate")
        for email in (_SUPER_USER, "limited@example.com"):
            medusa.run("user", "--email", email, "--password", PASSWORD)
        facts = replace(facts_of(database_url), email="limited@example.com")
        with medusa.serve() as url:
            _limit(url, facts.email, without, operation)
            yield Store(**asdict(facts), url=url, database_url=database_url, log=medusa.log)


def _limit(url: str, email: str, without: Collection[str], operation: str) -> None:
    with httpx.Client(base_url=url, timeout=60) as client:

        def call(method: str, path: str, body: object = None) -> Any:
            response = client.request(method, path, json=body)
            if response.is_error:
                raise RuntimeError(f"{method} {path}: {response.status_code} {response.text}")
            return response.json()

        token = call("POST", "/auth/user/emailpass", {"email": _SUPER_USER, "password": PASSWORD})["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        policies = call("GET", "/admin/rbac/policies?limit=1000")["policies"]
        known = {(each["resource"], each["operation"]): each["id"] for each in policies}
        resources = {resource for resource, _ in known} - {"*", *without}
        allowed = [
            known.get((resource, operation))
            or call(
                "POST",
                "/admin/rbac/policies",
                {"key": f"{resource}:{operation}", "resource": resource, "operation": operation},
            )["policy"]["id"]
            for resource in sorted(resources)
        ]
        role = call("POST", "/admin/rbac/roles", {"name": "Catalogue", "policy_ids": allowed})["role"]
        (user,) = call("GET", f"/admin/users?email={email}")["users"]
        members = {"users": [user["id"]]}
        call("POST", f"/admin/rbac/roles/{role['id']}/users", members)
        call("DELETE", f"/admin/rbac/roles/{_SUPER_ADMIN}/users", members)
