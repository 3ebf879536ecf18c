"""A store and a source for the command."""

import re
from pathlib import Path

import pytest
from pytest_httpx import HTTPXMock

from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.unit.app.commands import KEY, write


@pytest.fixture
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use no settings or locks of the user."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYNC_PRODUCTS_LOCK_DIR", str(tmp_path / "locks"))


@pytest.fixture
def store(httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch) -> FakeMedusa:
    fake = FakeMedusa()
    httpx_mock.add_callback(
        fake.handle, url=re.compile(f"^{re.escape(fake.url)}/"), is_reusable=True, is_optional=True
    )
    monkeypatch.setenv("MEDUSA_BACKEND_URL", fake.url)
    monkeypatch.setenv("MEDUSA_API_KEY", KEY)
    return fake


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.json"
    write(path, products(20))
    return path
