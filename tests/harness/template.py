"""The database that test stores start from: migrated and set up for selling."""

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.harness import pristine
from tests.harness.medusa_server import PROJECT_FILES, project
from tests.harness.postgres import Postgres

EMAIL = "admin@example.com"
PASSWORD = "supersecret"
LOCALES = ("de-DE", "fr-FR")
INDEX_ENGINE = {"MEDUSA_FF_INDEX_ENGINE": "true"}

REGION = {"name": "America", "currency_code": "usd"}


@dataclass(frozen=True)
class Facts:
    """Facts about a fresh store that tests need; the database stores them."""

    api_key: str
    email: str
    password: str
    store_id: str
    location_id: str
    sales_channel_id: str
    shipping_profile_id: str


def template_database(postgres: Postgres, version: str, *, index_engine: bool = False) -> str:
    """Return the name of the template for this version of Medusa; creates it if needed."""
    name = f"medusa_{version.replace('.', '_')}_{'index_' if index_engine else ''}{_recipe()}"
    postgres.ensure_template(name, lambda url: _fill(url, version, index_engine=index_engine))
    return name


def facts_of(database_url: str) -> Facts:
    with psycopg.connect(database_url) as connection:
        return Facts(**dict(connection.execute("SELECT name, value FROM harness.facts").fetchall()))


def _recipe() -> str:
    digest = hashlib.sha256()
    for path in [Path(__file__), Path(pristine.__file__), *sorted(PROJECT_FILES.rglob("*.*js*"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _fill(database_url: str, version: str, *, index_engine: bool) -> None:
    with project(version, database_url, **(INDEX_ENGINE if index_engine else {})) as medusa:
        medusa.run("db:migrate")
        medusa.run("user", "--email", EMAIL, "--password", PASSWORD)
        with medusa.serve() as url:
            facts = _set_up(url)
    pristine.remember(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE SCHEMA harness")
        connection.execute("CREATE TABLE harness.facts (name text PRIMARY KEY, value text NOT NULL)")
        for field in fields(facts):
            connection.execute(
                "INSERT INTO harness.facts VALUES (%s, %s)", [field.name, getattr(facts, field.name)]
            )


def _set_up(url: str) -> Facts:
    with httpx.Client(base_url=url, timeout=60) as client:

        def call(method: str, path: str, body: object = None) -> Any:
            response = client.request(method, path, json=body)
            if response.is_error:
                raise RuntimeError(f"{method} {path}: {response.status_code} {response.text}")
            return response.json()

        token = call("POST", "/auth/user/emailpass", {"email": EMAIL, "password": PASSWORD})["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        key = call("POST", "/admin/api-keys", {"title": "medusa-sync", "type": "secret"})["api_key"]
        profiles = call("GET", "/admin/shipping-profiles?type=default")["shipping_profiles"]
        location = call("POST", "/admin/stock-locations", {"name": "Warehouse"})["stock_location"]
        store = call("GET", "/admin/stores")["stores"][0]
        channel_id = store["default_sales_channel_id"]
        call("POST", f"/admin/stock-locations/{location['id']}/sales-channels", {"add": [channel_id]})
        currencies = [
            {"currency_code": "eur", "is_default": True},
            {"currency_code": "usd", "is_default": False},
        ]
        call(
            "POST",
            f"/admin/stores/{store['id']}",
            {"supported_currencies": currencies, "default_location_id": location["id"]},
        )
        if call("GET", "/admin/feature-flags")["feature_flags"].get("translation"):
            locales = [{"locale_code": code} for code in LOCALES]
            call("POST", f"/admin/stores/{store['id']}", {"supported_locales": locales})
        call("POST", "/admin/regions", REGION)
        return Facts(
            api_key=key["token"],
            email=EMAIL,
            password=PASSWORD,
            store_id=store["id"],
            location_id=location["id"],
            sales_channel_id=channel_id,
            shipping_profile_id=profiles[0]["id"],
        )
