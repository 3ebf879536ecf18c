"""The Python API."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_httpx import HTTPXMock

import medusa_sync
from medusa_sync import (
    MedusaSyncError,
    Result,
    RunResult,
    Secret,
    Settings,
    Share,
    load_settings,
    sync_products,
)
from tests.harness.catalogue import products
from tests.harness.dummyjson import dummyjson
from tests.harness.fake_medusa import FakeMedusa


@pytest.fixture
def store(httpx_mock: HTTPXMock) -> FakeMedusa:
    fake = FakeMedusa()
    httpx_mock.add_callback(
        fake.handle, url=re.compile(f"^{re.escape(fake.url)}/"), is_reusable=True, is_optional=True
    )
    return fake


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps({"products": products(5)}), encoding="utf-8")
    return str(path)


def test_run_returns_a_result(store: FakeMedusa, source: str, tmp_path: Path) -> None:
    settings = Settings(
        source=source, medusa_url=store.url, api_key=Secret(store.api_key), lock_dir=str(tmp_path)
    )
    result = sync_products(settings)
    assert isinstance(result, RunResult)
    assert (result.exit_code, result.counts[Result.CREATED], len(store.products)) == (0, 5, 5)
    assert store.api_key not in repr(settings)
    assert {change.external_id for change in result.changes} == {f"dummyjson:{n}" for n in range(1, 6)}


def test_constructed_settings_have_the_defaults_of_the_command() -> None:
    loaded = load_settings({"dry_run": True}, environment={}, directory=Path("no-such-folder"))
    assert Settings(dry_run=True) == loaded


def test_run_without_credentials_is_an_error(source: str) -> None:
    with pytest.raises(MedusaSyncError, match="MEDUSA_API_KEY"):
        sync_products(Settings(source=source))
    assert sync_products(Settings(source=source, dry_run=True)).not_compared == 5


@pytest.mark.parametrize(("on_missing", "status"), [("keep", "published"), ("draft", "draft")])
def test_choice_can_be_a_plain_string(
    on_missing: Any, status: str, store: FakeMedusa, source: str, tmp_path: Path
) -> None:
    settings = Settings(
        source=source,
        medusa_url=store.url,
        api_key=Secret(store.api_key),
        lock_dir=str(tmp_path),
        on_missing=on_missing,
        max_removals=Share(5, is_percentage=False),
    )
    sync_products(settings)
    Path(source).write_text(json.dumps({"products": products(4)}), encoding="utf-8")
    sync_products(settings)
    assert store.products["dummyjson:5"].status == status


def test_module_has_exactly_the_public_names() -> None:
    assert all(getattr(medusa_sync, name) for name in medusa_sync.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = medusa_sync.nonsense


def test_command_line_imports_no_http_client() -> None:
    code = (
        "import sys, medusa_sync.cli; sys.exit(bool({'httpx', 'rich', 'dotenv', 'idna'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_quiet_run_imports_only_what_it_needs() -> None:
    spare = {"slugify", "jinja2", "prometheus_client", "tzlocal"}
    code = f"import sys, medusa_sync.app.command; print(*({spare} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], encoding="utf-8") == "\n"


def test_run_with_an_api_imports_nothing_for_files() -> None:
    spare = {"gzip", "backports", "xml", *(f"medusa_sync.sources.{name}" for name in ("files", "json_files"))}
    spare |= {"medusa_sync.sync.applier", "medusa_sync.sync.preview", "medusa_sync.medusa.bulk"}
    with dummyjson(products(3)) as server:
        code = (
            "import sys; before = set(sys.modules); "  # coverage imports some of them
            "from medusa_sync import Settings, sync_products; "
            f"result = sync_products(Settings(source={server.url!r}, dry_run=True)); "
            f"print(result.seen, *({spare} & set(sys.modules) - before))"
        )
        assert subprocess.check_output([sys.executable, "-c", code], encoding="utf-8") == "3\n"
